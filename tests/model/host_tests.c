/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the host finds on the bus: identity, registers, windows, doorbells, flash. */
#include "tests.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t bar_size(struct rig *rig, unsigned int bar)
{
	uint32_t low;

	rig_cfg_write(rig, 0x10 + 4 * bar, 0xffffffffu);
	low = rig_cfg_read(rig, 0x10 + 4 * bar);
	CHECK((low & 0xf) == 0x4); /* memory, 64 bits, not prefetchable */
	rig_pci_setup(rig);
	return ~(uint64_t)(low & ~0xfu) + 1 - 0xffffffff00000000u;
}

void test_pci_identity(struct rig *rig)
{
	unsigned int exp = rig_cap_find(rig, 0x10), msix = rig_cap_find(rig, 0x11);

	CHECK(rig_cfg_read(rig, 0x00) == (XVIO_PCI_DEVICE_ID << 16 | XVIO_PCI_VENDOR_ID));
	CHECK(rig_cfg_read(rig, 0x08) >> 8 == XVIO_PCI_CLASS);
	CHECK(bar_size(rig, XVIO_BAR_REGS) == XVIO_BAR_REGS_BYTES);
	CHECK(bar_size(rig, XVIO_BAR_DOORBELLS) == XVIO_BAR_DOORBELLS_BYTES);
	CHECK(rig_cap_find(rig, 0x01)); /* power management */
	CHECK(exp && rig_cfg_read(rig, exp + 4) & 1u << 28); /* function level reset */
	CHECK(msix && (rig_cfg_read(rig, msix) >> 16 & 0x7ff) == XVIO_NUM_MSIX - 1);
	CHECK((rig_cfg_read(rig, msix + 4) & 7) == XVIO_BAR_MSIX);
}

void test_registers(struct rig *rig)
{
	CHECK(rig_reg(rig, XVIO_REG_MAGIC) == XVIO_MAGIC);
	CHECK(rig_reg(rig, XVIO_REG_ABI) == XVIO_ABI_VERSION);
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == 1);
	CHECK(rig_reg(rig, XVIO_REG_NUM_UPLINKS) == 2);
	CHECK(rig_reg(rig, XVIO_REG_FLASH_SIZE) == XVIO_FLASH_BYTES);
	CHECK(rig_reg(rig, 0xffc) == 0);
	rig_set_reg(rig, XVIO_REG_MAGIC, 1);
	CHECK(rig_reg(rig, XVIO_REG_MAGIC) == XVIO_MAGIC);

	CHECK(rig->link->magic == XVIO_LINK_MAGIC && rig->link->version == XVIO_LINK_VERSION);
	CHECK(rig->link->generation == 1 && rig->link->num_uplinks == 2);
	CHECK(!memcmp(rig->link->mac, "\x52\x54\x00\x78\x76\x00", 6));
}

static void check_readonly_window(struct rig *rig, unsigned int window, size_t ram_offset)
{
	uint8_t *ram = rig->ram + ram_offset;

	memcpy(ram + 0xff8, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	CHECK(rig_read(rig, RIG_BAR0 + window + 0xff8, 8) == 0x8877665544332211u);
	CHECK(rig_read(rig, RIG_BAR0 + window + 0xffc, 4) == 0x88776655u);
	CHECK(rig_read(rig, RIG_BAR0 + window + 0xffa, 2) == 0x4433);
	CHECK(rig_read(rig, RIG_BAR0 + window + 0xfff, 1) == 0x88);
	rig_write(rig, RIG_BAR0 + window + 0xffc, 0, 4);
	CHECK(ram[0xffc] == 0x55);
}

void test_windows(struct rig *rig)
{
	check_readonly_window(rig, XVIO_WIN_STATUS, XVIO_RAM_STATUS);
	check_readonly_window(rig, XVIO_WIN_MBOX_RSP, XVIO_RAM_MBOX_RSP);
	check_readonly_window(rig, XVIO_WIN_EVENT, XVIO_RAM_EVENT);
	rig_write(rig, RIG_BAR0 + XVIO_WIN_MBOX_REQ + 0xff8, 0x0102030405060708u, 8);
	CHECK(rig->ram[XVIO_RAM_MBOX_REQ + 0xff8] == 8);
	CHECK(rig_read(rig, RIG_BAR0 + XVIO_WIN_MBOX_REQ + 0xffc, 4) == 0x01020304);
	CHECK(rig_read(rig, RIG_BAR0 + XVIO_WIN_FLASH + XVIO_WIN_BYTES, 4) == 0);
}

static void ring(struct rig *rig, unsigned int doorbell, uint32_t value)
{
	rig_write(rig, RIG_BAR2 + doorbell * XVIO_DOORBELL_BYTES, value, 4);
}

void test_doorbell_protocol(struct rig *rig)
{
	struct xvio_hart_rings *rings = rig_rings(rig, 0);

	ring(rig, 5, 1); /* nobody listens yet */
	CHECK(rings->db_prod == 0 && rig->link->data[5] == 1);
	rig_hart_start(rig, 0);
	ring(rig, 5, 7);
	CHECK(rings->db_prod == 1 && rings->db[0].doorbell == 5 && rings->db[0].count == 1);
	CHECK(rig->link->data[5] == 7);
	ring(rig, 5, 8); /* the entry before is not taken yet: only the value changes */
	CHECK(rings->db_prod == 1 && rig->link->data[5] == 8);
	ring(rig, 4095, 9);
	CHECK(rings->db_prod == 2 && rings->db[1].doorbell == 4095 && rings->db[1].count == 1);
	CHECK(!rig_woken(rig, 0, 0)); /* it was awake all the time */
	rig_store(&rig->link->seen[5], 1);
	rig_store(&rig->link->hart[0].sleeping, 1);
	ring(rig, 5, 10);
	CHECK(rings->db_prod == 3 && rings->db[2].doorbell == 5 && rings->db[2].count == 2);
	CHECK(rig_woken(rig, 0, 20000));
	CHECK(rig_read(rig, RIG_BAR2 + 5 * XVIO_DOORBELL_BYTES, 4) == 0);
}

void test_doorbell_binding(struct rig *rig)
{
	rig_hart_start(rig, 0);
	rig_hart_start(rig, 3);
	rig->link->bind[100] = 3;
	rig->link->bind[101] = 2; /* does not run */
	rig->link->bind[102] = 0xffff;
	ring(rig, 100, 1);
	ring(rig, 101, 1);
	ring(rig, 102, 1);
	CHECK(rig_rings(rig, 3)->db_prod == 1 && rig_rings(rig, 3)->db[0].doorbell == 100);
	CHECK(rig_rings(rig, 2)->db_prod == 0 && rig_rings(rig, 0)->db_prod == 0);
	/* Anywhere in the page, 16 bits too, as virtio drivers write. */
	rig_write(rig, RIG_BAR2 + 7 * XVIO_DOORBELL_BYTES + 0xffe, 0x1234, 2);
	CHECK(rig_rings(rig, 0)->db_prod == 1 && rig->link->data[7] == 0x1234);
}

/* A SoC that takes doorbells without consuming entries can only lose its own. */
void test_doorbell_hostile_soc(struct rig *rig)
{
	struct xvio_hart_rings *rings = rig_rings(rig, 0);
	unsigned int i;

	rig_hart_start(rig, 0);
	for (i = 0; i < XVIO_DB_RING_ENTRIES + 10; i++) {
		ring(rig, 1, i);
		rig_store(&rig->link->seen[1],
			  rings->db[(rings->db_prod - 1) % XVIO_DB_RING_ENTRIES].count);
	}
	CHECK(rings->db_prod == XVIO_DB_RING_ENTRIES);
	rig_store(&rings->db_cons, 1);
	ring(rig, 1, 1);
	CHECK(rings->db_prod == XVIO_DB_RING_ENTRIES + 1);
}

void test_mailbox_wakes(struct rig *rig)
{
	rig_set_reg(rig, XVIO_REG_MBOX_DOORBELL, 41);
	CHECK(rig->link->mbox_seq == 41 && !rig_woken(rig, 0, 0));
	rig_store(&rig->link->hart[0].sleeping, 1);
	rig_set_reg(rig, XVIO_REG_MBOX_DOORBELL, 42);
	CHECK(rig->link->mbox_seq == 42 && rig_woken(rig, 0, 20000));
	CHECK(!rig_woken(rig, 1, 0));
}

static uint32_t flash(struct rig *rig, uint32_t cmd, uint32_t addr, uint32_t len)
{
	rig_set_reg(rig, XVIO_REG_FLASH_ADDR, addr);
	rig_set_reg(rig, XVIO_REG_FLASH_LEN, len);
	rig_set_reg(rig, XVIO_REG_FLASH_CMD, cmd);
	return rig_reg(rig, XVIO_REG_FLASH_STATUS);
}

static void flash_program(struct rig *rig, uint32_t addr, const char *text)
{
	rig_mem_write(rig, RIG_BAR0 + XVIO_WIN_FLASH, text, strlen(text));
	CHECK(!flash(rig, XVIO_FLASH_CMD_PROGRAM, addr, strlen(text)));
}

static bool flash_holds(struct rig *rig, uint32_t addr, const char *text)
{
	char buf[64] = "";

	CHECK(!flash(rig, XVIO_FLASH_CMD_READ, addr, strlen(text)));
	rig_mem_read(rig, RIG_BAR0 + XVIO_WIN_FLASH, buf, strlen(text));
	return !strcmp(buf, text) && !memcmp(rig->ram + XVIO_RAM_FLASH + addr, text, strlen(text));
}

void test_flash_nor_rules(struct rig *rig)
{
	CHECK(flash_holds(rig, 0x1000, "\xff\xff\xff\xff"));
	flash_program(rig, 0x1ffe, "\xf0\x0f\x55\xaa"); /* across a sector's end */
	CHECK(flash_holds(rig, 0x1ffe, "\xf0\x0f\x55\xaa"));
	flash_program(rig, 0x1ffe, "\x3c\x3c\x3c\x3c"); /* only clears bits */
	CHECK(flash_holds(rig, 0x1ffe, "\x30\x0c\x14\x28"));
	CHECK(!flash(rig, XVIO_FLASH_CMD_ERASE, 0x1000, 0));
	CHECK(flash_holds(rig, 0x1ffe, "\xff\xff\x14\x28"));
	flash_program(rig, XVIO_FLASH_BYTES - 2, "ab");
	CHECK(flash_holds(rig, XVIO_FLASH_BYTES - 2, "ab"));
}

void test_flash_bad_arguments(struct rig *rig)
{
	static const uint32_t both[] = {XVIO_FLASH_CMD_READ, XVIO_FLASH_CMD_PROGRAM};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		CHECK(flash(rig, both[i], 0, 0) == XVIO_FLASH_STATUS_BAD_LEN);
		CHECK(flash(rig, both[i], 0, XVIO_WIN_BYTES + 1) == XVIO_FLASH_STATUS_BAD_LEN);
		CHECK(flash(rig, both[i], 0, 0xffffffff) == XVIO_FLASH_STATUS_BAD_LEN);
		CHECK(flash(rig, both[i], XVIO_FLASH_BYTES - 1, 2) == XVIO_FLASH_STATUS_BAD_ADDR);
		CHECK(flash(rig, both[i], 0xffffffff, 2) == XVIO_FLASH_STATUS_BAD_ADDR);
		CHECK(flash(rig, both[i], 0, XVIO_WIN_BYTES) == XVIO_FLASH_STATUS_OK);
	}
	CHECK(flash(rig, XVIO_FLASH_CMD_ERASE, 0x800, 0) == XVIO_FLASH_STATUS_BAD_ADDR);
	CHECK(flash(rig, XVIO_FLASH_CMD_ERASE, XVIO_FLASH_BYTES, 0) == XVIO_FLASH_STATUS_BAD_ADDR);
	CHECK(flash(rig, 0, 0, 1) == XVIO_FLASH_STATUS_BAD_CMD);
	CHECK(flash(rig, 4, 0, 1) == XVIO_FLASH_STATUS_BAD_CMD);
}

void test_flash_persists(struct rig *rig)
{
	flash_program(rig, 0x500000, "firmware");
	rig_power_off(rig);
	rig_power_on(rig);
	CHECK(flash_holds(rig, 0x500000, "firmware"));
}

static unsigned int count_fds(struct rig *rig)
{
	char path[32];
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)rig->qemu);
	dir = opendir(path);
	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* A second card, function 1 of a port with no function 0: it goes without asking the guest. */
void test_hot_unplug(struct rig *rig)
{
	unsigned int before, round;

	CHECK(rig_qmp(rig, "{'execute':'object-add','arguments':{'qom-type':'memory-backend-file',"
			   "'id':'ram2','mem-path':'card2.ram','share':true,'size':134217728}}"));
	CHECK(rig_qmp(
		rig, "{'execute':'chardev-add','arguments':{'id':'iv2','backend':{'type':'socket',"
		     "'data':{'addr':{'type':'unix','data':{'path':'ivshmem2'}},'wait':false}}}}"));
	CHECK(rig_qmp(
		rig,
		"{'execute':'netdev_add','arguments':{'type':'hubport','id':'u2','hubid':1}}"));
	before = count_fds(rig);
	for (round = 0; round < 3; round++) {
		WAIT(rig_qmp(rig,
			     "{'execute':'device_add','arguments':{'driver':'xvio','id':'card1',"
			     "'bus':'slot0','addr':'0.1','ram':'ram2','flash':'flash2',"
			     "'ivshmem':'iv2','uplink0':'u2'}}"));
		/* Above: the one before may hold on to the chardev until RCU lets go of it. */
		CHECK(count_fds(rig) >= before + 2 * XVIO_IVSHMEM_VECTORS);
		CHECK(rig_qmp(rig, "{'execute':'device_del','arguments':{'id':'card1'}}"));
		WAIT(count_fds(rig) == before);
	}
	CHECK(rig_reg(rig, XVIO_REG_MAGIC) == XVIO_MAGIC);
}

static void make_flash_file(struct rig *rig, off_t bytes)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/flash", rig->dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, bytes));
	close(fd);
}

void test_realize_flash_created(struct rig *rig)
{
	char path[64];
	struct stat st;

	make_flash_file(rig, 0); /* empty counts as new; the other tests start with none at all */
	rig_power_on(rig);
	snprintf(path, sizeof(path), "%s/flash", rig->dir);
	CHECK(!stat(path, &st) && st.st_size == XVIO_FLASH_BYTES);
	CHECK(rig->ram[XVIO_RAM_FLASH] == 0xff);
	CHECK(rig->ram[XVIO_RAM_FLASH + XVIO_FLASH_BYTES - 1] == 0xff);
}

static void check_refused(struct rig *rig, const char *ram_options, const char *why)
{
	char text[1024];

	rig_spawn(rig, ram_options);
	CHECK(rig_wait_exit(rig) == 1);
	rig_read_stderr(rig, text, sizeof(text));
	CHECK(strstr(text, why));
}

void test_realize_flash_size(struct rig *rig)
{
	make_flash_file(rig, XVIO_FLASH_BYTES - 1);
	check_refused(rig, "share=on,size=128M", "has 16777215 bytes, must have 16777216 or none");
}

void test_realize_ram_size(struct rig *rig)
{
	check_refused(rig, "share=on,size=64M", "must have exactly 134217728");
}

void test_realize_ram_private(struct rig *rig)
{
	check_refused(rig, "share=off,size=128M", "must have share=on");
}
