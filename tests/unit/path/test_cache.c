/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the exact-match cache keeps over changes of the rules, how often it asks the classifier, and
 * when memory of what was removed is used anew.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/epoch.h"
#include "path/flow.h"
#include "path/worker.h"

#define PORT_A	  XVIO_PORT_VDPA(0)
#define NUM_FLOWS 1000u

static struct bed_port a;

static void start(unsigned num_cores)
{
	bed_start(num_cores, 0);
	bed_add_port(&a, PORT_A, 16);
}

/* A rule on ip_dst, or some bits of it; drops. */
static void add(uint64_t cookie, uint32_t prio, uint32_t ip_dst, uint32_t mask)
{
	struct xvio_flow_rule rule = {
		.cookie = cookie,
		.prio = prio,
		.num_actions = 1,
		.action[0] = {.type = XVIO_ACTION_DROP},
	};
	uint32_t detail;

	ip_dst &= mask;
	memcpy(rule.key.ip_dst, &ip_dst, 4);
	memcpy(rule.mask.ip_dst, &mask, 4);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
}

/* Looks flows first .. first + num - 1 up on core 1: their cookies, UINT64_MAX for none. */
static void look_up(uint32_t first, uint32_t num, uint64_t *cookie, uint8_t ttl)
{
	static struct pkt pkt[PKT_BURST];
	struct burst burst = {0};
	uint32_t i;

	fake_set_core(1);
	for (i = 0; i < num; i++) {
		struct pkt *next = &pkt[i % PKT_BURST];
		uint32_t ip_dst = first + i;
		unsigned j;

		*next = (struct pkt){.key.field = {.in_port = PORT_A, .ip_ttl = ttl}};
		memcpy(next->key.field.ip_dst, &ip_dst, 4);
		burst.pkt[burst.num++] = next;
		if (burst.num < PKT_BURST && i + 1 < num)
			continue;
		cache_lookup(core_self()->cache, &burst);
		for (j = 0; j < burst.num; j++) {
			const struct flow *flow = burst_flow(&burst, j);

			cookie[i + 1 - burst.num + j] = flow ? flow->cookie : UINT64_MAX;
		}
		burst.num = 0;
	}
	fake_set_core(0);
}

/* Looks all flows up, each of which must meet the rule of its number; how many asked the classifier. */
static uint64_t check_all(uint64_t except, uint64_t instead)
{
	static uint64_t cookie[NUM_FLOWS];
	uint64_t before = bed_num_asked();
	uint32_t i;

	look_up(0, NUM_FLOWS, cookie, 64);
	for (i = 0; i < NUM_FLOWS; i++)
		assert_int_equal(cookie[i], i == except ? instead : i);
	return bed_num_asked() - before;
}

static void add_all(void)
{
	uint32_t i;

	for (i = 0; i < NUM_FLOWS; i++)
		add(i, 10, i, UINT32_MAX);
}

#define NONE UINT64_MAX

static void test_warm(void **state)
{
	(void)state;
	start(2);
	add_all();
	assert_int_equal(check_all(NONE, 0), NUM_FLOWS);
	assert_int_equal(check_all(NONE, 0), 0);
}

static void test_removal_touches_its_own_entries(void **state)
{
	(void)state;
	start(2);
	add_all();
	check_all(NONE, 0);
	assert_int_equal(flow_del(77, NULL), XVIO_ST_OK);
	assert_int_equal(check_all(77, UINT64_MAX), 1);
	assert_int_equal(check_all(77, UINT64_MAX),
			 0); /* that there is no rule is remembered, too */
	add(77, 10, 77, UINT32_MAX);
	assert_int_equal(check_all(NONE, 0), 1);
}

static void test_addition_touches_what_it_beats(void **state)
{
	(void)state;
	start(2);
	add_all();
	check_all(NONE, 0);
	add(5000, 10, 5000, UINT32_MAX); /* the same table, another key */
	assert_int_equal(check_all(NONE, 0), 0);
	add(5001, 11, 0, 0xffff0000u); /* matches all, but loses */
	assert_int_equal(check_all(NONE, 0), 0);
	add(5002, 10, 0, 0xffff0000u); /* as good, but younger */
	assert_int_equal(check_all(NONE, 0), 0);
	add(5003, 9, 0x10000, 0xffff0000u); /* better, but matches none */
	assert_int_equal(check_all(NONE, 0), 0);
	add(5004, 9, 123, 0x7fffffffu); /* better, and matches one */
	assert_int_equal(check_all(123, 5004), 1);
	add(5005, 8, 123, UINT32_MAX); /* better, with the key and mask of one that lost */
	assert_int_equal(check_all(123, 5005), 1);
	assert_int_equal(flow_del(5005, NULL), XVIO_ST_OK);
	assert_int_equal(check_all(123, 5004), 1);
	assert_int_equal(flow_del(5004, NULL), XVIO_ST_OK);
	assert_int_equal(check_all(NONE, 0), 1);
}

/* The same key and mask twice: the second one counts when the first one has gone. */
static void test_twins(void **state)
{
	(void)state;
	start(2);
	add_all();
	check_all(NONE, 0);
	add(6000, 10, 5, UINT32_MAX); /* behind 5 */
	assert_int_equal(check_all(NONE, 0), 0);
	assert_int_equal(flow_del(5, NULL), XVIO_ST_OK);
	assert_int_equal(check_all(5, 6000), 1);
	add(6001, 9, 5, UINT32_MAX); /* before 6000 */
	assert_int_equal(check_all(5, 6001), 1);
	assert_int_equal(flow_del(6000, NULL), XVIO_ST_OK); /* from behind it */
	assert_int_equal(check_all(5, 6001), 0);
}

/* What no rule looks at makes no entries: one lookup serves every TTL, until a rule looks at it. */
static void test_masked_keys(void **state)
{
	uint64_t cookie[8];
	uint64_t before;
	uint8_t ttl;

	(void)state;
	start(2);
	add_all();
	before = bed_num_asked();
	for (ttl = 0; ttl < 50; ttl++)
		look_up(0, 8, cookie, ttl);
	assert_int_equal(bed_num_asked() - before, 8);
	flow_flush();
	before = bed_num_asked();
	look_up(0, NUM_FLOWS / 200, cookie, 1);
	look_up(NUM_FLOWS, 3, cookie, 2);
	assert_in_range(bed_num_asked() - before, 0,
			1); /* no rules at all: one entry for all packets */
	assert_int_equal(cookie[0], UINT64_MAX);
}

/* More flows than entries: every answer is right, whatever was replaced. */
static void test_too_many_flows(void **state)
{
	uint64_t cookie[PKT_BURST];
	uint32_t num;
	uint32_t round;
	uint32_t i, j;

	(void)state;
	start(2);
	add_all();
	fake_set_core(1);
	num = cache_num_entries(core_self()->cache);
	fake_set_core(0);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < num + num / 4; i += PKT_BURST) {
			look_up(i, PKT_BURST, cookie, 64);
			for (j = 0; j < PKT_BURST; j++)
				assert_int_equal(cookie[j], i + j < NUM_FLOWS ? i + j : UINT64_MAX);
		}
	}
	assert_true(check_all(NONE, 0) > 0);
}

/* Packets are one run for as long as they meet the same rule, whatever their flows. */
static void test_runs(void **state)
{
	static const uint8_t ip_dst[] = {1, 1, 2, 1, 2, 8, 8, 9, 1};
	static const unsigned num[] = {5, 3, 1};
	static struct pkt pkt[sizeof(ip_dst)];
	struct burst burst = {.num = sizeof(ip_dst)};
	unsigned round, i;

	(void)state;
	start(2);
	add(1, 10, 0, 0xf8);
	add(2, 10, 8, 0xfc);
	add(3, 20, 0, UINT32_MAX);
	for (i = 0; i < sizeof(ip_dst); i++) {
		pkt[i] = (struct pkt){.len_bytes = 100 + i, .key.field.in_port = PORT_A};
		pkt[i].key.field.ip_dst[0] = ip_dst[i];
		burst.pkt[i] = &pkt[i];
	}
	fake_set_core(1);
	for (round = 0; round < 40; round++) {
		cache_lookup(core_self()->cache, &burst);
		assert_int_equal(burst.num_runs, 3);
		for (i = 0; i < 3; i++)
			assert_int_equal(burst.run[i].num, num[i]);
		assert_int_equal(burst.run[0].num_bytes, 510);
		assert_int_equal(burst.run[1].max_bytes, 107);
		assert_int_equal(burst_flow(&burst, 4)->cookie, 1);
		assert_int_equal(burst_flow(&burst, 5)->cookie, 2);
		assert_int_equal(burst_flow(&burst, 8)->cookie, 1);
	}
	fake_set_core(0);
}

/* Long keys, too: IPv6 takes more words than an entry's line has. */
static void test_long_keys(void **state)
{
	static struct pkt pkt[2];
	struct burst burst = {.num = 2, .pkt = {&pkt[0], &pkt[1]}};
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.num_actions = 1,
		.action[0] = {.type = XVIO_ACTION_DROP},
	};
	uint32_t detail;
	unsigned byte;

	(void)state;
	start(2);
	memset(&rule.mask, 0xff, sizeof(rule.mask));
	rule.key.in_port = PORT_A;
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	for (byte = 0; byte < sizeof(rule.key); byte++) {
		pkt[0].key = (union flow_key){.field.in_port = PORT_A};
		pkt[1].key = pkt[0].key;
		((uint8_t *)&pkt[1].key)[byte] ^= 0x40;
		fake_set_core(1);
		cache_lookup(core_self()->cache, &burst);
		fake_set_core(0);
		assert_int_equal(burst_flow(&burst, 0)->cookie, 1);
		assert_null(burst_flow(&burst, 1));
	}
}

/* Epochs */

static unsigned num_run;

static void run(void *object)
{
	assert_ptr_equal(object, &num_run);
	num_run++;
}

static void poll_core(unsigned core)
{
	fake_set_core(core);
	worker_poll();
	fake_set_core(0);
}

static void test_epoch_waits_for_every_worker(void **state)
{
	unsigned core;

	(void)state;
	start(4);
	num_run = 0;
	for (core = 1; core < 4; core++)
		poll_core(core);
	epoch_defer(run, &num_run);
	epoch_reclaim();
	for (core = 1; core < 4; core++) {
		assert_int_equal(num_run, 0);
		poll_core(core);
		epoch_reclaim();
	}
	assert_int_equal(num_run, 1);
	assert_int_equal(epoch_num_pending(), 0);
}

static void test_epoch_passes_before_count_for_nothing(void **state)
{
	(void)state;
	start(2);
	num_run = 0;
	poll_core(1);
	epoch_defer(run, &num_run);
	poll_core(1); /* the epoch has not begun yet */
	epoch_reclaim();
	assert_int_equal(num_run, 0);
	poll_core(1);
	epoch_reclaim();
	assert_int_equal(num_run, 1);
}

static void test_epoch_sleepers_hold_nothing(void **state)
{
	(void)state;
	start(3);
	num_run = 0;
	poll_core(1);
	poll_core(2);
	epoch_leave(2);
	epoch_defer(run, &num_run);
	epoch_reclaim();
	assert_int_equal(num_run, 0);
	poll_core(1);
	epoch_reclaim();
	assert_int_equal(num_run, 1);
	epoch_enter(2);
	epoch_defer(run, &num_run);
	epoch_reclaim();
	poll_core(1);
	epoch_reclaim();
	assert_int_equal(num_run, 1);
	poll_core(2);
	epoch_reclaim();
	assert_int_equal(num_run, 2);
}

/* A full ring waits, and loses nothing. */
static void test_epoch_ring_is_bounded(void **state)
{
	unsigned i;

	(void)state;
	start(3);
	num_run = 0;
	poll_core(1);
	poll_core(2);
	for (i = 0; i < 10000; i++)
		epoch_defer(run, &num_run);
	assert_true(num_run > 0 && num_run < 10000);
	assert_int_equal(num_run + epoch_num_pending(), 10000);
	epoch_synchronize();
	assert_int_equal(num_run, 10000);
}

/* A worker that stands still keeps what it may hold: its rule's memory is not used anew. */
static void test_memory_of_a_rule_waits(void **state)
{
	uint64_t cookie[1];
	struct flow *held;
	uint32_t i;

	(void)state;
	start(3);
	poll_core(1);
	poll_core(2);
	add(1, 1, 1, UINT32_MAX);
	look_up(1, 1, cookie, 64);
	held = list_entry(classifier_lookup(&(union flow_key){.field.ip_dst = {1}}, 0), struct flow,
			  entry);
	assert_int_equal(held->cookie, 1);
	assert_int_equal(flow_del(1, NULL), XVIO_ST_OK);
	for (i = 0; i < 2000; i++) { /* more than a chunk, less than the ring */
		add(100 + i, 1, 100 + i, UINT32_MAX);
		poll_core(2); /* the other one goes on */
		assert_int_equal(held->cookie, 1);
	}
	poll_core(1);
	for (i = 0; i < 2000 && held->cookie == 1; i++)
		add(10000 + i, 1, 10000 + i, UINT32_MAX);
	assert_int_not_equal(held->cookie, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warm),
		cmocka_unit_test(test_removal_touches_its_own_entries),
		cmocka_unit_test(test_addition_touches_what_it_beats),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_masked_keys),
		cmocka_unit_test(test_too_many_flows),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_epoch_waits_for_every_worker),
		cmocka_unit_test(test_epoch_passes_before_count_for_nothing),
		cmocka_unit_test(test_epoch_sleepers_hold_nothing),
		cmocka_unit_test(test_epoch_ring_is_bounded),
		cmocka_unit_test(test_memory_of_a_rule_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
