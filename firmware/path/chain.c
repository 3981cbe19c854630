/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Chains and their tables (chain.h). Published by release stores: the mask of all tables, chains, and the list of tables of each, an
 * immutable copy for each change. Changes on core 0 only; what is unlinked goes to epoch_defer().
 */
#include "path/chain.h"

#include "lib/heap.h"
#include "path/epoch.h"

static struct chain_list chain_no_tables;
static struct chain_bits chain_no_bits = {.mask.num_pairs = 1};
static struct index chain_others; /* chains, by chain_hash() */
static union flow_key chain_more_bits; /* chain_look_at() */

struct chain chain_first = {.tables = &chain_no_tables};
_Atomic(struct chain_bits *) chain_all_bits = &chain_no_bits;
_Atomic uint64_t chain_sequence = 1;

static struct chain_list *chain_own_list(const struct chain *chain)
{
	return atomic_load_explicit(&chain->tables, memory_order_relaxed);
}

static struct chain_bits *chain_own_bits(void)
{
	return atomic_load_explicit(&chain_all_bits, memory_order_relaxed);
}

void chain_init(void)
{
	chain_more_bits = (union flow_key){0};
	atomic_store(&chain_first.tables, &chain_no_tables);
	atomic_store(&chain_all_bits, &chain_no_bits);
	chain_set_sequence(1);
}

bool chain_start(void)
{
	return index_init(&chain_others);
}

/* Chains */

static uint32_t chain_hash(uint32_t number)
{
	return (uint32_t)hash_serial(number);
}

/* The chain, and the walk that found it; NULL: it has no tables. */
static struct chain *chain_walk(uint32_t number, struct index_walk *walk)
{
	struct chain *chain;

	*walk = index_begin(&chain_others, chain_hash(number));
	do
		chain = index_next(walk);
	while (chain && chain->number != number);
	return chain;
}

struct chain *chain_find(uint32_t number)
{
	struct index_walk walk;

	return number ? chain_walk(number, &walk) : &chain_first;
}

struct chain *chain_need(uint32_t number)
{
	struct chain *chain = chain_find(number);

	if (chain)
		return chain;
	chain = index_make_room(&chain_others) ? heap_alloc(sizeof(*chain)) : NULL;
	if (!chain)
		return NULL;
	chain->number = number;
	atomic_store_explicit(&chain->tables, &chain_no_tables, memory_order_relaxed);
	index_put(&chain_others, chain_hash(number), chain);
	return chain;
}

void chain_drop(struct chain *chain)
{
	struct index_walk walk;

	if (chain == &chain_first || chain_own_list(chain)->num_tables)
		return;
	chain_walk(chain->number, &walk);
	index_remove(&chain_others, &walk);
	epoch_defer(heap_free, chain);
}

/* Tables and their order */

struct chain_table *chain_find_table(const struct chain *chain, const union flow_key *bits)
{
	const struct chain_list *list = chain_own_list(chain);
	uint32_t i;

	for (i = 0; i < list->num_tables; i++) {
		if (key_equal(&list->place[i].table->bits, bits))
			return list->place[i].table;
	}
	return NULL;
}

struct chain_table *chain_new_table(struct chain *chain, const union flow_key *bits)
{
	struct chain_table *table = heap_alloc(sizeof(*table));

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

void chain_free_table(void *table)
{
	index_destroy(&((struct chain_table *)table)->index);
	heap_free(table);
}

static void chain_append(struct chain_list *list, struct chain_table *table, uint32_t best_prio)
{
	list->place[list->num_tables++] = (struct chain_place){table, best_prio};
}

struct chain_list *chain_new_list(struct chain_table *table, const uint32_t *prio)
{
	const struct chain_list *old = chain_own_list(table->chain);
	struct chain_list *list;
	bool placed = !prio;
	uint32_t i;

	if (!prio && old->num_tables == 1)
		return &chain_no_tables;
	list = heap_alloc(sizeof(*list) + (old->num_tables + 1) * sizeof(list->place[0]));
	if (!list)
		return NULL;
	for (i = 0; i < old->num_tables; i++) {
		if (old->place[i].table == table)
			continue;
		if (!placed && *prio < old->place[i].best_prio) {
			chain_append(list, table, *prio);
			placed = true;
		}
		chain_append(list, old->place[i].table, old->place[i].best_prio);
	}
	if (!placed)
		chain_append(list, table, *prio);
	return list;
}

void chain_publish(struct chain *chain, struct chain_list *list)
{
	struct chain_list *old = chain_own_list(chain);

	atomic_store_explicit(&chain->tables, list, memory_order_release);
	if (old != &chain_no_tables)
		epoch_defer(heap_free, old);
}

/* What is looked at */

static void chain_join_bits(union flow_key *bits, const union flow_key *more)
{
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		bits->word[i] |= more->word[i];
}

static void chain_join_tables(union flow_key *bits, const struct chain *chain)
{
	const struct chain_list *list = chain_own_list(chain);
	uint32_t i;

	for (i = 0; i < list->num_tables; i++)
		chain_join_bits(bits, &list->place[i].table->bits);
}

/* The bits of all tables of all chains. */
static union flow_key chain_count_bits(void)
{
	uint32_t num_slots = index_num_slots(&chain_others);
	union flow_key bits = chain_more_bits;
	uint32_t i;

	chain_join_tables(&bits, &chain_first);
	for (i = 0; i < num_slots; i++) {
		const struct chain *chain = index_at(&chain_others, i);

		if (chain)
			chain_join_tables(&bits, chain);
	}
	return bits;
}

/* NULL: no memory. */
static struct chain_bits *chain_new_bits(const union flow_key *bits)
{
	const struct chain_bits *old = chain_own_bits();
	struct chain_bits *new = heap_alloc(sizeof(*new));

	if (!new)
		return NULL;
	new->bits = *bits;
	key_mask_init(&new->mask, bits);
	new->since = old->since;
	if (old == &chain_no_bits || !key_same_layout(&new->mask, &old->mask))
		new->since = chain_own_sequence() + 1;
	return new;
}

void chain_publish_bits(struct chain_bits *bits)
{
	struct chain_bits *old = chain_own_bits();

	atomic_store_explicit(&chain_all_bits, bits, memory_order_release);
	if (old != &chain_no_bits)
		epoch_defer(heap_free, old);
}

bool chain_widen_bits(const union flow_key *mask, struct chain_bits **bits)
{
	const struct chain_bits *old = chain_own_bits();
	union flow_key wider = old->bits;

	chain_join_bits(&wider, mask);
	if (old != &chain_no_bits && key_equal(&wider, &old->bits))
		return true;
	*bits = chain_new_bits(&wider);
	return *bits;
}

bool chain_renew_bits(void)
{
	union flow_key bits = chain_count_bits();
	struct chain_bits *new;

	if (key_equal(&bits, &chain_own_bits()->bits))
		return true;
	new = chain_new_bits(&bits);
	if (!new)
		return false;
	chain_publish_bits(new);
	if (new->since > chain_own_sequence())
		chain_set_sequence(new->since);
	return true;
}

bool chain_look_at(const union flow_key *bits)
{
	const union flow_key before = chain_more_bits;

	chain_more_bits = *bits;
	if (chain_renew_bits())
		return true;
	chain_more_bits = before;
	return false;
}

/* The end of all */

/* No worker uses it any more. */
static void chain_free_list(struct chain_list *list)
{
	uint32_t i;

	for (i = 0; i < list->num_tables; i++)
		chain_free_table(list->place[i].table);
	if (list != &chain_no_tables)
		heap_free(list);
}

static void chain_for_each(const struct chain_list *list,
			   void (*fn)(const struct chain_table *table))
{
	uint32_t i;

	for (i = 0; i < list->num_tables; i++)
		fn(list->place[i].table);
}

void chain_clear(void (*fn)(const struct chain_table *table))
{
	struct chain_list *first = chain_own_list(&chain_first);
	uint32_t num_slots = index_num_slots(&chain_others);
	struct chain *chain;
	uint32_t i;

	atomic_store_explicit(&chain_first.tables, &chain_no_tables, memory_order_release);
	chain_more_bits = (union flow_key){0};
	chain_publish_bits(&chain_no_bits);
	chain_for_each(first, fn);
	for (i = 0; i < num_slots; i++) {
		chain = index_at(&chain_others, i);
		if (chain)
			chain_for_each(chain_own_list(chain), fn);
	}
	epoch_synchronize();
	chain_free_list(first);
	for (i = 0; i < num_slots; i++) {
		chain = index_at(&chain_others, i);
		if (!chain)
			continue;
		chain_free_list(chain_own_list(chain));
		heap_free(chain);
	}
	index_clear(&chain_others);
}
