/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two image slots. The one that runs, or else the one that would boot next, is never touched:
 * whatever happens while the other is written, the card still boots.
 */
#ifndef FLASH_SLOTS_H
#define FLASH_SLOTS_H

#include <xvio/flash.h>
#include "io.h"

#define SLOTS_NONE UINT32_MAX

struct slots_plan {
	uint32_t slot; /* to write */
	uint32_t sequence; /* for the new image */
};

/* Reads a slot's header; *valid says whether it could be booted as far as a header tells. */
const char *slots_read_header(struct io *io, uint32_t slot, struct xvio_image_header *header,
			      int *valid);

/* Where a new image goes. running: the slot of the firmware that runs, or SLOTS_NONE. */
const char *slots_plan_write(struct io *io, uint32_t running, struct slots_plan *plan);

/*
 * Writes a checked image as planned: erase from the header on, payload, read back, header last. At
 * every moment the slot is either invalid or complete. progress is called with 0 .. 100.
 */
const char *slots_write(struct io *io, const struct slots_plan *plan, const void *image,
			size_t len_bytes, void (*progress)(unsigned percent));

const char *slots_erase(struct io *io, uint32_t slot);

#endif
