/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How xvio-flash reaches a card: 32-bit accesses to its BAR0 (xvio/regs.h), whose address is that of
 * the register. io_pci.c has the real one; unit tests bring a card of their own.
 */
#ifndef FLASH_IO_H
#define FLASH_IO_H

#include <stdint.h>

struct io;

uint32_t io_read32(struct io *io, uint32_t reg);
void io_write32(struct io *io, uint32_t reg, uint32_t value);

/* Sleeps. */
void io_wait_ms(struct io *io, unsigned ms);

#endif
