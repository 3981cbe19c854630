/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Handover rings (handover.h). The lending core writes entries and prod, the borrowing core done;
 * entries between done and prod are lent. Each side keeps its own place privately.
 */
#include "path/handover.h"

#include <stdatomic.h>
#include <string.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/veb.h"

#define HANDOVER_ENTRIES 256u
#define HANDOVER_BATCH	 64u /* taken from one ring in a round */

struct handover_entry {
	struct pkt *pkt;
	union output_mark mark;
	uint16_t port;
	bool has_eth_dst;
	uint8_t eth_dst[6];
};

struct handover {
	_Alignas(64) _Atomic uint32_t prod; /* lender; released, pairs with handover_take() */
	uint32_t reclaimed; /* lender */
	_Alignas(64) _Atomic uint32_t done; /* borrower; released, pairs with handover_reclaim() */
	uint32_t taken; /* borrower */
	struct handover_entry entry[HANDOVER_ENTRIES];
};

static struct handover *handover_ring[CORE_MAX][CORE_MAX]; /* [from][to] */

bool handover_init(void)
{
	unsigned from;
	unsigned to;

	for (from = 1; from < hal_num_cores(); from++) {
		for (to = 1; to < hal_num_cores(); to++) {
			handover_ring[from][to] = heap_alloc(sizeof(struct handover));
			if (!handover_ring[from][to])
				return false;
		}
	}
	return true;
}

static void handover_reclaim(struct handover *ring)
{
	uint32_t done = atomic_load_explicit(&ring->done, memory_order_acquire);

	while (ring->reclaimed != done)
		pkt_return(ring->entry[ring->reclaimed++ % HANDOVER_ENTRIES].pkt);
}

bool handover_push(struct core *core, unsigned to, struct pkt *pkt, uint16_t port,
		   union output_mark mark, const uint8_t *eth_dst)
{
	struct handover *ring = handover_ring[core->number][to];
	struct handover_entry *entry;
	uint32_t prod = atomic_load_explicit(&ring->prod, memory_order_relaxed);

	handover_reclaim(ring);
	if (prod - ring->reclaimed == HANDOVER_ENTRIES || !pkt_pull(pkt))
		return false;
	pkt_lend(pkt);
	entry = &ring->entry[prod % HANDOVER_ENTRIES];
	*entry = (struct handover_entry){.pkt = pkt, .mark = mark, .port = port};
	if (eth_dst) {
		memcpy(entry->eth_dst, eth_dst, sizeof(entry->eth_dst));
		entry->has_eth_dst = true;
	}
	atomic_store_explicit(&ring->prod, prod + 1, memory_order_release);
	core->wake |= 1u << to;
	return true;
}

void handover_take(struct core *core)
{
	unsigned from;
	unsigned num;

	for (from = 1; from < hal_num_cores(); from++) {
		struct handover *ring = handover_ring[from][core->number];
		uint32_t prod = atomic_load_explicit(&ring->prod, memory_order_acquire);

		for (num = 0; ring->taken != prod && num < HANDOVER_BATCH; num++) {
			const struct handover_entry *entry =
				&ring->entry[ring->taken++ % HANDOVER_ENTRIES];
			struct pkt_run run = pkt_run_begin(&entry->pkt);

			if (entry->port == HANDOVER_FLOOD)
				veb_flood_handed(core, &run, entry->mark.needs);
			else
				output_add(core, &run, entry->port, entry->mark,
					   entry->has_eth_dst ? entry->eth_dst : NULL);
			core->busy = true;
		}
	}
}

void handover_end_round(struct core *core)
{
	unsigned other;

	for (other = 1; other < hal_num_cores(); other++) {
		struct handover *ring = handover_ring[other][core->number];

		atomic_store_explicit(&ring->done, ring->taken, memory_order_release);
		handover_reclaim(handover_ring[core->number][other]);
		if (core->wake & 1u << other)
			hal_wake(other);
	}
	core->wake = 0;
}
