/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A virtio-net device as its driver's side sees it: status, features, queues (virtio 1.2, 2.1 to 2.4
 * and 3.1). Core 0 only. Status values returned are XVIO_ST_*.
 */
#ifndef CTRL_VIRTIO_DEV_H
#define CTRL_VIRTIO_DEV_H

#include <stdbool.h>
#include <stdint.h>
#include "ctrl/net_ctrl.h"
#include "ctrl/virtio_ctrlq.h"
#include "path/iotlb.h"
#include <xvio/mbox.h>

/*
 * Queues (5.1.2): receiveq and transmitq of each pair, then the controlq, whose number follows from what the
 * driver has accepted: without MQ and RSS it stands behind the first pair.
 */
#define VIRTIO_DEV_MAX_PAIRS  8u
#define VIRTIO_DEV_MAX_QUEUES (2 * VIRTIO_DEV_MAX_PAIRS + 1)

/* A queue while the driver's side owns it; once started it lives in path/vnet.h. */
struct virtio_vq {
	uint16_t size;
	uint16_t vector;
	uint16_t last_avail; /* as in struct xvio_vdpa_vq_state */
	bool ready; /* set up by the driver; runs if DRIVER_OK is set too */
	bool resumed; /* it goes on after a restart, and its driver has not been interrupted for that yet */
	uint8_t error; /* XVIO_RING_ERR_* that stopped it */
	uint64_t desc_iova;
	uint64_t driver_iova;
	uint64_t device_iova;
};

struct virtio_dev {
	uint32_t id;
	uint16_t port;
	uint16_t function; /* PCI requester */
	uint16_t num_pairs; /* more than 1 only if MQ or RSS is offered */
	uint32_t queue_base; /* doorbell of vq 0 */
	uint8_t status; /* VIRTIO_STATUS_* */
	uint64_t offered; /* features */
	uint64_t accepted;
	uint32_t generation; /* of the configuration */
	bool suspended; /* DRIVER_OK is set, yet no queue runs */
	bool resumed; /* it was there before a restart, and has not been reset since */
	struct iotlb *map[XVIO_VDPA_NUM_SPACES]; /* ours */
	uint8_t space_of[XVIO_VDPA_NUM_GROUPS]; /* which of them a group of queues uses */
	const struct virtio_ctrlq_interpreter *interpreter; /* set if CTRL_VQ is offered */
	void *interpreter_arg;
	struct virtio_ctrlq *ctrlq; /* NULL: it does not run */
	struct net_ctrl net; /* what the driver set by it; its maker calls net_ctrl_init() */
	struct virtio_vq vq[VIRTIO_DEV_MAX_QUEUES];
};

/* How many pairs a device can have that offers these features, and how many queues this one has. */
unsigned virtio_dev_max_pairs(uint64_t features);
unsigned virtio_dev_num_queues(const struct virtio_dev *dev);
unsigned virtio_dev_count_queues(uint64_t offered, unsigned num_pairs);

/*
 * Has the doorbells of num queues, from queue_base on, lead to the worker of the port. When the
 * device is made: one that a driver rings before its queue runs would else wait where nobody takes
 * it, and those after it with it.
 */
void virtio_dev_bind_doorbells(const struct virtio_dev *dev, unsigned num);

/*
 * The driver writes the device status (2.1). 0 resets: all queues are stopped and forgotten when it
 * returns, and what was kept for a restart; the map stays. FEATURES_OK stays clear if the accepted features will not do (3.1.1).
 * DRIVER_OK starts the queues that are ready; what the driver of a resumed device had set comes back, if it
 * has accepted the same features. NEEDS_RESET is the device's own and is not written.
 * BAD_VALUE: a bit of no meaning, or one that is set was to be cleared; BAD_STATE: a step was left
 * out; NO_SPACE: no memory for a queue. Then nothing has changed.
 */
unsigned virtio_dev_set_status(struct virtio_dev *dev, uint8_t status);

/* The driver accepts features (2.2). BAD_STATE once FEATURES_OK is set, BAD_VALUE if not offered. */
unsigned virtio_dev_set_features(struct virtio_dev *dev, uint64_t features);

/*
 * The driver sets up a queue and makes it ready; it is started if DRIVER_OK is set. setup is copied,
 * its values are in range. A queue that is not there with the features accepted does not run. BAD_STATE if it is ready already; NO_SPACE.
 */
unsigned virtio_dev_ready_queue(struct virtio_dev *dev, unsigned index,
				const struct virtio_vq *setup);

/*
 * The same, for a queue of a device that is resumed: goes on where it stood before the restart, which is found out
 * (virtq_find_place()), and its driver is interrupted once. BAD_STATE: that is not known, or it is ready.
 */
unsigned virtio_dev_resume_queue(struct virtio_dev *dev, unsigned index,
				 const struct virtio_vq *setup);

/* Whether the driver has accepted packed rings. */
bool virtio_dev_is_packed(const struct virtio_dev *dev);

/* Where a queue begins that has no past. */
uint16_t virtio_dev_first_avail(const struct virtio_dev *dev);

/* Makes a queue not ready; its last_avail is exact then. A queue that is not ready stays as it was. */
void virtio_dev_unready_queue(struct virtio_dev *dev, unsigned index);

/* A queue's place, exact while it is stopped. */
uint16_t virtio_dev_last_avail(const struct virtio_dev *dev, unsigned index);

/* A worker stopped this queue for a bad ring: NEEDS_RESET (2.1.2). False: old news, nothing done. */
bool virtio_dev_queue_error(struct virtio_dev *dev, unsigned index, uint32_t error);

/*
 * Stops all queues that are ready, or has them go on; what their driver set stays. NO_SPACE: no memory
 * to go on, all of them stay stopped. BAD_STATE: without DRIVER_OK there is nothing to suspend. Contract: XVIO_CMD_VDPA_SUSPEND.
 */
unsigned virtio_dev_suspend(struct virtio_dev *dev, bool suspended);

/* Takes over map for an address space and destroys the one before, which nobody uses any more. */
void virtio_dev_set_map(struct virtio_dev *dev, unsigned space, struct iotlb *map);

/* The queues of a group (XVIO_VDPA_GROUP_*) go on in another address space. */
void virtio_dev_set_space(struct virtio_dev *dev, unsigned group, unsigned space);

#endif
