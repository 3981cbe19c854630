/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of ports (link.h). Core 0. */
#include "link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "hal/hal.h"
#include "loop.h"
#include "say.h"
#include "session.h"
#include "vport.h"

#define LINK_RETRY_MIN_US 100000u
#define LINK_RETRY_MAX_US 2000000u

struct link {
	struct vport *port;
	struct session *session; /* NULL: nobody is there */
	struct loop_watch listen; /* server: fd >= 0 */
	uint64_t retry_at_us; /* client without a session */
	uint64_t retry_us;
	uint64_t connects;
	char why[128]; /* the last session ended */
};

static struct sockaddr_un link_address(const struct link *link)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", link->port->options.path);
	return address;
}

static int link_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* A session on a connected socket, which it takes over. */
static void link_begin(struct link *link, int sock)
{
	link->session = session_open(link->port, link, sock);
	if (!link->session)
		return;
	link->connects++;
	link->retry_us = LINK_RETRY_MIN_US;
	say("%s: a front-end is there", link->port->options.name);
}

void link_session_ended(struct link *link, const char *why)
{
	say("%s: session ended: %s", link->port->options.name, why);
	snprintf(link->why, sizeof(link->why), "%s", why);
	session_close(link->session);
	link->session = NULL;
	link->retry_at_us = hal_time_us() + link->retry_us;
}

void link_memory_failed(struct link *link)
{
	if (link->session)
		link_session_ended(link, "its memory is gone (a file shorter than its region)");
}

/* Server */

static void link_accept(struct loop_watch *watch, uint32_t events)
{
	struct link *link = loop_owner(watch, struct link, listen);
	int sock = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (sock < 0)
		return;
	if (link->session && session_is_dead(link->session))
		link_session_ended(link, "the peer has gone");
	if (link->session) {
		say("%s: a second front-end is turned away", link->port->options.name);
		close(sock);
		return;
	}
	link_begin(link, sock);
}

/* A socket that nobody listens at was left behind by a process that died. */
static void link_remove_stale(const struct sockaddr_un *address)
{
	int sock = link_socket();

	if (sock < 0)
		return;
	if (connect(sock, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(sock);
}

static bool link_listen(struct link *link)
{
	struct sockaddr_un address = link_address(link);
	int sock = link_socket();

	if (sock < 0)
		return false;
	link_remove_stale(&address);
	if (bind(sock, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(sock);
		return false;
	}
	if (listen(sock, 1) != 0 || !loop_add(&link->listen, sock, EPOLLIN, link_accept)) {
		unlink(address.sun_path);
		close(sock);
		return false;
	}
	return true;
}

/* Client */

static void link_connect(struct link *link)
{
	struct sockaddr_un address = link_address(link);
	int sock = link_socket();

	if (sock >= 0 && connect(sock, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		link_begin(link, sock);
		return;
	}
	if (sock >= 0)
		close(sock);
	link->retry_at_us = hal_time_us() + link->retry_us;
	link->retry_us *= 2;
	if (link->retry_us > LINK_RETRY_MAX_US)
		link->retry_us = LINK_RETRY_MAX_US;
}

void link_tick(struct link *link)
{
	if (link->port->options.client && !link->session && hal_time_us() >= link->retry_at_us)
		link_connect(link);
}

/* Life */

struct link *link_open(struct vport *port, const char **why)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link) {
		*why = "no memory";
		return NULL;
	}
	link->port = port;
	link->listen.fd = -1;
	link->retry_us = LINK_RETRY_MIN_US;
	if (!port->options.client && !link_listen(link)) {
		*why = strerror(errno);
		free(link);
		return NULL;
	}
	return link;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	if (link->session)
		session_close(link->session);
	if (link->listen.fd >= 0) {
		loop_remove(&link->listen);
		close(link->listen.fd);
		unlink(link->port->options.path);
	}
	free(link);
}

json_t *link_show(const struct link *link)
{
	json_t *show = json_pack("{s:b, s:I, s:s}", "connected", link->session != NULL, "connects",
				 (json_int_t)link->connects, "last_end", link->why);

	if (link->session)
		json_object_set_new(show, "session", session_show(link->session));
	return show;
}

void link_queue_failed(struct link *link, unsigned queue, unsigned error)
{
	say("%s: queue %u: stopped for ring error %u", link->port->options.name, queue, error);
	if (link->session)
		vqueue_failed(link->session, queue, (uint8_t)error);
}
