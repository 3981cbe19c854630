/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Start, sleep and wake over the shared card RAM. Every core uses its own rings; the common words are
 * core 0's. Called through hal.h.
 */
#include "hal/link/link.h"
#include "hal/hal.h"
#include "lib/panic.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "shared words are little-endian");

/* Set by hal_wake(), cleared by the core that it wakes; a line each. */
static struct {
	_Alignas(64) uint32_t wanted;
} link_wake[XVIO_MAX_HARTS];

struct xvio_link *link_page(void)
{
	return (struct xvio_link *)(platform_ram() + XVIO_RAM_LINK);
}

struct xvio_hart_rings *link_rings(unsigned core)
{
	return (struct xvio_hart_rings *)(platform_ram() + XVIO_RAM_RINGS +
					  (size_t)core * XVIO_HART_RINGS_STRIDE);
}

uint32_t link_offset(const void *memory, uint32_t len_bytes)
{
	const uintptr_t offset = (uintptr_t)memory - (uintptr_t)platform_ram();

	if (offset > XVIO_RAM_BYTES || len_bytes > XVIO_RAM_BYTES - offset)
		panic("link: memory outside card RAM given to the hardware");
	return (uint32_t)offset;
}

bool link_is_sound(void)
{
	const struct xvio_link *link = link_page();

	return link->magic == XVIO_LINK_MAGIC && link->version == XVIO_LINK_VERSION &&
	       link->num_uplinks <= XVIO_LINK_MAX_UPLINKS;
}

void link_start(void)
{
	struct xvio_link *link = link_page();

	memset(link->seen, 0, sizeof(link->seen));
	memset(link->bind, 0, sizeof(link->bind));
	link_window_start();
	link_mac_start();
	link_vf_start();
	for (unsigned core = 0; core < hal_num_cores(); core++) {
		struct xvio_hart_rings *rings = link_rings(core);

		rings->op_prod = 0;
		rings->db_cons = 0;
		memset(rings->op, 0, sizeof(rings->op));
		link->hart[core].sleeping = 0;
		/* Pairs with the hardware's acquire: our words are zero when it sees this. */
		__atomic_store_n(&link->hart[core].ready_generation, link->generation,
				 __ATOMIC_RELEASE);
	}
}

void link_sleep_unless(bool (*is_pending)(unsigned core), uint64_t timeout_us)
{
	const unsigned core = hal_core();
	uint32_t *sleeping = &link_page()->hart[core].sleeping;

	__atomic_store_n(sleeping, 1, __ATOMIC_RELAXED);
	/* Pairs with the fence between publishing and reading sleeping: in the hardware, in hal_wake(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!is_pending(core))
		platform_wait(timeout_us);
	__atomic_store_n(sleeping, 0, __ATOMIC_RELAXED);
}

static bool link_any_pending(unsigned core)
{
	return __atomic_load_n(&link_wake[core].wanted, __ATOMIC_RELAXED) ||
	       link_doorbells_pending(core) || link_frames_pending(core) ||
	       (core == 0 && (link_host_pending() || link_vf_pending()));
}

void hal_sleep(uint64_t timeout_us)
{
	link_sleep_unless(link_any_pending, timeout_us);
	/* Pairs with the release in hal_wake(): what the waker stored is seen from here on. */
	__atomic_exchange_n(&link_wake[hal_core()].wanted, 0, __ATOMIC_ACQ_REL);
}

void hal_wake(unsigned core)
{
	__atomic_store_n(&link_wake[core].wanted, 1, __ATOMIC_RELEASE);
	/* Pairs with the fence in link_sleep_unless(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&link_page()->hart[core].sleeping, __ATOMIC_RELAXED))
		platform_kick(core);
}

/* Doorbells */

void hal_doorbell_bind(uint32_t doorbell, unsigned core)
{
	__atomic_store_n(&link_page()->bind[doorbell], (uint16_t)core, __ATOMIC_RELEASE);
}

bool link_doorbells_pending(unsigned core)
{
	struct xvio_hart_rings *rings = link_rings(core);

	/* Pairs with the hardware's release of db_prod: the entry is there. */
	return __atomic_load_n(&rings->db_prod, __ATOMIC_ACQUIRE) != rings->db_cons;
}

bool hal_doorbell_take(uint32_t *doorbell)
{
	struct xvio_hart_rings *rings = link_rings(hal_core());
	struct xvio_db_entry entry;

	if (!link_doorbells_pending(hal_core()))
		return false;
	entry = rings->db[rings->db_cons % XVIO_DB_RING_ENTRIES];
	if (entry.doorbell >= XVIO_NUM_DOORBELLS)
		panic("link: the hardware named a doorbell that does not exist");
	/* Pairs with the hardware's acquire of db_cons: the entry has been read. */
	__atomic_store_n(&rings->db_cons, rings->db_cons + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&link_page()->seen[entry.doorbell], entry.count, __ATOMIC_RELAXED);
	/*
	 * Pairs with the hardware's fence between a ring and its look at seen: either it sees that the
	 * entry was taken and pushes another, or we see what the host did before it rang.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*doorbell = entry.doorbell;
	return true;
}
