/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Life of virtio ports and their queues (vnet.h): called on core 0, each change is made on the port's
 * worker between two bursts.
 */
#include "path/vnet.h"

#include <stddef.h>
#include <xvio/pci.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/vnet_queue.h"
#include "path/worker.h"

/* What core 0 has a worker do. */
struct vnet_change {
	struct vnet_queue *queue;
	struct virtq *vq;
	const struct iotlb *map;
	uint8_t takes;
};

struct vnet *vnet_get(uint16_t number)
{
	struct port *port = port_get(number);

	if (!port || port->ops != &vnet_port_ops)
		return NULL;
	return list_entry(port, struct vnet, port);
}

static struct vnet_queue *vnet_get_queue(uint16_t number, unsigned index)
{
	struct vnet *vnet = vnet_get(number);

	return vnet && index < VNET_MAX_QUEUES ? &vnet->queue[index] : NULL;
}

bool vnet_add(uint16_t number, unsigned core, const uint8_t mac[6], uint16_t mtu)
{
	struct vnet *vnet = heap_alloc(sizeof(*vnet));
	unsigned i;

	if (!vnet)
		return false;
	for (i = 0; i < VNET_MAX_QUEUES; i++) {
		vnet->queue[i].vnet = vnet;
		vnet->queue[i].index = i;
		list_init(&vnet->queue[i].active);
		list_init(&vnet->queue[i].publish);
		list_init(&vnet->queue[i].held);
	}
	vnet->num_pairs = VNET_MAX_QUEUES / 2;
	vnet->port.number = number;
	vnet->port.core = core;
	vnet->port.ops = &vnet_port_ops;
	if (!port_register(&vnet->port, mac, mtu)) {
		heap_free(vnet);
		return false;
	}
	return true;
}

void vnet_remove(uint16_t number)
{
	struct vnet *vnet = vnet_get(number);
	unsigned i;

	if (!vnet)
		return;
	for (i = 0; i < VNET_MAX_QUEUES; i++)
		vnet_stop_queue(number, i);
	port_unregister(&vnet->port);
	heap_free(vnet);
}

/*
 * A new driver is silent from the start where we look anyway (vnet_rest() in vnet_path.c). Others are
 * asked to ring: what stands in their memory may be what another device told them.
 */
static void vnet_attach(void *arg)
{
	const struct vnet_change *change = arg;
	struct vnet_queue *queue = change->queue;
	struct core *core = core_self();
	struct virtq *vq = change->vq;

	queue->vq = vq;
	queue->error = XVIO_RING_ERR_NONE;
	queue->running = true;
	vnet_list_receive(queue->vnet);
	vnet_set_doorbell(vq->config.doorbell, queue);
	vnet_activate(core, queue);
	if (vq->error)
		vnet_queue_failed(core, queue);
	else
		virtq_set_quiet(vq, &core->dma,
				vq->config.role == VIRTQ_TO_DRIVER || worker_is_polling());
}

static void vnet_detach(void *arg)
{
	struct vnet_change *change = arg;
	struct vnet_queue *queue = change->queue;

	change->vq = queue->vq;
	if (!queue->vq)
		return;
	dma_run(&core_self()->dma); /* it may still name this queue's memory, and its driver's */
	queue->last_avail = virtq_position(queue->vq);
	vnet_release(queue);
	queue->vq = NULL;
	vnet_list_receive(queue->vnet);
	queue->running = false;
	vnet_set_doorbell(change->vq->config.doorbell, NULL);
	list_remove(&queue->active);
	list_remove(&queue->publish);
}

bool vnet_start_queue(uint16_t number, unsigned index, const struct virtq_config *config)
{
	struct vnet_change change = {.queue = vnet_get_queue(number, index)};
	unsigned core;

	if (!change.queue || config->doorbell >= XVIO_NUM_DOORBELLS ||
	    config->hdr_bytes > PKT_MAX_HEADER_BYTES ||
	    (config->offloads && config->hdr_bytes == sizeof(struct xvio_pkt_meta)))
		return false;
	vnet_stop_queue(number, index); /* after an error it still holds its memory */
	change.vq = virtq_create(config);
	if (!change.vq)
		return false;
	core = change.queue->vnet->port.core;
	hal_doorbell_bind(config->doorbell, core);
	worker_call(core, vnet_attach, &change);
	return true;
}

uint16_t vnet_stop_queue(uint16_t number, unsigned index)
{
	struct vnet_change change = {.queue = vnet_get_queue(number, index)};

	if (!change.queue)
		return 0;
	worker_call(change.queue->vnet->port.core, vnet_detach, &change);
	virtq_destroy(change.vq);
	return change.queue->last_avail;
}

struct vnet_queue_state vnet_queue_state(uint16_t number, unsigned index)
{
	const struct vnet_queue *queue = vnet_get_queue(number, index);
	struct vnet_queue_state state = {0};

	if (!queue)
		return state;
	state.running = queue->running;
	state.error = queue->error;
	if (!state.running)
		state.last_avail = queue->last_avail;
	return state;
}

static void vnet_remap(void *arg)
{
	const struct vnet_change *change = arg;
	struct vnet *vnet = change->queue->vnet;
	unsigned i;

	dma_run(&core_self()->dma); /* what is in it was translated by the old map */
	for (i = 0; i < VNET_MAX_QUEUES; i++) {
		struct vnet_queue *queue = &vnet->queue[i];

		if (!queue->vq)
			continue;
		if (virtq_stock(queue->vq)) /* forgotten now: fetch it again */
			vnet_activate(core_self(), queue);
		virtq_set_map(queue->vq, change->map);
		if (queue->vq->error)
			vnet_queue_failed(core_self(), queue);
	}
}

void vnet_set_map(uint16_t number, const struct iotlb *map)
{
	struct vnet_change change = {.queue = vnet_get_queue(number, 0), .map = map};

	if (change.queue)
		worker_call(change.queue->vnet->port.core, vnet_remap, &change);
}

static void vnet_change_takes(void *arg)
{
	const struct vnet_change *change = arg;

	change->queue->vnet->port.takes = change->takes;
}

void vnet_set_takes(uint16_t number, uint8_t offloads)
{
	struct vnet_change change = {.queue = vnet_get_queue(number, 0), .takes = offloads};

	if (change.queue)
		worker_call(change.queue->vnet->port.core, vnet_change_takes, &change);
}
