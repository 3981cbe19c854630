/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Registers of virtual functions: pages that the hardware reads, and a ring of what was written. Core 0,
 * called through hal.h.
 */
#include "hal/link/link.h"
#include "hal/hal.h"
#include "lib/panic.h"
#include <string.h>

static struct xvio_vf_ring *vf_ring(void)
{
	return (struct xvio_vf_ring *)(platform_ram() + XVIO_RAM_VF_RING);
}

void link_vf_start(void)
{
	memset(hal_vf_page(0), 0, XVIO_NUM_VFS * XVIO_VF_REGS_BYTES);
	vf_ring()->cons = 0;
}

void *hal_vf_page(unsigned vf)
{
	return platform_ram() + XVIO_RAM_VF_PAGES + (size_t)vf * XVIO_VF_REGS_BYTES;
}

bool link_vf_pending(void)
{
	struct xvio_vf_ring *ring = vf_ring();

	/* Pairs with the hardware's release of prod: the entry is there. */
	return __atomic_load_n(&ring->prod, __ATOMIC_ACQUIRE) != ring->cons;
}

bool hal_vf_take(struct hal_vf_access *access)
{
	const struct xvio_vf_ring *ring = vf_ring();
	const struct xvio_vf_entry *entry = &ring->entry[ring->cons % XVIO_VF_RING_ENTRIES];

	if (!link_vf_pending())
		return false;
	if (entry->vf >= XVIO_NUM_VFS ||
	    (uint32_t)entry->offset + entry->size_bytes > XVIO_VF_REGS_BYTES)
		panic("link: the hardware named a register that does not exist");
	*access = (struct hal_vf_access){
		.vf = entry->vf,
		.is_reset = entry->kind == XVIO_VF_RESET,
		.offset = entry->offset,
		.size_bytes = entry->size_bytes,
		.value = entry->value,
	};
	return true;
}

void hal_vf_done(void)
{
	struct xvio_vf_ring *ring = vf_ring();

	/* Pairs with the hardware's acquire of cons: it reads the page as the access has left it. */
	__atomic_store_n(&ring->cons, ring->cons + 1, __ATOMIC_RELEASE);
	/* Pairs with the hardware's fence between waiting = 1 and its look at cons. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->waiting, __ATOMIC_RELAXED))
		platform_signal_hardware();
}
