/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A million rules on the card, of many masks, in several chains, with ranges and lists of actions; and which of them a
 * packet meets, worked out by arithmetic, not by looking anything up. What a rule is follows from its number (id).
 */
#ifndef SCALE_MILLION_H
#define SCALE_MILLION_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include <xvio/port.h>
#include "path/key.h"

#define MILLION_RULES  1000000u
#define MILLION_METERS 64u
#define MILLION_IN     XVIO_PORT_UPLINK(0)
#define MILLION_OUT(n) XVIO_PORT_UPLINK(1 + (n)) /* 0, 1 */

/* Packets, and rules for them. */
enum million_kind {
	MILLION_IPV4,
	MILLION_IPV6,
	MILLION_ARP,
	MILLION_MPLS,
	MILLION_TAGGED,
	MILLION_NUM_KINDS,
	MILLION_ANY = MILLION_NUM_KINDS,
};

/* A flow: its key is made of these two. */
struct million_flow {
	enum million_kind kind;
	uint32_t number;
};

#define MILLION_NUMBERS 524288u

/* What rules do, by id; rules of further chains do the last or DROP. */
enum million_does {
	MILLION_DROPS,
	MILLION_SENDS, /* to the first */
	MILLION_READDRESSES, /* to the first, with the id for an address */
	MILLION_LEADS_ON, /* with the id for a priority */
	MILLION_LABELS, /* with the id, to the second */
	MILLION_COPIES, /* to both */
	MILLION_TAGS, /* to the second, by a meter that is never empty */
	MILLION_MARKS, /* with the id, to the host */
	MILLION_NUM_DOES,
};

void million_init(void);

enum million_does million_does(uint32_t id);
uint32_t million_chain(uint32_t id);
uint32_t million_next_chain(uint32_t id); /* of one that leads on */
uint32_t million_tci(uint32_t id);

void million_rule(uint32_t id, struct xvio_flow_rule *rule);

/* As the parser gives it. */
void million_key(const struct million_flow *flow, union flow_key *key);

/* All rules that match the flow, chain by chain, in each the one that wins first. */
#define MILLION_MAX_MATCHES 64u
unsigned million_matches(const struct million_flow *flow, uint32_t id[MILLION_MAX_MATCHES]);

unsigned million_num_masks(void);

#endif
