/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Hash tables from 32 bits of hash to objects on the heap. Core 0 changes them; any core may walk one
 * meanwhile, without locks: it sees each object that is there during the whole walk. A table grows
 * by a copy; the old one is freed when no worker walks it any more (epoch.h).
 */
#ifndef PATH_INDEX_H
#define PATH_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/prefetch.h"

/* Where objects are counted from. The heap is one region, and its blocks are aligned to this step. */
extern uint8_t *index_anchor;
#define INDEX_STEP_BYTES 64

/* An object as a number, 0 for none; within 128 GiB on either side of the anchor. */
static inline uint32_t index_ref(const void *object)
{
	return (uint32_t)(((const uint8_t *)object - index_anchor) / INDEX_STEP_BYTES);
}

/* The object that a number stands for; for 0 one whose first 256 bytes are zero, for ever. */
static inline void *index_object(uint32_t ref)
{
	return index_anchor + (ptrdiff_t)(int32_t)ref * INDEX_STEP_BYTES;
}

/* A slot: hash << 32 | ref. All zero: never used. Ref 0 alone: emptied, the search goes on. */
struct index_slots {
	uint32_t mask; /* number of slots - 1 */
	_Atomic uint64_t slot[];
};

struct index {
	_Atomic(struct index_slots *) slots; /* core 0; released, pairs with index_begin() */
	uint32_t num_objects;
	uint32_t num_used; /* slots, emptied ones included */
};

struct index_walk {
	struct index_slots *slots;
	uint32_t hash;
	uint32_t at; /* the slot behind the one found last */
};

/* Core 0, before any table is made (flow_init). False: no memory. */
bool index_start(void);

/* An empty table. False: no memory. */
bool index_init(struct index *index);

/* When nobody walks it any more. */
void index_destroy(struct index *index);

/* Makes sure that one object more can be put. False: no memory. Core 0. */
bool index_make_room(struct index *index);

/* There must be room, and an object must not be put twice. Core 0. */
void index_put(struct index *index, uint32_t hash, const void *object);

/* Replaces what a walk has just found, for walks to come. Core 0. */
void index_replace(struct index_walk *walk, const void *object);

/* Takes out what a walk has just found. Core 0. */
void index_remove(struct index *index, struct index_walk *walk);

/* Takes out all objects. Core 0, for a table that no worker walks. */
void index_clear(struct index *index);

static inline struct index_walk index_begin(const struct index *index, uint32_t hash)
{
	struct index_slots *slots = atomic_load_explicit(&index->slots, memory_order_acquire);

	return (struct index_walk){slots, hash, hash};
}

/* The next object put under this hash; NULL: there is none. There is always a slot to end at. */
static inline void *index_next(struct index_walk *walk)
{
	for (;;) {
		const _Atomic uint64_t *place = &walk->slots->slot[walk->at & walk->slots->mask];
		uint64_t slot = atomic_load_explicit(place, memory_order_acquire);

		if (!slot)
			return NULL;
		walk->at++;
		if (slot >> 32 == walk->hash && (uint32_t)slot)
			return index_object((uint32_t)slot);
	}
}

/* A hint: a walk with this hash begins soon. */
static inline void index_expect(const struct index *index, uint32_t hash)
{
	const struct index_walk walk = index_begin(index, hash);

	prefetch_write((const void *)&walk.slots->slot[hash & walk.slots->mask]);
}

/* Number of slots, and what is in one of them; NULL: nothing. Core 0. */
uint32_t index_num_slots(const struct index *index);
void *index_at(const struct index *index, uint32_t i);

#endif
