/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Ports whose packets travel through virtqueues: the PF's and the vDPA devices'. Control functions
 * run on core 0 and return when the port's worker has taken the change.
 */
#ifndef PATH_VNET_H
#define PATH_VNET_H

#include <stdint.h>
#include "path/virtq.h"

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

/*
 * Which OFFLOAD_* packets to the port may still need: what its driver has accepted, and set (5.1.6.4.1); none
 * at first. When it returns, no packet is on its way by what was set before.
 */
void vnet_set_takes(uint16_t port, uint8_t offloads);

/* All queues of the port go on with another map; when it returns, nobody uses the old one. */
void vnet_set_map(uint16_t port, const struct iotlb *map);

#endif
