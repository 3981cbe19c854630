/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * ThreadSanitizer is told of volatile accesses as what the firmware means by them: relaxed atomic ones,
 * which order nothing, and race with plain ones. gcc calls these before each access (tests/build.mk:
 * tsan-distinguish-volatile); libtsan has none. A write is told as an addition of 0: it happens then.
 */
#include <stdint.h>

#define TSAN_VOLATILE(size, type)                                    \
	void __tsan_volatile_read##size(void *at);                   \
	void __tsan_volatile_write##size(void *at);                  \
	void __tsan_volatile_read##size(void *at)                    \
	{                                                            \
		__atomic_load_n((type *)at, __ATOMIC_RELAXED);       \
	}                                                            \
	void __tsan_volatile_write##size(void *at)                   \
	{                                                            \
		__atomic_fetch_add((type *)at, 0, __ATOMIC_RELAXED); \
	}

TSAN_VOLATILE(1, uint8_t)
TSAN_VOLATILE(2, uint16_t)
TSAN_VOLATILE(4, uint32_t)
TSAN_VOLATILE(8, uint64_t)
