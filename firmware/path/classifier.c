/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The tuple space (classifier.h). What workers follow is published by release stores: the list of
 * tables (an immutable copy for each change), a table's slots, the entries behind a slot. Each pairs
 * with the acquire load in classifier_lookup() and its helpers. What is unlinked is freed after
 * worker_synchronize(). Changes on core 0 only.
 */
#include "path/classifier.h"

#include <stddef.h>
#include "lib/hash.h"
#include "lib/heap.h"
#include "path/worker.h"

#define CLASSIFIER_MIN_SLOTS 16u

/* Open addressing; a slot holds the first of the entries with one key. */
struct classifier_slots {
	uint32_t mask; /* number of slots - 1 */
	_Atomic(struct classifier_entry *) slot[];
};

struct classifier_table {
	union flow_key mask;
	uint32_t num_entries;
	uint32_t num_slots_used; /* emptied ones included */
	uint32_t best_prio; /* no entry has a lower one */
	uint32_t num_best; /* entries that have it */
	_Atomic(struct classifier_slots *) slots;
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

static struct classifier_list classifier_no_tables;
static _Atomic(struct classifier_list *) classifier_tables = &classifier_no_tables;
static _Atomic uint64_t classifier_changes = 1;
static uint64_t classifier_age;
static struct classifier_entry classifier_emptied; /* in a slot: search goes on behind it */

static struct classifier_list *classifier_own_list(void)
{
	return atomic_load_explicit(&classifier_tables, memory_order_relaxed);
}

/* Pairs with the acquire in classifier_version(): who sees the new number sees the change. */
static void classifier_changed(void)
{
	atomic_fetch_add_explicit(&classifier_changes, 1, memory_order_release);
}

uint64_t classifier_version(void)
{
	return atomic_load_explicit(&classifier_changes, memory_order_acquire);
}

void classifier_init(void)
{
	atomic_store(&classifier_tables, &classifier_no_tables);
	classifier_changed();
	classifier_age = 0;
}

static void classifier_mask_key(union flow_key *masked, const union flow_key *key,
				const union flow_key *mask)
{
	unsigned i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		masked->word[i] = key->word[i] & mask->word[i];
}

static bool classifier_same_key(const union flow_key *a, const union flow_key *b)
{
	uint64_t difference = 0;
	unsigned i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		difference |= a->word[i] ^ b->word[i];
	return !difference;
}

/*
 * The slot that holds entries with this key, and in *found what was in it (a slot may be used anew
 * at any moment: workers must not look twice); or NULL. There is always a free slot to end at.
 */
static _Atomic(struct classifier_entry *) *classifier_find(struct classifier_slots *slots,
							   const union flow_key *masked,
							   uint64_t hash,
							   struct classifier_entry **found)
{
	uint32_t i;

	for (i = (uint32_t)hash;; i++) {
		_Atomic(struct classifier_entry *) *slot = &slots->slot[i & slots->mask];
		struct classifier_entry *entry = atomic_load_explicit(slot, memory_order_acquire);

		if (!entry)
			return NULL;
		if (entry != &classifier_emptied && entry->hash == hash &&
		    classifier_same_key(&entry->key, masked)) {
			*found = entry;
			return slot;
		}
	}
}

static bool classifier_precedes(const struct classifier_entry *a, const struct classifier_entry *b)
{
	return a->prio < b->prio || (a->prio == b->prio && a->age < b->age);
}

struct classifier_entry *classifier_lookup(const union flow_key *key)
{
	const struct classifier_list *list =
		atomic_load_explicit(&classifier_tables, memory_order_acquire);
	struct classifier_entry *best = NULL;
	uint32_t i;

	for (i = 0; i < list->num_tables; i++) {
		struct classifier_table *table = list->place[i].table;
		struct classifier_entry *entry;
		struct classifier_slots *slots;
		union flow_key masked;

		if (best && best->prio < list->place[i].best_prio)
			break;
		classifier_mask_key(&masked, key, &table->mask);
		slots = atomic_load_explicit(&table->slots, memory_order_acquire);
		if (classifier_find(slots, &masked, hash_words(masked.word, FLOW_KEY_WORDS),
				    &entry) &&
		    (!best || classifier_precedes(entry, best)))
			best = entry;
	}
	return best;
}

/* Slots */

static struct classifier_slots *classifier_new_slots(uint32_t num_slots)
{
	struct classifier_slots *slots =
		heap_alloc(sizeof(*slots) + num_slots * sizeof(slots->slot[0]));

	if (slots)
		slots->mask = num_slots - 1;
	return slots;
}

/* Puts the first entry of a key that is not in the slots yet. True: a slot never used before. */
static bool classifier_put(struct classifier_slots *slots, struct classifier_entry *entry)
{
	uint32_t i;

	for (i = (uint32_t)entry->hash;; i++) {
		_Atomic(struct classifier_entry *) *slot = &slots->slot[i & slots->mask];
		struct classifier_entry *old = atomic_load_explicit(slot, memory_order_relaxed);

		if (old && old != &classifier_emptied)
			continue;
		atomic_store_explicit(slot, entry, memory_order_release);
		return !old;
	}
}

/* Makes sure that one more slot can be used, with a quarter free. The caller frees *old later. */
static bool classifier_make_room(struct classifier_table *table, struct classifier_slots **old)
{
	struct classifier_slots *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
	struct classifier_slots *larger;
	uint32_t used = 0;
	uint32_t i;

	*old = NULL;
	if ((table->num_slots_used + 1) * UINT64_C(4) <= (slots->mask + 1) * UINT64_C(3))
		return true;
	larger = classifier_new_slots(table->num_entries * 2 > slots->mask ? (slots->mask + 1) * 2
									   : slots->mask + 1);
	if (!larger)
		return false;
	for (i = 0; i <= slots->mask; i++) {
		struct classifier_entry *entry =
			atomic_load_explicit(&slots->slot[i], memory_order_relaxed);

		if (entry && entry != &classifier_emptied)
			used += classifier_put(larger, entry);
	}
	table->num_slots_used = used;
	atomic_store_explicit(&table->slots, larger, memory_order_release);
	*old = slots;
	return true;
}

/* Tables and their order */

static struct classifier_table *classifier_find_table(const union flow_key *mask)
{
	const struct classifier_list *list = classifier_own_list();
	uint32_t i;

	for (i = 0; i < list->num_tables; i++) {
		if (classifier_same_key(&list->place[i].table->mask, mask))
			return list->place[i].table;
	}
	return NULL;
}

static struct classifier_table *classifier_new_table(const union flow_key *mask)
{
	struct classifier_table *table = heap_alloc(sizeof(*table));
	struct classifier_slots *slots = classifier_new_slots(CLASSIFIER_MIN_SLOTS);

	if (!table || !slots) {
		heap_free(table);
		heap_free(slots);
		return NULL;
	}
	table->mask = *mask;
	table->best_prio = UINT32_MAX;
	atomic_store_explicit(&table->slots, slots, memory_order_relaxed);
	return table;
}

static void classifier_free_table(struct classifier_table *table)
{
	heap_free(atomic_load_explicit(&table->slots, memory_order_relaxed));
	heap_free(table);
}

/* A copy of the list in which table stands where its prio belongs; without it if NULL prio. */
static struct classifier_list *classifier_new_list(struct classifier_table *table,
						   const uint32_t *prio)
{
	const struct classifier_list *old = classifier_own_list();
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
			list->place[list->num_tables++] = (struct classifier_place){table, *prio};
			placed = true;
		}
		list->place[list->num_tables++] = old->place[i];
	}
	if (!placed)
		list->place[list->num_tables++] = (struct classifier_place){table, *prio};
	return list;
}

/* Publishes a list; returns the old one, for the caller to free after worker_synchronize(). */
static struct classifier_list *classifier_publish(struct classifier_list *list)
{
	struct classifier_list *old = classifier_own_list();

	atomic_store_explicit(&classifier_tables, list, memory_order_release);
	return old == &classifier_no_tables ? NULL : old;
}

static void classifier_link(struct classifier_table *table, struct classifier_entry *entry)
{
	struct classifier_slots *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
	struct classifier_entry *at;
	_Atomic(struct classifier_entry *) *link =
		classifier_find(slots, &entry->key, entry->hash, &at);

	table->num_entries++;
	if (entry->prio < table->best_prio || table->num_entries == 1) {
		table->best_prio = entry->prio;
		table->num_best = 0;
	}
	table->num_best += entry->prio == table->best_prio;
	if (!link) {
		table->num_slots_used += classifier_put(slots, entry);
		return;
	}
	while (at && classifier_precedes(at, entry)) {
		link = &at->next;
		at = atomic_load_explicit(link, memory_order_relaxed);
	}
	atomic_store_explicit(&entry->next, at, memory_order_relaxed);
	atomic_store_explicit(link, entry, memory_order_release);
}

bool classifier_add(struct classifier_entry *entry, const union flow_key *mask)
{
	struct classifier_table *table = classifier_find_table(mask);
	struct classifier_table *new_table = NULL;
	struct classifier_slots *old_slots = NULL;
	struct classifier_list *list = NULL;

	if (!table)
		table = new_table = classifier_new_table(mask);
	if (!table)
		return false;
	if (!table->num_entries || entry->prio < table->best_prio) {
		list = classifier_new_list(table, &entry->prio);
		if (!list)
			goto free_table;
	}
	if (!classifier_make_room(table, &old_slots))
		goto free_list;
	entry->table = table;
	entry->hash = hash_words(entry->key.word, FLOW_KEY_WORDS);
	entry->age = classifier_age++;
	atomic_store_explicit(&entry->next, NULL, memory_order_relaxed);
	classifier_link(table, entry);
	if (list)
		list = classifier_publish(list);
	classifier_changed();
	if (list || old_slots) {
		worker_synchronize();
		heap_free(list);
		heap_free(old_slots);
	}
	return true;

free_list:
	heap_free(list);
free_table:
	if (new_table)
		classifier_free_table(new_table);
	return false;
}

/* The lowest prio in a table that has entries, and how many have it. */
static void classifier_count_best(struct classifier_table *table)
{
	const struct classifier_slots *slots =
		atomic_load_explicit(&table->slots, memory_order_relaxed);
	struct classifier_entry *entry;
	uint32_t i;

	table->best_prio = UINT32_MAX;
	table->num_best = 0;
	for (i = 0; i <= slots->mask; i++) {
		entry = atomic_load_explicit(&slots->slot[i], memory_order_relaxed);
		if (entry == &classifier_emptied)
			continue;
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
	_Atomic(struct classifier_entry *) *first =
		classifier_find(atomic_load_explicit(&table->slots, memory_order_relaxed),
				&entry->key, entry->hash, &at);
	_Atomic(struct classifier_entry *) *link = first;

	while (at != entry) {
		link = &at->next;
		at = atomic_load_explicit(link, memory_order_relaxed);
	}
	if (link == first && !next)
		next = &classifier_emptied;
	atomic_store_explicit(link, next, memory_order_release);
	table->num_entries--;
	table->num_best -= entry->prio == table->best_prio;
}

/* Without memory for a new list the old one stays: its prio is too low, which is only slower. */
void classifier_remove(struct classifier_entry *entry)
{
	struct classifier_table *table = entry->table;
	struct classifier_list *list = NULL;
	bool empty;

	classifier_unlink(entry);
	empty = !table->num_entries;
	if (!table->num_best) {
		classifier_count_best(table);
		list = classifier_new_list(table, empty ? NULL : &table->best_prio);
		empty = empty && list;
		if (list)
			list = classifier_publish(list);
	}
	classifier_changed();
	worker_synchronize();
	heap_free(list);
	if (empty)
		classifier_free_table(table);
}

void classifier_clear(void)
{
	struct classifier_list *list = classifier_publish(&classifier_no_tables);
	uint32_t i;

	classifier_changed();
	worker_synchronize();
	for (i = 0; list && i < list->num_tables; i++)
		classifier_free_table(list->place[i].table);
	heap_free(list);
}
