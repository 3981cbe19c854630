/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Copies between host and card. Where host memory is mapped (hal.h) they happen at once; else they are
 * gathered in the core's list: the stages of a burst add to it for all their packets and queues,
 * then it is run once. Each operation names a flag that is set if the bus refuses it.
 */
#ifndef PATH_DMA_H
#define PATH_DMA_H

#include <stdbool.h>
#include <stdint.h>
#include "hal/hal.h"
#include "lib/copy.h"

#define DMA_LIST_OPS 1024u

struct dma_list {
	unsigned num_ops;
	struct hal_dma_op op[DMA_LIST_OPS]; /* *flag is set to 1 when the op failed */
};

/* Runs what was added, in order. Nothing to do costs nothing. */
void dma_run(struct dma_list *list);

/* Room for up to num (<= DMA_LIST_OPS) operations behind the others, which are run first if need be. */
static inline struct hal_dma_op *dma_reserve(struct dma_list *list, uint32_t num)
{
	if (list->num_ops > DMA_LIST_OPS - num)
		dma_run(list);
	return &list->op[list->num_ops];
}

/* Whether an operation more would run the list. */
static inline bool dma_is_full(const struct dma_list *list)
{
	return list->num_ops >= DMA_LIST_OPS;
}

/* Takes over what was written to the room of dma_reserve(), up to end. */
static inline void dma_commit(struct dma_list *list, const struct hal_dma_op *end)
{
	list->num_ops = (unsigned)(end - list->op);
}

/* hal_dma_op.request of a function's operations in direction dir. */
static inline uint32_t dma_request(uint8_t dir, uint16_t function)
{
	return function | (uint32_t)dir << 16;
}

static inline void dma_add(struct dma_list *list, uint8_t dir, uint16_t function, uint64_t bus_addr,
			   void *card, uint32_t len_bytes, uint8_t *failed)
{
	struct hal_dma_op *op = dma_reserve(list, 1);

	*op++ = (struct hal_dma_op){
		.host_addr = bus_addr,
		.card = card,
		.flag = failed,
		.len_bytes = len_bytes,
		.request = dma_request(dir, function),
	};
	dma_commit(list, op);
}

/* Copies len_bytes (> 0) in direction dir, HAL_DMA_READ or HAL_DMA_WRITE, as a function's request. */
static inline void dma_copy(struct dma_list *list, uint8_t dir, uint16_t function,
			    uint64_t bus_addr, void *card, uint32_t len_bytes, uint8_t *failed)
{
	if (HAL_HOST_MAPPED && dir == HAL_DMA_READ)
		copy_small(card, hal_host_memory(bus_addr), len_bytes);
	else if (HAL_HOST_MAPPED)
		copy_small(hal_host_memory(bus_addr), card, len_bytes);
	else
		dma_add(list, dir, function, bus_addr, card, len_bytes, failed);
}

#endif
