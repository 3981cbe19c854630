/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The fake platform: one thread that plays all cores, the host and the wires, under the control of a
 * test. Time stands still unless moved; any operation can be made to fail; a script may change host
 * memory between any two DMA operations. Misuse of the HAL's contract aborts.
 */
#ifndef HAL_FAKE_FAKE_H
#define HAL_FAKE_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hal_dma_op;

#define FAKE_MEMORY_BYTES (96u << 20)
#define FAKE_KEEP_BYTES	  (6u << 20) /* hal_keep() */

/*
 * Everything as after power-on, but that hal_memory() keeps what the last test left in it (the heap
 * clears what it gives out). The test plays core 0. Call before each test.
 */
void fake_reset(unsigned num_cores, unsigned num_uplinks);

/*
 * The SoC is reset, and the firmware begins anew: as fake_reset(), but that host memory, flash, and what is kept
 * (hal_keep()) stay as they are. May be called when something has jumped out of the firmware.
 */
void fake_restart(unsigned num_cores, unsigned num_uplinks);

/* Which core the caller is from now on. */
void fake_set_core(unsigned core);

/*
 * What the worker cores do while core 0 sleeps: poll is run once on each of them, as that core.
 * (Tests pass worker_poll.) NULL: nothing.
 */
void fake_set_poll(bool (*poll)(void));

/* What hal_halt() does instead of aborting, on that core: it must not return. Forgotten by reset. */
void fake_set_halt(void (*halt)(unsigned core));

/* Runs poll on every worker core until all say that there was no work; false: not in 1000 rounds. */
bool fake_run(void);

void fake_advance_us(uint64_t us);

/* Host memory: regions of bus addresses. */
#define FAKE_READ  0x1u /* the card may read */
#define FAKE_WRITE 0x2u

/* Makes a zeroed region, and returns where the test finds it; it must not overlap another. */
void *fake_host_map(uint64_t bus_addr, size_t len_bytes, unsigned perm);
/* The same memory by bus address; aborts if it is not all in one region. */
void *fake_host(uint64_t bus_addr, size_t len_bytes);

/* DMA */
uint64_t fake_dma_calls(void); /* hal_dma() calls since reset */
uint64_t fake_dma_ops(void); /* operations since reset */
/* Lets the operation that comes after num more fail as if the bus refused it, once; -1: none. */
void fake_fail_after(int64_t num);
/*
 * script is called before each operation, with its number since reset. NULL: none. Where host memory is
 * mapped: whenever the path asks where some of it is, which it does before it copies.
 */
void fake_set_script(void (*script)(uint64_t op, void *arg), void *arg);

/*
 * bus is asked about each operation before it is carried out, and about each MSI-X (host_addr: the
 * vector); false: it is refused, like one to where nothing is mapped. host: the memory that it is about,
 * NULL if there is none. NULL: what is mapped is everybody's. Forgotten by reset.
 */
void fake_set_bus(bool (*bus)(const struct hal_dma_op *op, const void *host));

/* hal_host_memory() where host memory is mapped; aborts if there is none. */
void *fake_touch(uint64_t bus_addr);

/* How often a vector of a function was raised since reset. */
unsigned fake_msix_count(uint16_t function, uint16_t vector);

void fake_ring(uint32_t doorbell);

/* Wires. push: a frame arrives; false if all slots are full. */
bool fake_mac_push(unsigned uplink, const void *frame, size_t len_bytes);
/* pop: takes the oldest frame that was sent; its length, 0 if there is none. */
size_t fake_mac_pop(unsigned uplink, void *frame, size_t room_bytes);
void fake_mac_set_link(unsigned uplink, bool up);

/* Mailbox and flash: what the host writes. */
void *fake_mbox_request(void); /* the window */
void fake_mbox_ring(uint32_t seq);
uint8_t *fake_flash(void); /* XVIO_FLASH_BYTES, erased by reset */
void fake_set_boot(uint32_t generation, unsigned slot);

/*
 * Registers of VFs: the host writes (or resets the function), reads. A read is only possible when all
 * that was written before is done; else it aborts.
 */
void fake_vf_write(unsigned vf, uint32_t offset, unsigned size_bytes, uint32_t value);
void fake_vf_reset(unsigned vf);
uint32_t fake_vf_read(unsigned vf, uint32_t offset, unsigned size_bytes);

/* The last line that was logged. */
const char *fake_log_last(void);

#endif
