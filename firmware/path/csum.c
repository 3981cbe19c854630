/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The Internet checksum (csum.h), by aligned words of 64 bits with their carries. */
#include "path/csum.h"

#include "lib/endian.h"

static inline uint64_t csum_add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Adds whole words of 64 bits, at a multiple of 8. */
static uint64_t csum_add_words(uint64_t sum, const uint8_t *bytes, uint32_t num)
{
	for (; num >= 4; num -= 4, bytes += 32) {
		sum = csum_add(sum, endian_load64(bytes, 8));
		sum = csum_add(sum, endian_load64(bytes + 8, 8));
		sum = csum_add(sum, endian_load64(bytes + 16, 8));
		sum = csum_add(sum, endian_load64(bytes + 24, 8));
	}
	for (; num; num--, bytes += 8)
		sum = csum_add(sum, endian_load64(bytes, 8));
	return sum;
}

/* Fewer than 8 bytes, at an even address. */
static uint64_t csum_add_few(uint64_t sum, const uint8_t *bytes, uint32_t len_bytes)
{
	for (; len_bytes >= 2; len_bytes -= 2, bytes += 2)
		sum = csum_add(sum, endian_load16(bytes));
	return len_bytes ? csum_add(sum, *bytes) : sum;
}

uint32_t csum_bytes(const uint8_t *bytes, uint32_t len_bytes)
{
	const uint32_t is_odd = (uintptr_t)bytes & 1;
	uint32_t ahead_bytes;
	uint64_t sum = 0;

	if (!len_bytes)
		return 0;
	if (is_odd) { /* as the second byte of a word; the others are shifted by one, too */
		sum = (uint64_t)*bytes++ << 8;
		len_bytes--;
	}
	ahead_bytes = -(uintptr_t)bytes & 7;
	if (ahead_bytes > len_bytes)
		ahead_bytes = len_bytes;
	sum = csum_add_few(sum, bytes, ahead_bytes);
	bytes += ahead_bytes;
	len_bytes -= ahead_bytes;
	sum = csum_add_words(sum, bytes, len_bytes / 8);
	sum = csum_add_few(sum, bytes + len_bytes / 8 * 8, len_bytes % 8);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = csum_fold((uint32_t)sum);
	return is_odd ? endian_swap16((uint16_t)sum) : (uint32_t)sum;
}
