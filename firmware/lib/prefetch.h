/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Hints to the cache; nothing where the core has no such instruction. */
#ifndef LIB_PREFETCH_H
#define LIB_PREFETCH_H

static inline void prefetch_read(const void *at)
{
	__builtin_prefetch(at, 0);
}

static inline void prefetch_write(const void *at)
{
	__builtin_prefetch(at, 1);
}

#endif
