/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets out to the drivers' receive queues, and telling drivers of all sorts what was taken from
 * their rings. Runs on the port's worker core.
 */
#include <string.h>
#include <xvio/pci.h>
#include "hal/hal.h"
#include "lib/bits.h"
#include "lib/hash.h"
#include "lib/prefetch.h"
#include "path/core.h"
#include "path/vnet_queue.h"

/* The header in front of a packet for a driver; with MRG_RXBUF not negotiated too (5.1.6.4.1). */
static const struct virtio_net_hdr vnet_plain_header = {.num_buffers = 1};

/* A flow's packets stay in one of the receive queues that run. NULL: none runs. */
static struct virtq *vnet_choose_queue(const struct vnet *vnet, const struct pkt *pkt)
{
	uint64_t hash;

	if (vnet->num_receive <= 1)
		return vnet->num_receive ? vnet->receive[0]->vq : NULL;
	hash = hash_words(&pkt->key.word[3], FLOW_KEY_WORDS - 3);
	return vnet->receive[(uint32_t)hash % vnet->num_receive]->vq;
}

void vnet_prefetch_to(struct core *core, const struct vnet_queue *from)
{
	uint32_t num = bits_min(virtq_stock(from->vq), PKT_BURST);
	struct vnet_queue *queue;
	const struct vnet *vnet;
	struct port *port;
	uint32_t i;

	if (!HAL_HOST_MAPPED || !num)
		return;
	port = port_get(from->vq->last_port);
	if (!port || port->ops != &vnet_port_ops || port->core != core->number)
		return;
	vnet = list_entry(port, struct vnet, port);
	queue = vnet->num_receive ? vnet->receive[0] : NULL;
	if (!queue || queue->vq->error)
		return;
	if (virtq_stock(queue->vq) < num)
		virtq_fetch(&queue->vq, 1, &core->dma);
	if (queue->vq->error)
		vnet_queue_failed(core, queue);
	for (i = 0; i < bits_min(num, virtq_stock(queue->vq)); i++) {
		const struct virtq_chain *chain = virtq_peek(queue->vq, i);
		uint8_t *to;

		if (chain->num_segs)
			continue;
		to = hal_host_memory(chain->bus_addr);
		prefetch_read(to);
		prefetch_write(to + queue->vq->config.hdr_bytes);
	}
}

_Static_assert(VNET_MAX_QUEUES / 2 <= PORT_MAX_SHORT, "receive queues");

/* Any of the queues may be the one that they all go to. */
static unsigned vnet_shortage(struct port *port, unsigned num, struct virtq **vqs)
{
	const struct vnet *vnet = list_entry(port, struct vnet, port);
	unsigned num_short = 0;
	unsigned i;

	for (i = 0; i < vnet->num_receive; i++) {
		struct virtq *vq = vnet->receive[i]->vq;

		if (!vq->error && virtq_stock(vq) < num)
			vqs[num_short++] = vq;
	}
	return num_short;
}

/* A packet that cannot be delivered: why, and whose it is. */
static void vnet_drop(const struct core *core, const struct port *port, const struct virtq *vq,
		      const struct output *output)
{
	bool is_miss = output->mark.flags & XVIO_META_F_REPR;

	if (!vq && is_miss)
		port_count(core, output->mark.port, XVIO_STAT_DROP_NO_HOST, 1);
	else if (!vq)
		port_count(core, port->number, XVIO_STAT_DROP_PORT_DOWN, 1);
	else if (vq->error)
		port_count(core, port->number, XVIO_STAT_DROP_RING_ERROR, 1);
	else
		port_count(core, port->number, XVIO_STAT_DROP_NO_BUFFER, 1);
}

/* Header, and the new destination if there is one; returns the length. */
static uint32_t vnet_make_prefix(const struct virtq *vq, struct output *output)
{
	struct xvio_pkt_meta meta = {
		.vnet_num_buffers = 1,
		.port = output->mark.port,
		.flags = output->mark.flags,
	};
	uint32_t hdr_bytes = vq->config.hdr_bytes;

	memcpy(output->prefix, &meta, hdr_bytes);
	if (!output->eth_dst)
		return hdr_bytes;
	memcpy(output->prefix + hdr_bytes, output->eth_dst, 6);
	return hdr_bytes + 6;
}

/* The part of a frame that is still in its sender's memory, from there to there. */
static bool vnet_move_rest(struct virtq *vq, const struct virtq_chain *chain, struct pkt *pkt)
{
	uint32_t from_bytes = pkt->vq->config.hdr_bytes + pkt->have_bytes;
	uint32_t to_bytes = vq->config.hdr_bytes + pkt->have_bytes;
	uint32_t rest_bytes = pkt->len_bytes - pkt->have_bytes;

	while (rest_bytes) {
		uint32_t from_piece, to_piece, num;
		uint64_t from, to;

		if (!virtq_locate(pkt->vq, pkt->chain, from_bytes, &from, &from_piece) ||
		    !virtq_locate(vq, chain, to_bytes, &to, &to_piece))
			return false;
		num = bits_min(rest_bytes, bits_min(from_piece, to_piece));
		memmove(hal_host_memory(to), hal_host_memory(from), num); /* may overlap */
		from_bytes += num;
		to_bytes += num;
		rest_bytes -= num;
	}
	return true;
}

/* By pieces of what the driver and the bus give. */
static bool vnet_write_pieces(struct core *core, struct virtq *vq, const struct virtq_chain *chain,
			      struct output *output, struct pkt *pkt)
{
	uint32_t prefix_bytes = vnet_make_prefix(vq, output);
	uint32_t skip_bytes = prefix_bytes - vq->config.hdr_bytes;

	return virtq_copy(vq, &core->dma, chain, 0, output->prefix, prefix_bytes) &&
	       virtq_copy(vq, &core->dma, chain, prefix_bytes, pkt->data + skip_bytes,
			  pkt->have_bytes - skip_bytes) &&
	       (pkt->have_bytes == pkt->len_bytes || vnet_move_rest(vq, chain, pkt));
}

/* Packet i of an output into the next chain of the stock, of any sort; counts why not. */
static void vnet_send(struct core *core, struct port_row *row, struct virtq *vq,
		      struct output *output, unsigned i)
{
	struct pkt *pkt = output->pkts[i];
	uint32_t len_bytes = pkt->len_bytes;
	bool sent = false;

	if (vq && !vq->error && virtq_stock(vq)) {
		const struct virtq_chain *chain = virtq_peek(vq, 0);

		len_bytes += vq->config.hdr_bytes;
		sent = chain->len_bytes >= len_bytes &&
		       vnet_write_pieces(core, vq, chain, output, pkt);
	}
	if (!sent) {
		output->unsent |= 1u << i;
		vnet_drop(core, row->port, vq, output);
		return;
	}
	virtq_take(vq, len_bytes);
	row->num_sent++;
	row->num_sent_bytes += pkt->len_bytes;
}

/* Where host memory is mapped. Receivers seldom clear headers: what is right is left alone. */
static inline bool vnet_write_mapped(struct virtq *vq, const struct virtq_chain *chain,
				     struct pkt *pkt, const uint8_t *eth_dst)
{
	uint8_t *to = hal_host_memory(chain->bus_addr);

	if (memcmp(to, &vnet_plain_header, sizeof(vnet_plain_header)) != 0)
		memcpy(to, &vnet_plain_header, sizeof(vnet_plain_header));
	to += sizeof(vnet_plain_header);
	copy_small(to, pkt->data, pkt->have_bytes);
	if (eth_dst)
		memcpy(to, eth_dst, 6);
	return pkt->have_bytes == pkt->len_bytes || vnet_move_rest(vq, chain, pkt);
}

/* Elsewhere a frame goes out with the header in front of it, in one operation. */
static inline void vnet_write_dma(struct hal_dma_op *op, uint32_t request, struct virtq *vq,
				  const struct virtq_chain *chain, const struct pkt *pkt,
				  const uint8_t *eth_dst, uint32_t len_bytes)
{
	if (eth_dst)
		memcpy(__builtin_assume_aligned(pkt->data, 2), __builtin_assume_aligned(eth_dst, 2),
		       6);
	*op = (struct hal_dma_op){
		.host_addr = chain->bus_addr,
		.card = pkt->data - sizeof(vnet_plain_header),
		.flag = &vq->dma_failed,
		.len_bytes = len_bytes,
		.request = request,
	};
}

/*
 * Whether packets of an output are of the sort that the two above can write, if they have headers. A frame
 * that is changed in place is nobody else's: a sole packet stands in one output, here or on the one core
 * that it was lent to, whose own core does not look at it until it is returned; and a frame in a MAC's slot
 * has no header in front.
 */
static inline bool vnet_is_simple(const struct output *output)
{
	return HAL_HOST_MAPPED || !output->eth_dst || output->mark.sole;
}

/* Where a row's sending stands: at one of an output's packets. */
struct vnet_place {
	struct output *output; /* NULL: at the end */
	struct pkt *const *slot;
};

/* At an output's first packet. */
static inline struct vnet_place vnet_begin(struct output *output)
{
	return (struct vnet_place){output, output ? output->pkts : NULL};
}

/* Where a queue's sending stands, for as long as all is simple. */
struct vnet_stream {
	struct virtq *vq;
	struct virtq_chain *chain; /* the next */
	const struct virtq_chain *end; /* of the stock, or the ring's wrap */
	uint32_t *written; /* of chain */
	struct hal_dma_op *op;
	uint32_t request;
	uint32_t num_bytes; /* sent, with headers */
	uint16_t port;
};

/* Sends packets of an output from a slot on, as long as packet and chain are simple. Returns where it ends. */
static inline struct pkt *const *vnet_send_output(struct vnet_stream *to,
						  const struct output *output,
						  struct pkt *const *slot, struct pkt *const *end)
{
	const uint8_t *eth_dst = output->eth_dst;

	if (!vnet_is_simple(output))
		return slot;
	for (; slot != end && to->chain != to->end; slot++) {
		struct pkt *pkt = *slot;
		uint32_t len_bytes = pkt->len_bytes + (uint32_t)sizeof(vnet_plain_header);

		if (to->chain->num_segs || to->chain->len_bytes < len_bytes ||
		    (!HAL_HOST_MAPPED && !pkt->has_header))
			break;
		if (!HAL_HOST_MAPPED)
			vnet_write_dma(to->op++, to->request, to->vq, to->chain, pkt, eth_dst,
				       len_bytes);
		else if (!vnet_write_mapped(to->vq, to->chain, pkt, eth_dst))
			break;
		if (HAL_HOST_MAPPED && pkt->vq)
			pkt->vq->last_port = to->port;
		*to->written = len_bytes;
		to->written += sizeof(*to->chain) / sizeof(*to->written);
		to->num_bytes += len_bytes;
		to->chain++;
	}
	return slot;
}

/* Sends from a place on as long as all is simple, on this side of the wrap; moves the place. */
static void vnet_send_simple(struct core *core, struct port_row *row, struct virtq *vq,
			     struct vnet_place *at)
{
	const uint32_t before_wrap = vq->mask + 1 - (vq->taken & vq->mask);
	struct virtq_chain *first = virtq_peek(vq, 0);
	struct vnet_stream to = {
		.vq = vq,
		.chain = first,
		.end = first + bits_min(virtq_stock(vq), before_wrap),
		.written = &first->used_half[virtq_len_half(vq)],
		.op = HAL_HOST_MAPPED ? NULL : dma_reserve(&core->dma, OUTPUT_MAX),
		.request = dma_request(HAL_DMA_WRITE, vq->config.function),
		.port = row->port->number,
	};
	struct vnet_place place = *at;
	uint32_t num;

	while (place.output) {
		struct pkt *const *end = place.output->pkts + place.output->num;

		place.slot = vnet_send_output(&to, place.output, place.slot, end);
		if (place.slot != end)
			break;
		place = vnet_begin(place.output->next);
	}
	*at = place;
	if (!HAL_HOST_MAPPED)
		dma_commit(&core->dma, to.op);
	num = (uint32_t)(to.chain - first);
	vq->taken += num;
	row->num_sent += num;
	row->num_sent_bytes += to.num_bytes - num * sizeof(vnet_plain_header);
}

static void vnet_transmit(struct core *core, struct port_row *row)
{
	struct vnet *vnet = list_entry(row->port, struct vnet, port);
	bool is_pf = row->port->number == XVIO_PORT_PF;
	struct vnet_place at = vnet_begin(row->first);
	unsigned i;

	row->num_sent = 0;
	row->num_sent_bytes = 0;
	while (at.output) {
		struct virtq *vq = vnet_choose_queue(vnet, *at.slot);

		if (vnet->num_receive == 1 && !is_pf && !vq->error)
			vnet_send_simple(core, row, vq, &at);
		if (!at.output)
			break;
		vnet_send(core, row, vq, at.output, (unsigned)(at.slot - at.output->pkts));
		if (++at.slot == at.output->pkts + at.output->num)
			at = vnet_begin(at.output->next);
	}
	for (i = 0; i < vnet->num_receive; i++) {
		struct vnet_queue *queue = vnet->receive[i];

		if (queue->vq->taken != queue->vq->published && !list_linked(&queue->publish))
			list_add_tail(&core->publish, &queue->publish);
		if (queue->vq->error)
			vnet_queue_failed(core, queue);
		else if (!HAL_HOST_MAPPED && virtq_stock(queue->vq) < VNET_RX_STOCK_LOW)
			vnet_activate(core, queue);
	}
}

/* The queue that an output's packet went to; NULL: it was not sent. Chosen again as it was in this round. */
static struct virtq *vnet_sent_to(const struct port_row *row, const struct output *output,
				  unsigned i)
{
	const struct vnet *vnet = list_entry(row->port, struct vnet, port);

	return output->unsent >> i & 1 ? NULL : vnet_choose_queue(vnet, output->pkts[i]);
}

/* What was written to a queue that failed is taken back, and counted as dropped. */
static void vnet_recount(const struct core *core, struct port_row *row)
{
	struct output *output;
	unsigned i;

	for (output = row->first; output; output = output->next) {
		for (i = 0; i < output->num; i++) {
			const struct virtq *vq = vnet_sent_to(row, output, i);

			if (!vq || !(vq->error || vq->dma_failed))
				continue;
			output->unsent |= 1u << i;
			vnet_drop(core, row->port, vq, output);
			row->num_sent--;
			row->num_sent_bytes -= output->pkts[i]->len_bytes;
		}
	}
}

static bool vnet_any_failed(const struct vnet *vnet)
{
	unsigned i;

	for (i = 0; i < vnet->num_receive; i++) {
		if (vnet->receive[i]->vq->error || vnet->receive[i]->vq->dma_failed)
			return true;
	}
	return false;
}

/* After vnet_recount(). */
static void vnet_count_misses(const struct core *core, const struct port_row *row)
{
	const struct output *output;
	unsigned i;

	for (output = row->first; output; output = output->next) {
		for (i = 0; output->mark.flags & XVIO_META_F_REPR && i < output->num; i++) {
			if (!(output->unsent >> i & 1))
				port_count(core, output->mark.port, XVIO_STAT_REPR_TX_PACKETS, 1);
		}
	}
}

static void vnet_complete(struct core *core, struct port_row *row)
{
	if (vnet_any_failed(list_entry(row->port, struct vnet, port)))
		vnet_recount(core, row);
	if (row->port->number == XVIO_PORT_PF)
		vnet_count_misses(core, row);
	stats_add(&row->stats, XVIO_STAT_TX_PACKETS, row->num_sent);
	stats_add(&row->stats, XVIO_STAT_TX_BYTES, row->num_sent_bytes);
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

const struct port_ops vnet_port_ops = {
	.shortage = vnet_shortage,
	.transmit = vnet_transmit,
	.complete = vnet_complete,
};
