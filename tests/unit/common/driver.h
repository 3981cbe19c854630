/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The driver's side of a virtqueue, split or packed, as a guest would have it: rings and buffers in the
 * guest's own address space, whose pages lie elsewhere, in another order, on the bus (the rings in one
 * piece where host memory is mapped). Plain, by the text of virtio 1.2, nothing shared with the device.
 * A device that breaks the protocol fails the test.
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
#define DRIVER_DESC_OFFSET 0x0000u /* packed: the ring */
#define DRIVER_RING_OFFSET 0x1010u /* avail, not at a page's start; packed: driver's event */
#define DRIVER_USED_OFFSET 0x1f00u /* crosses a page; packed: device's event */
#define DRIVER_BUF_PAGE	   4u
#define DRIVER_BUF_OFFSET  0x4200u /* every fourth slot crosses a page */
#define DRIVER_TABLE_DESCS 64u /* of an indirect table */
#define DRIVER_TABLE_BYTES (DRIVER_TABLE_DESCS * 16u)
#define DRIVER_TABLE_OFFSET \
	(DRIVER_BUF_OFFSET + DRIVER_MAX_SIZE * DRIVER_SLOT_BYTES) /* every fourth crosses a page */
#define DRIVER_NUM_PAGES \
	(6u + DRIVER_MAX_SIZE * (DRIVER_SLOT_BYTES + DRIVER_TABLE_BYTES) / DRIVER_PAGE_BYTES)

/* What was negotiated. */
struct driver_rings {
	bool packed;
	bool event_idx;
	bool in_order;
	bool indirect; /* chains that go into a table mostly do */
};

/* A buffer of a chain. */
struct driver_piece {
	uint32_t offset;
	uint16_t len_bytes;
	bool writable;
};

/*
 * A chain in flight, by its name: the head descriptor, or the buffer id. Its slots are the descriptors, too,
 * of a split ring: of one with a table, the first (num_direct 0) or the first two.
 */
struct driver_chain {
	uint16_t num_pieces; /* 0: not in flight */
	uint16_t num_slots;
	uint16_t num_direct; /* pieces that are not in the table */
	uint16_t slot[DRIVER_MAX_SIZE];
	struct driver_piece piece[DRIVER_MAX_SIZE];
	uint32_t room_bytes;
};

/*
 * Places in a ring: split: an index that runs freely; packed: the descriptor's number, and the wrap
 * counter in bit 15, as in virtq_config.last_avail.
 */
struct driver {
	uint64_t iova; /* of everything */
	bool straight; /* addresses are the bus's */
	uint16_t size;
	bool writable; /* the device writes: a receive or control queue */
	bool takes_empty; /* what the device wrote may be nothing */
	struct driver_rings rings;
	uint16_t avail_idx; /* place of what comes next */
	uint16_t last_used; /* place of what is used next */
	uint16_t rung_idx; /* up to here the device was asked whether it wants to be rung */
	uint16_t num_free;
	uint16_t free[DRIVER_MAX_SIZE]; /* slots */
	uint16_t num_ids;
	uint16_t ids[DRIVER_MAX_SIZE]; /* packed: buffer ids that are free */
	uint16_t num_in_flight;
	uint16_t in_flight[DRIVER_MAX_SIZE]; /* names, the oldest first */
	uint16_t num_batch; /* the oldest that are used, and not reaped yet */
	struct driver_chain chain[DRIVER_MAX_SIZE];
	uint8_t *memory; /* bus memory, pages swapped in pairs */
};

/* Makes the memory, at bus address bus_addr; iova is another address, or the same: then no page is elsewhere. */
void driver_init(struct driver *driver, uint64_t bus_addr, uint64_t iova, uint16_t size,
		 bool writable, struct driver_rings rings);

/* The entries (at most DRIVER_NUM_PAGES) of an address map that make it reachable; how many. */
uint32_t driver_fill_map(const struct driver *driver, uint64_t bus_addr,
			 struct xvio_map_entry *entry);

/* Forgets what is in flight, and begins at the first place of a new ring. */
void driver_reset(struct driver *driver);

/* With nothing in flight: goes on at another place, as if all up to there had been used. */
void driver_set_place(struct driver *driver, uint16_t place);

/* The place num (<= size) behind. */
uint16_t driver_advance(const struct driver *driver, uint16_t place, uint16_t num);

/* Guest memory by offset from iova. */
void driver_write(struct driver *driver, uint32_t offset, const void *data, uint32_t len_bytes);
void driver_read(const struct driver *driver, uint32_t offset, void *data, uint32_t len_bytes);

/* Makes a chain available: data in num_pieces descriptors (num_pieces <= len_bytes). False: full. */
bool driver_send(struct driver *driver, const void *data, uint32_t len_bytes, unsigned num_pieces);

/* The same with an empty buffer of len_bytes. */
bool driver_post(struct driver *driver, uint32_t len_bytes, unsigned num_pieces);

/* On a control queue: a command, and an empty buffer of room_bytes for its answer. */
bool driver_command(struct driver *driver, const void *command, uint32_t command_bytes,
		    uint32_t room_bytes);

/* Takes the next used chain; false if none. What was written is in data, its length in *len_bytes. */
bool driver_reap(struct driver *driver, void *data, uint32_t *len_bytes);

/* Whether the device asks to be rung for what was made available since the last call. */
bool driver_wants_ring(struct driver *driver);

/* When the driver wishes to be interrupted. */
enum driver_wish {
	DRIVER_NEVER, /* with event index on split rings: not in the next 32768 chains */
	DRIVER_ALWAYS, /* with event index on split rings: for the next one */
	DRIVER_AT, /* when the one that is ahead of the next is used; else as DRIVER_ALWAYS */
};
void driver_wish(struct driver *driver, enum driver_wish wish, uint16_t ahead);

/* The place up to which the device has told of used chains. */
uint16_t driver_used_place(const struct driver *driver);

/* Whether the driver's wish asks for an interrupt when the used place moves so. */
bool driver_is_due(const struct driver *driver, uint16_t from, uint16_t to);

/* Writes descriptor i as it is, and makes head available as it is: for hostile rings. */
void driver_set_desc(struct driver *driver, uint16_t i, const struct virtq_desc *desc);
void driver_set_packed(struct driver *driver, uint16_t i, const struct virtq_packed_desc *desc);
void driver_set_avail(struct driver *driver, uint16_t head, uint16_t idx);

/* A piece of a chain as a descriptor's buffer, with no flag but WRITE: in a ring, or in a table. */
struct virtq_desc driver_piece_desc(const struct driver *driver, const struct driver_chain *chain,
				    unsigned piece);

/* Where a chain's table is, and how long; none: 0. */
uint32_t driver_table_offset(uint16_t id);
uint32_t driver_table_bytes(const struct driver_chain *chain);

/* Address of a slot, a descriptor's buffer. */
uint64_t driver_slot_iova(const struct driver *driver, uint16_t i);

/* The ring formats (driver_split.c, driver_packed.c), for driver.c. */
struct driver_format {
	void (*set_place)(struct driver *driver, uint16_t place);
	/* Makes the chain available. */
	void (*offer)(struct driver *driver, uint16_t id);
	/* Looks at what is used at place, when the oldest chain that is not is in_flight[first]: how
	 * many chains (0: none), and what was written to the last. */
	uint16_t (*look)(const struct driver *driver, uint16_t place, uint16_t first,
			 uint32_t *len_bytes);
	bool (*wants_ring)(const struct driver *driver);
	void (*wish)(struct driver *driver, enum driver_wish wish, uint16_t ahead);
	bool (*is_due)(const struct driver *driver, uint16_t from, uint16_t to);
};
extern const struct driver_format driver_split;
extern const struct driver_format driver_packed;

#endif
