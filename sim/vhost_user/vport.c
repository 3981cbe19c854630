/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of ports (vport.h). Core 0. */
#include "vport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hal/hal.h"
#include "link.h"
#include "path/port.h"
#include "path/vnet.h"

_Static_assert(VPORT_MAX_PAIRS * 2 == VNET_MAX_QUEUES, "the path has as many queues");

static struct vport *vport_table[VPORT_MAX];
static bool vport_opened;

struct vport *vport_get(unsigned index)
{
	return index < VPORT_MAX ? vport_table[index] : NULL;
}

struct vport *vport_find(const char *name)
{
	unsigned i;

	for (i = 0; i < VPORT_MAX; i++) {
		if (vport_table[i] && strcmp(vport_table[i]->options.name, name) == 0)
			return vport_table[i];
	}
	return NULL;
}

const char *vport_name(uint16_t number)
{
	const struct vport *port = vport_get((unsigned)(number - XVIO_PORT_VDPA(0)));

	return port ? port->options.name : "any";
}

/* Fills in what the user left open: ports are dealt out to the workers in turn. */
static void vport_complete(struct vport *port)
{
	static const uint8_t none[6];
	struct vport_options *options = &port->options;

	port->number = (uint16_t)XVIO_PORT_VDPA(port->index);
	if (!options->core)
		options->core = 1 + port->index % (hal_num_cores() - 1);
	if (memcmp(options->mac, none, 6) == 0) {
		options->mac[0] = 0x52;
		options->mac[1] = 0x54;
		options->mac[4] = (uint8_t)(port->index >> 8);
		options->mac[5] = (uint8_t)port->index;
	}
}

struct vport *vport_add(const struct vport_options *options, const char **why)
{
	struct vport *port;
	unsigned i;

	for (i = 0; i < VPORT_MAX && vport_table[i]; i++)
		;
	if (i == VPORT_MAX) {
		*why = "no more ports";
		return NULL;
	}
	*why = "no memory";
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	port->options = *options;
	port->index = i;
	vport_complete(port);
	if (!vnet_add(port->number, port->options.core, port->options.mac, options->mtu)) {
		free(port);
		return NULL;
	}
	if (vport_opened) {
		port->link = link_open(port, why);
		if (!port->link) {
			vnet_remove(port->number);
			free(port);
			return NULL;
		}
	}
	port_set_admin(port->number, true);
	vport_table[i] = port;
	return port;
}

void vport_remove(struct vport *port)
{
	link_close(port->link);
	vnet_remove(port->number);
	vport_table[port->index] = NULL;
	free(port);
}

bool vport_open_all(const char **why, const struct vport **port)
{
	unsigned i;

	vport_opened = true;
	for (i = 0; i < VPORT_MAX; i++) {
		*port = vport_table[i];
		if (!vport_table[i])
			continue;
		vport_table[i]->link = link_open(vport_table[i], why);
		if (!vport_table[i]->link)
			return false;
	}
	return true;
}

void vport_remove_all(void)
{
	unsigned i;

	for (i = 0; i < VPORT_MAX; i++) {
		if (vport_table[i])
			vport_remove(vport_table[i]);
	}
	vport_opened = false;
}

json_t *vport_show(const struct vport *port)
{
	const struct vport_options *o = &port->options;
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", o->mac[0], o->mac[1], o->mac[2],
		 o->mac[3], o->mac[4], o->mac[5]);
	return json_pack("{s:s, s:i, s:s, s:s, s:i, s:s, s:i, s:i, s:o*}", "name", o->name,
			 "number", port->number, "socket", o->path, "mode",
			 o->client ? "client" : "server", "queues", (int)o->num_pairs, "mac", mac,
			 "mtu", (int)o->mtu, "core", (int)o->core, "link",
			 port->link ? link_show(port->link) : NULL);
}
