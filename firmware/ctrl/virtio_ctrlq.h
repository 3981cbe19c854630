/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Control queues of virtio network devices (virtio 1.2, 5.1.6.5): the queue, not the commands, which an
 * interpreter knows. Core 0 only: it takes these queues' doorbells itself.
 */
#ifndef CTRL_VIRTIO_CTRLQ_H
#define CTRL_VIRTIO_CTRLQ_H

#include <stdbool.h>
#include <stdint.h>
#include "path/virtq.h"

#define VIRTIO_CTRLQ_MAX_BYTES 1024u /* of a command that are copied */
#define VIRTIO_CTRLQ_MAX_REPLY 2048u /* of a result */

/* Knows the commands: class, command and its data, as the driver wrote them, of any length. */
struct virtio_ctrlq_interpreter {
	/*
	 * Carries out a command of cmd_bytes in all, of which the first VIRTIO_CTRLQ_MAX_BYTES stand at cmd (card
	 * memory). Returns the ack. *reply_bytes is the room for a result, and then its length (0 .. room).
	 */
	uint8_t (*run)(void *arg, const uint8_t *cmd, uint32_t cmd_bytes, uint8_t *reply,
		       uint32_t *reply_bytes);
	/* Whether the ack stands behind the room for the result, and not in front of it. */
	bool (*ack_is_last)(const uint8_t *cmd, uint32_t cmd_bytes);
};

struct virtio_ctrlq;

/*
 * Starts a queue of role VIRTQ_CONTROL of a port; config is copied. It is looked at once without a
 * doorbell. NULL: no memory.
 */
struct virtio_ctrlq *virtio_ctrlq_start(uint16_t port, const struct virtq_config *config,
					const struct virtio_ctrlq_interpreter *interpreter,
					void *arg);

/* Frees it; returns its place, which is exact: what was carried out has been told of. NULL: 0. */
uint16_t virtio_ctrlq_stop(struct virtio_ctrlq *ctrlq);

/* Its place, and XVIO_RING_ERR_*: after an error it stands still. */
uint16_t virtio_ctrlq_position(const struct virtio_ctrlq *ctrlq);
uint8_t virtio_ctrlq_error(const struct virtio_ctrlq *ctrlq);

/* Goes on with another map; when it returns, the old one is not used any more. NULL is ignored. */
void virtio_ctrlq_set_map(struct virtio_ctrlq *ctrlq, const struct iotlb *map);

/*
 * Takes core 0's doorbells and carries out some commands; wakes core 0 if there are more. A queue that
 * breaks the rules is told of by failed(), which may stop it.
 */
void virtio_ctrlq_poll(void (*failed)(uint16_t port, uint32_t doorbell, uint32_t error));

/* Forgets all queues, at start. */
void virtio_ctrlq_init(void);

#endif
