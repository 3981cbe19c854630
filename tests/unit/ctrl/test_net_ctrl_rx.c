/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What a driver wants to receive: modes, MAC tables, its address, VLANs (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3). */
#include "common/check.h"
#include "common/nc_bed.h"
#include "path/port.h"

static bool passes(const uint8_t mac[6], unsigned vid)
{
	union flow_key key = {0};

	if (vid) {
		key.field.vlan_tpid = 0x0081;
		key.field.vlan_tci = (uint16_t)((0x1000 | vid) << 8 | (0x1000 | vid) >> 8);
	}
	return !nc.filter || rxfilter_passes(nc.filter, rxfilter_word(mac), &key);
}

/* Random commands; the modes as 5.1.6.5.1.1 words them, one after the other. */
static void test_modes_and_tables(void **state)
{
	static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
	bool on[6] = {true};
	unsigned num[2] = {0};
	uint8_t own[6], mac[6];
	unsigned round, i;

	(void)state;
	check_seed(1);
	nc_begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) |
			 VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR));
	port_mac(nc_device.number, own);
	for (round = 0; round < 2000; round++) {
		switch (check_random(8)) {
		case 0:
			num[0] = check_random(NET_CTRL_MAX_MACS + 4);
			num[1] = check_random(NET_CTRL_MAX_MACS + 4);
			nc_mac_table(num[0], num[1]);
			break;
		case 1:
			nc_make_mac(own, false, 1000 + check_random(9));
			nc_mac_addr(own);
			break;
		default:
			i = check_random(6);
			on[i] = check_random(2);
			nc_mode((uint8_t)i, on[i]);
			break;
		}
		assert_ok();
		for (i = 0; i < 20; i++) {
			bool is_group = check_random(2);
			unsigned station = check_random(NET_CTRL_MAX_MACS + 8);
			bool expected =
				station < num[is_group] || num[is_group] > NET_CTRL_MAX_MACS;

			expected |= on[is_group ? VIRTIO_NET_CTRL_RX_ALLMULTI
						: VIRTIO_NET_CTRL_RX_ALLUNI];
			expected &= !on[is_group ? VIRTIO_NET_CTRL_RX_NOMULTI
						 : VIRTIO_NET_CTRL_RX_NOUNI];
			nc_make_mac(mac, is_group, station);
			assert_int_equal(passes(mac, 0), on[0] || expected);
		}
		assert_int_equal(passes(own, 0), on[0] || !on[VIRTIO_NET_CTRL_RX_NOUNI]);
		assert_int_equal(passes(everybody, 0), on[0] || !on[VIRTIO_NET_CTRL_RX_NOBCAST]);
		assert_int_equal(!nc.filter, on[0]); /* and costs nothing */
		assert_int_equal(
			port_is_promiscuous(nc_device.number),
			on[0] || (!on[VIRTIO_NET_CTRL_RX_NOUNI] &&
				  (on[VIRTIO_NET_CTRL_RX_ALLUNI] || num[0] > NET_CTRL_MAX_MACS)));
	}
}

/* Tables that are longer than what the device looks at, and what their lengths may not be. */
static void test_long_tables(void **state)
{
	static const unsigned nums[] = {0, 1, 63, 64, 167, 168, 169, 170, 171, 1000, 5000};
	unsigned i, j;
	uint8_t mac[6];

	(void)state;
	nc_begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX));
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	for (i = 0; i < 11; i++) {
		for (j = 0; j < 11; j++) {
			nc_mac_table(nums[i], nums[j]);
			assert_ok();
			nc_make_mac(mac, false, nums[i]);
			assert_int_equal(passes(mac, 0), nums[i] > NET_CTRL_MAX_MACS);
			nc_make_mac(mac, true, nums[j]);
			assert_true(passes(mac, 0) || nums[j] <= NET_CTRL_MAX_MACS);
			if (nums[j]) {
				nc_make_mac(mac, true, nums[j] - 1);
				assert_true(passes(mac, 0));
			}
			nc_remember();
			nc_cmd_bytes--;
			assert_err();
			nc_cmd_bytes += 2;
			assert_err();
		}
	}
	nc_mac_table(0, 0);
	assert_ok();
	nc_remember();
	nc_mac_table(3, 3);
	memcpy(nc_cmd + 2, &(uint32_t){UINT32_MAX}, 4);
	assert_err();
	nc_mac_table(3, 3);
	memcpy(nc_cmd + 2 + 4 + 18, &(uint32_t){UINT32_MAX}, 4);
	assert_err();
	nc_mac_table(3, 3);
	memcpy(nc_cmd + 2, &(uint32_t){0x2aaaaaab}, 4); /* by six it is 2 */
	assert_err();
}

/* 5.1.6.5.2.1: the table is empty on reset; mac in the configuration is what was set. */
static void test_mac_address(void **state)
{
	static const uint8_t mine[6] = {2, 0, 0, 0, 7, 7}, theirs[6] = {2, 0, 0, 0, 8, 8};
	uint8_t first[6], mac[6];

	(void)state;
	nc_begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR));
	port_mac(nc_device.number, first);
	nc_mac_addr((const uint8_t[6]){0});
	assert_err();
	nc_mac_addr((const uint8_t[6]){3, 0, 0, 0, 0, 1});
	assert_err();
	nc_mac_addr(theirs);
	assert_ok();
	nc_mac_addr(mine);
	assert_ok();
	port_mac(nc_device.number, mac);
	assert_memory_equal(mac, mine, 6);
	nc_mac_table(4, 4);
	assert_ok();
	net_ctrl_reset(&nc);
	port_mac(nc_device.number, mac);
	assert_memory_equal(mac, first, 6);
	assert_true(net_ctrl_begin(
		&nc, VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR),
		NULL));
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	assert_true(passes(first, 0));
	assert_false(passes(mine, 0));
	nc_make_mac(mac, false, 0);
	assert_false(passes(mac, 0));

	/* What the host sets is the device's, also after a reset. */
	nc_mac_addr(mine);
	assert_ok();
	port_set_mac(nc_device.number, theirs);
	net_ctrl_port_changed(&nc);
	assert_true(passes(theirs, 0));
	assert_false(passes(mine, 0));
	net_ctrl_reset(&nc);
	port_mac(nc_device.number, mac);
	assert_memory_equal(mac, theirs, 6);
}

/* 5.1.6.5.3: an empty table at first; all pass when CTRL_VLAN was not negotiated. */
static void test_vlan_table(void **state)
{
	static bool listed[4096];
	uint8_t own[6];
	unsigned round, i, vid;

	(void)state;
	check_seed(2);
	memset(listed, 0, sizeof(listed));
	nc_begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN));
	port_mac(nc_device.number, own);
	for (i = 1; i < 4096; i++)
		assert_false(passes(own, i));
	assert_true(passes(own, 0));
	for (round = 0; round < 2000; round++) {
		vid = check_random(8) ? check_random(100) : check_random(4096);
		listed[vid] = check_random(2);
		nc_vlan(listed[vid] ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL, vid);
		assert_ok();
		for (i = 0; i < 20; i++) {
			vid = check_random(120);
			assert_int_equal(passes(own, vid), listed[vid] || !vid);
		}
	}
	nc_remember();
	for (i = 4096; i < 65536; i += 999) {
		nc_vlan(VIRTIO_NET_CTRL_VLAN_ADD, i);
		assert_err();
		nc_vlan(VIRTIO_NET_CTRL_VLAN_DEL, i);
		assert_err();
	}
	net_ctrl_reset(&nc);
	assert_true(net_ctrl_begin(&nc, ~VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN), NULL));
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	for (i = 0; i < 4096; i++)
		assert_true(passes(own, i));
}

/* What the host does not trust a driver with: refused, and what was set before has no effect. */
static void test_trust(void **state)
{
	static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
	uint8_t own[6], other[6], group[6], listed[6];
	unsigned i;

	(void)state;
	nc_make_mac(other, false, 500);
	nc_make_mac(group, true, 500);
	nc_make_mac(listed, true, 1);
	nc_begin_enabled(~UINT64_C(0));
	port_mac(nc_device.number, own);
	nc_mac_addr(other);
	assert_ok();
	nc_mac_addr(own);
	assert_ok();
	nc_mac_table(2, 2);
	assert_ok();
	for (i = 0; i < 3; i++) {
		nc_mode((uint8_t)i, 1);
		assert_ok();
	}
	assert_true(port_is_promiscuous(nc_device.number));
	net_ctrl_set_trust(&nc, false, false);
	assert_false(port_is_promiscuous(nc_device.number));
	assert_false(passes(other, 0));
	assert_false(passes(group, 0));
	assert_true(passes(listed, 0));
	assert_true(passes(own, 0));
	assert_true(passes(everybody, 0));
	nc_remember();
	nc_mac_addr(other);
	assert_err();
	for (i = 0; i < 3; i++) {
		nc_mode((uint8_t)i, 1);
		assert_err();
	}
	nc_mac_table(NET_CTRL_MAX_MACS + 1, 0);
	assert_err();
	nc_mac_table(0, NET_CTRL_MAX_MACS + 1);
	assert_err();
	nc_mac_table(NET_CTRL_MAX_MACS, NET_CTRL_MAX_MACS);
	assert_ok();
	for (i = 0; i < 6; i++) {
		nc_mode((uint8_t)i, i > 2);
		assert_ok();
	}

	/* The next driver, too; it begins so, and knows commands or not. */
	net_ctrl_reset(&nc);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX), NULL));
	assert_false(passes(other, 0));
	assert_false(passes(group, 0));
	assert_true(passes(own, 0));
	net_ctrl_set_trust(&nc, true, true);
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1);
	assert_ok();
	assert_true(passes(other, 0));
	net_ctrl_set_trust(&nc, true, false);
	assert_false(passes(other, 0));

	/* One that cannot say what it wants gets what rules send it. */
	net_ctrl_reset(&nc);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_MQ), NULL));
	assert_false(port_is_promiscuous(nc_device.number));
	assert_null(nc.filter);
}

static void test_mode_values(void **state)
{
	unsigned i, value;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	for (i = 0; i < 6; i++) {
		for (value = 2; value < 256; value++) {
			nc_mode((uint8_t)i, (uint8_t)value);
			assert_err();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes_and_tables),
		cmocka_unit_test(test_long_tables),
		cmocka_unit_test(test_mac_address),
		cmocka_unit_test(test_vlan_table),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_mode_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
