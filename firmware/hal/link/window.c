/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the host and the hardware show to core 0 in card RAM: windows of BAR0, mailbox number, link
 * state, flash. Also the firmware's memory, and the log, which any core may write.
 */
#include "hal/link/link.h"
#include "hal/hal.h"
#include "lib/fmt.h"
#include <string.h>
#include <xvio/regs.h>
#include <xvio/trace.h>

/* What core 0 has seen last; a difference to the hardware's word is news. */
static uint32_t window_mbox_seq;
static uint32_t window_link_up;

/* Serialises the log; given up after a while, because its holder may be a core that has died. */
static uint32_t window_log_lock;
#define WINDOW_LOG_TRIES  1000000u
#define WINDOW_LINE_BYTES 160u

void link_window_start(void)
{
	uint8_t *ram = platform_ram();

	window_mbox_seq = 0;
	window_link_up = link_page()->link_up; /* what is so at the start is no news */
	memset(ram + XVIO_RAM_MBOX_RSP, 0, XVIO_WIN_BYTES);
	memset(ram + XVIO_RAM_EVENT, 0, XVIO_WIN_BYTES);
}

bool link_host_pending(void)
{
	const struct xvio_link *link = link_page();

	return __atomic_load_n(&link->mbox_seq, __ATOMIC_ACQUIRE) != window_mbox_seq ||
	       __atomic_load_n(&link->link_up, __ATOMIC_ACQUIRE) != window_link_up;
}

uint32_t hal_mbox_seq(void)
{
	/* Pairs with the hardware's release: the request was in the window before. */
	window_mbox_seq = __atomic_load_n(&link_page()->mbox_seq, __ATOMIC_ACQUIRE);
	return window_mbox_seq;
}

bool hal_mac_link_up(unsigned uplink)
{
	const uint32_t link_up = __atomic_load_n(&link_page()->link_up, __ATOMIC_ACQUIRE);
	const uint32_t bit = UINT32_C(1) << uplink;

	if (hal_core() == 0)
		window_link_up = (window_link_up & ~bit) | (link_up & bit);
	return link_up & bit;
}

void hal_mac_address(uint8_t mac[6])
{
	memcpy(mac, link_page()->mac, 6);
}

void *hal_memory(size_t *len_bytes)
{
	uint8_t *heap = platform_ram() + XVIO_RAM_HEAP;

	*len_bytes = XVIO_RAM_HEAP_BYTES;
	memset(heap, 0, XVIO_RAM_HEAP_BYTES);
	return heap;
}

void *hal_keep(size_t *len_bytes)
{
	*len_bytes = XVIO_RAM_KEEP_BYTES;
	return platform_ram() + XVIO_RAM_KEEP;
}

struct xvio_status *hal_status(void)
{
	return (struct xvio_status *)(platform_ram() + XVIO_RAM_STATUS);
}

const volatile void *hal_mbox_request(void)
{
	return platform_ram() + XVIO_RAM_MBOX_REQ;
}

void *hal_mbox_response(void)
{
	return platform_ram() + XVIO_RAM_MBOX_RSP;
}

void *hal_events(void)
{
	return platform_ram() + XVIO_RAM_EVENT;
}

uint32_t hal_generation(void)
{
	return link_page()->generation;
}

const uint8_t *hal_flash(void)
{
	return platform_ram() + XVIO_RAM_FLASH;
}

unsigned hal_boot_slot(void)
{
	return hal_status()->boot_slot;
}

static void window_trace(struct xvio_trace_ring *trace, const char *text)
{
	uint64_t head = trace->head;

	for (; *text; text++)
		trace->data[head++ % XVIO_TRACE_BYTES] = (uint8_t)*text;
	trace->data[head++ % XVIO_TRACE_BYTES] = '\n';
	/* Pairs with a debugger's acquire of head. */
	__atomic_store_n(&trace->head, head, __ATOMIC_RELEASE);
}

static void window_stamp(struct fmt *line, uint64_t now_us)
{
	fmt_text(line, "[");
	fmt_decimal(line, now_us / 1000000);
	fmt_text(line, ".");
	for (uint32_t digit = 100000; digit > 1 && now_us % 1000000 < digit; digit /= 10)
		fmt_text(line, "0");
	fmt_decimal(line, now_us % 1000000);
	fmt_text(line, "] ");
}

void hal_log(const char *text)
{
	struct xvio_trace_ring *trace = (struct xvio_trace_ring *)(platform_ram() + XVIO_RAM_TRACE);
	char line[WINDOW_LINE_BYTES];
	struct fmt fmt = fmt_begin(line, sizeof(line));

	window_stamp(&fmt, hal_time_us());
	fmt_text(&fmt, text);
	for (unsigned i = 0; i < WINDOW_LOG_TRIES; i++)
		if (!__atomic_exchange_n(&window_log_lock, 1, __ATOMIC_ACQUIRE))
			break;
	window_trace(trace, line);
	platform_console(line);
	__atomic_store_n(&window_log_lock, 0, __ATOMIC_RELEASE);
}
