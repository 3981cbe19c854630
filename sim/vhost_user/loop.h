/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control thread's wait for descriptors, one event at a time. Core 0. */
#ifndef VHOST_USER_LOOP_H
#define VHOST_USER_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of what waits; the owner's. ready() may remove it, and free what it is part of. */
struct loop_watch {
	int fd;
	void (*ready)(struct loop_watch *watch, uint32_t events);
};

#define loop_owner(watch, type, member) ((type *)(void *)((char *)(watch)-offsetof(type, member)))

bool loop_init(void);

/* events: EPOLLIN, EPOLLOUT, EPOLLET. False: errno says why. */
bool loop_add(struct loop_watch *watch, int fd, uint32_t events,
	      void (*ready)(struct loop_watch *watch, uint32_t events));

void loop_change(struct loop_watch *watch, uint32_t events);

/* The descriptor stays open. Call before it is closed. */
void loop_remove(struct loop_watch *watch);

/* Waits for one event and has it handled; returns after timeout_ms without one. */
void loop_wait(int timeout_ms);

#endif
