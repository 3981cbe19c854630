/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rv64 SoC: QEMU's virt machine with AIA (aplic-imsic), an ivshmem-doorbell device on its PCIe
 * and card RAM as its memory. Addresses as in QEMU 7.2, hw/riscv/virt.c.
 */
#ifndef RV64_SOC_H
#define RV64_SOC_H

#include "hal/rv64/map.h"
#include <stdint.h>

#define SOC_TICKS_PER_US 10u /* the time CSR counts at 10 MHz */

#define SOC_CSR_READ(csr)                                                         \
	({                                                                        \
		uint64_t soc_value;                                               \
		__asm__ volatile("csrr %0, " csr : "=r"(soc_value) : : "memory"); \
		soc_value;                                                        \
	})
#define SOC_CSR_WRITE(csr, value) \
	__asm__ volatile("csrw " csr ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline uint32_t soc_read32(uintptr_t addr)
{
	return *(volatile uint32_t *)addr;
}

static inline void soc_write32(uintptr_t addr, uint32_t value)
{
	*(volatile uint32_t *)addr = value;
}

static inline void soc_write64(uintptr_t addr, uint64_t value)
{
	*(volatile uint64_t *)addr = value;
}

static inline uint64_t soc_read64(uintptr_t addr)
{
	return *(volatile uint64_t *)addr;
}

/* Interrupt files: opens the calling hart's. Harts are woken by MSI number SOC_MSI_WAKE. */
#define SOC_MSI_WAKE 1u
void imsic_start(void);

/* Takes the pending MSI of the calling hart, if there is one. */
void imsic_claim(void);

/* Finds the ivshmem device, gives it addresses, routes its vector h to hart h. Hart 0. */
void ivshmem_start(void);

/* Signals a vector of another peer. Any hart. */
void ivshmem_signal(unsigned peer, unsigned vector);

/* Where an unexpected trap ends up (trap.S). */
_Noreturn void trap_panic(uint64_t cause, uint64_t pc, uint64_t value);

#endif
