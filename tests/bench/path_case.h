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

/* Whose driver the guests have, by what it asks of the device. */
enum path_driver {
	PATH_DRIVER_BARE, /* nothing: DPDK's, as it comes */
	PATH_DRIVER_LINUX, /* offloads, mergeable buffers, and a receive filter */
	PATH_DRIVER_LINUX_VF, /* and a hash in front of each frame, which chooses the queue */
	PATH_NUM_DRIVERS
};

struct path_case {
	char letter; /* of the case in docs/performance.md */
	enum path_ring_kind ring;
	enum path_driver driver;
	uint32_t num_flows; /* a power of two */
	uint32_t num_rules; /* ACL rules, 0: one rule a port */
	bool rewrite; /* the destination MAC, to one that tells the rule */
	uint32_t num_idle; /* further devices whose queues run */
};

#define PATH_NUM_CASES	    9u
#define PATH_NUM_BARE_CASES 6u /* the first: all there is where no control queue is */
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

/* "split", "split-linux", "split-crowd". Valid until the next call. */
const char *path_case_ring(const struct path_case *setup);

#endif
