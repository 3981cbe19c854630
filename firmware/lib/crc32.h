/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* CRC-32 as in zlib and IEEE 802.3: reflected, polynomial 0x04c11db7. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of data; crc is 0, or the result for what comes before data. Any core. */
uint32_t crc32(uint32_t crc, const void *data, size_t len_bytes);

#endif
