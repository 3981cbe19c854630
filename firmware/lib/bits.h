/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Small arithmetic on unsigned numbers. */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool bits_is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

static inline uint32_t bits_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Place of the highest bit; value is not 0. Without a library call where no instruction does it. */
static inline unsigned bits_log2(uint64_t value)
{
	unsigned log2 = 0;

	while (value >>= 1)
		log2++;
	return log2;
}

/* alignment is a power of two. */
static inline uint64_t bits_align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

#endif
