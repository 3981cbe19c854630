/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vDPA device: what vdpa.c (operations), vdpa_vq.c (virtqueues), vdpa_map.c (address maps) and
 * vdpa_mgmt.c (birth and death) and vdpa_replay.c (restart of the firmware) share. Its lock serializes
 * everything but kicks, interrupts and the restart: what is marked *, the restart reads under the mailbox's
 * lock, so that it is changed under both.
 */
#ifndef XVIO_VDPA_H
#define XVIO_VDPA_H

#include <uapi/linux/virtio_config.h>

#include "xvio.h"

struct xvio_map;

struct xvio_vdpa_vq {
	struct xvio_irq_user user;
	struct xvio_vector *vector;
	u64 desc_iova;
	u64 driver_iova;
	u64 device_iova;
	u16 size;
	u16 last_avail; /* where to go on, as in mbox.h; while started the card knows better */
	bool ready; /* what the driver wants */
	bool started; /* * the card has it, and serves it unless the device is suspended */
	bool changed; /* started, but the card is to hear of it on resume */
	bool ran; /* * perhaps, since it was started: it may no longer be where on_card says */
	struct xvio_cmd_vdpa_vq on_card; /* * as the card has it, if started */
};

struct xvio_vdpa {
	struct vdpa_device vdpa;
	struct xvio *xv;
	struct list_head node; /* * in xvio.mgmt.on_card, as long as the card has it */
	struct mutex lock;
	struct xvio_cmd_vdpa_create create; /* * how a restart makes it anew */
	u32 dev; /* the card's id */
	u32 queue_base; /* doorbell of vq 0 */
	u16 port;
	u16 num_vqs;
	struct xvio_vdpa_vq *vqs; /* * NULL: not yet */
	struct xvio_vdpa_config config; /* as last read from the card */
	struct vdpa_callback config_cb;
	u64 driver_features; /* * */
	u8 status; /* * as the card took it */
	bool suspended; /* * */
	bool lost; /* * a restart could not bring it back; its driver has to reset it */
	bool pins_module; /* a guest runs on it */
	bool wants_identity; /* its addresses come from the DMA API of our device */
	bool has_identity; /* * the card has been told so */
	u16 asid_of[XVIO_VDPA_NUM_GROUPS]; /* * */
	struct xvio_map
		*map[XVIO_VDPA_NUM_SPACES]; /* * what the card uses; NULL: nothing or identity */
};

static inline struct xvio_vdpa *to_xvio_vdpa(struct vdpa_device *vdev)
{
	return container_of(vdev, struct xvio_vdpa, vdpa);
}

/* Its vqs run, those that are started. */
static inline bool xvio_vdpa_is_live(const struct xvio_vdpa *vd)
{
	return vd->status & VIRTIO_CONFIG_S_DRIVER_OK && !vd->suspended;
}

extern const struct vdpa_config_ops xvio_vdpa_ops;

/* As xvio_mbox_call(). */
int xvio_vdpa_call(struct xvio_vdpa *vd, u16 opcode, const void *req, u16 req_bytes, void *rsp,
		   u16 rsp_bytes);

/* A command without answer that changes what a restart brings back; done's ctx is vd. */
int xvio_vdpa_change(struct xvio_vdpa *vd, u16 opcode, const void *req, u16 req_bytes,
		     void (*done)(const struct xvio_cmd *cmd, int err));

/* Reads vd->config from the card. Under the lock. */
int xvio_vdpa_read_config(struct xvio_vdpa *vd);

/* Gives the device another address, and vd->config with it. Under the lock. */
int xvio_vdpa_set_mac(struct xvio_vdpa *vd, const u8 *mac);

/* Re-reads the configuration and calls the driver's callback. Takes the lock. */
void xvio_vdpa_config_changed(struct xvio_vdpa *vd);

/*
 * Makes iotlb (physical addresses) the map of an address space: maps it for DMA, gives the table to
 * the card, then lets go of the old one. On error the old map stays. Under the lock.
 */
int xvio_map_set(struct xvio_vdpa *vd, unsigned int asid, struct vhost_iotlb *iotlb);

/* In space 0 every address is its own bus address from now on (virtio_vdpa). Under the lock. */
int xvio_map_set_identity(struct xvio_vdpa *vd);

/* No address of the space is valid any more. Under the lock. */
int xvio_map_clear(struct xvio_vdpa *vd, unsigned int asid);

/* Restart: gives the card the maps that it had. */
int xvio_map_replay(struct xvio_vdpa *vd);

/* Unmaps what is left; the card no longer has the device. */
void xvio_map_release(struct xvio_vdpa *vd);

/* Gives the card the vqs that are ready. Under the lock. */
int xvio_vdpa_start_vqs(struct xvio_vdpa *vd);

/* Gives it again those that were changed while the device is suspended. Under the lock. */
int xvio_vdpa_push_changed_vqs(struct xvio_vdpa *vd);

/* Operations (linux/vdpa.h) on virtqueues */
int xvio_vdpa_set_vq_address(struct vdpa_device *vdev, u16 idx, u64 desc_area, u64 driver_area,
			     u64 device_area);
void xvio_vdpa_set_vq_num(struct vdpa_device *vdev, u16 idx, u32 num);
void xvio_vdpa_set_vq_ready(struct vdpa_device *vdev, u16 idx, bool ready);
bool xvio_vdpa_get_vq_ready(struct vdpa_device *vdev, u16 idx);
int xvio_vdpa_set_vq_state(struct vdpa_device *vdev, u16 idx, const struct vdpa_vq_state *state);
int xvio_vdpa_get_vq_state(struct vdpa_device *vdev, u16 idx, struct vdpa_vq_state *state);
void xvio_vdpa_kick_vq(struct vdpa_device *vdev, u16 idx);
void xvio_vdpa_kick_vq_with_data(struct vdpa_device *vdev, u32 data);
struct vdpa_notification_area xvio_vdpa_get_vq_notification(struct vdpa_device *vdev, u16 idx);
void xvio_vdpa_set_vq_cb(struct vdpa_device *vdev, u16 idx, struct vdpa_callback *cb);
int xvio_vdpa_get_vq_irq(struct vdpa_device *vdev, u16 idx);
u32 xvio_vdpa_get_vq_align(struct vdpa_device *vdev);
u16 xvio_vdpa_get_vq_num_max(struct vdpa_device *vdev);
struct device *xvio_vdpa_get_vq_dma_dev(struct vdpa_device *vdev, u16 idx);
u32 xvio_vdpa_get_vq_group(struct vdpa_device *vdev, u16 idx);
int xvio_vdpa_get_vendor_vq_stats(struct vdpa_device *vdev, u16 idx, struct sk_buff *msg,
				  struct netlink_ext_ack *extack);

#endif
