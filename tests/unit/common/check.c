/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Random numbers for tests (check.h): xorshift, so that a failure repeats everywhere. */
#include "common/check.h"

static uint64_t check_state = 1;

void check_seed(uint64_t seed)
{
	check_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

uint32_t check_random(uint32_t limit)
{
	check_state ^= check_state << 13;
	check_state ^= check_state >> 7;
	check_state ^= check_state << 17;
	return (uint32_t)(check_state >> 32) % limit;
}
