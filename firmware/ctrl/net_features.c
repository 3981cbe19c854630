/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The table of features (net_features.h). Called by what makes or drives a device, on core 0. */
#include "ctrl/net_features.h"

#include <stdbool.h>

struct net_feature {
	unsigned bit;
	uint64_t needs; /* one of these; 0: nothing */
	bool moves; /* net_features_vdpa() */
};

#define NET_GUEST_CSUM VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM)
#define NET_GUEST_TSO  (VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6))
#define NET_CSUM       VIRTIO_BIT(VIRTIO_NET_F_CSUM)
#define NET_HOST_TSO   (VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6))

#define NET_CTRL_VQ VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ)

static const struct net_feature net_feature[] = {
	{VIRTIO_NET_F_CSUM, 0, true}, /* offload.c */
	{VIRTIO_NET_F_GUEST_CSUM, 0, true}, /* offload.c */
	{VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, 0, true}, /* net_ctrl.c */
	{VIRTIO_NET_F_MTU, 0, true}, /* configuration */
	{VIRTIO_NET_F_MAC, 0, true}, /* configuration */
	{VIRTIO_NET_F_GUEST_TSO4, NET_GUEST_CSUM, true}, /* offload.c */
	{VIRTIO_NET_F_GUEST_TSO6, NET_GUEST_CSUM, true}, /* offload.c */
	{VIRTIO_NET_F_GUEST_ECN, NET_GUEST_TSO, true}, /* offload.c */
	{VIRTIO_NET_F_HOST_TSO4, NET_CSUM, true}, /* tso.c */
	{VIRTIO_NET_F_HOST_TSO6, NET_CSUM, true}, /* tso.c */
	{VIRTIO_NET_F_HOST_ECN, NET_HOST_TSO, true}, /* tso.c */
	{VIRTIO_NET_F_MRG_RXBUF, 0, true}, /* vnet_send.c */
	{VIRTIO_NET_F_STATUS, 0, true}, /* configuration */
	{VIRTIO_NET_F_CTRL_VQ, 0, true}, /* virtio_ctrlq.c */
	{VIRTIO_NET_F_CTRL_RX, NET_CTRL_VQ, true}, /* rxfilter.c */
	{VIRTIO_NET_F_CTRL_VLAN, NET_CTRL_VQ, true}, /* rxfilter.c */
	{VIRTIO_NET_F_CTRL_RX_EXTRA, 0, true}, /* rxfilter.c */
	{VIRTIO_NET_F_GUEST_ANNOUNCE, NET_CTRL_VQ, false}, /* net_ctrl.c */
	{VIRTIO_NET_F_MQ, NET_CTRL_VQ, true}, /* vnet_send.c */
	{VIRTIO_NET_F_CTRL_MAC_ADDR, NET_CTRL_VQ, true}, /* net_ctrl_rx.c */
	{VIRTIO_F_INDIRECT_DESC, 0, false}, /* ring */
	{VIRTIO_F_EVENT_IDX, 0, true}, /* ring */
	{VIRTIO_F_VERSION_1, 0, true}, /* always */
	{VIRTIO_F_ACCESS_PLATFORM, 0, true}, /* always */
	{VIRTIO_F_RING_PACKED, 0, false}, /* ring */
	{VIRTIO_F_IN_ORDER, 0, false}, /* ring */
	{VIRTIO_F_ORDER_PLATFORM, 0, false}, /* DMA lists keep their order */
	{VIRTIO_F_NOTIFICATION_DATA, 0, false}, /* doorbells take any value */
	{VIRTIO_F_RING_RESET, 0, false}, /* state machine */
	{VIRTIO_NET_F_DEVICE_STATS, 0, false}, /* net_ctrl_stats.c */
	{VIRTIO_NET_F_VQ_NOTF_COAL, NET_CTRL_VQ, false}, /* coalesce.h */
	{VIRTIO_NET_F_NOTF_COAL, NET_CTRL_VQ, false}, /* coalesce.h */
	{VIRTIO_NET_F_GUEST_USO4, NET_GUEST_CSUM, false}, /* offload.c */
	{VIRTIO_NET_F_GUEST_USO6, NET_GUEST_CSUM, false}, /* offload.c */
	{VIRTIO_NET_F_HOST_USO, NET_CSUM, false}, /* tso.c */
	{VIRTIO_NET_F_HASH_REPORT, 0, true}, /* rss.c */
	{VIRTIO_NET_F_GUEST_HDRLEN, 0, false}, /* hdr_len is never relied on */
	{VIRTIO_NET_F_RSS, NET_CTRL_VQ, true}, /* rss.c */
	{VIRTIO_NET_F_STANDBY, VIRTIO_BIT(VIRTIO_NET_F_MAC), false}, /* a device like any other */
	{VIRTIO_NET_F_SPEED_DUPLEX, 0, true}, /* configuration */
};

#define NET_NUM_FEATURES (sizeof(net_feature) / sizeof(net_feature[0]))

uint64_t net_features_all(void)
{
	uint64_t features = 0;

	for (unsigned i = 0; i < NET_NUM_FEATURES; i++)
		features |= VIRTIO_BIT(net_feature[i].bit);
	return features;
}

uint64_t net_features_vdpa(void)
{
	uint64_t features = 0;

	for (unsigned i = 0; i < NET_NUM_FEATURES; i++)
		features |= net_feature[i].moves ? VIRTIO_BIT(net_feature[i].bit) : 0;
	return features;
}

uint64_t net_features_vf(void)
{
	return net_features_all() & ~VIRTIO_BIT(VIRTIO_NET_F_STANDBY);
}

uint64_t net_features_whole(uint64_t features)
{
	uint64_t before;

	do {
		before = features;
		for (unsigned i = 0; i < NET_NUM_FEATURES; i++)
			if (net_feature[i].needs && !(features & net_feature[i].needs))
				features &= ~VIRTIO_BIT(net_feature[i].bit);
	} while (features != before);
	return features;
}
