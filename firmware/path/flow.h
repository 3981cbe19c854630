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
#include "path/stats.h"

#define FLOW_CHUNK 256u /* rules whose memory is taken from the heap together */

/* What one core counted for a rule. A core's counters lie together: cores do not meet in a line. */
struct flow_count {
	_Atomic uint64_t packets;
	_Atomic uint64_t bytes;
	_Atomic uint64_t last_us; /* core 0's: when the rule was added */
	_Atomic uint64_t drops;
};

/* The outputs of a rule that has several, and nothing else. */
struct flow_outputs {
	unsigned num;
	uint16_t port[];
};

struct program;

/* What a rule does, chosen when it is added. */
enum flow_kind {
	FLOW_DROP,
	FLOW_OUTPUT, /* to port */
	FLOW_OUTPUT_ETH_DST, /* to port, with eth_dst */
	FLOW_LIST, /* to those of the list, in order */
	FLOW_PROGRAM, /* anything (program.h) */
	FLOW_JOINT, /* no rule: several of them, one after the other (joint.h) */
};

/*
 * A rule as workers run it: a line with its key, a line with all else. Immutable from when workers
 * see it until they no longer can. Its memory is a rule's for ever (cache.c). A rule with ranges of ports is
 * several of these, its parts.
 */
struct flow {
	struct classifier_entry entry;
	uint8_t kind; /* enum flow_kind */
	uint16_t port;
	uint32_t next_part; /* index_ref() of the rule's next part; 0: none. Core 0 */
	union {
		uint8_t eth_dst[6];
		struct flow_outputs *list;
		struct program *program;
	};
	struct flow_count *count; /* of core 0; FLOW_CHUNK further on the next core's */
	uint64_t cookie;
};
_Static_assert(sizeof(struct flow) <= 128, "a rule is two lines");

/* A core's counters of a rule. */
static inline struct flow_count *flow_count(const struct flow *flow, unsigned core)
{
	return &flow->count[core * FLOW_CHUNK];
}

/* Counts packets that meet a rule, on the core that has them. */
static inline void flow_hit(const struct flow *flow, unsigned core, uint64_t now_us, unsigned num,
			    uint64_t num_bytes)
{
	struct flow_count *count = flow_count(flow, core);

	stats_add_counter(&count->packets, num);
	stats_add_counter(&count->bytes, num_bytes);
	stats_set(&count->last_us, now_us);
}

/*
 * Checks and installs a rule (rule is a copy the host can no longer change). Not OK: nothing was
 * changed, and *detail is the byte offset of the offending field in struct xvio_flow_rule. EXISTS:
 * the cookie is taken. When it returns, every packet looked up from now on sees the rule. Does not
 * wait for the workers.
 */
unsigned flow_add(const struct xvio_flow_rule *rule, uint32_t *detail);

/*
 * A hint: this rule is added soon. The caller does something else first, meanwhile what flow_add() waits
 * for most comes nearer, a random line of a large table.
 */
void flow_expect(const struct xvio_flow_rule *rule);

/* The same for flow_del(). */
void flow_expect_del(uint64_t cookie);

/*
 * Removes a rule: no packet looked up from now on sees it. last (may be NULL): its final counters, for
 * which it waits until no worker uses the rule any more; without last it does not wait.
 */
unsigned flow_del(uint64_t cookie, struct xvio_flow_stats *last);

unsigned flow_stats(uint64_t cookie, struct xvio_flow_stats *stats);

/* Removes all rules, and meters; no packet uses one any more when it returns. */
void flow_flush(void);

/* Whether there is no rule. Core 0. */
bool flow_is_empty(void);

/* How many rules, and parts of rules, there may be: what three quarters of the memory left at start have room for. */
uint32_t flow_max_rules(void);

/* Empty tables (worker_init), after all else that the path keeps on the heap. False: no memory. */
bool flow_init(void);

#endif
