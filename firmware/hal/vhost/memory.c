/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Memory for the heap (the guests' is mapped, and reached by the path itself), and what else a process
 * has to say: a log, an end, seeds. There are no wires: ports are vhost-user sockets (hal/none).
 */
#include "hal/hal.h"
#include "hal/vhost/vhost.h"
#include "hal/vhost/vhost_int.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define MEMORY_ALIGN ((size_t)2 << 20) /* a huge page */

static void *memory_start;
static size_t memory_bytes;
static void (*memory_log)(const char *text);

bool memory_init(size_t len_bytes)
{
	size_t room_bytes = len_bytes + MEMORY_ALIGN;
	uint8_t *room = mmap(NULL, room_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		return false;
	memory_start = room + (-(uintptr_t)room & (MEMORY_ALIGN - 1));
	memory_bytes = len_bytes;
	/* Tables of a million rules miss the TLB for every packet on small pages. Only advice. */
	madvise(memory_start, memory_bytes, MADV_HUGEPAGE);
	return true;
}

void *hal_memory(size_t *len_bytes)
{
	*len_bytes = memory_bytes;
	return memory_start;
}

/* Never called: the path copies by itself where memory is mapped. */
unsigned hal_dma(struct hal_dma_op *ops, unsigned num_ops)
{
	(void)ops;
	(void)num_ops;
	hal_log("vhost: hal_dma() on mapped memory");
	hal_halt();
}

void vhost_set_log(void (*log)(const char *text))
{
	memory_log = log;
}

void hal_log(const char *text)
{
	if (memory_log)
		memory_log(text);
}

_Noreturn void hal_halt(void)
{
	abort();
}

/* What tables are seeded with: others cannot guess it, and it is new with each start. */

uint32_t hal_generation(void)
{
	static uint32_t generation;

	if (!generation && getrandom(&generation, sizeof(generation), 0) < 0)
		generation = (uint32_t)hal_time_us();
	return generation;
}

void hal_mac_address(uint8_t mac[6])
{
	if (getrandom(mac, 6, 0) < 0)
		memset(mac, 0, 6);
}
