/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Uplinks: frames from the wire stand in slots of card RAM that one core consumes in order; frames to
 * the wire are operations of whatever core sends them. Called through hal.h.
 */
#include "hal/link/link.h"
#include "hal/hal.h"

/* Frames shown by hal_mac_receive() since the reset; belongs to the core that the uplink is bound to. */
static uint32_t mac_shown[XVIO_LINK_MAX_UPLINKS];

static struct xvio_mac_rx *mac_rx(unsigned uplink)
{
	return (struct xvio_mac_rx *)(platform_ram() + XVIO_RAM_MAC_RX +
				      (size_t)uplink * XVIO_MAC_RX_STRIDE);
}

void link_mac_start(void)
{
	for (unsigned uplink = 0; uplink < XVIO_LINK_MAX_UPLINKS; uplink++) {
		mac_shown[uplink] = 0;
		mac_rx(uplink)->cons = 0;
		link_page()->mac_rx_hart[uplink] = 0;
	}
}

unsigned hal_num_uplinks(void)
{
	return link_page()->num_uplinks;
}

void hal_mac_bind(unsigned uplink, unsigned core)
{
	__atomic_store_n(&link_page()->mac_rx_hart[uplink], (uint16_t)core, __ATOMIC_RELEASE);
}

static uint32_t mac_num_new(unsigned uplink)
{
	/* Pairs with the hardware's release of prod: the frames are there. */
	return __atomic_load_n(&mac_rx(uplink)->prod, __ATOMIC_ACQUIRE) - mac_shown[uplink];
}

bool link_frames_pending(unsigned core)
{
	const struct xvio_link *link = link_page();

	/* Core 0 is where unbound uplinks point, and takes no frames. */
	for (unsigned uplink = 0; core && uplink < link->num_uplinks; uplink++)
		if (link->mac_rx_hart[uplink] == core && mac_num_new(uplink))
			return true;
	return false;
}

unsigned hal_mac_receive(unsigned uplink, struct hal_frame *frames, unsigned max)
{
	struct xvio_mac_rx *mac = mac_rx(uplink);
	const uint32_t num_new = mac_num_new(uplink);
	const unsigned num = num_new < max ? num_new : max;

	for (unsigned i = 0; i < num; i++) {
		const uint32_t slot = mac_shown[uplink]++ % XVIO_MAC_RX_SLOTS;

		frames[i].data = mac->slot[slot];
		frames[i].len_bytes = mac->len_bytes[slot];
	}
	return num;
}

void hal_mac_release(unsigned uplink, unsigned num)
{
	struct xvio_mac_rx *mac = mac_rx(uplink);

	/* Pairs with the hardware's acquire of cons: we have finished with the slots. */
	__atomic_store_n(&mac->cons, mac->cons + num, __ATOMIC_RELEASE);
}

unsigned hal_mac_send(unsigned uplink, const struct hal_frame *frames, unsigned num)
{
	unsigned num_sent = 0;

	while (num) {
		const unsigned room = link_ops_room();
		const unsigned piece = num < room ? num : room;

		for (unsigned i = 0; i < piece; i++)
			*link_ops_free(i) = (struct xvio_op){
				.card_offset = link_offset(frames[i].data, frames[i].len_bytes),
				.len_bytes = frames[i].len_bytes,
				.op = XVIO_OP_MAC_TX,
				.function = XVIO_FUNCTION_PF,
				.arg = uplink,
			};
		link_ops_execute(piece);
		for (unsigned i = 0; i < piece; i++)
			num_sent += link_ops_status(piece, i) == XVIO_OP_ST_OK;
		frames += piece;
		num -= piece;
	}
	return num_sent;
}

uint64_t hal_mac_lost(unsigned uplink)
{
	return __atomic_load_n(&mac_rx(uplink)->no_slot, __ATOMIC_RELAXED);
}
