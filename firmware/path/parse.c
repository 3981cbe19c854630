/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The parser: Ethernet, VLAN, ARP, MPLS, IPv4, IPv6, TCP, UDP, SCTP, ICMP. The usual frames take the fast
 * path, which makes the key's words in one pass; whatever it does not accept is parsed header by
 * header, which alone decides what is malformed or short. Any core.
 */
#include "path/parse.h"

#include <stdbool.h>
#include <string.h>
#include "lib/endian.h"
#include "path/parse_fast.h"

#define PARSE_MAX_VLANS	   2u
#define PARSE_MAX_EXT	   8u /* IPv6 extension headers */
#define PARSE_ETH_TYPE_MIN 0x600u
#define PARSE_ETH_TYPE_LLC 0x5ffu

#define PARSE_ARP_BYTES	  28u /* for IPv4 over Ethernet */
#define PARSE_ARP_READ	  8u /* as far as the operation, whatever it is for */
#define PARSE_ARP_REQUEST 1u
#define PARSE_ARP_REPLY	  2u
#define PARSE_MPLS_BYTES  4u
#define ETH_TYPE_ARP	  0x0806u

#define IP_PROTO_HOPS  0u
#define IP_PROTO_ROUTE 43u
#define IP_PROTO_FRAG  44u
#define IP_PROTO_AUTH  51u
#define IP_PROTO_DEST  60u
#define IP_PROTO_SCTP  132u

/* So that the caller needs no stack. */
#define PARSE_APART __attribute__((noinline))

/* A frame, and where in it the next header begins. */
struct parse_rest {
	const uint8_t *data; /* the frame's first byte */
	uint32_t have_bytes;
	uint32_t end_bytes; /* of the frame, then of the IP packet in it */
	uint32_t at; /* <= end_bytes; may lie behind have_bytes */
};

static uint32_t parse_left(const struct parse_rest *rest)
{
	return rest->end_bytes - rest->at;
}

/* Whether the next header has its len_bytes, and the read_bytes of them that will be read are here. */
static enum parse_result parse_ask(const struct parse_rest *rest, uint32_t len_bytes,
				   uint32_t read_bytes)
{
	if (parse_left(rest) < len_bytes)
		return PARSE_MALFORMED;
	return rest->have_bytes < rest->at + read_bytes ? PARSE_SHORT : PARSE_GOOD;
}

static enum parse_result parse_tcp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, PARSE_TCP_BYTES, PARSE_TCP_READ);
	const uint8_t *tcp = rest->data + rest->at;
	uint32_t header_bytes;

	if (result != PARSE_GOOD)
		return result;
	header_bytes = (tcp[12] >> 4) * 4u;
	if (header_bytes < PARSE_TCP_BYTES || header_bytes > parse_left(rest))
		return PARSE_MALFORMED;
	key->tcp_flags = endian_swap16(endian_get_be16(tcp + 12) & 0xfffu);
	memcpy(&key->tp_src, tcp, 2);
	memcpy(&key->tp_dst, tcp + 2, 2);
	return PARSE_GOOD;
}

static enum parse_result parse_udp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, PARSE_UDP_BYTES, PARSE_UDP_READ);
	const uint8_t *udp = rest->data + rest->at;
	uint32_t len_bytes;

	if (result != PARSE_GOOD)
		return result;
	len_bytes = endian_get_be16(udp + 4);
	if (len_bytes < PARSE_UDP_BYTES ||
	    (!parse_is_fragment(key) && len_bytes > parse_left(rest)))
		return PARSE_MALFORMED;
	memcpy(&key->tp_src, udp, 2);
	memcpy(&key->tp_dst, udp + 2, 2);
	return PARSE_GOOD;
}

static enum parse_result parse_sctp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, 12, 4);

	if (result != PARSE_GOOD)
		return result;
	memcpy(&key->tp_src, rest->data + rest->at, 2);
	memcpy(&key->tp_dst, rest->data + rest->at + 2, 2);
	return PARSE_GOOD;
}

static enum parse_result parse_icmp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, 4, 2);

	if (result != PARSE_GOOD)
		return result;
	memcpy(&key->tp_src, rest->data + rest->at, 2); /* type, code */
	return PARSE_GOOD;
}

static enum parse_result parse_transport(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	if (key->flags & XVIO_FLOW_FRAG_LATER)
		return PARSE_GOOD;
	switch (key->ip_proto) {
	case IP_PROTO_TCP:
		return parse_tcp(rest, key);
	case IP_PROTO_UDP:
		return parse_udp(rest, key);
	case IP_PROTO_SCTP:
		return parse_sctp(rest, key);
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMP6:
		return parse_icmp(rest, key);
	default:
		return PARSE_GOOD;
	}
}

static uint8_t parse_frag(uint16_t offset, bool more)
{
	if (offset)
		return PARSE_FRAG_FLAGS;
	return more ? XVIO_FLOW_FRAG_ANY : 0;
}

static enum parse_result parse_ipv4(struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, PARSE_IPV4_BYTES, PARSE_IPV4_BYTES);
	const uint8_t *ip = rest->data + rest->at;
	uint32_t header_bytes;
	uint32_t total_bytes;
	uint16_t frag;

	if (result != PARSE_GOOD)
		return result;
	header_bytes = (ip[0] & 0xfu) * 4u;
	total_bytes = endian_get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || header_bytes < PARSE_IPV4_BYTES || header_bytes > total_bytes ||
	    total_bytes > parse_left(rest))
		return PARSE_MALFORMED;
	frag = endian_get_be16(ip + 6);
	key->ip_tos = ip[1];
	key->ip_ttl = ip[8];
	key->ip_proto = ip[9];
	key->flags |= parse_frag(frag & 0x1fffu, frag & 0x2000u);
	memcpy(key->ip_src, ip + 12, 4);
	memcpy(key->ip_dst, ip + 16, 4);
	rest->end_bytes = rest->at + total_bytes; /* what follows is padding */
	rest->at += header_bytes;
	return parse_transport(rest, key);
}

/* The length of an IPv6 extension header, two bytes of which are here. */
static uint32_t parse_ext_bytes(uint8_t proto, const uint8_t *ext)
{
	switch (proto) {
	case IP_PROTO_FRAG:
		return 8;
	case IP_PROTO_AUTH:
		return (ext[1] + 2u) * 4u;
	default:
		return (ext[1] + 1u) * 8u;
	}
}

/* Steps over one extension header. */
static enum parse_result parse_ipv6_ext(struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, 8, key->ip_proto == IP_PROTO_FRAG ? 4 : 2);
	const uint8_t *ext = rest->data + rest->at;
	uint32_t header_bytes;
	uint16_t frag;

	if (result != PARSE_GOOD)
		return result;
	header_bytes = parse_ext_bytes(key->ip_proto, ext);
	if (key->ip_proto == IP_PROTO_FRAG) {
		frag = endian_get_be16(ext + 2);
		key->flags |= parse_frag(frag >> 3, frag & 1u);
	}
	if (header_bytes > parse_left(rest))
		return PARSE_MALFORMED;
	key->ip_proto = ext[0];
	rest->at += header_bytes;
	return PARSE_GOOD;
}

static bool parse_is_ipv6_ext(uint8_t proto)
{
	return proto == IP_PROTO_HOPS || proto == IP_PROTO_ROUTE || proto == IP_PROTO_FRAG ||
	       proto == IP_PROTO_AUTH || proto == IP_PROTO_DEST;
}

static enum parse_result parse_ipv6(struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, PARSE_IPV6_BYTES, PARSE_IPV6_BYTES);
	const uint8_t *ip = rest->data + rest->at;
	uint32_t payload_bytes;
	unsigned num_ext = 0;

	if (result != PARSE_GOOD)
		return result;
	payload_bytes = endian_get_be16(ip + 4);
	if (ip[0] >> 4 != 6 || payload_bytes > parse_left(rest) - PARSE_IPV6_BYTES)
		return PARSE_MALFORMED;
	rest->at += PARSE_IPV6_BYTES;
	rest->end_bytes = rest->at + payload_bytes;
	key->ip_tos = (uint8_t)(endian_get_be16(ip) >> 4);
	key->ip_proto = ip[6];
	key->ip_ttl = ip[7];
	memcpy(key->ip_src, ip + 8, 16);
	memcpy(key->ip_dst, ip + 24, 16);
	while (parse_is_ipv6_ext(key->ip_proto) && !(key->flags & XVIO_FLOW_FRAG_LATER)) {
		if (++num_ext > PARSE_MAX_EXT)
			return PARSE_MALFORMED;
		result = parse_ipv6_ext(rest, key);
		if (result != PARSE_GOOD)
			return result;
	}
	return parse_transport(rest, key);
}

/* Requests and replies for IPv4 over Ethernet have a place in the key; other ARP is just its eth_type. */
static enum parse_result parse_arp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	static const uint8_t ipv4_over_ethernet[6] = {0, 1, 8, 0, 6, 4};
	enum parse_result result = parse_ask(rest, PARSE_ARP_READ, PARSE_ARP_READ);
	const uint8_t *arp = rest->data + rest->at;
	uint32_t operation;

	if (result != PARSE_GOOD)
		return result;
	operation = endian_get_be16(arp + 6);
	if (memcmp(arp, ipv4_over_ethernet, sizeof(ipv4_over_ethernet)) != 0 ||
	    (operation != PARSE_ARP_REQUEST && operation != PARSE_ARP_REPLY))
		return PARSE_GOOD;
	result = parse_ask(rest, PARSE_ARP_BYTES, PARSE_ARP_BYTES);
	if (result != PARSE_GOOD)
		return result;
	key->ip_proto = (uint8_t)operation;
	memcpy(key->arp_sha, arp + 8, 6);
	memcpy(key->arp_spa, arp + 14, 4);
	memcpy(key->arp_tha, arp + 18, 6);
	memcpy(key->arp_tpa, arp + 24, 4);
	return PARSE_GOOD;
}

static enum parse_result parse_mpls(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, PARSE_MPLS_BYTES, PARSE_MPLS_BYTES);

	if (result != PARSE_GOOD)
		return result;
	memcpy(&key->mpls_lse, rest->data + rest->at, 4);
	return PARSE_GOOD;
}

/* The key of a tag behind the Ethernet header, or of one behind that. */
static void parse_note_vlan(struct xvio_flow_key *key, uint32_t type, const uint8_t *tag)
{
	const uint16_t tci = endian_swap16(endian_get_be16(tag) | XVIO_FLOW_VLAN_PRESENT);

	if (!key->vlan_tpid) {
		key->vlan_tpid = endian_swap16((uint16_t)type);
		key->vlan_tci = tci;
		return;
	}
	key->cvlan_tci = tci;
	if (type == ETH_TYPE_QINQ)
		key->flags = XVIO_FLOW_CVLAN_AD;
}

/* Steps over VLAN tags; *type is the type behind them. */
static enum parse_result parse_vlan(struct parse_rest *rest, struct xvio_flow_key *key,
				    uint16_t *type)
{
	unsigned i;

	for (i = 0; i < PARSE_MAX_VLANS; i++) {
		const uint8_t *tag = rest->data + rest->at;
		enum parse_result result;

		if (!parse_is_vlan(*type))
			return PARSE_GOOD;
		result = parse_ask(rest, PARSE_VLAN_BYTES, PARSE_VLAN_BYTES);
		if (result != PARSE_GOOD)
			return result;
		parse_note_vlan(key, *type, tag);
		*type = endian_get_be16(tag + 2);
		rest->at += PARSE_VLAN_BYTES;
	}
	return PARSE_GOOD;
}

/* Any frame, header by header: rest is at the innermost header that is known then. */
static enum parse_result parse_headers(struct parse_rest *rest, uint16_t in_port,
				       struct xvio_flow_key *key)
{
	enum parse_result result = parse_ask(rest, PARSE_ETH_BYTES, PARSE_ETH_BYTES);
	uint16_t type;

	if (result != PARSE_GOOD)
		return result;
	memset(key, 0, sizeof(*key));
	key->in_port = in_port;
	memcpy(key->eth_dst, rest->data, 6);
	memcpy(key->eth_src, rest->data + 6, 6);
	type = endian_get_be16(rest->data + 12);
	rest->at = PARSE_ETH_BYTES;
	result = parse_vlan(rest, key, &type);
	if (result != PARSE_GOOD)
		return result;
	if (type < PARSE_ETH_TYPE_MIN)
		type = PARSE_ETH_TYPE_LLC;
	key->eth_type = endian_swap16(type);
	switch (type) {
	case ETH_TYPE_IPV4:
		return parse_ipv4(rest, key);
	case ETH_TYPE_IPV6:
		return parse_ipv6(rest, key);
	case ETH_TYPE_ARP:
		return parse_arp(rest, key);
	case ETH_TYPE_MPLS:
	case ETH_TYPE_MPLS_MC:
		return parse_mpls(rest, key);
	default:
		return PARSE_GOOD;
	}
}

static PARSE_APART enum parse_result parse_slow(const uint8_t *data, uint32_t have_bytes,
						uint32_t len_bytes, uint16_t in_port,
						struct xvio_flow_key *key)
{
	struct parse_rest rest = {data, have_bytes, len_bytes, 0};

	return parse_headers(&rest, in_port, key);
}

/* A frame at an even address, as in a MAC's slot; PARSE_FAST_BYTES of it are there. */
static PARSE_APART enum parse_result parse_even(const uint8_t *data, uint32_t have_bytes,
						uint32_t len_bytes, uint16_t in_port,
						union flow_key *key)
{
	struct parse_fast fast = {.data = data, .have_bytes = have_bytes, .len_bytes = len_bytes};

	if (parse_fast_frame(&fast, in_port, 2, key))
		return PARSE_GOOD;
	return parse_slow(data, have_bytes, len_bytes, in_port, &key->field);
}

enum parse_result parse_other(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
			      uint16_t in_port, union flow_key *key)
{
	struct parse_fast fast = {.data = data, .have_bytes = have_bytes, .len_bytes = len_bytes};
	unsigned place = ENDIAN_LOADS_ANYWHERE ? 2 : (uintptr_t)data % 8;

	if (have_bytes < PARSE_FAST_BYTES || place % 2)
		return parse_slow(data, have_bytes, len_bytes, in_port, &key->field);
	if (place != 2)
		return parse_even(data, have_bytes, len_bytes, in_port, key);
	if (parse_fast_frame(&fast, in_port, 8, key))
		return PARSE_GOOD;
	return parse_slow(data, have_bytes, len_bytes, in_port, &key->field);
}

enum parse_result parse_frame(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
			      uint16_t in_port, union flow_key *key)
{
	if (parse_usual(data, have_bytes, len_bytes, in_port, key))
		return PARSE_GOOD;
	return parse_other(data, have_bytes, len_bytes, in_port, key);
}

/* Bytes of the innermost header that are looked at for a key. */
static uint32_t parse_transport_bytes(const struct xvio_flow_key *key)
{
	if (key->eth_type == endian_swap16(ETH_TYPE_ARP))
		return PARSE_ARP_BYTES;
	if (parse_is_mpls(key->eth_type))
		return PARSE_MPLS_BYTES;
	if (key->flags & XVIO_FLOW_FRAG_LATER)
		return 0;
	switch (key->ip_proto) {
	case IP_PROTO_TCP:
		return PARSE_TCP_READ;
	case IP_PROTO_UDP:
		return PARSE_UDP_READ;
	case IP_PROTO_SCTP:
		return 4;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMP6:
		return 2;
	default:
		return 0;
	}
}

struct parse_places parse_places(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
				 const union flow_key *key)
{
	const struct xvio_flow_key *field = &key->field;
	const uint32_t l3_at = parse_l3_at(field);
	struct parse_rest rest = {data, have_bytes, len_bytes, l3_at};
	struct xvio_flow_key unused;

	if (field->eth_type == endian_swap16(ETH_TYPE_IPV4)) {
		rest.at += (data[l3_at] & 0xfu) * 4u;
	} else if (field->eth_type == endian_swap16(ETH_TYPE_IPV6)) {
		if (data[l3_at + 6] == field->ip_proto && !parse_is_fragment(field)) {
			rest.at += PARSE_IPV6_BYTES;
		} else {
			rest.at = 0;
			parse_headers(&rest, 0, &unused);
		}
	}
	return (struct parse_places){
		.l3_at = (uint16_t)l3_at,
		.l4_at = (uint16_t)rest.at,
		.key_end = (uint16_t)(rest.at + parse_transport_bytes(field)),
	};
}

bool parse_is_routed(const uint8_t *data, const struct parse_places *places)
{
	uint32_t at = places->l3_at + PARSE_IPV6_BYTES;
	uint8_t proto = data[places->l3_at + 6];
	uint32_t ext_bytes;

	while (at < places->l4_at) {
		if (proto == IP_PROTO_ROUTE && data[at + 3])
			return true;
		ext_bytes = parse_ext_bytes(proto, data + at);
		proto = data[at];
		at += ext_bytes;
	}
	return false;
}
