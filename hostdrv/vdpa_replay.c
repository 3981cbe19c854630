// SPDX-License-Identifier: GPL-2.0
/*
 * vDPA devices in a restart of the firmware (recover.c): made anew where they were, then set going from
 * where they stood. Everything under the mailbox's lock and no other; what is read here is marked in vdpa.h.
 * A device that the card refuses is lost, not the card: its driver sees NEEDS_RESET, and may reset it.
 */
#include "vdpa.h"

static int replay_create(struct xvio_vdpa *vd)
{
	struct xvio_vdpa_created rsp;
	int err;

	err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_CREATE, &vd->create, sizeof(vd->create), &rsp,
			     sizeof(rsp));
	if (err)
		return err;
	if (le32_to_cpu(rsp.dev) != vd->dev || le32_to_cpu(rsp.queue_base) != vd->queue_base ||
	    le16_to_cpu(rsp.port) != vd->port || le16_to_cpu(rsp.num_queues) != vd->num_vqs)
		return -EPROTO;
	return xvio_port_replay(vd->xv, vd->port, 1);
}

int xvio_mgmt_recreate(struct xvio *xv)
{
	struct xvio_vdpa *vd;
	int err;

	list_for_each_entry (vd, &xv->mgmt.on_card, node) {
		err = replay_create(vd);
		if (err == -EAGAIN)
			return err;
		if (err)
			WRITE_ONCE(vd->lost, true);
	}
	return 0;
}

static int replay_status(struct xvio_vdpa *vd, u8 status)
{
	struct xvio_cmd_vdpa_status req = {.dev = cpu_to_le32(vd->dev), .status = status};
	struct xvio_cmd_vdpa_status rsp;
	int err;

	err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_SET_STATUS, &req, sizeof(req), &rsp, sizeof(rsp));
	if (err)
		return err;
	return rsp.status == status ? 0 : -EPROTO;
}

/* Features must be there before FEATURES_OK, DRIVER_OK comes later. */
static int replay_negotiation(struct xvio_vdpa *vd)
{
	struct xvio_cmd_vdpa_features req = {
		.dev = cpu_to_le32(vd->dev),
		.features = cpu_to_le64(vd->driver_features),
	};
	u8 first = vd->status & (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	u8 then = vd->status & ~VIRTIO_CONFIG_S_DRIVER_OK;
	int err = 0;

	if (first)
		err = replay_status(vd, first);
	if (!err && vd->driver_features)
		err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_SET_FEATURES, &req, sizeof(req), NULL, 0);
	if (!err && then != first)
		err = replay_status(vd, then);
	return err;
}

static int replay_groups(struct xvio_vdpa *vd)
{
	unsigned int group;
	int err = 0;

	for (group = 0; !err && group < XVIO_VDPA_NUM_GROUPS; group++) {
		struct xvio_cmd_vdpa_group req = {
			.dev = cpu_to_le32(vd->dev),
			.group = cpu_to_le16(group),
			.asid = cpu_to_le16(vd->asid_of[group]),
		};

		if (vd->asid_of[group])
			err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_GROUP, &req, sizeof(req), NULL, 0);
	}
	return err;
}

/* Those that never ran begin where their driver has said. */
static int replay_vqs(struct xvio_vdpa *vd)
{
	int err = 0;
	u16 idx;

	for (idx = 0; !err && vd->vqs && idx < vd->num_vqs; idx++) {
		struct xvio_cmd_vdpa_vq req = vd->vqs[idx].on_card;

		req.resume = vd->vqs[idx].ran;
		if (vd->vqs[idx].started)
			err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_VQ_SET, &req, sizeof(req), NULL, 0);
	}
	return err;
}

/* The vqs of a device that is suspended come last, so that at no time one of them runs. */
static int replay_run(struct xvio_vdpa *vd)
{
	struct xvio_cmd_vdpa_suspend req = {.dev = cpu_to_le32(vd->dev), .suspended = 1};
	int err = 0;

	if (!vd->suspended)
		err = replay_vqs(vd);
	if (!err && vd->status & VIRTIO_CONFIG_S_DRIVER_OK)
		err = replay_status(vd, vd->status);
	if (err || !vd->suspended)
		return err;
	err = xvio_vdpa_call(vd, XVIO_CMD_VDPA_SUSPEND, &req, sizeof(req), NULL, 0);
	return err ? err : replay_vqs(vd);
}

static int replay_device(struct xvio_vdpa *vd)
{
	int err;

	err = xvio_map_replay(vd);
	if (!err)
		err = replay_negotiation(vd);
	if (!err)
		err = replay_groups(vd);
	if (!err)
		err = replay_run(vd);
	return err;
}

/* As after a reset on the card; the driver has yet to do its part of that. */
static int replay_lose(struct xvio_vdpa *vd)
{
	WRITE_ONCE(vd->lost, true);
	dev_err(&vd->vdpa.dev, "it cannot go on after the restart, its driver has to reset it\n");
	return replay_status(vd, 0);
}

int xvio_mgmt_restart(struct xvio *xv, struct xvio_replay *replay)
{
	struct xvio_vdpa *vd;
	int err;

	list_for_each_entry (vd, &xv->mgmt.on_card, node) {
		/* One that was lost and not reset since has no more than its map */
		err = vd->lost ? xvio_map_replay(vd) : replay_device(vd);
		if (err && err != -EAGAIN)
			err = replay_lose(vd);
		if (err == -EAGAIN)
			return err;
		if (vd->lost)
			replay->num_lost++;
		else
			replay->num_devices++;
	}
	return 0;
}

/* An interrupt may have gone down with the firmware. */
void xvio_mgmt_interrupt(struct xvio *xv)
{
	struct xvio_vdpa *vd;
	u16 idx;

	list_for_each_entry (vd, &xv->mgmt.on_card, node) {
		if (vd->lost)
			continue;
		for (idx = 0; vd->vqs && idx < vd->num_vqs; idx++)
			if (vd->vqs[idx].started)
				xvio_irq_call_user(vd->vqs[idx].vector, &vd->vqs[idx].user);
	}
}
