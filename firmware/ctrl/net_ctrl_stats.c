/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Device statistics by the control queue (virtio 1.4, 5.1.6.5.11): of each queue, the types whose counters
 * the card keeps. Called by net_ctrl.c on core 0.
 */
#include <string.h>
#include "ctrl/net_ctrl_cmd.h"

#define STATS_BIT(type) VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_##type)

/* What a queue can be asked for: one type each; 0: there is no such queue. The control queue comes last. */
static uint64_t stats_types(const struct net_ctrl *nc, uint16_t index)
{
	const uint32_t last = nc->max_pairs * 2u;

	if (index > last)
		return 0;
	if (index == last)
		return STATS_BIT(CVQ);
	return index % 2 ? STATS_BIT(TX_BASIC) : STATS_BIT(RX_BASIC);
}

bool net_ctrl_stats_query(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	const struct virtio_net_stats_capabilities capabilities = {
		.supported_stats_types = {STATS_BIT(CVQ) | STATS_BIT(RX_BASIC) |
					  STATS_BIT(TX_BASIC)},
	};

	(void)nc;
	if (io->room_bytes < sizeof(capabilities))
		return false;
	memcpy(io->reply, &capabilities, sizeof(capabilities));
	io->reply_bytes = sizeof(capabilities);
	return true;
}

/* Any of them, header first. */
union stats_reply {
	struct virtio_net_stats_reply_hdr hdr;
	struct virtio_net_stats_cvq cvq;
	struct virtio_net_stats_rx_basic rx;
	struct virtio_net_stats_tx_basic tx;
};

/* This command counts, and as one that has worked. */
static void stats_fill_cvq(const struct net_ctrl *nc, union stats_reply *reply)
{
	reply->hdr.type = VIRTIO_NET_STATS_TYPE_REPLY_CVQ;
	reply->hdr.size = sizeof(reply->cvq);
	reply->cvq.command_num = nc->num_commands;
	reply->cvq.ok_num = nc->num_ok + 1;
}

static void stats_fill_rx(const struct vnet_counters *counters, union stats_reply *reply)
{
	reply->hdr.type = VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC;
	reply->hdr.size = sizeof(reply->rx);
	reply->rx.rx_notifications = counters->notifications;
	reply->rx.rx_packets = counters->packets;
	reply->rx.rx_bytes = counters->bytes;
	reply->rx.rx_interrupts = counters->interrupts;
	reply->rx.rx_drops = counters->drops;
	reply->rx.rx_drop_overruns = counters->drops_of_ring;
}

static void stats_fill_tx(const struct vnet_counters *counters, union stats_reply *reply)
{
	reply->hdr.type = VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC;
	reply->hdr.size = sizeof(reply->tx);
	reply->tx.tx_notifications = counters->notifications;
	reply->tx.tx_packets = counters->packets;
	reply->tx.tx_bytes = counters->bytes;
	reply->tx.tx_interrupts = counters->interrupts;
	reply->tx.tx_drops = counters->drops;
	reply->tx.tx_drop_malformed = counters->drops_of_ring;
}

static void stats_fill(const struct net_ctrl *nc, uint16_t index, union stats_reply *reply)
{
	struct vnet_counters counters;

	memset(reply, 0, sizeof(*reply));
	if (index == nc->max_pairs * 2u) {
		stats_fill_cvq(nc, reply);
	} else {
		vnet_queue_counters(nc->port, index, &counters);
		if (index % 2)
			stats_fill_tx(&counters, reply);
		else
			stats_fill_rx(&counters, reply);
	}
	reply->hdr.vq_index = index;
}

static struct virtio_net_ctrl_queue_stats stats_asked(const struct net_ctrl_io *io, uint32_t at)
{
	struct virtio_net_ctrl_queue_stats asked;

	memcpy(&asked, io->data + at, sizeof(asked));
	return asked;
}

/* All that is asked for is there, or nothing is answered. */
static bool stats_are_there(const struct net_ctrl *nc, const struct net_ctrl_io *io)
{
	uint32_t at;

	if (io->len_bytes > io->have_bytes ||
	    io->len_bytes % sizeof(struct virtio_net_ctrl_queue_stats))
		return false;
	for (at = 0; at < io->len_bytes; at += sizeof(struct virtio_net_ctrl_queue_stats)) {
		const struct virtio_net_ctrl_queue_stats asked = stats_asked(io, at);

		if (asked.types_bitmap[0] & ~stats_types(nc, asked.vq_index) ||
		    !stats_types(nc, asked.vq_index))
			return false;
	}
	return true;
}

/* Whole replies, as many as there is room for. */
bool net_ctrl_stats_get(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	union stats_reply reply;
	uint32_t at;

	if (!stats_are_there(nc, io))
		return false;
	for (at = 0; at < io->len_bytes; at += sizeof(struct virtio_net_ctrl_queue_stats)) {
		const struct virtio_net_ctrl_queue_stats asked = stats_asked(io, at);

		if (!asked.types_bitmap[0])
			continue;
		stats_fill(nc, asked.vq_index, &reply);
		if (reply.hdr.size > io->room_bytes - io->reply_bytes)
			break;
		memcpy(io->reply + io->reply_bytes, &reply, reply.hdr.size);
		io->reply_bytes += reply.hdr.size;
	}
	return true;
}
