/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The event ring: written here alone, by core 0, and never waited for: a host that falls behind by
 * more than the ring sees it from head and reads the state anew.
 */
#include "ctrl/event.h"
#include "hal/hal.h"
#include <xvio/event.h>
#include <xvio/pci.h>

void event_post(uint16_t type, uint32_t object, uint32_t arg)
{
	struct xvio_event_ring *ring = hal_events();
	const uint32_t head = ring->head;

	ring->entry[head % XVIO_EVENT_RING_ENTRIES] = (struct xvio_event){
		.type = type,
		.object = object,
		.arg = arg,
	};
	/* Pairs with the host's read barrier between head and the entries. */
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	hal_msix(XVIO_FUNCTION_PF, XVIO_VECTOR_EVENT);
}
