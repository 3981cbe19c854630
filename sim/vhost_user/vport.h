/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ports of xvio-vhost: a name, a number of the path's (XVIO_PORT_VDPA(index)), and a socket where
 * a guest's QEMU or a DPDK application is or will be. Core 0.
 */
#ifndef VHOST_USER_VPORT_H
#define VHOST_USER_VPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#define VPORT_MAX	 256u
#define VPORT_MAX_PAIRS	 8u
#define VPORT_NAME_BYTES 32u
#define VPORT_PATH_BYTES 108u /* as in struct sockaddr_un */

struct link;

struct vport_options {
	char name[VPORT_NAME_BYTES];
	char path[VPORT_PATH_BYTES];
	bool client; /* connect to path instead of listening there */
	unsigned num_pairs; /* of queues, 1 .. VPORT_MAX_PAIRS */
	unsigned core; /* the worker; 0: any */
	uint8_t mac[6]; /* zero: made from the index */
	uint16_t mtu;
};

struct vport {
	struct vport_options options; /* complete: nothing is left to choose */
	unsigned index; /* below VPORT_MAX */
	uint16_t number; /* XVIO_PORT_VDPA(index) */
	struct link *link;
};

/* NULL: no such port. */
struct vport *vport_find(const char *name);
struct vport *vport_get(unsigned index);

/* The name of the port with this number; "any" for XVIO_PORT_NONE. */
const char *vport_name(uint16_t number);

/* Makes a port. NULL: *why says what is wrong with it (static). */
struct vport *vport_add(const struct vport_options *options, const char **why);

/* Takes a port away, its connection with it. No rule may name it any more. */
void vport_remove(struct vport *port);

/* What it is and how it fares. */
json_t *vport_show(const struct vport *port);

/* From now on ports have their sockets; those that are there get theirs. False: *why, *port. */
bool vport_open_all(const char **why, const struct vport **port);

/* Takes all ports away. */
void vport_remove_all(void);

#endif
