/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A core's list of DMA operations: the stages of a burst add to it for all their packets and queues,
 * then it is run once. Each operation names a flag that is set if the bus refuses it.
 */
#ifndef PATH_DMA_H
#define PATH_DMA_H

#include <stdint.h>
#include "hal/hal.h"

#define DMA_LIST_OPS 1024u

struct dma_list {
	unsigned num_ops;
	struct hal_dma_op op[DMA_LIST_OPS];
	uint8_t *failed[DMA_LIST_OPS]; /* set to 1 when the op of that number failed */
};

/* Adds an operation behind the others; runs those when there is no room, which keeps their order. */
void dma_add(struct dma_list *list, const struct hal_dma_op *op, uint8_t *failed);

/* Runs what was added, in order. Nothing to do costs nothing. */
void dma_run(struct dma_list *list);

#endif
