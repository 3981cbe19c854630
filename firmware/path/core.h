/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What one worker core owns: its packets, its DMA list, its cache, and what it is busy with in the
 * current round. Nobody else touches it. All of it is card memory that DMA can reach.
 */
#ifndef PATH_CORE_H
#define PATH_CORE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/hash.h"
#include "lib/list.h"
#include "path/cache.h"
#include "path/dma.h"
#include "path/mac.h"
#include "path/output.h"
#include "path/pkt.h"

#define CORE_MAX 8u
/* Queues that bring packets in one round: many share a DMA list; few stay in the cache. */
#define CORE_MAX_QUEUES	 (HAL_HOST_MAPPED ? 4u : 8u)
#define CORE_MAX_FETCHES 16u /* queues whose ring is looked at together */
#define CORE_LARGE_HEAP	 (UINT64_C(1) << 30) /* a quarter of such a heap is for caches, else 1/16 */
#define CORE_MIN_LARGE	 4u /* packets with large rooms; for them a 1/16 of the heap, too */

#define CORE_PREFIX_BYTES 48u /* a header and an Ethernet address */

struct vnet_queue;

/* What a worker did since start; written by it alone. Cycles are those of hal_cycles(). */
struct core_load {
	_Alignas(64) _Atomic uint64_t busy_cycles; /* in rounds with something to do */
	_Atomic uint64_t idle_cycles;
	_Atomic uint64_t busy_rounds;
	_Atomic uint64_t idle_rounds;
	_Atomic uint64_t num_received; /* packets */
};

struct core {
	unsigned number;
	bool busy; /* there was something to do in this round */
	uint64_t now_us; /* when the round began */
	uint64_t wake_at_us; /* when the next one has to begin at the latest: core_wake_at() */
	uint64_t cycles; /* when the round before ended, by hal_cycles() (worker_loop()) */
	uint64_t num_received; /* packets, in all rounds */
	uint64_t random; /* core_random() */
	struct core_load load;
	struct pkt_pool pool;
	struct pkt_pool large; /* packets with PKT_LARGE_ROOM_BYTES */
	struct cache *cache;
	struct burst
		burst[CORE_MAX_QUEUES + XVIO_MAX_UPLINKS]; /* one for each source of this round */
	struct list active; /* queues with something to fetch or receive, vnet_queue.active */
	struct list publish; /* queues with chains taken, vnet_queue.publish */
	struct list held; /* queues whose interrupt waits, vnet_queue.held */
	struct vnet_queue *queue[CORE_MAX_QUEUES]; /* with packets in this round */
	unsigned num_queues;
	struct mac *mac[XVIO_MAX_UPLINKS]; /* uplinks whose frames come here */
	unsigned num_macs;
	struct output_set output;
	uint32_t wake; /* bit per core that was handed something */
	/* What goes out in front of packets: each place has an operation of dma, which uses it, or had one. */
	unsigned next_prefix;
	uint8_t prefix[DMA_LIST_OPS][CORE_PREFIX_BYTES];
	struct dma_list dma;
};

/* False: no memory. Core 0, once. */
bool core_init(void);

/* The calling worker's. */
struct core *core_self(void);

/*
 * Something that this round left undone is due at at_us: the core does not sleep longer than that. Asked
 * for anew in each round, by its worker.
 */
static inline void core_wake_at(struct core *core, uint64_t at_us)
{
	if (at_us < core->wake_at_us)
		core->wake_at_us = at_us;
}

/* A number that nobody can foresee who does not know the hash's secrets. Its worker. */
static inline uint32_t core_random(struct core *core)
{
	core->random += hash_secret[0];
	return (uint32_t)(hash_word(core->random) >> 32);
}

/* A worker's load, as it stands; NULL: no such worker. Any core. */
const struct core_load *core_load(unsigned number);

#endif
