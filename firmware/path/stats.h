/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Counters (xvio/stats.h): one set per port and core, written by that core alone, read by core 0 at
 * any time.
 */
#ifndef PATH_STATS_H
#define PATH_STATS_H

#include <stdatomic.h>
#include <stdint.h>
#include <xvio/stats.h>

struct stats {
	_Atomic uint64_t count[XVIO_STAT_NUM];
};

/*
 * Sets a counter with one writer, as a relaxed atomic store does. That, gcc 12 makes an exchange of on
 * rv64; a volatile store is a store.
 */
static inline void stats_set(_Atomic uint64_t *counter, uint64_t value)
{
	*(volatile uint64_t *)counter = value;
}

/* Adds to a counter with one writer: no read-modify-write on the bus. */
static inline void stats_add_counter(_Atomic uint64_t *counter, uint64_t num)
{
	stats_set(counter, atomic_load_explicit(counter, memory_order_relaxed) + num);
}

static inline void stats_add(struct stats *stats, enum xvio_stat stat, uint64_t num)
{
	stats_add_counter(&stats->count[stat], num);
}

static inline uint64_t stats_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
