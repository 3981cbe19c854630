/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Virtqueues (virtq.h): their memory, access to what the driver's addresses name, and the used ring.
 * How chains are fetched is in virtq_split.c. Worker core of the queue, but for create and destroy.
 */
#include "path/virtq.h"

#include "lib/bits.h"
#include "lib/heap.h"

static void *virtq_carve(uint8_t **room, size_t len_bytes)
{
	void *part = *room;

	*room += bits_align_up(len_bytes, 64);
	return part;
}

struct virtq *virtq_create(const struct virtq_config *config)
{
	size_t size = config->size;
	struct virtq *vq;
	uint8_t *room;

	if (!bits_is_power_of_two(size) || size < 2 || size > VIRTQ_MAX_SIZE)
		return NULL;
	room = heap_alloc(sizeof(*vq) + VIRTQ_FETCH_MAX * sizeof(*vq->window) + 6 * 64 +
			  size * (sizeof(*vq->chain) + sizeof(*vq->seg) + sizeof(*vq->table) +
				  sizeof(*vq->used)));
	if (!room)
		return NULL;
	vq = virtq_carve(&room, sizeof(*vq));
	vq->chain = virtq_carve(&room, size * sizeof(*vq->chain));
	vq->seg = virtq_carve(&room, size * sizeof(*vq->seg));
	vq->table = virtq_carve(&room, size * sizeof(*vq->table));
	vq->used = virtq_carve(&room, size * sizeof(*vq->used));
	vq->window = virtq_carve(&room, VIRTQ_FETCH_MAX * sizeof(*vq->window));
	vq->config = *config;
	vq->published = config->last_avail;
	vq->taken = config->last_avail;
	vq->fetched = config->last_avail;
	vq->pending = true;
	return vq;
}

void virtq_destroy(struct virtq *vq)
{
	heap_free(vq);
}

void virtq_fail(struct virtq *vq, uint8_t error)
{
	if (!vq->error)
		vq->error = error;
}

bool virtq_dma(struct virtq *vq, struct dma_list *dma, uint64_t iova, void *card,
	       uint32_t len_bytes, uint8_t dir)
{
	uint32_t perm = dir == HAL_DMA_READ ? XVIO_MAP_READ : XVIO_MAP_WRITE;
	struct hal_dma_op op = {.function = vq->config.function, .dir = dir, .card = card};

	while (len_bytes) {
		op.len_bytes = len_bytes;
		if (!iotlb_translate(vq->config.map, iova, perm, &op.host_addr, &op.len_bytes)) {
			virtq_fail(vq, XVIO_RING_ERR_ADDRESS);
			return false;
		}
		dma_add(dma, &op, &vq->dma_failed);
		iova += op.len_bytes;
		op.card = (uint8_t *)op.card + op.len_bytes;
		len_bytes -= op.len_bytes;
	}
	return true;
}

bool virtq_copy(struct virtq *vq, struct dma_list *dma, const struct virtq_chain *chain,
		uint32_t offset_bytes, void *card, uint32_t len_bytes)
{
	uint8_t dir = vq->config.role == VIRTQ_FROM_DRIVER ? HAL_DMA_READ : HAL_DMA_WRITE;
	uint8_t *at = card;
	unsigned i;

	for (i = 0; i < chain->num_segs && len_bytes; i++) {
		const struct virtq_seg *seg =
			&vq->seg[(chain->first_seg + i) & (vq->config.size - 1u)];
		uint32_t piece_bytes;

		if (offset_bytes >= seg->len_bytes) {
			offset_bytes -= seg->len_bytes;
			continue;
		}
		piece_bytes = bits_min(seg->len_bytes - offset_bytes, len_bytes);
		if (!virtq_dma(vq, dma, seg->iova + offset_bytes, at, piece_bytes, dir))
			return false;
		at += piece_bytes;
		len_bytes -= piece_bytes;
		offset_bytes = 0;
	}
	return true;
}

void virtq_take(struct virtq *vq, uint32_t len_bytes)
{
	const struct virtq_chain *chain = virtq_peek(vq, 0);

	vq->used[vq->taken & (vq->config.size - 1u)] =
		(struct virtq_used_elem){.id = chain->head, .len = len_bytes};
	vq->seg_cons += chain->num_segs;
	vq->taken++;
}

/*
 * In list order: elements, then the index that announces them (pairs with the driver's read of idx
 * before elements), then the read of flags (pairs with the driver's write of flags before its last
 * look at idx, 2.7.7).
 */
void virtq_publish(struct virtq *vq, struct dma_list *dma)
{
	const struct virtq_config *config = &vq->config;
	uint16_t at = vq->published;

	if (vq->error)
		return;
	while (at != vq->taken) {
		uint32_t first = at & (config->size - 1u);
		uint32_t num = bits_min((uint16_t)(vq->taken - at), config->size - first);
		uint64_t iova = config->device_iova + sizeof(struct virtq_used) +
				first * sizeof(struct virtq_used_elem);

		if (!virtq_dma(vq, dma, iova, &vq->used[first],
			       num * (uint32_t)sizeof(struct virtq_used_elem), HAL_DMA_WRITE))
			return;
		at = (uint16_t)(at + num);
	}
	vq->words.used_idx = vq->taken;
	if (virtq_dma(vq, dma, config->device_iova + offsetof(struct virtq_used, idx),
		      &vq->words.used_idx, sizeof(vq->words.used_idx), HAL_DMA_WRITE))
		virtq_dma(vq, dma, config->driver_iova + offsetof(struct virtq_avail, flags),
			  &vq->words.avail_flags, sizeof(vq->words.avail_flags), HAL_DMA_READ);
}

bool virtq_published(struct virtq *vq)
{
	if (vq->dma_failed)
		virtq_fail(vq, XVIO_RING_ERR_DMA);
	if (vq->error)
		return false;
	vq->published = vq->taken;
	return !(vq->words.avail_flags & VIRTQ_AVAIL_F_NO_INTERRUPT);
}
