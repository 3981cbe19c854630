/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Where a queue stands that an earlier run of the firmware has served. Core 0. */
#ifndef PATH_VIRTQ_PLACE_H
#define PATH_VIRTQ_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include "path/virtq.h"

/*
 * Finds out where a queue goes on, which does not run (config, but for last_avail, is as it was then): behind
 * what its driver was told of. Only where host memory is not mapped.
 *
 * A split queue stands where its used index says. A packed queue stands at one end or the other of its last
 * publication (config->place), by whether the descriptor with which that ends has been written. One that was
 * cut off in the middle is brought to its end, for the descriptors behind the first do not say any more what
 * they were available for; those that were not written are told as empty.
 *
 * False: the ring cannot be read or written, or it is no ring that we could have left behind.
 */
bool virtq_find_place(const struct virtq_config *config, uint16_t *last_avail);

#endif
