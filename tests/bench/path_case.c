/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The cases of the path's own benchmark (path_case.h): set up, driven, checked. */
#include "bench/path_case.h"

#include <string.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include <xvio/pci.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include "bench/path_hal.h"
#include "bench/path_platform.h"
#include "bench/path_ring.h"
#include "bench/path_rules.h"
#include "hal/hal.h"
#include "lib/fmt.h"
#include "lib/heap.h"
#include "path/offload.h"
#include "path/port.h"
#include "path/rss.h"
#include "path/rxfilter.h"
#include "path/vnet.h"
#include "path/worker.h"

#define PATH_RX		0u /* queue indices of a port, as in vnet.h */
#define PATH_TX		1u
#define PATH_HDR_BYTES	12u
#define PATH_HASH_BYTES 8u /* behind the header, where the driver asks for hashes */
#define PATH_MAX_ROUNDS 64u /* for a batch; it takes 8 and a few */
#define PATH_IOVA_LOW	UINT64_C(0x100000) /* a guest's memory as machines have it: below 4 GiB, */
#define PATH_IOVA_HIGH	UINT64_C(0x100000000) /* and above */

#define PATH_CASE_A(kind, whose)                                                 \
	{                                                                        \
		.letter = 'a', .ring = (kind), .driver = (whose), .num_flows = 2 \
	}
#define PATH_CASE_CROWD(kind, num)                                               \
	{                                                                        \
		.letter = 'a', .ring = (kind), .num_flows = 2, .num_idle = (num) \
	}
#define PATH_CASE_B(kind)                                                           \
	{                                                                           \
		.letter = 'b', .ring = (kind), .num_flows = 8192, .num_rules = 200, \
		.rewrite = true                                                     \
	}

const struct path_case path_case_list[PATH_NUM_CASES] = {
	PATH_CASE_A(PATH_SPLIT, PATH_DRIVER_BARE),
	PATH_CASE_A(PATH_PACKED, PATH_DRIVER_BARE),
	PATH_CASE_A(PATH_PACKED_IN_ORDER, PATH_DRIVER_BARE),
	PATH_CASE_B(PATH_SPLIT),
	PATH_CASE_B(PATH_PACKED),
	PATH_CASE_B(PATH_PACKED_IN_ORDER),
	PATH_CASE_A(PATH_SPLIT, PATH_DRIVER_LINUX),
	PATH_CASE_A(PATH_SPLIT, PATH_DRIVER_LINUX_VF),
	PATH_CASE_CROWD(PATH_SPLIT, 1000),
};

struct path_guest {
	uint16_t port;
	uint16_t hdr_bytes;
	uint8_t tx_offloads;
	struct iotlb *map;
	struct path_ring ring[2]; /* by queue index */
};

static struct path_guest path_guest[PATH_NUM_GUESTS];
static struct path_rules path_rules;
static uint64_t path_sent;
static uint64_t path_received;

const char *path_case_ring(const struct path_case *setup)
{
	static const char *const ring[PATH_NUM_KINDS] = {
		[PATH_SPLIT] = "split",
		[PATH_PACKED] = "packed",
		[PATH_PACKED_IN_ORDER] = "packed-in-order",
	};
	static const char *const driver[PATH_NUM_DRIVERS] = {
		[PATH_DRIVER_BARE] = "",
		[PATH_DRIVER_LINUX] = "-linux",
		[PATH_DRIVER_LINUX_VF] = "-linux-vf",
	};
	static char name[32];
	struct fmt text = fmt_begin(name, sizeof(name));

	fmt_text(&text, ring[setup->ring]);
	fmt_text(&text, driver[setup->driver]);
	fmt_text(&text, setup->num_idle ? "-crowd" : "");
	return name;
}

const char *path_case_name(const struct path_case *setup)
{
	static char name[32];
	struct fmt text = fmt_begin(name, sizeof(name));

	fmt_text(&text, setup->letter == 'a' ? "a " : "b ");
	fmt_text(&text, path_case_ring(setup));
	return name;
}

/* Set-up */

/* The map of one guest: two pieces, one queue's rings and buffers in each. */
static struct iotlb *path_map(const struct path_ring_memory *memory)
{
	struct xvio_map_entry *entry = heap_alloc(2 * sizeof(*entry));
	struct iotlb *map;
	uint32_t bad;
	unsigned i;

	if (!entry)
		path_platform_fail("case: no memory for a map");
	for (i = 0; i < 2; i++) {
		entry[i].iova = i ? PATH_IOVA_HIGH : PATH_IOVA_LOW;
		entry[i].len_bytes = sizeof(*memory);
		entry[i].bus_addr = (uintptr_t)&memory[i];
		entry[i].perm = XVIO_MAP_READ | XVIO_MAP_WRITE;
	}
	map = iotlb_create(entry, 2, &bad);
	if (!map)
		path_platform_fail("case: the path refuses the map");
	return map;
}

static uint32_t path_doorbell(const struct path_guest *guest, unsigned index)
{
	return (guest->port - XVIO_PORT_VDPA(0)) * 2 + index;
}

static void path_start_queue(const struct path_guest *guest, unsigned index)
{
	static struct virtq_place place[XVIO_NUM_DOORBELLS];
	const struct path_ring *ring = &guest->ring[index];
	struct virtq_config config = {
		.role = index == PATH_RX ? VIRTQ_TO_DRIVER : VIRTQ_FROM_DRIVER,
		.packed = ring->kind != PATH_SPLIT,
		.in_order = ring->kind == PATH_PACKED_IN_ORDER,
		.last_avail = ring->kind == PATH_SPLIT ? 0 : VIRTQ_PACKED_WRAP,
		.size = PATH_RING_SIZE,
		.offloads = index == PATH_TX ? guest->tx_offloads : 0,
		.mergeable = index == PATH_RX && guest->tx_offloads,
		.function = XVIO_FUNCTION_PF,
		.vector = 1,
		.doorbell = path_doorbell(guest, index),
		.hdr_bytes = guest->hdr_bytes,
		.desc_iova = ring->iova + offsetof(struct path_ring_memory, desc),
		.driver_iova = ring->iova + offsetof(struct path_ring_memory, driver),
		.device_iova = ring->iova + offsetof(struct path_ring_memory, device),
		.map = guest->map,
		.place = &place[path_doorbell(guest, index)],
	};

	if (!vnet_start_queue(guest->port, index, &config))
		path_platform_fail("case: the path refuses a queue");
}

static void path_ring_bell(const struct path_guest *guest, unsigned index)
{
	if (path_ring_wants_bell(&guest->ring[index]))
		path_hal_ring(path_doorbell(guest, index));
}

static void path_post(struct path_guest *guest)
{
	struct path_ring *ring = &guest->ring[PATH_RX];

	path_ring_post(ring, path_ring_free(ring), PATH_BUFFER_BYTES);
	path_ring_bell(guest, PATH_RX);
}

/* What Linux asks for when a device is brought up; by the control queue, which stands above the path. */
static void path_set_wishes(const struct path_guest *guest, const uint8_t mac[6],
			    enum path_driver driver)
{
	struct rxfilter *filter = rxfilter_create();
	struct rss *rss = rss_create(mac, 6);

	if (!filter || !rss)
		path_platform_fail("case: no memory for a driver's wishes");
	filter->unicast = filter->multicast = RXFILTER_LISTED;
	filter->broadcast = RXFILTER_ALL;
	filter->checks_vlans = true;
	rxfilter_list_mac(filter, mac);
	rss->hash_types = RSS_HASH_TYPES;
	vnet_set_filter(guest->port, filter);
	if (driver == PATH_DRIVER_LINUX_VF)
		vnet_set_steering(guest->port, 0, rss);
}

static void path_add_guest(unsigned number, const struct path_case *setup)
{
	struct path_guest *guest = &path_guest[number];
	struct path_ring_memory *memory = path_platform_guest(number);
	uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)number};
	unsigned i;

	_Static_assert(2 * sizeof(*memory) <= PATH_GUEST_BYTES, "room for two queues");
	guest->port = (uint16_t)XVIO_PORT_VDPA(number);
	guest->map = path_map(memory);
	guest->hdr_bytes =
		PATH_HDR_BYTES + (setup->driver == PATH_DRIVER_LINUX_VF ? PATH_HASH_BYTES : 0);
	guest->tx_offloads = setup->driver == PATH_DRIVER_BARE ? 0 : OFFLOAD_CSUM | OFFLOAD_TSO;
	for (i = 0; i < 2; i++)
		path_ring_init(&guest->ring[i], setup->ring, i == PATH_RX, &memory[i],
			       i ? PATH_IOVA_HIGH : PATH_IOVA_LOW);
	if (!vnet_add(guest->port, 1, mac, 1500))
		path_platform_fail("case: the path refuses a port");
	if (setup->driver != PATH_DRIVER_BARE)
		path_set_wishes(guest, mac, setup->driver);
	port_set_admin(guest->port, true);
	path_start_queue(guest, PATH_RX);
	path_start_queue(guest, PATH_TX);
	path_post(guest);
}

/* Devices whose queues run and have nothing to do. All of them are the last guest in its rings. */
static void path_add_idle(unsigned num)
{
	struct path_guest idle = path_guest[PATH_NUM_GUESTS - 1];
	uint8_t mac[6] = {2, 0, 0, 0, 1, 0};
	unsigned i;

	for (i = 0; i < num; i++) {
		idle.port++;
		mac[4] = (uint8_t)(1 + i / 256);
		mac[5] = (uint8_t)i;
		if (!vnet_add(idle.port, 1, mac, 1500))
			path_platform_fail("case: the path refuses an idle port");
		port_set_admin(idle.port, true);
		path_start_queue(&idle, PATH_RX);
		path_start_queue(&idle, PATH_TX);
	}
}

const char *path_case_start(const struct path_case *setup)
{
	size_t len_bytes;
	void *memory;
	unsigned i;

	path_hal_reset();
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	worker_init();
	worker_set_polling(path_platform_is_polling());
	path_sent = 0;
	path_received = 0;
	for (i = 0; i < PATH_NUM_GUESTS; i++)
		path_add_guest(i, setup);
	path_add_idle(setup->num_idle);
	path_rules = (struct path_rules){
		.num_flows = setup->num_flows,
		.num_acl = setup->num_rules,
		.rewrite = setup->rewrite,
		.from = path_guest[0].port,
		.to = path_guest[1].port,
		.other = path_guest[2].port,
	};
	return path_rules_install(&path_rules);
}

/* Traffic */

static void path_send(uint32_t num)
{
	struct path_ring *ring = &path_guest[0].ring[PATH_TX];
	const uint32_t hdr_bytes = path_guest[0].hdr_bytes;
	uint32_t i;

	for (i = 0; i < num; i++) {
		uint8_t *buffer = path_ring_buffer(ring);

		memset(buffer, 0, hdr_bytes);
		path_rules_frame(&path_rules, path_sent++, buffer + hdr_bytes, false);
		path_ring_post(ring, 1, hdr_bytes + PATH_FRAME_BYTES);
	}
	path_ring_bell(&path_guest[0], PATH_TX);
}

static void path_check_packet(const uint8_t *buffer, uint32_t len_bytes)
{
	static const struct virtio_net_hdr plain = {.num_buffers = 1};
	const uint32_t hdr_bytes = path_guest[1].hdr_bytes;
	uint8_t expected[PATH_FRAME_BYTES];

	path_rules_frame(&path_rules, path_received, expected, true);
	if (len_bytes != hdr_bytes + PATH_FRAME_BYTES)
		path_platform_fail("case: a frame of another length arrived");
	if (memcmp(buffer, &plain, PATH_HDR_BYTES) != 0)
		path_platform_fail("case: a frame arrived with a wrong header in front");
	if (hdr_bytes != PATH_HDR_BYTES && buffer[16] != VIRTIO_NET_HASH_REPORT_UDPv4)
		path_platform_fail("case: a frame arrived without its hash");
	if (memcmp(buffer + hdr_bytes, expected, PATH_FRAME_BYTES) != 0)
		path_platform_fail("case: a frame arrived changed, or out of order");
	path_received++;
}

/* What has arrived, and what has come back to the sender. */
static void path_collect(void)
{
	const uint8_t *buffer;
	uint32_t len_bytes;

	for (;;) {
		buffer = path_ring_take(&path_guest[1].ring[PATH_RX], &len_bytes);
		if (!buffer)
			break;
		path_check_packet(buffer, len_bytes);
	}
	while (path_ring_take(&path_guest[0].ring[PATH_TX], &len_bytes))
		;
}

static uint64_t path_run_batch(void)
{
	const struct path_ring *tx = &path_guest[0].ring[PATH_TX];
	uint64_t rounds = 0;

	path_send(PATH_BATCH);
	while (path_received != path_sent || tx->taken != tx->posted) {
		if (rounds == PATH_MAX_ROUNDS)
			path_platform_fail("case: the path does not deliver");
		path_hal_enter(1);
		path_platform_poll();
		path_hal_enter(0);
		rounds++;
		path_collect();
	}
	path_post(&path_guest[1]);
	return rounds;
}

uint64_t path_case_run(uint64_t num_packets)
{
	uint64_t rounds = 0;
	uint64_t i;

	for (i = 0; i < num_packets / PATH_BATCH; i++)
		rounds += path_run_batch();
	return rounds;
}

static void path_check_counter(uint16_t port, enum xvio_stat stat, uint64_t expected)
{
	uint64_t counters[XVIO_STAT_NUM];

	if (!port_stats(port, counters))
		path_platform_fail("case: a port has gone");
	if (counters[stat] != expected)
		path_platform_fail("case: the path's counters do not agree with the traffic");
}

void path_case_check(void)
{
	uint64_t counters[XVIO_STAT_NUM];
	uint32_t len_bytes;
	unsigned stat;

	path_check_counter(path_guest[0].port, XVIO_STAT_RX_PACKETS, path_sent);
	path_check_counter(path_guest[0].port, XVIO_STAT_FLOW_HITS, path_sent);
	path_check_counter(path_guest[1].port, XVIO_STAT_TX_PACKETS, path_sent);
	path_check_counter(path_guest[1].port, XVIO_STAT_TX_BYTES, path_sent * PATH_FRAME_BYTES);
	port_stats_card(counters);
	for (stat = XVIO_STAT_DROP_RULE; stat <= XVIO_STAT_DROP_RING_ERROR; stat++) {
		if (counters[stat])
			path_platform_fail("case: something was dropped");
	}
	if (path_ring_take(&path_guest[0].ring[PATH_RX], &len_bytes) ||
	    path_ring_take(&path_guest[2].ring[PATH_RX], &len_bytes))
		path_platform_fail("case: something arrived at a port it was not for");
	if (path_hal_interrupts())
		path_platform_fail("case: a guest that wants no interrupts got one");
	path_rules_check(&path_rules, path_sent);
}
