/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a front-end said of a queue to a queue of the path, and back (session.h). The front-end
 * gives ring addresses of its own address space; the path wants guest physical ones. Core 0.
 */
#include "session.h"

#include <string.h>
#include <unistd.h>
#include <xvio/port.h>
#include <xvio/virtio.h>
#include "hal/vhost/vhost.h"
#include "path/offload.h"
#include "path/worker.h"
#include "region.h"
#include "say.h"

static uint32_t vqueue_doorbell(const struct session *session, unsigned index)
{
	return session->port->index * VNET_MAX_QUEUES + index;
}

static bool vqueue_find(const struct session *session, uint64_t user_addr, uint64_t len_bytes,
			unsigned alignment, uint64_t *iova)
{
	return !(user_addr % alignment) && region_find(&session->dev, user_addr, len_bytes, iova) &&
	       !(*iova % alignment);
}

/* Descriptors, then what the driver writes, then what the device writes: size and alignment. */
struct vqueue_layout {
	uint64_t desc_bytes, driver_bytes, device_bytes;
	unsigned driver_align, device_align;
};

static struct vqueue_layout vqueue_layout(bool packed, uint64_t num)
{
	if (packed)
		return (struct vqueue_layout){num * sizeof(struct virtq_packed_desc),
					      sizeof(struct virtq_packed_event),
					      sizeof(struct virtq_packed_event), 4, 4};
	/* With room for the event indexes behind the rings. */
	return (struct vqueue_layout){num * sizeof(struct virtq_desc), 6 + num * 2, 6 + num * 8, 2,
				      4};
}

static bool vqueue_configure(const struct session *session, unsigned index,
			     struct virtq_config *config)
{
	const struct vqueue *vqueue = &session->vqueue[index];
	struct vqueue_layout layout = vqueue_layout(session_is_packed(session), vqueue->num);

	*config = (struct virtq_config){
		.role = index % 2 ? VIRTQ_FROM_DRIVER : VIRTQ_TO_DRIVER,
		.packed = session_is_packed(session),
		.event_idx = session->features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX),
		.in_order = session->features & VIRTIO_BIT(VIRTIO_F_IN_ORDER),
		.mergeable = session->features & VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF),
		.offloads = offload_asked(session->features),
		.size = (uint16_t)vqueue->num,
		.last_avail = vqueue->base,
		.function = (uint16_t)session->port->index,
		.vector = (uint16_t)index,
		.doorbell = vqueue_doorbell(session, index),
		.hdr_bytes = sizeof(struct virtio_net_hdr),
		.map = session->map,
	};
	return vqueue_find(session, vqueue->desc, layout.desc_bytes, 16, &config->desc_iova) &&
	       vqueue_find(session, vqueue->avail, layout.driver_bytes, layout.driver_align,
			   &config->driver_iova) &&
	       vqueue_find(session, vqueue->used, layout.device_bytes, layout.device_align,
			   &config->device_iova);
}

static void vqueue_complain(struct session *session, unsigned index, const char *why)
{
	if (!session->vqueue[index].complained)
		say("%s: queue %u: %s", session->port->options.name, index, why);
	session->vqueue[index].complained = true;
}

static void vqueue_start(struct session *session, unsigned index)
{
	struct vqueue *vqueue = &session->vqueue[index];
	struct virtq_config config;

	if (!vqueue_configure(session, index, &config)) {
		vqueue_complain(session, index, "its addresses are misaligned or not in memory");
		return;
	}
	vnet_set_takes(session->port->number, offload_taken(session->features));
	if (!vnet_start_queue(session->port->number, index, &config)) {
		vqueue_complain(session, index, "the path has no memory for it");
		return;
	}
	vqueue->running = true;
	vqueue->error = XVIO_RING_ERR_NONE;
	vqueue->complained = false;
	if (!vhost_watch_doorbell(config.doorbell, vqueue->kick))
		session_refuse(session, "queue %u: its kick descriptor cannot be waited for",
			       index);
}

void vqueue_stop(struct session *session, unsigned index)
{
	struct vqueue *vqueue = &session->vqueue[index];

	if (!vqueue->running)
		return;
	vhost_unwatch_doorbell(vqueue_doorbell(session, index));
	vqueue->base = vnet_stop_queue(session->port->number, index);
	vqueue->running = false;
}

void vqueue_stop_all(struct session *session)
{
	unsigned i;

	for (i = 0; i < session->num_vqueues; i++)
		vqueue_stop(session, i);
}

void vqueue_set_call(struct session *session, unsigned index, int fd)
{
	struct vqueue *vqueue = &session->vqueue[index];

	vhost_set_call((uint16_t)session->port->index, (uint16_t)index, fd);
	if (vqueue->call >= 0) {
		worker_synchronize(); /* a worker may be writing to it */
		close(vqueue->call);
	}
	vqueue->call = fd;
}

void vqueue_failed(struct session *session, unsigned index, uint8_t error)
{
	struct vqueue *vqueue = &session->vqueue[index];

	if (!vqueue->running)
		return;
	vqueue->error = error;
	if (vqueue->err >= 0)
		vhost_call(vqueue->err);
}

/* Regions came or went: the queues that run go on with the new map. */
static void vqueue_remap(struct session *session)
{
	struct iotlb *old = session->map;

	session->remap = false;
	session->map = region_make_map(&session->dev);
	if (!session->map) {
		vqueue_stop_all(session);
		session_refuse(session, "no memory for its address map");
	} else {
		vnet_set_map(session->port->number, session->map);
	}
	iotlb_destroy(old);
}

void vqueue_reconcile(struct session *session)
{
	unsigned i;

	if (session->remap)
		vqueue_remap(session);
	for (i = 0; i < session->num_vqueues && !session->broken; i++) {
		struct vqueue *vqueue = &session->vqueue[i];
		bool wanted = vqueue->started && vqueue->enabled && vqueue->has_addr &&
			      vqueue->num && session->map;

		if (vqueue->running && !wanted)
			vqueue_stop(session, i);
		else if (!vqueue->running && wanted)
			vqueue_start(session, i);
	}
}
