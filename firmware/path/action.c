/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Actions (action.h): output, drop, count. Worker core. */
#include "path/action.h"

#include "hal/hal.h"
#include "path/core.h"
#include "path/flow.h"
#include "path/port.h"

static void action_count(struct flow *flow, const struct pkt *pkt, unsigned core, uint64_t now_us)
{
	struct flow_count *count = &flow->count[core];

	stats_add_counter(&count->packets, 1);
	stats_add_counter(&count->bytes, pkt->len_bytes);
	atomic_store_explicit(&count->last_us, now_us, memory_order_relaxed);
}

static void action_run_flow(struct core *core, struct pkt *pkt)
{
	const struct flow *flow = pkt->flow;
	struct output_mark own = {.port = XVIO_PORT_PF};
	unsigned i;

	for (i = 0; i < flow->num_outputs; i++)
		output_add(core, pkt, flow->output[i], own, NULL);
	if (!flow->num_outputs)
		port_count(core, pkt->in_port, XVIO_STAT_DROP_RULE, 1);
}

void action_run(struct core *core)
{
	uint64_t now_us = core->now_us;
	unsigned i;

	for (i = 0; i < core->burst.num; i++) {
		struct pkt *pkt = core->burst.pkt[i];

		if (pkt->flow) {
			port_count(core, pkt->in_port, XVIO_STAT_FLOW_HITS, 1);
			action_count(pkt->flow, pkt, core->number, now_us);
			action_run_flow(core, pkt);
		} else {
			port_count(core, pkt->in_port, XVIO_STAT_FLOW_MISSES, 1);
			output_add_miss(core, pkt);
		}
	}
}
