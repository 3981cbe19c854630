/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of tc flower as a rule of the card's ABI (xvio/flow.h). Core 0. */
#ifndef VHOST_USER_FLOWER_H
#define VHOST_USER_FLOWER_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include "words.h"

/* Which rules are meant: as far as the words said. */
struct flower_selection {
	bool has_dev;
	bool has_prio;
	bool has_handle;
	uint16_t in_port; /* XVIO_PORT_NONE: dev any */
	uint32_t prio;
	uint64_t handle;
};

/*
 * Reads what stands behind "filter add": dev NAME|any, prio N, handle H, protocol P in any order, then
 * "flower", keys, actions. rule gets all but its cookie. False: words has the error.
 */
bool flower_parse_rule(struct words *words, struct flower_selection *selection,
		       struct xvio_flow_rule *rule);

/* Reads what stands behind "filter del" and "filter show". */
bool flower_parse_selection(struct words *words, struct flower_selection *selection);

#endif
