/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Virtqueues (virtq.h): their memory, access to what the driver's addresses name, and the order of the
 * steps. What the rings look like is in virtq_split.c and virtq_packed.c. Worker core of the queue,
 * but for create and destroy.
 */
#include "path/virtq.h"

#include <xvio/port.h>
#include "lib/bits.h"
#include "lib/heap.h"
#include "path/virtq_ring.h"

static void *virtq_carve(uint8_t **room, size_t len_bytes)
{
	void *part = *room;

	*room += bits_align_up(len_bytes, 64);
	return part;
}

/* For an area that begins with flags and index: what stands behind these is aligned. */
static void *virtq_carve_behind_index(uint8_t **room, size_t len_bytes)
{
	return (uint8_t *)virtq_carve(room, len_bytes + 4) + 4;
}

/* Room for copies of the rings; pointers into the guest's memory come with its map. */
static size_t virtq_ring_bytes(const struct virtq_config *config)
{
	if (HAL_HOST_MAPPED)
		return 0;
	return config->size * (2 * sizeof(struct virtq_packed_desc)) + 8 * 64;
}

/* A power of two. */
static size_t virtq_num_chains(const struct virtq_config *config)
{
	return UINT64_C(2) << bits_log2(config->size - 1u);
}

/*
 * The same. A burst of packets for a driver wants that many chains in stock at once, or some are lost; what a
 * driver sends can wait in its ring.
 */
static size_t virtq_num_segs(const struct virtq_config *config)
{
	size_t num = virtq_num_chains(config);

	if (config->indirect && config->role == VIRTQ_TO_DRIVER && num < VIRTQ_INDIRECT_SEGS)
		num = VIRTQ_INDIRECT_SEGS;
	return num;
}

static size_t virtq_tables_bytes(const struct virtq_config *config)
{
	return config->indirect ? virtq_num_segs(config) * sizeof(struct virtq_desc) : 0;
}

static void virtq_carve_rings(struct virtq *vq, uint8_t **room)
{
	size_t size = vq->config.size;

	if (HAL_HOST_MAPPED)
		return;
	if (vq->config.packed) {
		vq->ring = virtq_carve(room, size * sizeof(*vq->ring));
		vq->seen = virtq_carve(room, size * sizeof(*vq->seen));
		vq->driver_event = virtq_carve(room, sizeof(*vq->driver_event));
		vq->device_event = virtq_carve(room, sizeof(*vq->device_event));
	} else {
		vq->desc = virtq_carve(room, size * sizeof(*vq->desc));
		vq->avail = virtq_carve_behind_index(room, 6 + size * sizeof(vq->avail->ring[0]));
		vq->used = virtq_carve_behind_index(room, 6 + size * sizeof(vq->used->ring[0]));
	}
}

/* Only a packed ring's need not be a power of two (2.7, 2.8). */
static bool virtq_size_is_good(const struct virtq_config *config)
{
	return config->size >= 2 && config->size <= VIRTQ_MAX_SIZE &&
	       (config->packed || bits_is_power_of_two(config->size));
}

struct virtq *virtq_create(const struct virtq_config *config)
{
	size_t num_chains, num_segs;
	struct virtq *vq;
	uint8_t *room;

	if (!virtq_size_is_good(config))
		return NULL;
	num_chains = virtq_num_chains(config);
	num_segs = virtq_num_segs(config);
	room = heap_alloc(sizeof(*vq) + 5 * 64 + num_chains * sizeof(*vq->chain) +
			  num_segs * sizeof(*vq->seg) + virtq_ring_bytes(config) +
			  virtq_tables_bytes(config));
	if (!room)
		return NULL;
	vq = virtq_carve(&room, sizeof(*vq));
	vq->chain = virtq_carve(&room, num_chains * sizeof(*vq->chain));
	vq->seg = virtq_carve(&room, num_segs * sizeof(*vq->seg));
	vq->config = *config;
	vq->ops = config->packed ? &virtq_packed_ops : &virtq_split_ops;
	vq->mask = (uint32_t)num_chains - 1u;
	vq->seg_mask = (uint32_t)num_segs - 1u;
	vq->fetch_at = config->last_avail;
	vq->published = vq->taken = vq->fetched = config->last_avail;
	vq->wanted_flags = config->role == VIRTQ_TO_DRIVER ? VIRTQ_DESC_F_WRITE : 0;
	vq->used_flags = config->role == VIRTQ_FROM_DRIVER ? 0 : VIRTQ_DESC_F_WRITE;
	vq->min_bytes = config->hdr_bytes;
	if (config->role == VIRTQ_TO_DRIVER && !config->mergeable)
		vq->min_bytes += XVIO_MIN_FRAME_BYTES;
	virtq_carve_rings(vq, &room);
	if (config->indirect)
		vq->table = virtq_carve(&room, virtq_tables_bytes(config));
	if (config->packed && (config->last_avail & ~VIRTQ_PACKED_WRAP) >= config->size)
		virtq_fail(vq, XVIO_RING_ERR_INDEX);
	virtq_set_map(vq, config->map);
	return vq;
}

void virtq_destroy(struct virtq *vq)
{
	heap_free(vq);
}

void virtq_fail(struct virtq *vq, uint8_t error)
{
	if (!vq->error)
		vq->error = error;
}

enum xvio_stat virtq_error_stat(uint8_t error)
{
	static const enum xvio_stat stat_of[XVIO_RING_ERR_NUM] = {
		[XVIO_RING_ERR_INDEX] = XVIO_STAT_RING_ERR_INDEX,
		[XVIO_RING_ERR_LOOP] = XVIO_STAT_RING_ERR_LOOP,
		[XVIO_RING_ERR_LENGTH] = XVIO_STAT_RING_ERR_LENGTH,
		[XVIO_RING_ERR_DIRECTION] = XVIO_STAT_RING_ERR_DIRECTION,
		[XVIO_RING_ERR_FLAGS] = XVIO_STAT_RING_ERR_FLAGS,
		[XVIO_RING_ERR_ADDRESS] = XVIO_STAT_RING_ERR_ADDRESS,
		[XVIO_RING_ERR_DMA] = XVIO_STAT_RING_ERR_DMA,
	};

	return stat_of[error];
}

uint16_t virtq_position(const struct virtq *vq)
{
	return vq->published == vq->fetched ? vq->fetch_at : vq->chain[vq->published & vq->mask].at;
}

/* Addresses */

static uint64_t virtq_area_iova(const struct virtq *vq, enum virtq_area area)
{
	switch (area) {
	case VIRTQ_DESC:
		return vq->config.desc_iova;
	case VIRTQ_DRIVER:
		return vq->config.driver_iova;
	default:
		return vq->config.device_iova;
	}
}

/* Lengths for the event index, whether negotiated or not (2.7.6, 2.7.8). */
static uint32_t virtq_area_bytes(const struct virtq *vq, enum virtq_area area)
{
	uint32_t size = vq->config.size;

	if (area == VIRTQ_DESC)
		return size * (uint32_t)sizeof(struct virtq_desc);
	if (vq->config.packed)
		return sizeof(struct virtq_packed_event);
	return area == VIRTQ_DRIVER ? 6 + size * 2 : 6 + size * 8;
}

/* Looks up where the areas are; one that is not in one piece for its use has no address. */
static void virtq_find_areas(struct virtq *vq)
{
	unsigned area;

	for (area = 0; area < VIRTQ_NUM_AREAS; area++) {
		uint64_t iova = virtq_area_iova(vq, area);
		uint32_t wanted_bytes = virtq_area_bytes(vq, area);
		uint32_t len_bytes = wanted_bytes;

		if (!iotlb_translate(vq->config.map, iova, XVIO_MAP_READ | XVIO_MAP_WRITE,
				     &vq->area_bus_addr[area], &len_bytes) ||
		    len_bytes != wanted_bytes)
			vq->area_bus_addr[area] = 0;
	}
}

/* An area in this address space; an error unless it is there in one piece, and aligned. */
static void *virtq_map_area(struct virtq *vq, enum virtq_area area, uint32_t alignment)
{
	uint64_t bus_addr = vq->area_bus_addr[area];
	void *at = bus_addr ? hal_host_memory(bus_addr) : NULL;

	if (!at || (uintptr_t)at % alignment)
		virtq_fail(vq, XVIO_RING_ERR_ADDRESS);
	return at;
}

static void virtq_map_areas(struct virtq *vq)
{
	if (vq->config.packed) {
		vq->ring = virtq_map_area(vq, VIRTQ_DESC, 16);
		vq->seen = vq->ring;
		vq->driver_event = virtq_map_area(vq, VIRTQ_DRIVER, 4);
		vq->device_event = virtq_map_area(vq, VIRTQ_DEVICE, 4);
	} else {
		vq->desc = virtq_map_area(vq, VIRTQ_DESC, 16);
		vq->avail = virtq_map_area(vq, VIRTQ_DRIVER, 2);
		vq->used = virtq_map_area(vq, VIRTQ_DEVICE, 4);
	}
}

void virtq_set_map(struct virtq *vq, const struct iotlb *map)
{
	vq->config.map = map;
	vq->hit = (struct xvio_map_entry){0};
	if (vq->fetched != vq->taken)
		vq->fetch_at = virtq_peek(vq, 0)->at;
	vq->fetched = vq->taken;
	vq->seg_prod = vq->seg_cons;
	vq->pending = true;
	virtq_find_areas(vq);
	if (HAL_HOST_MAPPED && !vq->error)
		virtq_map_areas(vq);
}

/* By pieces, as the map has them. */
static __attribute__((noinline)) bool virtq_dma(struct virtq *vq, struct dma_list *dma,
						uint64_t iova, void *card, uint32_t len_bytes,
						uint8_t dir)
{
	uint32_t perm = dir == HAL_DMA_READ ? XVIO_MAP_READ : XVIO_MAP_WRITE;
	uint8_t *at = card;

	while (len_bytes) {
		uint32_t piece_bytes = len_bytes;
		uint64_t bus_addr;

		if (!iotlb_translate(vq->config.map, iova, perm, &bus_addr, &piece_bytes)) {
			virtq_fail(vq, XVIO_RING_ERR_ADDRESS);
			return false;
		}
		dma_copy(dma, dir, vq->config.function, bus_addr, at, piece_bytes, &vq->dma_failed);
		iova += piece_bytes;
		at += piece_bytes;
		len_bytes -= piece_bytes;
	}
	return true;
}

bool virtq_read(struct virtq *vq, struct dma_list *dma, uint64_t iova, void *card,
		uint32_t len_bytes)
{
	return virtq_dma(vq, dma, iova, card, len_bytes, HAL_DMA_READ);
}

static bool virtq_copy_part(struct virtq *vq, struct dma_list *dma, enum virtq_area area,
			    uint64_t offset_bytes, void *part, uint32_t len_bytes, uint8_t dir)
{
	uint64_t bus_addr = vq->area_bus_addr[area];

	/* Mostly so; and without a call. */
	if (bus_addr && len_bytes && !dma_is_full(dma)) {
		dma_add(dma, dir, vq->config.function, bus_addr + offset_bytes, part, len_bytes,
			&vq->dma_failed);
		return true;
	}
	return virtq_dma(vq, dma, virtq_area_iova(vq, area) + offset_bytes, part, len_bytes, dir);
}

bool virtq_pull(struct virtq *vq, struct dma_list *dma, enum virtq_area area, uint64_t offset_bytes,
		void *part, uint32_t len_bytes)
{
	return HAL_HOST_MAPPED ||
	       virtq_copy_part(vq, dma, area, offset_bytes, part, len_bytes, HAL_DMA_READ);
}

bool virtq_push(struct virtq *vq, struct dma_list *dma, enum virtq_area area, uint64_t offset_bytes,
		void *part, uint32_t len_bytes)
{
	return HAL_HOST_MAPPED ||
	       virtq_copy_part(vq, dma, area, offset_bytes, part, len_bytes, HAL_DMA_WRITE);
}

/* Chains */

void virtq_ask_all(struct virtq *vq, struct dma_list *dma)
{
	vq->has_all = true;
	vq->ops->ask_all(vq, dma);
}

void virtq_begin_chain(struct virtq *vq, struct virtq_chain *chain)
{
	chain->len_bytes = 0;
	chain->read_bytes = 0;
	chain->num_segs = 0;
	chain->num_descs = 0;
	chain->first_seg = (uint16_t)vq->seg_prod;
}

/* A control chain's readable buffers come before its writable ones (2.7.4.2, 2.8.5). */
static bool virtq_is_in_turn(const struct virtq *vq, const struct virtq_chain *chain,
			     uint16_t flags)
{
	if (vq->config.role != VIRTQ_CONTROL)
		return (flags & VIRTQ_DESC_F_WRITE) == vq->wanted_flags;
	return flags & VIRTQ_DESC_F_WRITE || chain->read_bytes == chain->len_bytes;
}

uint8_t virtq_add_seg(struct virtq *vq, struct virtq_chain *chain, uint64_t iova,
		      uint32_t len_bytes, uint16_t flags)
{
	if (chain->num_segs == vq->config.size)
		return XVIO_RING_ERR_LOOP;
	if (vq->seg_prod - vq->seg_cons > vq->seg_mask)
		return vq->config.indirect ? VIRTQ_LATER : XVIO_RING_ERR_LOOP;
	if (flags & ~(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE))
		return XVIO_RING_ERR_FLAGS;
	if (!virtq_is_in_turn(vq, chain, flags))
		return XVIO_RING_ERR_DIRECTION;
	if (!len_bytes || len_bytes > VIRTQ_MAX_CHAIN_BYTES - chain->len_bytes)
		return XVIO_RING_ERR_LENGTH;
	vq->seg[vq->seg_prod++ & vq->seg_mask] =
		(struct virtq_seg){.iova = iova, .len_bytes = len_bytes};
	chain->num_segs++;
	chain->num_descs++;
	chain->len_bytes += len_bytes;
	if (!(flags & VIRTQ_DESC_F_WRITE))
		chain->read_bytes += len_bytes;
	return XVIO_RING_ERR_NONE;
}

/* The one buffer of a chain is in one piece on the bus: no need to look its address up again. */
static void virtq_try_direct(struct virtq *vq, struct virtq_chain *chain)
{
	uint32_t perm = vq->config.role == VIRTQ_TO_DRIVER ? XVIO_MAP_WRITE : XVIO_MAP_READ;
	const struct virtq_seg *seg = &vq->seg[chain->first_seg & vq->seg_mask];
	const struct xvio_map_entry *entry = iotlb_find(vq->config.map, seg->iova);

	if (!entry || (entry->perm & perm) != perm)
		return;
	vq->hit = *entry;
	if (seg->len_bytes > entry->len_bytes - (seg->iova - entry->iova))
		return;
	chain->bus_addr = entry->bus_addr + (seg->iova - entry->iova);
	chain->num_segs = 0;
	vq->seg_prod--;
}

uint8_t virtq_end_chain(struct virtq *vq, struct virtq_chain *chain)
{
	if (chain->len_bytes < vq->min_bytes)
		return XVIO_RING_ERR_LENGTH;
	/* Never direct: there is a command, and room for the ack. */
	if (vq->config.role == VIRTQ_CONTROL)
		return chain->read_bytes && chain->read_bytes < chain->len_bytes
			       ? XVIO_RING_ERR_NONE
			       : XVIO_RING_ERR_DIRECTION;
	if (chain->num_segs == 1)
		virtq_try_direct(vq, chain);
	return XVIO_RING_ERR_NONE;
}

/* Whether the byte at offset_bytes of a chain is the driver's to say, or ours. */
static bool virtq_is_readable(const struct virtq *vq, const struct virtq_chain *chain,
			      uint32_t offset_bytes)
{
	if (vq->config.role == VIRTQ_CONTROL)
		return offset_bytes < chain->read_bytes;
	return vq->config.role == VIRTQ_FROM_DRIVER;
}

bool virtq_locate(struct virtq *vq, const struct virtq_chain *chain, uint32_t offset_bytes,
		  uint64_t *bus_addr, uint32_t *len_bytes)
{
	bool is_readable = virtq_is_readable(vq, chain, offset_bytes);
	uint32_t perm = is_readable ? XVIO_MAP_READ : XVIO_MAP_WRITE;
	uint32_t i;

	if (!chain->num_segs) {
		*bus_addr = chain->bus_addr + offset_bytes;
		*len_bytes = chain->len_bytes - offset_bytes;
		return true;
	}
	for (i = chain->first_seg; offset_bytes >= vq->seg[i & vq->seg_mask].len_bytes; i++)
		offset_bytes -= vq->seg[i & vq->seg_mask].len_bytes;
	*len_bytes = vq->seg[i & vq->seg_mask].len_bytes - offset_bytes;
	if (iotlb_translate(vq->config.map, vq->seg[i & vq->seg_mask].iova + offset_bytes, perm,
			    bus_addr, len_bytes))
		return true;
	virtq_fail(vq, XVIO_RING_ERR_ADDRESS);
	return false;
}

bool virtq_copy(struct virtq *vq, struct dma_list *dma, const struct virtq_chain *chain,
		uint32_t offset_bytes, void *card, uint32_t len_bytes)
{
	bool is_readable = virtq_is_readable(vq, chain, offset_bytes);
	uint8_t dir = is_readable ? HAL_DMA_READ : HAL_DMA_WRITE;
	uint8_t *at = card;

	while (len_bytes) {
		uint32_t piece_bytes;
		uint64_t bus_addr;

		if (!virtq_locate(vq, chain, offset_bytes, &bus_addr, &piece_bytes))
			return false;
		piece_bytes = bits_min(piece_bytes, len_bytes);
		dma_copy(dma, dir, vq->config.function, bus_addr, at, piece_bytes, &vq->dma_failed);
		at += piece_bytes;
		offset_bytes += piece_bytes;
		len_bytes -= piece_bytes;
	}
	return true;
}

/* The steps */

#define VIRTQ_MORE_STEPS 4u /* of a fetch; a first chain needs two at most */

static bool virtq_usable(struct virtq *vq)
{
	if (vq->dma_failed)
		virtq_fail(vq, XVIO_RING_ERR_DMA);
	return !vq->error;
}

static void virtq_ask(struct virtq *const *vqs, unsigned num, struct dma_list *dma)
{
	unsigned i;

	for (i = 0; i < num; i++) {
		vqs[i]->num_new = 0;
		vqs[i]->has_all = false;
		if (virtq_usable(vqs[i]))
			vqs[i]->ops->ask_ring(vqs[i], dma);
	}
	dma_run(dma);
	for (i = 0; i < num; i++) {
		if (virtq_usable(vqs[i]))
			vqs[i]->ops->ask_descs(vqs[i], dma);
	}
	dma_run(dma);
}

static void virtq_ask_more(struct virtq *vq, struct dma_list *dma)
{
	if (!virtq_usable(vq))
		return;
	if (vq->needs & VIRTQ_NEEDS_ALL)
		virtq_ask_all(vq, dma);
	else if (vq->needs)
		vq->ops->ask_tables(vq, dma);
}

/* The queues where parsing stopped: once more, with what it needs. Whether one stopped for something else. */
static uint8_t virtq_parse_more(struct virtq *const *vqs, unsigned num, struct dma_list *dma)
{
	uint8_t needs = 0;
	unsigned i;

	for (i = 0; i < num; i++)
		virtq_ask_more(vqs[i], dma);
	dma_run(dma);
	for (i = 0; i < num; i++) {
		struct virtq *vq = vqs[i];
		bool stopped = vq->needs;

		vq->needs = 0;
		if (stopped && virtq_usable(vq))
			vq->ops->parse(vq);
		needs |= vq->needs;
	}
	return needs;
}

/* What is still needed waits for another fetch, which will find other tables. */
static void virtq_end_more(struct virtq *const *vqs, unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++) {
		vqs[i]->pending |= vqs[i]->needs != 0;
		vqs[i]->needs = 0;
		vqs[i]->tables_end = vqs[i]->tables_first;
	}
}

void virtq_fetch(struct virtq *const *vqs, unsigned num, struct dma_list *dma)
{
	uint8_t needs = 0;
	unsigned i;

	if (!HAL_HOST_MAPPED)
		virtq_ask(vqs, num, dma);
	for (i = 0; i < num; i++) {
		if (virtq_usable(vqs[i]))
			vqs[i]->ops->parse(vqs[i]);
		needs |= vqs[i]->needs;
	}
	if (!needs)
		return;
	for (i = 0; needs && i < VIRTQ_MORE_STEPS; i++)
		needs = virtq_parse_more(vqs, num, dma);
	virtq_end_more(vqs, num);
}

void virtq_set_quiet(struct virtq *vq, struct dma_list *dma, bool quiet)
{
	if (vq->error)
		return;
	vq->ops->set_quiet(vq, dma, quiet);
	vq->quiet = quiet;
}

void virtq_publish(struct virtq *vq, struct dma_list *dma)
{
	if (!vq->error)
		vq->ops->publish(vq, dma);
}

bool virtq_published(struct virtq *vq)
{
	bool wanted;

	if (vq->dma_failed)
		virtq_fail(vq, XVIO_RING_ERR_DMA);
	if (vq->error)
		return false;
	wanted = vq->ops->wants_interrupt(vq);
	vq->published = vq->taken;
	return wanted;
}
