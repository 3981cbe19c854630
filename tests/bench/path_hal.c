/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The benchmark's platform (path_hal.h). Serves the native program and the bare rv64 image alike;
 * the wires it does not have are hal/none.
 */
#include "bench/path_hal.h"

#include <string.h>
#include "bench/path_platform.h"
#include "hal/hal.h"
#include "path/worker.h"

#define PATH_HAL_CORES 2u
#define PATH_HAL_RINGS 4096u /* doorbells rung and not taken; more than there are queues */

static struct {
	unsigned core;
	uint64_t time_us;
	uint32_t ring[PATH_HAL_RINGS];
	unsigned ring_prod;
	unsigned ring_cons;
	bool rung[PATH_HAL_RINGS];
	uint64_t interrupts;
	struct path_hal_dma dma;
} path_hal;

void path_hal_reset(void)
{
	memset(&path_hal, 0, sizeof(path_hal));
	path_hal.time_us = 1000000;
}

void path_hal_enter(unsigned core)
{
	path_hal.core = core;
	path_hal.time_us++;
}

struct path_hal_dma path_hal_dma(void)
{
	return path_hal.dma;
}

uint64_t path_hal_interrupts(void)
{
	return path_hal.interrupts;
}

unsigned hal_num_cores(void)
{
	return PATH_HAL_CORES;
}

unsigned hal_core(void)
{
	return path_hal.core;
}

uint64_t hal_time_us(void)
{
	return path_hal.time_us;
}

uint64_t hal_cycles(void)
{
	return path_platform_cycles();
}

/* Core 0 waits for the worker: this is the worker's turn. */
void hal_sleep(uint64_t timeout_us)
{
	if (path_hal.core)
		path_platform_fail("hal: the worker core must not sleep");
	path_hal_enter(1);
	worker_poll();
	path_hal_enter(0);
	path_hal.time_us += timeout_us;
}

void hal_wake(unsigned core)
{
	(void)core;
}

void *hal_memory(size_t *len_bytes)
{
	*len_bytes = PATH_CARD_BYTES;
	return path_platform_card();
}

unsigned hal_dma(struct hal_dma_op *ops, unsigned num_ops)
{
	unsigned i;

	path_hal.dma.lists++;
	path_hal.dma.ops += num_ops;
	for (i = 0; i < num_ops; i++) {
		struct hal_dma_op *op = &ops[i];
		void *host = (void *)(uintptr_t)op->host_addr;

		op->failed = 0;
		path_hal.dma.bytes += op->len_bytes;
		if (op->dir == HAL_DMA_READ)
			memcpy(op->card, host, op->len_bytes);
		else if (op->dir == HAL_DMA_WRITE)
			memcpy(host, op->card, op->len_bytes);
		else
			path_hal.interrupts++;
	}
	return 0;
}

void hal_msix(uint16_t function, uint16_t vector)
{
	(void)function;
	(void)vector;
	path_hal.interrupts++;
}

/* Doorbells */

void hal_doorbell_bind(uint32_t doorbell, unsigned core)
{
	if (doorbell >= PATH_HAL_RINGS || core != 1)
		path_platform_fail("hal: a doorbell that this platform does not have");
}

void path_hal_ring(uint32_t doorbell)
{
	if (path_hal.rung[doorbell])
		return;
	path_hal.rung[doorbell] = true;
	path_hal.ring[path_hal.ring_prod++ % PATH_HAL_RINGS] = doorbell;
}

bool hal_doorbell_take(uint32_t *doorbell)
{
	if (path_hal.ring_cons == path_hal.ring_prod)
		return false;
	*doorbell = path_hal.ring[path_hal.ring_cons++ % PATH_HAL_RINGS];
	path_hal.rung[*doorbell] = false;
	return true;
}

/* Seeds, log */

void hal_mac_address(uint8_t mac[6])
{
	memset(mac, 2, 6);
}

uint32_t hal_generation(void)
{
	return 1;
}

void hal_log(const char *text)
{
	path_platform_say(text);
}

void hal_halt(void)
{
	path_platform_fail("hal: the firmware stopped itself");
}
