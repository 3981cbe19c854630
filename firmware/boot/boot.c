/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the card does first after a reset. Called by the boot ROM (rv64) or at the start of the process
 * (posix), on hart 0, before any other hart runs.
 */
#include "boot/boot.h"
#include "boot/slot.h"
#include "hal/hal.h"
#include "lib/fmt.h"
#include <string.h>
#include <xvio/regs.h>

/* Pairs with the host's read of state: what stands in the page was written before. */
static void boot_set_state(struct xvio_status *status, uint32_t state)
{
	__atomic_store_n(&status->state, state, __ATOMIC_RELEASE);
}

static void boot_start_status(struct xvio_status *status)
{
	boot_set_state(status, XVIO_STATE_OFF);
	memset(status, 0, sizeof(*status));
	status->magic = XVIO_MAGIC;
	status->abi = XVIO_ABI_VERSION;
	status->generation = hal_generation();
	boot_set_state(status, XVIO_STATE_ROM);
}

static void boot_report_faults(struct xvio_status *status, const struct slot *slots)
{
	struct fmt message = fmt_begin(status->message, sizeof(status->message));

	for (unsigned i = 0; i < XVIO_FLASH_NUM_SLOTS; i++) {
		fmt_text(&message, i ? "; slot " : "slot ");
		fmt_decimal(&message, i);
		fmt_text(&message, ": ");
		fmt_text(&message, slots[i].fault);
	}
	boot_set_state(status, XVIO_STATE_NO_IMAGE);
	hal_log("boot: no image to boot:");
	hal_log(status->message);
}

bool boot_load(void *load_to, uint32_t *entry_offset)
{
	struct xvio_status *status = hal_status();
	struct slot slots[XVIO_FLASH_NUM_SLOTS];
	unsigned number;

	boot_start_status(status);
	for (unsigned i = 0; i < XVIO_FLASH_NUM_SLOTS; i++)
		slot_read(&slots[i], i);

	while ((number = slot_newest(slots)) != SLOT_NONE) {
		slot_load(&slots[number], number, load_to);
		if (slots[number].fault)
			continue;
		status->boot_slot = number;
		memcpy(status->version, slots[number].header.version, sizeof(status->version));
		*entry_offset = slots[number].header.entry_offset;
		boot_set_state(status, XVIO_STATE_STARTING);
		return true;
	}
	boot_report_faults(status, slots);
	return false;
}
