/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Policies of ports beside a plain model of them: random frames from, to and between ports with and without a
 * VLAN and a check of their source, over cores, to several ports at once.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/flow.h"
#include "path/policy.h"
#include "path/port.h"
#include "path/rxfilter.h"
#include "path/worker.h"

#define PORT_A	  XVIO_PORT_VF(0)
#define PORT_B	  XVIO_PORT_VF(1)
#define WORLD	  (HAL_HOST_MAPPED ? XVIO_PORT_VDPA(0) : XVIO_PORT_UPLINK(0))
#define MAX_BURST 20u
#define MAX_BYTES 10000u

static struct bed_port pf, a, b, world; /* world is an uplink where there are some */
static uint8_t got[MAX_BYTES];

static const uint8_t own_mac[6] = {2, 0, 0,
				   0, 0, 1}; /* of all ports of the bed, and in its frames */
static const uint8_t new_dst[6] = {2, 0, 0, 0, 0, 0x77};

static void start(unsigned num_cores)
{
	bed_start(num_cores, !HAL_HOST_MAPPED);
	bed_add_port(&pf, XVIO_PORT_PF, 256);
	bed_add_port(&a, PORT_A, 256);
	bed_add_port(&b, PORT_B, 256);
	if (HAL_HOST_MAPPED)
		bed_add_port(&world, WORLD, 256);
	else
		bed_add_uplink(0);
}

static void world_send(const uint8_t *frame, uint32_t len_bytes)
{
	if (!HAL_HOST_MAPPED) {
		assert_true(fake_mac_push(0, frame, len_bytes));
		return;
	}
	assert_true(bed_send(&world, frame, len_bytes, 1 + len_bytes / 1000));
	bed_ring(&world, BED_TX);
}

/* Frames get there while there is a buffer: world_post(). */
static uint32_t world_receive(void)
{
	if (!HAL_HOST_MAPPED)
		return (uint32_t)fake_mac_pop(0, got, sizeof(got));
	return bed_receive(&world, got, NULL);
}

static void world_post(unsigned num)
{
	if (HAL_HOST_MAPPED)
		bed_post(&world, num, 9100);
}

/* A frame on its way, and the model: what a port's policy makes of it; its length is 0 if it is dropped. */
struct frame {
	uint32_t len_bytes;
	uint8_t byte[MAX_BYTES];
};

struct rules {
	bool checks_source;
	uint16_t tci;
};

static void set_policy(uint16_t port, struct rules rules)
{
	policy_set(port, rules.checks_source, rules.tci);
}

static void put_tag(struct frame *frame, uint16_t tpid, uint16_t tci)
{
	const uint8_t tag[4] = {(uint8_t)(tpid >> 8), (uint8_t)tpid, (uint8_t)(tci >> 8),
				(uint8_t)tci};

	memmove(frame->byte + 16, frame->byte + 12, frame->len_bytes - 12);
	memcpy(frame->byte + 12, tag, 4);
	frame->len_bytes += 4;
}

static bool has_tag(const struct frame *frame, unsigned tpid)
{
	return frame->len_bytes >= 18 && (unsigned)(frame->byte[12] << 8 | frame->byte[13]) == tpid;
}

static void model_enter(struct frame *frame, struct rules rules)
{
	const bool is_tagged = has_tag(frame, 0x8100) || has_tag(frame, 0x88a8);

	if (rules.checks_source &&
	    (memcmp(frame->byte + 6, own_mac, 6) != 0 || (rules.tci && is_tagged)))
		frame->len_bytes = 0;
	else if (rules.tci)
		put_tag(frame, 0x8100, rules.tci);
}

static void model_leave(struct frame *frame, struct rules rules)
{
	const unsigned vid = (unsigned)(frame->byte[14] << 8 | frame->byte[15]) & 0xfff;

	if (!rules.tci || !frame->len_bytes)
		return;
	if (!has_tag(frame, 0x8100) || vid != (rules.tci & 0xfff)) {
		frame->len_bytes = 0;
		return;
	}
	frame->len_bytes -= 4;
	memmove(frame->byte + 12, frame->byte + 16, frame->len_bytes - 12);
}

static const uint16_t some_tci[] = {10, 0x600a, 20, 4094, 1};

static struct rules random_rules(void)
{
	return (struct rules){
		.checks_source = check_random(2),
		.tci = check_random(3) ? some_tci[check_random(5)] : 0,
	};
}

/* Of one's own address or not, with tags or none, short or long. */
static void random_frame(struct frame *frame, uint32_t seed)
{
	frame->len_bytes = check_random(8) ? 60 + check_random(1500) : 60 + check_random(8900);
	bed_frame(frame->byte, frame->len_bytes, seed);
	if (!check_random(10)) {
		frame->len_bytes = 14 + check_random(6); /* no IP in it */
		frame->byte[12] = 0x12;
	}
	if (!check_random(4))
		frame->byte[6 + check_random(6)] ^= 0x10;
	if (!check_random(6))
		put_tag(frame, 0x8100, (uint16_t)check_random(0x10000));
	if (!check_random(3))
		put_tag(frame, check_random(6) ? 0x8100 : 0x88a8,
			some_tci[check_random(5)] | (uint16_t)(check_random(2) << 12));
}

/* Where packets go, and what with: bits. */
enum {
	TO_B = 1,
	TO_WORLD = 2,
	NEW_DST = 4, /* for all outputs behind, so it is put first */
};

static void set_route(uint16_t from, unsigned to)
{
	struct xvio_flow_rule rule = {
		.cookie = 1, .prio = 1, .key.in_port = from, .mask.in_port = 0xffff};

	flow_flush();
	if (to & NEW_DST)
		act_eth_dst(&rule, new_dst);
	if (to & TO_B)
		act_copy(&rule, PORT_B);
	if (to & TO_WORLD)
		act_copy(&rule, WORLD);
	act_end(&rule);
}

static void check_left(const struct frame *want, uint32_t got_bytes)
{
	assert_int_equal(got_bytes, want->len_bytes);
	assert_memory_equal(got, want->byte, got_bytes);
}

/* What comes by a port with rules of its own has left by all ports of the route as the model says. */
static void check_leaves(const struct frame *frames, unsigned num, unsigned to,
			 struct rules rules_b)
{
	struct frame want;
	unsigned i;

	for (i = 0; i < num; i++) {
		if (!frames[i].len_bytes)
			continue;
		want = frames[i];
		if (to & NEW_DST)
			memcpy(want.byte, new_dst, 6);
		if (to & TO_WORLD)
			check_left(&want, world_receive());
		model_leave(&want, rules_b);
		if (to & TO_B && want.len_bytes)
			check_left(&want, bed_receive(&b, got, NULL));
	}
	assert_int_equal(bed_receive(&b, got, NULL), 0);
	assert_int_equal(world_receive(), 0);
	if ((to & (TO_B | TO_WORLD)) == (TO_B | TO_WORLD))
		bed_check_pools(); /* one comes, two go */
	else
		bed_check_quiet();
}

static struct frame frames[MAX_BURST];

static void random_round(void)
{
	const struct rules rules_a = random_rules();
	const struct rules rules_b = check_random(2) ? rules_a : random_rules();
	const unsigned from = check_random(3);
	const unsigned num = 1 + check_random(MAX_BURST);
	unsigned to = from == 2 ? TO_B : 1 + check_random(7);
	unsigned i;

	if (to == NEW_DST)
		to = NEW_DST | TO_WORLD;
	set_policy(PORT_A, rules_a);
	set_policy(PORT_B, rules_b);
	set_route(from ? WORLD : PORT_A, to);
	bed_post(&b, MAX_BURST, 9100);
	world_post(MAX_BURST);
	for (i = 0; i < num; i++) {
		struct frame *frame = &frames[i];
		unsigned pieces;

		random_frame(frame, i);
		pieces = 1 + frame->len_bytes / 1000;
		if (from == 0) {
			assert_true(bed_send(&a, frame->byte, frame->len_bytes, pieces));
			model_enter(frame, rules_a);
		} else if (from == 1) {
			world_send(frame->byte, frame->len_bytes);
		} else {
			frame->len_bytes %= 1900; /* as far as bed_send_marked() goes */
			frame->len_bytes += 60;
			assert_true(bed_send_marked(&pf, frame->byte, frame->len_bytes, PORT_B,
						    XVIO_META_F_REPR));
		}
	}
	bed_ring(&a, BED_TX);
	bed_ring(&pf, BED_TX);
	fake_run();
	bed_reap_sent(&a);
	bed_reap_sent(&pf);
	if (HAL_HOST_MAPPED)
		bed_reap_sent(&world);
	check_leaves(frames, num, to, rules_b);
}

static void test_random(void **state)
{
	unsigned num_cores;
	unsigned round;

	(void)state;
	check_seed(1);
	for (num_cores = 2; num_cores <= 4; num_cores++) {
		for (round = 0; round < 60; round++) {
			start(num_cores);
			random_round();
		}
	}
}

/* The lookup sees the tag: rules match it, and a miss comes to host software with it. */
static void test_lookup_sees_the_tag(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.prio = 1,
		.num_actions = 1,
		.key = {.in_port = PORT_A, .vlan_tpid = 0x0081, .vlan_tci = 0x0a10},
		.mask = {.in_port = 0xffff, .vlan_tpid = 0xffff, .vlan_tci = 0xff1f},
		.action[0] = {.type = XVIO_ACTION_OUTPUT, .arg = WORLD},
	};
	struct xvio_pkt_meta meta;
	struct frame *frame = &frames[0];
	uint32_t detail;

	(void)state;
	start(2);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	bed_post(&pf, 4, 1600);
	world_post(4);
	frame->len_bytes = 100;
	bed_frame(frame->byte, 100, 1);
	assert_true(bed_send(&a, frame->byte, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&pf, got, &meta), 100); /* untagged: a miss */
	set_policy(PORT_A, (struct rules){.tci = 0x600a});
	assert_true(bed_send(&a, frame->byte, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	put_tag(frame, 0x8100, 0x600a);
	check_left(frame, world_receive());
	set_policy(PORT_A, (struct rules){.tci = 0x600b});
	bed_frame(frame->byte, 100, 1);
	assert_true(bed_send(&a, frame->byte, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	frame->len_bytes = 100;
	put_tag(frame, 0x8100, 0x600b);
	check_left(frame, bed_receive(&pf, got, &meta));
	assert_int_equal(meta.port, PORT_A);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_FLOW_MISSES), 2);
	bed_check_quiet();
}

static void send_and_count(unsigned want_sent, uint64_t want_spoofed)
{
	bed_frame(frames[0].byte, 100, 1);
	assert_true(bed_send(&a, frames[0].byte, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(!!world_receive(), want_sent);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_SPOOFED), want_spoofed);
}

static void test_source_is_counted_and_follows_the_mac(void **state)
{
	(void)state;
	start(2);
	bed_rule(1, PORT_A, WORLD);
	world_post(4);
	send_and_count(1, 0);
	port_set_mac(PORT_A, new_dst);
	send_and_count(1, 0); /* nobody asked */
	set_policy(PORT_A, (struct rules){.checks_source = true});
	send_and_count(0, 1);
	send_and_count(0, 2);
	port_set_mac(PORT_A, own_mac);
	send_and_count(1, 2);
	port_set_mac(PORT_A, new_dst);
	send_and_count(0, 3);
	set_policy(PORT_A, (struct rules){0});
	send_and_count(1, 3);
	assert_int_equal(bed_reap_sent(&a), 7);
	bed_check_quiet();
}

/* Why a frame was not delivered is counted at the port that it was for. */
static void test_other_vlans_are_counted(void **state)
{
	(void)state;
	start(3);
	bed_rule(1, WORLD, PORT_B);
	bed_post(&b, 4, 1600);
	set_policy(PORT_B, (struct rules){.tci = 10});
	frames[0].len_bytes = 100;
	bed_frame(frames[0].byte, 100, 1);
	world_send(frames[0].byte, 100);
	put_tag(&frames[0], 0x8100, 11);
	world_send(frames[0].byte, 104);
	fake_run();
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_VLAN), 2);
	frames[0].byte[15] = 10;
	world_send(frames[0].byte, 104);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_VLAN), 2);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_TX_BYTES), 100);
	bed_check_quiet();
}

/* What the receiver's driver does not want is decided by the frame that it would get: its own tags count. */
static void test_driver_filters_what_it_would_get(void **state)
{
	static const uint16_t inner[] = {0, 5, 6};
	struct rxfilter *filter;
	unsigned i;

	(void)state;
	start(2);
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 4, 1600);
	set_policy(PORT_A, (struct rules){.tci = 10});
	set_policy(PORT_B, (struct rules){.tci = 10});
	filter = rxfilter_create();
	assert_non_null(filter);
	filter->unicast = RXFILTER_ALL;
	filter->checks_vlans = true;
	filter->vlan[0] = 1u << 5;
	vnet_set_filter(PORT_B, filter);
	for (i = 0; i < 3; i++) {
		frames[i].len_bytes = 100;
		bed_frame(frames[i].byte, 100, i);
		if (inner[i])
			put_tag(&frames[i], 0x8100, inner[i]);
		assert_true(bed_send(&a, frames[i].byte, frames[i].len_bytes, 1));
	}
	bed_ring(&a, BED_TX);
	fake_run();
	check_left(&frames[0], bed_receive(&b, got, NULL));
	check_left(&frames[1], bed_receive(&b, got, NULL));
	assert_int_equal(bed_receive(&b, got, NULL), 0);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_FILTERED), 1);
	bed_check_quiet();
	vnet_set_filter(PORT_B, NULL);
	rxfilter_destroy(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_lookup_sees_the_tag),
		cmocka_unit_test(test_source_is_counted_and_follows_the_mac),
		cmocka_unit_test(test_other_vlans_are_counted),
		cmocka_unit_test(test_driver_filters_what_it_would_get),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
