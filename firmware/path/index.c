/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Hash tables (index.h): open addressing. A slot is one word, so that a walk never sees half of one,
 * and holds all that growing needs, so that growing touches no object. Changes on core 0.
 */
#include "path/index.h"

#include "lib/heap.h"
#include "path/epoch.h"

#define INDEX_MIN_SLOTS	   16u
#define INDEX_ANCHOR_BYTES 256u
#define INDEX_EMPTIED	   (UINT64_C(1) << 32)

uint8_t *index_anchor;

bool index_start(void)
{
	index_anchor = heap_alloc(INDEX_ANCHOR_BYTES);
	return index_anchor != NULL;
}

static struct index_slots *index_own_slots(const struct index *index)
{
	return atomic_load_explicit(&index->slots, memory_order_relaxed);
}

static uint64_t index_read(const struct index_slots *slots, uint32_t i)
{
	return atomic_load_explicit(&slots->slot[i & slots->mask], memory_order_relaxed);
}

/* Pairs with the acquire in index_next(): the object is complete. */
static void index_write(struct index_slots *slots, uint32_t i, uint64_t slot)
{
	atomic_store_explicit(&slots->slot[i & slots->mask], slot, memory_order_release);
}

static struct index_slots *index_new_slots(uint64_t num_slots)
{
	struct index_slots *slots = NULL;

	if (num_slots <= UINT64_C(1) << 31)
		slots = heap_alloc(sizeof(*slots) + num_slots * sizeof(slots->slot[0]));
	if (slots)
		slots->mask = (uint32_t)num_slots - 1;
	return slots;
}

bool index_init(struct index *index)
{
	struct index_slots *slots = index_new_slots(INDEX_MIN_SLOTS);

	index->num_objects = 0;
	index->num_used = 0;
	atomic_store_explicit(&index->slots, slots, memory_order_release);
	return slots != NULL;
}

void index_destroy(struct index *index)
{
	heap_free(index_own_slots(index));
}

/* True: into a slot never used before. */
static bool index_put_slot(struct index_slots *slots, uint64_t slot)
{
	uint32_t i = (uint32_t)(slot >> 32);

	while ((uint32_t)index_read(slots, i))
		i++;
	if (index_read(slots, i)) {
		index_write(slots, i, slot);
		return false;
	}
	index_write(slots, i, slot);
	return true;
}

/* Emptied slots count as used until a copy leaves them out; it is larger if half is in use. */
bool index_make_room(struct index *index)
{
	struct index_slots *slots = index_own_slots(index);
	uint64_t num_slots = (uint64_t)slots->mask + 1;
	struct index_slots *copy;
	uint32_t i;

	if ((index->num_used + UINT64_C(1)) * 8 <= num_slots * 5)
		return true;
	copy = index_new_slots(index->num_objects * UINT64_C(2) > num_slots ? num_slots * 2
									    : num_slots);
	if (!copy)
		return false;
	for (i = 0; i < num_slots; i++) {
		if ((uint32_t)index_read(slots, i))
			index_put_slot(copy, index_read(slots, i));
	}
	index->num_used = index->num_objects;
	atomic_store_explicit(&index->slots, copy, memory_order_release);
	epoch_defer(heap_free, slots);
	return true;
}

void index_put(struct index *index, uint32_t hash, const void *object)
{
	uint64_t slot = (uint64_t)hash << 32 | index_ref(object);

	index->num_objects++;
	index->num_used += index_put_slot(index_own_slots(index), slot);
}

void index_replace(struct index_walk *walk, const void *object)
{
	index_write(walk->slots, walk->at - 1, (uint64_t)walk->hash << 32 | index_ref(object));
}

/* Where the next slot was never used no search goes on, and emptied ones before it are as new. */
void index_remove(struct index *index, struct index_walk *walk)
{
	struct index_slots *slots = walk->slots;
	uint32_t i = walk->at - 1;

	index->num_objects--;
	index_write(slots, i, INDEX_EMPTIED);
	if (index_read(slots, i + 1))
		return;
	for (; index_read(slots, i) == INDEX_EMPTIED; i--) {
		index_write(slots, i, 0);
		index->num_used--;
	}
}

void index_clear(struct index *index)
{
	struct index_slots *slots = index_own_slots(index);
	uint32_t i;

	for (i = 0; i <= slots->mask; i++)
		index_write(slots, i, 0);
	index->num_objects = 0;
	index->num_used = 0;
}

uint32_t index_num_slots(const struct index *index)
{
	return index_own_slots(index)->mask + 1;
}

void *index_at(const struct index *index, uint32_t i)
{
	uint32_t ref = (uint32_t)index_read(index_own_slots(index), i);

	return ref ? index_object(ref) : NULL;
}
