/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The exact-match cache in front of the classifier, one per worker core: the outcome of a lookup
 * (a miss too) under the whole key. Any change of the rules makes all entries old.
 */
#ifndef PATH_CACHE_H
#define PATH_CACHE_H

#include "path/pkt.h"

struct cache;

/* Core 0. NULL: no memory. */
struct cache *cache_create(void);

/* Sets flow of each packet by its key. The cache's core. */
void cache_lookup(struct cache *cache, struct burst *burst);

#endif
