/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands about the moderation of interrupts (virtio 1.2, 5.1.6.5.9; of single queues: 1.3). Called by
 * net_ctrl.c on core 0.
 */
#include <string.h>
#include "ctrl/net_ctrl_cmd.h"

void net_ctrl_set_coal(struct net_ctrl *nc, unsigned index, struct virtio_net_ctrl_coal coal)
{
	struct virtio_net_ctrl_coal *now = &nc->coal[index];

	if (now->max_packets == coal.max_packets && now->max_usecs == coal.max_usecs)
		return;
	*now = coal;
	vnet_set_coalescing(nc->port, index, coal.max_usecs, coal.max_packets);
}

static bool coal_is_enabled(const struct net_ctrl *nc, uint16_t index)
{
	return index < nc->max_pairs * 2u && nc->enabled >> index & 1;
}

/* For all queues of a direction, and for those that are enabled later. */
bool net_ctrl_coal_class(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	const unsigned first = io->command == VIRTIO_NET_CTRL_NOTF_COAL_TX_SET ? 1 : 0;
	struct virtio_net_ctrl_coal coal;
	unsigned i;

	memcpy(&coal, io->data, sizeof(coal));
	nc->coal_of[first] = coal;
	for (i = first; i < nc->max_pairs * 2u; i += 2) {
		if (coal_is_enabled(nc, (uint16_t)i))
			net_ctrl_set_coal(nc, i, coal);
	}
	return true;
}

bool net_ctrl_coal_vq_set(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	struct virtio_net_ctrl_coal_vq set;

	memcpy(&set, io->data, sizeof(set));
	if (!coal_is_enabled(nc, set.vq_index))
		return false;
	net_ctrl_set_coal(nc, set.vq_index, set.coal);
	return true;
}

/* The answer is the rest of the command: what the device writes of it (net_ctrl_ack_is_last()). */
bool net_ctrl_coal_vq_get(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	xvio_le16 index;

	memcpy(&index, io->data, sizeof(index));
	if (!coal_is_enabled(nc, index) || io->room_bytes < sizeof(nc->coal[index]))
		return false;
	memcpy(io->reply, &nc->coal[index], sizeof(nc->coal[index]));
	io->reply_bytes = sizeof(nc->coal[index]);
	return true;
}
