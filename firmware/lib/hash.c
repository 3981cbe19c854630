/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The secrets of the hash (hash.h): read by every core, written once on core 0 before the others run. */
#include "lib/hash.h"

/* Tables made before hash_seed() have these; the numbers mean nothing. */
uint64_t hash_secret[HASH_SECRETS] = {
	UINT64_C(0x8f1bbcdc5a827999), UINT64_C(0xca62c1d66ed9eba1), UINT64_C(0x243f6a8885a308d3),
	UINT64_C(0x13198a2e03707345), UINT64_C(0xa4093822299f31d1), UINT64_C(0x082efa98ec4e6c89),
	UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6d),
};

void hash_seed(uint64_t seed)
{
	unsigned i;

	for (i = 0; i < HASH_SECRETS; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		hash_secret[i] = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		hash_secret[i] =
			(hash_secret[i] ^ hash_secret[i] >> 27) * UINT64_C(0x94d049bb133111eb);
		hash_secret[i] = (hash_secret[i] ^ hash_secret[i] >> 31) | 1;
	}
}
