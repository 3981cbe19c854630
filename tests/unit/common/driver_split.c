/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Split virtqueues as a driver sees them (driver.h), virtio 1.2, 2.7. */
#include "common/check.h"
#include "common/driver.h"

static uint16_t split_read16(const struct driver *driver, uint32_t offset)
{
	uint16_t value;

	driver_read(driver, offset, &value, sizeof(value));
	return value;
}

static void split_write16(struct driver *driver, uint32_t offset, uint16_t value)
{
	driver_write(driver, offset, &value, sizeof(value));
}

/* 2.7.7, 2.7.10: behind the rings' entries. */
static uint32_t split_used_event_offset(const struct driver *driver)
{
	return DRIVER_RING_OFFSET + 4 + driver->size * 2u;
}

static uint32_t split_avail_event_offset(const struct driver *driver)
{
	return DRIVER_USED_OFFSET + 4 + driver->size * 8u;
}

void driver_set_desc(struct driver *driver, uint16_t i, const struct virtq_desc *desc)
{
	driver_write(driver, DRIVER_DESC_OFFSET + i * (uint32_t)sizeof(*desc), desc, sizeof(*desc));
}

void driver_set_avail(struct driver *driver, uint16_t head, uint16_t idx)
{
	uint32_t slot = (uint16_t)(idx - 1) % driver->size;

	split_write16(driver, DRIVER_RING_OFFSET + 4 + slot * 2, head);
	split_write16(driver, DRIVER_RING_OFFSET + 2, idx);
	driver->avail_idx = idx;
}

static void split_set_place(struct driver *driver, uint16_t place)
{
	split_write16(driver, DRIVER_RING_OFFSET + 2, place);
	split_write16(driver, DRIVER_USED_OFFSET + 2, place);
}

/*
 * 2.7.5.3: chained by next. Entries of a table come in any order, but for the first (in order: as they are);
 * ours come from the end.
 */
static void split_fill_table(struct driver *driver, uint16_t head)
{
	const struct driver_chain *chain = &driver->chain[head];
	uint16_t num = chain->num_pieces - chain->num_direct;
	uint16_t at = 0;
	uint16_t i;

	for (i = 0; i < num; i++) {
		struct virtq_desc desc = driver_piece_desc(driver, chain, chain->num_direct + i);
		uint32_t offset = driver_table_offset(head) + at * (uint32_t)sizeof(desc);

		at = driver->rings.in_order ? i + 1 : num - 1 - i;
		if (i + 1 < num) {
			desc.flags |= VIRTQ_DESC_F_NEXT;
			desc.next = at;
		}
		driver_write(driver, offset, &desc, sizeof(desc));
	}
}

/* The descriptor that refers to it; WRITE is ignored there (2.7.5.3.2). */
static void split_set_table(struct driver *driver, uint16_t head, uint16_t slot)
{
	const struct virtq_desc desc = {
		.addr = driver->iova + driver_table_offset(head),
		.len = driver_table_bytes(&driver->chain[head]),
		.flags = VIRTQ_DESC_F_INDIRECT | (check_random(2) ? VIRTQ_DESC_F_WRITE : 0),
	};

	split_fill_table(driver, head);
	driver_set_desc(driver, slot, &desc);
}

static void split_offer(struct driver *driver, uint16_t head)
{
	const struct driver_chain *chain = &driver->chain[head];
	unsigned i;

	for (i = 0; i < chain->num_direct; i++) {
		struct virtq_desc desc = driver_piece_desc(driver, chain, i);

		if (i + 1 < chain->num_pieces) {
			desc.flags |= VIRTQ_DESC_F_NEXT;
			desc.next = chain->slot[i + 1];
		}
		driver_set_desc(driver, chain->slot[i], &desc);
	}
	if (driver_table_bytes(chain))
		split_set_table(driver, head, chain->slot[i]);
	driver_set_avail(driver, head, (uint16_t)(driver->avail_idx + 1));
}

/* 2.7.8: one element per chain; ours come in the order in which the chains were offered. */
static uint16_t split_look(const struct driver *driver, uint16_t place, uint16_t first,
			   uint32_t *len_bytes)
{
	uint16_t used_idx = split_read16(driver, DRIVER_USED_OFFSET + 2);
	struct virtq_used_elem elem;

	if (used_idx == place)
		return 0;
	assert_in_range((uint16_t)(used_idx - place), 1, driver->num_in_flight - first);
	driver_read(driver, DRIVER_USED_OFFSET + 4 + place % driver->size * 8u, &elem,
		    sizeof(elem));
	assert_int_equal(elem.id, driver->in_flight[first]);
	if (!driver->writable)
		assert_int_equal(elem.len, 0);
	*len_bytes = elem.len;
	return 1;
}

static bool split_wants_ring(const struct driver *driver)
{
	uint16_t event = split_read16(driver, split_avail_event_offset(driver));
	uint16_t i;

	if (!driver->rings.event_idx)
		return !(split_read16(driver, DRIVER_USED_OFFSET) & VIRTQ_USED_F_NO_NOTIFY);
	assert_int_equal(split_read16(driver, DRIVER_USED_OFFSET), 0); /* 2.7.10.2 */
	for (i = driver->rung_idx; i != driver->avail_idx; i++) {
		if (i == event)
			return true;
	}
	return false;
}

static void split_wish(struct driver *driver, enum driver_wish wish, uint16_t ahead)
{
	if (!driver->rings.event_idx) {
		split_write16(driver, DRIVER_RING_OFFSET,
			      wish == DRIVER_NEVER ? VIRTQ_AVAIL_F_NO_INTERRUPT : 0);
		return;
	}
	if (wish == DRIVER_NEVER)
		ahead = 0x8000;
	else if (wish == DRIVER_ALWAYS)
		ahead = 0;
	split_write16(driver, split_used_event_offset(driver),
		      (uint16_t)(driver->last_used + ahead));
}

static bool split_is_due(const struct driver *driver, uint16_t from, uint16_t to)
{
	uint16_t event = split_read16(driver, split_used_event_offset(driver));
	uint16_t i;

	if (!driver->rings.event_idx)
		return !(split_read16(driver, DRIVER_RING_OFFSET) & VIRTQ_AVAIL_F_NO_INTERRUPT);
	for (i = from; i != to; i++) {
		if (i == event)
			return true;
	}
	return false;
}

const struct driver_format driver_split = {
	.set_place = split_set_place,
	.offer = split_offer,
	.look = split_look,
	.wants_ring = split_wants_ring,
	.wish = split_wish,
	.is_due = split_is_due,
};
