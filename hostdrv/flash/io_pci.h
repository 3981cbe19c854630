/* SPDX-License-Identifier: GPL-2.0 */
/* The cards of this machine, found by libpci, their BAR0 mapped through sysfs. */
#ifndef FLASH_IO_PCI_H
#define FLASH_IO_PCI_H

#include <stdbool.h>
#include "io.h"

#define IO_BDF_BYTES 16

struct io_card {
	char bdf[IO_BDF_BYTES]; /* dddd:bb:dd.f */
	char driver[32]; /* bound to it; empty: none */
};

/* Finds up to max cards in bus order; returns how many there are. */
unsigned io_pci_list(struct io_card *cards, unsigned max);

/* Maps the registers; NULL: a message has been printed. Released by io_pci_close(). */
struct io *io_pci_open(const struct io_card *card);
void io_pci_close(struct io *io);

#endif
