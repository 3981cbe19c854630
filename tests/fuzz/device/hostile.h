/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The hostile driver: a VF's registers (hostile_vf.c) or a port's queues (hostile_port.c), rings
 * with whatever in them, and the operations that an input is made of (hostile_ops.c).
 */
#ifndef FUZZ_DEVICE_HOSTILE_H
#define FUZZ_DEVICE_HOSTILE_H

#include "device/ring.h"
#include "fuzz.h"

#define HOSTILE_QUEUES	  3u /* receive, transmit; control, or the next receive queue */
#define HOSTILE_BUFFERS	  (HOSTILE_QUEUES * RING_BYTES) /* offset in memory; up to its end */
#define HOSTILE_PATCHES	  8u
#define HOSTILE_ADDR_PORT UINT64_C(0x40000000) /* the port's memory in its own addresses */

/* What a set-up is to be like. */
struct hostile_plan {
	uint64_t features; /* as far as they are offered */
	uint16_t size;
	uint16_t vector; /* of the first queue; the others have the next ones */
	unsigned map; /* a port's: in one piece, in pages, with a hole */
	uint8_t flaw; /* which part of it is wrong, below HOSTILE_FLAWS */
	uint32_t value; /* what stands there instead */
};

enum hostile_flaw {
	HOSTILE_FLAW_DESC, /* low halves */
	HOSTILE_FLAW_DRIVER,
	HOSTILE_FLAW_DEVICE,
	HOSTILE_FLAW_HIGH, /* of all three */
	HOSTILE_FLAW_SIZE,
	HOSTILE_FLAW_VECTOR,
	HOSTILE_FLAW_STATUS, /* the last status written; port: the place to begin at */
	HOSTILE_FLAW_SKIP, /* a queue is left out */
	HOSTILE_FLAWS,
};

/* Bytes that appear in the function's memory before an operation of the bus. */
struct hostile_patch {
	uint32_t after; /* operations to come */
	uint16_t offset;
	uint8_t num;
	uint8_t bytes[8];
};

struct hostile {
	bool is_port;
	uint8_t *memory; /* WORLD_HOSTILE_BYTES */
	uint64_t addr; /* of it */
	struct ring ring[HOSTILE_QUEUES];
	uint16_t index[HOSTILE_QUEUES]; /* of the device's queues */
	uint32_t hdr_bytes; /* in front of frames */
	uint32_t next_buffer;
	unsigned num_patches;
	struct hostile_patch patch[HOSTILE_PATCHES];
	bool changed_port; /* by the host, to be undone */
};

/* A command for a control queue: so many bytes to read, so many to write. */
struct hostile_command {
	uint32_t num_read;
	uint32_t num_write;
};

/* What is in buffers (hostile_frame.c), at a place in memory. A frame is behind its header. */
void hostile_fill_frame(uint8_t *at, uint32_t hdr_bytes, uint8_t to, bool has_header,
			struct fuzz_input *input);
void hostile_fill_large(uint8_t *at, uint32_t hdr_bytes, uint32_t len_bytes,
			struct fuzz_input *input);
struct hostile_command hostile_fill_command(uint8_t *at, struct fuzz_input *input);

/* How the function is reached. */
void hostile_vf_write(uint32_t offset, unsigned size_bytes, uint32_t value);
void hostile_vf_reset(void); /* FLR */
void hostile_vf_set_up(struct hostile *hostile, const struct hostile_plan *plan);
void hostile_vf_set_queue(struct hostile *hostile, unsigned number,
			  const struct hostile_plan *plan);
void hostile_vf_begin(void);
void hostile_vf_replace(void); /* the host takes it away, and makes another */

void hostile_port_set_up(struct hostile *hostile, const struct hostile_plan *plan);
void hostile_port_set_queue(struct hostile *hostile, unsigned number,
			    const struct hostile_plan *plan);
void hostile_port_stop(void);
void hostile_port_map(unsigned kind);
uint32_t hostile_port_doorbell(unsigned index);

/* One operation of the input. */
void hostile_run_op(struct hostile *hostile, struct fuzz_input *input);

/* A set-up as the input says. */
void hostile_set_up(struct hostile *hostile, struct fuzz_input *input);

/* No queue runs any more; one_way: the one, or the other (FLR, or status 0). */
void hostile_reset(struct hostile *hostile, bool one_way);

#endif
