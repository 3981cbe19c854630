/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fetching from split rings (virtio 1.2, 2.7): avail ring, then descriptors, for many queues at a
 * time. Ring words are copied once into card memory; all checks and all use are on the copy. Worker
 * core of the queues.
 */
#include "path/virtq.h"

#include <xvio/port.h>
#include "lib/bits.h"

static bool virtq_usable(struct virtq *vq)
{
	if (vq->dma_failed)
		virtq_fail(vq, XVIO_RING_ERR_DMA);
	return !vq->error;
}

static uint32_t virtq_room(const struct virtq *vq)
{
	return bits_min(VIRTQ_FETCH_MAX, vq->config.size - virtq_stock(vq));
}

/* The index, then the entries that it may announce (pairs with the driver's barrier between them). */
static void virtq_ask_avail(struct virtq *vq, struct dma_list *dma)
{
	const struct virtq_config *config = &vq->config;
	uint32_t first = vq->fetched & (config->size - 1u);
	uint32_t num = virtq_room(vq);
	uint32_t before_wrap = bits_min(num, config->size - first);
	uint64_t ring_iova = config->driver_iova + sizeof(struct virtq_avail);

	if (!virtq_dma(vq, dma, config->driver_iova + offsetof(struct virtq_avail, idx),
		       &vq->words.avail_idx, sizeof(vq->words.avail_idx), HAL_DMA_READ))
		return;
	if (before_wrap && !virtq_dma(vq, dma, ring_iova + first * sizeof(xvio_le16), vq->window,
				      before_wrap * (uint32_t)sizeof(xvio_le16), HAL_DMA_READ))
		return;
	if (num > before_wrap)
		virtq_dma(vq, dma, ring_iova, vq->window + before_wrap,
			  (num - before_wrap) * (uint32_t)sizeof(xvio_le16), HAL_DMA_READ);
}

/* Checks index and heads, and asks for the head descriptors; neighbours in one operation. */
static void virtq_ask_heads(struct virtq *vq, struct dma_list *dma)
{
	uint16_t in_flight = (uint16_t)(vq->words.avail_idx - vq->taken);
	uint32_t num_new;
	uint32_t i;
	uint32_t run;

	if (in_flight > vq->config.size || in_flight < virtq_stock(vq)) {
		virtq_fail(vq, XVIO_RING_ERR_INDEX);
		return;
	}
	num_new = bits_min(in_flight - virtq_stock(vq), virtq_room(vq));
	for (i = 0; i < num_new; i++) {
		if (vq->window[i] >= vq->config.size) {
			virtq_fail(vq, XVIO_RING_ERR_INDEX);
			return;
		}
	}
	for (i = 0; i < num_new; i += run) {
		uint16_t head = vq->window[i];

		for (run = 1; i + run < num_new && vq->window[i + run] == head + run; run++)
			;
		if (!virtq_dma(vq, dma,
			       vq->config.desc_iova + head * (uint64_t)sizeof(struct virtq_desc),
			       &vq->table[head], run * (uint32_t)sizeof(struct virtq_desc),
			       HAL_DMA_READ))
			return;
	}
	vq->num_new = (uint16_t)num_new;
}

/* If any chain goes on, asks for the whole table: one step, however long the chains are. */
static void virtq_ask_table(struct virtq *vq, struct dma_list *dma)
{
	uint32_t i;

	for (i = 0; i < vq->num_new; i++) {
		if (vq->table[vq->window[i]].flags & VIRTQ_DESC_F_NEXT) {
			virtq_dma(vq, dma, vq->config.desc_iova, vq->table,
				  vq->config.size * (uint32_t)sizeof(struct virtq_desc),
				  HAL_DMA_READ);
			return;
		}
	}
}

static uint8_t virtq_check_desc(const struct virtq *vq, const struct virtq_desc *desc)
{
	uint16_t wanted = vq->config.role == VIRTQ_TO_DRIVER ? VIRTQ_DESC_F_WRITE : 0;

	if (desc->flags & ~(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE))
		return XVIO_RING_ERR_FLAGS;
	if ((desc->flags & VIRTQ_DESC_F_WRITE) != wanted)
		return XVIO_RING_ERR_DIRECTION;
	if (!desc->len || desc->len > VIRTQ_MAX_CHAIN_BYTES)
		return XVIO_RING_ERR_LENGTH;
	return XVIO_RING_ERR_NONE;
}

/* Follows a chain through the copied table. */
static uint8_t virtq_parse_chain(struct virtq *vq, uint16_t head, struct virtq_chain *chain)
{
	uint32_t min_bytes = vq->config.hdr_bytes;
	uint16_t at = head;
	uint8_t error;

	if (vq->config.role == VIRTQ_TO_DRIVER)
		min_bytes += XVIO_MIN_FRAME_BYTES;
	*chain = (struct virtq_chain){.head = head, .first_seg = vq->seg_prod};
	for (;;) {
		const struct virtq_desc *desc = &vq->table[at];

		if (vq->seg_prod - vq->seg_cons == vq->config.size)
			return XVIO_RING_ERR_LOOP;
		error = virtq_check_desc(vq, desc);
		if (error)
			return error;
		vq->seg[vq->seg_prod++ & (vq->config.size - 1u)] =
			(struct virtq_seg){.iova = desc->addr, .len_bytes = desc->len};
		chain->num_segs++;
		chain->len_bytes += desc->len;
		if (chain->len_bytes > VIRTQ_MAX_CHAIN_BYTES)
			return XVIO_RING_ERR_LENGTH;
		if (!(desc->flags & VIRTQ_DESC_F_NEXT))
			break;
		at = desc->next;
		if (at >= vq->config.size)
			return XVIO_RING_ERR_INDEX;
	}
	return chain->len_bytes < min_bytes ? XVIO_RING_ERR_LENGTH : XVIO_RING_ERR_NONE;
}

static void virtq_parse(struct virtq *vq)
{
	uint32_t i;

	for (i = 0; i < vq->num_new; i++) {
		struct virtq_chain *chain = &vq->chain[vq->fetched & (vq->config.size - 1u)];
		uint8_t error = virtq_parse_chain(vq, vq->window[i], chain);

		if (error) {
			virtq_fail(vq, error);
			return;
		}
		vq->fetched++;
	}
	vq->pending = vq->fetched != vq->words.avail_idx;
}

void virtq_fetch(struct virtq *const *vqs, unsigned num, struct dma_list *dma)
{
	unsigned i;

	for (i = 0; i < num; i++) {
		vqs[i]->num_new = 0;
		if (virtq_usable(vqs[i]))
			virtq_ask_avail(vqs[i], dma);
	}
	dma_run(dma);
	for (i = 0; i < num; i++) {
		if (virtq_usable(vqs[i]))
			virtq_ask_heads(vqs[i], dma);
	}
	dma_run(dma);
	for (i = 0; i < num; i++) {
		if (virtq_usable(vqs[i]))
			virtq_ask_table(vqs[i], dma);
	}
	dma_run(dma);
	for (i = 0; i < num; i++) {
		if (virtq_usable(vqs[i]))
			virtq_parse(vqs[i]);
	}
}
