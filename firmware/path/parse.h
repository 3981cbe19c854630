/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* From a frame to the flow key that rules are matched with (xvio/flow.h). */
#ifndef PATH_PARSE_H
#define PATH_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include "path/classifier.h"

/*
 * Fills key (all of it). False: the frame is truncated or its headers contradict each other; key is
 * then undefined. Reads data[0 .. len_bytes - 1] only; any alignment.
 */
bool parse_frame(const uint8_t *data, uint32_t len_bytes, uint16_t in_port, union flow_key *key);

#endif
