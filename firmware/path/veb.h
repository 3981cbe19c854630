/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Legacy mode: the card as a bridge at the server's edge (802.1Q, 802.1Qbg), which switches by address and VLAN in the place of
 * rules. Ports are the PF, VFs, vDPA devices and uplink 0. A VEB switches among them; a VEPA sends what its ports
 * bring to the uplink, and delivers what comes back, but not to the port that it is from.
 */
#ifndef PATH_VEB_H
#define PATH_VEB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "path/output.h"
#include "path/pkt.h"

struct core;

enum veb_mode {
	VEB_OFF, /* by rules */
	VEB_VEB,
	VEB_VEPA,
};

extern _Atomic uint32_t
	veb_mode; /* enum veb_mode; core 0, relaxed: veb_set_mode() waits for the workers */

/* Workers, once a burst. */
static inline bool veb_is_on(void)
{
	return __builtin_expect(atomic_load_explicit(&veb_mode, memory_order_relaxed) != VEB_OFF,
				0);
}

/* Off, with nothing learnt (worker_init, once there is an index). False: no memory. */
bool veb_init(void);

/*
 * When it returns no burst is switched the old way any more. What was learnt is forgotten with each change. There must be no
 * rules when it is switched on. Core 0.
 */
void veb_set_mode(enum veb_mode mode);
enum veb_mode veb_get_mode(void);

/* How long an address is remembered that sends no more. Core 0. */
void veb_set_ageing(uint32_t ageing_s);
uint32_t veb_get_ageing(void);

uint32_t veb_num_learnt(void);

/* A port came, or went; or its address, its VLAN or whether it is promiscuous has changed. Core 0. */
void veb_port_changed(uint16_t number);

/* Takes what workers have told, and forgets what is old, a bounded part of each. Core 0, now and then. */
void veb_poll(void);

/* Switches the packets of one port, which have their keys. There is at least one. Worker. */
void veb_run(struct core *core, const struct burst *burst);

/* Floods a packet that another core has handed over to the ports of this one. needs: as in output_mark. Worker. */
void veb_flood_handed(struct core *core, const struct pkt_run *run, uint8_t needs);

#endif
