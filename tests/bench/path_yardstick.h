/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Work of the same kind as the path's that never changes: what this machine takes for it just now is
 * what the path's cycles are compared with, since machines have fast and slow minutes. Used by
 * path_bench.c.
 */
#ifndef BENCH_PATH_YARDSTICK_H
#define BENCH_PATH_YARDSTICK_H

#include <stdint.h>

/* Copies, hashes, looks up, counts and copies num small blocks. The cycles that took. */
uint64_t path_yardstick(uint32_t num);

#endif
