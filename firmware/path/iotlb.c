/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Address maps (iotlb.h): a sorted table and a binary search. Made on core 0, read by workers. */
#include "path/iotlb.h"

#include <stdbool.h>
#include "lib/heap.h"

struct iotlb {
	struct xvio_map_entry *entries;
	uint32_t num_entries;
	bool identity;
	bool is_static;
};

static struct iotlb iotlb_identity_map = {.identity = true, .is_static = true};
static struct iotlb iotlb_empty_map = {.is_static = true};
static const struct xvio_map_entry iotlb_identity_entry = {
	.len_bytes = UINT64_MAX,
	.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
};

static bool iotlb_entry_is_good(const struct xvio_map_entry *entry)
{
	uint64_t last = entry->len_bytes - 1;

	return entry->len_bytes && entry->iova + last >= entry->iova &&
	       entry->bus_addr + last >= entry->bus_addr && entry->perm &&
	       !(entry->perm & ~(XVIO_MAP_READ | XVIO_MAP_WRITE)) && !entry->reserved;
}

static bool iotlb_entries_are_good(const struct xvio_map_entry *entries, uint32_t num_entries,
				   uint32_t *bad)
{
	uint32_t i;

	for (i = 0; i < num_entries; i++) {
		const struct xvio_map_entry *before = i ? &entries[i - 1] : NULL;

		*bad = i;
		if (!iotlb_entry_is_good(&entries[i]))
			return false;
		if (before && entries[i].iova <= before->iova + (before->len_bytes - 1))
			return false;
	}
	return true;
}

struct iotlb *iotlb_create(struct xvio_map_entry *entries, uint32_t num_entries, uint32_t *bad)
{
	struct iotlb *map = NULL;

	*bad = 0;
	if (iotlb_entries_are_good(entries, num_entries, bad)) {
		*bad = num_entries; /* if anything fails now, it is memory */
		map = heap_alloc(sizeof(*map));
	}
	if (!map) {
		heap_free(entries);
		return NULL;
	}
	map->entries = entries;
	map->num_entries = num_entries;
	return map;
}

struct iotlb *iotlb_identity(void)
{
	return &iotlb_identity_map;
}

struct iotlb *iotlb_empty(void)
{
	return &iotlb_empty_map;
}

void iotlb_destroy(struct iotlb *map)
{
	if (!map || map->is_static)
		return;
	heap_free(map->entries);
	heap_free(map);
}

const struct xvio_map_entry *iotlb_find(const struct iotlb *map, uint64_t iova)
{
	const struct xvio_map_entry *entry;
	uint32_t low = 0;
	uint32_t high = map->num_entries;

	if (map->identity) /* one entry cannot hold the last byte of all: like any other it has an end */
		return iova < iotlb_identity_entry.len_bytes ? &iotlb_identity_entry : NULL;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->entries[middle].iova <= iova)
			low = middle + 1;
		else
			high = middle;
	}
	entry = low ? &map->entries[low - 1] : NULL;
	return entry && iova - entry->iova < entry->len_bytes ? entry : NULL;
}

bool iotlb_translate(const struct iotlb *map, uint64_t iova, uint32_t perm, uint64_t *bus_addr,
		     uint32_t *len_bytes)
{
	const struct xvio_map_entry *entry;
	uint64_t offset;

	if (!*len_bytes)
		return false;
	entry = iotlb_find(map, iova);
	if (!entry || (entry->perm & perm) != perm)
		return false;
	offset = iova - entry->iova;
	*bus_addr = entry->bus_addr + offset;
	if (*len_bytes > entry->len_bytes - offset)
		*len_bytes = (uint32_t)(entry->len_bytes - offset);
	return true;
}
