/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What a harness provides, and how it draws numbers from its input. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

struct fuzz_input {
	const uint8_t *data;
	size_t len_bytes;
};

/* Takes len_bytes into to; what the input does not have is 0. */
static inline void fuzz_take(struct fuzz_input *input, void *to, size_t len_bytes)
{
	size_t num = len_bytes < input->len_bytes ? len_bytes : input->len_bytes;

	memset(to, 0, len_bytes);
	memcpy(to, input->data, num);
	input->data += num;
	input->len_bytes -= num;
}

static inline uint8_t fuzz_take_byte(struct fuzz_input *input)
{
	uint8_t byte;

	fuzz_take(input, &byte, 1);
	return byte;
}

#endif
