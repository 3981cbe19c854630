/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Rules as the host writes them: what it may ask for, how a rule with ranges of ports becomes several with masks, and how
 * its list of actions becomes what workers run. Core 0.
 */
#ifndef PATH_RULE_H
#define PATH_RULE_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>

struct flow;

/*
 * XVIO_ST_OK, or what is wrong with it; then *detail is the byte offset of the offending field in struct
 * xvio_flow_rule. rule is a copy that the host can no longer change.
 */
unsigned rule_check(const struct xvio_flow_rule *rule, uint32_t *detail);

/* Which ports of a rule's ranges come next: a value and a mask each, as in the key. */
struct rule_parts {
	const struct xvio_flow_rule *rule;
	uint32_t src; /* the first port not done yet, host order; 0x10000: none is left */
	uint32_t dst;
};

struct rule_parts rule_parts_begin(const struct xvio_flow_rule *rule);

/*
 * The next part of the rule, in key and mask: together they match what the rule does, no packet two of them. A rule
 * without ranges is one. False: that was the last.
 */
bool rule_parts_next(struct rule_parts *parts, struct xvio_flow_key *key,
		     struct xvio_flow_key *mask);

/* Fills in what a rule that was checked does, with what that needs of the heap and of meters. False: no memory. */
bool rule_compile(struct flow *flow, const struct xvio_flow_rule *rule);

/* Gives that back, when no worker can have the rule any more. */
void rule_release(struct flow *flow);

#endif
