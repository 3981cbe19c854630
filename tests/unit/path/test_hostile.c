/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Hostile rings: each fault is counted under its name, stops that queue alone, is told to core 0, and
 * the neighbours' packets still pass. Then guests that rewrite their memory while it is read.
 */
#include <xvio/event.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "lib/heap.h"
#include "path/worker.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)
#define PORT_C XVIO_PORT_VDPA(2)

static struct bed_port a, b, c;
static uint8_t frame[2000];
static uint8_t got[10000];

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 32);
	bed_add_port(&b, PORT_B, 32);
	bed_add_port(&c, PORT_C, 32);
	bed_rule(1, PORT_A, PORT_B);
	bed_rule(2, PORT_C, PORT_B);
	bed_rule(3, PORT_B, PORT_A);
	bed_frame(frame, 100, 1);
}

/* C can still talk to B. */
static void check_neighbours(void)
{
	bed_post(&b, 2, 1600);
	assert_true(bed_send(&c, frame, 100, 2));
	bed_ring(&c, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_memory_equal(got, frame, 100);
	assert_int_equal(bed_reap_sent(&c), 1);
}

static void check_stopped(const struct bed_port *port, unsigned index, uint8_t error)
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
	struct vnet_queue_state state = vnet_queue_state(port->number, index);
	struct worker_notice notice;

	assert_int_equal(state.error, error);
	assert_false(state.running);
	assert_int_equal(bed_stat(port->number, stat_of[error]), 1);
	assert_true(worker_take_notice(&notice));
	assert_int_equal(notice.type, XVIO_EVENT_QUEUE_ERROR);
	assert_int_equal(notice.port, port->number);
	assert_int_equal(notice.object, port->doorbell + index);
	assert_int_equal(notice.arg, error);
	assert_false(worker_take_notice(&notice));
	assert_int_equal(vnet_stop_queue(port->number, index), state.last_avail);
}

/* Up to four descriptors from number 0 on; slot: the descriptor's own buffer, else addr as it is. */
struct hostile {
	const char *name;
	unsigned index;
	uint8_t error;
	uint16_t head;
	uint16_t avail_idx;
	struct {
		bool slot;
		struct virtq_desc desc;
	} desc[4];
};

#define NEXT  VIRTQ_DESC_F_NEXT
#define WRITE VIRTQ_DESC_F_WRITE

static const struct hostile hostile[] = {
	{"index too far", BED_TX, XVIO_RING_ERR_INDEX, 0, 33, {{true, {0, 100, 0, 0}}}},
	{"index backwards", BED_TX, XVIO_RING_ERR_INDEX, 0, 0xffff, {{true, {0, 100, 0, 0}}}},
	{"head out of range", BED_TX, XVIO_RING_ERR_INDEX, 32, 1, {{true, {0, 100, 0, 0}}}},
	{"head far out of range", BED_TX, XVIO_RING_ERR_INDEX, 65535, 1, {{true, {0, 100, 0, 0}}}},
	{"next out of range", BED_TX, XVIO_RING_ERR_INDEX, 0, 1, {{true, {0, 100, NEXT, 32}}}},
	{"self loop", BED_TX, XVIO_RING_ERR_LOOP, 0, 1, {{true, {0, 100, NEXT, 0}}}},
	{"loop of two",
	 BED_TX,
	 XVIO_RING_ERR_LOOP,
	 0,
	 1,
	 {{true, {0, 9, NEXT, 1}}, {true, {0, 9, NEXT, 0}}}},
	{"receive loop", BED_RX, XVIO_RING_ERR_LOOP, 0, 1, {{true, {0, 100, NEXT | WRITE, 0}}}},
	{"zero length", BED_TX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {0, 0, 0, 0}}}},
	{"zero length later",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 1,
	 {{true, {0, 100, NEXT, 1}}, {true, {0, 0, 0, 0}}}},
	{"enormous", BED_TX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {0, 0xffffffff, 0, 0}}}},
	{"enormous sum",
	 BED_TX,
	 XVIO_RING_ERR_LENGTH,
	 0,
	 1,
	 {{true, {0, 0x100000, NEXT, 1}}, {true, {0, 0x100000, 0, 0}}}},
	{"shorter than the header", BED_TX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {0, 11, 0, 0}}}},
	{"receive too short", BED_RX, XVIO_RING_ERR_LENGTH, 0, 1, {{true, {0, 25, WRITE, 0}}}},
	{"writable to send", BED_TX, XVIO_RING_ERR_DIRECTION, 0, 1, {{true, {0, 100, WRITE, 0}}}},
	{"writable behind readable",
	 BED_TX,
	 XVIO_RING_ERR_DIRECTION,
	 0,
	 1,
	 {{true, {0, 100, NEXT, 1}}, {true, {0, 100, WRITE, 0}}}},
	{"readable to receive", BED_RX, XVIO_RING_ERR_DIRECTION, 0, 1, {{true, {0, 100, 0, 0}}}},
	{"indirect",
	 BED_TX,
	 XVIO_RING_ERR_FLAGS,
	 0,
	 1,
	 {{true, {0, 100, VIRTQ_DESC_F_INDIRECT, 0}}}},
	{"unknown flag", BED_TX, XVIO_RING_ERR_FLAGS, 0, 1, {{true, {0, 100, 0x8000, 0}}}},
	{"address outside", BED_TX, XVIO_RING_ERR_ADDRESS, 0, 1, {{false, {0x1000, 100, 0, 0}}}},
	{"bus address", BED_TX, XVIO_RING_ERR_ADDRESS, 0, 1, {{false, {0x100000000, 100, 0, 0}}}},
	{"over the end",
	 BED_TX,
	 XVIO_RING_ERR_ADDRESS,
	 0,
	 1,
	 {{false, {0x41000000 + DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES - 50, 100, 0, 0}}}},
	{"wraps", BED_TX, XVIO_RING_ERR_ADDRESS, 0, 1, {{false, {0xfffffffffffffff0, 100, 0, 0}}}},
};

static void make_hostile(struct bed_port *port, const struct hostile *ring)
{
	struct driver *driver = &port->driver[ring->index];
	uint16_t i;

	for (i = 0; i < 4; i++) {
		struct virtq_desc desc = ring->desc[i].desc;

		if (ring->desc[i].slot)
			desc.addr = driver_slot_iova(driver, i);
		driver_set_desc(driver, i, &desc);
	}
	driver_set_avail(driver, ring->head, ring->avail_idx);
	if (ring->head != 0 || ring->avail_idx != 1) /* wherever the entry is looked for */
		driver_write(driver, DRIVER_RING_OFFSET + 4, &ring->head, 2);
	bed_ring(port, ring->index);
}

static void test_hostile_rings(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		start();
		make_hostile(&a, &hostile[i]);
		fake_run();
		if (vnet_queue_state(PORT_A, hostile[i].index).error != hostile[i].error)
			print_error("hostile ring: %s\n", hostile[i].name);
		check_stopped(&a, hostile[i].index, hostile[i].error);
		check_neighbours();
		bed_check_quiet();
	}
}

/* Receive buffers are looked up only when a packet comes. */
static void test_receive_address_outside(void **state)
{
	struct virtq_desc desc = {.addr = 0x1000, .len = 1600, .flags = WRITE};

	(void)state;
	start();
	bed_post(&b, 1, 1600); /* a good one first: it stops with the other, unused */
	driver_set_desc(&b.driver[BED_RX], 0, &desc);
	driver_set_avail(&b.driver[BED_RX], 0, 2);
	bed_ring(&b, BED_RX);
	assert_true(bed_send(&a, frame, 100, 1));
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), 2);
	check_stopped(&b, BED_RX, XVIO_RING_ERR_ADDRESS);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_RING_ERROR), 2);
	bed_check_quiet();
}

static void test_rings_outside_the_map(void **state)
{
	struct virtq_config config = {.role = VIRTQ_FROM_DRIVER, .size = 32, .hdr_bytes = 12};
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		start();
		vnet_stop_queue(PORT_A, BED_TX);
		config.doorbell = a.doorbell + BED_TX;
		config.map = a.map;
		config.desc_iova = a.driver[BED_TX].iova + (i == 0 ? 0x10000000 : 0);
		config.driver_iova =
			a.driver[BED_TX].iova + (i == 1 ? 0x10000000 : DRIVER_RING_OFFSET);
		config.device_iova =
			a.driver[BED_TX].iova + (i == 2 ? 0x10000000 : DRIVER_USED_OFFSET);
		assert_true(vnet_start_queue(PORT_A, BED_TX, &config));
		assert_true(bed_send(&a, frame, 100, 1));
		bed_ring(&a, BED_TX);
		fake_run();
		check_stopped(&a, BED_TX, XVIO_RING_ERR_ADDRESS);
		check_neighbours();
		bed_check_quiet();
	}
}

static void test_write_without_permission(void **state)
{
	struct xvio_map_entry *entry;
	struct iotlb *map;
	uint32_t bad;
	unsigned i;

	(void)state;
	start();
	entry = heap_alloc(DRIVER_NUM_PAGES * sizeof(*entry));
	driver_fill_map(&b.driver[BED_RX], UINT64_C(0x200000000), entry);
	for (i = 4; i < DRIVER_NUM_PAGES; i++)
		entry[i].perm = XVIO_MAP_READ;
	map = iotlb_create(entry, DRIVER_NUM_PAGES, &bad);
	assert_non_null(map);
	vnet_set_map(PORT_B, map);
	bed_post(&b, 1, 1600);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	check_stopped(&b, BED_RX, XVIO_RING_ERR_ADDRESS);
	bed_check_quiet();
}

/* The map was right, but the bus (the server's IOMMU) says no. */
static void test_bus_refuses(void **state)
{
	(void)state;
	start();
	vnet_set_map(PORT_A, iotlb_identity());
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	check_stopped(&a, BED_TX, XVIO_RING_ERR_DMA);
	check_neighbours();
	bed_check_quiet();
}

static void test_goes_on_after_restart(void **state)
{
	uint16_t last_avail;

	(void)state;
	start();
	make_hostile(&a, &hostile[5]);
	fake_run();
	last_avail = vnet_stop_queue(PORT_A, BED_TX);
	assert_int_equal(last_avail, 0);
	driver_set_avail(&a.driver[BED_TX], 0, 0);
	bed_post(&b, 2, 1600);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_start_queue(&a, BED_TX, last_avail);
	fake_run(); /* looked at without a doorbell */
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_int_equal(vnet_queue_state(PORT_A, BED_TX).error, 0);
}

/* Between any two operations the guest fills descriptors, rings and buffers with something else. */
static void rewrite(uint64_t op, void *arg)
{
	struct bed_port *port = arg;
	uint32_t num = check_random(4);

	(void)op;
	while (num--) {
		unsigned index = check_random(2);
		struct driver *driver = &port->driver[index];
		uint32_t word = check_random(3) ? check_random(0xffffffff) : check_random(64);
		uint32_t offset = check_random(2) ? check_random(DRIVER_BUF_OFFSET + 4096)
						  : check_random(32) * 16 + 8;

		driver_write(driver, offset, &word, check_random(4) + 1);
	}
}

static void test_guest_rewrites_its_memory(void **state)
{
	struct worker_notice notice;
	unsigned round;
	unsigned i;

	(void)state;
	for (round = 0; round < 150; round++) {
		check_seed(round);
		start();
		bed_post(&a, 4, 1600);
		for (i = 0; i < 6; i++)
			assert_true(bed_send(&a, frame, 100, 1 + check_random(3)));
		assert_true(bed_send(&b, frame, 100, 2));
		bed_ring(&a, BED_TX);
		bed_ring(&b, BED_TX);
		fake_set_script(rewrite, &a);
		fake_run();
		fake_set_script(NULL, NULL);
		while (worker_take_notice(&notice))
			assert_int_equal(notice.port, PORT_A);
		while (bed_receive(&b, got, NULL)) /* whatever A made of its packets */
			;
		check_neighbours();
		bed_check_quiet();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_rings),
		cmocka_unit_test(test_receive_address_outside),
		cmocka_unit_test(test_rings_outside_the_map),
		cmocka_unit_test(test_write_without_permission),
		cmocka_unit_test(test_bus_refuses),
		cmocka_unit_test(test_goes_on_after_restart),
		cmocka_unit_test(test_guest_rewrites_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
