/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The driver's side of a virtqueue (driver.h), what both ring formats have in common. */
#include "common/driver.h"

#include <hal_host.h>
#include <string.h>
#include "common/check.h"
#include "hal/fake/fake.h"

static const struct driver_format *driver_format(const struct driver *driver)
{
	return driver->rings.packed ? &driver_packed : &driver_split;
}

/* Where a byte of the guest's address space lies on the bus, from the region's start. */
static uint32_t driver_bus_offset(const struct driver *driver, uint32_t offset)
{
	if (driver->straight)
		return offset;
	if (HAL_HOST_MAPPED && offset < DRIVER_BUF_PAGE * DRIVER_PAGE_BYTES)
		return offset;
	return offset ^ DRIVER_PAGE_BYTES;
}

void driver_write(struct driver *driver, uint32_t offset, const void *data, uint32_t len_bytes)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++)
		driver->memory[driver_bus_offset(driver, offset + i)] = ((const uint8_t *)data)[i];
}

void driver_read(const struct driver *driver, uint32_t offset, void *data, uint32_t len_bytes)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++)
		((uint8_t *)data)[i] = driver->memory[driver_bus_offset(driver, offset + i)];
}

void driver_init(struct driver *driver, uint64_t bus_addr, uint64_t iova, uint16_t size,
		 bool writable, struct driver_rings rings)
{
	memset(driver, 0, sizeof(*driver));
	driver->iova = iova;
	driver->straight = iova == bus_addr;
	driver->size = size;
	driver->writable = writable;
	driver->rings = rings;
	driver->memory = fake_host_map(bus_addr, DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES,
				       FAKE_READ | FAKE_WRITE);
	driver_reset(driver);
}

void driver_reset(struct driver *driver)
{
	static const uint8_t zero[DRIVER_BUF_OFFSET];
	uint16_t i;

	driver->num_free = driver->num_ids = driver->num_in_flight = driver->num_batch = 0;
	for (i = 0; i < driver->size; i++) {
		driver->chain[i].num_pieces = 0;
		driver->free[driver->num_free++] = i;
		driver->ids[driver->num_ids++] = i;
	}
	driver_write(driver, 0, zero, sizeof(zero));
	driver_set_place(driver, driver->rings.packed ? VIRTQ_PACKED_WRAP : 0);
}

uint32_t driver_fill_map(const struct driver *driver, uint64_t bus_addr,
			 struct xvio_map_entry *entry)
{
	uint32_t num_pages;
	uint32_t num = 0;
	uint32_t i;

	for (i = 0; i < DRIVER_NUM_PAGES; i += num_pages) {
		num_pages = HAL_HOST_MAPPED && i == 0 ? DRIVER_BUF_PAGE : 1;
		entry[num++] = (struct xvio_map_entry){
			.iova = driver->iova + i * DRIVER_PAGE_BYTES,
			.len_bytes = num_pages * DRIVER_PAGE_BYTES,
			.bus_addr = bus_addr + driver_bus_offset(driver, i * DRIVER_PAGE_BYTES),
			.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
		};
	}
	return num;
}

uint16_t driver_advance(const struct driver *driver, uint16_t place, uint16_t num)
{
	if (!driver->rings.packed)
		return (uint16_t)(place + num);
	while (num--) {
		place++;
		if ((place & 0x7fff) == driver->size)
			place = (place & VIRTQ_PACKED_WRAP) ^ VIRTQ_PACKED_WRAP;
	}
	return place;
}

void driver_set_place(struct driver *driver, uint16_t place)
{
	assert_int_equal(driver->num_in_flight, 0);
	driver->avail_idx = driver->last_used = driver->rung_idx = place;
	driver_format(driver)->set_place(driver, place);
}

static uint32_t driver_slot_offset(uint16_t i)
{
	return DRIVER_BUF_OFFSET + i * DRIVER_SLOT_BYTES;
}

uint64_t driver_slot_iova(const struct driver *driver, uint16_t i)
{
	return driver->iova + driver_slot_offset(i);
}

uint32_t driver_table_offset(uint16_t id)
{
	return DRIVER_TABLE_OFFSET + id * DRIVER_TABLE_BYTES;
}

uint32_t driver_table_bytes(const struct driver_chain *chain)
{
	if (chain->num_direct == chain->num_pieces)
		return 0;
	return (chain->num_pieces - chain->num_direct) * (uint32_t)sizeof(struct virtq_desc);
}

struct virtq_desc driver_piece_desc(const struct driver *driver, const struct driver_chain *chain,
				    unsigned piece)
{
	return (struct virtq_desc){
		.addr = driver->iova + chain->piece[piece].offset,
		.len = chain->piece[piece].len_bytes,
		.flags = chain->piece[piece].writable ? VIRTQ_DESC_F_WRITE : 0,
	};
}

static void driver_add_piece(struct driver *driver, struct driver_chain *chain, uint32_t offset,
			     const uint8_t *data, uint32_t len_bytes)
{
	assert_in_range(len_bytes, 1, DRIVER_SLOT_BYTES);
	chain->piece[chain->num_pieces++] =
		(struct driver_piece){offset, (uint16_t)len_bytes, !data};
	if (data)
		driver_write(driver, offset, data, len_bytes);
}

/* Each in a slot of its own. */
static void driver_add_direct(struct driver *driver, struct driver_chain *chain,
			      const uint8_t *data, uint32_t len_bytes, unsigned num_pieces)
{
	for (; num_pieces; num_pieces--) {
		uint32_t piece_bytes = len_bytes / num_pieces;
		uint16_t slot = driver->free[--driver->num_free];

		chain->slot[chain->num_slots++] = slot;
		driver_add_piece(driver, chain, driver_slot_offset(slot), data, piece_bytes);
		data += data ? piece_bytes : 0;
		len_bytes -= piece_bytes;
	}
	chain->num_direct = chain->num_pieces;
}

/* As many to a slot as there is room for; of a split ring's the first slot sometimes is direct. */
static void driver_add_table(struct driver *driver, struct driver_chain *chain, const uint8_t *data,
			     uint32_t len_bytes, unsigned num_pieces)
{
	const uint32_t usual_bytes = (len_bytes + num_pieces - 1) / num_pieces;
	uint32_t room_bytes = 0, offset = 0;

	while (len_bytes) {
		uint32_t piece_bytes = len_bytes < usual_bytes ? len_bytes : usual_bytes;

		if (!room_bytes) {
			chain->slot[chain->num_slots] = driver->free[--driver->num_free];
			offset = driver_slot_offset(chain->slot[chain->num_slots++]);
			room_bytes = DRIVER_SLOT_BYTES;
		}
		if (piece_bytes > room_bytes)
			piece_bytes = room_bytes;
		driver_add_piece(driver, chain, offset, data, piece_bytes);
		data += data ? piece_bytes : 0;
		len_bytes -= piece_bytes;
		offset += piece_bytes;
		room_bytes -= piece_bytes;
	}
	if (!driver->rings.packed && chain->num_slots > 1)
		chain->num_direct = (uint16_t)check_random(2);
}

static unsigned driver_num_slots(uint32_t len_bytes)
{
	return (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;
}

/* One of the two parts of a chain: data to be read, or none to be written. */
struct driver_part {
	const uint8_t *data;
	uint32_t len_bytes;
	unsigned num_pieces; /* 0: no such part */
};

static bool driver_add(struct driver *driver, const struct driver_part part[2])
{
	const unsigned num_pieces = part[0].num_pieces + part[1].num_pieces;
	const unsigned num_slots =
		driver_num_slots(part[0].len_bytes) + driver_num_slots(part[1].len_bytes);
	const bool table = driver->rings.indirect && check_random(4) &&
			   num_pieces + num_slots <= DRIVER_TABLE_DESCS &&
			   num_pieces + num_slots <= driver->size;
	struct driver_chain *chain;
	uint16_t id;
	unsigned i;

	if (driver->num_free < (table ? num_slots : num_pieces))
		return false;
	id = driver->rings.packed ? driver->ids[--driver->num_ids]
				  : driver->free[driver->num_free - 1];
	chain = &driver->chain[id];
	assert_int_equal(chain->num_pieces, 0);
	chain->num_slots = chain->num_direct = 0;
	chain->room_bytes = part[1].len_bytes;
	for (i = 0; i < 2; i++) {
		if (!part[i].num_pieces)
			continue;
		if (table)
			driver_add_table(driver, chain, part[i].data, part[i].len_bytes,
					 part[i].num_pieces);
		else
			driver_add_direct(driver, chain, part[i].data, part[i].len_bytes,
					  part[i].num_pieces);
	}
	driver_format(driver)->offer(driver, id);
	driver->in_flight[driver->num_in_flight++] = id;
	return true;
}

bool driver_send(struct driver *driver, const void *data, uint32_t len_bytes, unsigned num_pieces)
{
	return driver_add(driver, (struct driver_part[2]){{data, len_bytes, num_pieces}});
}

bool driver_post(struct driver *driver, uint32_t len_bytes, unsigned num_pieces)
{
	return driver_add(driver, (struct driver_part[2]){{0}, {NULL, len_bytes, num_pieces}});
}

static unsigned driver_some_pieces(uint32_t len_bytes)
{
	const unsigned least = driver_num_slots(len_bytes);
	const unsigned num = least + check_random(3);

	return num < len_bytes ? num : least;
}

bool driver_command(struct driver *driver, const void *command, uint32_t command_bytes,
		    uint32_t room_bytes)
{
	const struct driver_part part[2] = {
		{command, command_bytes, driver_some_pieces(command_bytes)},
		{NULL, room_bytes, driver_some_pieces(room_bytes)},
	};

	return driver_add(driver, part);
}

static void driver_gather(const struct driver *driver, const struct driver_chain *chain,
			  uint8_t *data, uint32_t len_bytes)
{
	unsigned i;

	for (i = 0; i < chain->num_pieces && len_bytes; i++) {
		uint32_t piece_bytes = chain->piece[i].len_bytes;

		if (!chain->piece[i].writable)
			continue;
		if (piece_bytes > len_bytes)
			piece_bytes = len_bytes;
		driver_read(driver, chain->piece[i].offset, data, piece_bytes);
		data += piece_bytes;
		len_bytes -= piece_bytes;
	}
}

/* Places that a chain takes in the ring. */
static uint16_t driver_num_places(const struct driver *driver, uint16_t id)
{
	const struct driver_chain *chain = &driver->chain[id];

	return driver->rings.packed && !driver_table_bytes(chain) ? chain->num_pieces : 1;
}

uint16_t driver_used_place(const struct driver *driver)
{
	uint16_t place = driver->last_used;
	uint16_t first = 0;
	uint16_t num = driver->num_batch;
	uint32_t len_bytes;

	while (num || (num = driver_format(driver)->look(driver, place, first, &len_bytes))) {
		for (; num; num--, first++)
			place = driver_advance(driver, place,
					       driver_num_places(driver, driver->in_flight[first]));
	}
	return place;
}

bool driver_reap(struct driver *driver, void *data, uint32_t *len_bytes)
{
	uint16_t id = driver->in_flight[0];
	struct driver_chain *chain = &driver->chain[id];
	unsigned i;

	*len_bytes = 0;
	if (!driver->num_batch)
		driver->num_batch =
			driver_format(driver)->look(driver, driver->last_used, 0, len_bytes);
	if (!driver->num_batch)
		return false;
	if (driver->writable)
		assert_in_range(*len_bytes, !driver->takes_empty, chain->room_bytes);
	if (data)
		driver_gather(driver, chain, data, *len_bytes);
	driver->last_used =
		driver_advance(driver, driver->last_used, driver_num_places(driver, id));
	for (i = 0; i < chain->num_slots; i++)
		driver->free[driver->num_free++] = chain->slot[i];
	if (driver->rings.packed)
		driver->ids[driver->num_ids++] = id;
	chain->num_pieces = 0;
	driver->num_batch--;
	driver->num_in_flight--;
	memmove(driver->in_flight, driver->in_flight + 1,
		driver->num_in_flight * sizeof(driver->in_flight[0]));
	return true;
}

bool driver_wants_ring(struct driver *driver)
{
	bool wants =
		driver->rung_idx != driver->avail_idx && driver_format(driver)->wants_ring(driver);

	driver->rung_idx = driver->avail_idx;
	return wants;
}

void driver_wish(struct driver *driver, enum driver_wish wish, uint16_t ahead)
{
	driver_format(driver)->wish(driver, wish, ahead);
}

bool driver_is_due(const struct driver *driver, uint16_t from, uint16_t to)
{
	return from != to && driver_format(driver)->is_due(driver, from, to);
}
