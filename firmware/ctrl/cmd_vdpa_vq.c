/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Commands about the virtqueues of vDPA devices. Called by the mailbox on core 0. */
#include "ctrl/cmd_vdpa.h"
#include "hal/hal.h"
#include "path/vnet.h"
#include <xvio/virtio.h>

static unsigned vq_check_setup(const struct virtio_dev *dev, const struct xvio_cmd_vdpa_vq *set,
			       uint32_t *detail)
{
	static const size_t offset_bytes[] = {
		[CMD_RING_SIZE] = offsetof(struct xvio_cmd_vdpa_vq, size),
		[CMD_RING_VECTOR] = offsetof(struct xvio_cmd_vdpa_vq, vector),
		[CMD_RING_DESC] = offsetof(struct xvio_cmd_vdpa_vq, desc_iova),
		[CMD_RING_DRIVER] = offsetof(struct xvio_cmd_vdpa_vq, driver_iova),
		[CMD_RING_DEVICE] = offsetof(struct xvio_cmd_vdpa_vq, device_iova),
	};
	const struct cmd_ring ring = {
		.packed = virtio_dev_is_packed(dev),
		.size = set->size,
		.vector = set->vector,
		.desc = set->desc_iova,
		.driver = set->driver_iova,
		.device = set->device_iova,
	};
	const enum cmd_ring_field bad = cmd_check_ring(&ring);

	return bad == CMD_RING_OK ? XVIO_ST_OK : cmd_bad_value(detail, offset_bytes[bad]);
}

static unsigned vq_make_ready(struct virtio_dev *dev, const struct xvio_cmd_vdpa_vq *set,
			      uint32_t *detail)
{
	const struct virtio_vq setup = {
		.size = set->size,
		.vector = set->vector,
		.last_avail = set->last_avail,
		.desc_iova = set->desc_iova,
		.driver_iova = set->driver_iova,
		.device_iova = set->device_iova,
	};
	const uint64_t began_us = hal_time_us();
	unsigned status = vq_check_setup(dev, set, detail);

	if (status == XVIO_ST_OK)
		status = set->resume ? virtio_dev_resume_queue(dev, set->vq, &setup)
				     : virtio_dev_ready_queue(dev, set->vq, &setup);
	if (status == XVIO_ST_OK && dev->status & VIRTIO_STATUS_DRIVER_OK)
		cmd_vdpa_log(dev, "queue ready", began_us);
	return status;
}

/* ready 1: the queue is set up afresh. ready 0: it stops; the fields that describe it are not used. */
unsigned cmd_vdpa_vq_set(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_vq *set = request;
	struct virtio_dev *dev = cmd_vdpa_find(set->dev);

	(void)response;
	if (!dev || set->vq >= virtio_dev_num_queues(dev))
		return XVIO_ST_BAD_OBJECT;
	if (set->ready > 1)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_vq, ready));
	if (set->resume > 1 || (set->resume && (!set->ready || !dev->resumed)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_vq, resume));
	if (!cmd_is_zero(set->reserved, sizeof(set->reserved)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_vq, reserved));
	if (set->ready)
		return vq_make_ready(dev, set, detail);
	virtio_dev_unready_queue(dev, set->vq);
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_vq_get(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_vq_id *get = request;
	struct xvio_vdpa_vq_state *state = response;
	const struct virtio_dev *dev = cmd_vdpa_find(get->dev);

	if (!dev || get->vq >= virtio_dev_num_queues(dev))
		return XVIO_ST_BAD_OBJECT;
	if (get->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_vq_id, reserved));
	state->last_avail = virtio_dev_last_avail(dev, get->vq);
	state->ready = dev->vq[get->vq].ready;
	state->error = dev->vq[get->vq].error;
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_vq_stats(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_vq_id *get = request;
	struct xvio_vdpa_vq_stats *stats = response;
	const struct virtio_dev *dev = cmd_vdpa_find(get->dev);
	struct vnet_counters counters;

	if (!dev || get->vq >= virtio_dev_num_queues(dev))
		return XVIO_ST_BAD_OBJECT;
	if (get->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_vq_id, reserved));
	vnet_queue_counters(dev->port, get->vq, &counters);
	stats->notifications = counters.notifications;
	stats->packets = counters.packets;
	stats->bytes = counters.bytes;
	stats->interrupts = counters.interrupts;
	stats->drops = counters.drops;
	stats->drops_of_ring = counters.drops_of_ring;
	return XVIO_ST_OK;
}
