/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The rules (million.h): groups, each with a mask of its own; value v of a group has the id first + v. */
#include <string.h>
#include "lib/endian.h"
#include "path/parse.h"
#include "scale/million.h"

#define MAX_GROUPS 64u
#define MODULO	   4096u

/* Flows whose numbers agree but for the low bits, or modulo something, agree under the group's mask. */
struct group {
	enum million_kind kind;
	uint32_t chain;
	uint32_t prio;
	unsigned shift;
	uint32_t modulo; /* 0: none */
	uint32_t num; /* values */
	uint32_t first;
	bool has_range;
	struct xvio_flow_key mask;
};

static struct group groups[MAX_GROUPS]; /* by chain and prio */
static unsigned num_groups;
static uint32_t num_rules;

#define BYTES4 0xff, 0xff, 0xff, 0xff
#define IPV4   .in_port = 0xffff, .eth_type = 0xffff, .vlan_tpid = 0xffff

static const struct xvio_flow_key mask_exact = {IPV4,
						.ip_proto = 0xff,
						.tp_src = 0xffff,
						.tp_dst = 0xffff,
						.ip_src = {BYTES4},
						.ip_dst = {BYTES4}};
static const struct xvio_flow_key mask_source = {IPV4, .tp_dst = 0xffff, .ip_src = {BYTES4}};
static const struct xvio_flow_key mask_eth = {.in_port = 0xffff, .eth_dst = {BYTES4, 0xff, 0xff}};
static const struct xvio_flow_key mask_label = {
	.in_port = 0xffff, .eth_type = 0xffff, .ip_src = {0xff, 0xff, 0xf0}};
static const struct xvio_flow_key mask_vid = {
	.in_port = 0xffff, .vlan_tpid = 0xffff, .vlan_tci = 0xff1f, .cvlan_tci = 0x0010};
static const struct xvio_flow_key mask_vid_dst = {.in_port = 0xffff,
						  .eth_type = 0xffff,
						  .vlan_tpid = 0xffff,
						  .vlan_tci = 0xff1f,
						  .ip_dst = {BYTES4}};

static void put32(uint8_t *to, uint32_t value)
{
	value = endian_swap32(value);
	memcpy(to, &value, 4);
}

/* The last 32 bits of the destination, but for some. */
static struct xvio_flow_key mask_dst(enum million_kind kind, unsigned shift)
{
	struct xvio_flow_key mask = {IPV4};

	if (kind == MILLION_IPV6)
		memset(mask.ip_dst, 0xff, 12);
	put32(kind == MILLION_IPV6 ? mask.ip_dst + 12 : mask.ip_dst, 0xffffffffu << shift);
	return mask;
}

static struct group *add_group(enum million_kind kind, uint32_t chain, uint32_t prio, uint32_t num,
			       const struct xvio_flow_key *mask)
{
	struct group *group = &groups[num_groups++];

	*group = (struct group){.kind = kind,
				.chain = chain,
				.prio = prio,
				.num = num,
				.first = num_rules,
				.mask = *mask};
	num_rules += num;
	return group;
}

static struct group *add_dst(enum million_kind kind, uint32_t chain, uint32_t prio, uint32_t num,
			     unsigned shift)
{
	const struct xvio_flow_key mask = mask_dst(kind, shift);
	struct group *group = add_group(kind, chain, prio, num, &mask);

	group->shift = shift;
	return group;
}

/* Prefixes of 31 to 17 bits. */
static void add_prefixes(void)
{
	unsigned shift;

	for (shift = 1; shift <= 15; shift++) {
		uint32_t most = MILLION_NUMBERS >> shift;

		add_dst(MILLION_IPV4, 0, 35 + shift, most < 8000 ? most : 8000, shift);
	}
}

/* In the order of chain and prio, but for the first one, which has what is left of the million. */
void million_init(void)
{
	num_groups = 0;
	num_rules = 0;
	add_group(MILLION_IPV4, 0, 10, 0, &mask_exact);
	add_dst(MILLION_IPV4, 0, 12, 2000, 8)->has_range = true;
	add_dst(MILLION_IPV4, 0, 20, 150000, 0);
	add_dst(MILLION_IPV6, 0, 20, 120000, 0);
	add_dst(MILLION_ARP, 0, 20, 50000, 0);
	add_group(MILLION_MPLS, 0, 20, 50000, &mask_label);
	add_group(MILLION_TAGGED, 0, 20, 50000, &mask_vid_dst);
	add_group(MILLION_ANY, 0, 30, 60000, &mask_eth)->shift = 2;
	add_prefixes();
	add_dst(MILLION_IPV6, 0, 51, 1000, 8);
	add_dst(MILLION_ARP, 0, 51, 500, 8);
	add_group(MILLION_IPV4, 0, 58, MODULO, &mask_source)->modulo = MODULO;
	add_group(MILLION_TAGGED, 0, 60, 4000, &mask_vid)->modulo = 4000;
	add_dst(MILLION_IPV4, 1, 5, 30000, 0);
	add_dst(MILLION_IPV4, 1, 6, 1000, 8);
	add_group(MILLION_ANY, 1, 7, 10000, &mask_eth)->shift = 2;
	add_dst(MILLION_IPV6, 2, 5, 20000, 0);
	add_dst(MILLION_IPV4, 2, 6, 8000, 4);
	groups[0].first = num_rules;
	groups[0].num = MILLION_RULES - num_rules;
}

unsigned million_num_masks(void)
{
	return num_groups;
}

static const struct group *group_of(uint32_t id)
{
	const struct group *group = groups;

	while (id - group->first >= group->num)
		group++;
	return group;
}

uint32_t million_chain(uint32_t id)
{
	return group_of(id)->chain;
}

enum million_does million_does(uint32_t id)
{
	if (million_chain(id))
		return id % 3 ? MILLION_MARKS : MILLION_DROPS;
	return (enum million_does)(id % MILLION_NUM_DOES);
}

uint32_t million_next_chain(uint32_t id)
{
	return 1 + id / MILLION_NUM_DOES % 2;
}

uint32_t million_tci(uint32_t id)
{
	return 1 + id % 4094;
}

/* Rules */

static struct xvio_flow_action *append(struct xvio_flow_rule *rule, unsigned type, uint32_t arg)
{
	struct xvio_flow_action *action = &rule->action[rule->num_actions++];

	action->type = (uint16_t)type;
	action->arg = arg;
	return action;
}

static void append_address(struct xvio_flow_rule *rule, uint32_t id)
{
	struct xvio_flow_action *action = append(rule, XVIO_ACTION_SET, 0);

	action->value = endian_swap32(0x06000000);
	action->mask = 0xffffffff;
	action = append(rule, XVIO_ACTION_SET, 4);
	rule->action[0].value |= endian_swap32(id >> 16);
	action->value = endian_swap32(id << 16);
	action->mask = endian_swap32(0xffff0000);
}

/* Half of those that lead on change the packet, too. */
static void append_lead(struct xvio_flow_rule *rule, uint32_t id)
{
	append(rule, XVIO_ACTION_PRIORITY, id);
	if (id / MILLION_NUM_DOES % 4 < 2)
		append(rule, XVIO_ACTION_ADD_TTL, 255)->a = XVIO_HDR_IPV4;
	append(rule, XVIO_ACTION_GOTO, million_next_chain(id));
}

static void append_actions(struct xvio_flow_rule *rule, uint32_t id)
{
	switch (million_does(id)) {
	case MILLION_SENDS:
		append(rule, XVIO_ACTION_OUTPUT, MILLION_OUT(0));
		break;
	case MILLION_READDRESSES:
		append_address(rule, id);
		append(rule, XVIO_ACTION_OUTPUT, MILLION_OUT(0));
		break;
	case MILLION_LEADS_ON:
		append_lead(rule, id);
		break;
	case MILLION_LABELS:
		append(rule, XVIO_ACTION_MPLS_PUSH, 0x8847)->value = endian_swap32(id << 12 | 64);
		append(rule, XVIO_ACTION_OUTPUT, MILLION_OUT(1));
		break;
	case MILLION_COPIES:
		append(rule, XVIO_ACTION_MIRROR, MILLION_OUT(0));
		append(rule, XVIO_ACTION_OUTPUT, MILLION_OUT(1));
		break;
	case MILLION_TAGS:
		append(rule, XVIO_ACTION_METER, id / MILLION_NUM_DOES % MILLION_METERS)->a =
			XVIO_NEXT_DROP;
		append(rule, XVIO_ACTION_VLAN_PUSH, 0x8100u << 16 | million_tci(id));
		append(rule, XVIO_ACTION_OUTPUT, MILLION_OUT(1));
		break;
	case MILLION_MARKS:
		append(rule, XVIO_ACTION_MARK, id);
		append(rule, XVIO_ACTION_ACCEPT, 0);
		break;
	default:
		append(rule, XVIO_ACTION_DROP, 0);
	}
}

/* Ports of flows are 0x5000 and up to 255 more. */
static struct xvio_flow_range range_of(uint32_t value)
{
	const uint32_t min = 0x5000 + value % 61;

	return (struct xvio_flow_range){endian_swap16((uint16_t)min),
					endian_swap16((uint16_t)(min + 100 + value % 37))};
}

static bool is_in_range(const struct million_flow *flow, uint32_t value)
{
	const struct xvio_flow_range range = range_of(value);
	const uint32_t port = 0x5000 | (flow->number & 0xff);

	return port >= endian_swap16(range.min) && port <= endian_swap16(range.max);
}

void million_rule(uint32_t id, struct xvio_flow_rule *rule)
{
	const struct group *group = group_of(id);
	const uint32_t value = id - group->first;
	const union flow_key mask = {.field = group->mask};
	struct million_flow flow = {group->kind, value << group->shift};
	union flow_key key;
	unsigned i;

	memset(rule, 0, sizeof(*rule));
	if (group->kind == MILLION_ANY)
		flow.kind = MILLION_IPV4;
	million_key(&flow, &key);
	for (i = 0; i < FLOW_KEY_WORDS; i++)
		key.word[i] &= mask.word[i];
	rule->cookie = 0x100000000u + id;
	rule->prio = group->prio;
	rule->chain = group->chain;
	rule->key = key.field;
	rule->mask = group->mask;
	if (group->has_range) {
		rule->tp_dst = range_of(value);
		rule->key.ip_proto = 17;
		rule->mask.ip_proto = 0xff;
	}
	append_actions(rule, id);
}

/* Flows */

static void fill_ipv4(struct xvio_flow_key *key, uint32_t number)
{
	key->eth_type = endian_swap16(ETH_TYPE_IPV4);
	key->ip_proto = 17;
	key->ip_ttl = 64;
	key->tp_src = (uint16_t)(number * 40503u);
	key->tp_dst = endian_swap16((uint16_t)(0x5000 | (number & 0xff)));
	put32(key->ip_src, 0x0b000000 + number % MODULO);
	put32(key->ip_dst, 0x0a000000 + number);
}

static void fill_ipv6(struct xvio_flow_key *key, uint32_t number)
{
	key->eth_type = endian_swap16(ETH_TYPE_IPV6);
	key->ip_proto = 17;
	key->ip_ttl = 64;
	key->tp_dst = endian_swap16(0x5000);
	key->ip_src[0] = 0xfd;
	key->ip_dst[0] = 0xfd;
	put32(key->ip_dst + 12, number);
}

static void fill_arp(struct xvio_flow_key *key, uint32_t number)
{
	key->eth_type = endian_swap16(0x0806);
	key->ip_proto = 1;
	put32(key->arp_spa, 0x0b000001);
	put32(key->arp_tpa, 0x0a000000 + number);
	key->arp_sha[0] = 2;
}

void million_key(const struct million_flow *flow, union flow_key *key)
{
	struct xvio_flow_key *field = &key->field;
	uint32_t lse;

	memset(key, 0, sizeof(*key));
	field->in_port = MILLION_IN;
	field->eth_dst[0] = 2;
	put32(field->eth_dst + 2, flow->number >> 2);
	field->eth_src[0] = 2;
	field->eth_src[5] = 1;
	switch (flow->kind) {
	case MILLION_IPV6:
		fill_ipv6(field, flow->number);
		break;
	case MILLION_ARP:
		fill_arp(field, flow->number);
		break;
	case MILLION_MPLS:
		field->eth_type = endian_swap16(ETH_TYPE_MPLS);
		lse = endian_swap32(flow->number << 12 | 0x100 | 64);
		memcpy(&field->mpls_lse, &lse, 4);
		break;
	case MILLION_TAGGED:
		field->vlan_tpid = endian_swap16(ETH_TYPE_VLAN);
		field->vlan_tci =
			endian_swap16((uint16_t)(XVIO_FLOW_VLAN_PRESENT | flow->number % 4000));
		fill_ipv4(field, flow->number);
		break;
	default:
		fill_ipv4(field, flow->number);
	}
}

static bool group_has(const struct group *group, const struct million_flow *flow, uint32_t *id)
{
	const uint32_t value =
		group->modulo ? flow->number % group->modulo : flow->number >> group->shift;

	*id = group->first + value;
	return (group->kind == flow->kind || group->kind == MILLION_ANY) && value < group->num &&
	       (!group->has_range || is_in_range(flow, value));
}

unsigned million_matches(const struct million_flow *flow, uint32_t id[MILLION_MAX_MATCHES])
{
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < num_groups; i++)
		num += group_has(&groups[i], flow, &id[num]);
	return num;
}
