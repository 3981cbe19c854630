/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The few functions of QEMU's plugin interface, version 1 as in QEMU 7.2, that count_plugin.c
 * uses: Debian 12 has the interface in its QEMU but no package with the header.
 */
#ifndef BENCH_COUNT_PLUGIN_API_H
#define BENCH_COUNT_PLUGIN_API_H

#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_API		   1
#define QEMU_PLUGIN_CB_NO_REGS	   0
#define QEMU_PLUGIN_INLINE_ADD_U64 0

struct qemu_plugin_tb;
struct qemu_plugin_insn;

/* Exported by the plugin. */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* Called by it. */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*fn)(uint64_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *ptr,
						uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*fn)(unsigned vcpu, void *arg), int flags,
					    void *arg);

#endif
