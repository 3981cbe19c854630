/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packets on their way out (output.h). Each worker core has its own set. */
#include "path/output.h"

#include <string.h>
#include "path/core.h"
#include "path/handover.h"
#include "path/port.h"
#include "path/vnet_queue.h"

void output_init(struct output_set *set)
{
	list_init(&set->rows);
	set->num = 0;
}

static void output_drop(const struct core *core, uint16_t port, enum xvio_stat stat)
{
	port_count(core, port, stat, 1);
}

static void output_enqueue(struct core *core, struct port_row *row, struct pkt *pkt,
			   struct output_mark mark)
{
	struct output_set *set = &core->output;
	struct output *output;

	if (set->num == OUTPUT_MAX)
		output_flush(core);
	output = &set->output[set->num++];
	*output = (struct output){.pkt = pkt};
	output->meta.vnet_num_buffers = 1;
	output->meta.port = mark.port;
	output->meta.flags = mark.flags;
	*row->last_next = output;
	row->last_next = &output->next;
	row->num_outputs++;
	if (!list_linked(&row->link))
		list_add_tail(&set->rows, &row->link);
}

/* A copy of the packet for this round, with another destination. NULL: no packet is free. */
static struct pkt *output_redirect(struct core *core, const struct pkt *pkt, const uint8_t *eth_dst)
{
	struct pkt *copy = pkt_alloc(&core->pool);

	if (!copy)
		return NULL;
	copy->len_bytes = pkt->len_bytes;
	copy->in_port = pkt->in_port;
	memcpy(copy->data, pkt->data, pkt->len_bytes);
	memcpy(copy->data, eth_dst, 6);
	return copy;
}

void output_add(struct core *core, struct pkt *pkt, uint16_t number, struct output_mark mark,
		const uint8_t *eth_dst)
{
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
	if (eth_dst)
		pkt = output_redirect(core, pkt, eth_dst);
	if (!pkt) {
		output_drop(core, number, XVIO_STAT_DROP_NO_BUFFER);
		return;
	}
	if (port->any_core_sends || port->core == core->number)
		output_enqueue(core, port_row(port, core->number), pkt, mark);
	else if (!handover_push(core, port->core, pkt, number, mark))
		output_drop(core, number, XVIO_STAT_DROP_NO_BUFFER);
}

void output_add_miss(struct core *core, struct pkt *pkt)
{
	struct output_mark mark = {.port = pkt->in_port, .flags = XVIO_META_F_REPR};

	output_add(core, pkt, XVIO_PORT_PF, mark, NULL);
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
		struct virtq *vq = row->port->ops->shortage(row->port, row->num_outputs);

		if (vq && num < CORE_MAX_FETCHES)
			vqs[num++] = vq;
	}
	if (num)
		virtq_fetch(vqs, num, &core->dma);
}

static void output_clear(struct output_set *set)
{
	struct list *link;
	struct list *next;

	list_for_each_safe (link, next, &set->rows) {
		struct port_row *row = list_entry(link, struct port_row, link);

		row->first = NULL;
		row->last_next = &row->first;
		row->num_outputs = 0;
		list_remove(link);
	}
	set->num = 0;
}

void output_flush(struct core *core)
{
	struct output_set *set = &core->output;
	struct list *link;
	struct list *next;

	output_fetch_short(core);
	list_for_each_safe (link, next, &set->rows) {
		struct port_row *row = list_entry(link, struct port_row, link);

		row->port->ops->transmit(core, row);
	}
	vnet_publish(core);
	list_for_each_safe (link, next, &set->rows) {
		struct port_row *row = list_entry(link, struct port_row, link);

		row->port->ops->complete(core, row);
	}
	output_clear(set);
}
