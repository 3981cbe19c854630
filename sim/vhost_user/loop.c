/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting (loop.h): epoll. One event a call, so that none can be stale. Core 0. */
#include "loop.h"

#include <stddef.h>
#include <sys/epoll.h>

static int loop_fd = -1;

bool loop_init(void)
{
	loop_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop_fd >= 0;
}

bool loop_add(struct loop_watch *watch, int fd, uint32_t events,
	      void (*ready)(struct loop_watch *watch, uint32_t events))
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	watch->fd = fd;
	watch->ready = ready;
	return epoll_ctl(loop_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void loop_change(struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	epoll_ctl(loop_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_remove(struct loop_watch *watch)
{
	epoll_ctl(loop_fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

void loop_wait(int timeout_ms)
{
	struct epoll_event event;
	struct loop_watch *watch;

	if (epoll_wait(loop_fd, &event, 1, timeout_ms) != 1)
		return;
	watch = event.data.ptr;
	watch->ready(watch, event.events);
}
