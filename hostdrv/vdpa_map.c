// SPDX-License-Identifier: GPL-2.0
/*
 * The address maps of a vDPA device: guest memory, mapped for the card's DMA through the DMA API (so
 * that the server's IOMMU has its say) and handed to the card as a table. Under the device's lock.
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/vhost_iotlb.h>

#include "vdpa.h"

#define MAP_PIECE_BYTES SZ_1G /* a scatterlist entry's length has 32 bits */

/* Neighbours in the device's address space with the same permission: one scatterlist. */
struct map_region {
	struct list_head node;
	struct sg_table sgt;
	enum dma_data_direction dir;
	u64 iova;
	u32 perm; /* VHOST_MAP_* */
};

struct xvio_map {
	struct list_head regions; /* by iova */
	u32 num_entries; /* at most so many in the card's table */
};

static enum dma_data_direction map_direction(u32 perm)
{
	switch (perm) {
	case VHOST_MAP_RO:
		return DMA_TO_DEVICE;
	case VHOST_MAP_WO:
		return DMA_FROM_DEVICE;
	default:
		return DMA_BIDIRECTIONAL;
	}
}

static u32 map_card_perm(u32 perm)
{
	u32 card_perm = 0;

	if (perm & VHOST_MAP_RO)
		card_perm |= XVIO_MAP_READ;
	if (perm & VHOST_MAP_WO)
		card_perm |= XVIO_MAP_WRITE;
	return card_perm;
}

static struct vhost_iotlb_map *map_next(struct vhost_iotlb_map *entry)
{
	return vhost_iotlb_itree_next(entry, 0, U64_MAX);
}

/* First entry behind those that can share a region with first; their pieces in *num_pieces. */
static struct vhost_iotlb_map *map_region_end(struct vhost_iotlb_map *first,
					      unsigned int *num_pieces)
{
	struct vhost_iotlb_map *entry = first, *last;
	u64 pieces = 0, bytes = 0;

	do {
		pieces += DIV_ROUND_UP_ULL(entry->size, MAP_PIECE_BYTES);
		bytes += entry->size;
		last = entry;
		entry = map_next(entry);
	} while (entry && entry->start == last->last + 1 && entry->perm == first->perm &&
		 bytes < MAP_PIECE_BYTES);
	*num_pieces = pieces;
	return entry;
}

static void map_fill_sg(struct sg_table *sgt, struct vhost_iotlb_map *first,
			struct vhost_iotlb_map *end)
{
	struct scatterlist *sg = sgt->sgl;
	struct vhost_iotlb_map *entry;

	for (entry = first; entry != end; entry = map_next(entry)) {
		u64 done, piece;

		for (done = 0; done < entry->size; done += piece) {
			phys_addr_t phys = entry->addr + done;

			piece = min_t(u64, entry->size - done, MAP_PIECE_BYTES);
			sg_set_page(sg, pfn_to_page(PHYS_PFN(phys)), piece, offset_in_page(phys));
			sg = sg_next(sg);
		}
	}
}

/* Adds the region that starts with first; returns the entry behind it or an ERR_PTR. */
static struct vhost_iotlb_map *map_add_region(struct device *dev, struct xvio_map *map,
					      struct vhost_iotlb_map *first)
{
	struct vhost_iotlb_map *end;
	struct map_region *region;
	unsigned int num_pieces;
	int err = -ENOMEM;

	end = map_region_end(first, &num_pieces);
	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return ERR_PTR(err);
	region->iova = first->start;
	region->perm = first->perm;
	region->dir = map_direction(first->perm);
	err = sg_alloc_table(&region->sgt, num_pieces, GFP_KERNEL);
	if (err)
		goto free_region;
	map_fill_sg(&region->sgt, first, end);
	err = dma_map_sgtable(dev, &region->sgt, region->dir, 0);
	if (err)
		goto free_table;
	list_add_tail(&region->node, &map->regions);
	map->num_entries += region->sgt.nents;
	return end;

free_table:
	sg_free_table(&region->sgt);
free_region:
	kfree(region);
	return ERR_PTR(err);
}

static void map_destroy(struct device *dev, struct xvio_map *map)
{
	struct map_region *region, *next;

	if (!map)
		return;
	list_for_each_entry_safe (region, next, &map->regions, node) {
		dma_unmap_sgtable(dev, &region->sgt, region->dir, 0);
		sg_free_table(&region->sgt);
		kfree(region);
	}
	kfree(map);
}

static struct xvio_map *map_create(struct device *dev, struct vhost_iotlb *iotlb)
{
	struct vhost_iotlb_map *entry;
	struct xvio_map *map;

	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&map->regions);
	entry = vhost_iotlb_itree_first(iotlb, 0, U64_MAX);
	while (entry) {
		entry = map_add_region(dev, map, entry);
		if (IS_ERR(entry)) {
			map_destroy(dev, map);
			return ERR_CAST(entry);
		}
	}
	return map;
}

/* Adds a piece to the table of num entries, or to its last entry; returns the new number. */
static u32 map_table_add(struct xvio_map_entry *table, u32 num, u64 iova, u64 bus_addr,
			 u64 len_bytes, u32 perm)
{
	struct xvio_map_entry *last = num ? &table[num - 1] : NULL;

	if (last && le32_to_cpu(last->perm) == perm &&
	    le64_to_cpu(last->iova) + le64_to_cpu(last->len_bytes) == iova &&
	    le64_to_cpu(last->bus_addr) + le64_to_cpu(last->len_bytes) == bus_addr) {
		le64_add_cpu(&last->len_bytes, len_bytes);
		return num;
	}
	table[num] = (struct xvio_map_entry){
		.iova = cpu_to_le64(iova),
		.len_bytes = cpu_to_le64(len_bytes),
		.bus_addr = cpu_to_le64(bus_addr),
		.perm = cpu_to_le32(perm),
	};
	return num + 1;
}

static u32 map_fill_table(const struct xvio_map *map, struct xvio_map_entry *table)
{
	struct map_region *region;
	struct scatterlist *sg;
	unsigned int i;
	u32 num = 0;
	u64 iova;

	list_for_each_entry (region, &map->regions, node) {
		iova = region->iova;
		for_each_sgtable_dma_sg(&region->sgt, sg, i)
		{
			num = map_table_add(table, num, iova, sg_dma_address(sg), sg_dma_len(sg),
					    map_card_perm(region->perm));
			iova += sg_dma_len(sg);
		}
	}
	return num;
}

/* A map that is about to take the place of another. */
struct map_change {
	struct xvio_vdpa *vd;
	struct xvio_map *map; /* then the one that it has replaced. NULL: none, or identity */
	bool clears; /* no address is valid afterwards */
};

static void map_send_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vdpa_map *req = cmd->req;
	struct map_change *change = cmd->ctx;
	struct xvio_vdpa *vd = change->vd;
	u32 asid = le32_to_cpu(req->asid);

	if (err && !(change->clears && xvio_cmd_took_away(err)))
		return;
	swap(vd->map[asid], change->map);
	if (asid == 0)
		vd->has_identity = req->flags & cpu_to_le32(XVIO_MAP_F_IDENTITY);
}

/* change: NULL in a restart, where nothing changes. */
static int map_send(struct xvio_vdpa *vd, unsigned int asid, u32 num_entries, u32 flags,
		    dma_addr_t table_addr, struct map_change *change)
{
	struct xvio_cmd_vdpa_map req = {
		.dev = cpu_to_le32(vd->dev),
		.asid = cpu_to_le32(asid),
		.num_entries = cpu_to_le32(num_entries),
		.flags = cpu_to_le32(flags),
		.table_addr = cpu_to_le64(table_addr),
	};
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_VDPA_MAP,
		.req = &req,
		.req_bytes = sizeof(req),
		.done = change ? map_send_done : NULL,
		.ctx = change,
	};

	return xvio_mbox_call(vd->xv, &cmd);
}

/* The table is needed only until the card has answered. */
static int map_send_table(struct xvio_vdpa *vd, unsigned int asid, const struct xvio_map *map,
			  struct map_change *change)
{
	struct device *dev = &vd->xv->pdev->dev;
	size_t bytes = map->num_entries * sizeof(struct xvio_map_entry);
	struct xvio_map_entry *table;
	dma_addr_t table_addr;
	u32 num;
	int err;

	if (!map->num_entries)
		return map_send(vd, asid, 0, 0, 0, change);
	table = dma_alloc_coherent(dev, bytes, &table_addr, GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	num = map_fill_table(map, table);
	err = -ENOSPC;
	if (num <= le32_to_cpu(vd->xv->info.max_map_entries))
		err = map_send(vd, asid, num, 0, table_addr, change);
	dma_free_coherent(dev, bytes, table, table_addr);
	return err;
}

int xvio_map_set(struct xvio_vdpa *vd, unsigned int asid, struct vhost_iotlb *iotlb)
{
	struct device *dev = &vd->xv->pdev->dev;
	struct map_change change = {.vd = vd};
	int err;

	change.map = map_create(dev, iotlb);
	if (IS_ERR(change.map))
		return PTR_ERR(change.map);
	err = map_send_table(vd, asid, change.map, &change);
	/* The old one, or the new one that the card would not take */
	map_destroy(dev, change.map);
	return err;
}

int xvio_map_set_identity(struct xvio_vdpa *vd)
{
	struct map_change change = {.vd = vd};
	int err;

	err = map_send(vd, 0, 0, XVIO_MAP_F_IDENTITY, 0, &change);
	map_destroy(&vd->xv->pdev->dev, change.map);
	return err;
}

int xvio_map_clear(struct xvio_vdpa *vd, unsigned int asid)
{
	struct map_change change = {.vd = vd, .clears = true};
	int err;

	if (!vd->map[asid] && !(asid == 0 && vd->has_identity))
		return 0;
	err = map_send(vd, asid, 0, 0, 0, &change);
	map_destroy(&vd->xv->pdev->dev, change.map);
	return xvio_cmd_took_away(err) ? 0 : err;
}

int xvio_map_replay(struct xvio_vdpa *vd)
{
	unsigned int asid;
	int err = 0;

	if (vd->has_identity)
		err = map_send(vd, 0, 0, XVIO_MAP_F_IDENTITY, 0, NULL);
	for (asid = 0; !err && asid < XVIO_VDPA_NUM_SPACES; asid++)
		if (vd->map[asid])
			err = map_send_table(vd, asid, vd->map[asid], NULL);
	return err;
}

void xvio_map_release(struct xvio_vdpa *vd)
{
	unsigned int asid;

	for (asid = 0; asid < XVIO_VDPA_NUM_SPACES; asid++) {
		map_destroy(&vd->xv->pdev->dev, vd->map[asid]);
		vd->map[asid] = NULL;
	}
	vd->has_identity = false;
}
