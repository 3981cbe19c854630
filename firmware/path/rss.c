/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Receive-side scaling (rss.h). The hash is linear, so each byte of the input adds (exclusive or)
 * what a table says, which is made of the key once. Made on core 0, used by the port's worker.
 */
#include "path/rss.h"

#include <stddef.h>
#include <string.h>
#include "lib/bits.h"
#include "lib/endian.h"
#include "lib/heap.h"
#include "path/parse.h"

/* The 32 bits of the key that begin at a bit, the highest bit of the first byte being number 0. */
static uint32_t rss_window(const uint8_t key[RSS_MAX_KEY_BYTES], unsigned at)
{
	uint64_t word = 0;
	unsigned i;

	for (i = 0; i < 5; i++)
		word = word << 8 | key[at / 8 + i];
	return (uint32_t)(word >> (8 - at % 8));
}

_Static_assert(RSS_MAX_KEY_BYTES >= RSS_MAX_INPUT_BYTES + 4, "a window for each bit of the input");

/* What a byte adds at a place: each bit, and the others what their lowest bit and the rest add. */
static void rss_fill_part(uint32_t part[256], const uint8_t key[RSS_MAX_KEY_BYTES], unsigned at)
{
	unsigned bit, value;

	for (bit = 0; bit < 8; bit++)
		part[1u << bit] = rss_window(key, at * 8 + 7 - bit);
	for (value = 1; value < 256; value++)
		part[value] = part[value & (value - 1)] ^ part[value & (0u - value)];
}

struct rss *rss_create(const uint8_t *key, uint32_t key_bytes)
{
	struct rss *rss = heap_alloc(sizeof(*rss));
	uint8_t whole[RSS_MAX_KEY_BYTES] = {0};
	unsigned at;

	if (!rss)
		return NULL;
	memcpy(whole, key, key_bytes);
	memcpy(rss->key, key, key_bytes);
	rss->key_bytes = (uint8_t)key_bytes;
	for (at = 0; at < RSS_MAX_INPUT_BYTES; at++)
		rss_fill_part(rss->part[at], whole, at);
	return rss;
}

void rss_destroy(struct rss *rss)
{
	heap_free(rss);
}

/* What the first four bytes of a word add, the first of which stands at place at of the input. */
static uint32_t rss_add(const struct rss *rss, unsigned at, uint64_t word)
{
	const uint32_t(*part)[256] = &rss->part[at];

	return part[0][word & 255] ^ part[1][word >> 8 & 255] ^ part[2][word >> 16 & 255] ^
	       part[3][word >> 24 & 255];
}

static uint32_t rss_add_two(const struct rss *rss, unsigned at, uint64_t word)
{
	return rss_add(rss, at, word) ^ rss_add(rss, at + 4, word >> 32);
}

/* Two addresses, two ports, by the words of a key. */
static uint32_t rss_hash_input(const struct rss *rss, const uint64_t word[FLOW_KEY_WORDS],
			       bool is_ipv6, bool has_ports)
{
	uint32_t hash;

	_Static_assert(offsetof(struct xvio_flow_key, tp_src) == 24 &&
			       offsetof(struct xvio_flow_key, ip_src) == 32 &&
			       offsetof(struct xvio_flow_key, ip_dst) == 48,
		       "words of a key");
	if (is_ipv6)
		hash = rss_add_two(rss, 0, word[4]) ^ rss_add_two(rss, 8, word[5]) ^
		       rss_add_two(rss, 16, word[6]) ^ rss_add_two(rss, 24, word[7]);
	else
		hash = rss_add(rss, 0, word[4]) ^ rss_add(rss, 4, word[6]);
	if (has_ports)
		hash ^= rss_add(rss, is_ipv6 ? 32 : 8, word[3]);
	return hash;
}

/* For IPv4; IPv6 has them in the same order, three bits on. */
static uint32_t rss_port_type(const struct xvio_flow_key *key)
{
	if (parse_is_fragment(key))
		return 0;
	if (key->ip_proto == IP_PROTO_TCP)
		return VIRTIO_NET_HASH_TYPE_TCPv4;
	return key->ip_proto == IP_PROTO_UDP ? VIRTIO_NET_HASH_TYPE_UDPv4 : 0;
}

struct rss_hash rss_hash(const struct rss *rss, const union flow_key *key)
{
	const struct xvio_flow_key *field = &key->field;
	struct rss_hash hash = {0, VIRTIO_NET_HASH_REPORT_NONE};
	uint32_t type = rss_port_type(field);
	bool is_ipv6 = field->eth_type == endian_swap16(ETH_TYPE_IPV6);
	uint32_t enabled;

	if (!is_ipv6 && field->eth_type != endian_swap16(ETH_TYPE_IPV4))
		return hash;
	enabled = is_ipv6 ? rss->hash_types >> 3 : rss->hash_types;
	type &= enabled;
	if (!type)
		type = enabled & VIRTIO_NET_HASH_TYPE_IPv4;
	if (!type)
		return hash;
	hash.value = rss_hash_input(rss, key->word, is_ipv6, type != VIRTIO_NET_HASH_TYPE_IPv4);
	hash.report = (uint16_t)(bits_log2(type) + (is_ipv6 ? VIRTIO_NET_HASH_REPORT_IPv6
							    : VIRTIO_NET_HASH_REPORT_IPv4));
	return hash;
}
