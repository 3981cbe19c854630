/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The exact-match cache in front of the classifier, one per worker core: the outcome of a lookup
 * (a miss too) under the key's bits that any rule looks at. The removal of a rule makes old what came
 * from it, an addition nothing: entries are checked against the tables that have changed when they
 * are used next. Only when rules begin or cease to look at a word of the key at all is it empty.
 */
#ifndef PATH_CACHE_H
#define PATH_CACHE_H

#include <stddef.h>
#include "path/pkt.h"

#define CACHE_MAX_ENTRIES 4194304u

struct cache;

/*
 * With as many entries (80 bytes each, and 30 of ways through chains, a power of two, CACHE_MAX_ENTRIES at most) as go into
 * room_bytes, but at least a few. Core 0. NULL: no memory.
 */
struct cache *cache_create(size_t room_bytes);

/* Makes the burst's runs, each with its flow, and fetches what action_run() will touch. The cache's core. */
void cache_lookup(struct cache *cache, struct burst *burst);

struct joint_way;

/*
 * Tells what rules of further chains a packet has met, whose outcome was looked up last as that of a rule of chain 0: from
 * now on it is all of them. key: as it was then. The cache's core.
 */
void cache_join(struct cache *cache, const union flow_key *key, const struct joint_way *way);

/* How many entries it has, and how often the classifier was asked. Any core; for tests and benches. */
uint32_t cache_num_entries(const struct cache *cache);
uint64_t cache_num_asked(const struct cache *cache);

#endif
