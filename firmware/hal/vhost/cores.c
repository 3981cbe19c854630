/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Cores as threads: time, sleep and wake. A core sleeps in its own epoll set, which holds the eventfd
 * of hal_wake() and the doorbells of its queues, all edge by edge, so that nothing has to be read:
 * what we read could be made to block by the peer that holds its other end.
 */
#include "hal/hal.h"
#include "hal/vhost/cycles.h"
#include "hal/vhost/vhost.h"
#include "hal/vhost/vhost_int.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CORES_MAX_EVENTS 16

struct cores_core {
	_Alignas(64) _Atomic bool woken; /* set by hal_wake(); cleared by the core when it sleeps */
	int epoll;
	int wake; /* eventfd */
	int cpu;
};

static struct cores_core cores_core[CORES_MAX];
static unsigned cores_num;
static void (*cores_run)(void);
static __thread unsigned cores_self;

unsigned hal_num_cores(void)
{
	return cores_num;
}

unsigned hal_core(void)
{
	return cores_self;
}

uint64_t hal_time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t hal_cycles(void)
{
	return cycles_read();
}

bool cores_watch(unsigned core, int fd, uint32_t tag)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = tag};

	return epoll_ctl(cores_core[core].epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void cores_unwatch(unsigned core, int fd)
{
	epoll_ctl(cores_core[core].epoll, EPOLL_CTL_DEL, fd, NULL);
}

void cores_wait(uint64_t timeout_us)
{
	const struct timespec timeout = {
		.tv_sec = (time_t)(timeout_us / 1000000),
		.tv_nsec = (long)(timeout_us % 1000000 * 1000),
	};
	struct epoll_event events[CORES_MAX_EVENTS];
	int num = epoll_pwait2(cores_core[cores_self].epoll, events, CORES_MAX_EVENTS, &timeout,
			       NULL);
	int i;

	if (num < 0 && errno != EINTR)
		hal_log("vhost: cannot wait");
	for (i = 0; i < num; i++) {
		if (events[i].data.u32)
			doorbells_note(events[i].data.u32 - 1);
	}
}

void hal_wake(unsigned core)
{
	const uint64_t one = 1;

	/* Pairs with the exchanges in hal_sleep(): who sees the wake sees what was stored before. */
	if (!atomic_exchange(&cores_core[core].woken, true) &&
	    write(cores_core[core].wake, &one, sizeof(one)) < 0)
		hal_log("vhost: a wake was lost");
}

void hal_sleep(uint64_t timeout_us)
{
	struct cores_core *core = &cores_core[cores_self];

	if (atomic_exchange(&core->woken, false) || doorbells_pending())
		return;
	cores_wait(timeout_us);
	atomic_exchange(&core->woken, false);
}

int vhost_wake_fd(void)
{
	return cores_core[0].wake;
}

void vhost_take_wake(void)
{
	atomic_exchange(&cores_core[0].woken, false);
}

bool vhost_init(const struct vhost_options *options)
{
	unsigned core;

	cores_num = options->num_workers + 1;
	for (core = 0; core < cores_num; core++) {
		cores_core[core].epoll = epoll_create1(EPOLL_CLOEXEC);
		cores_core[core].wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		cores_core[core].cpu = core ? options->cpu[core - 1] : VHOST_ANY_CPU;
		if (cores_core[core].epoll < 0 || cores_core[core].wake < 0 ||
		    !cores_watch(core, cores_core[core].wake, 0))
			return false;
	}
	return calls_init(cores_num) && memory_init(options->memory_bytes);
}

static void *cores_thread(void *arg)
{
	char name[16];

	cores_self = (unsigned)(uintptr_t)arg;
	snprintf(name, sizeof(name), "worker%u", cores_self);
	pthread_setname_np(pthread_self(), name);
	cores_run();
	return NULL;
}

/* On its own CPU from the start, so that what it touches first lies near it. */
static int cores_start(unsigned core)
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t cpus;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (cores_core[core].cpu != VHOST_ANY_CPU) {
		CPU_ZERO(&cpus);
		CPU_SET(cores_core[core].cpu, &cpus);
		pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	}
	error = pthread_create(&thread, &attr, cores_thread, (void *)(uintptr_t)core);
	pthread_attr_destroy(&attr);
	return error;
}

bool vhost_start_workers(void (*run)(void))
{
	unsigned core;

	cores_run = run;
	for (core = 1; core < cores_num; core++) {
		errno = cores_start(core);
		if (errno)
			return false;
	}
	return true;
}
