/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Meters that rules share (policer.h). The table is core 0's; rules lead the workers to a meter. */
#include "path/policer.h"

#include <stddef.h>
#include <string.h>
#include "lib/heap.h"
#include "path/epoch.h"

#define POLICER_SHIFT	     20u
#define POLICER_TICKS_PER_US 64000u
#define POLICER_MAX_TICKS    (UINT64_C(1) << 62)
#define POLICER_MAX_RATE     (UINT64_C(1) << 37)
#define POLICER_MAX_BURST    (UINT64_C(1) << 32)

static struct policer *policer_table[XVIO_MAX_METERS];

void policer_init(void)
{
	memset(policer_table, 0, sizeof(policer_table));
}

struct policer *policer_get(uint32_t id)
{
	return id < XVIO_MAX_METERS ? policer_table[id] : NULL;
}

/* What num tokens take to come. */
static uint64_t policer_ticks(uint64_t token_ticks, uint64_t num)
{
	const unsigned __int128 ticks = (unsigned __int128)token_ticks * num >> POLICER_SHIFT;

	return ticks < POLICER_MAX_TICKS ? (uint64_t)ticks : POLICER_MAX_TICKS;
}

static unsigned policer_check(const struct xvio_cmd_meter *meter, uint32_t *detail)
{
	*detail = offsetof(struct xvio_cmd_meter, unit);
	if (meter->unit != XVIO_METER_BYTES && meter->unit != XVIO_METER_PACKETS)
		return XVIO_ST_BAD_VALUE;
	*detail = offsetof(struct xvio_cmd_meter, rate);
	if (!meter->rate || meter->rate > POLICER_MAX_RATE)
		return XVIO_ST_BAD_VALUE;
	*detail = offsetof(struct xvio_cmd_meter, burst);
	if (!meter->burst || meter->burst > POLICER_MAX_BURST)
		return XVIO_ST_BAD_VALUE;
	*detail = offsetof(struct xvio_cmd_meter, id);
	return meter->id < XVIO_MAX_METERS ? XVIO_ST_OK : XVIO_ST_BAD_OBJECT;
}

unsigned policer_set(const struct xvio_cmd_meter *meter, uint32_t *detail)
{
	const uint64_t ticks_per_s = UINT64_C(1000000) * POLICER_TICKS_PER_US;
	unsigned status = policer_check(meter, detail);
	struct policer *policer;
	uint64_t token_ticks;

	if (status != XVIO_ST_OK)
		return status;
	*detail = 0;
	policer = policer_get(meter->id);
	if (!policer)
		policer = heap_alloc(sizeof(*policer));
	if (!policer)
		return XVIO_ST_NO_SPACE;
	token_ticks = (ticks_per_s << POLICER_SHIFT) / meter->rate;
	policer->unit = meter->unit;
	policer->token_ticks = token_ticks;
	policer->burst_ticks = policer_ticks(token_ticks, meter->burst);
	policer->full_at = 0;
	policer_table[meter->id] = policer;
	return XVIO_ST_OK;
}

unsigned policer_del(uint32_t id)
{
	struct policer *policer = policer_get(id);

	if (!policer)
		return XVIO_ST_BAD_OBJECT;
	if (policer->num_rules)
		return XVIO_ST_BAD_STATE;
	policer_table[id] = NULL;
	epoch_defer(heap_free, policer);
	return XVIO_ST_OK;
}

void policer_flush(void)
{
	uint32_t id;

	for (id = 0; id < XVIO_MAX_METERS; id++)
		policer_del(id);
}

/* The order of cores at a bucket is that of its word, and of nothing else. */
bool policer_take(struct policer *policer, uint64_t now_us, uint64_t num_packets,
		  uint64_t num_bytes)
{
	const uint64_t num = policer->unit == XVIO_METER_PACKETS ? num_packets : num_bytes;
	const uint64_t ticks = policer_ticks(policer->token_ticks, num);
	const uint64_t now = now_us * POLICER_TICKS_PER_US;
	const uint64_t limit = now + policer->burst_ticks;
	uint64_t full_at = atomic_load_explicit(&policer->full_at, memory_order_relaxed);
	uint64_t next;

	do {
		next = (full_at > now ? full_at : now) + ticks;
		if (next > limit)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&policer->full_at, &full_at, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}
