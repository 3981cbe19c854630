/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The rig's host side: qtest (docs/devel/testing/qtest of QEMU), QMP, PCI: the card on bus 1 by ECAM, what
 * is above it by ports cf8/cfc.
 */
#include "rig.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_BRIDGE 0u /* slots of bus 0 */
#define ROOT_PORT   4u
#define ECAM	    0xb0000000u
#define CHUNK_BYTES 1024u
#define PCI_COMMAND 0x04
#define COMMAND_MEM 0x2u
#define COMMAND_BM  0x4u

static void qtest_vsend(struct rig *rig, const char *format, va_list args)
{
	char line[2 * CHUNK_BYTES + 64];
	int len = vsnprintf(line, sizeof(line), format, args);

	CHECK(len > 0 && (size_t)len < sizeof(line));
	CHECK(write(rig->qtest_fd, line, len) == len);
}

static void qtest_send(struct rig *rig, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	qtest_vsend(rig, format, args);
	va_end(args);
}

/* "OK" or "OK value" */
static void qtest_answer(struct rig *rig, char *answer, size_t answer_bytes)
{
	size_t have = 0;

	do {
		ssize_t n = read(rig->qtest_fd, answer + have, answer_bytes - 1 - have);

		CHECK(n > 0);
		have += n;
		answer[have] = '\0';
	} while (!strchr(answer, '\n'));
	CHECK(!strncmp(answer, "OK", 2));
}

/* Sends a line and takes the answer. */
static void qtest(struct rig *rig, char *answer, size_t answer_bytes, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	qtest_vsend(rig, format, args);
	va_end(args);
	qtest_answer(rig, answer, answer_bytes);
}

static char size_letter(unsigned int size)
{
	return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

void rig_read_begin(struct rig *rig, uint64_t addr, unsigned int size)
{
	qtest_send(rig, "read%c 0x%llx\n", size_letter(size), (unsigned long long)addr);
}

void rig_write_begin(struct rig *rig, uint64_t addr, uint64_t value, unsigned int size)
{
	qtest_send(rig, "write%c 0x%llx 0x%llx\n", size_letter(size), (unsigned long long)addr,
		   (unsigned long long)value);
}

bool rig_answered(struct rig *rig, int wait_ms)
{
	struct pollfd p = {.fd = rig->qtest_fd, .events = POLLIN};

	return poll(&p, 1, wait_ms) == 1;
}

uint64_t rig_end(struct rig *rig)
{
	char answer[64];

	qtest_answer(rig, answer, sizeof(answer));
	return answer[2] == ' ' ? strtoull(answer + 3, NULL, 0) : 0;
}

uint64_t rig_read(struct rig *rig, uint64_t addr, unsigned int size)
{
	rig_read_begin(rig, addr, size);
	return rig_end(rig);
}

void rig_write(struct rig *rig, uint64_t addr, uint64_t value, unsigned int size)
{
	rig_write_begin(rig, addr, value, size);
	rig_end(rig);
}

void rig_mem_read(struct rig *rig, uint64_t addr, void *buf, size_t len)
{
	char answer[2 * CHUNK_BYTES + 64];
	uint8_t *bytes = buf;
	size_t i;

	CHECK(len <= CHUNK_BYTES);
	qtest(rig, answer, sizeof(answer), "read 0x%llx 0x%zx\n", (unsigned long long)addr, len);
	for (i = 0; i < len; i++) {
		char pair[3] = {answer[5 + 2 * i], answer[6 + 2 * i], '\0'};

		bytes[i] = strtoul(pair, NULL, 16);
	}
}

void rig_mem_write(struct rig *rig, uint64_t addr, const void *buf, size_t len)
{
	char hex[2 * CHUNK_BYTES + 1], answer[64];
	const uint8_t *bytes = buf;
	size_t i;

	CHECK(len <= CHUNK_BYTES);
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	qtest(rig, answer, sizeof(answer), "write 0x%llx 0x%zx 0x%s\n", (unsigned long long)addr,
	      len, hex);
}

static void bus0_write(struct rig *rig, unsigned int slot, unsigned int offset, uint32_t value)
{
	char answer[64];

	qtest(rig, answer, sizeof(answer), "outl 0xcf8 0x%x\n", 0x80000000u | slot << 11 | offset);
	qtest(rig, answer, sizeof(answer), "outl 0xcfc 0x%x\n", value);
}

static uint64_t ecam(unsigned int function, unsigned int offset)
{
	return ECAM + (1u << 20 | function << 12 | offset);
}

uint32_t rig_fn_read(struct rig *rig, unsigned int function, unsigned int offset)
{
	return rig_read(rig, ecam(function, offset), 4);
}

void rig_fn_write(struct rig *rig, unsigned int function, unsigned int offset, uint32_t value)
{
	rig_write(rig, ecam(function, offset), value, 4);
}

uint32_t rig_cfg_read(struct rig *rig, unsigned int offset)
{
	return rig_fn_read(rig, 0, offset);
}

void rig_cfg_write(struct rig *rig, unsigned int offset, uint32_t value)
{
	rig_fn_write(rig, 0, offset, value);
}

unsigned int rig_fn_cap(struct rig *rig, unsigned int function, uint8_t id, unsigned int behind)
{
	unsigned int cap = behind ? rig_fn_read(rig, function, behind) >> 8 & 0xff
				  : rig_fn_read(rig, function, 0x34) & 0xff;
	uint32_t head;

	for (; cap; cap = head >> 8 & 0xff) {
		head = rig_fn_read(rig, function, cap);
		if ((head & 0xff) == id)
			return cap;
	}
	return 0;
}

unsigned int rig_cap_find(struct rig *rig, uint8_t id)
{
	return rig_fn_cap(rig, 0, id, 0);
}

unsigned int rig_ext_cap_find(struct rig *rig, uint16_t id)
{
	unsigned int cap = 0x100;
	uint32_t head;

	for (; cap; cap = head >> 20) {
		head = rig_cfg_read(rig, cap);
		if ((head & 0xffff) == id)
			return cap;
	}
	return 0;
}

/* The root port forwards bus 1 and 0xe000_0000 to 0xe2ff_ffff, nothing prefetchable. */
static void setup_root_port(struct rig *rig)
{
	bus0_write(rig, HOST_BRIDGE, 0x60, ECAM | 1);
	bus0_write(rig, ROOT_PORT, 0x18, 0x00010100);
	bus0_write(rig, ROOT_PORT, 0x20, 0xe4f0e000);
	bus0_write(rig, ROOT_PORT, 0x24, 0x0000fff0);
	bus0_write(rig, ROOT_PORT, PCI_COMMAND, COMMAND_MEM | COMMAND_BM);
}

void rig_pci_setup(struct rig *rig)
{
	static const uint32_t bars[] = {RIG_BAR0, 0, RIG_BAR2, 0, RIG_BAR4, 0};
	unsigned int i;

	setup_root_port(rig);
	for (i = 0; i < 6; i++)
		rig_cfg_write(rig, 0x10 + 4 * i, bars[i]);
	rig_cfg_write(rig, PCI_COMMAND, COMMAND_MEM | COMMAND_BM);
}

#define SRIOV_CONTROL  0x08
#define SRIOV_NUM_VFS  0x10
#define SRIOV_BAR      0x24
#define SRIOV_CTRL_VFE 0x01u
#define SRIOV_CTRL_MSE 0x08u
#define SRIOV_CTRL_ARI 0x10u

void rig_vfs_enable(struct rig *rig, unsigned int num)
{
	unsigned int cap = rig_ext_cap_find(rig, 0x10), i;

	CHECK(cap);
	rig_cfg_write(rig, cap + SRIOV_CONTROL, 0);
	rig_cfg_write(rig, cap + SRIOV_BAR, RIG_VF_BAR0);
	rig_cfg_write(rig, cap + SRIOV_BAR + 8, RIG_VF_BAR2);
	rig_write(rig, ecam(0, cap + SRIOV_NUM_VFS), num, 2);
	if (num)
		rig_cfg_write(rig, cap + SRIOV_CONTROL,
			      SRIOV_CTRL_VFE | SRIOV_CTRL_MSE | SRIOV_CTRL_ARI);
	for (i = 0; i < num; i++)
		rig_fn_write(rig, 1 + i, PCI_COMMAND, COMMAND_MEM | COMMAND_BM);
}

void rig_bus_master(struct rig *rig, bool on)
{
	rig_cfg_write(rig, PCI_COMMAND, on ? COMMAND_MEM | COMMAND_BM : COMMAND_MEM);
}

uint32_t rig_reg(struct rig *rig, unsigned int reg)
{
	return rig_read(rig, RIG_BAR0 + reg, 4);
}

void rig_set_reg(struct rig *rig, unsigned int reg, uint32_t value)
{
	rig_write(rig, RIG_BAR0 + reg, value, 4);
}

bool rig_qmp(struct rig *rig, const char *command)
{
	size_t len = strlen(command);

	CHECK(write(rig->qmp_fd, command, len) == (ssize_t)len && write(rig->qmp_fd, "\n", 1) == 1);
	return rig_expect_text(rig->qmp_fd, "\"return\"", "\"error\"");
}
