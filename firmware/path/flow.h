/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rule table: what the host asked for, by cookie, on top of the classifier that the workers look
 * packets up in. Core 0 changes it; workers read without locks and never see half a rule. Status
 * values are XVIO_ST_*.
 */
#ifndef PATH_FLOW_H
#define PATH_FLOW_H

#include <stdint.h>
#include <xvio/flow.h>

#define FLOW_MAX_RULES 131072u

/*
 * Checks and installs a rule (rule is a copy the host can no longer change). Not OK: nothing was
 * changed, and *detail is the byte offset of the offending field in struct xvio_flow_rule. EXISTS:
 * the cookie is taken. When it returns, every packet looked up from now on sees the rule.
 */
unsigned flow_add(const struct xvio_flow_rule *rule, uint32_t *detail);

/* Removes a rule; no packet uses it any more when it returns. last (may be NULL): final counters. */
unsigned flow_del(uint64_t cookie, struct xvio_flow_stats *last);

unsigned flow_stats(uint64_t cookie, struct xvio_flow_stats *stats);

void flow_flush(void);

#endif
