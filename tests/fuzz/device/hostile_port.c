/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The hostile port: queues set up by a program that checks as little as the path allows, with
 * rings of all sorts and an address map of the program's (hostile.h). Device queues 0, 1 and 2:
 * receive, transmit, receive.
 */
#include <string.h>
#include <xvio/pci.h>
#include "device/hostile.h"
#include "device/shadow.h"
#include "device/world.h"
#include "lib/heap.h"
#include "path/iotlb.h"
#include "path/vnet.h"

#define PAGE_BYTES 0x1000u
#define NUM_PAGES  (WORLD_HOSTILE_BYTES / PAGE_BYTES)
#define HOLE	   8u /* a page of buffers that a map may leave out */

static struct xvio_map_entry
	port_entries[2][NUM_PAGES]; /* the shadow's: of this map, and of the one before */
static unsigned port_num_entries;
static unsigned port_turn;
static struct iotlb *port_iotlb;

static unsigned port_fill(struct xvio_map_entry *entry, unsigned kind)
{
	const unsigned pages = kind % 3 ? 1 : NUM_PAGES; /* of an entry */
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < NUM_PAGES; i += pages) {
		if (kind % 3 == 2 && i == HOLE)
			continue;
		entry[num++] = (struct xvio_map_entry){
			.iova = HOSTILE_ADDR_PORT + i * PAGE_BYTES,
			.len_bytes = pages * PAGE_BYTES,
			.bus_addr = WORLD_PORT_ADDR + i * PAGE_BYTES,
			.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
		};
	}
	if (kind % 3 == 2)
		entry[num - 1].perm = XVIO_MAP_READ;
	return num;
}

/* The path takes over another map, and then the old one is destroyed. */
void hostile_port_map(unsigned kind)
{
	struct xvio_map_entry *shown = port_entries[++port_turn % 2];
	struct xvio_map_entry *entries;
	struct iotlb *before = port_iotlb;
	uint32_t bad;

	port_num_entries = port_fill(shown, kind);
	entries = heap_alloc(port_num_entries * sizeof(*entries));
	world_check(entries != NULL, "no memory for a map");
	memcpy(entries, shown, port_num_entries * sizeof(*entries));
	port_iotlb = iotlb_create(entries, port_num_entries, &bad);
	world_check(port_iotlb != NULL, "a good map is refused");
	shadow_begin_map(shown, port_num_entries);
	vnet_set_map(WORLD_PORT, port_iotlb);
	shadow_end_map();
	iotlb_destroy(before);
}

uint32_t hostile_port_doorbell(unsigned index)
{
	return WORLD_PORT_DOORBELL + index;
}

static uint64_t port_address(const struct hostile_plan *plan, enum hostile_flaw part,
			     uint64_t address)
{
	if (plan->flaw == HOSTILE_FLAW_HIGH)
		return (uint32_t)address | (uint64_t)plan->value << 32;
	return plan->flaw == part ? plan->value : address;
}

/* Sizes are the program's business, and right. */
void hostile_port_set_queue(struct hostile *hostile, unsigned number,
			    const struct hostile_plan *plan)
{
	const uint64_t addr = hostile->addr + number * RING_BYTES;
	const struct ring *ring = &hostile->ring[number];
	const struct shadow_config shown = {
		.packed = ring->packed,
		.in_order = ring->in_order,
		.size = ring->size,
		.last_avail =
			plan->flaw == HOSTILE_FLAW_STATUS ? (uint16_t)plan->value : ring->used,
		.vector = plan->vector + number,
		.desc = port_address(plan, HOSTILE_FLAW_DESC, addr + RING_DESC),
		.driver = port_address(plan, HOSTILE_FLAW_DRIVER, addr + RING_DRIVER),
		.device = port_address(plan, HOSTILE_FLAW_DEVICE, addr + RING_DEVICE),
	};
	const struct virtq_config config = {
		.role = number == 1 ? VIRTQ_FROM_DRIVER : VIRTQ_TO_DRIVER,
		.packed = shown.packed,
		.event_idx = plan->features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX),
		.in_order = shown.in_order,
		.size = shown.size,
		.last_avail = shown.last_avail,
		.function = XVIO_FUNCTION_PF,
		.vector = shown.vector,
		.doorbell = hostile_port_doorbell(number),
		.hdr_bytes = sizeof(struct virtio_net_hdr),
		.desc_iova = shown.desc,
		.driver_iova = shown.driver,
		.device_iova = shown.device,
		.map = port_iotlb,
	};

	if (!port_iotlb)
		return;
	vnet_stop_queue(WORLD_PORT, hostile->index[number]);
	shadow_start(true, number, &shown);
	world_check(vnet_start_queue(WORLD_PORT, hostile->index[number], &config), "no queue");
}

void hostile_port_set_up(struct hostile *hostile, const struct hostile_plan *plan)
{
	static const uint16_t index[HOSTILE_QUEUES] = {0, 1, 2};
	unsigned i;

	hostile_port_stop();
	memcpy(hostile->index, index, sizeof(index));
	hostile_port_map(plan->map);
	for (i = 0; i < HOSTILE_QUEUES; i++) {
		ring_init(&hostile->ring[i], hostile->memory + i * RING_BYTES,
			  hostile->addr + i * RING_BYTES, plan->size,
			  plan->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED));
		hostile->ring[i].in_order = plan->features & VIRTIO_BIT(VIRTIO_F_IN_ORDER);
		if (plan->flaw != HOSTILE_FLAW_SKIP || plan->value % HOSTILE_QUEUES != i)
			hostile_port_set_queue(hostile, i, plan);
	}
}

void hostile_port_stop(void)
{
	unsigned i;

	for (i = 0; i < HOSTILE_QUEUES; i++) {
		vnet_stop_queue(WORLD_PORT, i);
		shadow_stop(true, i);
	}
	vnet_set_map(WORLD_PORT, iotlb_identity());
	iotlb_destroy(port_iotlb);
	port_iotlb = NULL;
}
