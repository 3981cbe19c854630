/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver with bad manners for a VF, by vfio: sends one frame, from its own memory or from somebody
 * else's. usage: vf_probe PCI-ADDRESS good|outside. Prints "status N used N": the device's status and how
 * many chains it has returned. The VF is bound to vfio-pci and nobody else has it open.
 */
#include <err.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "xvio/pci.h"
#include "xvio/virtio.h"

#define OWN_IOVA	  0x100000u /* what the IOMMU lets the VF reach */
#define OWN_BYTES	  0x10000u
#define FOREIGN_IOVA	  0x10000000u /* RAM of the server, but not the VF's */
#define QUEUE_SIZE	  16u
#define DESC		  0x0000u /* places in our memory */
#define AVAIL		  0x1000u
#define USED		  0x2000u
#define FRAME		  0x3000u
#define FRAME_BYTES	  (sizeof(struct virtio_net_hdr) + 60)
#define COMMON(field)	  (XVIO_VF_COMMON + offsetof(struct virtio_pci_common, field))
#define WIDTH(field)	  sizeof(((struct virtio_pci_common *)0)->field)
#define SET(field, value) reg_write(COMMON(field), WIDTH(field), value)

static int device;
static uint64_t regs; /* where BAR 0 and configuration space are in the device's file */
static uint64_t config;
static uint8_t *memory;

static void reg_write(uint64_t offset, unsigned int size, uint64_t value)
{
	for (unsigned int at = 0; at < size; at += 4) /* addresses in halves */
		if (pwrite(device, (uint8_t *)&value + at, size < 4 ? size : 4,
			   regs + offset + at) < 0)
			err(1, "register %#llx", (unsigned long long)offset);
}

static uint32_t reg_read(uint64_t offset, unsigned int size)
{
	uint32_t value = 0;

	if (pread(device, &value, size, regs + offset) != size)
		err(1, "register %#llx", (unsigned long long)offset);
	return value;
}

static int open_group(const char *bdf)
{
	char link[128], target[256] = "", path[300];
	int group;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	if (readlink(link, target, sizeof(target) - 1) < 0)
		err(1, "%s", link);
	snprintf(path, sizeof(path), "/dev/vfio/%s", basename(target));
	group = open(path, O_RDWR);
	if (group < 0)
		err(1, "%s", path);
	return group;
}

static void open_device(const char *bdf)
{
	struct vfio_region_info bar = {.argsz = sizeof(bar), .index = XVIO_VF_BAR_REGS};
	struct vfio_region_info cfg = {.argsz = sizeof(cfg), .index = VFIO_PCI_CONFIG_REGION_INDEX};
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = OWN_IOVA,
		.size = OWN_BYTES,
	};
	int container = open("/dev/vfio/vfio", O_RDWR), group = open_group(bdf);

	memory = mmap(NULL, OWN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map.vaddr = (uintptr_t)memory;
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ||
	    ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		err(1, "vfio");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &cfg))
		err(1, "vfio device");
	regs = bar.offset;
	config = cfg.offset;
}

/* From reset to DRIVER_OK, with the transmit queue alone. */
static void bring_up(void)
{
	const uint16_t command = 0x6; /* memory, bus master */

	if (pwrite(device, &command, 2, config + 4) != 2)
		err(1, "command register");
	SET(device_status, 0);
	SET(device_status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	SET(driver_feature_select, 1);
	SET(driver_feature, 3); /* VERSION_1, ACCESS_PLATFORM */
	SET(device_status, 0xb);
	SET(queue_select, 1);
	SET(queue_size, QUEUE_SIZE);
	SET(queue_desc, OWN_IOVA + DESC);
	SET(queue_driver, OWN_IOVA + AVAIL);
	SET(queue_device, OWN_IOVA + USED);
	SET(queue_enable, 1);
	SET(device_status, 0xf);
	if (reg_read(COMMON(device_status), 1) != 0xf)
		errx(1, "the device does not come up");
}

int main(int argc, char **argv)
{
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	int tries = 40;

	if (argc != 3)
		errx(2, "usage: vf_probe PCI-ADDRESS good|outside");
	open_device(argv[1]);
	bring_up();
	desc = (void *)(memory + DESC);
	avail = (void *)(memory + AVAIL);
	used = (void *)(memory + USED);
	memset(memory + FRAME + sizeof(struct virtio_net_hdr), 0xff, 12);
	desc->addr = strcmp(argv[2], "good") ? FOREIGN_IOVA : OWN_IOVA + FRAME;
	desc->len = FRAME_BYTES;
	avail->ring[0] = 0;
	__atomic_store_n(&avail->idx, 1, __ATOMIC_RELEASE);
	reg_write(XVIO_VF_NOTIFY + XVIO_VF_NOTIFY_MULTIPLIER, 2, 1);
	while (tries-- && !__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) &&
	       !(reg_read(COMMON(device_status), 1) & VIRTIO_STATUS_NEEDS_RESET))
		usleep(50000);
	printf("status %u used %u\n", reg_read(COMMON(device_status), 1), used->idx);
	return 0;
}
