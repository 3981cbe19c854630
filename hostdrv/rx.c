// SPDX-License-Identifier: GPL-2.0
/*
 * Packets from the card to the host: the PF's own and those that missed every rule, told apart by
 * the mark in front of them. The buffers stay mapped and each packet is copied out of its buffer:
 * this is the slow path, and short packets are the rule. Everything runs in NAPI.
 */
#include <linux/etherdevice.h>

#include "tc.h"
#include "xvio.h"

#define RX_RING_SIZE	     256u
#define RX_QUEUE	     0u
#define RX_MAX_SAMPLED_BYTES 65535u /* that a sample is said to be of */

static void rx_free_buffers(struct xvio *xv)
{
	struct xvio_rx *rx = &xv->pair.rx;
	unsigned int i;

	for (i = 0; i < rx->ring.num_slots && rx->slots[i].buf; i++) {
		dma_unmap_single(&xv->pdev->dev, rx->slots[i].dma, rx->buf_bytes, DMA_FROM_DEVICE);
		kfree(rx->slots[i].buf);
	}
	kfree(rx->slots);
}

static int rx_alloc_buffer(struct xvio *xv, struct xvio_rx_slot *slot)
{
	struct device *dev = &xv->pdev->dev;

	slot->buf = kmalloc(xv->pair.rx.buf_bytes, GFP_KERNEL);
	if (!slot->buf)
		return -ENOMEM;
	slot->dma = dma_map_single(dev, slot->buf, xv->pair.rx.buf_bytes, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, slot->dma)) {
		kfree(slot->buf);
		slot->buf = NULL;
		return -ENOMEM;
	}
	return 0;
}

int xvio_rx_create(struct xvio *xv)
{
	u16 size = min_t(u16, RX_RING_SIZE, le16_to_cpu(xv->info.max_queue_size));
	struct xvio_rx *rx = &xv->pair.rx;
	unsigned int i;
	int err;

	rx->buf_bytes =
		sizeof(struct xvio_pkt_meta) + le16_to_cpu(xv->info.max_mtu) + VLAN_ETH_HLEN;
	err = xvio_ring_create(xv, &rx->ring, RX_QUEUE, size, 1);
	if (err)
		return err;
	err = -ENOMEM;
	rx->slots = kcalloc(rx->ring.num_slots, sizeof(*rx->slots), GFP_KERNEL);
	if (!rx->slots)
		goto destroy_ring;
	for (i = 0; i < rx->ring.num_slots; i++) {
		err = rx_alloc_buffer(xv, &rx->slots[i]);
		if (err)
			goto free_buffers;
	}
	return 0;

free_buffers:
	rx_free_buffers(xv);
destroy_ring:
	xvio_ring_destroy(&rx->ring);
	return err;
}

void xvio_rx_destroy(struct xvio *xv)
{
	rx_free_buffers(xv);
	xvio_ring_destroy(&xv->pair.rx.ring);
}

static void rx_post_free_slots(struct xvio_rx *rx)
{
	int slot;

	while ((slot = xvio_ring_get_slot(&rx->ring)) >= 0) {
		dma_sync_single_for_device(&rx->ring.xv->pdev->dev, rx->slots[slot].dma,
					   rx->buf_bytes, DMA_FROM_DEVICE);
		xvio_ring_set_desc(&rx->ring, slot, 0, rx->slots[slot].dma, rx->buf_bytes,
				   VRING_DESC_F_WRITE);
		xvio_ring_post(&rx->ring, slot);
	}
}

void xvio_rx_fill(struct xvio_rx *rx)
{
	rx_post_free_slots(rx);
	xvio_ring_kick(&rx->ring);
}

/* A packet of netdev, with its Ethernet header passed over; room for it to become bytes long. */
static struct sk_buff *rx_make_skb(struct xvio *xv, struct net_device *netdev, const void *frame,
				   u32 len_bytes, u32 bytes)
{
	struct sk_buff *skb = napi_alloc_skb(&xv->pair.napi, max(len_bytes, bytes));

	if (!skb)
		return NULL;
	skb_put_data(skb, frame, len_bytes);
	skb->dev = netdev;
	skb->protocol = eth_type_trans(skb, netdev);
	return skb;
}

/* A copy for those who look at samples. The representor need not be up. */
static void rx_sample(struct xvio *xv, struct xvio_repr *repr, const struct xvio_pkt_meta *meta,
		      u32 len_bytes)
{
	u32 frame_bytes = min(le32_to_cpu(meta->frame_bytes), RX_MAX_SAMPLED_BYTES);
	struct sk_buff *skb;

	skb = rx_make_skb(xv, repr->netdev, meta + 1, len_bytes, frame_bytes);
	if (!skb)
		return;
	xvio_trap_report(xv, xv->trap_sampled, repr, skb);
	skb_push(skb, ETH_HLEN);
	xvio_sample_deliver(xv, repr->netdev, skb, le32_to_cpu(meta->arg), frame_bytes);
	dev_consume_skb_any(skb);
}

/* repr: NULL for the PF's own packets. */
static void rx_deliver(struct xvio *xv, struct net_device *netdev, struct xvio_repr *repr,
		       const struct xvio_pkt_meta *meta, u32 len_bytes)
{
	const u32 chain = le32_to_cpu(meta->arg);
	struct sk_buff *skb = NULL;

	if (netif_running(netdev))
		skb = rx_make_skb(xv, netdev, meta + 1, len_bytes, 0);
	if (!skb) {
		dev_core_stats_rx_dropped_inc(netdev);
		return;
	}
	skb->mark = le32_to_cpu(meta->mark);
	skb->priority = le32_to_cpu(meta->priority);
	/* At chain 0 software would do what the card has done already */
	if (repr && chain && chain != XVIO_CHAIN_POLICED && !xvio_tc_chain_set(skb, chain)) {
		dev_core_stats_rx_dropped_inc(netdev);
		dev_kfree_skb_any(skb);
		return;
	}
	if (repr && meta->flags & XVIO_META_F_TRAP)
		xvio_trap_report(xv, xv->trap_trapped, repr, skb);
	dev_sw_netstats_rx_add(netdev, len_bytes);
	napi_gro_receive(&xv->pair.napi, skb);
}

/* In NAPI, hence under RCU. */
static void rx_packet(struct xvio *xv, const void *buf, u32 len_bytes)
{
	const struct xvio_pkt_meta *meta = buf;
	struct xvio_repr *repr;

	len_bytes -= sizeof(*meta);
	if (!(meta->flags & XVIO_META_F_REPR)) {
		rx_deliver(xv, xv->netdev, NULL, meta, len_bytes);
		return;
	}
	repr = xa_load(&xv->reprs, le16_to_cpu(meta->port));
	if (!repr)
		return;
	if (meta->flags & XVIO_META_F_SAMPLE)
		rx_sample(xv, repr, meta, len_bytes);
	else
		rx_deliver(xv, repr->netdev, repr, meta, len_bytes);
}

int xvio_rx_poll(struct xvio *xv, int budget)
{
	struct xvio_rx *rx = &xv->pair.rx;
	u32 len_bytes;
	int done, slot;

	for (done = 0; done < budget; done++) {
		slot = xvio_ring_take(&rx->ring, &len_bytes);
		if (slot < 0)
			break;
		dma_sync_single_for_cpu(&xv->pdev->dev, rx->slots[slot].dma, rx->buf_bytes,
					DMA_FROM_DEVICE);
		if (len_bytes >= sizeof(struct xvio_pkt_meta) + ETH_HLEN &&
		    len_bytes <= rx->buf_bytes)
			rx_packet(xv, rx->slots[slot].buf, len_bytes);
		else
			dev_core_stats_rx_dropped_inc(xv->netdev);
	}
	if (done)
		xvio_rx_fill(rx);
	return done;
}
