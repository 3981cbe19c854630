/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packets on their way out (output.h). Each worker core has its own set. */
#include "path/output.h"

#include "lib/bits.h"
#include "path/core.h"
#include "path/handover.h"
#include "path/port.h"
#include "path/tso.h"
#include "path/vnet_queue.h"

bool output_init(struct output_set *set)
{
	list_init(&set->rows);
	set->free = set->output;
	set->room = OUTPUT_MAX;
	set->way.max_bytes = 0;
	return pkt_create(set->segment, OUTPUT_MAX_SEGMENTS, PKT_ROOM_BYTES);
}

static void output_drop(const struct core *core, uint16_t port, enum xvio_stat stat, unsigned num)
{
	port_count(core, port, stat, num);
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

		num += row->port->ops->shortage(row, &vqs[num]);
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
		row->long_bytes = 0;
		list_remove(link);
	}
	set->free = set->output;
	set->room = OUTPUT_MAX;
	set->num_segments = 0;
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

/* Each packet of a run goes on by itself. */
static void output_add_each(struct core *core, const struct pkt_run *run, uint16_t port,
			    union output_mark mark, const uint8_t *eth_dst)
{
	const bool has_needs = mark.needs;
	unsigned i;

	for (i = 0; i < run->num; i++) {
		struct pkt_run one = pkt_run_begin(&run->pkts[i]);

		mark.needs = has_needs ? run->pkts[i]->offload.needs : 0;
		output_add(core, &one, port, mark, eth_dst);
	}
}

static void output_hand_over(struct core *core, const struct port *port, const struct pkt_run *run,
			     union output_mark mark, const uint8_t *eth_dst)
{
	const bool has_needs = mark.needs;
	unsigned i;

	for (i = 0; i < run->num; i++) {
		mark.needs = has_needs ? run->pkts[i]->offload.needs : 0;
		if (!handover_push(core, port->core, run->pkts[i], port->number, mark, eth_dst))
			output_drop(core, port->number, XVIO_STAT_DROP_NO_BUFFER, 1);
	}
}

static bool output_is_miss(union output_mark mark)
{
	return mark.flags & XVIO_META_F_REPR;
}

/* What goes to a representor is bounded by the port it came from, not by the PF's own MTU. */
static uint32_t output_max_bytes(const struct port *port, union output_mark mark)
{
	return output_is_miss(mark) ? XVIO_MAX_FRAME_BYTES : port_max_frame_bytes(port);
}

/* To a port of this core, or of any, which takes what they need; the next may go along. */
static void output_place(struct core *core, struct port *port, const struct pkt_run *run,
			 union output_mark mark, const uint8_t *eth_dst)
{
	struct output_set *set = &core->output;

	if (set->room < run->num)
		output_spill(core);
	set->way.port = port->number;
	set->way.row = port_row(port, core->number);
	set->way.max_bytes =
		output_is_miss(mark) || port->policy.vlan_tci ? 0 : port_max_frame_bytes(port);
	set->way.takes = port->takes;
	output_append(set, set->way.row, run, mark, eth_dst);
}

/* Frames that were made of a packet; they stand in one place each, as do pointers to them. */
static void output_add_segments(struct core *core, struct port *port, unsigned num,
				union output_mark mark, const uint8_t *eth_dst)
{
	struct output_set *set = &core->output;
	struct pkt_run run = {.pkts = &set->segment[set->num_segments], .num = num};

	set->num_segments += num;
	mark.sole = true;
	mark.needs = 0;
	output_place(core, port, &run, mark, eth_dst);
}

/* Room for up to num frames: where they will stand. */
static struct pkt **output_segment_room(struct core *core, unsigned *num)
{
	struct output_set *set = &core->output;

	if (set->num_segments == OUTPUT_MAX_SEGMENTS || !set->room)
		output_spill(core);
	*num = bits_min(*num, bits_min(OUTPUT_MAX_SEGMENTS - set->num_segments, set->room));
	return &set->segment[set->num_segments];
}

/* Sends a packet in frames of its own size. */
static void output_cut(struct core *core, struct port *port, const struct pkt *pkt,
		       union output_mark mark, const uint8_t *eth_dst)
{
	struct tso tso = tso_begin(pkt);
	bool failed = false;

	while (!failed && !tso_is_done(&tso)) {
		unsigned room = PKT_BURST;
		struct pkt **slot = output_segment_room(core, &room);
		unsigned num = 0;

		while (num < room && !tso_is_done(&tso) && !failed) {
			failed = !tso_next(&tso, slot[num]);
			num += !failed;
		}
		if (num)
			output_add_segments(core, port, num, mark, eth_dst);
	}
	if (failed)
		output_drop(core, port->number, XVIO_STAT_DROP_RING_ERROR, 1);
	port_count(core, port->number, XVIO_STAT_SPLIT_FRAMES, tso.num + failed - 1);
}

/* Sends a packet with its checksum; in place where nobody else has it. */
static void output_sum_up(struct core *core, struct port *port, const struct pkt_run *run,
			  union output_mark mark, const uint8_t *eth_dst)
{
	struct pkt *pkt = run->pkts[0];
	unsigned num = 1;

	if (mark.sole && pkt_pull(pkt)) {
		offload_finish(pkt);
		mark.needs = 0;
		output_place(core, port, run, mark, eth_dst);
	} else if (!mark.sole && tso_copy(pkt, output_segment_room(core, &num)[0])) {
		output_add_segments(core, port, 1, mark, eth_dst);
	} else {
		output_drop(core, port->number, XVIO_STAT_DROP_RING_ERROR, 1);
	}
}

/* A packet that stands for several frames, to a port that takes it so. */
static void output_place_whole(struct core *core, struct port *port, const struct pkt_run *run,
			       union output_mark mark, const uint8_t *eth_dst)
{
	output_place(core, port, run, mark, eth_dst);
	port_row(port, core->number)->long_bytes += run->num_bytes;
}

/* To a port of this core: whole, or as the port can take them. */
static void output_add_needy(struct core *core, struct port *port, const struct pkt_run *run,
			     union output_mark mark, const uint8_t *eth_dst)
{
	const uint32_t max_bytes = output_max_bytes(port, mark);
	const uint8_t lacks = mark.needs & (uint8_t)~port->takes;
	struct pkt *pkt = run->pkts[0];

	if (!lacks && run->max_bytes <= max_bytes)
		output_place(core, port, run, mark, eth_dst);
	else if (run->num > 1)
		output_add_each(core, run, port->number, mark, eth_dst);
	else if (offload_frame_bytes(pkt) > max_bytes)
		output_drop(core, port->number, XVIO_STAT_DROP_OVERSIZE, 1);
	else if (!lacks)
		output_place_whole(core, port, run, mark, eth_dst);
	else if (mark.needs & OFFLOAD_GSO)
		output_cut(core, port, pkt, mark, eth_dst);
	else
		output_sum_up(core, port, run, mark, eth_dst);
}

/* To a port of this core, or of any. */
static void output_add_here(struct core *core, struct port *port, const struct pkt_run *run,
			    union output_mark mark, const uint8_t *eth_dst)
{
	if (mark.needs)
		output_add_needy(core, port, run, mark, eth_dst);
	else
		output_place(core, port, run, mark, eth_dst);
}

struct pkt *const *output_copy(struct core *core, const struct pkt *pkt, bool has_needs)
{
	struct pkt_pool *pool = pkt->len_bytes > XVIO_MAX_FRAME_BYTES ? &core->large : &core->pool;
	struct pkt *copy;

	if (!pool->num_free)
		return NULL;
	copy = pkt_alloc(pool);
	pkt_copy(copy, pkt);
	if (has_needs)
		copy->offload = pkt->offload;
	return pkt_top(pool);
}

/* From a port in a VLAN frames go out without the tag; those of others do not. */
static void output_add_untagged(struct core *core, struct port *port, const struct pkt_run *run,
				union output_mark mark, const uint8_t *eth_dst)
{
	struct pkt *const *slot = run->pkts;
	struct pkt_run one;

	if (run->num > 1) {
		output_add_each(core, run, port->number, mark, eth_dst);
		return;
	}
	if (!policy_delivers(&port->policy, *slot)) {
		output_drop(core, port->number, XVIO_STAT_DROP_VLAN, 1);
		return;
	}
	if (!pkt_pull(*slot)) {
		output_drop(core, port->number, XVIO_STAT_DROP_RING_ERROR, 1);
		return;
	}
	if (!mark.sole)
		slot = output_copy(core, *slot, mark.needs);
	if (!slot) {
		output_drop(core, port->number, XVIO_STAT_DROP_NO_BUFFER, 1);
		return;
	}
	policy_untag(*slot, mark.needs);
	one = pkt_run_begin(slot);
	mark.sole = true;
	output_add_here(core, port, &one, mark, eth_dst);
}

/* What cannot be sent for its length is dropped, the rest goes on one by one. */
static void output_drop_long(struct core *core, const struct pkt_run *run, uint16_t port,
			     union output_mark mark, const uint8_t *eth_dst)
{
	if (run->num == 1)
		output_drop(core, port, XVIO_STAT_DROP_OVERSIZE, 1);
	else
		output_add_each(core, run, port, mark, eth_dst);
}

/* Looks the port up; what is found serves those that follow in this round. */
static void output_look_up(struct core *core, const struct pkt_run *run, uint16_t number,
			   union output_mark mark, const uint8_t *eth_dst)
{
	struct port *port = port_get(number);

	if (!port || !port_is_up(port)) {
		if (output_is_miss(mark))
			output_drop(core, mark.port, XVIO_STAT_DROP_NO_HOST, run->num);
		else
			output_drop(core, port ? number : run->pkts[0]->in_port,
				    XVIO_STAT_DROP_PORT_DOWN, run->num);
		return;
	}
	if (!mark.needs && run->max_bytes > output_max_bytes(port, mark))
		output_drop_long(core, run, number, mark, eth_dst);
	else if (!port->any_core_sends && port->core != core->number)
		output_hand_over(core, port, run, mark, eth_dst);
	else if (port->policy.vlan_tci)
		output_add_untagged(core, port, run, mark, eth_dst);
	else
		output_add_here(core, port, run, mark, eth_dst);
}

void output_add(struct core *core, const struct pkt_run *run, uint16_t port, union output_mark mark,
		const uint8_t *eth_dst)
{
	if (!output_add_along(&core->output, run, port, mark, eth_dst))
		output_look_up(core, run, port, mark, eth_dst);
}

void output_add_miss(struct core *core, const struct pkt_run *run, uint8_t needs)
{
	union output_mark mark = {{
		.port = run->pkts[0]->in_port,
		.flags = XVIO_META_F_REPR,
		.sole = true,
		.needs = needs,
	}};

	output_add(core, run, XVIO_PORT_PF, mark, NULL);
}
