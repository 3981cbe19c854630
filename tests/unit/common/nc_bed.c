/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Commands of the control queue, put together and run (nc_bed.h). */
#include "common/nc_bed.h"
#include "common/check.h"
#include "path/port.h"

struct bed_port nc_device;
struct net_ctrl nc;
uint8_t nc_reply[NET_CTRL_MAX_REPLY];
uint32_t nc_reply_bytes;
uint8_t nc_cmd[140000];
uint32_t nc_cmd_bytes;

static struct net_ctrl before;
static uint8_t mac_before[6];

void nc_begin(uint64_t features)
{
	bed_start(2, 0);
	bed_add_port(&nc_device, XVIO_PORT_VDPA(0), 64);
	net_ctrl_init(&nc, nc_device.number, NC_PAIRS);
	assert_true(net_ctrl_begin(&nc, features, NULL));
}

void nc_add(const void *bytes, uint32_t num)
{
	memcpy(nc_cmd + nc_cmd_bytes, bytes, num);
	nc_cmd_bytes += num;
}

void nc_add16(unsigned value)
{
	nc_add(&(uint16_t){(uint16_t)value}, 2);
}

void nc_add32(uint32_t value)
{
	nc_add(&value, 4);
}

void nc_set(uint8_t class, uint8_t command)
{
	nc_cmd_bytes = 0;
	nc_add(&class, 1);
	nc_add(&command, 1);
}

/* As the device has it: no more than NET_CTRL_MAX_BYTES of it are there. */
uint8_t nc_run_with_room(uint32_t room_bytes)
{
	const uint32_t have_bytes =
		nc_cmd_bytes < NET_CTRL_MAX_BYTES ? nc_cmd_bytes : NET_CTRL_MAX_BYTES;
	uint8_t *copy = test_malloc(have_bytes);
	uint8_t ack;

	memcpy(copy, nc_cmd, have_bytes);
	nc_reply_bytes = room_bytes;
	ack = net_ctrl_run(&nc, copy, nc_cmd_bytes, nc_reply, &nc_reply_bytes);
	test_free(copy);
	return ack;
}

uint8_t nc_run(void)
{
	return nc_run_with_room(sizeof(nc_reply));
}

void nc_remember(void)
{
	before = nc;
	port_mac(nc_device.number, mac_before);
}

/* Nothing but the count of commands has changed since nc_remember(). */
void nc_assert_unchanged(void)
{
	uint8_t mac[6];

	before.num_commands = nc.num_commands;
	assert_memory_equal(&before, &nc, sizeof(nc));
	port_mac(nc_device.number, mac);
	assert_memory_equal(mac, mac_before, 6);
	assert_int_equal(nc_reply_bytes, 0);
}

void nc_assert_refused(uint8_t ack, int line)
{
	if (ack != VIRTIO_NET_ERR)
		fail_msg("line %d: not refused", line);
	nc_assert_unchanged();
}

void nc_begin_enabled(uint64_t features)
{
	unsigned i;

	nc_begin(features);
	for (i = 0; i < 2 * NC_PAIRS; i++)
		net_ctrl_enable_queue(&nc, i);
	nc_remember();
}

void nc_mode(uint8_t command, uint8_t value)
{
	nc_set(VIRTIO_NET_CTRL_RX, command);
	nc_add(&value, 1);
}

void nc_vlan(uint8_t command, unsigned vid)
{
	nc_set(VIRTIO_NET_CTRL_VLAN, command);
	nc_add16(vid);
}

void nc_mac_addr(const uint8_t mac[6])
{
	nc_set(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET);
	nc_add(mac, 6);
}

/* Station i of a sort. */
void nc_make_mac(uint8_t mac[6], bool is_group, unsigned i)
{
	const uint8_t made[6] = {is_group ? 3 : 2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};

	memcpy(mac, made, 6);
}

void nc_mac_table(unsigned num_unicast, unsigned num_multicast)
{
	unsigned i;
	uint8_t mac[6];

	nc_set(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET);
	nc_add32(num_unicast);
	for (i = 0; i < num_unicast; i++) {
		nc_make_mac(mac, false, i);
		nc_add(mac, 6);
	}
	nc_add32(num_multicast);
	for (i = 0; i < num_multicast; i++) {
		nc_make_mac(mac, true, i);
		nc_add(mac, 6);
	}
}

void nc_rss_config(uint32_t types, unsigned num_entries, unsigned max_tx_vq, unsigned key_bytes)
{
	static const uint8_t key[255];
	unsigned i;

	nc_set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG);
	nc_add32(types);
	nc_add16(num_entries - 1);
	nc_add16(1);
	for (i = 0; i < num_entries; i++)
		nc_add16(i % NC_PAIRS);
	nc_add16(max_tx_vq);
	nc_add(&(uint8_t){(uint8_t)key_bytes}, 1);
	nc_add(key, key_bytes);
}

void nc_hash_config(uint32_t types, unsigned key_bytes)
{
	static const uint8_t key[255];
	const uint16_t reserved[4] = {0};

	nc_set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH_CONFIG);
	nc_add32(types);
	nc_add(reserved, sizeof(reserved));
	nc_add(&(uint8_t){(uint8_t)key_bytes}, 1);
	nc_add(key, key_bytes);
}

void nc_pairs(unsigned num)
{
	nc_set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET);
	nc_add16(num);
}

void nc_offloads(uint64_t bits)
{
	nc_set(VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET);
	nc_add(&bits, 8);
}

void nc_coal(uint8_t command, uint32_t max_packets, uint32_t max_usecs)
{
	nc_set(VIRTIO_NET_CTRL_NOTF_COAL, command);
	nc_add32(max_packets);
	nc_add32(max_usecs);
}

void nc_coal_vq_set(unsigned index, uint32_t max_packets, uint32_t max_usecs)
{
	nc_set(VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET);
	nc_add16(index);
	nc_add16(0xabcd); /* reserved, ignored */
	nc_add32(max_packets);
	nc_add32(max_usecs);
}

void nc_coal_vq_get(unsigned index)
{
	nc_set(VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET);
	nc_add16(index);
	nc_add16(0);
}

void nc_assert_coal(unsigned index, uint32_t max_packets, uint32_t max_usecs)
{
	const struct virtio_net_ctrl_coal expected = {max_packets, max_usecs};

	nc_coal_vq_get(index);
	assert_ok();
	assert_int_equal(nc_reply_bytes, sizeof(expected));
	assert_memory_equal(nc_reply, &expected, sizeof(expected));
}

void nc_stats_get(void)
{
	nc_set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET);
}

void nc_add_stats(unsigned index, uint64_t types)
{
	const struct virtio_net_ctrl_queue_stats asked = {.vq_index = (uint16_t)index,
							  .types_bitmap = {types}};

	nc_add(&asked, sizeof(asked));
}

uint8_t nc_sample(unsigned i)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};

	switch (i) {
	case 0:
	case 1:
		nc_mode((uint8_t)i, 0);
		return VIRTIO_NET_F_CTRL_RX;
	case 2:
	case 3:
	case 4:
	case 5:
		nc_mode((uint8_t)i, 1);
		return VIRTIO_NET_F_CTRL_RX_EXTRA;
	case 6:
		nc_mac_table(2, 3);
		return VIRTIO_NET_F_CTRL_RX;
	case 7:
		nc_mac_addr(mac);
		return VIRTIO_NET_F_CTRL_MAC_ADDR;
	case 8:
		nc_vlan(VIRTIO_NET_CTRL_VLAN_ADD, 7);
		return VIRTIO_NET_F_CTRL_VLAN;
	case 9:
		nc_vlan(VIRTIO_NET_CTRL_VLAN_DEL, 8);
		return VIRTIO_NET_F_CTRL_VLAN;
	case 10:
		nc_set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK);
		return VIRTIO_NET_F_GUEST_ANNOUNCE;
	case 11:
		nc_pairs(NC_PAIRS);
		return VIRTIO_NET_F_MQ;
	case 12:
		nc_rss_config(RSS_HASH_TYPES, 4, NC_PAIRS, 40);
		return VIRTIO_NET_F_RSS;
	case 13:
		nc_hash_config(RSS_HASH_TYPES, 40);
		return VIRTIO_NET_F_HASH_REPORT;
	case 14:
		nc_offloads(VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM));
		return VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
	case 15:
		nc_coal(VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 5, 6);
		return VIRTIO_NET_F_NOTF_COAL;
	case 16:
		nc_coal(VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 7, 8);
		return VIRTIO_NET_F_NOTF_COAL;
	case 17:
		nc_coal_vq_set(0, 9, 10);
		return VIRTIO_NET_F_VQ_NOTF_COAL;
	case 18:
		nc_coal_vq_get(1);
		return VIRTIO_NET_F_VQ_NOTF_COAL;
	case 19:
		nc_set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY);
		return VIRTIO_NET_F_DEVICE_STATS;
	default:
		nc_stats_get();
		nc_add_stats(0, 1);
		return VIRTIO_NET_F_DEVICE_STATS;
	}
}
