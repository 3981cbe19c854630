/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Events to the host (xvio/event.h). */
#ifndef CTRL_EVENT_H
#define CTRL_EVENT_H

#include <stdint.h>

/* Appends XVIO_EVENT_* to the event ring and raises its vector; what the host missed is lost. Core 0. */
void event_post(uint16_t type, uint32_t object, uint32_t arg);

#endif
