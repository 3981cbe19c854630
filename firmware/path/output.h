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
struct port_row;

/*
 * How a packet is marked for host software (struct xvio_pkt_meta), which other ports ignore; in one
 * word, as it is handed from stage to stage with each packet.
 */
union output_mark {
	struct {
		uint16_t port;
		uint8_t flags; /* XVIO_META_F_* */
		bool sole; /* the packet goes nowhere else: its frame may be changed in place */
	};
	uint32_t word;
};

#define OUTPUT_PREFIX_BYTES 24u /* a header and an Ethernet address */

/* One packet to one port. In DMA-able memory. */
struct output {
	struct output *next; /* to the same port */
	struct pkt *pkt;
	const uint8_t *eth_dst; /* NULL: as in the frame */
	struct virtq *vq; /* it was sent to by a port with queues; NULL: that has counted why not */
	union output_mark mark;
	bool sent; /* the same of a MAC */
	uint8_t prefix[OUTPUT_PREFIX_BYTES]; /* what goes out in the place of the frame's start */
};

/* The port that the last packet went to, if a frame of up to max_bytes may go there straight. */
struct output_way {
	struct port_row *row;
	uint32_t max_bytes; /* 0: look the port up */
	uint16_t port;
};

struct output_set {
	struct output_way way; /* of this round */
	struct output *free; /* the next to be used */
	struct list rows; /* ports with outputs, port_row.link */
	struct output output[OUTPUT_MAX];
};

void output_init(struct output_set *set);

/*
 * Sends a packet out of a port when the round is flushed; hands it over if another core owns it.
 * eth_dst: six bytes that go out in the place of the frame's destination, valid until the round ends;
 * NULL: the frame as it is.
 */
void output_add(struct core *core, struct pkt *pkt, uint16_t port, union output_mark mark,
		const uint8_t *eth_dst);

/* The same for num packets, one after the other. */
void output_add_many(struct core *core, struct pkt *const *pkts, unsigned num, uint16_t port,
		     union output_mark mark, const uint8_t *eth_dst);

static inline void output_add_run(struct core *core, struct pkt *const *pkts, unsigned num,
				  uint16_t port, union output_mark mark, const uint8_t *eth_dst)
{
	if (num == 1)
		output_add(core, *pkts, port, mark, eth_dst);
	else
		output_add_many(core, pkts, num, port, mark, eth_dst);
}

/* To host software, as from the representor of the port it came in by. */
void output_add_miss(struct core *core, struct pkt *pkt);

/*
 * Ends a round: sends what was added, and tells drivers what was taken from their rings; one DMA list.
 */
void output_flush(struct core *core);

#endif
