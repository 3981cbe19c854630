/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Byte order. All our cores are little-endian, as is the ABI: xvio_le* are read as they stand. What
 * is big-endian, or unaligned, comes from packets and goes through these.
 */
#ifndef LIB_ENDIAN_H
#define LIB_ENDIAN_H

#include <stdint.h>

/* 1: a load of several bytes may stand at any address and is one instruction. 0: it would trap. */
#ifndef ENDIAN_LOADS_ANYWHERE
#if defined(__x86_64__) || defined(__aarch64__)
#define ENDIAN_LOADS_ANYWHERE 1
#else
#define ENDIAN_LOADS_ANYWHERE 0
#endif
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the ABI is read as it stands");

/* Between a number and its big-endian form in a register. */
static inline uint16_t endian_swap16(uint16_t value)
{
	return __builtin_bswap16(value);
}

static inline uint32_t endian_swap32(uint32_t value)
{
	return __builtin_bswap32(value);
}

/* A word that may alias any object. */
typedef uint16_t __attribute__((may_alias)) endian_word16;
typedef uint32_t __attribute__((may_alias)) endian_word32;
typedef uint64_t __attribute__((may_alias)) endian_word64;

/*
 * Bytes as they stand in memory, loaded in as few pieces as bytes, divisible by align_bytes (2, 4 or
 * 8), allows. align_bytes counts only where ENDIAN_LOADS_ANYWHERE is 0; it should be a constant.
 */
static inline uint16_t endian_load16(const uint8_t *bytes)
{
	uint16_t value;

	if (!ENDIAN_LOADS_ANYWHERE)
		return *(const endian_word16 *)bytes;
	__builtin_memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint32_t endian_load32(const uint8_t *bytes, unsigned align_bytes)
{
	uint32_t value;

	if (!ENDIAN_LOADS_ANYWHERE && align_bytes < 4)
		return endian_load16(bytes) | (uint32_t)endian_load16(bytes + 2) << 16;
	if (!ENDIAN_LOADS_ANYWHERE)
		return *(const endian_word32 *)bytes;
	__builtin_memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint64_t endian_load64(const uint8_t *bytes, unsigned align_bytes)
{
	uint64_t value;

	if (!ENDIAN_LOADS_ANYWHERE && align_bytes < 8)
		return endian_load32(bytes, align_bytes) |
		       (uint64_t)endian_load32(bytes + 4, align_bytes) << 32;
	if (!ENDIAN_LOADS_ANYWHERE)
		return *(const endian_word64 *)bytes;
	__builtin_memcpy(&value, bytes, sizeof(value));
	return value;
}

/*
 * The number that stands big-endian at bytes, at any address. The product: of shift and or, gcc 12
 * makes a load and a swap also for machines that have neither.
 */
static inline uint32_t endian_get_be16(const uint8_t *bytes)
{
	if (ENDIAN_LOADS_ANYWHERE)
		return endian_swap16(endian_load16(bytes));
	return bytes[0] * 256u + bytes[1];
}

#endif
