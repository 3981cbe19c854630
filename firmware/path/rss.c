/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Receive-side scaling (rss.h). The hash is linear, so each half byte of the input adds (exclusive or)
 * what a table says, which is made of the key once. Made on core 0, used by the port's worker.
 */
#include "path/rss.h"

#include <string.h>
#include "lib/bits.h"
#include "lib/endian.h"
#include "lib/heap.h"
#include "path/parse_fast.h"

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

struct rss *rss_create(const uint8_t *key, uint32_t key_bytes)
{
	struct rss *rss = heap_alloc(sizeof(*rss));
	uint8_t whole[RSS_MAX_KEY_BYTES] = {0};
	unsigned half, value, bit;

	if (!rss)
		return NULL;
	memcpy(whole, key, key_bytes);
	for (half = 0; half < RSS_MAX_INPUT_BYTES * 2; half++) {
		for (value = 0; value < 16; value++) {
			for (bit = 0; bit < 4; bit++) {
				if (value & 8u >> bit)
					rss->part[half][value] ^= rss_window(whole, half * 4 + bit);
			}
		}
	}
	return rss;
}

void rss_destroy(struct rss *rss)
{
	heap_free(rss);
}

/* What num bytes, the first of which stands at place at of the input, add to the hash. */
static uint32_t rss_add(const struct rss *rss, unsigned at, const uint8_t *bytes, unsigned num)
{
	const uint32_t(*part)[16] = &rss->part[at * 2];
	uint32_t hash = 0;

	for (; num; num--, bytes++, part += 2)
		hash ^= part[0][*bytes >> 4] ^ part[1][*bytes & 15];
	return hash;
}

static uint32_t rss_hash_input(const struct rss *rss, const struct xvio_flow_key *key,
			       unsigned addr_bytes, bool has_ports)
{
	uint32_t hash = rss_add(rss, 0, key->ip_src, addr_bytes) ^
			rss_add(rss, addr_bytes, key->ip_dst, addr_bytes);

	if (has_ports) {
		hash ^= rss_add(rss, addr_bytes * 2, (const uint8_t *)&key->tp_src, 2);
		hash ^= rss_add(rss, addr_bytes * 2 + 2, (const uint8_t *)&key->tp_dst, 2);
	}
	return hash;
}

/* For IPv4; IPv6 has them in the same order, three bits on. */
static uint32_t rss_port_type(const struct xvio_flow_key *key)
{
	if (key->ip_frag)
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
	hash.value =
		rss_hash_input(rss, field, is_ipv6 ? 16 : 4, type != VIRTIO_NET_HASH_TYPE_IPv4);
	hash.report = (uint16_t)(bits_log2(type) + (is_ipv6 ? VIRTIO_NET_HASH_REPORT_IPv6
							    : VIRTIO_NET_HASH_REPORT_IPv4));
	return hash;
}
