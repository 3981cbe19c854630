/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the ring formats (virtq_split.c, virtq_packed.c) share: reading descriptors once, and checking
 * them. Worker core of the queue.
 */
#ifndef PATH_VIRTQ_RING_H
#define PATH_VIRTQ_RING_H

#include "lib/once.h"
#include "lib/prefetch.h"
#include "path/virtq.h"

extern const struct virtq_ops virtq_split_ops;
extern const struct virtq_ops virtq_packed_ops;

/*
 * Card copies of parts of a ring follow the guest's on HALs where host memory is not mapped; elsewhere
 * these do nothing, as the part is the guest's. offset_bytes is that of the part in its area. False, and
 * an error: an address outside the map.
 */
bool virtq_pull(struct virtq *vq, struct dma_list *dma, enum virtq_area area, uint64_t offset_bytes,
		void *part, uint32_t len_bytes);
bool virtq_push(struct virtq *vq, struct dma_list *dma, enum virtq_area area, uint64_t offset_bytes,
		void *part, uint32_t len_bytes);

/*
 * What a loop over descriptors keeps in registers to make direct chains: the place in the map where the
 * last address was found, and the bounds of a length.
 */
struct virtq_direct {
	uint64_t iova;
	uint64_t len_bytes;
	uint64_t bus_addr;
	uint32_t min_bytes;
	uint32_t span_bytes; /* of lengths that are good */
};

static inline struct virtq_direct virtq_direct(const struct virtq *vq)
{
	return (struct virtq_direct){
		.iova = vq->hit.iova,
		.len_bytes = vq->hit.len_bytes,
		.bus_addr = vq->hit.bus_addr,
		.min_bytes = vq->min_bytes,
		.span_bytes = VIRTQ_MAX_CHAIN_BYTES - vq->min_bytes,
	};
}

/* Makes a chain of a lone descriptor with the flags wanted. False: look at it the long way. */
static inline bool virtq_make_direct(const struct virtq_direct *direct, struct virtq_chain *chain,
				     uint64_t iova, uint32_t len_bytes, uint16_t id, uint16_t at)
{
	uint64_t offset = iova - direct->iova;

	if (len_bytes - direct->min_bytes > direct->span_bytes || offset >= direct->len_bytes ||
	    len_bytes > direct->len_bytes - offset)
		return false;
	chain->bus_addr = direct->bus_addr + offset;
	chain->len_bytes = len_bytes;
	chain->written_bytes = 0;
	chain->num_segs = 0;
	chain->num_descs = 1;
	chain->id = id;
	chain->at = at;
	return true;
}

/*
 * A chain the long way: begin, each descriptor with its flags (NEXT, WRITE), end. XVIO_RING_ERR_*. A lone
 * buffer that lies in one piece becomes a direct chain, and its place in the map is remembered.
 */
void virtq_begin_chain(struct virtq *vq, struct virtq_chain *chain);
uint8_t virtq_add_seg(struct virtq *vq, struct virtq_chain *chain, uint64_t iova,
		      uint32_t len_bytes, uint16_t flags);
uint8_t virtq_end_chain(struct virtq *vq, struct virtq_chain *chain);

/* A sender's packet behind a header at bus_addr will be read soon. */
static inline void virtq_prefetch_packet(uint64_t bus_addr, uint32_t hdr_bytes)
{
	const uint8_t *at = hal_host_memory(bus_addr);

	prefetch_read(at + hdr_bytes);
}

#endif
