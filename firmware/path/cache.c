/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Exact-match cache (cache.h): sets of four. A burst goes through in stages, each of which asks for
 * the memory that the next one needs. An entry counts while its rule's generation is the one it
 * remembers; memory of a rule stays a rule, so that looking is always allowed. One worker core's.
 */
#include "path/cache.h"

#include "hal/hal.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "path/flow.h"
#include "path/index.h"

#define CACHE_WAYS	4u
#define CACHE_MIN_SETS	64u
#define CACHE_SIGN_BITS 12u /* of a stamp; the rest is a sequence number: a century of additions */
#define CACHE_SIGN_MASK ((UINT64_C(1) << CACHE_SIGN_BITS) - 1)

/* An outcome. Never used: all zero, which no signature matches. */
struct cache_slot {
	uint32_t entry; /* index_ref() of the rule's entry; 0: no rule */
	uint32_t generation; /* the entry's, when it was found */
	uint64_t stamp; /* sequence number at which it was right << CACHE_SIGN_BITS | signature */
};

/* Slots in one line, their keys in one line each; in one page, mostly. */
struct cache_set {
	struct cache_slot slot[CACHE_WAYS];
	union flow_key key[CACHE_WAYS]; /* words that no mask had when it was stored mean nothing */
};
_Static_assert(sizeof(struct cache_set) == 5 * 64, "whole lines");

/* A packet on its way through the stages. */
struct cache_probe {
	struct key_masked masked;
	struct cache_set *set;
	uint32_t sign; /* odd */
	uint32_t way; /* with this signature; CACHE_WAYS: none */
};

struct cache {
	struct cache_set *set;
	uint32_t num_sets; /* a power of two */
	uint32_t hand; /* which way of a full set goes next */
	uint64_t num_asked;
	struct cache_probe probe[PKT_BURST];
};

struct cache *cache_create(size_t room_bytes)
{
	struct cache *cache = heap_alloc(sizeof(*cache));
	uint32_t num_sets = CACHE_MIN_SETS;

	if (!cache)
		return NULL;
	while (num_sets < CACHE_MAX_ENTRIES / CACHE_WAYS &&
	       num_sets * 2 * sizeof(struct cache_set) <= room_bytes)
		num_sets *= 2;
	cache->num_sets = num_sets;
	cache->set = heap_alloc(num_sets * sizeof(struct cache_set));
	if (cache->set)
		return cache;
	heap_free(cache);
	return NULL;
}

uint32_t cache_num_entries(const struct cache *cache)
{
	return cache->num_sets * CACHE_WAYS;
}

uint64_t cache_num_asked(const struct cache *cache)
{
	return cache->num_asked;
}

/* First stage: where each packet's outcome would be. */
static void cache_hash(struct cache *cache, const struct burst *burst, const struct key_mask *mask)
{
	const uint64_t set_mask = cache->num_sets - 1;
	unsigned i;

	for (i = 0; i < burst->num; i++) {
		struct cache_probe *probe = &cache->probe[i];
		uint64_t hash = key_hash(mask, &burst->pkt[i]->key, &probe->masked);

		probe->set = &cache->set[hash & set_mask];
		probe->sign = (uint32_t)(hash >> (64 - CACHE_SIGN_BITS)) | 1;
		__builtin_prefetch(probe->set->slot);
	}
}

/* What overflows one set of a pair goes to the other one. */
static struct cache_set *cache_other_set(const struct cache *cache, const struct cache_set *set)
{
	return &cache->set[(set - cache->set) ^ 1];
}

static uint32_t cache_find_sign(const struct cache_set *set, uint32_t sign)
{
	uint32_t way = 0;

	while (way < CACHE_WAYS && (set->slot[way].stamp ^ sign) & CACHE_SIGN_MASK)
		way++;
	return way;
}

/* Second stage: which way it is in, by signature; a signature proves nothing. */
static void cache_choose(struct cache *cache, unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++) {
		struct cache_probe *probe = &cache->probe[i];
		const struct classifier_entry *entry;
		uint32_t way = cache_find_sign(probe->set, probe->sign);

		if (way == CACHE_WAYS) {
			struct cache_set *other = cache_other_set(cache, probe->set);

			way = cache_find_sign(other, probe->sign);
			if (way < CACHE_WAYS)
				probe->set = other;
		}
		probe->way = way;
		if (way == CACHE_WAYS)
			continue;
		entry = index_object(probe->set->slot[way].entry);
		__builtin_prefetch(&probe->set->key[way]);
		__builtin_prefetch(
			&entry->table); /* the line with its generation, and the action's */
	}
}

static uint64_t cache_stamp(const struct classifier_view *view, const struct cache_probe *probe)
{
	return view->sequence << CACHE_SIGN_BITS | probe->sign;
}

/* The slot of a set that has the packet's key, whatever has become of its rule; NULL: none has. */
static struct cache_slot *cache_find(struct cache_set *set, const struct cache_probe *probe,
				     const struct key_mask *mask)
{
	uint32_t way;

	for (way = 0; way < CACHE_WAYS; way++) {
		if (!((set->slot[way].stamp ^ probe->sign) & CACHE_SIGN_MASK) &&
		    key_same(mask, &set->key[way], &probe->masked))
			return &set->slot[way];
	}
	return NULL;
}

static uint32_t cache_find_unused(const struct cache_set *set)
{
	uint32_t way = 0;

	while (way < CACHE_WAYS && set->slot[way].stamp)
		way++;
	return way;
}

/* A slot for the packet's key: one of the pair that was never used, else each of a set in turn. */
static struct cache_slot *cache_take(struct cache *cache, const struct cache_probe *probe,
				     const struct key_mask *mask)
{
	struct cache_set *set = probe->set;
	uint32_t way = cache_find_unused(set);

	if (way == CACHE_WAYS) {
		set = cache_other_set(cache, set);
		way = cache_find_unused(set);
	}
	if (way == CACHE_WAYS)
		way = cache->hand++ % CACHE_WAYS;
	key_store(mask, &set->key[way], &probe->masked);
	return &set->slot[way];
}

/* What was remembered, if it still holds after all that was added since; else the classifier's word. */
static struct classifier_entry *cache_resolve(struct cache *cache, const struct cache_probe *probe,
					      const struct classifier_view *view,
					      const union flow_key *key)
{
	struct cache_slot *slot = cache_find(probe->set, probe, view->mask);
	struct classifier_entry *entry;
	uint32_t generation = 0;

	if (!slot)
		slot = cache_find(cache_other_set(cache, probe->set), probe, view->mask);
	if (slot) {
		entry = slot->entry ? index_object(slot->entry) : NULL;
		if ((!entry || classifier_generation(entry) == slot->generation) &&
		    classifier_still_wins(view, key, entry, slot->stamp >> CACHE_SIGN_BITS)) {
			slot->stamp = cache_stamp(view, probe);
			return entry;
		}
	}
	cache->num_asked++;
	entry = classifier_find(view, key);
	if (entry)
		generation = classifier_generation(entry);
	if (!classifier_may_keep(view, entry, generation))
		return entry;
	if (!slot)
		slot = cache_take(cache, probe, view->mask);
	slot->entry = entry ? index_ref(entry) : 0;
	slot->generation = generation;
	slot->stamp = cache_stamp(view, probe);
	return entry;
}

/* Third stage: the outcome. Generation 0 of no rule is that of the object that 0 stands for. */
static struct classifier_entry *cache_finish(struct cache *cache, const struct cache_probe *probe,
					     const struct classifier_view *view,
					     const union flow_key *key)
{
	const struct cache_slot *slot = &probe->set->slot[probe->way];
	struct classifier_entry *entry;

	if (probe->way == CACHE_WAYS || slot->stamp != cache_stamp(view, probe) ||
	    !key_same(view->mask, &probe->set->key[probe->way], &probe->masked))
		return cache_resolve(cache, probe, view, key);
	entry = index_object(slot->entry);
	if (classifier_generation(entry) != slot->generation)
		return cache_resolve(cache, probe, view, key);
	return slot->entry ? entry : NULL;
}

void cache_lookup(struct cache *cache, struct burst *burst)
{
	const struct classifier_view view = classifier_look();
	const unsigned core = hal_core();
	unsigned i;

	cache_hash(cache, burst, view.mask);
	cache_choose(cache, burst->num);
	for (i = 0; i < burst->num; i++) {
		struct pkt *pkt = burst->pkt[i];
		struct classifier_entry *entry =
			cache_finish(cache, &cache->probe[i], &view, &pkt->key);

		pkt->flow = NULL;
		if (!entry)
			continue;
		pkt->flow = list_entry(entry, struct flow, entry);
		__builtin_prefetch(flow_count(pkt->flow, core), 1);
	}
}
