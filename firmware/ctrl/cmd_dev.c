/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Commands about the card as a whole. Called by the mailbox on core 0. */
#include "ctrl/cmd.h"
#include "ctrl/net_features.h"
#include "ctrl/virtio_dev.h"
#include "hal/hal.h"
#include "lib/panic.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/virtq.h"
#include "path/worker.h"
#include <string.h>

unsigned cmd_dev_info(const void *request, void *response, uint32_t *detail)
{
	struct xvio_dev_info *info = response;

	(void)request;
	(void)detail;
	info->abi = XVIO_ABI_VERSION;
	info->num_uplinks = hal_num_uplinks();
	info->num_workers = hal_num_cores() - 1;
	info->max_vdpa = cmd_vdpa_max();
	info->max_flows = flow_max_rules();
	info->max_map_entries = IOTLB_MAX_ENTRIES;
	info->max_queue_size = VIRTQ_MAX_SIZE;
	info->max_vdpa_queue_pairs = (uint16_t)virtio_dev_max_pairs(net_features_all());
	info->max_pf_queue_pairs = 1;
	info->max_mtu = XVIO_MAX_MTU;
	info->vdpa_features = net_features_all();
	hal_mac_address(info->mac);
	memcpy(info->version, hal_status()->version, sizeof(info->version));
	return XVIO_ST_OK;
}

unsigned cmd_dev_reset(const void *request, void *response, uint32_t *detail)
{
	(void)request;
	(void)response;
	(void)detail;
	flow_flush();
	cmd_eswitch_reset();
	cmd_vdpa_reset();
	cmd_vf_reset();
	cmd_port_reset();
	return XVIO_ST_OK;
}

/* Neither returns. */
unsigned cmd_dev_crash(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;

	(void)response;
	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (object->id == XVIO_CRASH_PANIC)
		panic("ctrl: a panic was asked for");
	if (object->id == XVIO_CRASH_HANG)
		worker_halt_all();
	return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, id));
}

unsigned cmd_stats_get(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;

	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (object->id == XVIO_STATS_CARD) {
		port_stats_card(response);
		return XVIO_ST_OK;
	}
	if (object->id >= XVIO_NUM_PORTS || !port_stats((uint16_t)object->id, response))
		return XVIO_ST_BAD_OBJECT;
	return XVIO_ST_OK;
}
