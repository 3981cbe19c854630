/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Ports of the switch: a number, an owner core, two operations. The control functions here run on
 * core 0; the packet-path part (bursts) is in the same table, used by workers.
 */
#ifndef PATH_PORT_H
#define PATH_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include "lib/list.h"
#include "path/meter.h"
#include "path/policy.h"
#include "path/stats.h"

struct core;
struct output;
struct port;
struct virtq;

/* A port as one core sees it: its counters, and its packets of the current round. */
struct port_row {
	_Alignas(64) struct stats stats;
	struct port *port;
	struct list link; /* in the core's output_set.rows */
	struct output *first;
	struct output **last_next; /* where the next one is linked */
	unsigned num_outputs;
	uint32_t long_bytes; /* of those packets that stand for several frames */
	uint32_t num_sent; /* of them, with their bytes: told by transmit to complete */
	uint64_t num_sent_bytes;
};

#define PORT_MAX_SHORT 8u

/* What makes a port a port. Receiving is a source's business (worker.c). */
struct port_ops {
	/* Which queues (up to PORT_MAX_SHORT) should be fetched from before the row's packets come; how many. */
	unsigned (*shortage)(const struct port_row *row, struct virtq **vqs);
	/* Sends the row's outputs: where not, sets unsent and counts why. May add to the core's DMA list. */
	void (*transmit)(struct core *core, struct port_row *row);
	/* After the DMA list was run: counts what was sent. */
	void (*complete)(struct core *core, struct port_row *row);
	/* Frames lost before the firmware saw them. */
	uint64_t (*lost)(const struct port *port);
};

struct port {
	uint16_t number;
	unsigned core; /* the owner */
	bool any_core_sends; /* transmit may be called on any worker core */
	uint8_t takes; /* OFFLOAD_*: what packets may still need; set between rounds of the owner */
	const struct port_ops *ops;
	struct port_row *rows; /* per core */
	_Atomic bool admin_up;
	_Atomic uint16_t mtu;
	uint8_t mac[6]; /* core 0 */
	bool promiscuous; /* core 0; who is told: veb.h */
	struct policy policy; /* the owner's */
	struct meter meter; /* the owner's */
};

/* Forgets all ports and counters (worker_init). */
void port_init(void);

/*
 * Fills in a port, whose number, core and ops are set, and lets workers see it. False: the number is
 * taken or out of range, or no memory. Core 0.
 */
bool port_register(struct port *port, const uint8_t mac[6], uint16_t mtu);

/* Hides it; when it returns no worker uses it any more. Its counters go on to the card's. Core 0. */
void port_unregister(struct port *port);

/* NULL: no such port. Valid until the worker's next burst boundary. */
struct port *port_get(uint16_t number);

/* A worker's row of a port. */
static inline struct port_row *port_row(struct port *port, unsigned core)
{
	return &port->rows[core];
}

/* Counts num at a port on this core, if the port still exists. Worker. */
void port_count(const struct core *core, uint16_t number, enum xvio_stat stat, uint64_t num);

static inline bool port_is_up(const struct port *port)
{
	return atomic_load_explicit(&port->admin_up, memory_order_relaxed);
}

/* The longest frame that may pass, FCS not counted. */
static inline uint32_t port_max_frame_bytes(const struct port *port)
{
	return atomic_load_explicit(&port->mtu, memory_order_relaxed) + 18u;
}

bool port_exists(uint16_t port);

/* Admin state, MTU and MAC of an existing port; a down port neither receives nor sends. */
void port_set_admin(uint16_t port, bool up);
bool port_admin(uint16_t port);
void port_set_mtu(uint16_t port, uint16_t mtu);
uint16_t port_mtu(uint16_t port);
void port_set_mac(uint16_t port, const uint8_t mac[6]);
void port_mac(uint16_t port, uint8_t mac[6]);

/* Legacy mode (veb.h): whether it wants what is for nobody known. Not so at first. */
void port_set_promiscuous(uint16_t port, bool promiscuous);
bool port_is_promiscuous(uint16_t port);

/* Counters of one port since it was made, summed over the cores. False: no such port. */
bool port_stats(uint16_t port, uint64_t counters[XVIO_STAT_NUM]);

/* The same over all ports, those removed included. */
void port_stats_card(uint64_t counters[XVIO_STAT_NUM]);

/* Adds 1 to a counter that the control core keeps itself (mailbox). Core 0. */
void port_count_control(enum xvio_stat stat);

#endif
