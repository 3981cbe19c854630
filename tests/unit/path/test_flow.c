/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Rules: what is refused and why, and lookups against a linear reference while rules come and go. */
#include <stddef.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "lib/endian.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "path/core.h"
#include "path/epoch.h"
#include "path/flow.h"

#define PORT_A	  XVIO_PORT_VDPA(0)
#define PORT_B	  XVIO_PORT_VDPA(1)
#define MAX_RULES 300u

static struct bed_port a, b;

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 16);
	bed_add_port(&b, PORT_B, 16);
}

static struct xvio_flow_rule good_rule(void)
{
	return (struct xvio_flow_rule){
		.cookie = 1,
		.num_actions = 1,
		.action[0] = {.type = XVIO_ACTION_OUTPUT, .arg = PORT_B},
	};
}

#define OFFSET(field) ((uint32_t)offsetof(struct xvio_flow_rule, field))

static void refuse(const struct xvio_flow_rule *rule, unsigned status, uint32_t offset)
{
	size_t free_bytes = heap_free_bytes();
	struct xvio_flow_stats stats;
	uint32_t detail = 12345;

	assert_int_equal(flow_add(rule, &detail), status);
	assert_int_equal(detail, offset);
	assert_int_equal(heap_free_bytes(), free_bytes);
	assert_int_equal(flow_stats(rule->cookie, &stats), XVIO_ST_BAD_OBJECT);
}

static void test_refused_headers(void **state)
{
	struct xvio_flow_rule rule;

	(void)state;
	start();
	rule = good_rule();
	rule.num_actions = 0;
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(num_actions));
	rule.num_actions = XVIO_FLOW_MAX_ACTIONS + 1;
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(num_actions));
	rule = good_rule();
	rule.reserved[2] = 1;
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(reserved));
	rule = good_rule();
	rule.mask.in_port = 0xffff;
	rule.key.in_port = 999;
	refuse(&rule, XVIO_ST_BAD_OBJECT, OFFSET(key.in_port));
	rule = good_rule();
	rule.tp_src = (struct xvio_flow_range){endian_swap16(7), endian_swap16(6)};
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(tp_src));
	rule = good_rule();
	rule.tp_dst = (struct xvio_flow_range){endian_swap16(6), endian_swap16(7)};
	rule.mask.tp_dst = endian_swap16(1);
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(tp_dst));
}

static void test_refused_actions(void **state)
{
	struct xvio_flow_rule rule;

	(void)state;
	start();
	rule = good_rule();
	rule.action[0].type = 77;
	refuse(&rule, XVIO_ST_UNSUPPORTED, OFFSET(action[0].type));
	rule = good_rule();
	rule.action[0].arg = 999;
	refuse(&rule, XVIO_ST_BAD_OBJECT, OFFSET(action[0].arg));
	rule.action[0].arg = 0x10000u + PORT_B; /* must not be cut to 16 bits */
	refuse(&rule, XVIO_ST_BAD_OBJECT, OFFSET(action[0].arg));
	rule = good_rule();
	rule.action[0].mask = 1;
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(action[0].mask));
	rule = good_rule();
	rule.action[1].arg = 1; /* behind the last one */
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(action[1]));
	rule = good_rule();
	rule.num_actions = 2; /* the list has no end */
	rule.action[1] = (struct xvio_flow_action){.type = XVIO_ACTION_VLAN_POP};
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(action[1]));
	rule = good_rule();
	rule.action[0] = (struct xvio_flow_action){.type = XVIO_ACTION_DROP, .arg = 1};
	refuse(&rule, XVIO_ST_BAD_VALUE, OFFSET(action[0].arg));
}

/* Each copy is as the packet was then. */
static void test_eth_dst(void **state)
{
	static const uint8_t mac[2][6] = {{2, 1, 2, 3, 4, 5}, {6, 7, 8, 9, 10, 11}};
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.key.in_port = PORT_A,
		.mask.in_port = 0xffff,
	};
	uint8_t frame[100];
	uint8_t got[10000];
	unsigned i;

	(void)state;
	start();
	bed_frame(frame, 100, 1);
	bed_post(&b, 10, 1000);
	act_copy(&rule, PORT_B);
	for (i = 0; i < 2; i++) {
		act_eth_dst(&rule, mac[i]);
		act_copy(&rule, PORT_B);
	}
	act_end(&rule);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	for (i = 0; i < 3; i++) {
		assert_int_equal(bed_receive(&b, got, NULL), 100);
		assert_memory_equal(got, i ? mac[i - 1] : frame, 6);
		assert_memory_equal(got + 6, frame + 6, 94);
	}
	assert_int_equal(flow_del(1, NULL), XVIO_ST_OK);
	memset(rule.action, 0, sizeof(rule.action));
	rule.num_actions = 0;
	act_eth_dst(&rule, mac[0]); /* the one kind, without a list */
	act_copy(&rule, PORT_B);
	act_end(&rule);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_memory_equal(got, mac[0], 6);
	assert_memory_equal(got + 6, frame + 6, 94);
	assert_int_equal(bed_receive(&b, got, NULL), 0);
}

/* Counters by rule, and the last ones when it goes. */
static void test_counters(void **state)
{
	struct xvio_flow_stats stats;
	uint8_t frame[200];
	uint8_t got[10000];
	unsigned i;

	(void)state;
	start();
	bed_post(&b, 10, 1000);
	bed_rule(1, PORT_A, PORT_B);
	for (i = 0; i < 4; i++) {
		bed_frame(frame, 100 + i, 1);
		assert_true(bed_send(&a, frame, 100 + i, 1));
		bed_ring(&a, BED_TX);
		fake_run();
		assert_int_equal(bed_receive(&b, got, NULL), 100 + i);
		fake_advance_us(1000);
	}
	assert_int_equal(flow_stats(1, &stats), XVIO_ST_OK);
	assert_int_equal(stats.packets, 4);
	assert_int_equal(stats.bytes, 406);
	assert_in_range(stats.idle_us, 1000, 1999);
	bed_frame(frame, 100, 1);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	assert_int_equal(flow_del(1, &stats), XVIO_ST_OK); /* the worker's turn comes in the wait */
	assert_in_range(stats.packets, 4, 5);
	assert_int_equal(stats.bytes, 406 + (stats.packets - 4) * 100);
	bed_rule(1, PORT_A, PORT_B); /* in memory of another one */
	assert_int_equal(flow_stats(1, &stats), XVIO_ST_OK);
	assert_int_equal(stats.packets, 0);
	assert_in_range(stats.idle_us, 0, 10);
}

/* Every bit of the key, set outside the mask: the field it lies in is named. */
static void test_key_outside_mask(void **state)
{
	unsigned bit;

	(void)state;
	start();
	for (bit = 0; bit < sizeof(struct xvio_flow_key) * 8; bit++) {
		struct xvio_flow_rule rule = good_rule();
		uint32_t detail;

		((uint8_t *)&rule.key)[bit / 8] = (uint8_t)(1u << bit % 8);
		assert_int_equal(flow_add(&rule, &detail), XVIO_ST_BAD_VALUE);
		assert_in_range(detail, OFFSET(key), OFFSET(key) + bit / 8);
	}
	refuse(&(struct xvio_flow_rule){.num_actions = 1, .key.eth_src = {0, 0, 1}},
	       XVIO_ST_BAD_VALUE, OFFSET(key.eth_src));
}

static void test_cookies(void **state)
{
	struct xvio_flow_rule rule;
	struct xvio_flow_stats stats;
	uint32_t detail;

	(void)state;
	start();
	rule = good_rule();
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_EXISTS);
	assert_int_equal(flow_stats(1, &stats), XVIO_ST_OK);
	assert_int_equal(flow_stats(2, &stats), XVIO_ST_BAD_OBJECT);
	assert_int_equal(flow_del(2, &stats), XVIO_ST_BAD_OBJECT);
	assert_int_equal(flow_del(1, &stats), XVIO_ST_OK);
	assert_int_equal(flow_del(1, &stats), XVIO_ST_BAD_OBJECT);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	flow_flush();
	assert_int_equal(flow_stats(1, &stats), XVIO_ST_BAD_OBJECT);
}

/* The reference: rules in the order they were added. */
static struct xvio_flow_rule reference[MAX_RULES];
static unsigned num_reference;

static bool matches(const struct xvio_flow_rule *rule, const union flow_key *key)
{
	const uint8_t *packet = (const uint8_t *)key;
	const uint8_t *want = (const uint8_t *)&rule->key;
	const uint8_t *mask = (const uint8_t *)&rule->mask;
	unsigned i;

	for (i = 0; i < sizeof(rule->key); i++) {
		if ((packet[i] & mask[i]) != want[i])
			return false;
	}
	return true;
}

static const struct xvio_flow_rule *reference_lookup(const union flow_key *key)
{
	const struct xvio_flow_rule *best = NULL;
	unsigned i;

	for (i = 0; i < num_reference; i++) {
		if (matches(&reference[i], key) && (!best || reference[i].prio < best->prio))
			best = &reference[i];
	}
	return best;
}

/* Few values, so that keys often meet rules, and several of them. */
static void random_key(union flow_key *key)
{
	*key = (union flow_key){0};
	key->field.in_port = check_random(2) ? PORT_A : PORT_B;
	key->field.eth_type = check_random(3) ? 0x0008 : 0xdd86;
	key->field.ip_proto = (uint8_t)check_random(3);
	key->field.tp_dst = (uint16_t)check_random(4);
	key->field.ip_src[0] = (uint8_t)check_random(4);
	key->field.ip_dst[3] = (uint8_t)check_random(4);
}

static void random_rule(struct xvio_flow_rule *rule, uint64_t cookie)
{
	static const uint8_t parts[] = {0, 0xff, 0xff, 0x01, 0x02};
	union flow_key key;
	unsigned i;

	random_key(&key);
	*rule = good_rule();
	rule->cookie = cookie;
	rule->prio = check_random(6);
	rule->mask.in_port = check_random(2) ? 0xffff : 0;
	rule->mask.eth_type = check_random(2) ? 0xffff : 0;
	rule->mask.ip_proto = parts[check_random(5)];
	rule->mask.tp_dst = parts[check_random(5)];
	rule->mask.ip_src[0] = parts[check_random(5)];
	rule->mask.ip_dst[3] = parts[check_random(5)];
	for (i = 0; i < sizeof(rule->key); i++)
		((uint8_t *)&rule->key)[i] =
			((uint8_t *)&key)[i] & ((const uint8_t *)&rule->mask)[i];
}

static void check_answer(const struct flow *flow, const union flow_key *key)
{
	const struct xvio_flow_rule *want = reference_lookup(key);

	if (!want)
		assert_null(flow);
	else
		assert_int_equal(flow ? flow->cookie : UINT64_MAX, want->cookie);
}

static void check_lookup(void)
{
	const struct classifier_entry *entry;
	union flow_key key;

	random_key(&key);
	entry = classifier_lookup(&key, 0);
	check_answer(entry ? list_entry(entry, struct flow, entry) : NULL, &key);
}

/* Looks keys up in core 1's cache. */
static void cached_lookup(const union flow_key *key, struct flow **flow, unsigned num)
{
	static struct pkt pkt[PKT_BURST];
	struct burst burst = {.num = num};
	unsigned i;

	for (i = 0; i < num; i++) {
		pkt[i].key = key[i];
		burst.pkt[i] = &pkt[i];
	}
	fake_set_core(1);
	cache_lookup(core_self()->cache, &burst);
	fake_set_core(0);
	for (i = 0; i < num; i++)
		flow[i] = burst_flow(&burst, i);
}

/* The cache's answers, and again those of before: it stays warm over changes. */
static void check_cache(void)
{
	static union flow_key keys[200];
	struct flow *flow[PKT_BURST];
	unsigned num = 1 + check_random(PKT_BURST);
	unsigned first = check_random(200 - PKT_BURST);
	unsigned i;

	for (i = 0; i < num; i++) {
		if (!check_random(8))
			random_key(&keys[first + i]);
	}
	cached_lookup(&keys[first], flow, num);
	for (i = 0; i < num; i++)
		check_answer(flow[i], &keys[first + i]);
}

/* A rule comes, or one of those that are there goes; cookies count up. */
static void random_change(uint64_t cookie)
{
	uint32_t detail;
	unsigned i;

	if (num_reference == MAX_RULES || (num_reference && !check_random(3))) {
		i = check_random(num_reference);
		assert_int_equal(flow_del(reference[i].cookie, NULL), XVIO_ST_OK);
		memmove(&reference[i], &reference[i + 1],
			(--num_reference - i) * sizeof(reference[0]));
	} else {
		random_rule(&reference[num_reference], cookie);
		assert_int_equal(flow_add(&reference[num_reference++], &detail), XVIO_ST_OK);
	}
}

static void remove_all(void)
{
	while (num_reference)
		assert_int_equal(flow_del(reference[--num_reference].cookie, NULL), XVIO_ST_OK);
	epoch_synchronize();
	assert_int_equal(epoch_num_pending(), 0);
}

static void test_against_linear_reference(void **state)
{
	size_t free_bytes = 0;
	uint64_t cookie;
	unsigned round;
	unsigned i;

	(void)state;
	start();
	num_reference = 0;
	for (round = 0; round < 6; round++) {
		check_seed(round % 5); /* the last as the first: it finds the memory of the first */
		for (cookie = 0; cookie < 2000; cookie++) {
			random_change(cookie);
			for (i = 0; i < 10; i++)
				check_lookup();
		}
		remove_all();
		if (round == 4)
			free_bytes = heap_free_bytes();
	}
	assert_int_equal(heap_free_bytes(), free_bytes);
}

/*
 * After every change a warm cache answers as the reference does. Few rules at times, so that tables
 * and with them the bits that count come and go; sometimes all rules go at once.
 */
static void test_cache_against_linear_reference(void **state)
{
	uint64_t cookie;
	unsigned round;
	unsigned i;

	(void)state;
	for (round = 0; round < 8; round++) {
		check_seed(round);
		start();
		num_reference = 0;
		for (cookie = 0; cookie < 3000; cookie++) {
			if (num_reference && !check_random(400)) {
				num_reference = 0;
				flow_flush();
			}
			random_change(cookie);
			while (num_reference > 2 && cookie / 200 % 2)
				assert_int_equal(flow_del(reference[--num_reference].cookie, NULL),
						 XVIO_ST_OK);
			for (i = 0; i < 4; i++)
				check_cache();
		}
		remove_all();
	}
}

/* One mask, many keys: the table grows; emptied slots do not fill it up. */
static void test_large_table(void **state)
{
	struct xvio_flow_rule rule = good_rule();
	size_t free_bytes = 0;
	uint32_t detail;
	uint32_t i;

	(void)state;
	start();
	memset(rule.mask.ip_dst, 0xff, 4);
	for (i = 0; i < 20000; i++) {
		rule.cookie = i;
		memcpy(rule.key.ip_dst, &i, 4);
		assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
		if (i >= 5000)
			assert_int_equal(flow_del(i - 5000, NULL), XVIO_ST_OK);
		if (i == 10000) {
			epoch_synchronize();
			free_bytes = heap_free_bytes();
		}
	}
	epoch_synchronize();
	assert_int_equal(heap_free_bytes(), free_bytes); /* 5000 rules all the time: no growth */
	for (i = 15000; i < 20000; i++) {
		union flow_key key = {.field.in_port = PORT_A};

		memcpy(key.field.ip_dst, &i, 4);
		assert_int_equal(list_entry(classifier_lookup(&key, 0), struct flow, entry)->cookie,
				 i);
		key.field.ip_dst[3] = 1;
		assert_null(classifier_lookup(&key, 0));
	}
	flow_flush();
	for (i = 15000; i < 20000; i++) {
		union flow_key key = {.field.in_port = PORT_A};

		memcpy(key.field.ip_dst, &i, 4);
		assert_null(classifier_lookup(&key, 0));
	}
}

/* What the cache says follows every change: added, removed, flushed. */
static void test_cache_follows_rules(void **state)
{
	uint8_t frame[100];
	uint8_t got[10000];
	struct xvio_flow_rule better = good_rule();
	uint32_t detail;
	unsigned i;

	(void)state;
	start();
	bed_frame(frame, 100, 1);
	bed_post(&b, 10, 1000);
	for (i = 0; i < 12; i++) {
		if (i == 3)
			bed_rule(1, PORT_A, PORT_B);
		better.cookie = 2;
		better.action[0] = (struct xvio_flow_action){.type = XVIO_ACTION_DROP};
		if (i == 6)
			assert_int_equal(flow_add(&better, &detail), XVIO_ST_OK);
		if (i == 9)
			flow_flush();
		assert_true(bed_send(&a, frame, 100, 1));
		bed_ring(&a, BED_TX);
		fake_run();
		assert_int_equal(bed_receive(&b, got, NULL), i >= 3 && i < 6 ? 100 : 0);
	}
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_FLOW_MISSES), 6);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_FLOW_HITS), 6);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_RULE), 3);
}

/* Memory runs out: refused as such, what was there still works, all of it can be removed. */
static void test_no_space(void **state)
{
	struct xvio_flow_rule rule = good_rule();
	struct xvio_flow_stats stats;
	uint32_t detail;
	unsigned status;

	(void)state;
	start();
	while (heap_alloc(100000))
		;
	do {
		rule.cookie++;
		rule.prio = (uint32_t)rule.cookie % 7;
		rule.mask.tp_dst = (uint16_t)rule.cookie;
		status = flow_add(&rule, &detail);
	} while (status == XVIO_ST_OK);
	assert_int_equal(status, XVIO_ST_NO_SPACE);
	assert_true(rule.cookie > 10);
	assert_int_equal(flow_stats(rule.cookie, &stats), XVIO_ST_BAD_OBJECT);
	while (--rule.cookie > 1)
		assert_int_equal(flow_del(rule.cookie, NULL), XVIO_ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_headers),
		cmocka_unit_test(test_refused_actions),
		cmocka_unit_test(test_eth_dst),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_key_outside_mask),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_against_linear_reference),
		cmocka_unit_test(test_cache_against_linear_reference),
		cmocka_unit_test(test_large_table),
		cmocka_unit_test(test_cache_follows_rules),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
