/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Tuple space: in each chain one hash table per mask, tried in the order of the best priority in each, until no
 * later one can win. Deterministic: lowest prio, then oldest entry. Core 0 changes it and never waits
 * for the workers, who read without locks; entries must be heap memory that stays an entry, whatever
 * becomes of it, and may be used anew only through epoch_defer().
 */
#ifndef PATH_CLASSIFIER_H
#define PATH_CLASSIFIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "path/key.h"

struct chain_table;
struct chain_list;

/* Part of what is looked up. Immutable while workers can see it, but for next and generation. */
struct classifier_entry {
	union flow_key key; /* masked */
	struct chain_table *table;
	_Atomic(struct classifier_entry *) next; /* same key and mask, later in order */
	uint64_t age; /* the sequence number of its addition */
	uint32_t prio;
	/* Odd while it comes first of those with its key and mask. Never the same again; never reset. */
	_Atomic uint32_t generation;
};

/*
 * The rules of chain 0 as one burst sees them, and the mask of all chains. sequence counts additions; an outcome that was right at one
 * sequence number is right until its entry's generation changes, or classifier_still_wins() denies it.
 */
struct classifier_view {
	const struct chain_list *list;
	const struct key_mask *mask; /* all bits that any rule looks at */
	uint64_t since; /* sequence number from which on mask takes the words that it takes */
	uint64_t sequence;
};

/* Forgets what there was, and draws the hash's secrets (worker_init). */
void classifier_init(void);

/* Once there is an index (flow_init). False: no memory. */
bool classifier_start(void);

/*
 * Adds an entry, whose key (within mask) and prio the caller has set, to a chain. False: no memory. When it
 * returns, every lookup that begins later sees it. Core 0.
 */
bool classifier_add(struct classifier_entry *entry, const union flow_key *mask, uint32_t chain);

/*
 * Bits that are looked at, whatever the masks of entries are, until it is asked for otherwise; only a lookup that is
 * remembered costs more for it. False: no memory, and nothing has changed. Core 0.
 */
bool classifier_look_at(const union flow_key *bits);

/* Hints: an entry of a chain with this key and mask is added soon, this one is taken out soon. Core 0. */
void classifier_expect(const union flow_key *key, const union flow_key *mask, uint32_t chain);
void classifier_expect_remove(const struct classifier_entry *entry);

/* Takes an entry out: lookups that begin later do not find it. Core 0. */
void classifier_remove(struct classifier_entry *entry);

/* Takes all entries out, and returns when no worker uses one. The caller owns them. Core 0. */
void classifier_clear(void);

/* Worker, at the start of a burst; valid until the burst ends. */
struct classifier_view classifier_look(void);

/* The winner among the entries of chain 0 that match, or NULL. Worker; valid until its next burst boundary. */
struct classifier_entry *classifier_find(const struct classifier_view *view,
					 const union flow_key *key);

/* The same among those of any chain, now. */
struct classifier_entry *classifier_lookup(const union flow_key *key, uint32_t chain);

/*
 * Whether the winner in chain 0 that key had at sequence number since (NULL: none) has not been beaten by an
 * entry added later. Looks only into tables that have changed and could beat it. The entry's
 * generation must not have changed. Worker.
 */
bool classifier_still_wins(const struct classifier_view *view, const union flow_key *key,
			   const struct classifier_entry *entry, uint64_t since);

/*
 * Whether nothing was added after sequence number since to the chain of an entry that is still there, or to a chain by its
 * number. Worker.
 */
bool classifier_is_quiet(const struct classifier_entry *entry, uint64_t since);
bool classifier_chain_is_quiet(uint32_t chain, uint64_t since);

/* Whether an outcome of classifier_find() may be remembered as right at the view's sequence. */
static inline bool classifier_may_keep(const struct classifier_view *view,
				       const struct classifier_entry *entry, uint32_t generation)
{
	if (view->sequence < view->since)
		return false;
	return !entry || (generation % 2 && entry->age <= view->sequence);
}

/*
 * Relaxed: the entry was reached through an acquire, in this round or in an earlier one, and is not
 * used anew while a round lasts that has found its number unchanged.
 */
static inline uint32_t classifier_generation(const struct classifier_entry *entry)
{
	return atomic_load_explicit(&entry->generation, memory_order_relaxed);
}

#endif
