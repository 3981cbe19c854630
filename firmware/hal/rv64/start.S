/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Entry of the firmware image, for every hart, from the boot ROM. Hart 0 prepares memory and the
 * platform; the others wait until it has. The word they wait for is in .data, which the ROM has just
 * copied afresh, so a run before the reset cannot have left it set.
 */
#include "hal/rv64/map.h"

	.section .text.start, "ax"
	.globl _start
_start:
	csrw	mie, zero
	csrci	mstatus, 8
	la	t0, trap_entry
	csrw	mtvec, t0
	csrr	s0, mhartid
	addi	t0, s0, 1
	li	t1, MAP_STACK_BYTES
	mul	t0, t0, t1
	la	sp, stacks
	add	sp, sp, t0
	bnez	s0, wait

	la	t0, bss_start
	la	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	call	soc_start
	fence	rw, rw			/* pairs with the fence in wait */
	la	t0, start_released
	li	t1, 1
	sw	t1, 0(t0)
	fence	iorw, iorw
	li	t0, MAP_CLINT_MSIP
	li	t2, MAP_MAX_HARTS
3:	addi	t0, t0, 4
	addi	t2, t2, -1
	beqz	t2, enter
	sw	t1, 0(t0)
	j	3b

wait:
	li	t0, MAP_INT_SOFTWARE
	csrw	mie, t0
	la	t0, start_released
	slli	t1, s0, 2
	li	t2, MAP_CLINT_MSIP
	add	t2, t2, t1
4:	sw	zero, 0(t2)
	fence	iorw, iorw
	lw	t1, 0(t0)
	bnez	t1, 5f
	wfi
	j	4b
5:	fence	rw, rw			/* pairs with the one before the release */
	csrw	mie, zero

enter:
	mv	a0, s0
	call	soc_enter

	.section .data.start, "aw"
	.balign 4
start_released:
	.word	0

	.section .stacks, "aw", @nobits
	.balign 16
stacks:
	.skip	MAP_STACK_BYTES * MAP_MAX_HARTS
