/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the classifier is made of, and nobody else sees: chains, the tables of each in their order, what all of them look at, and
 * the sequence number. Core 0 changes them; workers follow what is published here. See classifier.h.
 */
#ifndef PATH_CHAIN_H
#define PATH_CHAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "path/index.h"
#include "path/key.h"

struct chain;

/* Entries with one mask. */
struct chain_table {
	struct key_mask mask;
	struct index index; /* first entries of each key */
	_Atomic uint64_t changed; /* sequence number of the last addition */
	union flow_key bits; /* of the mask; from here on core 0 */
	struct chain *chain;
	uint32_t num_entries;
	uint32_t best_prio; /* no entry has a lower one */
	uint32_t num_best; /* entries that have it */
	uint32_t num_removed; /* since best_prio was counted */
};

struct chain_place {
	struct chain_table *table;
	uint32_t best_prio;
};

/* Sorted by best_prio. */
struct chain_list {
	uint32_t num_tables;
	struct chain_place place[];
};

/* Chain 0 is always there; another while it has tables. */
struct chain {
	_Atomic(struct chain_list *) tables; /* released, pairs with chain_tables() */
	_Atomic uint64_t changed; /* sequence number of the last addition */
	uint32_t number;
};

/* What all tables of all chains look at. A copy for each change. */
struct chain_bits {
	struct key_mask mask;
	uint64_t since; /* no view with this layout of mask has a lower sequence number */
	union flow_key bits;
};

extern struct chain chain_first; /* number 0 */
extern _Atomic(struct chain_bits *) chain_all_bits; /* released, pairs with classifier_look() */
extern _Atomic uint64_t chain_sequence; /* the same */

/* Worker: the tables of a chain. */
static inline const struct chain_list *chain_tables(const struct chain *chain)
{
	return atomic_load_explicit(&chain->tables, memory_order_acquire);
}

/* The rest, but for chain_find(), is core 0's. */

static inline uint64_t chain_own_sequence(void)
{
	return atomic_load_explicit(&chain_sequence, memory_order_relaxed);
}

/* Pairs with the acquire in classifier_look(): who sees the number sees what was done before. */
static inline void chain_set_sequence(uint64_t sequence)
{
	atomic_store_explicit(&chain_sequence, sequence, memory_order_release);
}

/* Forgets what there was. */
void chain_init(void);

/* Once there is an index. False: no memory. */
bool chain_start(void);

/* NULL: it has no tables. Worker, too. */
struct chain *chain_find(uint32_t number);

/* The chain, made if it is not there. NULL: no memory. */
struct chain *chain_need(uint32_t number);

/* One that has no tables any more goes. */
void chain_drop(struct chain *chain);

/* The table of a chain with a mask; NULL: there is none, or no memory. A new one is in no list yet. */
struct chain_table *chain_find_table(const struct chain *chain, const union flow_key *bits);
struct chain_table *chain_new_table(struct chain *chain, const union flow_key *bits);

/* Of one that no worker can have. */
void chain_free_table(void *table);

/* A copy of its chain's list in which table stands where its prio belongs; without it if NULL prio. NULL: no memory. */
struct chain_list *chain_new_list(struct chain_table *table, const uint32_t *prio);

/* Before the sequence number that it may wait for. */
void chain_publish(struct chain *chain, struct chain_list *list);

/* What is looked at with a mask more: NULL in *bits if that is so already. False: no memory. */
bool chain_widen_bits(const union flow_key *mask, struct chain_bits **bits);
void chain_publish_bits(struct chain_bits *bits);

/* Counts anew what tables look at, and publishes that. False: no memory; those of before go on. */
bool chain_renew_bits(void);

/* classifier_look_at() */
bool chain_look_at(const union flow_key *bits);

/* Hides all tables, calls fn for each of them, and frees them when no worker uses one. */
void chain_clear(void (*fn)(const struct chain_table *table));

#endif
