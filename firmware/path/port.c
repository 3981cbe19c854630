/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The table of ports (port.h). Core 0 adds and removes; workers find ports by number, each pointer
 * published by a release store that pairs with the acquire load in port_get().
 */
#include "path/port.h"

#include <string.h>
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/veb.h"
#include "path/worker.h"

static _Atomic(struct port *) port_table[XVIO_NUM_PORTS];
static uint64_t port_retired[XVIO_STAT_NUM]; /* of ports that are gone */
static uint64_t port_control[XVIO_STAT_NUM]; /* what core 0 counts itself */

void port_init(void)
{
	memset(port_table, 0, sizeof(port_table));
	memset(port_retired, 0, sizeof(port_retired));
	memset(port_control, 0, sizeof(port_control));
}

struct port *port_get(uint16_t number)
{
	if (number >= XVIO_NUM_PORTS)
		return NULL;
	return atomic_load_explicit(&port_table[number], memory_order_acquire);
}

bool port_register(struct port *port, const uint8_t mac[6], uint16_t mtu)
{
	unsigned core;

	if (port->number >= XVIO_NUM_PORTS || port_get(port->number))
		return false;
	port->rows = heap_alloc(hal_num_cores() * sizeof(port->rows[0]));
	if (!port->rows)
		return false;
	for (core = 0; core < hal_num_cores(); core++) {
		port->rows[core].port = port;
		port->rows[core].last_next = &port->rows[core].first;
		list_init(&port->rows[core].link);
	}
	memcpy(port->mac, mac, sizeof(port->mac));
	port->mtu = mtu;
	atomic_store_explicit(&port_table[port->number], port, memory_order_release);
	veb_port_changed(port->number);
	return true;
}

static void port_sum(const struct port *port, uint64_t counters[XVIO_STAT_NUM])
{
	unsigned core;
	unsigned stat;

	for (core = 0; core < hal_num_cores(); core++) {
		for (stat = 0; stat < XVIO_STAT_NUM; stat++)
			counters[stat] += stats_read(&port->rows[core].stats.count[stat]);
	}
	if (port->ops->lost)
		counters[XVIO_STAT_MAC_NO_SLOT] += port->ops->lost(port);
}

void port_unregister(struct port *port)
{
	atomic_store_explicit(&port_table[port->number], NULL, memory_order_release);
	veb_port_changed(port->number);
	worker_synchronize();
	port_sum(port, port_retired);
	heap_free(port->rows);
}

void port_count(const struct core *core, uint16_t number, enum xvio_stat stat, uint64_t num)
{
	struct port *port = port_get(number);

	if (port)
		stats_add(&port_row(port, core->number)->stats, stat, num);
}

bool port_exists(uint16_t number)
{
	return port_get(number) != NULL;
}

void port_set_admin(uint16_t number, bool up)
{
	struct port *port = port_get(number);

	if (port)
		port->admin_up = up;
}

bool port_admin(uint16_t number)
{
	const struct port *port = port_get(number);

	return port && port_is_up(port);
}

void port_set_mtu(uint16_t number, uint16_t mtu)
{
	struct port *port = port_get(number);

	if (port)
		port->mtu = mtu;
}

uint16_t port_mtu(uint16_t number)
{
	const struct port *port = port_get(number);

	return port ? port->mtu : 0;
}

void port_set_mac(uint16_t number, const uint8_t mac[6])
{
	struct port *port = port_get(number);

	if (!port)
		return;
	memcpy(port->mac, mac, sizeof(port->mac));
	policy_mac_changed(number);
	veb_port_changed(number);
}

void port_set_promiscuous(uint16_t number, bool promiscuous)
{
	struct port *port = port_get(number);

	if (!port || port->promiscuous == promiscuous)
		return;
	port->promiscuous = promiscuous;
	veb_port_changed(number);
}

bool port_is_promiscuous(uint16_t number)
{
	const struct port *port = port_get(number);

	return port && port->promiscuous;
}

void port_mac(uint16_t number, uint8_t mac[6])
{
	const struct port *port = port_get(number);

	if (port)
		memcpy(mac, port->mac, sizeof(port->mac));
	else
		memset(mac, 0, sizeof(port->mac));
}

static void port_add_control(uint64_t counters[XVIO_STAT_NUM])
{
	unsigned stat;

	for (stat = 0; stat < XVIO_STAT_NUM; stat++)
		counters[stat] += port_control[stat];
}

bool port_stats(uint16_t number, uint64_t counters[XVIO_STAT_NUM])
{
	const struct port *port = port_get(number);

	memset(counters, 0, XVIO_STAT_NUM * sizeof(counters[0]));
	if (!port)
		return false;
	port_sum(port, counters);
	if (number == XVIO_PORT_PF)
		port_add_control(counters);
	return true;
}

void port_stats_card(uint64_t counters[XVIO_STAT_NUM])
{
	uint16_t number;

	memcpy(counters, port_retired, sizeof(port_retired));
	for (number = 0; number < XVIO_NUM_PORTS; number++) {
		const struct port *port = port_get(number);

		if (port)
			port_sum(port, counters);
	}
	port_add_control(counters);
}

void port_count_control(enum xvio_stat stat)
{
	port_control[stat]++;
}
