/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Tuple space: one hash table per mask, tried in the order of the best priority in each, until no
 * later one can win. Deterministic: lowest prio, then oldest entry. Core 0 changes it, workers read
 * without locks.
 */
#ifndef PATH_CLASSIFIER_H
#define PATH_CLASSIFIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>

#define FLOW_KEY_WORDS 8u

/* A flow key, aligned for work in words. */
union flow_key {
	struct xvio_flow_key field;
	uint64_t word[FLOW_KEY_WORDS];
};
_Static_assert(sizeof(union flow_key) == sizeof(struct xvio_flow_key), "a key is all words");

struct classifier_table;

/* Part of what is looked up. Immutable while workers can see it, but for next. */
struct classifier_entry {
	union flow_key key; /* masked */
	struct classifier_table *table;
	_Atomic(struct classifier_entry *) next; /* same key and mask, later in order */
	uint64_t hash;
	uint64_t age; /* counts additions */
	uint32_t prio;
};

/* Empty; forgets what there was (worker_init). */
void classifier_init(void);

/*
 * Adds an entry whose key (within mask) and prio the caller has set. False: no memory. When it
 * returns, every lookup that begins later sees it. Core 0.
 */
bool classifier_add(struct classifier_entry *entry, const union flow_key *mask);

/* Takes an entry out; when it returns no worker uses it any more. Core 0. */
void classifier_remove(struct classifier_entry *entry);

/* Takes all entries out, and returns when no worker uses one. The caller owns them. Core 0. */
void classifier_clear(void);

/* The winner among the entries that match, or NULL. Worker; valid until its next burst boundary. */
struct classifier_entry *classifier_lookup(const union flow_key *key);

/* Changes whenever the outcome of a lookup may change; never 0. Read it before the lookup. */
uint64_t classifier_version(void);

#endif
