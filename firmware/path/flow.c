/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rule table (flow.h): checks what the host asks for, keeps rules by cookie, puts them into the
 * classifier. Core 0 only.
 */
#include "path/flow.h"

#include <stddef.h>
#include <string.h>
#include <xvio/mbox.h>
#include "hal/hal.h"
#include "lib/hash.h"
#include "lib/heap.h"
#include "path/port.h"
#include "path/stats.h"

#define FLOW_BUCKETS 32768u

static struct flow **flow_bucket; /* [FLOW_BUCKETS] */
static uint32_t flow_num_rules;

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
	offsetof(struct xvio_flow_key, ip_frag),
	offsetof(struct xvio_flow_key, tp_src),
	offsetof(struct xvio_flow_key, tp_dst),
	offsetof(struct xvio_flow_key, tcp_flags),
	offsetof(struct xvio_flow_key, reserved),
	offsetof(struct xvio_flow_key, ip_src),
	offsetof(struct xvio_flow_key, ip_dst),
	sizeof(struct xvio_flow_key),
};

bool flow_init(void)
{
	flow_num_rules = 0;
	flow_bucket = heap_alloc(FLOW_BUCKETS * sizeof(struct flow *));
	return flow_bucket != NULL;
}

static struct flow **flow_bucket_of(uint64_t cookie)
{
	return &flow_bucket[hash_words(&cookie, 1) % FLOW_BUCKETS];
}

static struct flow *flow_find(uint64_t cookie)
{
	struct flow *flow = *flow_bucket_of(cookie);

	while (flow && flow->cookie != cookie)
		flow = flow->next;
	return flow;
}

/* Offset of the first key field that has a bit outside the mask; the key's size if none has. */
static uint32_t flow_field_outside_mask(const struct xvio_flow_rule *rule)
{
	const uint8_t *key = (const uint8_t *)&rule->key;
	const uint8_t *mask = (const uint8_t *)&rule->mask;
	unsigned field;
	uint32_t i;

	for (field = 0; flow_key_field[field] < sizeof(rule->key); field++) {
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
	if (rule->mask.reserved[0] || rule->mask.reserved[1]) {
		*detail = offsetof(struct xvio_flow_rule, mask.reserved);
		return XVIO_ST_BAD_VALUE;
	}
	if (rule->mask.in_port == 0xffffu && !port_exists(rule->key.in_port)) {
		*detail = offsetof(struct xvio_flow_rule, key.in_port);
		return XVIO_ST_BAD_OBJECT;
	}
	return XVIO_ST_OK;
}

static unsigned flow_check_action(const struct xvio_flow_rule *rule, unsigned i, uint32_t *detail)
{
	const struct xvio_flow_action *action = &rule->action[i];
	uint32_t offset = (uint32_t)(offsetof(struct xvio_flow_rule, action) + i * sizeof(*action));

	*detail = offset;
	if (i >= rule->num_actions)
		return action->type || action->reserved || action->arg ? XVIO_ST_BAD_VALUE
								       : XVIO_ST_OK;
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

static void flow_compile(struct flow *flow, const struct xvio_flow_rule *rule)
{
	unsigned i;

	flow->entry.key.field = rule->key;
	flow->entry.prio = rule->prio;
	flow->cookie = rule->cookie;
	flow->added_us = hal_time_us();
	for (i = 0; i < rule->num_actions; i++) {
		if (rule->action[i].type == XVIO_ACTION_OUTPUT)
			flow->output[flow->num_outputs++] = (uint16_t)rule->action[i].arg;
	}
}

unsigned flow_add(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	union flow_key mask = {.field = rule->mask};
	struct flow **bucket = flow_bucket_of(rule->cookie);
	struct flow *flow;
	unsigned status;

	status = flow_check(rule, detail);
	if (status != XVIO_ST_OK)
		return status;
	*detail = offsetof(struct xvio_flow_rule, cookie);
	if (flow_find(rule->cookie))
		return XVIO_ST_EXISTS;
	*detail = 0;
	if (flow_num_rules == FLOW_MAX_RULES)
		return XVIO_ST_NO_SPACE;
	flow = heap_alloc(sizeof(*flow) + hal_num_cores() * sizeof(flow->count[0]));
	if (!flow)
		return XVIO_ST_NO_SPACE;
	flow_compile(flow, rule);
	if (!classifier_add(&flow->entry, &mask)) {
		heap_free(flow);
		return XVIO_ST_NO_SPACE;
	}
	flow->next = *bucket;
	*bucket = flow;
	flow_num_rules++;
	return XVIO_ST_OK;
}

static void flow_sum(const struct flow *flow, struct xvio_flow_stats *stats)
{
	uint64_t last_us = flow->added_us;
	unsigned core;

	*stats = (struct xvio_flow_stats){0};
	for (core = 0; core < hal_num_cores(); core++) {
		uint64_t core_last_us = stats_read(&flow->count[core].last_us);

		stats->packets += stats_read(&flow->count[core].packets);
		stats->bytes += stats_read(&flow->count[core].bytes);
		if (core_last_us > last_us)
			last_us = core_last_us;
	}
	stats->idle_us = hal_time_us() - last_us;
}

unsigned flow_del(uint64_t cookie, struct xvio_flow_stats *last)
{
	struct flow **link = flow_bucket_of(cookie);
	struct flow *flow;

	while (*link && (*link)->cookie != cookie)
		link = &(*link)->next;
	flow = *link;
	if (!flow)
		return XVIO_ST_BAD_OBJECT;
	*link = flow->next;
	flow_num_rules--;
	classifier_remove(&flow->entry);
	if (last)
		flow_sum(flow, last);
	heap_free(flow);
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
	uint32_t i;

	classifier_clear();
	for (i = 0; i < FLOW_BUCKETS; i++) {
		while (flow_bucket[i]) {
			struct flow *flow = flow_bucket[i];

			flow_bucket[i] = flow->next;
			heap_free(flow);
		}
	}
	flow_num_rules = 0;
}
