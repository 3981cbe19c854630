// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver with good manners for a vhost-vdpa device: asks for each operation that a device can have and
 * looks whether it does what it says. One claim a line, as the tests' own: "pass: ..." or "FAIL: ...".
 *
 * vdpa_probe CHARDEV split|packed: exit status 0 if all claims hold. The device has to be alone on its ports, with
 * CTRL_VQ; its frames go to the broadcast address.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NUM_DESC      16u
#define MAP_IOVA      0x10000000ull
#define MAP_BYTES     0x100000ull
#define QUEUE_BYTES   0x10000ull
#define PART_BYTES    0x4000ull
#define BUF_OFFSET    0x40000ull
#define PAGE_BYTES    4096u
#define NET_HDR_BYTES 12u
#define FRAME_BYTES   60u
#define TX	      1u
#define WRAP	      0x8000u /* of a packed place */

/* Newer than the headers of Debian 12 */
#define VDPA_RESUME		      _IO(VHOST_VIRTIO, 0x7e)
#define VDPA_F_RESUME		      5
#define VDPA_F_ENABLE_AFTER_DRIVER_OK 6

static int fd;
static bool packed;
static uint8_t *mem;
static int kick;
static uint16_t next; /* entry to post next; of a packed ring with the wrap counter above */
static unsigned num_failed;

static void claim(bool holds, const char *what)
{
	printf("%s: %s, %s\n", holds ? "pass" : "FAIL", packed ? "packed" : "split", what);
	num_failed += !holds;
}

static void claim_equal(uint64_t want, uint64_t got, const char *what)
{
	claim(want == got, what);
	if (want != got)
		printf("  want %#llx, got %#llx\n", (unsigned long long)want,
		       (unsigned long long)got);
}

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	printf("FAIL: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void vdpa(unsigned long request, void *arg, const char *what)
{
	must(ioctl(fd, request, arg), what);
}

static uint8_t status_get(void)
{
	uint8_t status = 0;

	vdpa(VHOST_VDPA_GET_STATUS, &status, "get status");
	return status;
}

static void status_set(uint8_t status)
{
	vdpa(VHOST_VDPA_SET_STATUS, &status, "set status");
}

/* The ring of frames to the device. */

static struct vring_desc *desc(void)
{
	return (void *)(mem + TX * QUEUE_BYTES);
}

static struct vring_avail *avail(void)
{
	return (void *)(mem + TX * QUEUE_BYTES + PART_BYTES);
}

static struct vring_used *used(void)
{
	return (void *)(mem + TX * QUEUE_BYTES + 2 * PART_BYTES);
}

static struct vring_packed_desc *packed_desc(void)
{
	return (void *)desc();
}

static uint16_t after(uint16_t place)
{
	if (!packed)
		return place + 1;
	return (place & ~WRAP) + 1u < NUM_DESC ? place + 1 : (uint16_t)(~place & WRAP);
}

static void post(void)
{
	const uint64_t buffer = MAP_IOVA + BUF_OFFSET;
	const uint32_t bytes = NET_HDR_BYTES + FRAME_BYTES;
	const bool wrap = next & WRAP;

	if (packed) {
		struct vring_packed_desc *to = &packed_desc()[next & ~WRAP];

		to->addr = buffer;
		to->len = bytes;
		to->id = 0;
		__atomic_store_n(&to->flags,
				 (uint16_t)(wrap << VRING_PACKED_DESC_F_AVAIL |
					    !wrap << VRING_PACKED_DESC_F_USED),
				 __ATOMIC_RELEASE);
	} else {
		desc()[next % NUM_DESC] = (struct vring_desc){.addr = buffer, .len = bytes};
		avail()->ring[next % NUM_DESC] = next % NUM_DESC;
		__atomic_store_n(&avail()->idx, (uint16_t)(next + 1), __ATOMIC_RELEASE);
	}
	next = after(next);
}

static bool is_used(uint16_t place)
{
	uint16_t flags;

	if (!packed)
		return (int16_t)(__atomic_load_n(&used()->idx, __ATOMIC_ACQUIRE) - place) > 0;
	flags = __atomic_load_n(&packed_desc()[place & ~WRAP].flags, __ATOMIC_ACQUIRE);
	return !!(flags & 1u << VRING_PACKED_DESC_F_AVAIL) == !!(place & WRAP) &&
	       !!(flags & 1u << VRING_PACKED_DESC_F_USED) == !!(place & WRAP);
}

/* Within five seconds; a device that shall not move gets half of one. */
static bool becomes_used(uint16_t place, bool shall)
{
	for (int i = 0; i < (shall ? 250 : 25) && !is_used(place); i++)
		usleep(20000);
	return is_used(place);
}

static bool send_frame(void)
{
	const uint16_t place = next;

	post();
	must(eventfd_write(kick, 1), "kick");
	return becomes_used(place, true);
}

/* Set-up */

static void negotiate(void)
{
	uint64_t backend = 1ull << VHOST_BACKEND_F_IOTLB_MSG_V2 |
			   1ull << VHOST_BACKEND_F_IOTLB_ASID | 1ull << VHOST_BACKEND_F_SUSPEND |
			   1ull << VDPA_F_RESUME | 1ull << VDPA_F_ENABLE_AFTER_DRIVER_OK;
	uint64_t wanted = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_ACCESS_PLATFORM |
			  1ull << VIRTIO_NET_F_CTRL_VQ;
	uint64_t offered;

	vdpa(VHOST_GET_BACKEND_FEATURES, &offered, "get backend features");
	claim_equal(backend, offered & backend,
		    "suspend, resume, address spaces and late queues are offered");
	vdpa(VHOST_SET_BACKEND_FEATURES, &backend, "set backend features");
	if (packed)
		wanted |= 1ull << VIRTIO_F_RING_PACKED;
	vdpa(VHOST_GET_FEATURES, &offered, "get features");
	claim_equal(wanted, offered & wanted, "the features that this needs are offered");
	vdpa(VHOST_SET_FEATURES, &wanted, "set features");
}

static void map_memory(void)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {.iova = MAP_IOVA,
			  .size = MAP_BYTES,
			  .perm = VHOST_ACCESS_RW,
			  .type = VHOST_IOTLB_UPDATE},
	};

	mem = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	must(mem == MAP_FAILED ? -1 : 0, "mmap");
	memset(mem + BUF_OFFSET + NET_HDR_BYTES, 0xff, 6);
	msg.iotlb.uaddr = (uintptr_t)mem;
	must(write(fd, &msg, sizeof(msg)), "map");
}

static void set_base(unsigned queue, uint32_t base)
{
	struct vhost_vring_state state = {.index = queue, .num = base};

	vdpa(VHOST_SET_VRING_BASE, &state, "vring base");
}

static uint32_t get_base(unsigned queue)
{
	struct vhost_vring_state state = {.index = queue};

	vdpa(VHOST_GET_VRING_BASE, &state, "vring base");
	return state.num;
}

/* As vhost-vdpa has it: available below, used above. */
static uint32_t base_of(uint16_t place)
{
	return packed ? (uint32_t)place << 16 | place : place;
}

static void set_up_queue(unsigned queue)
{
	struct vhost_vring_state num = {.index = queue, .num = NUM_DESC};
	struct vhost_vring_state enable = {.index = queue, .num = 1};
	const uint64_t iova = MAP_IOVA + queue * QUEUE_BYTES;
	struct vhost_vring_addr addr = {
		.index = queue,
		.desc_user_addr = iova,
		.avail_user_addr = iova + PART_BYTES,
		.used_user_addr = iova + 2 * PART_BYTES,
	};
	struct vhost_vring_file file = {.index = queue, .fd = eventfd(0, EFD_CLOEXEC)};

	vdpa(VHOST_SET_VRING_NUM, &num, "vring num");
	vdpa(VHOST_SET_VRING_ADDR, &addr, "vring addr");
	set_base(queue, base_of(packed ? WRAP : 0));
	vdpa(VHOST_SET_VRING_KICK, &file, "vring kick");
	if (queue == TX)
		kick = file.fd;
	vdpa(VHOST_VDPA_SET_VRING_ENABLE, &enable, "vring enable");
}

static void set_up(void)
{
	unsigned queue;

	vdpa(VHOST_SET_OWNER, NULL, "set owner");
	status_set(0);
	status_set(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	negotiate();
	status_set(status_get() | VIRTIO_CONFIG_S_FEATURES_OK);
	claim(status_get() & VIRTIO_CONFIG_S_FEATURES_OK, "they are accepted");
	map_memory();
	next = packed ? WRAP : 0;
	for (queue = 0; queue < 2; queue++)
		set_up_queue(queue);
	status_set(status_get() | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* Claims */

static void about_groups(void)
{
	static const unsigned group_of[] = {0, 0, 1};
	uint32_t num;
	unsigned queue;

	vdpa(VHOST_VDPA_GET_GROUP_NUM, &num, "number of groups");
	claim_equal(2, num, "there are two groups of queues");
	vdpa(VHOST_VDPA_GET_AS_NUM, &num, "number of address spaces");
	claim_equal(2, num, "and two address spaces");
	for (queue = 0; queue < 3; queue++) {
		struct vhost_vring_state state = {.index = queue};

		vdpa(VHOST_VDPA_GET_VRING_GROUP, &state, "group of a queue");
		claim_equal(group_of[queue], state.num,
			    queue == 2 ? "the control queue has one of its own"
				       : "a data queue is in the first");
	}
}

static void about_suspension(void)
{
	uint16_t first, second;
	unsigned i;

	for (i = 0; i < 5; i++)
		if (!send_frame())
			break;
	claim_equal(5, i, "five frames are taken");
	vdpa(VHOST_VDPA_SUSPEND, NULL, "suspend");
	claim_equal(base_of(next), get_base(TX), "suspended, it says where the queue stands");
	first = next;
	post();
	second = next;
	post();
	must(eventfd_write(kick, 1), "kick");
	claim(!becomes_used(first, false), "what is posted then is left alone");
	claim_equal(base_of(first), get_base(TX), "and the queue stands where it stood");
	vdpa(VDPA_RESUME, NULL, "resume");
	claim(becomes_used(second, true) && is_used(first), "resumed, it takes what has waited");
	claim(send_frame(), "and what comes");
}

/* Nine entries further on, as if they had been taken by another device. */
static void about_another_place(void)
{
	unsigned i;

	vdpa(VHOST_VDPA_SUSPEND, NULL, "suspend");
	for (i = 0; i < 9; i++)
		next = after(next);
	if (!packed)
		avail()->idx = used()->idx = next;
	set_base(TX, base_of(next));
	claim_equal(base_of(next), get_base(TX), "suspended, it can be told another place");
	vdpa(VDPA_RESUME, NULL, "resume");
	claim(send_frame() && send_frame(), "and goes on there");
}

static void about_the_doorbell(void)
{
	const uint16_t place = next;
	volatile uint32_t *page;

	page = mmap(NULL, PAGE_BYTES, PROT_WRITE, MAP_SHARED, fd, TX * PAGE_BYTES);
	must(page == MAP_FAILED ? -1 : 0, "map of the doorbell");
	post();
	claim(!becomes_used(place, false), "without a doorbell nothing happens");
	*page = TX;
	claim(becomes_used(place, true), "a write to the queue's own page rings it");
	munmap((void *)page, PAGE_BYTES);
}

static void about_reset(void)
{
	const uint16_t place = next;

	status_set(0);
	claim_equal(0, status_get(), "reset, it has no status");
	post();
	must(eventfd_write(kick, 1), "kick");
	claim(!becomes_used(place, false), "and does nothing");
}

int main(int argc, char **argv)
{
	if (argc != 3 || (strcmp(argv[2], "split") && strcmp(argv[2], "packed"))) {
		fprintf(stderr, "usage: vdpa_probe CHARDEV split|packed\n");
		return 2;
	}
	packed = !strcmp(argv[2], "packed");
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	must(fd, argv[1]);
	set_up();
	about_groups();
	about_suspension();
	about_another_place();
	about_the_doorbell();
	about_reset();
	return num_failed ? 1 : 0;
}
