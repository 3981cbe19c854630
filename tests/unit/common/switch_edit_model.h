/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What actions that change bytes make of a packet (xvio/flow.h): the model of it, on the frame as it is on the
 * wire. Plain and slow: checksums are summed up from the first byte on, before and after.
 */
#ifndef COMMON_SWITCH_EDIT_MODEL_H
#define COMMON_SWITCH_EDIT_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include "common/gso_model.h"

#define EDIT_MAX_LOOSE 4u

/*
 * A packet on its way through the rules. One that stands for several frames still does; of any other its
 * sender's checksum has been filled in at the beginning, and the header is 0.
 * loose: places of checksums for which 0 and 0xffff are the same number, and it is not said which.
 */
struct edit_packet {
	struct gso_packet gso;
	bool is_broken; /* for several frames, and a tag or an entry was taken for what is its IP header */
	unsigned num_loose;
	uint32_t loose[EDIT_MAX_LOOSE];
};

/* Where the headers of a frame are, of one that the parser finds good. */
struct edit_places {
	uint32_t num_tags; /* at most two are seen */
	uint32_t l3_at; /* behind eth_type */
	uint32_t l4_at; /* 0: there is no transport header here */
	uint32_t end; /* of the IP packet */
	uint16_t eth_type;
	uint8_t proto;
	bool is_ipv4;
	bool is_ipv6;
	bool is_fragment;
};

void edit_places(const uint8_t *data, uint32_t len_bytes, struct edit_places *places);

/* RFC 1071 on top of sum, folded; an odd byte at the end is a word's first one. */
uint32_t edit_sum(const uint8_t *at, uint32_t len_bytes, uint32_t sum);

/* The packet as it was sent, and a copy. */
void edit_begin(struct edit_packet *packet, const struct gso_packet *sent);
void edit_copy(struct edit_packet *to, const struct edit_packet *from);

/* It stands for several frames. */
bool edit_is_gso(const struct edit_packet *packet);

/* Carries out an action from SET on; nothing if the packet has not got what it needs. */
void edit_act(struct edit_packet *packet, const struct xvio_flow_action *action);

/* Computes a frame's checksums anew: XVIO_CSUM_*. */
void edit_csum(uint8_t *data, uint32_t len_bytes, uint8_t which);

#endif
