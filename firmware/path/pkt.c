/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packet buffers (pkt.h). A pool is used by its worker core alone. */
#include "path/pkt.h"

#include <string.h>
#include "lib/heap.h"

bool pkt_pool_init(struct pkt_pool *pool)
{
	struct pkt *pkts = heap_alloc(PKT_POOL_SIZE * sizeof(*pkts));
	uint8_t *rooms = heap_alloc((size_t)PKT_POOL_SIZE * PKT_ROOM_BYTES);
	unsigned i;

	if (!pkts || !rooms)
		return false;
	for (i = 0; i < PKT_POOL_SIZE; i++) {
		pkts[i].room = rooms + (size_t)i * PKT_ROOM_BYTES;
		pkts[i].next = pool->free;
		pool->free = &pkts[i];
	}
	pool->num_free = PKT_POOL_SIZE;
	return true;
}

struct pkt *pkt_alloc(struct pkt_pool *pool)
{
	struct pkt *pkt = pool->free;

	if (!pkt)
		return NULL;
	pool->free = pkt->next;
	pool->num_free--;
	pkt->next = pool->round;
	pool->round = pkt;
	pkt->holders = 1;
	pkt->data = pkt->room;
	pkt->flow = NULL;
	return pkt;
}

void pkt_put(struct pkt_pool *pool, struct pkt *pkt)
{
	if (--pkt->holders)
		return;
	pkt->next = pool->free;
	pool->free = pkt;
	pool->num_free++;
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

void pkt_own_data(struct pkt *pkt)
{
	uintptr_t offset = (uintptr_t)pkt->data - (uintptr_t)pkt->room;

	if (offset < PKT_ROOM_BYTES)
		return;
	memcpy(pkt->room, pkt->data, pkt->len_bytes);
	pkt->data = pkt->room;
}
