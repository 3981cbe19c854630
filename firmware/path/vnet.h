/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Ports whose packets travel through virtqueues: the PF's and the vDPA devices'. Control functions
 * run on core 0 and return when the port's worker has taken the change.
 */
#ifndef PATH_VNET_H
#define PATH_VNET_H

#include <stdint.h>
#include "path/virtq.h"

struct rss;
struct rxfilter;

#define VNET_MAX_QUEUES 16u /* rx/tx alternating: even VIRTQ_TO_DRIVER, odd VIRTQ_FROM_DRIVER */

/*
 * Makes a port (admin down, no queues) on the worker core it will live on. hdr_bytes as in
 * virtq_config. False: the number is taken or out of range, or memory is short.
 */
bool vnet_add(uint16_t port, unsigned core, const uint8_t mac[6], uint16_t mtu);

/* Stops all queues, takes the port away. Packets on their way to it are dropped and counted. */
void vnet_remove(uint16_t port);

/*
 * Starts queue index of the port; it must be stopped. Its avail ring is looked at once even if no
 * doorbell was rung (buffers may have been posted before). False: no memory. config is copied.
 */
bool vnet_start_queue(uint16_t port, unsigned index, const struct virtq_config *config);

/*
 * Stops a queue at a packet boundary: everything taken from the ring has been returned as used.
 * Returns the index of the next available entry, which is exact. A stopped queue stays as it was.
 */
uint16_t vnet_stop_queue(uint16_t port, unsigned index);

struct vnet_queue_state {
	uint16_t last_avail;
	uint8_t running;
	uint8_t error; /* XVIO_RING_ERR_* that stopped it */
};
struct vnet_queue_state vnet_queue_state(uint16_t port, unsigned index);

/* What a queue counts, since the port was made or these were cleared. */
struct vnet_counters {
	uint64_t notifications; /* the driver's, as many as were seen one by one */
	uint64_t packets; /* receiveq: that the driver got; transmitq: that went to the switch */
	uint64_t bytes; /* of their frames */
	uint64_t interrupts;
	uint64_t drops; /* all packets lost here */
	uint64_t
		drops_of_ring; /* those of them for which no buffers were there, or whose buffers are no packet */
};

/* All 0 if there is no such port or queue. */
void vnet_queue_counters(uint16_t port, unsigned index, struct vnet_counters *counters);
void vnet_clear_counters(uint16_t port);

/*
 * Only frames that pass the filter go to the driver; the others are dropped and counted at the port. NULL:
 * all pass. It stays as it is; when this returns, nobody uses the one before.
 */
void vnet_set_filter(uint16_t port, const struct rxfilter *filter);

/*
 * Which receive queue a frame goes to. num_pairs > 0: flows spread over those of the first num_pairs that
 * run. 0: the table of rss chooses; what is for a queue that does not run is dropped (5.1.6.5.7.2). The hash of
 * rss is reported with each frame, in queues with that header; NULL: none. It stays as it is; when this
 * returns, nobody uses the one before. A new port spreads over all.
 */
void vnet_set_steering(uint16_t port, unsigned num_pairs, const struct rss *rss);

/* Moderates a queue's interrupts (coalesce.h) from now on, also while it is stopped; either 0: off. */
void vnet_set_coalescing(uint16_t port, unsigned index, uint32_t max_usecs, uint32_t max_packets);

/*
 * Which OFFLOAD_* packets to the port may still need: what its driver has accepted, and set (5.1.6.4.1); none
 * at first. When it returns, no packet is on its way by what was set before.
 */
void vnet_set_takes(uint16_t port, uint8_t offloads);

/* All queues of the port go on with another map; when it returns, nobody uses the old one. */
void vnet_set_map(uint16_t port, const struct iotlb *map);

#endif
