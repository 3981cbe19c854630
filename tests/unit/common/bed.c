/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The test card (bed.h). */
#include "common/bed.h"

#include <stdio.h>
#include <string.h>
#include <xvio/pci.h>
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/flow.h"
#include "path/mac.h"
#include "path/port.h"
#include "path/worker.h"

struct driver_rings bed_rings;

uint64_t bed_ring_features(void)
{
	return (bed_rings.packed ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
	       (bed_rings.event_idx ? VIRTIO_BIT(VIRTIO_F_EVENT_IDX) : 0) |
	       (bed_rings.in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
	       (bed_rings.indirect ? VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) : 0);
}

static unsigned bed_num_ports;

static void bed_boot(void)
{
	size_t len_bytes;
	void *memory = hal_memory(&len_bytes);

	fake_set_poll(worker_poll);
	heap_init(memory, len_bytes);
	worker_init();
	bed_num_ports = 0;
}

void bed_start(unsigned num_cores, unsigned num_uplinks)
{
	fake_reset(num_cores, num_uplinks);
	bed_boot();
}

void bed_restart(unsigned num_cores, unsigned num_uplinks)
{
	fake_restart(num_cores, num_uplinks);
	bed_boot();
}

int bed_run_tests(const struct CMUnitTest *tests, size_t num)
{
	char name[64];
	int failed = 0;
	unsigned i;

	for (i = 0; i < 16; i++) {
		bed_rings = (struct driver_rings){
			.packed = i & 1,
			.event_idx = i & 2,
			.in_order = i & 4,
			.indirect = i & 8,
		};
		snprintf(name, sizeof(name), "%s%s%s%s", bed_rings.packed ? "packed" : "split",
			 bed_rings.event_idx ? ", event_idx" : "",
			 bed_rings.in_order ? ", in_order" : "",
			 bed_rings.indirect ? ", indirect" : "");
		failed += _cmocka_run_group_tests(name, tests, num, NULL, NULL);
	}
	return failed;
}

static struct iotlb *bed_map(const struct bed_port *port, const uint64_t bus_addr[2])
{
	struct xvio_map_entry *entry = heap_alloc(2 * DRIVER_NUM_PAGES * sizeof(*entry));
	struct iotlb *map;
	uint32_t num;
	uint32_t bad;

	num = driver_fill_map(&port->driver[0], bus_addr[0], entry);
	num += driver_fill_map(&port->driver[1], bus_addr[1], entry + num);
	map = iotlb_create(entry, num, &bad);
	assert_non_null(map);
	return map;
}

void bed_move(struct bed_port *port, uint64_t bus_addr)
{
	uint64_t bus[2] = {bus_addr, bus_addr + 0x1000000};
	struct iotlb *old = port->map;
	size_t len_bytes = DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES;
	unsigned i;

	for (i = 0; i < 2; i++) {
		uint8_t *memory = fake_host_map(bus[i], len_bytes, FAKE_READ | FAKE_WRITE);

		memcpy(memory, port->driver[i].memory, len_bytes);
		port->driver[i].memory = memory;
	}
	port->map = bed_map(port, bus);
	vnet_set_map(port->number, port->map);
	iotlb_destroy(old);
}

struct virtq_config bed_queue_config(const struct bed_port *port, unsigned index,
				     uint16_t last_avail)
{
	const struct driver *driver = &port->driver[index];

	return (struct virtq_config){
		.role = index == BED_RX ? VIRTQ_TO_DRIVER : VIRTQ_FROM_DRIVER,
		.packed = driver->rings.packed,
		.event_idx = driver->rings.event_idx,
		.in_order = driver->rings.in_order,
		.indirect = driver->rings.indirect,
		.size = driver->size,
		.last_avail = last_avail,
		.function = XVIO_FUNCTION_PF,
		.vector = (uint16_t)(port->doorbell + index),
		.doorbell = port->doorbell + index,
		.hdr_bytes = port->hdr_bytes,
		.desc_iova = driver->iova + DRIVER_DESC_OFFSET,
		.driver_iova = driver->iova + DRIVER_RING_OFFSET,
		.device_iova = driver->iova + DRIVER_USED_OFFSET,
		.map = port->map,
	};
}

void bed_start_queue(struct bed_port *port, unsigned index, uint16_t last_avail)
{
	struct virtq_config config = bed_queue_config(port, index, last_avail);

	assert_true(vnet_start_queue(port->number, index, &config));
}

void bed_add_port(struct bed_port *port, uint16_t number, uint16_t size)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	unsigned id = ++bed_num_ports;
	uint64_t bus_addr[2];
	unsigned i;

	port->number = number;
	port->hdr_bytes = number == XVIO_PORT_PF ? sizeof(struct xvio_pkt_meta)
						 : sizeof(struct virtio_net_hdr);
	port->doorbell = id * 2;
	for (i = 0; i < 2; i++) {
		bus_addr[i] = UINT64_C(0x100000000) * id + i * UINT64_C(0x1000000);
		driver_init(&port->driver[i], bus_addr[i], 0x40000000 + i * 0x1000000u, size,
			    i == BED_RX, bed_rings);
	}
	port->map = bed_map(port, bus_addr);
	assert_true(vnet_add(number, worker_choose(number), mac, 9000));
	port_set_admin(number, true);
	bed_start_queue(port, BED_RX, port->driver[BED_RX].avail_idx);
	bed_start_queue(port, BED_TX, port->driver[BED_TX].avail_idx);
}

void bed_add_uplink(unsigned uplink)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 1, 0};
	uint16_t number = (uint16_t)XVIO_PORT_UPLINK(uplink);

	assert_true(mac_add(uplink, worker_choose(number), mac, 9000));
	port_set_admin(number, true);
}

void bed_ring(const struct bed_port *port, unsigned index)
{
	fake_ring(port->doorbell + index);
}

void bed_post(struct bed_port *port, unsigned num, uint32_t len_bytes)
{
	unsigned pieces = (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	while (num--)
		assert_true(driver_post(&port->driver[BED_RX], len_bytes, pieces));
	bed_ring(port, BED_RX);
}

bool bed_send(struct bed_port *port, const void *frame, uint32_t len_bytes, unsigned num_pieces)
{
	uint8_t packet[sizeof(struct xvio_pkt_meta) + 70000] = {0};

	memcpy(packet + port->hdr_bytes, frame, len_bytes);
	return driver_send(&port->driver[BED_TX], packet, port->hdr_bytes + len_bytes, num_pieces);
}

bool bed_send_marked(struct bed_port *port, const void *frame, uint32_t len_bytes,
		     uint16_t mark_port, uint8_t flags)
{
	struct xvio_pkt_meta meta = {.port = mark_port, .flags = flags};
	uint8_t packet[sizeof(meta) + 2000];

	memcpy(packet, &meta, sizeof(meta));
	memcpy(packet + sizeof(meta), frame, len_bytes);
	return driver_send(&port->driver[BED_TX], packet, (uint32_t)sizeof(meta) + len_bytes, 2);
}

uint32_t bed_receive(struct bed_port *port, uint8_t *frame, struct xvio_pkt_meta *meta)
{
	uint8_t packet[sizeof(*meta) + XVIO_MAX_FRAME_BYTES];
	uint32_t len_bytes;

	if (!driver_reap(&port->driver[BED_RX], packet, &len_bytes))
		return 0;
	assert_true(len_bytes > port->hdr_bytes);
	assert_int_equal(((struct virtio_net_hdr *)packet)->num_buffers, 1);
	if (meta)
		memcpy(meta, packet, sizeof(*meta));
	memcpy(frame, packet + port->hdr_bytes, len_bytes - port->hdr_bytes);
	return len_bytes - port->hdr_bytes;
}

unsigned bed_reap_sent(struct bed_port *port)
{
	uint32_t len_bytes;
	unsigned num = 0;

	while (driver_reap(&port->driver[BED_TX], NULL, &len_bytes)) {
		assert_int_equal(len_bytes, 0);
		num++;
	}
	return num;
}

void bed_rule(uint64_t cookie, uint16_t from, uint16_t to)
{
	struct xvio_flow_rule rule = {
		.cookie = cookie,
		.prio = 1,
		.num_actions = 1,
		.key.in_port = from,
		.mask.in_port = 0xffff,
		.action[0] = {.type = XVIO_ACTION_OUTPUT, .arg = to},
	};
	uint32_t detail;

	if (to == XVIO_PORT_NONE)
		rule.action[0] = (struct xvio_flow_action){.type = XVIO_ACTION_DROP};
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
}

void bed_frame(uint8_t *frame, uint32_t len_bytes, uint32_t seed)
{
	static const uint8_t
		headers
			[42] =
				{
					0x02, 0,    0,	  0,	0, 2, 0x02, 0, 0,  0,
					0,    1,    0x08, 0x00, /* Ethernet, IPv4 */
					0x45, 0,    0,	  0,	0, 0, 0,    0, 64, 17,
					0,    0,    10,	  0,	0, 1, 10,   0, 0,  2, /* UDP */
					0x12, 0x34, 0x56, 0x78, 0, 0, 0,    0,
				};
	uint32_t i;

	memcpy(frame, headers, sizeof(headers));
	frame[16] = (uint8_t)((len_bytes - 14) >> 8);
	frame[17] = (uint8_t)(len_bytes - 14);
	frame[38] = (uint8_t)((len_bytes - 34) >> 8);
	frame[39] = (uint8_t)(len_bytes - 34);
	for (i = sizeof(headers); i < len_bytes; i++)
		frame[i] = (uint8_t)(seed * 31 + i + i / 256);
}

uint64_t bed_num_asked(void)
{
	uint64_t num;

	fake_set_core(1);
	num = cache_num_asked(core_self()->cache);
	fake_set_core(0);
	return num;
}

uint64_t bed_stat(uint16_t port, enum xvio_stat stat)
{
	uint64_t counters[XVIO_STAT_NUM];

	assert_true(port_stats(port, counters));
	return counters[stat];
}

void bed_check_pools(void)
{
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++) {
		fake_set_core(core);
		assert_int_equal(core_self()->pool.num_free, PKT_POOL_SIZE);
		assert_int_equal(core_self()->large.num_free, core_self()->large.num_all);
	}
	fake_set_core(0);
}

struct bed_moment {
	uint64_t op;
	void (*fn)(void *arg);
	void *arg;
};

static void bed_at_moment(uint64_t op, void *arg)
{
	const struct bed_moment *moment = arg;

	if (op == moment->op)
		moment->fn(moment->arg);
}

uint64_t bed_run_with(uint64_t num_ops, void (*fn)(void *arg), void *arg)
{
	const uint64_t began = fake_dma_ops();
	struct bed_moment moment = {began + num_ops, fn, arg};

	fake_set_script(bed_at_moment, &moment);
	fake_run();
	fake_set_script(NULL, NULL);
	return fake_dma_ops() - began;
}

void bed_check_quiet(void)
{
	uint64_t counters[XVIO_STAT_NUM];
	uint64_t drops = 0;
	unsigned stat;

	bed_check_pools();
	port_stats_card(counters);
	for (stat = XVIO_STAT_DROP_RULE; stat <= XVIO_STAT_DROP_RING_ERROR; stat++)
		drops += counters[stat];
	drops += counters[XVIO_STAT_DROP_FILTERED] + counters[XVIO_STAT_DROP_SPOOFED] +
		 counters[XVIO_STAT_DROP_VLAN] + counters[XVIO_STAT_DROP_POLICED] +
		 counters[XVIO_STAT_DROP_DEPTH] + counters[XVIO_STAT_DROP_OTHER_UPLINK] +
		 counters[XVIO_STAT_DROP_UNKNOWN_DST] + counters[XVIO_STAT_DROP_SAME_PORT];
	assert_int_equal(counters[XVIO_STAT_RX_PACKETS] + counters[XVIO_STAT_SPLIT_FRAMES] +
				 counters[XVIO_STAT_COPIED_PACKETS],
			 counters[XVIO_STAT_TX_PACKETS] + drops);
}
