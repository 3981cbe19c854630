/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Text into a buffer, for logs and messages: always NUL-terminated, what does not fit is cut off. */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stddef.h>
#include <stdint.h>

struct fmt {
	char *at; /* the terminating NUL */
	size_t room_bytes; /* from at on, the NUL's byte included */
};

/* Starts an empty text in buffer (bytes > 0), which stays the caller's. */
struct fmt fmt_begin(char *buffer, size_t bytes);

void fmt_text(struct fmt *fmt, const char *text);
void fmt_decimal(struct fmt *fmt, uint64_t value);
void fmt_hex(struct fmt *fmt, uint64_t value);

#endif
