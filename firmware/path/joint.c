/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Joints (joint.h): sets of eight, by hash of the way; in a full set the one goes whose turn it is. One worker core's. */
#include "path/joint.h"

#include <string.h>
#include "lib/hash.h"
#include "lib/heap.h"
#include "path/index.h"

#define JOINT_WAYS     8u
#define JOINT_MIN_SETS 32u
#define JOINT_FIRST    1u /* generation; it stays odd, as that of a rule that can be met */
#define JOINT_BYTES \
	((sizeof(struct joint) + INDEX_STEP_BYTES - 1) / INDEX_STEP_BYTES * INDEX_STEP_BYTES)

/* A joint where cache entries can name it. */
union joint_place {
	struct joint joint;
	uint8_t bytes[JOINT_BYTES];
};

struct joint_table {
	uint32_t set_mask; /* number of sets - 1 */
	uint32_t hand;
	union joint_place *place; /* [(set_mask + 1) * JOINT_WAYS] */
};

struct joint_table *joint_create(uint32_t num)
{
	struct joint_table *table = heap_alloc(sizeof(*table));
	uint32_t num_sets = JOINT_MIN_SETS;
	uint32_t i;

	while (num_sets * 2 * JOINT_WAYS <= num)
		num_sets *= 2;
	if (table)
		table->place = heap_alloc(num_sets * JOINT_WAYS * sizeof(table->place[0]));
	if (!table || !table->place) {
		heap_free(table);
		return NULL;
	}
	table->set_mask = num_sets - 1;
	for (i = 0; i < num_sets * JOINT_WAYS; i++) {
		struct flow *flow = &table->place[i].joint.flow;

		flow->kind = FLOW_JOINT;
		flow->entry.generation = JOINT_FIRST;
	}
	return table;
}

void joint_destroy(struct joint_table *table)
{
	if (table)
		heap_free(table->place);
	heap_free(table);
}

static uint64_t joint_hash(const struct joint_way *way)
{
	uint64_t hash = way->num + ((uint64_t)way->missed << 32);
	unsigned i;

	for (i = 0; i < way->num; i++)
		hash = hash_word(hash ^ index_ref(way->part[i].flow) ^
				 (uint64_t)way->part[i].generation << 32);
	return hash_word(hash); /* once more: keys differ little (hash_words()) */
}

static bool joint_is(const struct joint *joint, const struct joint_way *way)
{
	unsigned i;

	if (joint->way.num != way->num || joint->way.misses != way->misses ||
	    joint->way.missed != way->missed)
		return false;
	for (i = 0; i < way->num; i++) {
		if (joint->way.part[i].flow != way->part[i].flow ||
		    joint->way.part[i].generation != way->part[i].generation)
			return false;
	}
	return true;
}

/* Who remembers what it was does not meet it any more. */
static void joint_fill(struct joint *joint, const struct joint_way *way)
{
	uint32_t generation = classifier_generation(&joint->flow.entry);

	atomic_store_explicit(&joint->flow.entry.generation, generation + 2, memory_order_relaxed);
	joint->way.num = way->num;
	joint->way.misses = way->misses;
	joint->way.missed = way->missed;
	memcpy(joint->way.part, way->part, way->num * sizeof(way->part[0]));
	joint->flow.count = way->part[0].flow->count;
}

static bool joint_is_met(const struct joint *joint, const struct burst *burst)
{
	unsigned i;

	for (i = 0; i < burst->num_runs; i++) {
		if (burst->run[i].flow == &joint->flow)
			return true;
	}
	return false;
}

/* The one of a set that goes for a new one: of no use any more, or whose turn it is. NULL: the burst meets all of them. */
static struct joint *joint_choose(struct joint_table *table, union joint_place *set,
				  const struct burst *burst)
{
	struct joint *joint;
	unsigned i;

	for (i = 0; i < JOINT_WAYS; i++) {
		joint = &set[i].joint;
		if ((!joint->way.num || !joint_is_whole(joint)) && !joint_is_met(joint, burst))
			return joint;
	}
	for (i = 0; i < JOINT_WAYS; i++) {
		joint = &set[table->hand++ % JOINT_WAYS].joint;
		if (!joint_is_met(joint, burst))
			return joint;
	}
	return NULL;
}

struct joint *joint_find(struct joint_table *table, const struct joint_way *way,
			 const struct burst *burst)
{
	union joint_place *set = &table->place[(joint_hash(way) & table->set_mask) * JOINT_WAYS];
	struct joint *joint;
	unsigned i;

	for (i = 0; i < JOINT_WAYS; i++) {
		if (joint_is(&set[i].joint, way))
			return &set[i].joint;
	}
	joint = joint_choose(table, set, burst);
	if (joint)
		joint_fill(joint, way);
	return joint;
}
