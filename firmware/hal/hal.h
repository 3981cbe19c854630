/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The contract between the firmware and what it runs on. One implementation is chosen at link time:
 * rv64 (the card), posix (native process), vhost (vhost-user back-end), fake (unit tests). Unless
 * said otherwise a function is called on the core it is about, does not block, and cannot fail. Cores
 * are 0 .. hal_num_cores()-1; core 0 is the control core, the others are workers.
 */
#ifndef HAL_HAL_H
#define HAL_HAL_H

#include <hal_host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Cores and time */

unsigned hal_num_cores(void);

/* The calling core's number. */
unsigned hal_core(void);

/* Monotonic microseconds since some moment before start; the same clock on every core. */
uint64_t hal_time_us(void);

/* The calling core's cycle counter, for accounting: runs freely, does not stop in hal_sleep(). */
uint64_t hal_cycles(void);

/*
 * Sleeps until something for this core arrives (operation done, doorbell, frame, mailbox request,
 * VF register, hal_wake()) or timeout_us passed; returns at once if something is already there. May return early.
 */
void hal_sleep(uint64_t timeout_us);

/*
 * Makes core's current or next hal_sleep() return. Any core. A wake is remembered until slept on;
 * stores before it are seen by the woken core.
 */
void hal_wake(unsigned core);

/* Memory: one region of DMA-able card RAM, zeroed, for the firmware's heap (lib/heap.h). Core 0. */
void *hal_memory(size_t *len_bytes);

/*
 * Memory that a restart of the firmware leaves as it is: all 0 after power-on, else what an earlier run wrote,
 * who may have died at any store; or nonsense. Not for DMA. Core 0. HALs without ctrl have none.
 */
void *hal_keep(size_t *len_bytes);

/*
 * Host memory. The HAL's own include/hal_host.h says at build time how the card gets at it:
 * HAL_HOST_MAPPED 1, and hal_host_memory(bus_addr) is where the bytes from bus_addr on stand in the
 * path's own address space (an address that an address map gave, valid while the map is); or
 * HAL_HOST_MAPPED 0, and only hal_dma() reaches it. What stands there may change at any moment.
 */

/* DMA and interrupts */

enum hal_dma_dir {
	HAL_DMA_READ = 1, /* host -> card */
	HAL_DMA_WRITE = 2, /* card -> host */
	HAL_DMA_MSIX = 3, /* raises vector (in host_addr) after all earlier writes of the list */
};

struct hal_dma_op {
	uint64_t host_addr; /* bus address; HAL_DMA_MSIX: vector */
	void *card; /* in memory from hal_memory() or a MAC slot; stays untouched until the list ends */
	uint8_t *flag; /* the caller's */
	uint32_t len_bytes; /* > 0 but for MSIX */
	union {
		struct {
			uint16_t function; /* requester: XVIO_FUNCTION_* */
			uint8_t dir; /* enum hal_dma_dir */
			uint8_t failed; /* out: 1 if the bus refused; the contents are then undefined */
		};
		uint32_t request; /* these in one: many operations differ in the rest alone */
	};
};

/*
 * Only where HAL_HOST_MAPPED is 0.
 * Runs a list of operations strictly in order, each as if complete before the next begins, and
 * returns the number that failed. Sleeps until all are done. num_ops of any size. The host sees eight bytes
 * that are written to a multiple of eight at once. After a reset of the card an operation is done as a whole
 * or not at all.
 */
unsigned hal_dma(struct hal_dma_op *ops, unsigned num_ops);

/* Raises an MSI-X vector of a function, after all writes of earlier hal_dma() calls of this core. */
void hal_msix(uint16_t function, uint16_t vector);

/* Doorbells: doorbell numbers are queue ids, below XVIO_NUM_DOORBELLS. */

/* Routes a doorbell to a core. Core 0, before the queue is used. */
void hal_doorbell_bind(uint32_t doorbell, unsigned core);

/*
 * Takes the next rung doorbell of this core; false if none. Rings that come before it is taken are
 * merged into one; a ring that comes after it was taken is a new one.
 */
bool hal_doorbell_take(uint32_t *doorbell);

/* MAC ports (uplinks) */

struct hal_frame {
	uint8_t *data; /* starts at the Ethernet header, no FCS; in DMA-able card RAM */
	uint32_t len_bytes;
};

unsigned hal_num_uplinks(void);

/* Chooses the one core that takes an uplink's frames. Core 0. */
void hal_mac_bind(unsigned uplink, unsigned core);

/*
 * Shows up to max frames that have arrived, oldest first, and returns their number. They stay valid,
 * and are not shown again, until hal_mac_release() gives back the oldest num of those shown.
 */
unsigned hal_mac_receive(unsigned uplink, struct hal_frame *frames, unsigned max);
void hal_mac_release(unsigned uplink, unsigned num);

/*
 * Sends frames in order; returns the number that went onto the wire (no link: 0). The memory may be
 * reused when it returns; it may sleep. Any core.
 */
unsigned hal_mac_send(unsigned uplink, const struct hal_frame *frames, unsigned num);

bool hal_mac_link_up(unsigned uplink);

/* Frames lost for want of a slot since start. */
uint64_t hal_mac_lost(unsigned uplink);

/* The card's base address. */
void hal_mac_address(uint8_t mac[6]);

/* Windows that the host sees in BAR0 (xvio/regs.h), core 0 only. XVIO_WIN_BYTES each. */

struct xvio_status *hal_status(void);
const volatile void *hal_mbox_request(void); /* the host may change it at any moment */
void *hal_mbox_response(void);
void *hal_events(void);

/* Sequence number the host last rang the mailbox with; 0 before the first. */
uint32_t hal_mbox_seq(void);

/* The generation number of the reset that started this run (xvio_status.generation). */
uint32_t hal_generation(void);

/*
 * Registers of virtual functions (xvio/pci.h), core 0 only. What the host reads at an offset of VF n's
 * registers is what stands there in hal_vf_page(n), XVIO_VF_REGS_BYTES, zeroed at start. What it writes
 * comes by hal_vf_take(), in order; what it reads after a write it gets after hal_vf_done() only.
 */
void *hal_vf_page(unsigned vf);

struct hal_vf_access {
	uint16_t vf; /* below XVIO_NUM_VFS, there or not */
	bool is_reset; /* of the function (FLR), not a write; until done no DMA of it succeeds */
	uint16_t offset; /* in the page, a multiple of size_bytes */
	uint8_t size_bytes; /* 1, 2 or 4 */
	uint32_t value;
};

/* The oldest write that is not done; false if there is none. */
bool hal_vf_take(struct hal_vf_access *access);

/* It is done: the host sees its effect. */
void hal_vf_done(void);

/* Flash as the SoC reads it (XVIO_FLASH_BYTES); nothing here writes it. */
const uint8_t *hal_flash(void);

/* Which slot this run was booted from. */
unsigned hal_boot_slot(void);

/*
 * Log line (no newline needed; what is longer than 130 bytes is cut off), any core; goes to the trace ring
 * (xvio/trace.h) with the time in front, and to a console if there is one.
 */
void hal_log(const char *text);

/* Stops this core for ever, or ends the process; lib/panic.h has written the message. */
_Noreturn void hal_halt(void);

#endif
