/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* lib/crc32 against published check values, and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/crc32.h"

static void known_values(void **state)
{
	static const uint8_t zeros[32];
	uint8_t ones[32];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(crc32(0, "", 0), 0);
	assert_int_equal(crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32(0, "a", 1), 0xe8b7be43);
	assert_int_equal(crc32(0, "The quick brown fox jumps over the lazy dog", 43), 0x414fa339);
	assert_int_equal(crc32(0, zeros, sizeof(zeros)), 0x190a55ad);
	assert_int_equal(crc32(0, ones, sizeof(ones)), 0xff6cab0b);
}

static void in_pieces(void **state)
{
	const char text[] = "a payload that comes in two pieces";
	const uint32_t whole = crc32(0, text, sizeof(text));

	(void)state;
	for (size_t first = 0; first <= sizeof(text); first++)
		assert_int_equal(crc32(crc32(0, text, first), text + first, sizeof(text) - first),
				 whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
