/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the parser must say: a slow parser that is right, and the comparison with it. */
#ifndef COMMON_PARSE_MODEL_H
#define COMMON_PARSE_MODEL_H

#include <stdbool.h>
#include "path/parse.h"

#define PARSE_MODEL_MAX_BYTES 2048u /* of a frame */
#define PARSE_MODEL_PLACES    8u /* addresses that a frame may have modulo 8 */

struct parse_model {
	bool good; /* else malformed */
	uint32_t reach_bytes; /* what of the frame has been read */
	union flow_key key; /* if good */
};

/* The outcome for a whole frame. */
void parse_model_frame(const uint8_t *data, uint32_t len_bytes, uint16_t in_port,
		       struct parse_model *model);

/* How often the comparison saw each enum parse_result. */
extern uint64_t parse_model_seen[3];

/*
 * Both parsers, this machine's and that for machines that trap on unaligned loads, on a frame at an
 * address that is place modulo 8, with each have_bytes from have_from to have_to (<= len_bytes), and
 * not one byte more there for the sanitizer. False, and the frame is printed: one says something else.
 */
bool parse_model_agrees(const uint8_t *data, uint32_t have_from, uint32_t have_to,
			uint32_t len_bytes, unsigned place);

/* parse.c as it is compiled for a machine that loads words from aligned addresses only. */
enum parse_result parse_frame_aligned(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
				      uint16_t in_port, union flow_key *key);

#endif
