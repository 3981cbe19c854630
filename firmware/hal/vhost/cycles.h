/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The processor's own cycle counter, behind hal_cycles(); each core reads its own. */
#ifndef HAL_VHOST_CYCLES_H
#define HAL_VHOST_CYCLES_H

#include <stdint.h>

static inline uint64_t cycles_read(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__riscv)
	uint64_t cycles;

	__asm__ volatile("rdcycle %0" : "=r"(cycles));
	return cycles;
#elif defined(__aarch64__)
	uint64_t cycles;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(cycles));
	return cycles;
#else
#error "no cycle counter is known for this processor"
#endif
}

#endif
