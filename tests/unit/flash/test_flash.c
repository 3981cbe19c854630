/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * xvio-flash without a card: image checks, choice of the slot, power that fails at every step, a flash
 * that lies, a card that does not come back. The registers below behave as xvio/regs.h says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "card.h"
#include "checksum.h"
#include "imgfile.h"
#include "slots.h"

#define PAYLOAD_BYTES 10000u
#define IMAGE_BYTES   (XVIO_IMAGE_HEADER_BYTES + PAYLOAD_BYTES)
#define FOREVER	      UINT32_MAX

struct io {
	uint8_t *flash;
	uint8_t window[XVIO_WIN_BYTES];
	uint32_t addr, len_bytes, status;
	uint32_t power; /* flash commands until it fails */
	bool dark; /* it has failed */
	uint32_t stuck; /* address of a byte that cannot be programmed; FOREVER: none */
	struct xvio_status soc;
	uint32_t generation;
	uint32_t boot_state; /* what a reset leads to */
	uint32_t boot_ms; /* after so many */
	uint32_t waiting_ms; /* FOREVER: not resetting */
};

static struct io io;
static uint8_t image[IMAGE_BYTES];
static unsigned last_percent;

static uint32_t fake_command(uint32_t command)
{
	uint8_t *to = io.flash + io.addr;

	if (!io.power) {
		/* The first command without power is cut in its middle, later ones do nothing */
		if (command == XVIO_FLASH_CMD_PROGRAM && !io.dark)
			for (uint32_t i = 0; i < io.len_bytes / 2; i++)
				to[i] &= io.window[i];
		io.dark = true;
		return XVIO_FLASH_STATUS_IO_ERROR;
	}
	if (io.power != FOREVER)
		io.power--;
	if (io.addr + io.len_bytes > XVIO_FLASH_BYTES)
		return XVIO_FLASH_STATUS_BAD_ADDR;
	switch (command) {
	case XVIO_FLASH_CMD_READ:
		memcpy(io.window, to, io.len_bytes);
		return XVIO_FLASH_STATUS_OK;
	case XVIO_FLASH_CMD_PROGRAM:
		for (uint32_t i = 0; i < io.len_bytes; i++)
			if (io.addr + i != io.stuck)
				to[i] &= io.window[i];
		return XVIO_FLASH_STATUS_OK;
	case XVIO_FLASH_CMD_ERASE:
		assert_int_equal(io.addr % XVIO_FLASH_SECTOR_BYTES, 0);
		memset(to, 0xff, XVIO_FLASH_SECTOR_BYTES);
		return XVIO_FLASH_STATUS_OK;
	default:
		return XVIO_FLASH_STATUS_BAD_CMD;
	}
}

uint32_t io_read32(struct io *card, uint32_t reg)
{
	uint32_t word;

	assert_ptr_equal(card, &io);
	switch (reg) {
	case XVIO_REG_MAGIC:
		return XVIO_MAGIC;
	case XVIO_REG_ABI:
		return XVIO_ABI_VERSION;
	case XVIO_REG_GENERATION:
		return io.generation;
	case XVIO_REG_FLASH_STATUS:
		return io.status;
	}
	if (reg >= XVIO_WIN_FLASH)
		memcpy(&word, io.window + reg - XVIO_WIN_FLASH, sizeof(word));
	else
		memcpy(&word, (uint8_t *)&io.soc + reg - XVIO_WIN_STATUS, sizeof(word));
	return word;
}

void io_write32(struct io *card, uint32_t reg, uint32_t value)
{
	assert_ptr_equal(card, &io);
	if (reg == XVIO_REG_FLASH_ADDR)
		io.addr = value;
	else if (reg == XVIO_REG_FLASH_LEN)
		io.len_bytes = value;
	else if (reg == XVIO_REG_FLASH_CMD && io.status != XVIO_FLASH_STATUS_BUSY)
		io.status = fake_command(value);
	else if (reg >= XVIO_WIN_FLASH)
		memcpy(io.window + reg - XVIO_WIN_FLASH, &value, sizeof(value));
	if (reg != XVIO_REG_RESET)
		return;
	assert_int_equal(value, XVIO_RESET_KEY);
	io.generation++;
	io.waiting_ms = 0;
}

void io_wait_ms(struct io *card, unsigned ms)
{
	assert_ptr_equal(card, &io);
	if (io.waiting_ms == FOREVER)
		return;
	io.waiting_ms += ms;
	if (io.waiting_ms < io.boot_ms)
		return;
	io.soc.state = io.boot_state;
	io.soc.generation = io.generation;
	io.waiting_ms = FOREVER;
}

static void progress(unsigned percent)
{
	assert_in_range(percent, last_percent, 100);
	last_percent = percent;
}

static struct xvio_image_header *header_of(void *at)
{
	return at;
}

/* Makes a good image of one version, which also fills its payload. */
static void image_make(const char *version)
{
	struct xvio_image_header header = {
		.magic = XVIO_IMAGE_MAGIC,
		.header_bytes = XVIO_IMAGE_HEADER_BYTES,
		.abi = XVIO_ABI_VERSION,
		.arch = XVIO_IMAGE_ARCH_RV64,
		.payload_bytes = PAYLOAD_BYTES,
	};

	for (unsigned i = 0; i < PAYLOAD_BYTES; i++)
		image[sizeof(header) + i] = (uint8_t)(i * 7 + version[0]);
	strcpy(header.version, version);
	header.payload_crc32 = checksum_crc32(image + sizeof(header), PAYLOAD_BYTES);
	imgfile_set_sequence(&header, 0);
	memcpy(image, &header, sizeof(header));
}

static int set_up(void **state)
{
	uint8_t *flash = io.flash ? io.flash : malloc(XVIO_FLASH_BYTES);

	(void)state;
	memset(flash, 0xff, XVIO_FLASH_BYTES);
	io = (struct io){
		.flash = flash,
		.power = FOREVER,
		.stuck = FOREVER,
		.generation = 5,
		.boot_state = XVIO_STATE_RUNNING,
		.boot_ms = 300,
		.waiting_ms = FOREVER,
	};
	io.soc.magic = XVIO_MAGIC;
	io.soc.generation = io.generation;
	io.soc.state = XVIO_STATE_RUNNING;
	last_percent = 0;
	image_make("1.0");
	return 0;
}

static const char *write_image(uint32_t running, struct slots_plan *plan)
{
	const char *fault = slots_plan_write(&io, running, plan);

	last_percent = 0;
	return fault ? fault : slots_write(&io, plan, image, sizeof(image), progress);
}

/* Whether the card could boot what stands in a slot. */
static int slot_boots(uint32_t slot)
{
	return !imgfile_check(io.flash + XVIO_FLASH_SLOT(slot), sizeof(image));
}

static void crc_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(checksum_crc32("123456789", 9), 0xcbf43926u);
}

static void bad_images_are_refused(void **state)
{
	static const size_t flips[] = {0, 8, 12, 40, 1020, 1024, IMAGE_BYTES - 1};

	(void)state;
	assert_null(imgfile_check(image, sizeof(image)));
	assert_non_null(imgfile_check(image, sizeof(image) - 1));
	assert_non_null(imgfile_check(image, 100));
	for (unsigned i = 0; i < sizeof(flips) / sizeof(*flips); i++) {
		image[flips[i]] ^= 0x10;
		assert_non_null(imgfile_check(image, sizeof(image)));
		image[flips[i]] ^= 0x10;
	}
	/* What a good checksum does not make good */
	header_of(image)->abi = XVIO_ABI_VERSION + 1;
	imgfile_set_sequence(header_of(image), 1);
	assert_string_equal(imgfile_check(image, sizeof(image)), "made for another ABI");
	image_make("1.0");
	header_of(image)->payload_bytes = XVIO_IMAGE_MAX_BYTES + 1;
	imgfile_set_sequence(header_of(image), 1);
	assert_non_null(imgfile_check(image, sizeof(image)));
}

static void the_running_slot_is_kept(void **state)
{
	struct slots_plan plan;

	(void)state;
	assert_null(write_image(SLOTS_NONE, &plan));
	assert_int_equal(plan.slot, 0);
	assert_int_equal(plan.sequence, 1);
	assert_null(write_image(0, &plan));
	assert_int_equal(plan.slot, 1);
	assert_int_equal(plan.sequence, 2);
	/* Written but not booted: it is replaced, whatever its number */
	assert_null(write_image(0, &plan));
	assert_int_equal(plan.slot, 1);
	assert_int_equal(plan.sequence, 2);
	/* Nothing runs: the one that would boot next is kept */
	assert_null(write_image(SLOTS_NONE, &plan));
	assert_int_equal(plan.slot, 0);
	assert_int_equal(plan.sequence, 3);
	assert_int_equal(header_of(io.flash + XVIO_FLASH_SLOT(0))->sequence, 3);
	assert_true(slot_boots(0) && slot_boots(1));
	assert_int_equal(last_percent, 100);
}

static void sequence_numbers_end(void **state)
{
	struct slots_plan plan;

	(void)state;
	imgfile_set_sequence(header_of(image), UINT32_MAX);
	memcpy(io.flash + XVIO_FLASH_SLOT(0), image, sizeof(image));
	assert_non_null(slots_plan_write(&io, 0, &plan));
}

/* Power fails after each number of flash commands; the old image must boot whenever the new cannot. */
static void power_may_fail_at_any_step(void **state)
{
	struct slots_plan plan;
	unsigned steps = 0, complete = 0;
	const char *fault;

	(void)state;
	assert_null(write_image(SLOTS_NONE, &plan));
	assert_null(write_image(0, &plan));
	image_make("2.0");
	do {
		io.power = steps++;
		io.dark = false;
		fault = write_image(0, &plan);
		io.power = FOREVER;
		assert_true(slot_boots(0));
		assert_string_equal(header_of(io.flash + XVIO_FLASH_SLOT(0))->version, "1.0");
		if (slot_boots(1) &&
		    !strcmp(header_of(io.flash + XVIO_FLASH_SLOT(1))->version, "2.0"))
			complete++;
		else if (imgfile_check_header(header_of(io.flash + XVIO_FLASH_SLOT(1))) == NULL)
			assert_true(slot_boots(1)); /* untouched yet */
	} while (fault);
	assert_true(steps > 10);
	/* Only the last read-back can fail when all is there */
	assert_in_range(complete, 1, 2);
}

static void a_lying_flash_is_found_out(void **state)
{
	struct slots_plan plan;

	(void)state;
	io.stuck = XVIO_FLASH_SLOT(0) + 5000;
	assert_string_equal(write_image(SLOTS_NONE, &plan),
			    "what was read back is not what was written");
	assert_false(slot_boots(0));
	assert_int_equal(header_of(io.flash + XVIO_FLASH_SLOT(0))->magic, UINT32_MAX);
}

static void a_busy_flash_is_given_up(void **state)
{
	struct slots_plan plan;

	(void)state;
	io.status = XVIO_FLASH_STATUS_BUSY;
	assert_string_equal(slots_plan_write(&io, SLOTS_NONE, &plan), "the flash stays busy");
}

static void erased_slots_are_blank(void **state)
{
	struct slots_plan plan;

	(void)state;
	assert_null(write_image(SLOTS_NONE, &plan));
	assert_null(write_image(0, &plan));
	assert_null(slots_erase(&io, 1));
	assert_true(slot_boots(0));
	for (uint32_t i = 0; i < XVIO_FLASH_SLOT_BYTES; i++)
		if (io.flash[XVIO_FLASH_SLOT(1) + i] != 0xff)
			fail();
}

static void reset_waits_for_the_new_run(void **state)
{
	struct xvio_status status;

	(void)state;
	assert_true(card_is_known(&io));
	assert_true(card_reset(&io, &status));
	assert_int_equal(status.state, XVIO_STATE_RUNNING);
	assert_int_equal(status.generation, 6);
	io.boot_state = XVIO_STATE_NO_IMAGE;
	assert_true(card_reset(&io, &status));
	assert_int_equal(status.state, XVIO_STATE_NO_IMAGE);
	io.boot_state = XVIO_STATE_PANIC;
	assert_false(card_reset(&io, &status));
	/* Never comes up: the old run's RUNNING must not be taken for the new one's */
	io.soc.state = XVIO_STATE_RUNNING;
	io.boot_ms = FOREVER;
	assert_false(card_reset(&io, &status));
	assert_int_equal(status.state, XVIO_STATE_OFF);
}

static int tear_down(void **state)
{
	(void)state;
	free(io.flash);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(crc_is_the_usual_one, set_up),
		cmocka_unit_test_setup(bad_images_are_refused, set_up),
		cmocka_unit_test_setup(the_running_slot_is_kept, set_up),
		cmocka_unit_test_setup(sequence_numbers_end, set_up),
		cmocka_unit_test_setup(power_may_fail_at_any_step, set_up),
		cmocka_unit_test_setup(a_lying_flash_is_found_out, set_up),
		cmocka_unit_test_setup(a_busy_flash_is_given_up, set_up),
		cmocka_unit_test_setup(erased_slots_are_blank, set_up),
		cmocka_unit_test_setup(reset_waits_for_the_new_run, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
