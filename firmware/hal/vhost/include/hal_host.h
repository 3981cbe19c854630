/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * How the path reaches host memory on this HAL: it is mapped, and a bus address is a pointer of this
 * process. Included by path/ at compile time.
 */
#ifndef HAL_HOST_H
#define HAL_HOST_H

#include <stdint.h>

#define HAL_HOST_MAPPED 1

/* Memory behind a bus address that the device's address map gave. */
static inline void *hal_host_memory(uint64_t bus_addr)
{
	return (void *)(uintptr_t)bus_addr;
}

#endif
