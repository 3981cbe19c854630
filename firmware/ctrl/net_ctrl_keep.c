/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a driver has set, to and from its record (net_ctrl_keep.h). What is read is checked as commands are: it
 * may be what nobody has ever set. Called by the devices on core 0.
 */
#include "ctrl/net_ctrl_keep.h"
#include "ctrl/cmd.h"
#include "ctrl/keep.h"
#include "ctrl/net_ctrl_cmd.h"
#include "lib/bits.h"
#include <string.h>

_Static_assert(sizeof(struct net_kept) <= KEEP_MAX_NET_BYTES, "a record has room for it");
_Static_assert(VNET_MAX_QUEUES <= 32, "a bit per queue");

static void keep_macs(struct net_kept_macs *kept, const struct net_ctrl_macs *macs)
{
	kept->all = macs->all;
	kept->num = macs->num;
	memcpy(kept->mac, macs->mac, sizeof(kept->mac[0]) * macs->num);
}

static void keep_hash(struct net_kept *kept, const struct rss *rss)
{
	kept->has_hash = rss != NULL;
	if (!rss)
		return;
	kept->hash_types = rss->hash_types;
	kept->table_mask = rss->table_mask;
	kept->unclassified = rss->unclassified;
	memcpy(kept->table, rss->table, sizeof(kept->table));
	kept->key_bytes = rss->key_bytes;
	memcpy(kept->key, rss->key, sizeof(kept->key));
}

/* Of a queue that was enabled before the last restart and is not yet again: what it had then. */
static void keep_coal(struct net_kept *kept, const struct net_ctrl *nc)
{
	kept->enabled = nc->enabled | nc->recalled;
	memcpy(kept->coal_of, nc->coal_of, sizeof(kept->coal_of));
	for (unsigned i = 0; i < VNET_MAX_QUEUES; i++)
		kept->coal[i] = nc->recalled >> i & 1 ? nc->recalled_coal[i] : nc->coal[i];
}

void net_ctrl_keep(const struct net_ctrl *nc)
{
	struct net_kept kept;

	if (!nc->accepted)
		return;
	memset(&kept, 0, sizeof(kept));
	kept.accepted = nc->accepted;
	kept.guest_offloads = nc->guest_offloads;
	kept.num_pairs = nc->num_pairs;
	kept.by_table = nc->by_table;
	kept.announces = nc->announces;
	kept.has_own_mac = nc->has_own_mac;
	memcpy(kept.mac, nc->mac, sizeof(kept.mac));
	memcpy(kept.first_mac, nc->first_mac, sizeof(kept.first_mac));
	for (unsigned i = 0; i < NET_CTRL_RX_MODES; i++)
		kept.mode[i] = nc->rx.mode[i];
	memcpy(kept.vlan, nc->rx.vlan, sizeof(kept.vlan));
	keep_macs(&kept.unicast, &nc->rx.unicast);
	keep_macs(&kept.multicast, &nc->rx.multicast);
	keep_hash(&kept, nc->rss);
	keep_coal(&kept, nc);
	keep_write(KEEP_NET, nc->port, &kept, sizeof(kept));
}

/* Back */

static bool recall_is_hash(const struct net_kept *kept, unsigned max_pairs)
{
	if (!kept->has_hash)
		return !kept->by_table;
	if (kept->hash_types & ~RSS_HASH_TYPES || kept->key_bytes > RSS_MAX_KEY_BYTES ||
	    (!kept->key_bytes && kept->hash_types) || kept->table_mask >= RSS_MAX_TABLE ||
	    !bits_is_power_of_two(kept->table_mask + 1u) || kept->unclassified >= max_pairs)
		return false;
	for (unsigned i = 0; i <= kept->table_mask; i++)
		if (kept->table[i] >= max_pairs)
			return false;
	return true;
}

static bool recall_are_flags(const struct net_kept *kept)
{
	uint8_t seen = kept->by_table | kept->has_hash | kept->announces | kept->has_own_mac |
		       kept->unicast.all | kept->multicast.all;

	for (unsigned i = 0; i < NET_CTRL_RX_MODES; i++)
		seen |= kept->mode[i];
	return seen <= 1;
}

static bool recall_is_good(const struct net_ctrl *nc, uint64_t features,
			   const struct net_kept *kept)
{
	const unsigned max_pairs = features & NET_CTRL_MANY_PAIRS ? nc->device_pairs : 1;

	if (kept->accepted != features ||
	    kept->guest_offloads & ~(features & NET_CTRL_GUEST_OFFLOADS))
		return false;
	if (!kept->num_pairs || kept->num_pairs > max_pairs || kept->enabled >> 2 * max_pairs)
		return false;
	if (kept->unicast.num > NET_CTRL_MAX_MACS || kept->multicast.num > NET_CTRL_MAX_MACS)
		return false;
	if (kept->has_own_mac &&
	    (!cmd_is_station_mac(kept->mac) || !cmd_is_station_mac(kept->first_mac)))
		return false;
	return recall_are_flags(kept) && recall_is_hash(kept, max_pairs);
}

bool net_ctrl_recall(const struct net_ctrl *nc, uint64_t features, struct net_kept *kept)
{
	return keep_read(KEEP_NET, nc->port, kept, sizeof(*kept)) &&
	       recall_is_good(nc, features, kept);
}

struct rss *net_ctrl_recall_hash(const struct net_kept *kept)
{
	struct rss *rss = rss_create(kept->key, kept->key_bytes);

	if (!rss)
		return NULL;
	rss->hash_types = kept->hash_types;
	rss->table_mask = kept->table_mask;
	rss->unclassified = kept->unclassified;
	memcpy(rss->table, kept->table, sizeof(rss->table));
	return rss;
}
