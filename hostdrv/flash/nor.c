// SPDX-License-Identifier: GPL-2.0
/* Flash commands: one window of data at a time, each waited for. Called by slots.c. */
#include "nor.h"
#include <string.h>
#include <xvio/flash.h>

#define NOR_TIMEOUT_MS 5000u

static const char *nor_command(struct io *io, uint32_t command, uint32_t addr, size_t len_bytes)
{
	uint32_t status;
	unsigned ms;

	io_write32(io, XVIO_REG_FLASH_ADDR, addr);
	io_write32(io, XVIO_REG_FLASH_LEN, (uint32_t)len_bytes);
	io_write32(io, XVIO_REG_FLASH_CMD, command);
	for (ms = 0; (status = io_read32(io, XVIO_REG_FLASH_STATUS)) == XVIO_FLASH_STATUS_BUSY;
	     ms++) {
		if (ms == NOR_TIMEOUT_MS)
			return "the flash stays busy";
		io_wait_ms(io, 1);
	}
	switch (status) {
	case XVIO_FLASH_STATUS_OK:
		return NULL;
	case XVIO_FLASH_STATUS_BAD_ADDR:
		return "address outside the flash";
	case XVIO_FLASH_STATUS_BAD_LEN:
		return "the card refuses the length";
	case XVIO_FLASH_STATUS_IO_ERROR:
		return "the flash has failed";
	default:
		return "the card does not know the flash command";
	}
}

static size_t nor_piece(uint32_t addr, size_t len_bytes)
{
	size_t room = XVIO_WIN_BYTES - addr % XVIO_WIN_BYTES;

	return len_bytes < room ? len_bytes : room;
}

const char *nor_read(struct io *io, uint32_t addr, void *buf, size_t len_bytes)
{
	uint8_t *to = buf;

	while (len_bytes) {
		size_t piece = nor_piece(addr, len_bytes);
		const char *fault = nor_command(io, XVIO_FLASH_CMD_READ, addr, piece);

		if (fault)
			return fault;
		for (size_t i = 0; i < piece; i += sizeof(uint32_t)) {
			uint32_t word = io_read32(io, (uint32_t)(XVIO_WIN_FLASH + i));

			memcpy(to + i, &word, piece - i < sizeof(word) ? piece - i : sizeof(word));
		}
		addr += (uint32_t)piece;
		to += piece;
		len_bytes -= piece;
	}
	return NULL;
}

const char *nor_program(struct io *io, uint32_t addr, const void *buf, size_t len_bytes)
{
	const uint8_t *from = buf;

	while (len_bytes) {
		size_t piece = nor_piece(addr, len_bytes);
		const char *fault;

		for (size_t i = 0; i < piece; i += sizeof(uint32_t)) {
			uint32_t word = UINT32_MAX;

			memcpy(&word, from + i,
			       piece - i < sizeof(word) ? piece - i : sizeof(word));
			io_write32(io, (uint32_t)(XVIO_WIN_FLASH + i), word);
		}
		fault = nor_command(io, XVIO_FLASH_CMD_PROGRAM, addr, piece);
		if (fault)
			return fault;
		addr += (uint32_t)piece;
		from += piece;
		len_bytes -= piece;
	}
	return NULL;
}

const char *nor_erase(struct io *io, uint32_t addr)
{
	return nor_command(io, XVIO_FLASH_CMD_ERASE, addr, XVIO_FLASH_SECTOR_BYTES);
}
