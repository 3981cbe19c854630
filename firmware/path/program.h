/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Rules that do more than send packets out: lists of actions, carried out packet by packet (xvio/flow.h), and on through
 * the chains that they lead to. Worker core.
 */
#ifndef PATH_PROGRAM_H
#define PATH_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>

struct core;
struct flow;
struct pkt_run;

/* What a rule of kind FLOW_PROGRAM does. */
struct program {
	unsigned num;
	bool leads_on; /* there is a GOTO */
	bool changes; /* bytes */
	struct xvio_flow_action action[]; /* the last one ends */
};

/*
 * A run that met a rule of that kind, or the first of several (FLOW_JOINT), and was counted there; needs as in output_mark. What
 * rules of other chains its packets meet is told to the cache.
 */
void program_run(struct core *core, const struct pkt_run *run, struct flow *flow, uint8_t needs);

#endif
