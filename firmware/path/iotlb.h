/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The address map of one vDPA device: what an address that its guest names means on the bus. Built
 * on core 0 from a checked copy of the driver's table, then read-only, so that workers read it
 * without locks; replaced as a whole.
 */
#ifndef PATH_IOTLB_H
#define PATH_IOTLB_H

#include <stddef.h>
#include <stdint.h>
#include <xvio/mbox.h>

#define IOTLB_MAX_ENTRIES 262144u

struct iotlb;

/*
 * Takes over entries (card memory from heap_alloc(), also on failure): num_entries of them, sorted
 * by iova, none empty, wrapping or overlapping, perm not 0. On a bad entry NULL, and *bad is its
 * index; NULL with *bad == num_entries: no memory. Core 0.
 */
struct iotlb *iotlb_create(struct xvio_map_entry *entries, uint32_t num_entries, uint32_t *bad);

/* A map in which every address is its own bus address. Static, never freed. */
struct iotlb *iotlb_identity(void);

/* A map that refuses everything. Static, never freed. */
struct iotlb *iotlb_empty(void);

/* Core 0, when no worker can still be using it. NULL and static maps are ignored. */
void iotlb_destroy(struct iotlb *map);

/*
 * Bus address of iova, and in *len_bytes how much of the wanted length lies in one piece there (>= 1).
 * 0 wanted, no map entry, or an entry without the permission (XVIO_MAP_*): false.
 */
_Bool iotlb_translate(const struct iotlb *map, uint64_t iova, uint32_t perm, uint64_t *bus_addr,
		      uint32_t *len_bytes);

/* The entry that holds iova; NULL: none. Valid as long as the map. */
const struct xvio_map_entry *iotlb_find(const struct iotlb *map, uint64_t iova);

#endif
