/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Memory of the worker cores (core.h). Made on core 0 before they run. */
#include "path/core.h"

#include "hal/hal.h"
#include "lib/heap.h"

static struct core *core_of[CORE_MAX];

static struct core *core_create(unsigned number)
{
	struct core *core = heap_alloc(sizeof(*core));

	if (!core)
		return NULL;
	core->number = number;
	list_init(&core->active);
	list_init(&core->publish);
	output_init(&core->output);
	core->cache = cache_create();
	return core->cache && pkt_pool_init(&core->pool) ? core : NULL;
}

bool core_init(void)
{
	unsigned number;

	if (hal_num_cores() < 2 || hal_num_cores() > CORE_MAX)
		return false;
	for (number = 1; number < hal_num_cores(); number++) {
		core_of[number] = core_create(number);
		if (!core_of[number])
			return false;
	}
	return true;
}

struct core *core_self(void)
{
	return core_of[hal_core()];
}

const struct core_load *core_load(unsigned number)
{
	return number && number < hal_num_cores() ? &core_of[number]->load : NULL;
}
