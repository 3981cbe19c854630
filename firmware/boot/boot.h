/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The boot stage: from reset to a loaded image, or to a status page that says why there is none. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Starts the status page afresh (XVIO_STATE_ROM), then loads the newest good image to load_to (room
 * for XVIO_IMAGE_MAX_BYTES). True: *entry_offset is where to enter it, the page shows its version and
 * slot, state is STARTING. False: state is NO_IMAGE, and message names the fault of each slot.
 * Hart 0, once a reset.
 */
bool boot_load(void *load_to, uint32_t *entry_offset);

#endif
