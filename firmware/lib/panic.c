/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The last words of a firmware that found itself broken, where the host can read them. Any core; the
 * first one to panic is heard.
 */
#include "lib/panic.h"
#include "lib/fmt.h"
#include "hal/hal.h"
#include <xvio/regs.h>

/* A core is writing its message. */
static uint32_t panic_busy;

static void panic_tell(const char *text)
{
	struct xvio_status *status = hal_status();
	struct fmt message;

	if (status->state == XVIO_STATE_PANIC)
		return;
	message = fmt_begin(status->message, sizeof(status->message));
	fmt_text(&message, text);
	/* Pairs with the host's read of state: the message is there when it says PANIC. */
	__atomic_store_n(&status->state, XVIO_STATE_PANIC, __ATOMIC_RELEASE);
}

_Noreturn void panic(const char *text)
{
	/* Pairs with the release of a core that panics at the same time: it has told, or is telling. */
	if (!__atomic_exchange_n(&panic_busy, 1, __ATOMIC_ACQUIRE)) {
		panic_tell(text);
		__atomic_store_n(&panic_busy, 0, __ATOMIC_RELEASE);
	}
	hal_log(text);
	hal_halt();
}
