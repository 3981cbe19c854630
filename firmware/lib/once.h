/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Reads of memory that somebody else may write: each is one load, and what it gives is what is used; and
 * writes of it, each one store.
 * No order between them; that is the caller's (fences, or acquire loads).
 */
#ifndef LIB_ONCE_H
#define LIB_ONCE_H

#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) once_word;

static inline uint16_t once_read16(const uint16_t *at)
{
	return *(const volatile uint16_t *)at;
}

/* at: aligned; of any type. */
static inline uint64_t once_read64(const void *at)
{
	return *(const volatile once_word *)at;
}

static inline void once_write64(void *at, uint64_t value)
{
	*(volatile once_word *)at = value;
}

#endif
