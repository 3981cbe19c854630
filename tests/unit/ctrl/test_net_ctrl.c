/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The control queue's commands: each is carried out if it is as the spec has it and its feature was
 * negotiated, and else refused without a trace. What they do to packets is in path/test_wishes.c.
 */
#include "common/bed.h"
#include "common/check.h"
#include "ctrl/net_ctrl.h"
#include "hal/fake/fake.h"
#include "lib/heap.h"
#include "path/offload.h"
#include "path/port.h"

#define PAIRS 4u

static struct bed_port device;
static struct net_ctrl nc;
static uint8_t reply[NET_CTRL_MAX_REPLY];
static uint32_t reply_bytes;

/* A command is put together here. */
static uint8_t cmd[140000];
static uint32_t cmd_bytes;

static void begin(uint64_t features)
{
	bed_start(2, 0);
	bed_add_port(&device, XVIO_PORT_VDPA(0), 64);
	net_ctrl_init(&nc, device.number, PAIRS);
	assert_true(net_ctrl_begin(&nc, features));
}

static void add(const void *bytes, uint32_t num)
{
	memcpy(cmd + cmd_bytes, bytes, num);
	cmd_bytes += num;
}

static void add16(unsigned value)
{
	add(&(uint16_t){(uint16_t)value}, 2);
}

static void add32(uint32_t value)
{
	add(&value, 4);
}

static void set(uint8_t class, uint8_t command)
{
	cmd_bytes = 0;
	add(&class, 1);
	add(&command, 1);
}

/* As the device has it: no more than NET_CTRL_MAX_BYTES of it are there. */
static uint8_t run_with_room(uint32_t room_bytes)
{
	const uint32_t have_bytes = cmd_bytes < NET_CTRL_MAX_BYTES ? cmd_bytes : NET_CTRL_MAX_BYTES;
	uint8_t *copy = test_malloc(have_bytes);
	uint8_t ack;

	memcpy(copy, cmd, have_bytes);
	reply_bytes = room_bytes;
	ack = net_ctrl_run(&nc, copy, cmd_bytes, reply, &reply_bytes);
	test_free(copy);
	return ack;
}

static uint8_t run(void)
{
	return run_with_room(sizeof(reply));
}

#define assert_ok()  assert_int_equal(run(), VIRTIO_NET_OK)
#define assert_err() assert_refused(run(), __LINE__)

static struct net_ctrl before;
static uint8_t mac_before[6];

static void remember(void)
{
	before = nc;
	port_mac(device.number, mac_before);
}

/* Nothing but the count of commands has changed since remember(). */
static void assert_unchanged(void)
{
	uint8_t mac[6];

	before.num_commands = nc.num_commands;
	assert_memory_equal(&before, &nc, sizeof(nc));
	port_mac(device.number, mac);
	assert_memory_equal(mac, mac_before, 6);
	assert_int_equal(reply_bytes, 0);
}

static void assert_refused(uint8_t ack, int line)
{
	if (ack != VIRTIO_NET_ERR)
		fail_msg("line %d: not refused", line);
	assert_unchanged();
}

static void mode(uint8_t command, uint8_t value)
{
	set(VIRTIO_NET_CTRL_RX, command);
	add(&value, 1);
}

static void vlan(uint8_t command, unsigned vid)
{
	set(VIRTIO_NET_CTRL_VLAN, command);
	add16(vid);
}

static void mac_addr(const uint8_t mac[6])
{
	set(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET);
	add(mac, 6);
}

/* Station i of a sort. */
static void make_mac(uint8_t mac[6], bool is_group, unsigned i)
{
	const uint8_t made[6] = {is_group ? 3 : 2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};

	memcpy(mac, made, 6);
}

static void mac_table(unsigned num_unicast, unsigned num_multicast)
{
	unsigned i;
	uint8_t mac[6];

	set(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET);
	add32(num_unicast);
	for (i = 0; i < num_unicast; i++) {
		make_mac(mac, false, i);
		add(mac, 6);
	}
	add32(num_multicast);
	for (i = 0; i < num_multicast; i++) {
		make_mac(mac, true, i);
		add(mac, 6);
	}
}

static void rss_config(uint32_t types, unsigned num_entries, unsigned max_tx_vq, unsigned key_bytes)
{
	static const uint8_t key[255];
	unsigned i;

	set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG);
	add32(types);
	add16(num_entries - 1);
	add16(1);
	for (i = 0; i < num_entries; i++)
		add16(i % PAIRS);
	add16(max_tx_vq);
	add(&(uint8_t){(uint8_t)key_bytes}, 1);
	add(key, key_bytes);
}

static void hash_config(uint32_t types, unsigned key_bytes)
{
	static const uint8_t key[255];
	const uint16_t reserved[4] = {0};

	set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH_CONFIG);
	add32(types);
	add(reserved, sizeof(reserved));
	add(&(uint8_t){(uint8_t)key_bytes}, 1);
	add(key, key_bytes);
}

static void pairs(unsigned num)
{
	set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET);
	add16(num);
}

static void offloads(uint64_t bits)
{
	set(VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET);
	add(&bits, 8);
}

static void coal(uint8_t command, uint32_t max_packets, uint32_t max_usecs)
{
	set(VIRTIO_NET_CTRL_NOTF_COAL, command);
	add32(max_packets);
	add32(max_usecs);
}

static void coal_vq_set(unsigned index, uint32_t max_packets, uint32_t max_usecs)
{
	set(VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET);
	add16(index);
	add16(0xabcd); /* reserved, ignored */
	add32(max_packets);
	add32(max_usecs);
}

static void coal_vq_get(unsigned index)
{
	set(VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET);
	add16(index);
	add16(0);
}

static void assert_coal(unsigned index, uint32_t max_packets, uint32_t max_usecs)
{
	const struct virtio_net_ctrl_coal expected = {max_packets, max_usecs};

	coal_vq_get(index);
	assert_ok();
	assert_int_equal(reply_bytes, sizeof(expected));
	assert_memory_equal(reply, &expected, sizeof(expected));
}

static void stats_get(void)
{
	set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET);
}

static void add_stats(unsigned index, uint64_t types)
{
	const struct virtio_net_ctrl_queue_stats asked = {.vq_index = (uint16_t)index,
							  .types_bitmap = {types}};

	add(&asked, sizeof(asked));
}

/* One good command of each sort, and the feature that it needs. */
struct sample {
	uint8_t feature;
	bool is_open; /* another length may be good, too */
};

#define NUM_SAMPLES 21u

static struct sample sample(unsigned i)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};

	switch (i) {
	case 0:
	case 1:
		mode((uint8_t)i, 0);
		return (struct sample){VIRTIO_NET_F_CTRL_RX, false};
	case 2:
	case 3:
	case 4:
	case 5:
		mode((uint8_t)i, 1);
		return (struct sample){VIRTIO_NET_F_CTRL_RX_EXTRA, false};
	case 6:
		mac_table(2, 3);
		return (struct sample){VIRTIO_NET_F_CTRL_RX, true};
	case 7:
		mac_addr(mac);
		return (struct sample){VIRTIO_NET_F_CTRL_MAC_ADDR, false};
	case 8:
		vlan(VIRTIO_NET_CTRL_VLAN_ADD, 7);
		return (struct sample){VIRTIO_NET_F_CTRL_VLAN, false};
	case 9:
		vlan(VIRTIO_NET_CTRL_VLAN_DEL, 8);
		return (struct sample){VIRTIO_NET_F_CTRL_VLAN, false};
	case 10:
		set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK);
		return (struct sample){VIRTIO_NET_F_GUEST_ANNOUNCE, false};
	case 11:
		pairs(PAIRS);
		return (struct sample){VIRTIO_NET_F_MQ, false};
	case 12:
		rss_config(RSS_HASH_TYPES, 4, PAIRS, 40);
		return (struct sample){VIRTIO_NET_F_RSS, false};
	case 13:
		hash_config(RSS_HASH_TYPES, 40);
		return (struct sample){VIRTIO_NET_F_HASH_REPORT, false};
	case 14:
		offloads(VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM));
		return (struct sample){VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, false};
	case 15:
		coal(VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 5, 6);
		return (struct sample){VIRTIO_NET_F_NOTF_COAL, false};
	case 16:
		coal(VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 7, 8);
		return (struct sample){VIRTIO_NET_F_NOTF_COAL, false};
	case 17:
		coal_vq_set(0, 9, 10);
		return (struct sample){VIRTIO_NET_F_VQ_NOTF_COAL, false};
	case 18:
		coal_vq_get(1);
		return (struct sample){VIRTIO_NET_F_VQ_NOTF_COAL, false};
	case 19:
		set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY);
		return (struct sample){VIRTIO_NET_F_DEVICE_STATS, false};
	default:
		stats_get();
		add_stats(0, 1);
		return (struct sample){VIRTIO_NET_F_DEVICE_STATS, false};
	}
}

static void begin_enabled(uint64_t features)
{
	unsigned i;

	begin(features);
	for (i = 0; i < 2 * PAIRS; i++)
		net_ctrl_enable_queue(&nc, i);
	remember();
}

static void test_each_needs_its_feature(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NUM_SAMPLES; i++) {
		struct sample of = sample(i);

		begin_enabled(~UINT64_C(0));
		assert_ok();
		assert_int_equal(nc.num_ok, 1);
		net_ctrl_reset(&nc);
		begin_enabled(~(UINT64_C(1) << of.feature));
		assert_err();
		assert_int_equal(nc.num_ok, 0);
		net_ctrl_reset(&nc);
		remember();
		assert_err(); /* not begun */
	}
}

/* Linux sends a byte behind the key that means nothing. */
static bool ends_with_key(const struct sample *command)
{
	return command->feature == VIRTIO_NET_F_RSS || command->feature == VIRTIO_NET_F_HASH_REPORT;
}

static void test_each_needs_its_length(void **state)
{
	unsigned i;
	uint32_t bytes, good_bytes;
	struct sample command;

	(void)state;
	begin_enabled(~UINT64_C(0));
	for (i = 0; i < NUM_SAMPLES; i++) {
		command = sample(i);
		good_bytes = cmd_bytes;
		memset(cmd + good_bytes, 0, 100);
		for (bytes = 0; bytes < good_bytes + 20; bytes++) {
			if (bytes == good_bytes || (i == 20 && bytes == good_bytes + 16) ||
			    (bytes == good_bytes + 1 && ends_with_key(&command)))
				continue;
			sample(i);
			cmd_bytes = bytes;
			assert_err();
		}
	}
}

static void test_unknown_commands(void **state)
{
	unsigned class, command, num = 0;

	(void)state;
	begin_enabled(~UINT64_C(0));
	for (class = 0; class < 256; class ++) {
		for (command = 0; command < 256; command++) {
			static const uint8_t max_of[9] = {5, 1, 1, 0, 2, 0, 3, 0, 1};

			if (class < 9 && class != 7 && command <= max_of[class])
				continue;
			set((uint8_t) class, (uint8_t)command);
			cmd_bytes += check_random(9);
			assert_err();
			num++;
		}
	}
	assert_int_equal(num, 65536 - NUM_SAMPLES);
}

static bool passes(const uint8_t mac[6], unsigned vid)
{
	union flow_key key = {0};

	if (vid) {
		key.field.vlan_tpid = 0x0081;
		key.field.vlan_tci = (uint16_t)((0x1000 | vid) << 8 | (0x1000 | vid) >> 8);
	}
	return !nc.filter || rxfilter_passes(nc.filter, mac, &key);
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
	begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) |
		      VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR));
	port_mac(device.number, own);
	for (round = 0; round < 2000; round++) {
		switch (check_random(8)) {
		case 0:
			num[0] = check_random(NET_CTRL_MAX_MACS + 4);
			num[1] = check_random(NET_CTRL_MAX_MACS + 4);
			mac_table(num[0], num[1]);
			break;
		case 1:
			make_mac(own, false, 1000 + check_random(9));
			mac_addr(own);
			break;
		default:
			i = check_random(6);
			on[i] = check_random(2);
			mode((uint8_t)i, on[i]);
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
			make_mac(mac, is_group, station);
			assert_int_equal(passes(mac, 0), on[0] || expected);
		}
		assert_int_equal(passes(own, 0), on[0] || !on[VIRTIO_NET_CTRL_RX_NOUNI]);
		assert_int_equal(passes(everybody, 0), on[0] || !on[VIRTIO_NET_CTRL_RX_NOBCAST]);
		assert_int_equal(!nc.filter, on[0]); /* and costs nothing */
	}
}

/* Tables that are longer than what the device looks at, and what their lengths may not be. */
static void test_long_tables(void **state)
{
	static const unsigned nums[] = {0, 1, 63, 64, 167, 168, 169, 170, 171, 1000, 5000};
	unsigned i, j;
	uint8_t mac[6];

	(void)state;
	begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX));
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	for (i = 0; i < 11; i++) {
		for (j = 0; j < 11; j++) {
			mac_table(nums[i], nums[j]);
			assert_ok();
			make_mac(mac, false, nums[i]);
			assert_int_equal(passes(mac, 0), nums[i] > NET_CTRL_MAX_MACS);
			make_mac(mac, true, nums[j]);
			assert_true(passes(mac, 0) || nums[j] <= NET_CTRL_MAX_MACS);
			if (nums[j]) {
				make_mac(mac, true, nums[j] - 1);
				assert_true(passes(mac, 0));
			}
			remember();
			cmd_bytes--;
			assert_err();
			cmd_bytes += 2;
			assert_err();
		}
	}
	mac_table(0, 0);
	assert_ok();
	remember();
	mac_table(3, 3);
	memcpy(cmd + 2, &(uint32_t){UINT32_MAX}, 4);
	assert_err();
	mac_table(3, 3);
	memcpy(cmd + 2 + 4 + 18, &(uint32_t){UINT32_MAX}, 4);
	assert_err();
	mac_table(3, 3);
	memcpy(cmd + 2, &(uint32_t){0x2aaaaaab}, 4); /* by six it is 2 */
	assert_err();
}

/* 5.1.6.5.2.1: the table is empty on reset; mac in the configuration is what was set. */
static void test_mac_address(void **state)
{
	static const uint8_t mine[6] = {2, 0, 0, 0, 7, 7}, theirs[6] = {2, 0, 0, 0, 8, 8};
	uint8_t first[6], mac[6];

	(void)state;
	begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR));
	port_mac(device.number, first);
	mac_addr((const uint8_t[6]){0});
	assert_err();
	mac_addr((const uint8_t[6]){3, 0, 0, 0, 0, 1});
	assert_err();
	mac_addr(theirs);
	assert_ok();
	mac_addr(mine);
	assert_ok();
	port_mac(device.number, mac);
	assert_memory_equal(mac, mine, 6);
	mac_table(4, 4);
	assert_ok();
	net_ctrl_reset(&nc);
	port_mac(device.number, mac);
	assert_memory_equal(mac, first, 6);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX) |
						VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR)));
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	assert_true(passes(first, 0));
	assert_false(passes(mine, 0));
	make_mac(mac, false, 0);
	assert_false(passes(mac, 0));

	/* What the host sets is the device's, also after a reset. */
	mac_addr(mine);
	assert_ok();
	port_set_mac(device.number, theirs);
	net_ctrl_port_changed(&nc);
	assert_true(passes(theirs, 0));
	assert_false(passes(mine, 0));
	net_ctrl_reset(&nc);
	port_mac(device.number, mac);
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
	begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN));
	port_mac(device.number, own);
	for (i = 1; i < 4096; i++)
		assert_false(passes(own, i));
	assert_true(passes(own, 0));
	for (round = 0; round < 2000; round++) {
		vid = check_random(8) ? check_random(100) : check_random(4096);
		listed[vid] = check_random(2);
		vlan(listed[vid] ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL, vid);
		assert_ok();
		for (i = 0; i < 20; i++) {
			vid = check_random(120);
			assert_int_equal(passes(own, vid), listed[vid] || !vid);
		}
	}
	remember();
	for (i = 4096; i < 65536; i += 999) {
		vlan(VIRTIO_NET_CTRL_VLAN_ADD, i);
		assert_err();
		vlan(VIRTIO_NET_CTRL_VLAN_DEL, i);
		assert_err();
	}
	net_ctrl_reset(&nc);
	assert_true(net_ctrl_begin(&nc, ~VIRTIO_BIT(VIRTIO_NET_F_CTRL_VLAN)));
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
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
	make_mac(other, false, 500);
	make_mac(group, true, 500);
	make_mac(listed, true, 1);
	begin_enabled(~UINT64_C(0));
	port_mac(device.number, own);
	mac_addr(other);
	assert_ok();
	mac_addr(own);
	assert_ok();
	mac_table(2, 2);
	assert_ok();
	for (i = 0; i < 3; i++) {
		mode((uint8_t)i, 1);
		assert_ok();
	}
	net_ctrl_set_trust(&nc, false, false);
	assert_false(passes(other, 0));
	assert_false(passes(group, 0));
	assert_true(passes(listed, 0));
	assert_true(passes(own, 0));
	assert_true(passes(everybody, 0));
	remember();
	mac_addr(other);
	assert_err();
	for (i = 0; i < 3; i++) {
		mode((uint8_t)i, 1);
		assert_err();
	}
	mac_table(NET_CTRL_MAX_MACS + 1, 0);
	assert_err();
	mac_table(0, NET_CTRL_MAX_MACS + 1);
	assert_err();
	mac_table(NET_CTRL_MAX_MACS, NET_CTRL_MAX_MACS);
	assert_ok();
	for (i = 0; i < 6; i++) {
		mode((uint8_t)i, i > 2);
		assert_ok();
	}

	/* The next driver, too; it begins so, and knows commands or not. */
	net_ctrl_reset(&nc);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_CTRL_RX)));
	assert_false(passes(other, 0));
	assert_false(passes(group, 0));
	assert_true(passes(own, 0));
	net_ctrl_set_trust(&nc, true, true);
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 1);
	assert_ok();
	assert_true(passes(other, 0));
	net_ctrl_set_trust(&nc, true, false);
	assert_false(passes(other, 0));

	/* One that cannot say what it wants gets what rules send it. */
	net_ctrl_reset(&nc);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_MQ)));
	assert_null(nc.filter);
}

static void test_mode_values(void **state)
{
	unsigned i, value;

	(void)state;
	begin_enabled(~UINT64_C(0));
	for (i = 0; i < 6; i++) {
		for (value = 2; value < 256; value++) {
			mode((uint8_t)i, (uint8_t)value);
			assert_err();
		}
	}
}

static void port_comes_back(void)
{
	port_set_admin(device.number, false);
	net_ctrl_port_changed(&nc);
	port_set_admin(device.number, true);
	net_ctrl_port_changed(&nc);
}

/* 5.1.6.5.4.2: the bit is clear when the command is used. */
static void test_announce(void **state)
{
	(void)state;
	begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_GUEST_ANNOUNCE));
	port_comes_back();
	assert_true(nc.announces);
	set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK);
	assert_ok();
	assert_false(nc.announces);
	net_ctrl_port_changed(&nc); /* it was up before */
	assert_false(nc.announces);
	port_comes_back();
	assert_true(nc.announces);
	net_ctrl_reset(&nc);
	assert_false(nc.announces);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_MQ)));
	port_comes_back();
	assert_false(nc.announces);
}

static void test_pairs(void **state)
{
	unsigned i;

	(void)state;
	begin_enabled(~UINT64_C(0));
	assert_int_equal(nc.num_pairs, 1);
	for (i = 1; i <= PAIRS; i++) {
		pairs(i);
		assert_ok();
		assert_int_equal(nc.num_pairs, i);
	}
	remember();
	pairs(0);
	assert_err();
	pairs(PAIRS + 1);
	assert_err();
	pairs(0x8000);
	assert_err();
}

/* 5.1.2: without MQ and RSS there is one pair, and the control queue is the third. */
static void test_one_pair(void **state)
{
	unsigned i;

	(void)state;
	begin_enabled(~(VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_RSS)));
	assert_int_equal(nc.enabled, 3);
	coal_vq_set(1, 1, 1);
	assert_ok();
	remember();
	coal_vq_set(2, 1, 1);
	assert_err();
	stats_get();
	for (i = 0; i < 2; i++)
		add_stats(i, UINT64_C(1) << 16 * i);
	add_stats(2, UINT64_C(1) << 32);
	assert_ok();
	remember();
	add_stats(2 * PAIRS, UINT64_C(1) << 32);
	assert_err();
}

static void test_rss_config(void **state)
{
	unsigned i;

	(void)state;
	begin_enabled(~UINT64_C(0));
	for (i = 1; i <= RSS_MAX_TABLE; i *= 2) {
		rss_config(RSS_HASH_TYPES, i, PAIRS, 40);
		assert_ok();
		assert_int_equal(nc.rss->table_mask, i - 1);
		assert_int_equal(nc.rss->unclassified, 1);
		assert_int_equal(nc.rss->hash_types, RSS_HASH_TYPES);
		assert_int_equal(nc.rss->table[i - 1], (i - 1) % PAIRS);
	}
	rss_config(0, 1, 1, 0); /* no hash at all: all is unclassified */
	assert_ok();
	remember();
	rss_config(RSS_HASH_TYPES, 2 * RSS_MAX_TABLE, PAIRS, 40);
	assert_err();
	rss_config(RSS_HASH_TYPES, 65536, PAIRS, 40);
	assert_err();
	rss_config(RSS_HASH_TYPES, 3, PAIRS, 40);
	assert_err();
	rss_config(RSS_HASH_TYPES, 4, 0, 40);
	assert_err();
	rss_config(RSS_HASH_TYPES, 4, PAIRS + 1, 40);
	assert_err();
	rss_config(RSS_HASH_TYPES, 4, PAIRS, 41);
	assert_err();
	rss_config(RSS_HASH_TYPES, 4, PAIRS, 0);
	assert_err();
	for (i = 6; i < 32; i++) { /* also those for extension headers */
		rss_config(1u << i, 4, PAIRS, 40);
		assert_err();
	}
	rss_config(RSS_HASH_TYPES, 4, PAIRS, 40);
	memcpy(cmd + 8, &(uint16_t){PAIRS}, 2); /* unclassified_queue */
	assert_err();
	for (i = 0; i < 4; i++) {
		rss_config(RSS_HASH_TYPES, 4, PAIRS, 40);
		memcpy(cmd + 10 + 2 * i, &(uint16_t){PAIRS}, 2);
		assert_err();
		memcpy(cmd + 10 + 2 * i, &(uint16_t){0x8000}, 2); /* reserved bit */
		assert_err();
	}
}

static void test_hash_config(void **state)
{
	unsigned i;

	(void)state;
	begin_enabled(~VIRTIO_BIT(VIRTIO_NET_F_RSS));
	assert_null(nc.rss); /* all hash types are disabled */
	for (i = 1; i <= 40; i++) {
		hash_config(RSS_HASH_TYPES, i);
		assert_ok();
	}
	hash_config(0, 0);
	assert_ok();
	assert_int_equal(nc.rss->hash_types, 0);
	remember();
	hash_config(RSS_HASH_TYPES, 0);
	assert_err();
	hash_config(RSS_HASH_TYPES, 41);
	assert_err();
	hash_config(RSS_HASH_TYPES | 1u << 6, 40);
	assert_err();
	for (i = 0; i < 8; i++) {
		hash_config(RSS_HASH_TYPES, 40);
		cmd[6 + i] = 1; /* reserved */
		assert_err();
	}
}

/* 5.1.6.5.8.1: what was negotiated is on at first; nothing else can be turned on. */
static void test_guest_offloads(void **state)
{
	const uint64_t some = VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) |
			      VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) |
			      VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6);
	unsigned i;

	(void)state;
	begin_enabled(some | VIRTIO_BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS));
	assert_int_equal(nc.guest_offloads, some);
	assert_int_equal(port_get(device.number)->takes,
			 OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_USO6);
	offloads(0);
	assert_ok();
	assert_int_equal(nc.guest_offloads, 0);
	assert_int_equal(port_get(device.number)->takes, 0);
	offloads(some);
	assert_ok();
	assert_int_equal(nc.guest_offloads, some);
	remember();
	for (i = 0; i < 64; i++) {
		if (some >> i & 1)
			continue;
		offloads(some | UINT64_C(1) << i);
		assert_err();
	}
	assert_int_not_equal(port_get(device.number)->takes, 0);
	net_ctrl_reset(&nc);
	assert_int_equal(port_get(device.number)->takes, 0);
}

/* The example in 1.3, 5.1.6.5.9, command by command. */
static void test_coalescing_example(void **state)
{
	(void)state;
	begin(~UINT64_C(0));
	net_ctrl_enable_queue(&nc, 0);
	net_ctrl_enable_queue(&nc, 1);
	net_ctrl_enable_queue(&nc, 2);
	net_ctrl_enable_queue(&nc, 3);
	assert_coal(3, 0, 0);
	coal(VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 1, 10);
	assert_ok();
	coal_vq_set(0, 2, 20);
	assert_ok();
	assert_coal(2, 1, 10);
	assert_coal(1, 0, 0);
	assert_coal(0, 2, 20);
	coal_vq_set(1, 4, 40);
	assert_ok();
	assert_coal(3, 0, 0);
	coal(VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 5, 50);
	assert_ok();
	assert_coal(1, 5, 50);
	assert_coal(3, 5, 50);
	assert_coal(0, 2, 20);
}

/* 1.3, 5.1.6.5.9.6: queues that are not enabled; enabled again; reset. */
static void test_coalescing_of_queues(void **state)
{
	unsigned i;

	(void)state;
	begin(~UINT64_C(0));
	net_ctrl_enable_queue(&nc, 0);
	net_ctrl_enable_queue(&nc, 1);
	remember();
	for (i = 2; i < 65536; i = i * 3 / 2) {
		coal_vq_set(i, 1, 1);
		assert_err();
		coal_vq_get(i);
		assert_err();
	}
	coal(VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 5, 50);
	assert_ok();
	coal_vq_set(0, 1, 10);
	assert_ok();
	coal_vq_set(1, 1, 10);
	assert_ok();
	for (i = 0; i < 2; i++) {
		net_ctrl_disable_queue(&nc, i);
		remember();
		coal_vq_get(i);
		assert_err();
		net_ctrl_enable_queue(&nc, i);
	}
	assert_coal(0, 0, 0);
	assert_coal(1, 5, 50);
	net_ctrl_enable_queue(&nc, 3); /* for the first time */
	assert_coal(3, 5, 50);
	net_ctrl_reset(&nc);
	begin_enabled(~UINT64_C(0));
	for (i = 0; i < 2 * PAIRS; i++)
		assert_coal(i, 0, 0);
	net_ctrl_enable_queue(&nc, 2 * PAIRS); /* the control queue's: nothing to do with it */
	net_ctrl_disable_queue(&nc, 2 * PAIRS);
	coal_vq_get(0);
	remember();
	assert_refused(run_with_room(7), __LINE__);
	assert_true(net_ctrl_ack_is_last(cmd, cmd_bytes));
	coal_vq_set(0, 1, 1);
	assert_false(net_ctrl_ack_is_last(cmd, cmd_bytes));
	assert_false(net_ctrl_ack_is_last(cmd, 1));
}

#define CVQ	 VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_CVQ)
#define RX_BASIC VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC)
#define TX_BASIC VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC)

static void test_statistics(void **state)
{
	struct virtio_net_stats_capabilities capabilities;
	struct virtio_net_stats_cvq cvq;
	struct virtio_net_stats_rx_basic rx;
	struct virtio_net_stats_tx_basic tx;
	uint32_t room;

	(void)state;
	begin_enabled(~UINT64_C(0));
	set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY);
	assert_ok();
	assert_int_equal(reply_bytes, sizeof(capabilities));
	memcpy(&capabilities, reply, sizeof(capabilities));
	assert_int_equal(capabilities.supported_stats_types[0], CVQ | RX_BASIC | TX_BASIC);
	remember();
	assert_refused(run_with_room(7), __LINE__);
	stats_get();
	add_stats(2 * PAIRS, CVQ);
	assert_ok();
	assert_int_equal(reply_bytes, sizeof(cvq));
	memcpy(&cvq, reply, sizeof(cvq));
	assert_int_equal(cvq.hdr.type, VIRTIO_NET_STATS_TYPE_REPLY_CVQ);
	assert_int_equal(cvq.hdr.vq_index, 2 * PAIRS);
	assert_int_equal(cvq.hdr.size, sizeof(cvq));
	assert_int_equal(cvq.command_num, 3);
	assert_int_equal(cvq.ok_num, 2);

	/* Two queues at once, one asked for nothing; as much of it as there is room for. */
	bed_ring(&device, BED_TX);
	fake_run();
	stats_get();
	add_stats(0, RX_BASIC);
	add_stats(3, 0);
	add_stats(1, TX_BASIC);
	for (room = 0; room < 150; room++) {
		assert_int_equal(run_with_room(room), VIRTIO_NET_OK);
		assert_int_equal(reply_bytes, room < 56 ? 0 : room < 112 ? 56 : 112);
	}
	memcpy(&rx, reply, sizeof(rx));
	memcpy(&tx, reply + sizeof(rx), sizeof(tx));
	assert_int_equal(rx.hdr.type, VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC);
	assert_int_equal(rx.hdr.vq_index, 0);
	assert_int_equal(rx.hdr.size, sizeof(rx));
	assert_int_equal(rx.rx_notifications, 0);
	assert_int_equal(tx.hdr.type, VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC);
	assert_int_equal(tx.hdr.vq_index, 1);
	assert_int_equal(tx.hdr.size, sizeof(tx));
	assert_int_equal(tx.tx_notifications, 1);
}

/* One wrong entry among right ones fails the command (1.4, 5.1.6.5.11.10). */
static void test_statistics_refused(void **state)
{
	static const struct {
		unsigned index;
		uint64_t types;
	} wrong[] = {
		{0, TX_BASIC},		{1, RX_BASIC},	      {0, CVQ},
		{2 * PAIRS, RX_BASIC},	{2 * PAIRS + 1, CVQ}, {2 * PAIRS + 1, 0},
		{0xffff, RX_BASIC},	{0, RX_BASIC | 2},    {1, TX_BASIC | 1 << 17},
		{0, UINT64_C(1) << 63},
	};
	unsigned i;

	(void)state;
	begin_enabled(~UINT64_C(0));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		stats_get();
		add_stats(0, RX_BASIC);
		add_stats(wrong[i].index, wrong[i].types);
		add_stats(1, TX_BASIC);
		assert_err();
	}
	stats_get();
	for (i = 0; i < 64; i++)
		add_stats(0, RX_BASIC);
	assert_err(); /* longer than what is looked at */
}

/* No memory: refused, and nothing has changed. */
static void test_no_memory(void **state)
{
	static void *taken[200000];
	unsigned num = 0, i;
	size_t bytes = 1 << 20;

	(void)state;
	begin_enabled(~UINT64_C(0));
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	for (; bytes >= 64; bytes /= 2) {
		while ((taken[num] = heap_alloc(bytes)) != NULL)
			num++;
	}
	remember();
	for (i = 1; i < 10; i++) {
		sample(i);
		assert_err();
	}
	sample(12);
	assert_err();
	sample(13);
	assert_err();
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 1); /* needs none */
	assert_ok();
	mode(VIRTIO_NET_CTRL_RX_PROMISC, 0); /* what that gave back */
	assert_ok();
	while (num)
		heap_free(taken[--num]);
	sample(12);
	assert_ok();
}

/* Whatever stands in a command: what is refused changes nothing, and no memory is lost. */
static void test_random_commands(void **state)
{
	size_t free_bytes;
	unsigned round, i, num_ok = 0;

	(void)state;
	check_seed(3);
	begin(~UINT64_C(0));
	net_ctrl_reset(&nc);
	free_bytes = heap_free_bytes();
	assert_true(net_ctrl_begin(&nc, ~UINT64_C(0)));
	for (i = 0; i < 2 * PAIRS; i++)
		net_ctrl_enable_queue(&nc, i);
	for (round = 0; round < 20000; round++) {
		uint8_t ack;

		remember();
		sample(check_random(NUM_SAMPLES));
		for (i = check_random(3); i; i--)
			cmd[check_random(cmd_bytes)] ^= (uint8_t)(1u << check_random(8));
		if (!check_random(4))
			cmd_bytes = check_random(cmd_bytes + 50);
		ack = run_with_room(check_random(200));
		assert_in_range(ack, VIRTIO_NET_OK, VIRTIO_NET_ERR);
		if (ack == VIRTIO_NET_ERR)
			assert_unchanged();
		num_ok += ack == VIRTIO_NET_OK;
	}
	assert_in_range(num_ok, 2000, 18000);
	assert_int_equal(nc.num_ok, num_ok);
	net_ctrl_reset(&nc);
	assert_int_equal(heap_free_bytes(), free_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_needs_its_feature),
		cmocka_unit_test(test_each_needs_its_length),
		cmocka_unit_test(test_unknown_commands),
		cmocka_unit_test(test_modes_and_tables),
		cmocka_unit_test(test_long_tables),
		cmocka_unit_test(test_mac_address),
		cmocka_unit_test(test_vlan_table),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_mode_values),
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_one_pair),
		cmocka_unit_test(test_rss_config),
		cmocka_unit_test(test_hash_config),
		cmocka_unit_test(test_guest_offloads),
		cmocka_unit_test(test_coalescing_example),
		cmocka_unit_test(test_coalescing_of_queues),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_statistics_refused),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
