/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets with offloads (offload.h) through ports in a VLAN (policy.h): what their headers name moves with the
 * tag; compared with the model of offloads, over cores, to several ports at once.
 */
#include "common/check.h"
#include "common/gso_bed.h"
#include "hal/fake/fake.h"
#include "path/flow.h"
#include "path/policy.h"

#define NUM_RECEIVERS 3u
#define SOME_TCI      0x600au
#define MAX_FRAME     9000u /* so that it fits the ports with a tag, too */

static struct bed_port sender;
static struct gso_receiver receiver[NUM_RECEIVERS];
static bool in_vlan[NUM_RECEIVERS];
static struct gso_packet as_sent, with_tag;
static uint8_t room[GSO_MAX_BYTES];

/* One that a driver with these offloads may send; in no more frames than rings here have room for. */
static void random_packet(uint8_t offloads)
{
	struct gso_wish wish;

	do {
		wish = gso_any_wish(65000);
		if (wish.payload_bytes / 20 > wish.gso_size)
			wish.gso_size = (uint16_t)(wish.payload_bytes / 20 + check_random(2000));
		gso_make(&as_sent, &wish);
		if (gso_is_accepted(&as_sent, offloads))
			continue;
		wish.is_gso = false;
		wish.payload_bytes %= 1500;
		wish.needs_csum &= (offloads & OFFLOAD_CSUM) != 0;
		gso_make(&as_sent, &wish);
	} while (gso_frame(&as_sent, 0, room) > MAX_FRAME);
}

/* The same with a tag in front of those it has. */
static void tag_packet(void)
{
	static const uint8_t tag[4] = {0x81, 0x00, SOME_TCI >> 8, SOME_TCI & 0xff};

	with_tag = as_sent;
	memcpy(with_tag.data + 12, tag, sizeof(tag));
	memcpy(with_tag.data + 16, as_sent.data + 12, as_sent.len_bytes - 12);
	with_tag.len_bytes += 4;
	with_tag.l3_at += 4;
	with_tag.l4_at += 4;
	with_tag.payload_at += 4;
	with_tag.end += 4;
	with_tag.header.csum_start = (uint16_t)(as_sent.header.csum_start + 4);
}

static const struct gso_packet *packet_for(unsigned k)
{
	return in_vlan[k] ? &as_sent : &with_tag;
}

/* A sender in the VLAN, and receivers of whom some are, too; returns how many it sends to. */
static unsigned start_world(unsigned num_cores, uint8_t offloads)
{
	struct xvio_flow_rule rule = {.cookie = 1, .prio = 1, .mask.in_port = 0xffff};
	uint32_t detail;
	unsigned k;

	bed_start(num_cores, 0);
	gso_add_sender(&sender, XVIO_PORT_VF(0), offloads);
	policy_set(sender.number, false, SOME_TCI);
	rule.key.in_port = sender.number;
	rule.num_actions = (uint16_t)(1 + check_random(NUM_RECEIVERS));
	for (k = 0; k < NUM_RECEIVERS; k++) {
		gso_add_receiver(&receiver[k], (uint16_t)XVIO_PORT_VF(1 + k), gso_any_offloads(),
				 check_random(2));
		in_vlan[k] = check_random(2);
		policy_set(receiver[k].port.number, false, in_vlan[k] ? SOME_TCI : 0);
		if (k < rule.num_actions)
			rule.action[k] = (struct xvio_flow_action){.type = XVIO_ACTION_OUTPUT,
								   .arg = receiver[k].port.number};
	}
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	return rule.num_actions;
}

/* Who is in the sender's VLAN gets packets as they were sent, others with the tag; whole or in frames. */
static void test_vlans(void **state)
{
	unsigned world, i, k;

	(void)state;
	check_seed(1);
	for (world = 0; world < 40; world++) {
		uint8_t offloads = gso_any_offloads();
		unsigned num = start_world(2 + world % 2, offloads);

		for (i = 0; i < 8; i++) {
			random_packet(offloads);
			tag_packet();
			for (k = 0; k < num; k++)
				gso_post_for(&receiver[k], packet_for(k));
			gso_send(&sender, &as_sent);
			fake_run();
			assert_int_equal(bed_reap_sent(&sender), 1);
			for (k = 0; k < num; k++) {
				gso_check_received(&receiver[k], packet_for(k), NULL);
				gso_check_no_more(&receiver[k]);
			}
		}
		bed_check_pools();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlans),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
