/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The hash that a driver asks for (Toeplitz, virtio 1.2, 5.1.6.4.3), which is reported with a packet,
 * and the receive queue that it chooses (5.1.6.5.7). Made on core 0, then read-only, and used by
 * the port's worker (vnet_set_steering()).
 */
#ifndef PATH_RSS_H
#define PATH_RSS_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/virtio.h>
#include "path/key.h"

#define RSS_MAX_KEY_BYTES 40u
#define RSS_MAX_TABLE	  128u /* entries, a power of two */

/* Those for headers with IPv6 extensions are not among them: such packets hash as if without. */
#define RSS_HASH_TYPES                                                                         \
	(VIRTIO_NET_HASH_TYPE_IPv4 | VIRTIO_NET_HASH_TYPE_TCPv4 | VIRTIO_NET_HASH_TYPE_UDPv4 | \
	 VIRTIO_NET_HASH_TYPE_IPv6 | VIRTIO_NET_HASH_TYPE_TCPv6 | VIRTIO_NET_HASH_TYPE_UDPv6)

/* The longest of what is hashed: two IPv6 addresses, two ports. */
#define RSS_MAX_INPUT_BYTES 36u

struct rss {
	uint32_t hash_types; /* enabled, VIRTIO_NET_HASH_TYPE_* of RSS_HASH_TYPES */
	uint16_t table_mask; /* number of entries - 1 */
	uint16_t unclassified; /* receive queue (0 is the first) of packets without a hash */
	uint16_t table[RSS_MAX_TABLE]; /* receive queues */
	uint32_t part[RSS_MAX_INPUT_BYTES]
		     [256]; /* what each input byte adds to the hash, by its value */
	uint8_t key_bytes;
	uint8_t key[RSS_MAX_KEY_BYTES]; /* as it was given */
};

struct rss_hash {
	uint32_t value;
	uint16_t report; /* VIRTIO_NET_HASH_REPORT_*; _NONE: not calculated, value 0 */
};

/*
 * All 0 but for what the key says: key_bytes <= RSS_MAX_KEY_BYTES, what is missing counts as 0. NULL: no
 * memory. Core 0.
 */
struct rss *rss_create(const uint8_t *key, uint32_t key_bytes);

/* When no worker can still be using it; NULL is ignored. Core 0. */
void rss_destroy(struct rss *rss);

/*
 * The hash of a packet with this key. Fragments, of which only the first knows its ports, hash by
 * addresses alone, so that they stay together. Any core.
 */
struct rss_hash rss_hash(const struct rss *rss, const union flow_key *key);

/* The receive queue for a packet with this hash. */
static inline uint16_t rss_queue(const struct rss *rss, struct rss_hash hash)
{
	if (hash.report == VIRTIO_NET_HASH_REPORT_NONE)
		return rss->unclassified;
	return rss->table[hash.value & rss->table_mask];
}

#endif
