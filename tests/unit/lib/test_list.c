/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The small headers: lists, bits, byte order, hash. */
#include "common/check.h"
#include "lib/bits.h"
#include "lib/endian.h"
#include "lib/hash.h"
#include "lib/list.h"

struct item {
	int value;
	struct list link;
};

static void test_list(void **state)
{
	struct item item[5] = {{.value = 0}};
	struct list list, *link, *next;
	int sum = 0;
	int i;

	(void)state;
	list_init(&list);
	assert_true(list_empty(&list));
	for (i = 0; i < 5; i++) {
		item[i].value = i;
		list_init(&item[i].link);
		assert_false(list_linked(&item[i].link));
		list_add_tail(&list, &item[i].link);
		assert_true(list_linked(&item[i].link));
	}
	list_remove(&item[2].link);
	list_remove(&item[2].link);
	i = 0;
	list_for_each_safe (link, next, &list) {
		int value = list_entry(link, struct item, link)->value;

		assert_true(value == 0 || value > i);
		i = value;
		sum += value;
		list_remove(link);
	}
	assert_int_equal(sum, 8);
	assert_true(list_empty(&list));
}

static void test_bits(void **state)
{
	unsigned i;

	(void)state;
	assert_false(bits_is_power_of_two(0));
	assert_true(bits_is_power_of_two(1));
	assert_false(bits_is_power_of_two(3));
	assert_int_equal(bits_align_up(65, 64), 128);
	assert_int_equal(bits_align_up(64, 64), 64);
	for (i = 0; i < 64; i++)
		assert_int_equal(bits_log2(UINT64_C(1) << i | 1), i);
}

static void test_endian(void **state)
{
	static const uint8_t bytes[2] = {0x12, 0x34};

	(void)state;
	assert_int_equal(endian_get_be16(bytes), 0x1234);
	assert_int_equal(endian_swap16(0x1234), 0x3412);
}

/* Keys that differ in one bit spread over a small table about evenly. */
static void test_hash(void **state)
{
	unsigned bucket[16] = {0};
	unsigned bit;

	(void)state;
	for (bit = 0; bit < 512; bit++) {
		uint64_t key[8] = {0};

		key[bit / 64] = UINT64_C(1) << bit % 64;
		bucket[hash_words(key, 8) % 16]++;
	}
	for (bit = 0; bit < 16; bit++)
		assert_in_range(bucket[bit], 10, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_endian),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
