/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The interrupt file of a hart (RISC-V AIA, chapter 3), machine level: all that wakes it arrives here
 * as an MSI. Each hart uses its own.
 */
#include "hal/rv64/soc.h"

/* CSRs of the AIA, by number: the assembler need not know their names. */
#define IMSIC_MISELECT	  "0x350"
#define IMSIC_MIREG	  "0x351"
#define IMSIC_MTOPEI	  "0x35c"
#define IMSIC_EIDELIVERY  0x70
#define IMSIC_EITHRESHOLD 0x72
#define IMSIC_EIE0	  0xc0

static void imsic_write(uint64_t reg, uint64_t value)
{
	SOC_CSR_WRITE(IMSIC_MISELECT, reg);
	SOC_CSR_WRITE(IMSIC_MIREG, value);
}

void imsic_start(void)
{
	imsic_write(IMSIC_EITHRESHOLD, 0);
	imsic_write(IMSIC_EIE0, UINT64_C(1) << SOC_MSI_WAKE);
	imsic_write(IMSIC_EIDELIVERY, 1);
}

void imsic_claim(void)
{
	uint64_t claimed;

	__asm__ volatile("csrrw %0, " IMSIC_MTOPEI ", x0" : "=r"(claimed) : : "memory");
}
