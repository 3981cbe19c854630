/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A hash of 64-bit words for tables: each pair of words is mixed with two secret words and multiplied
 * to 128 bits. The secrets change with every boot, and which keys collide changes with them; that is
 * what CRC32C with a seed does not give, being linear. Not for signatures.
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stdint.h>

#define HASH_SECRETS 8u

__extension__ typedef unsigned __int128 hash_wide;

extern uint64_t hash_secret[HASH_SECRETS]; /* each is odd */

/* Draws the secrets from whatever differs between two boots. Core 0, while no table is filled. */
void hash_seed(uint64_t seed);

/* The product of two words, its halves folded onto each other. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	hash_wide product = (hash_wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_word(uint64_t word)
{
	return hash_fold(word ^ hash_secret[0], hash_secret[1]);
}

/*
 * For numbers that are given out one after the other: eight in a row stay neighbours, so that in a
 * table with a slot for each hash they share cache lines.
 */
static inline uint64_t hash_serial(uint64_t number)
{
	return hash_word(number >> 3) << 3 | (number & 7u);
}

/*
 * num_words is at most HASH_SECRETS. Any bit of it will do: one fold alone leaves a bit alike for keys that
 * differ little, with some secrets.
 */
static inline uint64_t hash_words(const uint64_t *words, unsigned num_words)
{
	uint64_t hash = num_words;
	unsigned i;

	for (i = 0; i + 1 < num_words; i += 2)
		hash ^= hash_fold(words[i] ^ hash_secret[i], words[i + 1] ^ hash_secret[i + 1]);
	if (i < num_words)
		hash ^= hash_word(words[i]);
	return hash_word(hash);
}

#endif
