/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Fuzzes the parser: the input is a frame. A longer frame of the same bytes must not change a header. */
#include <stdlib.h>
#include "fuzz.h"
#include "path/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	union flow_key key;
	union flow_key padded_key;
	uint8_t *padded;

	if (!parse_frame(data, (uint32_t)len_bytes, 1, &key))
		return 0;
	if (key.field.reserved[0] || key.field.reserved[1])
		abort();
	padded = calloc(1, len_bytes + 64);
	memcpy(padded, data, len_bytes);
	if (!parse_frame(padded, (uint32_t)len_bytes + 64, 1, &padded_key))
		abort();
	if (memcmp(&key, &padded_key, sizeof(key)) != 0)
		abort();
	free(padded);
	return 0;
}
