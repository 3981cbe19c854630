// SPDX-License-Identifier: GPL-2.0
/*
 * What a flower rule matches on behind the Ethernet header and its tags. Places of the card's key
 * are shared by protocols, so that each of these keys needs the rule to say which one it means.
 */
#include <linux/if_ether.h>

#include "match.h"

#define MATCH_TCP_FLAGS 0x0fffu

static bool match_is_type(const struct xvio_match *match, u16 type)
{
	return match->out->mask.eth_type && match->out->key.eth_type == htons(type);
}

static bool match_is_ip(const struct xvio_match *match)
{
	return match_is_type(match, ETH_P_IP) || match_is_type(match, ETH_P_IPV6);
}

static bool match_is_proto(const struct xvio_match *match, u8 ip_proto)
{
	return match_is_ip(match) && match->out->mask.ip_proto == 0xff &&
	       match->out->key.ip_proto == ip_proto;
}

static int match_ip_proto(struct xvio_match *match)
{
	struct flow_match_basic basic;

	flow_rule_match_basic(match->rule, &basic);
	if (!basic.mask->ip_proto)
		return 0;
	if (!match_is_ip(match))
		return xvio_match_refuse(match, "ip_proto needs protocol ip or ipv6");
	match->out->key.ip_proto = basic.key->ip_proto;
	match->out->mask.ip_proto = basic.mask->ip_proto;
	return 0;
}

static const struct {
	u32 flag;
	const char *refusal;
} match_flag_refusals[] = {
	{FLOW_DIS_ENCAPSULATION, "cannot match on control flag encapsulation"},
	{FLOW_DIS_F_TUNNEL_CSUM, "cannot match on control flag tuncsum"},
	{FLOW_DIS_F_TUNNEL_DONT_FRAGMENT, "cannot match on control flag tundf"},
	{FLOW_DIS_F_TUNNEL_OAM, "cannot match on control flag tunoam"},
	{FLOW_DIS_F_TUNNEL_CRIT_OPT, "cannot match on control flag tuncrit"},
};

static int match_refuse_flags(struct xvio_match *match, u32 flags)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(match_flag_refusals); i++)
		if (flags & match_flag_refusals[i].flag)
			return xvio_match_refuse(match, match_flag_refusals[i].refusal);
	NL_SET_ERR_MSG_FMT(match->extack, "xvio: cannot match on control flags %#x", flags);
	return -EOPNOTSUPP;
}

/* The card knows two bits: a fragment, and not the first one. */
static int match_fragment(struct xvio_match *match, u32 flags, u32 mask)
{
	struct xvio_flow_rule *out = match->out;

	if (mask & ~(FLOW_DIS_IS_FRAGMENT | FLOW_DIS_FIRST_FRAG))
		return match_refuse_flags(match,
					  mask & ~(FLOW_DIS_IS_FRAGMENT | FLOW_DIS_FIRST_FRAG));
	if (mask & FLOW_DIS_IS_FRAGMENT) {
		out->mask.flags |= XVIO_FLOW_FRAG_ANY;
		if (flags & FLOW_DIS_IS_FRAGMENT)
			out->key.flags |= XVIO_FLOW_FRAG_ANY;
	}
	if (!(mask & FLOW_DIS_FIRST_FRAG))
		return 0;
	if (!(flags & FLOW_DIS_FIRST_FRAG) && !(out->key.flags & XVIO_FLOW_FRAG_ANY))
		return xvio_match_refuse(match, "cannot match on nofirstfrag without frag");
	if ((flags & FLOW_DIS_FIRST_FRAG) && (mask & FLOW_DIS_IS_FRAGMENT) &&
	    !(flags & FLOW_DIS_IS_FRAGMENT))
		return xvio_match_refuse(match, "cannot match on firstfrag with nofrag");
	out->mask.flags |= XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER;
	out->key.flags |= XVIO_FLOW_FRAG_ANY;
	if (!(flags & FLOW_DIS_FIRST_FRAG))
		out->key.flags |= XVIO_FLOW_FRAG_LATER;
	return 0;
}

static int match_ipv4_addrs(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_ipv4_addrs addrs;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_IPV4_ADDRS))
		return 0;
	if (!match_is_type(match, ETH_P_IP))
		return xvio_match_refuse(match, "ip addresses need a protocol, ip or ipv6");
	flow_rule_match_ipv4_addrs(match->rule, &addrs);
	memcpy(out->key.ip_src, &addrs.key->src, sizeof(addrs.key->src));
	memcpy(out->mask.ip_src, &addrs.mask->src, sizeof(addrs.mask->src));
	memcpy(out->key.ip_dst, &addrs.key->dst, sizeof(addrs.key->dst));
	memcpy(out->mask.ip_dst, &addrs.mask->dst, sizeof(addrs.mask->dst));
	return 0;
}

static int match_ipv6_addrs(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_ipv6_addrs addrs;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_IPV6_ADDRS))
		return 0;
	if (!match_is_type(match, ETH_P_IPV6))
		return xvio_match_refuse(match, "ip addresses need a protocol, ip or ipv6");
	flow_rule_match_ipv6_addrs(match->rule, &addrs);
	memcpy(out->key.ip_src, &addrs.key->src, sizeof(addrs.key->src));
	memcpy(out->mask.ip_src, &addrs.mask->src, sizeof(addrs.mask->src));
	memcpy(out->key.ip_dst, &addrs.key->dst, sizeof(addrs.key->dst));
	memcpy(out->mask.ip_dst, &addrs.mask->dst, sizeof(addrs.mask->dst));
	return 0;
}

/* A mask of one kind of address may be there beside a key of another: the control key decides. */
static int match_control(struct xvio_match *match)
{
	struct flow_match_control control;
	int err;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_CONTROL))
		return 0;
	flow_rule_match_control(match->rule, &control);
	err = match_fragment(match, control.key->flags, control.mask->flags);
	if (err)
		return err;
	if (control.key->addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS)
		return match_ipv4_addrs(match);
	if (control.key->addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS)
		return match_ipv6_addrs(match);
	return 0;
}

static int match_tos_ttl(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_ip ip;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_IP))
		return 0;
	if (!match_is_ip(match))
		return xvio_match_refuse(match, "ip_tos and ip_ttl need protocol ip or ipv6");
	flow_rule_match_ip(match->rule, &ip);
	out->key.ip_tos = ip.key->tos;
	out->mask.ip_tos = ip.mask->tos;
	out->key.ip_ttl = ip.key->ttl;
	out->mask.ip_ttl = ip.mask->ttl;
	return 0;
}

static int match_arp(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_arp arp;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_ARP))
		return 0;
	if (!match_is_type(match, ETH_P_ARP))
		return xvio_match_refuse(match, "arp keys need protocol arp");
	flow_rule_match_arp(match->rule, &arp);
	out->key.ip_proto = arp.key->op;
	out->mask.ip_proto = arp.mask->op;
	memcpy(out->key.arp_spa, &arp.key->sip, sizeof(out->key.arp_spa));
	memcpy(out->mask.arp_spa, &arp.mask->sip, sizeof(out->mask.arp_spa));
	memcpy(out->key.arp_tpa, &arp.key->tip, sizeof(out->key.arp_tpa));
	memcpy(out->mask.arp_tpa, &arp.mask->tip, sizeof(out->mask.arp_tpa));
	/* At odd addresses on the right */
	memcpy(out->key.arp_sha, arp.key->sha, ETH_ALEN);
	memcpy(out->mask.arp_sha, arp.mask->sha, ETH_ALEN);
	memcpy(out->key.arp_tha, arp.key->tha, ETH_ALEN);
	memcpy(out->mask.arp_tha, arp.mask->tha, ETH_ALEN);
	return 0;
}

static __be32 match_mpls_lse(const struct flow_dissector_mpls_lse *lse)
{
	return cpu_to_be32(lse->mpls_label << 12 | lse->mpls_tc << 9 | lse->mpls_bos << 8 |
			   lse->mpls_ttl);
}

static int match_mpls(struct xvio_match *match)
{
	struct flow_match_mpls mpls;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_MPLS))
		return 0;
	if (!match_is_type(match, ETH_P_MPLS_UC) && !match_is_type(match, ETH_P_MPLS_MC))
		return xvio_match_refuse(match, "mpls keys need protocol mpls_uc or mpls_mc");
	flow_rule_match_mpls(match->rule, &mpls);
	if (mpls.mask->used_lses & ~BIT(0))
		return xvio_match_refuse(match, "cannot match on mpls lse of a depth beyond 1");
	match->out->key.mpls_lse = match_mpls_lse(&mpls.key->ls[0]);
	match->out->mask.mpls_lse = match_mpls_lse(&mpls.mask->ls[0]);
	return 0;
}

static bool match_has_ports(const struct xvio_match *match)
{
	return match_is_proto(match, IPPROTO_TCP) || match_is_proto(match, IPPROTO_UDP) ||
	       match_is_proto(match, IPPROTO_SCTP);
}

static int match_ports(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_ports ports;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_PORTS))
		return 0;
	if (!match_has_ports(match))
		return xvio_match_refuse(match, "ports need ip_proto tcp, udp or sctp");
	flow_rule_match_ports(match->rule, &ports);
	out->key.tp_src = ports.key->src;
	out->mask.tp_src = ports.mask->src;
	out->key.tp_dst = ports.key->dst;
	out->mask.tp_dst = ports.mask->dst;
	match->needs_transport |=
		(ports.key->src & ports.mask->src) || (ports.key->dst & ports.mask->dst);
	return 0;
}

/*
 * Both ends are there with all their bits, or none is; of the exact port none, where there is a
 * range.
 */
static int match_range(struct xvio_match *match, struct xvio_flow_range *out, const __be16 min[2],
		       const __be16 max[2])
{
	if (!min[1] && !max[1])
		return 0;
	if (min[1] != htons(0xffff) || max[1] != htons(0xffff) || ntohs(min[0]) > ntohs(max[0]))
		return xvio_match_refuse(match, "a range of ports has a lowest and a highest one");
	out->min = min[0];
	out->max = max[0];
	match->needs_transport |= min[0] != 0;
	return 0;
}

static int match_port_ranges(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_ports_range range;
	int err;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_PORTS_RANGE))
		return 0;
	if (!match_has_ports(match))
		return xvio_match_refuse(match, "ports need ip_proto tcp, udp or sctp");
	flow_rule_match_ports_range(match->rule, &range);
	err = match_range(match, &out->tp_src,
			  (__be16[]){range.key->tp_min.src, range.mask->tp_min.src},
			  (__be16[]){range.key->tp_max.src, range.mask->tp_max.src});
	if (!err)
		err = match_range(match, &out->tp_dst,
				  (__be16[]){range.key->tp_min.dst, range.mask->tp_min.dst},
				  (__be16[]){range.key->tp_max.dst, range.mask->tp_max.dst});
	if (err)
		return err;
	if ((out->tp_src.max && out->mask.tp_src) || (out->tp_dst.max && out->mask.tp_dst))
		return xvio_match_refuse(match, "cannot match on a port and on a range of it");
	return 0;
}

static int match_tcp_flags(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_tcp tcp;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_TCP))
		return 0;
	if (!match_is_proto(match, IPPROTO_TCP))
		return xvio_match_refuse(match, "tcp_flags need ip_proto tcp");
	flow_rule_match_tcp(match->rule, &tcp);
	if (tcp.key->flags & tcp.mask->flags & ~htons(MATCH_TCP_FLAGS))
		return xvio_match_refuse(match, "tcp_flags are twelve bits");
	out->key.tcp_flags = tcp.key->flags;
	out->mask.tcp_flags = tcp.mask->flags & htons(MATCH_TCP_FLAGS);
	match->needs_transport |= (tcp.key->flags & tcp.mask->flags) != 0;
	return 0;
}

static int match_icmp(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;
	struct flow_match_icmp icmp;

	if (!flow_rule_match_key(match->rule, FLOW_DISSECTOR_KEY_ICMP))
		return 0;
	if (!(match_is_type(match, ETH_P_IP) && match_is_proto(match, IPPROTO_ICMP)) &&
	    !(match_is_type(match, ETH_P_IPV6) && match_is_proto(match, IPPROTO_ICMPV6)))
		return xvio_match_refuse(match, "icmp type and code need ip_proto icmp or icmpv6");
	flow_rule_match_icmp(match->rule, &icmp);
	if (icmp.mask->id)
		return xvio_match_refuse(match, "cannot match on icmp id");
	out->key.tp_src = htons(icmp.key->type << 8 | icmp.key->code);
	out->mask.tp_src = htons(icmp.mask->type << 8 | icmp.mask->code);
	match->needs_transport |= (out->key.tp_src & out->mask.tp_src) != 0;
	return 0;
}

/*
 * Software does not look behind the IP header of fragments, also not of the first one, where the
 * card does: a rule on what is there is not for them.
 */
static int match_transport(struct xvio_match *match)
{
	struct xvio_flow_rule *out = match->out;

	if (!match->needs_transport)
		return 0;
	if (out->key.flags & XVIO_FLOW_FRAG_ANY)
		return xvio_match_refuse(match, "ports, flags and icmp types of fragments are 0");
	out->mask.flags |= XVIO_FLOW_FRAG_ANY;
	return 0;
}

/* In this order: who comes later builds on what is there. */
static int (*const match_net_steps[])(struct xvio_match *match) = {
	match_ip_proto, match_control, match_tos_ttl,	  match_arp,	   match_mpls,
	match_ports,	match_icmp,    match_port_ranges, match_tcp_flags, match_transport,
};

int xvio_match_net(struct xvio_match *match)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(match_net_steps) && !err; i++)
		err = match_net_steps[i](match);
	return err;
}
