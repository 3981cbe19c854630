/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Image slots: reading, ranking, loading. Called by the boot stage on hart 0; struct slot belongs to
 * the caller.
 */
#include "boot/slot.h"
#include "boot/flash.h"
#include "boot/image.h"

_Static_assert(XVIO_IMAGE_HEADER_BYTES + XVIO_IMAGE_MAX_BYTES <= XVIO_FLASH_SLOT_BYTES,
	       "an image fits in a slot");
_Static_assert(XVIO_FLASH_SLOT(XVIO_FLASH_NUM_SLOTS) <= XVIO_FLASH_BYTES, "slots fit in flash");

void slot_read(struct slot *slot, unsigned number)
{
	if (flash_read(XVIO_FLASH_SLOT(number), &slot->header, sizeof(slot->header)))
		slot->fault = image_check_header(&slot->header);
	else
		slot->fault = "outside the flash";
}

unsigned slot_newest(const struct slot slots[XVIO_FLASH_NUM_SLOTS])
{
	unsigned best = SLOT_NONE;

	for (unsigned i = 0; i < XVIO_FLASH_NUM_SLOTS; i++) {
		if (slots[i].fault)
			continue;
		if (best == SLOT_NONE || slots[i].header.sequence > slots[best].header.sequence)
			best = i;
	}
	return best;
}

void slot_load(struct slot *slot, unsigned number, void *load_to)
{
	const uint32_t payload = XVIO_FLASH_SLOT(number) + XVIO_IMAGE_HEADER_BYTES;

	if (flash_read(payload, load_to, slot->header.payload_bytes))
		slot->fault = image_check_payload(&slot->header, load_to);
	else
		slot->fault = "outside the flash";
}
