/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packed virtqueues as a driver sees them (driver.h), virtio 1.2, 2.8. */
#include "common/check.h"
#include "common/driver.h"

#define MARKS (VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED)

static uint32_t packed_offset(uint16_t place)
{
	return DRIVER_DESC_OFFSET + (place & 0x7fffu) * (uint32_t)sizeof(struct virtq_packed_desc);
}

void driver_set_packed(struct driver *driver, uint16_t i, const struct virtq_packed_desc *desc)
{
	driver_write(driver, packed_offset(i), desc, sizeof(*desc));
}

/* 2.8.1: available: AVAIL as the wrap counter, USED the other way; used: both as the counter. */
static uint16_t packed_avail_marks(uint16_t place)
{
	return place & VIRTQ_PACKED_WRAP ? VIRTQ_PACKED_DESC_F_AVAIL : VIRTQ_PACKED_DESC_F_USED;
}

static uint16_t packed_used_marks(uint16_t place)
{
	return place & VIRTQ_PACKED_WRAP ? MARKS : 0;
}

/* What is in front of place was used in this lap, the rest in the one before. */
static void packed_set_place(struct driver *driver, uint16_t place)
{
	struct virtq_packed_desc desc = {0};
	uint16_t i;

	for (i = 0; i < driver->size; i++) {
		desc.flags = packed_used_marks(place);
		if (i >= (place & 0x7fff))
			desc.flags ^= MARKS;
		driver_set_packed(driver, i, &desc);
	}
}

/* 2.8.7: one behind the other; flags but WRITE, and the id, are reserved. The first's flags come last. */
static void packed_offer_table(struct driver *driver, uint16_t id)
{
	const struct driver_chain *chain = &driver->chain[id];
	const uint16_t place = driver->avail_idx;
	struct virtq_packed_desc desc;
	unsigned i;

	for (i = 0; i < chain->num_pieces; i++) {
		const struct virtq_desc piece = driver_piece_desc(driver, chain, i);

		desc = (struct virtq_packed_desc){
			.addr = piece.addr,
			.len = piece.len,
			.id = 0x7777,
			.flags = (uint16_t)check_random(0x10000) & (uint16_t)~VIRTQ_DESC_F_WRITE,
		};
		desc.flags |= piece.flags;
		driver_write(driver, driver_table_offset(id) + i * (uint32_t)sizeof(desc), &desc,
			     sizeof(desc));
	}
	desc = (struct virtq_packed_desc){
		.addr = driver->iova + driver_table_offset(id),
		.len = driver_table_bytes(chain),
		.id = id,
		.flags = packed_used_marks(place) ^ MARKS,
	};
	driver_set_packed(driver, place, &desc);
	desc.flags = packed_avail_marks(place) | VIRTQ_DESC_F_INDIRECT |
		     (check_random(2) ? VIRTQ_DESC_F_WRITE : 0);
	driver_write(driver, packed_offset(place) + 14, &desc.flags, 2);
	driver->avail_idx = driver_advance(driver, place, 1);
}

/* The first descriptor's flags come last (2.8.21); the id counts in the last descriptor (2.8.6). */
static void packed_offer(struct driver *driver, uint16_t id)
{
	const struct driver_chain *chain = &driver->chain[id];
	uint16_t first = driver->avail_idx;
	uint16_t place = first;
	uint16_t first_flags = 0;
	unsigned i;

	if (driver_table_bytes(chain)) {
		packed_offer_table(driver, id);
		return;
	}
	for (i = 0; i < chain->num_pieces; i++) {
		const struct virtq_desc piece = driver_piece_desc(driver, chain, i);
		struct virtq_packed_desc desc = {
			.addr = piece.addr,
			.len = piece.len,
			.id = i + 1 < chain->num_pieces ? 0x7777 : id,
			.flags = packed_avail_marks(place) | piece.flags,
		};

		if (i + 1 < chain->num_pieces)
			desc.flags |= VIRTQ_DESC_F_NEXT;
		if (i == 0) {
			first_flags = desc.flags;
			desc.flags = packed_used_marks(place) ^ MARKS;
		}
		driver_set_packed(driver, place, &desc);
		place = driver_advance(driver, place, 1);
	}
	driver_write(driver, packed_offset(first) + 14, &first_flags, 2);
	driver->avail_idx = place;
}

/* 2.8.17: in order, one used descriptor with the last id tells of a batch, if nothing was written. */
static uint16_t packed_look(const struct driver *driver, uint16_t place, uint16_t first,
			    uint32_t *len_bytes)
{
	struct virtq_packed_desc desc;
	uint16_t num;

	driver_read(driver, packed_offset(place), &desc, sizeof(desc));
	if ((desc.flags & MARKS) != packed_used_marks(place))
		return 0;
	assert_true(first < driver->num_in_flight);
	if (!driver->writable)
		assert_int_equal(desc.len, 0);
	assert_int_equal(desc.flags & ~MARKS, desc.len ? VIRTQ_DESC_F_WRITE : 0);
	for (num = 1; driver->in_flight[first + num - 1] != desc.id; num++) {
		assert_true(driver->rings.in_order && !driver->writable);
		assert_true(first + num < driver->num_in_flight);
	}
	*len_bytes = desc.len;
	return num;
}

/* 2.8.10 */
static bool packed_asks(const struct driver *driver, struct virtq_packed_event event, uint16_t from,
			uint16_t to)
{
	if (event.flags != VIRTQ_PACKED_EVENT_DESC)
		return event.flags == VIRTQ_PACKED_EVENT_ENABLE;
	assert_true(driver->rings.event_idx);
	for (; from != to; from = driver_advance(driver, from, 1)) {
		if (from == event.place)
			return true;
	}
	return false;
}

/* A whole ring of new descriptors leaves the place where it was, but for the wrap counter. */
static bool packed_wants_ring(const struct driver *driver)
{
	struct virtq_packed_event event;

	driver_read(driver, DRIVER_USED_OFFSET, &event, sizeof(event));
	assert_in_range(event.flags, VIRTQ_PACKED_EVENT_ENABLE, VIRTQ_PACKED_EVENT_DESC);
	return packed_asks(driver, event, driver->rung_idx, driver->avail_idx);
}

static void packed_wish(struct driver *driver, enum driver_wish wish, uint16_t ahead)
{
	struct virtq_packed_event event = {.flags = VIRTQ_PACKED_EVENT_ENABLE};

	if (wish == DRIVER_NEVER) {
		event.flags = VIRTQ_PACKED_EVENT_DISABLE;
	} else if (wish == DRIVER_AT && driver->rings.event_idx) {
		event.flags = VIRTQ_PACKED_EVENT_DESC;
		event.place = driver_advance(driver, driver->last_used, ahead);
	}
	driver_write(driver, DRIVER_RING_OFFSET, &event, sizeof(event));
}

static bool packed_is_due(const struct driver *driver, uint16_t from, uint16_t to)
{
	struct virtq_packed_event event;

	driver_read(driver, DRIVER_RING_OFFSET, &event, sizeof(event));
	return packed_asks(driver, event, from, to);
}

const struct driver_format driver_packed = {
	.set_place = packed_set_place,
	.offer = packed_offer,
	.look = packed_look,
	.wants_ring = packed_wants_ring,
	.wish = packed_wish,
	.is_due = packed_is_due,
};
