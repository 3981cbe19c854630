/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Byte order. All our cores are little-endian, as is the ABI: xvio_le* are read as they stand. What
 * is big-endian, or unaligned, comes from packets and goes through these.
 */
#ifndef LIB_ENDIAN_H
#define LIB_ENDIAN_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the ABI is read as it stands");

/* The number that stands big-endian at bytes. */
static inline uint16_t endian_get_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Between a number and its big-endian form in a register. */
static inline uint16_t endian_swap16(uint16_t value)
{
	return __builtin_bswap16(value);
}

#endif
