/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The tuple space (classifier.h). What workers follow is published by release stores: the mask of all tables, chains,
 * the list of tables of each (an immutable copy for each change), a table's slots, the entries behind a slot, and after
 * all of them the sequence number. Changes on core 0 only; what is unlinked goes to epoch_defer().
 */
#include "path/classifier.h"

#include <stddef.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/epoch.h"
#include "path/index.h"

#define CLASSIFIER_RECOUNT 16u /* removals for one look at all of a table of as many slots */

struct classifier_chain;

struct classifier_table {
	struct key_mask mask;
	struct index index; /* first entries of each key */
	_Atomic uint64_t changed; /* sequence number of the last addition */
	union flow_key bits; /* of the mask; from here on core 0 */
	struct classifier_chain *chain;
	uint32_t num_entries;
	uint32_t best_prio; /* no entry has a lower one */
	uint32_t num_best; /* entries that have it */
	uint32_t num_removed; /* since best_prio was counted */
};

struct classifier_place {
	struct classifier_table *table;
	uint32_t best_prio;
};

/* Sorted by best_prio. */
struct classifier_list {
	uint32_t num_tables;
	struct classifier_place place[];
};

/* Chain 0 is always there; another while it has tables. */
struct classifier_chain {
	_Atomic(struct classifier_list *)
		tables; /* core 0; released, pairs with classifier_tables() */
	_Atomic uint64_t changed; /* sequence number of the last addition */
	uint32_t number;
};

/* What all tables of all chains look at. A copy for each change. */
struct classifier_bits {
	struct key_mask mask;
	uint64_t since; /* no view with this layout of mask has a lower sequence number */
	union flow_key bits;
};

static struct classifier_list classifier_no_tables;
static struct classifier_bits classifier_no_bits = {.mask.num_pairs = 1};
static struct classifier_chain classifier_first = {.tables = &classifier_no_tables};
static struct index classifier_others; /* chains, by classifier_chain_hash() */
static _Atomic(struct classifier_bits *) classifier_all_bits = &classifier_no_bits;
static union flow_key classifier_more_bits; /* core 0: classifier_look_at() */
static _Atomic uint64_t classifier_sequence = 1;

static const struct classifier_list *classifier_tables(const struct classifier_chain *chain)
{
	return atomic_load_explicit(&chain->tables, memory_order_acquire);
}

static struct classifier_list *classifier_own_list(const struct classifier_chain *chain)
{
	return atomic_load_explicit(&chain->tables, memory_order_relaxed);
}

static struct classifier_bits *classifier_own_bits(void)
{
	return atomic_load_explicit(&classifier_all_bits, memory_order_relaxed);
}

static uint64_t classifier_own_sequence(void)
{
	return atomic_load_explicit(&classifier_sequence, memory_order_relaxed);
}

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
	classifier_more_bits = (union flow_key){0};
	atomic_store(&classifier_first.tables, &classifier_no_tables);
	atomic_store(&classifier_all_bits, &classifier_no_bits);
	atomic_store(&classifier_sequence, 1);
}

bool classifier_start(void)
{
	return index_init(&classifier_others);
}

/* Workers */

/* The sequence number first: the bits, the list, and what it leads to, are then as new as the number says. */
struct classifier_view classifier_look(void)
{
	const struct classifier_bits *bits;
	struct classifier_view view;

	view.sequence = atomic_load_explicit(&classifier_sequence, memory_order_acquire);
	bits = atomic_load_explicit(&classifier_all_bits, memory_order_acquire);
	view.mask = &bits->mask;
	view.since = bits->since;
	view.list = classifier_tables(&classifier_first);
	return view;
}

static uint32_t classifier_chain_hash(uint32_t number)
{
	return (uint32_t)hash_serial(number);
}

/* The chain, and the walk that found it; NULL: it has no tables. */
static struct classifier_chain *classifier_walk_chains(uint32_t number, struct index_walk *walk)
{
	struct classifier_chain *chain;

	*walk = index_begin(&classifier_others, classifier_chain_hash(number));
	do
		chain = index_next(walk);
	while (chain && chain->number != number);
	return chain;
}

static struct classifier_chain *classifier_chain(uint32_t number)
{
	struct index_walk walk;

	return number ? classifier_walk_chains(number, &walk) : &classifier_first;
}

/* The first entry of the table that matches, or NULL. */
static struct classifier_entry *classifier_probe(const struct classifier_table *table,
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

static struct classifier_entry *classifier_find_in(const struct classifier_list *list,
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
	const struct classifier_chain *chain = classifier_chain(number);

	return chain ? classifier_find_in(classifier_tables(chain), key) : NULL;
}

/*
 * What was added later is younger, so it wins only with a lower prio, or from behind the entry's own
 * key and mask, which would have changed its generation.
 */
bool classifier_still_wins(const struct classifier_view *view, const union flow_key *key,
			   const struct classifier_entry *entry, uint64_t since)
{
	const struct classifier_list *list = view->list;
	uint64_t limit = entry ? entry->prio : UINT64_MAX;
	uint32_t i;

	for (i = 0; i < list->num_tables && list->place[i].best_prio < limit; i++) {
		const struct classifier_table *table = list->place[i].table;
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

static bool classifier_was_quiet(const struct classifier_chain *chain, uint64_t since)
{
	return atomic_load_explicit(&chain->changed, memory_order_relaxed) <= since;
}

bool classifier_is_quiet(const struct classifier_entry *entry, uint64_t since)
{
	return classifier_was_quiet(entry->table->chain, since);
}

bool classifier_chain_is_quiet(uint32_t number, uint64_t since)
{
	const struct classifier_chain *chain = classifier_chain(number);

	return !chain || classifier_was_quiet(chain, since);
}

/* Chains */

/* The chain, made if it is not there. NULL: no memory. */
static struct classifier_chain *classifier_need_chain(uint32_t number)
{
	struct classifier_chain *chain = classifier_chain(number);

	if (chain)
		return chain;
	chain = index_make_room(&classifier_others) ? heap_alloc(sizeof(*chain)) : NULL;
	if (!chain)
		return NULL;
	chain->number = number;
	atomic_store_explicit(&chain->tables, &classifier_no_tables, memory_order_relaxed);
	index_put(&classifier_others, classifier_chain_hash(number), chain);
	return chain;
}

/* One that has no tables any more goes. */
static void classifier_drop_chain(struct classifier_chain *chain)
{
	struct index_walk walk;

	if (chain == &classifier_first || classifier_own_list(chain)->num_tables)
		return;
	classifier_walk_chains(chain->number, &walk);
	index_remove(&classifier_others, &walk);
	epoch_defer(heap_free, chain);
}

/* Tables and their order */

static struct classifier_table *classifier_find_table(const struct classifier_chain *chain,
						      const union flow_key *bits)
{
	const struct classifier_list *list = classifier_own_list(chain);
	uint32_t i;

	for (i = 0; i < list->num_tables; i++) {
		if (key_equal(&list->place[i].table->bits, bits))
			return list->place[i].table;
	}
	return NULL;
}

static struct classifier_table *classifier_new_table(struct classifier_chain *chain,
						     const union flow_key *bits)
{
	struct classifier_table *table = heap_alloc(sizeof(*table));

	if (!table || !index_init(&table->index)) {
		heap_free(table);
		return NULL;
	}
	key_mask_init(&table->mask, bits);
	table->bits = *bits;
	table->chain = chain;
	table->best_prio = UINT32_MAX;
	return table;
}

static void classifier_free_table(void *table)
{
	index_destroy(&((struct classifier_table *)table)->index);
	heap_free(table);
}

static void classifier_append(struct classifier_list *list, struct classifier_table *table,
			      uint32_t best_prio)
{
	list->place[list->num_tables++] = (struct classifier_place){table, best_prio};
}

/* A copy of the chain's list in which table stands where its prio belongs; without it if NULL prio. */
static struct classifier_list *classifier_new_list(struct classifier_table *table,
						   const uint32_t *prio)
{
	const struct classifier_list *old = classifier_own_list(table->chain);
	struct classifier_list *list;
	bool placed = !prio;
	uint32_t i;

	if (!prio && old->num_tables == 1)
		return &classifier_no_tables;
	list = heap_alloc(sizeof(*list) + (old->num_tables + 1) * sizeof(list->place[0]));
	if (!list)
		return NULL;
	for (i = 0; i < old->num_tables; i++) {
		if (old->place[i].table == table)
			continue;
		if (!placed && *prio < old->place[i].best_prio) {
			classifier_append(list, table, *prio);
			placed = true;
		}
		classifier_append(list, old->place[i].table, old->place[i].best_prio);
	}
	if (!placed)
		classifier_append(list, table, *prio);
	return list;
}

/* Before the sequence number that it may wait for. */
static void classifier_publish(struct classifier_chain *chain, struct classifier_list *list)
{
	struct classifier_list *old = classifier_own_list(chain);

	atomic_store_explicit(&chain->tables, list, memory_order_release);
	if (old != &classifier_no_tables)
		epoch_defer(heap_free, old);
}

/* What is looked at */

static void classifier_join_bits(union flow_key *bits, const union flow_key *more)
{
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		bits->word[i] |= more->word[i];
}

static void classifier_join_chain(union flow_key *bits, const struct classifier_chain *chain)
{
	const struct classifier_list *list = classifier_own_list(chain);
	uint32_t i;

	for (i = 0; i < list->num_tables; i++)
		classifier_join_bits(bits, &list->place[i].table->bits);
}

/* The bits of all tables of all chains. */
static union flow_key classifier_count_bits(void)
{
	uint32_t num_slots = index_num_slots(&classifier_others);
	union flow_key bits = classifier_more_bits;
	uint32_t i;

	classifier_join_chain(&bits, &classifier_first);
	for (i = 0; i < num_slots; i++) {
		const struct classifier_chain *chain = index_at(&classifier_others, i);

		if (chain)
			classifier_join_chain(&bits, chain);
	}
	return bits;
}

/* NULL: no memory. */
static struct classifier_bits *classifier_new_bits(const union flow_key *bits)
{
	const struct classifier_bits *old = classifier_own_bits();
	struct classifier_bits *new = heap_alloc(sizeof(*new));

	if (!new)
		return NULL;
	new->bits = *bits;
	key_mask_init(&new->mask, bits);
	new->since = old->since;
	if (old == &classifier_no_bits || !key_same_layout(&new->mask, &old->mask))
		new->since = classifier_own_sequence() + 1;
	return new;
}

static void classifier_publish_bits(struct classifier_bits *bits)
{
	struct classifier_bits *old = classifier_own_bits();

	atomic_store_explicit(&classifier_all_bits, bits, memory_order_release);
	if (old != &classifier_no_bits)
		epoch_defer(heap_free, old);
}

/* Pairs with the acquire in classifier_look(): who sees the number sees what was done before. */
static void classifier_set_sequence(uint64_t sequence)
{
	atomic_store_explicit(&classifier_sequence, sequence, memory_order_release);
}

/* Additions */

/* After the change that it stands for. Who has found the entry before sees another number now. */
static void classifier_step(struct classifier_entry *entry)
{
	uint32_t generation = atomic_load_explicit(&entry->generation, memory_order_relaxed);

	atomic_store_explicit(&entry->generation, generation + 1, memory_order_release);
}

static void classifier_count(struct classifier_table *table, const struct classifier_entry *entry)
{
	if (entry->prio < table->best_prio || !table->num_entries) {
		table->best_prio = entry->prio;
		table->num_best = 0;
	}
	table->num_entries++;
	table->num_best += entry->prio == table->best_prio;
}

/* The walk that ends at the slot of the entry's key; *first is what is in it, NULL: nothing. */
static struct index_walk classifier_walk(const struct classifier_table *table,
					 const union flow_key *key, uint32_t *hash,
					 struct classifier_entry **first)
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

static void classifier_link(struct classifier_table *table, struct classifier_entry *entry)
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

static void classifier_expect_in(const struct classifier_table *table, const union flow_key *key)
{
	struct key_masked masked;

	index_expect(&table->index, (uint32_t)key_hash(&table->mask, key, &masked));
}

void classifier_expect(const union flow_key *key, const union flow_key *mask, uint32_t number)
{
	const struct classifier_chain *chain = classifier_chain(number);
	const struct classifier_table *table = chain ? classifier_find_table(chain, mask) : NULL;

	if (table)
		classifier_expect_in(table, key);
}

void classifier_expect_remove(const struct classifier_entry *entry)
{
	classifier_expect_in(entry->table, &entry->key);
}

/* What has to be published with an entry, made before anything is changed. */
struct classifier_change {
	struct classifier_chain *chain;
	struct classifier_table *table;
	bool is_new; /* the table */
	struct classifier_list *list; /* NULL: the chain's stays */
	struct classifier_bits *bits; /* NULL: those that are looked at stay */
};

/* False: no memory. */
static bool classifier_prepare(struct classifier_change *change, uint32_t prio,
			       const union flow_key *mask)
{
	union flow_key bits = classifier_own_bits()->bits;

	change->table = classifier_find_table(change->chain, mask);
	if (!change->table) {
		change->table = classifier_new_table(change->chain, mask);
		change->is_new = true;
	}
	if (!change->table || !index_make_room(&change->table->index))
		return false;
	if (!change->table->num_entries || prio < change->table->best_prio) {
		change->list = classifier_new_list(change->table, &prio);
		if (!change->list)
			return false;
	}
	if (!change->is_new)
		return true;
	classifier_join_bits(&bits, mask);
	if (classifier_own_bits() != &classifier_no_bits &&
	    key_equal(&bits, &classifier_own_bits()->bits))
		return true;
	change->bits = classifier_new_bits(&bits);
	return change->bits;
}

static void classifier_give_up(const struct classifier_change *change)
{
	heap_free(change->list);
	if (change->is_new && change->table)
		classifier_free_table(change->table);
	classifier_drop_chain(change->chain);
}

bool classifier_add(struct classifier_entry *entry, const union flow_key *mask, uint32_t number)
{
	struct classifier_change change = {.chain = classifier_need_chain(number)};
	uint64_t sequence = classifier_own_sequence() + 1;

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
		classifier_publish_bits(change.bits);
	if (change.list)
		classifier_publish(change.chain, change.list);
	classifier_set_sequence(sequence);
	return true;
}

/* Removals */

/* The lowest prio in a table that has entries, and how many have it. */
static void classifier_count_best(struct classifier_table *table)
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
	struct classifier_table *table = entry->table;
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

/* False: no memory; those of before go on. */
static bool classifier_renew_bits(void)
{
	union flow_key bits = classifier_count_bits();
	struct classifier_bits *new;

	if (key_equal(&bits, &classifier_own_bits()->bits))
		return true;
	new = classifier_new_bits(&bits);
	if (!new)
		return false;
	classifier_publish_bits(new);
	if (new->since > classifier_own_sequence())
		classifier_set_sequence(new->since);
	return true;
}

bool classifier_look_at(const union flow_key *bits)
{
	const union flow_key before = classifier_more_bits;

	classifier_more_bits = *bits;
	if (classifier_renew_bits())
		return true;
	classifier_more_bits = before;
	return false;
}

static void classifier_remove_table(struct classifier_table *table)
{
	struct classifier_list *list = classifier_new_list(table, NULL);

	if (!list)
		return;
	classifier_publish(table->chain, list);
	classifier_renew_bits(); /* or bits are looked at that no table has, which is only slower */
	classifier_drop_chain(table->chain);
	epoch_defer(classifier_free_table, table);
}

/*
 * A best prio that is too low is only slower. So it stays when there is no memory for a new list, and
 * while counting anew would cost more than the removals since the last time.
 */
void classifier_remove(struct classifier_entry *entry)
{
	struct classifier_table *table = entry->table;
	struct classifier_list *list;

	classifier_unlink(entry);
	if (!table->num_entries) {
		classifier_remove_table(table);
		return;
	}
	if (table->num_best ||
	    index_num_slots(&table->index) / CLASSIFIER_RECOUNT > table->num_removed)
		return;
	classifier_count_best(table);
	list = classifier_new_list(table, &table->best_prio);
	if (list)
		classifier_publish(table->chain, list);
}

/* What a cache remembers of the table's entries falls. */
static void classifier_bury(const struct classifier_table *table)
{
	uint32_t num_slots = index_num_slots(&table->index);
	uint32_t i;

	for (i = 0; i < num_slots; i++) {
		struct classifier_entry *entry = index_at(&table->index, i);

		if (entry)
			classifier_step(entry);
	}
}

/* What caches remember of a list's entries falls. */
static void classifier_bury_all(const struct classifier_list *list)
{
	uint32_t i;

	for (i = 0; i < list->num_tables; i++)
		classifier_bury(list->place[i].table);
}

/* No worker uses it any more. */
static void classifier_free_tables(struct classifier_list *list)
{
	uint32_t i;

	for (i = 0; i < list->num_tables; i++)
		classifier_free_table(list->place[i].table);
	if (list != &classifier_no_tables)
		heap_free(list);
}

void classifier_clear(void)
{
	struct classifier_list *first = classifier_own_list(&classifier_first);
	uint32_t num_slots = index_num_slots(&classifier_others);
	uint32_t i;

	atomic_store_explicit(&classifier_first.tables, &classifier_no_tables,
			      memory_order_release);
	classifier_more_bits = (union flow_key){0};
	classifier_publish_bits(&classifier_no_bits);
	classifier_bury_all(first);
	for (i = 0; i < num_slots; i++) {
		const struct classifier_chain *chain = index_at(&classifier_others, i);

		if (chain)
			classifier_bury_all(classifier_own_list(chain));
	}
	epoch_synchronize();
	classifier_free_tables(first);
	for (i = 0; i < num_slots; i++) {
		struct classifier_chain *chain = index_at(&classifier_others, i);

		if (!chain)
			continue;
		classifier_free_tables(classifier_own_list(chain));
		heap_free(chain);
	}
	index_clear(&classifier_others);
}
