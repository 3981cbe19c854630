/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The card around the hostile function: two neighbours on its worker, whose packets must arrive
 * whatever it does; one more honest driver on another worker, and an uplink, with which it may
 * exchange packets. Made once and kept: an execution leaves it as it found it.
 */
#ifndef FUZZ_DEVICE_WORLD_H
#define FUZZ_DEVICE_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/port.h>

/*
 * The hostile function is one of these: a VF, or a port whose queues were set up by a program
 * (vDPA).
 */
#define WORLD_VF   4u /* the last one, so that it can be taken away */
#define WORLD_PORT ((uint16_t)XVIO_PORT_VDPA(0))

#define WORLD_HOSTILE_BYTES 0x10000u /* memory of either */
#define WORLD_VF_ADDR	    UINT64_C(0x10000000)
#define WORLD_PORT_ADDR	    UINT64_C(0x20000000) /* on the bus */
#define WORLD_MTU	    1500u
#define WORLD_PORT_DOORBELL 16u /* of queue 0 */

/* Where a frame goes by its destination, the last byte of the MAC: 02:00:00:00:00:NN. */
enum world_to {
	WORLD_TO_LEFT = 1, /* and else to the hostile function itself */
	WORLD_TO_RIGHT,
	WORLD_TO_FAR,
	WORLD_TO_UPLINK,
	WORLD_TO_VF,
	WORLD_TO_PORT,
	WORLD_TO_MANY, /* LEFT's: RIGHT and both hostile ones; theirs: FAR, uplink, itself */
	WORLD_TO_NUM,
};

/* Says what is wrong, and ends the run, unless good. */
void world_check(bool good, const char *what);

/* Once. */
void world_start(void);

/* Memory of the hostile VF, or port. */
uint8_t *world_memory(bool is_port);

/*
 * The neighbours send num frames to each other; to_hostile of LEFT's also go to the hostile
 * functions.
 */
void world_exchange(unsigned num, unsigned to_hostile);

/*
 * A frame for the hostile functions from the other worker, or from the wire; to: WORLD_TO_VF or
 * _PORT.
 */
void world_send_far(enum world_to to, uint32_t len_bytes);
void world_send_uplink(enum world_to to, uint32_t len_bytes);

/* All VFs, or all but the hostile one. */
void world_set_vfs(bool all);

/* The host's say about the hostile function's port; as it was made: up, and WORLD_MTU. */
void world_set_port(bool is_port, bool up, uint16_t mtu);

/* A round of the workers. */
void world_step(void);

/* Rounds until there is nothing to do; then the neighbours have all that was sent to them. */
void world_settle(void);

/* Nothing of what was executed is left: packets, memory, counters, registers of the neighbours. */
void world_check_clean(void);

#endif
