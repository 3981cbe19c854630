/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Harts as threads: the posix half of hal.h, and what hal/link asks of a platform. Each thread calls
 * it about itself; the state below is written before the first of them starts.
 */
#include "hal/posix/posix.h"
#include "boot/boot.h"
#include "hal/hal.h"
#include "hal/link/link.h"
#include "lib/panic.h"
#include "main.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint8_t *harts_ram;
static unsigned harts_num;
static struct posix_fds harts_fds;
static __thread unsigned harts_self;

uint8_t *platform_ram(void)
{
	return harts_ram;
}

unsigned hal_num_cores(void)
{
	return harts_num;
}

unsigned hal_core(void)
{
	return harts_self;
}

uint64_t hal_time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t hal_cycles(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void harts_signal(int eventfd)
{
	const uint64_t one = 1;

	/* Full counter: the waiter has a signal waiting anyway. */
	if (write(eventfd, &one, sizeof(one)) < 0)
		return;
}

void platform_signal_hardware(void)
{
	harts_signal(harts_fds.hardware);
}

void platform_kick(unsigned core)
{
	harts_signal(harts_fds.hart[core]);
}

void platform_wait(uint64_t timeout_us)
{
	const int eventfd = harts_fds.hart[harts_self];
	const struct timespec timeout = {
		.tv_sec = (time_t)(timeout_us / 1000000),
		.tv_nsec = (long)(timeout_us % 1000000 * 1000),
	};
	struct pollfd wait = {.fd = eventfd, .events = POLLIN};
	uint64_t count;

	if (ppoll(&wait, 1, &timeout, NULL) > 0 && read(eventfd, &count, sizeof(count)) < 0)
		perror("xvio-soc: eventfd");
	/* Pairs with the waker's fence between publishing and its signal. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void platform_console(const char *line)
{
	fprintf(stderr, "xvio-soc: %s\n", line);
}

_Noreturn void hal_halt(void)
{
	for (;;)
		pause();
}

static void *harts_run(void *arg)
{
	harts_self = (unsigned)(uintptr_t)arg;
	xvio_main(harts_self);
}

static void harts_create(void *(*run)(void *), unsigned hart)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, (void *)(uintptr_t)hart) == 0)
		pthread_detach(thread);
	else
		panic("posix: no thread for a hart");
}

/* Hart 0: the boot stage as the ROM has it, but the program that goes on is this one. */
static void *harts_boot(void *arg)
{
	uint32_t entry_offset;

	if (!link_is_sound())
		panic("posix: the card's RAM is not laid out for this firmware");
	if (!boot_load(harts_ram + XVIO_RAM_FIRMWARE, &entry_offset))
		hal_halt();
	link_start();
	for (unsigned hart = 1; hart < harts_num; hart++)
		harts_create(harts_run, hart);
	return harts_run(arg);
}

void harts_start(uint8_t *ram, unsigned num_harts, const struct posix_fds *fds)
{
	harts_ram = ram;
	harts_num = num_harts;
	harts_fds = *fds;
	harts_create(harts_boot, 0);
}
