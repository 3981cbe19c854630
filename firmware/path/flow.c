/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rule table (flow.h): checks what the host asks for, keeps rules by cookie, puts them into the
 * classifier. Memory of rules comes from the heap in chunks and does not go back. Core 0 only.
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
#include "path/port.h"
#include "path/stats.h"

#define FLOW_MAX_RULES	 4194304u
#define FLOW_INDEX_BYTES 40u /* of a rule in two indices, while one of them grows */

static struct index flow_cookies;
static uint32_t flow_num_rules;
static uint32_t flow_limit;
static struct flow *flow_free; /* the oldest; linked by entry.next */
static struct flow *flow_free_last;

/* Where the fields of a key begin, and its end: the host is told of fields, not of bytes. */
static const uint8_t flow_key_field[] = {
	offsetof(struct xvio_flow_key, in_port),
	offsetof(struct xvio_flow_key, eth_type),
	offsetof(struct xvio_flow_key, eth_dst),
	offsetof(struct xvio_flow_key, eth_src),
	offsetof(struct xvio_flow_key, vlan_tci),
	offsetof(struct xvio_flow_key, vlan_tpid),
	offsetof(struct xvio_flow_key, ip_proto),
	offsetof(struct xvio_flow_key, ip_tos),
	offsetof(struct xvio_flow_key, ip_ttl),
	offsetof(struct xvio_flow_key, flags),
	offsetof(struct xvio_flow_key, tp_src),
	offsetof(struct xvio_flow_key, tp_dst),
	offsetof(struct xvio_flow_key, tcp_flags),
	offsetof(struct xvio_flow_key, cvlan_tci),
	offsetof(struct xvio_flow_key, ip_src),
	offsetof(struct xvio_flow_key, ip_dst),
	sizeof(struct xvio_flow_key),
};

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

	if (flow->kind == FLOW_LIST)
		heap_free(flow->list);
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
	flow_free = NULL;
	return index_start() && index_init(&flow_cookies) && flow_new_chunk();
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

/* What the host may ask for */

/* Offset of the first key field that has a bit outside the mask; the key's size if none has. */
static uint32_t flow_field_outside_mask(const struct xvio_flow_rule *rule)
{
	union flow_key keys[2] = {{.field = rule->key}, {.field = rule->mask}};
	const uint8_t *key = (const uint8_t *)&rule->key;
	const uint8_t *mask = (const uint8_t *)&rule->mask;
	uint64_t outside = 0;
	unsigned field;
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		outside |= keys[0].word[i] & ~keys[1].word[i];
	for (field = 0; outside && flow_key_field[field] < sizeof(rule->key); field++) {
		for (i = flow_key_field[field]; i < flow_key_field[field + 1]; i++) {
			if (key[i] & ~mask[i])
				return flow_key_field[field];
		}
	}
	return sizeof(rule->key);
}

static unsigned flow_check_key(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	uint32_t field = flow_field_outside_mask(rule);

	if (field < sizeof(rule->key)) {
		*detail = (uint32_t)offsetof(struct xvio_flow_rule, key) + field;
		return XVIO_ST_BAD_VALUE;
	}
	if (rule->mask.in_port == 0xffffu && !port_exists(rule->key.in_port)) {
		*detail = offsetof(struct xvio_flow_rule, key.in_port);
		return XVIO_ST_BAD_OBJECT;
	}
	return XVIO_ST_OK;
}

/* Whether an output stands behind action i. */
static bool flow_has_output_behind(const struct xvio_flow_rule *rule, unsigned i)
{
	for (i++; i < rule->num_actions; i++) {
		if (rule->action[i].type == XVIO_ACTION_OUTPUT)
			return true;
	}
	return false;
}

static unsigned flow_check_action(const struct xvio_flow_rule *rule, unsigned i, uint32_t *detail)
{
	const struct xvio_flow_action *action = &rule->action[i];
	uint32_t offset = (uint32_t)(offsetof(struct xvio_flow_rule, action) + i * sizeof(*action));

	*detail = offset;
	if (i >= rule->num_actions)
		return action->type || action->reserved || action->arg ? XVIO_ST_BAD_VALUE
								       : XVIO_ST_OK;
	if (action->type == XVIO_ACTION_SET_ETH_DST)
		return flow_has_output_behind(rule, i) ? XVIO_ST_OK : XVIO_ST_BAD_VALUE;
	if (action->type != XVIO_ACTION_OUTPUT && action->type != XVIO_ACTION_DROP)
		return XVIO_ST_UNSUPPORTED;
	if (action->type == XVIO_ACTION_DROP && rule->num_actions != 1)
		return XVIO_ST_BAD_VALUE;
	*detail = offset + (uint32_t)offsetof(struct xvio_flow_action, reserved);
	if (action->reserved)
		return XVIO_ST_BAD_VALUE;
	*detail = offset + (uint32_t)offsetof(struct xvio_flow_action, arg);
	if (action->type == XVIO_ACTION_DROP)
		return action->arg ? XVIO_ST_BAD_VALUE : XVIO_ST_OK;
	return action->arg < XVIO_NUM_PORTS && port_exists((uint16_t)action->arg)
		       ? XVIO_ST_OK
		       : XVIO_ST_BAD_OBJECT;
}

static unsigned flow_check(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	unsigned status;
	unsigned i;

	if (!rule->num_actions || rule->num_actions > XVIO_FLOW_MAX_ACTIONS) {
		*detail = offsetof(struct xvio_flow_rule, num_actions);
		return XVIO_ST_BAD_VALUE;
	}
	if (rule->reserved) {
		*detail = offsetof(struct xvio_flow_rule, reserved);
		return XVIO_ST_BAD_VALUE;
	}
	status = flow_check_key(rule, detail);
	for (i = 0; status == XVIO_ST_OK && i < XVIO_FLOW_MAX_ACTIONS; i++)
		status = flow_check_action(rule, i, detail);
	return status;
}

/* Rules */

/* Writes the rule's outputs, with the destination that each one has; returns their number. */
static unsigned flow_list_outputs(const struct xvio_flow_rule *rule, struct flow_output *output)
{
	struct flow_output next = {0};
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < rule->num_actions; i++) {
		const struct xvio_flow_action *action = &rule->action[i];

		if (action->type == XVIO_ACTION_SET_ETH_DST) {
			memcpy(next.eth_dst, action->eth_dst, sizeof(next.eth_dst));
			next.sets_eth_dst = true;
		} else if (action->type == XVIO_ACTION_OUTPUT) {
			next.port = (uint16_t)action->arg;
			output[num++] = next;
		}
	}
	return num;
}

/* What the rule does, as action.c runs it. False: no memory. */
static bool flow_compile(struct flow *flow, const struct xvio_flow_rule *rule)
{
	struct flow_output output[XVIO_FLOW_MAX_ACTIONS];
	unsigned num = flow_list_outputs(rule, output);

	flow->kind = FLOW_DROP;
	if (num > 1) {
		flow->list = heap_alloc(sizeof(*flow->list) + num * sizeof(output[0]));
		if (!flow->list)
			return false;
		flow->list->num = num;
		memcpy(flow->list->output, output, num * sizeof(output[0]));
		flow->kind = FLOW_LIST;
	} else if (num) {
		flow->port = output[0].port;
		memcpy(flow->eth_dst, output[0].eth_dst, sizeof(flow->eth_dst));
		flow->kind = output[0].sets_eth_dst ? FLOW_OUTPUT_ETH_DST : FLOW_OUTPUT;
	}
	return true;
}

static void flow_fill(struct flow *flow, const struct xvio_flow_rule *rule)
{
	flow->entry.key.field = rule->key;
	flow->entry.prio = rule->prio;
	flow->cookie = rule->cookie;
	atomic_store_explicit(&flow_count(flow, 0)->last_us, hal_time_us(), memory_order_relaxed);
}

void flow_expect(const struct xvio_flow_rule *rule)
{
	const union flow_key key = {.field = rule->key};
	const union flow_key mask = {.field = rule->mask};

	if (PREFETCH_WORKS)
		classifier_expect(&key, &mask);
}

void flow_expect_del(uint64_t cookie)
{
	const struct flow *flow = PREFETCH_WORKS ? flow_find(cookie) : NULL;

	if (flow)
		classifier_expect_remove(&flow->entry);
}

unsigned flow_add(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	union flow_key mask = {.field = rule->mask};
	struct flow *flow;
	unsigned status;

	status = flow_check(rule, detail);
	if (status != XVIO_ST_OK)
		return status;
	*detail = offsetof(struct xvio_flow_rule, cookie);
	if (flow_find(rule->cookie))
		return XVIO_ST_EXISTS;
	*detail = 0;
	if (flow_num_rules >= flow_limit || !index_make_room(&flow_cookies))
		return XVIO_ST_NO_SPACE;
	flow = flow_alloc();
	if (!flow)
		return XVIO_ST_NO_SPACE;
	flow_fill(flow, rule);
	if (!flow_compile(flow, rule) || !classifier_add(&flow->entry, &mask)) {
		flow_give_back(flow);
		return XVIO_ST_NO_SPACE;
	}
	index_put(&flow_cookies, (uint32_t)hash_serial(rule->cookie), flow);
	flow_num_rules++;
	return XVIO_ST_OK;
}

static void flow_sum(const struct flow *flow, struct xvio_flow_stats *stats)
{
	uint64_t last_us = 0;
	unsigned core;

	*stats = (struct xvio_flow_stats){0};
	for (core = 0; core < hal_num_cores(); core++) {
		const struct flow_count *count = flow_count(flow, core);
		uint64_t core_last_us = stats_read(&count->last_us);

		stats->packets += stats_read(&count->packets);
		stats->bytes += stats_read(&count->bytes);
		if (core_last_us > last_us)
			last_us = core_last_us;
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
	flow_num_rules--;
	classifier_remove(&flow->entry);
	if (last) {
		epoch_synchronize();
		flow_sum(flow, last);
		flow_give_back(flow);
	} else {
		epoch_defer(flow_give_back, flow);
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
	for (i = 0; i < num_slots; i++) {
		struct flow *flow = index_at(&flow_cookies, i);

		if (flow)
			flow_give_back(flow);
	}
	index_clear(&flow_cookies);
	flow_num_rules = 0;
}
