/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Random rules (switch_gen.h): some fields of the key of some packet, and a list of actions. */
#include <stddef.h>
#include <string.h>
#include <xvio/port.h>
#include "common/check.h"
#include "common/parse_model.h"
#include "common/switch_gen.h"
#include "path/offload.h"

#define PICK(values) ((values)[check_random(sizeof(values) / sizeof((values)[0]))])

static bool one_in(uint32_t num)
{
	return check_random(num) == 0;
}

static uint32_t word(uint8_t b0, uint8_t b1, uint8_t b2, uint8_t b3)
{
	const uint8_t bytes[4] = {b0, b1, b2, b3};
	uint32_t value;

	memcpy(&value, bytes, 4);
	return value;
}

static uint32_t any_bits(void)
{
	return check_random(0x10000) << 16 | check_random(0x10000);
}

static uint16_t swap16(uint32_t value)
{
	return (uint16_t)(value >> 8 | value << 8);
}

/* Keys */

/* What a rule may look at: its bytes, where all bits may be asked for but those of keep 0. */
struct field {
	uint8_t offset;
	uint8_t len_bytes;
	uint8_t one_in;
	uint8_t is_new;
};

#define FIELD(name, one_in, is_new)                                                              \
	{                                                                                        \
		offsetof(struct xvio_flow_key, name), sizeof(((struct xvio_flow_key *)0)->name), \
			one_in, is_new                                                           \
	}

static const struct field eth_fields[] = {
	FIELD(eth_type, 3, 0), FIELD(eth_dst, 6, 0),   FIELD(eth_src, 6, 0),
	FIELD(vlan_tci, 6, 0), FIELD(vlan_tpid, 9, 0), FIELD(cvlan_tci, 9, 1),
};
static const struct field ip_fields[] = {
	FIELD(ip_proto, 4, 0), FIELD(ip_tos, 8, 0), FIELD(ip_ttl, 6, 0),
	FIELD(tp_src, 6, 0),   FIELD(tp_dst, 6, 0), FIELD(tcp_flags, 9, 1),
};
static const struct field ipv6_fields[] = {FIELD(ip_src, 4, 0), FIELD(ip_dst, 4, 0)};
static const struct field ipv4_fields[] = {FIELD(arp_spa, 4, 0), FIELD(arp_tpa, 4, 0)};
static const struct field arp_fields[] = {
	FIELD(ip_proto, 3, 1), FIELD(arp_spa, 4, 1), FIELD(arp_sha, 5, 1),
	FIELD(arp_tpa, 4, 1),  FIELD(arp_tha, 5, 1),
};
static const struct field mpls_fields[] = {FIELD(mpls_lse, 2, 1)};

/* Whether any of them is looked at. */
static bool mask_some(struct xvio_flow_key *mask, const struct field *field, size_t num,
		      const struct gen_limits *limits)
{
	bool any = false;

	for (; num--; field++) {
		uint8_t *bytes = (uint8_t *)mask + field->offset;
		bool is_partial = one_in(4);
		unsigned i;

		if ((field->is_new && !limits->has_new_keys) || !one_in(field->one_in))
			continue;
		any = true;
		for (i = 0; i < field->len_bytes; i++)
			bytes[i] = is_partial ? (uint8_t)check_random(256) : 0xff;
	}
	return any;
}

#define MASK_SOME(mask, fields, limits) \
	mask_some(mask, fields, sizeof(fields) / sizeof((fields)[0]), limits)

/* Of fields that protocols share the rule names whose they are. */
static void mask_ip(struct xvio_flow_key *mask, uint16_t eth_type, const struct gen_limits *limits)
{
	bool is_named = false;

	if (eth_type == 0x0806)
		is_named = MASK_SOME(mask, arp_fields, limits);
	if (eth_type == 0x8847 || eth_type == 0x8848)
		is_named = MASK_SOME(mask, mpls_fields, limits);
	if (eth_type == 0x0800)
		is_named = MASK_SOME(mask, ipv4_fields, limits);
	if (eth_type == 0x86dd)
		is_named = MASK_SOME(mask, ipv6_fields, limits);
	if (eth_type == 0x0800 || eth_type == 0x86dd) {
		is_named |= MASK_SOME(mask, ip_fields, limits);
		if (one_in(6))
			mask->flags |= check_random(4);
	}
	if (is_named)
		mask->eth_type = 0xffff;
}

static void choose_range(struct xvio_flow_range *range, xvio_be16 *mask, xvio_be16 port)
{
	static const uint16_t spans[] = {0, 1, 0xff, 0x100, 0x7000};
	uint32_t min = swap16(port);
	uint32_t max = min + PICK(spans);

	if (one_in(2))
		min -= min < 2 ? min : check_random(min);
	if (max > 0xffff)
		max = 0xffff;
	if (!max)
		return;
	range->min = swap16(min);
	range->max = swap16(max);
	*mask = 0;
}

static void choose_key(struct xvio_flow_rule *rule, const struct gen_limits *limits)
{
	static struct gso_packet packet;
	struct xvio_flow_key *mask = &rule->mask;
	uint8_t *key_bytes = (uint8_t *)&rule->key;
	const uint8_t *mask_bytes = (const uint8_t *)mask;
	struct parse_model parsed;
	unsigned i;

	do {
		gen_packet(&packet, limits, 0);
		parse_model_frame(packet.data, packet.len_bytes,
				  limits->port[check_random(limits->num_ports)], &parsed);
	} while (!parsed.good);
	if (one_in(3))
		mask->in_port = 0xffff;
	rule->key.in_port = parsed.key.field.in_port & mask->in_port;
	if (one_in(rule->chain ? 2 : 5)) /* or few packets would come far */
		return;
	MASK_SOME(mask, eth_fields, limits);
	if (limits->has_new_keys && one_in(9))
		mask->flags |= XVIO_FLOW_CVLAN_AD;
	if (!one_in(3))
		mask_ip(mask, swap16(parsed.key.field.eth_type), limits);
	mask->tcp_flags &= swap16(0xfff);
	if (limits->has_ranges && one_in(4))
		choose_range(&rule->tp_src, &mask->tp_src, parsed.key.field.tp_src);
	if (limits->has_ranges && one_in(4))
		choose_range(&rule->tp_dst, &mask->tp_dst, parsed.key.field.tp_dst);
	rule->key = parsed.key.field;
	for (i = 0; i < sizeof(rule->key); i++)
		key_bytes[i] &= mask_bytes[i];
}

/* Changes */

static uint32_t some_of(uint32_t bits)
{
	uint32_t some = bits;

	if (one_in(3))
		some &= any_bits();
	return some ? some : bits;
}

/* An address's four bytes, or ports; mostly such as packets have. */
static uint32_t any_word(uint8_t header)
{
	if (one_in(4))
		return any_bits();
	switch (header) {
	case XVIO_HDR_IPV4:
		return word(10, 0, 0, (uint8_t)(1 + check_random(3)));
	case XVIO_HDR_IPV6:
		return one_in(2) ? 0 : word(0, 0, 0, (uint8_t)(1 + check_random(3)));
	case XVIO_HDR_ETH:
		return word(0, (uint8_t)(1 + check_random(3)), 2, 0);
	default:
		return word(0x10, (uint8_t)check_random(2), 0, 53);
	}
}

static void choose_set(struct xvio_flow_action *action)
{
	static const struct {
		uint8_t header, arg;
		uint8_t bits[4];
	} places[] = {
		{XVIO_HDR_ETH, 0, {255, 255, 255, 255}},
		{XVIO_HDR_ETH, 4, {255, 255, 255, 255}},
		{XVIO_HDR_ETH, 8, {255, 255, 255, 255}},
		{XVIO_HDR_IPV4, 0, {0, 255, 0, 0}},
		{XVIO_HDR_IPV4, 8, {255, 0, 0, 0}},
		{XVIO_HDR_IPV4, 12, {255, 255, 255, 255}},
		{XVIO_HDR_IPV4, 16, {255, 255, 255, 255}},
		{XVIO_HDR_IPV6, 0, {15, 255, 255, 255}},
		{XVIO_HDR_IPV6, 4, {0, 0, 0, 255}},
		{XVIO_HDR_IPV6, 8, {255, 255, 255, 255}},
		{XVIO_HDR_IPV6, 20, {255, 255, 255, 255}},
		{XVIO_HDR_IPV6, 24, {255, 255, 255, 255}},
		{XVIO_HDR_IPV6, 36, {255, 255, 255, 255}},
		{XVIO_HDR_TCP, 0, {255, 255, 255, 255}},
		{XVIO_HDR_TCP, 12, {0, 255, 0, 0}},
		{XVIO_HDR_UDP, 0, {255, 255, 255, 255}},
	};
	unsigned i = check_random(sizeof(places) / sizeof(places[0]));
	uint32_t bits;

	memcpy(&bits, places[i].bits, 4);
	action->a = places[i].header;
	action->arg = places[i].arg;
	if (action->a == XVIO_HDR_IPV6 && action->arg >= 8)
		action->arg = 8 + 4 * check_random(8);
	action->mask = some_of(bits);
	action->value = any_word(action->a) & action->mask;
}

static uint32_t any_tag(void)
{
	return (one_in(3) ? 0x88a8u : 0x8100u) << 16 | check_random(8) << 13 |
	       check_random(2) << 12 | (one_in(4) ? check_random(0x1000) : 1 + check_random(3));
}

static uint32_t any_entry(void)
{
	return word(0, (uint8_t)(1 + check_random(2)), (uint8_t)check_random(16),
		    (uint8_t)(1 + check_random(255)));
}

struct xvio_flow_action gen_change(uint16_t type)
{
	static const uint16_t types[] = {0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd,
					 0x8847, 0x8848, 0x0806, 0x8100, 0x1234};
	static const uint8_t ttls[] = {255, 255, 1, 0, 128};
	struct xvio_flow_action action = {.type = type};

	switch (type) {
	case XVIO_ACTION_SET:
		choose_set(&action);
		break;
	case XVIO_ACTION_ADD_TTL:
		action.a = one_in(3) ? XVIO_HDR_IPV6 : XVIO_HDR_IPV4;
		action.arg = PICK(ttls);
		break;
	case XVIO_ACTION_VLAN_PUSH:
		action.arg = any_tag();
		break;
	case XVIO_ACTION_VLAN_SET:
		action.mask = some_of(one_in(2) ? 0xfff : 0xffff) & 0xffff;
		action.arg = any_tag() & (0xffff0000 | action.mask);
		break;
	case XVIO_ACTION_MPLS_PUSH:
		action.arg = one_in(3) ? 0x8848 : 0x8847;
		action.value = any_entry();
		action.a = (uint8_t)check_random(2);
		break;
	case XVIO_ACTION_MPLS_POP:
		action.arg = PICK(types);
		break;
	case XVIO_ACTION_MPLS_SET:
		action.mask = some_of(0xffffffff);
		action.value = any_entry() & action.mask;
		break;
	case XVIO_ACTION_CSUM:
		action.a = (uint8_t)(1 + check_random(15));
		break;
	default: /* VLAN_POP has nothing */
		break;
	}
	return action;
}

/* Lists */

static bool is_change(unsigned type)
{
	return type >= XVIO_ACTION_SET;
}

static bool is_end(unsigned type)
{
	return type <= XVIO_ACTION_GOTO;
}

static bool is_push(unsigned type)
{
	return type == XVIO_ACTION_VLAN_PUSH || type == XVIO_ACTION_MPLS_PUSH;
}

static bool is_copy(unsigned type)
{
	return type == XVIO_ACTION_MIRROR || type == XVIO_ACTION_SAMPLE;
}

static unsigned num_of(const struct xvio_flow_rule *rule, bool (*is)(unsigned type))
{
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < rule->num_actions; i++)
		num += is(rule->action[i].type);
	return num;
}

static bool is_goto(unsigned type)
{
	return type == XVIO_ACTION_GOTO;
}

/* A type that may come next, or DROP. */
static uint16_t choose_type(const struct xvio_flow_rule *rule, const struct gen_limits *limits,
			    bool ends)
{
	unsigned tries;

	for (tries = 0; tries < 200; tries++) {
		uint16_t type = (uint16_t)(1 + check_random(XVIO_ACTION_CSUM));

		if (one_in(3)) /* headers are what packets mostly have */
			type = XVIO_ACTION_SET;
		if (ends && !one_in(3))
			type = one_in(3) ? XVIO_ACTION_OUTPUT : XVIO_ACTION_GOTO;
		if (!gen_allows(limits, type) || is_end(type) != ends ||
		    (is_push(type) && num_of(rule, is_push) >= GEN_MAX_PUSHES) ||
		    (is_copy(type) && num_of(rule, is_copy) >= GEN_MAX_COPIES) ||
		    (is_goto(type) && (limits->num_chains < 2 || num_of(rule, is_goto))))
			continue;
		return type;
	}
	return XVIO_ACTION_DROP;
}

/* Another chain, mostly one further on. */
static uint32_t choose_chain(uint32_t chain, const struct gen_limits *limits)
{
	const uint32_t num_left = limits->num_chains - 1 - chain;

	if (num_left && !one_in(8))
		return chain + 1 + check_random(num_left);
	return check_random(limits->num_chains);
}

static struct xvio_flow_action choose_action(uint16_t type, uint32_t chain,
					     const struct gen_limits *limits)
{
	static const uint32_t lengths[] = {0, 60, 64, 100, 300, 700, 1500};
	static const uint32_t heads[] = {0, 0, 1, 14, 64, 128, 5000};
	struct xvio_flow_action action = {.type = type};

	switch (type) {
	case XVIO_ACTION_OUTPUT:
	case XVIO_ACTION_MIRROR:
		action.arg = limits->port[check_random(limits->num_ports)];
		break;
	case XVIO_ACTION_GOTO:
		action.arg = choose_chain(chain, limits);
		break;
	case XVIO_ACTION_SAMPLE:
		action.arg = 1;
		action.value = any_bits();
		action.mask = PICK(heads);
		break;
	case XVIO_ACTION_METER:
		action.arg = check_random(GEN_NUM_METERS);
		break;
	case XVIO_ACTION_LENGTH:
		action.arg = PICK(lengths);
		break;
	case XVIO_ACTION_MARK:
	case XVIO_ACTION_PRIORITY:
		action.arg = any_bits();
		break;
	case XVIO_ACTION_DROP:
	case XVIO_ACTION_ACCEPT:
	case XVIO_ACTION_TRAP:
		break;
	default:
		return gen_change(type);
	}
	return action;
}

static uint8_t choose_next(const struct xvio_flow_rule *rule, unsigned place)
{
	const bool is_bound = num_of(rule, is_goto);
	unsigned max = 0;

	if (one_in(5))
		return one_in(2) ? XVIO_NEXT_ACCEPT : XVIO_NEXT_DROP;
	while (place + 2 + max < rule->num_actions &&
	       !(is_bound && is_change(rule->action[place + 1 + max].type)))
		max++;
	return (uint8_t)(one_in(3) ? 0 : check_random(max + 1));
}

static void choose_actions(struct xvio_flow_rule *rule, const struct gen_limits *limits)
{
	unsigned num = 1 + check_random(one_in(4) ? 8 : 4);
	unsigned i;

	if (one_in(16))
		num = 1 + check_random(XVIO_FLOW_MAX_ACTIONS);
	for (i = 0; i < num; i++) {
		bool ends = i + 1 == num || one_in(20);
		uint16_t type = choose_type(rule, limits, ends);

		rule->action[i] = choose_action(type, rule->chain, limits);
		rule->num_actions = (uint16_t)(i + 1);
	}
	for (i = 0; i < num; i++) {
		struct xvio_flow_action *action = &rule->action[i];

		if (action->type != XVIO_ACTION_METER && action->type != XVIO_ACTION_LENGTH)
			continue;
		action->a = choose_next(rule, i);
		action->b = choose_next(rule, i);
	}
}

void gen_rule(struct xvio_flow_rule *rule, const struct gen_limits *limits)
{
	memset(rule, 0, sizeof(*rule));
	rule->prio = check_random(6);
	if (!one_in(3))
		rule->chain = check_random(limits->num_chains);
	choose_key(rule, limits);
	choose_actions(rule, limits);
}

struct xvio_cmd_meter gen_meter(void)
{
	static const uint32_t rates[] = {1, 1000, 100000, 10000000};
	const bool is_bytes = one_in(2);

	return (struct xvio_cmd_meter){
		.unit = is_bytes ? XVIO_METER_BYTES : XVIO_METER_PACKETS,
		.rate = PICK(rates) + (is_bytes ? check_random(1000) : 0),
		.burst = is_bytes ? 1 + check_random(3000) : 1 + check_random(6),
	};
}
