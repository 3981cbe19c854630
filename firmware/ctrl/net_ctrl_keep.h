/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a driver has set by its control queue, as it outlives a restart of the firmware (keep.h): a record of
 * the device's port. Core 0.
 */
#ifndef CTRL_NET_CTRL_KEEP_H
#define CTRL_NET_CTRL_KEEP_H

#include "ctrl/net_ctrl.h"

struct net_kept_macs {
	uint16_t num;
	uint8_t all;
	uint8_t mac[NET_CTRL_MAX_MACS][6];
	uint8_t reserved[3];
};

/* As struct net_ctrl and struct rss have it; 1 is true. */
struct net_kept {
	uint64_t accepted;
	uint64_t guest_offloads;
	uint64_t vlan[RXFILTER_VLANS / 64];
	uint32_t enabled; /* queues whose coal counts */
	struct virtio_net_ctrl_coal coal_of[2];
	struct virtio_net_ctrl_coal coal[VNET_MAX_QUEUES];
	uint32_t hash_types;
	uint16_t table_mask;
	uint16_t unclassified;
	uint16_t table[RSS_MAX_TABLE];
	uint16_t num_pairs;
	uint8_t by_table;
	uint8_t has_hash;
	uint8_t key_bytes;
	uint8_t key[RSS_MAX_KEY_BYTES];
	uint8_t mode[NET_CTRL_RX_MODES];
	uint8_t announces;
	uint8_t has_own_mac;
	uint8_t mac[6];
	uint8_t first_mac[6];
	uint8_t reserved[3];
	struct net_kept_macs unicast;
	struct net_kept_macs multicast;
};

/* Writes the record, if something has changed. Nothing, as long as nothing has begun. */
void net_ctrl_keep(const struct net_ctrl *nc);

/*
 * Reads what was kept of the device, whose driver has accepted these features. False: nothing, or with other
 * features, or what no driver can have set.
 */
bool net_ctrl_recall(const struct net_ctrl *nc, uint64_t features, struct net_kept *kept);

/* A hash as it was kept; NULL: no memory. */
struct rss *net_ctrl_recall_hash(const struct net_kept *kept);

#endif
