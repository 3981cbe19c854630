// SPDX-License-Identifier: GPL-2.0
/* Choosing, writing and erasing slots. Called by the commands in xvio_flash.c. */
#include "slots.h"
#include "imgfile.h"
#include "nor.h"
#include <string.h>

const char *slots_read_header(struct io *io, uint32_t slot, struct xvio_image_header *header,
			      int *valid)
{
	const char *fault = nor_read(io, XVIO_FLASH_SLOT(slot), header, sizeof(*header));

	*valid = !fault && !imgfile_check_header(header);
	return fault;
}

const char *slots_plan_write(struct io *io, uint32_t running, struct slots_plan *plan)
{
	struct xvio_image_header header[XVIO_FLASH_NUM_SLOTS];
	int valid[XVIO_FLASH_NUM_SLOTS];
	uint32_t keep = running;
	const char *fault;

	for (uint32_t slot = 0; slot < XVIO_FLASH_NUM_SLOTS; slot++) {
		fault = slots_read_header(io, slot, &header[slot], &valid[slot]);
		if (fault)
			return fault;
	}
	for (uint32_t slot = 0; running == SLOTS_NONE && slot < XVIO_FLASH_NUM_SLOTS; slot++)
		if (valid[slot] &&
		    (keep == SLOTS_NONE || header[slot].sequence > header[keep].sequence))
			keep = slot;
	plan->slot = keep == 0 ? 1 : 0;
	plan->sequence = 1;
	if (keep != SLOTS_NONE && valid[keep]) {
		if (header[keep].sequence == UINT32_MAX)
			return "the sequence numbers are used up: erase the flash";
		plan->sequence = header[keep].sequence + 1;
	}
	return NULL;
}

static const char *slots_erase_bytes(struct io *io, uint32_t slot, size_t len_bytes)
{
	for (uint32_t done = 0; done < len_bytes; done += XVIO_FLASH_SECTOR_BYTES) {
		const char *fault = nor_erase(io, XVIO_FLASH_SLOT(slot) + done);

		if (fault)
			return fault;
	}
	return NULL;
}

static const char *slots_verify(struct io *io, uint32_t addr, const void *data, size_t len_bytes)
{
	uint8_t sector[XVIO_FLASH_SECTOR_BYTES];

	for (size_t done = 0; done < len_bytes; done += sizeof(sector)) {
		size_t piece =
			len_bytes - done < sizeof(sector) ? len_bytes - done : sizeof(sector);
		const char *fault = nor_read(io, (uint32_t)(addr + done), sector, piece);

		if (fault)
			return fault;
		if (memcmp(sector, (const uint8_t *)data + done, piece))
			return "what was read back is not what was written";
	}
	return NULL;
}

static const char *slots_program(struct io *io, uint32_t addr, const uint8_t *data,
				 size_t len_bytes, void (*progress)(unsigned percent))
{
	for (size_t done = 0; done < len_bytes; done += XVIO_FLASH_SECTOR_BYTES) {
		size_t left = len_bytes - done;
		const char *fault = nor_program(
			io, (uint32_t)(addr + done), data + done,
			left < XVIO_FLASH_SECTOR_BYTES ? left : XVIO_FLASH_SECTOR_BYTES);

		if (fault)
			return fault;
		progress((unsigned)(done * 100 / len_bytes));
	}
	return NULL;
}

const char *slots_write(struct io *io, const struct slots_plan *plan, const void *image,
			size_t len_bytes, void (*progress)(unsigned percent))
{
	const uint32_t addr = XVIO_FLASH_SLOT(plan->slot);
	struct xvio_image_header header;
	const uint8_t *payload = (const uint8_t *)image + sizeof(header);
	const size_t payload_bytes = len_bytes - sizeof(header);
	const char *fault;

	memcpy(&header, image, sizeof(header));
	imgfile_set_sequence(&header, plan->sequence);
	fault = slots_erase_bytes(io, plan->slot, len_bytes);
	if (!fault)
		fault = slots_program(io, addr + sizeof(header), payload, payload_bytes, progress);
	if (!fault)
		fault = slots_verify(io, addr + sizeof(header), payload, payload_bytes);
	if (!fault)
		fault = nor_program(io, addr, &header, sizeof(header));
	if (!fault)
		fault = slots_verify(io, addr, &header, sizeof(header));
	if (!fault)
		progress(100);
	return fault;
}

const char *slots_erase(struct io *io, uint32_t slot)
{
	return slots_erase_bytes(io, slot, XVIO_FLASH_SLOT_BYTES);
}
