/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections (session.h). Messages are put together here, piece by piece and without waiting, before
 * libvhost-user is asked to dispatch them: its own reader blocks, and asserts that pieces are whole.
 * Core 0.
 */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xvio/virtio.h>
#include "link.h"
#include "path/iotlb.h"
#include "path/virtq.h"
#include "region.h"

_Static_assert(offsetof(struct session, dev) == 0, "a VuDev is found to be in its session");

bool session_refuse(struct session *session, const char *why, ...)
{
	va_list args;

	if (session->broken)
		return false;
	session->broken = true;
	va_start(args, why);
	vsnprintf(session->why, sizeof(session->why), why, args);
	va_end(args);
	return false;
}

/* Callbacks of libvhost-user */

static void session_panic(VuDev *dev, const char *why)
{
	session_refuse((struct session *)dev, "%s", why ? why : "libvhost-user gave up");
}

/* The message has been put together already. */
static bool session_read(VuDev *dev, int sock, VhostUserMsg *msg)
{
	struct session *session = (struct session *)dev;

	(void)sock;
	*msg = session->in.msg;
	memset(&session->in, 0, sizeof(session->in));
	return true;
}

/* libvhost-user has no descriptors of queues from us, so there is nothing to watch. */
static void session_set_watch(VuDev *dev, int fd, int condition, vu_watch_cb cb, void *data)
{
	(void)fd;
	(void)condition;
	(void)cb;
	(void)data;
	session_refuse((struct session *)dev, "libvhost-user wants to watch a queue");
}

static void session_remove_watch(VuDev *dev, int fd)
{
	(void)dev;
	(void)fd;
}

static const VuDevIface session_iface = {.process_msg = request_process};

/* Messages */

static bool session_take_fds(struct session *session, struct msghdr *header)
{
	VhostUserMsg *msg = &session->in.msg;
	bool good = !(header->msg_flags & MSG_CTRUNC);
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg)) {
		size_t num = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		size_t i;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < num; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (msg->fd_num < VHOST_MEMORY_BASELINE_NREGIONS) {
				msg->fds[msg->fd_num++] = fd;
			} else {
				close(fd);
				good = false;
			}
		}
	}
	return good || session_refuse(session, "more descriptors than any message has");
}

/* Bytes of the message that are known to follow what is there. */
static uint32_t session_missing(const struct session *session)
{
	const struct session_message *in = &session->in;

	if (in->have_bytes < VHOST_USER_HDR_SIZE)
		return (uint32_t)VHOST_USER_HDR_SIZE - in->have_bytes;
	return (uint32_t)VHOST_USER_HDR_SIZE + in->msg.size - in->have_bytes;
}

/* Reads one piece. False: nothing there now, or the session is at its end. */
static bool session_receive(struct session *session)
{
	struct session_message *in = &session->in;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VHOST_MEMORY_BASELINE_NREGIONS * sizeof(int))];
	} control;
	struct iovec piece = {
		.iov_base = (uint8_t *)&in->msg + in->have_bytes,
		.iov_len = session_missing(session),
	};
	struct msghdr header = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(session->dev.sock, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (len <= 0)
		return session_refuse(session, "%s", len ? strerror(errno) : "the peer has gone");
	if (!session_take_fds(session, &header))
		return false;
	in->have_bytes += (uint32_t)len;
	if (in->have_bytes == VHOST_USER_HDR_SIZE && in->msg.size > sizeof(in->msg.payload))
		return session_refuse(session, "a message of %u bytes", in->msg.size);
	return true;
}

static bool session_is_whole(const struct session *session)
{
	return session->in.have_bytes >= VHOST_USER_HDR_SIZE && !session_missing(session);
}

/* libvhost-user would wait for ever until an answer can be written: the peer must read them. */
static bool session_has_room(struct session *session)
{
	struct pollfd wait = {.fd = session->dev.sock, .events = POLLOUT};

	return poll(&wait, 1, 0) == 1 ||
	       session_refuse(session, "the peer does not read its answers");
}

static void session_dispatch(struct session *session)
{
	if (!session_has_room(session))
		return;
	if (!vu_dispatch(&session->dev))
		session_refuse(session, "a message failed");
	if (session->remap && !session->broken &&
	    !region_watch(&session->dev, session->port->index))
		session_refuse(session, "too many regions");
	if (!session->broken)
		vqueue_reconcile(session);
}

static void session_ready(struct loop_watch *watch, uint32_t events)
{
	struct session *session = loop_owner(watch, struct session, watch);

	(void)events;
	while (!session_is_whole(session) && session_receive(session))
		;
	if (!session->broken && session_is_whole(session))
		session_dispatch(session);
	if (session->broken)
		link_session_ended(session->link, session->why);
}

bool session_is_packed(const struct session *session)
{
	return session->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
}

bool session_is_dead(const struct session *session)
{
	struct pollfd wait = {.fd = session->dev.sock, .events = POLLRDHUP};

	return poll(&wait, 1, 0) == 1;
}

/* Life */

struct session *session_open(struct vport *port, struct link *link, int sock)
{
	struct session *session = calloc(1, sizeof(*session));
	unsigned i;

	if (!session ||
	    !vu_init(&session->dev, (uint16_t)(port->options.num_pairs * 2), sock, session_panic,
		     session_read, session_set_watch, session_remove_watch, &session_iface)) {
		free(session);
		close(sock);
		return NULL;
	}
	session->port = port;
	session->link = link;
	session->num_vqueues = port->options.num_pairs * 2;
	for (i = 0; i < VNET_MAX_QUEUES; i++) {
		session->vqueue[i].kick = -1;
		session->vqueue[i].call = -1;
		session->vqueue[i].err = -1;
	}
	if (!loop_add(&session->watch, sock, EPOLLIN, session_ready)) {
		vu_deinit(&session->dev);
		free(session);
		return NULL;
	}
	return session;
}

static void session_close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void session_close(struct session *session)
{
	unsigned i;

	loop_remove(&session->watch);
	vqueue_stop_all(session);
	for (i = 0; i < session->num_vqueues; i++) {
		vqueue_set_call(session, i, -1);
		session_close_fd(session->vqueue[i].kick);
		session_close_fd(session->vqueue[i].err);
	}
	while (session->in.msg.fd_num)
		close(session->in.msg.fds[--session->in.msg.fd_num]);
	vnet_set_map(session->port->number, NULL);
	iotlb_destroy(session->map);
	region_watch(NULL, session->port->index);
	vu_deinit(&session->dev);
	free(session);
}

static json_t *session_show_vqueue(const struct vqueue *vqueue)
{
	const char *state = "stopped";

	if (vqueue->running)
		state = vqueue->error ? "error" : "running";
	return json_pack("{s:s, s:i, s:b, s:i}", "state", state, "size", (int)vqueue->num,
			 "enabled", (int)vqueue->enabled, "error", (int)vqueue->error);
}

json_t *session_show(const struct session *session)
{
	json_t *vqueues = json_array();
	unsigned i;

	for (i = 0; i < session->num_vqueues; i++)
		json_array_append_new(vqueues, session_show_vqueue(&session->vqueue[i]));
	return json_pack("{s:I, s:i, s:o}", "features", (json_int_t)session->features, "regions",
			 (int)session->dev.nregions, "queues", vqueues);
}
