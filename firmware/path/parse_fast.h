/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The parser's fast path, for the loop over the packets of a burst and for parse.c, which takes what
 * is not for it. Any core.
 */
#ifndef PATH_PARSE_FAST_H
#define PATH_PARSE_FAST_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/endian.h"
#include "path/key.h"

#define PARSE_ETH_BYTES	 14u
#define PARSE_VLAN_BYTES 4u
#define PARSE_IPV4_BYTES 20u
#define PARSE_IPV6_BYTES 40u
#define PARSE_TCP_BYTES	 20u
#define PARSE_TCP_READ	 14u /* as far as the flags */
#define PARSE_UDP_BYTES	 8u
#define PARSE_UDP_READ	 6u /* as far as the length */
#define ETH_TYPE_IPV4	 0x0800u
#define ETH_TYPE_VLAN	 0x8100u
#define ETH_TYPE_IPV6	 0x86ddu
#define ETH_TYPE_MPLS	 0x8847u
#define ETH_TYPE_MPLS_MC 0x8848u
#define ETH_TYPE_QINQ	 0x88a8u
#define IP_PROTO_ICMP	 1u
#define IP_PROTO_TCP	 6u
#define IP_PROTO_UDP	 17u
#define IP_PROTO_ICMP6	 58u

/* So that a constant alignment stays one. */
#define PARSE_INLINE inline __attribute__((always_inline))

/* The shortest frame that the fast path takes: UDP over IPv4. */
#define PARSE_FAST_BYTES (PARSE_ETH_BYTES + PARSE_IPV4_BYTES + PARSE_UDP_READ)

/*
 * The fast path: no VLAN tag or one, IPv4 without options or IPv6 without extension headers, whole,
 * TCP or UDP. False: not such a frame, or something is wrong with it. The words of the key are put
 * together as they stand in memory (little-endian) and stored at the end: nothing is stored twice.
 * align_bytes: what the address of the IP header is divisible by (endian.h).
 */
struct parse_fast {
	const uint8_t *data;
	uint32_t have_bytes; /* >= PARSE_FAST_BYTES */
	uint32_t len_bytes;
	uint16_t type; /* big-endian, of the first tag if there is one */
	uint64_t word
		[3]; /* of the key; without the type of what follows, and what the IP header adds */
};

/* The header begins at data[at], the IP packet ends at data[end_bytes]. *word: ports and flags. */
static PARSE_INLINE bool parse_fast_transport(const struct parse_fast *fast, uint32_t at,
					      uint32_t end_bytes, uint8_t proto,
					      unsigned align_bytes, uint64_t *word)
{
	const uint8_t *tp = fast->data + at;
	uint32_t len_bytes;

	*word = endian_load32(tp, align_bytes < 4 ? 2 : 4);
	if (proto == IP_PROTO_UDP) {
		len_bytes = endian_get_be16(tp + 4);
		if (len_bytes < PARSE_UDP_BYTES)
			return false;
	} else {
		if (proto != IP_PROTO_TCP || fast->have_bytes < at + PARSE_TCP_READ)
			return false;
		len_bytes = (tp[12] >> 4) * 4u;
		if (len_bytes < PARSE_TCP_BYTES)
			return false;
		*word |= (endian_load16(tp + 12) & UINT64_C(0xff0f)) << 32;
	}
	return at + len_bytes <= end_bytes && end_bytes <= fast->len_bytes;
}

static PARSE_INLINE bool parse_fast_ipv4(const struct parse_fast *fast, uint32_t at,
					 unsigned align_bytes, union flow_key *key)
{
	const uint8_t *ip = fast->data + at;
	uint64_t src, dst, word2, word3;

	if (fast->have_bytes < at + PARSE_IPV4_BYTES + PARSE_UDP_READ)
		return false;
	if (ip[0] != 0x45 || endian_load16(ip + 6) & 0xff3fu) /* a fragment, but DF may be set */
		return false;
	if (!parse_fast_transport(fast, at + PARSE_IPV4_BYTES, at + endian_get_be16(ip + 2), ip[9],
				  align_bytes, &word3))
		return false;
	word2 = fast->word[2] | ((uint64_t)ip[8] << 16 | (uint64_t)ip[1] << 8 | ip[9]) << 32;
	src = endian_load32(ip + 12, align_bytes);
	dst = endian_load32(ip + 16, align_bytes);
	key->word[0] = fast->word[0];
	key->word[1] = fast->word[1];
	key->word[2] = word2;
	key->word[3] = word3;
	key->word[4] = src;
	key->word[5] = 0;
	key->word[6] = dst;
	key->word[7] = 0;
	return true;
}

static PARSE_INLINE bool parse_fast_ipv6(const struct parse_fast *fast, uint32_t at,
					 unsigned align_bytes, union flow_key *key)
{
	const uint8_t *ip = fast->data + at;
	uint64_t src[2], dst[2], word2, word3;
	uint8_t tos;

	if (fast->have_bytes < at + PARSE_IPV6_BYTES + PARSE_UDP_READ || ip[0] >> 4 != 6)
		return false;
	at += PARSE_IPV6_BYTES;
	if (!parse_fast_transport(fast, at, at + endian_get_be16(ip + 4), ip[6], align_bytes,
				  &word3))
		return false;
	tos = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	word2 = fast->word[2] | (uint64_t)(ip[6] | tos << 8 | ip[7] << 16) << 32;
	src[0] = endian_load64(ip + 8, align_bytes);
	src[1] = endian_load64(ip + 16, align_bytes);
	dst[0] = endian_load64(ip + 24, align_bytes);
	dst[1] = endian_load64(ip + 32, align_bytes);
	key->word[0] = fast->word[0];
	key->word[1] = fast->word[1];
	key->word[2] = word2;
	key->word[3] = word3;
	key->word[4] = src[0];
	key->word[5] = src[1];
	key->word[6] = dst[0];
	key->word[7] = dst[1];
	return true;
}

/* What type (big-endian) says begins at data[at]. */
static PARSE_INLINE bool parse_fast_ip(struct parse_fast *fast, uint32_t at, uint16_t type,
				       unsigned align_bytes, union flow_key *key)
{
	fast->word[0] |= (uint64_t)type << 16;
	if (type == endian_swap16(ETH_TYPE_IPV4))
		return parse_fast_ipv4(fast, at, align_bytes, key);
	if (type == endian_swap16(ETH_TYPE_IPV6))
		return parse_fast_ipv6(fast, at, align_bytes, key);
	return false;
}

/* port_type: what of the key's first word is known. */
static PARSE_INLINE void parse_fast_eth(struct parse_fast *fast, uint64_t port_type,
					unsigned align_bytes)
{
	uint32_t dst_end = endian_load32(fast->data + 2, align_bytes < 4 ? 2 : 4);
	uint64_t src_type = endian_load64(fast->data + 6, align_bytes);

	fast->word[0] =
		port_type | (uint64_t)endian_load16(fast->data) << 32 | (uint64_t)dst_end << 48;
	fast->word[1] = dst_end >> 16 | src_type << 16;
	fast->type = (uint16_t)(src_type >> 48);
}

static PARSE_INLINE bool parse_fast_tagged(struct parse_fast *fast, unsigned align_bytes,
					   union flow_key *key)
{
	const uint8_t *tag = fast->data + PARSE_ETH_BYTES;

	fast->word[2] = endian_load16(tag) | endian_swap16(XVIO_FLOW_VLAN_PRESENT) |
			(uint32_t)endian_swap16(ETH_TYPE_VLAN) << 16;
	return parse_fast_ip(fast, PARSE_ETH_BYTES + PARSE_VLAN_BYTES, endian_load16(tag + 2),
			     align_bytes, key);
}

static PARSE_INLINE bool parse_fast_frame(struct parse_fast *fast, uint16_t in_port,
					  unsigned align_bytes, union flow_key *key)
{
	parse_fast_eth(fast, in_port, align_bytes);
	if (fast->type == endian_swap16(ETH_TYPE_VLAN))
		return parse_fast_tagged(fast, align_bytes < 4 ? 2 : 4, key);
	return parse_fast_ip(fast, PARSE_ETH_BYTES, fast->type, align_bytes, key);
}

/*
 * parse_frame() for the most usual frame, untagged IPv4, and for no other: false. Inline, for the loop
 * over a burst.
 */
static PARSE_INLINE bool parse_usual(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
				     uint16_t in_port, union flow_key *key)
{
	const uint64_t port_type = in_port | (uint64_t)endian_swap16(ETH_TYPE_IPV4) << 16;
	struct parse_fast fast = {.data = data, .have_bytes = have_bytes, .len_bytes = len_bytes};

	if (have_bytes < PARSE_FAST_BYTES || (!ENDIAN_LOADS_ANYWHERE && (uintptr_t)data % 8 != 2))
		return false;
	parse_fast_eth(&fast, port_type, 8);
	return fast.type == endian_swap16(ETH_TYPE_IPV4) &&
	       parse_fast_ipv4(&fast, PARSE_ETH_BYTES, 8, key);
}

#endif
