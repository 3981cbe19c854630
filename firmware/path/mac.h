/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Ports that are uplinks: frames from and to the card's MACs. */
#ifndef PATH_MAC_H
#define PATH_MAC_H

#include <stdbool.h>
#include <stdint.h>

/* Makes port XVIO_PORT_UPLINK(uplink) on a worker core. Core 0, at start. */
bool mac_add(unsigned uplink, unsigned core, const uint8_t mac[6], uint16_t mtu);

#endif
