// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that misuses its device without end: a VF by vfio, or a vDPA device by vhost-vdpa.
 * Each round resets the device in one way or another, sets it up with something wrong here and
 * there, puts descriptors that are wrong in any way into its rings and rings. At the end it
 * behaves: one frame, sent the proper way.  hostile_probe vf PCI-ADDRESS|vdpa CHARDEV SEED
 * SECONDS: prints "rounds N flr N stopped N used N good N": how many rounds, how many with a
 * reset of the function, after how many the device asked for a reset, chains that it returned,
 * and whether the last frame was taken. Exit status 0 unless it could not run.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/vfio.h>
#include <linux/vhost.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "xvio/pci.h"
#include "xvio/virtio.h"

#define OWN_IOVA  0x100000ull /* what the device may reach */
#define OWN_BYTES 0x40000ull
#define QUEUE_BYTES \
	0x4000u /* of each of the two queues: descriptors, driver's area, device's area */
#define DRIVER_AREA    0x1000u
#define DEVICE_AREA    0x2000u
#define BUFFERS	       0x8000u
#define FRAME_BYTES    72u /* with a header */
#define LIVE	       (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK)
#define VDPA_KEEPS_MAP 8 /* VHOST_BACKEND_F_IOTLB_PERSIST: a reset leaves the address map alone */
#define MUST	       (VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM))

/* What a round does to a queue. */
struct setup {
	uint16_t size;
	uint16_t base; /* vDPA: where the device goes on in the ring */
	uint64_t desc, driver, device;
};

/* How the device is reached; what a driver may not do is refused, and that is all right. */
struct way {
	void (*open)(const char *name);
	void (*reset)(bool function);
	void (*set_features)(uint64_t features);
	void (*set_status)(uint8_t status);
	uint8_t (*status)(void);
	void (*set_queue)(unsigned int i, const struct setup *setup);
	void (*notify)(unsigned int i);
	void (*poke)(void); /* something that nobody should do */
};

static uint8_t *memory; /* OWN_BYTES */
static int fd; /* of the device */
static uint64_t random_state;

static uint64_t rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static bool one_in(unsigned int num)
{
	return rnd() % num == 0;
}

/* A VF */

#define COMMON(field)	     (XVIO_VF_COMMON + offsetof(struct virtio_pci_common, field))
#define WIDTH(field)	     sizeof(((struct virtio_pci_common *)0)->field)
#define VF_SET(field, value) vf_write(COMMON(field), WIDTH(field), value)

static uint64_t vf_regs; /* where BAR 0 and configuration space are in the device's file */
static uint64_t vf_config;

static void vf_write(uint64_t offset, unsigned int size, uint64_t value)
{
	for (unsigned int at = 0; at < size; at += 4) /* addresses in halves */
		if (pwrite(fd, (uint8_t *)&value + at, size < 4 ? size : 4, vf_regs + offset + at) <
		    0)
			err(1, "register %#llx", (unsigned long long)offset);
}

static uint8_t vf_status(void)
{
	uint8_t value = 0;

	if (pread(fd, &value, 1, vf_regs + COMMON(device_status)) != 1)
		err(1, "device status");
	return value;
}

static void vf_master(void)
{
	const uint16_t command = 0x6; /* memory, bus master */

	if (pwrite(fd, &command, 2, vf_config + 4) != 2)
		err(1, "command register");
}

static void vf_open(const char *bdf)
{
	struct vfio_region_info bar = {.argsz = sizeof(bar), .index = XVIO_VF_BAR_REGS};
	struct vfio_region_info cfg = {.argsz = sizeof(cfg), .index = VFIO_PCI_CONFIG_REGION_INDEX};
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = OWN_IOVA,
		.size = OWN_BYTES,
	};
	char link[128], target[256] = "", path[300];
	int container = open("/dev/vfio/vfio", O_RDWR), group;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	if (readlink(link, target, sizeof(target) - 1) < 0)
		err(1, "%s", link);
	snprintf(path, sizeof(path), "/dev/vfio/%s", basename(target));
	group = open(path, O_RDWR);
	if (group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ||
	    ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		err(1, "vfio");
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (fd < 0 || ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &cfg))
		err(1, "vfio device");
	vf_regs = bar.offset;
	vf_config = cfg.offset;
	vf_master();
}

static void vf_reset(bool function)
{
	if (!function) {
		VF_SET(device_status, 0);
		return;
	}
	if (ioctl(fd, VFIO_DEVICE_RESET))
		err(1, "reset of the function");
	vf_master();
}

static void vf_set_features(uint64_t features)
{
	VF_SET(driver_feature_select, 0);
	VF_SET(driver_feature, (uint32_t)features);
	VF_SET(driver_feature_select, 1);
	VF_SET(driver_feature, features >> 32);
}

static void vf_set_status(uint8_t status)
{
	VF_SET(device_status, status);
}

static void vf_set_queue(unsigned int i, const struct setup *setup)
{
	VF_SET(queue_select, i);
	VF_SET(queue_size, setup->size);
	VF_SET(queue_desc, setup->desc);
	VF_SET(queue_driver, setup->driver);
	VF_SET(queue_device, setup->device);
	VF_SET(queue_enable, 1);
}

static void vf_notify(unsigned int i)
{
	vf_write(XVIO_VF_NOTIFY + i * XVIO_VF_NOTIFY_MULTIPLIER, 2, i);
}

/* A register, mostly one that there is. */
static void vf_poke(void)
{
	static const unsigned int sizes[] = {1, 2, 4};
	const unsigned int size = sizes[rnd() % 3];
	const uint64_t range = one_in(4) ? XVIO_VF_REGS_BYTES : sizeof(struct virtio_pci_common);

	vf_write(rnd() % range / size * size, size, one_in(2) ? rnd() : rnd() % 16);
}

/* A vDPA device */

static int vdpa_kick[2];

static bool vdpa_ioctl(unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) == 0;
}

static void vdpa_open(const char *chardev)
{
	uint64_t backend = 1ull << VHOST_BACKEND_F_IOTLB_MSG_V2 | 1ull << VDPA_KEEPS_MAP;
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {.iova = OWN_IOVA,
			  .size = OWN_BYTES,
			  .uaddr = (uintptr_t)memory,
			  .perm = VHOST_ACCESS_RW,
			  .type = VHOST_IOTLB_UPDATE},
	};

	fd = open(chardev, O_RDWR | O_CLOEXEC);
	if (fd < 0 || !vdpa_ioctl(VHOST_SET_OWNER, NULL) ||
	    !vdpa_ioctl(VHOST_SET_BACKEND_FEATURES, &backend) ||
	    write(fd, &msg, sizeof(msg)) != sizeof(msg))
		err(1, "%s", chardev);
	for (unsigned int i = 0; i < 2; i++)
		vdpa_kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void vdpa_set_status(uint8_t status)
{
	vdpa_ioctl(VHOST_VDPA_SET_STATUS, &status);
}

/* There is but one way. */
static void vdpa_reset(bool function)
{
	(void)function;
	vdpa_set_status(0);
}

static void vdpa_set_features(uint64_t features)
{
	vdpa_ioctl(VHOST_SET_FEATURES, &features);
}

static uint8_t vdpa_status(void)
{
	uint8_t status = 0;

	vdpa_ioctl(VHOST_VDPA_GET_STATUS, &status);
	return status;
}

static void vdpa_set_queue(unsigned int i, const struct setup *setup)
{
	struct vhost_vring_state num = {.index = i, .num = setup->size};
	struct vhost_vring_state base = {.index = i, .num = setup->base};
	struct vhost_vring_state enable = {.index = i, .num = 1};
	struct vhost_vring_file kick = {.index = i, .fd = vdpa_kick[i % 2]};
	struct vhost_vring_addr addr = {
		.index = i,
		.desc_user_addr = setup->desc,
		.avail_user_addr = setup->driver,
		.used_user_addr = setup->device,
	};

	vdpa_ioctl(VHOST_SET_VRING_NUM, &num);
	vdpa_ioctl(VHOST_SET_VRING_ADDR, &addr);
	vdpa_ioctl(VHOST_SET_VRING_BASE, &base);
	vdpa_ioctl(VHOST_SET_VRING_KICK, &kick);
	vdpa_ioctl(VHOST_VDPA_SET_VRING_ENABLE, &enable);
}

static void vdpa_notify(unsigned int i)
{
	eventfd_write(vdpa_kick[i % 2], 1);
}

/* A request that is out of turn, or out of range. */
static void vdpa_poke(void)
{
	struct vhost_vring_state state = {.index = rnd() % 4, .num = rnd()};

	switch (rnd() % 4) {
	case 0:
		vdpa_ioctl(VHOST_SET_VRING_NUM, &state);
		break;
	case 1:
		vdpa_ioctl(VHOST_VDPA_SET_VRING_ENABLE, &state);
		break;
	case 2:
		vdpa_set_features(rnd());
		break;
	default:
		vdpa_set_status((uint8_t)(one_in(2) ? rnd() : LIVE | rnd()));
		break;
	}
}

static const struct way ways[2] = {
	{vf_open, vf_reset, vf_set_features, vf_set_status, vf_status, vf_set_queue, vf_notify,
	 vf_poke},
	{vdpa_open, vdpa_reset, vdpa_set_features, vdpa_set_status, vdpa_status, vdpa_set_queue,
	 vdpa_notify, vdpa_poke},
};

/* What is in the rings */

static struct virtq_desc *descs(unsigned int queue)
{
	return (void *)(memory + queue * QUEUE_BYTES);
}

static struct virtq_avail *avail_of(unsigned int queue)
{
	return (void *)(memory + queue * QUEUE_BYTES + DRIVER_AREA);
}

static struct virtq_used *used_of(unsigned int queue)
{
	return (void *)(memory + queue * QUEUE_BYTES + DEVICE_AREA);
}

static struct setup good_setup(unsigned int queue)
{
	const uint64_t iova = OWN_IOVA + queue * QUEUE_BYTES;

	return (struct setup){64, 0, iova, iova + DRIVER_AREA, iova + DEVICE_AREA};
}

/* Ours, mostly; else near the end of it, or anywhere. */
static uint64_t some_address(void)
{
	if (one_in(24))
		return one_in(2) ? rnd() : UINT64_MAX - rnd() % 64;
	if (one_in(24))
		return OWN_IOVA + OWN_BYTES - rnd() % 128;
	return OWN_IOVA + BUFFERS + rnd() % (OWN_BYTES - BUFFERS - 0x4000);
}

/* A descriptor that is good, but for what is wrong with one in eight. */
static struct virtq_desc some_desc(unsigned int queue, unsigned int i)
{
	struct virtq_desc desc = {
		.addr = some_address(),
		.len = queue ? FRAME_BYTES + rnd() % 1400 : 2048,
		.flags = queue ? 0 : VIRTQ_DESC_F_WRITE,
		.next = (uint16_t)(i + 1),
	};

	if (one_in(4))
		desc.flags |= VIRTQ_DESC_F_NEXT;
	if (!one_in(8))
		return desc;
	switch (rnd() % 5) {
	case 0:
		desc.len = (uint32_t)(rnd() % 2 ? rnd() : rnd() % 14);
		break;
	case 1:
		desc.flags = (uint16_t)rnd();
		break;
	case 2:
		desc.next = (uint16_t)(rnd() % 2 ? rnd() : i);
		desc.flags |= VIRTQ_DESC_F_NEXT;
		break;
	case 3:
		desc.flags ^= VIRTQ_DESC_F_WRITE;
		break;
	default:
		desc.flags |= VIRTQ_DESC_F_INDIRECT;
		break;
	}
	return desc;
}

static void fill_ring(unsigned int queue)
{
	struct virtq_avail *avail = avail_of(queue);
	uint16_t num = 1 + rnd() % 48;

	for (unsigned int i = 0; i < 64; i++) {
		descs(queue)[i] = some_desc(queue, i);
		avail->ring[i] = (uint16_t)(one_in(40) ? rnd() : i);
	}
	avail->flags = (uint16_t)(rnd() % 2);
	__atomic_store_n(&avail->idx, (uint16_t)(one_in(12) ? rnd() : avail->idx + num),
			 __ATOMIC_RELEASE);
}

static struct setup some_setup(unsigned int queue)
{
	struct setup setup = good_setup(queue);

	if (one_in(16))
		setup.size = (uint16_t)rnd();
	if (one_in(16))
		setup.base = (uint16_t)rnd();
	if (one_in(16))
		setup.desc = some_address();
	if (one_in(24))
		setup.driver = some_address();
	if (one_in(24))
		setup.device = some_address();
	return setup;
}

/* A round: what the device returned is added to *num_used. */
static void misuse(const struct way *way, unsigned long *num_used)
{
	memset(memory, 0, 2 * QUEUE_BYTES);
	for (unsigned int num = rnd() % 4; num; num--)
		way->poke();
	way->set_status(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	way->set_features(MUST | (one_in(8) ? rnd() : 0));
	way->set_status(LIVE);
	for (unsigned int queue = 0; queue < 2; queue++) {
		const struct setup setup = some_setup(queue);

		way->set_queue(queue, &setup);
		fill_ring(queue);
	}
	way->set_status(LIVE | VIRTIO_STATUS_DRIVER_OK);
	for (unsigned int num = 1 + rnd() % 4; num; num--) {
		fill_ring((unsigned int)(rnd() % 2));
		way->notify((unsigned int)(rnd() % 2));
		if (one_in(6))
			way->poke();
		if (one_in(3))
			usleep((useconds_t)(rnd() % 2000));
	}
	*num_used += used_of(1)->idx;
}

/* One frame, the proper way; true if it was taken. */
static bool behave(const struct way *way)
{
	int tries = 100;

	way->reset(true);
	memset(memory, 0, OWN_BYTES);
	way->set_status(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	way->set_features(MUST);
	way->set_status(LIVE);
	for (unsigned int queue = 0; queue < 2; queue++) {
		const struct setup setup = good_setup(queue);

		way->set_queue(queue, &setup);
	}
	way->set_status(LIVE | VIRTIO_STATUS_DRIVER_OK);
	memset(memory + BUFFERS + sizeof(struct virtio_net_hdr), 0xff, 12);
	descs(1)[0] = (struct virtq_desc){.addr = OWN_IOVA + BUFFERS, .len = FRAME_BYTES};
	__atomic_store_n(&avail_of(1)->idx, 1, __ATOMIC_RELEASE);
	way->notify(1);
	while (tries-- && !__atomic_load_n(&used_of(1)->idx, __ATOMIC_ACQUIRE))
		usleep(50000);
	return used_of(1)->idx == 1 && way->status() == (LIVE | VIRTIO_STATUS_DRIVER_OK);
}

int main(int argc, char **argv)
{
	unsigned long num_rounds = 0, num_flr = 0, num_stopped = 0, num_used = 0;
	const struct way *way = ways;
	time_t end;

	if (argc != 5 || (strcmp(argv[1], "vf") && strcmp(argv[1], "vdpa")))
		errx(2, "usage: hostile_probe vf PCI-ADDRESS|vdpa CHARDEV SEED SECONDS");
	way += !strcmp(argv[1], "vdpa");
	random_state = strtoull(argv[3], NULL, 0) * 0x9e3779b97f4a7c15ull + 1;
	end = time(NULL) + atoi(argv[4]);
	memory = mmap(NULL, OWN_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "memory");
	way->open(argv[2]);
	for (; time(NULL) < end; num_rounds++) {
		const bool function = way == ways && one_in(6);

		num_flr += function;
		way->reset(function);
		misuse(way, &num_used);
		num_stopped += !!(way->status() & VIRTIO_STATUS_NEEDS_RESET);
	}
	printf("rounds %lu flr %lu stopped %lu used %lu", num_rounds, num_flr, num_stopped,
	       num_used);
	printf(" good %d\n", behave(way));
	return 0;
}
