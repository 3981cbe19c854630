/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The boot ROM: loads an image out of flash to the start of RAM, or says why not and sleeps. Called
 * by rom_start.S on hart 0, while the other harts are parked.
 */
#include "hal/rv64/soc.h"
#include "hal/rv64/entry.h"
#include "boot/boot.h"
#include "hal/hal.h"

uint64_t rom_main(void)
{
	uint32_t entry_offset;

	hal_log("rom: looking for an image");
	if (!boot_load((void *)MAP_RAM, &entry_offset))
		hal_halt();
	return MAP_RAM + entry_offset;
}
