/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The control queue's commands (net_ctrl.h): which there are, what each needs, and the life of what they
 * set. Called by the device (virtio_dev.c, virtio_ctrlq.c) on core 0.
 */
#include "ctrl/net_ctrl.h"

#include <string.h>
#include "ctrl/cmd.h"
#include "ctrl/net_ctrl_cmd.h"
#include "ctrl/net_ctrl_keep.h"
#include "lib/bits.h"
#include "path/offload.h"
#include "path/port.h"

void net_ctrl_init(struct net_ctrl *nc, uint16_t port, uint16_t max_pairs)
{
	memset(nc, 0, sizeof(*nc));
	nc->port = port;
	nc->device_pairs = max_pairs;
	nc->may_set_mac = true;
	nc->may_take_all = true;
}

void net_ctrl_set_trust(struct net_ctrl *nc, bool may_set_mac, bool may_take_all)
{
	const bool before = nc->may_take_all;

	nc->may_set_mac = may_set_mac;
	nc->may_take_all = may_take_all;
	/* Without memory it is as before until the filter is made anew. */
	if (nc->accepted && before != may_take_all)
		(void)net_ctrl_filter(nc, &nc->rx, nc->mac);
}

static void net_ctrl_set_offloads(struct net_ctrl *nc, uint64_t offloads)
{
	nc->guest_offloads = offloads;
	vnet_set_takes(nc->port, offload_taken(offloads));
}

static void net_ctrl_recall_macs(struct net_ctrl_macs *macs, const struct net_kept_macs *kept)
{
	macs->all = kept->all;
	macs->num = kept->num;
	memcpy(macs->mac, kept->mac, sizeof(macs->mac[0]) * kept->num);
}

static void net_ctrl_first_rx(const struct net_ctrl *nc, const struct net_kept *kept,
			      struct net_ctrl_rx *rx)
{
	memset(rx, 0, sizeof(*rx));
	if (!kept) {
		/*
		 * The spec leaves open how a device starts. Drivers that know the commands turn this off; others
		 * have always found it on.
		 */
		rx->mode[VIRTIO_NET_CTRL_RX_PROMISC] = nc->may_take_all;
		return;
	}
	for (unsigned i = 0; i < NET_CTRL_RX_MODES; i++)
		rx->mode[i] = kept->mode[i];
	memcpy(rx->vlan, kept->vlan, sizeof(rx->vlan));
	net_ctrl_recall_macs(&rx->unicast, &kept->unicast);
	net_ctrl_recall_macs(&rx->multicast, &kept->multicast);
}

/* What was kept but for what is to be received, and a hash. */
static void net_ctrl_recall_rest(struct net_ctrl *nc, const struct net_kept *kept)
{
	nc->num_pairs = kept->num_pairs;
	nc->by_table = kept->by_table;
	nc->announces = kept->announces;
	if (kept->has_own_mac) {
		nc->has_own_mac = true;
		memcpy(nc->mac, kept->mac, sizeof(nc->mac));
		memcpy(nc->first_mac, kept->first_mac, sizeof(nc->first_mac));
		port_set_mac(nc->port, nc->mac);
	}
	nc->recalled = kept->enabled;
	memcpy(nc->coal_of, kept->coal_of, sizeof(nc->coal_of));
	memcpy(nc->recalled_coal, kept->coal, sizeof(nc->recalled_coal));
}

static bool net_ctrl_begin_filter(struct net_ctrl *nc, const struct net_kept *kept)
{
	struct net_ctrl_rx rx;

	net_ctrl_first_rx(nc, kept, &rx);
	if (!net_ctrl_filter(nc, &rx, kept && kept->has_own_mac ? kept->mac : nc->mac))
		return false;
	nc->rx = rx;
	return true;
}

bool net_ctrl_begin(struct net_ctrl *nc, uint64_t features, const struct net_kept *kept)
{
	struct rss *rss = NULL;

	if (kept && kept->has_hash) {
		rss = net_ctrl_recall_hash(kept);
		if (!rss)
			return false;
	}
	nc->accepted = features;
	nc->max_pairs = features & NET_CTRL_MANY_PAIRS ? nc->device_pairs : 1;
	port_mac(nc->port, nc->mac);
	nc->is_up = port_admin(nc->port);
	if (!net_ctrl_begin_filter(nc, kept)) {
		nc->accepted = 0;
		nc->max_pairs = 0;
		rss_destroy(rss);
		return false;
	}
	nc->num_pairs = 1;
	nc->rss = rss;
	if (kept)
		net_ctrl_recall_rest(nc, kept);
	net_ctrl_set_offloads(nc, kept ? kept->guest_offloads : features & NET_CTRL_GUEST_OFFLOADS);
	vnet_set_steering(nc->port, nc->by_table ? 0 : nc->num_pairs, rss);
	return true;
}

void net_ctrl_reset(struct net_ctrl *nc)
{
	const bool may_set_mac = nc->may_set_mac;
	const bool may_take_all = nc->may_take_all;
	unsigned i;

	if (!nc->accepted)
		return;
	vnet_set_filter(nc->port, NULL);
	port_set_promiscuous(nc->port, false);
	vnet_set_steering(nc->port, 1, NULL);
	vnet_set_takes(nc->port, 0);
	for (i = 0; i < VNET_MAX_QUEUES; i++)
		net_ctrl_disable_queue(nc, i);
	if (nc->has_own_mac)
		port_set_mac(nc->port, nc->first_mac);
	vnet_clear_counters(nc->port);
	rxfilter_destroy(nc->filter);
	rss_destroy(nc->rss);
	net_ctrl_init(nc, nc->port, nc->device_pairs);
	net_ctrl_set_trust(nc, may_set_mac, may_take_all);
}

void net_ctrl_enable_queue(struct net_ctrl *nc, unsigned index)
{
	if (index >= nc->max_pairs * 2u)
		return;
	nc->enabled |= 1u << index;
	net_ctrl_set_coal(nc, index,
			  nc->recalled >> index & 1 ? nc->recalled_coal[index]
						    : nc->coal_of[index % 2]);
	nc->recalled &= ~(1u << index);
}

void net_ctrl_disable_queue(struct net_ctrl *nc, unsigned index)
{
	if (index >= nc->max_pairs * 2u)
		return;
	nc->enabled &= ~(1u << index);
	nc->recalled &= ~(1u << index);
	net_ctrl_set_coal(nc, index, (struct virtio_net_ctrl_coal){0});
}

void net_ctrl_port_changed(struct net_ctrl *nc)
{
	const bool was_up = nc->is_up;
	uint8_t mac[6];

	if (!nc->accepted)
		return;
	nc->is_up = port_admin(nc->port);
	if (nc->is_up && !was_up && net_ctrl_has(nc, VIRTIO_NET_F_GUEST_ANNOUNCE))
		nc->announces = true;
	port_mac(nc->port, mac);
	if (memcmp(mac, nc->mac, sizeof(mac)) == 0)
		return;
	if (nc->host_repeats && nc->has_own_mac && memcmp(mac, nc->first_mac, sizeof(mac)) == 0) {
		nc->host_repeats = false;
		port_set_mac(nc->port, nc->mac);
		return;
	}
	nc->host_repeats = false;
	memcpy(nc->mac, mac, sizeof(mac));
	nc->has_own_mac = false;
	/* Without memory the old address stays in the filter, until it is made anew. */
	(void)net_ctrl_filter(nc, &nc->rx, mac);
}

void net_ctrl_fill_config(const struct net_ctrl *nc, struct virtio_net_config *config)
{
	*config = (struct virtio_net_config){
		.max_virtqueue_pairs = nc->device_pairs,
		.mtu = port_mtu(nc->port),
		.speed = CMD_SPEED_MBPS,
		.duplex = VIRTIO_NET_DUPLEX_FULL,
		.rss_max_key_size = RSS_MAX_KEY_BYTES,
		.rss_max_indirection_table_length = RSS_MAX_TABLE,
		.supported_hash_types = RSS_HASH_TYPES,
	};
	port_mac(nc->port, config->mac);
	if (port_admin(nc->port))
		config->status |= VIRTIO_NET_S_LINK_UP;
	if (nc->announces)
		config->status |= VIRTIO_NET_S_ANNOUNCE;
}

/* 5.1.6.5.4 */
static bool net_ctrl_announce_ack(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	(void)io;
	nc->announces = false;
	return true;
}

/* 5.1.6.5.8. Linux (6.12) counts GUEST_HDRLEN among them, which is nothing to be turned off. */
static bool net_ctrl_offloads(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	const uint64_t known = NET_CTRL_GUEST_OFFLOADS | VIRTIO_BIT(VIRTIO_NET_F_GUEST_HDRLEN);
	uint64_t offloads;

	memcpy(&offloads, io->data, sizeof(offloads));
	if (offloads & ~(nc->accepted & known))
		return false;
	net_ctrl_set_offloads(nc, offloads & NET_CTRL_GUEST_OFFLOADS);
	return true;
}

struct net_ctrl_command {
	uint8_t class;
	uint8_t command;
	uint8_t feature; /* bit number: what must have been negotiated */
	bool is_open; /* more may follow: the handler knows what */
	uint16_t len_bytes; /* of its data, or their fixed part */
	net_ctrl_handler *run;
};

#define COMMAND(class, command, feature, is_open, len_bytes, run)             \
	{                                                                     \
		VIRTIO_NET_CTRL_##class, VIRTIO_NET_CTRL_##class##_##command, \
			VIRTIO_NET_F_##feature, is_open, len_bytes, run       \
	}

static const struct net_ctrl_command net_ctrl_command[] = {
	COMMAND(RX, PROMISC, CTRL_RX, false, 1, net_ctrl_rx_mode),
	COMMAND(RX, ALLMULTI, CTRL_RX, false, 1, net_ctrl_rx_mode),
	COMMAND(RX, ALLUNI, CTRL_RX_EXTRA, false, 1, net_ctrl_rx_mode),
	COMMAND(RX, NOMULTI, CTRL_RX_EXTRA, false, 1, net_ctrl_rx_mode),
	COMMAND(RX, NOUNI, CTRL_RX_EXTRA, false, 1, net_ctrl_rx_mode),
	COMMAND(RX, NOBCAST, CTRL_RX_EXTRA, false, 1, net_ctrl_rx_mode),
	COMMAND(MAC, TABLE_SET, CTRL_RX, true, 8, net_ctrl_mac_table),
	COMMAND(MAC, ADDR_SET, CTRL_MAC_ADDR, false, 6, net_ctrl_mac_addr),
	COMMAND(VLAN, ADD, CTRL_VLAN, false, 2, net_ctrl_vlan),
	COMMAND(VLAN, DEL, CTRL_VLAN, false, 2, net_ctrl_vlan),
	COMMAND(ANNOUNCE, ACK, GUEST_ANNOUNCE, false, 0, net_ctrl_announce_ack),
	COMMAND(MQ, VQ_PAIRS_SET, MQ, false, 2, net_ctrl_mq_pairs),
	COMMAND(MQ, RSS_CONFIG, RSS, true, sizeof(struct virtio_net_rss_config), net_ctrl_mq_rss),
	COMMAND(MQ, HASH_CONFIG, HASH_REPORT, true,
		offsetof(struct virtio_net_hash_config, hash_key_data), net_ctrl_mq_hash),
	COMMAND(GUEST_OFFLOADS, SET, CTRL_GUEST_OFFLOADS, false, 8, net_ctrl_offloads),
	COMMAND(NOTF_COAL, TX_SET, NOTF_COAL, false, sizeof(struct virtio_net_ctrl_coal),
		net_ctrl_coal_class),
	COMMAND(NOTF_COAL, RX_SET, NOTF_COAL, false, sizeof(struct virtio_net_ctrl_coal),
		net_ctrl_coal_class),
	COMMAND(NOTF_COAL, VQ_SET, VQ_NOTF_COAL, false, sizeof(struct virtio_net_ctrl_coal_vq),
		net_ctrl_coal_vq_set),
	COMMAND(NOTF_COAL, VQ_GET, VQ_NOTF_COAL, false,
		offsetof(struct virtio_net_ctrl_coal_vq, coal), net_ctrl_coal_vq_get),
	COMMAND(STATS, QUERY, DEVICE_STATS, false, 0, net_ctrl_stats_query),
	COMMAND(STATS, GET, DEVICE_STATS, true, sizeof(struct virtio_net_ctrl_queue_stats),
		net_ctrl_stats_get),
};

/* NULL: there is none, or it was not negotiated. */
static const struct net_ctrl_command *net_ctrl_find(const struct net_ctrl *nc,
						    const struct virtio_net_ctrl_hdr *hdr)
{
	unsigned i;

	for (i = 0; i < sizeof(net_ctrl_command) / sizeof(net_ctrl_command[0]); i++) {
		const struct net_ctrl_command *command = &net_ctrl_command[i];

		if (command->class == hdr->class && command->command == hdr->command)
			return net_ctrl_has(nc, command->feature) ? command : NULL;
	}
	return NULL;
}

bool net_ctrl_ack_is_last(const uint8_t *cmd, uint32_t len_bytes)
{
	return len_bytes >= sizeof(struct virtio_net_ctrl_hdr) &&
	       cmd[0] == VIRTIO_NET_CTRL_NOTF_COAL && cmd[1] == VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET;
}

static bool net_ctrl_run_command(struct net_ctrl *nc, const uint8_t *cmd, uint32_t len_bytes,
				 struct net_ctrl_io *io)
{
	const struct net_ctrl_command *command;
	struct virtio_net_ctrl_hdr hdr;

	if (len_bytes < sizeof(hdr))
		return false;
	memcpy(&hdr, cmd, sizeof(hdr));
	command = net_ctrl_find(nc, &hdr);
	io->command = hdr.command;
	io->data = cmd + sizeof(hdr);
	io->len_bytes = len_bytes - (uint32_t)sizeof(hdr);
	io->have_bytes = bits_min(len_bytes, NET_CTRL_MAX_BYTES) - (uint32_t)sizeof(hdr);
	if (!command || io->len_bytes < command->len_bytes ||
	    (!command->is_open && io->len_bytes != command->len_bytes))
		return false;
	return command->run(nc, io);
}

uint8_t net_ctrl_run(struct net_ctrl *nc, const uint8_t *cmd, uint32_t len_bytes, uint8_t *reply,
		     uint32_t *reply_bytes)
{
	struct net_ctrl_io io = {
		.reply = reply,
		.room_bytes = bits_min(*reply_bytes, NET_CTRL_MAX_REPLY),
	};
	bool done;

	nc->num_commands++;
	done = net_ctrl_run_command(nc, cmd, len_bytes, &io);
	nc->num_ok += done;
	*reply_bytes = done ? io.reply_bytes : 0;
	return done ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
}
