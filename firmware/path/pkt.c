/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packet buffers (pkt.h). A pool is used by its worker core alone. */
#include "path/pkt.h"

#include <string.h>
#include "lib/bits.h"
#include "lib/heap.h"
#include "path/parse.h"
#include "path/virtq.h"

#define PKT_HEADROOM_STEP 64u /* by which a frame moves that needs more in front of it */

bool pkt_create(struct pkt **pkts, unsigned num, size_t room_bytes)
{
	struct pkt *pkt = heap_alloc(num * sizeof(*pkt));
	uint8_t *rooms = heap_alloc(num * room_bytes);
	uint8_t *heads = heap_alloc((size_t)num * PKT_HEAD_BYTES);
	unsigned i;

	if (!pkt || !rooms || !heads)
		return false;
	for (i = 0; i < num; i++) {
		pkt[i].room = rooms + i * room_bytes;
		pkt[i].head = heads + (size_t)i * PKT_HEAD_BYTES;
		pkts[i] = &pkt[i];
	}
	return true;
}

bool pkt_pool_init(struct pkt_pool *pool, unsigned num, size_t room_bytes)
{
	unsigned i;

	if (!pkt_create(pool->stack, num, room_bytes))
		return false;
	for (i = 0; i < num; i++)
		pool->stack[i]->pool = pool;
	pool->num_all = pool->num_free = pool->num_home = num;
	pool->room_bytes = (uint32_t)room_bytes;
	return true;
}

void pkt_lend(struct pkt *pkt)
{
	pkt->num_lent++;
	pkt->pool->any_lent = true;
}

void pkt_return(struct pkt *pkt)
{
	struct pkt_pool *pool = pkt->pool;

	if (--pkt->num_lent || !pkt->is_away)
		return;
	pkt->is_away = false;
	pkt->next = pool->returned;
	pool->returned = pkt;
}

/* Leaves those in the stack that are not lent. */
static void pkt_send_away(struct pkt_pool *pool)
{
	unsigned i;

	for (i = pool->num_free; i < pool->num_home; i++) {
		struct pkt *pkt = pool->stack[i];

		if (pkt->num_lent)
			pkt->is_away = true;
		else
			pool->stack[pool->num_free++] = pkt;
	}
	pool->num_home = pool->num_free;
	pool->any_lent = false;
}

void pkt_end_round(struct pkt_pool *pool)
{
	if (pool->any_lent)
		pkt_send_away(pool);
	pool->num_free = pool->num_home;
	while (pool->returned) {
		pool->stack[pool->num_free++] = pool->returned;
		pool->returned = pool->returned->next;
	}
	pool->num_home = pool->num_free;
}

/* Anywhere in it: a frame that gets tags, or loses some, begins elsewhere. */
static bool pkt_is_in_room(const struct pkt *pkt)
{
	return (uintptr_t)pkt->data - (uintptr_t)pkt->room < PKT_ROOM_BYTES;
}

static bool pkt_is_in_head(const struct pkt *pkt)
{
	return (uintptr_t)pkt->data - (uintptr_t)pkt->head < PKT_HEAD_BYTES;
}

bool pkt_read(const struct pkt *pkt, uint32_t offset_bytes, uint8_t *to, uint32_t len_bytes)
{
	uint32_t num_bytes = 0;

	if (offset_bytes < pkt->have_bytes) {
		num_bytes = bits_min(len_bytes, pkt->have_bytes - offset_bytes);
		memcpy(to, pkt->data + offset_bytes, num_bytes);
	}
	return num_bytes == len_bytes ||
	       virtq_copy(pkt->vq, NULL, pkt->chain,
			  pkt->vq->config.hdr_bytes + offset_bytes + num_bytes, to + num_bytes,
			  len_bytes - num_bytes);
}

bool pkt_pull(struct pkt *pkt)
{
	uint8_t *frame = pkt->room + PKT_FRAME_OFFSET;

	if (pkt_is_in_room(pkt))
		return true; /* and nothing is written: other cores may have it already */
	if (!pkt_read(pkt, 0, frame, pkt->len_bytes))
		return false;
	pkt->vq = NULL;
	pkt->data = frame;
	pkt->have_bytes = pkt->len_bytes;
	pkt->has_header = false;
	return true;
}

bool pkt_own(struct pkt *pkt, uint32_t num_bytes)
{
	if (pkt_is_in_head(pkt) && pkt->have_bytes >= num_bytes)
		return true;
	return pkt_pull(pkt);
}

/* The IP header stays at an address of its kind. */
bool pkt_make_headroom(struct pkt *pkt, uint32_t num_bytes)
{
	const uint32_t room_bytes = pkt->pool ? pkt->pool->room_bytes : PKT_ROOM_BYTES;
	const uint32_t at = (uint32_t)(pkt->data - pkt->room);
	uint32_t step_bytes;

	if (pkt->len_bytes + num_bytes > room_bytes - PKT_FRAME_OFFSET)
		return false;
	if (at >= num_bytes)
		return true;
	step_bytes = bits_min(PKT_HEADROOM_STEP, room_bytes - at - pkt->len_bytes) & ~7u;
	memmove(pkt->data + step_bytes, pkt->data, pkt->len_bytes);
	pkt->data += step_bytes;
	pkt->has_header = false;
	return true;
}

void pkt_copy(struct pkt *to, const struct pkt *from)
{
	to->data = to->room + PKT_FRAME_OFFSET;
	to->have_bytes = to->len_bytes = from->len_bytes;
	to->in_port = from->in_port;
	to->has_header = false;
	to->vq = NULL;
	to->key = from->key;
	to->note = from->note;
	memcpy(to->data, from->data, from->len_bytes);
}

bool pkt_parse(struct pkt *pkt)
{
	enum parse_result result =
		parse_frame(pkt->data, pkt->have_bytes, pkt->len_bytes, pkt->in_port, &pkt->key);

	if (result == PARSE_SHORT && pkt_pull(pkt))
		result = parse_frame(pkt->data, pkt->have_bytes, pkt->len_bytes, pkt->in_port,
				     &pkt->key);
	return result == PARSE_GOOD;
}
