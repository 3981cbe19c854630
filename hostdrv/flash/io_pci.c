// SPDX-License-Identifier: GPL-2.0
/*
 * Real cards: libpci finds them and switches their memory decoding on, sysfs maps BAR0. No driver is
 * needed; one that is bound leaves the registers unclaimed.
 */
#include "io_pci.h"
#include <errno.h>
#include <fcntl.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xvio/pci.h>

struct io {
	volatile uint32_t *regs;
};

static void io_format_bdf(char bdf[IO_BDF_BYTES], const struct pci_dev *dev)
{
	snprintf(bdf, IO_BDF_BYTES, "%04x:%02x:%02x.%x", (unsigned)dev->domain & 0xffff, dev->bus,
		 dev->dev, dev->func & 7u);
}

static void io_find_driver(struct io_card *card)
{
	char path[64], target[256];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", card->bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	name = strrchr(target, '/');
	snprintf(card->driver, sizeof(card->driver), "%.31s", name ? name + 1 : target);
}

static bool io_is_card(struct pci_dev *dev)
{
	pci_fill_info(dev, PCI_FILL_IDENT);
	return dev->vendor_id == XVIO_PCI_VENDOR_ID && dev->device_id == XVIO_PCI_DEVICE_ID;
}

static int io_compare(const void *a, const void *b)
{
	return strcmp(((const struct io_card *)a)->bdf, ((const struct io_card *)b)->bdf);
}

unsigned io_pci_list(struct io_card *cards, unsigned max)
{
	struct pci_access *access = pci_alloc();
	unsigned num = 0;

	pci_init(access);
	pci_scan_bus(access);
	for (struct pci_dev *dev = access->devices; dev; dev = dev->next) {
		if (!io_is_card(dev) || num++ >= max)
			continue;
		memset(&cards[num - 1], 0, sizeof(cards[num - 1]));
		io_format_bdf(cards[num - 1].bdf, dev);
		io_find_driver(&cards[num - 1]);
	}
	pci_cleanup(access);
	qsort(cards, num < max ? num : max, sizeof(*cards), io_compare);
	return num;
}

/* A card without a driver may have been left with its BARs switched off. */
static void io_enable_memory(const struct io_card *card)
{
	struct pci_access *access = pci_alloc();
	char bdf[IO_BDF_BYTES];

	pci_init(access);
	pci_scan_bus(access);
	for (struct pci_dev *dev = access->devices; dev; dev = dev->next) {
		uint16_t command;

		io_format_bdf(bdf, dev);
		if (strcmp(bdf, card->bdf))
			continue;
		command = pci_read_word(dev, PCI_COMMAND);
		if (!(command & PCI_COMMAND_MEMORY))
			pci_write_word(dev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	}
	pci_cleanup(access);
}

struct io *io_pci_open(const struct io_card *card)
{
	char path[64];
	struct io *io;
	void *regs;
	int fd;

	io_enable_memory(card);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%u", card->bdf,
		 XVIO_BAR_REGS);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "xvio-flash: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	regs = mmap(NULL, XVIO_BAR_REGS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (regs == MAP_FAILED) {
		fprintf(stderr, "xvio-flash: cannot map %s: %s\n", path, strerror(errno));
		return NULL;
	}
	io = malloc(sizeof(*io));
	if (!io) {
		munmap(regs, XVIO_BAR_REGS_BYTES);
		fprintf(stderr, "xvio-flash: no memory\n");
		return NULL;
	}
	io->regs = regs;
	return io;
}

void io_pci_close(struct io *io)
{
	munmap((void *)io->regs, XVIO_BAR_REGS_BYTES);
	free(io);
}

uint32_t io_read32(struct io *io, uint32_t reg)
{
	return io->regs[reg / sizeof(uint32_t)];
}

void io_write32(struct io *io, uint32_t reg, uint32_t value)
{
	io->regs[reg / sizeof(uint32_t)] = value;
}

void io_wait_ms(struct io *io, unsigned ms)
{
	(void)io;
	usleep(ms * 1000);
}
