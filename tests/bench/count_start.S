/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Entry of the counting image on the one hart of a bare `virt` machine, and the two places that the
 * plugin watches: counting begins when count_begin is run, and ends when count_end is.
 */
	.section .text.start, "ax"
	.globl _start
_start:
	csrw	mie, zero
	csrci	mstatus, 8
	la	t0, trap
	csrw	mtvec, t0
	la	sp, stack_end
	la	t0, bss_start
	la	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	call	count_main

	.balign 4
trap:	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	count_trap

	.text
	.globl count_begin
count_begin:
	ret
	.globl count_end
count_end:
	ret

	/* As many instructions as COUNT_KNOWN, among those that count. */
	.section .counted.known, "ax"
	.globl count_known
count_known:
	li	t0, 1000
1:	addi	t0, t0, -1
	bnez	t0, 1b
	ret

	.section .stack, "aw", @nobits
	.balign 16
	.skip	0x10000
stack_end:
