/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The firmware's entry, for the start code of a HAL. */
#ifndef XVIO_MAIN_H
#define XVIO_MAIN_H

/* Runs the firmware on a core; called once on every core, in any order, after HAL and boot stage. */
_Noreturn void xvio_main(unsigned core);

#endif
