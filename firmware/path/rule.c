/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the host may ask for, and what becomes of it (rule.h). Core 0; no state. */
#include "path/rule.h"

#include <stddef.h>
#include <string.h>
#include <xvio/mbox.h>
#include "lib/endian.h"
#include "lib/heap.h"
#include "path/edit.h"
#include "path/flow.h"
#include "path/parse_fast.h"
#include "path/policer.h"
#include "path/port.h"
#include "path/program.h"

#define RULE_A	   0x01u /* fields of struct xvio_flow_action that an action uses */
#define RULE_B	   0x02u
#define RULE_ARG   0x04u
#define RULE_VALUE 0x08u
#define RULE_MASK  0x10u
#define RULE_ENDS  0x20u
#define RULE_ALONE 0x80u /* uses nothing, and does not end */
#define RULE_NEXT  (RULE_A | RULE_B | 0x40u) /* a and b say how to go on */

#define RULE_PORTS	0x10000u
#define RULE_CSUMS	(XVIO_CSUM_IPV4 | XVIO_CSUM_TCP | XVIO_CSUM_UDP | XVIO_CSUM_ICMP)
#define ETH_TYPE_MPLS	0x8847u
#define ETH_TYPE_MPLS_M 0x8848u

/* By type. 0: there is no such action. */
static const uint8_t rule_action_uses[] = {
	[XVIO_ACTION_OUTPUT] = RULE_ENDS | RULE_ARG,
	[XVIO_ACTION_DROP] = RULE_ENDS,
	[XVIO_ACTION_ACCEPT] = RULE_ENDS,
	[XVIO_ACTION_TRAP] = RULE_ENDS,
	[XVIO_ACTION_GOTO] = RULE_ENDS | RULE_ARG,
	[XVIO_ACTION_MIRROR] = RULE_ARG,
	[XVIO_ACTION_SAMPLE] = RULE_ARG | RULE_VALUE | RULE_MASK,
	[XVIO_ACTION_METER] = RULE_ARG | RULE_NEXT,
	[XVIO_ACTION_LENGTH] = RULE_ARG | RULE_NEXT,
	[XVIO_ACTION_MARK] = RULE_ARG,
	[XVIO_ACTION_PRIORITY] = RULE_ARG,
	[XVIO_ACTION_SET] = RULE_A | RULE_ARG | RULE_VALUE | RULE_MASK,
	[XVIO_ACTION_ADD_TTL] = RULE_A | RULE_ARG,
	[XVIO_ACTION_VLAN_PUSH] = RULE_ARG,
	[XVIO_ACTION_VLAN_POP] = RULE_ALONE,
	[XVIO_ACTION_VLAN_SET] = RULE_ARG | RULE_MASK,
	[XVIO_ACTION_MPLS_PUSH] = RULE_A | RULE_ARG | RULE_VALUE,
	[XVIO_ACTION_MPLS_POP] = RULE_ARG,
	[XVIO_ACTION_MPLS_SET] = RULE_VALUE | RULE_MASK,
	[XVIO_ACTION_CSUM] = RULE_A,
};

/* Where the fields of a key begin, and its end: the host is told of fields, not of bytes. */
static const uint8_t rule_key_field[] = {
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

/* Keys */

/* Offset of the first key field that has a bit outside the mask; the key's size if none has. */
static uint32_t rule_field_outside_mask(const struct xvio_flow_rule *rule)
{
	union flow_key keys[2] = {{.field = rule->key}, {.field = rule->mask}};
	const uint8_t *key = (const uint8_t *)&rule->key;
	const uint8_t *mask = (const uint8_t *)&rule->mask;
	uint64_t outside = 0;
	unsigned field;
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		outside |= keys[0].word[i] & ~keys[1].word[i];
	for (field = 0; outside && rule_key_field[field] < sizeof(rule->key); field++) {
		for (i = rule_key_field[field]; i < rule_key_field[field + 1]; i++) {
			if (key[i] & ~mask[i])
				return rule_key_field[field];
		}
	}
	return sizeof(rule->key);
}

static bool rule_is_ranged(const struct xvio_flow_range *range)
{
	return range->min || range->max;
}

static unsigned rule_check_range(const struct xvio_flow_range *range, xvio_be16 mask)
{
	if (!rule_is_ranged(range))
		return XVIO_ST_OK;
	return endian_swap16(range->min) <= endian_swap16(range->max) && !mask ? XVIO_ST_OK
									       : XVIO_ST_BAD_VALUE;
}

static unsigned rule_check_key(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	uint32_t field = rule_field_outside_mask(rule);
	unsigned status;

	*detail = (uint32_t)offsetof(struct xvio_flow_rule, key) + field;
	if (field < sizeof(rule->key))
		return XVIO_ST_BAD_VALUE;
	*detail = offsetof(struct xvio_flow_rule, tp_src);
	status = rule_check_range(&rule->tp_src, rule->mask.tp_src);
	if (status != XVIO_ST_OK)
		return status;
	*detail = offsetof(struct xvio_flow_rule, tp_dst);
	status = rule_check_range(&rule->tp_dst, rule->mask.tp_dst);
	if (status != XVIO_ST_OK)
		return status;
	*detail = offsetof(struct xvio_flow_rule, key.in_port);
	return rule->mask.in_port != 0xffffu || port_exists(rule->key.in_port) ? XVIO_ST_OK
									       : XVIO_ST_BAD_OBJECT;
}

/* Actions, one by one */

static uint8_t rule_uses(const struct xvio_flow_action *action)
{
	return action->type < sizeof(rule_action_uses) ? rule_action_uses[action->type] : 0;
}

/* Offset in the action of a field that it does not use, and that is not 0; its size if there is none. */
static uint32_t rule_unused_field(const struct xvio_flow_action *action, uint8_t uses)
{
	if (action->a && !(uses & RULE_A))
		return offsetof(struct xvio_flow_action, a);
	if (action->b && !(uses & RULE_B))
		return offsetof(struct xvio_flow_action, b);
	if (action->arg && !(uses & RULE_ARG))
		return offsetof(struct xvio_flow_action, arg);
	if (action->value && !(uses & RULE_VALUE))
		return offsetof(struct xvio_flow_action, value);
	if (action->mask && !(uses & RULE_MASK))
		return offsetof(struct xvio_flow_action, mask);
	return sizeof(*action);
}

/* Of SET: the offset of what the card cannot do; that of type: nothing. */
static uint32_t rule_bad_set(const struct xvio_flow_action *action)
{
	const xvio_be32 bits = edit_set_mask(action->a, action->arg);

	if (action->a > XVIO_HDR_UDP)
		return offsetof(struct xvio_flow_action, a);
	if (!bits)
		return offsetof(struct xvio_flow_action, arg);
	return action->mask & ~bits ? offsetof(struct xvio_flow_action, mask) : 0;
}

static bool rule_is_tag(uint32_t arg)
{
	return arg >> 16 == ETH_TYPE_VLAN || arg >> 16 == ETH_TYPE_QINQ;
}

/* An object that an action names is there. */
static bool rule_has_object(const struct xvio_flow_action *action)
{
	const uint32_t arg = action->arg;

	switch (action->type) {
	case XVIO_ACTION_OUTPUT:
	case XVIO_ACTION_MIRROR:
		return arg < XVIO_NUM_PORTS && port_exists((uint16_t)arg);
	case XVIO_ACTION_METER:
		return policer_get(arg);
	default:
		return true;
	}
}

/* Offset of what in an action the card cannot do; 0: it can do all of it. */
static uint32_t rule_bad_field(const struct xvio_flow_action *action)
{
	const uint32_t arg_at = offsetof(struct xvio_flow_action, arg);
	const uint32_t a_at = offsetof(struct xvio_flow_action, a);
	const uint32_t arg = action->arg;

	switch (action->type) {
	case XVIO_ACTION_SET:
		return rule_bad_set(action);
	case XVIO_ACTION_ADD_TTL:
		if (action->a != XVIO_HDR_IPV4 && action->a != XVIO_HDR_IPV6)
			return a_at;
		return arg <= 0xff ? 0 : arg_at;
	case XVIO_ACTION_VLAN_PUSH:
		return rule_is_tag(arg) ? 0 : arg_at;
	case XVIO_ACTION_VLAN_SET:
		if (!rule_is_tag(arg))
			return arg_at;
		return action->mask <= 0xffff ? 0 : offsetof(struct xvio_flow_action, mask);
	case XVIO_ACTION_MPLS_PUSH:
		if (arg != ETH_TYPE_MPLS && arg != ETH_TYPE_MPLS_M)
			return arg_at;
		return action->a <= 1 ? 0 : a_at;
	case XVIO_ACTION_MPLS_POP:
		return arg <= 0xffff ? 0 : arg_at;
	case XVIO_ACTION_CSUM:
		return action->a && !(action->a & ~RULE_CSUMS) ? 0 : a_at;
	default:
		return 0;
	}
}

/* What an action says; *detail: its own offset, then that of the field. */
static unsigned rule_check_values(const struct xvio_flow_action *action, uint32_t *detail)
{
	const uint32_t offset = *detail;
	const uint32_t field = rule_bad_field(action);

	*detail = offset + (uint32_t)offsetof(struct xvio_flow_action, arg);
	if (!rule_has_object(action))
		return XVIO_ST_BAD_OBJECT;
	if (action->type == XVIO_ACTION_SAMPLE && !action->arg)
		return XVIO_ST_BAD_VALUE;
	*detail = offset + field;
	return field ? XVIO_ST_UNSUPPORTED : XVIO_ST_OK;
}

/* Lists */

static bool rule_changes(const struct xvio_flow_action *action)
{
	return action->type >= XVIO_ACTION_SET;
}

/* The number of GOTOs in the list. */
static unsigned rule_num_gotos(const struct xvio_flow_rule *rule)
{
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < rule->num_actions; i++)
		num += rule->action[i].type == XVIO_ACTION_GOTO;
	return num;
}

/* How action i says to go on. */
static unsigned rule_check_next(const struct xvio_flow_rule *rule, unsigned i, uint8_t next)
{
	unsigned at;

	if (next == XVIO_NEXT_ACCEPT || next == XVIO_NEXT_DROP)
		return XVIO_ST_OK;
	if (i + 1 + next >= rule->num_actions)
		return XVIO_ST_BAD_VALUE;
	for (at = i + 1; at < i + 1 + next; at++) {
		if (rule_changes(&rule->action[at]) && rule_num_gotos(rule))
			return XVIO_ST_UNSUPPORTED;
	}
	return XVIO_ST_OK;
}

static unsigned rule_check_ways(const struct xvio_flow_rule *rule, unsigned i, uint32_t *detail)
{
	const struct xvio_flow_action *action = &rule->action[i];
	const uint32_t offset = *detail;
	unsigned status;

	if ((rule_uses(action) & RULE_NEXT) != RULE_NEXT)
		return XVIO_ST_OK;
	*detail = offset + (uint32_t)offsetof(struct xvio_flow_action, a);
	status = rule_check_next(rule, i, action->a);
	if (status != XVIO_ST_OK)
		return status;
	*detail = offset + (uint32_t)offsetof(struct xvio_flow_action, b);
	return rule_check_next(rule, i, action->b);
}

static unsigned rule_check_action(const struct xvio_flow_rule *rule, unsigned i, uint32_t *detail)
{
	const struct xvio_flow_action *action = &rule->action[i];
	const uint32_t offset =
		(uint32_t)(offsetof(struct xvio_flow_rule, action) + i * sizeof(*action));
	const uint8_t uses = rule_uses(action);
	unsigned status;
	uint32_t field;

	*detail = offset;
	if (!uses)
		return XVIO_ST_UNSUPPORTED;
	field = rule_unused_field(action, uses);
	*detail = offset + field;
	if (field < sizeof(*action))
		return XVIO_ST_BAD_VALUE;
	*detail = offset;
	status = rule_check_values(action, detail);
	if (status != XVIO_ST_OK)
		return status;
	*detail = offset;
	if (i + 1 == rule->num_actions && !(uses & RULE_ENDS))
		return XVIO_ST_BAD_VALUE;
	if (action->type == XVIO_ACTION_GOTO && rule_num_gotos(rule) > 1)
		return XVIO_ST_UNSUPPORTED;
	return rule_check_ways(rule, i, detail);
}

static bool rule_is_empty(const struct xvio_flow_action *action)
{
	static const struct xvio_flow_action empty;

	return memcmp(action, &empty, sizeof(empty)) == 0;
}

unsigned rule_check(const struct xvio_flow_rule *rule, uint32_t *detail)
{
	unsigned status;
	unsigned i;

	*detail = offsetof(struct xvio_flow_rule, num_actions);
	if (!rule->num_actions || rule->num_actions > XVIO_FLOW_MAX_ACTIONS)
		return XVIO_ST_BAD_VALUE;
	*detail = offsetof(struct xvio_flow_rule, reserved);
	if (rule->reserved[0] || rule->reserved[1] || rule->reserved[2])
		return XVIO_ST_BAD_VALUE;
	status = rule_check_key(rule, detail);
	for (i = 0; status == XVIO_ST_OK && i < rule->num_actions; i++)
		status = rule_check_action(rule, i, detail);
	for (; status == XVIO_ST_OK && i < XVIO_FLOW_MAX_ACTIONS; i++) {
		*detail = (uint32_t)(offsetof(struct xvio_flow_rule, action) +
				     i * sizeof(rule->action[0]));
		status = rule_is_empty(&rule->action[i]) ? XVIO_ST_OK : XVIO_ST_BAD_VALUE;
	}
	return status;
}

/* Ranges */

static uint32_t rule_range_begin(const struct xvio_flow_range *range)
{
	return endian_swap16(range->min);
}

/*
 * The longest run of ports from *at on that a value and a mask stand for, within the range; then *at is where the
 * next one begins, RULE_PORTS if that was the last.
 */
static void rule_range_next(const struct xvio_flow_range *range, uint32_t *at, xvio_be16 *value,
			    xvio_be16 *mask)
{
	const uint32_t end = endian_swap16(range->max) + 1u;
	uint32_t num = 1;

	while (*at % (num * 2) == 0 && *at + num * 2 <= end)
		num *= 2;
	*value = endian_swap16((uint16_t)*at);
	*mask = endian_swap16((uint16_t) ~(num - 1));
	*at += num;
	if (*at == end)
		*at = RULE_PORTS;
}

struct rule_parts rule_parts_begin(const struct xvio_flow_rule *rule)
{
	return (struct rule_parts){
		.rule = rule,
		.src = rule_range_begin(&rule->tp_src),
		.dst = rule_range_begin(&rule->tp_dst),
	};
}

bool rule_parts_next(struct rule_parts *parts, struct xvio_flow_key *key,
		     struct xvio_flow_key *mask)
{
	const struct xvio_flow_rule *rule = parts->rule;
	uint32_t src = parts->src;

	if (parts->src == RULE_PORTS)
		return false;
	*key = rule->key;
	*mask = rule->mask;
	if (rule_is_ranged(&rule->tp_src))
		rule_range_next(&rule->tp_src, &src, &key->tp_src, &mask->tp_src);
	else
		src = RULE_PORTS;
	if (rule_is_ranged(&rule->tp_dst))
		rule_range_next(&rule->tp_dst, &parts->dst, &key->tp_dst, &mask->tp_dst);
	else
		parts->dst = RULE_PORTS;
	if (parts->dst == RULE_PORTS) {
		parts->dst = rule_range_begin(&rule->tp_dst);
		parts->src = src;
	}
	return true;
}

/* What workers run */

/* Mirrors and an output at the end: their number, 0 if there is anything else in the list. */
static unsigned rule_num_outputs(const struct xvio_flow_rule *rule)
{
	unsigned i = 0;

	while (rule->action[i].type == XVIO_ACTION_MIRROR)
		i++;
	return rule->action[i].type == XVIO_ACTION_OUTPUT ? i + 1 : 0;
}

/* An output with a new destination, whole: no change of the frame is needed for that. */
static bool rule_compile_eth_dst(struct flow *flow, const struct xvio_flow_rule *rule)
{
	const struct xvio_flow_action *action = rule->action;
	unsigned i;

	if (rule->num_actions != 3 || action[2].type != XVIO_ACTION_OUTPUT)
		return false;
	for (i = 0; i < 2; i++) {
		if (action[i].type != XVIO_ACTION_SET || action[i].a != XVIO_HDR_ETH ||
		    action[i].arg != i * 4)
			return false;
	}
	if (endian_swap32(action[0].mask) != 0xffffffff ||
	    endian_swap32(action[1].mask) != 0xffff0000)
		return false;
	memcpy(flow->eth_dst, &action[0].value, 4);
	memcpy(flow->eth_dst + 4, &action[1].value, 2);
	flow->port = (uint16_t)action[2].arg;
	flow->kind = FLOW_OUTPUT_ETH_DST;
	return true;
}

static bool rule_compile_list(struct flow *flow, const struct xvio_flow_rule *rule, unsigned num)
{
	unsigned i;

	flow->list = heap_alloc(sizeof(*flow->list) + num * sizeof(flow->list->port[0]));
	if (!flow->list)
		return false;
	flow->list->num = num;
	for (i = 0; i < num; i++)
		flow->list->port[i] = (uint16_t)rule->action[i].arg;
	flow->kind = FLOW_LIST;
	return true;
}

/* The meter that an action has; NULL: none. */
static struct policer *rule_policer(const struct xvio_flow_action *action)
{
	return action->type == XVIO_ACTION_METER ? policer_get(action->arg) : NULL;
}

static bool rule_compile_program(struct flow *flow, const struct xvio_flow_rule *rule)
{
	const size_t len_bytes = rule->num_actions * sizeof(rule->action[0]);
	struct program *program = heap_alloc(sizeof(*program) + len_bytes);
	unsigned i;

	if (!program)
		return false;
	program->num = rule->num_actions;
	program->leads_on = rule_num_gotos(rule);
	memcpy(program->action, rule->action, len_bytes);
	for (i = 0; i < program->num; i++) {
		struct policer *policer = rule_policer(&program->action[i]);

		program->changes |= rule_changes(&program->action[i]);
		if (policer)
			policer->num_rules++;
	}
	flow->program = program;
	flow->kind = FLOW_PROGRAM;
	return true;
}

bool rule_compile(struct flow *flow, const struct xvio_flow_rule *rule)
{
	const unsigned num = rule_num_outputs(rule);

	flow->kind = FLOW_DROP;
	if (rule->action[0].type == XVIO_ACTION_DROP)
		return true;
	if (num == 1) {
		flow->port = (uint16_t)rule->action[0].arg;
		flow->kind = FLOW_OUTPUT;
		return true;
	}
	if (num)
		return rule_compile_list(flow, rule, num);
	return rule_compile_eth_dst(flow, rule) || rule_compile_program(flow, rule);
}

void rule_release(struct flow *flow)
{
	unsigned i;

	if (flow->kind == FLOW_LIST)
		heap_free(flow->list);
	if (flow->kind == FLOW_PROGRAM) {
		for (i = 0; i < flow->program->num; i++) {
			struct policer *policer = rule_policer(&flow->program->action[i]);

			if (policer)
				policer->num_rules--;
		}
		heap_free(flow->program);
	}
	flow->kind = FLOW_DROP;
}
