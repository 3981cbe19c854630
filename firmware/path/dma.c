/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* DMA lists (dma.h): one per worker core, used by that core alone; always empty where host memory is mapped. */
#include "path/dma.h"

void dma_run(struct dma_list *list)
{
	unsigned i;

	if (HAL_HOST_MAPPED)
		return;
	if (list->num_ops && hal_dma(list->op, list->num_ops)) {
		for (i = 0; i < list->num_ops; i++) {
			if (list->op[i].failed)
				*list->op[i].flag = 1;
		}
	}
	list->num_ops = 0;
}
