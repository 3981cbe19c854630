/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * When memory that core 0 has unlinked may be used anew: once every worker has been seen between two
 * bursts, or asleep, after the unlinking. Core 0 hands in what to free and goes on; it waits only if
 * more is pending than the ring holds.
 */
#ifndef PATH_EPOCH_H
#define PATH_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

/* Core 0, once (worker_init). All workers count as asleep. False: no memory. */
bool epoch_init(void);

/* Worker, at the start of each round: it uses nothing that it found in an earlier one. */
void epoch_pass(unsigned core);

/* Worker, around its sleep: in between it uses nothing at all. */
void epoch_leave(unsigned core);
void epoch_enter(unsigned core);

/*
 * Has fn(object) run on core 0 once no worker can have object from what was unlinked before this
 * call. fn may free, but not defer. Core 0.
 */
void epoch_defer(void (*fn)(void *object), void *object);

/* Runs what is due; does not wait. Core 0, now and then. */
void epoch_reclaim(void);

/* Waits for the workers, and runs all that was deferred. Core 0. */
void epoch_synchronize(void);

/* Calls that epoch_defer() has taken and not made yet. Core 0. */
uint32_t epoch_num_pending(void);

#endif
