/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * First instructions of every hart after a reset, in place in the ROM. Hart 0 runs rom_main(); the
 * others sleep until it sends them a software interrupt. That one is pending says that it was this reset's hart 0:
 * words in RAM survive a reset, and two resets can come so close that both boots see the same generation.
 * a0 = hart all the way.
 */
#include "hal/rv64/map.h"

	.section .text.start, "ax"
	.globl rom_start
rom_start:
	csrw	mie, zero
	csrci	mstatus, 8
	la	t0, trap_entry
	csrw	mtvec, t0
	csrr	a0, mhartid
	bnez	a0, park

	la	sp, rom_stack_end
	la	t0, rom_bss_start
	la	t1, rom_bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	call	rom_main		/* returns the entry, with the image loaded */
	fence.i
	mv	s0, a0

	/* Release: entry, then a software interrupt to every hart. */
	la	t0, rom_entry
	sd	s0, 0(t0)
	fence	iorw, iorw		/* pairs with the fence in park */
	li	t0, MAP_CLINT_MSIP
	li	t1, 1
	li	t2, MAP_MAX_HARTS
3:	addi	t0, t0, 4
	addi	t2, t2, -1
	beqz	t2, 4f
	sw	t1, 0(t0)
	j	3b
4:	li	a0, 0
	jr	s0

park:
	li	t0, MAP_INT_SOFTWARE
	csrw	mie, t0
5:	csrr	t1, mip
	and	t1, t1, t0
	bnez	t1, 6f
	wfi
	j	5b
6:	fence	iorw, iorw		/* pairs with the one before the release */
	fence.i
	csrw	mie, zero
	la	t0, rom_entry
	ld	t0, 0(t0)
	jr	t0			/* the interrupt stays pending: start.S clears it */

	.section .bss.release, "aw", @nobits
	.balign 8
rom_entry:
	.skip	8
