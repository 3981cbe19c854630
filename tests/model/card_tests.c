/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the SoC has of the hardware: DMA, interrupts, wires, and how it is reset. */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUF XVIO_RAM_HEAP

static struct xvio_op dma(uint16_t op, uint64_t host_addr, uint32_t card_offset, uint32_t len)
{
	return (struct xvio_op){
		.op = op, .host_addr = host_addr, .card_offset = card_offset, .len_bytes = len};
}

static struct xvio_op dma_read(uint64_t host_addr, uint32_t card_offset, uint32_t len)
{
	return dma(XVIO_OP_DMA_READ, host_addr, card_offset, len);
}

static struct xvio_op dma_write(uint64_t host_addr, uint32_t card_offset, uint32_t len)
{
	return dma(XVIO_OP_DMA_WRITE, host_addr, card_offset, len);
}

static struct xvio_op msix(uint32_t vector)
{
	return (struct xvio_op){.op = XVIO_OP_MSIX, .arg = vector};
}

static struct xvio_op mac_tx(uint32_t uplink, uint32_t card_offset, uint32_t len)
{
	return (struct xvio_op){
		.op = XVIO_OP_MAC_TX, .arg = uplink, .card_offset = card_offset, .len_bytes = len};
}

void test_dma_in_and_out(struct rig *rig)
{
	char back[8];

	rig_hart_start(rig, 0);
	rig_mem_write(rig, RIG_HOST_MEM + 3, "to card", 8);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM + 3, BUF + 5, 8)) == XVIO_OP_ST_OK);
	CHECK(!memcmp(rig->ram + BUF + 5, "to card", 8));
	memcpy(rig->ram + XVIO_RAM_BYTES - 8, "to host", 8);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOST_MEM + 99, XVIO_RAM_BYTES - 8, 8)) ==
	      XVIO_OP_ST_OK);
	rig_mem_read(rig, RIG_HOST_MEM + 99, back, 8);
	CHECK(!memcmp(back, "to host", 8));
}

void test_dma_bad_operations(struct rig *rig)
{
	struct xvio_op op = dma_read(RIG_HOST_MEM, BUF, 8);
	const uint32_t end = XVIO_RAM_BYTES;

	rig_hart_start(rig, 0);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, end - 7, 8)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, end, 1)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOST_MEM, 0xffffffff, 2)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOST_MEM, 16, 0xfffffff8)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 0)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, XVIO_OP_MAX_BYTES + 1)) ==
	      XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, XVIO_OP_MAX_BYTES)) == XVIO_OP_ST_OK);
	op.function = XVIO_FUNCTION_VF(XVIO_NUM_VFS);
	CHECK(rig_run(rig, 0, op) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, dma(0, RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_BAD_OP);
	CHECK(rig_run(rig, 0, dma(0xffff, RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_BAD_OP);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_OK);
}

void test_dma_bus_errors(struct rig *rig)
{
	rig_hart_start(rig, 0);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOLE, BUF, 64)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOLE, BUF, 64)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_run(rig, 0, dma_read(~0ull - 3, BUF, 64)) == XVIO_OP_ST_BUS_ERROR);

	rig_write(rig, RIG_HOST_MEM, 0x1234, 8);
	rig_bus_master(rig, false);
	memset(rig->ram + BUF, 0xee, 8);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_read(rig, RIG_HOST_MEM, 8) == 0x1234);
	rig_bus_master(rig, true);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_OK);
	CHECK(rig_read(rig, RIG_HOST_MEM, 8) == 0xeeeeeeeeeeeeeeeeu);
}

/* The SoC must not play the host towards its own card. */
void test_dma_own_registers(struct rig *rig)
{
	const uint32_t key = XVIO_RESET_KEY;

	rig_hart_start(rig, 0);
	memcpy(rig->ram + BUF, &key, 4);
	CHECK(rig_run(rig, 0, dma_write(RIG_BAR0 + XVIO_REG_RESET, BUF, 4)) ==
	      XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == 1);
	CHECK(rig_run(rig, 0, dma_write(RIG_BAR2, BUF, 4)) == XVIO_OP_ST_BUS_ERROR);
	CHECK(rig_rings(rig, 0)->db_prod == 0);
}

void test_dma_ring_wraps(struct rig *rig)
{
	struct xvio_hart_rings *rings = rig_rings(rig, 0);
	uint32_t round, i;

	rig_hart_start(rig, 0);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 1000; i++) {
			memcpy(rig->ram + BUF + 4 * i, &(uint32_t){round * 1000 + i}, 4);
			rig_post(rig, 0, dma_write(RIG_HOST_MEM + 4 * i, BUF + 4 * i, 4));
		}
		rig_kick(rig);
		WAIT(rig_load(&rings->op_cons) == rings->op_prod);
		CHECK(rig_read(rig, RIG_HOST_MEM, 4) == round * 1000);
		CHECK(rig_read(rig, RIG_HOST_MEM + 4 * 999, 4) == round * 1000 + 999);
	}
	for (i = 0; i < XVIO_OP_RING_ENTRIES; i++)
		CHECK(rings->comp[i] == XVIO_OP_ST_OK);
}

void test_dma_ring_overrun(struct rig *rig)
{
	rig_hart_start(rig, 0);
	rig_hart_start(rig, 1);
	rig_store(&rig_rings(rig, 0)->op_prod, XVIO_OP_RING_ENTRIES + 1);
	CHECK(rig_run(rig, 1, dma_read(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_OK);
	rig_store(&rig_rings(rig, 0)->op_prod, 1); /* too late: not believed before a reset */
	CHECK(rig_run(rig, 1, dma_read(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_OK);
	CHECK(rig_rings(rig, 0)->op_cons == 0);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	rig_hart_start(rig, 0);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_OK);
}

/*
 * Hart 0 fills its ring with operations of this length, the i-th of which writes i to the host; hart 7
 * posts one that reads it back. Returns what it read: after how many of hart 0's it had its turn.
 */
static uint32_t turn_of_second(struct rig *rig, uint32_t len)
{
	uint32_t *words = (uint32_t *)(rig->ram + BUF), *turn = words + XVIO_OP_RING_ENTRIES;
	unsigned int i;

	for (i = 0; i < XVIO_OP_RING_ENTRIES; i++) {
		words[i] = i;
		rig_post(rig, 0, dma_write(RIG_HOST_MEM, BUF + 4 * i, len));
	}
	rig_post(rig, 7, dma_read(RIG_HOST_MEM, BUF + 4 * XVIO_OP_RING_ENTRIES, 4));
	rig_kick(rig);
	WAIT(rig_load(&rig_rings(rig, 7)->op_cons) == rig_rings(rig, 7)->op_prod);
	CHECK(rig_reg(rig, XVIO_REG_MAGIC) == XVIO_MAGIC); /* the host is served meanwhile */
	return *turn;
}

/* A full ring, of small or of the largest transfers, holds nobody else up. */
void test_dma_harts_share(struct rig *rig)
{
	struct xvio_hart_rings *greedy = rig_rings(rig, 0);

	rig_hart_start(rig, 0);
	rig_hart_start(rig, 7);
	CHECK(turn_of_second(rig, 4) < 128);
	WAIT(rig_load(&greedy->op_cons) == greedy->op_prod);
	CHECK(turn_of_second(rig, XVIO_OP_MAX_BYTES) < 4);
	CHECK(rig_load(&greedy->op_cons) < greedy->op_prod);
	WAIT(rig_load(&greedy->op_cons) == greedy->op_prod);
}

void test_dma_wakes_sleeper(struct rig *rig)
{
	rig_hart_start(rig, 2);
	rig_run(rig, 2, dma_read(RIG_HOST_MEM, BUF, 8));
	CHECK(!rig_woken(rig, 2, 20));
	rig_store(&rig->link->hart[2].sleeping, 1);
	rig_run(rig, 2, dma_read(RIG_HOST_MEM, BUF, 8));
	CHECK(rig_woken(rig, 2, 20000));
}

#define MSG_ADDR (RIG_HOST_MEM + 0x8000)

/* Vector v writes 0x100 + v to its word at MSG_ADDR. */
static void set_vector(struct rig *rig, uint32_t vector, bool masked)
{
	uint64_t entry = RIG_BAR4 + 16 * vector;

	rig_write(rig, entry, MSG_ADDR + 4 * vector, 4);
	rig_write(rig, entry + 4, 0, 4);
	rig_write(rig, entry + 8, 0x100 + vector, 4);
	rig_write(rig, entry + 12, masked, 4);
}

static void enable_msix(struct rig *rig, bool on)
{
	rig_cfg_write(rig, rig_cap_find(rig, 0x11), on ? 0x80000000u : 0);
}

void test_msix_masking(struct rig *rig)
{
	const uint64_t pba = RIG_BAR4 + 0x1000;

	rig_hart_start(rig, 0);
	set_vector(rig, 0, false);
	set_vector(rig, 255, true);
	enable_msix(rig, true);
	CHECK(rig_run(rig, 0, msix(0)) == XVIO_OP_ST_OK);
	CHECK(rig_read(rig, MSG_ADDR, 4) == 0x100);
	CHECK(rig_run(rig, 0, msix(255)) == XVIO_OP_ST_OK);
	CHECK(rig_read(rig, MSG_ADDR + 4 * 255, 4) == 0);
	CHECK(rig_read(rig, pba + 28, 4) == 0x80000000u);
	set_vector(rig, 255, false);
	CHECK(rig_read(rig, MSG_ADDR + 4 * 255, 4) == 0x1ff);
	CHECK(rig_read(rig, pba + 28, 4) == 0);
	CHECK(rig_run(rig, 0, msix(XVIO_NUM_MSIX)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, msix(0xffffffff)) == XVIO_OP_ST_BAD_RANGE);
}

void test_msix_off(struct rig *rig)
{
	rig_hart_start(rig, 0);
	set_vector(rig, 3, false);
	CHECK(rig_run(rig, 0, msix(3)) == XVIO_OP_ST_OK);
	enable_msix(rig, true);
	CHECK(rig_read(rig, MSG_ADDR + 12, 4) == 0); /* and nothing came late */
	rig_bus_master(rig, false);
	rig_run(rig, 0, msix(3));
	CHECK(rig_read(rig, MSG_ADDR + 12, 4) == 0);
}

void test_mac_tx(struct rig *rig)
{
	struct timeval limit = {.tv_sec = 20};
	uint8_t frame[XVIO_MAC_RX_SLOT_BYTES];

	setsockopt(rig->wire_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	rig_hart_start(rig, 0);
	memset(rig->ram + BUF, 0x5a, sizeof(frame));
	CHECK(rig_run(rig, 0, mac_tx(0, BUF, 60)) == XVIO_OP_ST_OK);
	CHECK(recv(rig->wire_fd, frame, sizeof(frame), 0) == 60 && frame[59] == 0x5a);
	CHECK(rig_run(rig, 0, mac_tx(0, BUF, XVIO_MAX_FRAME_BYTES)) == XVIO_OP_ST_OK);
	CHECK(recv(rig->wire_fd, frame, sizeof(frame), 0) == XVIO_MAX_FRAME_BYTES);
	CHECK(rig_run(rig, 0, mac_tx(1, BUF, 60)) == XVIO_OP_ST_NO_LINK);
	CHECK(rig_run(rig, 0, mac_tx(2, BUF, 60)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, mac_tx(0, BUF, 13)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, mac_tx(0, BUF, sizeof(frame) + 1)) == XVIO_OP_ST_BAD_RANGE);
	CHECK(rig_run(rig, 0, mac_tx(0, XVIO_RAM_BYTES - 59, 60)) == XVIO_OP_ST_BAD_RANGE);
}

static void wire_send(struct rig *rig, uint8_t fill, size_t len)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint8_t frame[XVIO_MAC_RX_SLOT_BYTES + 1];

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/wire", rig->dir);
	memset(frame, fill, len);
	CHECK(sendto(rig->wire_fd, frame, len, 0, (struct sockaddr *)&addr, sizeof(addr)) ==
	      (ssize_t)len);
}

void test_mac_rx(struct rig *rig)
{
	struct xvio_mac_rx *rx = rig_mac_rx(rig, 0);

	rig->link->mac_rx_hart[0] = 1;
	rig_hart_start(rig, 1);
	wire_send(rig, 0xa1, 60);
	WAIT(rig_load(&rx->prod) == 1);
	CHECK(rx->len_bytes[0] == 60 && rx->slot[0][0] == 0xa1 && rx->slot[0][59] == 0xa1);
	CHECK(!rig_woken(rig, 1, 20));
	rig_store(&rig->link->hart[1].sleeping, 1);
	wire_send(rig, 0xa2, XVIO_MAX_FRAME_BYTES);
	CHECK(rig_woken(rig, 1, 20000));
	CHECK(rx->prod == 2 && rx->len_bytes[1] == XVIO_MAX_FRAME_BYTES);
	CHECK(rx->slot[1][XVIO_MAX_FRAME_BYTES - 1] == 0xa2);
}

void test_mac_rx_losses(struct rig *rig)
{
	struct xvio_mac_rx *rx = rig_mac_rx(rig, 0);
	unsigned int i;

	rig->link->mac_rx_hart[0] = 1;
	wire_send(rig, 0, 60); /* hart 1 does not run: lost */
	rig_hart_start(rig, 0);
	rig_reg(rig, XVIO_REG_MAGIC);
	rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 8));
	CHECK(rx->prod == 0);
	rig_hart_start(rig, 1);
	wire_send(rig, 0, XVIO_MAC_RX_SLOT_BYTES + 1);
	WAIT(rig_load(&rx->oversize) == 1);
	for (i = 0; i < XVIO_MAC_RX_SLOTS + 3; i++)
		wire_send(rig, i, 64);
	WAIT(rig_load(&rx->no_slot) == 3);
	CHECK(rx->prod == XVIO_MAC_RX_SLOTS && rx->slot[0][0] == 0);
	rig_store(&rx->cons, 1);
	wire_send(rig, 0x77, 64);
	WAIT(rig_load(&rx->prod) == XVIO_MAC_RX_SLOTS + 1);
	CHECK(rx->slot[0][0] == 0x77);
}

static void set_link(struct rig *rig, bool up)
{
	CHECK(rig_qmp(rig, up ? "{'execute':'set_link','arguments':{'name':'u0','up':true}}"
			      : "{'execute':'set_link','arguments':{'name':'u0','up':false}}"));
}

void test_mac_link(struct rig *rig)
{
	CHECK(rig->link->link_up == 1);
	rig_hart_start(rig, 0);
	rig_store(&rig->link->hart[0].sleeping, 1);
	set_link(rig, false);
	CHECK(rig->link->link_up == 0 && rig_woken(rig, 0, 20000));
	CHECK(rig_run(rig, 0, mac_tx(0, BUF, 60)) == XVIO_OP_ST_NO_LINK);
	set_link(rig, true);
	CHECK(rig->link->link_up == 1 && rig_woken(rig, 0, 20000));
	CHECK(rig_run(rig, 0, mac_tx(0, BUF, 60)) == XVIO_OP_ST_OK);
}

#define QMP_RESET "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"system_reset\"}\n"

void test_reset_register(struct rig *rig)
{
	rig_ctl_connect(rig);
	rig_hart_start(rig, 0);
	rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 8));
	rig_write(rig, RIG_BAR2, 1, 4);
	rig_set_reg(rig, XVIO_REG_MBOX_DOORBELL, 5);
	memset(rig->ram + XVIO_RAM_FLASH, 0, 64);
	rig_set_reg(rig, XVIO_REG_RESET, 1);
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == 1);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == 2 && rig->link->generation == 2);
	CHECK(rig_rings(rig, 0)->op_cons == 0 && rig_rings(rig, 0)->comp[0] == 0);
	CHECK(rig_rings(rig, 0)->db_prod == 0 && rig_rings(rig, 0)->db[0].count == 0);
	CHECK(rig->link->mbox_seq == 0 && rig->link->data[0] == 0 && rig->link->link_up == 1);
	CHECK(rig->ram[XVIO_RAM_FLASH] == 0xff);
	CHECK(rig_expect_text(rig->ctl_fd, QMP_RESET, NULL));
	/* What the monitor says is of no interest, but must not fill its pipe. */
	CHECK(write(rig->ctl_fd, "{\"return\": {}}\n", 15) == 15);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	CHECK(rig_expect_text(rig->ctl_fd, QMP_RESET, NULL));
}

void test_reset_old_generation(struct rig *rig)
{
	struct xvio_hart_rings *rings = rig_rings(rig, 0);

	rig->link->mac_rx_hart[0] = 0;
	rig_hart_start(rig, 0);
	rig_hart_start(rig, 1);
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	/* The old firmware goes on for a moment, until the reset reaches it. */
	rig_write(rig, RIG_HOST_MEM, 0x1234, 8);
	rig_post(rig, 0, dma_write(RIG_HOST_MEM, BUF, 8));
	rig_kick(rig);
	rig_write(rig, RIG_BAR2, 1, 4);
	wire_send(rig, 0, 60);
	rig_hart_start(rig, 1);
	rig_run(rig, 1, dma_read(RIG_HOST_MEM, BUF, 8));
	CHECK(rings->op_cons == 0 && rings->db_prod == 0 && rig_mac_rx(rig, 0)->prod == 0);
	CHECK(rig_read(rig, RIG_HOST_MEM, 8) == 0x1234);
	rig_hart_start(rig, 0);
	CHECK(rig_run(rig, 0, dma_write(RIG_HOST_MEM, BUF + 8, 8)) == XVIO_OP_ST_OK);
	rig_write(rig, RIG_BAR2, 1, 4);
	CHECK(rings->db_prod == 1);
}

void test_reset_flr(struct rig *rig)
{
	unsigned int exp = rig_cap_find(rig, 0x10);

	rig_ctl_connect(rig);
	rig_set_reg(rig, XVIO_REG_FLASH_ADDR, 0x1000);
	rig_cfg_write(rig, exp + 8, rig_cfg_read(rig, exp + 8) | 1u << 15);
	CHECK(rig_expect_text(rig->ctl_fd, QMP_RESET, NULL));
	CHECK((rig_cfg_read(rig, 0x04) & 0x6) == 0);
	CHECK((rig_cfg_read(rig, exp + 8) & 1u << 15) == 0);
	rig_pci_setup(rig);
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == 2);
	CHECK(rig_reg(rig, XVIO_REG_FLASH_ADDR) == 0);
}

/* A reset while the SoC's monitor cannot be reached is made up for when it can. */
void test_reset_before_soc_control(struct rig *rig)
{
	rig_set_reg(rig, XVIO_REG_RESET, XVIO_RESET_KEY);
	CHECK(rig_reg(rig, XVIO_REG_GENERATION) == 2);
	rig_ctl_connect(rig);
	CHECK(rig_expect_text(rig->ctl_fd, QMP_RESET, NULL));
}

void test_soc_replaced(struct rig *rig)
{
	rig_hart_start(rig, 0);
	rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 8));
	rig_soc_disconnect(rig);
	rig_soc_connect(rig);
	CHECK(rig->link->generation == 2 && rig_rings(rig, 0)->op_cons == 0);
	rig_hart_start(rig, 0);
	CHECK(rig_run(rig, 0, dma_read(RIG_HOST_MEM, BUF, 8)) == XVIO_OP_ST_OK);
}
