/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A card on the test bench: QEMU with the xvio device and no CPU running. The test is all that is
 * around the card: the host (configuration space and memory, over qtest), the SoC (ivshmem client,
 * card RAM, QMP server) and the far ends of the uplinks. One rig is one QEMU process; one thread.
 */
#ifndef XVIO_TESTS_MODEL_RIG_H
#define XVIO_TESTS_MODEL_RIG_H

#include <stdbool.h>
#include <sys/types.h>
#include "xvio/link.h"

#define RIG_BAR0     0xe0000000u
#define RIG_BAR4     0xe0040000u
#define RIG_BAR2     0xe2000000u
#define RIG_VF_BAR0  0xe4000000u /* of VF 0; the others' follow */
#define RIG_VF_BAR2  0xe4100000u
#define RIG_HOST_MEM 0x1000000u /* free RAM of the host */
#define RIG_HOLE     0xd0000000u /* nobody answers at this bus address */

struct rig {
	char dir[32];
	pid_t qemu;
	pid_t soc; /* a real one, instead of the test */
	int qtest_listen_fd;
	int qtest_fd;
	int qmp_listen_fd;
	int qmp_fd;
	int soc_fd; /* ivshmem connection, -1: none */
	int ctl_fd; /* the QMP connection of the SoC, -1: none */
	int wire_fd; /* far end of uplink 0; uplink 1 has no cable */
	int hw_event[XVIO_IVSHMEM_VECTORS];
	int hart_event[XVIO_IVSHMEM_VECTORS];
	uint8_t *ram;
	struct xvio_link *link;
};

/* Fails the running test, with a message, without returning. */
_Noreturn void rig_fail(const char *file, int line, const char *what);
#define CHECK(cond)                                          \
	do {                                                 \
		if (!(cond))                                 \
			rig_fail(__FILE__, __LINE__, #cond); \
	} while (0)
/* Ends the running test as skipped. */
_Noreturn void rig_skip(const char *why);
/* Waits up to 30 s for cond: machines may be busy. */
#define WAIT(cond)                                                            \
	do {                                                                  \
		for (int waited_ms = 0; !(cond); waited_ms++) {               \
			if (waited_ms == 30000)                               \
				rig_fail(__FILE__, __LINE__, "wait: " #cond); \
			rig_sleep_ms(1);                                      \
		}                                                             \
	} while (0)

void rig_sleep_ms(int ms);

/* Makes the folder of a rig: its files outlive rig_power_off(). */
void rig_create(struct rig *rig);
/* Starts QEMU with these options of the memory backend behind its path, e.g. "share=on,size=128M". */
void rig_spawn(struct rig *rig, const char *ram_options);
/* Starts QEMU, maps card RAM and sets up the PCI device. */
void rig_power_on(struct rig *rig);
void rig_power_off(struct rig *rig);
/* QEMU is expected to give up: returns its exit status. */
int rig_wait_exit(struct rig *rig);
/* What QEMU has complained about since power-on. */
void rig_read_stderr(struct rig *rig, char *text, size_t text_bytes);
void rig_destroy(struct rig *rig);

/* The SoC's side */
void rig_soc_connect(struct rig *rig);
/* Starts a real SoC in the rig's folder; what it prints is in soc.log there. */
void rig_soc_spawn(struct rig *rig, char *const argv[]);
void rig_soc_disconnect(struct rig *rig);
/* The SoC's monitor, which the card sends resets to. */
void rig_ctl_connect(struct rig *rig);
/* Reads from a socket until text was seen; false when unless was, or after 20 s without. */
bool rig_expect_text(int fd, const char *text, const char *unless);
struct xvio_hart_rings *rig_rings(struct rig *rig, unsigned int hart);
struct xvio_mac_rx *rig_mac_rx(struct rig *rig, unsigned int uplink);
/* The hart starts: its own words zeroed, ready in the present generation. */
void rig_hart_start(struct rig *rig, unsigned int hart);
/* Publishes an operation; rig_kick() signals the hardware. */
void rig_post(struct rig *rig, unsigned int hart, struct xvio_op op);
void rig_kick(struct rig *rig);
/* Posts, kicks, waits; returns the completion. */
uint32_t rig_run(struct rig *rig, unsigned int hart, struct xvio_op op);
/* Was this hart woken since the last call? Waits up to wait_ms. */
bool rig_woken(struct rig *rig, unsigned int hart, int wait_ms);
uint32_t rig_load(const uint32_t *word);
void rig_store(uint32_t *word, uint32_t value);

/* The host's side */
uint32_t rig_cfg_read(struct rig *rig, unsigned int offset);
void rig_cfg_write(struct rig *rig, unsigned int offset, uint32_t value);
unsigned int rig_cap_find(struct rig *rig, uint8_t id);
/* The same of one of the card's functions: 0 the PF, 1 + n VF n. */
uint32_t rig_fn_read(struct rig *rig, unsigned int function, unsigned int offset);
void rig_fn_write(struct rig *rig, unsigned int function, unsigned int offset, uint32_t value);
/* The first capability of this id behind a place, 0: the first of all. 0: none. */
unsigned int rig_fn_cap(struct rig *rig, unsigned int function, uint8_t id, unsigned int behind);
unsigned int rig_ext_cap_find(struct rig *rig, uint16_t id);
void rig_pci_setup(struct rig *rig);
/* So many VFs, with their BARs where RIG_VF_* says. */
void rig_vfs_enable(struct rig *rig, unsigned int num);
void rig_bus_master(struct rig *rig, bool on);
/* Memory and MMIO; size is 1, 2, 4 or 8 bytes. */
uint64_t rig_read(struct rig *rig, uint64_t addr, unsigned int size);
void rig_write(struct rig *rig, uint64_t addr, uint64_t value, unsigned int size);
/* The same in two steps: the card may hold the answer back. */
void rig_read_begin(struct rig *rig, uint64_t addr, unsigned int size);
void rig_write_begin(struct rig *rig, uint64_t addr, uint64_t value, unsigned int size);
/* Has it been answered? Waits up to wait_ms. */
bool rig_answered(struct rig *rig, int wait_ms);
/* Takes the answer: of a read, its value. */
uint64_t rig_end(struct rig *rig);
void rig_mem_read(struct rig *rig, uint64_t addr, void *buf, size_t len);
void rig_mem_write(struct rig *rig, uint64_t addr, const void *buf, size_t len);
uint32_t rig_reg(struct rig *rig, unsigned int reg);
void rig_set_reg(struct rig *rig, unsigned int reg, uint32_t value);
/* One QMP command, e.g. {'execute':'set_link',...}: does it succeed? */
bool rig_qmp(struct rig *rig, const char *command);

#endif
