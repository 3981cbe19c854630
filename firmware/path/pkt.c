/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packet buffers (pkt.h). A pool is used by its worker core alone. */
#include "path/pkt.h"

#include <string.h>
#include "lib/bits.h"
#include "lib/heap.h"
#include "path/virtq.h"

bool pkt_pool_init(struct pkt_pool *pool)
{
	struct pkt *pkts = heap_alloc(PKT_POOL_SIZE * sizeof(*pkts));
	uint8_t *rooms = heap_alloc((size_t)PKT_POOL_SIZE * PKT_ROOM_BYTES);
	uint8_t *heads = heap_alloc((size_t)PKT_POOL_SIZE * PKT_HEAD_BYTES);
	unsigned i;

	if (!pkts || !rooms || !heads)
		return false;
	for (i = 0; i < PKT_POOL_SIZE; i++) {
		pkts[i].room = rooms + (size_t)i * PKT_ROOM_BYTES;
		pkts[i].head = heads + (size_t)i * PKT_HEAD_BYTES;
		pkts[i].next = pool->free;
		pool->free = &pkts[i];
	}
	pool->num_free = PKT_POOL_SIZE;
	return true;
}

void pkt_end_round(struct pkt_pool *pool)
{
	struct pkt *pkt = pool->round;

	pool->round = NULL;
	while (pkt) {
		struct pkt *next = pkt->next;

		pkt_put(pool, pkt);
		pkt = next;
	}
}

bool pkt_pull(struct pkt *pkt)
{
	uint8_t *frame = pkt->room + PKT_FRAME_OFFSET;
	uint32_t rest_bytes = pkt->len_bytes - pkt->have_bytes;

	if (pkt->data == frame)
		return true;
	if (rest_bytes &&
	    !virtq_copy(pkt->vq, NULL, pkt->chain, pkt->vq->config.hdr_bytes + pkt->have_bytes,
			frame + pkt->have_bytes, rest_bytes))
		return false;
	memcpy(frame, pkt->data, pkt->have_bytes);
	pkt->data = frame;
	pkt->have_bytes = pkt->len_bytes;
	pkt->has_header = false;
	return true;
}
