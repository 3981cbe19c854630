/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Epochs (epoch.h). Core 0 counts epochs up; a worker copies the number into its own line at each
 * round. A worker that shows epoch n has read n after core 0 wrote it, so it sees all that was
 * unlinked before; what it held in earlier rounds it has left, because it showed n later.
 */
#include "path/epoch.h"

#include <stdatomic.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/worker.h"

#define EPOCH_RING   4096u
#define EPOCH_BATCH  64u /* deferred calls that make a new epoch worth while */
#define EPOCH_ASLEEP UINT64_MAX

struct epoch_item {
	void (*fn)(void *object);
	void *object;
	uint64_t epoch; /* due when no worker shows an earlier one */
};

static struct {
	_Alignas(64) _Atomic uint64_t seen; /* worker; released, pairs with epoch_oldest() */
} epoch_core[CORE_MAX];

static struct {
	_Alignas(64) _Atomic uint64_t number; /* core 0; released, pairs with epoch_pass() */
} epoch_now;

static struct epoch_item *epoch_item; /* [EPOCH_RING], core 0 */
static uint32_t epoch_prod;
static uint32_t epoch_cons;
static uint32_t epoch_num_open; /* deferred since the last new epoch */

bool epoch_init(void)
{
	unsigned core;

	for (core = 0; core < CORE_MAX; core++)
		atomic_store(&epoch_core[core].seen, EPOCH_ASLEEP);
	atomic_store(&epoch_now.number, 1);
	epoch_prod = 0;
	epoch_cons = 0;
	epoch_num_open = 0;
	epoch_item = heap_alloc(EPOCH_RING * sizeof(epoch_item[0]));
	return epoch_item != NULL;
}

void epoch_pass(unsigned core)
{
	uint64_t now = atomic_load_explicit(&epoch_now.number, memory_order_acquire);

	atomic_store_explicit(&epoch_core[core].seen, now, memory_order_release);
}

void epoch_leave(unsigned core)
{
	atomic_store_explicit(&epoch_core[core].seen, EPOCH_ASLEEP, memory_order_release);
}

/*
 * Pairs with the fence in epoch_advance(): either core 0 sees that this worker is awake, or this
 * worker sees what core 0 has unlinked.
 */
void epoch_enter(unsigned core)
{
	epoch_pass(core);
	atomic_thread_fence(memory_order_seq_cst);
}

static void epoch_advance(void)
{
	uint64_t now = atomic_load_explicit(&epoch_now.number, memory_order_relaxed);

	atomic_store_explicit(&epoch_now.number, now + 1, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	epoch_num_open = 0;
}

static uint64_t epoch_oldest(void)
{
	uint64_t oldest = EPOCH_ASLEEP;
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++) {
		uint64_t seen = atomic_load_explicit(&epoch_core[core].seen, memory_order_acquire);

		if (seen < oldest)
			oldest = seen;
	}
	return oldest;
}

static void epoch_run(uint64_t oldest)
{
	while (epoch_cons != epoch_prod) {
		const struct epoch_item *item = &epoch_item[epoch_cons % EPOCH_RING];

		if (item->epoch > oldest)
			return;
		item->fn(item->object);
		epoch_cons++;
	}
}

void epoch_reclaim(void)
{
	if (epoch_num_open)
		epoch_advance();
	if (epoch_cons != epoch_prod)
		epoch_run(epoch_oldest());
}

/* A worker that has run a call has passed a burst boundary, whatever it shows here. */
void epoch_synchronize(void)
{
	worker_synchronize();
	epoch_num_open = 0;
	epoch_run(EPOCH_ASLEEP);
}

uint32_t epoch_num_pending(void)
{
	return epoch_prod - epoch_cons;
}

void epoch_defer(void (*fn)(void *object), void *object)
{
	if (epoch_num_pending() == EPOCH_RING)
		epoch_synchronize();
	epoch_item[epoch_prod++ % EPOCH_RING] = (struct epoch_item){
		.fn = fn,
		.object = object,
		.epoch = atomic_load_explicit(&epoch_now.number, memory_order_relaxed) + 1,
	};
	if (++epoch_num_open >= EPOCH_BATCH)
		epoch_reclaim();
}
