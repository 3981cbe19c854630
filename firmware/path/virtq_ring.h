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

/* A loop over descriptors has all registers to itself. */
#define VIRTQ_APART __attribute__((noinline))

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
 * Copies from the driver's memory, by pieces as the map has them (dma unused where that is mapped). False,
 * and an error: an address outside the map.
 */
bool virtq_read(struct virtq *vq, struct dma_list *dma, uint64_t iova, void *card,
		uint32_t len_bytes);

/* Asks for all descriptors. */
void virtq_ask_all(struct virtq *vq, struct dma_list *dma);

/* In virtq_chain.shape: one descriptor and no buffers apart; where the place stands. */
#define VIRTQ_SHAPE_DIRECT (UINT64_C(1) << 16)
#define VIRTQ_SHAPE_AT	   32

/*
 * What a loop over descriptors keeps in registers to make direct chains: the place in the map where the
 * last address was found, and the lengths that are good there.
 */
struct virtq_direct {
	uint64_t iova;
	uint64_t len_bytes;
	uint64_t bus_addr;
	uint64_t min_bytes;
	uint64_t num_lengths; /* from min_bytes up: none is longer than a chain, or the place */
	uint64_t shape; /* of the next chain */
};

/* at: of the first chain; those that follow it are in one piece with it, in the ring. */
static inline struct virtq_direct virtq_direct(const struct virtq *vq, uint16_t at)
{
	const uint64_t min_bytes = vq->min_bytes;
	uint64_t max_bytes = vq->hit.len_bytes;

	if (max_bytes > VIRTQ_MAX_CHAIN_BYTES)
		max_bytes = VIRTQ_MAX_CHAIN_BYTES;
	return (struct virtq_direct){
		.iova = vq->hit.iova,
		.len_bytes = vq->hit.len_bytes,
		.bus_addr = vq->hit.bus_addr,
		.min_bytes = min_bytes,
		.num_lengths = max_bytes < min_bytes ? 0 : max_bytes + 1 - min_bytes,
		.shape = VIRTQ_SHAPE_DIRECT | (uint64_t)at << VIRTQ_SHAPE_AT,
	};
}

/* Makes a chain of a lone descriptor with the flags wanted. False: look at it the long way. */
static inline bool virtq_make_direct(struct virtq_direct *direct, struct virtq_chain *chain,
				     uint64_t iova, uint64_t len_bytes, uint64_t used)
{
	uint64_t offset = iova - direct->iova;

	if (len_bytes - direct->min_bytes >= direct->num_lengths ||
	    offset > direct->len_bytes - len_bytes)
		return false;
	chain->bus_addr = direct->bus_addr + offset;
	chain->used = used;
	chain->shape = direct->shape;
	chain->len_bytes = (uint32_t)len_bytes;
	direct->shape += UINT64_C(1) << VIRTQ_SHAPE_AT;
	return true;
}

/* Instead of XVIO_RING_ERR_*: the chain is sound so far, but cannot be parsed to its end now. */
#define VIRTQ_LATER 0xffu

/*
 * A chain the long way: begin, each descriptor with its flags (NEXT, WRITE), end. XVIO_RING_ERR_*, or
 * VIRTQ_LATER: there is no room until chains of the stock are taken. A lone buffer that lies in one piece
 * becomes a direct chain, and its place in the map is remembered.
 */
void virtq_begin_chain(struct virtq *vq, struct virtq_chain *chain);
uint8_t virtq_add_seg(struct virtq *vq, struct virtq_chain *chain, uint64_t iova,
		      uint32_t len_bytes, uint16_t flags);
uint8_t virtq_end_chain(struct virtq *vq, struct virtq_chain *chain);

/* Whether a descriptor with INDIRECT (its flags, without packed marks) may name a table of this length. */
uint8_t virtq_table_check(const struct virtq *vq, uint32_t len_bytes, uint16_t flags);

/*
 * The copy of a table that the chain being parsed is made of: descriptors as in the ring. XVIO_RING_ERR_*, or
 * VIRTQ_LATER: it is not here, and needs says so. flags are those of the descriptor that names it.
 */
uint8_t virtq_table_get(struct virtq *vq, const struct virtq_chain *chain, uint64_t iova,
			uint32_t len_bytes, uint16_t flags, const void **table);

/*
 * Asks for the table that parse stopped for, then for those of later chains (of_all: whatever stands in front
 * of a table in its chain). False: none more. The caller sets tables_end.
 */
void virtq_table_begin(struct virtq *vq, struct dma_list *dma, bool of_all);
bool virtq_table_ask(struct virtq *vq, struct dma_list *dma, uint64_t iova, uint32_t len_bytes,
		     uint16_t flags);

/* A sender's packet behind a header at bus_addr will be read soon. */
static inline void virtq_prefetch_packet(uint64_t bus_addr, uint32_t hdr_bytes)
{
	const uint8_t *at = hal_host_memory(bus_addr);

	prefetch_read(at + hdr_bytes);
}

#endif
