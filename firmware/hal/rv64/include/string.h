/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* All that the firmware asks of a C library; defined in hal/rv64/mem.c. */
#ifndef RV64_STRING_H
#define RV64_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len_bytes);
void *memmove(void *to, const void *from, size_t len_bytes);
void *memset(void *to, int value, size_t len_bytes);
int memcmp(const void *a, const void *b, size_t len_bytes);

#endif
