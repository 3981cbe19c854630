/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets that leave by a port of another core: one ring per pair of cores. An entry lends the packet
 * to the other core; when that core is done with it, the entry and the hold come back.
 */
#ifndef PATH_HANDOVER_H
#define PATH_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include "path/output.h"

#define HANDOVER_FLOOD \
	XVIO_PORT_NONE /* to all ports of that core that veb.h floods the packet to */

/* Core 0. False: no memory. */
bool handover_init(void);

/* Lends a packet of this core to another, for output by port (output_add()), or HANDOVER_FLOOD. False: no room. */
bool handover_push(struct core *core, unsigned to, struct pkt *pkt, uint16_t port,
		   union output_mark mark, const uint8_t *eth_dst);

/* Adds what other cores have lent to this core's outputs. */
void handover_take(struct core *core);

/* After the flush: gives back what was taken, takes back what others are done with, wakes them. */
void handover_end_round(struct core *core);

#endif
