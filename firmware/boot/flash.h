/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Reads the card's flash (xvio/flash.h). The firmware never writes it: hardware does, for the host. */
#ifndef BOOT_FLASH_H
#define BOOT_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies len_bytes from byte offset of the flash; false if they do not all lie in it. */
bool flash_read(uint32_t offset, void *to, size_t len_bytes);

#endif
