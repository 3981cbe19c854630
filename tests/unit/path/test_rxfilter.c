/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Receive filters: what passes, against a plain list of addresses and VLANs. */
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/rxfilter.h"

static struct rxfilter *filter;

/* The reference: what was asked for, in the order it was. */
static struct {
	unsigned num;
	uint8_t mac[RXFILTER_MAX_MACS][6];
	bool vlan[RXFILTER_VLANS];
} asked;

static void start(void)
{
	size_t len_bytes;
	void *memory;

	fake_reset(1, 0);
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	memset(&asked, 0, sizeof(asked));
	filter = rxfilter_create();
	assert_non_null(filter);
}

static void stop(void)
{
	rxfilter_destroy(filter);
}

static void list(const uint8_t mac[6])
{
	rxfilter_list_mac(filter, mac);
	memcpy(asked.mac[asked.num++], mac, 6);
}

static void list_vlan(unsigned vid)
{
	filter->vlan[vid / 64] |= UINT64_C(1) << vid % 64;
	asked.vlan[vid] = true;
}

/* Big-endian. */
static uint16_t be16(unsigned value)
{
	return (uint16_t)(value << 8 | value >> 8);
}

/* Few addresses, so that many are asked for twice, and differ little. */
static void random_mac(uint8_t mac[6])
{
	unsigned i;

	memset(mac, 0, 6);
	for (i = 0; i < 6; i++) {
		if (check_random(3))
			mac[i] = (uint8_t)check_random(3);
	}
	if (!check_random(20))
		memset(mac, 0xff, 6);
}

static bool reference_mac(const uint8_t mac[6])
{
	static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
	unsigned pass = mac[0] & 1 ? filter->multicast : filter->unicast;
	unsigned i;

	if (memcmp(mac, everybody, 6) == 0)
		pass = filter->broadcast;
	if (pass != RXFILTER_LISTED)
		return pass == RXFILTER_ALL;
	for (i = 0; i < asked.num; i++) {
		if (memcmp(mac, asked.mac[i], 6) == 0)
			return true;
	}
	return false;
}

static void test_against_a_list(void **state)
{
	unsigned round, i, num_passed = 0, num_refused = 0;

	(void)state;
	check_seed(1);
	for (round = 0; round < 200; round++) {
		uint8_t mac[6];

		start();
		filter->unicast = (uint8_t)check_random(3);
		filter->multicast = (uint8_t)check_random(3);
		filter->broadcast = check_random(2) ? RXFILTER_ALL : RXFILTER_NONE;
		filter->checks_vlans = check_random(2);
		for (i = check_random(RXFILTER_MAX_MACS + 1); i; i--) {
			random_mac(mac);
			list(mac);
		}
		for (i = check_random(100); i; i--)
			list_vlan(check_random(RXFILTER_VLANS));
		for (i = 0; i < 500; i++) {
			union flow_key key = {0};
			unsigned vid = check_random(RXFILTER_VLANS);
			bool expected;

			if (check_random(2)) {
				key.field.vlan_tpid = be16(0x8100);
				key.field.vlan_tci = be16(check_random(8) << 13 | 0x1000 | vid);
			} else {
				vid = 0;
			}
			random_mac(mac);
			expected = reference_mac(mac) &&
				   (!filter->checks_vlans || !vid || asked.vlan[vid]);
			assert_int_equal(rxfilter_passes(filter, rxfilter_word(mac), &key),
					 expected);
			*(expected ? &num_passed : &num_refused) += 1;
		}
		stop();
	}
	assert_true(num_passed > 10000);
	assert_true(num_refused > 10000);
}

/* The table full of addresses that differ in one bit, all found, and none beside them. */
static void test_full_table(void **state)
{
	union flow_key key = {0};
	unsigned i;

	(void)state;
	start();
	filter->unicast = filter->multicast = RXFILTER_LISTED;
	for (i = 0; i < RXFILTER_MAX_MACS; i++)
		list((uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)(i * 2)});
	for (i = 0; i < 256; i++) {
		const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)i};

		assert_int_equal(rxfilter_passes(filter, rxfilter_word(mac), &key), i % 2 == 0);
	}
	stop();
}

/* 5.1.6.5.3: tagged frames pass by their VID whatever the priority; a tag of VID 0 is no VLAN. */
static void test_vlans(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	union flow_key key = {0};
	unsigned vid;

	(void)state;
	start();
	filter->unicast = RXFILTER_ALL;
	filter->checks_vlans = true;
	list_vlan(1);
	list_vlan(64);
	list_vlan(4095);
	assert_true(rxfilter_passes(filter, rxfilter_word(mac), &key)); /* untagged */
	for (vid = 0; vid < 4096; vid++) {
		key.field.vlan_tpid = be16(0x8100);
		key.field.vlan_tci = be16(0xf000 | vid);
		assert_int_equal(rxfilter_passes(filter, rxfilter_word(mac), &key),
				 !vid || vid == 1 || vid == 64 || vid == 4095);
		key.field.vlan_tpid = be16(0x88a8);
		assert_true(rxfilter_passes(filter, rxfilter_word(mac), &key));
	}
	key.field.vlan_tpid = be16(0x8100);
	key.field.vlan_tci = be16(0x1005);
	filter->checks_vlans = false;
	assert_true(rxfilter_passes(filter, rxfilter_word(mac), &key));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_list),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_vlans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
