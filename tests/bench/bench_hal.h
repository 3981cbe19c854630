/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The benches' platform, as the bench sees it. */
#ifndef BENCH_HAL_H
#define BENCH_HAL_H

/* Before worker_init(). */
void bench_set_cores(unsigned num_cores);

/* Which core the calling thread is. */
void bench_set_core(unsigned core);

_Noreturn void bench_fail(const char *why);

#endif
