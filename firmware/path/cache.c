/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Exact-match cache (cache.h): sets of eight. A burst goes through in stages, each of which asks for
 * the memory that the next one needs. An entry counts while its rule's generation is the one it
 * remembers; memory of a rule stays a rule, so that looking is always allowed. One worker core's.
 */
#include "path/cache.h"

#include "hal/hal.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "path/flow.h"
#include "path/index.h"

#define CACHE_WAYS	  8u
#define CACHE_MIN_ENTRIES 256u
#define CACHE_LINE_WORDS  6u
#define CACHE_SIGN_BITS	  12u /* of a stamp; the rest is a sequence number: a century of additions */
#define CACHE_SIGN_MASK	  ((UINT64_C(1) << CACHE_SIGN_BITS) - 1)

/* An outcome: a line, if rules look at no more words of the key. Never used: all zero. */
struct cache_entry {
	uint32_t rule; /* index_ref() of the rule's classifier_entry; 0: no rule */
	uint32_t generation; /* the rule's, when it was found */
	uint64_t stamp; /* sequence number at which it was right << CACHE_SIGN_BITS | signature */
	uint64_t word[CACHE_LINE_WORDS]; /* key_masked, as the mask was laid out then */
};
_Static_assert(sizeof(struct cache_entry) == 64, "a line");

/* The words that a long key has more. */
struct cache_tail {
	uint64_t word[FLOW_KEY_WORDS - CACHE_LINE_WORDS];
};

/* A packet on its way through the stages. */
struct cache_probe {
	struct key_masked masked;
	struct cache_entry *home; /* where the packet's entry is if no other was there first */
	struct cache_entry *entry; /* with the packet's signature; NULL: none */
	uint64_t sign; /* odd */
};

/* Sets of CACHE_WAYS entries, each of which is the home of some keys. */
struct cache {
	struct cache_entry *entry; /* [num_entries], a power of two */
	struct cache_tail *tail; /* [num_entries] */
	uint32_t num_entries;
	uint32_t hand; /* which way of a full set goes next */
	uint64_t num_asked;
	struct cache_probe probe[PKT_BURST];
};

struct cache *cache_create(size_t room_bytes)
{
	const size_t entry_bytes = sizeof(struct cache_entry) + sizeof(struct cache_tail);
	struct cache *cache = heap_alloc(sizeof(*cache));
	size_t num_entries = CACHE_MIN_ENTRIES;

	if (!cache)
		return NULL;
	while (num_entries < CACHE_MAX_ENTRIES && num_entries * 2 * entry_bytes <= room_bytes)
		num_entries *= 2;
	cache->num_entries = (uint32_t)num_entries;
	cache->entry = heap_alloc(num_entries * sizeof(struct cache_entry));
	cache->tail = heap_alloc(num_entries * sizeof(struct cache_tail));
	if (cache->entry && cache->tail)
		return cache;
	heap_free(cache->entry);
	heap_free(cache->tail);
	heap_free(cache);
	return NULL;
}

uint32_t cache_num_entries(const struct cache *cache)
{
	return cache->num_entries;
}

uint64_t cache_num_asked(const struct cache *cache)
{
	return cache->num_asked;
}

/* The other ways of the set: i is 1 .. CACHE_WAYS - 1. */
static struct cache_entry *cache_way(const struct cache *cache, const struct cache_entry *home,
				     uint32_t i)
{
	return &cache->entry[(uint32_t)(home - cache->entry) ^ i];
}

static bool cache_is_signed(const struct cache_entry *entry, const struct cache_probe *probe)
{
	return !((entry->stamp ^ probe->sign) & CACHE_SIGN_MASK);
}

static bool cache_same_key(const struct cache *cache, const struct cache_entry *entry,
			   const struct cache_probe *probe, const struct key_mask *mask)
{
	const struct cache_tail *tail = &cache->tail[entry - cache->entry];
	const uint64_t *word = probe->masked.word;
	uint64_t difference = 0;
	uint32_t i;

	for (i = 0; i < mask->num_pairs * 2 && i < CACHE_LINE_WORDS; i++)
		difference |= entry->word[i] ^ word[i];
	if (mask->num_pairs * 2 > CACHE_LINE_WORDS)
		difference |= (tail->word[0] ^ word[6]) | (tail->word[1] ^ word[7]);
	return !difference;
}

/* First stage: where each packet's outcome would be. */
static void cache_hash(struct cache *cache, const struct burst *burst, const struct key_mask *mask)
{
	struct cache_entry *entries = cache->entry;
	const uint64_t entry_mask = cache->num_entries - 1;
	const unsigned num = burst->num;
	unsigned i;

	for (i = 0; i < num; i++) {
		struct cache_probe *probe = &cache->probe[i];
		uint64_t hash = key_hash(mask, &burst->pkt[i]->key, &probe->masked);

		probe->home = &entries[hash & entry_mask];
		probe->sign = hash >> (64 - CACHE_SIGN_BITS) | 1;
		__builtin_prefetch(probe->home);
	}
}

/* What the last stage will look at: the rule's line with its generation and its action. */
static void cache_fetch(const struct cache *cache, const struct cache_probe *probe,
			const struct key_mask *mask)
{
	const struct classifier_entry *rule = index_object(probe->entry->rule);

	__builtin_prefetch(&rule->table);
	if (mask->num_pairs * 2 > CACHE_LINE_WORDS)
		__builtin_prefetch(&cache->tail[probe->entry - cache->entry]);
}

/*
 * Second stage: which entry it is, by signature, which proves nothing. Those that are not at home are
 * looked for when their neighbours have been fetched, too.
 */
static void cache_choose(struct cache *cache, unsigned num, const struct key_mask *mask)
{
	struct cache_probe *away[PKT_BURST];
	unsigned num_away = 0;
	unsigned i;

	for (i = 0; i < num; i++) {
		struct cache_probe *probe = &cache->probe[i];

		if (cache_is_signed(probe->home, probe)) {
			probe->entry = probe->home;
			cache_fetch(cache, probe, mask);
			continue;
		}
		probe->entry = NULL;
		__builtin_prefetch(cache_way(cache, probe->home, 1));
		away[num_away++] = probe;
	}
	for (i = 0; i < num_away; i++) {
		uint32_t way = 1;

		while (way < CACHE_WAYS &&
		       !cache_is_signed(cache_way(cache, away[i]->home, way), away[i]))
			way++;
		if (way == CACHE_WAYS)
			continue;
		away[i]->entry = cache_way(cache, away[i]->home, way);
		cache_fetch(cache, away[i], mask);
	}
}

/* For the moment between a new layout of the mask and its sequence number: nothing fits it yet. */
static void cache_choose_none(struct cache *cache, unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++)
		cache->probe[i].entry = NULL;
}

static uint64_t cache_stamp(const struct classifier_view *view, const struct cache_probe *probe)
{
	return view->sequence << CACHE_SIGN_BITS | probe->sign;
}

/* Whether its words are laid out as the view's mask is: then they can be compared. */
static bool cache_is_laid_out(const struct cache_entry *entry, const struct classifier_view *view)
{
	return entry->stamp >> CACHE_SIGN_BITS >= view->since;
}

/* The entry that has the packet's key, whatever has become of its rule; NULL: none has. */
static struct cache_entry *cache_find(const struct cache *cache, const struct cache_probe *probe,
				      const struct classifier_view *view)
{
	uint32_t way;

	for (way = 0; way < CACHE_WAYS; way++) {
		struct cache_entry *entry = cache_way(cache, probe->home, way);

		if (cache_is_signed(entry, probe) && cache_is_laid_out(entry, view) &&
		    cache_same_key(cache, entry, probe, view->mask))
			return entry;
	}
	return NULL;
}

/* An entry for the packet's key: home or another one of the set that is not in use, else in turn. */
static struct cache_entry *cache_take(struct cache *cache, const struct cache_probe *probe,
				      const struct classifier_view *view)
{
	const uint64_t *word = probe->masked.word;
	struct cache_entry *entry;
	uint32_t way = 0;
	uint32_t i;

	while (way < CACHE_WAYS) {
		entry = cache_way(cache, probe->home, way);
		if (!entry->stamp || !cache_is_laid_out(entry, view))
			break;
		way++;
	}
	if (way == CACHE_WAYS)
		entry = cache_way(cache, probe->home, cache->hand++ % CACHE_WAYS);
	for (i = 0; i < view->mask->num_pairs * 2 && i < CACHE_LINE_WORDS; i++)
		entry->word[i] = word[i];
	cache->tail[entry - cache->entry] = (struct cache_tail){{word[6], word[7]}};
	return entry;
}

/* What was remembered, if it still holds after all that was added since; else the classifier's word. */
static struct classifier_entry *cache_resolve(struct cache *cache, const struct cache_probe *probe,
					      const struct classifier_view *view,
					      const union flow_key *key)
{
	struct cache_entry *entry = cache_find(cache, probe, view);
	struct classifier_entry *rule;
	uint32_t generation = 0;

	if (entry) {
		rule = entry->rule ? index_object(entry->rule) : NULL;
		if ((!rule || classifier_generation(rule) == entry->generation) &&
		    classifier_still_wins(view, key, rule, entry->stamp >> CACHE_SIGN_BITS)) {
			entry->stamp = cache_stamp(view, probe);
			return rule;
		}
	}
	cache->num_asked++;
	rule = classifier_find(view, key);
	if (rule)
		generation = classifier_generation(rule);
	if (!classifier_may_keep(view, rule, generation))
		return rule;
	if (!entry)
		entry = cache_take(cache, probe, view);
	entry->rule = rule ? index_ref(rule) : 0;
	entry->generation = generation;
	entry->stamp = cache_stamp(view, probe);
	return rule;
}

/* Third stage: the outcome. Generation 0 of no rule is that of the object that 0 stands for. */
static struct classifier_entry *cache_finish(struct cache *cache, const struct cache_probe *probe,
					     const struct classifier_view *view,
					     const union flow_key *key)
{
	const struct cache_entry *entry = probe->entry;
	struct classifier_entry *rule;

	if (!entry || entry->stamp != cache_stamp(view, probe) ||
	    !cache_same_key(cache, entry, probe, view->mask))
		return cache_resolve(cache, probe, view, key);
	rule = index_object(entry->rule);
	if (classifier_generation(rule) != entry->generation)
		return cache_resolve(cache, probe, view, key);
	return entry->rule ? rule : NULL;
}

void cache_lookup(struct cache *cache, struct burst *burst)
{
	const struct classifier_view view = classifier_look();
	const unsigned core = hal_core();
	const unsigned num = burst->num;
	unsigned i;

	cache_hash(cache, burst, view.mask);
	if (view.sequence >= view.since)
		cache_choose(cache, num, view.mask);
	else
		cache_choose_none(cache, num);
	for (i = 0; i < num; i++) {
		struct pkt *pkt = burst->pkt[i];
		struct classifier_entry *rule =
			cache_finish(cache, &cache->probe[i], &view, &pkt->key);

		pkt->flow = NULL;
		if (!rule)
			continue;
		pkt->flow = list_entry(rule, struct flow, entry);
		__builtin_prefetch(flow_count(pkt->flow, core), 1);
	}
}
