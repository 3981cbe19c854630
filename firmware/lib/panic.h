/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The end of the firmware: for what cannot happen unless the firmware itself is wrong. */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

/* Writes text to the status page (XVIO_STATE_PANIC) and the log, then hal_halt(). Any core. */
_Noreturn void panic(const char *text);

#endif
