/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * From start code to the firmware's two loops: core 0 prepares and controls, the other cores carry
 * packets. Called by the HAL on every core.
 */
#include "main.h"
#include "ctrl/ctrl.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/worker.h"

#define MAIN_WAIT_US 10000u

static bool main_prepared;

static void main_prepare(void)
{
	size_t len_bytes;
	void *memory = hal_memory(&len_bytes);

	heap_init(memory, len_bytes);
	worker_init();
	/* Pairs with the acquire of the workers below: the tables are there. */
	__atomic_store_n(&main_prepared, true, __ATOMIC_RELEASE);
	for (unsigned core = 1; core < hal_num_cores(); core++)
		hal_wake(core);
}

_Noreturn void xvio_main(unsigned core)
{
	if (core) {
		while (!__atomic_load_n(&main_prepared, __ATOMIC_ACQUIRE))
			hal_sleep(MAIN_WAIT_US);
		worker_loop();
	}
	main_prepare();
	ctrl_start();
	ctrl_loop();
}
