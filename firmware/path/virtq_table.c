/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Tables of indirect descriptors (virtio 1.2, 2.7.5.3 and 2.8.7): they are copied to the card as a whole, then
 * looked at. Where host memory is not mapped the tables of many chains are asked for together; they stand one
 * behind the other, in the order of the chains. Worker core of the queue.
 */
#include "path/virtq_ring.h"

#define TABLE_DESC_BYTES ((uint32_t)sizeof(struct virtq_desc))

uint8_t virtq_table_check(const struct virtq *vq, uint32_t len_bytes, uint16_t flags)
{
	if (!vq->config.indirect || flags & ~(VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_WRITE))
		return XVIO_RING_ERR_FLAGS;
	if (!len_bytes || len_bytes % TABLE_DESC_BYTES)
		return XVIO_RING_ERR_LENGTH;
	return len_bytes / TABLE_DESC_BYTES > vq->config.size ? XVIO_RING_ERR_LENGTH
							      : XVIO_RING_ERR_NONE;
}

/* Copies a table behind those that are there. */
static bool table_copy(struct virtq *vq, struct dma_list *dma, uint64_t iova, uint32_t len_bytes)
{
	void *to = (struct virtq_desc *)vq->table + vq->tables_asked;

	vq->tables_asked += len_bytes / TABLE_DESC_BYTES;
	return virtq_read(vq, dma, iova, to, len_bytes);
}

void virtq_table_begin(struct virtq *vq, struct dma_list *dma, bool of_all)
{
	vq->tables_asked = vq->tables_used = 0;
	vq->tables_first = vq->fetched;
	vq->tables_of_all = of_all;
	table_copy(vq, dma, vq->table_iova, vq->table_bytes);
}

bool virtq_table_ask(struct virtq *vq, struct dma_list *dma, uint64_t iova, uint32_t len_bytes,
		     uint16_t flags)
{
	if (virtq_table_check(vq, len_bytes, flags) ||
	    len_bytes / TABLE_DESC_BYTES > vq->seg_mask + 1 - vq->tables_asked)
		return false;
	return table_copy(vq, dma, iova, len_bytes);
}

/* Whether the table of the chain that is being parsed was asked for. */
static bool table_is_here(const struct virtq *vq, const struct virtq_chain *chain,
			  uint32_t len_bytes)
{
	const uint32_t i = vq->fetched - vq->tables_first;

	return i < vq->tables_end - vq->tables_first &&
	       (i == 0 || !chain->num_segs || vq->tables_of_all) &&
	       len_bytes / TABLE_DESC_BYTES <= vq->tables_asked - vq->tables_used;
}

uint8_t virtq_table_get(struct virtq *vq, const struct virtq_chain *chain, uint64_t iova,
			uint32_t len_bytes, uint16_t flags, const void **table)
{
	uint8_t error = virtq_table_check(vq, len_bytes, flags);

	if (error)
		return error;
	if (HAL_HOST_MAPPED) {
		vq->tables_asked = vq->tables_used = 0;
		if (!table_copy(vq, NULL, iova, len_bytes))
			return XVIO_RING_ERR_ADDRESS;
	} else if (!table_is_here(vq, chain, len_bytes)) {
		vq->needs = VIRTQ_NEEDS_TABLES;
		vq->table_iova = iova;
		vq->table_bytes = len_bytes;
		return VIRTQ_LATER;
	}
	*table = (const struct virtq_desc *)vq->table + vq->tables_used;
	vq->tables_used += len_bytes / TABLE_DESC_BYTES;
	return XVIO_RING_ERR_NONE;
}
