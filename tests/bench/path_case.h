/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The path's own benchmark: guest 0 sends to guest 1 through the library's public functions, guest 2
 * stands by and must see nothing. Cases a and b of `make bench`, guests driven by the same thread.
 * All that arrives is checked byte for byte. Used by path_bench.c and count_main.c.
 */
#ifndef BENCH_PATH_CASE_H
#define BENCH_PATH_CASE_H

#include <stdbool.h>
#include <stdint.h>
#include "bench/path_ring.h"

#define PATH_FRAME_BYTES 64u
#define PATH_BATCH	 256u /* packets in the ring before the switch is polled: bursts are full */

struct path_case {
	char letter; /* of the case in docs/performance.md */
	enum path_ring_kind ring;
	uint32_t num_flows; /* a power of two */
	uint32_t num_rules; /* ACL rules, 0: one rule a port */
	bool rewrite; /* the destination MAC, to one that tells the rule */
};

#define PATH_NUM_CASES 6u
extern const struct path_case path_case_list[PATH_NUM_CASES];

/*
 * A card with its ports, rings and rules for the case. NULL, or the reason why the path refuses it.
 * The reason stays valid until the next call.
 */
const char *path_case_start(const struct path_case *setup);

/*
 * Sends num_packets (a multiple of PATH_BATCH) in batches and takes them at the other side; returns
 * the rounds that the worker needed. Ends the program if one is lost, wrong, late or astray.
 */
uint64_t path_case_run(uint64_t num_packets);

/* After the runs: counters agree, nothing has gone anywhere else. Ends the program if not. */
void path_case_check(void);

/* "a split", for messages. Valid until the next call. */
const char *path_case_name(const struct path_case *setup);

/* "split". */
const char *path_case_ring(const struct path_case *setup);

#endif
