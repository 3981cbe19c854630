/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control peers (control.h). What cannot be written yet waits, and the peer is not read from
 * meanwhile, so that one that does not read cannot fill our memory.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "command.h"
#include "lib/list.h"
#include "loop.h"
#include "words.h"

/* As much is run before others have their turn: some 0.5 ms of rules. */
#define CONTROL_IN_BYTES (32u * WORDS_LINE_BYTES)

/* What is read, run, and has no end by then never will have one. */
#define CONTROL_MAX_LINE (2u * WORDS_LINE_BYTES)

struct control_peer {
	struct loop_watch watch;
	struct list link;
	struct command_batch batch;
	char in[CONTROL_IN_BYTES];
	size_t in_at, in_bytes; /* what is not run yet, the next line first */
	char *out; /* what is to be written, from out_at on */
	size_t out_at, out_bytes;
	bool ended; /* it has said all */
};

static struct loop_watch control_listen = {.fd = -1};
static struct list control_peers = {&control_peers, &control_peers};
static struct sockaddr_un control_address = {.sun_family = AF_UNIX};

static void control_drop(struct control_peer *peer)
{
	loop_remove(&peer->watch);
	close(peer->watch.fd);
	list_remove(&peer->link);
	free(peer->out);
	free(peer);
}

/* Writes what it can. False: the peer is gone. */
static bool control_write(struct control_peer *peer)
{
	while (peer->out_at < peer->out_bytes) {
		ssize_t len = send(peer->watch.fd, peer->out + peer->out_at,
				   peer->out_bytes - peer->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0)
			return errno == EAGAIN || errno == EINTR;
		peer->out_at += (size_t)len;
	}
	free(peer->out);
	peer->out = NULL;
	peer->out_at = 0;
	peer->out_bytes = 0;
	return true;
}

/* Takes over the text. */
static void control_answer(struct control_peer *peer, char *text)
{
	size_t len = strlen(text);

	text[len] = '\n'; /* in the place of the NUL */
	peer->out = text;
	peer->out_bytes = len + 1;
}

/* Runs the next line in the buffer, if it is whole. False: the line is not to be had. */
static bool control_run(struct control_peer *peer)
{
	char *line = peer->in + peer->in_at;
	char *end = memchr(line, '\n', peer->in_bytes);
	size_t len = end ? (size_t)(end - line) : 0;
	char *answer;
	bool good;

	if (!end)
		return false;
	*end = 0;
	if (strlen(line) != len)
		line[0] = '\x01'; /* a NUL in the line: refused as no text */
	answer = command_run(&peer->batch, line, &good);
	if (!answer && !peer->batch.open)
		answer = strdup(good ? "{\"ok\":true}"
				     : "{\"ok\":false,\"error\":\"no memory for the answer\"}");
	if (answer)
		control_answer(peer, answer);
	peer->in_at += len + 1;
	peer->in_bytes -= len + 1;
	return true;
}

/* Reads behind what is left, for which there is always room. False: the peer is gone. */
static bool control_read(struct control_peer *peer)
{
	ssize_t len;

	memmove(peer->in, peer->in + peer->in_at, peer->in_bytes);
	peer->in_at = 0;
	len = recv(peer->watch.fd, peer->in + peer->in_bytes, sizeof(peer->in) - peer->in_bytes,
		   MSG_DONTWAIT);
	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	peer->ended = len == 0;
	peer->in_bytes += (size_t)len;
	return true;
}

/* False: the peer is gone, or has no line left that will ever be whole. */
static bool control_serve(struct control_peer *peer)
{
	if (!control_write(peer))
		return false;
	while (!peer->out && control_run(peer)) {
		if (!control_write(peer))
			return false;
	}
	return peer->out || (!peer->ended && peer->in_bytes < CONTROL_MAX_LINE);
}

static void control_ready(struct loop_watch *watch, uint32_t events)
{
	struct control_peer *peer = loop_owner(watch, struct control_peer, watch);
	bool good = !(events & EPOLLERR);

	if (good && !peer->out)
		good = control_read(peer);
	if (!good || !control_serve(peer)) {
		control_drop(peer);
		return;
	}
	loop_change(&peer->watch, peer->out ? EPOLLOUT : EPOLLIN);
}

static void control_accept(struct loop_watch *watch, uint32_t events)
{
	int sock = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_peer *peer;

	(void)events;
	if (sock < 0)
		return;
	peer = calloc(1, sizeof(*peer));
	if (!peer || !loop_add(&peer->watch, sock, EPOLLIN, control_ready)) {
		free(peer);
		close(sock);
		return;
	}
	list_add_tail(&control_peers, &peer->link);
}

/* As for ports: a socket that nobody listens at is in nobody's way. */
static bool control_bind(int sock)
{
	const struct sockaddr *address = (const struct sockaddr *)&control_address;
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (probe < 0)
		return false;
	if (connect(probe, address, sizeof(control_address)) != 0 && errno == ECONNREFUSED)
		unlink(control_address.sun_path);
	close(probe);
	return bind(sock, address, sizeof(control_address)) == 0;
}

bool control_open(const char *path)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	errno = sock < 0 ? errno : ENAMETOOLONG;
	if (sock < 0 || strlen(path) >= sizeof(control_address.sun_path))
		return false;
	strcpy(control_address.sun_path, path);
	return control_bind(sock) && listen(sock, 16) == 0 &&
	       loop_add(&control_listen, sock, EPOLLIN, control_accept);
}

void control_close(void)
{
	struct list *link;
	struct list *next;

	list_for_each_safe (link, next, &control_peers)
		control_drop(list_entry(link, struct control_peer, link));
	if (control_listen.fd < 0)
		return;
	loop_remove(&control_listen);
	close(control_listen.fd);
	unlink(control_address.sun_path);
}
