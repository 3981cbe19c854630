/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The fake platform (fake.h): cores, time, host memory with DMA, interrupts, doorbells and windows.
 * One thread plays everything. The wires are in fake_mac.c.
 */
#include "hal/fake/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xvio/flash.h>
#include <xvio/link.h>
#include <xvio/mbox.h>
#include <xvio/pci.h>
#include <xvio/regs.h>
#include "hal/fake/fake_mac.h"
#include "hal/hal.h"

#define FAKE_MAX_CORES	   8u
#define FAKE_MAX_REGIONS   64u
#define FAKE_NUM_FUNCTIONS 256u
#define FAKE_MAX_ROUNDS	   1000u
#define FAKE_VF_ACCESSES   256u

struct fake_region {
	uint64_t bus_addr;
	size_t len_bytes;
	unsigned perm;
	uint8_t *memory;
};

static struct {
	unsigned num_cores;
	unsigned core;
	bool woken[FAKE_MAX_CORES];
	uint64_t time_us;
	bool (*poll)(void);
	bool in_poll;

	struct fake_region region[FAKE_MAX_REGIONS];
	unsigned num_regions;
	uint64_t dma_calls;
	uint64_t dma_ops;
	int64_t fail_after;
	void (*script)(uint64_t op, void *arg);
	void *script_arg;
	bool (*bus)(const struct hal_dma_op *op, const void *host);
	unsigned msix[FAKE_NUM_FUNCTIONS][XVIO_NUM_MSIX];

	uint8_t doorbell_core[XVIO_NUM_DOORBELLS];
	bool doorbell_rung[XVIO_NUM_DOORBELLS];
	uint32_t doorbell_ring[FAKE_MAX_CORES][XVIO_NUM_DOORBELLS];
	uint32_t doorbell_prod[FAKE_MAX_CORES];
	uint32_t doorbell_cons[FAKE_MAX_CORES];

	struct hal_vf_access vf_access[FAKE_VF_ACCESSES];
	unsigned vf_prod;
	unsigned vf_cons;

	uint32_t mbox_seq;
	uint32_t generation;
	unsigned boot_slot;
	char log[256];
	void (*halt)(unsigned core);
} fake;

static uint8_t *fake_memory;
static uint8_t *fake_keep;
static uint8_t *fake_flash_memory;
static bool fake_flash_erased;
static uint8_t fake_vf_page[XVIO_NUM_VFS][XVIO_VF_REGS_BYTES];
static uint64_t fake_window[4][XVIO_WIN_BYTES / sizeof(uint64_t)];

void fake_check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fake: %s\n", what);
	abort();
}

static void *fake_pages(size_t len_bytes)
{
	void *memory =
		mmap(NULL, len_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fake_check(memory != MAP_FAILED, "no memory");
	return memory;
}

/* Everything but what is behind the bus, in the flash, and kept. */
static void fake_begin(unsigned num_cores, unsigned num_uplinks)
{
	struct fake_region region[FAKE_MAX_REGIONS];
	const unsigned num_regions = fake.num_regions;

	memcpy(region, fake.region, sizeof(region));
	memset(&fake, 0, sizeof(fake));
	memcpy(fake.region, region, sizeof(region));
	fake.num_regions = num_regions;
	memset(fake_window, 0, sizeof(fake_window));
	memset(fake_vf_page, 0, sizeof(fake_vf_page));
	fake.num_cores = num_cores;
	fake.fail_after = -1;
	fake.time_us = 1000000;
	fake.generation = 1;
	fake_mac_reset(num_uplinks);
}

void fake_reset(unsigned num_cores, unsigned num_uplinks)
{
	unsigned i;

	fake_check(num_cores >= 1 && num_cores <= FAKE_MAX_CORES, "number of cores");
	for (i = 0; i < fake.num_regions; i++)
		free(fake.region[i].memory);
	fake.num_regions = 0;
	fake_begin(num_cores, num_uplinks);
	if (!fake_memory)
		fake_memory = fake_pages(FAKE_MEMORY_BYTES);
	if (fake_keep)
		munmap(fake_keep, FAKE_KEEP_BYTES);
	fake_keep = fake_pages(FAKE_KEEP_BYTES);
	if (!fake_flash_memory)
		fake_flash_memory = fake_pages(XVIO_FLASH_BYTES);
	if (!fake_flash_erased)
		memset(fake_flash_memory, 0xff, XVIO_FLASH_BYTES);
	fake_flash_erased = true;
}

void fake_restart(unsigned num_cores, unsigned num_uplinks)
{
	fake_begin(num_cores, num_uplinks);
}

/* Cores and time */

void fake_set_core(unsigned core)
{
	fake_check(core < fake.num_cores, "no such core");
	fake.core = core;
}

void fake_set_poll(bool (*poll)(void))
{
	fake.poll = poll;
}

static bool fake_poll_workers(void)
{
	unsigned caller = fake.core;
	bool work = false;
	unsigned core;

	fake_check(!fake.in_poll, "a worker core must not wait for others");
	fake.in_poll = true;
	for (core = 1; core < fake.num_cores; core++) {
		fake.core = core;
		work |= fake.poll();
	}
	fake.core = caller;
	fake.in_poll = false;
	return work;
}

bool fake_run(void)
{
	unsigned round;

	for (round = 0; round < FAKE_MAX_ROUNDS; round++) {
		if (!fake_poll_workers())
			return true;
	}
	return false;
}

void fake_advance_us(uint64_t us)
{
	fake.time_us += us;
}

unsigned hal_num_cores(void)
{
	return fake.num_cores;
}

unsigned hal_core(void)
{
	return fake.core;
}

uint64_t hal_time_us(void)
{
	return fake.time_us;
}

uint64_t hal_cycles(void)
{
	return fake.time_us;
}

void hal_sleep(uint64_t timeout_us)
{
	bool woken = fake.woken[fake.core];

	fake.woken[fake.core] = false;
	if (fake.core == 0 && fake.poll)
		fake_poll_workers();
	if (!woken)
		fake.time_us += timeout_us;
}

void hal_wake(unsigned core)
{
	fake_check(core < fake.num_cores, "wake of no core");
	fake.woken[core] = true;
}

void *hal_memory(size_t *len_bytes)
{
	*len_bytes = FAKE_MEMORY_BYTES;
	return fake_memory;
}

void *hal_keep(size_t *len_bytes)
{
	*len_bytes = FAKE_KEEP_BYTES;
	return fake_keep;
}

/* Host memory and DMA */

void *fake_host_map(uint64_t bus_addr, size_t len_bytes, unsigned perm)
{
	struct fake_region *region = &fake.region[fake.num_regions];

	fake_check(fake.num_regions < FAKE_MAX_REGIONS, "too many regions");
	*region = (struct fake_region){bus_addr, len_bytes, perm, calloc(1, len_bytes)};
	fake_check(region->memory != NULL, "no memory");
	fake.num_regions++;
	return region->memory;
}

static uint8_t *fake_find(uint64_t bus_addr, size_t len_bytes, unsigned perm)
{
	unsigned i;

	for (i = 0; i < fake.num_regions; i++) {
		const struct fake_region *region = &fake.region[i];
		uint64_t offset = bus_addr - region->bus_addr;

		if (bus_addr >= region->bus_addr && offset < region->len_bytes &&
		    len_bytes <= region->len_bytes - offset && (region->perm & perm) == perm)
			return region->memory + offset;
	}
	return NULL;
}

void *fake_host(uint64_t bus_addr, size_t len_bytes)
{
	void *memory = fake_find(bus_addr, len_bytes, 0);

	fake_check(memory != NULL, "no such host memory");
	return memory;
}

uint64_t fake_dma_calls(void)
{
	return fake.dma_calls;
}

uint64_t fake_dma_ops(void)
{
	return fake.dma_ops;
}

void fake_fail_after(int64_t num)
{
	fake.fail_after = num;
}

void fake_set_script(void (*script)(uint64_t op, void *arg), void *arg)
{
	fake.script = script;
	fake.script_arg = arg;
}

void fake_set_bus(bool (*bus)(const struct hal_dma_op *op, const void *host))
{
	fake.bus = bus;
}

static bool fake_bus_allows(const struct hal_dma_op *op, const void *host)
{
	return !fake.bus || fake.bus(op, host);
}

void *fake_touch(uint64_t bus_addr)
{
	if (fake.script)
		fake.script(fake.dma_ops++, fake.script_arg);
	return fake_host(bus_addr, 1);
}

static bool fake_is_card_memory(const void *card, size_t len_bytes)
{
	uintptr_t offset = (uintptr_t)card - (uintptr_t)fake_memory;

	if (offset < FAKE_MEMORY_BYTES)
		return len_bytes <= FAKE_MEMORY_BYTES - offset;
	return fake_mac_is_slot(card, len_bytes);
}

static bool fake_dma_one(struct hal_dma_op *op)
{
	uint8_t *host;

	if (fake.script)
		fake.script(fake.dma_ops, fake.script_arg);
	fake.dma_ops++;
	if (fake.fail_after >= 0 && fake.fail_after-- == 0)
		return false;
	if (op->dir == HAL_DMA_MSIX) {
		hal_msix(op->function, (uint16_t)op->host_addr);
		return true;
	}
	fake_check(op->dir == HAL_DMA_READ || op->dir == HAL_DMA_WRITE, "DMA direction");
	fake_check(op->len_bytes > 0, "DMA of no bytes");
	fake_check(fake_is_card_memory(op->card, op->len_bytes), "DMA outside card memory");
	host = fake_find(op->host_addr, op->len_bytes,
			 op->dir == HAL_DMA_READ ? FAKE_READ : FAKE_WRITE);
	if (!fake_bus_allows(op, host) || !host)
		return false;
	if (op->dir == HAL_DMA_READ)
		memcpy(op->card, host, op->len_bytes);
	else
		memcpy(host, op->card, op->len_bytes);
	return true;
}

unsigned hal_dma(struct hal_dma_op *ops, unsigned num_ops)
{
	unsigned failed = 0;
	unsigned i;

	fake.dma_calls++;
	for (i = 0; i < num_ops; i++) {
		ops[i].failed = !fake_dma_one(&ops[i]);
		failed += ops[i].failed;
	}
	return failed;
}

void hal_msix(uint16_t function, uint16_t vector)
{
	const struct hal_dma_op op = {
		.host_addr = vector,
		.function = function,
		.dir = HAL_DMA_MSIX,
	};

	fake_check(function < FAKE_NUM_FUNCTIONS && vector < XVIO_NUM_MSIX, "no such vector");
	if (fake_bus_allows(&op, NULL))
		fake.msix[function][vector]++;
}

unsigned fake_msix_count(uint16_t function, uint16_t vector)
{
	return fake.msix[function][vector];
}

/* Doorbells */

void hal_doorbell_bind(uint32_t doorbell, unsigned core)
{
	fake_check(doorbell < XVIO_NUM_DOORBELLS && core < fake.num_cores, "doorbell bind");
	fake.doorbell_core[doorbell] = (uint8_t)core;
}

void fake_ring(uint32_t doorbell)
{
	unsigned core = fake.doorbell_core[doorbell];

	if (fake.doorbell_rung[doorbell])
		return;
	fake.doorbell_rung[doorbell] = true;
	fake.doorbell_ring[core][fake.doorbell_prod[core]++ % XVIO_NUM_DOORBELLS] = doorbell;
	hal_wake(core);
}

bool hal_doorbell_take(uint32_t *doorbell)
{
	unsigned core = fake.core;

	if (fake.doorbell_cons[core] == fake.doorbell_prod[core])
		return false;
	*doorbell = fake.doorbell_ring[core][fake.doorbell_cons[core]++ % XVIO_NUM_DOORBELLS];
	fake.doorbell_rung[*doorbell] = false;
	return true;
}

/* Registers of VFs */

void *hal_vf_page(unsigned vf)
{
	fake_check(vf < XVIO_NUM_VFS, "no such VF");
	return fake_vf_page[vf];
}

bool hal_vf_take(struct hal_vf_access *access)
{
	if (fake.vf_cons == fake.vf_prod)
		return false;
	*access = fake.vf_access[fake.vf_cons % FAKE_VF_ACCESSES];
	return true;
}

void hal_vf_done(void)
{
	fake_check(fake.vf_cons != fake.vf_prod, "no VF access to be done with");
	fake.vf_cons++;
}

static void fake_vf_post(const struct hal_vf_access *access)
{
	fake_check(fake.vf_prod - fake.vf_cons < FAKE_VF_ACCESSES, "too many VF accesses");
	fake.vf_access[fake.vf_prod++ % FAKE_VF_ACCESSES] = *access;
	hal_wake(0);
}

void fake_vf_write(unsigned vf, uint32_t offset, unsigned size_bytes, uint32_t value)
{
	const struct hal_vf_access access = {
		.vf = (uint16_t)vf,
		.offset = (uint16_t)offset,
		.size_bytes = (uint8_t)size_bytes,
		.value = value,
	};

	fake_check(offset % size_bytes == 0 && offset < XVIO_VF_REGS_BYTES, "VF register");
	fake_vf_post(&access);
}

void fake_vf_reset(unsigned vf)
{
	const struct hal_vf_access access = {.vf = (uint16_t)vf, .is_reset = true};

	fake_vf_post(&access);
}

uint32_t fake_vf_read(unsigned vf, uint32_t offset, unsigned size_bytes)
{
	uint32_t value = 0;

	fake_check(fake.vf_cons == fake.vf_prod, "a VF's register read before writes were done");
	memcpy(&value, (uint8_t *)hal_vf_page(vf) + offset, size_bytes);
	return value;
}

/* Windows, flash, log */

struct xvio_status *hal_status(void)
{
	return (struct xvio_status *)fake_window[0];
}

const volatile void *hal_mbox_request(void)
{
	return fake_window[1];
}

void *fake_mbox_request(void)
{
	return fake_window[1];
}

void *hal_mbox_response(void)
{
	return fake_window[2];
}

void *hal_events(void)
{
	return fake_window[3];
}

uint32_t hal_mbox_seq(void)
{
	return fake.mbox_seq;
}

void fake_mbox_ring(uint32_t seq)
{
	fake.mbox_seq = seq;
	hal_wake(0);
}

uint32_t hal_generation(void)
{
	return fake.generation;
}

unsigned hal_boot_slot(void)
{
	return fake.boot_slot;
}

void fake_set_boot(uint32_t generation, unsigned slot)
{
	fake.generation = generation;
	fake.boot_slot = slot;
}

const uint8_t *hal_flash(void)
{
	return fake_flash_memory;
}

uint8_t *fake_flash(void)
{
	fake_flash_erased = false;
	return fake_flash_memory;
}

void hal_log(const char *text)
{
	snprintf(fake.log, sizeof(fake.log), "%s", text);
}

const char *fake_log_last(void)
{
	return fake.log;
}

void fake_set_halt(void (*halt)(unsigned core))
{
	fake.halt = halt;
}

void hal_halt(void)
{
	if (fake.halt)
		fake.halt(fake.core);
	fprintf(stderr, "fake: halted; last log line: %s\n", fake.log);
	abort();
}
