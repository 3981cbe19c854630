/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection with a vhost-user front-end, from accept to its end: libvhost-user has the framing,
 * replies and mappings; messages are checked here before it sees them, and rings are the path's.
 * Core 0.
 */
#ifndef VHOST_USER_SESSION_H
#define VHOST_USER_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include <libvhost-user.h>
#include "loop.h"
#include "path/vnet.h"
#include "vport.h"

/* A queue as the front-end has described it so far. */
struct vqueue {
	int kick, call, err; /* -1: none; ours */
	bool started; /* told so by SET_VRING_KICK */
	bool enabled;
	bool running; /* the path has it */
	bool complained; /* its addresses have been found bad, and logged */
	bool has_addr;
	uint8_t error; /* XVIO_RING_ERR_* the path stopped it for */
	uint16_t base; /* where it goes on */
	uint32_t num;
	uint64_t desc, avail, used; /* front-end addresses */
};

/* A message on its way in. */
struct session_message {
	uint32_t have_bytes;
	VhostUserMsg msg;
};

struct session {
	VuDev dev;
	struct link *link;
	struct vport *port;
	struct loop_watch watch;
	struct session_message in;
	struct vqueue vqueue[VNET_MAX_QUEUES];
	unsigned num_vqueues;
	uint64_t features; /* acknowledged */
	uint64_t protocol_features;
	struct iotlb *map; /* NULL: no memory yet */
	bool remap; /* the regions are others now */
	bool broken;
	char why[128];
};

/* Takes over the socket. NULL: no memory; it is closed. */
struct session *session_open(struct vport *port, struct link *link, int sock);

/* Stops its queues, gives back all it holds. */
void session_close(struct session *session);

/* Whether its rings are packed (VIRTIO_F_RING_PACKED). */
bool session_is_packed(const struct session *session);

/* The peer has gone, as far as its socket tells. */
bool session_is_dead(const struct session *session);

json_t *session_show(const struct session *session);

/* Marks the session as at its end; always false. It ends when the message has been handled. */
bool session_refuse(struct session *session, const char *why, ...)
	__attribute__((format(printf, 2, 3)));

/* request.c: checks a message and does it, or leaves it to libvhost-user: *do_reply, and 1 or 0. */
int request_process(VuDev *dev, VhostUserMsg *msg, int *do_reply);

/* vqueue.c: makes the path's queues what the front-end wants them to be. */
void vqueue_reconcile(struct session *session);

/* vqueue.c: takes a queue from the path; base is then exact. */
void vqueue_stop(struct session *session, unsigned index);
void vqueue_stop_all(struct session *session);

/* vqueue.c: another eventfd for interrupts, or -1; closes the old one. */
void vqueue_set_call(struct session *session, unsigned index, int fd);

/* vqueue.c: the path has stopped it. */
void vqueue_failed(struct session *session, unsigned index, uint8_t error);

#endif
