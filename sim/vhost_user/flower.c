/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tc flower's words (flower.h), with tc's meaning: a rule of another protocol than 802.1q sees
 * untagged packets only, 'protocol all' both. What the path cannot do is refused by name.
 */
#include "flower.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <xvio/port.h>
#include "vport.h"

#define FLOWER_ETH_IPV4 0x0800u
#define FLOWER_ETH_ARP	0x0806u
#define FLOWER_ETH_VLAN 0x8100u
#define FLOWER_ETH_IPV6 0x86ddu
#define FLOWER_ETH_QINQ 0x88a8u

/* A rule while it is read. */
struct flower {
	struct words *words;
	struct xvio_flow_rule *rule;
	bool any_protocol;
	uint16_t eth_type; /* behind the tags; 0: any */
	uint8_t ip_proto; /* 0: any */
	bool has_ip_proto;
};

struct flower_name {
	const char *name;
	uint16_t value;
};

static const struct flower_name flower_protocols[] = {
	{"ip", FLOWER_ETH_IPV4},      {"ipv4", FLOWER_ETH_IPV4},   {"ipv6", FLOWER_ETH_IPV6},
	{"arp", FLOWER_ETH_ARP},      {"802.1q", FLOWER_ETH_VLAN}, {"802.1Q", FLOWER_ETH_VLAN},
	{"802.1ad", FLOWER_ETH_QINQ},
};

static const struct flower_name flower_ip_protos[] = {
	{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmpv6", 58}, {"sctp", 132},
};

/* A name of a table, or a number up to max. */
static bool flower_name(struct words *words, const char *what, const struct flower_name *names,
			size_t num_names, uint16_t max, uint16_t *value)
{
	const char *word = words_peek(words);
	uint64_t number = 0;
	size_t i;

	for (i = 0; word && i < num_names; i++) {
		if (words_same(word, names[i].name)) {
			words->at++;
			*value = names[i].value;
			return true;
		}
	}
	if (!words_number(words, what, max, &number))
		return false;
	*value = (uint16_t)number;
	return true;
}

static bool flower_protocol(struct words *words, const char *what, uint16_t *eth_type)
{
	return flower_name(words, what, flower_protocols,
			   sizeof(flower_protocols) / sizeof(flower_protocols[0]), 0xffff,
			   eth_type);
}

static bool flower_dev(struct words *words, uint16_t *number)
{
	const char *name = words_next(words, "the name of a port");
	const struct vport *port;

	if (!name)
		return false;
	port = vport_find(name);
	if (!port)
		return words_refuse(words, "no such port");
	*number = port->number;
	return true;
}

/* Keys. Each is called behind its word. */

static bool flower_tag(struct flower *flower)
{
	struct xvio_flow_key *mask = &flower->rule->mask;

	if (!(mask->vlan_tci & htons(XVIO_FLOW_VLAN_PRESENT)))
		return words_refuse(flower->words, "needs protocol 802.1q or 802.1ad");
	return true;
}

static bool flower_vlan_id(struct flower *flower)
{
	struct xvio_flow_rule *rule = flower->rule;
	uint64_t id;

	if (!flower_tag(flower) || !words_number(flower->words, "vlan_id", 0xfff, &id))
		return false;
	rule->key.vlan_tci |= htons((uint16_t)id);
	rule->mask.vlan_tci |= htons(0xfff);
	return true;
}

static bool flower_vlan_prio(struct flower *flower)
{
	struct xvio_flow_rule *rule = flower->rule;
	uint64_t prio;

	if (!flower_tag(flower) || !words_number(flower->words, "vlan_prio", 7, &prio))
		return false;
	rule->key.vlan_tci |= htons((uint16_t)(prio << 13));
	rule->mask.vlan_tci |= htons(0xe000);
	return true;
}

static bool flower_vlan_ethtype(struct flower *flower)
{
	struct xvio_flow_rule *rule = flower->rule;

	if (!flower_tag(flower) ||
	    !flower_protocol(flower->words, "vlan_ethtype", &flower->eth_type))
		return false;
	rule->key.eth_type = htons(flower->eth_type);
	rule->mask.eth_type = 0xffff;
	return true;
}

static bool flower_dst_mac(struct flower *flower)
{
	return words_masked_mac(flower->words, "dst_mac", flower->rule->key.eth_dst,
				flower->rule->mask.eth_dst);
}

static bool flower_src_mac(struct flower *flower)
{
	return words_masked_mac(flower->words, "src_mac", flower->rule->key.eth_src,
				flower->rule->mask.eth_src);
}

static bool flower_is_ip(struct flower *flower)
{
	return flower->eth_type == FLOWER_ETH_IPV4 || flower->eth_type == FLOWER_ETH_IPV6 ||
	       words_refuse(flower->words, "needs protocol ip or ipv6");
}

static bool flower_ip_proto(struct flower *flower)
{
	uint16_t ip_proto = 0;

	if (!flower_is_ip(flower) ||
	    !flower_name(flower->words, "ip_proto", flower_ip_protos,
			 sizeof(flower_ip_protos) / sizeof(flower_ip_protos[0]), 0xff, &ip_proto))
		return false;
	flower->has_ip_proto = true;
	flower->ip_proto = (uint8_t)ip_proto;
	flower->rule->key.ip_proto = (uint8_t)ip_proto;
	flower->rule->mask.ip_proto = 0xff;
	return true;
}

static bool flower_ip(struct flower *flower, const char *what, uint8_t addr[16], uint8_t mask[16])
{
	int family = flower->eth_type == FLOWER_ETH_IPV4 ? AF_INET : AF_INET6;

	return flower_is_ip(flower) && words_masked_ip(flower->words, what, family, addr, mask);
}

static bool flower_src_ip(struct flower *flower)
{
	return flower_ip(flower, "src_ip", flower->rule->key.ip_src, flower->rule->mask.ip_src);
}

static bool flower_dst_ip(struct flower *flower)
{
	return flower_ip(flower, "dst_ip", flower->rule->key.ip_dst, flower->rule->mask.ip_dst);
}

static bool flower_ip_byte(struct flower *flower, const char *what, uint8_t *key, uint8_t *mask)
{
	uint64_t value = 0;
	uint64_t bits = 0;

	if (!flower_is_ip(flower) || !words_masked_number(flower->words, what, 0xff, &value, &bits))
		return false;
	*key = (uint8_t)value;
	*mask = (uint8_t)bits;
	return true;
}

static bool flower_ip_tos(struct flower *flower)
{
	return flower_ip_byte(flower, "ip_tos", &flower->rule->key.ip_tos,
			      &flower->rule->mask.ip_tos);
}

static bool flower_ip_ttl(struct flower *flower)
{
	return flower_ip_byte(flower, "ip_ttl", &flower->rule->key.ip_ttl,
			      &flower->rule->mask.ip_ttl);
}

static bool flower_word(struct flower *flower, const char *what, uint64_t max, xvio_be16 *key,
			xvio_be16 *mask)
{
	uint64_t value = 0;
	uint64_t bits = 0;

	if (!words_masked_number(flower->words, what, max, &value, &bits))
		return false;
	*key = htons((uint16_t)value);
	*mask = htons((uint16_t)bits);
	return true;
}

static bool flower_has_ports(struct flower *flower)
{
	return flower->ip_proto == 6 || flower->ip_proto == 17 || flower->ip_proto == 132 ||
	       words_refuse(flower->words, "needs ip_proto tcp, udp or sctp before it");
}

static bool flower_src_port(struct flower *flower)
{
	return flower_has_ports(flower) &&
	       flower_word(flower, "src_port", 0xffff, &flower->rule->key.tp_src,
			   &flower->rule->mask.tp_src);
}

static bool flower_dst_port(struct flower *flower)
{
	return flower_has_ports(flower) &&
	       flower_word(flower, "dst_port", 0xffff, &flower->rule->key.tp_dst,
			   &flower->rule->mask.tp_dst);
}

static bool flower_tcp_flags(struct flower *flower)
{
	if (flower->ip_proto != 6)
		return words_refuse(flower->words, "needs ip_proto tcp before it");
	return flower_word(flower, "tcp_flags", 0xfff, &flower->rule->key.tcp_flags,
			   &flower->rule->mask.tcp_flags);
}

/* ICMP: the type is the upper byte of the key's tp_src, the code the lower. */
static bool flower_icmp(struct flower *flower, const char *what, unsigned shift)
{
	struct xvio_flow_rule *rule = flower->rule;
	uint64_t value = 0;
	uint64_t bits = 0;

	if (flower->ip_proto != 1 && flower->ip_proto != 58)
		return words_refuse(flower->words, "needs ip_proto icmp or icmpv6 before it");
	if (!words_masked_number(flower->words, what, 0xff, &value, &bits))
		return false;
	rule->key.tp_src |= htons((uint16_t)(value << shift));
	rule->mask.tp_src |= htons((uint16_t)(bits << shift));
	return true;
}

static bool flower_icmp_type(struct flower *flower)
{
	return flower_icmp(flower, "type", 8);
}

static bool flower_icmp_code(struct flower *flower)
{
	return flower_icmp(flower, "code", 0);
}

static bool flower_arp(struct flower *flower, const char *what, uint8_t addr[16], uint8_t mask[16])
{
	if (flower->eth_type != FLOWER_ETH_ARP)
		return words_refuse(flower->words, "needs protocol arp");
	return words_masked_ip(flower->words, what, AF_INET, addr, mask);
}

static bool flower_arp_sip(struct flower *flower)
{
	return flower_arp(flower, "arp_sip", flower->rule->key.ip_src, flower->rule->mask.ip_src);
}

static bool flower_arp_tip(struct flower *flower)
{
	return flower_arp(flower, "arp_tip", flower->rule->key.ip_dst, flower->rule->mask.ip_dst);
}

static bool flower_ip_flags(struct flower *flower)
{
	static const struct {
		const char *word;
		uint8_t key, mask;
	} flags[] = {
		{"frag", XVIO_FLOW_FRAG_ANY, XVIO_FLOW_FRAG_ANY},
		{"nofrag", 0, XVIO_FLOW_FRAG_ANY},
		{"firstfrag", XVIO_FLOW_FRAG_ANY, XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER},
		{"frag/nofirstfrag", XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER,
		 XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER},
	};
	const char *word;
	size_t i;

	if (!flower_is_ip(flower))
		return false;
	word = words_next(flower->words, "ip_flags");
	for (i = 0; word && i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (words_same(word, flags[i].word)) {
			flower->rule->key.flags = flags[i].key;
			flower->rule->mask.flags = flags[i].mask;
			return true;
		}
	}
	return word &&
	       words_refuse(flower->words, "ip_flags: frag, nofrag, firstfrag or frag/nofirstfrag");
}

static const struct {
	const char *word;
	bool (*parse)(struct flower *flower);
} flower_keys[] = {
	{"dst_mac", flower_dst_mac},
	{"src_mac", flower_src_mac},
	{"vlan_id", flower_vlan_id},
	{"vlan_prio", flower_vlan_prio},
	{"vlan_ethtype", flower_vlan_ethtype},
	{"ip_proto", flower_ip_proto},
	{"src_ip", flower_src_ip},
	{"dst_ip", flower_dst_ip},
	{"src_port", flower_src_port},
	{"dst_port", flower_dst_port},
	{"ip_tos", flower_ip_tos},
	{"ip_ttl", flower_ip_ttl},
	{"ip_flags", flower_ip_flags},
	{"tcp_flags", flower_tcp_flags},
	{"type", flower_icmp_type},
	{"code", flower_icmp_code},
	{"arp_sip", flower_arp_sip},
	{"arp_tip", flower_arp_tip},
};

static bool flower_parse_keys(struct flower *flower)
{
	const char *word;
	size_t i;

	while ((word = words_next(flower->words, "action")) != NULL) {
		if (words_same(word, "action"))
			return true;
		for (i = 0; i < sizeof(flower_keys) / sizeof(flower_keys[0]); i++) {
			if (words_same(word, flower_keys[i].word))
				break;
		}
		if (i == sizeof(flower_keys) / sizeof(flower_keys[0]))
			return words_refuse(flower->words, "no key that can be matched on");
		if (!flower_keys[i].parse(flower))
			return false;
	}
	return false;
}

/* Actions */

static struct xvio_flow_action *flower_add_action(struct flower *flower, uint16_t type)
{
	struct xvio_flow_rule *rule = flower->rule;
	struct xvio_flow_action *action;

	if (rule->num_actions == XVIO_FLOW_MAX_ACTIONS) {
		words_refuse(flower->words, "more than %u actions", XVIO_FLOW_MAX_ACTIONS);
		return NULL;
	}
	action = &rule->action[rule->num_actions++];
	action->type = type;
	return action;
}

/* mirred egress redirect|mirror dev NAME; *last: nothing may follow. */
static bool flower_mirred(struct flower *flower, bool *last)
{
	struct words *words = flower->words;
	struct xvio_flow_action *action;
	uint16_t number = 0;

	if (!words_expect(words, "egress"))
		return false;
	*last = words_take(words, "redirect");
	if (!*last && !words_take(words, "mirror")) {
		words_next(words, "redirect or mirror");
		return words_refuse(words, "'redirect' or 'mirror' should stand here");
	}
	if (!words_expect(words, "dev") || !flower_dev(words, &number))
		return false;
	action = flower_add_action(flower, *last ? XVIO_ACTION_OUTPUT : XVIO_ACTION_MIRROR);
	if (!action)
		return false;
	action->arg = number;
	return true;
}

/* pedit ex munge eth dst set MAC: of the outputs behind it. */
static bool flower_pedit(struct flower *flower)
{
	static const char *const way[] = {"ex", "munge", "eth", "dst", "set"};
	struct xvio_flow_action *action;
	uint8_t word[8] = {0};
	size_t i;

	for (i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		if (!words_expect(flower->words, way[i]))
			return false;
	}
	if (!words_mac(flower->words, "the new address", word))
		return false;
	for (i = 0; i < sizeof(word); i += 4) {
		action = flower_add_action(flower, XVIO_ACTION_SET);
		if (!action)
			return false;
		action->a = XVIO_HDR_ETH;
		action->arg = (uint32_t)i;
		memcpy(&action->value, word + i, 4);
		memset(&action->mask, 0xff, i ? 2 : 4);
	}
	return true;
}

static bool flower_parse_actions(struct flower *flower)
{
	struct words *words = flower->words;
	bool last = false;

	for (;;) {
		bool first = !flower->rule->num_actions;

		if (words_take(words, "drop")) {
			if (!first)
				return words_refuse(words, "a drop must be the only action");
			last = true;
			if (!flower_add_action(flower, XVIO_ACTION_DROP))
				return false;
		} else if (words_take(words, "mirred")) {
			if (!flower_mirred(flower, &last))
				return false;
		} else if (words_take(words, "pedit")) {
			if (!flower_pedit(flower))
				return false;
		} else {
			words_next(words, "drop, mirred or pedit");
			return words_refuse(words, "'drop', 'mirred' or 'pedit' should stand here");
		}
		if (last)
			return words_end(words);
		words_take(words, "pipe");
		if (!words_peek(words))
			return words_refuse(words, "a redirect or a drop must be the last action");
		if (!words_expect(words, "action"))
			return false;
	}
}

/* Selection */

static bool flower_select(struct words *words, struct flower_selection *selection, bool *taken)
{
	uint64_t number = 0;

	*taken = true;
	if (words_take(words, "dev")) {
		selection->has_dev = true;
		selection->in_port = XVIO_PORT_NONE;
		return words_take(words, "any") || flower_dev(words, &selection->in_port);
	}
	if (words_take(words, "prio") || words_take(words, "pref")) {
		selection->has_prio = true;
		if (!words_number(words, "prio", UINT32_MAX, &number))
			return false;
		selection->prio = (uint32_t)number;
		return true;
	}
	if (words_take(words, "handle")) {
		selection->has_handle = true;
		return words_number(words, "handle", UINT64_MAX, &selection->handle) &&
		       (selection->handle || words_refuse(words, "a handle is not 0"));
	}
	*taken = words_take(words, "ingress");
	return true;
}

bool flower_parse_selection(struct words *words, struct flower_selection *selection)
{
	bool taken = true;

	memset(selection, 0, sizeof(*selection));
	while (taken) {
		if (!flower_select(words, selection, &taken))
			return false;
	}
	words_take(words, "flower");
	return words_end(words);
}

/* The protocol says what stands behind the tags, or that there is a tag. */
static void flower_set_protocol(struct flower *flower)
{
	struct xvio_flow_rule *rule = flower->rule;

	if (flower->any_protocol)
		return;
	rule->mask.vlan_tpid = 0xffff;
	if (flower->eth_type != FLOWER_ETH_VLAN && flower->eth_type != FLOWER_ETH_QINQ) {
		rule->key.eth_type = htons(flower->eth_type);
		rule->mask.eth_type = 0xffff;
		return;
	}
	rule->key.vlan_tpid = htons(flower->eth_type);
	rule->key.vlan_tci = htons(XVIO_FLOW_VLAN_PRESENT);
	rule->mask.vlan_tci = htons(XVIO_FLOW_VLAN_PRESENT);
	flower->eth_type = 0;
}

static bool flower_parse_head(struct flower *flower, struct flower_selection *selection)
{
	struct words *words = flower->words;
	bool has_protocol = false;
	bool taken;

	while (!words_take(words, "flower")) {
		if (words_take(words, "protocol")) {
			has_protocol = true;
			flower->any_protocol = words_take(words, "all");
			if (!flower->any_protocol &&
			    !flower_protocol(words, "protocol", &flower->eth_type))
				return false;
			continue;
		}
		if (!flower_select(words, selection, &taken))
			return false;
		if (!taken) {
			words_next(words, "flower");
			return words_refuse(words, "not understood before 'flower'");
		}
	}
	if (!selection->has_dev)
		return words_refuse(words, "no 'dev' before it");
	if (!selection->has_prio || !selection->prio)
		return words_refuse(words, "no 'prio' (from 1) before it");
	if (!has_protocol)
		return words_refuse(words, "no 'protocol' before it");
	return true;
}

/* Bits outside the mask must be 0. */
static void flower_trim(struct xvio_flow_rule *rule)
{
	const uint8_t *mask = (const uint8_t *)&rule->mask;
	uint8_t *key = (uint8_t *)&rule->key;
	size_t i;

	for (i = 0; i < sizeof(rule->key); i++)
		key[i] &= mask[i];
}

bool flower_parse_rule(struct words *words, struct flower_selection *selection,
		       struct xvio_flow_rule *rule)
{
	struct flower flower = {.words = words, .rule = rule};

	memset(selection, 0, sizeof(*selection));
	memset(rule, 0, sizeof(*rule));
	if (!flower_parse_head(&flower, selection))
		return false;
	rule->prio = selection->prio;
	if (selection->in_port != XVIO_PORT_NONE) {
		rule->key.in_port = selection->in_port;
		rule->mask.in_port = 0xffff;
	}
	flower_set_protocol(&flower);
	words_take(words, "skip_sw"); /* as on the card: there is no other place */
	if (!flower_parse_keys(&flower) || !flower_parse_actions(&flower))
		return false;
	flower_trim(rule);
	return true;
}
