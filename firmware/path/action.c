/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Actions (action.h): output, drop, count. Worker core. */
#include "path/action.h"

#include "path/core.h"
#include "path/flow.h"
#include "path/port.h"

static const union output_mark action_own = {{.port = XVIO_PORT_PF}};
static const union output_mark action_sole = {{.port = XVIO_PORT_PF, .sole = true}};

static inline void action_count(const struct flow *flow, unsigned core, uint64_t now_us,
				unsigned num, uint64_t num_bytes)
{
	struct flow_count *count = flow_count(flow, core);

	stats_add_counter(&count->packets, num);
	stats_add_counter(&count->bytes, num_bytes);
	stats_set(&count->last_us, now_us);
}

static void action_run_list(struct core *core, struct pkt *const *pkts, unsigned num,
			    const struct flow_outputs *list)
{
	unsigned i;

	for (i = 0; i < list->num; i++) {
		const struct flow_output *output = &list->output[i];

		output_add_run(core, pkts, num, output->port, action_own,
			       output->sets_eth_dst ? output->eth_dst : NULL);
	}
}

/* Returns 1 if the rule drops the packet. */
static inline unsigned action_run_one(struct core *core, struct pkt **pkt, const struct flow *flow)
{
	if (flow->kind == FLOW_OUTPUT)
		output_add(core, *pkt, flow->port, action_sole, NULL);
	else if (flow->kind == FLOW_OUTPUT_ETH_DST)
		output_add(core, *pkt, flow->port, action_sole, flow->eth_dst);
	else if (flow->kind == FLOW_LIST)
		action_run_list(core, pkt, 1, flow->list);
	else
		return 1;
	return 0;
}

/* What a flow does with num packets, one after the other. Returns how many it drops. */
static unsigned action_run_many(struct core *core, struct pkt *const *pkts, unsigned num,
				const struct flow *flow)
{
	uint64_t num_bytes = 0;
	unsigned i;

	for (i = 0; i < num; i++)
		num_bytes += pkts[i]->len_bytes;
	action_count(flow, core->number, core->now_us, num, num_bytes);
	if (flow->kind == FLOW_OUTPUT)
		output_add_run(core, pkts, num, flow->port, action_sole, NULL);
	else if (flow->kind == FLOW_OUTPUT_ETH_DST)
		output_add_run(core, pkts, num, flow->port, action_sole, flow->eth_dst);
	else if (flow->kind == FLOW_LIST)
		action_run_list(core, pkts, num, flow->list);
	else
		return num;
	return 0;
}

/* How many packets from next on have the same flow. */
static unsigned action_run_length(struct pkt *const *next, struct pkt *const *end)
{
	struct pkt *const *at = next + 1;

	while (at < end && (*at)->flow == (*next)->flow)
		at++;
	return (unsigned)(at - next);
}

static void action_count_port(const struct core *core, enum xvio_stat stat, unsigned num)
{
	if (num)
		port_count(core, core->burst.pkt[0]->in_port, stat, num);
}

/*
 * All packets of a burst came in by the same port: its counters are written once. Those of one flow
 * that come one after the other are a run, for which the flow's counters and port are.
 */
void action_run(struct core *core)
{
	struct pkt **next = core->burst.pkt;
	struct pkt **end = next + core->burst.num;
	const uint64_t now_us = core->now_us;
	const unsigned number = core->number;
	unsigned num_misses = 0;
	unsigned num_drops = 0;
	unsigned num;

	for (; next < end; next += num) {
		const struct flow *flow = (*next)->flow;

		num = 1;
		if (!flow) {
			output_add_miss(core, *next);
			num_misses++;
		} else if (next + 1 < end && next[1]->flow == flow) {
			num = action_run_length(next, end);
			num_drops += action_run_many(core, next, num, flow);
		} else {
			action_count(flow, number, now_us, 1, (*next)->len_bytes);
			num_drops += action_run_one(core, next, flow);
		}
	}
	action_count_port(core, XVIO_STAT_FLOW_HITS, core->burst.num - num_misses);
	action_count_port(core, XVIO_STAT_FLOW_MISSES, num_misses);
	action_count_port(core, XVIO_STAT_DROP_RULE, num_drops);
}
