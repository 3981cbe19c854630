/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What path_*.c asks of the program it is part of: path_bench.c (native, cycles) or count_main.c
 * (bare rv64, instructions).
 */
#ifndef BENCH_PATH_PLATFORM_H
#define BENCH_PATH_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One round of the worker core, measured: calls worker_poll() and nothing else of the path. */
bool path_platform_poll(void);

/* Whether workers poll all the time (xvio-vhost) or sleep when there is nothing to do (the card). */
bool path_platform_is_polling(void);

/* A cycle counter, as the path's own accounting reads it. */
uint64_t path_platform_cycles(void);

/* A line of text, without its end. */
void path_platform_say(const char *text);

/* Ends the program as failed, with the reason. */
_Noreturn void path_platform_fail(const char *why);

/* PATH_CARD_BYTES of card memory and PATH_GUEST_BYTES of each guest's, cache line aligned, zeroed. */
#define PATH_CARD_BYTES	 ((size_t)192 << 20)
#define PATH_GUEST_BYTES ((size_t)8 << 20)
#define PATH_NUM_GUESTS	 3u

void *path_platform_card(void);
void *path_platform_guest(unsigned guest);

#endif
