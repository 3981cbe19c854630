/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers' memory (region.h). The table of watched regions is written by core 0, and read by the SIGBUS
 * handler on any core: an entry is valid while its end is not 0, which is stored last and cleared
 * first.
 */
#include "region.h"

#include <linux/magic.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "vport.h"

#define REGION_MAX_WATCHED 4096u

struct region_watched {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end;
	unsigned owner;
};

static struct region_watched region_watched[REGION_MAX_WATCHED];
static _Atomic bool region_failed[VPORT_MAX];

/* Zero pages in the place of a region whose file is gone. Signal context. */
static bool region_replace(uintptr_t start, uintptr_t end)
{
	static const uintptr_t page_bytes[] = {(uintptr_t)1 << 12, (uintptr_t)1 << 21,
					       (uintptr_t)1 << 30};
	unsigned i;

	for (i = 0; i < 3; i++) {
		uintptr_t len_bytes = (end - start + page_bytes[i] - 1) & ~(page_bytes[i] - 1);

		if (mmap((void *)start, len_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			 0) != MAP_FAILED)
			return true;
	}
	return false;
}

/* The instruction that failed is tried again on return. */
static void region_fault(int signal_number, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;
	unsigned i;

	(void)context;
	for (i = 0; i < REGION_MAX_WATCHED; i++) {
		struct region_watched *watched = &region_watched[i];
		uintptr_t end = atomic_load_explicit(&watched->end, memory_order_acquire);
		uintptr_t start = atomic_load_explicit(&watched->start, memory_order_relaxed);

		if (addr < start || addr >= end)
			continue;
		if (!region_replace(start, end))
			break;
		atomic_store(&region_failed[watched->owner], true);
		hal_wake(0);
		return;
	}
	signal(signal_number, SIG_DFL); /* ours: the same fault ends the process on return */
}

bool region_init(void)
{
	struct sigaction action = {.sa_sigaction = region_fault, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) == 0;
}

bool region_take_fault(unsigned *owner)
{
	unsigned i;

	for (i = 0; i < VPORT_MAX; i++) {
		if (atomic_load_explicit(&region_failed[i], memory_order_relaxed) &&
		    atomic_exchange(&region_failed[i], false)) {
			*owner = i;
			return true;
		}
	}
	return false;
}

bool region_watch(const VuDev *dev, unsigned owner)
{
	uint32_t num = 0;
	unsigned i;

	for (i = 0; i < REGION_MAX_WATCHED; i++) {
		struct region_watched *watched = &region_watched[i];

		if (watched->end && watched->owner == owner)
			atomic_store_explicit(&watched->end, 0, memory_order_release);
	}
	for (i = 0; dev && i < REGION_MAX_WATCHED && num < dev->nregions; i++) {
		struct region_watched *watched = &region_watched[i];
		const VuDevRegion *region = &dev->regions[num];

		if (watched->end)
			continue;
		watched->owner = owner;
		watched->start = (uintptr_t)region->mmap_addr;
		/* Pairs with the load in region_fault(). */
		atomic_store_explicit(
			&watched->end,
			(uintptr_t)(region->mmap_addr + region->mmap_offset + region->size),
			memory_order_release);
		num++;
	}
	return !dev || num == dev->nregions;
}

static bool region_wraps(uint64_t start, uint64_t len_bytes)
{
	return start + (len_bytes - 1) < start;
}

/* What is not may keep whoever touches it waiting: for a disk, or for the peer's own FUSE server. */
static bool region_is_memory(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) == 0 &&
	       (system.f_type == TMPFS_MAGIC || system.f_type == HUGETLBFS_MAGIC);
}

const char *region_check(const VhostUserMemoryRegion *region, int fd)
{
	struct stat file;

	if (!region->memory_size)
		return "a region of no bytes";
	if (region_wraps(region->guest_phys_addr, region->memory_size) ||
	    region_wraps(region->userspace_addr, region->memory_size) ||
	    region_wraps(region->mmap_offset, region->memory_size))
		return "a region that wraps";
	if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		return "a region whose descriptor is no file";
	if (!region_is_memory(fd))
		return "a region that is not in memory (memfd, tmpfs, hugetlbfs)";
	if (region->mmap_offset + region->memory_size > (uint64_t)file.st_size)
		return "a region longer than its file";
	return NULL;
}

static bool region_ranges_meet(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a <= b + (b_bytes - 1) && b <= a + (a_bytes - 1);
}

bool region_overlap(const VhostUserMemoryRegion *a, const VhostUserMemoryRegion *b)
{
	return region_ranges_meet(a->guest_phys_addr, a->memory_size, b->guest_phys_addr,
				  b->memory_size) ||
	       region_ranges_meet(a->userspace_addr, a->memory_size, b->userspace_addr,
				  b->memory_size);
}

bool region_overlaps_mapped(const VuDev *dev, const VhostUserMemoryRegion *region)
{
	unsigned i;

	for (i = 0; i < dev->nregions; i++) {
		const VhostUserMemoryRegion mapped = {
			.guest_phys_addr = dev->regions[i].gpa,
			.userspace_addr = dev->regions[i].qva,
			.memory_size = dev->regions[i].size,
		};

		if (region_overlap(&mapped, region))
			return true;
	}
	return false;
}

/* libvhost-user keeps its regions sorted by guest physical address, as the map wants them. */
struct iotlb *region_make_map(const VuDev *dev)
{
	struct xvio_map_entry *entries = NULL;
	uint32_t bad;
	unsigned i;

	if (dev->nregions) {
		entries = heap_alloc(dev->nregions * sizeof(*entries));
		if (!entries)
			return NULL;
	}
	for (i = 0; i < dev->nregions; i++) {
		const VuDevRegion *region = &dev->regions[i];

		entries[i] = (struct xvio_map_entry){
			.iova = region->gpa,
			.len_bytes = region->size,
			.bus_addr = region->mmap_addr + region->mmap_offset,
			.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
		};
	}
	return iotlb_create(entries, dev->nregions, &bad);
}

bool region_find(const VuDev *dev, uint64_t user_addr, uint64_t len_bytes, uint64_t *guest_addr)
{
	unsigned i;

	for (i = 0; i < dev->nregions; i++) {
		const VuDevRegion *region = &dev->regions[i];
		uint64_t offset = user_addr - region->qva;

		if (user_addr < region->qva || offset >= region->size ||
		    len_bytes > region->size - offset)
			continue;
		*guest_addr = region->gpa + offset;
		return true;
	}
	return false;
}
