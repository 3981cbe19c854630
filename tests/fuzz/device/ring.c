/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Virtqueues from the driver's side (ring.h), by virtio 1.2, 2.7 and 2.8. */
#include "device/ring.h"

#include <string.h>

#define MARKS (VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED)

static struct virtq_desc *ring_descs(const struct ring *ring)
{
	return (struct virtq_desc *)(ring->memory + RING_DESC);
}

static struct virtq_packed_desc *ring_packed(const struct ring *ring)
{
	return (struct virtq_packed_desc *)(ring->memory + RING_DESC);
}

static struct virtq_avail *ring_avail(const struct ring *ring)
{
	return (struct virtq_avail *)(ring->memory + RING_DRIVER);
}

static const struct virtq_used *ring_used(const struct ring *ring)
{
	return (const struct virtq_used *)(ring->memory + RING_DEVICE);
}

void ring_init(struct ring *ring, uint8_t *memory, uint64_t addr, uint16_t size, bool packed)
{
	memset(ring, 0, sizeof(*ring));
	memset(memory, 0, RING_TABLE);
	ring->memory = memory;
	ring->addr = addr;
	ring->size = size;
	ring->packed = packed;
	ring->num_free = size;
	ring->avail = ring->used = packed ? VIRTQ_PACKED_WRAP : 0;
}

static uint16_t ring_advance(const struct ring *ring, uint16_t place)
{
	place++;
	if ((place & 0x7fff) == ring->size)
		place = (place & VIRTQ_PACKED_WRAP) ^ VIRTQ_PACKED_WRAP;
	return place;
}

static void ring_add_split(struct ring *ring, const struct ring_piece *pieces, uint16_t num,
			   uint16_t head_skew)
{
	struct virtq_avail *avail = ring_avail(ring);
	uint16_t i;

	ring->head[ring->prod % ring->size] = ring->slot;
	avail->ring[ring->avail % ring->size] = ring->slot + head_skew;
	for (i = 0; i < num; i++) {
		const uint16_t next = (ring->slot + 1) % ring->size;

		ring_descs(ring)[ring->slot] = (struct virtq_desc){
			.addr = pieces[i].addr,
			.len = pieces[i].len_bytes,
			.flags = pieces[i].flags | (i + 1 < num ? VIRTQ_DESC_F_NEXT : 0),
			.next = next + pieces[i].skew,
		};
		ring->slot = next;
	}
	avail->idx = ++ring->avail;
}

static void ring_add_packed(struct ring *ring, const struct ring_piece *pieces, uint16_t num)
{
	const uint16_t id = ring->avail & 0x7fff;
	uint16_t i;

	ring->head[ring->prod % ring->size] = id;
	for (i = 0; i < num; i++) {
		const uint16_t marks = ring->avail & VIRTQ_PACKED_WRAP ? VIRTQ_PACKED_DESC_F_AVAIL
								       : VIRTQ_PACKED_DESC_F_USED;

		ring_packed(ring)[ring->avail & 0x7fff] = (struct virtq_packed_desc){
			.addr = pieces[i].addr,
			.len = pieces[i].len_bytes,
			.id = id + pieces[i].skew,
			.flags = (pieces[i].flags & (uint16_t)~MARKS) | marks |
				 (i + 1 < num ? VIRTQ_DESC_F_NEXT : 0),
		};
		ring->avail = ring_advance(ring, ring->avail);
	}
}

bool ring_add(struct ring *ring, const struct ring_piece *pieces, uint16_t num, uint16_t head_skew)
{
	if (num > ring->num_free)
		return false;
	ring->num_free -= num;
	ring->length[ring->prod % ring->size] = num;
	if (ring->packed)
		ring_add_packed(ring, pieces, num);
	else
		ring_add_split(ring, pieces, num, head_skew);
	ring->prod++;
	return true;
}

/* How many chains a used descriptor with this id stands for; 0: it is nobody's. */
static uint16_t ring_batch(const struct ring *ring, uint16_t id)
{
	uint16_t num;

	for (num = 1; num <= ring_num_in_flight(ring); num++) {
		if (ring->head[(uint16_t)(ring->cons + num - 1) % ring->size] == id)
			return num;
		if (!ring->in_order)
			break;
	}
	return 0;
}

/* What is used next: how many chains, and what was written. 0: nothing. */
static uint16_t ring_look(const struct ring *ring, uint32_t *len_bytes, bool *good)
{
	const uint16_t marks = ring->used & VIRTQ_PACKED_WRAP ? MARKS : 0;
	const struct virtq_packed_desc *desc;
	uint16_t num;

	if (!ring->packed) {
		const struct virtq_used_elem *elem =
			&ring_used(ring)->ring[ring->used % ring->size];

		*len_bytes = elem->len;
		*good = elem->id == ring->head[ring->cons % ring->size];
		return ring_used(ring)->idx != ring->used;
	}
	desc = &ring_packed(ring)[ring->used & 0x7fff];
	if ((desc->flags & MARKS) != marks)
		return 0;
	*len_bytes = desc->flags & VIRTQ_DESC_F_WRITE ? desc->len : 0;
	num = ring_batch(ring, desc->id);
	*good = num;
	return num ? num : 1;
}

bool ring_reap(struct ring *ring, uint16_t *number, uint32_t *len_bytes, bool *good)
{
	uint16_t length;

	*len_bytes = 0;
	*good = true;
	if (!ring_num_in_flight(ring))
		return false;
	if (!ring->num_batch)
		ring->num_batch = ring_look(ring, len_bytes, good);
	if (!ring->num_batch)
		return false;
	*number = ring->cons;
	length = ring->length[ring->cons++ % ring->size];
	ring->num_free += length;
	ring->num_batch--;
	if (!ring->packed)
		ring->used++;
	for (; ring->packed && length; length--)
		ring->used = ring_advance(ring, ring->used);
	return true;
}
