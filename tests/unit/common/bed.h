/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A card on the fake platform with the ports a test wants, drivers behind their queues, and what must
 * hold at any quiet moment.
 */
#ifndef COMMON_BED_H
#define COMMON_BED_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/event.h>
#include <xvio/flow.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include "common/act.h"
#include "common/check.h"
#include "common/driver.h"
#include "path/vnet.h"

#define BED_RX 0u /* queue indices of a port, as in vnet.h */
#define BED_TX 1u

/* What the rings of ports that are added from now on are like; a test sets it. */
extern struct driver_rings bed_rings;

/* The feature bits that a driver with such rings accepts. */
uint64_t bed_ring_features(void);

struct bed_port {
	uint16_t number;
	uint16_t hdr_bytes;
	uint32_t doorbell; /* of queue 0; queue 1 has the next one; vectors are the same numbers */
	struct driver driver[2]; /* by queue index */
	struct iotlb *map;
};

/* Runs the tests as a group for each kind of rings; returns how many failed. */
int bed_run_tests(const struct CMUnitTest *tests, size_t num);

/* A card with its tables, no ports. Call in each test. */
void bed_start(unsigned num_cores, unsigned num_uplinks);

/* The same after fake_restart(). */
void bed_restart(unsigned num_cores, unsigned num_uplinks);

/* A PF or vDPA port that is up, with both queues running; size descriptors each. */
void bed_add_port(struct bed_port *port, uint16_t number, uint16_t size);
struct virtq_config bed_queue_config(const struct bed_port *port, unsigned index,
				     uint16_t last_avail);
void bed_start_queue(struct bed_port *port, unsigned index, uint16_t last_avail);

/* The port's memory moves to another place on the bus, between two bursts. */
void bed_move(struct bed_port *port, uint64_t bus_addr);

/* An uplink that is up. */
void bed_add_uplink(unsigned uplink);

/* Posts num receive buffers of len_bytes and rings. */
void bed_post(struct bed_port *port, unsigned num, uint32_t len_bytes);

/* Puts a frame (with a plain header) into the port's transmit queue; does not ring. */
bool bed_send(struct bed_port *port, const void *frame, uint32_t len_bytes, unsigned num_pieces);
/* On the PF: with a mark. */
bool bed_send_marked(struct bed_port *port, const void *frame, uint32_t len_bytes,
		     uint16_t mark_port, uint8_t flags);

void bed_ring(const struct bed_port *port, unsigned index);

/* Takes a received frame: its length, 0 if none. meta (may be NULL): the PF's mark. */
uint32_t bed_receive(struct bed_port *port, uint8_t *frame, struct xvio_pkt_meta *meta);

/* Reaps what was sent; returns how many. */
unsigned bed_reap_sent(struct bed_port *port);

/* A rule: all that comes in by port from goes to port to (XVIO_PORT_NONE: is dropped). */
void bed_rule(uint64_t cookie, uint16_t from, uint16_t to);

/* A UDP frame that differs with seed; len_bytes >= 42. */
void bed_frame(uint8_t *frame, uint32_t len_bytes, uint32_t seed);

uint64_t bed_stat(uint16_t port, enum xvio_stat stat);

/* How often the cache of core 1 has asked the classifier. */
uint64_t bed_num_asked(void);

/* No work is left: every packet buffer is free. */
void bed_check_pools(void);

/* fake_run(), in which fn(arg) is called before the DMA operation that comes after num_ops; returns how many came. */
uint64_t bed_run_with(uint64_t num_ops, void (*fn)(void *arg), void *arg);

/* That, and rx + split + copied = tx + drops over the card. */
void bed_check_quiet(void);

#endif
