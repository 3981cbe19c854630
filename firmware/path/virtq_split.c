/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Split rings (virtio 1.2, 2.7): available ring, descriptor table, used ring. What the driver wrote is
 * read once; all checks and all use are on what was read. Worker core of the queues.
 */
#include "path/virtq_ring.h"

#include <stdatomic.h>
#include <string.h>
#include "lib/bits.h"

/* Behind the rings' entries (2.7.10). */
static xvio_le16 *split_used_event(const struct virtq *vq)
{
	return &vq->avail->ring[vq->mask + 1];
}

static xvio_le16 *split_avail_event(const struct virtq *vq)
{
	return (xvio_le16 *)&vq->used->ring[vq->mask + 1];
}

/* Fetching where host memory is not mapped */

/* The index, then the entries that it may announce (pairs with the driver's barrier between them). */
static void split_ask_ring(struct virtq *vq, struct dma_list *dma)
{
	uint32_t first = vq->fetched & vq->mask;
	uint32_t num = virtq_room(vq);
	uint32_t before_wrap = bits_min(num, vq->mask + 1 - first);
	uint64_t ring = offsetof(struct virtq_avail, ring);

	if (virtq_pull(vq, dma, VIRTQ_DRIVER, offsetof(struct virtq_avail, idx), &vq->avail->idx,
		       sizeof(vq->avail->idx)) &&
	    virtq_pull(vq, dma, VIRTQ_DRIVER, ring + first * sizeof(xvio_le16),
		       &vq->avail->ring[first], before_wrap * (uint32_t)sizeof(xvio_le16)))
		virtq_pull(vq, dma, VIRTQ_DRIVER, ring, vq->avail->ring,
			   (num - before_wrap) * (uint32_t)sizeof(xvio_le16));
}

/* Checks the index: how many entries are new and fit. */
static uint32_t split_num_new(struct virtq *vq)
{
	uint16_t idx = __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
	uint32_t num_new = (uint16_t)(idx - (uint16_t)vq->fetched);

	if (num_new > virtq_unfetched(vq)) {
		virtq_fail(vq, XVIO_RING_ERR_INDEX);
		return 0;
	}
	vq->pending = num_new > virtq_room(vq);
	return bits_min(num_new, virtq_room(vq));
}

/* Only the driver's own entry may change behind our back; a volatile read costs more. */
static inline uint32_t split_read_entry(const xvio_le16 *entry)
{
	return HAL_HOST_MAPPED ? once_read16(entry) : *entry;
}

static uint16_t split_head(const struct virtq *vq, uint32_t number)
{
	return (uint16_t)split_read_entry(&vq->avail->ring[number & vq->mask]);
}

/*
 * How many entries from number on (before end) name descriptors that are neighbours in the table. Four
 * are seen at once where they are aligned in the card's copy of the ring.
 */
static uint32_t split_num_neighbours(const struct virtq *vq, uint32_t number, uint32_t end)
{
	const uint64_t all = UINT64_C(0x0001000100010001);
	const xvio_le16 *ring = vq->avail->ring;
	const uint32_t mask = vq->mask;
	const uint32_t first = number;
	uint64_t head = ring[number & mask];

	while (number != end && ring[number & mask] == head) {
		uint64_t four = head * all + UINT64_C(0x0003000200010000);

		if (number % 4 || end - number < 4 || once_read64(&ring[number & mask]) != four) {
			number++;
			head++;
			continue;
		}
		do {
			number += 4;
			head += 4;
			four += 4 * all;
		} while (end - number >= 4 && once_read64(&ring[number & mask]) == four);
	}
	return number - first;
}

/* Asks for the head descriptors; neighbours in one operation. */
static void split_ask_descs(struct virtq *vq, struct dma_list *dma)
{
	const uint32_t end = vq->fetched + split_num_new(vq);
	uint32_t number = vq->fetched;

	while (number != end) {
		uint32_t first = split_head(vq, number);
		uint32_t num = split_num_neighbours(vq, number, end);

		number += num;
		if (first + num > vq->mask + 1) {
			virtq_fail(vq, XVIO_RING_ERR_INDEX);
			return;
		}
		if (!virtq_pull(vq, dma, VIRTQ_DESC, first * sizeof(struct virtq_desc),
				&vq->desc[first], num * (uint32_t)sizeof(struct virtq_desc)))
			return;
	}
	vq->num_new = (uint16_t)(end - vq->fetched);
}

/* The whole table: one step, however long the chains are. */
static void split_ask_all(struct virtq *vq, struct dma_list *dma)
{
	virtq_pull(vq, dma, VIRTQ_DESC, 0, vq->desc,
		   vq->config.size * (uint32_t)sizeof(struct virtq_desc));
}

/* The last descriptor of a chain from i on, by the card's copies; NULL: there is none in num_left. */
static const struct virtq_desc *split_last_desc(const struct virtq *vq, uint16_t i,
						uint32_t *num_left)
{
	for (; *num_left && i <= vq->mask; --*num_left) {
		const struct virtq_desc *desc = &vq->desc[i];

		if (!(desc->flags & VIRTQ_DESC_F_NEXT))
			return desc;
		i = desc->next;
	}
	return NULL;
}

/*
 * The table that parsing stopped for, and those of the chains behind it: of all if all descriptors are here;
 * else of those that are tables alone, and the descriptors of the others.
 */
static void split_ask_tables(struct virtq *vq, struct dma_list *dma)
{
	const bool of_all = vq->has_all;
	const uint32_t end = vq->fetched + vq->num_new;
	uint32_t num_left = vq->config.size; /* of all chains, if the ring is sound */
	uint32_t number = vq->fetched + 1;
	bool skipped = false;

	virtq_table_begin(vq, dma, of_all);
	for (; number != end; number++) {
		const uint16_t head = split_head(vq, number);
		const struct virtq_desc *desc;

		if (head <= vq->mask && vq->desc[head].flags & VIRTQ_DESC_F_NEXT && !of_all) {
			skipped = true;
			continue;
		}
		desc = split_last_desc(vq, head, &num_left);
		if (!desc)
			break;
		if (desc->flags & VIRTQ_DESC_F_INDIRECT &&
		    !virtq_table_ask(vq, dma, desc->addr, desc->len, desc->flags))
			break;
	}
	vq->tables_end = number;
	if (skipped)
		virtq_ask_all(vq, dma);
}

/* Chains */

static struct virtq_desc split_read_desc(const struct virtq *vq, uint16_t i)
{
	uint64_t addr = once_read64(&vq->desc[i].addr);
	uint64_t rest = once_read64(&vq->desc[i].len);

	return (struct virtq_desc){
		.addr = addr,
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* The rest of a chain: what a table has (2.7.5.3). */
static uint8_t split_follow_table(struct virtq *vq, struct virtq_chain *chain,
				  const struct virtq_desc *at)
{
	const uint32_t num = at->len / (uint32_t)sizeof(*at);
	const struct virtq_desc *desc;
	const void *table;
	uint8_t error;

	error = virtq_table_get(vq, chain, at->addr, at->len, at->flags, &table);
	if (error)
		return error;
	for (desc = table;; desc = (const struct virtq_desc *)table + desc->next) {
		error = virtq_add_seg(vq, chain, desc->addr, desc->len, desc->flags);
		if (error)
			return error;
		if (!(desc->flags & VIRTQ_DESC_F_NEXT))
			return virtq_end_chain(vq, chain);
		if (desc->next >= num)
			return XVIO_RING_ERR_INDEX;
	}
}

static uint8_t split_follow_chain(struct virtq *vq, struct virtq_chain *chain,
				  struct virtq_desc desc)
{
	uint8_t error;

	virtq_begin_chain(vq, chain);
	for (;;) {
		if (desc.flags & VIRTQ_DESC_F_INDIRECT)
			return split_follow_table(vq, chain, &desc);
		error = virtq_add_seg(vq, chain, desc.addr, desc.len, desc.flags);
		if (error)
			return error;
		if (!(desc.flags & VIRTQ_DESC_F_NEXT))
			return virtq_end_chain(vq, chain);
		if (desc.next > vq->mask)
			return XVIO_RING_ERR_INDEX;
		desc = split_read_desc(vq, desc.next);
	}
}

static uint8_t split_parse_chain(struct virtq *vq, struct virtq_chain *chain)
{
	uint16_t head = split_head(vq, vq->fetched);

	if (head > vq->mask)
		return XVIO_RING_ERR_INDEX;
	chain->used = head;
	chain->at = (uint16_t)vq->fetched;
	return split_follow_chain(vq, chain, split_read_desc(vq, head));
}

/*
 * Makes direct chains of up to num entries, this side of the wrap; returns of how many, the next one
 * being another sort.
 */
static VIRTQ_APART uint32_t split_parse_direct(struct virtq *vq, uint32_t num)
{
	struct virtq_direct direct = virtq_direct(vq, (uint16_t)vq->fetched);
	const bool is_read = vq->config.role == VIRTQ_FROM_DRIVER;
	const uint32_t hdr_bytes = vq->config.hdr_bytes;
	const uint16_t wanted_flags = vq->wanted_flags;
	const struct virtq_desc *table = vq->desc;
	const uint32_t mask = vq->mask;
	const uint32_t first = vq->fetched & mask;
	const xvio_le16 *entry = &vq->avail->ring[first];
	struct virtq_chain *begin = &vq->chain[first];
	struct virtq_chain *end = begin + bits_min(num, mask + 1 - first);
	struct virtq_chain *chain;

	for (chain = begin; chain != end; chain++) {
		uint64_t head = split_read_entry(entry++);
		uint64_t rest;

		if (head > mask)
			break;
		rest = once_read64(&table[head].len);
		if (rest << 16 >> 48 != wanted_flags ||
		    !virtq_make_direct(&direct, chain, once_read64(&table[head].addr),
				       (uint32_t)rest, head))
			break;
		if (HAL_HOST_MAPPED && is_read)
			virtq_prefetch_packet(chain->bus_addr, hdr_bytes);
	}
	vq->fetched += (uint32_t)(chain - begin);
	vq->fetch_at = (uint16_t)vq->fetched;
	return (uint32_t)(chain - begin);
}

/* Whether the next chain has several descriptors. */
static bool split_goes_on(const struct virtq *vq)
{
	uint16_t head = split_head(vq, vq->fetched);

	return head <= vq->mask && vq->desc[head].flags & VIRTQ_DESC_F_NEXT;
}

/* Four descriptors that are neighbours, as most are, share a cache line. */
static void split_prefetch(const struct virtq *vq, uint32_t num_new)
{
	uint32_t i;

	for (i = 0; HAL_HOST_MAPPED && i < num_new; i += 4)
		prefetch_read(&vq->desc[split_head(vq, vq->fetched + i) & vq->mask]);
}

static void split_parse(struct virtq *vq)
{
	uint32_t num_new = HAL_HOST_MAPPED ? split_num_new(vq) : vq->num_new;

	split_prefetch(vq, num_new);
	while (num_new) {
		uint32_t num = split_parse_direct(vq, num_new);
		uint32_t seg_prod;
		uint8_t error;

		num_new -= num;
		if (num)
			continue;
		if (!HAL_HOST_MAPPED && !vq->has_all && split_goes_on(vq)) {
			vq->needs = VIRTQ_NEEDS_ALL;
			break;
		}
		seg_prod = vq->seg_prod;
		error = split_parse_chain(vq, &vq->chain[vq->fetched & vq->mask]);
		if (error == VIRTQ_LATER) {
			vq->seg_prod = seg_prod;
			vq->pending |= !vq->needs;
			break;
		}
		if (error) {
			virtq_fail(vq, error);
			return;
		}
		vq->fetched++;
		vq->fetch_at++;
		num_new--;
	}
	vq->num_new = (uint16_t)num_new;
}

/* Telling the driver */

static void split_set_quiet(struct virtq *vq, struct dma_list *dma, bool quiet)
{
	const struct virtq_config *config = &vq->config;

	if (config->event_idx) {
		if (quiet)
			return;
		__atomic_store_n(split_avail_event(vq), vq->fetch_at, __ATOMIC_RELAXED);
		virtq_push(vq, dma, VIRTQ_DEVICE,
			   offsetof(struct virtq_used, ring) +
				   config->size * sizeof(vq->used->ring[0]),
			   split_avail_event(vq), sizeof(xvio_le16));
	} else {
		__atomic_store_n(&vq->used->flags, quiet ? VIRTQ_USED_F_NO_NOTIFY : 0,
				 __ATOMIC_RELAXED);
		virtq_push(vq, dma, VIRTQ_DEVICE, 0, &vq->used->flags, sizeof(vq->used->flags));
	}
	/* Before the next look at idx: pairs with the driver's barrier between idx and this. */
	if (HAL_HOST_MAPPED)
		atomic_thread_fence(memory_order_seq_cst);
}

/* A copy of the ring has them aligned as one word. */
static inline void split_write_element(struct virtq_used_elem *element,
				       const struct virtq_chain *chain)
{
	if (HAL_HOST_MAPPED)
		memcpy(element, &chain->used, sizeof(*element));
	else
		once_write64(element, chain->used);
}

static void split_write_elements(struct virtq *vq)
{
	struct virtq_used_elem *ring = vq->used->ring;
	const uint32_t mask = vq->mask;
	uint32_t at = vq->published;

	while (at != vq->taken) {
		uint32_t first = at & mask;
		uint32_t num = bits_min(vq->taken - at, mask + 1 - first);
		const struct virtq_chain *chain = &vq->chain[first];
		const struct virtq_chain *end = chain + num;
		struct virtq_used_elem *element = &ring[first];

		for (; chain != end; chain++, element++)
			split_write_element(element, chain);
		at += num;
	}
}

static bool split_push_elements(struct virtq *vq, struct dma_list *dma)
{
	uint32_t at = vq->published;

	while (at != vq->taken) {
		uint32_t first = at & vq->mask;
		uint32_t num = bits_min(vq->taken - at, vq->mask + 1 - first);

		if (!virtq_push(vq, dma, VIRTQ_DEVICE,
				offsetof(struct virtq_used, ring) +
					first * sizeof(vq->used->ring[0]),
				&vq->used->ring[first], num * (uint32_t)sizeof(vq->used->ring[0])))
			return false;
		at += num;
	}
	return true;
}

/*
 * In order: elements, then the index that announces them (pairs with the driver's read of idx before
 * elements), then the read of the driver's wish (pairs with its write of that before its last look at
 * idx, 2.7.7).
 */
static void split_publish(struct virtq *vq, struct dma_list *dma)
{
	const struct virtq_config *config = &vq->config;

	split_write_elements(vq);
	if (!HAL_HOST_MAPPED && !split_push_elements(vq, dma))
		return;
	__atomic_store_n(&vq->used->idx, (uint16_t)vq->taken, __ATOMIC_RELEASE);
	if (HAL_HOST_MAPPED)
		return;
	if (!virtq_push(vq, dma, VIRTQ_DEVICE, offsetof(struct virtq_used, idx), &vq->used->idx,
			sizeof(vq->used->idx)))
		return;
	if (config->event_idx)
		virtq_pull(vq, dma, VIRTQ_DRIVER,
			   offsetof(struct virtq_avail, ring) + config->size * sizeof(xvio_le16),
			   split_used_event(vq), sizeof(xvio_le16));
	else
		virtq_pull(vq, dma, VIRTQ_DRIVER, offsetof(struct virtq_avail, flags),
			   &vq->avail->flags, sizeof(vq->avail->flags));
}

/* Whether the index went past what the driver waits for (2.7.10.1). */
static bool split_wants_interrupt(struct virtq *vq)
{
	uint16_t event;

	if (!vq->config.event_idx)
		return !(once_read16(&vq->avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT);
	event = once_read16(split_used_event(vq));
	return (uint16_t)(vq->taken - event - 1) < (uint16_t)(vq->taken - vq->published);
}

const struct virtq_ops virtq_split_ops = {
	.ask_ring = split_ask_ring,
	.ask_descs = split_ask_descs,
	.ask_all = split_ask_all,
	.ask_tables = split_ask_tables,
	.parse = split_parse,
	.set_quiet = split_set_quiet,
	.publish = split_publish,
	.wants_interrupt = split_wants_interrupt,
};
