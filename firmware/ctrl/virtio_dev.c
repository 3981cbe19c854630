/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The state machine of a virtio device. Called by the vDPA commands and by the control loop on core 0,
 * which owns struct virtio_dev; running queues belong to the port's worker (path/vnet.h).
 */
#include "ctrl/virtio_dev.h"
#include "ctrl/keep.h"
#include "ctrl/net_ctrl_keep.h"
#include "ctrl/net_features.h"
#include "hal/hal.h"
#include "path/offload.h"
#include "path/virtq_place.h"
#include "path/vnet.h"
#include "path/worker.h"
#include <string.h>
#include <xvio/event.h>
#include <xvio/mbox.h>
#include <xvio/pci.h>
#include <xvio/virtio.h>

_Static_assert(2 * VIRTIO_DEV_MAX_PAIRS <= VNET_MAX_QUEUES, "each data queue has a place");

#define VIRTIO_DEV_MANY_PAIRS (VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_RSS))

#define VIRTIO_DEV_DRIVER_BITS                                                        \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK | \
	 VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED)

static bool dev_accepted(const struct virtio_dev *dev, unsigned feature)
{
	return dev->accepted & VIRTIO_BIT(feature);
}

void virtio_dev_bind_doorbells(const struct virtio_dev *dev, unsigned num)
{
	for (unsigned i = 0; i < num; i++)
		hal_doorbell_bind(dev->queue_base + i, worker_choose(dev->port));
}

static bool dev_is_begun(const struct virtio_dev *dev)
{
	return dev->status & VIRTIO_STATUS_DRIVER_OK;
}

/* Its queues run. */
static bool dev_is_live(const struct virtio_dev *dev)
{
	return dev_is_begun(dev) && !dev->suspended;
}

unsigned virtio_dev_max_pairs(uint64_t features)
{
	return features & VIRTIO_DEV_MANY_PAIRS ? VIRTIO_DEV_MAX_PAIRS : 1;
}

unsigned virtio_dev_count_queues(uint64_t offered, unsigned num_pairs)
{
	return 2u * num_pairs + !!(offered & VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ));
}

unsigned virtio_dev_num_queues(const struct virtio_dev *dev)
{
	return virtio_dev_count_queues(dev->offered, dev->num_pairs);
}

/* With what the driver has accepted. */
static unsigned dev_num_data_queues(const struct virtio_dev *dev)
{
	return dev->accepted & VIRTIO_DEV_MANY_PAIRS ? 2u * dev->num_pairs : 2;
}

static bool dev_is_control(const struct virtio_dev *dev, unsigned index)
{
	return dev_accepted(dev, VIRTIO_NET_F_CTRL_VQ) && index == dev_num_data_queues(dev);
}

static struct iotlb *dev_map(const struct virtio_dev *dev, unsigned group)
{
	return dev->map[dev->space_of[group]];
}

static bool dev_start_control(struct virtio_dev *dev, struct virtq_config *config)
{
	config->role = VIRTQ_CONTROL;
	config->hdr_bytes = 2;
	dev->ctrlq = virtio_ctrlq_start(dev->port, config, dev->interpreter, dev->interpreter_arg);
	return dev->ctrlq != NULL;
}

static struct virtq_config dev_config(const struct virtio_dev *dev, unsigned index,
				      const struct virtio_vq *vq)
{
	const uint32_t doorbell = dev->queue_base + index;

	return (struct virtq_config){
		.role = index % 2 ? VIRTQ_FROM_DRIVER : VIRTQ_TO_DRIVER,
		.packed = virtio_dev_is_packed(dev),
		.event_idx = dev_accepted(dev, VIRTIO_F_EVENT_IDX),
		.in_order = dev_accepted(dev, VIRTIO_F_IN_ORDER),
		.indirect = dev_accepted(dev, VIRTIO_F_INDIRECT_DESC),
		.mergeable = dev_accepted(dev, VIRTIO_NET_F_MRG_RXBUF),
		.offloads = offload_asked(dev->accepted),
		.size = vq->size,
		.last_avail = vq->last_avail,
		.function = dev->function,
		.vector = vq->vector,
		.doorbell = doorbell,
		.hdr_bytes = dev_accepted(dev, VIRTIO_NET_F_HASH_REPORT)
				     ? sizeof(struct virtio_net_hdr_hash)
				     : sizeof(struct virtio_net_hdr),
		.desc_iova = vq->desc_iova,
		.driver_iova = vq->driver_iova,
		.device_iova = vq->device_iova,
		.map = dev_map(dev, dev_is_control(dev, index) ? XVIO_VDPA_GROUP_CONTROL
							       : XVIO_VDPA_GROUP_DATA),
		.place = virtio_dev_is_packed(dev) ? keep_place(doorbell) : NULL,
	};
}

static bool dev_start_any_queue(struct virtio_dev *dev, unsigned index)
{
	struct virtq_config config = dev_config(dev, index, &dev->vq[index]);

	if (dev_is_control(dev, index))
		return dev_start_control(dev, &config);
	if (index >= dev_num_data_queues(dev))
		return true;
	return vnet_start_queue(dev->port, index, &config);
}

/* An interrupt may have been lost with the run before. */
static bool dev_start_queue(struct virtio_dev *dev, unsigned index)
{
	struct virtio_vq *vq = &dev->vq[index];

	if (!dev_start_any_queue(dev, index))
		return false;
	if (vq->resumed && vq->vector != XVIO_VECTOR_NONE)
		hal_msix(dev->function, vq->vector);
	vq->resumed = false;
	return true;
}

static void dev_stop_queue(struct virtio_dev *dev, unsigned index)
{
	if (index < dev_num_data_queues(dev))
		dev->vq[index].last_avail = vnet_stop_queue(dev->port, index);
	if (!dev_is_control(dev, index))
		return;
	dev->vq[index].last_avail = virtio_ctrlq_stop(dev->ctrlq);
	dev->ctrlq = NULL;
}

static void dev_stop_queues(struct virtio_dev *dev, unsigned num)
{
	for (unsigned i = 0; i < num; i++)
		if (dev->vq[i].ready)
			dev_stop_queue(dev, i);
}

/* All queues that are ready, or none. */
static bool dev_start_queues(struct virtio_dev *dev)
{
	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++) {
		if (!dev->vq[i].ready || dev_start_queue(dev, i))
			continue;
		dev_stop_queues(dev, i);
		return false;
	}
	return true;
}

/* As the spec has a device at first, or as it was before a restart. */
static bool dev_begin(struct virtio_dev *dev)
{
	struct net_kept kept;
	const bool recalled = dev->resumed && net_ctrl_recall(&dev->net, dev->accepted, &kept);

	if (!net_ctrl_begin(&dev->net, dev->accepted, recalled ? &kept : NULL))
		return false;
	if (!dev_start_queues(dev)) {
		net_ctrl_reset(&dev->net);
		return false;
	}
	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++)
		if (dev->vq[i].ready)
			net_ctrl_enable_queue(&dev->net, i);
	net_ctrl_keep(&dev->net);
	return true;
}

static void dev_reset(struct virtio_dev *dev)
{
	if (dev_is_live(dev))
		dev_stop_queues(dev, VIRTIO_DEV_MAX_QUEUES);
	net_ctrl_reset(&dev->net);
	keep_forget(KEEP_NET, dev->port);
	dev->resumed = false;
	memset(dev->vq, 0, sizeof(dev->vq));
	memset(dev->space_of, 0, sizeof(dev->space_of));
	dev->suspended = false;
	dev->accepted = 0;
	dev->status = 0;
}

/* Each step needs the one before (3.1.1); FAILED may come at any time. */
static bool dev_is_in_order(uint8_t status)
{
	if (status & VIRTIO_STATUS_DRIVER && !(status & VIRTIO_STATUS_ACKNOWLEDGE))
		return false;
	if (status & VIRTIO_STATUS_FEATURES_OK && !(status & VIRTIO_STATUS_DRIVER))
		return false;
	return !(status & VIRTIO_STATUS_DRIVER_OK) || status & VIRTIO_STATUS_FEATURES_OK;
}

static bool dev_features_will_do(const struct virtio_dev *dev)
{
	return (dev->accepted & NET_FEATURES_MUST) == NET_FEATURES_MUST &&
	       !(dev->accepted & ~dev->offered) &&
	       net_features_whole(dev->accepted) == dev->accepted;
}

unsigned virtio_dev_set_status(struct virtio_dev *dev, uint8_t status)
{
	const uint8_t old = dev->status & VIRTIO_DEV_DRIVER_BITS;
	uint8_t set;

	if (status == 0) {
		dev_reset(dev);
		return XVIO_ST_OK;
	}
	status &= (uint8_t)~VIRTIO_STATUS_NEEDS_RESET;
	if (status & ~VIRTIO_DEV_DRIVER_BITS || old & ~status)
		return XVIO_ST_BAD_VALUE;
	if (!dev_is_in_order(status))
		return XVIO_ST_BAD_STATE;
	set = status & (uint8_t)~old;
	if (set & VIRTIO_STATUS_FEATURES_OK && !dev_features_will_do(dev)) {
		status &= (uint8_t) ~(VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
		set = 0;
	}
	if (set & VIRTIO_STATUS_DRIVER_OK && !dev_begin(dev))
		return XVIO_ST_NO_SPACE;
	dev->status |= status;
	return XVIO_ST_OK;
}

unsigned virtio_dev_set_features(struct virtio_dev *dev, uint64_t features)
{
	if (dev->status & VIRTIO_STATUS_FEATURES_OK)
		return XVIO_ST_BAD_STATE;
	if (features & ~dev->offered)
		return XVIO_ST_BAD_VALUE;
	dev->accepted = features;
	return XVIO_ST_OK;
}

bool virtio_dev_is_packed(const struct virtio_dev *dev)
{
	return dev_accepted(dev, VIRTIO_F_RING_PACKED);
}

uint16_t virtio_dev_first_avail(const struct virtio_dev *dev)
{
	return virtio_dev_is_packed(dev) ? VIRTQ_PACKED_WRAP : 0;
}

unsigned virtio_dev_ready_queue(struct virtio_dev *dev, unsigned index,
				const struct virtio_vq *setup)
{
	struct virtio_vq *vq = &dev->vq[index];
	const struct virtio_vq before = *vq;

	if (vq->ready)
		return XVIO_ST_BAD_STATE;
	*vq = *setup;
	vq->ready = true;
	vq->error = XVIO_RING_ERR_NONE;
	keep_place(dev->queue_base + index)->places = VIRTQ_PLACES(vq->last_avail, vq->last_avail);
	if (dev_is_live(dev) && !dev_start_queue(dev, index)) {
		*vq = before;
		return XVIO_ST_NO_SPACE;
	}
	if (dev_is_begun(dev))
		net_ctrl_enable_queue(&dev->net, index);
	net_ctrl_keep(&dev->net);
	return XVIO_ST_OK;
}

unsigned virtio_dev_resume_queue(struct virtio_dev *dev, unsigned index,
				 const struct virtio_vq *setup)
{
	struct virtio_vq found = *setup;
	struct virtq_config config = dev_config(dev, index, setup);

	if (dev->vq[index].ready || !virtq_find_place(&config, &found.last_avail))
		return XVIO_ST_BAD_STATE;
	found.resumed = true;
	return virtio_dev_ready_queue(dev, index, &found);
}

void virtio_dev_unready_queue(struct virtio_dev *dev, unsigned index)
{
	if (!dev->vq[index].ready)
		return;
	if (dev_is_live(dev))
		dev_stop_queue(dev, index);
	if (dev_is_begun(dev))
		net_ctrl_disable_queue(&dev->net, index);
	net_ctrl_keep(&dev->net);
	dev->vq[index].ready = false;
}

uint16_t virtio_dev_last_avail(const struct virtio_dev *dev, unsigned index)
{
	if (!dev->vq[index].ready || !dev_is_live(dev))
		return dev->vq[index].last_avail;
	if (index < dev_num_data_queues(dev))
		return vnet_queue_state(dev->port, index).last_avail;
	return dev->ctrlq ? virtio_ctrlq_position(dev->ctrlq) : dev->vq[index].last_avail;
}

static bool dev_has_error(const struct virtio_dev *dev, unsigned index, uint32_t error)
{
	const struct vnet_queue_state state = vnet_queue_state(dev->port, index);

	if (dev_is_control(dev, index))
		return dev->ctrlq && virtio_ctrlq_error(dev->ctrlq) == error;
	return !state.running && state.error == error;
}

bool virtio_dev_queue_error(struct virtio_dev *dev, unsigned index, uint32_t error)
{
	struct virtio_vq *vq = &dev->vq[index];

	/* The driver may have stopped, reset or started it anew since. */
	if (!vq->ready || !dev_is_live(dev) || !dev_has_error(dev, index, error))
		return false;
	dev_stop_queue(dev, index);
	net_ctrl_disable_queue(&dev->net, index);
	net_ctrl_keep(&dev->net);
	vq->ready = false;
	vq->error = (uint8_t)error;
	dev->status |= VIRTIO_STATUS_NEEDS_RESET;
	return true;
}

unsigned virtio_dev_suspend(struct virtio_dev *dev, bool suspended)
{
	if (suspended == dev->suspended)
		return XVIO_ST_OK;
	if (!dev_is_begun(dev))
		return XVIO_ST_BAD_STATE;
	if (suspended)
		dev_stop_queues(dev, VIRTIO_DEV_MAX_QUEUES);
	else if (!dev_start_queues(dev))
		return XVIO_ST_NO_SPACE;
	dev->suspended = suspended;
	return XVIO_ST_OK;
}

/* What runs goes over to the maps that its groups use now. */
static void dev_apply_maps(struct virtio_dev *dev)
{
	vnet_set_map(dev->port, dev_map(dev, XVIO_VDPA_GROUP_DATA));
	virtio_ctrlq_set_map(dev->ctrlq, dev_map(dev, XVIO_VDPA_GROUP_CONTROL));
}

void virtio_dev_set_map(struct virtio_dev *dev, unsigned space, struct iotlb *map)
{
	struct iotlb *before = dev->map[space];

	dev->map[space] = map;
	dev_apply_maps(dev);
	iotlb_destroy(before);
}

void virtio_dev_set_space(struct virtio_dev *dev, unsigned group, unsigned space)
{
	dev->space_of[group] = (uint8_t)space;
	dev_apply_maps(dev);
}
