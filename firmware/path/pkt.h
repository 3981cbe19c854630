/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets on the card: a fixed pool of buffers per worker core, and bursts. A packet belongs to the
 * core that received it, for the round it came in, and as long as it is lent to another core.
 */
#ifndef PATH_PKT_H
#define PATH_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xvio/port.h>
#include "path/key.h"
#include "path/offload.h"

#define PKT_BURST      32u
#define PKT_POOL_SIZE  512u
#define PKT_ROOM_BYTES 9280u /* for the longest frame behind a header, whole cache lines */

#define PKT_LARGE_ROOM_BYTES 65664u /* the same for the longest packet that is cut into frames */
#define PKT_LARGE_MAX	     64u /* packets with such a room, per core */

#define PKT_SNAPSHOT_BYTES   128u /* of a frame whose rest stays where it is */
#define PKT_MAX_HEADER_BYTES ((uint32_t)sizeof(struct xvio_pkt_meta)) /* in front of a frame */
#define PKT_FRAME_OFFSET     34u /* of a frame in its packet's memory: IP headers are aligned */
_Static_assert(PKT_FRAME_OFFSET >= PKT_MAX_HEADER_BYTES && PKT_FRAME_OFFSET % 8 == 2, "header");
_Static_assert(PKT_ROOM_BYTES >= PKT_FRAME_OFFSET + XVIO_MAX_FRAME_BYTES, "room");
_Static_assert(PKT_LARGE_ROOM_BYTES >= PKT_FRAME_OFFSET + OFFLOAD_MAX_BYTES, "large room");
#define PKT_HEAD_BYTES 192u /* for a header, and a snapshot of a frame */
_Static_assert(PKT_HEAD_BYTES >= PKT_FRAME_OFFSET + PKT_SNAPSHOT_BYTES, "head");

struct flow;
struct virtq;
struct virtq_chain;

/* What rules say of a packet to host software (struct xvio_pkt_meta). */
struct pkt_note {
	uint32_t mark;
	uint32_t priority;
	uint32_t arg;
	uint32_t frame_bytes;
};

/*
 * The frame: have_bytes of it stand at data. The rest of a longer one (only where host memory is
 * mapped) is still in the sender's chain, behind the header, until the chain is published.
 */
struct pkt {
	uint8_t *data; /* in head or room, or in a MAC's slot */
	uint32_t have_bytes;
	uint32_t len_bytes;
	uint16_t in_port;
	uint16_t num_lent; /* places in handover rings to other cores */
	bool is_away; /* lent, and its round is over */
	bool has_header; /* the struct virtio_net_hdr for a driver that takes it stands in front of data */
	struct offload offload; /* undefined unless the burst, or the output's mark, has needs */
	struct virtq
		*vq; /* where it came from; NULL: not from a queue, or its memory is not mapped */
	const struct virtq_chain *chain;
	uint8_t *head; /* PKT_HEAD_BYTES of DMA-able memory, the packet's own */
	uint8_t *room; /* PKT_ROOM_BYTES of the same, or PKT_LARGE_ROOM_BYTES */
	_Alignas(64) union flow_key key;
	struct pkt_pool *pool;
	struct pkt *next; /* in pkt_pool.returned */
	struct pkt_note note; /* undefined unless output_mark.has_note */
};
_Static_assert(offsetof(struct pkt, key) == 64, "what is looked at for every packet is a line");

/* Packets, one after the other, that meet the same rule. */
struct pkt_run {
	struct flow *flow; /* NULL: none matches */
	struct pkt *const *pkts;
	unsigned num;
	uint32_t num_bytes;
	uint32_t max_bytes; /* of the longest */
};

/* The packets of one source in a round, which stay in their places until the round ends. */
struct burst {
	unsigned num;
	unsigned num_runs;
	uint8_t needs; /* OFFLOAD_* of any of them; 0: pkt.offload is of no meaning */
	struct pkt *pkt[PKT_BURST];
	struct pkt_run run[PKT_BURST]; /* made by the lookup */
};

/* A packet alone, at its place among others, as a run of no rule yet. */
static inline struct pkt_run pkt_run_begin(struct pkt *const *slot)
{
	const uint32_t len_bytes = (*slot)->len_bytes;

	return (struct pkt_run){
		.pkts = slot, .num = 1, .num_bytes = len_bytes, .max_bytes = len_bytes};
}

/* The rule that the lookup found for a packet of the burst; for tests and benches. */
static inline struct flow *burst_flow(const struct burst *burst, unsigned i)
{
	const struct pkt_run *run = burst->run;

	while (&burst->pkt[i] >= run->pkts + run->num)
		run++;
	return run->flow;
}

/*
 * Packets stand in a stack. Those of a round are taken from its top by moving num_free down, and are
 * still there when the round ends: only if some were lent to other cores has anything to be done.
 */
struct pkt_pool {
	unsigned num_all;
	unsigned num_free;
	unsigned num_home; /* free when the round began; from here on the stack is of no meaning */
	bool any_lent; /* in this round */
	uint32_t room_bytes; /* of each packet */
	struct pkt *returned; /* by other cores, to be free when the round ends */
	struct pkt *stack[PKT_POOL_SIZE];
};

/* Makes num packets with rooms of room_bytes, of no pool yet. Core 0. False: no memory. */
bool pkt_create(struct pkt **pkts, unsigned num, size_t room_bytes);

/* A pool of num (<= PKT_POOL_SIZE) of them. */
bool pkt_pool_init(struct pkt_pool *pool, unsigned num, size_t room_bytes);

/* A packet of the current round, num_free being > 0; the caller sets all but key. */
static inline struct pkt *pkt_alloc(struct pkt_pool *pool)
{
	return pool->stack[--pool->num_free];
}

/* The same for many packets: they are taken from behind this place downwards, to the place it then is. */
static inline struct pkt **pkt_top(struct pkt_pool *pool)
{
	return &pool->stack[pool->num_free];
}

static inline void pkt_set_top(struct pkt_pool *pool, struct pkt **top)
{
	pool->num_free = (unsigned)(top - pool->stack);
}

/* Another core uses the packet, until pkt_return(), beyond the end of the round. Its pool's core. */
void pkt_lend(struct pkt *pkt);
void pkt_return(struct pkt *pkt);

/* All packets of the round that are not lent are free again. */
void pkt_end_round(struct pkt_pool *pool);

/*
 * Copies bytes of the frame to card memory, wherever they are. False: the sender's addresses fail. The core
 * that has the packet; its own, before the chain is published, unless all of it is here.
 */
bool pkt_read(const struct pkt *pkt, uint32_t offset_bytes, uint8_t *to, uint32_t len_bytes);

/*
 * Brings the whole frame into the packet's own room, and forgets the queue that it came from: the packet
 * may outlive it. What was read of it before stays as it was read.
 * False: the sender's addresses fail. Its core, before the chain is published.
 */
bool pkt_pull(struct pkt *pkt);

/*
 * Brings at least the first num_bytes (<= len_bytes) of the frame to the packet's own memory, where they may be changed.
 * False: as pkt_pull(), which it does where that is not so yet.
 */
bool pkt_own(struct pkt *pkt, uint32_t num_bytes);

/*
 * Makes sure that num_bytes in front of a frame, all of which is in the packet's room, are there to make it longer; it may move.
 * False: longer by them it would not have place in the room at PKT_FRAME_OFFSET, where copies stand.
 */
bool pkt_make_headroom(struct pkt *pkt, uint32_t num_bytes);

/* Makes to another packet with the same frame and key; all of from's frame is here. */
void pkt_copy(struct pkt *to, const struct pkt *from);

/*
 * Makes the packet's key, whatever its frame is (parse_usual() may be tried first); pulls the whole
 * frame if its headers go on behind what is here. False: it is malformed. Its core, before the chain is
 * published.
 */
bool pkt_parse(struct pkt *pkt);

#endif
