/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The inside of the shadow model: shadow.c (the bus), shadow_split.c and shadow_packed.c (the
 * rings).
 */
#ifndef FUZZ_DEVICE_SHADOW_INT_H
#define FUZZ_DEVICE_SHADOW_INT_H

#include <xvio/virtio.h>
#include "device/shadow.h"

#define SHADOW_MAX_SIZE	 256u
#define SHADOW_MAX_BUFS	 256u
#define SHADOW_MAX_BYTES 0x100000u /* of a chain: longer ones are refused */
#define SHADOW_MAX_STEPS 2048u /* descriptors looked at for one operation */

struct shadow_buf {
	uint64_t addr;
	uint32_t len_bytes;
	uint16_t flags;
	bool is_indirect; /* named by an indirect table: its chain is not known */
};

/*
 * Images are what the device has read, and what it has written, at the offsets of each area. As
 * soon as a driver changes what is in flight, we cannot tell what the device goes by (loose):
 * then any buffer that was ever shown is good, and names are only checked for having been shown.
 */
struct shadow_queue {
	bool running;
	bool loose;
	bool is_port;
	bool blind; /* we cannot tell at all, or have no room: anything is good */
	struct shadow_config config;
	uint16_t used; /* split: index; packed: place of what is returned next */
	uint16_t shown; /* split: the available index that was read */
	uint16_t
		settled; /* split: up to here chains were shown before the last look at the index */
	uint32_t look; /* split: looks at the index */
	unsigned num_bufs;
	struct shadow_buf buf[SHADOW_MAX_BUFS];
	bool seen[SHADOW_MAX_SIZE]; /* descriptors that were read */
	uint32_t seen_in[SHADOW_MAX_SIZE]; /* split: value of look then */
	uint8_t fresh[SHADOW_MAX_SIZE]; /* packed: reads in which a new chain may still change */
	bool id_shown[SHADOW_MAX_SIZE]; /* packed */
	bool written[SHADOW_MAX_SIZE]; /* used entries */
	_Alignas(16) uint8_t desc[SHADOW_MAX_SIZE * 16];
	_Alignas(16) uint8_t driver[6 + 2 * SHADOW_MAX_SIZE];
	_Alignas(16) uint8_t device[SHADOW_MAX_SIZE * 16];
};

/* Part of a buffer, to be looked for; steps is what is left of SHADOW_MAX_STEPS. */
struct shadow_need {
	uint64_t addr;
	uint32_t len_bytes;
	bool is_write;
	unsigned steps;
	bool found;
	bool is_table; /* perhaps: one of the descriptors that were found says so */
};

/* What differs between the formats. Offsets are in the area, and within it. */
struct shadow_format {
	uint32_t (*driver_bytes)(const struct shadow_queue *queue);
	uint32_t (*device_bytes)(const struct shadow_queue *queue);
	/* The device reads the area: host is what it gets. */
	void (*read_desc)(struct shadow_queue *queue, uint32_t offset, const uint8_t *host,
			  uint32_t len);
	void (*read_driver)(struct shadow_queue *queue, uint32_t offset, const uint8_t *host,
			    uint32_t len);
	/* It writes; to desc only where that is a packed ring. */
	void (*write_desc)(struct shadow_queue *queue, uint32_t offset, const uint8_t *card,
			   uint32_t len);
	void (*write_device)(struct shadow_queue *queue, uint32_t offset, const uint8_t *card,
			     uint32_t len);
	/* Looks for what is needed in the chains in flight. */
	void (*in_flight)(const struct shadow_queue *queue, struct shadow_need *need);
	/* The device forgets what it has not begun (another map): it may be shown anew. */
	void (*forget)(struct shadow_queue *queue);
};
extern const struct shadow_format shadow_split;
extern const struct shadow_format shadow_packed;

/*
 * Looks whether the buffer of a descriptor has what is needed; true: that is all there is to know. Buffers may
 * overlap, and a table be part of one that is none. A table is for reading (2.7.5.3.2).
 */
static inline bool shadow_has(struct shadow_need *need, uint64_t addr, uint32_t len_bytes,
			      uint16_t flags)
{
	const bool is_write = flags & VIRTQ_DESC_F_WRITE && !(flags & VIRTQ_DESC_F_INDIRECT);
	const uint64_t offset = need->addr - addr;

	if (is_write != need->is_write || offset >= len_bytes ||
	    need->len_bytes > len_bytes - offset)
		return false;
	need->found = true;
	need->is_table |= flags & VIRTQ_DESC_F_INDIRECT;
	return is_write || need->is_table;
}

/*
 * A descriptor was shown. One that lies over a ring makes us blind: what is it that the device
 * accesses there?
 */
void shadow_add_buf(struct shadow_queue *queue, uint64_t addr, uint32_t len_bytes, uint16_t flags,
		    bool is_indirect);

/*
 * The chain that is returned ends here; len_bytes: what the device says it wrote, max: what it
 * may have.
 */
void shadow_check_len(uint32_t len_bytes, uint64_t max_bytes, bool is_indirect);

#endif
