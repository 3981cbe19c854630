/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Exact-match cache (cache.h): direct-mapped. An entry counts only under the classifier's version it
 * was made in, so a flow that has been freed is never followed. Used by its worker core alone.
 */
#include "path/cache.h"

#include <string.h>
#include "lib/hash.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "path/flow.h"

#define CACHE_ENTRIES 8192u

struct cache_entry {
	union flow_key key;
	uint64_t version; /* 0: never used */
	struct flow *flow;
};

struct cache {
	struct cache_entry entry[CACHE_ENTRIES];
};

struct cache *cache_create(void)
{
	return heap_alloc(sizeof(struct cache));
}

static struct flow *cache_miss(const union flow_key *key)
{
	struct classifier_entry *entry = classifier_lookup(key);

	return entry ? list_entry(entry, struct flow, entry) : NULL;
}

void cache_lookup(struct cache *cache, struct burst *burst)
{
	uint64_t version = classifier_version();
	unsigned i;

	for (i = 0; i < burst->num; i++) {
		struct pkt *pkt = burst->pkt[i];
		uint64_t hash = hash_words(pkt->key.word, FLOW_KEY_WORDS);
		struct cache_entry *entry = &cache->entry[hash % CACHE_ENTRIES];

		if (entry->version != version ||
		    memcmp(&entry->key, &pkt->key, sizeof(entry->key)) != 0) {
			entry->key = pkt->key;
			entry->flow = cache_miss(&pkt->key);
			entry->version = version;
		}
		pkt->flow = entry->flow;
	}
}
