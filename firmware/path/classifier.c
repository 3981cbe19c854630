/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The tuple space (classifier.h): lookups, and entries that come and go in the tables of chains (chain.h). What workers follow is
 * published by release stores: a table's slots, the entries behind a slot, and after all of them, and of chain.h, the
 * sequence number. Changes on core 0 only; what is unlinked goes to epoch_defer().
 */
#include "path/classifier.h"

#include <stddef.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/chain.h"
#include "path/epoch.h"

#define CLASSIFIER_RECOUNT 16u /* removals for one look at all of a table of as many slots */

/* Where the guests' knowledge of the secrets ends: the moment of the boot, and where memory lies. */
void classifier_init(void)
{
	uint8_t mac[8] = {0};
	uint64_t seed = hal_time_us() ^ (uint64_t)hal_generation() << 48;
	unsigned i;

	hal_mac_address(mac);
	for (i = 0; i < 6; i++)
		seed = seed * 257 + mac[i];
	hash_seed(seed ^ (uintptr_t)&mac << 20);
	chain_init();
}

bool classifier_start(void)
{
	return chain_start();
}

/* Workers */

/* The sequence number first: the bits, the list, and what it leads to, are then as new as the number says. */
struct classifier_view classifier_look(void)
{
	const struct chain_bits *bits;
	struct classifier_view view;

	view.sequence = atomic_load_explicit(&chain_sequence, memory_order_acquire);
	bits = atomic_load_explicit(&chain_all_bits, memory_order_acquire);
	view.mask = &bits->mask;
	view.since = bits->since;
	view.list = chain_tables(&chain_first);
	return view;
}

/* The first entry of the table that matches, or NULL. */
static struct classifier_entry *classifier_probe(const struct chain_table *table,
						 const union flow_key *key)
{
	struct key_masked masked;
	uint64_t hash = key_hash(&table->mask, key, &masked);
	struct index_walk walk = index_begin(&table->index, (uint32_t)hash);
	struct classifier_entry *entry;

	do
		entry = index_next(&walk);
	while (entry && !key_same(&table->mask, &entry->key, &masked));
	return entry;
}

static bool classifier_precedes(const struct classifier_entry *a, const struct classifier_entry *b)
{
	return a->prio < b->prio || (a->prio == b->prio && a->age < b->age);
}

static struct classifier_entry *classifier_find_in(const struct chain_list *list,
						   const union flow_key *key)
{
	struct classifier_entry *best = NULL;
	uint32_t i;

	for (i = 0; i < list->num_tables; i++) {
		struct classifier_entry *entry;

		if (best && best->prio < list->place[i].best_prio)
			break;
		entry = classifier_probe(list->place[i].table, key);
		if (entry && (!best || classifier_precedes(entry, best)))
			best = entry;
	}
	return best;
}

struct classifier_entry *classifier_find(const struct classifier_view *view,
					 const union flow_key *key)
{
	return classifier_find_in(view->list, key);
}

struct classifier_entry *classifier_lookup(const union flow_key *key, uint32_t number)
{
	const struct chain *chain = chain_find(number);

	return chain ? classifier_find_in(chain_tables(chain), key) : NULL;
}

/*
 * What was added later is younger, so it wins only with a lower prio, or from behind the entry's own
 * key and mask, which would have changed its generation.
 */
bool classifier_still_wins(const struct classifier_view *view, const union flow_key *key,
			   const struct classifier_entry *entry, uint64_t since)
{
	const struct chain_list *list = view->list;
	uint64_t limit = entry ? entry->prio : UINT64_MAX;
	uint32_t i;

	for (i = 0; i < list->num_tables && list->place[i].best_prio < limit; i++) {
		const struct chain_table *table = list->place[i].table;
		const struct classifier_entry *other;

		if (atomic_load_explicit(&table->changed, memory_order_relaxed) <= since ||
		    (entry && table == entry->table))
			continue;
		other = classifier_probe(table, key);
		if (other && other->prio < limit)
			return false;
	}
	return true;
}

static bool chain_was_quiet(const struct chain *chain, uint64_t since)
{
	return atomic_load_explicit(&chain->changed, memory_order_relaxed) <= since;
}

bool classifier_is_quiet(const struct classifier_entry *entry, uint64_t since)
{
	return chain_was_quiet(entry->table->chain, since);
}

bool classifier_chain_is_quiet(uint32_t number, uint64_t since)
{
	const struct chain *chain = chain_find(number);

	return !chain || chain_was_quiet(chain, since);
}

bool classifier_look_at(const union flow_key *bits)
{
	return chain_look_at(bits);
}

/* Additions */

/* After the change that it stands for. Who has found the entry before sees another number now. */
static void classifier_step(struct classifier_entry *entry)
{
	uint32_t generation = atomic_load_explicit(&entry->generation, memory_order_relaxed);

	atomic_store_explicit(&entry->generation, generation + 1, memory_order_release);
}

static void classifier_count(struct chain_table *table, const struct classifier_entry *entry)
{
	if (entry->prio < table->best_prio || !table->num_entries) {
		table->best_prio = entry->prio;
		table->num_best = 0;
	}
	table->num_entries++;
	table->num_best += entry->prio == table->best_prio;
}

/* The walk that ends at the slot of the entry's key; *first is what is in it, NULL: nothing. */
static struct index_walk classifier_walk(const struct chain_table *table, const union flow_key *key,
					 uint32_t *hash, struct classifier_entry **first)
{
	struct key_masked masked;
	struct index_walk walk;

	*hash = (uint32_t)key_hash(&table->mask, key, &masked);
	walk = index_begin(&table->index, *hash);
	do
		*first = index_next(&walk);
	while (*first && !key_equal(&(*first)->key, key));
	return walk;
}

static void classifier_link(struct chain_table *table, struct classifier_entry *entry)
{
	struct classifier_entry *first;
	struct classifier_entry *at;
	struct classifier_entry *next;
	uint32_t hash;
	struct index_walk walk = classifier_walk(table, &entry->key, &hash, &first);

	if (!first || classifier_precedes(entry, first)) {
		atomic_store_explicit(&entry->next, first, memory_order_relaxed);
		classifier_step(entry);
		if (!first) {
			index_put(&table->index, hash, entry);
			return;
		}
		index_replace(&walk, entry);
		classifier_step(first);
		return;
	}
	at = first;
	for (;;) {
		next = atomic_load_explicit(&at->next, memory_order_relaxed);
		if (!next || classifier_precedes(entry, next))
			break;
		at = next;
	}
	atomic_store_explicit(&entry->next, next, memory_order_relaxed);
	atomic_store_explicit(&at->next, entry, memory_order_release);
}

static void classifier_expect_in(const struct chain_table *table, const union flow_key *key)
{
	struct key_masked masked;

	index_expect(&table->index, (uint32_t)key_hash(&table->mask, key, &masked));
}

void classifier_expect(const union flow_key *key, const union flow_key *mask, uint32_t number)
{
	const struct chain *chain = chain_find(number);
	const struct chain_table *table = chain ? chain_find_table(chain, mask) : NULL;

	if (table)
		classifier_expect_in(table, key);
}

void classifier_expect_remove(const struct classifier_entry *entry)
{
	classifier_expect_in(entry->table, &entry->key);
}

/* What has to be published with an entry, made before anything is changed. */
struct classifier_change {
	struct chain *chain;
	struct chain_table *table;
	bool is_new; /* the table */
	struct chain_list *list; /* NULL: the chain's stays */
	struct chain_bits *bits; /* NULL: those that are looked at stay */
};

/* False: no memory. */
static bool classifier_prepare(struct classifier_change *change, uint32_t prio,
			       const union flow_key *mask)
{
	change->table = chain_find_table(change->chain, mask);
	if (!change->table) {
		change->table = chain_new_table(change->chain, mask);
		change->is_new = true;
	}
	if (!change->table || !index_make_room(&change->table->index))
		return false;
	if (!change->table->num_entries || prio < change->table->best_prio) {
		change->list = chain_new_list(change->table, &prio);
		if (!change->list)
			return false;
	}
	return !change->is_new || chain_widen_bits(mask, &change->bits);
}

static void classifier_give_up(const struct classifier_change *change)
{
	heap_free(change->list);
	if (change->is_new && change->table)
		chain_free_table(change->table);
	chain_drop(change->chain);
}

bool classifier_add(struct classifier_entry *entry, const union flow_key *mask, uint32_t number)
{
	struct classifier_change change = {.chain = chain_need(number)};
	uint64_t sequence = chain_own_sequence() + 1;

	if (!change.chain)
		return false;
	if (!classifier_prepare(&change, entry->prio, mask)) {
		classifier_give_up(&change);
		return false;
	}
	entry->table = change.table;
	entry->age = sequence;
	classifier_count(change.table, entry);
	classifier_link(change.table, entry);
	atomic_store_explicit(&change.table->changed, sequence, memory_order_relaxed);
	atomic_store_explicit(&change.chain->changed, sequence, memory_order_relaxed);
	if (change.bits)
		chain_publish_bits(change.bits);
	if (change.list)
		chain_publish(change.chain, change.list);
	chain_set_sequence(sequence);
	return true;
}

/* Removals */

/* The lowest prio in a table that has entries, and how many have it. */
static void classifier_count_best(struct chain_table *table)
{
	uint32_t num_slots = index_num_slots(&table->index);
	uint32_t i;

	table->best_prio = UINT32_MAX;
	table->num_best = 0;
	table->num_removed = 0;
	for (i = 0; i < num_slots; i++) {
		const struct classifier_entry *entry = index_at(&table->index, i);

		while (entry && entry->prio <= table->best_prio) {
			if (entry->prio < table->best_prio) {
				table->best_prio = entry->prio;
				table->num_best = 0;
			}
			table->num_best++;
			entry = atomic_load_explicit(&entry->next, memory_order_relaxed);
		}
	}
}

static void classifier_unlink(struct classifier_entry *entry)
{
	struct classifier_entry *next = atomic_load_explicit(&entry->next, memory_order_relaxed);
	struct chain_table *table = entry->table;
	struct classifier_entry *at;
	uint32_t hash;
	struct index_walk walk = classifier_walk(table, &entry->key, &hash, &at);

	if (at == entry) {
		if (next) {
			classifier_step(next);
			index_replace(&walk, next);
		} else {
			index_remove(&table->index, &walk);
		}
		classifier_step(entry);
	} else {
		while (atomic_load_explicit(&at->next, memory_order_relaxed) != entry)
			at = atomic_load_explicit(&at->next, memory_order_relaxed);
		atomic_store_explicit(&at->next, next, memory_order_release);
	}
	table->num_entries--;
	table->num_removed++;
	table->num_best -= entry->prio == table->best_prio;
}

static void classifier_remove_table(struct chain_table *table)
{
	struct chain_list *list = chain_new_list(table, NULL);

	if (!list)
		return;
	chain_publish(table->chain, list);
	chain_renew_bits(); /* or bits are looked at that no table has, which is only slower */
	chain_drop(table->chain);
	epoch_defer(chain_free_table, table);
}

/*
 * A best prio that is too low is only slower. So it stays when there is no memory for a new list, and
 * while counting anew would cost more than the removals since the last time.
 */
void classifier_remove(struct classifier_entry *entry)
{
	struct chain_table *table = entry->table;
	struct chain_list *list;

	classifier_unlink(entry);
	if (!table->num_entries) {
		classifier_remove_table(table);
		return;
	}
	if (table->num_best ||
	    index_num_slots(&table->index) / CLASSIFIER_RECOUNT > table->num_removed)
		return;
	classifier_count_best(table);
	list = chain_new_list(table, &table->best_prio);
	if (list)
		chain_publish(table->chain, list);
}

/* What a cache remembers of the table's entries falls. */
static void classifier_bury(const struct chain_table *table)
{
	uint32_t num_slots = index_num_slots(&table->index);
	uint32_t i;

	for (i = 0; i < num_slots; i++) {
		struct classifier_entry *entry = index_at(&table->index, i);

		if (entry)
			classifier_step(entry);
	}
}

void classifier_clear(void)
{
	chain_clear(classifier_bury);
}
