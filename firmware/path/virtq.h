/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A virtqueue as the device sees it (virtio 1.2, 2.6): the one ring engine for guests and host. The
 * worker core that the queue is pinned to is its only user while it runs.
 */
#ifndef PATH_VIRTQ_H
#define PATH_VIRTQ_H

#include <stdint.h>
#include <stdbool.h>
#include "path/iotlb.h"

#define VIRTQ_MAX_SIZE 1024u

enum virtq_role {
	VIRTQ_FROM_DRIVER, /* transmitq: chains of readable buffers, packets enter the card */
	VIRTQ_TO_DRIVER, /* receiveq: chains of writable buffers, packets leave the card */
};

/* What is fixed while a queue runs. Addresses are in the device's IOVA space (map says where). */
struct virtq_config {
	enum virtq_role role;
	uint16_t size; /* power of two, 2 .. VIRTQ_MAX_SIZE */
	uint16_t last_avail; /* go on with this available entry */
	uint16_t function; /* PCI requester */
	uint16_t vector; /* MSI-X or XVIO_VECTOR_NONE */
	uint32_t doorbell; /* its queue id */
	uint16_t hdr_bytes; /* in front of each packet: 12 virtio_net_hdr, 16 xvio_pkt_meta */
	uint64_t desc_iova;
	uint64_t driver_iova;
	uint64_t device_iova;
	const struct iotlb *map; /* lives until the queue is stopped or remapped */
};

#endif
