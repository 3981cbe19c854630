// SPDX-License-Identifier: GPL-2.0
/*
 * Actions that change a packet: pedit, csum, vlan, mpls. The card writes to the headers that it
 * knows and keeps their checksums right, so that it has to know what header is there: the rule's
 * match says it.
 */
#include <linux/if_vlan.h>
#include <linux/tc_act/tc_csum.h>
#include <net/tc_act/tc_mpls.h>
#include <uapi/linux/mpls.h>

#include "action.h"

/* Checksums over IPv6 addresses, and over those of IPv4. */
#define EDIT_OVER_IPV6 (XVIO_CSUM_TCP | XVIO_CSUM_UDP | XVIO_CSUM_ICMP)
#define EDIT_OVER_IPV4 (XVIO_CSUM_TCP | XVIO_CSUM_UDP | XVIO_CSUM_IPV4)

/* Words of headers that may change, in which bits, and the checksums over them. */
static const struct edit_place {
	u8 htype; /* FLOW_ACT_MANGLE_HDR_TYPE_* */
	u8 header; /* XVIO_HDR_* */
	u8 first, last; /* offsets */
	u8 csums; /* XVIO_CSUM_* */
	u32 bits; /* as on the wire, the first byte on the left */
} edit_places[] = {
	{FLOW_ACT_MANGLE_HDR_TYPE_ETH, XVIO_HDR_ETH, 0, 8, 0, 0xffffffff},
	{FLOW_ACT_MANGLE_HDR_TYPE_IP4, XVIO_HDR_IPV4, 0, 0, XVIO_CSUM_IPV4, 0x00ff0000},
	{FLOW_ACT_MANGLE_HDR_TYPE_IP4, XVIO_HDR_IPV4, 8, 8, XVIO_CSUM_IPV4, 0xff000000},
	{FLOW_ACT_MANGLE_HDR_TYPE_IP4, XVIO_HDR_IPV4, 12, 16, EDIT_OVER_IPV4, 0xffffffff},
	{FLOW_ACT_MANGLE_HDR_TYPE_IP6, XVIO_HDR_IPV6, 0, 0, 0, 0x0fffffff},
	{FLOW_ACT_MANGLE_HDR_TYPE_IP6, XVIO_HDR_IPV6, 4, 4, 0, 0x000000ff},
	{FLOW_ACT_MANGLE_HDR_TYPE_IP6, XVIO_HDR_IPV6, 8, 36, EDIT_OVER_IPV6, 0xffffffff},
	{FLOW_ACT_MANGLE_HDR_TYPE_TCP, XVIO_HDR_TCP, 0, 0, XVIO_CSUM_TCP, 0xffffffff},
	{FLOW_ACT_MANGLE_HDR_TYPE_TCP, XVIO_HDR_TCP, 12, 12, XVIO_CSUM_TCP, 0x00ff0000},
	{FLOW_ACT_MANGLE_HDR_TYPE_UDP, XVIO_HDR_UDP, 0, 0, XVIO_CSUM_UDP, 0xffffffff},
};

static const char *const edit_header_names[] = {
	[FLOW_ACT_MANGLE_UNSPEC] = "network",	[FLOW_ACT_MANGLE_HDR_TYPE_ETH] = "eth",
	[FLOW_ACT_MANGLE_HDR_TYPE_IP4] = "ip",	[FLOW_ACT_MANGLE_HDR_TYPE_IP6] = "ip6",
	[FLOW_ACT_MANGLE_HDR_TYPE_TCP] = "tcp", [FLOW_ACT_MANGLE_HDR_TYPE_UDP] = "udp",
};

static const char *edit_header_name(u32 htype)
{
	return htype < ARRAY_SIZE(edit_header_names) ? edit_header_names[htype] : "unknown";
}

static bool edit_is_ip(const struct xvio_action_list *list)
{
	return list->eth_type == htons(ETH_P_IP) || list->eth_type == htons(ETH_P_IPV6);
}

/* Whether every packet of the rule has the header; software writes to what is in its place. */
static bool edit_has_header(const struct xvio_action_list *list, u32 htype)
{
	switch (htype) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		return true;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
		return list->eth_type == htons(ETH_P_IP);
	case FLOW_ACT_MANGLE_HDR_TYPE_IP6:
		return list->eth_type == htons(ETH_P_IPV6);
	case FLOW_ACT_MANGLE_HDR_TYPE_TCP:
		return edit_is_ip(list) && list->ip_proto == IPPROTO_TCP;
	case FLOW_ACT_MANGLE_HDR_TYPE_UDP:
		return edit_is_ip(list) && list->ip_proto == IPPROTO_UDP;
	default:
		return false;
	}
}

/*
 * The place of a pedit if it may be there; tc's mask has the bits that stay, as they are in memory.
 */
static const struct edit_place *edit_find_place(struct xvio_action_list *list,
						const struct flow_action_entry *entry)
{
	u32 bits = be32_to_cpu((__force __be32)~entry->mangle.mask);
	const char *name = edit_header_name(entry->mangle.htype);
	const struct edit_place *place;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edit_places); i++) {
		place = &edit_places[i];
		if (place->htype != entry->mangle.htype || entry->mangle.offset < place->first ||
		    entry->mangle.offset > place->last || entry->mangle.offset % 4 ||
		    bits & ~place->bits)
			continue;
		if (edit_has_header(list, place->htype))
			return place;
		NL_SET_ERR_MSG_FMT(list->extack,
				   "xvio: pedit of %s header in a rule that does not match %s only",
				   name, name);
		return NULL;
	}
	NL_SET_ERR_MSG_FMT(list->extack, "xvio: cannot do pedit of %s header at offset %d, %#x",
			   name, (int)entry->mangle.offset, bits);
	return NULL;
}

int xvio_action_pedit(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	const struct edit_place *place = edit_find_place(list, entry);
	struct xvio_flow_action *out;

	if (!place)
		return -EOPNOTSUPP;
	if (entry->mangle.val & entry->mangle.mask)
		return xvio_action_refuse(list, "cannot do a pedit that inverts bits");
	if (entry->mangle.mask == U32_MAX)
		return 0;
	out = xvio_action_append(list, XVIO_ACTION_SET);
	if (!out)
		return -EOPNOTSUPP;
	out->a = place->header;
	out->arg = cpu_to_le32(entry->mangle.offset);
	out->value = (__force __be32)entry->mangle.val;
	out->mask = (__force __be32)~entry->mangle.mask;
	list->kept_csums |= place->csums;
	return 0;
}

/*
 * Only to the whole byte that is the TTL or the hop limit: the one place of a single byte, all of
 * it.
 */
int xvio_action_pedit_add(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	u32 bits = be32_to_cpu((__force __be32)~entry->mangle.mask);
	u32 val = be32_to_cpu((__force __be32)entry->mangle.val);
	const struct edit_place *place = edit_find_place(list, entry);
	struct xvio_flow_action *out;
	bool is_ttl;

	if (!place)
		return -EOPNOTSUPP;
	is_ttl = (place->header == XVIO_HDR_IPV4 && place->first == 8) ||
		 (place->header == XVIO_HDR_IPV6 && place->first == 4);
	if (!is_ttl || bits != place->bits || val & ~bits)
		return xvio_action_refuse(list, "pedit add is for the ttl and the hoplimit only");
	out = xvio_action_append(list, XVIO_ACTION_ADD_TTL);
	if (!out)
		return -EOPNOTSUPP;
	out->a = place->header;
	out->arg = cpu_to_le32(val >> __ffs(bits));
	list->kept_csums |= place->csums;
	return 0;
}

static const struct {
	u32 flag;
	u8 csum; /* XVIO_CSUM_*; 0: the card has none */
	const char *refusal;
} edit_csums[] = {
	{TCA_CSUM_UPDATE_FLAG_IPV4HDR, XVIO_CSUM_IPV4, NULL},
	{TCA_CSUM_UPDATE_FLAG_ICMP, XVIO_CSUM_ICMP, NULL},
	{TCA_CSUM_UPDATE_FLAG_IGMP, 0, "cannot do csum igmp"},
	{TCA_CSUM_UPDATE_FLAG_TCP, XVIO_CSUM_TCP, NULL},
	{TCA_CSUM_UPDATE_FLAG_UDP, XVIO_CSUM_UDP, NULL},
	{TCA_CSUM_UPDATE_FLAG_UDPLITE, 0, "cannot do csum udplite"},
	{TCA_CSUM_UPDATE_FLAG_SCTP, 0, "cannot do csum sctp"},
};

/* Those that packets of the rule may have at all. */
static u8 edit_possible_csums(const struct xvio_action_list *list)
{
	u8 csums = XVIO_CSUM_IPV4 | XVIO_CSUM_TCP | XVIO_CSUM_UDP | XVIO_CSUM_ICMP;

	if (list->eth_type && list->eth_type != htons(ETH_P_IP))
		csums &= ~XVIO_CSUM_IPV4;
	if (list->ip_proto && list->ip_proto != IPPROTO_TCP)
		csums &= ~XVIO_CSUM_TCP;
	if (list->ip_proto && list->ip_proto != IPPROTO_UDP)
		csums &= ~XVIO_CSUM_UDP;
	if (list->ip_proto && list->ip_proto != IPPROTO_ICMP && list->ip_proto != IPPROTO_ICMPV6)
		csums &= ~XVIO_CSUM_ICMP;
	return csums;
}

/* What a pedit has changed has its checksum already. */
int xvio_action_csum(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	struct xvio_flow_action *out;
	u32 flags = entry->csum_flags;
	unsigned int i;
	u8 csums = 0;

	for (i = 0; i < ARRAY_SIZE(edit_csums); i++) {
		if (!(flags & edit_csums[i].flag))
			continue;
		if (edit_csums[i].refusal)
			return xvio_action_refuse(list, edit_csums[i].refusal);
		flags &= ~edit_csums[i].flag;
		csums |= edit_csums[i].csum;
	}
	if (flags)
		return xvio_action_refuse(list, "cannot do csum of an unknown protocol");
	csums &= edit_possible_csums(list) & ~list->kept_csums;
	if (!csums)
		return 0;
	out = xvio_action_append(list, XVIO_ACTION_CSUM);
	if (!out)
		return -EOPNOTSUPP;
	out->a = csums;
	return 0;
}

/* tc does not tell "no priority" from priority 0 when a tag is modified: 0 leaves it alone. */
int xvio_action_vlan(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	u32 tag = ntohs(entry->vlan.proto) << 16 | entry->vlan.prio << VLAN_PRIO_SHIFT |
		  entry->vlan.vid;
	u32 mask = VLAN_VID_MASK;
	struct xvio_flow_action *out;

	switch (entry->id) {
	case FLOW_ACTION_VLAN_POP:
		return xvio_action_append(list, XVIO_ACTION_VLAN_POP) ? 0 : -EOPNOTSUPP;
	case FLOW_ACTION_VLAN_PUSH:
		out = xvio_action_append(list, XVIO_ACTION_VLAN_PUSH);
		mask = 0;
		break;
	default:
		out = xvio_action_append(list, XVIO_ACTION_VLAN_SET);
		if (entry->vlan.prio)
			mask |= VLAN_PRIO_MASK;
	}
	if (!out)
		return -EOPNOTSUPP;
	if (!eth_type_vlan(entry->vlan.proto))
		return xvio_action_refuse(list, "vlan tags are 802.1Q or 802.1ad");
	out->arg = cpu_to_le32(tag);
	out->mask = (__force __be32)cpu_to_le32(mask);
	return 0;
}

static int edit_mpls_push(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	struct xvio_flow_action *out = xvio_action_append(list, XVIO_ACTION_MPLS_PUSH);
	bool finds_bos = entry->mpls_push.bos == ACT_MPLS_BOS_NOT_SET;
	u32 lse;

	if (!out)
		return -EOPNOTSUPP;
	lse = entry->mpls_push.label << MPLS_LS_LABEL_SHIFT | entry->mpls_push.ttl
								      << MPLS_LS_TTL_SHIFT;
	if (entry->mpls_push.tc != ACT_MPLS_TC_NOT_SET)
		lse |= entry->mpls_push.tc << MPLS_LS_TC_SHIFT;
	if (!finds_bos)
		lse |= entry->mpls_push.bos << MPLS_LS_S_SHIFT;
	out->a = finds_bos;
	out->arg = cpu_to_le32(ntohs(entry->mpls_push.proto));
	out->value = cpu_to_be32(lse);
	list->eth_type = entry->mpls_push.proto;
	list->ip_proto = 0;
	return 0;
}

static int edit_mpls_pop(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	struct xvio_flow_action *out = xvio_action_append(list, XVIO_ACTION_MPLS_POP);
	bool is_mpls =
		list->eth_type == htons(ETH_P_MPLS_UC) || list->eth_type == htons(ETH_P_MPLS_MC);

	if (!out)
		return -EOPNOTSUPP;
	out->arg = cpu_to_le32(ntohs(entry->mpls_pop.proto));
	/* Of a packet without entry nothing changes */
	list->eth_type = is_mpls ? entry->mpls_pop.proto : 0;
	list->ip_proto = 0;
	return 0;
}

static int edit_mpls_modify(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	struct xvio_flow_action *out;
	u32 lse = 0, mask = 0;

	if (entry->mpls_mangle.label != ACT_MPLS_LABEL_NOT_SET) {
		lse |= entry->mpls_mangle.label << MPLS_LS_LABEL_SHIFT;
		mask |= MPLS_LS_LABEL_MASK;
	}
	if (entry->mpls_mangle.tc != ACT_MPLS_TC_NOT_SET) {
		lse |= entry->mpls_mangle.tc << MPLS_LS_TC_SHIFT;
		mask |= MPLS_LS_TC_MASK;
	}
	if (entry->mpls_mangle.bos != ACT_MPLS_BOS_NOT_SET) {
		lse |= entry->mpls_mangle.bos << MPLS_LS_S_SHIFT;
		mask |= MPLS_LS_S_MASK;
	}
	if (entry->mpls_mangle.ttl) {
		lse |= entry->mpls_mangle.ttl << MPLS_LS_TTL_SHIFT;
		mask |= MPLS_LS_TTL_MASK;
	}
	if (!mask)
		return 0;
	out = xvio_action_append(list, XVIO_ACTION_MPLS_SET);
	if (!out)
		return -EOPNOTSUPP;
	out->value = cpu_to_be32(lse);
	out->mask = cpu_to_be32(mask);
	return 0;
}

int xvio_action_mpls(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	switch (entry->id) {
	case FLOW_ACTION_MPLS_PUSH:
		return edit_mpls_push(list, entry);
	case FLOW_ACTION_MPLS_POP:
		return edit_mpls_pop(list, entry);
	default:
		return edit_mpls_modify(list, entry);
	}
}
