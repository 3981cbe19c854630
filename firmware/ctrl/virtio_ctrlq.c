/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Control queues (virtio_ctrlq.h). Called by the device's state machine and the control loop on core 0. A
 * command is copied, carried out, answered and told of before the next one is begun.
 */
#include "ctrl/virtio_ctrlq.h"
#include "hal/hal.h"
#include "lib/bits.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "lib/panic.h"
#include "path/port.h"
#include <stdatomic.h>
#include <string.h>
#include <xvio/pci.h>

#define CTRLQ_BURST	8u /* commands of a queue before the others' turn comes */
#define CTRLQ_DOORBELLS 64u /* taken before the queues are looked at */

/* The command at hand and its answer, ack and result: in memory that DMA can reach. */
struct ctrlq_buffer {
	uint8_t command[VIRTIO_CTRLQ_MAX_BYTES];
	uint8_t answer[1 + VIRTIO_CTRLQ_MAX_REPLY];
};

struct virtio_ctrlq {
	struct list link; /* in ctrlq_all */
	struct virtq *vq;
	const struct virtio_ctrlq_interpreter *interpreter;
	void *arg;
	uint16_t port;
	bool rung; /* to be looked at */
};

static struct list ctrlq_all;
static struct dma_list ctrlq_dma;
static struct ctrlq_buffer *ctrlq_buffer;

void virtio_ctrlq_init(void)
{
	list_init(&ctrlq_all);
	ctrlq_dma.num_ops = 0;
	ctrlq_buffer = heap_alloc(sizeof(*ctrlq_buffer));
	if (!ctrlq_buffer)
		panic("virtio_ctrlq: no memory for a command");
}

struct virtio_ctrlq *virtio_ctrlq_start(uint16_t port, const struct virtq_config *config,
					const struct virtio_ctrlq_interpreter *interpreter,
					void *arg)
{
	struct virtio_ctrlq *ctrlq = heap_alloc(sizeof(*ctrlq));

	if (!ctrlq)
		return NULL;
	ctrlq->vq = virtq_create(config);
	if (!ctrlq->vq) {
		heap_free(ctrlq);
		return NULL;
	}
	ctrlq->interpreter = interpreter;
	ctrlq->arg = arg;
	ctrlq->port = port;
	ctrlq->rung = true;
	list_add_tail(&ctrlq_all, &ctrlq->link);
	hal_doorbell_bind(config->doorbell, hal_core());
	hal_wake(hal_core());
	return ctrlq;
}

uint16_t virtio_ctrlq_stop(struct virtio_ctrlq *ctrlq)
{
	uint16_t place;

	if (!ctrlq)
		return 0;
	place = virtq_position(ctrlq->vq);
	list_remove(&ctrlq->link);
	virtq_destroy(ctrlq->vq);
	heap_free(ctrlq);
	return place;
}

uint16_t virtio_ctrlq_position(const struct virtio_ctrlq *ctrlq)
{
	return virtq_position(ctrlq->vq);
}

uint8_t virtio_ctrlq_error(const struct virtio_ctrlq *ctrlq)
{
	return ctrlq->vq->error;
}

void virtio_ctrlq_set_map(struct virtio_ctrlq *ctrlq, const struct iotlb *map)
{
	if (!ctrlq)
		return;
	virtq_set_map(ctrlq->vq, map);
	ctrlq->rung = true;
	hal_wake(hal_core());
}

/* Fills in the answer to a command that has come; returns its length. */
static uint32_t ctrlq_carry_out(struct virtio_ctrlq *ctrlq, const struct virtq_chain *chain)
{
	const struct virtio_ctrlq_interpreter *interpreter = ctrlq->interpreter;
	const uint32_t write_bytes = chain->len_bytes - chain->read_bytes;
	const uint32_t room_bytes = bits_min(write_bytes - 1, VIRTIO_CTRLQ_MAX_REPLY);
	const bool ack_is_last = interpreter->ack_is_last(ctrlq_buffer->command, chain->read_bytes);
	uint8_t *answer = ctrlq_buffer->answer;
	uint32_t reply_bytes = room_bytes;
	uint8_t ack;

	memset(answer, 0, sizeof(ctrlq_buffer->answer));
	ack = interpreter->run(ctrlq->arg, ctrlq_buffer->command, chain->read_bytes,
			       ack_is_last ? answer : answer + 1, &reply_bytes);
	answer[ack_is_last ? room_bytes : 0] = ack;
	return 1 + (ack_is_last ? room_bytes : reply_bytes);
}

/* False: the queue has an error. */
static bool ctrlq_run_one(struct virtio_ctrlq *ctrlq)
{
	struct virtq *vq = ctrlq->vq;
	const struct virtq_chain *chain = virtq_peek(vq, 0);
	uint32_t answer_bytes;

	if (!virtq_copy(vq, &ctrlq_dma, chain, 0, ctrlq_buffer->command,
			bits_min(chain->read_bytes, VIRTIO_CTRLQ_MAX_BYTES)))
		return false;
	dma_run(&ctrlq_dma);
	if (vq->dma_failed) {
		virtq_fail(vq, XVIO_RING_ERR_DMA);
		return false;
	}
	answer_bytes = ctrlq_carry_out(ctrlq, chain);
	if (!virtq_copy(vq, &ctrlq_dma, chain, chain->read_bytes, ctrlq_buffer->answer,
			answer_bytes))
		return false;
	virtq_take(vq, answer_bytes);
	virtq_publish(vq, &ctrlq_dma);
	dma_run(&ctrlq_dma);
	/* Used, then the driver's wish: pairs with its barrier between that and a last look. */
	if (HAL_HOST_MAPPED)
		atomic_thread_fence(memory_order_seq_cst);
	if (virtq_published(vq) && vq->config.vector != XVIO_VECTOR_NONE)
		hal_msix(vq->config.function, vq->config.vector);
	return !vq->error;
}

/*
 * Some commands. When there are none left the driver is asked to ring for the next (which with an event
 * index has to be done anew each time), and after one more look the queue rests.
 */
static void ctrlq_serve(struct virtio_ctrlq *ctrlq)
{
	struct virtq *vq = ctrlq->vq;
	unsigned num = 0;

	ctrlq->rung = false;
	while (num < CTRLQ_BURST) {
		if (!virtq_stock(vq))
			virtq_fetch(&vq, 1, &ctrlq_dma);
		if (!virtq_stock(vq)) {
			virtq_set_quiet(vq, &ctrlq_dma, false);
			dma_run(&ctrlq_dma);
			virtq_fetch(&vq, 1, &ctrlq_dma);
		}
		if (!virtq_stock(vq) || !ctrlq_run_one(ctrlq))
			return;
		num++;
	}
	ctrlq->rung = true;
	hal_wake(hal_core());
}

static void ctrlq_take_doorbells(void)
{
	uint32_t doorbell;

	for (unsigned num = 0; num < CTRLQ_DOORBELLS && hal_doorbell_take(&doorbell); num++) {
		struct list *link;
		struct list *next;

		list_for_each_safe (link, next, &ctrlq_all) {
			struct virtio_ctrlq *ctrlq = list_entry(link, struct virtio_ctrlq, link);

			if (ctrlq->vq->config.doorbell == doorbell)
				ctrlq->rung = true;
		}
	}
}

void virtio_ctrlq_poll(void (*failed)(uint16_t port, uint32_t doorbell, uint32_t error))
{
	struct list *link;
	struct list *next;

	ctrlq_take_doorbells();
	list_for_each_safe (link, next, &ctrlq_all) {
		struct virtio_ctrlq *ctrlq = list_entry(link, struct virtio_ctrlq, link);
		const struct virtq *vq = ctrlq->vq;

		if (!ctrlq->rung || vq->error)
			continue;
		ctrlq_serve(ctrlq);
		dma_run(&ctrlq_dma); /* after an error it may still name this queue, and its driver's memory */
		if (!vq->error)
			continue;
		port_count_control(virtq_error_stat(vq->error));
		failed(ctrlq->port, vq->config.doorbell, vq->error);
	}
}
