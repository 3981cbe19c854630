/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Memory of the worker cores (core.h). Made on core 0 before they run. */
#include "path/core.h"

#include "hal/hal.h"
#include "lib/heap.h"

static struct core *core_of[CORE_MAX];

static struct core *core_create(unsigned number, size_t cache_bytes, unsigned num_large)
{
	struct core *core = heap_alloc(sizeof(*core));

	if (!core)
		return NULL;
	core->number = number;
	core->random = hash_secret[number];
	list_init(&core->active);
	list_init(&core->publish);
	list_init(&core->held);
	core->cache = cache_create(cache_bytes);
	return core->cache && pkt_pool_init(&core->pool, PKT_POOL_SIZE, PKT_ROOM_BYTES) &&
			       pkt_pool_init(&core->large, num_large, PKT_LARGE_ROOM_BYTES) &&
			       output_init(&core->output)
		       ? core
		       : NULL;
}

static unsigned core_num_large(size_t room_bytes)
{
	size_t num = room_bytes / PKT_LARGE_ROOM_BYTES;

	if (num < CORE_MIN_LARGE)
		return CORE_MIN_LARGE;
	return num < PKT_LARGE_MAX ? (unsigned)num : PKT_LARGE_MAX;
}

bool core_init(void)
{
	size_t heap_bytes = heap_free_bytes();
	size_t cache_bytes = heap_bytes / (heap_bytes < CORE_LARGE_HEAP ? 16 : 4);
	size_t large_bytes = heap_bytes / 16;
	unsigned number;

	if (hal_num_cores() < 2 || hal_num_cores() > CORE_MAX)
		return false;
	cache_bytes /= hal_num_cores() - 1;
	large_bytes /= hal_num_cores() - 1;
	for (number = 1; number < hal_num_cores(); number++) {
		core_of[number] = core_create(number, cache_bytes, core_num_large(large_bytes));
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
