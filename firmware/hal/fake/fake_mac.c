/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The fake platform's wires: slots for frames that arrive, a queue of frames that were sent. */
#include <stdint.h>
#include <string.h>
#include "hal/fake/fake.h"
#include "hal/fake/fake_mac.h"
#include "hal/hal.h"

#define FAKE_MAX_UPLINKS 2u
#define FAKE_SLOTS	 128u
#define FAKE_SLOT_BYTES	 0x2800u

struct fake_wire {
	uint8_t rx[FAKE_SLOTS][FAKE_SLOT_BYTES];
	uint8_t tx[FAKE_SLOTS][FAKE_SLOT_BYTES];
	uint32_t rx_len[FAKE_SLOTS];
	uint32_t tx_len[FAKE_SLOTS];
	unsigned rx_prod, rx_shown, rx_cons;
	unsigned tx_prod, tx_cons;
	unsigned core;
	uint64_t lost;
	bool link_up;
};

static struct fake_wire fake_wire[FAKE_MAX_UPLINKS];
static unsigned fake_num_uplinks;

static struct fake_wire *fake_wire_of(unsigned uplink)
{
	fake_check(uplink < fake_num_uplinks, "no such uplink");
	return &fake_wire[uplink];
}

void fake_mac_reset(unsigned num_uplinks)
{
	unsigned i;

	fake_check(num_uplinks <= FAKE_MAX_UPLINKS, "number of uplinks");
	fake_num_uplinks = num_uplinks;
	for (i = 0; i < FAKE_MAX_UPLINKS; i++) {
		struct fake_wire *wire = &fake_wire[i];

		wire->rx_prod = wire->rx_shown = wire->rx_cons = 0;
		wire->tx_prod = wire->tx_cons = 0;
		wire->core = 0;
		wire->lost = 0;
		wire->link_up = true;
	}
}

bool fake_mac_is_slot(const void *card, size_t len_bytes)
{
	unsigned i;

	for (i = 0; i < fake_num_uplinks; i++) {
		uintptr_t offset = (uintptr_t)card - (uintptr_t)fake_wire[i].rx;

		if (offset < sizeof(fake_wire[i].rx))
			return len_bytes <= FAKE_SLOT_BYTES - offset % FAKE_SLOT_BYTES;
	}
	return false;
}

bool fake_mac_push(unsigned uplink, const void *frame, size_t len_bytes)
{
	struct fake_wire *wire = fake_wire_of(uplink);
	unsigned slot = wire->rx_prod % FAKE_SLOTS;

	fake_check(len_bytes <= FAKE_SLOT_BYTES, "frame longer than a slot");
	if (wire->rx_prod - wire->rx_cons == FAKE_SLOTS) {
		wire->lost++;
		return false;
	}
	memcpy(wire->rx[slot], frame, len_bytes);
	wire->rx_len[slot] = (uint32_t)len_bytes;
	wire->rx_prod++;
	hal_wake(wire->core);
	return true;
}

size_t fake_mac_pop(unsigned uplink, void *frame, size_t room_bytes)
{
	struct fake_wire *wire = fake_wire_of(uplink);
	unsigned slot = wire->tx_cons % FAKE_SLOTS;

	if (wire->tx_cons == wire->tx_prod)
		return 0;
	fake_check(wire->tx_len[slot] <= room_bytes, "no room for the frame");
	memcpy(frame, wire->tx[slot], wire->tx_len[slot]);
	wire->tx_cons++;
	return wire->tx_len[slot];
}

void fake_mac_set_link(unsigned uplink, bool up)
{
	fake_wire_of(uplink)->link_up = up;
}

unsigned hal_num_uplinks(void)
{
	return fake_num_uplinks;
}

void hal_mac_bind(unsigned uplink, unsigned core)
{
	fake_wire_of(uplink)->core = core;
}

unsigned hal_mac_receive(unsigned uplink, struct hal_frame *frames, unsigned max)
{
	struct fake_wire *wire = fake_wire_of(uplink);
	unsigned num = 0;

	fake_check(wire->core == hal_core(), "frames taken by a core they are not bound to");
	while (num < max && wire->rx_shown != wire->rx_prod) {
		unsigned slot = wire->rx_shown++ % FAKE_SLOTS;

		frames[num++] = (struct hal_frame){wire->rx[slot], wire->rx_len[slot]};
	}
	return num;
}

void hal_mac_release(unsigned uplink, unsigned num)
{
	struct fake_wire *wire = fake_wire_of(uplink);

	fake_check(num <= wire->rx_shown - wire->rx_cons, "released more than was shown");
	for (; num; num--) /* a released slot must not be read any more: make it visible */
		memset(wire->rx[wire->rx_cons++ % FAKE_SLOTS], 0xdd, 256);
}

/* When nobody pops, the oldest frames fall off the end. */
unsigned hal_mac_send(unsigned uplink, const struct hal_frame *frames, unsigned num)
{
	struct fake_wire *wire = fake_wire_of(uplink);
	unsigned i;

	if (!wire->link_up)
		return 0;
	for (i = 0; i < num; i++) {
		unsigned slot = wire->tx_prod++ % FAKE_SLOTS;

		fake_check(frames[i].len_bytes <= FAKE_SLOT_BYTES, "frame too long to send");
		memcpy(wire->tx[slot], frames[i].data, frames[i].len_bytes);
		wire->tx_len[slot] = frames[i].len_bytes;
		if (wire->tx_prod - wire->tx_cons > FAKE_SLOTS)
			wire->tx_cons++;
	}
	return num;
}

bool hal_mac_link_up(unsigned uplink)
{
	return fake_wire_of(uplink)->link_up;
}

uint64_t hal_mac_lost(unsigned uplink)
{
	return fake_wire_of(uplink)->lost;
}

void hal_mac_address(uint8_t mac[6])
{
	static const uint8_t address[6] = {0x52, 0x54, 0x00, 0x78, 0x76, 0x00};

	memcpy(mac, address, sizeof(address));
}
