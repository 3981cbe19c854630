/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* From a frame to the flow key that rules are matched with (xvio/flow.h). */
#ifndef PATH_PARSE_H
#define PATH_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include "path/classifier.h"
#include "path/parse_fast.h"

enum parse_result {
	PARSE_GOOD, /* key is filled, all of it */
	PARSE_MALFORMED, /* the frame is truncated or its headers contradict each other */
	PARSE_SHORT, /* a header goes on behind have_bytes: ask again with more of the frame */
};

/*
 * The key of a frame of len_bytes, whose first have_bytes (<= len_bytes) stand at data; reads nothing
 * behind them. Never PARSE_SHORT when have_bytes is len_bytes; otherwise any other result is the one
 * that the whole frame would give. Lengths are checked against len_bytes. key is undefined unless
 * PARSE_GOOD. data at any address; fastest with the IP header divisible by 8.
 */
enum parse_result parse_frame(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
			      uint16_t in_port, union flow_key *key);

/* The same for frames that parse_usual() (parse_fast.h) leaves: the unusual, and all that is wrong. */
enum parse_result parse_other(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
			      uint16_t in_port, union flow_key *key);

#define PARSE_FRAG_FLAGS (XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER)

/* The other flags say nothing about IP. */
static inline bool parse_is_fragment(const struct xvio_flow_key *key)
{
	return key->flags & PARSE_FRAG_FLAGS;
}

/* Of a type in the order of this machine. */
static inline bool parse_is_vlan(uint32_t type)
{
	return type == ETH_TYPE_VLAN || type == ETH_TYPE_QINQ;
}

/* Of a key's eth_type. */
static inline bool parse_is_mpls(xvio_be16 eth_type)
{
	return eth_type == endian_swap16(ETH_TYPE_MPLS) ||
	       eth_type == endian_swap16(ETH_TYPE_MPLS_MC);
}

/* Where what the Ethernet header and its tags are in front of begins, in a frame with this key. */
static inline uint32_t parse_l3_at(const struct xvio_flow_key *key)
{
	return PARSE_ETH_BYTES + (key->vlan_tpid ? PARSE_VLAN_BYTES : 0) +
	       (key->cvlan_tci ? PARSE_VLAN_BYTES : 0);
}

/* Where in a frame its headers are. */
struct parse_places {
	uint16_t l3_at; /* what the Ethernet header and its tags are in front of */
	uint16_t l4_at; /* IP: what its headers are in front of; else l3_at */
	uint16_t
		key_end; /* the key is made of bytes in front of this one; behind a short frame's end */
};

/* Of a frame that parse_frame() found good with the same bytes. */
struct parse_places parse_places(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
				 const union flow_key *key);

/*
 * Whether an IPv6 packet, all of which in front of l4_at is here, has a routing header with segments left: what it is summed up
 * with is its final destination, and not the one in its header (RFC 8200, 8.1).
 */
bool parse_is_routed(const uint8_t *data, const struct parse_places *places);

#endif
