/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The model with a real SoC behind it: the rv64 emulator or the native process, both with our
 * firmware, started as sim/run does. Skipped where they have not been built.
 */
#include "tests.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xvio/mbox.h"
#include "xvio/virtio.h"

#define ROM   "build/rv64/rom.bin"
#define IMAGE "build/rv64/xvio-fw.img"
#define SOC   "build/native/xvio-soc"

static void absolute(char *path, const char *prefix, const char *name)
{
	char *full = realpath(name, NULL);

	if (!full)
		rig_skip(name);
	snprintf(path, 4096, "%s%s", prefix, full);
	free(full);
}

static uint32_t state(struct rig *rig)
{
	return rig_read(rig, RIG_BAR0 + XVIO_WIN_STATUS + offsetof(struct xvio_status, state), 4);
}

/* Programs the image into slot 0 as xvio-flash does; the flash is blank. */
static void write_image(struct rig *rig)
{
	uint8_t page[1024];
	uint32_t addr = XVIO_FLASH_SLOT(0);
	int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		rig_skip(IMAGE);
	while ((n = read(fd, page, sizeof(page))) > 0) {
		rig_mem_write(rig, RIG_BAR0 + XVIO_WIN_FLASH, page, n);
		rig_set_reg(rig, XVIO_REG_FLASH_ADDR, addr);
		rig_set_reg(rig, XVIO_REG_FLASH_LEN, n);
		rig_set_reg(rig, XVIO_REG_FLASH_CMD, XVIO_FLASH_CMD_PROGRAM);
		CHECK(rig_reg(rig, XVIO_REG_FLASH_STATUS) == XVIO_FLASH_STATUS_OK);
		addr += n;
	}
	close(fd);
}

/* Asks DEV_INFO through the windows, as the driver does. */
static void check_dev_info(struct rig *rig, uint32_t seq)
{
	const struct xvio_mbox_req req = {.seq = seq, .opcode = XVIO_CMD_DEV_INFO};
	const uint64_t window = RIG_BAR0 + XVIO_WIN_MBOX_RSP;
	struct xvio_mbox_rsp rsp;
	struct xvio_dev_info info;

	rig_mem_write(rig, RIG_BAR0 + XVIO_WIN_MBOX_REQ, &req, sizeof(req));
	rig_set_reg(rig, XVIO_REG_MBOX_DOORBELL, seq);
	WAIT(rig_read(rig, window, 4) == seq);
	rig_mem_read(rig, window, &rsp, sizeof(rsp));
	rig_mem_read(rig, window + sizeof(rsp), &info, sizeof(info));
	CHECK(rsp.status == XVIO_ST_OK && rsp.len_bytes == sizeof(info));
	CHECK(info.abi == XVIO_ABI_VERSION && info.num_uplinks == 2 && info.num_workers == 1);
	CHECK(!memcmp(info.mac, rig->link->mac, sizeof(info.mac)));
}

#define COMMON(member) (RIG_VF_BAR0 + offsetof(struct virtio_pci_common, member))

/* One VF through its registers: what is read is what the writes before it have made. */
static void check_vf(struct rig *rig, uint32_t seq)
{
	const struct xvio_mbox_req req = {
		.seq = seq, .opcode = XVIO_CMD_VF_SET_NUM, .len_bytes = 8};
	const struct xvio_cmd_object num = {.id = 1};
	unsigned int i;

	rig_mem_write(rig, RIG_BAR0 + XVIO_WIN_MBOX_REQ, &req, sizeof(req));
	rig_mem_write(rig, RIG_BAR0 + XVIO_WIN_MBOX_REQ + sizeof(req), &num, sizeof(num));
	rig_set_reg(rig, XVIO_REG_MBOX_DOORBELL, seq);
	WAIT(rig_read(rig, RIG_BAR0 + XVIO_WIN_MBOX_RSP, 4) == seq);
	rig_vfs_enable(rig, 1);
	CHECK(rig_read(rig, COMMON(num_queues), 2) == XVIO_VF_MAX_QUEUES);
	for (i = 0; i < 200; i++) {
		rig_write(rig, COMMON(device_feature_select), i % 2, 4);
		/* 36 is offered (ORDER_PLATFORM), 4 is nothing */
		CHECK((rig_read(rig, COMMON(device_feature), 4) & 0x10) == (i % 2 ? 0x10 : 0));
	}
	rig_write(rig, COMMON(device_status), VIRTIO_STATUS_ACKNOWLEDGE, 1);
	CHECK(rig_read(rig, COMMON(device_status), 1) == VIRTIO_STATUS_ACKNOWLEDGE);
	rig_vfs_enable(rig, 1); /* resets it */
	CHECK(rig_read(rig, COMMON(device_status), 1) == 0);
	CHECK(rig_read(rig, COMMON(device_feature_select), 4) == 0);
	CHECK(rig_read(rig, COMMON(queue_size), 2) > 0);
}

static void check_alive(struct rig *rig, uint32_t generation)
{
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == generation);
	WAIT(rig_load(&rig->link->hart[0].ready_generation) == generation);
	WAIT(state(rig) == XVIO_STATE_RUNNING);
	check_dev_info(rig, 1);
	check_dev_info(rig, 2);
	check_vf(rig, 3);
}

/* From a blank card to an answer, and to the same again after either kind of reset. */
static void check_life(struct rig *rig, char *const soc_argv[])
{
	unsigned int exp = rig_cap_find(rig, 0x10);

	rig_soc_spawn(rig, soc_argv);
	WAIT(state(rig) == XVIO_STATE_NO_IMAGE);
	write_image(rig);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	check_alive(rig, 2);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	check_alive(rig, 3);
	rig_cfg_write(rig, exp + 8, rig_cfg_read(rig, exp + 8) | 1u << 15);
	rig_pci_setup(rig);
	check_alive(rig, 4);
}

void test_firmware_rv64(struct rig *rig)
{
	char rom[4096];
	char *const argv[] = {
		"qemu-system-riscv64",
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-object",
		"memory-backend-file,id=card,mem-path=card.ram,share=on,size=128M",
		"-machine",
		"virt,memory-backend=card,aia=aplic-imsic",
		"-m",
		"128M",
		"-smp",
		"2",
		"-bios",
		"none",
		"-drive",
		rom,
		"-chardev",
		"socket,id=iv,path=ivshmem",
		"-device",
		"ivshmem-doorbell,vectors=8,chardev=iv",
		"-chardev",
		"socket,id=ctl,path=ctl",
		"-mon",
		"chardev=ctl,mode=control",
		NULL,
	};

	absolute(rom, "if=pflash,unit=0,format=raw,readonly=on,file=", ROM);
	rig_power_on(rig);
	check_life(rig, argv);
}

void test_firmware_native(struct rig *rig)
{
	char soc[4096];
	char *const argv[] = {soc,     "--ram", "card.ram", "--ivshmem", "ivshmem",
			      "--ctl", "ctl",	"--harts",  "2",	 NULL};

	absolute(soc, "", SOC);
	rig_power_on(rig);
	check_life(rig, argv);
}
