/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The worker cores (worker.h). worker_poll() is the whole way of a packet. Each worker has a slot in
 * which core 0 leaves a call, and a ring of notices the other way.
 */
#include "path/worker.h"

#include <stdatomic.h>
#include <string.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "lib/panic.h"
#include "path/action.h"
#include "path/core.h"
#include "path/epoch.h"
#include "path/flow.h"
#include "path/handover.h"
#include "path/port.h"
#include "path/veb.h"
#include "path/vnet_queue.h"

#define WORKER_SLEEP_US	   10000u
#define WORKER_WAIT_US	   1000u
#define WORKER_PATIENCE_US 30000000u
#define WORKER_NOTICES	   4096u /* more than queues can fail between two looks of core 0 */
#define WORKER_MAX_DRAINS  64u /* doorbells taken in one round */

/* A call is posted when posted runs ahead of done. */
struct worker_slot {
	_Alignas(64) _Atomic uint32_t posted; /* core 0; released, pairs with worker_run_call() */
	void (*fn)(void *arg);
	void *arg;
	_Alignas(64) _Atomic uint32_t done; /* worker; released, pairs with worker_wait() */
};

struct worker_notices {
	_Alignas(64) _Atomic uint32_t prod; /* worker; released, pairs with worker_take_notice() */
	_Alignas(64) _Atomic uint32_t cons; /* core 0; released, pairs with worker_notify() */
	struct worker_notice notice[WORKER_NOTICES];
};

static struct worker_slot worker_slot[CORE_MAX];
static struct worker_notices *worker_notices[CORE_MAX];
static _Atomic bool worker_polls; /* core 0; relaxed, it orders nothing */

void worker_init(void)
{
	bool good;
	unsigned core;

	memset(worker_slot, 0, sizeof(worker_slot));
	worker_set_polling(false);
	classifier_init();
	port_init();
	vnet_init();
	good = epoch_init() && core_init() && handover_init() && flow_init() && veb_init();
	for (core = 1; good && core < hal_num_cores(); core++) {
		worker_notices[core] = heap_alloc(sizeof(struct worker_notices));
		good = worker_notices[core] != NULL;
	}
	if (!good)
		panic("worker: no memory for the packet path, or no worker core");
}

static void worker_switch_burst(struct core *core, struct burst *burst)
{
	if (!burst->num)
		return;
	if (veb_is_on()) {
		veb_run(core, burst);
		return;
	}
	cache_lookup(core->cache, burst);
	action_run(core, burst);
}

static void worker_run_call(struct core *core)
{
	struct worker_slot *slot = &worker_slot[core->number];
	uint32_t posted = atomic_load_explicit(&slot->posted, memory_order_acquire);

	if (posted == atomic_load_explicit(&slot->done, memory_order_relaxed))
		return;
	if (slot->fn)
		slot->fn(slot->arg);
	atomic_store_explicit(&slot->done, posted, memory_order_release);
	hal_wake(0);
	core->busy = true;
}

static void worker_take_doorbells(struct core *core)
{
	uint32_t doorbell;
	unsigned num;

	for (num = 0; num < WORKER_MAX_DRAINS && hal_doorbell_take(&doorbell); num++) {
		vnet_ring(core, doorbell);
		core->busy = true;
	}
}

static void worker_end_round(struct core *core)
{
	unsigned i;

	if (!list_empty(&core->held))
		vnet_raise_held(core);
	for (i = 0; i < core->num_macs; i++)
		mac_end_round(core->mac[i]);
	handover_end_round(core);
	pkt_end_round(&core->pool);
	pkt_end_round(&core->large);
}

bool worker_poll(void)
{
	struct core *core = core_self();
	struct burst *burst = core->burst;
	unsigned i;

	core->busy = false;
	core->now_us = hal_time_us();
	core->wake_at_us = core->now_us + WORKER_SLEEP_US;
	epoch_pass(core->number);
	worker_run_call(core);
	worker_take_doorbells(core);
	handover_take(core);
	vnet_fetch(core);
	for (i = 0; i < core->num_queues; i++) {
		vnet_receive(core, core->queue[i], burst);
		worker_switch_burst(core, burst++);
	}
	for (i = 0; i < core->num_macs; i++) {
		mac_receive(core, core->mac[i], burst);
		worker_switch_burst(core, burst++);
	}
	output_flush(core);
	worker_end_round(core);
	return core->busy;
}

void worker_set_polling(bool polling)
{
	atomic_store_explicit(&worker_polls, polling, memory_order_relaxed);
}

bool worker_is_polling(void)
{
	return atomic_load_explicit(&worker_polls, memory_order_relaxed);
}

static void worker_account(struct core *core, bool busy, uint64_t cycles)
{
	struct core_load *load = &core->load;

	stats_add_counter(busy ? &load->busy_cycles : &load->idle_cycles, cycles);
	stats_add_counter(busy ? &load->busy_rounds : &load->idle_rounds, 1);
	stats_set(&load->num_received, core->num_received);
}

/* How long there is nothing to do, unless something comes; 0: not at all. */
static uint64_t worker_idle_us(const struct core *core)
{
	uint64_t now_us = hal_time_us();

	return now_us < core->wake_at_us ? core->wake_at_us - now_us : 0;
}

void worker_loop(void)
{
	struct core *core = core_self();

	core->cycles = hal_cycles();
	epoch_enter(core->number);
	for (;;) {
		uint64_t began = core->cycles;
		bool busy = worker_poll();
		uint64_t idle_us;

		core->cycles = hal_cycles();
		worker_account(core, busy, core->cycles - began);
		idle_us = busy || worker_is_polling() ? 0 : worker_idle_us(core);
		if (!idle_us)
			continue;
		epoch_leave(core->number);
		hal_sleep(idle_us);
		epoch_enter(core->number);
	}
}

/* Calls from core 0 */

static void worker_post(unsigned core, void (*fn)(void *arg), void *arg)
{
	struct worker_slot *slot = &worker_slot[core];
	uint32_t posted = atomic_load_explicit(&slot->posted, memory_order_relaxed);

	slot->fn = fn;
	slot->arg = arg;
	atomic_store_explicit(&slot->posted, posted + 1, memory_order_release);
	hal_wake(core);
}

static void worker_wait(unsigned core)
{
	struct worker_slot *slot = &worker_slot[core];
	uint32_t posted = atomic_load_explicit(&slot->posted, memory_order_relaxed);
	uint64_t began_us = hal_time_us();

	while (atomic_load_explicit(&slot->done, memory_order_acquire) != posted) {
		if (hal_time_us() - began_us > WORKER_PATIENCE_US)
			panic("worker: a core does not answer");
		hal_sleep(WORKER_WAIT_US);
	}
}

void worker_call(unsigned core, void (*fn)(void *arg), void *arg)
{
	worker_post(core, fn, arg);
	worker_wait(core);
}

void worker_synchronize(void)
{
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++)
		worker_post(core, NULL, NULL);
	for (core = 1; core < hal_num_cores(); core++)
		worker_wait(core);
}

static void worker_halt(void *arg)
{
	(void)arg;
	hal_halt();
}

void worker_halt_all(void)
{
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++)
		worker_post(core, worker_halt, NULL);
	hal_halt();
}

unsigned worker_choose(uint16_t port)
{
	return 1 + port % (hal_num_cores() - 1);
}

/* Notices to core 0 */

void worker_notify(const struct worker_notice *notice)
{
	struct worker_notices *ring = worker_notices[hal_core()];
	uint32_t prod = atomic_load_explicit(&ring->prod, memory_order_relaxed);

	if (prod - atomic_load_explicit(&ring->cons, memory_order_acquire) == WORKER_NOTICES)
		return;
	ring->notice[prod % WORKER_NOTICES] = *notice;
	atomic_store_explicit(&ring->prod, prod + 1, memory_order_release);
	hal_wake(0);
}

bool worker_take_notice(struct worker_notice *notice)
{
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++) {
		struct worker_notices *ring = worker_notices[core];
		uint32_t cons = atomic_load_explicit(&ring->cons, memory_order_relaxed);

		if (cons == atomic_load_explicit(&ring->prod, memory_order_acquire))
			continue;
		*notice = ring->notice[cons % WORKER_NOTICES];
		atomic_store_explicit(&ring->cons, cons + 1, memory_order_release);
		return true;
	}
	return false;
}
