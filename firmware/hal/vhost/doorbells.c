/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Doorbells and interrupts as eventfds. A worker that polls its rings looks at no doorbell; one that
 * may sleep asks its epoll set once a round, so that an idle queue is not forgotten over a busy one.
 */
#include "hal/hal.h"
#include "hal/vhost/vhost.h"
#include "hal/vhost/vhost_int.h"

#include <stdatomic.h>
#include <xvio/pci.h>
#include <xvio/port.h>

#define DOORBELLS_VECTORS 16u /* per function */
#define DOORBELLS_NOTED	  64u /* a power of two; more than one wait brings */

/* What a worker has heard of and not taken yet; its own, but for show_all. */
struct doorbells_core {
	_Alignas(64) uint32_t prod, cons;
	uint16_t noted[DOORBELLS_NOTED];
	bool asked; /* the epoll set, in this round */
	uint32_t at; /* of all doorbells, while they are shown */
	_Atomic bool show_all; /* set by core 0 */
};

static struct doorbells_core doorbells_core[CORES_MAX];
static _Atomic uint8_t doorbells_owner[XVIO_NUM_DOORBELLS]; /* 0: nobody watches */
static int doorbells_fd[XVIO_NUM_DOORBELLS]; /* eventfd + 1 */
static uint8_t doorbells_bound[XVIO_NUM_DOORBELLS]; /* core */
static _Atomic int doorbells_call[XVIO_MAX_VDPA][DOORBELLS_VECTORS]; /* eventfd + 1 */
static _Atomic bool doorbells_sleep;

void vhost_set_sleep(bool sleeps)
{
	unsigned core;

	atomic_store(&doorbells_sleep, sleeps);
	/* Rings in the way from one to the other may have gone unheard. */
	for (core = 1; core < hal_num_cores(); core++) {
		atomic_store(&doorbells_core[core].show_all, true);
		hal_wake(core);
	}
}

void hal_doorbell_bind(uint32_t doorbell, unsigned core)
{
	doorbells_bound[doorbell] = (uint8_t)core;
}

void doorbells_note(uint32_t doorbell)
{
	struct doorbells_core *core = &doorbells_core[hal_core()];

	if (core->prod - core->cons < DOORBELLS_NOTED)
		core->noted[core->prod++ % DOORBELLS_NOTED] = (uint16_t)doorbell;
}

bool doorbells_pending(void)
{
	const struct doorbells_core *core = &doorbells_core[hal_core()];

	return core->prod != core->cons || atomic_load(&core->show_all);
}

static bool doorbells_show(struct doorbells_core *core, uint32_t *doorbell)
{
	while (core->at < XVIO_NUM_DOORBELLS) {
		*doorbell = core->at++;
		if (doorbells_owner[*doorbell] == hal_core())
			return true;
	}
	core->at = 0;
	return false;
}

bool hal_doorbell_take(uint32_t *doorbell)
{
	struct doorbells_core *core = &doorbells_core[hal_core()];

	if (core->at || atomic_load_explicit(&core->show_all, memory_order_relaxed)) {
		atomic_store(&core->show_all, false);
		if (doorbells_show(core, doorbell))
			return true;
	}
	if (core->prod == core->cons && !core->asked &&
	    atomic_load_explicit(&doorbells_sleep, memory_order_relaxed)) {
		core->asked = true;
		cores_wait(0);
	}
	if (core->prod == core->cons) {
		core->asked = false;
		return false;
	}
	*doorbell = core->noted[core->cons++ % DOORBELLS_NOTED];
	return true;
}

bool vhost_watch_doorbell(uint32_t doorbell, int fd)
{
	unsigned core = doorbells_bound[doorbell];

	vhost_unwatch_doorbell(doorbell);
	if (fd >= 0 && !cores_watch(core, fd, doorbell + 1))
		return false;
	doorbells_fd[doorbell] = fd + 1;
	doorbells_owner[doorbell] = (uint8_t)core;
	return true;
}

void vhost_unwatch_doorbell(uint32_t doorbell)
{
	if (doorbells_fd[doorbell])
		cores_unwatch(doorbells_owner[doorbell], doorbells_fd[doorbell] - 1);
	doorbells_fd[doorbell] = 0;
	doorbells_owner[doorbell] = 0;
}

int vhost_set_call(uint16_t function, uint16_t vector, int fd)
{
	return atomic_exchange(&doorbells_call[function][vector], fd + 1) - 1;
}

void hal_msix(uint16_t function, uint16_t vector)
{
	int fd = atomic_load_explicit(&doorbells_call[function][vector], memory_order_acquire) - 1;

	if (fd >= 0)
		vhost_call(fd);
}
