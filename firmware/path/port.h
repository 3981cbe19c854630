/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Ports of the switch: a number, an owner core, two operations. The control functions here run on
 * core 0; the packet-path part (bursts) is in the same table, used by workers.
 */
#ifndef PATH_PORT_H
#define PATH_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/port.h>
#include <xvio/stats.h>

bool port_exists(uint16_t port);

/* Admin state, MTU and MAC of an existing port; a down port neither receives nor sends. */
void port_set_admin(uint16_t port, bool up);
bool port_admin(uint16_t port);
void port_set_mtu(uint16_t port, uint16_t mtu);
uint16_t port_mtu(uint16_t port);
void port_set_mac(uint16_t port, const uint8_t mac[6]);
void port_mac(uint16_t port, uint8_t mac[6]);

/* Counters of one port since it was made, summed over the cores. False: no such port. */
bool port_stats(uint16_t port, uint64_t counters[XVIO_STAT_NUM]);

/* The same over all ports, those removed included. */
void port_stats_card(uint64_t counters[XVIO_STAT_NUM]);

/* Adds 1 to a counter that the control core keeps itself (mailbox). Core 0. */
void port_count_control(enum xvio_stat stat);

#endif
