/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the server's administrator lets a port send, and which VLAN it is in without its driver knowing. A
 * policy belongs to its port's worker; most ports have none, and are asked once per burst.
 */
#ifndef PATH_POLICY_H
#define PATH_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct burst;
struct core;
struct pkt;
struct port;

struct policy {
	bool any; /* not all of it is off */
	bool checks_source; /* only frames from mac may enter, without a tag if there is a vlan_tci */
	uint16_t
		vlan_tci; /* PCP and VID of what enters, VID of what may leave; 0: frames are left alone */
	uint8_t mac[6]; /* the port's */
};

/* Of a port that exists, when its worker has it. Core 0. */
void policy_set(uint16_t port, bool checks_source, uint16_t vlan_tci);

/* The port's address has changed. Core 0. */
void policy_mac_changed(uint16_t port);

/*
 * Of the packets that entered by a port, with their keys, leaves in the burst what its policy lets in, tagged in
 * frame and key; counts the others. Worker, before the chains are published.
 */
void policy_admit(const struct core *core, struct port *port, struct burst *burst);

/* Whether a frame is of the port's VLAN, which there is. All of its Ethernet header and tag is here. */
bool policy_delivers(const struct policy *policy, const struct pkt *pkt);

/*
 * Takes the tag off a frame that is all in its own memory, and in nobody else's hands. has_needs: pkt->offload
 * says something, and goes on doing so.
 */
void policy_untag(struct pkt *pkt, bool has_needs);

#endif
