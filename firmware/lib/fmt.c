/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Builds texts piece by piece. Any core, no state of its own: the buffer and struct fmt belong to the
 * caller.
 */
#include "lib/fmt.h"

struct fmt fmt_begin(char *buffer, size_t bytes)
{
	buffer[0] = '\0';
	return (struct fmt){.at = buffer, .room_bytes = bytes};
}

void fmt_text(struct fmt *fmt, const char *text)
{
	for (; *text && fmt->room_bytes > 1; text++, fmt->room_bytes--)
		*fmt->at++ = *text;
	*fmt->at = '\0';
}

static void fmt_number(struct fmt *fmt, uint64_t value, unsigned base)
{
	char digits[21];
	char *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do {
		*--first = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	fmt_text(fmt, first);
}

void fmt_decimal(struct fmt *fmt, uint64_t value)
{
	fmt_number(fmt, value, 10);
}

void fmt_hex(struct fmt *fmt, uint64_t value)
{
	fmt_text(fmt, "0x");
	fmt_number(fmt, value, 16);
}
