// SPDX-License-Identifier: GPL-2.0
/*
 * The virtqueues of a vDPA device, called like vdpa.c. They are kept here until the driver is ready
 * (DRIVER_OK) and each of them is; then the card gets them, and a started one is changed only while the
 * device is suspended: on resume the card hears of it.
 */
#include <uapi/linux/vdpa.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_net.h>

#include "vdpa.h"

/* On the card */

static void vq_push_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_vq *req = cmd->req;
	struct xvio_vdpa *vd = cmd->ctx;
	struct xvio_vdpa_vq *vq = &vd->vqs[le16_to_cpu(req->vq)];

	if (req->ready && !err) {
		vq->on_card = *req;
		vq->ran = xvio_vdpa_is_live(vd);
		WRITE_ONCE(vq->started, true);
	} else if (!req->ready && xvio_cmd_took_away(err)) {
		WRITE_ONCE(vq->started, false);
	}
}

static int vq_push(struct xvio_vdpa *vd, u16 idx, bool ready)
{
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];
	struct xvio_cmd_vdpa_vq req = {
		.dev = cpu_to_le32(vd->dev),
		.vq = cpu_to_le16(idx),
		.size = cpu_to_le16(vq->size),
		.vector = cpu_to_le16(vq->vector->index),
		.last_avail = cpu_to_le16(vq->last_avail),
		.ready = ready,
		.desc_iova = cpu_to_le64(vq->desc_iova),
		.driver_iova = cpu_to_le64(vq->driver_iova),
		.device_iova = cpu_to_le64(vq->device_iova),
	};
	int err;

	err = xvio_vdpa_change(vd, XVIO_CMD_VDPA_VQ_SET, &req, sizeof(req), vq_push_done);
	if (err)
		return err;
	vq->changed = false;
	return 0;
}

/* Reads vq->last_avail from the card, unless it is the driver's turn to say it. */
static int vq_pull(struct xvio_vdpa *vd, u16 idx)
{
	struct xvio_cmd_vdpa_vq_id req = {
		.dev = cpu_to_le32(vd->dev),
		.vq = cpu_to_le16(idx),
	};
	struct xvio_vdpa_vq_state state;
	int err;

	if (vd->vqs[idx].changed)
		return 0;
	err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_VQ_GET, &req, sizeof(req), &state, sizeof(state));
	if (err)
		return err;
	vd->vqs[idx].last_avail = le16_to_cpu(state.last_avail);
	return 0;
}

int xvio_vdpa_start_vqs(struct xvio_vdpa *vd)
{
	u16 idx;
	int err;

	for (idx = 0; idx < vd->num_vqs; idx++) {
		if (!vd->vqs[idx].ready || vd->vqs[idx].started)
			continue;
		err = vq_push(vd, idx, true);
		if (err)
			return err;
	}
	return 0;
}

int xvio_vdpa_push_changed_vqs(struct xvio_vdpa *vd)
{
	u16 idx;
	int err;

	for (idx = 0; idx < vd->num_vqs; idx++) {
		if (!vd->vqs[idx].started || !vd->vqs[idx].changed)
			continue;
		err = vq_push(vd, idx, false);
		if (!err)
			err = vq_push(vd, idx, true);
		if (err)
			return err;
	}
	return 0;
}

/*
 * A started vq that the driver is about to change: its place is known here from now on. False: it runs, and
 * may not be changed.
 */
static bool vq_may_change(struct xvio_vdpa *vd, u16 idx)
{
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];

	if (!vq->started)
		return true;
	if (!vd->suspended || vq_pull(vd, idx))
		return false;
	vq->changed = true;
	return true;
}

/* Set-up */

int xvio_vdpa_set_vq_address(struct vdpa_device *vdev, u16 idx, u64 desc_area, u64 driver_area,
			     u64 device_area)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];
	int err = -EBUSY;

	mutex_lock(&vd->lock);
	if (vq_may_change(vd, idx)) {
		vq->desc_iova = desc_area;
		vq->driver_iova = driver_area;
		vq->device_iova = device_area;
		err = 0;
	}
	mutex_unlock(&vd->lock);
	return err;
}

void xvio_vdpa_set_vq_num(struct vdpa_device *vdev, u16 idx, u32 num)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);

	mutex_lock(&vd->lock);
	if (vq_may_change(vd, idx))
		vd->vqs[idx].size = num;
	mutex_unlock(&vd->lock);
}

void xvio_vdpa_set_vq_ready(struct vdpa_device *vdev, u16 idx, bool ready)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	struct xvio_vdpa_vq *vq = &vd->vqs[idx];

	mutex_lock(&vd->lock);
	vq->ready = ready;
	if (vq->started && !ready) {
		bool is_known = vq->changed;

		if (!vq_push(vd, idx, false) && !is_known)
			vq_pull(vd, idx);
	} else if (!vq->started && ready && (vd->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		if (vq_push(vd, idx, true))
			vq->ready = false;
	}
	mutex_unlock(&vd->lock);
}

bool xvio_vdpa_get_vq_ready(struct vdpa_device *vdev, u16 idx)
{
	return READ_ONCE(to_xvio_vdpa(vdev)->vqs[idx].ready);
}

/* Places */

static bool vq_is_packed(struct xvio_vdpa *vd)
{
	return vd->driver_features & BIT_ULL(VIRTIO_F_RING_PACKED);
}

/* The card numbers places as mbox.h says; what was taken is used, as long as a vq is stopped. */
static u16 vq_place(struct xvio_vdpa *vd, const struct vdpa_vq_state *state)
{
	if (!vq_is_packed(vd))
		return state->split.avail_index;
	return state->packed.last_avail_idx | state->packed.last_avail_counter << 15;
}

static void vq_fill_state(struct xvio_vdpa *vd, u16 place, struct vdpa_vq_state *state)
{
	if (!vq_is_packed(vd)) {
		state->split.avail_index = place;
		return;
	}
	state->packed.last_avail_counter = state->packed.last_used_counter = place >> 15;
	state->packed.last_avail_idx = state->packed.last_used_idx = place & 0x7fff;
}

int xvio_vdpa_set_vq_state(struct vdpa_device *vdev, u16 idx, const struct vdpa_vq_state *state)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err = -EBUSY;

	mutex_lock(&vd->lock);
	if (vq_may_change(vd, idx)) {
		vd->vqs[idx].last_avail = vq_place(vd, state);
		err = 0;
	}
	mutex_unlock(&vd->lock);
	return err;
}

int xvio_vdpa_get_vq_state(struct vdpa_device *vdev, u16 idx, struct vdpa_vq_state *state)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err = 0;

	mutex_lock(&vd->lock);
	if (vd->vqs[idx].started)
		err = vq_pull(vd, idx);
	vq_fill_state(vd, vd->vqs[idx].last_avail, state);
	mutex_unlock(&vd->lock);
	return err;
}

/* Notification, both ways */

/* Any context. */
void xvio_vdpa_kick_vq(struct vdpa_device *vdev, u16 idx)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);

	/* A vq that is not there yet is looked at by the card when it starts */
	if (READ_ONCE(vd->vqs[idx].started))
		xvio_hw_ring_doorbell(vd->xv, vd->queue_base + idx, idx);
}

/* The vq's number is in the lower half of data, what the driver says of its place above it. Any context. */
void xvio_vdpa_kick_vq_with_data(struct vdpa_device *vdev, u32 data)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	u16 idx = (u16)data;

	if (idx < vd->num_vqs && READ_ONCE(vd->vqs[idx].started))
		xvio_hw_ring_doorbell(vd->xv, vd->queue_base + idx, data);
}

/* The page of its doorbell, which belongs to this vq alone. */
struct vdpa_notification_area xvio_vdpa_get_vq_notification(struct vdpa_device *vdev, u16 idx)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);

	return (struct vdpa_notification_area){
		.addr = xvio_hw_doorbell_addr(vd->xv, vd->queue_base + idx),
		.size = XVIO_DOORBELL_BYTES,
	};
}

void xvio_vdpa_set_vq_cb(struct vdpa_device *vdev, u16 idx, struct vdpa_callback *cb)
{
	struct xvio_vdpa_vq *vq = &to_xvio_vdpa(vdev)->vqs[idx];

	xvio_irq_set_callback(vq->vector, &vq->user, cb);
}

/* Of use only to one whose vq it is alone. */
int xvio_vdpa_get_vq_irq(struct vdpa_device *vdev, u16 idx)
{
	const struct xvio_vector *vector = to_xvio_vdpa(vdev)->vqs[idx].vector;

	return vector->index == XVIO_VECTOR_SHARED ? -EOPNOTSUPP : vector->irq;
}

/* What they are like */

u32 xvio_vdpa_get_vq_align(struct vdpa_device *vdev)
{
	return PAGE_SIZE;
}

u16 xvio_vdpa_get_vq_num_max(struct vdpa_device *vdev)
{
	return le16_to_cpu(to_xvio_vdpa(vdev)->xv->info.max_queue_size);
}

/* Only virtio_vdpa asks this, and then takes its addresses from this device's DMA API. */
struct device *xvio_vdpa_get_vq_dma_dev(struct vdpa_device *vdev, u16 idx)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);

	mutex_lock(&vd->lock);
	vd->wants_identity = true;
	mutex_unlock(&vd->lock);
	return &vd->xv->pdev->dev;
}

/* Without MQ and RSS the control queue stands behind the first pair (virtio 1.2, 5.1.2). */
u32 xvio_vdpa_get_vq_group(struct vdpa_device *vdev, u16 idx)
{
	static const u64 many_pairs = BIT_ULL(VIRTIO_NET_F_MQ) | BIT_ULL(VIRTIO_NET_F_RSS);
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	u64 features = READ_ONCE(vd->driver_features);
	u16 control = features & many_pairs ? round_down(vd->num_vqs, 2) : 2;

	return features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ) && idx == control ? XVIO_VDPA_GROUP_CONTROL
									  : XVIO_VDPA_GROUP_DATA;
}

/* `vdpa dev vstats show` */

static int vq_put_stat(struct sk_buff *msg, const char *name, __le64 value)
{
	if (nla_put_string(msg, VDPA_ATTR_DEV_VENDOR_ATTR_NAME, name))
		return -EMSGSIZE;
	return nla_put_u64_64bit(msg, VDPA_ATTR_DEV_VENDOR_ATTR_VALUE, le64_to_cpu(value),
				 VDPA_ATTR_PAD);
}

static int vq_put_stats(struct sk_buff *msg, const struct xvio_vdpa_vq_stats *stats)
{
	if (vq_put_stat(msg, "packets", stats->packets) ||
	    vq_put_stat(msg, "bytes", stats->bytes) || vq_put_stat(msg, "drops", stats->drops) ||
	    vq_put_stat(msg, "drops_of_ring", stats->drops_of_ring) ||
	    vq_put_stat(msg, "notifications", stats->notifications) ||
	    vq_put_stat(msg, "interrupts", stats->interrupts))
		return -EMSGSIZE;
	return 0;
}

int xvio_vdpa_get_vendor_vq_stats(struct vdpa_device *vdev, u16 idx, struct sk_buff *msg,
				  struct netlink_ext_ack *extack)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	struct xvio_cmd_vdpa_vq_id req = {
		.dev = cpu_to_le32(vd->dev),
		.vq = cpu_to_le16(idx),
	};
	struct xvio_vdpa_vq_stats stats;
	int err;

	if (idx >= vd->num_vqs) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "the device has %u virtqueues", vd->num_vqs);
		return -EINVAL;
	}
	err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_VQ_STATS, &req, sizeof(req), &stats, sizeof(stats));
	return err ? err : vq_put_stats(msg, &stats);
}
