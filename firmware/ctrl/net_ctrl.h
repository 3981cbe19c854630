/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a network device's driver set by its control queue (virtio 1.2, 5.1.6.5), and the commands that set
 * it. The queue itself is run by the device (virtio_ctrlq.h); this acts on the device's port. Core 0.
 */
#ifndef CTRL_NET_CTRL_H
#define CTRL_NET_CTRL_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/virtio.h>
#include "path/rss.h"
#include "path/rxfilter.h"
#include "path/vnet.h"

struct net_kept;

#define NET_CTRL_MAX_BYTES 1024u /* of a command that are looked at */
#define NET_CTRL_MAX_REPLY 2048u /* bytes of a result */
#define NET_CTRL_MAX_MACS  63u /* of each sort in the table; more: all of that sort pass */
#define NET_CTRL_RX_MODES  6u

_Static_assert(2 * NET_CTRL_MAX_MACS + 1 <= RXFILTER_MAX_MACS, "two tables, and the device's own");

/* Addresses of one sort. */
struct net_ctrl_macs {
	bool all; /* there were too many */
	uint16_t num;
	uint8_t mac[NET_CTRL_MAX_MACS][6];
};

/* What the driver wants to receive. */
struct net_ctrl_rx {
	bool mode[NET_CTRL_RX_MODES]; /* by VIRTIO_NET_CTRL_RX_* */
	struct net_ctrl_macs unicast;
	struct net_ctrl_macs multicast;
	uint64_t vlan[RXFILTER_VLANS / 64]; /* as in struct rxfilter */
};

struct net_ctrl {
	uint16_t port;
	uint16_t device_pairs;
	bool may_set_mac; /* net_ctrl_set_trust() */
	bool may_take_all;
	uint16_t max_pairs; /* of them that the driver may use; the control queue is behind them */
	uint64_t accepted; /* features; 0: not begun */
	uint32_t enabled; /* bit per queue of packets */
	struct net_ctrl_rx rx;
	uint8_t mac[6]; /* the port's, as we know it */
	bool has_own_mac; /* the driver set it; before it was: */
	uint8_t first_mac[6];
	bool is_up; /* the port, as we know it */
	bool announces; /* VIRTIO_NET_S_ANNOUNCE */
	uint16_t num_pairs; /* in use */
	bool by_table; /* of rss: that chooses the queue, not num_pairs */
	uint64_t guest_offloads; /* feature bits */
	struct virtio_net_ctrl_coal
		coal_of[2]; /* receive, transmit queues: for those enabled later */
	struct virtio_net_ctrl_coal coal[VNET_MAX_QUEUES];
	uint32_t recalled; /* bit per queue: this is its coal when it is enabled */
	struct virtio_net_ctrl_coal recalled_coal[VNET_MAX_QUEUES];
	bool host_repeats; /* what the host last said of the port it is to say again, after a restart */
	uint64_t num_commands;
	uint64_t num_ok;
	struct rxfilter *filter; /* in the worker's use; NULL: all passes */
	struct rss *rss; /* the same; NULL: no hash */
};

/* A device behind a port, with so many pairs of queues at most. */
void net_ctrl_init(struct net_ctrl *nc, uint16_t port, uint16_t max_pairs);

/*
 * What the host lets the driver do, now and after each reset; at first both. may_take_all: ask for
 * frames that are not addressed to it (promiscuous, all of a sort, more addresses than a table holds).
 */
void net_ctrl_set_trust(struct net_ctrl *nc, bool may_set_mac, bool may_take_all);

/*
 * The driver has accepted features and is about to use the device: all is as the spec has it then (one
 * pair, an empty table of addresses and VLANs), or as it was kept (net_ctrl_recall() for these features) if that
 * is not NULL. False: no memory; nothing has changed.
 */
bool net_ctrl_begin(struct net_ctrl *nc, uint64_t features, const struct net_kept *kept);

/* The device is reset, its queues are stopped: what the driver set is undone, and forgotten. */
void net_ctrl_reset(struct net_ctrl *nc);

/* A queue of packets was started, or will be stopped; others are ignored. */
void net_ctrl_enable_queue(struct net_ctrl *nc, unsigned index);
void net_ctrl_disable_queue(struct net_ctrl *nc, unsigned index);

/*
 * The host changed the port. Another address is the device's now, whatever the driver set before (unless the
 * host only repeats what was there then). A port
 * that was down and is up again asks the driver to make itself known in the network, if that was
 * negotiated: nc->announces is set until it has acknowledged (5.1.6.5.4).
 */
void net_ctrl_port_changed(struct net_ctrl *nc);

/* The device's configuration as it stands (5.1.4), with all fields, whatever is offered. */
void net_ctrl_fill_config(const struct net_ctrl *nc, struct virtio_net_config *config);

/*
 * Where the ack of a command goes: behind its result, which is a part of the command's data that the device
 * fills in (NOTF_COAL_VQ_GET), instead of in front of it.
 */
bool net_ctrl_ack_is_last(const uint8_t *cmd, uint32_t len_bytes);

/*
 * Carries out a command of len_bytes in all, of which the first NET_CTRL_MAX_BYTES stand at cmd, in card
 * memory. *reply_bytes: room for a result at reply (at most NET_CTRL_MAX_REPLY are used), then its
 * length. Returns the ack, VIRTIO_NET_OK or _ERR; a command that fails changes nothing and has no
 * result. What it changes is in effect when it returns, in the device's configuration (mac, status), too.
 */
uint8_t net_ctrl_run(struct net_ctrl *nc, const uint8_t *cmd, uint32_t len_bytes, uint8_t *reply,
		     uint32_t *reply_bytes);

#endif
