/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The rig's host side: qtest (docs/devel/testing/qtest of QEMU), QMP, PCI by ports cf8/cfc. */
#include "rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT	    4u
#define CHUNK_BYTES 1024u
#define PCI_COMMAND 0x04
#define COMMAND_MEM 0x2u
#define COMMAND_BM  0x4u

/* Sends a line and takes the answer, "OK" or "OK value", into answer. */
static void qtest(struct rig *rig, char *answer, size_t answer_bytes, const char *format, ...)
{
	char line[2 * CHUNK_BYTES + 64];
	size_t have = 0;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	CHECK(len > 0 && (size_t)len < sizeof(line));
	CHECK(write(rig->qtest_fd, line, len) == len);
	do {
		ssize_t n = read(rig->qtest_fd, answer + have, answer_bytes - 1 - have);

		CHECK(n > 0);
		have += n;
		answer[have] = '\0';
	} while (!strchr(answer, '\n'));
	CHECK(!strncmp(answer, "OK", 2));
}

static char size_letter(unsigned int size)
{
	return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

uint64_t rig_read(struct rig *rig, uint64_t addr, unsigned int size)
{
	char answer[64];

	qtest(rig, answer, sizeof(answer), "read%c 0x%llx\n", size_letter(size),
	      (unsigned long long)addr);
	return strtoull(answer + 3, NULL, 0);
}

void rig_write(struct rig *rig, uint64_t addr, uint64_t value, unsigned int size)
{
	char answer[64];

	qtest(rig, answer, sizeof(answer), "write%c 0x%llx 0x%llx\n", size_letter(size),
	      (unsigned long long)addr, (unsigned long long)value);
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

static void cfg_select(struct rig *rig, unsigned int offset)
{
	char answer[64];

	qtest(rig, answer, sizeof(answer), "outl 0xcf8 0x%x\n",
	      0x80000000u | SLOT << 11 | (offset & 0xfc));
}

uint32_t rig_cfg_read(struct rig *rig, unsigned int offset)
{
	char answer[64];

	cfg_select(rig, offset);
	qtest(rig, answer, sizeof(answer), "inl 0xcfc\n");
	return strtoul(answer + 3, NULL, 0);
}

void rig_cfg_write(struct rig *rig, unsigned int offset, uint32_t value)
{
	char answer[64];

	cfg_select(rig, offset);
	qtest(rig, answer, sizeof(answer), "outl 0xcfc 0x%x\n", value);
}

unsigned int rig_cap_find(struct rig *rig, uint8_t id)
{
	unsigned int cap = rig_cfg_read(rig, 0x34) & 0xff;
	uint32_t head;

	for (; cap; cap = head >> 8 & 0xff) {
		head = rig_cfg_read(rig, cap);
		if ((head & 0xff) == id)
			return cap;
	}
	return 0;
}

void rig_pci_setup(struct rig *rig)
{
	static const uint32_t bars[] = {RIG_BAR0, 0, RIG_BAR2, 0, RIG_BAR4, 0};
	unsigned int i;

	for (i = 0; i < 6; i++)
		rig_cfg_write(rig, 0x10 + 4 * i, bars[i]);
	rig_cfg_write(rig, PCI_COMMAND, COMMAND_MEM | COMMAND_BM);
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
