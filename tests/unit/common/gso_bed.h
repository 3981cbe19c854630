/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Drivers on the test card (bed.h) that have accepted offloads, and packets of the model between them. */
#ifndef COMMON_GSO_BED_H
#define COMMON_GSO_BED_H

#include "common/bed.h"
#include "common/gso_model.h"
#include "path/offload.h"

#define GSO_ALL_OFFLOADS (OFFLOAD_CSUM | OFFLOAD_TSO | OFFLOAD_ECN | OFFLOAD_USO)
#define GSO_HDR_BYTES	 ((uint32_t)sizeof(struct virtio_net_hdr))

/* A driver that receives, and what it has accepted. */
struct gso_receiver {
	struct bed_port port;
	uint8_t takes; /* OFFLOAD_* */
	bool mergeable;
};

/* Offloads that may be accepted together (5.1.3.1). */
uint8_t gso_any_offloads(void);

/* Ports that are up, of which one only sends, with what its driver may ask for. */
void gso_add_sender(struct bed_port *port, uint16_t number, uint8_t offloads);
void gso_add_receiver(struct gso_receiver *to, uint16_t number, uint8_t takes, bool mergeable);

/* Whether it gets the packet as it is, and how many packets it gets. */
bool gso_takes_whole(const struct gso_receiver *to, const struct gso_packet *packet);
unsigned gso_num_for(const struct gso_receiver *to, const struct gso_packet *packet);

/* A buffer; as many as the packet will take, of any length where they are mergeable. */
void gso_post_one(struct gso_receiver *to, uint32_t len_bytes);
void gso_post_for(struct gso_receiver *to, const struct gso_packet *packet);

/* Sends, rings. */
void gso_send(struct bed_port *from, const struct gso_packet *packet);

/*
 * A packet out of as many buffers as its header says, which is checked; its length, 0: none. data has
 * GSO_MAX_BYTES + 64.
 */
uint32_t gso_receive(struct gso_receiver *from, struct virtio_net_hdr *header, uint8_t *data);

/* What a receiver must have of the packet comes next; or nothing at all. eth_dst: NULL, or in its place. */
void gso_check_received(struct gso_receiver *to, const struct gso_packet *packet,
			const uint8_t *eth_dst);
void gso_check_no_more(struct gso_receiver *to);

#endif
