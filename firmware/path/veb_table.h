/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Which address is behind which port, in legacy mode (veb.h): addresses that ports have, and those that were learnt
 * from frames; and the ports themselves. Core 0 changes it, workers look up without locks.
 */
#ifndef PATH_VEB_TABLE_H
#define PATH_VEB_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <xvio/port.h>

#define VEB_MAX_LEARNT	4096u
#define VEB_MAX_OF_PORT 1024u /* of them behind one port, so that none takes all the room */
#define VEB_REFRESH_US	1000u /* an address that was used since then is not noted once more */

/* An address in a word, and in its upper 16 bits the VLAN that it is in. */
#define VEB_MAC	    UINT64_C(0xffffffffffff)
#define VEB_GROUP   UINT64_C(1) /* the first byte's lowest bit */
#define VEB_ANY_VID 0x1000u /* no VID: of a port that is in all VLANs */

static inline uint64_t veb_word(uint16_t vid, uint64_t mac)
{
	return (uint64_t)vid << 48 | mac;
}

struct veb_entry {
	uint64_t word; /* veb_word() */
	_Atomic uint16_t port; /* core 0, relaxed: a frame that comes meanwhile may go either way */
	bool is_static; /* the port's own */
	_Atomic uint64_t last_us; /* any worker, relaxed: when a frame came from it */
};

/* A port that frames are flooded to. */
struct veb_member {
	uint16_t port;
	uint16_t vid; /* 0: it is in all VLANs */
	uint8_t core; /* that sends to it; 0: any */
	bool promiscuous;
};

struct veb_members {
	unsigned num;
	struct veb_member member[];
};

/* Forgets what there was (worker_init). False: no memory. */
bool veb_table_init(void);

/* Fills in the ports that there are, with their addresses; takes all out, while workers may still look. Core 0. */
void veb_table_open(void);
void veb_table_close(void);

/* A port, its address, VLAN or wishes came, changed or went; what was learnt behind one that went is forgotten. Core 0. */
void veb_table_port_changed(uint16_t number);

/*
 * A frame of that word came in by a port at at_us. Not learnt, and counted, if there is no room; not learnt if it is a port's own.
 * Core 0.
 */
void veb_table_learn(uint64_t word, uint16_t port, uint64_t at_us);

/* Forgets all that was learnt. Core 0. */
void veb_table_forget(void);

/* Looks at that many places of the table, and forgets what has not been used for ageing_us. Core 0. */
void veb_table_age(unsigned num_slots, uint64_t now_us, uint64_t ageing_us);

uint32_t veb_table_num_learnt(void);

/*
 * The entry for an address in a VLAN, valid until the burst ends. NULL: there is none, or it has not been used for
 * ageing_us. A port's own comes before what was learnt. Worker.
 */
struct veb_entry *veb_table_find(uint16_t vid, uint64_t mac, uint64_t now_us, uint64_t ageing_us);

/* NULL: there are none. Worker, for the burst. */
const struct veb_members *veb_table_members(void);

#endif
