/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets on their way out: gathered per port during a round, then sent together. Every packet that
 * is given to these functions is counted once, as sent or under the reason it was dropped.
 */
#ifndef PATH_OUTPUT_H
#define PATH_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include "lib/list.h"
#include "path/pkt.h"

#define OUTPUT_MAX 512u

struct core;

/* How a packet is marked for host software (struct xvio_pkt_meta); other ports ignore it. */
struct output_mark {
	uint16_t port;
	uint8_t flags; /* XVIO_META_F_* */
};

/* One packet to one port. In DMA-able memory. */
struct output {
	struct xvio_pkt_meta meta; /* what stands in front of the packet */
	struct pkt *pkt;
	struct output *next; /* to the same port */
	bool sent; /* by the port's transmit; else it has counted why not */
};

struct output_set {
	struct list rows; /* ports with outputs, port_row.link */
	unsigned num;
	struct output output[OUTPUT_MAX];
};

void output_init(struct output_set *set);

/*
 * Sends a packet out of a port when the round is flushed; hands it over if another core owns it.
 * eth_dst, unless NULL: six bytes that stand for the frame's destination in what goes out.
 */
void output_add(struct core *core, struct pkt *pkt, uint16_t port, struct output_mark mark,
		const uint8_t *eth_dst);

/* To host software, as from the representor of the port it came in by. */
void output_add_miss(struct core *core, struct pkt *pkt);

/* Sends what was added, and tells drivers what was taken from their rings: one DMA list. */
void output_flush(struct core *core);

#endif
