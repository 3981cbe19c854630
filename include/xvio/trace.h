/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The firmware's log: a byte ring in card RAM that survives a reset of the SoC, so that the last
 * words of a crashed firmware can be read. Written by hal_log(), a line at a time, each with the time since the
 * start of the SoC in front: "[seconds.microseconds] ". Read by the host's driver and by debuggers.
 */
#ifndef XVIO_TRACE_H
#define XVIO_TRACE_H

#include "types.h"

#define XVIO_TRACE_BYTES 0xff00u

struct xvio_trace_ring {
	xvio_le64 head; /* bytes ever written; byte i is at data[i % XVIO_TRACE_BYTES] */
	uint8_t reserved[248];
	uint8_t data[XVIO_TRACE_BYTES];
};
XVIO_ASSERT_SIZE(struct xvio_trace_ring, 0x10000);

#endif
