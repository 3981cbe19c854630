// SPDX-License-Identifier: GPL-2.0
/*
 * What a flower rule matches on, as key and mask of the card (xvio/flow.h). Whatever the card
 * cannot compare is refused by name: a rule that matched more than it says would be worse than none.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "xvio.h"

static const char *const match_key_names[FLOW_DISSECTOR_KEY_MAX] = {
	[FLOW_DISSECTOR_KEY_CONTROL] = "control",
	[FLOW_DISSECTOR_KEY_BASIC] = "basic",
	[FLOW_DISSECTOR_KEY_IPV4_ADDRS] = "ipv4 addresses",
	[FLOW_DISSECTOR_KEY_IPV6_ADDRS] = "ipv6 addresses",
	[FLOW_DISSECTOR_KEY_PORTS] = "ports",
	[FLOW_DISSECTOR_KEY_PORTS_RANGE] = "port ranges",
	[FLOW_DISSECTOR_KEY_ICMP] = "icmp type and code",
	[FLOW_DISSECTOR_KEY_ETH_ADDRS] = "mac addresses",
	[FLOW_DISSECTOR_KEY_TIPC] = "tipc",
	[FLOW_DISSECTOR_KEY_ARP] = "arp",
	[FLOW_DISSECTOR_KEY_VLAN] = "vlan",
	[FLOW_DISSECTOR_KEY_FLOW_LABEL] = "flow label",
	[FLOW_DISSECTOR_KEY_GRE_KEYID] = "gre key",
	[FLOW_DISSECTOR_KEY_MPLS_ENTROPY] = "mpls entropy",
	[FLOW_DISSECTOR_KEY_ENC_KEYID] = "tunnel key",
	[FLOW_DISSECTOR_KEY_ENC_IPV4_ADDRS] = "tunnel ipv4 addresses",
	[FLOW_DISSECTOR_KEY_ENC_IPV6_ADDRS] = "tunnel ipv6 addresses",
	[FLOW_DISSECTOR_KEY_ENC_CONTROL] = "tunnel control",
	[FLOW_DISSECTOR_KEY_ENC_PORTS] = "tunnel ports",
	[FLOW_DISSECTOR_KEY_MPLS] = "mpls",
	[FLOW_DISSECTOR_KEY_TCP] = "tcp flags",
	[FLOW_DISSECTOR_KEY_IP] = "ip tos and ttl",
	[FLOW_DISSECTOR_KEY_CVLAN] = "inner vlan",
	[FLOW_DISSECTOR_KEY_ENC_IP] = "tunnel tos and ttl",
	[FLOW_DISSECTOR_KEY_ENC_OPTS] = "tunnel options",
	[FLOW_DISSECTOR_KEY_META] = "indev",
	[FLOW_DISSECTOR_KEY_CT] = "conntrack state",
	[FLOW_DISSECTOR_KEY_HASH] = "hash",
	[FLOW_DISSECTOR_KEY_NUM_OF_VLANS] = "number of vlans",
	[FLOW_DISSECTOR_KEY_PPPOE] = "pppoe",
	[FLOW_DISSECTOR_KEY_L2TPV3] = "l2tpv3",
	[FLOW_DISSECTOR_KEY_CFM] = "cfm",
	[FLOW_DISSECTOR_KEY_IPSEC] = "ipsec",
};

#define MATCH_SUPPORTED                                                                    \
	(BIT_ULL(FLOW_DISSECTOR_KEY_CONTROL) | BIT_ULL(FLOW_DISSECTOR_KEY_BASIC) |         \
	 BIT_ULL(FLOW_DISSECTOR_KEY_IPV4_ADDRS) | BIT_ULL(FLOW_DISSECTOR_KEY_IPV6_ADDRS) | \
	 BIT_ULL(FLOW_DISSECTOR_KEY_PORTS) | BIT_ULL(FLOW_DISSECTOR_KEY_ETH_ADDRS) |       \
	 BIT_ULL(FLOW_DISSECTOR_KEY_VLAN))

static int match_check_keys(const struct flow_rule *rule, struct netlink_ext_ack *extack)
{
	u64 refused = rule->match.dissector->used_keys & ~MATCH_SUPPORTED;
	const char *name;

	if (!refused)
		return 0;
	name = match_key_names[__ffs64(refused)];
	NL_SET_ERR_MSG_FMT(extack, "xvio: cannot match on %s", name ?: "an unknown key");
	return -EOPNOTSUPP;
}

/* The card knows two bits: a fragment, and not the first one. */
static int match_fragment(const struct flow_match_control *match, struct xvio_flow_rule *out,
			  struct netlink_ext_ack *extack)
{
	u32 flags = match->key->flags, mask = match->mask->flags;

	if (mask & ~(FLOW_DIS_IS_FRAGMENT | FLOW_DIS_FIRST_FRAG)) {
		NL_SET_ERR_MSG_FMT(extack, "xvio: cannot match on control flags %#x",
				   mask & ~(FLOW_DIS_IS_FRAGMENT | FLOW_DIS_FIRST_FRAG));
		return -EOPNOTSUPP;
	}
	if (mask & FLOW_DIS_IS_FRAGMENT) {
		out->mask.flags |= XVIO_FLOW_FRAG_ANY;
		if (flags & FLOW_DIS_IS_FRAGMENT)
			out->key.flags |= XVIO_FLOW_FRAG_ANY;
	}
	if (!(mask & FLOW_DIS_FIRST_FRAG))
		return 0;
	if (!(flags & FLOW_DIS_FIRST_FRAG) && !(out->key.flags & XVIO_FLOW_FRAG_ANY)) {
		NL_SET_ERR_MSG(extack, "xvio: cannot match on nofirstfrag without frag");
		return -EOPNOTSUPP;
	}
	out->mask.flags |= XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER;
	out->key.flags = XVIO_FLOW_FRAG_ANY;
	if (!(flags & FLOW_DIS_FIRST_FRAG))
		out->key.flags |= XVIO_FLOW_FRAG_LATER;
	return 0;
}

static void match_basic(const struct flow_rule *rule, struct xvio_flow_rule *out)
{
	struct flow_match_basic match;

	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_BASIC))
		return;
	flow_rule_match_basic(rule, &match);
	out->key.eth_type = match.key->n_proto;
	out->mask.eth_type = match.mask->n_proto;
	out->key.ip_proto = match.key->ip_proto;
	out->mask.ip_proto = match.mask->ip_proto;
}

static void match_eth_addrs(const struct flow_rule *rule, struct xvio_flow_rule *out)
{
	struct flow_match_eth_addrs match;

	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_ETH_ADDRS))
		return;
	flow_rule_match_eth_addrs(rule, &match);
	ether_addr_copy(out->key.eth_dst, match.key->dst);
	ether_addr_copy(out->mask.eth_dst, match.mask->dst);
	ether_addr_copy(out->key.eth_src, match.key->src);
	ether_addr_copy(out->mask.eth_src, match.mask->src);
}

/*
 * The outer tag. A filter of a protocol other than VLAN sees untagged packets only, which on the
 * card has to be said, since eth_type is the one behind the tags.
 */
static void match_vlan(const struct flow_cls_offload *cls, struct xvio_flow_rule *out)
{
	struct flow_match_vlan match;

	if (!flow_rule_match_key(cls->rule, FLOW_DISSECTOR_KEY_VLAN)) {
		if (cls->common.protocol != htons(ETH_P_ALL))
			out->mask.vlan_tpid = htons(0xffff);
		return;
	}
	flow_rule_match_vlan(cls->rule, &match);
	out->key.vlan_tci = htons(match.key->vlan_id | match.key->vlan_priority << VLAN_PRIO_SHIFT |
				  XVIO_FLOW_VLAN_PRESENT);
	out->mask.vlan_tci =
		htons(match.mask->vlan_id | match.mask->vlan_priority << VLAN_PRIO_SHIFT |
		      XVIO_FLOW_VLAN_PRESENT);
	out->key.vlan_tpid = match.key->vlan_tpid;
	out->mask.vlan_tpid = match.mask->vlan_tpid;
}

static void match_addrs(const struct flow_rule *rule, u16 addr_type, struct xvio_flow_rule *out)
{
	struct flow_match_ipv4_addrs ipv4;
	struct flow_match_ipv6_addrs ipv6;

	if (addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS &&
	    flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_IPV4_ADDRS)) {
		flow_rule_match_ipv4_addrs(rule, &ipv4);
		memcpy(out->key.ip_src, &ipv4.key->src, sizeof(ipv4.key->src));
		memcpy(out->mask.ip_src, &ipv4.mask->src, sizeof(ipv4.mask->src));
		memcpy(out->key.ip_dst, &ipv4.key->dst, sizeof(ipv4.key->dst));
		memcpy(out->mask.ip_dst, &ipv4.mask->dst, sizeof(ipv4.mask->dst));
	}
	if (addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS &&
	    flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_IPV6_ADDRS)) {
		flow_rule_match_ipv6_addrs(rule, &ipv6);
		memcpy(out->key.ip_src, &ipv6.key->src, sizeof(ipv6.key->src));
		memcpy(out->mask.ip_src, &ipv6.mask->src, sizeof(ipv6.mask->src));
		memcpy(out->key.ip_dst, &ipv6.key->dst, sizeof(ipv6.key->dst));
		memcpy(out->mask.ip_dst, &ipv6.mask->dst, sizeof(ipv6.mask->dst));
	}
}

static void match_ports(const struct flow_rule *rule, struct xvio_flow_rule *out)
{
	struct flow_match_ports match;

	if (!flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_PORTS))
		return;
	flow_rule_match_ports(rule, &match);
	out->key.tp_src = match.key->src;
	out->mask.tp_src = match.mask->src;
	out->key.tp_dst = match.key->dst;
	out->mask.tp_dst = match.mask->dst;
}

/* The card wants bits outside the mask to be 0. */
static void match_trim(struct xvio_flow_rule *out)
{
	const u8 *mask = (const u8 *)&out->mask;
	u8 *key = (u8 *)&out->key;
	size_t i;

	for (i = 0; i < sizeof(out->key); i++)
		key[i] &= mask[i];
}

int xvio_match_parse(const struct flow_cls_offload *cls, u16 in_port, struct xvio_flow_rule *out)
{
	struct netlink_ext_ack *extack = cls->common.extack;
	struct flow_match_control control;
	u16 addr_type = 0;
	int err;

	err = match_check_keys(cls->rule, extack);
	if (err)
		return err;
	if (flow_rule_match_key(cls->rule, FLOW_DISSECTOR_KEY_CONTROL)) {
		flow_rule_match_control(cls->rule, &control);
		addr_type = control.key->addr_type;
		err = match_fragment(&control, out, extack);
		if (err)
			return err;
	}
	out->key.in_port = cpu_to_le16(in_port);
	out->mask.in_port = cpu_to_le16(0xffff);
	match_basic(cls->rule, out);
	match_eth_addrs(cls->rule, out);
	match_vlan(cls, out);
	match_addrs(cls->rule, addr_type, out);
	match_ports(cls->rule, out);
	match_trim(out);
	return 0;
}
