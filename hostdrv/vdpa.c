// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of a vDPA device, called by vhost-vdpa and virtio_vdpa in process context, kicks
 * and interrupts apart. Virtqueues are kept here until the driver is ready (DRIVER_OK) and each of
 * them is; then the card gets them.
 */
#include <linux/etherdevice.h>
#include <uapi/linux/vhost_types.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_net.h>

#include "vdpa.h"

static struct xvio_vdpa *vdpa_xvio(struct vdpa_device *vdev)
{
	return container_of(vdev, struct xvio_vdpa, vdpa);
}

static int vdpa_call(struct xvio_vdpa *vd, u16 opcode, const void *req, u16 req_bytes, void *rsp,
		     u16 rsp_bytes)
{
	struct xvio_cmd cmd = {
		.opcode = opcode,
		.req = req,
		.req_bytes = req_bytes,
		.rsp = rsp,
		.rsp_bytes = rsp_bytes,
	};

	return xvio_mbox_call(vd->xv, &cmd);
}

/* Virtqueues */

/* Starts or stops a vq on the card, as vq->ready says. */
static int vdpa_push_vq(struct xvio_vdpa *vd, u16 idx)
{
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];
	struct xvio_cmd_vdpa_vq req = {
		.dev = cpu_to_le32(vd->dev),
		.vq = cpu_to_le16(idx),
		.size = cpu_to_le16(vq->size),
		.vector = cpu_to_le16(vq->vector->index),
		.last_avail = cpu_to_le16(vq->last_avail),
		.ready = vq->ready,
		.desc_iova = cpu_to_le64(vq->desc_iova),
		.driver_iova = cpu_to_le64(vq->driver_iova),
		.device_iova = cpu_to_le64(vq->device_iova),
	};
	int err;

	err = vdpa_call(vd, XVIO_CMD_VDPA_VQ_SET, &req, sizeof(req), NULL, 0);
	if (err)
		return err;
	WRITE_ONCE(vq->started, vq->ready);
	return 0;
}

/* Reads vq->last_avail from the card. */
static int vdpa_pull_vq(struct xvio_vdpa *vd, u16 idx)
{
	struct xvio_cmd_vdpa_vq_id req = {
		.dev = cpu_to_le32(vd->dev),
		.vq = cpu_to_le16(idx),
	};
	struct xvio_vdpa_vq_state state;
	int err;

	err = vdpa_call(vd, XVIO_CMD_VDPA_VQ_GET, &req, sizeof(req), &state, sizeof(state));
	if (err)
		return err;
	vd->vqs[idx].last_avail = le16_to_cpu(state.last_avail);
	return 0;
}

static int vdpa_set_vq_address(struct vdpa_device *vdev, u16 idx, u64 desc_area, u64 driver_area,
			       u64 device_area)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];

	mutex_lock(&vd->lock);
	vq->desc_iova = desc_area;
	vq->driver_iova = driver_area;
	vq->device_iova = device_area;
	mutex_unlock(&vd->lock);
	return 0;
}

static void vdpa_set_vq_num(struct vdpa_device *vdev, u16 idx, u32 num)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);

	mutex_lock(&vd->lock);
	vd->vqs[idx].size = num;
	mutex_unlock(&vd->lock);
}

/* Any context. */
static void vdpa_kick_vq(struct vdpa_device *vdev, u16 idx)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);

	/* A vq that is not there yet is looked at by the card when it starts */
	if (READ_ONCE(vd->vqs[idx].started))
		xvio_hw_ring_doorbell(vd->xv, vd->queue_base + idx, idx);
}

/* The vq's number is in the lower half of data, what the driver says of its place above it. Any context. */
static void vdpa_kick_vq_with_data(struct vdpa_device *vdev, u32 data)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	u16 idx = (u16)data;

	if (idx < vd->num_vqs && READ_ONCE(vd->vqs[idx].started))
		xvio_hw_ring_doorbell(vd->xv, vd->queue_base + idx, data);
}

static void vdpa_set_vq_cb(struct vdpa_device *vdev, u16 idx, struct vdpa_callback *cb)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);

	xvio_irq_set_callback(vd->vqs[idx].vector, &vd->vqs[idx].user, cb);
}

static void vdpa_set_vq_ready(struct vdpa_device *vdev, u16 idx, bool ready)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];

	mutex_lock(&vd->lock);
	vq->ready = ready;
	if (vq->started && !ready) {
		vdpa_push_vq(vd, idx);
		vdpa_pull_vq(vd, idx);
	} else if (!vq->started && ready && (vd->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		if (vdpa_push_vq(vd, idx))
			vq->ready = false;
	}
	mutex_unlock(&vd->lock);
}

static bool vdpa_get_vq_ready(struct vdpa_device *vdev, u16 idx)
{
	return READ_ONCE(vdpa_xvio(vdev)->vqs[idx].ready);
}

static bool vdpa_is_packed(struct xvio_vdpa *vd)
{
	return vd->driver_features & BIT_ULL(VIRTIO_F_RING_PACKED);
}

/* The card numbers places as mbox.h says; what was taken is used, as long as a vq is stopped. */
static u16 vdpa_place(struct xvio_vdpa *vd, const struct vdpa_vq_state *state)
{
	if (!vdpa_is_packed(vd))
		return state->split.avail_index;
	return state->packed.last_avail_idx | state->packed.last_avail_counter << 15;
}

static void vdpa_fill_state(struct xvio_vdpa *vd, u16 place, struct vdpa_vq_state *state)
{
	if (!vdpa_is_packed(vd)) {
		state->split.avail_index = place;
		return;
	}
	state->packed.last_avail_counter = state->packed.last_used_counter = place >> 15;
	state->packed.last_avail_idx = state->packed.last_used_idx = place & 0x7fff;
}

static int vdpa_set_vq_state(struct vdpa_device *vdev, u16 idx, const struct vdpa_vq_state *state)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	int err = -EBUSY;

	mutex_lock(&vd->lock);
	if (!vd->vqs[idx].started) {
		vd->vqs[idx].last_avail = vdpa_place(vd, state);
		err = 0;
	}
	mutex_unlock(&vd->lock);
	return err;
}

static int vdpa_get_vq_state(struct vdpa_device *vdev, u16 idx, struct vdpa_vq_state *state)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	int err = 0;

	mutex_lock(&vd->lock);
	if (vd->vqs[idx].started)
		err = vdpa_pull_vq(vd, idx);
	vdpa_fill_state(vd, vd->vqs[idx].last_avail, state);
	mutex_unlock(&vd->lock);
	return err;
}

static u32 vdpa_get_vq_align(struct vdpa_device *vdev)
{
	return PAGE_SIZE;
}

static u16 vdpa_get_vq_num_max(struct vdpa_device *vdev)
{
	return le16_to_cpu(vdpa_xvio(vdev)->xv->info.max_queue_size);
}

/* Only virtio_vdpa asks this, and then takes its addresses from this device's DMA API. */
static struct device *vdpa_get_vq_dma_dev(struct vdpa_device *vdev, u16 idx)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);

	mutex_lock(&vd->lock);
	vd->wants_identity = true;
	mutex_unlock(&vd->lock);
	return &vd->xv->pdev->dev;
}

/* Identity, features, status */

static u32 vdpa_get_device_id(struct vdpa_device *vdev)
{
	return VIRTIO_ID_NET;
}

static u32 vdpa_get_vendor_id(struct vdpa_device *vdev)
{
	return XVIO_PCI_VENDOR_ID;
}

static u64 vdpa_get_device_features(struct vdpa_device *vdev)
{
	return le64_to_cpu(vdpa_xvio(vdev)->config.features);
}

static u64 vdpa_get_backend_features(const struct vdpa_device *vdev)
{
	return BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);
}

static int vdpa_set_driver_features(struct vdpa_device *vdev, u64 features)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	struct xvio_cmd_vdpa_features req = {
		.dev = cpu_to_le32(vd->dev),
		.features = cpu_to_le64(features),
	};
	int err;

	if (features & ~vdpa_get_device_features(vdev))
		return -EINVAL;
	mutex_lock(&vd->lock);
	err = vdpa_call(vd, XVIO_CMD_VDPA_SET_FEATURES, &req, sizeof(req), NULL, 0);
	if (!err)
		vd->driver_features = features;
	mutex_unlock(&vd->lock);
	return err;
}

static u64 vdpa_get_driver_features(struct vdpa_device *vdev)
{
	return vdpa_xvio(vdev)->driver_features;
}

/* The card's answer is exact: it may have set NEEDS_RESET by itself. */
static u8 vdpa_get_status(struct vdpa_device *vdev)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	struct xvio_cmd_vdpa_status rsp;
	u8 status;
	int err;

	mutex_lock(&vd->lock);
	err = xvio_mbox_call_object(vd->xv, XVIO_CMD_VDPA_GET_STATUS, vd->dev, &rsp, sizeof(rsp));
	if (!err)
		status = rsp.status;
	else
		status = vd->status ? vd->status | VIRTIO_CONFIG_S_NEEDS_RESET : 0;
	mutex_unlock(&vd->lock);
	return status;
}

static int vdpa_push_status(struct xvio_vdpa *vd, u8 status)
{
	struct xvio_cmd_vdpa_status req = {.dev = cpu_to_le32(vd->dev), .status = status};
	struct xvio_cmd_vdpa_status rsp;

	return vdpa_call(vd, XVIO_CMD_VDPA_SET_STATUS, &req, sizeof(req), &rsp, sizeof(rsp));
}

/* What has to be on the card before DRIVER_OK is. */
static int vdpa_start(struct xvio_vdpa *vd)
{
	u16 idx;
	int err;

	if (vd->wants_identity && !vd->has_identity) {
		err = xvio_map_set_identity(vd);
		if (err)
			return err;
	}
	for (idx = 0; idx < vd->num_vqs; idx++) {
		if (!vd->vqs[idx].ready || vd->vqs[idx].started)
			continue;
		err = vdpa_push_vq(vd, idx);
		if (err)
			return err;
	}
	return 0;
}

static void vdpa_op_set_status(struct vdpa_device *vdev, u8 status)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	bool starts;

	mutex_lock(&vd->lock);
	/* After a reset QEMU leaves out the first two steps, on which the card insists */
	if (status & VIRTIO_CONFIG_S_FEATURES_OK)
		status |= VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	starts = status & ~vd->status & VIRTIO_CONFIG_S_DRIVER_OK;
	if (starts && vdpa_start(vd)) {
		dev_err(&vdev->dev, "its virtqueues cannot be started\n");
		status = (status & ~VIRTIO_CONFIG_S_DRIVER_OK) | VIRTIO_CONFIG_S_FAILED;
	}
	if (!vdpa_push_status(vd, status))
		vd->status = status;
	mutex_unlock(&vd->lock);
}

static int vdpa_do_reset(struct xvio_vdpa *vd)
{
	static const struct vdpa_callback no_cb;
	u16 idx;
	int err;

	err = vdpa_push_status(vd, 0);
	/* A card that does not answer is off the bus, which is as good */
	if (err && !READ_ONCE(vd->xv->mbox.dead))
		return err;
	if (vd->has_identity)
		xvio_map_clear(vd);
	vd->wants_identity = false;
	vd->status = 0;
	vd->driver_features = 0;
	vd->config_cb = no_cb;
	for (idx = 0; idx < vd->num_vqs; idx++) {
		struct xvio_vdpa_vq *vq = &vd->vqs[idx];

		xvio_irq_set_callback(vq->vector, &vq->user, &no_cb);
		WRITE_ONCE(vq->started, false);
		vq->ready = false;
		vq->last_avail = 0;
	}
	return 0;
}

static int vdpa_op_compat_reset(struct vdpa_device *vdev, u32 flags)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	int err;

	mutex_lock(&vd->lock);
	err = vdpa_do_reset(vd);
	if (!err && (flags & VDPA_RESET_F_CLEAN_MAP))
		err = xvio_map_clear(vd);
	mutex_unlock(&vd->lock);
	return err;
}

static int vdpa_op_reset(struct vdpa_device *vdev)
{
	return vdpa_op_compat_reset(vdev, 0);
}

/* Configuration */

int xvio_vdpa_read_config(struct xvio_vdpa *vd)
{
	return xvio_mbox_call_object(vd->xv, XVIO_CMD_VDPA_GET_CONFIG, vd->dev, &vd->config,
				     sizeof(vd->config));
}

void xvio_vdpa_config_changed(struct xvio_vdpa *vd)
{
	mutex_lock(&vd->lock);
	xvio_vdpa_read_config(vd);
	if (vd->config_cb.callback)
		vd->config_cb.callback(vd->config_cb.private);
	mutex_unlock(&vd->lock);
}

static void vdpa_set_config_cb(struct vdpa_device *vdev, struct vdpa_callback *cb)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);

	mutex_lock(&vd->lock);
	vd->config_cb = *cb;
	mutex_unlock(&vd->lock);
}

static size_t vdpa_get_config_size(struct vdpa_device *vdev)
{
	return sizeof(struct virtio_net_config);
}

static void vdpa_op_get_config(struct vdpa_device *vdev, unsigned int offset, void *buf,
			       unsigned int len)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	struct virtio_net_config config = {};

	if (offset > sizeof(config) || len > sizeof(config) - offset)
		return;
	mutex_lock(&vd->lock);
	xvio_vdpa_read_config(vd); /* a guest changes it by its control queue, too */
	ether_addr_copy(config.mac, vd->config.mac);
	config.status = (__force __virtio16)vd->config.status;
	config.max_virtqueue_pairs = (__force __virtio16)vd->config.max_virtqueue_pairs;
	config.mtu = (__force __virtio16)vd->config.mtu;
	config.speed = vd->config.speed_mbps;
	config.duplex = vd->config.duplex;
	config.rss_max_key_size = vd->config.rss_max_key_bytes;
	config.rss_max_indirection_table_length = vd->config.rss_max_table;
	config.supported_hash_types = vd->config.hash_types;
	mutex_unlock(&vd->lock);
	memcpy(buf, (u8 *)&config + offset, len);
}

/* The MAC is all that can be written (QEMU does); the rest of a write is ignored. */
static void vdpa_op_set_config(struct vdpa_device *vdev, unsigned int offset, const void *buf,
			       unsigned int len)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	struct xvio_cmd_vdpa_config req = {.dev = cpu_to_le32(vd->dev)};

	if (offset >= ETH_ALEN)
		return;
	mutex_lock(&vd->lock);
	ether_addr_copy(req.mac, vd->config.mac);
	memcpy(req.mac + offset, buf, min_t(size_t, len, ETH_ALEN - offset));
	if (!ether_addr_equal(req.mac, vd->config.mac) &&
	    !vdpa_call(vd, XVIO_CMD_VDPA_SET_CONFIG, &req, sizeof(req), NULL, 0))
		xvio_vdpa_read_config(vd);
	mutex_unlock(&vd->lock);
}

static u32 vdpa_get_generation(struct vdpa_device *vdev)
{
	return le32_to_cpu(READ_ONCE(vdpa_xvio(vdev)->config.generation));
}

/* Address map */

static int vdpa_set_map(struct vdpa_device *vdev, unsigned int asid, struct vhost_iotlb *iotlb)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	int err;

	if (asid)
		return -EINVAL;
	mutex_lock(&vd->lock);
	err = xvio_map_set(vd, iotlb);
	mutex_unlock(&vd->lock);
	return err;
}

static int vdpa_reset_map(struct vdpa_device *vdev, unsigned int asid)
{
	struct xvio_vdpa *vd = vdpa_xvio(vdev);
	int err;

	if (asid)
		return -EINVAL;
	mutex_lock(&vd->lock);
	err = xvio_map_clear(vd);
	mutex_unlock(&vd->lock);
	return err;
}

const struct vdpa_config_ops xvio_vdpa_ops = {
	.set_vq_address = vdpa_set_vq_address,
	.set_vq_num = vdpa_set_vq_num,
	.kick_vq = vdpa_kick_vq,
	.kick_vq_with_data = vdpa_kick_vq_with_data,
	.set_vq_cb = vdpa_set_vq_cb,
	.set_vq_ready = vdpa_set_vq_ready,
	.get_vq_ready = vdpa_get_vq_ready,
	.set_vq_state = vdpa_set_vq_state,
	.get_vq_state = vdpa_get_vq_state,
	.get_vq_align = vdpa_get_vq_align,
	.get_vq_num_max = vdpa_get_vq_num_max,
	.get_vq_dma_dev = vdpa_get_vq_dma_dev,
	.get_device_id = vdpa_get_device_id,
	.get_vendor_id = vdpa_get_vendor_id,
	.get_device_features = vdpa_get_device_features,
	.get_backend_features = vdpa_get_backend_features,
	.set_driver_features = vdpa_set_driver_features,
	.get_driver_features = vdpa_get_driver_features,
	.get_status = vdpa_get_status,
	.set_status = vdpa_op_set_status,
	.reset = vdpa_op_reset,
	.compat_reset = vdpa_op_compat_reset,
	.set_config_cb = vdpa_set_config_cb,
	.get_config_size = vdpa_get_config_size,
	.get_config = vdpa_op_get_config,
	.set_config = vdpa_op_set_config,
	.get_generation = vdpa_get_generation,
	.set_map = vdpa_set_map,
	.reset_map = vdpa_reset_map,
};
