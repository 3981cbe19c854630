/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Copies of a few cache lines without a call: two overlapping moves of a fixed size. */
#ifndef LIB_COPY_H
#define LIB_COPY_H

#include <stdint.h>
#include <string.h>

/* Both ends of a piece that is size .. 2 * size long. */
static inline void copy_ends(uint8_t *to, const uint8_t *from, uint32_t len_bytes, uint32_t size)
{
	memcpy(to, from, size);
	memcpy(to + len_bytes - size, from + len_bytes - size, size);
}

/* As memcpy(); fast up to 256 bytes. Some bytes of from may be read twice: the last value counts. */
static inline void copy_small(void *to, const void *from, uint32_t len_bytes)
{
	if (len_bytes > 256)
		memcpy(to, from, len_bytes);
	else if (len_bytes > 128)
		copy_ends(to, from, len_bytes, 128);
	else if (len_bytes > 64)
		copy_ends(to, from, len_bytes, 64);
	else if (len_bytes >= 32)
		copy_ends(to, from, len_bytes, 32);
	else if (len_bytes >= 16)
		copy_ends(to, from, len_bytes, 16);
	else
		memcpy(to, from, len_bytes);
}

#endif
