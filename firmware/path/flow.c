/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rule table (flow.h): keeps rules by cookie, puts their parts into the classifier. Memory of rules comes from the
 * heap in chunks and does not go back. Core 0 only.
 */
#include "path/flow.h"

#include <stddef.h>
#include <string.h>
#include <xvio/mbox.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "path/epoch.h"
#include "path/index.h"
#include "path/policer.h"
#include "path/program.h"
#include "path/rule.h"
#include "path/stats.h"

#define FLOW_MAX_RULES	 4194304u
#define FLOW_INDEX_BYTES 40u /* of a rule in two indices, while one of them grows */

static struct index flow_cookies;
static uint32_t flow_num_shapers; /* parts that change packets, and lead them to another chain */
static uint32_t flow_num_rules;
static uint32_t flow_limit;
static struct flow *flow_free; /* the oldest; linked by entry.next */
static struct flow *flow_free_last;

/* Memory of rules */

static struct flow *flow_next_free(const struct flow *flow)
{
	struct classifier_entry *next =
		atomic_load_explicit(&flow->entry.next, memory_order_relaxed);

	return next ? list_entry(next, struct flow, entry) : NULL;
}

/* The last to be used anew: until then a cache may remember the rule's generation. */
static void flow_give_back(void *object)
{
	struct flow *flow = object;

	rule_release(flow);
	flow->next_part = 0;
	atomic_store_explicit(&flow->entry.next, NULL, memory_order_relaxed);
	if (flow_free)
		atomic_store_explicit(&flow_free_last->entry.next, &flow->entry,
				      memory_order_relaxed);
	else
		flow_free = flow;
	flow_free_last = flow;
}

/* A chunk: the rules, then core by core the counters of all of them. */
static bool flow_new_chunk(void)
{
	struct flow *flow = heap_alloc(
		FLOW_CHUNK * (sizeof(*flow) + hal_num_cores() * sizeof(struct flow_count)));
	unsigned i;

	if (!flow)
		return false;
	for (i = 0; i < FLOW_CHUNK; i++) {
		flow[i].count = (struct flow_count *)(flow + FLOW_CHUNK) + i;
		flow_give_back(&flow[i]);
	}
	return true;
}

/* A rule with counters of 0. NULL: no memory, also when all that was removed is free again. */
static struct flow *flow_alloc(void)
{
	struct flow *flow;
	unsigned core;

	if (!flow_free)
		epoch_reclaim();
	if (!flow_free && !flow_new_chunk())
		epoch_synchronize();
	flow = flow_free;
	if (!flow)
		return NULL;
	flow_free = flow_next_free(flow);
	for (core = 0; core < hal_num_cores(); core++)
		*flow_count(flow, core) = (struct flow_count){0};
	return flow;
}

bool flow_is_empty(void)
{
	return !flow_num_rules;
}

uint32_t flow_max_rules(void)
{
	return flow_limit;
}

bool flow_init(void)
{
	size_t rule_bytes = sizeof(struct flow) + FLOW_INDEX_BYTES +
			    hal_num_cores() * sizeof(struct flow_count);
	size_t limit = heap_free_bytes() / 4 * 3 / rule_bytes;

	flow_limit = limit < FLOW_MAX_RULES ? (uint32_t)limit : FLOW_MAX_RULES;
	flow_num_rules = 0;
	flow_num_shapers = 0;
	flow_free = NULL;
	policer_init();
	return index_start() && classifier_start() && index_init(&flow_cookies) && flow_new_chunk();
}

/* Cookies */

/* The rule, and the walk that found it; NULL: there is none. */
static struct flow *flow_walk(uint64_t cookie, struct index_walk *walk)
{
	struct flow *flow;

	*walk = index_begin(&flow_cookies, (uint32_t)hash_serial(cookie));
	do
		flow = index_next(walk);
	while (flow && flow->cookie != cookie);
	return flow;
}

static struct flow *flow_find(uint64_t cookie)
{
	struct index_walk walk;

	return flow_walk(cookie, &walk);
}

/* Rules */

void flow_expect(const struct xvio_flow_rule *rule)
{
	const union flow_key key = {.field = rule->key};
	const union flow_key mask = {.field = rule->mask};

	if (PREFETCH_WORKS)
		classifier_expect(&key, &mask, rule->chain);
}

void flow_expect_del(uint64_t cookie)
{
	const struct flow *flow = PREFETCH_WORKS ? flow_find(cookie) : NULL;

	if (flow)
		classifier_expect_remove(&flow->entry);
}

static struct flow *flow_next_part(const struct flow *flow)
{
	return flow->next_part ? index_object(flow->next_part) : NULL;
}

/*
 * What a packet is in another chain depends on what it was made of: a change finds a header or does not, and tags move
 * from place to place.
 */
static const union flow_key flow_shape = {.field = {
						  .eth_type = 0xffff,
						  .vlan_tci = 0xffff,
						  .vlan_tpid = 0xffff,
						  .ip_proto = 0xff,
						  .flags = 0xff,
						  .cvlan_tci = 0xffff,
					  }};

static bool flow_is_shaper(const struct flow *flow)
{
	return flow->kind == FLOW_PROGRAM && flow->program->leads_on && flow->program->changes;
}

/* One more, before any lookup finds it. False: no memory. */
static bool flow_count_shaper(const struct flow *flow)
{
	if (!flow_is_shaper(flow))
		return true;
	if (!flow_num_shapers && !classifier_look_at(&flow_shape))
		return false;
	flow_num_shapers++;
	return true;
}

/* One less, after no lookup finds it any more. */
static void flow_uncount_shaper(const struct flow *flow)
{
	static const union flow_key nothing;

	if (flow_is_shaper(flow) && !--flow_num_shapers)
		classifier_look_at(&nothing);
}

/* Of all parts, when no worker uses one any more. */
static void flow_give_back_parts(void *object)
{
	struct flow *flow = object;

	while (flow) {
		struct flow *next = flow_next_part(flow);

		flow_give_back(flow);
		flow = next;
	}
}

/* Lookups find no part of the rule any more. */
static void flow_hide(struct flow *flow)
{
	for (; flow; flow = flow_next_part(flow)) {
		classifier_remove(&flow->entry);
		flow_uncount_shaper(flow);
		flow_num_rules--;
	}
}

/* A part, made and seen by workers. NULL: no memory. */
static struct flow *flow_add_part(const struct xvio_flow_rule *rule,
				  const struct xvio_flow_key *key, const struct xvio_flow_key *mask)
{
	const union flow_key bits = {.field = *mask};
	struct flow *flow = flow_num_rules < flow_limit ? flow_alloc() : NULL;

	if (!flow)
		return NULL;
	flow->entry.key.field = *key;
	flow->entry.prio = rule->prio;
	flow->cookie = rule->cookie;
	atomic_store_explicit(&flow_count(flow, 0)->last_us, hal_time_us(), memory_order_relaxed);
	if (!rule_compile(flow, rule) || !flow_count_shaper(flow))
		goto give_back;
	if (!classifier_add(&flow->entry, &bits, rule->chain))
		goto uncount;
	flow_num_rules++;
	return flow;

uncount:
	flow_uncount_shaper(flow);
give_back:
	flow_give_back(flow);
	return NULL;
}

/* All parts of a rule; the last one stands first. NULL: no memory, and none is left. */
static struct flow *flow_add_parts(const struct xvio_flow_rule *rule)
{
	struct rule_parts parts = rule_parts_begin(rule);
	struct xvio_flow_key key;
	struct xvio_flow_key mask;
	struct flow *first = NULL;

	while (rule_parts_next(&parts, &key, &mask)) {
		struct flow *flow = flow_add_part(rule, &key, &mask);

		if (!flow) {
			flow_hide(first);
			if (first)
				epoch_defer(flow_give_back_parts, first);
			return NULL;
		}
		flow->next_part = first ? index_ref(first) : 0;
		first = flow;
	}
	return first;
}

unsigned flow_add(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	unsigned status = rule_check(rule, detail);
	struct flow *flow;

	if (status != XVIO_ST_OK)
		return status;
	*detail = offsetof(struct xvio_flow_rule, cookie);
	if (flow_find(rule->cookie))
		return XVIO_ST_EXISTS;
	*detail = 0;
	if (!index_make_room(&flow_cookies))
		return XVIO_ST_NO_SPACE;
	flow = flow_add_parts(rule);
	if (!flow)
		return XVIO_ST_NO_SPACE;
	index_put(&flow_cookies, (uint32_t)hash_serial(rule->cookie), flow);
	return XVIO_ST_OK;
}

/* Adds what one core counted. */
static void flow_sum_core(const struct flow_count *count, struct xvio_flow_stats *stats,
			  uint64_t *last_us)
{
	const uint64_t core_last_us = stats_read(&count->last_us);

	stats->packets += stats_read(&count->packets);
	stats->bytes += stats_read(&count->bytes);
	stats->drops += stats_read(&count->drops);
	if (core_last_us > *last_us)
		*last_us = core_last_us;
}

static void flow_sum(const struct flow *flow, struct xvio_flow_stats *stats)
{
	uint64_t last_us = 0;
	unsigned core;

	*stats = (struct xvio_flow_stats){0};
	for (; flow; flow = flow_next_part(flow)) {
		for (core = 0; core < hal_num_cores(); core++)
			flow_sum_core(flow_count(flow, core), stats, &last_us);
	}
	stats->idle_us = hal_time_us() - last_us;
}

unsigned flow_del(uint64_t cookie, struct xvio_flow_stats *last)
{
	struct index_walk walk;
	struct flow *flow = flow_walk(cookie, &walk);

	if (!flow)
		return XVIO_ST_BAD_OBJECT;
	index_remove(&flow_cookies, &walk);
	flow_hide(flow);
	if (last) {
		epoch_synchronize();
		flow_sum(flow, last);
		flow_give_back_parts(flow);
	} else {
		epoch_defer(flow_give_back_parts, flow);
	}
	return XVIO_ST_OK;
}

unsigned flow_stats(uint64_t cookie, struct xvio_flow_stats *stats)
{
	const struct flow *flow = flow_find(cookie);

	if (!flow)
		return XVIO_ST_BAD_OBJECT;
	flow_sum(flow, stats);
	return XVIO_ST_OK;
}

void flow_flush(void)
{
	uint32_t num_slots = index_num_slots(&flow_cookies);
	uint32_t i;

	classifier_clear();
	for (i = 0; i < num_slots; i++)
		flow_give_back_parts(index_at(&flow_cookies, i));
	index_clear(&flow_cookies);
	flow_num_rules = 0;
	flow_num_shapers = 0;
	policer_flush();
}
