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
#include "lib/prefetch.h"
#include "path/flow.h"
#include "path/index.h"
#include "path/joint.h"

#define CACHE_WAYS	  8u
#define CACHE_MIN_ENTRIES 256u
#define CACHE_LINE_WORDS  6u
#define CACHE_PER_JOINT	  16u /* entries for each way through several chains */
#define CACHE_NO_RUNS	  16u /* bursts without a look for runs, after one that had few */
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
	struct cache_entry *entry; /* with the packet's signature; home if none has it */
	uint64_t sign; /* odd */
	struct pkt_run *run;
};

/* Sets of CACHE_WAYS entries, each of which is the home of some keys. */
struct cache {
	struct cache_entry *entry; /* [num_entries], a power of two */
	struct cache_tail *tail; /* [num_entries] */
	uint64_t entry_mask; /* num_entries - 1 */
	uint32_t hand; /* which way of a full set goes next */
	uint32_t no_runs; /* bursts in which runs are not looked for */
	uint64_t num_asked;
	struct joint_table *joints;
	const struct burst *burst; /* that was looked up last */
	struct cache_probe probe[PKT_BURST]; /* of the runs in a burst */
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
	cache->entry_mask = num_entries - 1;
	cache->entry = heap_alloc(num_entries * sizeof(struct cache_entry));
	cache->tail = heap_alloc(num_entries * sizeof(struct cache_tail));
	cache->joints = joint_create((uint32_t)num_entries / CACHE_PER_JOINT);
	if (cache->entry && cache->tail && cache->joints)
		return cache;
	joint_destroy(cache->joints);
	heap_free(cache->entry);
	heap_free(cache->tail);
	heap_free(cache);
	return NULL;
}

uint32_t cache_num_entries(const struct cache *cache)
{
	return (uint32_t)cache->entry_mask + 1;
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

static inline bool cache_same_key(const struct cache *cache, const struct cache_entry *entry,
				  const struct key_masked *masked, uint32_t num_pairs)
{
	const uint64_t *stored = entry->word;
	const uint64_t *word = masked->word;
	uint64_t difference = (stored[0] ^ word[0]) | (stored[1] ^ word[1]);

	if (num_pairs > 1)
		difference |= (stored[2] ^ word[2]) | (stored[3] ^ word[3]);
	if (num_pairs > 2)
		difference |= (stored[4] ^ word[4]) | (stored[5] ^ word[5]);
	if (num_pairs > CACHE_LINE_WORDS / 2) {
		const struct cache_tail *tail = &cache->tail[entry - cache->entry];

		difference |= (tail->word[0] ^ word[6]) | (tail->word[1] ^ word[7]);
	}
	return !difference;
}

static inline uint64_t cache_sign(uint64_t hash)
{
	return hash >> (64 - CACHE_SIGN_BITS) | 1;
}

/* Where a packet's outcome would be. */
static inline void cache_aim(const struct cache *cache, struct cache_probe *probe,
			     const struct classifier_view *view, const union flow_key *key)
{
	uint64_t hash = key_hash(view->mask, key, &probe->masked);

	probe->home = &cache->entry[hash & cache->entry_mask];
	probe->sign = cache_sign(hash);
}

/*
 * Packets of one flow that come one after the other are a run, and looked up once. Where there are few,
 * looking for them costs more than it saves. Returns whether to look in this burst.
 */
static bool cache_looks_for_runs(struct cache *cache)
{
	if (!cache->no_runs)
		return true;
	cache->no_runs--;
	return false;
}

static void cache_note_runs(struct cache *cache, bool looked, unsigned num_runs, unsigned num)
{
	if (looked && num_runs * 4 > num * 3)
		cache->no_runs = CACHE_NO_RUNS;
}

/* Puts into the run the packets behind it, up to end, that have the key of its first one. */
static inline struct pkt *const *cache_extend_run(struct pkt_run *run, struct pkt *const *end,
						  const struct key_pair *pair, uint32_t num_pairs)
{
	const union flow_key *key = &run->pkts[0]->key;
	struct pkt *const *slot = run->pkts + 1;
	uint64_t num_bytes = run->num_bytes;
	uint64_t max_bytes = run->max_bytes;

	for (; slot != end && key_same_masked(pair, num_pairs, &(*slot)->key, key); slot++) {
		const uint64_t len_bytes = (*slot)->len_bytes;

		num_bytes += len_bytes;
		if (__builtin_expect(len_bytes > max_bytes, 0))
			max_bytes = len_bytes;
	}
	run->num = (unsigned)(slot - run->pkts);
	run->num_bytes = (uint32_t)num_bytes;
	run->max_bytes = (uint32_t)max_bytes;
	return slot;
}

/* Puts a run behind the others, or into the last of them if that has the same flow. Returns their end. */
static inline struct pkt_run *cache_append_run(struct burst *burst, struct pkt_run *end,
					       const struct pkt_run *run, struct flow *flow)
{
	if (end != burst->run && end[-1].flow == flow) {
		struct pkt_run *last = &end[-1];

		last->num += run->num;
		last->num_bytes += run->num_bytes;
		if (run->max_bytes > last->max_bytes)
			last->max_bytes = run->max_bytes;
		return end;
	}
	if (end != run)
		*end = *run;
	end->flow = flow;
	return end + 1;
}

/* First stage. Returns the number of runs. */
static unsigned cache_aim_all(struct cache *cache, struct burst *burst,
			      const struct classifier_view *view)
{
	const struct key_mask *mask = view->mask;
	const bool look = cache_looks_for_runs(cache);
	struct pkt *const *slot = burst->pkt;
	struct pkt *const *end = slot + burst->num;
	struct cache_probe *probe = cache->probe;
	struct pkt_run *run = burst->run;

	while (slot != end) {
		cache_aim(cache, probe, view, &(*slot)->key);
		prefetch_read(probe->home);
		*run = pkt_run_begin(slot++);
		if (look)
			slot = cache_extend_run(run, end, mask->pair, mask->num_pairs);
		probe++->run = run++;
	}
	cache_note_runs(cache, look, (unsigned)(run - burst->run), burst->num);
	return (unsigned)(run - burst->run);
}

/* What the last stage will look at: the rule's line with its generation and its action. */
static void cache_fetch(const struct cache *cache, const struct cache_probe *probe,
			const struct key_mask *mask)
{
	const struct classifier_entry *rule = index_object(probe->entry->rule);

	prefetch_read(&rule->table);
	if (mask->num_pairs * 2 > CACHE_LINE_WORDS)
		prefetch_read(&cache->tail[probe->entry - cache->entry]);
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

		probe->entry = probe->home;
		if (cache_is_signed(probe->home, probe)) {
			cache_fetch(cache, probe, mask);
			continue;
		}
		prefetch_read(cache_way(cache, probe->home, 1));
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

static inline uint64_t cache_stamp(const struct classifier_view *view,
				   const struct cache_probe *probe)
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
		    cache_same_key(cache, entry, &probe->masked, view->mask->num_pairs))
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

static struct flow *cache_flow(struct classifier_entry *rule)
{
	return rule ? list_entry(rule, struct flow, entry) : NULL;
}

/* Whether what was remembered still holds, after all that was added since. */
static bool cache_still_holds(const struct cache_entry *entry, const struct classifier_view *view,
			      const union flow_key *key)
{
	const uint64_t since = entry->stamp >> CACHE_SIGN_BITS;
	const struct classifier_entry *rule = entry->rule ? index_object(entry->rule) : NULL;
	const struct flow *flow;

	if (!rule)
		return classifier_still_wins(view, key, NULL, since);
	if (classifier_generation(rule) != entry->generation)
		return false;
	flow = list_entry(rule, const struct flow, entry);
	if (flow->kind != FLOW_JOINT)
		return classifier_still_wins(view, key, rule, since);
	return joint_is_whole(joint_of(flow)) && joint_is_quiet(joint_of(flow), since) &&
	       classifier_still_wins(view, key, &joint_of(flow)->way.part[0].flow->entry, since);
}

/* What was remembered, if it still holds; else the classifier's word. */
static struct flow *cache_resolve(struct cache *cache, const struct classifier_view *view,
				  const union flow_key *key)
{
	struct cache_probe probe = {0};
	struct cache_entry *entry;
	struct classifier_entry *rule;
	uint32_t generation = 0;

	cache_aim(cache, &probe, view, key);
	entry = cache_find(cache, &probe, view);
	if (entry && cache_still_holds(entry, view, key)) {
		entry->stamp = cache_stamp(view, &probe);
		return cache_flow(entry->rule ? index_object(entry->rule) : NULL);
	}
	cache->num_asked++;
	rule = classifier_find(view, key);
	if (rule)
		generation = classifier_generation(rule);
	if (!classifier_may_keep(view, rule, generation))
		return cache_flow(rule);
	if (!entry)
		entry = cache_take(cache, &probe, view);
	entry->rule = rule ? index_ref(rule) : 0;
	entry->generation = generation;
	entry->stamp = cache_stamp(view, &probe);
	return cache_flow(rule);
}

/*
 * The outcome, if it stands in entry under this stamp. Generation 0 of no rule is that of the object
 * that ref 0 stands for.
 */
static inline bool cache_finish(const struct cache *cache, const struct cache_entry *entry,
				uint64_t stamp, const struct key_masked *masked, uint32_t num_pairs,
				struct flow **flow)
{
	uint32_t ref = entry->rule;
	struct classifier_entry *rule = index_object(ref);

	if (entry->stamp != stamp || !cache_same_key(cache, entry, masked, num_pairs) ||
	    classifier_generation(rule) != entry->generation)
		return false;
	*flow = list_entry(rule, struct flow, entry);
	if ((*flow)->kind == FLOW_JOINT)
		return joint_is_whole(joint_of(*flow));
	if (!ref)
		*flow = NULL;
	return true;
}

static void cache_lookup_in_stages(struct cache *cache, struct burst *burst,
				   const struct classifier_view *view)
{
	const uint32_t num_pairs = view->mask->num_pairs;
	const unsigned num_runs = cache_aim_all(cache, burst, view);
	const unsigned core = hal_core();
	struct pkt_run *end = burst->run;
	unsigned i;

	cache_choose(cache, num_runs, view->mask);
	for (i = 0; i < num_runs; i++) {
		struct cache_probe *probe = &cache->probe[i];
		struct flow *flow;

		if (!cache_finish(cache, probe->entry, cache_stamp(view, probe), &probe->masked,
				  num_pairs, &flow))
			flow = cache_resolve(cache, view, &probe->run->pkts[0]->key);
		if (flow)
			prefetch_write(flow_count(flow, core));
		end = cache_append_run(burst, end, probe->run, flow);
	}
	burst->num_runs = (unsigned)(end - burst->run);
}

/*
 * Without stages. num_pairs is a constant wherever this is used: then it takes the fewest instructions (in
 * stages, x86-64 runs out of registers with that).
 */
static inline __attribute__((always_inline)) void
cache_lookup_pairs(struct cache *cache, struct burst *burst, const struct classifier_view *view,
		   const uint32_t num_pairs)
{
	const struct key_pair *pair = view->mask->pair;
	const uint64_t now = view->sequence << CACHE_SIGN_BITS;
	const uint64_t entry_mask = cache->entry_mask;
	const bool look = cache_looks_for_runs(cache);
	struct cache_entry *entries = cache->entry;
	struct pkt *const *slot = burst->pkt;
	struct pkt *const *end = slot + burst->num;
	struct pkt_run *run = burst->run;
	unsigned num_keys = 0;

	while (slot != end) {
		const union flow_key *key = &(*slot)->key;
		struct key_masked masked;
		struct flow *flow;
		uint64_t hash = key_hash_pairs(pair, num_pairs, key, &masked);

		if (!cache_finish(cache, &entries[hash & entry_mask], now | cache_sign(hash),
				  &masked, num_pairs, &flow))
			flow = cache_resolve(cache, view, key);
		*run = pkt_run_begin(slot++);
		if (look)
			slot = cache_extend_run(run, end, pair, num_pairs);
		run = cache_append_run(burst, run, run, flow);
		num_keys++;
	}
	burst->num_runs = (unsigned)(run - burst->run);
	cache_note_runs(cache, look, num_keys, burst->num);
}

static void cache_lookup_one_by_one(struct cache *cache, struct burst *burst,
				    const struct classifier_view *view)
{
	switch (view->mask->num_pairs) {
	case 1:
		cache_lookup_pairs(cache, burst, view, 1);
		break;
	case 2:
		cache_lookup_pairs(cache, burst, view, 2);
		break;
	case 3:
		cache_lookup_pairs(cache, burst, view, 3);
		break;
	default:
		cache_lookup_pairs(cache, burst, view, 4);
		break;
	}
}

/* Between a new layout of the mask and its sequence number: nothing that is here fits it yet. */
static void cache_ask(struct cache *cache, struct burst *burst, const struct classifier_view *view)
{
	unsigned i;

	cache->num_asked += burst->num;
	burst->num_runs = burst->num;
	for (i = 0; i < burst->num; i++) {
		burst->run[i] = pkt_run_begin(&burst->pkt[i]);
		burst->run[i].flow = cache_flow(classifier_find(view, &burst->pkt[i]->key));
	}
}

void cache_lookup(struct cache *cache, struct burst *burst)
{
	const struct classifier_view view = classifier_look();

	cache->burst = burst;
	if (view.sequence < view.since)
		cache_ask(cache, burst, &view);
	else if (PREFETCH_WORKS)
		cache_lookup_in_stages(cache, burst, &view);
	else
		cache_lookup_one_by_one(cache, burst, &view);
}

/* The stamp stays that of the lookup: what was added since is looked at when the entry is used next. */
void cache_join(struct cache *cache, const union flow_key *key, const struct joint_way *way)
{
	const struct classifier_view view = classifier_look();
	struct cache_probe probe = {0};
	struct cache_entry *entry;
	struct joint *joint;

	cache_aim(cache, &probe, &view, key);
	entry = cache_find(cache, &probe, &view);
	if (!entry)
		return;
	joint = joint_find(cache->joints, way, cache->burst);
	if (!joint)
		return;
	entry->rule = index_ref(&joint->flow.entry);
	entry->generation = classifier_generation(&joint->flow.entry);
}
