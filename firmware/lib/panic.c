/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The last words of a firmware that found itself broken, where the host can read them. Any core; the
 * first one to panic is heard, unless two do so in the same instant.
 */
#include "lib/panic.h"
#include "lib/fmt.h"
#include "hal/hal.h"
#include <xvio/regs.h>

_Noreturn void panic(const char *text)
{
	struct xvio_status *status = hal_status();

	if (__atomic_load_n(&status->state, __ATOMIC_ACQUIRE) != XVIO_STATE_PANIC) {
		struct fmt message = fmt_begin(status->message, sizeof(status->message));

		fmt_text(&message, text);
		/* Pairs with the host's read of state: the message is there when it says PANIC. */
		__atomic_store_n(&status->state, XVIO_STATE_PANIC, __ATOMIC_RELEASE);
	}
	hal_log(text);
	hal_halt();
}
