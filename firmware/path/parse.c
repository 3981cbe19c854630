/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The parser: Ethernet, VLAN, ARP, IPv4, IPv6, TCP, UDP, SCTP, ICMP. Byte by byte, as headers stand
 * at any alignment; each step checks that what it reads is there. Any core.
 */
#include "path/parse.h"

#include <string.h>
#include "lib/endian.h"

#define PARSE_ETH_BYTES	   14u
#define PARSE_VLAN_BYTES   4u
#define PARSE_MAX_VLANS	   2u
#define PARSE_MAX_EXT	   8u /* IPv6 extension headers */
#define PARSE_ETH_TYPE_MIN 0x600u
#define PARSE_ETH_TYPE_LLC 0x5ffu

#define ETH_TYPE_IPV4  0x0800u
#define ETH_TYPE_ARP   0x0806u
#define ETH_TYPE_VLAN  0x8100u
#define ETH_TYPE_IPV6  0x86ddu
#define ETH_TYPE_QINQ  0x88a8u
#define IP_PROTO_HOPS  0u
#define IP_PROTO_ICMP  1u
#define IP_PROTO_TCP   6u
#define IP_PROTO_UDP   17u
#define IP_PROTO_ROUTE 43u
#define IP_PROTO_FRAG  44u
#define IP_PROTO_AUTH  51u
#define IP_PROTO_ICMP6 58u
#define IP_PROTO_DEST  60u
#define IP_PROTO_SCTP  132u

/* What has not been read yet. */
struct parse_rest {
	const uint8_t *data;
	uint32_t len_bytes;
};

static void parse_skip(struct parse_rest *rest, uint32_t len_bytes)
{
	rest->data += len_bytes;
	rest->len_bytes -= len_bytes;
}

static bool parse_tcp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	uint32_t header_bytes;

	if (rest->len_bytes < 20)
		return false;
	header_bytes = (rest->data[12] >> 4) * 4u;
	if (header_bytes < 20 || header_bytes > rest->len_bytes)
		return false;
	key->tcp_flags = endian_swap16(endian_get_be16(rest->data + 12) & 0xfffu);
	return true;
}

static bool parse_udp(const struct parse_rest *rest, const struct xvio_flow_key *key)
{
	uint16_t len_bytes;

	if (rest->len_bytes < 8)
		return false;
	len_bytes = endian_get_be16(rest->data + 4);
	return len_bytes >= 8 && (key->ip_frag || len_bytes <= rest->len_bytes);
}

static bool parse_transport(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	bool good;

	if (key->ip_frag & XVIO_FLOW_FRAG_LATER)
		return true;
	switch (key->ip_proto) {
	case IP_PROTO_TCP:
		good = parse_tcp(rest, key);
		break;
	case IP_PROTO_UDP:
		good = parse_udp(rest, key);
		break;
	case IP_PROTO_SCTP:
		good = rest->len_bytes >= 12;
		break;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMP6:
		if (rest->len_bytes < 4)
			return false;
		memcpy(&key->tp_src, rest->data, 2); /* type, code */
		return true;
	default:
		return true;
	}
	if (good) {
		memcpy(&key->tp_src, rest->data, 2);
		memcpy(&key->tp_dst, rest->data + 2, 2);
	}
	return good;
}

static uint8_t parse_frag(uint16_t offset, bool more)
{
	if (offset)
		return XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER;
	return more ? XVIO_FLOW_FRAG_ANY : 0;
}

static bool parse_ipv4(struct parse_rest *rest, struct xvio_flow_key *key)
{
	const uint8_t *ip = rest->data;
	uint32_t header_bytes;
	uint32_t total_bytes;
	uint16_t frag;

	if (rest->len_bytes < 20)
		return false;
	header_bytes = (ip[0] & 0xfu) * 4u;
	total_bytes = endian_get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || header_bytes < 20 || header_bytes > total_bytes ||
	    total_bytes > rest->len_bytes)
		return false;
	frag = endian_get_be16(ip + 6);
	key->ip_tos = ip[1];
	key->ip_ttl = ip[8];
	key->ip_proto = ip[9];
	key->ip_frag = parse_frag(frag & 0x1fffu, frag & 0x2000u);
	memcpy(key->ip_src, ip + 12, 4);
	memcpy(key->ip_dst, ip + 16, 4);
	rest->len_bytes = total_bytes; /* what follows is padding */
	parse_skip(rest, header_bytes);
	return parse_transport(rest, key);
}

/* Steps over one extension header. */
static bool parse_ipv6_ext(struct parse_rest *rest, struct xvio_flow_key *key)
{
	uint32_t header_bytes;
	uint16_t frag;

	if (rest->len_bytes < 8)
		return false;
	switch (key->ip_proto) {
	case IP_PROTO_FRAG:
		header_bytes = 8;
		frag = endian_get_be16(rest->data + 2);
		key->ip_frag = parse_frag(frag >> 3, frag & 1u);
		break;
	case IP_PROTO_AUTH:
		header_bytes = (rest->data[1] + 2u) * 4u;
		break;
	default:
		header_bytes = (rest->data[1] + 1u) * 8u;
		break;
	}
	if (header_bytes > rest->len_bytes)
		return false;
	key->ip_proto = rest->data[0];
	parse_skip(rest, header_bytes);
	return true;
}

static bool parse_is_ipv6_ext(uint8_t proto)
{
	return proto == IP_PROTO_HOPS || proto == IP_PROTO_ROUTE || proto == IP_PROTO_FRAG ||
	       proto == IP_PROTO_AUTH || proto == IP_PROTO_DEST;
}

static bool parse_ipv6(struct parse_rest *rest, struct xvio_flow_key *key)
{
	const uint8_t *ip = rest->data;
	uint32_t payload_bytes;
	unsigned num_ext = 0;

	if (rest->len_bytes < 40 || ip[0] >> 4 != 6)
		return false;
	payload_bytes = endian_get_be16(ip + 4);
	parse_skip(rest, 40);
	if (payload_bytes > rest->len_bytes)
		return false;
	rest->len_bytes = payload_bytes;
	key->ip_tos = (uint8_t)(endian_get_be16(ip) >> 4);
	key->ip_proto = ip[6];
	key->ip_ttl = ip[7];
	memcpy(key->ip_src, ip + 8, 16);
	memcpy(key->ip_dst, ip + 24, 16);
	while (parse_is_ipv6_ext(key->ip_proto) && !(key->ip_frag & XVIO_FLOW_FRAG_LATER)) {
		if (++num_ext > PARSE_MAX_EXT || !parse_ipv6_ext(rest, key))
			return false;
	}
	return parse_transport(rest, key);
}

/* Only Ethernet and IPv4 addresses have a place in the key; other ARP is just its eth_type. */
static bool parse_arp(const struct parse_rest *rest, struct xvio_flow_key *key)
{
	static const uint8_t ipv4_over_ethernet[6] = {0, 1, 8, 0, 6, 4};

	if (rest->len_bytes < 8)
		return false;
	if (memcmp(rest->data, ipv4_over_ethernet, sizeof(ipv4_over_ethernet)) != 0)
		return true;
	if (rest->len_bytes < 28)
		return false;
	memcpy(key->ip_src, rest->data + 14, 4);
	memcpy(key->ip_dst, rest->data + 24, 4);
	return true;
}

/* Steps over VLAN tags, of which the outer one is noted; *type is the type behind them. */
static bool parse_vlan(struct parse_rest *rest, struct xvio_flow_key *key, uint16_t *type)
{
	unsigned i;

	for (i = 0; i < PARSE_MAX_VLANS; i++) {
		if (*type != ETH_TYPE_VLAN && *type != ETH_TYPE_QINQ)
			return true;
		if (rest->len_bytes < PARSE_VLAN_BYTES)
			return false;
		if (!key->vlan_tpid) {
			uint16_t tci = endian_get_be16(rest->data) | XVIO_FLOW_VLAN_PRESENT;

			key->vlan_tpid = endian_swap16(*type);
			key->vlan_tci = endian_swap16(tci);
		}
		*type = endian_get_be16(rest->data + 2);
		parse_skip(rest, PARSE_VLAN_BYTES);
	}
	return true;
}

bool parse_frame(const uint8_t *data, uint32_t len_bytes, uint16_t in_port, union flow_key *out)
{
	struct parse_rest rest = {data, len_bytes};
	struct xvio_flow_key *key = &out->field;
	uint16_t type;

	memset(key, 0, sizeof(*key));
	if (len_bytes < PARSE_ETH_BYTES)
		return false;
	key->in_port = in_port;
	memcpy(key->eth_dst, data, 6);
	memcpy(key->eth_src, data + 6, 6);
	type = endian_get_be16(data + 12);
	parse_skip(&rest, PARSE_ETH_BYTES);
	if (!parse_vlan(&rest, key, &type))
		return false;
	if (type < PARSE_ETH_TYPE_MIN)
		type = PARSE_ETH_TYPE_LLC;
	key->eth_type = endian_swap16(type);
	switch (type) {
	case ETH_TYPE_IPV4:
		return parse_ipv4(&rest, key);
	case ETH_TYPE_IPV6:
		return parse_ipv6(&rest, key);
	case ETH_TYPE_ARP:
		return parse_arp(&rest, key);
	default:
		return true;
	}
}
