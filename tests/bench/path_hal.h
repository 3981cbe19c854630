/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The platform of the path's own benchmark: two cores played by one thread, no wires, host memory
 * that is plain pointers, DMA answered at once. It does as little as hal.h allows, because what it
 * does is not what is measured. Used by path_case.c.
 */
#ifndef BENCH_PATH_HAL_H
#define BENCH_PATH_HAL_H

#include <stdint.h>

/* Forgets doorbells and counts. Before each case. */
void path_hal_reset(void);

/* A guest rings: the worker takes it in its next round. */
void path_hal_ring(uint32_t doorbell);

/* What the DMA engine of a card would have done since the reset. */
struct path_hal_dma {
	uint64_t lists;
	uint64_t ops;
	uint64_t bytes;
};
struct path_hal_dma path_hal_dma(void);

/* Interrupts raised since the reset. */
uint64_t path_hal_interrupts(void);

/* Whose code runs from now on: 0 control, 1 worker. Time stands still but for a step a round. */
void path_hal_enter(unsigned core);

#endif
