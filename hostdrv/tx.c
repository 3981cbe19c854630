// SPDX-License-Identifier: GPL-2.0
/*
 * Packets from the host to the card, from all netdevs through one queue. Senders run under their
 * netdev's queue lock and take the ring's lock here, as does NAPI when it reclaims.
 */
#include <linux/etherdevice.h>

#include "xvio.h"

#define TX_RING_SIZE	  1024u
#define TX_DESCS_PER_SLOT 2u /* struct xvio_pkt_meta, the frame */
#define TX_QUEUE	  1u

int xvio_tx_create(struct xvio *xv)
{
	u16 size = min_t(u16, TX_RING_SIZE, le16_to_cpu(xv->info.max_queue_size));
	struct xvio_tx *tx = &xv->pair.tx;
	int err;

	spin_lock_init(&tx->lock);
	err = xvio_ring_create(xv, &tx->ring, TX_QUEUE, size, TX_DESCS_PER_SLOT);
	if (err)
		return err;
	err = -ENOMEM;
	tx->slots = kcalloc(tx->ring.num_slots, sizeof(*tx->slots), GFP_KERNEL);
	if (!tx->slots)
		goto destroy_ring;
	tx->meta = dma_alloc_coherent(&xv->pdev->dev, tx->ring.num_slots * sizeof(*tx->meta),
				      &tx->meta_dma, GFP_KERNEL);
	if (!tx->meta)
		goto free_slots;
	return 0;

free_slots:
	kfree(tx->slots);
destroy_ring:
	xvio_ring_destroy(&tx->ring);
	return err;
}

void xvio_tx_destroy(struct xvio *xv)
{
	struct xvio_tx *tx = &xv->pair.tx;

	dma_free_coherent(&xv->pdev->dev, tx->ring.num_slots * sizeof(*tx->meta), tx->meta,
			  tx->meta_dma);
	kfree(tx->slots);
	xvio_ring_destroy(&tx->ring);
}

static void tx_unmap(struct xvio_tx *tx, struct xvio_tx_slot *slot)
{
	dma_unmap_single(&tx->ring.xv->pdev->dev, slot->dma, slot->skb->len, DMA_TO_DEVICE);
}

void xvio_tx_flush(struct xvio_tx *tx)
{
	unsigned int i;

	for (i = 0; i < tx->ring.num_slots; i++) {
		if (!tx->slots[i].skb)
			continue;
		tx_unmap(tx, &tx->slots[i]);
		dev_kfree_skb_any(tx->slots[i].skb);
		tx->slots[i].skb = NULL;
	}
	tx->stopped = false;
}

void xvio_tx_freeze(struct xvio *xv)
{
	spin_lock_bh(&xv->pair.tx.lock);
	xv->pair.tx.frozen = true;
	spin_unlock_bh(&xv->pair.tx.lock);
}

/* Fills a free slot with skb and gives it to the card. */
static void tx_post(struct xvio_tx *tx, int slot, struct sk_buff *skb, dma_addr_t dma, u16 port,
		    u8 meta_flags)
{
	struct xvio_pkt_meta *meta = &tx->meta[slot];

	*meta = (struct xvio_pkt_meta){.port = cpu_to_le16(port), .flags = meta_flags};
	tx->slots[slot].skb = skb;
	tx->slots[slot].dma = dma;
	xvio_ring_set_desc(&tx->ring, slot, 0, tx->meta_dma + slot * sizeof(*meta), sizeof(*meta),
			   0);
	xvio_ring_set_desc(&tx->ring, slot, 1, dma, skb->len, 0);
	xvio_ring_post(&tx->ring, slot);
}

netdev_tx_t xvio_tx_send(struct xvio *xv, struct sk_buff *skb, u16 port, u8 meta_flags)
{
	struct net_device *netdev = skb->dev;
	struct xvio_tx *tx = &xv->pair.tx;
	unsigned int len = skb->len;
	dma_addr_t dma;
	int slot;

	dma = dma_map_single(&xv->pdev->dev, skb->data, len, DMA_TO_DEVICE);
	if (dma_mapping_error(&xv->pdev->dev, dma)) {
		dev_core_stats_tx_dropped_inc(netdev);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	spin_lock_bh(&tx->lock);
	slot = tx->frozen ? -1 : xvio_ring_get_slot(&tx->ring);
	if (slot < 0) {
		/* reclaim or thaw, under the same lock, will wake it */
		netif_stop_queue(netdev);
		tx->stopped = true;
		spin_unlock_bh(&tx->lock);
		dma_unmap_single(&xv->pdev->dev, dma, len, DMA_TO_DEVICE);
		return NETDEV_TX_BUSY;
	}
	skb_tx_timestamp(skb);
	tx_post(tx, slot, skb, dma, port, meta_flags);
	if (!tx->ring.num_free) {
		netif_stop_queue(netdev);
		tx->stopped = true;
	}
	xvio_ring_kick(&tx->ring);
	spin_unlock_bh(&tx->lock);
	dev_sw_netstats_tx_add(netdev, 1, len);
	return NETDEV_TX_OK;
}

static void tx_wake(struct net_device *netdev)
{
	if (netif_running(netdev) && netif_queue_stopped(netdev))
		netif_wake_queue(netdev);
}

static void tx_wake_all(struct xvio *xv)
{
	xv->pair.tx.stopped = false;
	rcu_read_lock();
	xvio_eswitch_for_each_netdev(xv, tx_wake);
	rcu_read_unlock();
}

void xvio_tx_thaw(struct xvio *xv)
{
	spin_lock_bh(&xv->pair.tx.lock);
	xv->pair.tx.frozen = false;
	tx_wake_all(xv);
	spin_unlock_bh(&xv->pair.tx.lock);
}

void xvio_tx_reclaim(struct xvio *xv)
{
	struct xvio_tx *tx = &xv->pair.tx;
	u32 len_bytes;
	int slot;

	spin_lock(&tx->lock);
	while ((slot = xvio_ring_take(&tx->ring, &len_bytes)) >= 0) {
		tx_unmap(tx, &tx->slots[slot]);
		dev_consume_skb_any(tx->slots[slot].skb);
		tx->slots[slot].skb = NULL;
	}
	if (tx->stopped && tx->ring.num_free && !tx->frozen)
		tx_wake_all(xv);
	spin_unlock(&tx->lock);
}
