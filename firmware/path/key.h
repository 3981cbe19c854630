/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Flow keys under a mask, in words. Only words in which the mask has bits are touched: they are hashed
 * two by two, and a rule on the port alone costs one pair. Any core.
 */
#ifndef PATH_KEY_H
#define PATH_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include "lib/hash.h"

#define FLOW_KEY_WORDS 8u

/* A flow key, aligned for work in words. */
union flow_key {
	struct xvio_flow_key field;
	uint64_t word[FLOW_KEY_WORDS];
};
_Static_assert(sizeof(union flow_key) == sizeof(struct xvio_flow_key), "a key is all words");
_Static_assert(FLOW_KEY_WORDS <= HASH_SECRETS, "a secret for each word");

/* Two words of a key: where they are, which of their bits count, and what they are hashed with. */
struct key_pair {
	uint64_t mask[2];
	uint64_t secret[2];
	uint32_t at_bytes[2];
};

struct key_mask {
	uint32_t num_pairs; /* at least one, if of no bits */
	struct key_pair pair[FLOW_KEY_WORDS / 2];
};

/* What a mask leaves of a key: the words of its pairs, one after the other. */
struct key_masked {
	uint64_t word[FLOW_KEY_WORDS];
};

static inline uint64_t key_word(const union flow_key *key, uint32_t at_bytes)
{
	return *(const uint64_t *)((const uint8_t *)key + at_bytes);
}

static inline void key_mask_add(struct key_mask *mask, uint32_t i, uint32_t at, uint64_t bits)
{
	struct key_pair *pair = &mask->pair[i / 2];

	pair->at_bytes[i % 2] = at * (uint32_t)sizeof(uint64_t);
	pair->mask[i % 2] = bits;
	pair->secret[i % 2] = hash_secret[at];
}

/* Pairs are filled up with a word of no bits, which is none of the others. */
static inline void key_mask_init(struct key_mask *mask, const union flow_key *bits)
{
	uint32_t idle = 0;
	uint32_t num = 0;
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++) {
		if (bits->word[i])
			key_mask_add(mask, num++, i, bits->word[i]);
		else
			idle = i;
	}
	while (num % 2 || !num)
		key_mask_add(mask, num++, idle, 0);
	mask->num_pairs = num / 2;
}

/* Whether two words of two keys differ under their mask: not 0. */
static inline uint64_t key_pair_differs(const struct key_pair *pair, const union flow_key *a,
					const union flow_key *b)
{
	return ((key_word(a, pair->at_bytes[0]) ^ key_word(b, pair->at_bytes[0])) & pair->mask[0]) |
	       ((key_word(a, pair->at_bytes[1]) ^ key_word(b, pair->at_bytes[1])) & pair->mask[1]);
}

/*
 * Whether two keys are the same under a mask. Flows differ in what comes last, addresses, so that is
 * looked at first. num is num_pairs.
 */
static inline bool key_same_masked(const struct key_pair *pair, uint32_t num,
				   const union flow_key *a, const union flow_key *b)
{
	return !(num > 3 && key_pair_differs(&pair[3], a, b)) &&
	       !(num > 2 && key_pair_differs(&pair[2], a, b)) &&
	       !(num > 1 && key_pair_differs(&pair[1], a, b)) && !key_pair_differs(pair, a, b);
}

/* Masks two words of a key, and hashes them. */
static inline uint64_t key_hash_pair(const struct key_pair *pair, const union flow_key *key,
				     uint64_t *word)
{
	word[0] = key_word(key, pair->at_bytes[0]) & pair->mask[0];
	word[1] = key_word(key, pair->at_bytes[1]) & pair->mask[1];
	return hash_fold(word[0] ^ pair->secret[0], word[1] ^ pair->secret[1]);
}

/*
 * The hash of a key under a mask, and in *masked the words that were hashed. num is num_pairs: where it
 * is a constant, this is a line of code without a branch.
 */
static inline uint64_t key_hash_pairs(const struct key_pair *pair, uint32_t num,
				      const union flow_key *key, struct key_masked *masked)
{
	uint64_t hash = key_hash_pair(pair, key, masked->word);

	if (num > 1)
		hash ^= key_hash_pair(&pair[1], key, &masked->word[2]);
	if (num > 2)
		hash ^= key_hash_pair(&pair[2], key, &masked->word[4]);
	if (num > 3)
		hash ^= key_hash_pair(&pair[3], key, &masked->word[6]);
	return hash;
}

static inline uint64_t key_hash(const struct key_mask *mask, const union flow_key *key,
				struct key_masked *masked)
{
	return key_hash_pairs(mask->pair, mask->num_pairs, key, masked);
}

/* Whether a whole key has these words where the mask has bits. */
static inline bool key_same(const struct key_mask *mask, const union flow_key *key,
			    const struct key_masked *masked)
{
	const struct key_pair *pair = mask->pair;
	const uint64_t *word = masked->word;
	uint32_t num = mask->num_pairs;
	uint64_t difference = 0;

	do {
		difference |= key_word(key, pair->at_bytes[0]) ^ word[0];
		difference |= key_word(key, pair->at_bytes[1]) ^ word[1];
		pair++;
		word += 2;
	} while (--num);
	return !difference;
}

/* Whether two masks take the same words of a key, in the same order. */
static inline bool key_same_layout(const struct key_mask *a, const struct key_mask *b)
{
	uint32_t i;

	if (a->num_pairs != b->num_pairs)
		return false;
	for (i = 0; i < a->num_pairs * 2; i++) {
		if (a->pair[i / 2].at_bytes[i % 2] != b->pair[i / 2].at_bytes[i % 2])
			return false;
	}
	return true;
}

static inline bool key_equal(const union flow_key *a, const union flow_key *b)
{
	uint64_t difference = 0;
	uint32_t i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		difference |= a->word[i] ^ b->word[i];
	return !difference;
}

#endif
