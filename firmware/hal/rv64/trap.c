/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Says in the status page what trap ended the firmware. Called by trap.S, on the hart that trapped. */
#include "hal/rv64/soc.h"
#include "hal/hal.h"
#include "lib/fmt.h"
#include "lib/panic.h"

_Noreturn void trap_panic(uint64_t cause, uint64_t pc, uint64_t value)
{
	char text[120];
	struct fmt fmt = fmt_begin(text, sizeof(text));

	fmt_text(&fmt, "trap on hart ");
	fmt_decimal(&fmt, hal_core());
	fmt_text(&fmt, ": mcause ");
	fmt_hex(&fmt, cause);
	fmt_text(&fmt, " mepc ");
	fmt_hex(&fmt, pc);
	fmt_text(&fmt, " mtval ");
	fmt_hex(&fmt, value);
	panic(text);
}
