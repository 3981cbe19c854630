/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The inside of virtio ports, shared by vnet.c (control, core 0), vnet_path.c, vnet_receive.c and
 * vnet_send.c (packets, the port's worker).
 */
#ifndef PATH_VNET_QUEUE_H
#define PATH_VNET_QUEUE_H

#include <stdatomic.h>
#include "lib/list.h"
#include "path/pkt.h"
#include "path/coalesce.h"
#include "path/port.h"
#include "path/vnet.h"

#define VNET_RX_STOCK_LOW 64u /* receive chains; below this the stock is filled up in passing */

/* As struct vnet_counters, written by the port's worker. */
struct vnet_count {
	_Atomic uint64_t notifications;
	_Atomic uint64_t packets;
	_Atomic uint64_t bytes;
	_Atomic uint64_t interrupts;
	_Atomic uint64_t drops;
	_Atomic uint64_t drops_of_ring;
};

/* A place for a queue. vq is set while it runs, or stands still after an error. */
struct vnet_queue {
	struct virtq *vq; /* written on the port's worker */
	struct vnet *vnet;
	unsigned index;
	struct list active; /* in core.active */
	struct list publish; /* in core.publish */
	struct list held; /* in core.held, while an interrupt waits */
	struct coalesce coalesce;
	struct vnet_count count;
	unsigned num_waits; /* rounds in which the ring is left to fill */
	uint64_t waits_since; /* in core.cycles */
	unsigned num_asked; /* chains of the stock whose packets were asked for in this round */
	struct pkt *pkt[PKT_BURST]; /* one each; NULL: the chain is too long for a packet */
	_Atomic bool running;
	_Atomic uint8_t
		error; /* XVIO_RING_ERR_*; stored before running, pairs in vnet_queue_state() */
	uint16_t last_avail; /* where it stopped */
};

/* Packets that went through a queue, and the bytes of their frames. Its worker. */
static inline void vnet_count(struct vnet_queue *queue, uint64_t num_packets, uint64_t num_bytes)
{
	stats_add_counter(&queue->count.packets, num_packets);
	stats_add_counter(&queue->count.bytes, num_bytes);
}

struct vnet {
	struct port port;
	unsigned num_receive;
	struct vnet_queue *receive[VNET_MAX_QUEUES / 2]; /* receive queues in use that have a vq */
	uint16_t num_pairs; /* in use; 0: all, and the table of rss chooses */
	const struct rss *rss; /* NULL: no hash is calculated */
	const struct rxfilter *filter; /* NULL: all passes */
	bool is_simple; /* one receive queue, plain headers, nothing to choose: vnet_send.c's short way */
	struct vnet_queue queue[VNET_MAX_QUEUES];
};

extern const struct port_ops vnet_port_ops;

/* Forgets all queues (worker_init). */
void vnet_init(void);

/* The queue is looked at in the next round. Its worker. */
void vnet_activate(struct core *core, struct vnet_queue *queue);

/* The queue that a doorbell belongs to becomes active. Its worker. */
void vnet_ring(struct core *core, uint32_t doorbell);

/* Which queue a doorbell rings; NULL: none. The queue's worker. */
void vnet_set_doorbell(uint32_t doorbell, struct vnet_queue *queue);

/*
 * Reads what the active queues of this core have to give: chains of all, then packets of all. The
 * queues that have packets stand in core->queue afterwards.
 */
void vnet_fetch(struct core *core);

/* Moves the packets of a queue that are to be looked up into a burst, with their keys. */
void vnet_receive(struct core *core, struct vnet_queue *queue, struct burst *burst);

/* Hints the cache at where the packets in a queue's stock will go, if they go where the last did. */
void vnet_prefetch_to(struct core *core, const struct vnet_queue *from);

/* Runs the core's DMA list, with the used rings of all queues that took chains behind the rest. */
void vnet_publish(struct core *core);

/* Finds out anew which receive queues are in use, and whether all is simple. Its worker. */
void vnet_list_receive(struct vnet *vnet);

/* Raises the interrupts that are due, and has the core wake for the others; once a round. Its worker. */
void vnet_raise_held(struct core *core);

/* The queue ends, or its driver: an interrupt that waits is raised at once. Its worker. */
void vnet_release(struct vnet_queue *queue);

/* NULL: no virtio port. Core 0. */
struct vnet *vnet_get(uint16_t number);

/* Stops a queue for what stands in vq->error; counts it, and tells core 0. Its worker. */
void vnet_queue_failed(struct core *core, struct vnet_queue *queue);

#endif
