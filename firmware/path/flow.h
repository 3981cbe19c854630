/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rule table: what the host asked for, by cookie, on top of the classifier that the workers look
 * packets up in. Core 0 changes it; workers read without locks and never see half a rule. Status
 * values are XVIO_ST_*.
 */
#ifndef PATH_FLOW_H
#define PATH_FLOW_H

#include <stdatomic.h>
#include <stdint.h>
#include <xvio/flow.h>
#include "path/classifier.h"

#define FLOW_MAX_RULES 131072u

/* What one core counted for a rule; a cache line, so that cores do not meet in one. */
struct flow_count {
	_Alignas(64) _Atomic uint64_t packets;
	_Atomic uint64_t bytes;
	_Atomic uint64_t last_us;
};

/* A rule as workers run it. Immutable but for the counters, each written by its core. */
struct flow {
	struct classifier_entry entry;
	uint16_t num_outputs; /* 0: drop */
	uint16_t output[XVIO_FLOW_MAX_ACTIONS]; /* ports, in the rule's order */
	struct flow *next; /* same cookie bucket; core 0 */
	uint64_t cookie;
	uint64_t added_us;
	struct flow_count count[]; /* per core */
};

/*
 * Checks and installs a rule (rule is a copy the host can no longer change). Not OK: nothing was
 * changed, and *detail is the byte offset of the offending field in struct xvio_flow_rule. EXISTS:
 * the cookie is taken. When it returns, every packet looked up from now on sees the rule.
 */
unsigned flow_add(const struct xvio_flow_rule *rule, uint32_t *detail);

/* Removes a rule; no packet uses it any more when it returns. last (may be NULL): final counters. */
unsigned flow_del(uint64_t cookie, struct xvio_flow_stats *last);

unsigned flow_stats(uint64_t cookie, struct xvio_flow_stats *stats);

/* Removes all rules. */
void flow_flush(void);

/* Empty tables (worker_init). False: no memory. */
bool flow_init(void);

#endif
