/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Actions (action.h): output, drop, count; all else is for program.c. Worker core. */
#include "path/action.h"

#include "path/core.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/program.h"

/* How a flow's packets are marked: sole if they go to one port. */
static inline union output_mark action_mark(bool sole, uint8_t needs)
{
	return (union output_mark){{.port = XVIO_PORT_PF, .sole = sole, .needs = needs}};
}

static void action_run_list(struct core *core, const struct pkt_run *run,
			    const struct flow_outputs *list, uint8_t needs)
{
	unsigned i;

	for (i = 0; i < list->num; i++)
		output_add(core, run, list->port[i], action_mark(false, needs), NULL);
	port_count(core, run->pkts[0]->in_port, XVIO_STAT_COPIED_PACKETS,
		   (uint64_t)run->num * (list->num - 1));
}

/* Kinds that are not of the few that most packets meet. */
static __attribute__((noinline)) void action_run_other(struct core *core, const struct pkt_run *run,
						       struct flow *flow, uint8_t needs)
{
	if (flow->kind == FLOW_LIST)
		action_run_list(core, run, flow->list, needs);
	else
		program_run(core, run, flow, needs);
}

/* What a flow does with a run. Returns how many packets it drops. */
static inline unsigned action_run_flow(struct core *core, const struct pkt_run *run,
				       struct flow *flow, uint8_t needs)
{
	const union output_mark mark = action_mark(true, needs);
	const uint8_t *eth_dst = NULL;

	switch (flow->kind) {
	case FLOW_DROP:
		return run->num;
	case FLOW_OUTPUT:
		break;
	case FLOW_OUTPUT_ETH_DST:
		eth_dst = flow->eth_dst;
		break;
	default:
		action_run_other(core, run, flow, needs);
		return 0;
	}
	if (!output_add_along(&core->output, run, flow->port, mark, eth_dst))
		output_add(core, run, flow->port, mark, eth_dst);
	return 0;
}

static uint8_t action_needs(const struct pkt_run *run)
{
	uint8_t needs = 0;
	unsigned i;

	for (i = 0; i < run->num; i++)
		needs |= run->pkts[i]->offload.needs;
	return needs;
}

static void action_count_port(const struct core *core, const struct burst *burst,
			      enum xvio_stat stat, unsigned num)
{
	if (num)
		port_count(core, burst->pkt[0]->in_port, stat, num);
}

/* has_needs is a constant: most bursts have none. */
static inline __attribute__((always_inline)) void
action_run_burst(struct core *core, const struct burst *burst, const bool has_needs)
{
	const struct pkt_run *end = burst->run + burst->num_runs;
	const struct pkt_run *run;
	const uint64_t now_us = core->now_us;
	const unsigned number = core->number;
	unsigned num_misses = 0;
	unsigned num_drops = 0;

	for (run = burst->run; run != end; run++) {
		const uint8_t needs = has_needs ? action_needs(run) : 0;
		struct flow *flow = run->flow;

		if (flow) {
			flow_hit(flow, number, now_us, run->num, run->num_bytes);
			num_drops += action_run_flow(core, run, flow, needs);
		} else {
			output_add_miss(core, run, needs);
			num_misses += run->num;
		}
	}
	action_count_port(core, burst, XVIO_STAT_FLOW_HITS, burst->num - num_misses);
	action_count_port(core, burst, XVIO_STAT_FLOW_MISSES, num_misses);
	action_count_port(core, burst, XVIO_STAT_DROP_RULE, num_drops);
}

static __attribute__((noinline)) void action_run_needy(struct core *core, const struct burst *burst)
{
	action_run_burst(core, burst, true);
}

/* All packets of a burst came in by the same port: its counters are written once. */
void action_run(struct core *core, const struct burst *burst)
{
	if (burst->needs)
		action_run_needy(core, burst);
	else
		action_run_burst(core, burst, false);
}
