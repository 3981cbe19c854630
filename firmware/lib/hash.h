/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* A fast hash of a few 64-bit words, for tables. Portable; not for secrets. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stdint.h>

static inline uint64_t hash_words(const uint64_t *words, unsigned num_words)
{
	uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) * (num_words + 1);
	unsigned i;

	for (i = 0; i < num_words; i++) {
		hash = (hash ^ words[i]) * UINT64_C(0xd6e8feb86659fd93);
		hash ^= hash >> 32;
	}
	return hash;
}

#endif
