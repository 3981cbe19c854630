/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The ivshmem-doorbell device (QEMU docs/specs/ivshmem-spec): interrupts between the SoC and the
 * card's hardware. Hart 0 sets it up; any hart signals. Its shared memory is not used: card RAM is.
 */
#include "hal/rv64/soc.h"
#include "lib/panic.h"
#include <xvio/link.h>

#define IVSHMEM_ID	     0x11101af4u /* device, vendor */
#define IVSHMEM_MAX_SLOTS    32u
#define IVSHMEM_REG_DOORBELL 0x0c
#define IVSHMEM_BAR_REGS     MAP_PCI_MEMORY
#define IVSHMEM_BAR_MSIX     (MAP_PCI_MEMORY + 0x10000)

/* PCI configuration space */
#define PCI_ID		  0x00
#define PCI_COMMAND	  0x04
#define PCI_COMMAND_MEM	  0x2u
#define PCI_COMMAND_BUS	  0x4u
#define PCI_BAR0	  0x10
#define PCI_BAR1	  0x14
#define PCI_CAPABILITIES  0x34
#define PCI_CAP_MSIX	  0x11u
#define PCI_MSIX_ENABLE	  0x80000000u /* in the capability's first word */
#define PCI_MSIX_MASK_ALL 0x40000000u
#define PCI_MSIX_TABLE	  4

static uintptr_t ivshmem_find(void)
{
	for (unsigned slot = 0; slot < IVSHMEM_MAX_SLOTS; slot++) {
		const uintptr_t config = MAP_ECAM + ((uintptr_t)slot << 15);

		if (soc_read32(config + PCI_ID) == IVSHMEM_ID)
			return config;
	}
	panic("ivshmem: no such device on the bus");
}

static uintptr_t ivshmem_msix_cap(uintptr_t config)
{
	unsigned at = soc_read32(config + PCI_CAPABILITIES) & 0xfc;

	/* A capability is at least 4 bytes: a list of more than 64 loops. */
	for (unsigned i = 0; at && i < 64; i++) {
		const uint32_t cap = soc_read32(config + at);

		if ((cap & 0xff) == PCI_CAP_MSIX)
			return config + at;
		at = cap >> 8 & 0xfc;
	}
	panic("ivshmem: no MSI-X");
}

void ivshmem_start(void)
{
	const uintptr_t config = ivshmem_find();
	const uintptr_t cap = ivshmem_msix_cap(config);
	const uint32_t control = soc_read32(cap) & ~PCI_MSIX_MASK_ALL;
	const unsigned num_vectors = (control >> 16 & 0x7ff) + 1;
	const uintptr_t table = IVSHMEM_BAR_MSIX + (soc_read32(cap + PCI_MSIX_TABLE) & ~7u);

	soc_write32(config + PCI_BAR0, IVSHMEM_BAR_REGS);
	soc_write32(config + PCI_BAR1, IVSHMEM_BAR_MSIX);
	soc_write32(config + PCI_COMMAND, PCI_COMMAND_MEM | PCI_COMMAND_BUS);
	soc_write32(cap, control | PCI_MSIX_ENABLE);
	for (unsigned i = 0; i < num_vectors && i < XVIO_MAX_HARTS; i++) {
		soc_write32(table + 16 * i, MAP_IMSIC + i * MAP_IMSIC_STRIDE);
		soc_write32(table + 16 * i + 4, 0);
		soc_write32(table + 16 * i + 8, SOC_MSI_WAKE);
		soc_write32(table + 16 * i + 12, 0);
	}
}

void ivshmem_signal(unsigned peer, unsigned vector)
{
	/* Pairs with the peer's acquire of what was published before. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	soc_write32(IVSHMEM_BAR_REGS + IVSHMEM_REG_DOORBELL, peer << 16 | vector);
}
