/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* boot/boot, slot, flash: which slot is booted, and what the status page says when none can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "boot/boot.h"
#include "boot/flash.h"
#include "hal/hal.h"
#include "images.h"
#include <xvio/regs.h>

static struct image older;
static struct image newer;
static uint8_t ram[XVIO_IMAGE_MAX_BYTES];

static int make(void **state)
{
	(void)state;
	fake_reset(2, 1);
	fake_set_boot(9, 0);
	image_make(&older, 3, "old");
	image_make(&newer, 4, "new");
	memset(ram, 0, sizeof(ram));
	return 0;
}

static void boots(unsigned slot, const struct image *image)
{
	const struct xvio_status *status = hal_status();
	uint32_t entry_offset = 0;

	assert_true(boot_load(ram, &entry_offset));
	assert_int_equal(entry_offset, 64);
	assert_memory_equal(ram, image->payload, IMAGE_PAYLOAD_BYTES);
	assert_int_equal(status->magic, XVIO_MAGIC);
	assert_int_equal(status->abi, XVIO_ABI_VERSION);
	assert_int_equal(status->state, XVIO_STATE_STARTING);
	assert_int_equal(status->generation, 9);
	assert_int_equal(status->boot_slot, slot);
	assert_string_equal(status->version, image->header.version);
}

static void boots_nothing(const char *message)
{
	const struct xvio_status *status = hal_status();
	uint32_t entry_offset;

	assert_false(boot_load(ram, &entry_offset));
	assert_int_equal(status->state, XVIO_STATE_NO_IMAGE);
	assert_int_equal(status->generation, 9);
	assert_string_equal(status->message, message);
	assert_string_equal(status->version, "");
}

static void blank_flash(void **state)
{
	(void)state;
	boots_nothing("slot 0: empty; slot 1: empty");
}

static void one_slot(void **state)
{
	(void)state;
	image_flash(1, &older, sizeof(older));
	boots(1, &older);
}

static void higher_sequence_wins(void **state)
{
	(void)state;
	image_flash(0, &newer, sizeof(newer));
	image_flash(1, &older, sizeof(older));
	boots(0, &newer);
	image_flash(0, &older, sizeof(older));
	image_flash(1, &newer, sizeof(newer));
	boots(1, &newer);
}

static void damaged_newer_falls_back(void **state)
{
	(void)state;
	image_flash(0, &older, sizeof(older));
	newer.payload[IMAGE_PAYLOAD_BYTES - 1] ^= 1;
	image_flash(1, &newer, sizeof(newer));
	boots(0, &older);
	newer.header.sequence = 99;
	image_flash(1, &newer, sizeof(newer));
	boots(0, &older);
}

static void truncated_payload(void **state)
{
	(void)state;
	for (size_t missing = 1; missing <= IMAGE_PAYLOAD_BYTES; missing += 617) {
		make(NULL);
		image_flash(0, &older, sizeof(older) - missing);
		boots_nothing("slot 0: payload checksum is wrong; slot 1: empty");
	}
}

static void both_bad(void **state)
{
	(void)state;
	older.header.reserved[3] = 1;
	image_flash(0, &older, sizeof(older));
	memset(fake_flash() + XVIO_FLASH_SLOT(1), 0, 4096);
	boots_nothing("slot 0: header checksum is wrong; slot 1: not an image");
}

static void status_starts_afresh(void **state)
{
	struct xvio_status *status = hal_status();

	(void)state;
	memset(status, 0x55, sizeof(*status));
	image_flash(0, &older, sizeof(older));
	boots(0, &older);
	assert_int_equal(status->heartbeat, 0);
	assert_string_equal(status->message, "");
}

static void flash_has_an_end(void **state)
{
	uint8_t byte[2];

	(void)state;
	assert_true(flash_read(XVIO_FLASH_BYTES - 2, byte, 2));
	assert_true(flash_read(XVIO_FLASH_BYTES, byte, 0));
	assert_false(flash_read(XVIO_FLASH_BYTES - 1, byte, 2));
	assert_false(flash_read(XVIO_FLASH_BYTES + 1, byte, 0));
	assert_false(flash_read(0, byte, SIZE_MAX));
	assert_false(flash_read(UINT32_MAX, byte, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(blank_flash, make),
		cmocka_unit_test_setup(one_slot, make),
		cmocka_unit_test_setup(higher_sequence_wins, make),
		cmocka_unit_test_setup(damaged_newer_falls_back, make),
		cmocka_unit_test_setup(truncated_payload, make),
		cmocka_unit_test_setup(both_bad, make),
		cmocka_unit_test_setup(status_starts_afresh, make),
		cmocka_unit_test_setup(flash_has_an_end, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
