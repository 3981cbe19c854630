/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* A guest's side of a virtqueue (path_ring.h). */
#include "bench/path_ring.h"

#include <stddef.h>
#include <string.h>
#include "bench/path_platform.h"

static uint32_t path_ring_slot(uint32_t at)
{
	return at % PATH_RING_SIZE;
}

/* Packed: both flag bits as they are when the driver has made the descriptor available (2.8.1). */
static uint16_t path_ring_avail_bits(uint32_t at)
{
	return at / PATH_RING_SIZE % 2 ? VIRTQ_PACKED_DESC_F_USED : VIRTQ_PACKED_DESC_F_AVAIL;
}

static uint16_t path_ring_used_bits(uint32_t at)
{
	return at / PATH_RING_SIZE % 2 ? 0 : VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED;
}

static uint64_t path_ring_buffer_iova(const struct path_ring *ring, uint32_t slot)
{
	return ring->iova + offsetof(struct path_ring_memory, buffer) +
	       (uint64_t)slot * PATH_BUFFER_STEP;
}

void path_ring_init(struct path_ring *ring, enum path_ring_kind kind, bool to_guest,
		    struct path_ring_memory *memory, uint64_t iova)
{
	memset(ring, 0, sizeof(*ring));
	memset(memory, 0, offsetof(struct path_ring_memory, buffer));
	ring->kind = kind;
	ring->to_guest = to_guest;
	ring->memory = memory;
	ring->iova = iova;
	if (kind != PATH_SPLIT)
		memory->driver.packed.flags = VIRTQ_PACKED_EVENT_DISABLE;
	else
		memory->driver.split[0] = VIRTQ_AVAIL_F_NO_INTERRUPT;
}

uint8_t *path_ring_buffer(const struct path_ring *ring)
{
	return ring->memory->buffer + path_ring_slot(ring->posted) * PATH_BUFFER_STEP;
}

static void path_ring_post_split(struct path_ring *ring, uint32_t len_bytes)
{
	uint32_t slot = path_ring_slot(ring->posted);

	ring->memory->desc.split[slot] = (struct virtq_desc){
		.addr = path_ring_buffer_iova(ring, slot),
		.len = len_bytes,
		.flags = ring->to_guest ? VIRTQ_DESC_F_WRITE : 0,
	};
	ring->memory->driver.split[2 + slot] = (uint16_t)slot;
}

static void path_ring_post_packed(struct path_ring *ring, uint32_t len_bytes)
{
	uint32_t slot = path_ring_slot(ring->posted);
	struct virtq_packed_desc *desc = &ring->memory->desc.packed[slot];
	uint16_t flags = path_ring_avail_bits(ring->posted);

	if (ring->to_guest)
		flags |= VIRTQ_DESC_F_WRITE;
	desc->addr = path_ring_buffer_iova(ring, slot);
	desc->len = len_bytes;
	desc->id = (uint16_t)slot;
	/* Pairs with the device's read of flags before the rest. */
	__atomic_store_n(&desc->flags, flags, __ATOMIC_RELEASE);
}

void path_ring_post(struct path_ring *ring, uint32_t num, uint32_t len_bytes)
{
	if (num > path_ring_free(ring))
		path_platform_fail("ring: the guest posts more than the ring holds");
	for (; num; num--) {
		if (ring->kind != PATH_SPLIT)
			path_ring_post_packed(ring, len_bytes);
		else
			path_ring_post_split(ring, len_bytes);
		ring->posted++;
	}
	/* Pairs with the device's read of idx before the entries. */
	if (ring->kind == PATH_SPLIT)
		__atomic_store_n(&ring->memory->driver.split[1], (uint16_t)ring->posted,
				 __ATOMIC_RELEASE);
}

bool path_ring_wants_bell(const struct path_ring *ring)
{
	/* Pairs with the device's barrier between its wish and its last look at the ring. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->kind != PATH_SPLIT)
		return ring->memory->device.packed.flags != VIRTQ_PACKED_EVENT_DISABLE;
	return !(ring->memory->device.split[0] & VIRTQ_USED_F_NO_NOTIFY);
}

static bool path_ring_used_split(struct path_ring *ring, uint32_t *len_bytes)
{
	const xvio_le32 *used = ring->memory->device.split;
	uint32_t slot = path_ring_slot(ring->taken);
	/* Pairs with the device's write of idx after the elements. */
	uint16_t idx = (uint16_t)(__atomic_load_n(&used[0], __ATOMIC_ACQUIRE) >> 16);

	if (idx == (uint16_t)ring->taken)
		return false;
	if ((uint16_t)(idx - ring->taken) > ring->posted - ring->taken)
		path_platform_fail("ring: the device returns what it was not given");
	if (used[1 + 2 * slot] != slot)
		path_platform_fail("ring: the device returns another buffer than the oldest");
	*len_bytes = used[2 + 2 * slot];
	return true;
}

/*
 * With IN_ORDER one used descriptor, in the place of the first, may stand for all buffers up to the
 * one it names (2.8.9 refers to 2.7.9): for buffers the device only read, since it tells one length.
 */
static bool path_ring_used_packed(struct path_ring *ring, uint32_t *len_bytes)
{
	const struct virtq_packed_desc *desc =
		&ring->memory->desc.packed[path_ring_slot(ring->taken)];
	uint16_t both = VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED;
	uint32_t num;

	*len_bytes = 0;
	if (ring->last_used != ring->taken)
		return true;
	if (ring->taken == ring->posted)
		return false;
	/* Pairs with the device's write of flags after the rest. */
	if ((__atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE) & both) !=
	    path_ring_used_bits(ring->taken))
		return false;
	num = path_ring_slot(desc->id - ring->taken) + 1;
	if (num != 1 && (ring->kind != PATH_PACKED_IN_ORDER || ring->to_guest))
		path_platform_fail("ring: the device returns another buffer than the oldest");
	if (num > ring->posted - ring->taken)
		path_platform_fail("ring: the device returns what it was not given");
	ring->last_used = ring->taken + num;
	*len_bytes = desc->len;
	return true;
}

const uint8_t *path_ring_take(struct path_ring *ring, uint32_t *len_bytes)
{
	bool used = ring->kind != PATH_SPLIT ? path_ring_used_packed(ring, len_bytes)
					     : path_ring_used_split(ring, len_bytes);
	const uint8_t *buffer;

	if (!used)
		return NULL;
	if (!ring->to_guest && *len_bytes && ring->kind == PATH_SPLIT) /* packed: reserved, 2.8.4 */
		path_platform_fail("ring: the device wrote into what it may only read");
	buffer = ring->memory->buffer + path_ring_slot(ring->taken) * PATH_BUFFER_STEP;
	ring->taken++;
	return buffer;
}
