/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Which queues take part in a round, when their drivers may stay silent, and the packets of the transmit
 * queues into the card's memory. Runs on the port's worker core. (What they are: vnet_receive.c. To the
 * drivers: vnet_send.c.)
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

void vnet_activate(struct core *core, struct vnet_queue *queue)
{
	if (!list_linked(&queue->active))
		list_add_tail(&core->active, &queue->active);
}

void vnet_ring(struct core *core, uint32_t doorbell)
{
	struct vnet_queue *queue = vnet_doorbell[doorbell];

	if (!queue || queue->vq->error)
		return;
	stats_add_counter(&queue->count.notifications, 1);
	vnet_activate(core, queue);
}

void vnet_queue_failed(struct core *core, struct vnet_queue *queue)
{
	const struct virtq *vq = queue->vq;
	struct port *port = &queue->vnet->port;

	list_remove(&queue->active);
	if (!queue->running)
		return;
	queue->last_avail = virtq_position(vq);
	queue->error = vq->error;
	queue->running = false;
	stats_add(&port_row(port, core->number)->stats, virtq_error_stat(vq->error), 1);
	worker_notify(&(struct worker_notice){.type = XVIO_EVENT_QUEUE_ERROR,
					      .port = port->number,
					      .object = vq->config.doorbell,
					      .arg = vq->error});
}

/* From the driver */

#define VNET_WAIT_ROUNDS       64u /* for a burst to come together, at most */
#define VNET_WAIT_CYCLES       4096u /* the same: a few microseconds */
#define VNET_WAIT_EMPTY_ROUNDS 4u /* before the next look at an empty ring */

/*
 * A polled ring that had less than a burst is left to fill for a moment: to chase the driver descriptor by
 * descriptor costs both sides a cache line each time. One that had nothing is looked at sooner.
 */
static void vnet_wait_for_more(const struct core *core, struct vnet_queue *queue)
{
	uint32_t num = virtq_stock(queue->vq);

	if (num >= PKT_BURST)
		return;
	queue->waits_since = core->cycles;
	if (!num) {
		queue->num_waits = VNET_WAIT_EMPTY_ROUNDS;
		return;
	}
	queue->num_waits = VNET_WAIT_ROUNDS * (PKT_BURST - num) / PKT_BURST;
}

static bool vnet_waits(const struct core *core, struct vnet_queue *queue)
{
	if (!queue->num_waits || !worker_is_polling())
		return false;
	queue->num_waits--;
	if (core->cycles - queue->waits_since > VNET_WAIT_CYCLES)
		queue->num_waits = 0;
	return queue->num_waits;
}

/* A queue whose port has sent all that it may for now is left alone until it may send more. */
static bool vnet_is_throttled(struct core *core, struct meter *meter)
{
	if (!meter->bits_per_us)
		return false;
	meter_fill(meter, core->now_us);
	if (meter_is_open(meter))
		return false;
	core_wake_at(core, meter_opens_us(meter));
	return true;
}

/*
 * Chooses the active queues of this round, and fetches where the stock is empty or, for receive queues,
 * low. A chosen queue leaves the list; vnet_rest() or vnet_take() put it back if it is to be looked at
 * again.
 */
static unsigned vnet_choose(struct core *core, struct vnet_queue **looked_at)
{
	struct virtq *vqs[CORE_MAX_FETCHES];
	struct list *link;
	struct list *next;
	unsigned num = 0;

	core->num_queues = 0;
	list_for_each_safe (link, next, &core->active) {
		struct vnet_queue *queue = list_entry(link, struct vnet_queue, active);
		struct virtq *vq = queue->vq;
		bool brings_packets = vq->config.role == VIRTQ_FROM_DRIVER;

		if (num == CORE_MAX_FETCHES || core->num_queues == CORE_MAX_QUEUES) {
			core->busy |=
				!worker_is_polling(); /* the others' turn comes next: no sleep */
			break;
		}
		if (vnet_waits(core, queue) ||
		    (brings_packets && vnet_is_throttled(core, &queue->vnet->port.meter)))
			continue;
		list_remove(link);
		if (brings_packets)
			core->queue[core->num_queues++] = queue;
		if (virtq_stock(vq) < (brings_packets ? 1 : VNET_RX_STOCK_LOW)) {
			looked_at[num] = queue;
			vqs[num++] = vq;
		}
	}
	if (num)
		virtq_fetch(vqs, num, &core->dma);
	return num;
}

#define VNET_QUIET_STOCK 4u /* chains found at once that make a stream */

/*
 * What follows from a look at a queue's ring. A driver that sends a stream is told to be quiet, and its
 * queue is looked at in each round; when nothing came, it may ring again, and after one more look
 * the queue rests until it does. One that sends now and then rings each time, and the queue rests at
 * once; with an event index it has to be asked anew, as after a stream. Receive queues are always quiet: we
 * look when we need buffers.
 */
static void vnet_rest(struct core *core, struct vnet_queue *queue)
{
	struct virtq *vq = queue->vq;

	if (vq->error) {
		vnet_queue_failed(core, queue);
		return;
	}
	if (virtq_stock(vq)) {
		core->busy = true;
		if (!vq->quiet && (vq->config.event_idx || virtq_stock(vq) >= VNET_QUIET_STOCK))
			virtq_set_quiet(vq, &core->dma, true);
		if (worker_is_polling() && vq->config.role == VIRTQ_FROM_DRIVER)
			vnet_wait_for_more(core, queue);
		return;
	}
	if (vq->config.role == VIRTQ_TO_DRIVER)
		return;
	if (worker_is_polling()) {
		vnet_wait_for_more(core, queue);
		vnet_activate(core, queue);
	} else if (vq->quiet) {
		virtq_set_quiet(vq, &core->dma, false);
		vnet_activate(core, queue);
		core->busy = true;
	}
}

/* How much of a frame is asked for at once. */
static uint32_t vnet_first_bytes(uint32_t len_bytes)
{
	return HAL_HOST_MAPPED ? bits_min(len_bytes, PKT_SNAPSHOT_BYTES) : len_bytes;
}

static inline void vnet_fill_pkt(struct pkt *pkt, struct virtq *vq, const struct virtq_chain *chain,
				 uint32_t hdr_bytes, uint16_t in_port)
{
	pkt->len_bytes = chain->len_bytes - hdr_bytes;
	pkt->have_bytes = vnet_first_bytes(pkt->len_bytes);
	pkt->data = (HAL_HOST_MAPPED ? pkt->head : pkt->room) + PKT_FRAME_OFFSET;
	pkt->in_port = in_port;
	if (!HAL_HOST_MAPPED)
		return;
	pkt->vq = vq;
	pkt->chain = chain;
}

/*
 * Whether the header in front of a packet is read. Where no offload was negotiated it says nothing (5.1.6.2)
 * but the mark of host software, and where memory is mapped it costs a cache line of its own.
 */
static inline bool vnet_reads_header(const struct virtq *vq)
{
	return !HAL_HOST_MAPPED || vq->config.offloads ||
	       vq->config.hdr_bytes == sizeof(struct xvio_pkt_meta);
}

static inline void vnet_read_mapped(struct pkt *pkt, const struct virtq_chain *chain,
				    uint32_t hdr_bytes, bool reads_header)
{
	const uint8_t *from = hal_host_memory(chain->bus_addr);

	if (reads_header)
		copy_small(pkt->data - hdr_bytes, from, hdr_bytes);
	copy_small(pkt->data, from + hdr_bytes, pkt->have_bytes);
}

/*
 * Asks for the packets of up to num chains, header and all, or their beginnings. Returns of how many: the
 * next chain is not direct, or too long for a packet, or behind the wrap.
 */
static uint32_t vnet_ask_direct(struct core *core, struct vnet_queue *queue, struct pkt **slot,
				uint32_t first, uint32_t num)
{
	struct virtq *vq = queue->vq;
	const uint32_t hdr_bytes = vq->config.hdr_bytes;
	const uint32_t max_bytes = hdr_bytes + XVIO_MAX_FRAME_BYTES;
	const bool reads_header = vnet_reads_header(vq);
	const uint16_t in_port = queue->vnet->port.number;
	const uint32_t request = dma_request(HAL_DMA_READ, vq->config.function);
	struct hal_dma_op *op = HAL_HOST_MAPPED ? NULL : dma_reserve(&core->dma, num);
	const struct virtq_chain *begin = virtq_peek(vq, first);
	const struct virtq_chain *end = vq->chain + vq->mask + 1;
	const struct virtq_chain *chain;
	struct pkt **top = pkt_top(&core->pool);

	if (num < (uint32_t)(end - begin))
		end = begin + num;
	for (chain = begin; chain != end; chain++) {
		uint32_t len_bytes = chain->len_bytes;
		struct pkt *pkt;

		if (chain->num_segs || len_bytes > max_bytes)
			break;
		pkt = *--top;
		vnet_fill_pkt(pkt, vq, chain, hdr_bytes, in_port);
		if (HAL_HOST_MAPPED)
			vnet_read_mapped(pkt, chain, hdr_bytes, reads_header);
		else
			*op++ = (struct hal_dma_op){
				.host_addr = chain->bus_addr,
				.card = pkt->data - hdr_bytes,
				.flag = &vq->dma_failed,
				.len_bytes = len_bytes,
				.request = request,
			};
		*slot++ = pkt;
	}
	pkt_set_top(&core->pool, top);
	if (!HAL_HOST_MAPPED)
		dma_commit(&core->dma, op);
	return (uint32_t)(chain - begin);
}

/* The pool for the packet of a chain; NULL: it is too long for any. */
static struct pkt_pool *vnet_pool(struct core *core, const struct virtq *vq,
				  const struct virtq_chain *chain)
{
	const uint32_t len_bytes = chain->len_bytes - vq->config.hdr_bytes;

	if (len_bytes <= XVIO_MAX_FRAME_BYTES)
		return &core->pool;
	if (vq->config.offloads & OFFLOAD_GSO && len_bytes <= OFFLOAD_MAX_BYTES)
		return &core->large;
	return NULL;
}

/* As vnet_ask_direct() for one chain of any sort. */
static struct pkt *vnet_ask_pieces(struct core *core, struct vnet_queue *queue,
				   const struct virtq_chain *chain, struct pkt_pool *pool)
{
	struct virtq *vq = queue->vq;
	uint32_t hdr_bytes = vq->config.hdr_bytes;
	struct pkt *pkt = pkt_alloc(pool);

	vnet_fill_pkt(pkt, vq, chain, hdr_bytes, queue->vnet->port.number);
	if (vnet_reads_header(vq))
		virtq_copy(vq, &core->dma, chain, 0, pkt->data - hdr_bytes,
			   hdr_bytes + pkt->have_bytes);
	else
		virtq_copy(vq, &core->dma, chain, hdr_bytes, pkt->data, pkt->have_bytes);
	return pkt;
}

/* Pays for up to num chains of the stock, as long as their port may send; returns for how many. */
static uint32_t vnet_pay(struct meter *meter, const struct virtq *vq, uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num && meter_is_open(meter); i++)
		meter_take(meter, virtq_peek(vq, i)->len_bytes - vq->config.hdr_bytes);
	return i;
}

/* How many of num chains may be asked for now. */
static uint32_t vnet_affords(const struct vnet_queue *queue, uint32_t num)
{
	struct meter meter = queue->vnet->port.meter;

	return vnet_pay(&meter, queue->vq, num);
}

/* Asks for the packets in a queue's stock; those for which there is no room wait there. */
static void vnet_ask(struct core *core, struct vnet_queue *queue)
{
	struct virtq *vq = queue->vq;
	struct meter *meter = &queue->vnet->port.meter;
	uint32_t num = bits_min(bits_min(virtq_stock(vq), PKT_BURST), core->pool.num_free);
	uint32_t i = 0;

	if (vq->error)
		num = 0;
	if (meter->bits_per_us)
		num = vnet_affords(queue, num);
	while (i < num) {
		const struct virtq_chain *chain;
		struct pkt_pool *pool;

		i += vnet_ask_direct(core, queue, &queue->pkt[i], i, num - i);
		if (i == num)
			break;
		chain = virtq_peek(vq, i);
		pool = vnet_pool(core, vq, chain);
		if (pool && !pool->num_free) {
			core->busy =
				true; /* others have the packets, and do not say when they return them */
			break;
		}
		queue->pkt[i++] = pool ? vnet_ask_pieces(core, queue, chain, pool) : NULL;
	}
	queue->num_asked = i;
	if (meter->bits_per_us)
		vnet_pay(meter, vq, i);
}

/* After the packets have come: they are the card's now, and the chains will be the driver's. */
static void vnet_take(struct core *core, struct vnet_queue *queue)
{
	struct virtq *vq = queue->vq;

	if (vq->dma_failed)
		virtq_fail(vq, XVIO_RING_ERR_DMA);
	if (vq->error) {
		queue->num_asked = 0;
		vnet_queue_failed(core, queue);
		return;
	}
	virtq_take_read(vq, queue->num_asked);
	core->num_received += queue->num_asked;
	core->busy |= queue->num_asked > 0;
	if (queue->num_asked && !list_linked(&queue->publish))
		list_add_tail(&core->publish, &queue->publish);
	if (virtq_stock(vq) || vq->pending || (queue->num_asked && vq->quiet))
		vnet_activate(core, queue);
}

void vnet_fetch(struct core *core)
{
	struct vnet_queue *looked_at[CORE_MAX_FETCHES];
	unsigned num = vnet_choose(core, looked_at);
	unsigned num_asked = 0;
	unsigned i;

	for (i = 0; i < num; i++)
		vnet_rest(core, looked_at[i]);
	for (i = 0; i < core->num_queues; i++) {
		vnet_prefetch_to(core, core->queue[i]);
		vnet_ask(core, core->queue[i]);
		num_asked += core->queue[i]->num_asked;
	}
	if (num_asked)
		dma_run(&core->dma); /* else what is in the list goes with the next look */
	for (i = 0; i < core->num_queues; i++)
		vnet_take(core, core->queue[i]);
}
