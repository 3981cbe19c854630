/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's tools/virtio/virtio_test drives a ring by the character device /dev/vhost-test. Linked
 * with this (ld --wrap=...) it drives a transmit queue of xvio-vhost instead: what it asks of the device
 * becomes requests of vhost-user, what it allocates lies in shared memory, at its own addresses.
 * XVIO_SOCKET names the port.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/vhost.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of the kernel's drivers/vhost/test.h. */
#define VHOST_TEST_RUN	       _IOW(VHOST_VIRTIO, 0x31, int)
#define VHOST_TEST_SET_BACKEND _IOW(VHOST_VIRTIO, 0x32, int)

/* The requests of vhost-user that are needed. */
enum {
	USER_GET_FEATURES = 1,
	USER_SET_FEATURES = 2,
	USER_SET_OWNER = 3,
	USER_SET_MEM_TABLE = 5,
	USER_SET_VRING_NUM = 8,
	USER_SET_VRING_ADDR = 9,
	USER_SET_VRING_BASE = 10,
	USER_GET_VRING_BASE = 11,
	USER_SET_VRING_KICK = 12,
	USER_SET_VRING_CALL = 13,
};

#define USER_VERSION  1u
#define USER_QUEUE    1u /* the first transmit queue */
#define ARENA_BYTES   (16u << 20)
#define ARENA_CLASSES 21u /* powers of two */
#define ARENA_HEADER  64u

struct user_message {
	uint32_t request;
	uint32_t flags;
	uint32_t size_bytes;
	union {
		uint64_t number;
		struct vhost_vring_state state;
		struct vhost_vring_addr addr;
		struct {
			uint32_t num_regions;
			uint32_t padding;
			uint64_t gpa, len_bytes, user_addr, mmap_offset;
		} memory;
	};
} __attribute__((packed));

static int port_fd = -1;
static int arena_fd = -1;
static uint8_t *arena;
static size_t arena_used;
static void *arena_free[ARENA_CLASSES];
/* What a queue that is started again is told again. */
static struct vhost_vring_state ring_num, ring_base;
static struct vhost_vring_addr ring_addr;
static int ring_kick, ring_call;

int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_posix_memalign(void **result, size_t align_bytes, size_t len_bytes);
void *__wrap_malloc(size_t len_bytes);
void __wrap_free(void *memory);

static void give_up(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

int __wrap_posix_memalign(void **result, size_t align_bytes, size_t len_bytes)
{
	if (!arena) {
		arena_fd = memfd_create("virtio_test", 0);
		if (arena_fd < 0 || ftruncate(arena_fd, ARENA_BYTES))
			give_up("memory");
		arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, arena_fd, 0);
		if (arena == MAP_FAILED)
			give_up("memory");
	}
	arena_used = (arena_used + align_bytes - 1) & ~(align_bytes - 1);
	if (arena_used + len_bytes > ARENA_BYTES)
		return ENOMEM;
	*result = arena + arena_used;
	arena_used += len_bytes;
	return 0;
}

/* In front of each piece stands its class; a piece that is free leads to the next. */
void *__wrap_malloc(size_t len_bytes)
{
	unsigned class = 0;
	uint8_t *piece;
	void *start;

	while (((size_t)ARENA_HEADER << class) < len_bytes)
		class ++;
	if (class >= ARENA_CLASSES)
		return NULL;
	if (arena_free[class]) {
		piece = arena_free[class];
		arena_free[class] = *(void **)piece;
		return piece;
	}
	if (__wrap_posix_memalign(&start, ARENA_HEADER,
				  ARENA_HEADER + ((size_t)ARENA_HEADER << class)))
		return NULL;
	piece = (uint8_t *)start + ARENA_HEADER;
	*(uint32_t *)start = class;
	return piece;
}

void __wrap_free(void *memory)
{
	unsigned class;

	if (!memory)
		return;
	class = *(uint32_t *)((uint8_t *)memory - ARENA_HEADER);
	*(void **)memory = arena_free[class];
	arena_free[class] = memory;
}

int __wrap_open(const char *path, int flags, ...)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *socket_path = getenv("XVIO_SOCKET");

	(void)flags;
	if (strcmp(path, "/dev/vhost-test") || !socket_path)
		give_up(path);
	strncpy(to.sun_path, socket_path, sizeof(to.sun_path) - 1);
	port_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (port_fd < 0 || connect(port_fd, (struct sockaddr *)&to, sizeof(to)))
		give_up(socket_path);
	return port_fd;
}

/* Sends a request, with a file descriptor if fd is one. */
static void user_send(uint32_t request, struct user_message *msg, uint32_t size_bytes, int fd)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {msg, 12 + size_bytes};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cmsg = &control.align;

	msg->request = request;
	msg->flags = USER_VERSION;
	msg->size_bytes = size_bytes;
	if (fd >= 0) {
		hdr.msg_control = control.bytes;
		hdr.msg_controllen = sizeof(control.bytes);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(port_fd, &hdr, 0) != (ssize_t)iov.iov_len)
		give_up("vhost-user");
}

static void user_ask(uint32_t request, struct user_message *msg, uint32_t size_bytes)
{
	user_send(request, msg, size_bytes, -1);
	if (recv(port_fd, msg, 12 + 8, MSG_WAITALL) != 12 + 8)
		give_up("vhost-user");
}

static void user_set_features(uint64_t features)
{
	struct user_message msg;

	user_ask(USER_GET_FEATURES, &msg, 0);
	if (features & ~msg.number) {
		fprintf(stderr, "not offered: 0x%llx\n",
			(unsigned long long)(features & ~msg.number));
		exit(EXIT_FAILURE);
	}
	msg.number = features;
	user_send(USER_SET_FEATURES, &msg, sizeof(msg.number), -1);
}

/* All of the test's memory, not only what it names. */
static void user_set_memory(void)
{
	struct user_message msg = {.memory = {.num_regions = 1,
					      .gpa = (uintptr_t)arena,
					      .user_addr = (uintptr_t)arena,
					      .len_bytes = ARENA_BYTES}};

	user_send(USER_SET_MEM_TABLE, &msg, sizeof(msg.memory), arena_fd);
}

static void user_set_state(uint32_t request, const struct vhost_vring_state *state)
{
	struct user_message msg = {.state = {USER_QUEUE, state->num}};

	user_send(request, &msg, sizeof(msg.state), -1);
}

static void user_set_addr(void)
{
	struct user_message msg = {.addr = ring_addr};

	msg.addr.index = USER_QUEUE;
	user_send(USER_SET_VRING_ADDR, &msg, sizeof(msg.addr), -1);
}

static void user_set_fd(uint32_t request, int fd)
{
	struct user_message msg = {.number = USER_QUEUE};

	user_send(request, &msg, sizeof(msg.number), fd);
}

/* Without a back-end the queue stops, and says how far it came; with one it starts again. */
static void user_set_backend(bool there)
{
	struct user_message msg = {.state = {USER_QUEUE, 0}};

	if (!there) {
		user_ask(USER_GET_VRING_BASE, &msg, sizeof(msg.state));
		ring_base.num = msg.state.num;
		return;
	}
	user_set_state(USER_SET_VRING_NUM, &ring_num);
	user_set_state(USER_SET_VRING_BASE, &ring_base);
	user_set_addr();
	user_set_fd(USER_SET_VRING_CALL, ring_call);
	user_set_fd(USER_SET_VRING_KICK, ring_kick);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct user_message msg;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd != port_fd)
		return -1;
	switch (request) {
	case VHOST_SET_OWNER:
		user_send(USER_SET_OWNER, &msg, 0, -1);
		return 0;
	case VHOST_SET_MEM_TABLE:
		user_set_memory();
		return 0;
	case VHOST_SET_FEATURES:
		user_set_features(*(uint64_t *)arg);
		return 0;
	case VHOST_SET_VRING_NUM:
		ring_num = *(struct vhost_vring_state *)arg;
		user_set_state(USER_SET_VRING_NUM, &ring_num);
		return 0;
	case VHOST_SET_VRING_BASE:
		ring_base = *(struct vhost_vring_state *)arg;
		user_set_state(USER_SET_VRING_BASE, &ring_base);
		return 0;
	case VHOST_GET_VRING_BASE:
		((struct vhost_vring_state *)arg)->num = ring_base.num;
		return 0;
	case VHOST_SET_VRING_ADDR:
		ring_addr = *(struct vhost_vring_addr *)arg;
		user_set_addr();
		return 0;
	case VHOST_SET_VRING_KICK:
		ring_kick = ((struct vhost_vring_file *)arg)->fd;
		user_set_fd(USER_SET_VRING_KICK, ring_kick);
		return 0;
	case VHOST_SET_VRING_CALL:
		ring_call = ((struct vhost_vring_file *)arg)->fd;
		user_set_fd(USER_SET_VRING_CALL, ring_call);
		return 0;
	case VHOST_TEST_SET_BACKEND:
		user_set_backend(((struct vhost_vring_file *)arg)->fd >= 0);
		return 0;
	case VHOST_TEST_RUN:
		return 0;
	}
	errno = ENOTTY;
	return -1;
}
