/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Instructions per packet on rv64: the library that the card runs, its objects unchanged, on a bare
 * machine whose DMA is answered at once. What counts are the instructions executed in the library
 * and in the memory functions it calls, between count_begin() and count_end(), which the plugin
 * (count_plugin.c) watches; what the platform, the guests and the DMA engine do does not. In between
 * nothing of the library is called but worker_poll(). The guests' own copies are of other functions
 * (tests/build.mk). One hart, no interrupts, no clock: two runs count the same. Started by
 * tests/bench/count, which reads the lines this prints.
 */
#include <stdint.h>
#include "bench/path_case.h"
#include "bench/path_hal.h"
#include "bench/path_platform.h"
#include "lib/fmt.h"
#include "path/worker.h"

#define COUNT_UART     0x10000000u
#define COUNT_FINISHER 0x00100000u
#define COUNT_GOOD     0x5555u
#define COUNT_BAD      0x13333u /* exit status 1 */
#define COUNT_KNOWN    2002u /* instructions of count_known() */
#define COUNT_WARM_UP  32768u /* packets, four of each flow of case b */
#define COUNT_MEASURED 32768u

_Noreturn void count_main(void);
_Noreturn void count_trap(uint64_t cause, uint64_t pc, uint64_t value);
void count_begin(void);
void count_end(void);
void count_known(void);
extern uint8_t memory_begin[], memory_end[];

static void count_print(const char *text)
{
	while (*text)
		*(volatile uint8_t *)(uintptr_t)COUNT_UART = (uint8_t)*text++;
}

static _Noreturn void count_stop(uint32_t how)
{
	for (;;)
		*(volatile uint32_t *)(uintptr_t)COUNT_FINISHER = how;
}

/* A clock would be the host's: no two runs would be the same. */
uint64_t path_platform_cycles(void)
{
	return 0;
}

bool path_platform_is_polling(void)
{
	return false;
}

bool path_platform_poll(void)
{
	return worker_poll();
}

void path_platform_say(const char *text)
{
	count_print(text);
	count_print("\n");
}

void path_platform_fail(const char *why)
{
	count_print("failed: ");
	path_platform_say(why);
	count_stop(COUNT_BAD);
}

void *path_platform_card(void)
{
	if (memory_begin + PATH_CARD_BYTES + PATH_NUM_GUESTS * PATH_GUEST_BYTES > memory_end)
		path_platform_fail("the machine has too little memory");
	return memory_begin;
}

void *path_platform_guest(unsigned guest)
{
	return memory_begin + PATH_CARD_BYTES + guest * PATH_GUEST_BYTES;
}

void count_trap(uint64_t cause, uint64_t pc, uint64_t value)
{
	char buffer[80];
	struct fmt text = fmt_begin(buffer, sizeof(buffer));

	fmt_text(&text, "trap ");
	fmt_decimal(&text, cause);
	fmt_text(&text, " at ");
	fmt_hex(&text, pc);
	fmt_text(&text, ", value ");
	fmt_hex(&text, value);
	path_platform_fail(buffer);
}

static void count_field(struct fmt *text, const char *name, uint64_t value)
{
	fmt_text(text, name);
	fmt_decimal(text, value);
}

/* Prints what the plugin cannot know: which case this was, and what the DMA engine had to do. */
static void count_case(const struct path_case *setup)
{
	char buffer[160];
	struct fmt text = fmt_begin(buffer, sizeof(buffer));
	const char *refused = path_case_start(setup);
	struct path_hal_dma before;
	struct path_hal_dma after;
	uint64_t rounds;

	if (refused) {
		fmt_text(&text, "refused ");
		fmt_text(&text, path_case_name(setup));
		fmt_text(&text, ": ");
		fmt_text(&text, refused);
		path_platform_say(buffer);
		return;
	}
	path_case_run(COUNT_WARM_UP);
	before = path_hal_dma();
	count_begin();
	rounds = path_case_run(COUNT_MEASURED);
	count_end();
	after = path_hal_dma();
	path_case_check();
	fmt_text(&text, "counted ");
	fmt_text(&text, path_case_name(setup));
	count_field(&text, ": packets ", COUNT_MEASURED);
	count_field(&text, " rounds ", rounds);
	count_field(&text, " lists ", after.lists - before.lists);
	count_field(&text, " ops ", after.ops - before.ops);
	count_field(&text, " bytes ", after.bytes - before.bytes);
	path_platform_say(buffer);
}

/* The plugin counts what it should, and nothing of the platform with its memset(). */
static void count_calibrate(void)
{
	char buffer[32];
	struct fmt text = fmt_begin(buffer, sizeof(buffer));

	count_begin();
	path_hal_reset();
	count_known();
	count_end();
	count_field(&text, "known ", COUNT_KNOWN);
	path_platform_say(buffer);
}

void count_main(void)
{
	unsigned i;

	count_calibrate();
	for (i = 0; i < PATH_NUM_CASES; i++)
		count_case(&path_case_list[i]);
	path_platform_say("done");
	count_stop(COUNT_GOOD);
}
