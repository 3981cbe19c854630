/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The switch against the model of it (switch_bed.h): random rules, meters and packets, which come and go. The
 * environment says how much, and of what (all have defaults):
 *   SWITCH_CASES    packets
 *   SWITCH_SEED     of the first world; world n has that + n, so a world can be run alone
 *   SWITCH_ACTIONS  1 << XVIO_ACTION_* of those that rules may have
 *   SWITCH_CHAINS, SWITCH_RANGES, SWITCH_KEYS, SWITCH_OFFLOADS, SWITCH_ODD_SUMS   switch_gen.h's limits
 */
#include <stdio.h>
#include <stdlib.h>
#include "common/check.h"
#include "common/gso_bed.h"
#include "common/switch_bed.h"
#include "hal/fake/fake.h"

#define WORLD_PACKETS 500u /* about */
#define MAX_RULES     40u
#define PROGRESS      1000000u

static uint64_t num_packets; /* so far */
static uint64_t world_seed;
static uint64_t next_cookie;
static bool is_done;

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static bool one_in(uint32_t num)
{
	return check_random(num) == 0;
}

static void set_meter(uint32_t id)
{
	struct xvio_cmd_meter meter = gen_meter();

	meter.id = id;
	switch_meter_set(&meter);
}

static void change_rules(const struct gen_limits *limits)
{
	struct xvio_flow_rule rule;

	if (model_num_rules() && (model_num_rules() == MAX_RULES || one_in(4))) {
		switch_rule_del(check_random(model_num_rules()));
		return;
	}
	gen_rule(&rule, limits);
	rule.cookie = ++next_cookie;
	switch_rule_add(&rule);
}

static struct gen_limits start_world(uint64_t seed)
{
	struct gen_limits limits = {
		.actions = (uint32_t)number_of("SWITCH_ACTIONS", GEN_ALL_ACTIONS),
		.num_chains = (uint32_t)number_of("SWITCH_CHAINS", 6),
		.has_ranges = number_of("SWITCH_RANGES", 1),
		.has_new_keys = number_of("SWITCH_KEYS", 1),
		.has_offloads = number_of("SWITCH_OFFLOADS", 1),
		.has_odd_sums = number_of("SWITCH_ODD_SUMS", 0),
	};
	uint8_t offloads[SWITCH_NUM_VDPA], takes[SWITCH_NUM_VDPA];
	unsigned i;

	world_seed = seed;
	check_seed(seed);
	bed_rings = (struct driver_rings){
		.packed = one_in(2),
		.event_idx = one_in(2),
		.in_order = one_in(2),
		.indirect = one_in(2),
	};
	for (i = 0; i < SWITCH_NUM_VDPA; i++) {
		offloads[i] = limits.has_offloads ? gso_any_offloads() : 0;
		takes[i] = limits.has_offloads && one_in(2) ? gso_any_offloads() : 0;
	}
	switch_start(2 + check_random(2), offloads, takes);
	limits.num_ports = switch_num_ports;
	memcpy(limits.port, switch_port, switch_num_ports * sizeof(limits.port[0]));
	for (i = 0; i < GEN_NUM_METERS; i++)
		set_meter(i);
	for (i = check_random(MAX_RULES); i; i--)
		change_rules(&limits);
	return limits;
}

/* Packets of a burst are often the same one, or one with another payload: a run of one flow. */
static void run_burst(const struct gen_limits *limits)
{
	static struct gso_packet room[SWITCH_MAX_BURST];
	static const struct gso_packet
		*packets[SWITCH_MAX_BURST]; /* switch_report() sees them later */
	uint16_t in_port = limits->port[check_random(limits->num_ports)];
	unsigned num = 1 + check_random(SWITCH_MAX_BURST);
	unsigned i;

	for (i = 0; i < num; i++) {
		packets[i] = &room[i];
		if (i && one_in(2))
			packets[i] = packets[check_random(i)];
		else
			gen_packet(&room[i], limits, switch_offloads(in_port));
	}
	switch_run(in_port, packets, num);
	num_packets += num;
	if (num_packets / PROGRESS != (num_packets - num) / PROGRESS) {
		printf("%llu packets, seed %llu\n", (unsigned long long)num_packets,
		       (unsigned long long)world_seed);
		fflush(stdout);
	}
}

static void run_world(uint64_t seed, uint64_t num)
{
	struct gen_limits limits = start_world(seed);
	const uint64_t end = num_packets + num;

	while (num_packets < end) {
		unsigned i;

		for (i = one_in(2) ? check_random(4) : 0; i; i--)
			change_rules(&limits);
		if (one_in(8))
			set_meter(check_random(GEN_NUM_METERS));
		if (one_in(3))
			fake_advance_us(check_random(one_in(4) ? 1000000 : 300));
		run_burst(&limits);
	}
	while (model_num_rules())
		switch_rule_del(0);
	bed_check_quiet();
}

static void test_random(void **state)
{
	const uint64_t num = number_of("SWITCH_CASES", 100000);
	uint64_t seed = number_of("SWITCH_SEED", 1);

	(void)state;
	while (num_packets < num) {
		uint64_t left = num - num_packets;

		run_world(seed++, left < WORLD_PACKETS ? left : WORLD_PACKETS);
	}
	is_done = true;
}

/* A world can be run alone, to where it went wrong. */
static int tell(void **state)
{
	(void)state;
	if (is_done)
		return 0;
	switch_report();
	printf("it went wrong in the world of SWITCH_SEED=%llu\n", (unsigned long long)world_seed);
	fflush(stdout);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_random, tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
