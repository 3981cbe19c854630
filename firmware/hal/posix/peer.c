/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The sockets to the device model: the ivshmem server protocol (QEMU docs/specs/ivshmem-spec, version
 * 0) brings our eventfds, ctl brings orders as a QEMU monitor would get them. Main thread.
 */
#include "hal/posix/posix.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PEER_ENVIRONMENT "XVIO_SOC_FDS"

static int peer_dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "%s: too long for a socket's name\n", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(path);
		return -1;
	}
	return fd;
}

/* One message: a number, and in *fd the descriptor that came along, or -1. False: the end. */
static bool peer_receive(int socket_fd, int64_t *number, int *fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {.iov_base = number, .iov_len = sizeof(*number)};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *header;

	*fd = -1;
	if (recvmsg(socket_fd, &message, MSG_WAITALL) != sizeof(*number))
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return true;
}

/* Protocol version, our number, the shared memory: the first is checked, the last not needed. */
static bool peer_shake_hands(int ivshmem)
{
	int64_t version;
	int64_t self;
	int64_t memory;
	int fd;

	if (!peer_receive(ivshmem, &version, &fd) || version != 0)
		return false;
	if (!peer_receive(ivshmem, &self, &fd) || self != XVIO_IVSHMEM_PEER_SOC)
		return false;
	if (!peer_receive(ivshmem, &memory, &fd) || memory != -1 || fd < 0)
		return false;
	close(fd);
	return true;
}

/* Eventfds come one by one, vector after vector, ours last. */
static bool peer_receive_eventfds(struct posix_fds *fds)
{
	unsigned num_hardware = 0;
	unsigned num_ours = 0;

	while (num_ours < XVIO_IVSHMEM_VECTORS) {
		int64_t peer;
		int fd;

		if (!peer_receive(fds->ivshmem, &peer, &fd) || fd < 0)
			return false;
		if (peer == XVIO_IVSHMEM_PEER_SOC)
			fds->hart[num_ours++] = fd;
		else if (peer == XVIO_IVSHMEM_PEER_HW && num_hardware++ == 0)
			fds->hardware = fd;
		else
			close(fd);
	}
	return num_hardware > 0;
}

static bool peer_say(int ctl, const char *line)
{
	return send(ctl, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line);
}

bool peer_connect(const char *ivshmem_path, const char *ctl_path, struct posix_fds *fds)
{
	_Static_assert(XVIO_IVSHMEM_VECTORS <= XVIO_MAX_HARTS, "each vector has its place");

	fds->ctl = peer_dial(ctl_path);
	fds->ivshmem = peer_dial(ivshmem_path);
	if (fds->ctl < 0 || fds->ivshmem < 0)
		return false;
	if (!peer_say(fds->ctl, "{\"QMP\": {\"version\": {\"package\": \"xvio-soc\"}, "
				"\"capabilities\": []}}\r\n") ||
	    !peer_shake_hands(fds->ivshmem) || !peer_receive_eventfds(fds)) {
		fprintf(stderr, "xvio-soc: the model does not speak ivshmem as we do\n");
		return false;
	}
	return true;
}

void peer_save(const struct posix_fds *fds)
{
	char text[256];
	int at = snprintf(text, sizeof(text), "%d %d %d", fds->ivshmem, fds->ctl, fds->hardware);

	for (unsigned i = 0; i < XVIO_IVSHMEM_VECTORS; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, " %d", fds->hart[i]);
	setenv(PEER_ENVIRONMENT, text, 1);
}

bool peer_restore(struct posix_fds *fds)
{
	const char *text = getenv(PEER_ENVIRONMENT);
	int *fd[3 + XVIO_IVSHMEM_VECTORS] = {&fds->ivshmem, &fds->ctl, &fds->hardware};
	char *end;

	if (!text)
		return false;
	for (unsigned i = 0; i < XVIO_IVSHMEM_VECTORS; i++)
		fd[3 + i] = &fds->hart[i];
	for (unsigned i = 0; i < 3 + XVIO_IVSHMEM_VECTORS; i++) {
		*fd[i] = (int)strtol(text, &end, 10);
		text = end;
	}
	unsetenv(PEER_ENVIRONMENT);
	return true;
}

enum peer_order peer_serve_ctl(int ctl)
{
	static char line[1024];
	static size_t len_bytes;
	enum peer_order order = PEER_GO_ON;
	const ssize_t got = recv(ctl, line + len_bytes, sizeof(line) - 1 - len_bytes, 0);
	char *newline;

	if (got <= 0)
		return PEER_END;
	len_bytes += (size_t)got;
	line[len_bytes] = '\0';
	while (order == PEER_GO_ON && (newline = strchr(line, '\n'))) {
		*newline = '\0';
		if (strstr(line, "\"system_reset\""))
			order = PEER_RESET;
		else if (strstr(line, "\"quit\""))
			order = PEER_END;
		peer_say(ctl, "{\"return\": {}}\r\n");
		len_bytes -= (size_t)(newline + 1 - line);
		memmove(line, newline + 1, len_bytes + 1);
	}
	/* A line that does not end in so much room is no order. */
	if (len_bytes == sizeof(line) - 1)
		len_bytes = 0;
	return order;
}

enum peer_order peer_serve_ivshmem(int ivshmem)
{
	int64_t peer;
	int fd;

	if (!peer_receive(ivshmem, &peer, &fd))
		return PEER_END;
	if (fd >= 0)
		close(fd);
	return PEER_GO_ON;
}
