/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * QEMU plugin: how often each instruction of an address range is executed between one place and
 * another. Loaded by tests/bench/count:
 *   -plugin count_plugin.so,low=HEX,high=HEX,begin=HEX,end=HEX,out=FILE
 * Writes "phase N", then "ADDRESS TIMES" lines, each time the end is reached. One hart.
 */
#include "bench/count_plugin_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MIN_INSN_BYTES 2u

int qemu_plugin_version = QEMU_PLUGIN_API;

static struct {
	uint64_t low, high; /* the range */
	uint64_t begin, end; /* the places */
	uint64_t *times; /* by instruction address in the range */
	FILE *out;
	unsigned phase;
} count;

static size_t count_num(void)
{
	return (size_t)(count.high - count.low) / COUNT_MIN_INSN_BYTES;
}

static void count_at_begin(unsigned vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	memset(count.times, 0, count_num() * sizeof(*count.times));
}

static void count_at_end(unsigned vcpu, void *arg)
{
	size_t i;

	(void)vcpu;
	(void)arg;
	fprintf(count.out, "phase %u\n", count.phase++);
	for (i = 0; i < count_num(); i++) {
		if (count.times[i])
			fprintf(count.out, "%" PRIx64 " %" PRIu64 "\n",
				count.low + i * COUNT_MIN_INSN_BYTES, count.times[i]);
	}
	fflush(count.out);
}

static void count_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t num = qemu_plugin_tb_n_insns(tb);
	size_t i;

	(void)id;
	for (i = 0; i < num; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t at = qemu_plugin_insn_vaddr(insn);

		if (at >= count.low && at < count.high)
			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, QEMU_PLUGIN_INLINE_ADD_U64,
				&count.times[(at - count.low) / COUNT_MIN_INSN_BYTES], 1);
		if (at == count.begin || at == count.end)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, at == count.begin ? count_at_begin : count_at_end,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

static void count_option(const char *text)
{
	const char *value = strchr(text, '=');
	struct {
		const char *name;
		uint64_t *to;
	} option[] = {{"low=", &count.low},
		      {"high=", &count.high},
		      {"begin=", &count.begin},
		      {"end=", &count.end}};
	size_t i;

	if (value && !strncmp(text, "out=", 4))
		count.out = fopen(value + 1, "w");
	for (i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
		if (value && !strncmp(text, option[i].name, strlen(option[i].name)))
			*option[i].to = strtoull(value + 1, NULL, 16);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		count_option(argv[i]);
	if (!count.out || count.high <= count.low || !count.begin || !count.end) {
		fprintf(stderr, "count_plugin: low, high, begin, end and out are needed\n");
		return 1;
	}
	count.times = calloc(count_num(), sizeof(*count.times));
	if (!count.times)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, count_translate);
	return 0;
}
