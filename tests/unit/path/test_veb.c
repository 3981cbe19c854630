/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Legacy mode beside a plain model of it: random frames over several ports, VLANs and cores, with ports that change
 * and addresses that move and grow old in virtual time; then what bounds the table, and the ways in and out of the mode.
 */
#include "common/bed.h"
#include "common/check.h"
#include "common/veb_model.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/flow.h"
#include "path/policy.h"
#include "path/port.h"
#include "path/veb.h"
#include "path/veb_table.h"
#include "path/worker.h"

#define NUM_PORTS   VEB_MODEL_NUM_PORTS
#define NUM_QUEUED  VEB_MODEL_NUM_QUEUED
#define UPLINK	    VEB_MODEL_UPLINK
#define OTHER	    VEB_MODEL_OTHER
#define MAX_BYTES   VEB_MODEL_MAX_BYTES
#define MAX_FRAMES  14u
#define NUM_MACS    18u
#define WINDOW_US   10000u
#define NUM_BUFFERS 64u

static const uint16_t number_of[NUM_PORTS] = {
	XVIO_PORT_PF,	   XVIO_PORT_VF(0),	XVIO_PORT_VF(1),     XVIO_PORT_VF(2),
	XVIO_PORT_VDPA(0), XVIO_PORT_UPLINK(0), XVIO_PORT_UPLINK(1),
};
static struct bed_port bed[NUM_QUEUED];
static uint8_t got[MAX_BYTES];

/* The card and the model side by side */

/* 0 to 4 are those that ports have at first, 5 to 14 anybody's, 15 a group, 16 all; 17: no address. */
static void make_mac(uint8_t mac[6], unsigned i)
{
	static const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 5};

	memset(mac, i == 16 ? 0xff : 0, 6);
	if (i == 15)
		memcpy(mac, group, 6);
	if (i >= 15)
		return;
	mac[0] = 2;
	mac[4] = 7;
	mac[5] = (uint8_t)i;
}

static void set_mac(unsigned port, unsigned mac)
{
	uint8_t next[6];

	make_mac(next, mac);
	port_set_mac(number_of[port], next);
	if (!memcmp(veb_model.port[port].mac, next, 6))
		return;
	memcpy(veb_model.port[port].mac, next, 6);
	veb_model_port_changed(port);
}

static void set_policy(unsigned port, bool checks_source, uint16_t tci)
{
	const uint16_t before = veb_model.port[port].tci;

	policy_set(number_of[port], checks_source, tci);
	veb_model.port[port].checks_source = checks_source;
	veb_model.port[port].tci = tci;
	if ((before ^ tci) & 0xfff)
		veb_model_port_changed(port);
}

static void set_mode(bool vepa)
{
	if (vepa != veb_model.is_vepa)
		veb_model_forget();
	veb_model.is_vepa = vepa;
	veb_set_mode(vepa ? VEB_VEPA : VEB_VEB);
}

static void start(unsigned num_cores)
{
	unsigned i;

	bed_start(num_cores, 2);
	veb_model_forget();
	memset(veb_model.port, 0, sizeof(veb_model.port));
	veb_model.num_changes = 0;
	veb_model.num_unknown = veb_model.num_same = veb_model.num_other = veb_model.num_spoofed =
		0;
	veb_model.is_vepa = false;
	veb_model.ageing_us = XVIO_ESWITCH_AGEING_S * UINT64_C(1000000);
	for (i = 0; i < NUM_QUEUED; i++) {
		bed_add_port(&bed[i], number_of[i], 256);
		set_mac(i, i);
		bed_post(&bed[i], NUM_BUFFERS, MAX_BYTES);
	}
	bed_add_uplink(0);
	bed_add_uplink(1);
	veb_set_mode(VEB_VEB);
}

static void push(const struct veb_frame *frame)
{
	if (frame->from >= UPLINK)
		assert_true(fake_mac_push(frame->from - UPLINK, frame->byte, frame->len_bytes));
	else
		assert_true(bed_send(&bed[frame->from], frame->byte, frame->len_bytes,
				     1 + frame->len_bytes / 900));
}

static void run(void)
{
	unsigned i;

	for (i = 0; i < NUM_QUEUED; i++)
		bed_ring(&bed[i], BED_TX);
	assert_true(fake_run());
	for (i = 0; i < NUM_QUEUED; i++)
		bed_reap_sent(&bed[i]);
	veb_poll();
}

static uint32_t pop(unsigned port)
{
	struct xvio_pkt_meta meta = {0};
	uint32_t len_bytes;

	if (port >= UPLINK)
		return (uint32_t)fake_mac_pop(port - UPLINK, got, sizeof(got));
	len_bytes = bed_receive(&bed[port], got, port ? NULL : &meta);
	assert_int_equal(meta.flags, 0);
	assert_int_equal(meta.port, XVIO_PORT_PF);
	if (len_bytes)
		bed_post(&bed[port], 1, MAX_BYTES);
	return len_bytes;
}

/* All that a port gets is what it should get, in any order. */
static void check_port(struct veb_frame *frames, unsigned num, unsigned port)
{
	unsigned want = 0;
	uint32_t len_bytes;
	unsigned i;

	for (i = 0; i < num; i++) {
		if (!veb_model_leave(&frames[i], port).len_bytes)
			frames[i].to[port] = false;
		want += frames[i].to[port];
	}
	while ((len_bytes = pop(port)) != 0) {
		for (i = 0; i < num; i++) {
			const struct veb_frame out = veb_model_leave(&frames[i], port);

			if (frames[i].to[port] && out.len_bytes == len_bytes &&
			    !memcmp(out.byte, got, len_bytes))
				break;
		}
		if (i == num)
			fail_msg("port %u got %u bytes that it should not", port, len_bytes);
		frames[i].to[port] = false;
		want--;
	}
	if (want)
		fail_msg("port %u lacks %u frames", port, want);
}

static uint64_t card_stat(enum xvio_stat stat)
{
	uint64_t counters[XVIO_STAT_NUM];

	port_stats_card(counters);
	return counters[stat];
}

static void check_counters(void)
{
	assert_int_equal(card_stat(XVIO_STAT_DROP_UNKNOWN_DST), veb_model.num_unknown);
	assert_int_equal(card_stat(XVIO_STAT_DROP_SAME_PORT), veb_model.num_same);
	assert_int_equal(card_stat(XVIO_STAT_DROP_OTHER_UPLINK), veb_model.num_other);
	assert_int_equal(card_stat(XVIO_STAT_DROP_SPOOFED), veb_model.num_spoofed);
	assert_int_equal(card_stat(XVIO_STAT_FLOW_HITS) + card_stat(XVIO_STAT_FLOW_MISSES), 0);
	assert_int_equal(card_stat(XVIO_STAT_VEB_NOT_LEARNT), 0);
	bed_check_quiet();
}

/* Frames that were pushed, and not yet through the model. */
static void settle(struct veb_frame *frames, unsigned num)
{
	unsigned i;

	run();
	for (i = 0; i < num; i++) {
		veb_model_enter(&frames[i]);
		veb_model_switch(&frames[i]);
	}
	for (i = 0; i < num; i++)
		veb_model_learn(&frames[i]);
	veb_model_age();
	for (i = 0; i < NUM_PORTS; i++)
		check_port(frames, num, i);
	check_counters();
}

static struct veb_frame frames[MAX_FRAMES];

static const uint16_t some_tci[] = {0, 0, 10, 0x600a, 20};

static void random_frame(struct veb_frame *frame, uint32_t seed)
{
	frame->len_bytes = 60 + check_random(check_random(4) ? 100 : 1400);
	frame->from = check_random(NUM_PORTS * 2);
	frame->from = frame->from < NUM_PORTS ? frame->from : frame->from % UPLINK;
	bed_frame(frame->byte, frame->len_bytes, seed);
	make_mac(frame->byte, check_random(NUM_MACS - 1));
	make_mac(frame->byte + 6, check_random(check_random(8) ? 15 : NUM_MACS));
	if (check_random(3) == 0 && frame->from < NUM_QUEUED)
		memcpy(frame->byte + 6, veb_model.port[frame->from].mac, 6);
	if (check_random(8) == 0)
		veb_frame_put_tag(frame, 0x8100, (uint16_t)check_random(2) * 5);
	if (check_random(3) == 0)
		veb_frame_put_tag(frame, check_random(8) ? 0x8100 : 0x88a8,
				  some_tci[check_random(5)] | (uint16_t)(check_random(8) << 13));
}

/* In one round an address comes from one port: which of two is the later one would be chance. */
static bool is_torn(const struct veb_frame *all, const struct veb_frame *frame)
{
	const struct veb_frame *other;

	for (other = all; other != frame; other++) {
		if (other->from != frame->from && !memcmp(other->byte + 6, frame->byte + 6, 6))
			return true;
	}
	return false;
}

static void random_change(void)
{
	const unsigned port = check_random(NUM_QUEUED);

	switch (check_random(9)) {
	case 0:
		set_mac(port, check_random(3) ? port : check_random(15));
		break;
	case 1:
	case 2:
		set_policy(port, !check_random(3), some_tci[check_random(5)]);
		break;
	case 3:
		veb_model.port[port].promiscuous = check_random(2);
		port_set_promiscuous(number_of[port], veb_model.port[port].promiscuous);
		break;
	case 4:
		veb_model.port[port].is_down = !check_random(4);
		port_set_admin(number_of[port], !veb_model.port[port].is_down);
		break;
	case 5:
		if (!check_random(4))
			set_mode(check_random(2));
		break;
	case 6:
		veb_set_ageing(check_random(2) ? 20 : XVIO_ESWITCH_AGEING_S);
		veb_model.ageing_us = veb_get_ageing() * UINT64_C(1000000);
		break;
	}
}

static void random_round(void)
{
	const unsigned num = 1 + check_random(MAX_FRAMES);
	unsigned num_sent = 0;
	unsigned i;

	if (check_random(2))
		random_change();
	fake_advance_us(WINDOW_US + (check_random(10) ? 0 : check_random(100000000)));
	for (i = 0; i < num; i++) {
		random_frame(&frames[num_sent], i);
		if (is_torn(frames, &frames[num_sent]))
			continue;
		push(&frames[num_sent++]);
	}
	settle(frames, num_sent);
}

static void test_random(void **state)
{
	unsigned num_cores;
	unsigned world;
	unsigned round;

	(void)state;
	check_seed(1);
	for (world = 0; world < 24; world++) {
		num_cores = 2 + world % 3;
		start(num_cores);
		for (round = 0; round < 100; round++)
			random_round();
	}
}

/* One frame, all of whose ways are checked. */
static void send_one(unsigned from, unsigned dst, unsigned src, uint16_t vid)
{
	struct veb_frame *frame = &frames[0];

	frame->len_bytes = 100;
	frame->from = from;
	bed_frame(frame->byte, 100, 1);
	make_mac(frame->byte, dst);
	make_mac(frame->byte + 6, src);
	if (vid)
		veb_frame_put_tag(frame, 0x8100, vid);
	fake_advance_us(WINDOW_US);
	push(frame);
	settle(frame, 1);
}

static uint64_t sent_by(unsigned port)
{
	return bed_stat(number_of[port], XVIO_STAT_TX_PACKETS);
}

/* The same without the model: what docs/eswitch.md says, sentence by sentence. */
static void test_learning_by_hand(void **state)
{
	(void)state;
	start(3);
	send_one(1, 6, 5, 0); /* 5 is behind VF 0; 6 is unknown: outside */
	assert_int_equal(sent_by(UPLINK), 1);
	send_one(2, 5, 2, 0);
	assert_int_equal(sent_by(1), 1);
	send_one(2, 5, 2, 10); /* in another VLAN it is not known */
	assert_int_equal(sent_by(UPLINK), 2);
	send_one(UPLINK, 5, 8, 0);
	assert_int_equal(sent_by(1), 2);
	send_one(UPLINK, 9, 8, 0); /* nobody is known to be 9 */
	assert_int_equal(bed_stat(number_of[UPLINK], XVIO_STAT_DROP_UNKNOWN_DST), 1);
	send_one(3, 6, 5, 0); /* it moves to VF 2 */
	send_one(2, 5, 2, 0);
	assert_int_equal(sent_by(3), 1);
	send_one(UPLINK, 6, 2, 0); /* VF 1's own does not move */
	send_one(1, 2, 1, 0);
	assert_int_equal(sent_by(2), 1);
	send_one(1, 1, 7, 0); /* to itself */
	assert_int_equal(bed_stat(number_of[1], XVIO_STAT_DROP_SAME_PORT), 1);
	assert_int_equal(veb_num_learnt(), 3); /* 5, 7, 8 */
}

static void test_reflective_relay_by_hand(void **state)
{
	(void)state;
	start(4);
	set_mode(true);
	send_one(1, 2, 1, 0); /* even to a neighbour */
	assert_int_equal(sent_by(UPLINK), 1);
	assert_int_equal(sent_by(2), 0);
	send_one(UPLINK, 2, 1, 0); /* and back */
	assert_int_equal(sent_by(2), 1);
	send_one(1, 16, 1, 0);
	assert_int_equal(sent_by(UPLINK), 2);
	send_one(UPLINK, 16, 1, 0); /* to all but him */
	assert_int_equal(sent_by(0) + sent_by(2) + sent_by(3) + sent_by(4), 5);
	assert_int_equal(sent_by(1), 0);
	send_one(1, 16, 5, 0); /* the same with an address that is learnt */
	send_one(UPLINK, 16, 5, 0);
	assert_int_equal(sent_by(1), 0);
	send_one(2, 16, 5, 0); /* it has moved, and stays known when it comes back */
	send_one(UPLINK, 16, 5, 0);
	assert_int_equal(sent_by(1), 1);
	assert_int_equal(veb_num_learnt(), 1);
}

static void test_ageing_by_hand(void **state)
{
	const uint64_t half_us = XVIO_ESWITCH_AGEING_S * UINT64_C(500000);
	unsigned i;

	(void)state;
	start(2);
	send_one(1, 16, 5, 0);
	for (i = 0; i < 4; i++) {
		fake_advance_us(half_us);
		send_one(1, 16, 5, 0);
	}
	send_one(2, 5, 2, 0);
	assert_int_equal(sent_by(1), 1);
	fake_advance_us(2 * half_us); /* being sent to does not keep it */
	send_one(2, 5, 2, 0);
	assert_int_equal(sent_by(1), 1);
	for (i = 0; i < 100; i++)
		veb_poll();
	assert_int_equal(veb_num_learnt(), 0);
}

/* Numbered sources behind a port, as fast as they may be learnt. */
static void send_sources(unsigned from, uint32_t first, unsigned num)
{
	struct veb_frame *frame = &frames[0];
	unsigned i;

	for (i = 0; i < num; i++) {
		const uint8_t mac[6] = {
			6, 0, 0, 0, (uint8_t)((first + i) >> 8), (uint8_t)(first + i)};

		frame->len_bytes = 60;
		frame->from = from;
		bed_frame(frame->byte, 60, 1);
		make_mac(frame->byte, 5);
		memcpy(frame->byte + 6, mac, 6);
		push(frame);
		if (i % 32 < 31 && i + 1 < num)
			continue;
		run();
		while (pop(UPLINK))
			;
		if (i % 64 == 63)
			fake_advance_us(WINDOW_US);
	}
	fake_advance_us(WINDOW_US);
}

/* No port takes more than its share; what has no place is counted; when the old ones have gone there is room. */
static void test_full(void **state)
{
	unsigned i;

	(void)state;
	start(2);
	send_sources(1, 0, VEB_MAX_OF_PORT + 70);
	assert_int_equal(veb_num_learnt(), VEB_MAX_OF_PORT);
	assert_int_equal(card_stat(XVIO_STAT_VEB_NOT_LEARNT), 70);
	for (i = 2; i < 5; i++)
		send_sources(i, i * 2000, VEB_MAX_OF_PORT);
	assert_int_equal(veb_num_learnt(), VEB_MAX_LEARNT);
	assert_int_equal(card_stat(XVIO_STAT_VEB_NOT_LEARNT), 70);
	send_sources(0, 20000, 40);
	assert_int_equal(veb_num_learnt(), VEB_MAX_LEARNT);
	assert_int_equal(card_stat(XVIO_STAT_VEB_NOT_LEARNT), 110);
	fake_advance_us(XVIO_ESWITCH_AGEING_S * UINT64_C(1000000));
	for (i = 0; i < 200; i++)
		veb_poll();
	assert_int_equal(veb_num_learnt(), 0);
	send_sources(0, 20000, 40);
	assert_int_equal(veb_num_learnt(), 40);
	bed_check_quiet();
}

/* Who has ever new addresses is not listened to all the time. */
static void test_rate(void **state)
{
	unsigned i;

	(void)state;
	start(2);
	for (i = 0; i < 5; i++)
		send_sources(1, i * 63, 63);
	assert_int_equal(veb_num_learnt(), 5 * 63);
	start(2);
	for (i = 0; i < 20; i++) {
		frames[0].from = 1;
		frames[0].len_bytes = 60;
		bed_frame(frames[0].byte, 60, 1);
		make_mac(frames[0].byte, 5);
		memset(frames[0].byte + 6, 2, 6);
		for (unsigned n = 0; n < 10; n++) {
			frames[0].byte[10] = (uint8_t)i;
			frames[0].byte[11] = (uint8_t)n;
			push(&frames[0]);
		}
		run();
	}
	assert_int_equal(veb_num_learnt(), 64);
}

/* With a port goes what was learnt behind it, and its address goes over to whoever else has it. */
static void test_port_goes(void **state)
{
	(void)state;
	start(3);
	set_mac(2, 3); /* VF 2 had it first */
	send_one(3, 16, 5, 0);
	send_one(1, 16, 6, 0);
	assert_int_equal(veb_num_learnt(), 2);
	send_one(1, 3, 1, 0);
	assert_int_equal(sent_by(3), 2);
	vnet_remove(number_of[3]);
	assert_int_equal(veb_num_learnt(), 1);
	push(&frames[0]); /* the last one again */
	run();
	assert_true(pop(2));
	bed_check_quiet();
	bed_add_port(&bed[3], number_of[3], 256);
	veb_set_mode(VEB_OFF);
	assert_int_equal(veb_num_learnt(), 0);
}

/* By rules a frame that no rule matches is the representor's; nothing is learnt, and nothing remembered. */
static void check_rules_again(unsigned num_misses)
{
	struct xvio_pkt_meta meta;

	veb_set_mode(VEB_OFF);
	veb_model_forget();
	assert_int_equal(veb_num_learnt(), 0);
	bed_rule(1, number_of[2], XVIO_PORT_NONE);
	assert_false(flow_is_empty());
	push(&frames[0]);
	run();
	assert_int_equal(bed_receive(&bed[0], got, &meta), 100);
	assert_int_equal(meta.flags, XVIO_META_F_REPR);
	assert_int_equal(meta.port, number_of[1]);
	assert_int_equal(bed_stat(number_of[1], XVIO_STAT_FLOW_MISSES), num_misses);
	assert_int_equal(veb_num_learnt(), 0);
	flow_flush();
	assert_true(flow_is_empty());
	bed_post(&bed[0], 1, MAX_BYTES);
}

static void test_modes(void **state)
{
	unsigned i;

	(void)state;
	for (i = 1; i <= 3; i++) {
		start(2 + i % 3);
		send_one(1, 2, 5, 0);
		assert_int_equal(sent_by(2), 1);
		assert_int_equal(veb_num_learnt(), 1);
		check_rules_again(1);
		check_rules_again(2);
		veb_set_mode(VEB_VEB);
		fake_advance_us(WINDOW_US);
		push(&frames[0]);
		run();
		assert_true(pop(2));
		assert_int_equal(veb_num_learnt(), 1);
		bed_check_quiet();
	}
}

#define MANY 30u

/* A packet goes to a core once, however many ports of it get it. */
static void test_flood_to_many(void **state)
{
	static struct bed_port many[MANY];
	unsigned num_cores;
	unsigned i;
	unsigned n;

	(void)state;
	for (num_cores = 2; num_cores <= 4; num_cores++) {
		bed_start(num_cores, 1);
		for (i = 0; i < MANY; i++) {
			bed_add_port(&many[i], XVIO_PORT_VDPA(i), 64);
			bed_post(&many[i], 30, MAX_BYTES);
		}
		bed_add_uplink(0);
		veb_set_mode(VEB_VEB);
		for (n = 0; n < 30; n++) {
			bed_frame(frames[0].byte, 100, n);
			make_mac(frames[0].byte, 16);
			assert_true(bed_send(&many[0], frames[0].byte, 100, 1));
		}
		bed_ring(&many[0], BED_TX);
		assert_true(fake_run());
		for (i = 1; i < MANY; i++) {
			for (n = 0; n < 30; n++) {
				bed_frame(frames[0].byte, 100, n);
				make_mac(frames[0].byte, 16);
				assert_int_equal(bed_receive(&many[i], got, NULL), 100);
				assert_memory_equal(got, frames[0].byte, 100);
			}
		}
		for (n = 0; n < 30; n++)
			assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 100);
		assert_int_equal(card_stat(XVIO_STAT_COPIED_PACKETS), 30 * (MANY - 1));
		bed_check_quiet();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_learning_by_hand),
		cmocka_unit_test(test_reflective_relay_by_hand),
		cmocka_unit_test(test_ageing_by_hand),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_port_goes),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_flood_to_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
