/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Random packets and valid random rules for the switch, of few enough values that they meet. All randomness is
 * check_random()'s.
 */
#ifndef COMMON_SWITCH_GEN_H
#define COMMON_SWITCH_GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include "common/gso_model.h"

#define GEN_MAX_BYTES	1500u /* of a frame, before rules make it longer */
#define GEN_NUM_METERS	4u
#define GEN_MAX_PUSHES	3u /* in a list */
#define GEN_MAX_COPIES	3u
#define GEN_ALL_ACTIONS 0x1ffffeu /* a bit for each type */

/* What may be in them. */
struct gen_limits {
	uint32_t actions; /* 1 << XVIO_ACTION_*; with none that ends, lists end with DROP */
	uint32_t num_chains; /* 1: no chain but 0 */
	bool has_ranges;
	bool has_new_keys; /* second tag, ARP, MPLS, TCP flags */
	bool has_offloads;
	bool has_odd_sums; /* left to the card: wrong, or not the transport header's */
	unsigned num_ports;
	uint16_t port[8];
};

/*
 * A packet: mostly a good frame, of any kind. offloads (OFFLOAD_*) is what its header may ask for; if it
 * asks for something all of the packet is filled in, else header and frame.
 */
void gen_packet(struct gso_packet *packet, const struct gen_limits *limits, uint8_t offloads);

/* A rule that some of these packets match; without cookie. */
void gen_rule(struct xvio_flow_rule *rule, const struct gen_limits *limits);

/* An action from SET on. */
struct xvio_flow_action gen_change(uint16_t type);

/* Any; id 0. Rules name ids below GEN_NUM_METERS, which the caller makes. */
struct xvio_cmd_meter gen_meter(void);

static inline bool gen_allows(const struct gen_limits *limits, unsigned type)
{
	return limits->actions >> type & 1;
}

#endif
