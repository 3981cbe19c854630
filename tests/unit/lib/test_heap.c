/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The heap under random use: nothing overlaps, nothing is lost, all of it comes back as one piece. */
#include <stdlib.h>
#include "common/check.h"
#include "hal/fake/fake.h"
#include "lib/heap.h"

#define HEAP_BYTES (4u << 20)
#define NUM_BLOCKS 500u

static void *memory;

static int make_heap(void **state)
{
	(void)state;
	fake_reset(1, 0);
	memory = aligned_alloc(64, HEAP_BYTES);
	memset(memory, 0xa5, HEAP_BYTES);
	heap_init(memory, HEAP_BYTES);
	return 0;
}

static int free_heap(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static void check_bytes(const uint8_t *block, size_t len_bytes, uint8_t value)
{
	size_t i;

	for (i = 0; i < len_bytes; i++)
		assert_int_equal(block[i], value);
}

static void test_random_use(void **state)
{
	uint8_t *block[NUM_BLOCKS] = {0};
	size_t len[NUM_BLOCKS];
	size_t free_bytes = heap_free_bytes();
	unsigned step;

	(void)state;
	check_seed(1);
	for (step = 0; step < 20000; step++) {
		unsigned i = check_random(NUM_BLOCKS);

		if (block[i]) {
			check_bytes(block[i], len[i], (uint8_t)i);
			heap_free(block[i]);
			block[i] = NULL;
			continue;
		}
		len[i] = check_random(16) ? check_random(1000) : check_random(300000);
		block[i] = heap_alloc(len[i]);
		if (!block[i])
			continue;
		assert_int_equal((uintptr_t)block[i] % 64, 0);
		assert_in_range((uintptr_t)block[i], (uintptr_t)memory,
				(uintptr_t)memory + HEAP_BYTES - len[i]);
		check_bytes(block[i], len[i], 0);
		memset(block[i], (int)i, len[i]);
	}
	for (step = 0; step < NUM_BLOCKS; step++)
		heap_free(block[step]);
	assert_int_equal(heap_free_bytes(), free_bytes);
	assert_non_null(heap_alloc(free_bytes - 64));
	assert_int_equal(heap_free_bytes(), 0);
}

static void test_limits(void **state)
{
	void *all;

	(void)state;
	heap_free(NULL);
	assert_null(heap_alloc(HEAP_BYTES));
	assert_null(heap_alloc(SIZE_MAX));
	assert_null(heap_alloc(SIZE_MAX - 100));
	all = heap_alloc(heap_free_bytes() - 64);
	assert_non_null(all);
	assert_null(heap_alloc(1));
	heap_free(all);
	assert_non_null(heap_alloc(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_use, make_heap, free_heap),
		cmocka_unit_test_setup_teardown(test_limits, make_heap, free_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
