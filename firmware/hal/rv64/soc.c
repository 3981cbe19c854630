/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Harts, time, sleep and console of the rv64 SoC: its half of hal.h, and what hal/link asks of a
 * platform. Each hart calls it about itself unless said otherwise. In the image and in the boot ROM.
 */
#include "hal/rv64/soc.h"
#include "hal/hal.h"
#include "hal/link/link.h"

_Static_assert(MAP_MAX_HARTS == XVIO_MAX_HARTS, "assembly and ABI agree");

/* A sleep without end still looks around now and then, should a wake ever get lost. */
#define SOC_MAX_SLEEP_US 10000u

uint8_t *platform_ram(void)
{
	return (uint8_t *)MAP_RAM;
}

unsigned hal_core(void)
{
	return (unsigned)SOC_CSR_READ("mhartid");
}

/*
 * A timer that keeps what is written to it belongs to a hart that exists. Hart 0 asks first, while it
 * is alone.
 */
unsigned hal_num_cores(void)
{
	static unsigned soc_num_cores;
	unsigned num = soc_num_cores;

	if (num)
		return num;
	for (; num < MAP_MAX_HARTS; num++) {
		const uintptr_t timer = MAP_CLINT_MTIMECMP + 8 * num;

		soc_write64(timer, UINT64_MAX);
		if (soc_read64(timer) != UINT64_MAX)
			break;
	}
	soc_num_cores = num;
	return num;
}

uint64_t hal_time_us(void)
{
	return SOC_CSR_READ("time") / SOC_TICKS_PER_US;
}

uint64_t hal_cycles(void)
{
	return SOC_CSR_READ("cycle");
}

void platform_signal_hardware(void)
{
	ivshmem_signal(XVIO_IVSHMEM_PEER_HW, 0);
}

void platform_kick(unsigned core)
{
	/* Pairs with the sleeper's look at its rings after wfi. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	soc_write32(MAP_IMSIC + core * MAP_IMSIC_STRIDE, SOC_MSI_WAKE);
}

/* Interrupts are enabled in mie only: they end wfi and are taken here, never as traps. */
void platform_wait(uint64_t timeout_us)
{
	if (timeout_us > SOC_MAX_SLEEP_US)
		timeout_us = SOC_MAX_SLEEP_US;
	soc_write64(MAP_CLINT_MTIMECMP + 8 * hal_core(),
		    SOC_CSR_READ("time") + timeout_us * SOC_TICKS_PER_US);
	SOC_CSR_WRITE("mie", MAP_INT_EXTERNAL | MAP_INT_TIMER);
	__asm__ volatile("wfi" : : : "memory");
	imsic_claim();
	/* Pairs with the waker's fence between publishing and its interrupt. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void soc_put(char byte)
{
	*(volatile uint8_t *)MAP_UART = (uint8_t)byte;
}

void platform_console(const char *line)
{
	for (; *line; line++)
		soc_put(*line);
	soc_put('\r');
	soc_put('\n');
}

_Noreturn void hal_halt(void)
{
	SOC_CSR_WRITE("mie", 0);
	for (;;)
		__asm__ volatile("wfi");
}
