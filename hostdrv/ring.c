// SPDX-License-Identifier: GPL-2.0
/*
 * Driver side of a split virtqueue (virtio 1.2, 2.7) with slots of fixed chains. The caller
 * serializes: tx.c by its lock, rx.c by being NAPI. Memory is coherent; what the card wrote there is
 * checked before it is used, a card that breaks the rules loses the ring.
 */
#include <linux/bitmap.h>
#include <linux/virtio_byteorder.h>

#include "xvio.h"

/* Rings are little-endian, as virtio 1.x has them. */
#define RING_LE true

static size_t ring_avail_offset(u16 size)
{
	return sizeof(struct vring_desc) * size;
}

static size_t ring_used_offset(u16 size)
{
	return ALIGN(ring_avail_offset(size) + sizeof(__virtio16) * (3 + size), SMP_CACHE_BYTES);
}

static void ring_reset(struct xvio_ring *ring)
{
	u16 slot, n;

	memset(ring->desc, 0, ring->bytes);
	bitmap_zero(ring->in_use, ring->num_slots);
	ring->avail_idx = 0;
	ring->used_idx = 0;
	ring->broken = false;
	ring->num_free = ring->num_slots;
	for (slot = 0; slot < ring->num_slots; slot++) {
		ring->free_slots[slot] = ring->num_slots - 1 - slot;
		for (n = 0; n + 1 < ring->descs_per_slot; n++) {
			u16 i = slot * ring->descs_per_slot + n;

			ring->desc[i].flags = __cpu_to_virtio16(RING_LE, VRING_DESC_F_NEXT);
			ring->desc[i].next = __cpu_to_virtio16(RING_LE, i + 1);
		}
	}
}

int xvio_ring_create(struct xvio *xv, struct xvio_ring *ring, u16 queue, u16 size,
		     u16 descs_per_slot)
{
	ring->xv = xv;
	ring->queue = queue;
	ring->size = size;
	ring->descs_per_slot = descs_per_slot;
	ring->num_slots = size / descs_per_slot;
	ring->bytes = ring_used_offset(size) + sizeof(__virtio16) * 3 +
		      sizeof(struct vring_used_elem) * size;
	ring->free_slots = kcalloc(ring->num_slots, sizeof(*ring->free_slots), GFP_KERNEL);
	ring->in_use = bitmap_zalloc(ring->num_slots, GFP_KERNEL);
	ring->desc = dma_alloc_coherent(&xv->pdev->dev, ring->bytes, &ring->dma, GFP_KERNEL);
	if (!ring->free_slots || !ring->in_use || !ring->desc) {
		xvio_ring_destroy(ring);
		return -ENOMEM;
	}
	ring->avail = (void *)ring->desc + ring_avail_offset(size);
	ring->used = (void *)ring->desc + ring_used_offset(size);
	return 0;
}

void xvio_ring_destroy(struct xvio_ring *ring)
{
	if (ring->desc)
		dma_free_coherent(&ring->xv->pdev->dev, ring->bytes, ring->desc, ring->dma);
	bitmap_free(ring->in_use);
	kfree(ring->free_slots);
	ring->desc = NULL;
	ring->in_use = NULL;
	ring->free_slots = NULL;
}

static void ring_start_done(const struct xvio_cmd *cmd, int err)
{
	struct xvio_ring *ring = cmd->ctx;

	if (!err)
		ring->started = true;
}

int xvio_ring_start(struct xvio_ring *ring)
{
	struct xvio_cmd_queue_start req = {
		.queue = cpu_to_le16(ring->queue),
		.size = cpu_to_le16(ring->size),
		.vector = cpu_to_le16(XVIO_VECTOR_PAIR),
		.desc_addr = cpu_to_le64(ring->dma),
		.driver_addr = cpu_to_le64(ring->dma + ring_avail_offset(ring->size)),
		.device_addr = cpu_to_le64(ring->dma + ring_used_offset(ring->size)),
	};
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_QUEUE_START,
		.req = &req,
		.req_bytes = sizeof(req),
		.done = ring_start_done,
		.ctx = ring,
	};

	ring_reset(ring);
	return xvio_mbox_call(ring->xv, &cmd);
}

int xvio_ring_replay(struct xvio_ring *ring)
{
	return ring->started ? xvio_ring_start(ring) : 0;
}

static void ring_stop_done(const struct xvio_cmd *cmd, int err)
{
	struct xvio_ring *ring = cmd->ctx;

	ring->started = false;
}

/* If the card is dead, it is off the bus: the memory is ours again in any case. */
void xvio_ring_stop(struct xvio_ring *ring)
{
	struct xvio_cmd_object object = {.id = cpu_to_le32(ring->queue)};
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_QUEUE_STOP,
		.req = &object,
		.req_bytes = sizeof(object),
		.done = ring_stop_done,
		.ctx = ring,
	};

	xvio_mbox_call(ring->xv, &cmd);
}

void xvio_ring_set_desc(struct xvio_ring *ring, u16 slot, u16 n, dma_addr_t addr, u32 len_bytes,
			u16 flags)
{
	struct vring_desc *desc = &ring->desc[slot * ring->descs_per_slot + n];

	if (n + 1 < ring->descs_per_slot)
		flags |= VRING_DESC_F_NEXT;
	desc->addr = __cpu_to_virtio64(RING_LE, addr);
	desc->len = __cpu_to_virtio32(RING_LE, len_bytes);
	desc->flags = __cpu_to_virtio16(RING_LE, flags);
}

int xvio_ring_get_slot(struct xvio_ring *ring)
{
	u16 slot;

	if (!ring->num_free || ring->broken)
		return -1;
	slot = ring->free_slots[--ring->num_free];
	__set_bit(slot, ring->in_use);
	return slot;
}

void xvio_ring_put_slot(struct xvio_ring *ring, u16 slot)
{
	__clear_bit(slot, ring->in_use);
	ring->free_slots[ring->num_free++] = slot;
}

void xvio_ring_post(struct xvio_ring *ring, u16 slot)
{
	ring->avail->ring[ring->avail_idx % ring->size] =
		__cpu_to_virtio16(RING_LE, slot * ring->descs_per_slot);
	ring->avail_idx++;
	/* Pairs with the card's read of the entry after it read idx */
	dma_wmb();
	WRITE_ONCE(ring->avail->idx, __cpu_to_virtio16(RING_LE, ring->avail_idx));
}

void xvio_ring_kick(struct xvio_ring *ring)
{
	/* Pairs with the card's barrier between clearing NO_NOTIFY and its last look at idx */
	mb();
	if (READ_ONCE(ring->used->flags) & __cpu_to_virtio16(RING_LE, VRING_USED_F_NO_NOTIFY))
		return;
	xvio_hw_ring_doorbell(ring->xv, ring->queue, ring->queue);
}

static bool ring_has_used(struct xvio_ring *ring)
{
	return __virtio16_to_cpu(RING_LE, READ_ONCE(ring->used->idx)) != ring->used_idx;
}

int xvio_ring_take(struct xvio_ring *ring, u32 *len_bytes)
{
	struct vring_used_elem elem;
	u32 head, slot;

	if (ring->broken || !ring_has_used(ring))
		return -1;
	/* Pairs with the card's write of idx behind the element and the data */
	dma_rmb();
	elem = ring->used->ring[ring->used_idx % ring->size];
	head = __virtio32_to_cpu(RING_LE, elem.id);
	slot = head / ring->descs_per_slot;
	if (head % ring->descs_per_slot || slot >= ring->num_slots ||
	    !test_bit(slot, ring->in_use)) {
		dev_err(&ring->xv->pdev->dev, "queue %u: the card returned descriptor %u unasked\n",
			ring->queue, head);
		ring->broken = true;
		return -1;
	}
	ring->used_idx++;
	xvio_ring_put_slot(ring, slot);
	*len_bytes = __virtio32_to_cpu(RING_LE, elem.len);
	return slot;
}

void xvio_ring_disable_interrupt(struct xvio_ring *ring)
{
	WRITE_ONCE(ring->avail->flags, __cpu_to_virtio16(RING_LE, VRING_AVAIL_F_NO_INTERRUPT));
}

bool xvio_ring_enable_interrupt(struct xvio_ring *ring)
{
	WRITE_ONCE(ring->avail->flags, 0);
	/* Pairs with the card's barrier between writing used idx and reading avail flags */
	mb();
	return ring->broken || !ring_has_used(ring);
}
