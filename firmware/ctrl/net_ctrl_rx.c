/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands about what a driver wants to receive: modes, addresses, VLANs (virtio 1.2, 5.1.6.5.1 to .3).
 * Called by net_ctrl.c on core 0. Each makes a filter of all that was set, which replaces the one before.
 */
#include <string.h>
#include "ctrl/cmd.h"
#include "ctrl/net_ctrl_cmd.h"
#include "path/port.h"

#define RX_COUNT_BYTES ((uint32_t)sizeof(xvio_le32)) /* in front of a table */

static enum rxfilter_pass rx_pass_of(bool none, bool all)
{
	if (none)
		return RXFILTER_NONE;
	return all ? RXFILTER_ALL : RXFILTER_LISTED;
}

static void rx_list(struct rxfilter *filter, const struct net_ctrl_macs *macs)
{
	unsigned i;

	for (i = 0; i < macs->num; i++)
		rxfilter_list_mac(filter, macs->mac[i]);
}

/* Without CTRL_RX a driver has no way to say what it wants, and gets all that rules send it. */
static void rx_fill(struct rxfilter *filter, const struct net_ctrl *nc,
		    const struct net_ctrl_rx *rx, const uint8_t mac[6])
{
	const bool *mode = rx->mode;
	const bool all = !net_ctrl_has(nc, VIRTIO_NET_F_CTRL_RX);
	const bool may = nc->may_take_all;

	filter->unicast = (uint8_t)rx_pass_of(
		mode[VIRTIO_NET_CTRL_RX_NOUNI],
		all || (may && (mode[VIRTIO_NET_CTRL_RX_ALLUNI] || rx->unicast.all)));
	filter->multicast = (uint8_t)rx_pass_of(
		mode[VIRTIO_NET_CTRL_RX_NOMULTI],
		all || (may && (mode[VIRTIO_NET_CTRL_RX_ALLMULTI] || rx->multicast.all)));
	filter->broadcast = (uint8_t)rx_pass_of(mode[VIRTIO_NET_CTRL_RX_NOBCAST], true);
	filter->checks_vlans = net_ctrl_has(nc, VIRTIO_NET_F_CTRL_VLAN);
	memcpy(filter->vlan, rx->vlan, sizeof(filter->vlan));
	rxfilter_list_mac(filter, mac);
	rx_list(filter, &rx->unicast);
	rx_list(filter, &rx->multicast);
}

/* Promiscuous is above all other modes, and VLANs (5.1.6.5.1.1). */
static bool rx_needs_filter(const struct net_ctrl *nc, const struct net_ctrl_rx *rx)
{
	if (net_ctrl_has(nc, VIRTIO_NET_F_CTRL_RX))
		return !(nc->may_take_all && rx->mode[VIRTIO_NET_CTRL_RX_PROMISC]);
	return net_ctrl_has(nc, VIRTIO_NET_F_CTRL_RX_EXTRA) ||
	       net_ctrl_has(nc, VIRTIO_NET_F_CTRL_VLAN);
}

/* The driver asks for all unicast, or for more addresses than are listed. Without CTRL_RX it asks for nothing. */
static bool rx_is_promiscuous(const struct net_ctrl *nc, const struct net_ctrl_rx *rx)
{
	const bool *mode = rx->mode;

	return net_ctrl_has(nc, VIRTIO_NET_F_CTRL_RX) && nc->may_take_all &&
	       (mode[VIRTIO_NET_CTRL_RX_PROMISC] ||
		(!mode[VIRTIO_NET_CTRL_RX_NOUNI] &&
		 (mode[VIRTIO_NET_CTRL_RX_ALLUNI] || rx->unicast.all)));
}

bool net_ctrl_filter(struct net_ctrl *nc, const struct net_ctrl_rx *rx, const uint8_t mac[6])
{
	struct rxfilter *before = nc->filter;
	struct rxfilter *filter = NULL;

	if (rx_needs_filter(nc, rx)) {
		filter = rxfilter_create();
		if (!filter)
			return false;
		rx_fill(filter, nc, rx, mac);
	}
	if (filter || before)
		vnet_set_filter(nc->port, filter);
	port_set_promiscuous(nc->port, rx_is_promiscuous(nc, rx));
	nc->filter = filter;
	rxfilter_destroy(before);
	return true;
}

/* What was set is in effect, or nothing has changed. */
static bool rx_set(struct net_ctrl *nc, const struct net_ctrl_rx *rx)
{
	if (!net_ctrl_filter(nc, rx, nc->mac))
		return false;
	nc->rx = *rx;
	return true;
}

bool net_ctrl_rx_mode(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	const bool takes_all = io->command <= VIRTIO_NET_CTRL_RX_ALLUNI;
	struct net_ctrl_rx rx = nc->rx;

	if (io->data[0] > 1 || (io->data[0] && takes_all && !nc->may_take_all))
		return false;
	rx.mode[io->command] = io->data[0];
	return rx_set(nc, &rx);
}

/*
 * One of the two tables, from *at on, which then is where it ends. Of one that does not all stand in what
 * is here, or is too long, all addresses pass. False: it goes on behind the command's end.
 */
static bool rx_read_table(const struct net_ctrl_io *io, uint64_t *at, struct net_ctrl_macs *macs)
{
	const uint64_t first = *at + RX_COUNT_BYTES;
	xvio_le32 num;

	memset(macs, 0, sizeof(*macs));
	if (first > io->len_bytes)
		return false;
	memcpy(&num, io->data + *at, sizeof(num));
	*at = first + UINT64_C(6) * num;
	if (*at > io->len_bytes)
		return false;
	macs->all = num > NET_CTRL_MAX_MACS || *at > io->have_bytes;
	if (macs->all)
		return true;
	macs->num = (uint16_t)num;
	memcpy(macs->mac, io->data + first, 6 * num);
	return true;
}

/* Where the second table's length is not here, that of the command has to be one that a table makes. */
bool net_ctrl_mac_table(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	struct net_ctrl_rx rx = nc->rx;
	uint64_t at = 0;

	if (!rx_read_table(io, &at, &rx.unicast))
		return false;
	if (at + RX_COUNT_BYTES > io->have_bytes) {
		if (at + RX_COUNT_BYTES > io->len_bytes ||
		    (io->len_bytes - at - RX_COUNT_BYTES) % 6)
			return false;
		memset(&rx.multicast, 0, sizeof(rx.multicast));
		rx.multicast.all = true;
	} else if (!rx_read_table(io, &at, &rx.multicast) || at != io->len_bytes) {
		return false;
	}
	if ((rx.unicast.all || rx.multicast.all) && !nc->may_take_all)
		return false;
	return rx_set(nc, &rx);
}

bool net_ctrl_mac_addr(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	if (!nc->may_set_mac || !cmd_is_station_mac(io->data) ||
	    !net_ctrl_filter(nc, &nc->rx, io->data))
		return false;
	if (!nc->has_own_mac)
		memcpy(nc->first_mac, nc->mac, sizeof(nc->mac));
	nc->has_own_mac = true;
	memcpy(nc->mac, io->data, sizeof(nc->mac));
	port_set_mac(nc->port, io->data);
	return true;
}

bool net_ctrl_vlan(struct net_ctrl *nc, struct net_ctrl_io *io)
{
	struct net_ctrl_rx rx = nc->rx;
	xvio_le16 vid;

	memcpy(&vid, io->data, sizeof(vid));
	if (vid >= RXFILTER_VLANS)
		return false;
	if (io->command == VIRTIO_NET_CTRL_VLAN_ADD)
		rx.vlan[vid / 64] |= UINT64_C(1) << vid % 64;
	else
		rx.vlan[vid / 64] &= ~(UINT64_C(1) << vid % 64);
	return rx_set(nc, &rx);
}
