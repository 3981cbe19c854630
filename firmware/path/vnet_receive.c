/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets of a transmit queue that have come to the card: what their headers say, their keys, what is
 * dropped at once. Runs on the port's worker core.
 */
#include <stddef.h>
#include <string.h>
#include <xvio/pci.h>
#include "path/core.h"
#include "path/parse_fast.h"
#include "path/vnet_queue.h"

/*
 * Makes the header in front of the frame the one that other drivers are to find there: only num_buffers, at
 * its end, is not 0. Where no offload was negotiated the sender's says nothing (5.1.6.2).
 */
static inline void vnet_make_header(struct pkt *pkt)
{
	uint8_t *header = __builtin_assume_aligned(pkt->data - 12, 2); /* PKT_FRAME_OFFSET */
	uint8_t *rest = __builtin_assume_aligned(pkt->data - 10, 8);
	static const uint16_t num_buffers = 1;

	if (HAL_HOST_MAPPED)
		return;
	memset(header, 0, 2);
	memset(rest, 0, 8);
	memcpy(rest + 8, &num_buffers, sizeof(num_buffers));
	pkt->has_header = true;
}

/*
 * What host software sends is marked: the PF's own is looked up (true), the rest goes out of a port
 * directly, for its representor.
 */
static bool vnet_receive_marked(struct core *core, struct pkt *const *slot)
{
	union output_mark none = {{.port = XVIO_PORT_PF}};
	struct pkt_run run = pkt_run_begin(slot);
	struct pkt *pkt = *slot;
	struct xvio_pkt_meta meta;

	memcpy(&meta, pkt->data - sizeof(meta), sizeof(meta));
	if (!meta.flags)
		return true;
	if (meta.flags != XVIO_META_F_REPR || meta.port == XVIO_PORT_PF ||
	    !port_exists(meta.port)) {
		port_count(core, XVIO_PORT_PF, XVIO_STAT_DROP_BAD_META, 1);
		return false;
	}
	if (!pkt_parse(pkt)) { /* it goes as it is; only receivers ask for the key */
		memset(&pkt->key, 0, sizeof(pkt->key));
		memcpy(pkt->key.field.eth_dst, pkt->data, sizeof(pkt->key.field.eth_dst));
	}
	vnet_make_header(pkt);
	port_count(core, meta.port, XVIO_STAT_REPR_RX_PACKETS, 1);
	output_add(core, &run, meta.port, none, NULL);
	return false;
}

/* What came of a queue's packets. */
struct vnet_received {
	uint32_t num_bytes; /* of all but the oversized */
	uint32_t num_bad_bytes; /* of the malformed ones among them */
	unsigned num_oversize;
	unsigned num_malformed;
};

static void vnet_refuse(struct vnet_received *received, const struct pkt *pkt)
{
	received->num_malformed++;
	received->num_bad_bytes += pkt->len_bytes;
}

/* Of the PF's packets, those to be looked up (returns how many); others are dropped or on their way. */
static unsigned vnet_take_marked(struct core *core, struct vnet_queue *queue, struct pkt **good,
				 struct vnet_received *received)
{
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < queue->num_asked; i++) {
		struct pkt *pkt = queue->pkt[i];

		if (!pkt) {
			received->num_oversize++;
			continue;
		}
		received->num_bytes += pkt->len_bytes;
		if (pkt->len_bytes < XVIO_MIN_FRAME_BYTES)
			vnet_refuse(received, pkt);
		else if (vnet_receive_marked(core, &queue->pkt[i]))
			good[num++] = pkt;
	}
	return num;
}

/* Makes the key of a packet in its own memory. False: it is malformed. */
static inline __attribute__((always_inline)) bool vnet_parse(struct pkt *pkt, uint16_t in_port)
{
	const uint8_t *aligned = __builtin_assume_aligned(pkt->data - 2, 8); /* PKT_FRAME_OFFSET */
	uint32_t have_bytes = HAL_HOST_MAPPED ? pkt->have_bytes : pkt->len_bytes;

	if (__builtin_expect(
		    parse_usual(aligned + 2, have_bytes, pkt->len_bytes, in_port, &pkt->key), 1))
		return true;
	return pkt_parse(pkt);
}

/* Of num packets, those to be looked up go into the burst, with their keys. It needs all registers. */
static __attribute__((noinline)) void vnet_sort(struct burst *burst, struct pkt *const *slot,
						unsigned num, uint16_t in_port,
						struct vnet_received *received)
{
	struct pkt *const *end = slot + num;
	struct pkt **good = burst->pkt;
	uint32_t num_bytes = 0;

	for (; slot != end; slot++) {
		struct pkt *pkt = *slot;

		if (!pkt) {
			received->num_oversize++;
			continue;
		}
		num_bytes += pkt->len_bytes;
		if (!vnet_parse(pkt, in_port)) {
			vnet_refuse(received, pkt);
			continue;
		}
		vnet_make_header(pkt);
		*good++ = pkt;
	}
	received->num_bytes += num_bytes;
	burst->num = (unsigned)(good - burst->pkt);
}

/* Makes the header in front of the frame the one for drivers that take what the packet needs. */
static void vnet_make_needy_header(struct pkt *pkt)
{
	struct virtio_net_hdr header;

	vnet_make_header(pkt);
	if (HAL_HOST_MAPPED || !pkt->offload.needs)
		return;
	header = offload_header(pkt);
	memcpy(pkt->data - sizeof(header), &header, sizeof(header));
}

/* What a packet needs, by the header that its driver made. False: it was not negotiated, or there is no such. */
static inline bool vnet_read_needs(struct pkt *pkt, const uint8_t *header, uint8_t allowed)
{
	struct virtio_net_hdr whole;

	pkt->offload.needs = 0;
	if (!(header[offsetof(struct virtio_net_hdr, flags)] |
	      header[offsetof(struct virtio_net_hdr, gso_type)]))
		return true;
	memcpy(&whole, header, sizeof(whole));
	return offload_read(pkt, &whole, allowed);
}

/* vnet_sort() where offloads were negotiated. */
static void vnet_sort_needy(struct burst *burst, struct vnet_queue *queue,
			    struct vnet_received *received)
{
	const struct virtq_config *config = &queue->vq->config;
	const uint16_t in_port = queue->vnet->port.number;
	unsigned i;

	for (i = 0; i < queue->num_asked; i++) {
		struct pkt *pkt = queue->pkt[i];
		const uint8_t *header;

		if (!pkt) {
			received->num_oversize++;
			continue;
		}
		header = pkt->data -
			 config->hdr_bytes; /* pkt_parse() may move the frame away from it */
		received->num_bytes += pkt->len_bytes;
		if (!vnet_parse(pkt, in_port) || !vnet_read_needs(pkt, header, config->offloads)) {
			vnet_refuse(received, pkt);
		} else if (pkt->len_bytes > XVIO_MAX_FRAME_BYTES &&
			   !(pkt->offload.needs & OFFLOAD_GSO)) {
			received->num_oversize++;
			received->num_bad_bytes += pkt->len_bytes;
		} else {
			vnet_make_needy_header(pkt);
			burst->needs |= pkt->offload.needs;
			burst->pkt[burst->num++] = pkt;
		}
	}
}

/* As the driver is told: what is not lost here went on to the switch. */
static inline void vnet_count_received(struct vnet_queue *queue,
				       const struct vnet_received *received)
{
	const unsigned num_drops = received->num_oversize + received->num_malformed;

	vnet_count(queue, queue->num_asked - num_drops,
		   received->num_bytes - received->num_bad_bytes);
	if (!num_drops)
		return;
	stats_add_counter(&queue->count.drops, num_drops);
	stats_add_counter(&queue->count.drops_of_ring, num_drops);
}

void vnet_receive(struct core *core, struct vnet_queue *queue, struct burst *burst)
{
	struct port *port = &queue->vnet->port;
	struct stats *stats = &port_row(port, core->number)->stats;
	struct vnet_received received = {0};
	struct pkt **pkts = queue->pkt;
	unsigned num = queue->num_asked;

	burst->num = 0;
	burst->needs = 0;
	if (!num)
		return;
	if (queue->vq->config.hdr_bytes == sizeof(struct xvio_pkt_meta)) {
		num = vnet_take_marked(core, queue, burst->pkt, &received);
		pkts = burst->pkt;
	}
	if (queue->vq->config.offloads)
		vnet_sort_needy(burst, queue, &received);
	else
		vnet_sort(burst, pkts, num, port->number, &received);
	if (port->policy.any)
		policy_admit(core, port, burst);
	stats_add(stats, XVIO_STAT_RX_PACKETS, queue->num_asked);
	stats_add(stats, XVIO_STAT_RX_BYTES, received.num_bytes);
	stats_add(stats, XVIO_STAT_DROP_OVERSIZE, received.num_oversize);
	stats_add(stats, XVIO_STAT_DROP_MALFORMED, received.num_malformed);
	vnet_count_received(queue, &received);
	if (port_is_up(port))
		return;
	stats_add(stats, XVIO_STAT_DROP_PORT_DOWN, burst->num);
	burst->num = 0;
}
