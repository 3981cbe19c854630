/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The driver's side of a split virtqueue (driver.h), virtio 1.2, 2.7. */
#include "common/driver.h"

#include <string.h>
#include "common/check.h"
#include "hal/fake/fake.h"

/* Where a byte of the guest's address space lies on the bus, from the region's start. */
static uint32_t driver_bus_offset(uint32_t offset)
{
	return offset ^ DRIVER_PAGE_BYTES;
}

void driver_write(struct driver *driver, uint32_t offset, const void *data, uint32_t len_bytes)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++)
		driver->memory[driver_bus_offset(offset + i)] = ((const uint8_t *)data)[i];
}

void driver_read(const struct driver *driver, uint32_t offset, void *data, uint32_t len_bytes)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++)
		((uint8_t *)data)[i] = driver->memory[driver_bus_offset(offset + i)];
}

void driver_init(struct driver *driver, uint64_t bus_addr, uint64_t iova, uint16_t size,
		 bool writable)
{
	uint16_t i;

	memset(driver, 0, sizeof(*driver));
	driver->iova = iova;
	driver->size = size;
	driver->writable = writable;
	driver->memory = fake_host_map(bus_addr, DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES,
				       FAKE_READ | FAKE_WRITE);
	for (i = 0; i < size; i++)
		driver->free[driver->num_free++] = i;
}

void driver_fill_map(const struct driver *driver, uint64_t bus_addr, struct xvio_map_entry *entry)
{
	uint32_t i;

	for (i = 0; i < DRIVER_NUM_PAGES; i++) {
		entry[i] = (struct xvio_map_entry){
			.iova = driver->iova + i * DRIVER_PAGE_BYTES,
			.len_bytes = DRIVER_PAGE_BYTES,
			.bus_addr = bus_addr + driver_bus_offset(i * DRIVER_PAGE_BYTES),
			.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
		};
	}
}

uint64_t driver_slot_iova(const struct driver *driver, uint16_t i)
{
	return driver->iova + DRIVER_BUF_OFFSET + i * DRIVER_SLOT_BYTES;
}

void driver_set_desc(struct driver *driver, uint16_t i, const struct virtq_desc *desc)
{
	driver_write(driver, DRIVER_DESC_OFFSET + i * (uint32_t)sizeof(*desc), desc, sizeof(*desc));
}

void driver_set_avail(struct driver *driver, uint16_t head, uint16_t idx)
{
	uint32_t slot = (uint16_t)(idx - 1) % driver->size;

	driver_write(driver, DRIVER_RING_OFFSET + 4 + slot * 2, &head, 2);
	driver_write(driver, DRIVER_RING_OFFSET + 2, &idx, 2);
	driver->avail_idx = idx;
}

static bool driver_add(struct driver *driver, const uint8_t *data, uint32_t len_bytes,
		       unsigned num_pieces)
{
	uint16_t *chain;
	uint16_t head;
	unsigned i;

	if (driver->num_free < num_pieces)
		return false;
	head = driver->free[driver->num_free - 1];
	chain = driver->chain[head];
	driver->chain_len[head] = (uint16_t)num_pieces;
	driver->room_bytes[head] = len_bytes;
	for (i = 0; i < num_pieces; i++)
		chain[i] = driver->free[--driver->num_free];
	for (i = 0; i < num_pieces; i++) {
		uint32_t piece = len_bytes / (num_pieces - i);
		struct virtq_desc desc = {
			.addr = driver_slot_iova(driver, chain[i]),
			.len = piece,
			.flags = driver->writable ? VIRTQ_DESC_F_WRITE : 0,
		};

		assert_in_range(piece, 1, DRIVER_SLOT_BYTES);
		if (i + 1 < num_pieces) {
			desc.flags |= VIRTQ_DESC_F_NEXT;
			desc.next = chain[i + 1];
		}
		driver_set_desc(driver, chain[i], &desc);
		if (data) {
			driver_write(driver, DRIVER_BUF_OFFSET + chain[i] * DRIVER_SLOT_BYTES, data,
				     piece);
			data += piece;
		}
		len_bytes -= piece;
	}
	driver_set_avail(driver, head, (uint16_t)(driver->avail_idx + 1));
	return true;
}

bool driver_send(struct driver *driver, const void *data, uint32_t len_bytes, unsigned num_pieces)
{
	return driver_add(driver, data, len_bytes, num_pieces);
}

bool driver_post(struct driver *driver, uint32_t len_bytes, unsigned num_pieces)
{
	return driver_add(driver, NULL, len_bytes, num_pieces);
}

static void driver_gather(const struct driver *driver, uint16_t head, uint8_t *data,
			  uint32_t len_bytes)
{
	unsigned i;

	for (i = 0; i < driver->chain_len[head] && len_bytes; i++) {
		uint16_t at = driver->chain[head][i];
		struct virtq_desc desc;
		uint32_t piece;

		driver_read(driver, DRIVER_DESC_OFFSET + at * 16u, &desc, sizeof(desc));
		piece = desc.len < len_bytes ? desc.len : len_bytes;
		driver_read(driver, DRIVER_BUF_OFFSET + at * DRIVER_SLOT_BYTES, data, piece);
		data += piece;
		len_bytes -= piece;
	}
}

bool driver_reap(struct driver *driver, void *data, uint32_t *len_bytes)
{
	struct virtq_used_elem elem;
	uint16_t used_idx;
	unsigned i;

	driver_read(driver, DRIVER_USED_OFFSET + 2, &used_idx, 2);
	if (used_idx == driver->last_used)
		return false;
	assert_in_range((uint16_t)(used_idx - driver->last_used), 1, driver->size);
	driver_read(driver, DRIVER_USED_OFFSET + 4 + driver->last_used % driver->size * 8u, &elem,
		    sizeof(elem));
	driver->last_used++;
	assert_in_range(elem.id, 0, driver->size - 1);
	assert_true(driver->chain_len[elem.id] > 0); /* in flight, and used once */
	if (driver->writable)
		assert_in_range(elem.len, 1, driver->room_bytes[elem.id]);
	*len_bytes = elem.len;
	if (data)
		driver_gather(driver, (uint16_t)elem.id, data, elem.len);
	for (i = 0; i < driver->chain_len[elem.id]; i++)
		driver->free[driver->num_free++] = driver->chain[elem.id][i];
	driver->chain_len[elem.id] = 0;
	return true;
}
