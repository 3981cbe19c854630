/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A way through several chains as one outcome: which rules a packet meets one after the other. A cache entry can lead to
 * one as to a rule, so that later packets of the flow are looked up once. Many flows share one. Each worker core has its own.
 */
#ifndef PATH_JOINT_H
#define PATH_JOINT_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/list.h"
#include "path/flow.h"
#include "path/pkt.h"

struct joint_part {
	struct flow *flow;
	uint32_t generation; /* of its entry, when it was met */
};

/* The rules that a packet has met. */
struct joint_way {
	unsigned num; /* 2 or more, or 1 and misses */
	bool misses; /* the last rule led to a chain that has none for it */
	uint32_t missed; /* that chain; else 0 */
	struct joint_part part[XVIO_FLOW_MAX_DEPTH];
};

struct joint {
	struct flow flow; /* of kind FLOW_JOINT; counts for the first part */
	struct joint_way way;
};

/* The joint behind a flow of kind FLOW_JOINT. */
static inline const struct joint *joint_of(const struct flow *flow)
{
	return list_entry(flow, struct joint, flow);
}

/* Whether nothing was added to the chains behind the first one since a sequence number; the joint is whole. */
static inline bool joint_is_quiet(const struct joint *joint, uint64_t since)
{
	const struct joint_way *way = &joint->way;
	unsigned i;

	for (i = 1; i < way->num; i++) {
		if (!classifier_is_quiet(&way->part[i].flow->entry, since))
			return false;
	}
	return !way->misses || classifier_chain_is_quiet(way->missed, since);
}

/* Whether all rules are still there, and first among those with their key and mask. */
static inline bool joint_is_whole(const struct joint *joint)
{
	unsigned i;

	for (i = 0; i < joint->way.num; i++) {
		const struct joint_part *part = &joint->way.part[i];

		if (classifier_generation(&part->flow->entry) != part->generation)
			return false;
	}
	return true;
}

struct joint_table;

/* Core 0, once. NULL: no memory. */
struct joint_table *joint_create(uint32_t num);

/* NULL is ignored. */
void joint_destroy(struct joint_table *table);

/*
 * The joint of a way; another one may cease to be, whose entry's generation changes then, but none that a run of the
 * burst has: it may be still to be carried out. NULL: there is no place but those.
 */
struct joint *joint_find(struct joint_table *table, const struct joint_way *way,
			 const struct burst *burst);

#endif
