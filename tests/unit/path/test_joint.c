/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Ways through several chains as one cache entry: how often the classifier is asked for them, and what a change of the
 * rules makes of them. What packets become on their way: test_switch_random.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "path/action.h"
#include "path/core.h"
#include "path/flow.h"

#define PORT_A	  XVIO_PORT_VDPA(0)
#define PORT_B	  XVIO_PORT_VDPA(1)
#define NUM_FLOWS 12u
#define LAST	  3u /* chain */

static struct bed_port pf, a, b;

/* The destination port of a flow, as on the wire. Far apart, so that none displaces another in the cache. */
static uint16_t tp_of(unsigned flow)
{
	return (uint16_t)(1 + flow * 5003);
}

/* From chain to chain for everybody, in the last one a rule for each flow, by destination port. */
static void add(uint64_t cookie, uint32_t chain, uint32_t prio, uint16_t tp_dst,
		struct xvio_flow_action action)
{
	struct xvio_flow_rule rule = {
		.cookie = cookie,
		.chain = chain,
		.prio = prio,
		.num_actions = 1,
		.key.in_port = PORT_A,
		.mask.in_port = 0xffff,
		.key.tp_dst = tp_dst,
		.mask.tp_dst = tp_dst ? 0xffff : 0,
		.action = {action},
	};
	uint32_t detail;

	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
}

static const struct xvio_flow_action to_b = {.type = XVIO_ACTION_OUTPUT, .arg = PORT_B};
static const struct xvio_flow_action drop = {.type = XVIO_ACTION_DROP};

static uint64_t chain_cookie(uint32_t chain)
{
	return 1000 + chain;
}

/* Without rules. */
static void start_ports(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 256);
	bed_add_port(&b, PORT_B, 256);
}

static void start(void)
{
	unsigned i;

	start_ports();
	bed_add_port(&pf, XVIO_PORT_PF, 256);
	bed_post(&pf, 200, 200);
	for (i = 0; i < LAST; i++)
		add(chain_cookie(i), i, 10, 0,
		    (struct xvio_flow_action){.type = XVIO_ACTION_GOTO, .arg = i + 1});
	for (i = 0; i < NUM_FLOWS; i++)
		add(i, LAST, 10, tp_of(i), to_b);
}

/* A packet of each flow; how many of them asked the classifier, and in *num_came how many came to b. */
static uint64_t send_all(unsigned *num_came)
{
	const uint64_t before = bed_num_asked();
	uint8_t frame[64];
	uint8_t got[10000];
	unsigned i;

	bed_post(&b, NUM_FLOWS, 200);
	for (i = 0; i < NUM_FLOWS; i++) {
		const uint16_t tp_dst = tp_of(i);

		bed_frame(frame, sizeof(frame), 1);
		memcpy(frame + 36, &tp_dst, 2);
		assert_true(bed_send(&a, frame, sizeof(frame), 1));
	}
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), NUM_FLOWS);
	*num_came = 0;
	while (bed_receive(&b, got, NULL))
		++*num_came;
	return bed_num_asked() - before;
}

static void expect(uint64_t asked, unsigned came)
{
	unsigned num_came;

	assert_int_equal(send_all(&num_came), asked);
	assert_int_equal(num_came, came);
}

/* Sends one packet of a's; the length that b gets, 0: nothing. */
static uint32_t pass(const uint8_t *frame, uint32_t len_bytes)
{
	uint8_t got[10000];

	assert_true(bed_send(&a, frame, len_bytes, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), 1);
	return bed_receive(&b, got, NULL);
}

static uint64_t packets(uint64_t cookie)
{
	struct xvio_flow_stats stats;

	assert_int_equal(flow_stats(cookie, &stats), XVIO_ST_OK);
	return stats.packets;
}

/* The first packet finds the way, the others know it, and all rules of it count. */
static void test_warm(void **state)
{
	unsigned i;

	(void)state;
	start();
	expect(NUM_FLOWS, NUM_FLOWS);
	for (i = 0; i < 3; i++)
		expect(0, NUM_FLOWS);
	for (i = 0; i < LAST; i++)
		assert_int_equal(packets(chain_cookie(i)), 4 * NUM_FLOWS);
	for (i = 0; i < NUM_FLOWS; i++)
		assert_int_equal(packets(i), 4);
	bed_check_quiet();
}

/* A rule that goes takes the ways that it is part of along, and no other. */
static void test_removal(void **state)
{
	(void)state;
	start();
	expect(NUM_FLOWS, NUM_FLOWS);
	assert_int_equal(flow_del(7, NULL), XVIO_ST_OK);
	expect(1, NUM_FLOWS - 1);
	expect(0, NUM_FLOWS - 1);
	assert_int_equal(flow_del(chain_cookie(1), NULL), XVIO_ST_OK);
	expect(NUM_FLOWS, 0);
	expect(0, 0);
}

/* A rule that comes: nobody asks whose chains it does not come to, and it wins where it is better. */
static void test_addition(void **state)
{
	(void)state;
	start();
	expect(NUM_FLOWS, NUM_FLOWS);
	add(500, 77, 1, tp_of(0), drop); /* nobody is led there */
	expect(0, NUM_FLOWS);
	add(501, 0, 5, tp_of(1), drop); /* better, for one flow */
	expect(1, NUM_FLOWS - 1);
	add(502, 0, 50, 0, drop); /* worse */
	expect(0, NUM_FLOWS - 1);
	add(503, LAST, 5, tp_of(2), drop);
	expect(NUM_FLOWS - 1, NUM_FLOWS - 2);
	expect(0, NUM_FLOWS - 2);
}

/* A chain without a rule for the packet is remembered, too, until there is one. */
static void test_miss(void **state)
{
	(void)state;
	start();
	assert_int_equal(flow_del(3, NULL), XVIO_ST_OK);
	expect(NUM_FLOWS, NUM_FLOWS - 1);
	expect(0, NUM_FLOWS - 1);
	add(3, LAST, 10, tp_of(3), to_b);
	expect(NUM_FLOWS, NUM_FLOWS);
	expect(0, NUM_FLOWS);
}

/* What a change brings up was not in the key: it is looked up for each packet. */
static void test_revealed(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.num_actions = 2,
		.action = {{.type = XVIO_ACTION_MPLS_POP, .arg = 0x0800},
			   {.type = XVIO_ACTION_GOTO, .arg = 1}},
	};
	uint8_t frame[68];
	uint32_t detail;
	unsigned i;

	(void)state;
	start_ports();
	bed_post(&b, 8, 1600);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	add(2, 1, 1, 0x0100, to_b);
	add(3, 1, 1, 0x0101, drop);
	for (i = 0; i < 8; i++) { /* the same label in front of two flows */
		const uint16_t tp_dst = (uint16_t)(0x100 + i % 2);

		bed_frame(frame + 4, 64, 1);
		memmove(frame, frame + 4, 12);
		memcpy(frame + 12, "\x88\x47\x00\x01\x01\x40", 6);
		memcpy(frame + 40, &tp_dst, 2);
		assert_int_equal(pass(frame, sizeof(frame)), i % 2 ? 0 : 64);
	}
}

/* A packet that does not go on where others do says nothing about their way. */
static void test_way_left(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 2,
		.chain = 1,
		.num_actions = 2,
		.action = {{.type = XVIO_ACTION_LENGTH, .arg = 80, .a = XVIO_NEXT_DROP},
			   {.type = XVIO_ACTION_GOTO, .arg = 2}},
	};
	static const uint32_t lengths[] = {81, 80, 81, 80};
	uint8_t frame[100];
	uint32_t detail;
	unsigned i;

	(void)state;
	start_ports();
	bed_post(&b, 4, 1600);
	bed_frame(frame, 80, 1); /* with padding it is the same flow */
	add(1, 0, 1, 0, (struct xvio_flow_action){.type = XVIO_ACTION_GOTO, .arg = 1});
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	add(3, 2, 1, 0, to_b);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pass(frame, lengths[i]), i % 2 ? 80 : 0);
	}
	assert_int_equal(packets(2), 4);
}

/* What moves to another place by a change is part of the key, if only rules behind the change look at it, there. */
static void test_moved_tag(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.num_actions = 2,
		.action = {{.type = XVIO_ACTION_VLAN_POP}, {.type = XVIO_ACTION_GOTO, .arg = 1}},
	};
	struct xvio_flow_rule by_tag = {
		.cookie = 2,
		.chain = 1,
		.num_actions = 1,
		.key.vlan_tci = 0x0710,
		.mask.vlan_tci = 0xffff,
		.action = {to_b},
	};
	uint8_t frame[72];
	uint32_t detail;
	unsigned i;

	(void)state;
	start_ports();
	bed_post(&b, 8, 1600);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	assert_int_equal(flow_add(&by_tag, &detail), XVIO_ST_OK);
	add(3, 1, 9, 0, drop);
	for (i = 0; i < 8; i++) { /* the same outer tag, another inner one */
		bed_frame(frame + 8, 64, 1);
		memmove(frame, frame + 8, 12);
		memcpy(frame + 12, "\x81\x00\x00\x05\x81\x00\x00\x07", 8);
		frame[19] = (uint8_t)(7 + i % 2);
		assert_int_equal(pass(frame, sizeof(frame)), i % 2 ? 0 : 68);
	}
}

/* A rule that goes while a packet is on its way through it is not remembered as part of that way. */
static void test_removed_meanwhile(void **state)
{
	static struct pkt pkt;
	struct core *core;
	struct burst burst = {.num = 1, .pkt = {&pkt}};

	(void)state;
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 16);
	add(1, 0, 1, 0, (struct xvio_flow_action){.type = XVIO_ACTION_GOTO, .arg = 1});
	add(2, 1, 1, 0, drop);
	pkt.len_bytes = 64;
	pkt.in_port = PORT_A;
	pkt.key.field.in_port = PORT_A;
	fake_set_core(1);
	core = core_self();
	cache_lookup(core->cache, &burst);
	assert_int_equal(burst_flow(&burst, 0)->cookie, 1);
	fake_set_core(0);
	assert_int_equal(flow_del(1, NULL), XVIO_ST_OK);
	fake_set_core(1);
	action_run(core, &burst);
	cache_lookup(core->cache, &burst);
	assert_null(burst_flow(&burst, 0));
	fake_set_core(0);
}

static unsigned num_joints(void)
{
	unsigned num;

	fake_set_core(1);
	num = cache_num_entries(core_self()->cache) / 16;
	fake_set_core(0);
	return num;
}

/* A burst of flows at random; those with an even port come to b, in their order, nobody else does. */
static void send_some(unsigned num_flows)
{
	uint16_t wanted[PKT_BURST];
	unsigned num_wanted = 0;
	uint8_t frame[64];
	uint8_t got[10000];
	unsigned i;

	bed_post(&b, PKT_BURST - b.driver[BED_RX].num_in_flight, 200);
	for (i = 0; i < PKT_BURST; i++) {
		const uint16_t tp_dst = (uint16_t)(2 + check_random(num_flows));

		bed_frame(frame, sizeof(frame), 1);
		memcpy(frame + 36, &tp_dst, 2);
		assert_true(bed_send(&a, frame, sizeof(frame), 1));
		if (tp_dst % 2 == 0)
			wanted[num_wanted++] = tp_dst;
	}
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), PKT_BURST);
	for (i = 0; i < num_wanted; i++) {
		assert_int_equal(bed_receive(&b, got, NULL), sizeof(frame));
		assert_memory_equal(got + 36, &wanted[i], 2);
	}
	assert_int_equal(bed_receive(&b, got, NULL), 0);
}

/* More ways than there is room for: one that a packet of the burst is still to go does not make room for another. */
static void test_crowded(void **state)
{
	unsigned num_flows;
	unsigned i;

	(void)state;
	start_ports();
	num_flows = 2 * num_joints();
	add(chain_cookie(0), 0, 10, 0,
	    (struct xvio_flow_action){.type = XVIO_ACTION_GOTO, .arg = 1});
	for (i = 0; i < num_flows; i++)
		add(i + 2000, 1, 10, (uint16_t)(2 + i), i % 2 ? drop : to_b);
	for (i = 0; i < num_flows / 8; i++)
		send_some(num_flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warm),	  cmocka_unit_test(test_removal),
		cmocka_unit_test(test_addition),  cmocka_unit_test(test_miss),
		cmocka_unit_test(test_revealed),  cmocka_unit_test(test_way_left),
		cmocka_unit_test(test_moved_tag), cmocka_unit_test(test_removed_meanwhile),
		cmocka_unit_test(test_crowded),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
