// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of a vDPA device, called by vhost-vdpa and virtio_vdpa in process context, kicks
 * and interrupts apart. Its virtqueues are in vdpa_vq.c.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <uapi/linux/vhost_types.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_net.h>

#include "vdpa.h"

int xvio_vdpa_call(struct xvio_vdpa *vd, u16 opcode, const void *req, u16 req_bytes, void *rsp,
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

int xvio_vdpa_change(struct xvio_vdpa *vd, u16 opcode, const void *req, u16 req_bytes,
		     void (*done)(const struct xvio_cmd *cmd, int err))
{
	struct xvio_cmd cmd = {
		.opcode = opcode,
		.req = req,
		.req_bytes = req_bytes,
		.done = done,
		.ctx = vd,
	};

	return xvio_mbox_call(vd->xv, &cmd);
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
	return le64_to_cpu(to_xvio_vdpa(vdev)->config.features);
}

static u64 vdpa_get_backend_features(const struct vdpa_device *vdev)
{
	return BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);
}

static void vdpa_features_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_features *req = cmd->req;
	struct xvio_vdpa *vd = cmd->ctx;

	if (!err)
		vd->driver_features = le64_to_cpu(req->features);
}

static int vdpa_set_driver_features(struct vdpa_device *vdev, u64 features)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	struct xvio_cmd_vdpa_features req = {
		.dev = cpu_to_le32(vd->dev),
		.features = cpu_to_le64(features),
	};
	int err;

	if (features & ~vdpa_get_device_features(vdev))
		return -EINVAL;
	mutex_lock(&vd->lock);
	err = xvio_vdpa_change(vd, XVIO_CMD_VDPA_SET_FEATURES, &req, sizeof(req),
			       vdpa_features_done);
	mutex_unlock(&vd->lock);
	return err;
}

static u64 vdpa_get_driver_features(struct vdpa_device *vdev)
{
	return to_xvio_vdpa(vdev)->driver_features;
}

/*
 * The card's answer is exact: it may have set NEEDS_RESET by itself. While it is restarted its answer is
 * waited for.
 */
static u8 vdpa_get_status(struct vdpa_device *vdev)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	struct xvio_cmd_vdpa_status rsp;
	u8 status;
	int err;

	mutex_lock(&vd->lock);
	err = xvio_mbox_call_object(vd->xv, XVIO_CMD_VDPA_GET_STATUS, vd->dev, &rsp, sizeof(rsp));
	if (!err && !READ_ONCE(vd->lost))
		status = rsp.status;
	else
		status = vd->status ? vd->status | VIRTIO_CONFIG_S_NEEDS_RESET : 0;
	mutex_unlock(&vd->lock);
	return status;
}

/* The card has it no more, nor does a dead one. */
static void vdpa_forget(struct xvio_vdpa *vd)
{
	u16 idx;

	vd->status = 0;
	vd->driver_features = 0;
	vd->suspended = false;
	WRITE_ONCE(vd->lost, false);
	memset(vd->asid_of, 0, sizeof(vd->asid_of));
	for (idx = 0; idx < vd->num_vqs; idx++)
		WRITE_ONCE(vd->vqs[idx].started, false);
}

/* The card is about to be told to run what is started; it may do so and die before it answers. */
static void vdpa_note_running(struct xvio_vdpa *vd)
{
	u16 idx;

	xvio_mbox_lock(vd->xv);
	for (idx = 0; idx < vd->num_vqs; idx++)
		vd->vqs[idx].ran = vd->vqs[idx].started;
	xvio_mbox_unlock(vd->xv);
}

static void vdpa_status_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_status *req = cmd->req, *rsp = cmd->rsp;
	struct xvio_vdpa *vd = cmd->ctx;

	if (!req->status && xvio_cmd_took_away(err))
		vdpa_forget(vd);
	else if (!err)
		vd->status = rsp->status & ~VIRTIO_CONFIG_S_NEEDS_RESET;
}

static int vdpa_push_status(struct xvio_vdpa *vd, u8 status)
{
	struct xvio_cmd_vdpa_status req = {.dev = cpu_to_le32(vd->dev), .status = status};
	struct xvio_cmd_vdpa_status rsp;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_VDPA_SET_STATUS,
		.req = &req,
		.req_bytes = sizeof(req),
		.rsp = &rsp,
		.rsp_bytes = sizeof(rsp),
		.done = vdpa_status_done,
		.ctx = vd,
	};

	return xvio_mbox_call(vd->xv, &cmd);
}

/*
 * The module cannot be unloaded under a guest: it would wait until the guest is gone. The server's own
 * driver (virtio_vdpa, which wants identity) just loses its device.
 */
static void vdpa_pin_module(struct xvio_vdpa *vd)
{
	if (vd->status & VIRTIO_CONFIG_S_DRIVER_OK && !vd->has_identity && !vd->pins_module)
		vd->pins_module = try_module_get(THIS_MODULE);
}

static void vdpa_unpin_module(struct xvio_vdpa *vd)
{
	if (vd->pins_module)
		module_put(THIS_MODULE);
	vd->pins_module = false;
}

/* What has to be on the card before DRIVER_OK is. */
static int vdpa_start(struct xvio_vdpa *vd)
{
	int err;

	if (vd->wants_identity && !vd->has_identity) {
		err = xvio_map_set_identity(vd);
		if (err)
			return err;
	}
	return xvio_vdpa_start_vqs(vd);
}

static void vdpa_op_set_status(struct vdpa_device *vdev, u8 status)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
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
	if (status & ~vd->status & VIRTIO_CONFIG_S_DRIVER_OK)
		vdpa_note_running(vd);
	vdpa_push_status(vd, status);
	vdpa_pin_module(vd);
	mutex_unlock(&vd->lock);
}

static int vdpa_do_reset(struct xvio_vdpa *vd)
{
	static const struct vdpa_callback no_cb;
	u16 idx;
	int err;

	vdpa_unpin_module(vd);
	err = vdpa_push_status(vd, 0);
	if (!xvio_cmd_took_away(err))
		return err;
	if (vd->has_identity)
		xvio_map_clear(vd, 0);
	vd->wants_identity = false;
	vd->config_cb = no_cb;
	for (idx = 0; idx < vd->num_vqs; idx++) {
		struct xvio_vdpa_vq *vq = &vd->vqs[idx];

		xvio_irq_set_callback(vq->vector, &vq->user, &no_cb);
		vq->ready = false;
		vq->changed = false;
		vq->last_avail = 0;
	}
	return 0;
}

static int vdpa_op_compat_reset(struct vdpa_device *vdev, u32 flags)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	unsigned int asid;
	int err;

	mutex_lock(&vd->lock);
	err = vdpa_do_reset(vd);
	for (asid = 0; !err && (flags & VDPA_RESET_F_CLEAN_MAP) && asid < XVIO_VDPA_NUM_SPACES;
	     asid++)
		err = xvio_map_clear(vd, asid);
	mutex_unlock(&vd->lock);
	return err;
}

static int vdpa_op_reset(struct vdpa_device *vdev)
{
	return vdpa_op_compat_reset(vdev, 0);
}

static void vdpa_suspend_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_suspend *req = cmd->req;
	struct xvio_vdpa *vd = cmd->ctx;

	if (!err)
		vd->suspended = req->suspended;
}

/* Its virtqueues stand still, or go on from where they stood. */
static int vdpa_set_suspended(struct xvio_vdpa *vd, bool suspended)
{
	struct xvio_cmd_vdpa_suspend req = {.dev = cpu_to_le32(vd->dev), .suspended = suspended};

	if (!suspended)
		vdpa_note_running(vd);
	return xvio_vdpa_change(vd, XVIO_CMD_VDPA_SUSPEND, &req, sizeof(req), vdpa_suspend_done);
}

/* Before DRIVER_OK nothing runs that could be suspended. */
static int vdpa_op_suspend(struct vdpa_device *vdev)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err = 0;

	mutex_lock(&vd->lock);
	if (vd->status & VIRTIO_CONFIG_S_DRIVER_OK)
		err = vdpa_set_suspended(vd, true);
	mutex_unlock(&vd->lock);
	return err;
}

static int vdpa_op_resume(struct vdpa_device *vdev)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err = 0;

	mutex_lock(&vd->lock);
	if (vd->suspended)
		err = xvio_vdpa_push_changed_vqs(vd);
	if (vd->suspended && !err)
		err = vdpa_set_suspended(vd, false);
	mutex_unlock(&vd->lock);
	return err;
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
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);

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
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
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

static void vdpa_mac_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_config *req = cmd->req;
	struct xvio_vdpa *vd = cmd->ctx;

	if (!err)
		ether_addr_copy(vd->create.mac, req->mac);
}

int xvio_vdpa_set_mac(struct xvio_vdpa *vd, const u8 *mac)
{
	struct xvio_cmd_vdpa_config req = {.dev = cpu_to_le32(vd->dev)};
	int err;

	if (ether_addr_equal(mac, vd->config.mac))
		return 0;
	ether_addr_copy(req.mac, mac);
	err = xvio_vdpa_change(vd, XVIO_CMD_VDPA_SET_CONFIG, &req, sizeof(req), vdpa_mac_done);
	return err ? err : xvio_vdpa_read_config(vd);
}

/* The MAC is all that can be written (QEMU does); the rest of a write is ignored. */
static void vdpa_op_set_config(struct vdpa_device *vdev, unsigned int offset, const void *buf,
			       unsigned int len)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	u8 mac[ETH_ALEN];

	if (offset >= ETH_ALEN)
		return;
	mutex_lock(&vd->lock);
	ether_addr_copy(mac, vd->config.mac);
	memcpy(mac + offset, buf, min_t(size_t, len, ETH_ALEN - offset));
	xvio_vdpa_set_mac(vd, mac);
	mutex_unlock(&vd->lock);
}

static u32 vdpa_get_generation(struct vdpa_device *vdev)
{
	return le32_to_cpu(READ_ONCE(to_xvio_vdpa(vdev)->config.generation));
}

/* Address spaces */

static int vdpa_set_map(struct vdpa_device *vdev, unsigned int asid, struct vhost_iotlb *iotlb)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err;

	if (asid >= XVIO_VDPA_NUM_SPACES)
		return -EINVAL;
	mutex_lock(&vd->lock);
	err = xvio_map_set(vd, asid, iotlb);
	mutex_unlock(&vd->lock);
	return err;
}

static int vdpa_reset_map(struct vdpa_device *vdev, unsigned int asid)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err;

	if (asid >= XVIO_VDPA_NUM_SPACES)
		return -EINVAL;
	mutex_lock(&vd->lock);
	err = xvio_map_clear(vd, asid);
	mutex_unlock(&vd->lock);
	return err;
}

static void vdpa_group_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_group *req = cmd->req;
	struct xvio_vdpa *vd = cmd->ctx;

	if (!err)
		vd->asid_of[le16_to_cpu(req->group)] = le16_to_cpu(req->asid);
}

static int vdpa_set_group_asid(struct vdpa_device *vdev, unsigned int group, unsigned int asid)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	struct xvio_cmd_vdpa_group req = {
		.dev = cpu_to_le32(vd->dev),
		.group = cpu_to_le16(group),
		.asid = cpu_to_le16(asid),
	};

	if (group >= XVIO_VDPA_NUM_GROUPS || asid >= XVIO_VDPA_NUM_SPACES)
		return -EINVAL;
	return xvio_vdpa_change(vd, XVIO_CMD_VDPA_GROUP, &req, sizeof(req), vdpa_group_done);
}

const struct vdpa_config_ops xvio_vdpa_ops = {
	.set_vq_address = xvio_vdpa_set_vq_address,
	.set_vq_num = xvio_vdpa_set_vq_num,
	.kick_vq = xvio_vdpa_kick_vq,
	.kick_vq_with_data = xvio_vdpa_kick_vq_with_data,
	.set_vq_cb = xvio_vdpa_set_vq_cb,
	.set_vq_ready = xvio_vdpa_set_vq_ready,
	.get_vq_ready = xvio_vdpa_get_vq_ready,
	.set_vq_state = xvio_vdpa_set_vq_state,
	.get_vq_state = xvio_vdpa_get_vq_state,
	.get_vendor_vq_stats = xvio_vdpa_get_vendor_vq_stats,
	.get_vq_notification = xvio_vdpa_get_vq_notification,
	.get_vq_irq = xvio_vdpa_get_vq_irq,
	.get_vq_group = xvio_vdpa_get_vq_group,
	.get_vq_align = xvio_vdpa_get_vq_align,
	.get_vq_num_max = xvio_vdpa_get_vq_num_max,
	.get_vq_dma_dev = xvio_vdpa_get_vq_dma_dev,
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
	.suspend = vdpa_op_suspend,
	.resume = vdpa_op_resume,
	.set_config_cb = vdpa_set_config_cb,
	.get_config_size = vdpa_get_config_size,
	.get_config = vdpa_op_get_config,
	.set_config = vdpa_op_set_config,
	.get_generation = vdpa_get_generation,
	.set_map = vdpa_set_map,
	.reset_map = vdpa_reset_map,
	.set_group_asid = vdpa_set_group_asid,
};
