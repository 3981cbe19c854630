/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The worker's side: frames of random flows come in by the first uplink, as fast as they are taken, and what becomes of
 * each is judged by what rules were there meanwhile.
 */
#ifndef SCALE_MILLION_WIRE_H
#define SCALE_MILLION_WIRE_H

#include <stdatomic.h>
#include "scale/million.h"

/*
 * How far a rule is, told by core 0 around each change: grows by 1 when the change begins, and when it is done. Modulo 4: is
 * not there, is being added, is there, is being removed.
 */
extern _Atomic uint8_t wire_state[MILLION_RULES];

/* What the worker has seen of a rule. Exact for rules whose id is seen in what they do, and for all while nothing changes. */
extern _Atomic uint32_t wire_seen[MILLION_RULES];

extern _Atomic uint64_t wire_num_judged;
extern _Atomic uint64_t wire_num_misses; /* in chain 0 */
extern _Atomic uint64_t wire_num_unsure; /* judged beside a change */

/* Registers ports. Core 0. */
void wire_init(void);

#endif
