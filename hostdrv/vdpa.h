/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vDPA device: what vdpa.c (operations), vdpa_map.c (address map) and vdpa_mgmt.c (birth and
 * death) share. Its lock serializes everything but kicks and interrupts.
 */
#ifndef XVIO_VDPA_H
#define XVIO_VDPA_H

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
	bool started; /* the card serves it */
};

struct xvio_vdpa {
	struct vdpa_device vdpa;
	struct xvio *xv;
	struct mutex lock;
	u32 dev; /* the card's id */
	u32 queue_base; /* doorbell of vq 0 */
	u16 port;
	u16 num_vqs;
	struct xvio_vdpa_vq *vqs;
	struct xvio_vdpa_config config; /* as last read from the card */
	struct vdpa_callback config_cb;
	u64 driver_features;
	u8 status; /* as last set */
	bool wants_identity; /* its addresses come from the DMA API of our device */
	bool has_identity; /* the card has been told so */
	struct xvio_map *map; /* what the card uses; NULL: nothing or identity */
};

extern const struct vdpa_config_ops xvio_vdpa_ops;

/* Reads vd->config from the card. Under the lock. */
int xvio_vdpa_read_config(struct xvio_vdpa *vd);

/* Re-reads the configuration and calls the driver's callback. Takes the lock. */
void xvio_vdpa_config_changed(struct xvio_vdpa *vd);

/*
 * Makes iotlb (physical addresses) the device's address map: maps it for DMA, gives the table to
 * the card, then lets go of the old one. On error the old map stays. Under the lock.
 */
int xvio_map_set(struct xvio_vdpa *vd, struct vhost_iotlb *iotlb);

/* Every address is its own bus address from now on (virtio_vdpa). Under the lock. */
int xvio_map_set_identity(struct xvio_vdpa *vd);

/* No address is valid any more. Under the lock. */
int xvio_map_clear(struct xvio_vdpa *vd);

/* Unmaps what is left; the card no longer has the device. */
void xvio_map_release(struct xvio_vdpa *vd);

#endif
