/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Actions (action.h): output, drop, count. Worker core. */
#include "path/action.h"

#include "path/core.h"
#include "path/flow.h"
#include "path/port.h"

static const union output_mark action_own = {{.port = XVIO_PORT_PF}};
static const union output_mark action_sole = {{.port = XVIO_PORT_PF, .sole = true}};

static inline void action_count(const struct flow *flow, const struct pkt *pkt, unsigned core,
				uint64_t now_us)
{
	struct flow_count *count = flow_count(flow, core);

	stats_add_counter(&count->packets, 1);
	stats_add_counter(&count->bytes, pkt->len_bytes);
	atomic_store_explicit(&count->last_us, now_us, memory_order_relaxed);
}

static void action_run_list(struct core *core, struct pkt *pkt)
{
	const struct flow_outputs *list = pkt->flow->list;
	unsigned i;

	for (i = 0; i < list->num; i++) {
		const struct flow_output *output = &list->output[i];

		output_add(core, pkt, output->port, action_own,
			   output->sets_eth_dst ? output->eth_dst : NULL);
	}
}

/* Returns 1 if the rule drops the packet. */
static inline unsigned action_run_one(struct core *core, struct pkt *pkt, const struct flow *flow)
{
	if (flow->kind == FLOW_OUTPUT)
		output_add(core, pkt, flow->port, action_sole, NULL);
	else if (flow->kind == FLOW_OUTPUT_ETH_DST)
		output_add(core, pkt, flow->port, action_sole, flow->eth_dst);
	else if (flow->kind == FLOW_LIST)
		action_run_list(core, pkt);
	else
		return 1;
	return 0;
}

static void action_count_port(const struct core *core, enum xvio_stat stat, unsigned num)
{
	if (num)
		port_count(core, core->burst.pkt[0]->in_port, stat, num);
}

/* All packets of a burst came in by the same port: its counters are written once. */
void action_run(struct core *core)
{
	struct pkt **next = core->burst.pkt;
	struct pkt **end = next + core->burst.num;
	const uint64_t now_us = core->now_us;
	const unsigned number = core->number;
	unsigned num_misses = 0;
	unsigned num_drops = 0;

	for (; next < end; next++) {
		struct pkt *pkt = *next;
		const struct flow *flow = pkt->flow;

		if (flow) {
			action_count(flow, pkt, number, now_us);
			num_drops += action_run_one(core, pkt, flow);
		} else {
			output_add_miss(core, pkt);
			num_misses++;
		}
	}
	action_count_port(core, XVIO_STAT_FLOW_HITS, core->burst.num - num_misses);
	action_count_port(core, XVIO_STAT_FLOW_MISSES, num_misses);
	action_count_port(core, XVIO_STAT_DROP_RULE, num_drops);
}
