/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Copies between host and card. Where host memory is mapped (hal.h) they happen at once; else they are
 * gathered in the core's list: the stages of a burst add to it for all their packets and queues,
 * then it is run once. Each operation names a flag that is set if the bus refuses it.
 */
#ifndef PATH_DMA_H
#define PATH_DMA_H

#include <stdint.h>
#include "hal/hal.h"
#include "lib/copy.h"

#define DMA_LIST_OPS 1024u

struct dma_list {
	unsigned num_ops;
	struct hal_dma_op op[DMA_LIST_OPS];
	uint8_t *failed[DMA_LIST_OPS]; /* set to 1 when the op of that number failed */
};

/* Runs what was added, in order. Nothing to do costs nothing. */
void dma_run(struct dma_list *list);

/* Adds an operation behind the others; runs those when there is no room, which keeps their order. */
static inline void dma_add(struct dma_list *list, const struct hal_dma_op *op, uint8_t *failed)
{
	if (list->num_ops == DMA_LIST_OPS)
		dma_run(list);
	list->op[list->num_ops] = *op;
	list->failed[list->num_ops] = failed;
	list->num_ops++;
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
		dma_add(list,
			&(struct hal_dma_op){.host_addr = bus_addr,
					     .card = card,
					     .len_bytes = len_bytes,
					     .function = function,
					     .dir = dir},
			failed);
}

#endif
