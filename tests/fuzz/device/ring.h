/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A virtqueue from its driver's side, split or packed, for honest drivers and for the hostile
 * one, whose descriptors may say anything. Chains are made available from one end of the table to
 * the other and round again.
 */
#ifndef FUZZ_DEVICE_RING_H
#define FUZZ_DEVICE_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/virtio.h>

#define RING_MAX_SIZE 256u

/* Where the areas of a queue lie in its part of a function's memory, RING_BYTES long. */
#define RING_DESC   0x0000u /* packed: the ring */
#define RING_DRIVER 0x1000u
#define RING_DEVICE 0x1400u
#define RING_TABLE  0x1d00u /* for an indirect table */
#define RING_BYTES  0x2000u

/* A descriptor as it will stand in the ring; NEXT and marks are added. */
struct ring_piece {
	uint64_t addr;
	uint32_t len_bytes;
	uint16_t flags;
	uint16_t skew; /* added to what names the next one; packed: to the id */
};

struct ring {
	uint8_t *memory; /* RING_BYTES */
	uint64_t addr; /* of memory, as the device knows it */
	uint16_t size; /* power of two, <= RING_MAX_SIZE */
	bool packed;
	bool in_order;
	uint16_t avail; /* split: index; packed: place, VIRTQ_PACKED_WRAP */
	uint16_t used; /* the same */
	uint16_t slot; /* split: the next descriptor */
	uint16_t num_free; /* descriptors */
	uint16_t num_batch; /* chains that are used and not reaped yet */
	uint16_t prod, cons; /* chains in flight */
	uint16_t head[RING_MAX_SIZE]; /* of chain number n, at n % size; packed: its id */
	uint16_t length[RING_MAX_SIZE]; /* its descriptors */
};

/* An empty ring; clears what the device will look at. */
void ring_init(struct ring *ring, uint8_t *memory, uint64_t addr, uint16_t size, bool packed);

/*
 * Makes a chain available, its head named head_skew beside what it is (split); false: there is no
 * room for it. num > 0.
 */
bool ring_add(struct ring *ring, const struct ring_piece *pieces, uint16_t num, uint16_t head_skew);

/*
 * Takes the oldest chain back if the device has used it (in order, as our device does): its
 * number in *number, bytes written in *len_bytes. *good: the device named it by its name.
 */
bool ring_reap(struct ring *ring, uint16_t *number, uint32_t *len_bytes, bool *good);

static inline uint16_t ring_num_in_flight(const struct ring *ring)
{
	return (uint16_t)(ring->prod - ring->cons);
}

#endif
