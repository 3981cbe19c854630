/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The faults that test_hostile.c puts into rings, for split and packed ones: what the driver writes, and
 * the name that the fault is to be counted under.
 */
#ifndef PATH_HOSTILE_RINGS_H
#define PATH_HOSTILE_RINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/event.h>
#include <xvio/virtio.h>
#include "common/bed.h"

/*
 * Up to four descriptors from number 0 on; slot: the descriptor's own buffer, else addr as it is. The
 * last two fields of a descriptor are flags and next, or id and flags (packed).
 */
struct hostile {
	const char *name;
	unsigned index;
	uint8_t error;
	uint16_t head; /* split */
	uint16_t avail_idx; /* split */
	struct {
		bool slot;
		union {
			struct virtq_desc desc;
			struct virtq_packed_desc packed;
		};
	} desc[4];
};

#define NEXT  VIRTQ_DESC_F_NEXT
#define WRITE VIRTQ_DESC_F_WRITE
#define AVAIL VIRTQ_PACKED_DESC_F_AVAIL /* in the first lap */
#define USED  VIRTQ_PACKED_DESC_F_USED

static const struct hostile hostile_split[] = {
	{"index too far", BED_TX, XVIO_RING_ERR_INDEX, 0, 33, {{true, {{0, 100, 0, 0}}}}},
	{"index backwards", BED_TX, XVIO_RING_ERR_INDEX, 0, 0xffff, {{true, {{0, 100, 0, 0}}}}},
	{"head out of range", BED_TX, XVIO_RING_ERR_INDEX, 32, 1, {{true, {{0, 100, 0, 0}}}}},
	{"head far out of range",
	 BED_TX,
	 XVIO_RING_ERR_INDEX,
	 65535,
	 1,
	 {{true, {{0, 100, 0, 0}}}}},
	{"next out of range", BED_TX, XVIO_RING_ERR_INDEX, 0, 1, {{true, {{0, 100, NEXT, 32}}}}},
	{"self loop", BED_TX, XVIO_RING_ERR_LOOP, 0, 1, {{true, {{0, 100, NEXT, 0}}}}},
	{"loop of two",
	 BED_TX,
	 XVIO_RING_ERR_LOOP,
	 0,
	 1,
	 {{true, {{0, 9, NEXT, 1}}}, {true, {{0, 9, NEXT, 0}}}}},
	{"receive loop", BED_RX, XVIO_RING_ERR_LOOP, 0, 1, {{true, {{0, 100, NEXT | WRITE, 0}}}}},
	{"zero length", BED_TX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {{0, 0, 0, 0}}}}},
	{"zero length later",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 1,
	 {{true, {{0, 100, NEXT, 1}}}, {true, {{0, 0, 0, 0}}}}},
	{"enormous", BED_TX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {{0, 0xffffffff, 0, 0}}}}},
	{"enormous sum",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 1,
	 {{true, {{0, 0x100000, NEXT, 1}}}, {true, {{0, 0x100000, 0, 0}}}}},
	{"shorter than the header", BED_TX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {{0, 11, 0, 0}}}}},
	{"receive too short", BED_RX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {{0, 25, WRITE, 0}}}}},
	{"writable to send", BED_TX, XVIO_RING_ERR_DIRECTION, 0, 1, {{true, {{0, 100, WRITE, 0}}}}},
	{"writable behind readable",
	 BED_TX,
	 XVIO_RING_ERR_DIRECTION,
	 0,
	 1,
	 {{true, {{0, 100, NEXT, 1}}}, {true, {{0, 100, WRITE, 0}}}}},
	{"readable to receive", BED_RX, XVIO_RING_ERR_DIRECTION, 0, 1, {{true, {{0, 100, 0, 0}}}}},
	{"unknown flag", BED_TX, XVIO_RING_ERR_FLAGS, 0, 1, {{true, {{0, 100, 0x8000, 0}}}}},
	{"address outside", BED_TX, XVIO_RING_ERR_ADDRESS, 0, 1, {{false, {{0x1000, 100, 0, 0}}}}},
	{"bus address", BED_TX, XVIO_RING_ERR_ADDRESS, 0, 1, {{false, {{0x100000000, 100, 0, 0}}}}},
	{"over the end",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 1,
	 {{false, {{0x41000000 + DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES - 50, 100, 0, 0}}}}},
	{"wraps",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 1,
	 {{false, {{0xfffffffffffffff0, 100, 0, 0}}}}},
};

/* The first lap, from place 0 on. */
static const struct hostile hostile_packed[] = {
	{"id out of range",
	 BED_TX,
	 XVIO_RING_ERR_INDEX,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 32, AVAIL}}}}},
	{"id far out of range",
	 BED_TX,
	 XVIO_RING_ERR_INDEX,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 65535, AVAIL}}}}},
	{"id of a chain out of range",
	 BED_TX,
	 XVIO_RING_ERR_INDEX,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL | NEXT}}}, {true, {.packed = {0, 100, 32, AVAIL}}}}},
	{"zero length", BED_TX, XVIO_RING_ERR_LENGTH, 0, 0, {{true, {.packed = {0, 0, 0, AVAIL}}}}},
	{"zero length later",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL | NEXT}}}, {true, {.packed = {0, 0, 0, AVAIL}}}}},
	{"enormous",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 0,
	 {{true, {.packed = {0, 0xffffffff, 0, AVAIL}}}}},
	{"enormous sum",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 0,
	 {{true, {.packed = {0, 0x100000, 0, AVAIL | NEXT}}},
	  {true, {.packed = {0, 0x100000, 0, AVAIL}}}}},
	{"shorter than the header",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 0,
	 {{true, {.packed = {0, 11, 0, AVAIL}}}}},
	{"receive too short",
	 BED_RX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 0,
	 {{true, {.packed = {0, 25, 0, AVAIL | WRITE}}}}},
	{"writable to send",
	 BED_TX,
	 XVIO_RING_ERR_DIRECTION,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL | WRITE}}}}},
	{"writable behind readable",
	 BED_TX,
	 XVIO_RING_ERR_DIRECTION,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL | NEXT}}},
	  {true, {.packed = {0, 100, 0, AVAIL | WRITE}}}}},
	{"readable to receive",
	 BED_RX,
	 XVIO_RING_ERR_DIRECTION,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL}}}}},
	{"readable behind writable",
	 BED_RX,
	 XVIO_RING_ERR_DIRECTION,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL | NEXT | WRITE}}},
	  {true, {.packed = {0, 100, 0, AVAIL}}}}},
	{"unknown flag",
	 BED_TX,
	 XVIO_RING_ERR_FLAGS,
	 0,
	 0,
	 {{true, {.packed = {0, 100, 0, AVAIL | 0x4000}}}}},
	{"address outside",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 0,
	 {{false, {.packed = {0x1000, 100, 0, AVAIL}}}}},
	{"bus address",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 0,
	 {{false, {.packed = {0x100000000, 100, 0, AVAIL}}}}},
	{"over the end",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 0,
	 {{false,
	   {.packed = {0x41000000 + DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES - 50, 100, 0, AVAIL}}}}},
	{"wraps",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 0,
	 {{false, {.packed = {0xfffffffffffffff0, 100, 0, AVAIL}}}}},
};

#endif
