/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Address maps: against a linear search over random maps, at the edges, and bad tables. */
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/iotlb.h"

static void start(void)
{
	size_t len_bytes;
	void *memory;

	fake_reset(1, 0);
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
}

static struct xvio_map_entry *copy_of(const struct xvio_map_entry *entry, uint32_t num)
{
	struct xvio_map_entry *copy = heap_alloc(num * sizeof(*copy));

	memcpy(copy, entry, num * sizeof(*copy));
	return copy;
}

static bool reference(const struct xvio_map_entry *entry, uint32_t num, uint64_t iova,
		      uint32_t perm, uint64_t *bus_addr, uint32_t *len_bytes)
{
	uint32_t i;

	for (i = 0; i < num; i++) {
		uint64_t last = entry[i].iova + (entry[i].len_bytes - 1);

		if (iova < entry[i].iova || iova > last)
			continue;
		if ((entry[i].perm & perm) != perm)
			return false;
		*bus_addr = entry[i].bus_addr + (iova - entry[i].iova);
		if (*len_bytes > last - iova + 1 && last - iova != UINT64_MAX)
			*len_bytes = (uint32_t)(last - iova + 1);
		return true;
	}
	return false;
}

static void test_against_linear_search(void **state)
{
	struct xvio_map_entry entry[64];
	unsigned round;
	unsigned i;

	(void)state;
	start();
	check_seed(1);
	for (round = 0; round < 200; round++) {
		uint32_t num = check_random(64);
		uint64_t iova = check_random(1000);
		struct iotlb *map;
		uint32_t bad;

		for (i = 0; i < num; i++) {
			entry[i] = (struct xvio_map_entry){
				.iova = iova,
				.len_bytes = 1 + check_random(200),
				.bus_addr = (uint64_t)check_random(0xffffffff) << 8,
				.perm = 1 + check_random(3),
			};
			iova += entry[i].len_bytes + (check_random(2) ? check_random(100) : 0);
		}
		map = iotlb_create(num ? copy_of(entry, num) : NULL, num, &bad);
		assert_non_null(map);
		for (i = 0; i < 1000; i++) {
			uint64_t at = check_random((uint32_t)iova + 200);
			uint32_t perm = 1 + check_random(3);
			uint32_t len = 1 + check_random(300);
			uint32_t want_len = len;
			uint64_t bus = 0;
			uint64_t want_bus = 0;
			bool want = reference(entry, num, at, perm, &want_bus, &want_len);

			assert_int_equal(iotlb_translate(map, at, perm, &bus, &len), want);
			if (want) {
				assert_int_equal(bus, want_bus);
				assert_int_equal(len, want_len);
			}
		}
		iotlb_destroy(map);
	}
}

static void test_edges_of_the_address_space(void **state)
{
	const struct xvio_map_entry entry[2] = {
		{.iova = 0, .len_bytes = 16, .bus_addr = 0x1000, .perm = XVIO_MAP_READ},
		{.iova = UINT64_MAX - 15,
		 .len_bytes = 16,
		 .bus_addr = 0x2000,
		 .perm = XVIO_MAP_READ},
	};
	uint32_t len_bytes = 100;
	struct iotlb *map;
	uint64_t bus;
	uint32_t bad;

	(void)state;
	start();
	map = iotlb_create(copy_of(entry, 2), 2, &bad);
	assert_non_null(map);
	assert_true(iotlb_translate(map, UINT64_MAX - 3, XVIO_MAP_READ, &bus, &len_bytes));
	assert_int_equal(bus, 0x200c);
	assert_int_equal(len_bytes, 4);
	len_bytes = 0;
	assert_false(iotlb_translate(map, 0, XVIO_MAP_READ, &bus, &len_bytes));
	len_bytes = 0;
	assert_false(iotlb_translate(iotlb_identity(), 0, XVIO_MAP_READ, &bus, &len_bytes));
	len_bytes = 77;
	assert_true(iotlb_translate(iotlb_identity(), 5, XVIO_MAP_WRITE, &bus, &len_bytes));
	assert_int_equal(bus, 5);
	assert_int_equal(len_bytes, 77);
	len_bytes = 77;
	assert_true(
		iotlb_translate(iotlb_identity(), UINT64_MAX - 1, XVIO_MAP_READ, &bus, &len_bytes));
	assert_int_equal(len_bytes, 1);
	assert_false(
		iotlb_translate(iotlb_identity(), UINT64_MAX, XVIO_MAP_READ, &bus, &len_bytes));
	iotlb_destroy(iotlb_identity());
	iotlb_destroy(NULL);
}

static void test_bad_tables(void **state)
{
	static const struct xvio_map_entry good = {0x1000, 0x1000, 0x5000, XVIO_MAP_READ, 0};
	static const struct xvio_map_entry bad_entry[] = {
		{0x3000, 0, 0x5000, XVIO_MAP_READ, 0}, /* empty */
		{UINT64_MAX - 10, 100, 0, XVIO_MAP_READ, 0}, /* wraps */
		{0x3000, 100, UINT64_MAX - 10, XVIO_MAP_READ, 0}, /* wraps on the bus */
		{0x1fff, 100, 0, XVIO_MAP_READ, 0}, /* overlaps */
		{0x500, 100, 0, XVIO_MAP_READ, 0}, /* not sorted */
		{0x3000, 100, 0, 0, 0}, /* nobody may use it */
		{0x3000, 100, 0, 4, 0}, /* unknown permission */
		{0x3000, 100, 0, XVIO_MAP_READ, 1}, /* reserved */
	};
	struct xvio_map_entry entry[2];
	size_t free_bytes;
	unsigned i;

	(void)state;
	start();
	free_bytes = heap_free_bytes();
	for (i = 0; i < sizeof(bad_entry) / sizeof(bad_entry[0]); i++) {
		uint32_t bad = 99;

		entry[0] = good;
		entry[1] = bad_entry[i];
		assert_null(iotlb_create(copy_of(entry, 2), 2, &bad));
		assert_int_equal(bad, 1);
		assert_int_equal(heap_free_bytes(), free_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_linear_search),
		cmocka_unit_test(test_edges_of_the_address_space),
		cmocka_unit_test(test_bad_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
