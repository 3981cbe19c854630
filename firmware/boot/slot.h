/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The two image slots of the flash, and which of them to boot. Hart 0. */
#ifndef BOOT_SLOT_H
#define BOOT_SLOT_H

#include <xvio/flash.h>

#define SLOT_NONE XVIO_FLASH_NUM_SLOTS

struct slot {
	struct xvio_image_header header; /* a copy */
	const char *fault; /* why it cannot be booted; NULL as long as nothing is known */
};

/* Reads and checks the header of slot number. */
void slot_read(struct slot *slot, unsigned number);

/* Number of the slot to try next: without fault, highest sequence; SLOT_NONE if there is none. */
unsigned slot_newest(const struct slot slots[XVIO_FLASH_NUM_SLOTS]);

/*
 * Copies the payload of a slot without fault to load_to (room for XVIO_IMAGE_MAX_BYTES) and checks
 * the copy; what is wrong with it is then the slot's fault.
 */
void slot_load(struct slot *slot, unsigned number, void *load_to);

#endif
