/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fuzzes the parser: the input is a frame. Whatever of it is there, the parser says what the model
 * says; a longer frame of the same bytes does not change a header.
 */
#include <stdlib.h>
#include "common/parse_model.h"
#include "fuzz.h"

#define MAX_BYTES 1500u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	uint32_t len = len_bytes < MAX_BYTES ? (uint32_t)len_bytes : MAX_BYTES;
	union flow_key key;
	union flow_key padded_key;
	uint8_t padded[MAX_BYTES + 64] = {0};

	if (!parse_model_agrees(data, 0, len < 200 ? len : 200, len, len % PARSE_MODEL_PLACES) ||
	    !parse_model_agrees(data, len, len, len, 2))
		abort();
	if (parse_frame(data, len, len, 1, &key) != PARSE_GOOD)
		return 0;
	memcpy(padded, data, len);
	if (parse_frame(padded, len + 64, len + 64, 1, &padded_key) != PARSE_GOOD)
		abort();
	if (memcmp(&key, &padded_key, sizeof(key)) != 0)
		abort();
	return 0;
}
