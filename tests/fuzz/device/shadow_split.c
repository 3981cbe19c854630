/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Split rings in the shadow model (shadow_int.h). Chains come back in the order they were made
 * available.
 */
#include <string.h>
#include "device/shadow_int.h"
#include "device/world.h"

static uint32_t split_driver_bytes(const struct shadow_queue *queue)
{
	return 6 + 2u * queue->config.size;
}

static uint32_t split_device_bytes(const struct shadow_queue *queue)
{
	return 6 + 8u * queue->config.size;
}

static struct virtq_desc split_desc(const struct shadow_queue *queue, uint16_t i)
{
	struct virtq_desc desc;

	memcpy(&desc, queue->desc + i * 16u, sizeof(desc));
	return desc;
}

/* Head of the chain that was made available with this index. */
static uint16_t split_head(const struct shadow_queue *queue, uint16_t index)
{
	uint16_t head;

	memcpy(&head, queue->driver + 4 + 2u * (index % queue->config.size), sizeof(head));
	return head;
}

/* A step along a chain that was shown; false: it ends. */
static bool split_step(const struct shadow_queue *queue, uint16_t *at, struct virtq_desc *desc)
{
	if (*at >= queue->config.size || !queue->seen[*at])
		return false;
	*desc = split_desc(queue, *at);
	*at = desc->flags & VIRTQ_DESC_F_NEXT ? desc->next : UINT16_MAX;
	return true;
}

static void split_in_flight(const struct shadow_queue *queue, struct shadow_need *need)
{
	uint16_t index;

	for (index = queue->used; index != queue->shown; index++) {
		uint16_t at = split_head(queue, index);
		struct virtq_desc desc;
		unsigned num;

		for (num = 0;
		     num < queue->config.size && need->steps && split_step(queue, &at, &desc);
		     num++, need->steps--) {
			if (shadow_has(need, desc.addr, desc.len, desc.flags))
				return;
		}
		if (!need->steps) {
			need->found = true; /* perhaps */
			return;
		}
	}
}

/* Whether a descriptor is part of a chain that was shown before the last look at the index. */
static bool split_is_settled(const struct shadow_queue *queue, uint16_t i)
{
	uint16_t index;

	for (index = queue->used; index != queue->settled; index++) {
		uint16_t at = split_head(queue, index);
		struct virtq_desc desc;
		unsigned num;

		for (num = 0; num < queue->config.size; num++) {
			if (at == i)
				return true;
			if (!split_step(queue, &at, &desc))
				break;
		}
	}
	return false;
}

static void split_show(struct shadow_queue *queue, uint16_t i, const uint8_t *host)
{
	const bool changes = !queue->seen[i] || memcmp(queue->desc + i * 16u, host, 16) != 0;
	struct virtq_desc desc;

	if (changes && queue->seen[i] &&
	    (queue->seen_in[i] == queue->look || split_is_settled(queue, i)))
		queue->loose = true;
	queue->seen[i] = true;
	queue->seen_in[i] = queue->look;
	if (!changes)
		return;
	memcpy(queue->desc + i * 16u, host, 16);
	desc = split_desc(queue, i);
	shadow_add_buf(queue, desc.addr, desc.len, desc.flags, false);
}

/* Where a descriptor comes in two pieces we do not know which of two it was. */
static void split_read_desc(struct shadow_queue *queue, uint32_t offset, const uint8_t *host,
			    uint32_t len)
{
	uint32_t at;

	if (offset % 16 || len % 16) {
		queue->blind = true;
		return;
	}
	for (at = 0; at < len; at += 16)
		split_show(queue, (uint16_t)((offset + at) / 16), host + at);
}

/* An index that is too far makes nothing available. */
static void split_look(struct shadow_queue *queue, uint16_t shown)
{
	queue->look++;
	queue->settled = queue->shown;
	if ((uint16_t)(shown - queue->used) > queue->config.size)
		return;
	if ((uint16_t)(shown - queue->used) < (uint16_t)(queue->settled - queue->used))
		queue->loose = true; /* it goes back */
	else
		queue->shown = shown;
}

/* Entries of chains that were shown change only for us. */
static void split_read_driver(struct shadow_queue *queue, uint32_t offset, const uint8_t *host,
			      uint32_t len)
{
	uint16_t index;
	uint16_t shown;

	for (index = queue->used; index != queue->settled; index++) {
		const uint32_t entry = 4 + 2u * (index % queue->config.size);

		if (entry >= offset && entry + 2 <= offset + len &&
		    memcmp(queue->driver + entry, host + (entry - offset), 2) != 0)
			queue->loose = true;
	}
	memcpy(queue->driver + offset, host, len);
	if (offset == 3 || (offset < 4 && offset + len == 3))
		queue->blind = true; /* half an index */
	if (offset > 2 || offset + len < 4)
		return;
	memcpy(&shown, queue->driver + 2, sizeof(shown));
	split_look(queue, shown);
}

/* The chain that was made available with this index comes back as elem. */
static void split_return(struct shadow_queue *queue, uint16_t index)
{
	const uint32_t slot = index % queue->config.size;
	struct virtq_used_elem elem;
	uint16_t at = split_head(queue, index);
	struct virtq_desc desc;
	uint64_t max_bytes = 0;
	bool is_indirect = false;
	unsigned num;

	world_check(queue->written[slot] || queue->config.in_order, "a used entry was not written");
	if (!queue->written[slot])
		return;
	queue->written[slot] = false;
	memcpy(&elem, queue->device + 4 + 8 * slot, sizeof(elem));
	world_check(elem.id < queue->config.size, "a used entry that no chain has");
	if (queue->loose)
		return;
	world_check(elem.id == at, "a chain is returned that is not due");
	for (num = 0; num < queue->config.size && split_step(queue, &at, &desc); num++) {
		max_bytes += desc.flags & VIRTQ_DESC_F_WRITE ? desc.len : 0;
		is_indirect |= desc.flags & VIRTQ_DESC_F_INDIRECT;
	}
	shadow_check_len(elem.len, max_bytes, is_indirect);
}

static void split_write_device(struct shadow_queue *queue, uint32_t offset, const uint8_t *card,
			       uint32_t len)
{
	uint32_t slot;
	uint16_t used;

	memcpy(queue->device + offset, card, len);
	for (slot = offset < 4 ? 0 : (offset - 4) / 8;
	     slot < queue->config.size && 4 + 8 * slot < offset + len; slot++)
		queue->written[slot] = true;
	if (offset > 3 || offset + len < 3)
		return;
	memcpy(&used, queue->device + 2, sizeof(used));
	world_check((uint16_t)(used - queue->used) <= (uint16_t)(queue->shown - queue->used),
		    "more chains are returned than were made available");
	for (; queue->used != used; queue->used++) {
		if (queue->settled == queue->used)
			queue->settled++;
		split_return(queue, queue->used);
	}
}

static void split_forget(struct shadow_queue *queue)
{
	queue->shown = queue->settled = queue->used;
	memset(queue->seen, 0, sizeof(queue->seen));
}

const struct shadow_format shadow_split = {
	.driver_bytes = split_driver_bytes,
	.device_bytes = split_device_bytes,
	.read_desc = split_read_desc,
	.read_driver = split_read_driver,
	.write_device = split_write_device,
	.in_flight = split_in_flight,
	.forget = split_forget,
};
