// SPDX-License-Identifier: GPL-2.0
/*
 * What a flower rule matches on, as key and mask of the card (xvio/flow.h): here the frame up to
 * its type, in match_net.c what is behind that. A rule matches on the card what it would match in
 * software; whatever cannot be said so is refused by name.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "match.h"

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
	 BIT_ULL(FLOW_DISSECTOR_KEY_META) | BIT_ULL(FLOW_DISSECTOR_KEY_ETH_ADDRS) |        \
	 BIT_ULL(FLOW_DISSECTOR_KEY_VLAN) | BIT_ULL(FLOW_DISSECTOR_KEY_CVLAN) |            \
	 BIT_ULL(FLOW_DISSECTOR_KEY_NUM_OF_VLANS) | BIT_ULL(FLOW_DISSECTOR_KEY_MPLS) |     \
	 BIT_ULL(FLOW_DISSECTOR_KEY_ARP) | BIT_ULL(FLOW_DISSECTOR_KEY_IP) |                \
	 BIT_ULL(FLOW_DISSECTOR_KEY_IPV4_ADDRS) | BIT_ULL(FLOW_DISSECTOR_KEY_IPV6_ADDRS) | \
	 BIT_ULL(FLOW_DISSECTOR_KEY_PORTS) | BIT_ULL(FLOW_DISSECTOR_KEY_PORTS_RANGE) |     \
	 BIT_ULL(FLOW_DISSECTOR_KEY_TCP) | BIT_ULL(FLOW_DISSECTOR_KEY_ICMP))

#define MATCH_ANY_TAGS 3 /* more tags than the key has room for */

int xvio_match_refuse(struct xvio_match *match, const char *what)
{
	NL_SET_ERR_MSG_FMT(match->extack, "xvio: %s", what);
	return -EOPNOTSUPP;
}

static int match_keys(struct xvio_match *match)
{
	u64 refused = match->rule->match.dissector->used_keys & ~MATCH_SUPPORTED;
	const char *name;

	if (!refused)
		return 0;
	name = match_key_names[__ffs64(refused)];
	NL_SET_ERR_MSG_FMT(match->extack, "xvio: cannot match on %s", name ?: "an unknown key");
	return -EOPNOTSUPP;
}

/* `indev` says on the card what in_port says already, or what is never so. */
static int match_meta(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_meta meta;

	out->key.in_port = cpu_to_le16(match->repr->port);
	out->mask.in_port = cpu_to_le16(0xffff);
	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_META))
		return 0;
	flow_rule_match_meta(match->rule, &meta);
	if (meta.mask->l2_miss)
		return xvio_match_refuse(match, "cannot match on l2_miss");
	if (meta.mask->ingress_iftype)
		return xvio_match_refuse(match, "cannot match on the type of indev");
	if (!meta.mask->ingress_ifindex)
		return 0;
	if ((u32)meta.mask->ingress_ifindex != U32_MAX ||
	    meta.key->ingress_ifindex != match->repr->netdev->ifindex)
		return xvio_match_refuse(match, "cannot match on an indev that the rule is not on");
	return 0;
}

static int match_eth_addrs(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_eth_addrs addrs;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_ETH_ADDRS))
		return 0;
	flow_rule_match_eth_addrs(match->rule, &addrs);
	ether_addr_copy(out->key.eth_dst, addrs.key->dst);
	ether_addr_copy(out->mask.eth_dst, addrs.mask->dst);
	ether_addr_copy(out->key.eth_src, addrs.key->src);
	ether_addr_copy(out->mask.eth_src, addrs.mask->src);
	return 0;
}

/* The type behind all tags. Several keys may say it, in the same way. */
static int match_set_type(struct xvio_match *match, __be16 type)
{
	struct xvio_flow_rule *out = match->out;

	if (eth_type_vlan(type))
		return xvio_match_refuse(match, "cannot match on more than two vlan tags");
	if (!eth_proto_is_802_3(type))
		return xvio_match_refuse(match, "cannot match on a protocol of LLC frames");
	if (out->mask.eth_type && out->key.eth_type != type)
		return xvio_match_refuse(match, "cannot match on two protocols");
	out->key.eth_type = type;
	out->mask.eth_type = htons(0xffff);
	return 0;
}

/* A filter of a protocol other than VLAN sees untagged packets of that protocol only. */
static int match_protocol(struct xvio_match *match)
{
	__be16 protocol = match->protocol;
	struct flow_match_basic basic;
	int err;

	flow_rule_match_basic(match->rule, &basic);
	if (basic.mask->n_proto && basic.mask->n_proto != htons(0xffff))
		return xvio_match_refuse(match, "cannot match on a protocol with a mask");
	if (basic.mask->n_proto) {
		err = match_set_type(match, basic.key->n_proto);
		if (err)
			return err;
	}
	if (protocol == htons(ETH_P_ALL))
		return 0;
	if (eth_type_vlan(protocol)) {
		match->min_tags = 1;
		match->out->key.vlan_tpid = protocol;
		match->out->mask.vlan_tpid = htons(0xffff);
		return 0;
	}
	match->max_tags = 0;
	return match_set_type(match, protocol);
}

/*
 * What follows a tag: another one, or the last tag's type. Software looks behind all tags for
 * n_proto, and a filter that does not say what follows its last tag matches frames with further
 * ones.
 */
static int match_behind_tag(struct xvio_match *match, const struct flow_match_vlan *vlan, int tag)
{
	if (!vlan->mask->vlan_eth_type)
		return 0;
	if (vlan->mask->vlan_eth_type != htons(0xffff))
		return xvio_match_refuse(match, "cannot match on a vlan_ethtype with a mask");
	if (tag == 1 && eth_type_vlan(vlan->key->vlan_eth_type)) {
		match->min_tags = 2;
		match->cvlan_tpid = vlan->key->vlan_eth_type;
		return 0;
	}
	match->max_tags = min(match->max_tags, tag);
	return match_set_type(match, vlan->key->vlan_eth_type);
}

static int match_check_tag(struct xvio_match *match, const struct flow_match_vlan *vlan,
			   __be16 tpid_so_far)
{
	if (vlan->mask->vlan_dei)
		return xvio_match_refuse(match, "cannot match on the dei of a vlan tag");
	if (!vlan->mask->vlan_tpid)
		return 0;
	if (vlan->mask->vlan_tpid != htons(0xffff) || !eth_type_vlan(vlan->key->vlan_tpid))
		return xvio_match_refuse(match, "vlan tags are 802.1Q or 802.1ad");
	if (tpid_so_far && tpid_so_far != vlan->key->vlan_tpid)
		return xvio_match_refuse(match, "cannot match on a vlan tag of two types");
	return 0;
}

static int match_vlan(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_vlan vlan;
	int err;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_VLAN))
		return 0;
	flow_rule_match_vlan(match->rule, &vlan);
	err = match_check_tag(match, &vlan, out->key.vlan_tpid);
	if (err)
		return err;
	match->min_tags = max(match->min_tags, 1);
	out->key.vlan_tci = htons(vlan.key->vlan_id | vlan.key->vlan_priority << VLAN_PRIO_SHIFT);
	out->mask.vlan_tci =
		htons(vlan.mask->vlan_id | vlan.mask->vlan_priority << VLAN_PRIO_SHIFT);
	if (vlan.mask->vlan_tpid) {
		out->key.vlan_tpid = vlan.key->vlan_tpid;
		out->mask.vlan_tpid = htons(0xffff);
	}
	return match_behind_tag(match, &vlan, 1);
}

static int match_cvlan(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_vlan vlan;
	int err;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_CVLAN))
		return 0;
	flow_rule_match_cvlan(match->rule, &vlan);
	err = match_check_tag(match, &vlan, match->cvlan_tpid);
	if (err)
		return err;
	match->min_tags = 2;
	out->key.cvlan_tci = htons(vlan.key->vlan_id | vlan.key->vlan_priority << VLAN_PRIO_SHIFT);
	out->mask.cvlan_tci =
		htons(vlan.mask->vlan_id | vlan.mask->vlan_priority << VLAN_PRIO_SHIFT);
	if (vlan.mask->vlan_tpid)
		match->cvlan_tpid = vlan.key->vlan_tpid;
	return match_behind_tag(match, &vlan, 2);
}

static int match_num_vlans(struct xvio_match *match)
{
	struct flow_dissector *dissector = match->rule->match.dissector;
	struct flow_dissector_key_num_of_vlans *key, *mask;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_NUM_OF_VLANS))
		return 0;
	key = skb_flow_dissector_target(dissector, FLOW_DISSECTOR_KEY_NUM_OF_VLANS,
					match->rule->match.key);
	mask = skb_flow_dissector_target(dissector, FLOW_DISSECTOR_KEY_NUM_OF_VLANS,
					 match->rule->match.mask);
	if (mask->num_of_vlans != 0xff || key->num_of_vlans > 2)
		return xvio_match_refuse(match, "cannot match on more than two vlan tags");
	match->min_tags = max_t(int, match->min_tags, key->num_of_vlans);
	match->max_tags = min_t(int, match->max_tags, key->num_of_vlans);
	return 0;
}

/* All keys of tags have been read. A third tag would be the eth_type of the card's key. */
static int match_tags(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;

	if (match->min_tags > match->max_tags)
		return xvio_match_refuse(match, "the protocol and the vlan keys contradict");
	if (match->max_tags == 2 && !out->mask.eth_type)
		return xvio_match_refuse(match, "num_of_vlans 2 needs a cvlan_ethtype");
	if (match->max_tags == 0)
		out->mask.vlan_tpid = htons(0xffff);
	if (match->max_tags == 1)
		out->mask.cvlan_tci = htons(XVIO_FLOW_VLAN_PRESENT);
	if (match->min_tags >= 1) {
		out->key.vlan_tci |= htons(XVIO_FLOW_VLAN_PRESENT);
		out->mask.vlan_tci |= htons(XVIO_FLOW_VLAN_PRESENT);
	}
	if (match->min_tags < 2)
		return 0;
	out->key.cvlan_tci |= htons(XVIO_FLOW_VLAN_PRESENT);
	out->mask.cvlan_tci |= htons(XVIO_FLOW_VLAN_PRESENT);
	if (!match->cvlan_tpid)
		return 0;
	out->mask.flags |= XVIO_FLOW_CVLAN_AD;
	if (match->cvlan_tpid == htons(ETH_P_8021AD))
		out->key.flags |= XVIO_FLOW_CVLAN_AD;
	return 0;
}

/* The card wants bits outside the mask to be 0. */
static int match_trim(struct xvio_match *match)
{
	const u8 *mask = (const u8 *)&match->out->mask;
	u8 *key = (u8 *)&match->out->key;
	size_t i;

	for (i = 0; i < sizeof(match->out->key); i++)
		key[i] &= mask[i];
	return 0;
}

/* In this order: who comes later builds on what is there. */
static int (*const match_steps[])(struct xvio_match *match) = {
	match_keys,  match_meta,      match_eth_addrs, match_protocol, match_vlan,
	match_cvlan, match_num_vlans, match_tags,      xvio_match_net, match_trim,
};

int xvio_match_parse(const struct flow_cls_offload *cls, const struct xvio_repr *repr,
		     struct xvio_flow_rule *out)
{
	struct xvio_match match = {
		.rule = cls->rule,
		.extack = cls->common.extack,
		.protocol = cls->common.protocol,
		.repr = repr,
		.out = out,
		.max_tags = MATCH_ANY_TAGS,
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(match_steps) && !err; i++)
		err = match_steps[i](&match);
	return err;
}
