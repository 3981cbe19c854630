/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The inside of the control queue's commands, shared by net_ctrl.c, which chooses the handler, and the
 * handlers in net_ctrl_*.c. Core 0.
 */
#ifndef CTRL_NET_CTRL_CMD_H
#define CTRL_NET_CTRL_CMD_H

#include "ctrl/net_ctrl.h"

/* The features that are offloads, too (5.1.6.5.8). */
#define NET_CTRL_GUEST_OFFLOADS                                                      \
	(VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN) |  \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6))

/* Without one of these a driver uses one pair of queues (5.1.2). */
#define NET_CTRL_MANY_PAIRS (VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_RSS))

/* A command at work. */
struct net_ctrl_io {
	uint8_t command;
	const uint8_t *data; /* behind the header */
	uint32_t len_bytes; /* of it, which the command's fixed part fits in */
	uint32_t have_bytes; /* that stand here */
	uint8_t *reply;
	uint32_t room_bytes; /* for it */
	uint32_t reply_bytes;
};

/* True: done. False: nothing has changed. */
typedef bool net_ctrl_handler(struct net_ctrl *nc, struct net_ctrl_io *io);

net_ctrl_handler net_ctrl_rx_mode, net_ctrl_mac_table, net_ctrl_mac_addr, net_ctrl_vlan;
net_ctrl_handler net_ctrl_mq_pairs, net_ctrl_mq_rss, net_ctrl_mq_hash;
net_ctrl_handler net_ctrl_coal_class, net_ctrl_coal_vq_set, net_ctrl_coal_vq_get;
net_ctrl_handler net_ctrl_stats_query, net_ctrl_stats_get;

static inline bool net_ctrl_has(const struct net_ctrl *nc, unsigned feature)
{
	return nc->accepted >> feature & 1;
}

/* Has the worker filter as rx says, for an address of the device. False: no memory, nothing has changed. */
bool net_ctrl_filter(struct net_ctrl *nc, const struct net_ctrl_rx *rx, const uint8_t mac[6]);

/* What is set for a queue's interrupts goes to its worker. */
void net_ctrl_set_coal(struct net_ctrl *nc, unsigned index, struct virtio_net_ctrl_coal coal);

#endif
