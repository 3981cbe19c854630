/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The shadow model's bus (shadow.h): which queue and what of it an operation is about. */
#include "device/shadow.h"

#include <stdio.h>
#include <string.h>
#include <xvio/pci.h>
#include "device/shadow_int.h"
#include "device/world.h"
#include "path/virtq.h"

#define READ_ONLY (WORLD_HOSTILE_BYTES - 0x1000u)

struct shadow_map {
	const struct xvio_map_entry *entries;
	unsigned num;
};

static struct {
	struct shadow_queue queue[2][SHADOW_QUEUES];
	unsigned num_running[2];
	struct shadow_queue *running[2][SHADOW_QUEUES];
	struct shadow_map map[2]; /* the new one, the old one */
	uint16_t config_vector[2];
	int refuse_after;
} shadow;

static const struct shadow_format *shadow_format(const struct shadow_queue *queue)
{
	return queue->config.packed ? &shadow_packed : &shadow_split;
}

void shadow_stop(bool is_port, unsigned number)
{
	struct shadow_queue *queue = &shadow.queue[is_port][number];
	struct shadow_queue **at = shadow.running[is_port];

	if (!queue->running)
		return;
	queue->running = false;
	while (*at != queue)
		at++;
	*at = shadow.running[is_port][--shadow.num_running[is_port]];
}

void shadow_reset(void)
{
	unsigned i;

	for (i = 0; i < 2 * SHADOW_QUEUES; i++)
		shadow_stop(i / SHADOW_QUEUES, i % SHADOW_QUEUES);
	memset(shadow.map, 0, sizeof(shadow.map));
	shadow_set_config_vector(VIRTIO_MSI_NO_VECTOR, VIRTIO_MSI_NO_VECTOR);
	shadow.refuse_after = -1;
}

/* Whether [addr, addr + len) and the area have a byte in common. */
static bool shadow_overlaps(uint64_t addr, uint64_t len_bytes, uint64_t area, uint32_t area_bytes)
{
	return addr - area < area_bytes || area - addr < len_bytes;
}

static unsigned shadow_count_overlaps(const struct shadow_queue *queue, uint64_t addr,
				      uint64_t len_bytes)
{
	const struct shadow_format *format = shadow_format(queue);
	const struct shadow_config *config = &queue->config;

	return shadow_overlaps(addr, len_bytes, config->desc, config->size * 16u) +
	       shadow_overlaps(addr, len_bytes, config->driver, format->driver_bytes(queue)) +
	       shadow_overlaps(addr, len_bytes, config->device, format->device_bytes(queue));
}

/* An access there could be meant for a ring or for something else. */
static void shadow_claim(struct shadow_queue *queue, uint64_t addr, uint64_t len_bytes,
			 unsigned num_own)
{
	unsigned i;

	for (i = 0; i < shadow.num_running[queue->is_port]; i++) {
		struct shadow_queue *other = shadow.running[queue->is_port][i];

		if (shadow_count_overlaps(other, addr, len_bytes) > (other == queue ? num_own : 0))
			other->blind = queue->blind = true;
	}
}

static void shadow_claim_areas(struct shadow_queue *queue)
{
	const struct shadow_format *format = shadow_format(queue);
	const struct shadow_config *config = &queue->config;
	unsigned i;
	unsigned j;

	shadow_claim(queue, config->desc, config->size * 16u, 1);
	shadow_claim(queue, config->driver, format->driver_bytes(queue), 1);
	shadow_claim(queue, config->device, format->device_bytes(queue), 1);
	for (i = 0; i < shadow.num_running[queue->is_port]; i++) {
		const struct shadow_queue *other = shadow.running[queue->is_port][i];

		for (j = 0; j < other->num_bufs; j++) {
			if (shadow_count_overlaps(queue, other->buf[j].addr,
						  other->buf[j].len_bytes))
				queue->blind = true;
		}
	}
}

void shadow_start(bool is_port, unsigned number, const struct shadow_config *config)
{
	struct shadow_queue *queue = &shadow.queue[is_port][number];

	if (!queue->running)
		shadow.running[is_port][shadow.num_running[is_port]++] = queue;
	queue->running = true;
	queue->is_port = is_port;
	queue->loose = false;
	queue->blind = config->size > SHADOW_MAX_SIZE ||
		       (config->packed && (config->last_avail & 0x7fff) >= config->size);
	queue->config = *config;
	queue->used = queue->shown = queue->settled = config->last_avail;
	queue->look = 0;
	queue->num_bufs = 0;
	memset(queue->seen, 0, sizeof(queue->seen));
	memset(queue->seen_in, 0, sizeof(queue->seen_in));
	memset(queue->fresh, 0, sizeof(queue->fresh));
	memset(queue->id_shown, 0, sizeof(queue->id_shown));
	memset(queue->written, 0, sizeof(queue->written));
	shadow_claim_areas(queue);
}

void shadow_set_config_vector(uint16_t vector, uint16_t next)
{
	shadow.config_vector[0] = vector;
	shadow.config_vector[1] = next;
}

void shadow_begin_map(const struct xvio_map_entry *entries, unsigned num)
{
	unsigned i;

	shadow.map[1] = shadow.map[0];
	shadow.map[0] = (struct shadow_map){entries, num};
	for (i = 0; i < shadow.num_running[1]; i++) {
		struct shadow_queue *queue = shadow.running[1][i];

		if (!queue->blind)
			shadow_format(queue)->forget(queue);
	}
}

void shadow_end_map(void)
{
	shadow.map[1].num = 0;
}

void shadow_refuse_after(int num)
{
	shadow.refuse_after = num;
}

void shadow_add_buf(struct shadow_queue *queue, uint64_t addr, uint32_t len_bytes, uint16_t flags,
		    bool is_indirect)
{
	if (queue->num_bufs == SHADOW_MAX_BUFS) {
		queue->blind = true;
		return;
	}
	queue->buf[queue->num_bufs++] = (struct shadow_buf){
		.addr = addr,
		.len_bytes = len_bytes,
		.flags = flags,
		.is_indirect = is_indirect,
	};
	if (len_bytes <= SHADOW_MAX_BYTES)
		shadow_claim(queue, addr, len_bytes, 0);
}

void shadow_check_len(uint32_t len_bytes, uint64_t max_bytes, bool is_indirect)
{
	world_check(is_indirect || len_bytes <= max_bytes,
		    "more was written than the chain has room for");
}

/* What an indirect table names. Packed descriptors have their flags where others have next. */
static void shadow_read_table(struct shadow_queue *queue, const uint8_t *host, uint32_t len_bytes)
{
	struct virtq_desc desc;
	uint32_t at;

	for (at = 0; at + sizeof(desc) <= len_bytes; at += sizeof(desc)) {
		memcpy(&desc, host + at, sizeof(desc));
		/* There is no table in a table. */
		shadow_add_buf(queue, desc.addr, desc.len,
			       (queue->config.packed ? desc.next : desc.flags) & VIRTQ_DESC_F_WRITE,
			       true);
	}
}

static void shadow_find_buf(const struct shadow_queue *queue, struct shadow_need *need)
{
	unsigned i;

	for (i = 0; i < queue->num_bufs; i++) {
		const struct shadow_buf *buf = &queue->buf[i];

		if ((queue->loose || buf->is_indirect) &&
		    shadow_has(need, buf->addr, buf->len_bytes, buf->flags))
			return;
	}
}

static bool shadow_is_in(uint64_t addr, uint32_t len_bytes, uint64_t area, uint32_t area_bytes)
{
	return addr >= area && addr - area < area_bytes && len_bytes <= area_bytes - (addr - area);
}

/*
 * Which area of the queue's rings the operation is about, and where in it; VIRTQ_NUM_AREAS: none.
 */
static unsigned shadow_area(const struct shadow_queue *queue, const struct hal_dma_op *op,
			    uint64_t addr, uint32_t *offset)
{
	const struct shadow_format *format = shadow_format(queue);
	const struct shadow_config *config = &queue->config;
	const bool is_read = op->dir == HAL_DMA_READ;
	const uint32_t len_bytes = op->len_bytes;

	if ((is_read || config->packed) &&
	    shadow_is_in(addr, len_bytes, config->desc, config->size * 16u)) {
		*offset = (uint32_t)(addr - config->desc);
		return VIRTQ_DESC;
	}
	if (is_read && shadow_is_in(addr, len_bytes, config->driver, format->driver_bytes(queue))) {
		*offset = (uint32_t)(addr - config->driver);
		return VIRTQ_DRIVER;
	}
	if (!is_read &&
	    shadow_is_in(addr, len_bytes, config->device, format->device_bytes(queue))) {
		*offset = (uint32_t)(addr - config->device);
		return VIRTQ_DEVICE;
	}
	return VIRTQ_NUM_AREAS;
}

/*
 * Whether the operation is about a ring of this queue; takes note of it. If the bus refuses some
 * of what the device writes, and not the rest, the ring says what no device would.
 */
static bool shadow_is_ring(struct shadow_queue *queue, const struct hal_dma_op *op, uint64_t addr,
			   const void *host)
{
	const struct shadow_format *format = shadow_format(queue);
	uint32_t offset;
	const unsigned area = shadow_area(queue, op, addr, &offset);

	if (area == VIRTQ_NUM_AREAS)
		return false;
	queue->blind |= !host && op->dir == HAL_DMA_WRITE;
	if (queue->blind || !host)
		return true;
	if (op->dir == HAL_DMA_READ)
		(area == VIRTQ_DESC ? format->read_desc : format->read_driver)(queue, offset, host,
									       op->len_bytes);
	else
		(area == VIRTQ_DESC ? format->write_desc
				    : format->write_device)(queue, offset, op->card, op->len_bytes);
	return true;
}

/* The same for its buffers. */
static bool shadow_is_buffer(struct shadow_queue *queue, const struct hal_dma_op *op, uint64_t addr,
			     const void *host)
{
	struct shadow_need need = {
		.addr = addr,
		.len_bytes = op->len_bytes,
		.is_write = op->dir == HAL_DMA_WRITE,
		.steps = SHADOW_MAX_STEPS,
	};

	if (queue->blind)
		return true;
	if (!queue->loose)
		shadow_format(queue)->in_flight(queue, &need);
	if (!need.found)
		shadow_find_buf(queue, &need);
	if (host && need.is_table)
		shadow_read_table(queue, host, op->len_bytes);
	return need.found;
}

/* The port's address of a bus address. */
static bool shadow_unmap(const struct hal_dma_op *op, uint64_t *addr)
{
	const uint32_t perm = op->dir == HAL_DMA_READ ? XVIO_MAP_READ : XVIO_MAP_WRITE;
	unsigned i;

	for (i = 0; i < shadow.map[0].num + shadow.map[1].num; i++) {
		const struct xvio_map_entry *entry =
			i < shadow.map[0].num ? &shadow.map[0].entries[i]
					      : &shadow.map[1].entries[i - shadow.map[0].num];

		if (entry->perm & perm &&
		    shadow_is_in(op->host_addr, op->len_bytes, entry->bus_addr,
				 (uint32_t)entry->len_bytes)) {
			*addr = entry->iova + (op->host_addr - entry->bus_addr);
			return true;
		}
	}
	return false;
}

static bool shadow_vector_is_set(bool is_port, uint64_t vector)
{
	unsigned i;

	for (i = 0; i < shadow.num_running[is_port]; i++) {
		if (shadow.running[is_port][i]->config.vector == vector)
			return true;
	}
	return !is_port && (vector == shadow.config_vector[0] || vector == shadow.config_vector[1]);
}

/* Whether the bus (the IOMMU) carries it out for this function. */
static bool shadow_allows(bool is_port, const struct hal_dma_op *op, const void *host)
{
	const uint64_t memory = is_port ? WORLD_PORT_ADDR : WORLD_VF_ADDR;
	const bool is_writable = is_port || op->dir == HAL_DMA_READ;

	if (shadow.refuse_after >= 0 && shadow.refuse_after-- == 0)
		return false;
	return host && shadow_is_in(op->host_addr, op->len_bytes, memory,
				    is_writable ? WORLD_HOSTILE_BYTES : READ_ONLY);
}

static bool shadow_find_ring(bool is_port, const struct hal_dma_op *op, uint64_t addr,
			     const void *host)
{
	unsigned i;

	for (i = 0; i < shadow.num_running[is_port]; i++) {
		if (shadow_is_ring(shadow.running[is_port][i], op, addr, host))
			return true;
	}
	return false;
}

/* Whosever it may be takes note of it: a queue that explains anything must not hide it from the others. */
static bool shadow_find_buffer(bool is_port, const struct hal_dma_op *op, uint64_t addr,
			       const void *host)
{
	bool found = false;
	unsigned i;

	for (i = 0; i < shadow.num_running[is_port]; i++)
		found |= shadow_is_buffer(shadow.running[is_port][i], op, addr, host);
	return found;
}

bool shadow_bus(bool is_port, const struct hal_dma_op *op, const void *host)
{
	const unsigned num = shadow.num_running[is_port];
	uint64_t addr = op->host_addr;
	bool allowed;

	if (op->dir == HAL_DMA_MSIX) {
		world_check(shadow_vector_is_set(is_port, addr),
			    "an interrupt that was not asked for");
		return true;
	}
	world_check(!is_port || shadow_unmap(op, &addr), "DMA to what is not mapped");
	allowed = shadow_allows(is_port, op, host);
	if (shadow_find_ring(is_port, op, addr, allowed ? host : NULL) ||
	    shadow_find_buffer(is_port, op, addr, allowed ? host : NULL))
		return allowed;
	fprintf(stderr, "fuzz_device: address %#llx, %u bytes, %u queues run\n",
		(unsigned long long)addr, op->len_bytes, num);
	world_check(false, op->dir == HAL_DMA_READ ? "a read that no queue explains"
						   : "a write that no queue explains");
	return false;
}
