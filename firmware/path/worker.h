/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The worker cores' loop, the packet's way in one screen (worker.c), and how the control core has
 * something done between two bursts.
 */
#ifndef PATH_WORKER_H
#define PATH_WORKER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Core 0, once, after heap_init() and before any other function of path/: memory for all cores, empty
 * tables. Panics if there is no memory, or no worker core.
 */
void worker_init(void);

/* Never returns: polls, sleeps when there is nothing to do. Worker cores, after worker_init(). */
_Noreturn void worker_loop(void);

/*
 * Polling: workers never sleep, and drivers are not asked to ring. Off unless set. Core 0; while queues
 * run, each of them has to be rung once after the change.
 */
void worker_set_polling(bool polling);
bool worker_is_polling(void);

/* One round over the calling core's ports; true if there was work. Tests call it directly. */
bool worker_poll(void);

/*
 * Has fn(arg) run on a worker core at a burst boundary, and returns when it has. Core 0. Under the
 * fake HAL the worker's turn comes while core 0 waits: fake_set_poll(worker_poll).
 */
void worker_call(unsigned core, void (*fn)(void *arg), void *arg);

/* Returns when every worker has passed a burst boundary: what was unpublished is used by nobody. */
void worker_synchronize(void);

/* All cores stand still for good, this one, too, without a word: for trying out what notices that. Core 0. */
_Noreturn void worker_halt_all(void);

/* Which worker core a new port should live on. Core 0. */
unsigned worker_choose(uint16_t port);

/* Something a worker wants the control core to tell the host. */
struct worker_notice {
	uint16_t type; /* XVIO_EVENT_* */
	uint16_t port;
	uint32_t object; /* as in struct xvio_event */
	uint32_t arg;
};

/* Posts a notice and wakes core 0; lost if the ring is full. Workers. */
void worker_notify(const struct worker_notice *notice);

/* Takes the oldest notice; false if none. Core 0. */
bool worker_take_notice(struct worker_notice *notice);

#endif
