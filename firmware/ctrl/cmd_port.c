/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands about ports, and about the PF's queues. The ports that are always there, PF and uplinks,
 * are made here. Called by the mailbox and at start, on core 0.
 */
#include "ctrl/cmd.h"
#include "ctrl/vf_admin.h"
#include "hal/hal.h"
#include "lib/panic.h"
#include "path/mac.h"
#include "path/port.h"
#include "path/vnet.h"
#include "path/worker.h"
#include <xvio/pci.h>

#define PORT_NUM_PF_QUEUES 2u

/* What an always-there port starts as: an uplink takes whatever the wire brings. */
static uint16_t port_default_mtu(uint16_t port)
{
	return port == XVIO_PORT_PF ? CMD_DEFAULT_MTU : XVIO_MAX_MTU;
}

void cmd_port_start(void)
{
	uint8_t mac[6];

	cmd_derive_mac(XVIO_PORT_PF, mac);
	if (!vnet_add(XVIO_PORT_PF, worker_choose(XVIO_PORT_PF), mac,
		      port_default_mtu(XVIO_PORT_PF)))
		panic("cmd_port: no room for the PF's port");
	port_set_admin(XVIO_PORT_PF, true);
	for (unsigned i = 0; i < hal_num_uplinks(); i++) {
		const uint16_t port = XVIO_PORT_UPLINK(i);

		cmd_derive_mac(port, mac);
		if (!mac_add(i, worker_choose(port), mac, port_default_mtu(port)))
			panic("cmd_port: no room for an uplink's port");
		port_set_admin(port, true);
	}
}

void cmd_port_reset(void)
{
	uint8_t mac[6];

	for (unsigned i = 0; i < PORT_NUM_PF_QUEUES; i++)
		vnet_stop_queue(XVIO_PORT_PF, i);
	for (unsigned i = 0; i <= hal_num_uplinks(); i++) {
		const uint16_t port = i ? XVIO_PORT_UPLINK(i - 1) : XVIO_PORT_PF;

		cmd_derive_mac(port, mac);
		port_set_mac(port, mac);
		port_set_mtu(port, port_default_mtu(port));
		port_set_admin(port, true);
		port_set_promiscuous(port, false);
	}
}

static bool port_link_up(uint16_t port)
{
	if (port >= XVIO_PORT_UPLINK(0) && port < XVIO_PORT_UPLINK(hal_num_uplinks()))
		return hal_mac_link_up(port - XVIO_PORT_UPLINK(0));
	return port_admin(port);
}

unsigned cmd_port_get(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;
	struct xvio_port_info *info = response;
	uint16_t port;

	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (object->id >= XVIO_NUM_PORTS || !port_exists((uint16_t)object->id))
		return XVIO_ST_BAD_OBJECT;
	port = (uint16_t)object->id;
	info->port = port;
	if (port_admin(port))
		info->flags |= XVIO_PORT_F_ADMIN_UP;
	if (port_link_up(port))
		info->flags |= XVIO_PORT_F_LINK_UP;
	if (port_is_promiscuous(port))
		info->flags |= XVIO_PORT_F_PROMISC;
	info->mtu = port_mtu(port);
	port_mac(port, info->mac);
	info->speed_mbps = CMD_SPEED_MBPS;
	return XVIO_ST_OK;
}

static unsigned port_check_set(const struct xvio_cmd_port_set *set, uint32_t *detail)
{
	const unsigned all =
		XVIO_PORT_SET_ADMIN | XVIO_PORT_SET_MTU | XVIO_PORT_SET_MAC | XVIO_PORT_SET_PROMISC;
	const unsigned flags = XVIO_PORT_F_ADMIN_UP | XVIO_PORT_F_PROMISC;

	if (set->what & ~all)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_port_set, what));
	if (set->what & (XVIO_PORT_SET_ADMIN | XVIO_PORT_SET_PROMISC) && set->flags & ~flags)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_port_set, flags));
	if (set->what & XVIO_PORT_SET_MTU && !cmd_is_mtu(set->mtu))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_port_set, mtu));
	if (set->what & XVIO_PORT_SET_MAC && !cmd_is_station_mac(set->mac))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_port_set, mac));
	if (!cmd_is_zero(set->reserved, sizeof(set->reserved)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_port_set, reserved));
	return XVIO_ST_OK;
}

unsigned cmd_port_set(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_port_set *set = request;
	unsigned status;

	(void)response;
	if (set->port >= XVIO_NUM_PORTS || !port_exists(set->port))
		return XVIO_ST_BAD_OBJECT;
	status = port_check_set(set, detail);
	if (status != XVIO_ST_OK)
		return status;
	if (set->what & XVIO_PORT_SET_MTU)
		port_set_mtu(set->port, set->mtu);
	if (set->what & XVIO_PORT_SET_MAC) {
		port_set_mac(set->port, set->mac);
		vf_admin_mac_was_set(set->port);
	}
	if (set->what & XVIO_PORT_SET_ADMIN)
		port_set_admin(set->port, set->flags & XVIO_PORT_F_ADMIN_UP);
	if (set->what & XVIO_PORT_SET_PROMISC)
		port_set_promiscuous(set->port, set->flags & XVIO_PORT_F_PROMISC);
	cmd_vdpa_port_changed(set->port);
	cmd_vf_port_changed(set->port);
	return XVIO_ST_OK;
}

static unsigned port_check_queue(const struct xvio_cmd_queue_start *start, uint32_t *detail)
{
	static const size_t offset_bytes[] = {
		[CMD_RING_SIZE] = offsetof(struct xvio_cmd_queue_start, size),
		[CMD_RING_VECTOR] = offsetof(struct xvio_cmd_queue_start, vector),
		[CMD_RING_DESC] = offsetof(struct xvio_cmd_queue_start, desc_addr),
		[CMD_RING_DRIVER] = offsetof(struct xvio_cmd_queue_start, driver_addr),
		[CMD_RING_DEVICE] = offsetof(struct xvio_cmd_queue_start, device_addr),
	};
	const struct cmd_ring ring = {
		.size = start->size,
		.vector = start->vector,
		.desc = start->desc_addr,
		.driver = start->driver_addr,
		.device = start->device_addr,
	};
	const enum cmd_ring_field bad = cmd_check_ring(&ring);

	if (bad != CMD_RING_OK)
		return cmd_bad_value(detail, offset_bytes[bad]);
	if (start->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_queue_start, reserved));
	return XVIO_ST_OK;
}

unsigned cmd_queue_start(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_queue_start *start = request;
	const struct virtq_config config = {
		.role = start->queue % 2 ? VIRTQ_FROM_DRIVER : VIRTQ_TO_DRIVER,
		.size = start->size,
		.function = XVIO_FUNCTION_PF,
		.vector = start->vector,
		.doorbell = start->queue,
		.hdr_bytes = sizeof(struct xvio_pkt_meta),
		.desc_iova = start->desc_addr,
		.driver_iova = start->driver_addr,
		.device_iova = start->device_addr,
		.map = iotlb_identity(),
	};
	unsigned status;

	(void)response;
	if (start->queue >= PORT_NUM_PF_QUEUES)
		return XVIO_ST_BAD_OBJECT;
	status = port_check_queue(start, detail);
	if (status != XVIO_ST_OK)
		return status;
	if (vnet_queue_state(XVIO_PORT_PF, start->queue).running)
		return XVIO_ST_BAD_STATE;
	if (!vnet_start_queue(XVIO_PORT_PF, start->queue, &config))
		return XVIO_ST_NO_SPACE;
	return XVIO_ST_OK;
}

unsigned cmd_queue_stop(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;

	(void)response;
	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (object->id >= PORT_NUM_PF_QUEUES)
		return XVIO_ST_BAD_OBJECT;
	vnet_stop_queue(XVIO_PORT_PF, object->id);
	return XVIO_ST_OK;
}
