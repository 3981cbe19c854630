/* SPDX-License-Identifier: GPL-2.0 */
/* Who runs on the card: its status window, and its reset. */
#ifndef FLASH_CARD_H
#define FLASH_CARD_H

#include <stdbool.h>
#include <xvio/regs.h>
#include "io.h"

/* Whether a card of ours answers at all. */
bool card_is_known(struct io *io);

/*
 * Copies the status; texts are terminated, and a status left over from before the last reset comes
 * with state OFF.
 */
void card_read_status(struct io *io, struct xvio_status *status);

/* Looks for twice the promised period whether the heart beats. */
bool card_is_alive(struct io *io);

/*
 * Resets the card and waits until the boot ROM has found nothing or the firmware runs; then true.
 * False: *status is what came of it.
 */
bool card_reset(struct io *io, struct xvio_status *status);

const char *card_state_name(uint32_t state);

#endif
