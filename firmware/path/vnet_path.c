/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets through virtio ports: from the drivers' transmit queues into the round, and out to receive
 * queue 0 of each port. Runs on the port's worker core.
 */
#include <string.h>
#include <xvio/pci.h>
#include "hal/hal.h"
#include "lib/bits.h"
#include "path/core.h"
#include "path/vnet_queue.h"
#include "path/worker.h"

static struct vnet_queue *vnet_doorbell[XVIO_NUM_DOORBELLS];

void vnet_init(void)
{
	memset(vnet_doorbell, 0, sizeof(vnet_doorbell));
}

void vnet_set_doorbell(uint32_t doorbell, struct vnet_queue *queue)
{
	vnet_doorbell[doorbell] = queue;
}

static void vnet_activate(struct core *core, struct vnet_queue *queue)
{
	if (!list_linked(&queue->active))
		list_add_tail(&core->active, &queue->active);
}

void vnet_ring(struct core *core, uint32_t doorbell)
{
	struct vnet_queue *queue = vnet_doorbell[doorbell];

	if (!queue || queue->vq->error)
		return;
	queue->vq->pending = true;
	vnet_activate(core, queue);
}

void vnet_queue_failed(struct core *core, struct vnet_queue *queue)
{
	static const enum xvio_stat stat_of[XVIO_RING_ERR_NUM] = {
		[XVIO_RING_ERR_INDEX] = XVIO_STAT_RING_ERR_INDEX,
		[XVIO_RING_ERR_LOOP] = XVIO_STAT_RING_ERR_LOOP,
		[XVIO_RING_ERR_LENGTH] = XVIO_STAT_RING_ERR_LENGTH,
		[XVIO_RING_ERR_DIRECTION] = XVIO_STAT_RING_ERR_DIRECTION,
		[XVIO_RING_ERR_FLAGS] = XVIO_STAT_RING_ERR_FLAGS,
		[XVIO_RING_ERR_ADDRESS] = XVIO_STAT_RING_ERR_ADDRESS,
		[XVIO_RING_ERR_DMA] = XVIO_STAT_RING_ERR_DMA,
	};
	const struct virtq *vq = queue->vq;
	struct port *port = &queue->vnet->port;

	list_remove(&queue->active);
	if (!queue->running)
		return;
	queue->last_avail = vq->published;
	queue->error = vq->error;
	queue->running = false;
	stats_add(&port_row(port, core->number)->stats, stat_of[vq->error], 1);
	worker_notify(&(struct worker_notice){.type = XVIO_EVENT_QUEUE_ERROR,
					      .port = port->number,
					      .object = vq->config.doorbell,
					      .arg = vq->error});
}

/* From the driver */

/*
 * Chooses the active queues of this round; asks for their chains where the stock is empty or, for
 * receive queues, low. A queue leaves the list; vnet_take() puts it back if it has more.
 */
static void vnet_choose(struct core *core)
{
	struct vnet_queue *looked_at[CORE_MAX_FETCHES];
	struct virtq *vqs[CORE_MAX_FETCHES];
	struct list *link;
	struct list *next;
	unsigned num = 0;
	unsigned i;

	core->num_queues = 0;
	list_for_each_safe (link, next, &core->active) {
		struct vnet_queue *queue = list_entry(link, struct vnet_queue, active);
		struct virtq *vq = queue->vq;
		bool brings_packets = vq->config.role == VIRTQ_FROM_DRIVER;

		if (num == CORE_MAX_FETCHES || core->num_queues == CORE_MAX_QUEUES)
			break;
		list_remove(link);
		core->busy = true;
		if (brings_packets)
			core->queue[core->num_queues++] = queue;
		if (vq->pending && virtq_stock(vq) < (brings_packets ? 1 : VNET_RX_STOCK_LOW)) {
			looked_at[num] = queue;
			vqs[num++] = vq;
		}
	}
	if (num)
		virtq_fetch(vqs, num, &core->dma);
	for (i = 0; i < num; i++) {
		if (vqs[i]->error)
			vnet_queue_failed(core, looked_at[i]);
	}
}

/* Asks for the packets in a queue's stock, header and all. */
static void vnet_ask(struct core *core, struct vnet_queue *queue)
{
	struct virtq *vq = queue->vq;
	unsigned num = bits_min(virtq_stock(vq), PKT_BURST);

	queue->num_asked = 0;
	while (!vq->error && queue->num_asked < num) {
		const struct virtq_chain *chain = virtq_peek(vq, queue->num_asked);
		struct pkt *pkt = NULL;

		if (chain->len_bytes <= vq->config.hdr_bytes + XVIO_MAX_FRAME_BYTES) {
			pkt = pkt_alloc(&core->pool);
			if (!pkt)
				return;
			pkt->len_bytes = chain->len_bytes - vq->config.hdr_bytes;
			pkt->data = pkt->room + vq->config.hdr_bytes;
			if (!virtq_copy(vq, &core->dma, chain, 0, pkt->room, chain->len_bytes))
				return;
		}
		queue->pkt[queue->num_asked++] = pkt;
	}
}

/* After the packets have come: they are the card's now, and the chains the driver's. */
static void vnet_take(struct core *core, struct vnet_queue *queue)
{
	struct virtq *vq = queue->vq;
	unsigned i;

	if (vq->dma_failed)
		virtq_fail(vq, XVIO_RING_ERR_DMA);
	if (vq->error) {
		queue->num_asked = 0;
		vnet_queue_failed(core, queue);
		return;
	}
	for (i = 0; i < queue->num_asked; i++)
		virtq_take(vq, 0);
	if (queue->num_asked && !list_linked(&queue->publish))
		list_add_tail(&core->publish, &queue->publish);
	if (vq->pending || virtq_stock(vq))
		vnet_activate(core, queue);
}

void vnet_fetch(struct core *core)
{
	unsigned i;

	vnet_choose(core);
	for (i = 0; i < core->num_queues; i++)
		vnet_ask(core, core->queue[i]);
	dma_run(&core->dma);
	for (i = 0; i < core->num_queues; i++)
		vnet_take(core, core->queue[i]);
}

/* No offload is offered, so the header in front of a packet has nothing to say but its mark. */
static bool vnet_header_is_plain(const struct pkt *pkt)
{
	const struct virtio_net_hdr *hdr = (const struct virtio_net_hdr *)pkt->room;

	return !hdr->flags && !hdr->gso_type;
}

/* From host software: out of a port directly, for its representor. False: the mark is wrong. */
static bool vnet_send_marked(struct core *core, struct pkt *pkt, const struct xvio_pkt_meta *meta)
{
	struct output_mark none = {.port = meta->port};

	if (meta->flags != XVIO_META_F_REPR || meta->port == XVIO_PORT_PF ||
	    !port_exists(meta->port))
		return false;
	port_count(core, meta->port, XVIO_STAT_REPR_RX_PACKETS, 1);
	output_add(core, pkt, meta->port, none, NULL);
	return true;
}

static void vnet_receive_one(struct core *core, struct vnet_queue *queue, struct pkt *pkt)
{
	struct port *port = &queue->vnet->port;
	struct stats *stats = &port_row(port, core->number)->stats;
	bool is_pf = queue->vq->config.hdr_bytes == sizeof(struct xvio_pkt_meta);
	const struct xvio_pkt_meta *meta = (const struct xvio_pkt_meta *)pkt->room;

	pkt->in_port = port->number;
	stats_add(stats, XVIO_STAT_RX_BYTES, pkt->len_bytes);
	if (!port_is_up(port))
		stats_add(stats, XVIO_STAT_DROP_PORT_DOWN, 1);
	else if (!vnet_header_is_plain(pkt) || pkt->len_bytes < XVIO_MIN_FRAME_BYTES)
		stats_add(stats, XVIO_STAT_DROP_MALFORMED, 1);
	else if (!is_pf || !meta->flags)
		core->burst.pkt[core->burst.num++] = pkt;
	else if (!vnet_send_marked(core, pkt, meta))
		stats_add(stats, XVIO_STAT_DROP_BAD_META, 1);
}

void vnet_receive(struct core *core, struct vnet_queue *queue)
{
	struct stats *stats = &port_row(&queue->vnet->port, core->number)->stats;
	unsigned i;

	core->burst.num = 0;
	stats_add(stats, XVIO_STAT_RX_PACKETS, queue->num_asked);
	for (i = 0; i < queue->num_asked; i++) {
		if (queue->pkt[i])
			vnet_receive_one(core, queue, queue->pkt[i]);
		else
			stats_add(stats, XVIO_STAT_DROP_OVERSIZE, 1);
	}
}

/* To the driver */

static struct vnet_queue *vnet_receive_queue(struct port *port)
{
	return &list_entry(port, struct vnet, port)->queue[0];
}

static struct virtq *vnet_shortage(struct port *port, unsigned num)
{
	struct virtq *vq = vnet_receive_queue(port)->vq;

	return vq && !vq->error && vq->pending && virtq_stock(vq) < num ? vq : NULL;
}

/* A packet that cannot be delivered: why, and whose it is. */
static void vnet_drop(const struct core *core, const struct port *port, const struct virtq *vq,
		      const struct output *output)
{
	bool is_miss = output->meta.flags & XVIO_META_F_REPR;

	if (!vq && is_miss)
		port_count(core, output->meta.port, XVIO_STAT_DROP_NO_HOST, 1);
	else if (!vq)
		port_count(core, port->number, XVIO_STAT_DROP_PORT_DOWN, 1);
	else if (vq->error)
		port_count(core, port->number, XVIO_STAT_DROP_RING_ERROR, 1);
	else
		port_count(core, port->number, XVIO_STAT_DROP_NO_BUFFER, 1);
}

/* Header and frame into the next chain of the stock. False: no chain that is large enough. */
static bool vnet_send(struct core *core, struct virtq *vq, struct output *output)
{
	uint32_t hdr_bytes = vq->config.hdr_bytes;
	uint32_t len_bytes = hdr_bytes + output->pkt->len_bytes;
	const struct virtq_chain *chain = virtq_peek(vq, 0);

	if (!virtq_stock(vq) || chain->len_bytes < len_bytes)
		return false;
	if (!virtq_copy(vq, &core->dma, chain, 0, &output->meta, hdr_bytes) ||
	    !virtq_copy(vq, &core->dma, chain, hdr_bytes, output->pkt->data,
			output->pkt->len_bytes))
		return false;
	virtq_take(vq, len_bytes);
	return true;
}

static void vnet_transmit(struct core *core, struct port_row *row)
{
	struct vnet_queue *queue = vnet_receive_queue(row->port);
	struct virtq *vq = queue->vq;
	struct output *output;

	for (output = row->first; output; output = output->next) {
		output->sent = vq && !vq->error && vnet_send(core, vq, output);
		if (!output->sent)
			vnet_drop(core, row->port, vq, output);
	}
	if (!vq)
		return;
	if (!list_linked(&queue->publish))
		list_add_tail(&core->publish, &queue->publish);
	if (vq->pending && virtq_stock(vq) < VNET_RX_STOCK_LOW)
		vnet_activate(core, queue);
}

static void vnet_complete(struct core *core, struct port_row *row)
{
	const struct virtq *vq = vnet_receive_queue(row->port)->vq;
	const struct output *output;

	for (output = row->first; output; output = output->next) {
		if (!output->sent)
			continue;
		if (vq->error) {
			vnet_drop(core, row->port, vq, output);
			continue;
		}
		stats_add(&row->stats, XVIO_STAT_TX_PACKETS, 1);
		stats_add(&row->stats, XVIO_STAT_TX_BYTES, output->pkt->len_bytes);
		if (output->meta.flags & XVIO_META_F_REPR)
			port_count(core, output->meta.port, XVIO_STAT_REPR_TX_PACKETS, 1);
	}
}

void vnet_publish(struct core *core)
{
	struct list *link;
	struct list *next;

	list_for_each_safe (link, next, &core->publish) {
		struct virtq *vq = list_entry(link, struct vnet_queue, publish)->vq;

		if (vq->taken != vq->published)
			virtq_publish(vq, &core->dma);
	}
	dma_run(&core->dma);
	list_for_each_safe (link, next, &core->publish) {
		struct vnet_queue *queue = list_entry(link, struct vnet_queue, publish);
		struct virtq *vq = queue->vq;
		bool news = vq->taken != vq->published;

		list_remove(link);
		if (virtq_published(vq) && news && vq->config.vector != XVIO_VECTOR_NONE)
			hal_msix(vq->config.function, vq->config.vector);
		if (vq->error)
			vnet_queue_failed(core, queue);
	}
}

const struct port_ops vnet_port_ops = {
	.shortage = vnet_shortage,
	.transmit = vnet_transmit,
	.complete = vnet_complete,
};
