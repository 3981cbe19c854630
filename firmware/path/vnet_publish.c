/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Telling drivers what was taken from their rings, once a round, and interrupting them: at once, or moderated
 * as they asked (coalesce.h). Runs on the port's worker core.
 */
#include <stdatomic.h>
#include <xvio/pci.h>
#include "hal/hal.h"
#include "path/core.h"
#include "path/vnet_queue.h"

static void vnet_raise(struct vnet_queue *queue)
{
	const struct virtq_config *config = &queue->vq->config;

	if (config->vector == XVIO_VECTOR_NONE)
		return;
	hal_msix(config->function, config->vector);
	stats_add_counter(&queue->count.interrupts, 1);
}

/*
 * The end of the round decides on one that is to wait. While one waits, the driver may come to wish for none;
 * that it is raised all the same it takes as it takes any that comes late.
 */
static void vnet_interrupt(struct core *core, struct vnet_queue *queue, uint32_t num)
{
	if (!coalesce_is_on(&queue->coalesce)) {
		vnet_raise(queue);
		return;
	}
	if (list_linked(&queue->held))
		return;
	coalesce_begin(&queue->coalesce, queue->vq->published - num, core->now_us);
	list_add_tail(&core->held, &queue->held);
}

void vnet_publish(struct core *core)
{
	struct list *link;
	struct list *next;

	if (list_empty(&core->publish))
		return;
	list_for_each_safe (link, next, &core->publish) {
		struct virtq *vq = list_entry(link, struct vnet_queue, publish)->vq;

		if (vq->taken != vq->published)
			virtq_publish(vq, &core->dma);
	}
	dma_run(&core->dma);
	/* Used entries, then the drivers' wishes: pairs with their barrier between these and a last look. */
	if (HAL_HOST_MAPPED)
		atomic_thread_fence(memory_order_seq_cst);
	list_for_each_safe (link, next, &core->publish) {
		struct vnet_queue *queue = list_entry(link, struct vnet_queue, publish);
		struct virtq *vq = queue->vq;
		uint32_t num = vq->taken - vq->published;

		list_remove(link);
		if (num && virtq_published(vq))
			vnet_interrupt(core, queue, num);
		if (vq->error)
			vnet_queue_failed(core, queue);
	}
}

void vnet_release(struct vnet_queue *queue)
{
	if (!list_linked(&queue->held))
		return;
	list_remove(&queue->held);
	vnet_raise(queue);
}

void vnet_raise_held(struct core *core)
{
	struct list *link;
	struct list *next;

	list_for_each_safe (link, next, &core->held) {
		struct vnet_queue *queue = list_entry(link, struct vnet_queue, held);

		if (coalesce_is_due(&queue->coalesce, queue->vq->published, core->now_us))
			vnet_release(queue);
		else
			core_wake_at(core, coalesce_until_us(&queue->coalesce));
	}
}
