/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands about the address spaces of a vDPA device. A map: the host's table is fetched by DMA, checked as
 * a copy, and takes the place of the old one. Called by the mailbox on core 0.
 */
#include "ctrl/cmd_vdpa.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/iotlb.h"
#include <xvio/pci.h>

/* One DMA: small enough to leave the engine to the workers now and then. */
#define MAP_CHUNK_BYTES 0x10000u

static unsigned map_check(const struct xvio_cmd_vdpa_map *cmd, uint32_t *detail)
{
	const bool identity = cmd->flags & XVIO_MAP_F_IDENTITY;
	const uint64_t table_bytes = (uint64_t)cmd->num_entries * sizeof(struct xvio_map_entry);

	if (cmd->num_entries > IOTLB_MAX_ENTRIES || (identity && cmd->num_entries))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_map, num_entries));
	if (cmd->asid >= XVIO_VDPA_NUM_SPACES)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_map, asid));
	if (cmd->flags & ~XVIO_MAP_F_IDENTITY)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_map, flags));
	if (cmd->table_addr > UINT64_MAX - table_bytes)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_map, table_addr));
	return XVIO_ST_OK;
}

static bool map_fetch(uint64_t table_addr, uint8_t *to, uint32_t len_bytes)
{
	while (len_bytes) {
		struct hal_dma_op op = {
			.host_addr = table_addr,
			.card = to,
			.len_bytes = len_bytes < MAP_CHUNK_BYTES ? len_bytes : MAP_CHUNK_BYTES,
			.function = XVIO_FUNCTION_PF,
			.dir = HAL_DMA_READ,
		};

		if (hal_dma(&op, 1))
			return false;
		table_addr += op.len_bytes;
		to += op.len_bytes;
		len_bytes -= op.len_bytes;
	}
	return true;
}

/* Fetches the host's table; *map is then made of it. */
static unsigned map_build(const struct xvio_cmd_vdpa_map *cmd, struct iotlb **map, uint32_t *detail)
{
	const uint32_t table_bytes = cmd->num_entries * (uint32_t)sizeof(struct xvio_map_entry);
	struct xvio_map_entry *entries = NULL;
	uint32_t bad;

	if (table_bytes) {
		entries = heap_alloc(table_bytes);
		if (!entries)
			return XVIO_ST_NO_SPACE;
		if (!map_fetch(cmd->table_addr, (uint8_t *)entries, table_bytes)) {
			heap_free(entries);
			return XVIO_ST_DMA_FAULT;
		}
	}
	*map = iotlb_create(entries, cmd->num_entries, &bad);
	if (!*map && bad == cmd->num_entries)
		return XVIO_ST_NO_SPACE;
	if (!*map)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_map, table_addr));
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_map(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_map *cmd = request;
	struct virtio_dev *dev = cmd_vdpa_find(cmd->dev);
	struct iotlb *map = iotlb_identity();
	const uint64_t began_us = hal_time_us();
	unsigned status;

	(void)response;
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	status = map_check(cmd, detail);
	if (status == XVIO_ST_OK && !(cmd->flags & XVIO_MAP_F_IDENTITY))
		status = map_build(cmd, &map, detail);
	if (status != XVIO_ST_OK)
		return status;
	virtio_dev_set_map(dev, cmd->asid, map);
	cmd_vdpa_log(dev, cmd->asid ? "map of space 1" : "map of space 0", began_us);
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_group(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_group *cmd = request;
	struct virtio_dev *dev = cmd_vdpa_find(cmd->dev);

	(void)response;
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	if (cmd->group >= XVIO_VDPA_NUM_GROUPS)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_group, group));
	if (cmd->asid >= XVIO_VDPA_NUM_SPACES)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_group, asid));
	virtio_dev_set_space(dev, cmd->group, cmd->asid);
	return XVIO_ST_OK;
}
