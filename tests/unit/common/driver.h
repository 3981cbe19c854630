/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The driver's side of a split virtqueue, as a guest would have it: rings and buffers in the guest's
 * own address space, whose pages lie elsewhere, in another order, on the bus. Each descriptor i has
 * DRIVER_SLOT_BYTES of buffer of its own. A device that breaks the protocol fails the test.
 */
#ifndef COMMON_DRIVER_H
#define COMMON_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/mbox.h>
#include <xvio/virtio.h>

#define DRIVER_MAX_SIZE	   256u
#define DRIVER_SLOT_BYTES  1024u
#define DRIVER_PAGE_BYTES  4096u
#define DRIVER_DESC_OFFSET 0x0000u
#define DRIVER_RING_OFFSET 0x1010u /* avail, not at a page's start */
#define DRIVER_USED_OFFSET 0x1f00u /* crosses a page */
#define DRIVER_BUF_OFFSET  0x4000u
#define DRIVER_NUM_PAGES   (4u + DRIVER_MAX_SIZE * DRIVER_SLOT_BYTES / DRIVER_PAGE_BYTES)

struct driver {
	uint64_t iova; /* of everything */
	uint16_t size;
	bool writable; /* receive queue */
	uint16_t avail_idx;
	uint16_t last_used;
	uint16_t num_free;
	uint16_t free[DRIVER_MAX_SIZE]; /* descriptors */
	uint16_t chain_len[DRIVER_MAX_SIZE]; /* of the chain with this head, 0: none */
	uint16_t chain[DRIVER_MAX_SIZE][DRIVER_MAX_SIZE];
	uint32_t room_bytes[DRIVER_MAX_SIZE]; /* of the chain with this head */
	uint8_t *memory; /* bus memory, pages swapped in pairs */
};

/* Makes the memory, at bus address bus_addr; iova is another address. */
void driver_init(struct driver *driver, uint64_t bus_addr, uint64_t iova, uint16_t size,
		 bool writable);

/* The DRIVER_NUM_PAGES entries of an address map that make it reachable. */
void driver_fill_map(const struct driver *driver, uint64_t bus_addr, struct xvio_map_entry *entry);

/* Guest memory by offset from iova. */
void driver_write(struct driver *driver, uint32_t offset, const void *data, uint32_t len_bytes);
void driver_read(const struct driver *driver, uint32_t offset, void *data, uint32_t len_bytes);

/* Makes a chain available: data in num_pieces descriptors (num_pieces <= len_bytes). False: full. */
bool driver_send(struct driver *driver, const void *data, uint32_t len_bytes, unsigned num_pieces);

/* The same with an empty buffer of len_bytes. */
bool driver_post(struct driver *driver, uint32_t len_bytes, unsigned num_pieces);

/* Takes the next used chain; false if none. What was written is in data, its length in *len_bytes. */
bool driver_reap(struct driver *driver, void *data, uint32_t *len_bytes);

/* Writes descriptor i as it is, and makes head available as it is: for hostile rings. */
void driver_set_desc(struct driver *driver, uint16_t i, const struct virtq_desc *desc);
void driver_set_avail(struct driver *driver, uint16_t head, uint16_t idx);

/* Address of descriptor i's buffer. */
uint64_t driver_slot_iova(const struct driver *driver, uint16_t i);

#endif
