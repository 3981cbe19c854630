/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The card's flash through its registers: read, program (bits only fall), erase a sector. All return
 * NULL, or what went wrong. Addresses are byte offsets in flash.
 */
#ifndef FLASH_NOR_H
#define FLASH_NOR_H

#include <stddef.h>
#include "io.h"

const char *nor_read(struct io *io, uint32_t addr, void *buf, size_t len_bytes);
const char *nor_program(struct io *io, uint32_t addr, const void *buf, size_t len_bytes);
/* addr at the start of a sector. */
const char *nor_erase(struct io *io, uint32_t addr);

#endif
