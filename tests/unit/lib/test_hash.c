/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* lib/hash.h: what spreads flows over queues does so whatever the secrets of this boot are. */
#include "lib/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NUM_SEEDS 5000u
#define NUM_KEYS  256u

/* How many of the keys, which differ in one byte, have the hash's lowest bit set. */
static unsigned count_odd(void)
{
	uint64_t words[5] = {0x35001111, 0x0a000001, 0, 0x0a000002, 0};
	unsigned num_odd = 0;
	unsigned i;

	for (i = 0; i < NUM_KEYS; i++) {
		words[0] = (words[0] & ~UINT64_C(0xff00)) | (uint64_t)i << 8;
		num_odd += hash_words(words, 5) % 2;
	}
	return num_odd;
}

static void test_each_bit_will_do(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < NUM_SEEDS; seed++) {
		hash_seed(seed);
		assert_in_range(count_odd(), NUM_KEYS / 4, NUM_KEYS * 3 / 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_bit_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
