/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packed rings (virtio 1.2, 2.8): one ring of descriptors, each marked available or used by two bits
 * against a wrap counter. We use chains in the order they came, so a used descriptor stands where its
 * chain did. What the driver wrote is read once. Worker core of the queues.
 */
#include "path/virtq_ring.h"

#include <stdatomic.h>
#include "lib/bits.h"

#define PACKED_MARKS (VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED)
#define PACKED_ID    (UINT64_C(0xffff) << 32) /* in virtq_chain.used */

/* Which descriptor of the ring at names. */
static inline uint32_t packed_place(uint16_t at)
{
	return at & ~VIRTQ_PACKED_WRAP;
}

/* Place and wrap counter of the descriptor num (<= size) behind at. */
static uint16_t packed_advance(const struct virtq *vq, uint16_t at, uint32_t num)
{
	uint32_t place = packed_place(at) + num;
	uint16_t wrap = at & VIRTQ_PACKED_WRAP;

	if (place >= vq->config.size) {
		place -= vq->config.size;
		wrap ^= VIRTQ_PACKED_WRAP;
	}
	return (uint16_t)(place | wrap);
}

/* The marks of a descriptor that the driver makes available in this lap. */
static uint16_t packed_avail_marks(uint16_t at)
{
	return at & VIRTQ_PACKED_WRAP ? VIRTQ_PACKED_DESC_F_AVAIL : VIRTQ_PACKED_DESC_F_USED;
}

/* Fetching where host memory is not mapped */

static bool packed_pull(struct virtq *vq, struct dma_list *dma, struct virtq_packed_desc *copy,
			uint32_t num)
{
	uint32_t first = packed_place(vq->fetch_at);
	uint32_t before_wrap = bits_min(num, vq->config.size - first);
	uint32_t desc_bytes = sizeof(*copy);

	return virtq_pull(vq, dma, VIRTQ_DESC, first * desc_bytes, &copy[first],
			  before_wrap * desc_bytes) &&
	       virtq_pull(vq, dma, VIRTQ_DESC, 0, copy, (num - before_wrap) * desc_bytes);
}

/*
 * The descriptors twice: marks that say available in the first copy are older than the rest in the
 * second (pairs with the driver's barrier between them).
 */
static void packed_ask_ring(struct virtq *vq, struct dma_list *dma)
{
	uint32_t num = bits_min(VIRTQ_FETCH_MAX, vq->config.size);

	if (packed_pull(vq, dma, vq->seen, num) && packed_pull(vq, dma, vq->ring, num))
		vq->num_new = (uint16_t)num;
}

static void packed_ask_descs(struct virtq *vq, struct dma_list *dma)
{
	(void)vq;
	(void)dma;
}

/* A chain may end behind what was asked for. */
static void packed_ask_all(struct virtq *vq, struct dma_list *dma)
{
	packed_pull(vq, dma, vq->ring, vq->config.size);
}

/* Flags, before what they announce is read (pairs with the driver's write of flags after the rest). */
static uint32_t packed_seen_flags(const struct virtq_packed_desc *seen)
{
	uint32_t flags = once_read16(&seen->flags);

	if (HAL_HOST_MAPPED)
		atomic_thread_fence(memory_order_acquire);
	return flags;
}

static bool packed_is_available(const struct virtq *vq, uint16_t at)
{
	return (packed_seen_flags(&vq->seen[packed_place(at)]) & PACKED_MARKS) ==
	       packed_avail_marks(at);
}

/* Chains */

static struct virtq_packed_desc packed_read_desc(const struct virtq *vq, uint16_t at)
{
	const struct virtq_packed_desc *desc = &vq->ring[packed_place(at)];
	uint64_t addr = once_read64(&desc->addr);
	uint64_t rest = once_read64(&desc->len);

	return (struct virtq_packed_desc){
		.addr = addr,
		.len = (uint32_t)rest,
		.id = (uint16_t)(rest >> 32),
		.flags = (uint16_t)(rest >> 48) & (uint16_t)~PACKED_MARKS,
	};
}

/*
 * The table that parsing stopped for, and those of the chains behind it, within what was seen. A list of
 * several descriptors has none (2.8.19).
 */
static void packed_ask_tables(struct virtq *vq, struct dma_list *dma)
{
	uint16_t at = vq->fetch_at;
	uint32_t number = vq->fetched + 1;
	uint32_t num;
	bool skipped = false;

	virtq_table_begin(vq, dma, false);
	for (num = 1; num < vq->num_new; num++) {
		struct virtq_packed_desc desc;

		at = packed_advance(vq, at, 1);
		if (!packed_is_available(vq, at))
			break;
		desc = packed_read_desc(vq, at);
		if (desc.flags & VIRTQ_DESC_F_NEXT) {
			skipped = true;
			continue;
		}
		if (desc.flags & VIRTQ_DESC_F_INDIRECT &&
		    !virtq_table_ask(vq, dma, desc.addr, desc.len, desc.flags))
			break;
		number++;
	}
	vq->tables_end = number;
	if (skipped && !vq->has_all)
		virtq_ask_all(vq, dma);
}

/* Length (none), id and flags of the used descriptor of a chain, as they stand in the ring. */
static uint64_t packed_used(const struct virtq *vq, uint16_t at, uint64_t id)
{
	uint64_t marks = at & VIRTQ_PACKED_WRAP ? PACKED_MARKS : 0;

	return id << 32 | (marks | vq->used_flags) << 48;
}

/* A chain that is one table (2.8.7): of its descriptors' flags only WRITE says something. */
static uint8_t packed_follow_table(struct virtq *vq, struct virtq_chain *chain,
				   const struct virtq_packed_desc *at)
{
	uint32_t num = at->len / (uint32_t)sizeof(*at);
	const struct virtq_packed_desc *desc;
	const void *table;
	uint8_t error;

	error = virtq_table_get(vq, chain, at->addr, at->len, at->flags, &table);
	for (desc = table; !error && num; num--, desc++)
		error = virtq_add_seg(vq, chain, desc->addr, desc->len,
				      desc->flags & VIRTQ_DESC_F_WRITE);
	chain->num_descs = 1;
	return error;
}

/*
 * The chain whose first descriptor is desc. The first is made available last (2.8.5), so the others
 * are there; the id is in the last one (2.8.6). num: how many descriptors may be read.
 */
static uint8_t packed_follow_chain(struct virtq *vq, struct virtq_chain *chain,
				   struct virtq_packed_desc desc, uint32_t num)
{
	uint16_t at = chain->at;
	uint8_t error;

	virtq_begin_chain(vq, chain);
	for (;;) {
		if (desc.flags & VIRTQ_DESC_F_INDIRECT && !chain->num_descs)
			error = packed_follow_table(vq, chain, &desc);
		else
			error = virtq_add_seg(vq, chain, desc.addr, desc.len, desc.flags);
		if (error)
			return error;
		if (!(desc.flags & VIRTQ_DESC_F_NEXT))
			break;
		if (chain->num_descs == num)
			return XVIO_RING_ERR_LOOP;
		at = packed_advance(vq, at, 1);
		desc = packed_read_desc(vq, at);
	}
	if (desc.id >= vq->config.size)
		return XVIO_RING_ERR_INDEX;
	chain->used = packed_used(vq, chain->at, desc.id);
	return virtq_end_chain(vq, chain);
}

static uint8_t packed_parse_chain(struct virtq *vq, struct virtq_chain *chain, uint32_t num)
{
	chain->at = vq->fetch_at;
	return packed_follow_chain(vq, chain, packed_read_desc(vq, vq->fetch_at), num);
}

/*
 * Makes direct chains of up to num available descriptors, this side of the wrap; returns of how many,
 * the next one being another sort, or not available.
 */
static VIRTQ_APART uint32_t packed_parse_direct(struct virtq *vq, uint32_t num)
{
	struct virtq_direct direct = virtq_direct(vq, vq->fetch_at);
	const bool is_read = vq->config.role == VIRTQ_FROM_DRIVER;
	const uint32_t wanted_flags = packed_avail_marks(vq->fetch_at) | vq->wanted_flags;
	const uint64_t used = packed_used(vq, vq->fetch_at, 0);
	const uint32_t hdr_bytes = vq->config.hdr_bytes;
	const uint32_t size = vq->config.size;
	const uint32_t place = packed_place(vq->fetch_at);
	const struct virtq_packed_desc *seen = &vq->seen[place];
	const struct virtq_packed_desc *desc = &vq->ring[place];
	struct virtq_chain *begin = &vq->chain[vq->fetched & vq->mask];
	struct virtq_chain *end = begin;
	struct virtq_chain *chain;

	end += bits_min(bits_min(num, size - place), vq->mask + 1 - (vq->fetched & vq->mask));
	for (chain = begin; chain != end; chain++, seen++, desc++) {
		uint32_t flags = packed_seen_flags(seen);
		uint64_t rest = once_read64(&desc->len);
		uint64_t id = (rest >> 32) - ((uint64_t)wanted_flags << 16); /* or out of range */

		if (flags != wanted_flags || id >= size ||
		    !virtq_make_direct(&direct, chain, once_read64(&desc->addr), (uint32_t)rest,
				       used | id << 32))
			break;
		if (HAL_HOST_MAPPED && is_read)
			virtq_prefetch_packet(chain->bus_addr, hdr_bytes);
	}
	num = (uint32_t)(chain - begin);
	vq->fetched += num;
	vq->fetch_at = packed_advance(vq, vq->fetch_at, num);
	return num;
}

/* Whether a chain of several descriptors can be read to its end. */
static bool packed_has_all(const struct virtq *vq)
{
	return HAL_HOST_MAPPED || vq->has_all ||
	       !(vq->seen[packed_place(vq->fetch_at)].flags & VIRTQ_DESC_F_NEXT);
}

/* Chains begin within what was seen. */
static void packed_parse(struct virtq *vq)
{
	uint32_t num_seen = HAL_HOST_MAPPED ? vq->config.size : vq->num_new;
	uint32_t end = vq->fetched + virtq_room(vq);

	while (vq->fetched != end && num_seen && packed_is_available(vq, vq->fetch_at)) {
		struct virtq_chain *chain = &vq->chain[vq->fetched & vq->mask];
		uint32_t num = packed_parse_direct(vq, bits_min(end - vq->fetched, num_seen));
		uint32_t seg_prod;
		uint8_t error;

		num_seen -= num;
		if (num)
			continue;
		if (!packed_has_all(vq)) {
			vq->needs = VIRTQ_NEEDS_ALL;
			break;
		}
		seg_prod = vq->seg_prod;
		error = packed_parse_chain(vq, chain, vq->config.size);
		if (error == VIRTQ_LATER) {
			vq->seg_prod = seg_prod;
			if (!vq->needs)
				num_seen = 0; /* more is pending */
			break;
		}
		if (error) {
			virtq_fail(vq, error);
			return;
		}
		vq->fetch_at = packed_advance(vq, vq->fetch_at, chain->num_descs);
		num_seen -= bits_min(num_seen, chain->num_descs);
		vq->fetched++;
	}
	vq->num_new = (uint16_t)num_seen;
	vq->pending = vq->fetched == end || !num_seen;
}

/* Telling the driver */

static void packed_set_quiet(struct virtq *vq, struct dma_list *dma, bool quiet)
{
	struct virtq_packed_event event = {.flags = VIRTQ_PACKED_EVENT_ENABLE};
	uint32_t whole;

	if (quiet) {
		event.flags = VIRTQ_PACKED_EVENT_DISABLE;
	} else if (vq->config.event_idx) {
		event.flags = VIRTQ_PACKED_EVENT_DESC;
		event.place = vq->fetch_at;
	}
	whole = event.place | (uint32_t)event.flags << 16;
	__atomic_store_n((uint32_t __attribute__((may_alias)) *)vq->device_event, whole,
			 __ATOMIC_RELAXED);
	virtq_push(vq, dma, VIRTQ_DEVICE, 0, vq->device_event, sizeof(event));
	/* Before the next look at the ring: pairs with the driver's barrier between that and this. */
	if (HAL_HOST_MAPPED)
		atomic_thread_fence(memory_order_seq_cst);
}

static struct virtq_chain *packed_chain(const struct virtq *vq, uint32_t number)
{
	return &vq->chain[number & vq->mask];
}

/*
 * Descriptors from the one of chain number first to that of number last, whole; in this order, where it takes
 * several operations (virtq_place.c).
 */
static bool packed_push(struct virtq *vq, struct dma_list *dma, uint32_t first, uint32_t last)
{
	uint32_t place = packed_place(packed_chain(vq, first)->at);
	uint32_t end = packed_place(packed_chain(vq, last)->at);
	uint32_t desc_bytes = sizeof(struct virtq_packed_desc);

	if (end < place) {
		if (!virtq_push(vq, dma, VIRTQ_DESC, place * desc_bytes, &vq->ring[place],
				(vq->config.size - place) * desc_bytes))
			return false;
		place = 0;
	}
	return virtq_push(vq, dma, VIRTQ_DESC, place * desc_bytes, &vq->ring[place],
			  (end + 1 - place) * desc_bytes);
}

/*
 * The first chain's descriptor, length, id and flags at once, so that it is told of or as it was (virtq_place.c);
 * then the driver's wish is read (pairs with its write of that before its last look at the ring).
 */
static void packed_push_first(struct virtq *vq, struct dma_list *dma)
{
	struct virtq_packed_desc *desc =
		&vq->ring[packed_place(packed_chain(vq, vq->published)->at)];
	uint64_t offset = (uint64_t)(desc - vq->ring) * sizeof(*desc);

	if (virtq_push(vq, dma, VIRTQ_DESC, offset + offsetof(struct virtq_packed_desc, len),
		       &desc->len, sizeof(uint64_t)))
		virtq_pull(vq, dma, VIRTQ_DRIVER, 0, vq->driver_event, sizeof(*vq->driver_event));
}

/*
 * Used descriptors of the chains from number first up to end, in any order. Where all chains between two
 * are of one descriptor, their places follow each other.
 */
static void packed_write_used(struct virtq *vq, uint32_t first, uint32_t end)
{
	const uint32_t mask = vq->mask;
	const uint32_t size = vq->config.size;

	while (first != end) {
		const struct virtq_chain *chain = packed_chain(vq, first);
		const uint32_t place = packed_place(chain->at);
		uint32_t before_wrap = mask + 1 - (first & mask);
		uint32_t num = bits_min(end - first, bits_min(before_wrap, size - place));
		struct virtq_packed_desc *desc = &vq->ring[place];
		const struct virtq_chain *stop;

		if (chain[num - 1].at != chain->at + num - 1)
			num = 1;
		first += num;
		for (stop = chain + num; chain != stop; chain++, desc++)
			once_write64(&desc->len, chain->used);
	}
}

/* Notes that a publication from its first chain on is about to be told of, before it is. */
static void packed_note_place(const struct virtq *vq, uint16_t from, uint64_t used)
{
	const struct virtq_chain *last = packed_chain(vq, vq->taken - 1);
	struct virtq_place *place = vq->config.place;

	place->used = used;
	/* Pairs with the end of this run: whoever finds the places finds what is used. */
	__atomic_store_n(&place->places,
			 VIRTQ_PLACES(from, packed_advance(vq, last->at, last->num_descs)),
			 __ATOMIC_RELEASE);
}

/*
 * The first chain's flags make the whole visible and come last; the others may be in any order. With
 * VIRTIO_F_IN_ORDER one descriptor tells of all chains of a queue that is only read (2.8.17).
 */
static void packed_publish(struct virtq *vq, struct dma_list *dma)
{
	bool single = vq->config.in_order && vq->config.role == VIRTQ_FROM_DRIVER;
	const struct virtq_chain *first = packed_chain(vq, vq->published);
	once_word *place = (once_word *)&vq->ring[packed_place(first->at)].len;
	uint64_t used = first->used;

	if (single)
		used = (used & ~PACKED_ID) | (packed_chain(vq, vq->taken - 1)->used & PACKED_ID);
	else
		packed_write_used(vq, vq->published + 1, vq->taken);
	__atomic_store_n(place, used, __ATOMIC_RELEASE);
	if (HAL_HOST_MAPPED)
		return;
	if (vq->config.place)
		packed_note_place(vq, first->at, used);
	if (single || vq->taken - vq->published == 1 ||
	    packed_push(vq, dma, vq->published + 1, vq->taken - 1))
		packed_push_first(vq, dma);
}

/* How many places behind another one (below size) a place is, at most a lap. */
static uint32_t packed_distance(const struct virtq *vq, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + vq->config.size - from;
}

/*
 * Whether the descriptor that the driver waits for is among those just used (2.8.10). The place is as the
 * driver wrote it.
 */
static bool packed_is_used_now(const struct virtq *vq, uint16_t place)
{
	const struct virtq_chain *first = packed_chain(vq, vq->published);
	const struct virtq_chain *last = packed_chain(vq, vq->taken - 1);
	uint32_t from = packed_place(first->at);
	uint32_t span = packed_distance(vq, from, packed_place(last->at)) + last->num_descs;
	uint32_t offset = packed_distance(vq, from, packed_place(place));
	uint16_t wrap = packed_advance(vq, first->at, offset) & VIRTQ_PACKED_WRAP;

	return offset < span && (place & VIRTQ_PACKED_WRAP) == wrap;
}

static bool packed_wants_interrupt(struct virtq *vq)
{
	uint32_t whole = __atomic_load_n(
		(const uint32_t __attribute__((may_alias)) *)vq->driver_event, __ATOMIC_RELAXED);

	switch (whole >> 16 & 3u) {
	case VIRTQ_PACKED_EVENT_DISABLE:
		return false;
	case VIRTQ_PACKED_EVENT_DESC:
		return !vq->config.event_idx || packed_is_used_now(vq, (uint16_t)whole);
	default:
		return true;
	}
}

const struct virtq_ops virtq_packed_ops = {
	.ask_ring = packed_ask_ring,
	.ask_descs = packed_ask_descs,
	.ask_all = packed_ask_all,
	.ask_tables = packed_ask_tables,
	.parse = packed_parse,
	.set_quiet = packed_set_quiet,
	.publish = packed_publish,
	.wants_interrupt = packed_wants_interrupt,
};
