/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What rules change in frames, byte by byte and slowly, by the text of xvio/flow.h and of the protocols: checksums are summed
 * up anew over all that they are of. And frames of all kinds to try it on.
 */
#ifndef COMMON_EDIT_MODEL_H
#define COMMON_EDIT_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>

#define EDIT_MODEL_MAX_BYTES 9300u

/* As it will be sent: where a checksum is left to the card, it is there already. */
struct edit_packet {
	uint32_t len_bytes;
	/* If something is still to be summed up (has_csum): from where on, and where it goes. They move with the frame. */
	bool has_csum;
	int csum_start;
	int csum_at;
	bool is_cut; /* one frame of a packet that stands for several, with its IP header here */
	int ip_at;
	uint8_t byte[EDIT_MODEL_MAX_BYTES];
};

/* Where headers are. */
struct edit_view {
	bool is_ipv4;
	bool is_ipv6;
	bool is_mpls;
	bool is_fragment;
	bool is_later; /* not the first */
	bool is_routed; /* IPv6: not at its final destination */
	unsigned num_tags; /* two at most */
	uint8_t proto;
	uint32_t l3_at;
	uint32_t l4_at;
	uint32_t end; /* of the IP packet */
	uint32_t key_end;
};

/* Tags, addresses, options, extensions, fragments, what is in it, padding, and most checksums right. No has_csum. */
void edit_model_make(struct edit_packet *packet);

/* One of the actions that change bytes, most of them of some sense. */
struct xvio_flow_action edit_model_action(void);

/* False: it is malformed. */
bool edit_model_view(const struct edit_packet *packet, struct edit_view *view);

/* False: it is malformed then, or what is still to be summed up, or cut, is not where headers are seen. */
bool edit_model_run(struct edit_packet *packet, const struct xvio_flow_action *action);

/*
 * Whether a frame is the same. Of a checksum there are two forms of 0, but of UDP's; the packet takes over the frame's.
 * If not, both are printed.
 */
bool edit_model_agrees(struct edit_packet *packet, const uint8_t *frame, uint32_t len_bytes);

/* Whether checksums are right: of IPv4; of TCP, UDP and ICMP in what is no fragment; what is not there is. */
bool edit_model_sums_are_right(const struct edit_packet *packet);

#endif
