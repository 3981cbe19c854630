/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packets on their way out (output.h). Each worker core has its own set. */
#include "path/output.h"

#include "lib/bits.h"
#include "path/core.h"
#include "path/handover.h"
#include "path/port.h"
#include "path/vnet_queue.h"

void output_init(struct output_set *set)
{
	list_init(&set->rows);
	set->free = set->output;
	set->way.max_bytes = 0;
}

static void output_drop(const struct core *core, uint16_t port, enum xvio_stat stat)
{
	port_count(core, port, stat, 1);
}

/* Receive queues whose stock does not reach for this flush are looked at once more, together. */
static void output_fetch_short(struct core *core)
{
	struct virtq *vqs[CORE_MAX_FETCHES];
	struct list *link;
	struct list *next;
	unsigned num = 0;

	list_for_each_safe (link, next, &core->output.rows) {
		struct port_row *row = list_entry(link, struct port_row, link);

		num += row->port->ops->shortage(row->port, row->num_outputs, &vqs[num]);
		if (num > CORE_MAX_FETCHES - PORT_MAX_SHORT) {
			virtq_fetch(vqs, num, &core->dma);
			num = 0;
		}
	}
	if (num)
		virtq_fetch(vqs, num, &core->dma);
}

static void output_transmit(struct core *core)
{
	struct list *link;
	struct list *next;

	output_fetch_short(core);
	list_for_each_safe (link, next, &core->output.rows) {
		struct port_row *row = list_entry(link, struct port_row, link);

		row->port->ops->transmit(core, row);
	}
}

/* After the DMA list was run: counts, and forgets. */
static void output_complete(struct core *core)
{
	struct output_set *set = &core->output;
	struct list *link;
	struct list *next;

	list_for_each_safe (link, next, &set->rows) {
		struct port_row *row = list_entry(link, struct port_row, link);

		row->port->ops->complete(core, row);
		row->last_next = &row->first;
		row->num_outputs = 0;
		list_remove(link);
	}
	set->free = set->output;
	set->way.max_bytes = 0; /* ports may change between rounds */
}

/* In the middle of a round: chains whose packets are still to be sent stay unpublished. */
static void output_spill(struct core *core)
{
	output_transmit(core);
	dma_run(&core->dma);
	output_complete(core);
}

void output_flush(struct core *core)
{
	output_transmit(core);
	vnet_publish(core);
	output_complete(core);
}

static unsigned output_room(const struct output_set *set)
{
	return (unsigned)(set->output + OUTPUT_MAX - set->free);
}

static inline void output_fill(struct output *output, struct pkt *pkt, union output_mark mark,
			       const uint8_t *eth_dst)
{
	output->next = NULL;
	output->pkt = pkt;
	output->eth_dst = eth_dst;
	output->mark.word = mark.word;
}

/* Adds a packet to a row; there is room in the set. */
static inline void output_enqueue(struct output_set *set, struct port_row *row, struct pkt *pkt,
				  union output_mark mark, const uint8_t *eth_dst)
{
	struct output *output = set->free++;

	output_fill(output, pkt, mark, eth_dst);
	*row->last_next = output;
	row->last_next = &output->next;
	if (!row->num_outputs++)
		list_add_tail(&set->rows, &row->link);
}

/* Adds packets, up to num and the room, to the last port's row, up to one that is too long for it. */
static unsigned output_enqueue_many(struct output_set *set, struct pkt *const *pkts, unsigned num,
				    union output_mark mark, const uint8_t *eth_dst)
{
	const uint32_t max_bytes = set->way.max_bytes;
	struct port_row *row = set->way.row;
	struct output *output = set->free;
	struct output *first = output;
	unsigned i;

	num = bits_min(num, output_room(set));
	for (i = 0; i < num && pkts[i]->len_bytes <= max_bytes; i++, output++) {
		output_fill(output, pkts[i], mark, eth_dst);
		output->next = output + 1;
	}
	if (!i)
		return 0;
	output[-1].next = NULL;
	*row->last_next = first;
	row->last_next = &output[-1].next;
	if (!row->num_outputs)
		list_add_tail(&set->rows, &row->link);
	row->num_outputs += i;
	set->free = output;
	return i;
}

/* Looks the port up; what is found serves those that follow in this round. */
static void output_look_up(struct core *core, struct pkt *pkt, uint16_t number,
			   union output_mark mark, const uint8_t *eth_dst)
{
	struct output_set *set = &core->output;
	struct port *port = port_get(number);
	bool is_miss = mark.flags & XVIO_META_F_REPR;

	if (!port || !port_is_up(port)) {
		if (is_miss)
			output_drop(core, mark.port, XVIO_STAT_DROP_NO_HOST);
		else
			output_drop(core, port ? number : pkt->in_port, XVIO_STAT_DROP_PORT_DOWN);
		return;
	}
	/* What goes to a representor is bounded by the port it came from, not by the PF's own MTU. */
	if (!is_miss && pkt->len_bytes > port_max_frame_bytes(port)) {
		output_drop(core, number, XVIO_STAT_DROP_OVERSIZE);
		return;
	}
	if (port->any_core_sends || port->core == core->number) {
		if (!output_room(set))
			output_spill(core);
		set->way.port = number;
		set->way.row = port_row(port, core->number);
		set->way.max_bytes = port_max_frame_bytes(port);
		output_enqueue(set, set->way.row, pkt, mark, eth_dst);
	} else if (!handover_push(core, port->core, pkt, number, mark, eth_dst)) {
		output_drop(core, number, XVIO_STAT_DROP_NO_BUFFER);
	}
}

void output_add_many(struct core *core, struct pkt *const *pkts, unsigned num, uint16_t port,
		     union output_mark mark, const uint8_t *eth_dst)
{
	struct output_set *set = &core->output;

	while (num) {
		unsigned done = 0;

		if (port == set->way.port)
			done = output_enqueue_many(set, pkts, num, mark, eth_dst);
		if (!done) {
			output_look_up(core, *pkts, port, mark, eth_dst);
			done = 1;
		}
		pkts += done;
		num -= done;
	}
}

void output_add(struct core *core, struct pkt *pkt, uint16_t port, union output_mark mark,
		const uint8_t *eth_dst)
{
	struct output_set *set = &core->output;

	if (port == set->way.port && pkt->len_bytes <= set->way.max_bytes && output_room(set))
		output_enqueue(set, set->way.row, pkt, mark, eth_dst);
	else
		output_look_up(core, pkt, port, mark, eth_dst);
}

void output_add_miss(struct core *core, struct pkt *pkt)
{
	union output_mark mark = {{.port = pkt->in_port, .flags = XVIO_META_F_REPR}};

	output_add(core, pkt, XVIO_PORT_PF, mark, NULL);
}
