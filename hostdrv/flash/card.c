// SPDX-License-Identifier: GPL-2.0
/* Status and reset of a card. Called by the commands in xvio_flash.c. */
#include "card.h"
#include <string.h>

#define CARD_RESET_TIMEOUT_MS 10000u
#define CARD_RESET_LOOK_MS    20u

bool card_is_known(struct io *io)
{
	return io_read32(io, XVIO_REG_MAGIC) == XVIO_MAGIC &&
	       io_read32(io, XVIO_REG_ABI) == XVIO_ABI_VERSION;
}

void card_read_status(struct io *io, struct xvio_status *status)
{
	uint32_t words[sizeof(*status) / sizeof(uint32_t)];

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		words[i] = io_read32(io, XVIO_WIN_STATUS + i * (uint32_t)sizeof(*words));
	memcpy(status, words, sizeof(*status));
	status->version[sizeof(status->version) - 1] = '\0';
	status->message[sizeof(status->message) - 1] = '\0';
	if (status->magic != XVIO_MAGIC || status->generation != io_read32(io, XVIO_REG_GENERATION))
		status->state = XVIO_STATE_OFF;
}

bool card_is_alive(struct io *io)
{
	struct xvio_status before, after;

	card_read_status(io, &before);
	io_wait_ms(io, 2 * XVIO_HEARTBEAT_MS);
	card_read_status(io, &after);
	return after.state == XVIO_STATE_RUNNING && after.heartbeat != before.heartbeat;
}

bool card_reset(struct io *io, struct xvio_status *status)
{
	uint32_t generation = io_read32(io, XVIO_REG_GENERATION);

	io_write32(io, XVIO_REG_RESET, XVIO_RESET_KEY);
	for (unsigned ms = 0; ms < CARD_RESET_TIMEOUT_MS; ms += CARD_RESET_LOOK_MS) {
		card_read_status(io, status);
		if (status->generation != generation &&
		    (status->state == XVIO_STATE_RUNNING || status->state == XVIO_STATE_NO_IMAGE))
			return true;
		if (status->generation != generation && status->state == XVIO_STATE_PANIC)
			return false;
		io_wait_ms(io, CARD_RESET_LOOK_MS);
	}
	return false;
}

const char *card_state_name(uint32_t state)
{
	static const char *const names[] = {
		[XVIO_STATE_OFF] = "off",	    [XVIO_STATE_ROM] = "boot ROM",
		[XVIO_STATE_NO_IMAGE] = "no image", [XVIO_STATE_STARTING] = "starting",
		[XVIO_STATE_RUNNING] = "running",   [XVIO_STATE_PANIC] = "panic",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}
