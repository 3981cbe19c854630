/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The mailbox (xvio/mbox.h): takes the host's requests and answers them. */
#ifndef CTRL_MBOX_H
#define CTRL_MBOX_H

#include <stdbool.h>

/* Forgets what was answered. Core 0, at start. */
void mbox_start(void);

/* Answers the request that the host has rung for, if there is one; true if there was. Core 0. */
bool mbox_poll(void);

#endif
