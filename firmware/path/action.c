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

static void action_run_list(struct core *core, const struct pkt_run *run,
			    const struct flow_outputs *list)
{
	unsigned i;

	for (i = 0; i < list->num; i++) {
		const struct flow_output *output = &list->output[i];

		output_add_run(core, run->pkts, run->num, output->port, action_own,
			       output->sets_eth_dst ? output->eth_dst : NULL);
	}
}

/* What a flow does with a run. Returns how many packets it drops. */
static inline unsigned action_run_flow(struct core *core, const struct pkt_run *run,
				       const struct flow *flow)
{
	if (flow->kind == FLOW_OUTPUT)
		output_add_run(core, run->pkts, run->num, flow->port, action_sole, NULL);
	else if (flow->kind == FLOW_OUTPUT_ETH_DST)
		output_add_run(core, run->pkts, run->num, flow->port, action_sole, flow->eth_dst);
	else if (flow->kind == FLOW_LIST)
		action_run_list(core, run, flow->list);
	else
		return run->num;
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
	const struct burst *burst = &core->burst;
	const struct pkt_run *end = burst->run + burst->num_runs;
	const struct pkt_run *run;
	unsigned num_misses = 0;
	unsigned num_drops = 0;
	unsigned i;

	for (run = burst->run; run != end; run++) {
		const struct flow *flow = run->flow;

		if (flow) {
			action_count(flow, core->number, core->now_us, run->num, run->num_bytes);
			num_drops += action_run_flow(core, run, flow);
			continue;
		}
		for (i = 0; i < run->num; i++)
			output_add_miss(core, run->pkts[i]);
		num_misses += run->num;
	}
	action_count_port(core, XVIO_STAT_FLOW_HITS, burst->num - num_misses);
	action_count_port(core, XVIO_STAT_FLOW_MISSES, num_misses);
	action_count_port(core, XVIO_STAT_DROP_RULE, num_drops);
}
