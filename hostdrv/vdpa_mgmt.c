// SPDX-License-Identifier: GPL-2.0
/*
 * The vDPA management device: `vdpa dev add` and `del`. A vDPA device is an object on the card, a
 * vector for each virtqueue, a representor and a device on the vdpa bus. dev_add and dev_del are
 * called under the vdpa core's lock; the list here is for the event thread.
 */
#include <linux/etherdevice.h>
#include <uapi/linux/vdpa.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_net.h>

#include "vdpa.h"

static struct virtio_device_id mgmt_ids[] = {
	{VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID},
	{},
};

static struct xvio *mgmt_xvio(struct vdpa_mgmt_dev *mdev)
{
	return container_of(mdev, struct xvio, mgmt.dev);
}

/* From here on a restart makes it anew. */
static void mgmt_create_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_create *req = cmd->req;
	const struct xvio_vdpa_created *rsp = cmd->rsp;
	struct xvio_vdpa *vd = cmd->ctx;

	if (err)
		return;
	vd->dev = le32_to_cpu(rsp->dev);
	vd->port = le16_to_cpu(rsp->port);
	vd->num_vqs = le16_to_cpu(rsp->num_queues);
	vd->queue_base = le32_to_cpu(rsp->queue_base);
	vd->create = *req;
	vd->create.flags = cpu_to_le16(XVIO_VDPA_CREATE_F_RESUME);
	vd->create.dev = rsp->dev;
	vd->create.queue_base = rsp->queue_base;
	list_add_tail(&vd->node, &vd->xv->mgmt.on_card);
}

static int mgmt_create_on_card(struct xvio_vdpa *vd, const struct vdpa_dev_set_config *config)
{
	struct xvio_cmd_vdpa_create req = {};
	struct xvio_vdpa_created rsp;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_VDPA_CREATE,
		.req = &req,
		.req_bytes = sizeof(req),
		.rsp = &rsp,
		.rsp_bytes = sizeof(rsp),
		.done = mgmt_create_done,
		.ctx = vd,
	};

	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_FEATURES))
		req.features = cpu_to_le64(config->device_features);
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR))
		ether_addr_copy(req.mac, config->net.mac);
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MTU))
		req.mtu = cpu_to_le16(config->net.mtu);
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP))
		req.queue_pairs = cpu_to_le16(config->net.max_vq_pairs);
	return xvio_mbox_call(vd->xv, &cmd);
}

/* Whatever the card says: a restart knows it no more. */
static void mgmt_destroy_done(const struct xvio_cmd *cmd, int err)
{
	struct xvio_vdpa *vd = cmd->ctx;

	list_del(&vd->node);
	xvio_port_forget(vd->xv, vd->port);
}

static void mgmt_destroy_on_card(struct xvio_vdpa *vd)
{
	struct xvio_cmd_object object = {.id = cpu_to_le32(vd->dev)};

	xvio_vdpa_change(vd, XVIO_CMD_VDPA_DESTROY, &object, sizeof(object), mgmt_destroy_done);
	xvio_map_release(vd);
}

static int mgmt_create_vqs(struct xvio_vdpa *vd)
{
	struct xvio_vdpa_vq *vqs;
	u16 i;

	if (vd->queue_base + vd->num_vqs > XVIO_NUM_DOORBELLS || vd->port < XVIO_PORT_VDPA(0) ||
	    vd->port >= XVIO_NUM_PORTS)
		return -EPROTO;
	vqs = kcalloc(vd->num_vqs, sizeof(*vqs), GFP_KERNEL);
	if (!vqs)
		return -ENOMEM;
	for (i = 0; i < vd->num_vqs; i++) {
		vqs[i].vector = xvio_irq_get_vector(vd->xv);
		xvio_irq_add_user(vqs[i].vector, &vqs[i].user);
	}
	xvio_mbox_lock(vd->xv);
	vd->vqs = vqs;
	xvio_mbox_unlock(vd->xv);
	return 0;
}

/* The card no longer has the device. */
static void mgmt_destroy_vqs(struct xvio_vdpa *vd)
{
	u16 i;

	for (i = 0; vd->vqs && i < vd->num_vqs; i++) {
		xvio_irq_remove_user(vd->vqs[i].vector, &vd->vqs[i].user);
		xvio_irq_put_vector(vd->xv, vd->vqs[i].vector);
	}
	kfree(vd->vqs);
}

static int mgmt_list_add(struct xvio_vdpa *vd)
{
	struct xvio_mgmt *mgmt = &vd->xv->mgmt;
	int err;

	mutex_lock(&mgmt->lock);
	err = xa_err(xa_store(&mgmt->devices, vd->dev, vd, GFP_KERNEL));
	mutex_unlock(&mgmt->lock);
	return err;
}

static void mgmt_list_remove(struct xvio_vdpa *vd)
{
	struct xvio_mgmt *mgmt = &vd->xv->mgmt;

	mutex_lock(&mgmt->lock);
	xa_erase(&mgmt->devices, vd->dev);
	mutex_unlock(&mgmt->lock);
}

static int mgmt_build(struct xvio_vdpa *vd, const struct vdpa_dev_set_config *config)
{
	int err;

	err = mgmt_create_on_card(vd, config);
	if (err)
		return err;
	err = xvio_vdpa_read_config(vd);
	if (err)
		goto destroy_on_card;
	err = mgmt_create_vqs(vd);
	if (err)
		goto destroy_on_card;
	err = xvio_eswitch_add_port(vd->xv, vd->port);
	if (err)
		goto destroy_on_card;
	err = mgmt_list_add(vd);
	if (err)
		goto remove_port;
	return 0;

remove_port:
	xvio_eswitch_remove_port(vd->xv, vd->port);
destroy_on_card:
	mgmt_destroy_on_card(vd);
	mgmt_destroy_vqs(vd);
	return err;
}

static void mgmt_tear_down(struct xvio_vdpa *vd)
{
	mgmt_list_remove(vd);
	xvio_eswitch_remove_port(vd->xv, vd->port);
	mgmt_destroy_on_card(vd);
	mgmt_destroy_vqs(vd);
}

static int mgmt_dev_add(struct vdpa_mgmt_dev *mdev, const char *name,
			const struct vdpa_dev_set_config *config)
{
	struct xvio *xv = mgmt_xvio(mdev);
	struct xvio_vdpa *vd;
	int err;

	vd = vdpa_alloc_device(struct xvio_vdpa, vdpa, &xv->pdev->dev, &xvio_vdpa_ops,
			       XVIO_VDPA_NUM_GROUPS, XVIO_VDPA_NUM_SPACES, name, false);
	if (IS_ERR(vd))
		return PTR_ERR(vd);
	vd->xv = xv;
	mutex_init(&vd->lock);
	vd->vdpa.dma_dev = &xv->pdev->dev;
	vd->vdpa.mdev = mdev;
	err = mgmt_build(vd, config);
	if (err)
		goto put_device;
	err = _vdpa_register_device(&vd->vdpa, vd->num_vqs);
	if (err)
		goto tear_down;
	return 0;

tear_down:
	mgmt_tear_down(vd);
put_device:
	put_device(&vd->vdpa.dev);
	return err;
}

static void mgmt_dev_del(struct vdpa_mgmt_dev *mdev, struct vdpa_device *vdev)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);

	get_device(&vdev->dev);
	_vdpa_unregister_device(vdev);
	mgmt_tear_down(vd);
	put_device(&vdev->dev);
}

/* `vdpa dev set`: its driver hears of it. */
static int mgmt_dev_set_attr(struct vdpa_mgmt_dev *mdev, struct vdpa_device *vdev,
			     const struct vdpa_dev_set_config *config)
{
	struct xvio_vdpa *vd = to_xvio_vdpa(vdev);
	int err;

	if (!(config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR)))
		return -EOPNOTSUPP;
	mutex_lock(&vd->lock);
	err = xvio_vdpa_set_mac(vd, config->net.mac);
	mutex_unlock(&vd->lock);
	if (!err)
		xvio_vdpa_config_changed(vd);
	return err;
}

static const struct vdpa_mgmtdev_ops mgmt_ops = {
	.dev_add = mgmt_dev_add,
	.dev_del = mgmt_dev_del,
	.dev_set_attr = mgmt_dev_set_attr,
};

void xvio_mgmt_config_event(struct xvio *xv, u32 dev)
{
	struct xvio_vdpa *vd;

	mutex_lock(&xv->mgmt.lock);
	vd = xa_load(&xv->mgmt.devices, dev);
	if (vd)
		xvio_vdpa_config_changed(vd);
	mutex_unlock(&xv->mgmt.lock);
}

void xvio_mgmt_refresh(struct xvio *xv)
{
	struct xvio_vdpa *vd;
	unsigned long dev;

	mutex_lock(&xv->mgmt.lock);
	xa_for_each(&xv->mgmt.devices, dev, vd) xvio_vdpa_config_changed(vd);
	mutex_unlock(&xv->mgmt.lock);
}

void xvio_mgmt_init(struct xvio *xv)
{
	mutex_init(&xv->mgmt.lock);
	xa_init(&xv->mgmt.devices);
	INIT_LIST_HEAD(&xv->mgmt.on_card);
}

int xvio_mgmt_create(struct xvio *xv)
{
	struct vdpa_mgmt_dev *mdev = &xv->mgmt.dev;

	mdev->device = &xv->pdev->dev;
	mdev->ops = &mgmt_ops;
	mdev->id_table = mgmt_ids;
	mdev->config_attr_mask =
		BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR) | BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MTU) |
		BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP) | BIT_ULL(VDPA_ATTR_DEV_FEATURES);
	mdev->supported_features = le64_to_cpu(xv->info.vdpa_features);
	mdev->max_supported_vqs = 2 * le16_to_cpu(xv->info.max_vdpa_queue_pairs);
	if (mdev->supported_features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ))
		mdev->max_supported_vqs++;
	return vdpa_mgmtdev_register(mdev);
}

void xvio_mgmt_destroy(struct xvio *xv)
{
	vdpa_mgmtdev_unregister(&xv->mgmt.dev);
}
