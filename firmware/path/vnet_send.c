/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets out to the drivers' receive queues: those that the driver wants, into the queue that is right.
 * Runs on the port's worker core.
 */
#include <stddef.h>
#include <string.h>
#include <xvio/pci.h>
#include "hal/hal.h"
#include "lib/bits.h"
#include "lib/hash.h"
#include "lib/prefetch.h"
#include "path/core.h"
#include "path/rss.h"
#include "path/rxfilter.h"
#include "path/vnet_queue.h"

/* The header in front of a packet for a driver; with MRG_RXBUF not negotiated too (5.1.6.4.1). */
static const struct virtio_net_hdr vnet_plain_header = {.num_buffers = 1};

/* The hash that the driver asked for; none without rss. */
static struct rss_hash vnet_hash(const struct vnet *vnet, const struct pkt *pkt)
{
	if (!vnet->rss)
		return (struct rss_hash){0, VIRTIO_NET_HASH_REPORT_NONE};
	return rss_hash(vnet->rss, &pkt->key);
}

/*
 * A flow's packets stay in one of the receive queues that are in use, or go where the driver's table says
 * for that hash. NULL: none runs, or that one does not.
 */
static struct vnet_queue *vnet_choose_queue(struct vnet *vnet, const struct pkt *pkt,
					    struct rss_hash driver_hash)
{
	struct vnet_queue *queue;
	uint64_t hash;

	if (vnet->rss && !vnet->num_pairs) {
		queue = &vnet->queue[rss_queue(vnet->rss, driver_hash) * 2];
		return queue->vq ? queue : NULL;
	}
	if (vnet->num_receive <= 1)
		return vnet->num_receive ? vnet->receive[0] : NULL;
	hash = hash_words(&pkt->key.word[3], FLOW_KEY_WORDS - 3);
	return vnet->receive[(uint32_t)hash % vnet->num_receive];
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

#define VNET_MERGED_BYTES 1500u /* of a mergeable buffer, at a guess */

/* Any of the queues may be the one that they all go to; a long packet may fill many chains. */
static unsigned vnet_shortage(const struct port_row *row, struct virtq **vqs)
{
	const struct vnet *vnet = list_entry(row->port, struct vnet, port);
	const uint32_t num_more = row->long_bytes / VNET_MERGED_BYTES;
	unsigned num_short = 0;
	unsigned i;

	for (i = 0; i < vnet->num_receive; i++) {
		struct virtq *vq = vnet->receive[i]->vq;

		if (!vq->error &&
		    virtq_stock(vq) < row->num_outputs + (vq->config.mergeable ? num_more : 0))
			vqs[num_short++] = vq;
	}
	return num_short;
}

/* A packet that cannot be delivered: why, and whose it is. */
static void vnet_drop(const struct core *core, const struct port *port, struct vnet_queue *queue,
		      const struct output *output)
{
	bool is_miss = output->mark.flags & XVIO_META_F_REPR;

	if (queue)
		stats_add_counter(&queue->count.drops, 1);
	if (!queue && is_miss) {
		port_count(core, output->mark.port, XVIO_STAT_DROP_NO_HOST, 1);
	} else if (!queue) {
		port_count(core, port->number, XVIO_STAT_DROP_PORT_DOWN, 1);
	} else if (queue->vq->error) {
		port_count(core, port->number, XVIO_STAT_DROP_RING_ERROR, 1);
	} else {
		port_count(core, port->number, XVIO_STAT_DROP_NO_BUFFER, 1);
		stats_add_counter(&queue->count.drops_of_ring, 1);
	}
}

/* Memory for what goes out in front of a packet, until the DMA list was run. */
static uint8_t *vnet_prefix_room(struct core *core)
{
	if (!HAL_HOST_MAPPED)
		core->next_prefix = (core->next_prefix + 1) % DMA_LIST_OPS;
	return core->prefix[core->next_prefix];
}

/* A packet to be written, and what is to be told of it. */
struct vnet_letter {
	const struct output *output;
	struct pkt *pkt;
	struct rss_hash hash;
	uint32_t num_chains; /* that it fills */
};

/* What stands behind the header for host software. */
static void vnet_make_meta(const struct vnet_letter *letter, uint8_t *at)
{
	static const struct pkt_note none;
	const union output_mark *mark = &letter->output->mark;
	const struct pkt_note *note = mark->has_note ? &letter->pkt->note : &none;
	const uint32_t origin = mark->port | (uint32_t)mark->flags << 16;

	_Static_assert(offsetof(struct xvio_pkt_meta, flags) == 14, "rest");
	_Static_assert(sizeof(struct xvio_pkt_meta) == 16 + sizeof(*note), "a note is the rest");
	memcpy(at, &origin, sizeof(origin));
	memcpy(at + sizeof(origin), note, sizeof(*note));
}

/*
 * Header, and the new destination if there is one, at an even address; returns the length. All headers begin
 * with a struct virtio_net_hdr.
 */
static inline uint32_t vnet_make_prefix(const struct virtq *vq, const struct vnet_letter *letter,
					uint8_t *prefix)
{
	const struct output *output = letter->output;
	const uint32_t hdr_bytes = vq->config.hdr_bytes;
	uint8_t *at = __builtin_assume_aligned(prefix, 2);
	struct virtio_net_hdr header =
		output->mark.needs ? offload_header(letter->pkt) : vnet_plain_header;

	header.num_buffers = (uint16_t)letter->num_chains;
	memcpy(at, &header, sizeof(header));
	if (hdr_bytes == sizeof(struct virtio_net_hdr_hash)) {
		const uint64_t hash = letter->hash.value | (uint64_t)letter->hash.report << 32;

		_Static_assert(offsetof(struct virtio_net_hdr_hash, hash_report) == 16, "rest");
		memcpy(at + sizeof(header), &hash, sizeof(hash));
	} else if (hdr_bytes == sizeof(struct xvio_pkt_meta)) {
		vnet_make_meta(letter, at + sizeof(header));
	}
	if (!output->eth_dst)
		return hdr_bytes;
	memcpy(at + hdr_bytes, __builtin_assume_aligned(output->eth_dst, 2), 6);
	return hdr_bytes + 6;
}

/* A place in the chains of a stock, where the next byte goes. */
struct vnet_sink {
	struct virtq *vq;
	uint32_t i; /* of the chain, in the stock */
	uint32_t at_bytes; /* in it */
};

/* The chain that has room for the next byte, and how much. */
static const struct virtq_chain *vnet_sink_chain(struct vnet_sink *to, uint32_t *room_bytes)
{
	const struct virtq_chain *chain = virtq_peek(to->vq, to->i);

	if (to->at_bytes == chain->len_bytes) {
		chain = virtq_peek(to->vq, ++to->i);
		to->at_bytes = 0;
	}
	*room_bytes = chain->len_bytes - to->at_bytes;
	return chain;
}

static bool vnet_put(struct core *core, struct vnet_sink *to, uint8_t *from, uint32_t len_bytes)
{
	while (len_bytes) {
		uint32_t room_bytes;
		const struct virtq_chain *chain = vnet_sink_chain(to, &room_bytes);
		uint32_t num = bits_min(len_bytes, room_bytes);

		if (!virtq_copy(to->vq, &core->dma, chain, to->at_bytes, from, num))
			return false;
		to->at_bytes += num;
		from += num;
		len_bytes -= num;
	}
	return true;
}

/* The part of a frame that is still in its sender's memory, from there to there. */
static bool vnet_move_rest(struct vnet_sink *sink, struct pkt *pkt)
{
	uint32_t from_bytes = pkt->vq->config.hdr_bytes + pkt->have_bytes;
	uint32_t rest_bytes = pkt->len_bytes - pkt->have_bytes;

	while (rest_bytes) {
		uint32_t from_piece, to_piece, num;
		const struct virtq_chain *chain = vnet_sink_chain(sink, &to_piece);
		uint64_t from, to;

		if (!virtq_locate(pkt->vq, pkt->chain, from_bytes, &from, &from_piece) ||
		    !virtq_locate(sink->vq, chain, sink->at_bytes, &to, &to_piece))
			return false;
		num = bits_min(rest_bytes, bits_min(from_piece, to_piece));
		memmove(hal_host_memory(to), hal_host_memory(from), num); /* may overlap */
		from_bytes += num;
		sink->at_bytes += num;
		rest_bytes -= num;
	}
	return true;
}

/* Whether a packet is nobody else's (vnet_is_simple()), and has room for any header in front of its frame. */
static bool vnet_has_headroom(const struct vnet_letter *letter)
{
	return !HAL_HOST_MAPPED && letter->output->mark.sole && letter->pkt->has_header;
}

/*
 * Into a chain that has room for it in one piece, with the header in front of the frame: one operation, where
 * memory is not mapped. False: packet or chain is of another sort.
 */
static inline bool vnet_write_whole(struct core *core, struct virtq *vq, struct vnet_letter *letter)
{
	const struct virtq_chain *chain = virtq_peek(vq, 0);
	const uint32_t hdr_bytes = vq->config.hdr_bytes;
	const uint32_t len_bytes = hdr_bytes + letter->pkt->len_bytes;
	uint8_t *prefix = letter->pkt->data - hdr_bytes;

	if (!virtq_stock(vq) || chain->num_segs || chain->len_bytes < len_bytes ||
	    !vnet_has_headroom(letter))
		return false;
	letter->num_chains = 1;
	vnet_make_prefix(vq, letter, prefix);
	dma_add(&core->dma, HAL_DMA_WRITE, vq->config.function, chain->bus_addr, prefix, len_bytes,
		&vq->dma_failed);
	virtq_take(vq, len_bytes);
	return true;
}

/* By pieces of what the driver and the bus give. */
static bool vnet_write_pieces(struct core *core, struct virtq *vq, const struct vnet_letter *letter)
{
	const uint32_t hdr_bytes = vq->config.hdr_bytes;
	const bool in_place = vnet_has_headroom(letter);
	struct pkt *pkt = letter->pkt;
	struct vnet_sink to = {.vq = vq};
	uint8_t *prefix = in_place ? pkt->data - hdr_bytes : vnet_prefix_room(core);
	uint32_t prefix_bytes = vnet_make_prefix(vq, letter, prefix);
	uint32_t skip_bytes = prefix_bytes - hdr_bytes;

	if (in_place)
		return vnet_put(core, &to, prefix, hdr_bytes + pkt->have_bytes);
	return vnet_put(core, &to, prefix, prefix_bytes) &&
	       vnet_put(core, &to, pkt->data + skip_bytes, pkt->have_bytes - skip_bytes) &&
	       (pkt->have_bytes == pkt->len_bytes || vnet_move_rest(&to, pkt));
}

#define VNET_MAX_REFILLS 8u /* looks at a ring for the chains of one packet */

/*
 * How many chains of the stock a packet fills, header and all: one, or where buffers are mergeable as many as
 * it takes (5.1.6.4.1); looks for more where the stock ends. 0: they are not there.
 */
static uint32_t vnet_num_chains(struct core *core, struct virtq *vq, uint32_t len_bytes)
{
	unsigned num_refills = 0;
	uint32_t room_bytes = 0;
	uint32_t num = 0;

	for (;;) {
		while (num < virtq_stock(vq) && room_bytes < len_bytes &&
		       (!num || vq->config.mergeable))
			room_bytes += virtq_peek(vq, num++)->len_bytes;
		if (room_bytes >= len_bytes)
			return num;
		if (!vq->config.mergeable || num_refills++ == VNET_MAX_REFILLS)
			return 0;
		virtq_fetch(&vq, 1, &core->dma);
		if (vq->error || num == virtq_stock(vq))
			return 0;
	}
}

/* The last chain is filled as far as the packet goes, the others are full. */
static void vnet_take_chains(struct virtq *vq, uint32_t num, uint32_t len_bytes)
{
	while (num--) {
		uint32_t written = bits_min(len_bytes, virtq_peek(vq, 0)->len_bytes);

		virtq_take(vq, written);
		len_bytes -= written;
	}
}

/* Into the next chains of a queue's stock, of any sort. False: it is not there, or its ring is bad. */
static bool vnet_write(struct core *core, const struct vnet_queue *queue,
		       struct vnet_letter *letter)
{
	struct virtq *vq = queue->vq;
	uint32_t len_bytes = vq->config.hdr_bytes + letter->pkt->len_bytes;

	if (vq->error)
		return false;
	if (vnet_write_whole(core, vq, letter))
		return true;
	letter->num_chains = vnet_num_chains(core, vq, len_bytes);
	if (!letter->num_chains || !vnet_write_pieces(core, vq, letter))
		return false;
	vnet_take_chains(vq, letter->num_chains, len_bytes);
	return true;
}

/* The driver, which has set a filter, wants the frame as it goes out. */
static inline bool vnet_is_wanted(const struct rxfilter *filter, const uint8_t *eth_dst,
				  const struct pkt *pkt)
{
	uint64_t word = eth_dst ? rxfilter_word(eth_dst) : rxfilter_word_of(&pkt->key);

	return rxfilter_passes(filter, word, &pkt->key);
}

/* Packet i of an output, whatever the driver wishes; counts why not. */
static void vnet_send(struct core *core, struct port_row *row, struct output *output, unsigned i)
{
	struct vnet *vnet = list_entry(row->port, struct vnet, port);
	struct vnet_letter letter = {.output = output, .pkt = output->pkts[i]};
	struct vnet_queue *queue;

	if (vnet->filter && !vnet_is_wanted(vnet->filter, output->eth_dst, letter.pkt)) {
		output->unsent |= 1u << i;
		stats_add(&row->stats, XVIO_STAT_DROP_FILTERED, 1);
		return;
	}
	letter.hash = vnet_hash(vnet, letter.pkt);
	queue = vnet_choose_queue(vnet, letter.pkt, letter.hash);
	if (!queue || !vnet_write(core, queue, &letter)) {
		output->unsent |= 1u << i;
		vnet_drop(core, row->port, queue, output);
		return;
	}
	row->num_sent++;
	row->num_sent_bytes += letter.pkt->len_bytes;
	vnet_count(queue, 1, letter.pkt->len_bytes);
}

/* Where a queue's sending stands, for as long as all is simple. */
struct vnet_stream {
	struct virtq *vq;
	const struct rxfilter *filter; /* NULL: none */
	struct virtq_chain *chain; /* the next */
	const struct virtq_chain *end; /* of the stock, or the ring's wrap */
	uint32_t *written; /* of chain */
	struct hal_dma_op *op;
	uint32_t request;
	uint32_t num_bytes; /* sent, with headers */
	uint16_t port;
};

static bool vnet_move_simple(const struct vnet_stream *stream, struct pkt *pkt)
{
	struct vnet_sink to = {
		.vq = stream->vq,
		.i = (uint32_t)(stream->chain - virtq_peek(stream->vq, 0)),
		.at_bytes = (uint32_t)sizeof(vnet_plain_header) + pkt->have_bytes,
	};

	return vnet_move_rest(&to, pkt);
}

/* Where host memory is mapped. Receivers seldom clear headers: what is right is left alone. */
static inline bool vnet_write_mapped(struct vnet_stream *to, struct pkt *pkt,
				     const struct virtio_net_hdr *header, const uint8_t *eth_dst)
{
	uint8_t *at = hal_host_memory(to->chain->bus_addr);

	if (memcmp(at, header, sizeof(*header)) != 0)
		memcpy(at, header, sizeof(*header));
	at += sizeof(*header);
	copy_small(at, pkt->data, pkt->have_bytes);
	if (eth_dst)
		memcpy(at, eth_dst, 6);
	return pkt->have_bytes == pkt->len_bytes || vnet_move_simple(to, pkt);
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

/*
 * Sends packets of an output from a slot on, as long as packet and chain are simple. Returns where it ends.
 * is_plain is a constant: the driver has no filter, and no header tells of needs unless it stands in front.
 */
static inline __attribute__((always_inline)) struct pkt *const *
vnet_send_output(struct vnet_stream *to, const struct output *output, struct pkt *const *slot,
		 struct pkt *const *end, const bool is_plain)
{
	const uint8_t *eth_dst = output->eth_dst;
	struct virtio_net_hdr header = vnet_plain_header;

	if (!vnet_is_simple(output))
		return slot;
	for (; slot != end && to->chain != to->end; slot++) {
		struct pkt *pkt = *slot;
		uint32_t len_bytes = pkt->len_bytes + (uint32_t)sizeof(vnet_plain_header);

		if (to->chain->num_segs || to->chain->len_bytes < len_bytes ||
		    (!HAL_HOST_MAPPED && !pkt->has_header) ||
		    (!is_plain && to->filter && !vnet_is_wanted(to->filter, eth_dst, pkt)))
			break;
		if (HAL_HOST_MAPPED && !is_plain && output->mark.needs)
			header = offload_header(pkt);
		if (!HAL_HOST_MAPPED)
			vnet_write_dma(to->op++, to->request, to->vq, to->chain, pkt, eth_dst,
				       len_bytes);
		else if (!vnet_write_mapped(to, pkt, is_plain ? &vnet_plain_header : &header,
					    eth_dst))
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
static void vnet_send_simple(struct core *core, struct port_row *row, struct vnet_queue *queue,
			     struct vnet_place *at)
{
	struct virtq *vq = queue->vq;
	const uint32_t before_wrap = vq->mask + 1 - (vq->taken & vq->mask);
	struct virtq_chain *first = virtq_peek(vq, 0);
	struct vnet_stream to = {
		.vq = vq,
		.filter = queue->vnet->filter,
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

		if (to.filter || (HAL_HOST_MAPPED && place.output->mark.needs))
			place.slot = vnet_send_output(&to, place.output, place.slot, end, false);
		else
			place.slot = vnet_send_output(&to, place.output, place.slot, end, true);
		if (place.slot != end)
			break;
		place = vnet_begin(place.output->next);
	}
	*at = place;
	if (!HAL_HOST_MAPPED)
		dma_commit(&core->dma, to.op);
	num = (uint32_t)(to.chain - first);
	vq->taken += num;
	to.num_bytes -= num * (uint32_t)sizeof(vnet_plain_header);
	row->num_sent += num;
	row->num_sent_bytes += to.num_bytes;
	vnet_count(queue, num, to.num_bytes);
}

static void vnet_transmit(struct core *core, struct port_row *row)
{
	struct vnet *vnet = list_entry(row->port, struct vnet, port);
	struct vnet_place at = vnet_begin(row->first);
	unsigned i;

	row->num_sent = 0;
	row->num_sent_bytes = 0;
	while (at.output) {
		if (vnet->is_simple && !vnet->receive[0]->vq->error)
			vnet_send_simple(core, row, vnet->receive[0], &at);
		if (!at.output)
			break;
		vnet_send(core, row, at.output, (unsigned)(at.slot - at.output->pkts));
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
static struct vnet_queue *vnet_sent_to(const struct port_row *row, const struct output *output,
				       unsigned i)
{
	struct vnet *vnet = list_entry(row->port, struct vnet, port);
	const struct pkt *pkt = output->pkts[i];

	if (output->unsent >> i & 1)
		return NULL;
	return vnet_choose_queue(vnet, pkt, vnet_hash(vnet, pkt));
}

/* What was written to a queue that failed is taken back, and counted as dropped. */
static void vnet_recount(const struct core *core, struct port_row *row)
{
	struct output *output;
	unsigned i;

	for (output = row->first; output; output = output->next) {
		for (i = 0; i < output->num; i++) {
			struct vnet_queue *queue = vnet_sent_to(row, output, i);
			uint32_t len_bytes = output->pkts[i]->len_bytes;

			if (!queue || !(queue->vq->error || queue->vq->dma_failed))
				continue;
			output->unsent |= 1u << i;
			vnet_drop(core, row->port, queue, output);
			row->num_sent--;
			row->num_sent_bytes -= len_bytes;
			vnet_count(queue, UINT64_C(0) - 1, UINT64_C(0) - len_bytes);
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

const struct port_ops vnet_port_ops = {
	.shortage = vnet_shortage,
	.transmit = vnet_transmit,
	.complete = vnet_complete,
};
