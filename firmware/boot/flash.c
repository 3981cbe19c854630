/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Flash as the boot stage sees it. Whatever is read is copied: the host may program flash while we
 * look, so only copies are checked and used. Hart 0.
 */
#include "boot/flash.h"
#include "hal/hal.h"
#include <string.h>
#include <xvio/flash.h>

bool flash_read(uint32_t offset, void *to, size_t len_bytes)
{
	if (offset > XVIO_FLASH_BYTES || len_bytes > XVIO_FLASH_BYTES - offset)
		return false;
	memcpy(to, hal_flash() + offset, len_bytes);
	return true;
}
