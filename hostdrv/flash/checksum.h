/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FLASH_CHECKSUM_H
#define FLASH_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of IEEE 802.3, reflected, as in zlib. */
uint32_t checksum_crc32(const void *data, size_t len_bytes);

#endif
