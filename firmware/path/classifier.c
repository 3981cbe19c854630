/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The tuple space (classifier.h). What workers follow is published by release stores: the list of
 * tables (an immutable copy for each change), a table's slots, the entries behind a slot, and after
 * all of them the sequence number. Changes on core 0 only; what is unlinked goes to epoch_defer().
 */
#include "path/classifier.h"

#include <stddef.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/epoch.h"
#include "path/index.h"

#define CLASSIFIER_RECOUNT 16u /* removals for one look at all of a table of as many slots */

struct classifier_table {
	struct key_mask mask;
	struct index index; /* first entries of each key */
	_Atomic uint64_t changed; /* sequence number of the last addition */
	union flow_key bits; /* of the mask; from here on core 0 */
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
	struct key_mask mask; /* bits of all tables together */
	uint64_t since; /* no view with this layout of mask has a lower sequence number */
	uint32_t num_tables;
	struct classifier_place place[];
};

static struct classifier_list classifier_no_tables = {.mask.num_pairs = 1};
static _Atomic(struct classifier_list *) classifier_tables = &classifier_no_tables;
static _Atomic uint64_t classifier_sequence = 1;

static struct classifier_list *classifier_own_list(void)
{
	return atomic_load_explicit(&classifier_tables, memory_order_relaxed);
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
	atomic_store(&classifier_tables, &classifier_no_tables);
	atomic_store(&classifier_sequence, 1);
}

/* Workers */

/* The sequence number first: the list, and what it leads to, are then as new as the number says. */
struct classifier_view classifier_look(void)
{
	struct classifier_view view;

	view.sequence = atomic_load_explicit(&classifier_sequence, memory_order_acquire);
	view.list = atomic_load_explicit(&classifier_tables, memory_order_acquire);
	view.mask = &view.list->mask;
	view.since = view.list->since;
	return view;
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

struct classifier_entry *classifier_find(const struct classifier_view *view,
					 const union flow_key *key)
{
	const struct classifier_list *list = view->list;
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

struct classifier_entry *classifier_lookup(const union flow_key *key)
{
	struct classifier_view view = classifier_look();

	return classifier_find(&view, key);
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

/* Tables and their order */

static struct classifier_table *classifier_find_table(const union flow_key *bits)
{
	const struct classifier_list *list = classifier_own_list();
	uint32_t i;

	for (i = 0; i < list->num_tables; i++) {
		if (key_equal(&list->place[i].table->bits, bits))
			return list->place[i].table;
	}
	return NULL;
}

static struct classifier_table *classifier_new_table(const union flow_key *bits)
{
	struct classifier_table *table = heap_alloc(sizeof(*table));

	if (!table || !index_init(&table->index)) {
		heap_free(table);
		return NULL;
	}
	key_mask_init(&table->mask, bits);
	table->bits = *bits;
	table->best_prio = UINT32_MAX;
	return table;
}

static void classifier_free_table(void *table)
{
	index_destroy(&((struct classifier_table *)table)->index);
	heap_free(table);
}

static void classifier_append(struct classifier_list *list, union flow_key *bits,
			      struct classifier_place place)
{
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		bits->word[i] |= place.table->bits.word[i];
	list->place[list->num_tables++] = place;
}

/* A copy of the list in which table stands where its prio belongs; without it if NULL prio. */
static struct classifier_list *classifier_new_list(struct classifier_table *table,
						   const uint32_t *prio)
{
	const struct classifier_list *old = classifier_own_list();
	struct classifier_list *list;
	union flow_key bits = {0};
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
			classifier_append(list, &bits, (struct classifier_place){table, *prio});
			placed = true;
		}
		classifier_append(list, &bits, old->place[i]);
	}
	if (!placed)
		classifier_append(list, &bits, (struct classifier_place){table, *prio});
	key_mask_init(&list->mask, &bits);
	list->since = old->since;
	if (old == &classifier_no_tables || !key_same_layout(&list->mask, &old->mask))
		list->since = classifier_own_sequence() + 1;
	return list;
}

/* Before the sequence number that it may wait for. */
static void classifier_publish(struct classifier_list *list)
{
	struct classifier_list *old = classifier_own_list();

	atomic_store_explicit(&classifier_tables, list, memory_order_release);
	if (old != &classifier_no_tables)
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

void classifier_expect(const union flow_key *key, const union flow_key *mask)
{
	const struct classifier_table *table = classifier_find_table(mask);

	if (table)
		classifier_expect_in(table, key);
}

void classifier_expect_remove(const struct classifier_entry *entry)
{
	classifier_expect_in(entry->table, &entry->key);
}

bool classifier_add(struct classifier_entry *entry, const union flow_key *mask)
{
	uint64_t sequence = classifier_own_sequence() + 1;
	struct classifier_table *table = classifier_find_table(mask);
	struct classifier_table *new_table = NULL;
	struct classifier_list *list = NULL;

	if (!table)
		table = new_table = classifier_new_table(mask);
	if (!table)
		return false;
	if (!index_make_room(&table->index))
		goto free_table;
	if (!table->num_entries || entry->prio < table->best_prio) {
		list = classifier_new_list(table, &entry->prio);
		if (!list)
			goto free_table;
	}
	entry->table = table;
	entry->age = sequence;
	classifier_count(table, entry);
	classifier_link(table, entry);
	atomic_store_explicit(&table->changed, sequence, memory_order_relaxed);
	if (list)
		classifier_publish(list);
	classifier_set_sequence(sequence);
	return true;

free_table:
	if (new_table)
		classifier_free_table(new_table);
	return false;
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

/* Publishes a list after removals. */
static void classifier_shrink(struct classifier_list *list)
{
	uint64_t since = list->since;

	classifier_publish(list);
	if (since > classifier_own_sequence())
		classifier_set_sequence(since);
}

/*
 * A best prio that is too low is only slower. So it stays when there is no memory for a new list, and
 * while counting anew would cost more than the removals since the last time.
 */
void classifier_remove(struct classifier_entry *entry)
{
	struct classifier_table *table = entry->table;
	struct classifier_list *list = NULL;

	classifier_unlink(entry);
	if (!table->num_entries) {
		list = classifier_new_list(table, NULL);
		if (list) {
			classifier_shrink(list);
			epoch_defer(classifier_free_table, table);
		}
		return;
	}
	if (table->num_best ||
	    index_num_slots(&table->index) / CLASSIFIER_RECOUNT > table->num_removed)
		return;
	classifier_count_best(table);
	list = classifier_new_list(table, &table->best_prio);
	if (list)
		classifier_shrink(list);
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

void classifier_clear(void)
{
	struct classifier_list *list = classifier_own_list();
	uint32_t i;

	atomic_store_explicit(&classifier_tables, &classifier_no_tables, memory_order_release);
	for (i = 0; i < list->num_tables; i++)
		classifier_bury(list->place[i].table);
	epoch_synchronize();
	for (i = 0; i < list->num_tables; i++)
		classifier_free_table(list->place[i].table);
	if (list != &classifier_no_tables)
		heap_free(list);
}
