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

#define OUTPUT_MAX	    512u /* packets */
#define OUTPUT_MAX_SEGMENTS 64u /* frames that other packets were cut into */

struct core;
struct port_row;

/*
 * How packets are marked: for host software (struct xvio_pkt_meta), which other ports ignore, and for the
 * stages behind this one; in one word, as it is handed from stage to stage.
 */
union output_mark {
	struct {
		uint16_t port;
		uint8_t flags; /* XVIO_META_F_* */
		bool sole; /* the packets go nowhere else: their frames may be changed in place */
		uint8_t needs; /* OFFLOAD_* of any of them; 0: pkt.offload is not looked at */
		bool has_note; /* pkt.note says something to host software */
		uint8_t unused[2];
	};
	uint64_t word;
};
_Static_assert(sizeof(union output_mark) == 8, "a word");

/* Packets that go to one port in the same way. */
struct output {
	struct output *next; /* to the same port */
	struct pkt *const *pkts;
	unsigned num; /* 1 to 32 */
	uint32_t
		unsent; /* bit i: of packet i the port's transmit has counted why it was not sent */
	const uint8_t *eth_dst; /* NULL: as in the frame */
	union output_mark mark;
};

/* The port that the last packet went to, if a frame of up to max_bytes may go there straight. */
struct output_way {
	struct port_row *row;
	uint32_t max_bytes; /* 0: look the port up */
	uint16_t port;
	uint8_t takes; /* OFFLOAD_* */
};

struct output_set {
	struct output_way way; /* of this round */
	struct output *free; /* the next to be used */
	unsigned room; /* for packets */
	struct list rows; /* ports with outputs, port_row.link */
	unsigned num_segments; /* in use until the outputs are sent */
	struct pkt *segment[OUTPUT_MAX_SEGMENTS];
	struct output output[OUTPUT_MAX];
};

/* Core 0. False: no memory. */
bool output_init(struct output_set *set);

/*
 * Sends packets out of a port when the round is flushed; hands them over if another core owns it. What they
 * need (mark.needs) and the port does not take is done here.
 * run->pkts stays as it is until the round ends; run itself need not. eth_dst: six bytes that go out in the
 * place of the frames' destination, valid until the round ends; NULL: frames as they are.
 */
void output_add(struct core *core, const struct pkt_run *run, uint16_t port, union output_mark mark,
		const uint8_t *eth_dst);

/* Puts packets that are fit for it behind the others of a port; set->room has been looked at. */
static inline void output_append(struct output_set *set, struct port_row *row,
				 const struct pkt_run *run, union output_mark mark,
				 const uint8_t *eth_dst)
{
	struct output *output = set->free;

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
}

/* Does output_add() if the port is the last one's, and the packets fit; false if not: nothing was done. */
static inline bool output_add_along(struct output_set *set, const struct pkt_run *run,
				    uint16_t port, union output_mark mark, const uint8_t *eth_dst)
{
	if (port != set->way.port || run->max_bytes > set->way.max_bytes || run->num > set->room ||
	    mark.needs & ~set->way.takes)
		return false;
	output_append(set, set->way.row, run, mark, eth_dst);
	return true;
}

/* To host software, as from the representor of the port they came in by; needs as in output_mark. */
void output_add_miss(struct core *core, const struct pkt_run *run, uint8_t needs);

/*
 * A packet of this round with the same frame and needs, at its place among others; all of pkt's frame is here. NULL:
 * there is none left.
 */
struct pkt *const *output_copy(struct core *core, const struct pkt *pkt, bool has_needs);

/*
 * Ends a round: sends what was added, and tells drivers what was taken from their rings; one DMA list.
 */
void output_flush(struct core *core);

#endif
