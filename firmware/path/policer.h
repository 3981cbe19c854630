/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Meters that rules share (XVIO_CMD_METER_SET): token buckets that all worker cores take from without locks.
 * Core 0 makes and removes them, and counts the rules that have one.
 */
#ifndef PATH_POLICER_H
#define PATH_POLICER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <xvio/mbox.h>

/*
 * A bucket is known by the moment at which it would be full again, in ticks of 2^-6 ns: what is taken moves that
 * moment on, and it may lie no further ahead than filling all of the bucket takes.
 */
struct policer {
	_Atomic uint64_t full_at;
	_Atomic uint64_t token_ticks; /* that one token takes to come, times 2^POLICER_SHIFT */
	_Atomic uint64_t burst_ticks;
	_Atomic uint32_t unit; /* XVIO_METER_* */
	uint32_t num_rules; /* core 0 */
};

/* Makes a meter, or changes one, which is full then. Status XVIO_ST_*; *detail: the field in struct xvio_cmd_meter. */
unsigned policer_set(const struct xvio_cmd_meter *meter, uint32_t *detail);

/* BAD_STATE: a rule has it. */
unsigned policer_del(uint32_t id);

/* NULL: there is none. Core 0, and workers that have met a rule that has it. */
struct policer *policer_get(uint32_t id);

/* All that no rule has, once no worker can have it. Core 0. */
void policer_flush(void);

/* Forgets them (flow_init). */
void policer_init(void);

/* Takes what a packet needs. False: it is not there, and nothing is taken. Any worker. */
bool policer_take(struct policer *policer, uint64_t now_us, uint64_t num_packets,
		  uint64_t num_bytes);

#endif
