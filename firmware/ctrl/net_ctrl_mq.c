/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands about which receive queue a packet goes to, and the hash that is reported with it (virtio
 * 1.2, 5.1.6.5.5 to .7). Called by net_ctrl.c on core 0.
 */
#include <string.h>
#include "ctrl/net_ctrl_cmd.h"
#include "lib/bits.h"

/* The worker goes over to another hash (NULL: none), and way to choose. */
static void mq_set(struct net_ctrl *nc, uint16_t num_pairs, bool by_table, struct rss *rss)
{
	struct rss *before = nc->rss;

	vnet_set_steering(nc->port, by_table ? 0 : num_pairs, rss);
	nc->num_pairs = num_pairs;
	nc->by_table = by_table;
	nc->rss = rss;
	if (before != rss)
		rss_destroy(before);
}

/* What hash there is goes on being reported. */
bool net_ctrl_mq_pairs(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	xvio_le16 num_pairs;

	memcpy(&num_pairs, io->data, sizeof(num_pairs));
	if (!num_pairs || num_pairs > nc->max_pairs)
		return false;
	mq_set(nc, num_pairs, false, nc->rss);
	return true;
}

/* Behind a key: Linux (6.12) sends its structure as the compiler rounds it up. */
#define MQ_MAX_PAD_BYTES 1u

/* The end of both commands: a length, and so many bytes of a key. NULL: they do not end so, or no memory. */
static struct rss *mq_read_key(const struct net_ctrl_io *io, uint32_t at, uint32_t hash_types)
{
	uint32_t key_bytes, end;
	struct rss *rss;

	if (at >= io->len_bytes || at >= io->have_bytes || hash_types & ~RSS_HASH_TYPES)
		return NULL;
	key_bytes = io->data[at];
	end = at + 1 + key_bytes;
	if (io->len_bytes < end || io->len_bytes > end + MQ_MAX_PAD_BYTES ||
	    io->len_bytes > io->have_bytes || key_bytes > RSS_MAX_KEY_BYTES ||
	    (!key_bytes && hash_types))
		return NULL;
	rss = rss_create(io->data + at + 1, key_bytes);
	if (rss)
		rss->hash_types = hash_types;
	return rss;
}

bool net_ctrl_mq_hash(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	static const uint8_t zeros[sizeof(((struct virtio_net_hash_config *)0)->reserved)];
	struct virtio_net_hash_config config;
	struct rss *rss;

	memcpy(&config, io->data, offsetof(struct virtio_net_hash_config, hash_key_data));
	if (memcmp(config.reserved, zeros, sizeof(zeros)) != 0)
		return false;
	rss = mq_read_key(io, offsetof(struct virtio_net_hash_config, hash_key_length),
			  config.hash_types);
	if (!rss)
		return false;
	/* A table that chooses the queue does not outlive the hash that it was made for. */
	mq_set(nc, nc->num_pairs, false, rss);
	return true;
}

/*
 * The table, num entries from at on, all of which are here. Queues may be enabled later (QEMU brings a guest
 * back in this order); what is for one that does not run is dropped.
 */
static bool mq_read_table(const struct net_ctrl *nc, const struct net_ctrl_io *io, uint32_t at,
			  uint32_t num, uint16_t *table)
{
	uint32_t i;

	memcpy(table, io->data + at, num * sizeof(*table));
	for (i = 0; i < num; i++) {
		if (table[i] >= nc->max_pairs)
			return false;
	}
	return true;
}

bool net_ctrl_mq_rss(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	const uint32_t table_at = sizeof(struct virtio_net_rss_config);
	const uint32_t length_at = offsetof(struct virtio_net_rss_key, hash_key_length);
	struct virtio_net_rss_config config;
	uint16_t table[RSS_MAX_TABLE];
	xvio_le16 max_tx_vq;
	uint32_t num, key_at;
	struct rss *rss;

	memcpy(&config, io->data, sizeof(config));
	num = config.indirection_table_mask + 1u;
	key_at = table_at + num * (uint32_t)sizeof(table[0]);
	if (num > RSS_MAX_TABLE || !bits_is_power_of_two(num) ||
	    io->have_bytes < key_at + length_at || config.unclassified_queue >= nc->max_pairs ||
	    !mq_read_table(nc, io, table_at, num, table))
		return false;
	memcpy(&max_tx_vq, io->data + key_at, sizeof(max_tx_vq));
	if (!max_tx_vq || max_tx_vq > nc->max_pairs)
		return false;
	rss = mq_read_key(io, key_at + length_at, config.hash_types);
	if (!rss)
		return false;
	rss->table_mask = config.indirection_table_mask;
	rss->unclassified = config.unclassified_queue;
	memcpy(rss->table, table, num * sizeof(table[0]));
	mq_set(nc, max_tx_vq, true, rss);
	return true;
}
