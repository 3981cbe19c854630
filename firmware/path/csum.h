/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The Internet checksum (RFC 1071). Sums are of 16-bit words as they stand in memory, and are stored the
 * same way: byte order does not matter to them, but numbers that are added are big-endian. Any core.
 */
#ifndef PATH_CSUM_H
#define PATH_CSUM_H

#include <stdint.h>

/* The ones' complement sum of bytes at any address, below 65536; an odd end counts as if a 0 followed. */
uint32_t csum_bytes(const uint8_t *bytes, uint32_t len_bytes);

/* Brings a sum of up to 65537 such sums below 65536. */
static inline uint32_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffffu) + (sum >> 16);
	return (sum & 0xffffu) + (sum >> 16);
}

/* A sum in which a word was replaced by another. */
static inline uint32_t csum_replace(uint32_t sum, uint16_t before, uint16_t after)
{
	return csum_fold(sum + (uint16_t)~before + after);
}

#endif
