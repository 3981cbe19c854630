/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Traps: interrupts stay masked (MIE = 0, they only end wfi), so whatever comes here is a fault of the
 * firmware. Every hart gets to trap_panic() on a stack of its own, since its usual one may be the fault.
 */
#include "hal/rv64/map.h"

	.section .text.trap, "ax"
	.balign 4
	.globl trap_entry
trap_entry:
	csrr	t0, mhartid
	addi	t0, t0, 1
	li	t1, MAP_TRAP_STACK_BYTES
	mul	t0, t0, t1
	la	sp, trap_stacks
	add	sp, sp, t0
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	trap_panic

	.section .bss.trap, "aw", @nobits
	.balign 16
trap_stacks:
	.skip	MAP_TRAP_STACK_BYTES * MAP_MAX_HARTS
