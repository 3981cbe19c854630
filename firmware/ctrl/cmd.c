/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Checks that several commands share. Called by the command handlers on core 0; no state. */
#include "ctrl/cmd.h"
#include "hal/hal.h"
#include "path/virtq.h"
#include <xvio/pci.h>
#include <xvio/port.h>

bool cmd_is_zero(const uint8_t *bytes, size_t len_bytes)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < len_bytes; i++)
		seen |= bytes[i];
	return seen == 0;
}

bool cmd_is_station_mac(const uint8_t mac[6])
{
	return !(mac[0] & 1) && !cmd_is_zero(mac, 6);
}

bool cmd_is_mtu(uint16_t mtu)
{
	return mtu >= CMD_MIN_MTU && mtu <= XVIO_MAX_MTU;
}

/* The PF has the card's own address; the others are locally administered, their number added. */
void cmd_derive_mac(uint16_t port, uint8_t mac[6])
{
	uint32_t low;

	hal_mac_address(mac);
	if (port == XVIO_PORT_PF)
		return;
	low = (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
	low += port;
	mac[0] |= 2;
	mac[3] = (uint8_t)(low >> 16);
	mac[4] = (uint8_t)(low >> 8);
	mac[5] = (uint8_t)low;
}

static bool cmd_is_place(uint64_t addr, uint32_t align_bytes, uint32_t len_bytes)
{
	return addr % align_bytes == 0 && addr <= UINT64_MAX - len_bytes;
}

enum cmd_ring_field cmd_check_ring(const struct cmd_ring *ring)
{
	const uint32_t size = ring->size;

	const uint32_t event_bytes = sizeof(struct virtq_packed_event);

	if (size < 2 || size > VIRTQ_MAX_SIZE || (!ring->packed && size & (size - 1)))
		return CMD_RING_SIZE;
	if (ring->vector >= XVIO_NUM_MSIX && ring->vector != XVIO_VECTOR_NONE)
		return CMD_RING_VECTOR;
	if (!cmd_is_place(ring->desc, 16, 16 * size))
		return CMD_RING_DESC;
	if (!cmd_is_place(ring->driver, ring->packed ? 4 : 2,
			  ring->packed ? event_bytes : 6 + 2 * size))
		return CMD_RING_DRIVER;
	if (!cmd_is_place(ring->device, 4, ring->packed ? event_bytes : 6 + 8 * size))
		return CMD_RING_DEVICE;
	return CMD_RING_OK;
}
