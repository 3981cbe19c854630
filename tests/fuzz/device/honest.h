/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Drivers that keep to the specification: the hostile one's neighbours, and what comes after it. */
#ifndef FUZZ_DEVICE_HONEST_H
#define FUZZ_DEVICE_HONEST_H

#include "device/ring.h"

#define HONEST_SIZE	   32u
#define HONEST_FRAME_BYTES 400u /* at most */
#define HONEST_BYTES	   0x10000u /* of memory */
#define HONEST_RX	   0u
#define HONEST_TX	   1u

struct honest {
	unsigned vf;
	uint32_t doorbell; /* of queue 0 */
	uint8_t *memory; /* HONEST_BYTES */
	uint64_t addr; /* of it, as the device knows it */
	uint16_t num_pieces; /* descriptors of a sent frame, 1 or 2 */
	struct ring ring[2];
};

/* A write to a register of a VF, carried out. */
void honest_write(unsigned vf, uint32_t offset, unsigned size_bytes, uint32_t value);

/* What the device offers; selects on the way. */
uint64_t honest_offered(unsigned vf);

/* Makes the rings anew. The device is told by honest_set_up(), or it is no VF. */
void honest_clear(struct honest *honest, bool packed);

/*
 * From reset to DRIVER_OK, packed rings if wanted and offered; receive buffers are posted. Fails
 * the run if it is refused.
 */
void honest_set_up(struct honest *honest, bool wants_packed);

/* Posts receive buffers wherever there is room, and rings. */
void honest_post(struct honest *honest);

/* Sends a frame, and rings; false: no room. */
bool honest_send(struct honest *honest, const uint8_t *frame, uint32_t len_bytes);

/* The next frame that has arrived, NULL if none; valid until the next post. */
const uint8_t *honest_receive(struct honest *honest, uint32_t *len_bytes);

/* Reaps what was sent. */
void honest_reap(struct honest *honest);

#endif
