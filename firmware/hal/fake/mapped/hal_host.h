/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Host memory of the fake platform, played as a native process sees it: by pointers (hal.h). */
#ifndef HAL_HOST_H
#define HAL_HOST_H

#include <stdint.h>
#include "hal/fake/fake.h"

#define HAL_HOST_MAPPED 1

static inline void *hal_host_memory(uint64_t bus_addr)
{
	return fake_touch(bus_addr);
}

#endif
