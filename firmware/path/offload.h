/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a sender leaves to the card, or to the receiver: checksums, and cutting long packets into frames
 * (virtio 1.2, 5.1.6.2). A packet carries its needs from port to port; where they are not taken, the
 * card fulfils them (output.c, tso.c). Any core, on packets that it may write to.
 */
#ifndef PATH_OFFLOAD_H
#define PATH_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/virtio.h>

/* What a packet needs, a sender may ask for, a receiver takes: one set of bits. */
#define OFFLOAD_CSUM 0x01u
#define OFFLOAD_TSO4 0x02u
#define OFFLOAD_TSO6 0x04u
#define OFFLOAD_ECN  0x08u /* with TSO: CWR is set */
#define OFFLOAD_USO4 0x10u
#define OFFLOAD_USO6 0x20u
#define OFFLOAD_TSO  (OFFLOAD_TSO4 | OFFLOAD_TSO6)
#define OFFLOAD_USO  (OFFLOAD_USO4 | OFFLOAD_USO6)
#define OFFLOAD_GSO  (OFFLOAD_TSO | OFFLOAD_USO)

/* No packet is cut into more: 64 KiB by the least MSS that Linux sends with. It bounds our work. */
#define OFFLOAD_MAX_SEGMENTS 1366u

/* The longest packet with GSO: what an IPv6 header can tell of, behind two VLAN tags. */
#define OFFLOAD_MAX_BYTES (14u + 2 * 4u + 40u + 65535u)

/* Of one packet, checked: places lie within its frame. What needs does not say is undefined. */
struct offload {
	uint8_t needs; /* OFFLOAD_*; GSO never without CSUM */
	uint8_t l3_at; /* GSO: the IP header */
	uint16_t l4_at; /* GSO: the TCP or UDP header */
	uint16_t gso_size; /* GSO: payload of each frame but the last */
	uint16_t csum_start; /* CSUM: what is summed up begins here */
	uint16_t csum_offset; /* from there: where the sum goes */
};

struct pkt;

/* By feature bits: what a driver may ask for when it sends, and what may be sent to it. */
uint8_t offload_asked(uint64_t features);
uint8_t offload_taken(uint64_t features);

/*
 * Fills in pkt->offload, of a packet with its key, from the header that came with it; allowed: what
 * was negotiated. False: the header says what it must not (5.1.6.2.1), or what does not fit the packet.
 * hdr_len is not looked at, nor are flags of no meaning here (5.1.6.2.2). A checksum never goes where
 * rules look: its place lies behind all that is in the key; and what is summed up begins behind the tags.
 */
bool offload_read(struct pkt *pkt, const struct virtio_net_hdr *header, uint8_t allowed);

/* Whether that still holds, of a packet with CSUM whose key is another now. */
bool offload_fits(const struct pkt *pkt);

/* The header that tells a driver, which takes them, of the packet's needs (5.1.6.4.1); num_buffers 1. */
struct virtio_net_hdr offload_header(const struct pkt *pkt);

/* GSO: length of all headers, and where the payload ends, in the frame. */
uint32_t offload_header_bytes(const struct pkt *pkt);
uint32_t offload_end_bytes(const struct pkt *pkt);

/* The longest frame that will be of the packet in the end. */
uint32_t offload_frame_bytes(const struct pkt *pkt);

/* What a packet comes to on the wire. */
struct offload_size {
	uint32_t num_frames;
	uint32_t frame_bytes; /* of the longest */
	uint32_t num_bytes; /* of all */
};

/* needs as in pkt->offload; 0: that is not looked at. */
struct offload_size offload_size(const struct pkt *pkt, uint8_t needs);

/*
 * Sums up a frame from start on, its end at end, and stores the checksum at start + offset, where what
 * is to be added stands (the sum of the pseudo header).
 */
void offload_store_csum(uint8_t *frame, uint32_t start, uint32_t offset, uint32_t end);

/* Fulfils the needs of a packet that is all in its own memory: CSUM alone. It needs nothing then. */
void offload_finish(struct pkt *pkt);

#endif
