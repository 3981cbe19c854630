/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Ports that are uplinks: frames from and to the card's MACs. */
#ifndef PATH_MAC_H
#define PATH_MAC_H

#include <stdbool.h>
#include <stdint.h>

/* Makes port XVIO_PORT_UPLINK(uplink) on a worker core. Core 0, at start. */
bool mac_add(unsigned uplink, unsigned core, const uint8_t mac[6], uint16_t mtu);

struct burst;
struct core;
struct mac;

/* Takes frames that have arrived into a burst, as they lie in their slots. Its worker. */
void mac_receive(struct core *core, struct mac *mac, struct burst *burst);

/* Gives back the slots of the frames received in this round, after the flush. Its worker. */
void mac_end_round(struct mac *mac);

#endif
