/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Rules and frames of the path's own benchmark: what is installed, which frame is the nth that is
 * sent, and what it must look like when it arrives. Used by path_case.c.
 */
#ifndef BENCH_PATH_RULES_H
#define BENCH_PATH_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct path_rules {
	uint32_t num_flows; /* a power of two */
	uint32_t num_acl; /* 0: one rule a port */
	bool rewrite; /* by the rules that let flows pass */
	uint16_t from, to, other; /* ports */
};

/* Installs them. NULL, or why the path refuses. */
const char *path_rules_install(const struct path_rules *rules);

/* The frame with this number, as it is sent, or as it must arrive. PATH_FRAME_BYTES. */
void path_rules_frame(const struct path_rules *rules, uint64_t number, uint8_t *frame,
		      bool arrived);

/* The counters of the rules say that num packets passed and none was stopped. */
void path_rules_check(const struct path_rules *rules, uint64_t num);

#endif
