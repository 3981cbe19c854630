/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A virtqueue as the device sees it (virtio 1.2, 2.6): the one ring engine for guests and host. The
 * worker core that the queue is pinned to is its only user while it runs.
 */
#ifndef PATH_VIRTQ_H
#define PATH_VIRTQ_H

#include <stdint.h>
#include <stdbool.h>
#include <xvio/event.h>
#include <xvio/virtio.h>
#include "path/dma.h"
#include "path/iotlb.h"

#define VIRTQ_MAX_SIZE 1024u

enum virtq_role {
	VIRTQ_FROM_DRIVER, /* transmitq: chains of readable buffers, packets enter the card */
	VIRTQ_TO_DRIVER, /* receiveq: chains of writable buffers, packets leave the card */
};

/* What is fixed while a queue runs. Addresses are in the device's IOVA space (map says where). */
struct virtq_config {
	enum virtq_role role;
	uint16_t size; /* power of two, 2 .. VIRTQ_MAX_SIZE */
	uint16_t last_avail; /* go on with this available entry */
	uint16_t function; /* PCI requester */
	uint16_t vector; /* MSI-X or XVIO_VECTOR_NONE */
	uint32_t doorbell; /* its queue id */
	uint16_t hdr_bytes; /* in front of each packet: 12 virtio_net_hdr, 16 xvio_pkt_meta */
	uint64_t desc_iova;
	uint64_t driver_iova;
	uint64_t device_iova;
	const struct iotlb *map; /* lives until the queue is stopped or remapped */
};

#define VIRTQ_FETCH_MAX	      128u /* chains taken over from the avail ring at once */
#define VIRTQ_MAX_CHAIN_BYTES 0x100000u

/* A piece of a chain, checked for length and direction; the address is checked when it is used. */
struct virtq_seg {
	uint64_t iova;
	uint32_t len_bytes;
};

struct virtq_chain {
	uint16_t head;
	uint16_t num_segs;
	uint32_t first_seg; /* runs freely, modulo size */
	uint32_t len_bytes; /* of all segs */
};

/* Words that DMA reads into or writes from. */
struct virtq_words {
	xvio_le16 avail_idx;
	xvio_le16 avail_flags;
	xvio_le16 used_idx;
};

/*
 * Ring indices run freely: published <= taken <= fetched <= the driver's avail idx. Chains between
 * taken and fetched are the stock: parsed, checked, not begun. What is taken but not yet published
 * is finished at the end of the round. The queue is stopped by setting error, and never goes on.
 */
struct virtq {
	struct virtq_config config;
	uint8_t error; /* XVIO_RING_ERR_* */
	uint8_t dma_failed; /* set by dma_run() */
	bool pending; /* the avail ring may hold more than fetched */
	uint16_t published;
	uint16_t taken;
	uint16_t fetched;
	uint16_t num_new; /* between two steps of virtq_fetch() */
	uint32_t seg_prod, seg_cons;
	struct virtq_chain *chain; /* [size], of avail index i at i % size */
	struct virtq_seg *seg; /* [size]: a sound ring never has more descriptors in flight */
	struct virtq_desc *table; /* [size], copies */
	struct virtq_used_elem *used; /* [size], of used index i at i % size */
	xvio_le16 *window; /* [VIRTQ_FETCH_MAX], copies of avail ring entries */
	struct virtq_words words;
};

/* NULL: the size is not a power of two in range, or no memory. Core 0. */
struct virtq *virtq_create(const struct virtq_config *config);
void virtq_destroy(struct virtq *vq);

/*
 * Takes what the drivers have made available into the stock of each queue, for all queues together:
 * two DMA lists, three if a chain has more than one descriptor. Queues with an error are skipped; a
 * queue in which one is found gets it. Clears pending when nothing is left (2.7.13).
 */
void virtq_fetch(struct virtq *const *vqs, unsigned num, struct dma_list *dma);

/* Chains in stock, and the one at place i of them. */
static inline unsigned virtq_stock(const struct virtq *vq)
{
	return (uint16_t)(vq->fetched - vq->taken);
}

static inline const struct virtq_chain *virtq_peek(const struct virtq *vq, unsigned i)
{
	return &vq->chain[(vq->taken + i) & (vq->config.size - 1u)];
}

/*
 * Adds the copy of len_bytes between card memory and the chain, from offset_bytes on (both within the
 * chain): to the card on VIRTQ_FROM_DRIVER, else from it. False, and an error: an address outside the map.
 */
bool virtq_copy(struct virtq *vq, struct dma_list *dma, const struct virtq_chain *chain,
		uint32_t offset_bytes, void *card, uint32_t len_bytes);

/* Takes the oldest chain of the stock; it is used, with len_bytes written, when next published. */
void virtq_take(struct virtq *vq, uint32_t len_bytes);

/* Adds the writes that tell the driver what was taken, and the read of its interrupt wish. */
void virtq_publish(struct virtq *vq, struct dma_list *dma);

/* After the list was run. True: raise the queue's vector. */
bool virtq_published(struct virtq *vq);

/* Notes an error unless there is one already. Used by the engine's own files. */
void virtq_fail(struct virtq *vq, uint8_t error);

/* As virtq_copy(), for any of the queue's addresses. dir is HAL_DMA_READ or HAL_DMA_WRITE. */
bool virtq_dma(struct virtq *vq, struct dma_list *dma, uint64_t iova, void *card,
	       uint32_t len_bytes, uint8_t dir);

#endif
