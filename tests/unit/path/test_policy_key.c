/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The key of a frame that a policy has put a tag into, or taken one off, is the one that it would be parsed to: random
 * frames, with up to four tags.
 */
#include <stdlib.h>
#include "common/check.h"
#include "common/edit_model.h"
#include "common/parse_model.h"
#include "hal/fake/fake.h"
#include "path/core.h"
#include "path/policy.h"
#include "path/port.h"

#define IN_PORT	   7u
#define NUM_ROUNDS 30000u

static struct pkt pkt;
static struct edit_packet frame;

static int make_memory(void **state)
{
	(void)state;
	fake_reset(2, 0);
	pkt.room = aligned_alloc(64, PKT_ROOM_BYTES);
	pkt.head = aligned_alloc(64, PKT_HEAD_BYTES);
	return 0;
}

static int free_memory(void **state)
{
	(void)state;
	free(pkt.room);
	free(pkt.head);
	return 0;
}

static void put_frame(void)
{
	pkt.in_port = IN_PORT;
	pkt.has_header = true;
	pkt.have_bytes = pkt.len_bytes = frame.len_bytes;
	pkt.data = pkt.room + PKT_FRAME_OFFSET;
	memcpy(pkt.data, frame.byte, frame.len_bytes);
	assert_true(pkt_parse(&pkt));
}

/* The frame as it is then has this key, and is this. */
static void check(const struct edit_packet *want)
{
	struct parse_model model;

	assert_int_equal(pkt.len_bytes, want->len_bytes);
	assert_memory_equal(pkt.data, want->byte, want->len_bytes);
	parse_model_frame(want->byte, want->len_bytes, IN_PORT, &model);
	if (model.good)
		assert_memory_equal(&pkt.key, &model.key, sizeof(model.key));
}

static void test_untagged(void **state)
{
	static const struct xvio_flow_action pop = {.type = XVIO_ACTION_VLAN_POP};
	unsigned num_malformed = 0;
	unsigned round;

	(void)state;
	check_seed(1);
	for (round = 0; round < NUM_ROUNDS; round++) {
		do
			edit_model_make(&frame);
		while (frame.byte[12] != 0x81 && frame.byte[12] != 0x88);
		put_frame();
		if (!pkt.key.field.vlan_tpid)
			continue;
		num_malformed += !edit_model_run(&frame, &pop);
		policy_untag(&pkt, false);
		assert_false(pkt.has_header);
		check(&frame);
	}
	assert_int_equal(num_malformed, 0);
}

/* What is malformed behind its third tag goes on, with what a filter of its receiver looks at. */
static void test_malformed_behind_tags(void **state)
{
	static const uint8_t tags[28] = {2,    2,    2,	   2,	 2,    2,    4,	   4,	 4, 4,
					 4,    4,    0x81, 0x00, 0,    1,    0x88, 0xa8, 0, 2,
					 0x81, 0x00, 0,	   3,	 0x08, 0x00, 0x99, 0};

	(void)state;
	memcpy(frame.byte, tags, sizeof(tags));
	frame.len_bytes = 28;
	put_frame();
	policy_untag(&pkt, false);
	assert_int_equal(pkt.len_bytes, 24);
	assert_memory_equal(pkt.key.field.eth_dst, tags, 6);
	assert_memory_equal(pkt.key.field.eth_src, tags + 6, 6);
	assert_int_equal(pkt.key.field.vlan_tpid, 0xa888);
	assert_int_equal(pkt.key.field.vlan_tci, 0x0210);
	assert_int_equal(pkt.key.field.in_port, IN_PORT);
}

static void test_tagged(void **state)
{
	static struct core core;
	static struct port_row row;
	static struct burst burst;
	static struct port port = {.rows = &row, .policy = {.any = true}};
	struct xvio_flow_action push = {.type = XVIO_ACTION_VLAN_PUSH};
	unsigned round;

	(void)state;
	check_seed(2);
	for (round = 0; round < NUM_ROUNDS; round++) {
		port.policy.vlan_tci = (uint16_t)(1 + check_random(0xefff));
		push.arg = 0x81000000u | port.policy.vlan_tci;
		edit_model_make(&frame);
		put_frame();
		burst.num = 1;
		burst.pkt[0] = &pkt;
		policy_admit(&core, &port, &burst);
		assert_int_equal(burst.num, 1);
		assert_true(edit_model_run(&frame, &push));
		check(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untagged),
		cmocka_unit_test(test_malformed_behind_tags),
		cmocka_unit_test(test_tagged),
	};

	return cmocka_run_group_tests(tests, make_memory, free_memory);
}
