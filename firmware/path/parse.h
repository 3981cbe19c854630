/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* From a frame to the flow key that rules are matched with (xvio/flow.h). */
#ifndef PATH_PARSE_H
#define PATH_PARSE_H

#include <stdint.h>
#include "path/classifier.h"

enum parse_result {
	PARSE_GOOD, /* key is filled, all of it */
	PARSE_MALFORMED, /* the frame is truncated or its headers contradict each other */
	PARSE_SHORT, /* a header goes on behind have_bytes: ask again with more of the frame */
};

/*
 * The key of a frame of len_bytes, whose first have_bytes (<= len_bytes) stand at data; reads nothing
 * behind them. Never PARSE_SHORT when have_bytes is len_bytes; otherwise any other result is the one
 * that the whole frame would give. Lengths are checked against len_bytes. key is undefined unless
 * PARSE_GOOD. data at any address; fastest with the IP header divisible by 8.
 */
enum parse_result parse_frame(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
			      uint16_t in_port, union flow_key *key);

/* The same for frames that parse_usual() (parse_fast.h) leaves: the unusual, and all that is wrong. */
enum parse_result parse_other(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
			      uint16_t in_port, union flow_key *key);

/* Where in a frame its headers are. */
struct parse_places {
	uint16_t l3_at; /* what the Ethernet header and its tags are in front of */
	uint16_t l4_at; /* IP: what its headers are in front of; else l3_at */
	uint16_t key_end; /* the key is made of bytes in front of this one */
};

/* Of a frame that parse_frame() found good with the same bytes. */
struct parse_places parse_places(const uint8_t *data, uint32_t have_bytes, uint32_t len_bytes,
				 const union flow_key *key);

#endif
