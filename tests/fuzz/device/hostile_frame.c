/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What is in the buffers of the hostile driver (hostile.h): frames, large ones with what a driver
 * asks for in their headers, and commands for a control queue. Mostly right, as the input wills.
 */
#include <string.h>
#include <xvio/virtio.h>
#include "device/hostile.h"
#include "device/world.h"

#define ETH_BYTES 14u
#define TCP_BYTES 20u
#define UDP_BYTES 8u

static void frame_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void frame_ethernet(uint8_t *at, uint8_t to, const uint8_t type[2])
{
	memset(at, 0, ETH_BYTES);
	at[0] = at[6] = 2;
	at[5] = 1 + to % (WORLD_TO_NUM - 1);
	memcpy(at + 12, type, 2);
}

void hostile_fill_frame(uint8_t *at, uint32_t hdr_bytes, uint8_t to, bool has_header,
			struct fuzz_input *input)
{
	static const uint8_t types[][2] = {{0x88, 0xb5}, {0x08, 0x00}, {0x86, 0xdd}, {0x81, 0x00},
					   {0x08, 0x06}, {0x88, 0xa8}, {0x00, 0x20}, {0x08, 0x00}};

	memset(at, 0, hdr_bytes);
	if (has_header)
		fuzz_take(input, at, sizeof(struct virtio_net_hdr));
	frame_ethernet(at + hdr_bytes, to, types[to / 8 % 8]);
	if (to & 0x80)
		fuzz_take(input, at + hdr_bytes + ETH_BYTES, 24);
}

/* An IP packet of len_bytes with a TCP or UDP header; returns how long the headers are. */
static uint32_t frame_ip(uint8_t *at, bool is_ipv6, bool is_udp, uint32_t len_bytes)
{
	const uint32_t ip_bytes = is_ipv6 ? 40 : 20;

	memset(at, 0, ip_bytes + TCP_BYTES);
	at[0] = is_ipv6 ? 0x60 : 0x45;
	frame_put16(at + (is_ipv6 ? 4 : 2), is_ipv6 ? len_bytes - ip_bytes : len_bytes);
	at[is_ipv6 ? 6 : 9] = is_udp ? 17 : 6;
	at[is_ipv6 ? 7 : 8] = 64;
	if (is_udp)
		frame_put16(at + ip_bytes + 4, len_bytes - ip_bytes);
	else
		at[ip_bytes + 12] = TCP_BYTES / 4 << 4;
	return ip_bytes + (is_udp ? UDP_BYTES : TCP_BYTES);
}

/* Some bytes of headers, the driver's or the packet's, are others. */
static void frame_damage(uint8_t *at, struct fuzz_input *input)
{
	unsigned num = 1 + fuzz_take_byte(input) % 3;

	for (; num; num--) {
		const uint8_t place = fuzz_take_byte(input) % 90;

		at[place] = fuzz_take_byte(input);
	}
}

void hostile_fill_large(uint8_t *at, uint32_t hdr_bytes, uint32_t len_bytes,
			struct fuzz_input *input)
{
	static const uint8_t gso_types[] = {
		VIRTIO_NET_HDR_GSO_TCPV4,  VIRTIO_NET_HDR_GSO_TCPV6,
		VIRTIO_NET_HDR_GSO_UDP_L4, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
		VIRTIO_NET_HDR_GSO_NONE,   VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN,
		VIRTIO_NET_HDR_GSO_UDP_L4, VIRTIO_NET_HDR_GSO_NONE,
	};
	static const uint8_t types[2][2] = {{0x08, 0x00}, {0x86, 0xdd}};
	const uint8_t kind = fuzz_take_byte(input);
	const uint8_t to = fuzz_take_byte(input);
	const uint8_t size = fuzz_take_byte(input);
	const uint8_t gso_type = gso_types[kind % 8];
	const bool is_ipv6 = kind % 8 == 1 || kind & 8;
	const bool is_udp = (gso_type & 7) == VIRTIO_NET_HDR_GSO_UDP_L4;
	uint8_t *frame = at + hdr_bytes;
	struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type,
		.gso_size = gso_type ? 8 + size * 6 : 0,
		.csum_start = ETH_BYTES + (is_ipv6 ? 40 : 20),
		.csum_offset = is_udp ? 6 : 16,
	};

	memset(at, 0, hdr_bytes);
	frame_ethernet(frame, to, types[is_ipv6]);
	header.hdr_len = (uint16_t)(ETH_BYTES + frame_ip(frame + ETH_BYTES, is_ipv6, is_udp,
							 len_bytes - ETH_BYTES));
	memcpy(at, &header, sizeof(header));
	if (kind & 0x80)
		frame_damage(at, input);
}

/* Commands: class, command, and bytes as they are wanted where it is not the input that says. */
static const struct {
	uint8_t class;
	uint8_t command;
	uint8_t len_bytes;
	uint8_t reply_bytes;
} frame_commands[] = {
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 1, 0},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOUNI, 1, 0},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 8 + 3 * 6, 0},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 6, 0},
	{VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, 2, 0},
	{VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, 2, 0},
	{VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, 0, 0},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2, 0},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG, 8 + 4 * 2 + 3 + 40, 0},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH_CONFIG, 4 + 8 + 1 + 40, 0},
	{VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, 8, 0},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 8, 0},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 8, 0},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, 12, 0},
	{VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, 4, 8},
	{VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY, 0, 16},
	{VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET, 16, 200},
};

/* Small numbers where the command has counts and queues. */
static void frame_tame(uint8_t *payload, uint8_t class, uint8_t command)
{
	if (class == VIRTIO_NET_CTRL_MAC && command == VIRTIO_NET_CTRL_MAC_TABLE_SET) {
		payload[0] %= 4;
		memset(payload + 1, 0, 3);
		memset(payload + 4 + payload[0] * 6, 0, 4);
		payload[4 + payload[0] * 6] = 3 - payload[0];
	} else if (class == VIRTIO_NET_CTRL_MQ && command == VIRTIO_NET_CTRL_MQ_RSS_CONFIG) {
		const uint8_t table[] = {3,
					 0,
					 0,
					 0,
					 payload[8] % 8,
					 0,
					 payload[9] % 8,
					 0,
					 payload[10] % 8,
					 0,
					 0,
					 0,
					 1 + payload[11] % 8,
					 0,
					 40};

		memcpy(payload + 4, table, sizeof(table));
	} else if (class == VIRTIO_NET_CTRL_MQ && command == VIRTIO_NET_CTRL_MQ_HASH_CONFIG) {
		memset(payload + 4, 0, 8);
		payload[12] = 40;
	} else if (class != VIRTIO_NET_CTRL_RX) {
		payload[0] %= 16;
		payload[1] = 0;
	}
}

struct hostile_command hostile_fill_command(uint8_t *at, struct fuzz_input *input)
{
	const uint8_t which = fuzz_take_byte(input);
	const uint8_t how = fuzz_take_byte(input);
	const unsigned i = which % (sizeof(frame_commands) / sizeof(frame_commands[0]));
	struct hostile_command command = {
		.num_read = 2u + frame_commands[i].len_bytes,
		.num_write = 1u + frame_commands[i].reply_bytes,
	};

	at[0] = frame_commands[i].class;
	at[1] = frame_commands[i].command;
	fuzz_take(input, at + 2,
		  12 < frame_commands[i].len_bytes ? 12 : frame_commands[i].len_bytes);
	if (how & 0x03)
		frame_tame(at + 2, at[0], at[1]);
	if ((how & 0x1c) == 0x1c) { /* shorter or longer than it should be, or another */
		command.num_read = 1 + which % 64;
		at[how & 1] ^= how >> 5;
	}
	return command;
}
