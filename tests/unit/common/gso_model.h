/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packets as a driver with offloads sends them, and what must become of them: made and cut by the text of
 * virtio 1.2 (5.1.6) and of the protocols, plainly and slowly, sharing nothing with the card.
 */
#ifndef COMMON_GSO_MODEL_H
#define COMMON_GSO_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/virtio.h>

#define GSO_MAX_BYTES  66000u
#define GSO_MAX_FRAMES 1400u

/* A packet in its sender's memory. */
struct gso_packet {
	struct virtio_net_hdr header;
	uint32_t len_bytes;
	uint8_t data[GSO_MAX_BYTES];
	/* How it was made: what the card has to find out by itself. */
	bool is_ipv6;
	bool is_tcp;
	uint32_t l3_at;
	uint32_t l4_at;
	uint32_t payload_at;
	uint32_t end; /* of the IP packet; padding may follow */
};

/* What a packet is to be like; else random. */
struct gso_wish {
	bool is_ipv6;
	bool is_tcp;
	bool needs_csum;
	bool is_gso; /* needs_csum, too */
	bool has_ecn; /* TCP with GSO: CWR, and the header says so */
	uint32_t payload_bytes;
	uint16_t gso_size;
};

/* Any wish that a sender with all features may have. max_bytes: of the payload. */
struct gso_wish gso_any_wish(uint32_t max_bytes);

/* Headers with tags, options and extensions as chance will have it; checksums as they must be. */
void gso_make(struct gso_packet *packet, const struct gso_wish *wish);

/* Whether a device with these OFFLOAD_* accepts the packet, whatever stands in its header. */
bool gso_is_accepted(const struct gso_packet *packet, uint8_t allowed);

/* OFFLOAD_* that a receiver must take to get an accepted packet whole. */
uint8_t gso_needs(const struct gso_packet *packet);

/* How many frames the packet is cut into, for who does not take its needs; and frame i: its length. */
uint32_t gso_num_frames(const struct gso_packet *packet);
uint32_t gso_frame(const struct gso_packet *packet, uint32_t i, uint8_t *frame);

/* The header in front of the whole packet, for who does. num_buffers is 1. */
struct virtio_net_hdr gso_header(const struct gso_packet *packet);

#endif
