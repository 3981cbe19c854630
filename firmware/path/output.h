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
#include "path/port.h"

#define OUTPUT_MAX 512u /* packets */

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
		bool sole; /* the packets go nowhere else: their frames may be changed in place */
	};
	uint32_t word;
};

#define OUTPUT_PREFIX_BYTES 24u /* a header and an Ethernet address */

/* Packets that go to one port in the same way. In DMA-able memory. */
struct output {
	struct output *next; /* to the same port */
	struct pkt *const *pkts;
	unsigned num; /* 1 to 32 */
	uint32_t
		unsent; /* bit i: of packet i the port's transmit has counted why it was not sent */
	const uint8_t *eth_dst; /* NULL: as in the frame */
	union output_mark mark;
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
	unsigned room; /* for packets */
	struct list rows; /* ports with outputs, port_row.link */
	struct output output[OUTPUT_MAX];
};

void output_init(struct output_set *set);

/*
 * Sends packets out of a port when the round is flushed; hands them over if another core owns it.
 * run->pkts stays as it is until the round ends; run itself need not. eth_dst: six bytes that go out in the
 * place of the frames' destination, valid until the round ends; NULL: frames as they are.
 */
void output_add(struct core *core, const struct pkt_run *run, uint16_t port, union output_mark mark,
		const uint8_t *eth_dst);

/* Does that if the port is the last one's, and the packets fit; false if not: nothing was done. */
static inline bool output_add_along(struct output_set *set, const struct pkt_run *run,
				    uint16_t port, union output_mark mark, const uint8_t *eth_dst)
{
	struct port_row *row = set->way.row;
	struct output *output = set->free;

	if (port != set->way.port || run->max_bytes > set->way.max_bytes || run->num > set->room)
		return false;
	set->free = output + 1;
	set->room -= run->num;
	output->next = NULL;
	output->pkts = run->pkts;
	output->num = run->num;
	output->unsent = 0;
	output->eth_dst = eth_dst;
	output->mark.word = mark.word;
	*row->last_next = output;
	row->last_next = &output->next;
	if (!row->num_outputs)
		list_add_tail(&set->rows, &row->link);
	row->num_outputs += run->num;
	return true;
}

/* To host software, as from the representor of the port they came in by. */
void output_add_miss(struct core *core, const struct pkt_run *run);

/*
 * Ends a round: sends what was added, and tells drivers what was taken from their rings; one DMA list.
 */
void output_flush(struct core *core);

#endif
