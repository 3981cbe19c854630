/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The yardstick (path_yardstick.h): independent of the path's own code, so that it stays as it is. */
#include "bench/path_yardstick.h"

#include <string.h>
#include <x86intrin.h>

#define YARD_BLOCKS  256u
#define YARD_WORDS   8u
#define YARD_STEP    35u /* words from a block to the next: they share no cache sets */
#define YARD_ENTRIES 1024u

static uint64_t yard_from[YARD_BLOCKS * YARD_STEP];
static uint64_t yard_to[YARD_BLOCKS * YARD_STEP];
static uint64_t yard_table[YARD_ENTRIES][YARD_WORDS];

/*
 * Several short chains of cheap instructions: it keeps the processor's whole width busy, as the path
 * does, and so feels the same when another thread of the core takes a part of it.
 */
static uint64_t yard_mix(const uint64_t *word)
{
	uint64_t lane[YARD_WORDS];
	unsigned round;
	unsigned i;

	memcpy(lane, word, sizeof(lane));
	for (round = 0; round < 8; round++) {
		for (i = 0; i < YARD_WORDS; i++) {
			lane[i] += word[(i + round) % YARD_WORDS];
			lane[i] ^= lane[i] >> 9;
			lane[i] -= lane[i] << 3;
		}
	}
	return (lane[0] ^ lane[1]) + (lane[2] ^ lane[3]) + (lane[4] ^ lane[5]) +
	       (lane[6] ^ lane[7]);
}

uint64_t path_yardstick(uint32_t num)
{
	uint64_t began = __rdtsc();
	uint32_t i;

	for (i = 0; i < num; i++) {
		uint64_t *from = &yard_from[i % YARD_BLOCKS * YARD_STEP];
		uint64_t *to = &yard_to[i % YARD_BLOCKS * YARD_STEP];
		uint64_t copy[YARD_WORDS];
		uint64_t *entry;

		from[0] = i * UINT64_C(0x9e3779b97f4a7c15) >> 51;
		memcpy(copy, from, sizeof(copy));
		entry = yard_table[yard_mix(copy) % YARD_ENTRIES];
		entry[0]++;
		entry[1] += copy[0];
		copy[1] = entry[1];
		memcpy(to, copy, sizeof(copy));
	}
	return __rdtsc() - began;
}
