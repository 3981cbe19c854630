/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The model of the switch (switch_model.h) itself: for each action a packet and what must become of it, worked
 * out by hand from the words of xvio/flow.h. Nothing of the card runs here; test_switch_random compares the two.
 */
#include "common/check.h"
#include "common/switch_model.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)

#define MACS	   2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1
#define FD00(last) 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last

/* 10.0.0.1 to 10.0.0.2, TTL 64; ports 0x1000 to 53, four bytes. All checksums are right. */
static const uint8_t udp_ipv4[] = {
	MACS, 0x08, 0x00, 0x45, 0, 0,	 32, 0, 1,  0, 0,  64,	 17,   0x66, 0xca, 10, 0, 0,
	1,    10,   0,	  0,	2, 0x10, 0,  0, 53, 0, 12, 0xd7, 0x98, 1,    2,	   3,  4,
};
/* The same way; ports 0x1000 to 80, sequence number 100, flags 0x18. */
static const uint8_t tcp_ipv4[] = {
	MACS, 0x08, 0x00, 0x45, 0,    0,    44,	  0,	1,    0, 0,  64, 6, 0x66, 0xc9, 10,
	0,    0,    1,	  10,	0,    0,    2,	  0x10, 0,    0, 80, 0,	 0, 0,	  100,	0,
	0,    0,    7,	  0x50, 0x18, 0x01, 0xf4, 0x85, 0x11, 0, 0,  1,	 2, 3,	  4,
};
/* fd00::1 to fd00::2, echo. */
static const uint8_t icmp_ipv6[] = {
	MACS,	 0x86,	  0xdd, 0x60, 0,    0,	  0, 0, 8, 58, 64,
	FD00(1), FD00(2), 0x80, 0,    0x85, 0xb6, 0, 1, 0, 1,
};

static struct gso_packet packet;
static struct model_frames frames;
static uint8_t wanted[200];
static uint64_t now_us;

static int start(void **state)
{
	(void)state;
	model_reset();
	model_frames_clear(&frames);
	now_us = 1000;
	return 0;
}

static void take(const uint8_t *data, uint32_t len_bytes)
{
	memset(&packet.header, 0, sizeof(packet.header));
	memcpy(packet.data, data, len_bytes);
	packet.len_bytes = len_bytes;
	memcpy(wanted, data, len_bytes);
}

static struct xvio_flow_action action(unsigned type, uint32_t arg)
{
	return (struct xvio_flow_action){.type = (uint16_t)type, .arg = arg};
}

/* A rule for all in a chain, with these actions and behind them, unless the last one ends, OUTPUT to B. */
static void rule(uint64_t cookie, uint32_t chain, const struct xvio_flow_action *actions,
		 unsigned num)
{
	struct xvio_flow_rule made = {.cookie = cookie, .chain = chain, .prio = 5};

	memcpy(made.action, actions, num * sizeof(*actions));
	if (actions[num - 1].type > XVIO_ACTION_GOTO)
		made.action[num++] = action(XVIO_ACTION_OUTPUT, PORT_B);
	made.num_actions = (uint16_t)num;
	model_rule_add(&made, now_us);
}

static void one_rule(struct xvio_flow_action only)
{
	model_reset();
	rule(1, 0, &only, 1);
}

static void run(void)
{
	model_frames_clear(&frames);
	model_packet(PORT_A, &packet, now_us, &frames);
}

/* Frame i left by B. */
static void left_by_b(unsigned i, const uint8_t *data, uint32_t len_bytes)
{
	assert_true(i < frames.num);
	assert_false(frames.frame[i].to_host);
	assert_int_equal(frames.frame[i].port, PORT_B);
	assert_int_equal(frames.frame[i].len_bytes, len_bytes);
	assert_memory_equal(frames.frame[i].data, data, len_bytes);
}

/* With this one action the packet becomes what wanted is. */
static void becomes(struct xvio_flow_action only, uint32_t len_bytes)
{
	one_rule(only);
	run();
	assert_int_equal(frames.num, 1);
	left_by_b(0, wanted, len_bytes);
}

static struct xvio_flow_action set(uint8_t header, uint32_t at, const char value[4],
				   const char mask[4])
{
	struct xvio_flow_action made = {.type = XVIO_ACTION_SET, .a = header, .arg = at};

	memcpy(&made.value, value, 4);
	memcpy(&made.mask, mask, 4);
	return made;
}

#define ALL "\xff\xff\xff\xff"

static void to_host(unsigned i, uint8_t flags, uint32_t arg)
{
	assert_true(i < frames.num);
	assert_true(frames.frame[i].to_host);
	assert_int_equal(frames.frame[i].port, PORT_A);
	assert_int_equal(frames.frame[i].flags, flags);
	assert_int_equal(frames.frame[i].arg, arg);
}

/* Which rule */

static void test_lookup(void **state)
{
	struct xvio_flow_rule made = {.num_actions = 1};
	struct xvio_flow_stats stats;

	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	run();
	to_host(0, XVIO_META_F_REPR, 0);
	assert_int_equal(model_stats(PORT_A)->misses, 1);
	made.tp_dst.min = 0x3500; /* 53 */
	made.tp_dst.max = 0x0001; /* 256 */
	made.action[0] = action(XVIO_ACTION_OUTPUT, PORT_B);
	made.prio = 7;
	made.cookie = 1;
	model_rule_add(&made, now_us);
	made.cookie = 2;
	model_rule_add(&made, now_us);
	made.prio = 6;
	made.cookie = 3;
	made.tp_dst.min = 0x3600;
	model_rule_add(&made, now_us);
	now_us += 10;
	run();
	left_by_b(0, udp_ipv4, sizeof(udp_ipv4));
	model_rule_stats(1, now_us + 5, &stats);
	assert_int_equal(stats.packets, 1);
	assert_int_equal(stats.bytes, sizeof(udp_ipv4));
	assert_int_equal(stats.idle_us, 5);
	model_rule_stats(2, now_us, &stats);
	assert_int_equal(stats.packets, 0);
	assert_int_equal(stats.idle_us, 10);
	model_rule_del(1);
	run();
	model_rule_stats(2, now_us, &stats);
	assert_int_equal(stats.packets, 1);
}

static void test_chains(void **state)
{
	const struct xvio_flow_action tag[] = {action(XVIO_ACTION_VLAN_PUSH, 0x81000005),
					       action(XVIO_ACTION_GOTO, 3)};
	const struct xvio_flow_action loop[] = {action(XVIO_ACTION_GOTO, 3)};
	struct xvio_flow_stats stats;

	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	rule(1, 0, tag, 2);
	run();
	to_host(0, XVIO_META_F_REPR, 3);
	assert_int_equal(frames.frame[0].len_bytes, sizeof(udp_ipv4) + 4);
	rule(2, 3, loop, 1);
	run();
	assert_int_equal(frames.num, 0);
	assert_int_equal(model_stats(PORT_A)->drop_depth, 1);
	model_rule_stats(1, now_us, &stats);
	assert_int_equal(stats.packets, 2);
	assert_int_equal(stats.bytes, 2 * sizeof(udp_ipv4));
	model_rule_stats(2, now_us, &stats);
	assert_int_equal(stats.packets, XVIO_FLOW_MAX_DEPTH - 1);
	assert_int_equal(stats.bytes, (XVIO_FLOW_MAX_DEPTH - 1) * (sizeof(udp_ipv4) + 4));
}

/* What does not change it */

static void test_ends(void **state)
{
	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	one_rule(action(XVIO_ACTION_DROP, 0));
	run();
	assert_int_equal(frames.num, 0);
	assert_int_equal(model_stats(PORT_A)->drop_rule, 1);
	one_rule(action(XVIO_ACTION_ACCEPT, 0));
	run();
	to_host(0, XVIO_META_F_REPR, 0);
	one_rule(action(XVIO_ACTION_TRAP, 0));
	run();
	to_host(0, XVIO_META_F_REPR | XVIO_META_F_TRAP, 0);
	one_rule(action(XVIO_ACTION_OUTPUT, PORT_B));
	run();
	left_by_b(0, udp_ipv4, sizeof(udp_ipv4));
}

/* Each copy is as the packet was, and as it was marked, then. */
static void test_copies(void **state)
{
	struct xvio_flow_action list[] = {
		action(XVIO_ACTION_MIRROR, PORT_B), action(XVIO_ACTION_MARK, 0x12345678),
		action(XVIO_ACTION_VLAN_PUSH, 1),   action(XVIO_ACTION_SAMPLE, 1),
		action(XVIO_ACTION_PRIORITY, 9),    action(XVIO_ACTION_VLAN_POP, 0),
		action(XVIO_ACTION_ACCEPT, 0),
	};

	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	list[2].arg = 0x8100u << 16 | 7;
	list[3].value = 77;
	list[3].mask = 20;
	rule(1, 0, list, 7);
	run();
	assert_int_equal(frames.num, 3);
	left_by_b(0, udp_ipv4, sizeof(udp_ipv4));
	to_host(1, XVIO_META_F_REPR | XVIO_META_F_SAMPLE, 77);
	assert_int_equal(frames.frame[1].len_bytes, 20);
	assert_int_equal(frames.frame[1].frame_bytes, sizeof(udp_ipv4) + 4);
	assert_int_equal(frames.frame[1].mark, 0x12345678);
	assert_int_equal(frames.frame[1].priority, 0);
	assert_memory_equal(frames.frame[1].data + 12, "\x81\x00\x00\x07\x08\x00\x45\x00", 8);
	to_host(2, XVIO_META_F_REPR, 0);
	assert_int_equal(frames.frame[2].priority, 9);
	assert_int_equal(frames.frame[2].frame_bytes, 0);
	assert_int_equal(frames.frame[2].len_bytes, sizeof(udp_ipv4));
	assert_int_equal(model_stats(PORT_A)->copied, 2);
}

static void test_length(void **state)
{
	struct xvio_flow_action list[] = {
		action(XVIO_ACTION_LENGTH, sizeof(udp_ipv4)),
		action(XVIO_ACTION_DROP, 0),
		action(XVIO_ACTION_OUTPUT, PORT_B),
	};
	struct xvio_flow_stats stats;

	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	list[0].a = XVIO_NEXT_DROP;
	list[0].b = XVIO_NEXT_SKIP(1);
	rule(1, 0, list, 3);
	run();
	left_by_b(0, udp_ipv4, sizeof(udp_ipv4));
	packet.len_bytes++; /* padding counts */
	run();
	assert_int_equal(frames.num, 0);
	assert_int_equal(model_stats(PORT_A)->drop_policed, 1);
	model_rule_stats(1, now_us, &stats);
	assert_int_equal(stats.packets, 2);
	assert_int_equal(stats.drops, 1);
	list[0].a = XVIO_NEXT_ACCEPT;
	model_reset();
	rule(1, 0, list, 3);
	run();
	to_host(0, XVIO_META_F_REPR, 0);
}

static void test_meter(void **state)
{
	struct xvio_cmd_meter meter = {.id = 2, .unit = XVIO_METER_BYTES, .rate = 1000};
	struct xvio_flow_action only = action(XVIO_ACTION_METER, 2);

	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	only.a = XVIO_NEXT_DROP;
	one_rule(only);
	meter.burst = 2 * sizeof(udp_ipv4) - 1;
	model_meter_set(&meter, now_us);
	run();
	assert_int_equal(frames.num, 1);
	run(); /* one is missing */
	assert_int_equal(frames.num, 0);
	now_us += 999;
	run();
	assert_int_equal(frames.num, 0);
	now_us += 1;
	run();
	assert_int_equal(frames.num, 1);
	now_us += 100000000;
	run();
	run();
	assert_int_equal(frames.num, 0);
	meter.unit = XVIO_METER_PACKETS;
	meter.burst = 2;
	model_meter_set(&meter, now_us);
	run();
	run();
	assert_int_equal(frames.num, 1);
	run();
	assert_int_equal(frames.num, 0);
}

/* Changes */

static void test_set(void **state)
{
	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	wanted[25] = 0xc3;
	wanted[33] = 9;
	wanted[41] = 0x91;
	becomes(set(XVIO_HDR_IPV4, 16, "\0\0\0\x09", "\0\0\0\xff"), sizeof(udp_ipv4));
	take(udp_ipv4, sizeof(udp_ipv4));
	wanted[15] = 0xb8;
	wanted[25] = 0x12;
	becomes(set(XVIO_HDR_IPV4, 0, "\0\xb8\0\0", "\0\xff\0\0"), sizeof(udp_ipv4));
	take(udp_ipv4, sizeof(udp_ipv4));
	memcpy(wanted + 36, "\x80\x00\x00\x0c\x57\xcd", 6);
	becomes(set(XVIO_HDR_UDP, 0, "\0\0\x80\0", "\0\0\xff\xff"), sizeof(udp_ipv4));
	take(udp_ipv4, sizeof(udp_ipv4));
	becomes(set(XVIO_HDR_TCP, 0, "\0\0\x80\0", "\0\0\xff\xff"), sizeof(udp_ipv4));
	becomes(set(XVIO_HDR_IPV6, 4, "\0\0\0\1", "\0\0\0\xff"), sizeof(udp_ipv4));
	memcpy(wanted + 4, "\x12\x34\x56\x78", 4);
	becomes(set(XVIO_HDR_ETH, 4, "\x12\x34\x56\x78", ALL), sizeof(udp_ipv4));
	take(tcp_ipv4, sizeof(tcp_ipv4));
	wanted[47] = 0x19;
	wanted[51] = 0x10;
	becomes(set(XVIO_HDR_TCP, 12, "\0\1\0\0", "\0\1\0\0"), sizeof(tcp_ipv4));
	take(icmp_ipv6, sizeof(icmp_ipv6));
	wanted[52] = 1;
	wanted[56] = 0x84;
	becomes(set(XVIO_HDR_IPV6, 36, "\0\0\1\2", ALL), sizeof(icmp_ipv6));
}

/* A checksum that is wrong stays wrong by as much, one that is none stays none, and fragments are adjusted. */
static void test_set_wrong(void **state)
{
	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	packet.data[24]++;
	packet.data[40] -= 3;
	memcpy(wanted, packet.data, sizeof(udp_ipv4));
	wanted[25] = 0xc3;
	wanted[33] = 9;
	wanted[41] = 0x91;
	becomes(set(XVIO_HDR_IPV4, 16, "\x0a\0\0\x09", ALL), sizeof(udp_ipv4));
	take(udp_ipv4, sizeof(udp_ipv4));
	memset(packet.data + 40, 0, 2);
	memset(wanted + 40, 0, 2);
	wanted[25] = 0xc3;
	wanted[33] = 9;
	becomes(set(XVIO_HDR_IPV4, 16, "\x0a\0\0\x09", ALL), sizeof(udp_ipv4));
	take(udp_ipv4, sizeof(udp_ipv4));
	packet.data[20] = wanted[20] =
		0x20; /* a first fragment: most of the checksum is elsewhere */
	packet.data[24] = wanted[24] = 0x46;
	packet.data[39] = wanted[39] = 200;
	memcpy(packet.data + 40, "\x12\x34", 2);
	memcpy(wanted + 40, "\x12\x2d", 2);
	wanted[25] = 0xc3;
	wanted[33] = 9;
	becomes(set(XVIO_HDR_IPV4, 16, "\x0a\0\0\x09", ALL), sizeof(udp_ipv4));
}

static void test_add_ttl(void **state)
{
	struct xvio_flow_action down = action(XVIO_ACTION_ADD_TTL, 255);

	(void)state;
	down.a = XVIO_HDR_IPV4;
	take(udp_ipv4, sizeof(udp_ipv4));
	wanted[22] = 63;
	wanted[24] = 0x67;
	becomes(down, sizeof(udp_ipv4));
	take(icmp_ipv6, sizeof(icmp_ipv6));
	becomes(down, sizeof(icmp_ipv6));
	down.a = XVIO_HDR_IPV6;
	wanted[21] = 63;
	becomes(down, sizeof(icmp_ipv6));
	packet.data[21] = 0;
	wanted[21] = 255;
	becomes(down, sizeof(icmp_ipv6));
}

static void insert(uint32_t at, const char bytes[4])
{
	memmove(wanted + at + 4, wanted + at, sizeof(wanted) - at - 4);
	memcpy(wanted + at, bytes, 4);
}

static void test_vlan(void **state)
{
	struct xvio_flow_action change = action(XVIO_ACTION_VLAN_SET, 0x81000123);

	(void)state;
	change.mask = 0x0fff;
	take(udp_ipv4, sizeof(udp_ipv4));
	becomes(action(XVIO_ACTION_VLAN_POP, 0), sizeof(udp_ipv4));
	becomes(change, sizeof(udp_ipv4));
	insert(12, "\x88\xa8\xe0\x05");
	becomes(action(XVIO_ACTION_VLAN_PUSH, 0x88a8e005), sizeof(udp_ipv4) + 4);
	memcpy(packet.data, wanted, packet.len_bytes += 4);
	memcpy(wanted + 12, "\x81\x00\xe1\x23", 4);
	becomes(change, sizeof(udp_ipv4) + 4);
	memcpy(wanted, udp_ipv4, sizeof(udp_ipv4));
	becomes(action(XVIO_ACTION_VLAN_POP, 0), sizeof(udp_ipv4));
}

static void test_mpls(void **state)
{
	struct xvio_flow_action push = action(XVIO_ACTION_MPLS_PUSH, 0x8847);
	struct xvio_flow_action change = {.type = XVIO_ACTION_MPLS_SET};
	struct xvio_flow_action pop = action(XVIO_ACTION_MPLS_POP, 0x0800);

	(void)state;
	memcpy(&push.value, "\x00\x01\x00\x40", 4);
	memcpy(&change.value, "\x00\x00\x00\x3f", 4);
	memcpy(&change.mask, "\x00\x00\x00\xff", 4);
	push.a = 1;
	take(udp_ipv4, sizeof(udp_ipv4));
	becomes(pop, sizeof(udp_ipv4));
	becomes(change, sizeof(udp_ipv4));
	insert(14, "\x00\x01\x01\x40"); /* the last one, says S */
	memcpy(wanted + 12, "\x88\x47", 2);
	becomes(push, sizeof(udp_ipv4) + 4);
	memcpy(packet.data, wanted, packet.len_bytes += 4);
	wanted[17] = 0x3f;
	becomes(change, sizeof(udp_ipv4) + 4);
	wanted[17] = 0x40;
	insert(14, "\x00\x01\x00\x40");
	becomes(push, sizeof(udp_ipv4) + 8);
	memcpy(wanted, udp_ipv4, sizeof(udp_ipv4));
	becomes(pop, sizeof(udp_ipv4));
	one_rule(action(XVIO_ACTION_MPLS_POP, 0x86dd)); /* which it is not */
	run();
	assert_int_equal(frames.num, 0);
	assert_int_equal(model_stats(PORT_A)->drop_malformed, 1);
}

static void test_csum(void **state)
{
	struct xvio_flow_action csum = {.type = XVIO_ACTION_CSUM, .a = XVIO_CSUM_IPV4};

	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	packet.data[24]++;
	packet.data[41]++;
	wanted[41]++;
	becomes(csum, sizeof(udp_ipv4));
	wanted[41]--;
	csum.a |= XVIO_CSUM_UDP;
	becomes(csum, sizeof(udp_ipv4));
	memset(packet.data + 40, 0, 2);
	memset(wanted + 40, 0, 2);
	becomes(csum, sizeof(udp_ipv4));
	take(icmp_ipv6, sizeof(icmp_ipv6));
	packet.data[57]++;
	csum.a = XVIO_CSUM_ICMP;
	becomes(csum, sizeof(icmp_ipv6));
	take(tcp_ipv4, sizeof(tcp_ipv4));
	packet.data[50] = 0;
	csum.a = XVIO_CSUM_TCP;
	becomes(csum, sizeof(tcp_ipv4));
}

/* What the sender left to the card */

static void ask(void)
{
	take(tcp_ipv4, sizeof(tcp_ipv4));
	memcpy(packet.data + 50, "\x14\x21", 2);
	packet.header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	packet.header.csum_start = 34;
	packet.header.csum_offset = 16;
	packet.is_ipv6 = false;
	packet.is_tcp = true;
	packet.l3_at = 14;
	packet.l4_at = 34;
	packet.payload_at = 54;
	packet.end = sizeof(tcp_ipv4);
}

static void test_partial(void **state)
{
	(void)state;
	ask();
	becomes(action(XVIO_ACTION_MARK, 1), sizeof(tcp_ipv4));
	wanted[25] = 0xc2;
	wanted[33] = 9;
	wanted[51] = 0x0a;
	becomes(set(XVIO_HDR_IPV4, 16, "\0\0\0\x09", "\0\0\0\xff"), sizeof(tcp_ipv4));
}

/* What would be summed up is seen as a header: it cannot be done any more. */
static void test_partial_in_header(void **state)
{
	struct xvio_flow_action list[] = {
		action(XVIO_ACTION_MPLS_PUSH, 0x8847),
		action(XVIO_ACTION_MPLS_POP, 0x8847),
		action(XVIO_ACTION_MPLS_POP, 0x1234),
	};
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		model_reset();
		rule(1, 0, list, 3);
		ask();
		if (i)
			packet.header.csum_start = 16;
		packet.header.csum_offset = (uint16_t)(50 - packet.header.csum_start);
		run();
		assert_int_equal(frames.num, !i);
		assert_int_equal(model_stats(PORT_A)->drop_malformed, i);
	}
}

/* Two frames of two bytes: counted as one packet, metered and measured as what they are. */
static void test_gso(void **state)
{
	const uint32_t frame_bytes = sizeof(tcp_ipv4) - 2;
	struct xvio_cmd_meter meter = {.unit = XVIO_METER_BYTES, .rate = 1};
	struct xvio_flow_action list[] = {
		action(XVIO_ACTION_LENGTH, frame_bytes + 4),
		action(XVIO_ACTION_VLAN_PUSH, 0x81000001),
		action(XVIO_ACTION_LENGTH, frame_bytes + 3),
		action(XVIO_ACTION_METER, 0),
	};
	struct xvio_flow_stats stats;
	unsigned i;

	(void)state;
	list[0].a = list[2].b = list[3].a = XVIO_NEXT_DROP;
	meter.burst = 2 * (frame_bytes + 4);
	model_meter_set(&meter, now_us);
	rule(1, 0, list, 4);
	ask();
	packet.header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	packet.header.gso_size = 2;
	run();
	model_rule_stats(1, now_us, &stats);
	assert_int_equal(stats.packets, 1);
	assert_int_equal(stats.bytes, sizeof(tcp_ipv4));
	assert_int_equal(frames.num, 2);
	for (i = 0; i < 2; i++) {
		const uint8_t *data = frames.frame[i].data;

		assert_int_equal(frames.frame[i].len_bytes, frame_bytes + 4);
		assert_memory_equal(data + 12, "\x81\x00\x00\x01\x08\x00\x45\x00\x00\x2a", 10);
		assert_int_equal(data[45], 100 + 2 * i); /* sequence number */
		assert_int_equal(data[51], i ? 0x18 : 0x10); /* PSH */
		assert_memory_equal(data + 58, i ? "\3\4" : "\1\2", 2);
		assert_int_equal(wire_sum(data + 18, 20, 0), 0xffff);
	}
	run(); /* not one byte is left */
	assert_int_equal(frames.num, 0);
	meter.burst--;
	model_meter_set(&meter, now_us);
	run();
	assert_int_equal(frames.num, 0);
}

static void test_malformed(void **state)
{
	(void)state;
	take(udp_ipv4, sizeof(udp_ipv4));
	one_rule(action(XVIO_ACTION_OUTPUT, PORT_B));
	packet.data[14] = 0x44;
	run();
	assert_int_equal(frames.num, 0);
	assert_int_equal(model_stats(PORT_A)->drop_malformed, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lookup),    TEST(test_chains),
		TEST(test_ends),      TEST(test_copies),
		TEST(test_length),    TEST(test_meter),
		TEST(test_set),	      TEST(test_set_wrong),
		TEST(test_add_ttl),   TEST(test_vlan),
		TEST(test_mpls),      TEST(test_csum),
		TEST(test_partial),   TEST(test_partial_in_header),
		TEST(test_malformed), TEST(test_gso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
