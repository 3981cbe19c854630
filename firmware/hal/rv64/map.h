/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Addresses of the rv64 SoC, for C, assembly and linker scripts alike. */
#ifndef RV64_MAP_H
#define RV64_MAP_H

#define MAP_CLINT_MSIP	   0x02000000 /* + 4 * hart */
#define MAP_CLINT_MTIMECMP 0x02004000 /* + 8 * hart */
#define MAP_UART	   0x10000000
#define MAP_ROM		   0x20000000
#define MAP_ROM_BYTES	   0x02000000
#define MAP_IMSIC	   0x24000000 /* + 0x1000 * hart, machine level */
#define MAP_IMSIC_STRIDE   0x1000
#define MAP_ECAM	   0x30000000
#define MAP_PCI_MEMORY	   0x40000000
#define MAP_RAM		   0x80000000

#define MAP_STACK_BYTES	     0x8000 /* per hart */
#define MAP_TRAP_STACK_BYTES 0x400 /* per hart */

#define MAP_MAX_HARTS 8 /* XVIO_MAX_HARTS */

/* mie, mip */
#define MAP_INT_SOFTWARE 0x008
#define MAP_INT_TIMER	 0x080
#define MAP_INT_EXTERNAL 0x800

#endif
