/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Packed rings in the shadow model (shadow_int.h). Chains come back in the order they were made
 * available.
 */
#include <string.h>
#include "device/shadow_int.h"
#include "device/world.h"

#define MARKS (VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED)

/*
 * The device looks at a descriptor twice, and what it says only counts the second time: looks to
 * come, and one.
 */
#define PACKED_FRESH 2u

/* A chain that was shown. */
struct packed_chain {
	uint16_t at;
	uint16_t num;
	uint16_t id;
	uint64_t max_bytes;
	bool is_indirect;
};

static uint32_t packed_event_bytes(const struct shadow_queue *queue)
{
	(void)queue;
	return sizeof(struct virtq_packed_event);
}

static uint16_t packed_slot(uint16_t place)
{
	return place & 0x7fff;
}

static uint16_t packed_advance(const struct shadow_queue *queue, uint16_t place)
{
	place++;
	if (packed_slot(place) == queue->config.size)
		place = (place & VIRTQ_PACKED_WRAP) ^ VIRTQ_PACKED_WRAP;
	return place;
}

static struct virtq_packed_desc packed_desc(const uint8_t *image, uint16_t slot)
{
	struct virtq_packed_desc desc;

	memcpy(&desc, image + slot * 16u, sizeof(desc));
	return desc;
}

static bool packed_is_available(const struct virtq_packed_desc *desc, uint16_t place)
{
	return (desc->flags & MARKS) ==
	       (place & VIRTQ_PACKED_WRAP ? VIRTQ_PACKED_DESC_F_AVAIL : VIRTQ_PACKED_DESC_F_USED);
}

/*
 * The chain that begins at place, if it is in flight; moves place behind it. left: descriptors of
 * the ring in which a chain may begin; one that goes on into the next is nobody's harm but the
 * driver's.
 */
static bool packed_next(const struct shadow_queue *queue, uint16_t *place, unsigned *left,
			struct packed_chain *chain)
{
	struct virtq_packed_desc desc = packed_desc(queue->desc, packed_slot(*place));

	if (!*left || !queue->seen[packed_slot(*place)] || !packed_is_available(&desc, *place))
		return false;
	*chain = (struct packed_chain){.at = *place};
	for (;;) {
		chain->num++;
		chain->id = desc.id;
		chain->max_bytes += desc.flags & VIRTQ_DESC_F_WRITE ? desc.len : 0;
		chain->is_indirect |= desc.flags & VIRTQ_DESC_F_INDIRECT;
		*place = packed_advance(queue, *place);
		*left -= *left > 0;
		if (!(desc.flags & VIRTQ_DESC_F_NEXT))
			return true;
		if (chain->num == queue->config.size || !queue->seen[packed_slot(*place)])
			return false; /* it is not whole: the device cannot have it either */
		desc = packed_desc(queue->desc, packed_slot(*place));
	}
}

static void packed_in_flight(const struct shadow_queue *queue, struct shadow_need *need)
{
	unsigned left = queue->config.size;
	uint16_t place = queue->used;
	struct packed_chain chain;

	while (packed_next(queue, &place, &left, &chain)) {
		uint16_t at = chain.at;

		for (; chain.num; chain.num--, at = packed_advance(queue, at)) {
			const struct virtq_packed_desc desc =
				packed_desc(queue->desc, packed_slot(at));

			if (shadow_has(need, desc.addr, desc.len, desc.flags))
				return;
		}
	}
}

/* Whether a descriptor is part of a chain in flight that the device may go by already. */
static bool packed_is_settled(const struct shadow_queue *queue, uint16_t slot)
{
	unsigned left = queue->config.size;
	uint16_t place = queue->used;
	struct packed_chain chain;

	while (packed_next(queue, &place, &left, &chain)) {
		const uint16_t behind =
			(uint16_t)(slot - packed_slot(chain.at)) & (queue->config.size - 1u);

		if (behind < chain.num)
			return !queue->fresh[packed_slot(chain.at)];
	}
	return false;
}

static void packed_show(struct shadow_queue *queue, uint16_t slot, const uint8_t *host)
{
	const uint16_t lap =
		(slot >= packed_slot(queue->used) ? queue->used : ~queue->used) & VIRTQ_PACKED_WRAP;
	const struct virtq_packed_desc old = packed_desc(queue->desc, slot);
	const struct virtq_packed_desc new = packed_desc(host, 0);
	const bool was_available = queue->seen[slot] && packed_is_available(&old, lap);

	if (!was_available && packed_is_available(&new, lap))
		queue->fresh[slot] = PACKED_FRESH;
	if (queue->seen[slot] && memcmp(&old, &new, sizeof(new)) == 0)
		return;
	/* What was available and is not is in flight for a device that goes by the first look. */
	if (packed_is_settled(queue, slot) || (was_available && !packed_is_available(&new, lap)))
		queue->loose = true;
	queue->seen[slot] = true;
	memcpy(queue->desc + slot * 16u, &new, sizeof(new));
	if (new.id < queue->config.size)
		queue->id_shown[new.id] = true;
	shadow_add_buf(queue, new.addr, new.len, new.flags, false);
}

/* Where a descriptor comes in two pieces we do not know which of two it was. */
static void packed_read_desc(struct shadow_queue *queue, uint32_t offset, const uint8_t *host,
			     uint32_t len)
{
	uint32_t at;

	if (offset % 16 || len % 16) {
		queue->blind = true;
		return;
	}
	if (memcmp(queue->desc + offset, host, len) != 0 ||
	    memchr(queue->seen + offset / 16, false, len / 16) != NULL) {
		for (at = 0; at < len; at += 16)
			packed_show(queue, (uint16_t)((offset + at) / 16), host + at);
	}
	for (at = offset / 16; at < (offset + len) / 16; at++)
		queue->fresh[at] -= queue->fresh[at] > 0;
}

static void packed_read_event(struct shadow_queue *queue, uint32_t offset, const uint8_t *host,
			      uint32_t len)
{
	(void)queue;
	(void)offset;
	(void)host;
	(void)len;
}

static void packed_forget_written(struct shadow_queue *queue, const struct packed_chain *chain)
{
	uint16_t at = chain->at;
	uint16_t i;

	for (i = 0; i < chain->num; i++, at = packed_advance(queue, at))
		queue->written[packed_slot(at)] = false;
}

/*
 * What stands at the place of the oldest chain says that it is returned, or in order a batch.
 * False: not yet.
 */
static bool packed_return(struct shadow_queue *queue)
{
	const uint16_t slot = packed_slot(queue->used);
	const struct virtq_packed_desc used = packed_desc(queue->device, slot);
	unsigned left = queue->config.size;
	uint16_t place = queue->used;
	struct packed_chain chain;

	if (!queue->written[slot] ||
	    (used.flags & MARKS) != (place & VIRTQ_PACKED_WRAP ? MARKS : 0))
		return false;
	world_check(packed_next(queue, &place, &left, &chain),
		    "a chain is returned that is not in flight");
	shadow_check_len(used.flags & VIRTQ_DESC_F_WRITE ? used.len : 0, chain.max_bytes,
			 chain.is_indirect);
	packed_forget_written(queue, &chain);
	while (chain.id != used.id) {
		world_check(queue->config.in_order, "a chain is returned under another's name");
		world_check(packed_next(queue, &place, &left, &chain),
			    "a batch is returned that is not in flight");
		packed_forget_written(queue, &chain);
	}
	queue->used = place;
	return true;
}

/* Of what was written in these slots, ids must be ones that were shown. */
static void packed_check_ids(const struct shadow_queue *queue, uint16_t slot, uint16_t end)
{
	for (; slot < end; slot++) {
		const struct virtq_packed_desc desc = packed_desc(queue->device, slot);
		const uint16_t marks = desc.flags & MARKS;

		world_check((marks && marks != MARKS) || desc.id >= queue->config.size ||
				    queue->id_shown[desc.id],
			    "a chain is returned that was never shown");
	}
}

static void packed_write_desc(struct shadow_queue *queue, uint32_t offset, const uint8_t *card,
			      uint32_t len)
{
	const uint16_t end = (uint16_t)((offset + len + 15) / 16);
	uint16_t slot = (uint16_t)(offset / 16);

	memcpy(queue->device + offset, card, len);
	if (queue->loose) {
		packed_check_ids(queue, slot, end);
		return;
	}
	for (; slot < end; slot++) /* by its flags, which come last */
		queue->written[slot] |= offset + len >= slot * 16u + 16;
	while (packed_return(queue))
		;
}

static void packed_write_event(struct shadow_queue *queue, uint32_t offset, const uint8_t *card,
			       uint32_t len)
{
	(void)queue;
	(void)offset;
	(void)card;
	(void)len;
}

static void packed_forget(struct shadow_queue *queue)
{
	memset(queue->seen, 0, sizeof(queue->seen));
}

const struct shadow_format shadow_packed = {
	.driver_bytes = packed_event_bytes,
	.device_bytes = packed_event_bytes,
	.read_desc = packed_read_desc,
	.read_driver = packed_read_event,
	.write_desc = packed_write_desc,
	.write_device = packed_write_event,
	.in_flight = packed_in_flight,
	.forget = packed_forget,
};
