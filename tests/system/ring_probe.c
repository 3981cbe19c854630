// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver with bad manners: takes a vhost-vdpa device, maps one region for it, and posts one
 * descriptor chain that is wrong in the way it is told. Says what the device made of it.
 *
 * ring_probe CHARDEV MODE [SECONDS]: prints "status 0xNN used N"; exit status 0 unless the set-up
 * itself failed. MODE: see modes[] below; "good" sends one broadcast frame. SECONDS: how long it
 * waits for the device to move (2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NUM_DESC      64
#define MAP_IOVA      0x10000000ull
#define MAP_BYTES     0x100000ull
#define OUTSIDE_IOVA  0x40000000ull
#define QUEUE_BYTES   0x10000ull
#define BUF_OFFSET    0x40000ull
#define NET_HDR_BYTES 12
#define FRAME_BYTES   60

struct queue {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint64_t iova;
	int kick;
	int call;
};

struct probe {
	int fd;
	uint8_t *mem;
	struct queue q[2]; /* 0 the device writes, 1 it reads */
};

static void die(const char *what)
{
	fprintf(stderr, "ring_probe: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void xioctl(struct probe *p, unsigned long request, void *arg, const char *what)
{
	if (ioctl(p->fd, request, arg) < 0)
		die(what);
}

static uint8_t status_get(struct probe *p)
{
	uint8_t status = 0;

	xioctl(p, VHOST_VDPA_GET_STATUS, &status, "get status");
	return status;
}

static void status_set(struct probe *p, uint8_t status)
{
	xioctl(p, VHOST_VDPA_SET_STATUS, &status, "set status");
}

static void features_negotiate(struct probe *p)
{
	uint64_t wanted = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_ACCESS_PLATFORM;
	uint64_t backend = 1ull << VHOST_BACKEND_F_IOTLB_MSG_V2;
	uint64_t offered;

	xioctl(p, VHOST_GET_FEATURES, &offered, "get features");
	wanted &= offered;
	xioctl(p, VHOST_SET_FEATURES, &wanted, "set features");
	xioctl(p, VHOST_SET_BACKEND_FEATURES, &backend, "set backend features");
}

static void memory_map(struct probe *p)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {.iova = MAP_IOVA,
			  .size = MAP_BYTES,
			  .perm = VHOST_ACCESS_RW,
			  .type = VHOST_IOTLB_UPDATE},
	};

	p->mem = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p->mem == MAP_FAILED)
		die("mmap");
	msg.iotlb.uaddr = (uintptr_t)p->mem;
	if (write(p->fd, &msg, sizeof(msg)) != sizeof(msg))
		die("map");
}

static void queue_setup(struct probe *p, unsigned int i, uint64_t desc_iova)
{
	struct queue *q = &p->q[i];
	struct vhost_vring_state num = {.index = i, .num = NUM_DESC};
	struct vhost_vring_state base = {.index = i, .num = 0};
	struct vhost_vring_state enable = {.index = i, .num = 1};
	struct vhost_vring_addr addr = {.index = i};
	struct vhost_vring_file file = {.index = i};
	uint8_t *mem = p->mem + i * QUEUE_BYTES;

	q->iova = MAP_IOVA + i * QUEUE_BYTES;
	q->desc = (void *)mem;
	q->avail = (void *)(mem + 0x4000);
	q->used = (void *)(mem + 0x8000);
	addr.desc_user_addr = desc_iova ? desc_iova : q->iova;
	addr.avail_user_addr = q->iova + 0x4000;
	addr.used_user_addr = q->iova + 0x8000;
	q->kick = eventfd(0, EFD_CLOEXEC);
	q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	xioctl(p, VHOST_SET_VRING_NUM, &num, "vring num");
	xioctl(p, VHOST_SET_VRING_ADDR, &addr, "vring addr");
	xioctl(p, VHOST_SET_VRING_BASE, &base, "vring base");
	file.fd = q->call;
	xioctl(p, VHOST_SET_VRING_CALL, &file, "vring call");
	file.fd = q->kick;
	xioctl(p, VHOST_SET_VRING_KICK, &file, "vring kick");
	xioctl(p, VHOST_VDPA_SET_VRING_ENABLE, &enable, "vring enable");
}

static void desc_set(struct queue *q, unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
		     uint16_t next)
{
	q->desc[i] = (struct vring_desc){.addr = addr, .len = len, .flags = flags, .next = next};
}

/* What is wrong with the chain, by name; the rest of it stays the good one. */
static const struct mode {
	const char *name;
	uint64_t addr; /* of the buffer; 0: the good one */
	uint32_t len; /* 0 with has_len: really zero */
	uint16_t flags;
	uint16_t next;
	uint16_t head;
	uint16_t idx; /* the avail index it jumps to; 0: one further */
	uint8_t has_len;
	uint8_t queue; /* 1: the device's receive ring is the bad one */
	uint8_t ring; /* 1: the descriptor table itself lies outside */
} modes[] = {
	{.name = "good"},
	{.name = "outside", .addr = OUTSIDE_IOVA},
	{.name = "past_end", .addr = MAP_IOVA + MAP_BYTES - 16},
	{.name = "wrap", .addr = UINT64_MAX - 15},
	{.name = "table_outside", .ring = 1},
	{.name = "rx_outside", .addr = OUTSIDE_IOVA, .queue = 1},
	{.name = "loop", .flags = VRING_DESC_F_NEXT, .next = 0},
	{.name = "next", .flags = VRING_DESC_F_NEXT, .next = 999},
	{.name = "head", .head = 999},
	{.name = "index", .idx = NUM_DESC + 9},
	{.name = "zero", .has_len = 1},
	{.name = "huge", .len = UINT32_MAX, .has_len = 1},
	{.name = "direction", .flags = VRING_DESC_F_WRITE},
	{.name = "indirect", .flags = VRING_DESC_F_INDIRECT},
};

static void frame_fill(uint8_t *buf)
{
	static const uint8_t head[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52,
				       0x54, 0x00, 0xbb, 0x00, 0x01, 0x88, 0xb5};

	memset(buf, 0, NET_HDR_BYTES + FRAME_BYTES);
	memcpy(buf + NET_HDR_BYTES, head, sizeof(head));
}

static void chain_post(struct probe *p, const struct mode *m)
{
	struct queue *q = &p->q[m->queue ? 0 : 1];
	uint32_t good_len = m->queue ? 2048 : NET_HDR_BYTES + FRAME_BYTES;
	uint16_t flags = m->flags | (m->queue ? VRING_DESC_F_WRITE : 0);

	frame_fill(p->mem + BUF_OFFSET);
	desc_set(q, 0, m->addr ? m->addr : MAP_IOVA + BUF_OFFSET, m->has_len ? m->len : good_len,
		 flags, m->next);
	q->avail->ring[0] = m->head;
	__atomic_store_n(&q->avail->idx, m->idx ? m->idx : 1, __ATOMIC_RELEASE);
	if (eventfd_write(q->kick, 1) < 0)
		die("kick");
}

static void outcome_print(struct probe *p, const struct mode *m, int seconds)
{
	struct queue *q = &p->q[m->queue ? 0 : 1];
	uint16_t used = 0;
	uint8_t status = 0;

	for (int i = 0; i < seconds * 50; i++) {
		status = status_get(p);
		used = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);
		if (used || (status & VIRTIO_CONFIG_S_NEEDS_RESET))
			break;
		usleep(20000);
	}
	printf("status 0x%02x used %u\n", status, used);
}

int main(int argc, char **argv)
{
	struct probe p = {0};
	const struct mode *m = NULL;

	for (size_t i = 0; argc > 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, argv[2]))
			m = &modes[i];
	if (!m) {
		fprintf(stderr, "usage: ring_probe CHARDEV MODE [SECONDS]\n");
		return 2;
	}
	p.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (p.fd < 0)
		die(argv[1]);
	xioctl(&p, VHOST_SET_OWNER, NULL, "set owner");
	status_set(&p, 0);
	status_set(&p, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	features_negotiate(&p);
	status_set(&p, status_get(&p) | VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(status_get(&p) & VIRTIO_CONFIG_S_FEATURES_OK))
		die("features not accepted");
	memory_map(&p);
	queue_setup(&p, 0, 0);
	queue_setup(&p, 1, m->ring ? OUTSIDE_IOVA : 0);
	status_set(&p, status_get(&p) | VIRTIO_CONFIG_S_DRIVER_OK);
	chain_post(&p, m);
	outcome_print(&p, m, argc > 3 ? atoi(argv[3]) : 2);
	status_set(&p, 0);
	return 0;
}
