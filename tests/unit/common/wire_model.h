/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What actions that change bytes make of a packet (xvio/flow.h): the model of it, on the frame as it is on the
 * wire. Plain and slow: checksums are summed up from the first byte on, before and after.
 */
#ifndef COMMON_WIRE_MODEL_H
#define COMMON_WIRE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include "common/gso_model.h"

#define WIRE_MAX_LOOSE 4u

/*
 * A packet on its way through the rules. One that stands for several frames still does; of any other its
 * sender's checksum has been filled in at the beginning, and the header is 0.
 * loose: places of checksums for which 0 and 0xffff are the same number, and it is not said which.
 */
struct wire_packet {
	struct gso_packet gso;
	/* What its sender left to the card, if anything: from where on is to be summed up, and where it goes. */
	bool has_sum;
	int32_t sum_start;
	int32_t sum_at;
	unsigned num_loose;
	uint32_t loose[WIRE_MAX_LOOSE];
};

/* Where the headers of a frame are, of one that the parser finds good. */
struct wire_places {
	uint32_t num_tags; /* at most two are seen */
	uint32_t l3_at; /* behind eth_type */
	uint32_t l4_at; /* 0: there is no transport header here */
	uint32_t end; /* of the IP packet */
	uint32_t key_end; /* the key is made of bytes in front of this one */
	uint16_t eth_type;
	uint8_t proto;
	bool is_ipv4;
	bool is_ipv6;
	bool is_fragment;
	bool is_routed; /* IPv6: the destination is not the last one */
};

void wire_places(const uint8_t *data, uint32_t len_bytes, struct wire_places *places);

/* RFC 1071 on top of sum, folded; an odd byte at the end is a word's first one. */
uint32_t wire_sum(const uint8_t *at, uint32_t len_bytes, uint32_t sum);

/* The packet as it was sent. */
void wire_begin(struct wire_packet *packet, const struct gso_packet *sent);

/* It stands for several frames. */
bool wire_is_gso(const struct wire_packet *packet);

/* Carries out an action from SET on; nothing if the packet has not got what it needs. */
void wire_act(struct wire_packet *packet, const struct xvio_flow_action *action);

/*
 * Whether what is left to the card can still be done: what is summed up begins behind the tags, the sum goes behind all
 * that is in the key, and where rules see an IP header, in a packet for several frames, it is the one to cut it by.
 */
bool wire_fits(const struct wire_packet *packet);

/* Computes a frame's checksums anew: XVIO_CSUM_*. */
void wire_csum(uint8_t *data, uint32_t len_bytes, uint8_t which);

#endif
