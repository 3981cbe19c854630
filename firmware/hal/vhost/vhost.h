/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The firmware library in a process that shares memory with its guests: threads are cores, bus
 * addresses are pointers, eventfds are doorbells and interrupts. Used by sim/vhost_user; unless said
 * otherwise its functions are called on core 0, the thread that called vhost_init().
 */
#ifndef HAL_VHOST_VHOST_H
#define HAL_VHOST_VHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VHOST_MAX_WORKERS 7u
#define VHOST_ANY_CPU	  (-1)

struct vhost_options {
	unsigned num_workers; /* 1 .. VHOST_MAX_WORKERS */
	int cpu[VHOST_MAX_WORKERS]; /* where each worker runs, or VHOST_ANY_CPU */
	size_t memory_bytes; /* for the heap; taken from the system as it is used */
};

/* Memory, and one epoll set per core. False: errno says why. Once, before any other function. */
bool vhost_init(const struct vhost_options *options);

/* Starts the workers; each runs run(), which does not return. False: errno says why. */
bool vhost_start_workers(void (*run)(void));

/*
 * Whether workers may sleep, and so have to hear doorbells; else they hear none, but each of them once
 * when this is called. As worker_set_polling() of the path. Any time.
 */
void vhost_set_sleep(bool sleeps);

/* Readable (edge by edge) when core 0 was woken. vhost_take_wake() tells that it has been seen. */
int vhost_wake_fd(void);
void vhost_take_wake(void);

/*
 * The eventfd that stands for an MSI-X vector of a function; -1: none. Returns what it was before,
 * which a worker may still write to until worker_synchronize() has returned; then it is the caller's.
 */
int vhost_set_call(uint16_t function, uint16_t vector, int fd);

/*
 * Adds 1 to an eventfd, and never waits, whatever others that hold it have made of it: a worker's way to
 * raise an interrupt. The descriptor is known to be an eventfd. Any core.
 */
void vhost_call(int fd);

/*
 * The eventfd that rings a doorbell, which hal_doorbell_bind() has given to a core; -1: the peer rings
 * none. It stays the caller's, to be closed only after vhost_unwatch_doorbell(). False: errno says why.
 */
bool vhost_watch_doorbell(uint32_t doorbell, int fd);
void vhost_unwatch_doorbell(uint32_t doorbell);

/* Where log lines go: a function of the program. Any core. */
void vhost_set_log(void (*log)(const char *text));

#endif
