/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Hints to the cache; nothing where the core has no such instruction. There PREFETCH_WORKS is 0, and
 * work in stages is not worth while.
 */
#ifndef LIB_PREFETCH_H
#define LIB_PREFETCH_H

#if defined(__riscv) && !defined(__riscv_zicbop)
#define PREFETCH_WORKS 0
#else
#define PREFETCH_WORKS 1
#endif

static inline void prefetch_read(const void *at)
{
	__builtin_prefetch(at, 0);
}

static inline void prefetch_write(const void *at)
{
	__builtin_prefetch(at, 1);
}

#endif
