/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Token buckets (meter.h). Filled and taken from on the port's worker, set there for core 0. */
#include "path/meter.h"

#include "path/core.h"
#include "path/port.h"
#include "path/worker.h"

void meter_init(struct meter *meter, uint32_t mbps, uint64_t now_us)
{
	meter->bits_per_us = mbps;
	meter->tokens = (int64_t)mbps * METER_DEPTH_US;
	meter->filled_us = now_us;
}

void meter_fill(struct meter *meter, uint64_t now_us)
{
	const int64_t full = (int64_t)meter->bits_per_us * METER_DEPTH_US;
	uint64_t since_us = now_us - meter->filled_us;
	uint64_t until_full_us = (uint64_t)(full - meter->tokens) / meter->bits_per_us;

	meter->filled_us = now_us;
	if (since_us > until_full_us)
		meter->tokens = full;
	else
		meter->tokens += (int64_t)since_us * meter->bits_per_us;
}

uint64_t meter_opens_us(const struct meter *meter)
{
	return meter->filled_us + (uint64_t)-meter->tokens / meter->bits_per_us + 1;
}

struct meter_change {
	struct port *port;
	uint32_t mbps;
};

static void meter_apply(void *arg)
{
	const struct meter_change *change = arg;

	meter_init(&change->port->meter, change->mbps, core_self()->now_us);
}

void meter_set(uint16_t port, uint32_t mbps)
{
	struct meter_change change = {.port = port_get(port), .mbps = mbps};

	worker_call(change.port->core, meter_apply, &change);
}
