/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the ring formats (virtq_split.c, virtq_packed.c) share: reading descriptors once, and checking
 * them. Worker core of the queue.
 */
#ifndef PATH_VIRTQ_RING_H
#define PATH_VIRTQ_RING_H

#include "lib/prefetch.h"
#include "path/virtq.h"

#define VIRTQ_CACHE_LINE 64u

extern const struct virtq_ops virtq_split_ops;
extern const struct virtq_ops virtq_packed_ops;

typedef uint64_t __attribute__((may_alias)) virtq_word;

/*
 * Card copies of ring parts follow the guest's on HALs where host memory is not mapped; elsewhere these do
 * nothing, as the part is the guest's. False, and an error: an address outside the map.
 */
bool virtq_pull(struct virtq *vq, struct dma_list *dma, uint64_t iova, void *part,
		uint32_t len_bytes);
bool virtq_push(struct virtq *vq, struct dma_list *dma, uint64_t iova, void *part,
		uint32_t len_bytes);

/* Looks an address up and remembers the map's entry. False: not there, or not for this queue's role. */
bool virtq_find(struct virtq *vq, uint64_t iova);

/* Whether all of a buffer lies in one piece on the bus; then where. No error is set if not. */
static inline bool virtq_is_direct(struct virtq *vq, uint64_t iova, uint32_t len_bytes,
				   uint64_t *bus_addr)
{
	uint64_t offset = iova - vq->hit.iova;

	if (offset >= vq->hit.len_bytes) {
		if (!virtq_find(vq, iova))
			return false;
		offset = iova - vq->hit.iova;
	}
	*bus_addr = vq->hit.bus_addr + offset;
	return len_bytes <= vq->hit.len_bytes - offset;
}

/*
 * Makes a chain of a lone descriptor, whose flags (NEXT, WRITE, INDIRECT) are as wanted, if it is sound
 * and direct. False: look at it the long way.
 */
static inline bool virtq_make_direct(struct virtq *vq, struct virtq_chain *chain, uint64_t iova,
				     uint32_t len_bytes, uint16_t flags)
{
	if (flags != vq->wanted_flags ||
	    len_bytes - vq->min_bytes > VIRTQ_MAX_CHAIN_BYTES - vq->min_bytes ||
	    !virtq_is_direct(vq, iova, len_bytes, &chain->bus_addr))
		return false;
	chain->len_bytes = len_bytes;
	chain->written_bytes = 0;
	chain->num_segs = 0;
	chain->num_descs = 1;
	return true;
}

/* The start of a chain the long way; virtq_add_seg() for each descriptor, virtq_end_chain(). */
void virtq_begin_chain(struct virtq *vq, struct virtq_chain *chain);
uint8_t virtq_add_seg(struct virtq *vq, struct virtq_chain *chain, uint64_t iova,
		      uint32_t len_bytes, uint16_t flags);
uint8_t virtq_end_chain(struct virtq *vq, struct virtq_chain *chain);

/* A sender's packet will be read soon. */
static inline void virtq_prefetch_chain(const struct virtq *vq, const struct virtq_chain *chain)
{
	const uint8_t *at;

	if (!HAL_HOST_MAPPED || vq->config.role != VIRTQ_FROM_DRIVER || chain->num_segs)
		return;
	at = hal_host_memory(chain->bus_addr);
	prefetch_read(at);
	prefetch_read(at + VIRTQ_CACHE_LINE);
}

#endif
