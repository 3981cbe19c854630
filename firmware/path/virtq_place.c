/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Finding the place of a queue after a restart (virtq_place.h). Called by the device's state machine on core 0.
 * What the driver's ring says is checked as in virtq_packed.c; a driver that lies harms its own queue.
 */
#include "path/virtq_place.h"

#include "hal/hal.h"
#include "lib/heap.h"

#define PLACE_MARKS	 (VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED)
#define PLACE_DESC_BYTES ((uint32_t)sizeof(struct virtq_packed_desc))
#define PLACE_USED_BYTES (PLACE_DESC_BYTES - (uint32_t)offsetof(struct virtq_packed_desc, len))

/* A packed queue at work. Places are as in virtq_config.last_avail. */
struct place {
	const struct virtq_config *config;
	struct virtq_packed_desc *ring; /* a copy */
	uint16_t from; /* of the last publication */
	uint16_t to;
	uint64_t used; /* of its first descriptor */
};

/* By pieces, as the map has them. */
static bool place_copy(const struct virtq_config *config, uint64_t iova, void *card,
		       uint32_t len_bytes, uint8_t dir)
{
	const uint32_t perm = dir == HAL_DMA_READ ? XVIO_MAP_READ : XVIO_MAP_WRITE;
	uint8_t *at = card;

	while (len_bytes) {
		struct hal_dma_op op = {
			.card = at,
			.len_bytes = len_bytes,
			.function = config->function,
			.dir = dir,
		};

		if (!iotlb_translate(config->map, iova, perm, &op.host_addr, &op.len_bytes) ||
		    hal_dma(&op, 1))
			return false;
		iova += op.len_bytes;
		at += op.len_bytes;
		len_bytes -= op.len_bytes;
	}
	return true;
}

static bool place_of_split(const struct virtq_config *config, uint16_t *last_avail)
{
	xvio_le16 *idx = heap_alloc(sizeof(*idx));
	bool good;

	if (!idx)
		return false;
	good = place_copy(config, config->device_iova + offsetof(struct virtq_used, idx), idx,
			  sizeof(*idx), HAL_DMA_READ);
	*last_avail = *idx;
	heap_free(idx);
	return good;
}

static uint32_t place_index(uint16_t at)
{
	return at & ~VIRTQ_PACKED_WRAP;
}

static uint16_t place_next(const struct place *place, uint16_t at)
{
	at++;
	if (place_index(at) == place->config->size)
		at = (uint16_t)((at & VIRTQ_PACKED_WRAP) ^ VIRTQ_PACKED_WRAP);
	return at;
}

static struct virtq_packed_desc *place_desc(const struct place *place, uint16_t at)
{
	return &place->ring[place_index(at)];
}

/* Marks of a descriptor in the lap of a place: made available, or used. */
static bool place_is_available(const struct place *place, uint16_t at)
{
	return (place_desc(place, at)->flags & PLACE_MARKS) ==
	       (at & VIRTQ_PACKED_WRAP ? VIRTQ_PACKED_DESC_F_AVAIL : VIRTQ_PACKED_DESC_F_USED);
}

static uint16_t place_used_marks(uint16_t at)
{
	return at & VIRTQ_PACKED_WRAP ? PLACE_MARKS : 0;
}

static bool place_is_used(const struct place *place, uint16_t at)
{
	return (place_desc(place, at)->flags & PLACE_MARKS) == place_used_marks(at);
}

/* Within the ring, and no further apart than a lap. */
static bool place_is_sound(const struct place *place)
{
	const uint32_t size = place->config->size;
	const uint32_t from = place_index(place->from);
	const uint32_t to = place_index(place->to);

	if (from >= size || to >= size)
		return false;
	return (place->from ^ place->to) & VIRTQ_PACKED_WRAP ? to <= from : from <= to;
}

/* The last descriptor of the chain that begins at *at, which then is behind it. NULL: it is not all in front of to. */
static const struct virtq_packed_desc *place_end_chain(const struct place *place, uint16_t *at)
{
	const struct virtq_packed_desc *desc;

	do {
		if (*at == place->to)
			return NULL;
		desc = place_desc(place, *at);
		*at = place_next(place, *at);
	} while (desc->flags & VIRTQ_DESC_F_NEXT);
	return desc;
}

/* Writes length, id and flags of a descriptor, which stand in the copy. */
static bool place_write(const struct place *place, uint16_t at)
{
	struct virtq_packed_desc *desc = place_desc(place, at);
	const uint64_t iova = place->config->desc_iova + place_index(at) * PLACE_DESC_BYTES +
			      offsetof(struct virtq_packed_desc, len);

	return place_copy(place->config, iova, &desc->len, PLACE_USED_BYTES, HAL_DMA_WRITE);
}

/* A chain that is available yet: nothing came in it. */
static bool place_tell_empty(const struct place *place, uint16_t *at)
{
	const uint16_t first = *at;
	const struct virtq_packed_desc *last = place_end_chain(place, at);

	if (!last)
		return false;
	*place_desc(place, first) = (struct virtq_packed_desc){
		.id = last->id,
		.flags = place_used_marks(first),
	};
	return place_write(place, first);
}

/* Its first descriptor: that of a chain with this id, or of several in a queue that is only read. */
static bool place_tell_first(const struct place *place)
{
	struct virtq_packed_desc *desc = place_desc(place, place->from);
	const uint16_t flags = (uint16_t)(place->used >> 48);

	desc->len = (uint32_t)place->used;
	desc->id = (uint16_t)(place->used >> 32);
	desc->flags = flags;
	return desc->id < place->config->size &&
	       (flags & ~VIRTQ_DESC_F_WRITE) == place_used_marks(place->from) &&
	       place_write(place, place->from);
}

/*
 * What was cut off, from the second chain on; the first descriptor comes last, as ever. Behind a used
 * descriptor may stand the rest of its chain: that is told as empty, too, where the driver does not look.
 */
static bool place_complete(const struct place *place, uint16_t at)
{
	while (at != place->to) {
		if (place_is_used(place, at))
			at = place_next(place, at);
		else if (!place_is_available(place, at) || !place_tell_empty(place, &at))
			return false;
	}
	return place_tell_first(place);
}

/* The copy of the ring is there. */
static bool place_look(const struct place *place, uint16_t *last_avail)
{
	uint16_t second = place->from;

	*last_avail = place->to;
	if (!place_is_available(place, place->from))
		return true;
	if (!place_end_chain(place, &second))
		return false;
	if (second != place->to && !place_is_available(place, second))
		return place_complete(place, second);
	*last_avail = place->from;
	return true;
}

static bool place_of_packed(const struct virtq_config *config, uint16_t *last_avail)
{
	const uint32_t ring_bytes = config->size * PLACE_DESC_BYTES;
	struct place place = {
		.config = config,
		.from = (uint16_t)(config->place->places >> 16),
		.to = (uint16_t)config->place->places,
		.used = config->place->used,
	};
	bool good;

	if (!place_is_sound(&place))
		return false;
	place.ring = heap_alloc(ring_bytes);
	if (!place.ring)
		return false;
	good = place_copy(config, config->desc_iova, place.ring, ring_bytes, HAL_DMA_READ);
	if (good && place.from == place.to)
		*last_avail = place.to;
	else if (good)
		good = place_look(&place, last_avail);
	heap_free(place.ring);
	return good;
}

bool virtq_find_place(const struct virtq_config *config, uint16_t *last_avail)
{
	if (!config->packed)
		return place_of_split(config, last_avail);
	return config->place && place_of_packed(config, last_avail);
}
