/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Flow rules, host to card. A packet is looked up among the rules of chain 0, and matches a rule when
 * (packet key & mask) == key and its ports are in the rule's ranges. Of the rules of a chain that match, the lowest
 * prio wins; at the same prio the one that was added first. What it does is a list of actions, in order, on the packet as
 * those before have left it; GOTO looks the packet up again, in another chain, as it is then. A packet that no
 * rule of a chain matches goes to the representor of the port it came from, with the chain's number.
 */
#ifndef XVIO_FLOW_H
#define XVIO_FLOW_H

#include "types.h"

/*
 * One cache line. Header fields are as on the wire (big-endian); what a packet does not have is 0.
 * Some places are shared by protocols that a frame cannot have both, told apart by eth_type: a rule on one of them names it.
 * Also used as mask, with all bits that count set.
 */
struct xvio_flow_key {
	xvio_le16 in_port; /* port.h */
	xvio_be16 eth_type; /* behind at most two VLAN tags; below 0x600: 0x05ff, an LLC frame */
	uint8_t eth_dst[6];
	uint8_t eth_src[6];
	xvio_be16 vlan_tci; /* outer tag: PCP, XVIO_FLOW_VLAN_PRESENT, VID; 0 untagged */
	xvio_be16 vlan_tpid; /* outer tag: 0x8100 or 0x88a8; 0 untagged */
	uint8_t ip_proto; /* IPv6: behind the extension headers. ARP: the operation */
	uint8_t ip_tos;
	uint8_t ip_ttl;
	uint8_t flags; /* XVIO_FLOW_FRAG_*, XVIO_FLOW_CVLAN_AD */
	xvio_be16 tp_src; /* TCP, UDP, SCTP port; ICMP: type << 8 | code */
	xvio_be16 tp_dst;
	xvio_be16 tcp_flags; /* low 12 bits */
	xvio_be16 cvlan_tci; /* the tag behind the outer one, as vlan_tci */
	union {
		uint8_t ip_src[16]; /* IPv4: the first four bytes */
		struct {
			uint8_t arp_spa[4]; /* sender: request or reply, IPv4 */
			uint8_t arp_sha[6];
			uint8_t arp_unused[6];
		};
		xvio_be32
			mpls_lse; /* MPLS: the first label stack entry; nothing behind it is in the key */
	};
	union {
		uint8_t ip_dst[16];
		struct {
			uint8_t arp_tpa[4]; /* target */
			uint8_t arp_tha[6];
			uint8_t arp_unused2[6];
		};
	};
};
XVIO_ASSERT_SIZE(struct xvio_flow_key, 64);

#define XVIO_FLOW_VLAN_PRESENT 0x1000u /* in vlan_tci and cvlan_tci, the place of the DEI bit */
#define XVIO_FLOW_FRAG_ANY     0x1u /* a fragment */
#define XVIO_FLOW_FRAG_LATER   0x2u /* not the first one: no transport header, ports are 0 */
#define XVIO_FLOW_CVLAN_AD     0x4u /* the second tag's TPID is 0x88a8, not 0x8100 */

/*
 * Actions, carried out one after the other up to one that ends; the last of a list does. There is at most one GOTO in it, and if
 * there is one, no SKIP of the list passes over something that changes bytes: UNSUPPORTED. What a change needs and a packet does not have
 * (a tag to pop, a TCP header to write to) makes the change none. A packet that is malformed when a change has been made is dropped there.
 * Checksums of the IPv4 header, TCP, UDP and ICMPv6 that were right stay right when bytes under them are changed; of UDP
 * one that is 0 stays 0 (but for CSUM over IPv6). The destination of IPv6 with routing segments left is under no checksum. Only CSUM computes one anew.
 * A packet whose checksum is still to be made, or that is still to be cut into frames, is malformed, too, if a change leaves
 * that no place behind the headers that are seen now. A copy of it is finished as its receiver needs; a sample is the bytes as
 * they are on the card, up to XVIO_MAX_FRAME_BYTES.
 */
#define XVIO_ACTION_OUTPUT 1u /* ends; arg: port */
#define XVIO_ACTION_DROP   2u /* ends */
#define XVIO_ACTION_ACCEPT 3u /* ends: to the representor of the port that the packet came in by */
#define XVIO_ACTION_TRAP   4u /* ends: the same, marked as trapped */
#define XVIO_ACTION_GOTO   5u /* ends; arg: chain */
#define XVIO_ACTION_MIRROR 6u /* arg: port; it gets a copy of the packet as it is */
#define XVIO_ACTION_SAMPLE \
	7u /* of one packet in arg, at random, a copy (below); value: group; mask: bytes of it, 0 all */
#define XVIO_ACTION_METER 8u /* arg: meter; a: what if it is exceeded, b: if not: XVIO_NEXT_* */
#define XVIO_ACTION_LENGTH \
	9u /* arg: bytes, of each frame that the packet stands for; a: what if longer, b: if not */
#define XVIO_ACTION_MARK     10u /* arg: xvio_pkt_meta.mark from here on */
#define XVIO_ACTION_PRIORITY 11u /* arg: xvio_pkt_meta.priority from here on */
/* From here on they change bytes. */
#define XVIO_ACTION_SET \
	12u /* of header a (XVIO_HDR_*) the four bytes at arg: bits of mask become those of value */
#define XVIO_ACTION_ADD_TTL \
	13u /* of header a, IPV4 or IPV6: arg (0 .. 255) is added to its TTL, modulo 256 */
#define XVIO_ACTION_VLAN_PUSH 14u /* arg: TPID << 16 | TCI */
#define XVIO_ACTION_VLAN_POP  15u /* the outer tag */
#define XVIO_ACTION_VLAN_SET \
	16u /* of the outer tag; arg: TPID << 16 | TCI; of the TCI the bits of mask (little-endian) */
#define XVIO_ACTION_MPLS_PUSH \
	17u /* behind the tags; arg: eth_type; value: the entry; a 1: its S bit by what follows */
#define XVIO_ACTION_MPLS_POP 18u /* the first entry; arg: eth_type from then on */
#define XVIO_ACTION_MPLS_SET 19u /* of the first entry, bits of mask become those of value */
#define XVIO_ACTION_CSUM \
	20u /* a: XVIO_CSUM_*: computes them anew, whatever they were, but for those still to be made */

/* Headers for SET, and which of their bytes may change: other bits in mask, or places, are UNSUPPORTED. */
#define XVIO_HDR_ETH  0u /* arg 0, 4, 8: both addresses */
#define XVIO_HDR_IPV4 1u /* arg 0: TOS; 8: TTL; 12, 16: addresses */
#define XVIO_HDR_IPV6 2u /* arg 0: traffic class, flow label; 4: hop limit; 8 .. 36: addresses */
#define XVIO_HDR_TCP  3u /* arg 0: ports; 12: flags (the low eight) */
#define XVIO_HDR_UDP  4u /* arg 0: ports */

#define XVIO_CSUM_IPV4 0x1u
#define XVIO_CSUM_TCP  0x2u
#define XVIO_CSUM_UDP  0x4u /* of IPv4 one that is 0 stays */
#define XVIO_CSUM_ICMP 0x8u /* of both versions; of fragments only IPV4 is done */

#define XVIO_NEXT_SKIP(n) (n) /* so many actions are passed over; there is one behind them */
#define XVIO_NEXT_ACCEPT  0xfeu
#define XVIO_NEXT_DROP	  0xffu

struct xvio_flow_action {
	xvio_le16 type; /* XVIO_ACTION_*; what it does not use of the others is 0 */
	uint8_t a;
	uint8_t b;
	xvio_le32 arg;
	xvio_be32 value; /* SET, MPLS_*: as on the wire; SAMPLE: little-endian */
	xvio_be32 mask; /* the same; VLAN_SET: little-endian */
};
XVIO_ASSERT_SIZE(struct xvio_flow_action, 16);

#define XVIO_FLOW_MAX_ACTIONS 32u
#define XVIO_FLOW_MAX_DEPTH \
	16u /* chains that a packet is looked up in; then it is lost, drop_depth */

struct xvio_flow_range {
	xvio_be16 min;
	xvio_be16 max; /* >= min; both 0: any port */
};
XVIO_ASSERT_SIZE(struct xvio_flow_range, 4);

struct xvio_flow_rule {
	xvio_le64 cookie; /* the host's name for the rule, unique on the card */
	xvio_le32 prio; /* lowest wins */
	xvio_le32 chain; /* 0: where all packets begin */
	xvio_le16 num_actions; /* 1 .. XVIO_FLOW_MAX_ACTIONS */
	xvio_le16 reserved[3]; /* 0 */
	struct xvio_flow_range
		tp_src; /* where there is one, key and mask have no bits of that port */
	struct xvio_flow_range tp_dst;
	struct xvio_flow_key key; /* bits outside mask must be 0 */
	struct xvio_flow_key mask;
	struct xvio_flow_action action[XVIO_FLOW_MAX_ACTIONS]; /* those beyond num_actions are 0 */
};
XVIO_ASSERT_SIZE(struct xvio_flow_rule, 672);

/* Of a rule that has so many actions: a request may end there. */
#define XVIO_FLOW_RULE_BYTES(num_actions) (160u + 16u * (num_actions))

/* Packets and bytes are counted when a packet meets the rule, as it is then. */
struct xvio_flow_stats {
	xvio_le64 packets;
	xvio_le64 bytes; /* frames from Ethernet header on, without FCS */
	xvio_le64 idle_us; /* since the last packet, or since the rule was added */
	xvio_le64 drops; /* of these packets, by METER and LENGTH of this rule */
};
XVIO_ASSERT_SIZE(struct xvio_flow_stats, 32);

/*
 * A meter is a token bucket that rules share: it holds burst, and gets rate a second. A packet that finds what it needs takes
 * it; another exceeds, and takes nothing. A packet needs its bytes, or 1: of one that stands for several frames, all of theirs.
 */
#define XVIO_METER_BYTES   0u
#define XVIO_METER_PACKETS 1u

#endif
