/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A guest's side of a virtqueue, split or packed (virtio 1.2, 2.7 and 2.8), in plain memory, as a
 * polling driver has it: buffer i belongs to descriptor i, one descriptor a packet, used in order.
 * A device that breaks the protocol ends the program. Same thread as the device.
 */
#ifndef BENCH_PATH_RING_H
#define BENCH_PATH_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/virtio.h>

#define PATH_RING_SIZE	  1024u
#define PATH_BUFFER_BYTES 2048u
#define PATH_BUFFER_STEP  2240u /* an odd number of cache lines: buffers share no cache sets */

/* Which features were negotiated. */
enum path_ring_kind {
	PATH_SPLIT, /* none */
	PATH_PACKED, /* VIRTIO_F_RING_PACKED */
	PATH_PACKED_IN_ORDER, /* and VIRTIO_F_IN_ORDER */
	PATH_NUM_KINDS
};

/* What lies in the guest's memory for one queue. */
struct path_ring_memory {
	_Alignas(4096) union {
		struct virtq_desc split[PATH_RING_SIZE];
		struct virtq_packed_desc packed[PATH_RING_SIZE];
	} desc;
	_Alignas(64) union {
		xvio_le16 split[2 + PATH_RING_SIZE + 1]; /* struct virtq_avail, and used_event */
		struct virtq_packed_event packed;
	} driver;
	_Alignas(64) union {
		xvio_le32
			split[1 + 2 * PATH_RING_SIZE + 1]; /* struct virtq_used, and avail_event */
		struct virtq_packed_event packed;
	} device;
	_Alignas(4096) uint8_t buffer[PATH_RING_SIZE * PATH_BUFFER_STEP];
};

struct path_ring {
	enum path_ring_kind kind;
	bool to_guest; /* the device writes the buffers */
	struct path_ring_memory *memory;
	uint64_t iova; /* of memory, in the guest's address space */
	uint32_t posted; /* buffers given to the device; runs freely */
	uint32_t taken; /* buffers the device has given back and the guest has taken; runs freely */
	uint32_t last_used; /* packed, in order: the device is done with all before; runs freely */
};

/* An empty ring that wants no interrupts. memory is the guest's own and zeroed by this. */
void path_ring_init(struct path_ring *ring, enum path_ring_kind kind, bool to_guest,
		    struct path_ring_memory *memory, uint64_t iova);

static inline uint32_t path_ring_free(const struct path_ring *ring)
{
	return PATH_RING_SIZE - (ring->posted - ring->taken);
}

/* Where the next buffer to be posted lies. There is a free one. */
uint8_t *path_ring_buffer(const struct path_ring *ring);

/* Posts the next num buffers, len_bytes each; the device sees them all when it returns. */
void path_ring_post(struct path_ring *ring, uint32_t num, uint32_t len_bytes);

/* Whether the device wants to be told of what was posted (2.7.10, 2.8.10). */
bool path_ring_wants_bell(const struct path_ring *ring);

/* Takes the oldest buffer the device is done with, and how much it wrote; NULL: none. */
const uint8_t *path_ring_take(struct path_ring *ring, uint32_t *len_bytes);

#endif
