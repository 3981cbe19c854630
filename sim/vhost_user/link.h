/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port's socket: listens for a front-end, or connects to one and tries again when it is gone. One
 * session at a time; a second peer is turned away. Core 0.
 */
#ifndef VHOST_USER_LINK_H
#define VHOST_USER_LINK_H

#include <jansson.h>

struct link;
struct vport;

/* NULL: *why says what is wrong (static). A front-end that is not there yet is no error. */
struct link *link_open(struct vport *port, const char **why);

/* Ends the session; a socket that was listened on is removed. NULL is ignored. */
void link_close(struct link *link);

/* The session is at its end, for this reason: it is closed and freed. */
void link_session_ended(struct link *link, const char *why);

/* The peer's memory has failed under us. */
void link_memory_failed(struct link *link);

/* What is due: new attempts to connect. At least ten times a second. */
void link_tick(struct link *link);

/* State of the connection and its queues. */
json_t *link_show(const struct link *link);

/* A queue of the port was stopped by the path for an error (XVIO_RING_ERR_*). */
void link_queue_failed(struct link *link, unsigned queue, unsigned error);

#endif
