/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A platform for benches of tables: memory, time and threads as cores, but no host and no wires
 * (hal/none); what would need a host ends the process.
 */
#include "bench/bench_hal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include "hal/hal.h"

#define BENCH_MEMORY_BYTES (UINT64_C(8) << 30) /* what is not used costs nothing */

static __thread unsigned bench_core;
static unsigned bench_num_cores;

void bench_set_cores(unsigned num_cores)
{
	bench_num_cores = num_cores;
}

void bench_set_core(unsigned core)
{
	bench_core = core;
}

unsigned hal_num_cores(void)
{
	return bench_num_cores;
}

unsigned hal_core(void)
{
	return bench_core;
}

uint64_t hal_time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t hal_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

void hal_sleep(uint64_t timeout_us)
{
	(void)timeout_us;
	sched_yield();
}

void hal_wake(unsigned core)
{
	(void)core;
}

void *hal_memory(size_t *len_bytes)
{
	void *memory = mmap(NULL, BENCH_MEMORY_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("no memory");
	madvise(memory, BENCH_MEMORY_BYTES, MADV_HUGEPAGE);
	*len_bytes = BENCH_MEMORY_BYTES;
	return memory;
}

_Noreturn void bench_fail(const char *why)
{
	fprintf(stderr, "bench: %s\n", why);
	exit(1);
}

_Noreturn void hal_halt(void)
{
	bench_fail("halted");
}

void hal_log(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

uint32_t hal_generation(void)
{
	return 1;
}

void hal_mac_address(uint8_t mac[6])
{
	mac[0] = 2;
}

bool hal_doorbell_take(uint32_t *doorbell)
{
	(void)doorbell;
	return false;
}

/* Not for benches of tables. */

unsigned hal_dma(struct hal_dma_op *ops, unsigned num_ops)
{
	(void)ops;
	return num_ops ? (bench_fail("hal_dma"), 0) : 0;
}

void hal_msix(uint16_t function, uint16_t vector)
{
	(void)function;
	(void)vector;
	bench_fail("hal_msix");
}

void hal_doorbell_bind(uint32_t doorbell, unsigned core)
{
	(void)doorbell;
	(void)core;
}
