/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* From start.S to the firmware: what a hart does once, in C. */
#include "hal/rv64/soc.h"
#include "hal/rv64/entry.h"
#include "hal/hal.h"
#include "hal/link/link.h"
#include "lib/panic.h"
#include "main.h"

void soc_start(void)
{
	if (!link_is_sound())
		panic("soc: the card's RAM is not laid out for this firmware");
	if (hal_num_cores() < 2)
		panic("soc: at least two harts are needed");
	imsic_start();
	ivshmem_start();
	link_start();
}

_Noreturn void soc_enter(unsigned core)
{
	imsic_start();
	xvio_main(core);
}
