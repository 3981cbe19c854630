/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Virtual functions: what the host finds on the bus, and how their registers reach the SoC. */
#include "tests.h"

#include <string.h>
#include <time.h>

#define BUF		  XVIO_RAM_HEAP
#define VF_REG(n, offset) (RIG_VF_BAR0 + (n)*XVIO_VF_BAR_REGS_BYTES + (offset))
#define CAP_VENDOR	  0x09
#define PATIENCE_MS	  5000 /* what a held read is given, at least; see link.h */

static struct xvio_vf_ring *vf_ring(struct rig *rig)
{
	return (void *)(rig->ram + XVIO_RAM_VF_RING);
}

static uint8_t *vf_page(struct rig *rig, unsigned int vf)
{
	return rig->ram + XVIO_RAM_VF_PAGES + vf * XVIO_VF_REGS_BYTES;
}

/* Hart 0 says that it has carried out all there is. */
static void carry_out(struct rig *rig)
{
	rig_store(&vf_ring(rig)->cons, rig_load(&vf_ring(rig)->prod));
}

/* Hart 0 runs, so many VFs are there, and what that posted is carried out. */
static void start(struct rig *rig, unsigned int num)
{
	rig_store(&vf_ring(rig)->cons, 0);
	rig_hart_start(rig, 0);
	rig_vfs_enable(rig, num);
	carry_out(rig);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static bool entry_is(struct rig *rig, uint32_t i, struct xvio_vf_entry want)
{
	return !memcmp(&vf_ring(rig)->entry[i % XVIO_VF_RING_ENTRIES], &want, sizeof(want));
}

/* The capability of this type (virtio 1.2, 4.1.4) lies in BAR 0 where the ABI says. */
static void check_virtio_cap(struct rig *rig, uint8_t type, uint32_t offset, uint32_t len)
{
	unsigned int cap = rig_fn_cap(rig, 1, CAP_VENDOR, 0);

	while (cap && rig_fn_read(rig, 1, cap) >> 24 != type)
		cap = rig_fn_cap(rig, 1, CAP_VENDOR, cap);
	CHECK(cap);
	CHECK((rig_fn_read(rig, 1, cap + 4) & 0xff) == XVIO_VF_BAR_REGS);
	CHECK(rig_fn_read(rig, 1, cap + 8) == offset && rig_fn_read(rig, 1, cap + 12) == len);
	if (type == 2) /* notify_off_multiplier */
		CHECK(rig_fn_read(rig, 1, cap + 16) == XVIO_VF_NOTIFY_MULTIPLIER);
}

void test_vf_identity(struct rig *rig)
{
	unsigned int sriov = rig_ext_cap_find(rig, 0x10), exp, msix;

	CHECK(sriov && rig_ext_cap_find(rig, 0x0e)); /* with ARI */
	CHECK(rig_cfg_read(rig, sriov + 0x0c) >> 16 == XVIO_NUM_VFS);
	CHECK(rig_cfg_read(rig, sriov + 0x18) >> 16 == XVIO_VF_DEVICE_ID);
	CHECK(rig_fn_read(rig, 1, 0x08) == 0xffffffff);
	rig_vfs_enable(rig, XVIO_NUM_VFS);
	CHECK(rig_fn_read(rig, XVIO_NUM_VFS, 0x08) == (XVIO_PCI_CLASS << 8 | XVIO_VF_REVISION));
	CHECK(rig_fn_read(rig, XVIO_NUM_VFS + 1, 0x08) == 0xffffffff);
	CHECK(rig_fn_read(rig, 1, 0x2c) == (XVIO_PCI_DEVICE_ID << 16 | XVIO_PCI_VENDOR_ID));
	exp = rig_fn_cap(rig, 1, 0x10, 0);
	msix = rig_fn_cap(rig, 1, 0x11, 0);
	CHECK(exp && rig_fn_read(rig, 1, exp + 4) & 1u << 28); /* function level reset */
	CHECK(msix && (rig_fn_read(rig, 1, msix) >> 16 & 0x7ff) == XVIO_VF_NUM_MSIX - 1);
	check_virtio_cap(rig, 1, XVIO_VF_COMMON, XVIO_VF_COMMON_BYTES);
	check_virtio_cap(rig, 2, XVIO_VF_NOTIFY, XVIO_VF_NOTIFY_BYTES);
	check_virtio_cap(rig, 3, XVIO_VF_ISR, XVIO_VF_ISR_BYTES);
	check_virtio_cap(rig, 4, XVIO_VF_DEVICE, XVIO_VF_DEVICE_BYTES);
	rig_vfs_enable(rig, 0);
	CHECK(rig_fn_read(rig, 1, 0x08) == 0xffffffff);
}

void test_vf_writes_posted(struct rig *rig)
{
	uint32_t at;

	start(rig, 3);
	at = vf_ring(rig)->prod;
	CHECK(at == 3 && entry_is(rig, 2, (struct xvio_vf_entry){.vf = 2, .kind = XVIO_VF_RESET}));
	rig_store(&rig->link->hart[0].sleeping, 1);
	rig_write(rig, VF_REG(2, 0x14), 0x7f, 1);
	CHECK(rig_woken(rig, 0, 20000));
	rig_write(rig, VF_REG(0, 0x16), 0x1234, 2);
	rig_write(rig, VF_REG(1, 0xffc), 0x89abcdef, 4);
	rig_write(rig, VF_REG(1, 0x20), 0x1122334455667788, 8);
	CHECK(vf_ring(rig)->prod == at + 5);
	CHECK(entry_is(rig, at, (struct xvio_vf_entry){2, XVIO_VF_WRITE, 0x14, 1, 0x7f, 0}));
	CHECK(entry_is(rig, at + 1, (struct xvio_vf_entry){0, XVIO_VF_WRITE, 0x16, 2, 0x1234, 0}));
	CHECK(entry_is(rig, at + 2,
		       (struct xvio_vf_entry){1, XVIO_VF_WRITE, 0xffc, 4, 0x89abcdef, 0}));
	CHECK(entry_is(rig, at + 3,
		       (struct xvio_vf_entry){1, XVIO_VF_WRITE, 0x20, 4, 0x55667788, 0}));
	CHECK(entry_is(rig, at + 4,
		       (struct xvio_vf_entry){1, XVIO_VF_WRITE, 0x24, 4, 0x11223344, 0}));
}

/* A read comes behind the writes of its own VF, and of no other. */
void test_vf_read_held(struct rig *rig)
{
	uint32_t done;

	start(rig, 2);
	memcpy(vf_page(rig, 0), "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	memcpy(vf_page(rig, 1), "\x11\x12\x13\x14", 4);
	CHECK(rig_read(rig, VF_REG(0, 0), 8) == 0x0807060504030201u);
	CHECK(rig_read(rig, VF_REG(0, 6), 2) == 0x0807);
	done = vf_ring(rig)->prod;
	rig_write(rig, VF_REG(0, 0), 1, 4);
	rig_write(rig, VF_REG(0, 0), 2, 4);
	CHECK(rig_read(rig, VF_REG(1, 3), 1) == 0x14);
	rig_read_begin(rig, VF_REG(0, 0), 4);
	CHECK(!rig_answered(rig, 100));
	CHECK(rig_load(&vf_ring(rig)->waiting) == 1);
	rig_store(&vf_ring(rig)->cons, done + 1);
	rig_kick(rig);
	CHECK(!rig_answered(rig, 100));
	memcpy(vf_page(rig, 0), "\xa1\xa2\xa3\xa4", 4);
	rig_store(&vf_ring(rig)->cons, done + 2);
	rig_kick(rig);
	CHECK(rig_end(rig) == 0xa4a3a2a1);
	CHECK(rig_load(&vf_ring(rig)->waiting) == 0);
}

/* The SoC may need the bus before it can answer. */
void test_vf_read_serves_dma(struct rig *rig)
{
	unsigned int i;

	start(rig, 1);
	rig_write(rig, RIG_HOST_MEM, 0x600df00d, 8);
	rig_write(rig, VF_REG(0, 0x14), 0, 1);
	rig_read_begin(rig, VF_REG(0, 0), 4);
	for (i = 0; i < 1000; i++)
		rig_run(rig, 0,
			(struct xvio_op){.op = XVIO_OP_DMA_READ,
					 .host_addr = RIG_HOST_MEM,
					 .card_offset = XVIO_RAM_VF_PAGES,
					 .len_bytes = 4});
	CHECK(!rig_answered(rig, 0));
	carry_out(rig);
	rig_kick(rig);
	CHECK(rig_end(rig) == 0x600df00d);
}

/* A SoC that does not answer costs the host its patience once, not each time. */
void test_vf_read_times_out(struct rig *rig)
{
	int64_t since;

	start(rig, 1);
	rig_write(rig, VF_REG(0, 0x14), 0, 1);
	since = now_ms();
	CHECK(rig_read(rig, VF_REG(0, 0x14), 1) == 0xff);
	CHECK(now_ms() - since >= PATIENCE_MS);
	since = now_ms();
	CHECK(rig_read(rig, VF_REG(0, 0), 2) == 0xffff);
	CHECK(rig_read(rig, VF_REG(0, 0), 8) == ~0ull);
	CHECK(now_ms() - since < PATIENCE_MS);
	carry_out(rig);
	CHECK(rig_read(rig, VF_REG(0, 0x14), 1) == vf_page(rig, 0)[0x14]);
}

void test_vf_ring_full(struct rig *rig)
{
	struct xvio_vf_ring *ring = vf_ring(rig);
	uint32_t done, i;

	start(rig, 1);
	done = ring->prod;
	for (i = 0; i < XVIO_VF_RING_ENTRIES; i++)
		rig_write(rig, VF_REG(0, 0), i, 4);
	rig_write_begin(rig, VF_REG(0, 8), 0xabc, 4);
	CHECK(!rig_answered(rig, 100));
	CHECK(ring->prod == done + XVIO_VF_RING_ENTRIES);
	CHECK(entry_is(rig, done, (struct xvio_vf_entry){0, XVIO_VF_WRITE, 0, 4, 0, 0}));
	rig_store(&ring->cons, done + 1);
	rig_kick(rig);
	rig_end(rig);
	CHECK(ring->prod == done + XVIO_VF_RING_ENTRIES + 1);
	CHECK(entry_is(rig, done + XVIO_VF_RING_ENTRIES,
		       (struct xvio_vf_entry){0, XVIO_VF_WRITE, 8, 4, 0xabc, 0}));
	rig_write(rig, VF_REG(0, 8), 0xdef, 4); /* nobody takes any: lost in the end */
	CHECK(ring->prod == done + XVIO_VF_RING_ENTRIES + 1);
}

static struct xvio_op vf_dma(unsigned int vf, uint16_t op)
{
	return (struct xvio_op){.op = op,
				.function = XVIO_FUNCTION_VF(vf),
				.host_addr = RIG_HOST_MEM,
				.card_offset = BUF,
				.len_bytes = 8};
}

static void flr(struct rig *rig, unsigned int vf)
{
	unsigned int exp = rig_fn_cap(rig, 1 + vf, 0x10, 0);

	rig_fn_write(rig, 1 + vf, exp + 8, rig_fn_read(rig, 1 + vf, exp + 8) | 1u << 15);
}

/* Until a reset is carried out the function's DMA is refused, whoever switches what on again. */
void test_vf_reset(struct rig *rig)
{
	uint32_t at;

	start(rig, 2);
	CHECK(rig_run(rig, 0, vf_dma(1, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
	at = vf_ring(rig)->prod;
	flr(rig, 1);
	CHECK(vf_ring(rig)->prod == at + 1);
	CHECK(entry_is(rig, at, (struct xvio_vf_entry){.vf = 1, .kind = XVIO_VF_RESET}));
	CHECK((rig_fn_read(rig, 2, 0x04) & 4) == 0);
	rig_fn_write(rig, 2, 0x04, 6);
	CHECK(rig_run(rig, 0, vf_dma(1, XVIO_OP_DMA_READ)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_run(rig, 0, vf_dma(1, XVIO_OP_DMA_WRITE)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_run(rig, 0, vf_dma(0, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
	rig_read_begin(rig, VF_REG(1, 0), 4);
	CHECK(!rig_answered(rig, 100));
	carry_out(rig);
	rig_kick(rig);
	rig_end(rig);
	CHECK(rig_run(rig, 0, vf_dma(1, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
	rig_vfs_enable(rig, 0);
	CHECK(vf_ring(rig)->prod == at + 3); /* one for each that went */
}

/* DMA goes out under the function's own name: its bus-master bit counts, not the PF's. */
void test_vf_requester(struct rig *rig)
{
	start(rig, 2);
	CHECK(rig_run(rig, 0, vf_dma(0, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
	CHECK(rig_run(rig, 0, vf_dma(2, XVIO_OP_DMA_READ)) == XVIO_OP_ST_BUS_ERROR); /* not there */
	CHECK(rig_run(rig, 0, vf_dma(XVIO_NUM_VFS, XVIO_OP_DMA_READ)) == XVIO_OP_ST_BAD_RANGE);
	rig_fn_write(rig, 1, 0x04, 2);
	CHECK(rig_run(rig, 0, vf_dma(0, XVIO_OP_DMA_READ)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_run(rig, 0, vf_dma(1, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
	rig_bus_master(rig, false);
	CHECK(rig_run(rig, 0, vf_dma(1, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
	rig_bus_master(rig, true);
}

#define MSG_ADDR (RIG_HOST_MEM + 0x8000)

/* Each VF has vectors of its own. */
void test_vf_msix(struct rig *rig)
{
	struct xvio_op op = {.op = XVIO_OP_MSIX, .function = XVIO_FUNCTION_VF(1), .arg = 3};
	uint64_t entry = RIG_VF_BAR2 + 0x2000 + 16 * 3;

	start(rig, 2);
	rig_fn_write(rig, 2, rig_fn_cap(rig, 2, 0x11, 0), 0x80000000u);
	rig_write(rig, entry, MSG_ADDR, 4);
	rig_write(rig, entry + 4, 0, 4);
	rig_write(rig, entry + 8, 0x777, 4);
	rig_write(rig, entry + 12, 0, 4);
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_OK);
	CHECK(rig_read(rig, MSG_ADDR, 4) == 0x777);
	op.arg = XVIO_VF_NUM_MSIX;
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_BAD_RANGE);
	op.arg = 3;
	op.function = XVIO_FUNCTION_VF(2);
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_BUS_ERROR);
}

void test_vf_notify(struct rig *rig)
{
	struct xvio_hart_rings *rings = rig_rings(rig, 0);
	const uint32_t last = XVIO_VF_DOORBELL(XVIO_NUM_VFS - 1, XVIO_VF_MAX_QUEUES - 1);

	start(rig, XVIO_NUM_VFS);
	rig_write(rig, VF_REG(0, XVIO_VF_NOTIFY), 0, 2);
	rig_write(rig,
		  VF_REG(XVIO_NUM_VFS - 1,
			 XVIO_VF_NOTIFY + XVIO_VF_NOTIFY_BYTES - XVIO_VF_NOTIFY_MULTIPLIER),
		  XVIO_VF_MAX_QUEUES - 1, 2);
	CHECK(rings->db_prod == 2 && last == XVIO_NUM_DOORBELLS - 1);
	CHECK(rings->db[0].doorbell == XVIO_VF_FIRST_DOORBELL && rings->db[1].doorbell == last);
	rig_write(rig, VF_REG(0, XVIO_VF_NOTIFY + XVIO_VF_NOTIFY_BYTES), 0, 2); /* no queue */
	CHECK(rings->db_prod == 2);
	/* With NOTIFICATION_DATA: place and wrap counter above the queue's number (4.1.5.2). */
	rig_write(rig, VF_REG(1, XVIO_VF_NOTIFY + XVIO_VF_NOTIFY_MULTIPLIER), 0x80050001, 4);
	CHECK(rings->db_prod == 3 && rings->db[2].doorbell == XVIO_VF_DOORBELL(1, 1));
	CHECK(rig_read(rig, VF_REG(0, XVIO_VF_NOTIFY), 4) == 0);
}

/* The SoC must not play a VF's driver. */
void test_vf_own_registers(struct rig *rig)
{
	struct xvio_op op = vf_dma(0, XVIO_OP_DMA_WRITE);
	uint32_t at;

	start(rig, 2);
	at = vf_ring(rig)->prod;
	op.host_addr = VF_REG(1, 0);
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_BUS_ERROR);
	op.host_addr = VF_REG(0, 0);
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_BUS_ERROR);
	op.function = XVIO_FUNCTION_PF;
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_BUS_ERROR);
	CHECK(vf_ring(rig)->prod == at);
}

/* Registers by way of configuration space (virtio 1.2, 4.1.4.9). */
void test_vf_config_window(struct rig *rig)
{
	unsigned int cap;
	uint32_t at;

	start(rig, 1);
	cap = rig_fn_cap(rig, 1, CAP_VENDOR, 0);
	while (rig_fn_read(rig, 1, cap) >> 24 != 5)
		cap = rig_fn_cap(rig, 1, CAP_VENDOR, cap);
	memcpy(vf_page(rig, 0) + 0x14, "\x55\x66", 2);
	rig_fn_write(rig, 1, cap + 4, XVIO_VF_BAR_REGS);
	rig_fn_write(rig, 1, cap + 8, 0x14);
	rig_fn_write(rig, 1, cap + 12, 2);
	CHECK((rig_fn_read(rig, 1, cap + 16) & 0xffff) == 0x6655);
	at = vf_ring(rig)->prod;
	rig_fn_write(rig, 1, cap + 16, 0x1234);
	CHECK(vf_ring(rig)->prod == at + 1);
	CHECK(entry_is(rig, at, (struct xvio_vf_entry){0, XVIO_VF_WRITE, 0x14, 2, 0x1234, 0}));
	carry_out(rig);
	rig_fn_write(rig, 1, cap + 12, 3); /* no length */
	rig_fn_write(rig, 1, cap + 16, 0);
	rig_fn_write(rig, 1, cap + 12, 4);
	rig_fn_write(rig, 1, cap + 8, XVIO_VF_BAR_REGS_BYTES); /* behind the BAR */
	rig_fn_write(rig, 1, cap + 16, 0);
	rig_fn_write(rig, 1, cap + 8, 0xfffffffc);
	rig_fn_write(rig, 1, cap + 16, 0);
	rig_fn_write(rig, 1, cap + 8, 0);
	rig_fn_write(rig, 1, cap + 4, 1); /* another BAR */
	rig_fn_write(rig, 1, cap + 16, 0);
	CHECK(vf_ring(rig)->prod == at + 1);
}

/* A reset of the SoC: what was posted is forgotten; nobody answers until hart 0 runs again. */
void test_vf_new_generation(struct rig *rig)
{
	start(rig, 1);
	memset(vf_page(rig, 0), 0x42, 8);
	rig_write(rig, VF_REG(0, 0), 1, 4);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	CHECK(vf_ring(rig)->prod == 0);
	CHECK(rig_read(rig, VF_REG(0, 0), 4) == 0xffffffff);
	rig_write(rig, VF_REG(0, 0), 1, 4);
	CHECK(vf_ring(rig)->prod == 0);
	rig_store(&vf_ring(rig)->cons, 0);
	rig_hart_start(rig, 0);
	CHECK(rig_read(rig, VF_REG(0, 0), 4) == 0x42424242);
	CHECK(rig_run(rig, 0, vf_dma(0, XVIO_OP_DMA_READ)) == XVIO_OP_ST_OK);
}
