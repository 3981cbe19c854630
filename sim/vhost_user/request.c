/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vhost-user messages, checked: length, descriptors, indexes, memory. What is wrong ends the session.
 * Memory regions are left to libvhost-user, queues are not. A queue that is changed is stopped first;
 * vqueue_reconcile() starts it again. Core 0.
 */
#include "session.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xvio/port.h>
#include <xvio/virtio.h>
#include "hal/vhost/vhost.h"
#include "region.h"

/* What we offer, in one place. */
#define REQUEST_SEND_FEATURES                                                     \
	(VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO4) |     \
	 VIRTIO_BIT(VIRTIO_NET_F_HOST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_HOST_ECN) | \
	 VIRTIO_BIT(VIRTIO_NET_F_HOST_USO) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_HDRLEN))
#define REQUEST_RECEIVE_FEATURES                                                     \
	(VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) | \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_ECN) |  \
	 VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO4) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6) | \
	 VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF))
#define REQUEST_FEATURES                                                                   \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX) |                 \
	 VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_IN_ORDER) |                \
	 VIRTIO_BIT(VIRTIO_NET_F_MTU) | REQUEST_SEND_FEATURES | REQUEST_RECEIVE_FEATURES | \
	 VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES))
#define REQUEST_PROTOCOL_FEATURES                                                             \
	(VIRTIO_BIT(VHOST_USER_PROTOCOL_F_MQ) | VIRTIO_BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
	 VIRTIO_BIT(VHOST_USER_PROTOCOL_F_NET_MTU) |                                          \
	 VIRTIO_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))

/* What request_process() returns. */
enum {
	REQUEST_LEFT = 0, /* it shall go on with the message */
	REQUEST_DONE = 1,
};

static uint64_t request_features(const struct session *session)
{
	return REQUEST_FEATURES |
	       (session->port->options.num_pairs > 1 ? VIRTIO_BIT(VIRTIO_NET_F_MQ) : 0);
}

static void request_reply(VhostUserMsg *msg, uint64_t value, int *do_reply)
{
	msg->flags = 0;
	msg->size = sizeof(msg->payload.u64);
	msg->payload.u64 = value;
	msg->fd_num = 0;
	*do_reply = 1;
}

static struct vqueue *request_vqueue(struct session *session, uint64_t index)
{
	if (index < session->num_vqueues)
		return &session->vqueue[index];
	session_refuse(session, "queue %llu of %u", (unsigned long long)index,
		       session->num_vqueues);
	return NULL;
}

/* Each answers whether the message was good. */

static bool request_set_features(struct session *session, const VhostUserMsg *msg)
{
	uint64_t features = msg->payload.u64;
	unsigned i;

	if (features & ~request_features(session))
		return session_refuse(session, "features 0x%llx, which were not offered",
				      (unsigned long long)(features & ~request_features(session)));
	if (!(features & VIRTIO_BIT(VIRTIO_F_VERSION_1)))
		return session_refuse(session, "a legacy driver (no VIRTIO_F_VERSION_1)");
	if (features != session->features)
		vqueue_stop_all(session);
	session->features = features;
	session->dev.features = features;
	for (i = 0; i < session->num_vqueues; i++) {
		if (!(features & VIRTIO_BIT(VHOST_USER_F_PROTOCOL_FEATURES)))
			session->vqueue[i].enabled = true;
	}
	return true;
}

static bool request_set_protocol_features(struct session *session, const VhostUserMsg *msg)
{
	if (msg->payload.u64 & ~REQUEST_PROTOCOL_FEATURES)
		return session_refuse(session, "protocol features that were not offered");
	session->protocol_features = msg->payload.u64;
	session->dev.protocol_features = msg->payload.u64;
	return true;
}

static bool request_set_vring_num(struct session *session, const VhostUserMsg *msg)
{
	struct vqueue *vqueue = request_vqueue(session, msg->payload.state.index);
	uint32_t num = msg->payload.state.num;

	if (!vqueue)
		return false;
	if (num < 2 || num > VIRTQ_MAX_SIZE || num & (num - 1))
		return session_refuse(session, "a queue of %u entries", num);
	vqueue_stop(session, msg->payload.state.index);
	vqueue->num = num;
	return true;
}

static bool request_set_vring_addr(struct session *session, const VhostUserMsg *msg)
{
	struct vqueue *vqueue = request_vqueue(session, msg->payload.addr.index);

	if (!vqueue)
		return false;
	if (msg->payload.addr.flags)
		return session_refuse(session, "dirty logging, which was not offered");
	vqueue_stop(session, msg->payload.addr.index);
	vqueue->desc = msg->payload.addr.desc_user_addr;
	vqueue->avail = msg->payload.addr.avail_user_addr;
	vqueue->used = msg->payload.addr.used_user_addr;
	vqueue->has_addr = true;
	vqueue->complained = false;
	return true;
}

static bool request_set_vring_base(struct session *session, const VhostUserMsg *msg)
{
	struct vqueue *vqueue = request_vqueue(session, msg->payload.state.index);

	if (!vqueue)
		return false;
	vqueue_stop(session, msg->payload.state.index);
	vqueue->base = (uint16_t)msg->payload.state.num;
	return true;
}

/* Ends the queue until the next SET_VRING_KICK. */
static bool request_get_vring_base(struct session *session, VhostUserMsg *msg, int *do_reply)
{
	unsigned index = msg->payload.state.index;
	struct vqueue *vqueue = request_vqueue(session, index);

	if (!vqueue)
		return false;
	vqueue_stop(session, index);
	vqueue_set_call(session, index, -1);
	if (vqueue->kick >= 0)
		close(vqueue->kick);
	vqueue->kick = -1;
	vqueue->started = false;
	/* Packed: used up to the same place, as all that was taken has been returned. */
	msg->payload.state.num = vqueue->base;
	if (session_is_packed(session))
		msg->payload.state.num |= (uint32_t)vqueue->base << 16;
	msg->flags = 0;
	*do_reply = 1;
	return true;
}

/* What vhost_call() and the workers' epoll sets take: an eventfd, and nothing else. */
static bool request_is_eventfd(int fd)
{
	static const char wanted[] = "anon_inode:[eventfd]";
	char path[32];
	char name[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, name, sizeof(name));
	return len == (ssize_t)strlen(wanted) && memcmp(name, wanted, strlen(wanted)) == 0;
}

/* The descriptor of a KICK, CALL or ERR message, or -1 where it says so. It is then the queue's. */
static struct vqueue *request_take_fd(struct session *session, VhostUserMsg *msg, unsigned *index,
				      int *fd)
{
	bool none = msg->payload.u64 & VHOST_USER_VRING_NOFD_MASK;
	struct vqueue *vqueue;

	*index = msg->payload.u64 & VHOST_USER_VRING_IDX_MASK;
	vqueue = request_vqueue(session, *index);
	if (!vqueue)
		return NULL;
	if (msg->fd_num != !none) {
		session_refuse(session, "%d descriptors for a queue", msg->fd_num);
		return NULL;
	}
	*fd = none ? -1 : msg->fds[0];
	if (none)
		return vqueue;
	if (!request_is_eventfd(*fd)) {
		session_refuse(session, "a descriptor that is no eventfd");
		return NULL;
	}
	msg->fd_num = 0;
	return vqueue;
}

static bool request_set_vring_kick(struct session *session, VhostUserMsg *msg)
{
	unsigned index;
	int fd;
	struct vqueue *vqueue = request_take_fd(session, msg, &index, &fd);

	if (!vqueue)
		return false;
	vqueue_stop(session, index);
	if (vqueue->kick >= 0)
		close(vqueue->kick);
	vqueue->kick = fd;
	vqueue->started = true;
	return true;
}

static bool request_set_vring_call(struct session *session, VhostUserMsg *msg)
{
	unsigned index;
	int fd;

	if (!request_take_fd(session, msg, &index, &fd))
		return false;
	vqueue_set_call(session, index, fd);
	/* What was raised before there was a descriptor for it. */
	if (fd >= 0)
		vhost_call(fd);
	return true;
}

static bool request_set_vring_err(struct session *session, VhostUserMsg *msg)
{
	unsigned index;
	int fd;
	struct vqueue *vqueue = request_take_fd(session, msg, &index, &fd);

	if (!vqueue)
		return false;
	if (vqueue->err >= 0)
		close(vqueue->err);
	vqueue->err = fd;
	return true;
}

static bool request_set_vring_enable(struct session *session, const VhostUserMsg *msg)
{
	struct vqueue *vqueue = request_vqueue(session, msg->payload.state.index);

	if (!vqueue)
		return false;
	vqueue->enabled = msg->payload.state.num != 0;
	return true;
}

static bool request_reset_owner(struct session *session)
{
	unsigned i;

	for (i = 0; i < session->num_vqueues; i++)
		session->vqueue[i].enabled = false;
	return true;
}

/* Up to what the port allows; the guest was told by its own side. */
static bool request_set_mtu(struct session *session, VhostUserMsg *msg, int *do_reply)
{
	uint64_t mtu = msg->payload.u64;

	if (mtu > session->port->options.mtu && msg->flags & VHOST_USER_NEED_REPLY_MASK)
		request_reply(msg, 1, do_reply);
	else if (mtu > session->port->options.mtu)
		return session_refuse(session, "an MTU of %llu", (unsigned long long)mtu);
	return true;
}

/* Memory. The queues let go of what libvhost-user is about to unmap. */

static bool request_set_mem_table(struct session *session, const VhostUserMsg *msg)
{
	VhostUserMemory table = msg->payload.memory;
	const char *why;
	unsigned i, k;

	if (table.nregions > VHOST_MEMORY_BASELINE_NREGIONS || msg->fd_num != (int)table.nregions ||
	    msg->size <
		    offsetof(VhostUserMemory, regions) + table.nregions * sizeof(table.regions[0]))
		return session_refuse(session, "%u regions with %d descriptors in %u bytes",
				      table.nregions, msg->fd_num, msg->size);
	for (i = 0; i < table.nregions; i++) {
		why = region_check(&table.regions[i], msg->fds[i]);
		for (k = 0; !why && k < i; k++) {
			if (region_overlap(&table.regions[i], &table.regions[k]))
				why = "regions that overlap";
		}
		if (why)
			return session_refuse(session, "%s", why);
	}
	vqueue_stop_all(session);
	region_watch(NULL, session->port->index);
	session->remap = true;
	return true;
}

static bool request_add_mem_reg(struct session *session, const VhostUserMsg *msg)
{
	VhostUserMemoryRegion region = msg->payload.memreg.region;
	const char *why;

	if (msg->fd_num != 1)
		return session_refuse(session, "a region with %d descriptors", msg->fd_num);
	why = region_check(&region, msg->fds[0]);
	if (!why && region_overlaps_mapped(&session->dev, &region))
		why = "regions that overlap";
	if (why)
		return session_refuse(session, "%s", why);
	session->remap = true;
	return true;
}

static bool request_rem_mem_reg(struct session *session)
{
	vqueue_stop_all(session);
	region_watch(NULL, session->port->index);
	session->remap = true;
	return true;
}

/* Payload lengths that are fixed; -1: we do not know the request. */
static int request_size(int request)
{
	switch (request) {
	case VHOST_USER_SET_OWNER:
	case VHOST_USER_RESET_OWNER:
	case VHOST_USER_GET_FEATURES:
	case VHOST_USER_GET_PROTOCOL_FEATURES:
	case VHOST_USER_GET_QUEUE_NUM:
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		return 0;
	case VHOST_USER_SET_FEATURES:
	case VHOST_USER_SET_PROTOCOL_FEATURES:
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
	case VHOST_USER_NET_SET_MTU:
		return sizeof(uint64_t);
	case VHOST_USER_SET_VRING_NUM:
	case VHOST_USER_SET_VRING_BASE:
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_ENABLE:
		return sizeof(struct vhost_vring_state);
	case VHOST_USER_SET_VRING_ADDR:
		return sizeof(struct vhost_vring_addr);
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_REM_MEM_REG:
		return sizeof(VhostUserMemRegMsg);
	case VHOST_USER_SET_MEM_TABLE:
		return offsetof(VhostUserMemory, regions);
	default:
		return -1;
	}
}

static bool request_takes_fds(int request)
{
	return request == VHOST_USER_SET_MEM_TABLE || request == VHOST_USER_ADD_MEM_REG ||
	       request == VHOST_USER_REM_MEM_REG || request == VHOST_USER_SET_VRING_KICK ||
	       request == VHOST_USER_SET_VRING_CALL || request == VHOST_USER_SET_VRING_ERR;
}

static bool request_check(struct session *session, const VhostUserMsg *msg)
{
	int size = request_size(msg->request);

	if (size < 0)
		return session_refuse(session, "request %d", msg->request);
	if ((msg->flags & VHOST_USER_VERSION_MASK) != 1 || msg->flags & VHOST_USER_REPLY_MASK)
		return session_refuse(session, "flags 0x%x", msg->flags);
	if (msg->size < (uint32_t)size)
		return session_refuse(session, "request %d with %u bytes", msg->request, msg->size);
	if (msg->fd_num && !request_takes_fds(msg->request))
		return session_refuse(session, "request %d with descriptors", msg->request);
	return true;
}

/* What is answered with a number. False: none of these. */
static bool request_get(const struct session *session, VhostUserMsg *msg, int *do_reply)
{
	switch (msg->request) {
	case VHOST_USER_GET_FEATURES:
		request_reply(msg, request_features(session), do_reply);
		return true;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		request_reply(msg, REQUEST_PROTOCOL_FEATURES, do_reply);
		return true;
	case VHOST_USER_GET_QUEUE_NUM: /* of a network device: pairs */
		request_reply(msg, session->port->options.num_pairs, do_reply);
		return true;
	default:
		return false;
	}
}

static bool request_do(struct session *session, VhostUserMsg *msg, int *do_reply, int *done)
{
	*done = REQUEST_DONE;
	switch (msg->request) {
	case VHOST_USER_SET_FEATURES:
		return request_set_features(session, msg);
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		return request_set_protocol_features(session, msg);
	case VHOST_USER_RESET_OWNER:
		return request_reset_owner(session);
	case VHOST_USER_SET_VRING_NUM:
		return request_set_vring_num(session, msg);
	case VHOST_USER_SET_VRING_ADDR:
		return request_set_vring_addr(session, msg);
	case VHOST_USER_SET_VRING_BASE:
		return request_set_vring_base(session, msg);
	case VHOST_USER_GET_VRING_BASE:
		return request_get_vring_base(session, msg, do_reply);
	case VHOST_USER_SET_VRING_KICK:
		return request_set_vring_kick(session, msg);
	case VHOST_USER_SET_VRING_CALL:
		return request_set_vring_call(session, msg);
	case VHOST_USER_SET_VRING_ERR:
		return request_set_vring_err(session, msg);
	case VHOST_USER_SET_VRING_ENABLE:
		return request_set_vring_enable(session, msg);
	case VHOST_USER_NET_SET_MTU:
		return request_set_mtu(session, msg, do_reply);
	}
	*done = REQUEST_LEFT;
	switch (msg->request) {
	case VHOST_USER_SET_MEM_TABLE:
		return request_set_mem_table(session, msg);
	case VHOST_USER_ADD_MEM_REG:
		return request_add_mem_reg(session, msg);
	case VHOST_USER_REM_MEM_REG:
		return request_rem_mem_reg(session);
	default: /* SET_OWNER, GET_MAX_MEM_SLOTS */
		return true;
	}
}

int request_process(VuDev *dev, VhostUserMsg *msg, int *do_reply)
{
	struct session *session = (struct session *)dev; /* its first member */
	bool need_reply = msg->flags & VHOST_USER_NEED_REPLY_MASK;
	int done = REQUEST_DONE;
	bool good;

	good = request_check(session, msg);
	if (good && request_get(session, msg, do_reply))
		return REQUEST_DONE;
	if (good)
		good = request_do(session, msg, do_reply, &done);
	if (good && done == REQUEST_LEFT)
		return REQUEST_LEFT;
	while (msg->fd_num)
		close(msg->fds[--msg->fd_num]);
	if (!good && need_reply)
		request_reply(msg, 1, do_reply);
	return REQUEST_DONE;
}
