/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Host memory of a card: reached by hal_dma() alone (hal.h). */
#ifndef HAL_HOST_H
#define HAL_HOST_H

#include <stddef.h>
#include <stdint.h>

#define HAL_HOST_MAPPED 0

static inline void *hal_host_memory(uint64_t bus_addr)
{
	(void)bus_addr;
	return NULL;
}

#endif
