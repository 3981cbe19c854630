/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* DMA lists (dma.h): one per worker core, used by that core alone. */
#include "path/dma.h"

void dma_add(struct dma_list *list, const struct hal_dma_op *op, uint8_t *failed)
{
	if (list->num_ops == DMA_LIST_OPS)
		dma_run(list);
	list->op[list->num_ops] = *op;
	list->failed[list->num_ops] = failed;
	list->num_ops++;
}

void dma_run(struct dma_list *list)
{
	unsigned i;

	if (list->num_ops && hal_dma(list->op, list->num_ops)) {
		for (i = 0; i < list->num_ops; i++) {
			if (list->op[i].failed)
				*list->failed[i] = 1;
		}
	}
	list->num_ops = 0;
}
