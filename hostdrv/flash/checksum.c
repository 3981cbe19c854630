// SPDX-License-Identifier: GPL-2.0
/* The checksum of images; a bit at a time is fast enough for a MiB. */
#include "checksum.h"

#define CHECKSUM_POLYNOMIAL 0xedb88320u

uint32_t checksum_crc32(const void *data, size_t len_bytes)
{
	const uint8_t *byte = data;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len_bytes; i++) {
		crc ^= byte[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CHECKSUM_POLYNOMIAL : 0);
	}
	return ~crc;
}
