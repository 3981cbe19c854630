/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets on the card: a fixed pool of buffers per worker core, and bursts. A packet belongs to the
 * core that received it, which alone counts its holders: the round it came in, and each place in a
 * handover ring to another core.
 */
#ifndef PATH_PKT_H
#define PATH_PKT_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/port.h>
#include "path/classifier.h"

#define PKT_BURST      32u
#define PKT_POOL_SIZE  512u
#define PKT_ROOM_BYTES 9280u /* XVIO_MAX_FRAME_BYTES and a header, whole cache lines */
_Static_assert(PKT_ROOM_BYTES >= XVIO_MAX_FRAME_BYTES + sizeof(struct xvio_pkt_meta), "room");

struct flow;

struct pkt {
	union flow_key key;
	struct flow *flow; /* found by the lookup; NULL: none matches */
	uint8_t *data; /* the frame, from the Ethernet header on: in room, or in a MAC's slot */
	uint8_t *room; /* PKT_ROOM_BYTES of DMA-able memory, the packet's own */
	struct pkt *next; /* in the pool, or in the round */
	uint32_t len_bytes;
	uint16_t in_port;
	uint16_t holders;
};

struct burst {
	unsigned num;
	struct pkt *pkt[PKT_BURST];
};

struct pkt_pool {
	struct pkt *free;
	struct pkt *round; /* received since the last pkt_end_round() */
	unsigned num_free;
};

/* Core 0. False: no memory. */
bool pkt_pool_init(struct pkt_pool *pool);

/* A packet held by the current round; data is its room. NULL: none is free. */
struct pkt *pkt_alloc(struct pkt_pool *pool);

/* Gives up one hold. Only on the packet's core. */
void pkt_put(struct pkt_pool *pool, struct pkt *pkt);

/* Gives up the round's holds: what nobody else holds is free again. */
void pkt_end_round(struct pkt_pool *pool);

/* Moves the frame into the packet's own room, if it lies in a MAC's slot. */
void pkt_own_data(struct pkt *pkt);

#endif
