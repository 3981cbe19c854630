/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the assembly at the start of image and ROM calls. */
#ifndef RV64_ENTRY_H
#define RV64_ENTRY_H

#include <stdint.h>

/* Image, hart 0, with .bss zeroed and the other harts parked: prepares the platform. */
void soc_start(void);

/* Image, every hart, after soc_start(). */
_Noreturn void soc_enter(unsigned core);

/* ROM, hart 0: loads an image and returns its entry address; does not return without one. */
uint64_t rom_main(void);

#endif
