/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The control core: everything that is not packets. */
#ifndef CTRL_CTRL_H
#define CTRL_CTRL_H

#include <stdbool.h>

/* Makes the ports that are always there; then the card is XVIO_STATE_RUNNING. Core 0, workers run. */
void ctrl_start(void);

/* One round: mailbox, VF registers, workers' notices, links, heartbeat; true if a request was answered. Core 0. */
bool ctrl_poll(void);

/* Rounds for ever, with sleep between them. Core 0. */
_Noreturn void ctrl_loop(void);

#endif
