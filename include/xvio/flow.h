/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Flow rules, host to card. A packet matches a rule when (packet key & mask) == key. Of the rules
 * that match, the lowest prio wins; at the same prio the one that was added first. A packet that no
 * rule matches goes to the representor of the port it came from.
 */
#ifndef XVIO_FLOW_H
#define XVIO_FLOW_H

#include "types.h"

/*
 * One cache line. Header fields are as on the wire (big-endian); what a packet does not have is 0.
 * IPv4 addresses stand in the first four bytes. Also used as mask, with all bits that count set.
 */
struct xvio_flow_key {
	xvio_le16 in_port; /* port.h */
	xvio_be16 eth_type; /* behind the VLAN tags; below 0x600: 0x05ff, an LLC frame */
	uint8_t eth_dst[6];
	uint8_t eth_src[6];
	xvio_be16 vlan_tci; /* outer tag: PCP, XVIO_FLOW_VLAN_PRESENT, VID; 0 untagged */
	xvio_be16 vlan_tpid; /* outer tag: 0x8100 or 0x88a8; 0 untagged */
	uint8_t ip_proto; /* IPv6: behind the extension headers */
	uint8_t ip_tos;
	uint8_t ip_ttl;
	uint8_t ip_frag; /* XVIO_FLOW_FRAG_* */
	xvio_be16 tp_src; /* TCP, UDP, SCTP port; ICMP: type << 8 | code */
	xvio_be16 tp_dst;
	xvio_be16 tcp_flags; /* low 12 bits */
	uint8_t reserved[2]; /* 0 */
	uint8_t ip_src[16]; /* ARP: sender's protocol address */
	uint8_t ip_dst[16]; /* ARP: target's protocol address */
};
XVIO_ASSERT_SIZE(struct xvio_flow_key, 64);

#define XVIO_FLOW_VLAN_PRESENT 0x1000u /* in vlan_tci, the place of the DEI bit */
#define XVIO_FLOW_FRAG_ANY     0x1u /* a fragment */
#define XVIO_FLOW_FRAG_LATER   0x2u /* not the first one: no transport header, ports are 0 */

#define XVIO_ACTION_OUTPUT	1u /* arg: port */
#define XVIO_ACTION_DROP	2u /* must be the only action */
#define XVIO_ACTION_SET_ETH_DST 3u /* eth_dst: for the outputs behind it, at least one */

struct xvio_flow_action {
	union {
		struct {
			xvio_le16 type; /* XVIO_ACTION_* */
			xvio_le16 reserved; /* 0 */
			xvio_le32 arg;
		};
		struct {
			uint8_t type_bytes[2]; /* type */
			uint8_t eth_dst[6];
		};
	};
};
XVIO_ASSERT_SIZE(struct xvio_flow_action, 8);

#define XVIO_FLOW_MAX_ACTIONS 8u

struct xvio_flow_rule {
	xvio_le64 cookie; /* the host's name for the rule, unique on the card */
	xvio_le32 prio; /* lowest wins */
	xvio_le16 num_actions; /* 1 .. XVIO_FLOW_MAX_ACTIONS */
	xvio_le16 reserved; /* 0 */
	struct xvio_flow_key key; /* bits outside mask must be 0 */
	struct xvio_flow_key mask;
	struct xvio_flow_action action[XVIO_FLOW_MAX_ACTIONS]; /* those beyond num_actions are 0 */
};
XVIO_ASSERT_SIZE(struct xvio_flow_rule, 208);

struct xvio_flow_stats {
	xvio_le64 packets;
	xvio_le64 bytes; /* frames from Ethernet header on, without FCS */
	xvio_le64 idle_us; /* since the last packet, or since the rule was added */
};
XVIO_ASSERT_SIZE(struct xvio_flow_stats, 24);

#endif
