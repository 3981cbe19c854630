/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Virtqueues against the driver's model: random chains, sizes and pauses, every byte compared; stop
 * and go on at an exact place; another map; and the same with each DMA operation failing in turn.
 */
#include <xvio/pci.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/flow.h"
#include "path/virtq.h"
#include "path/worker.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)

static struct bed_port a, b;
static uint8_t frame[10000];
static uint8_t got[10000];

static void start(uint16_t size_a, uint16_t size_b)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, size_a);
	bed_add_port(&b, PORT_B, size_b);
	bed_rule(1, PORT_A, PORT_B);
}

/* Frames numbered by seed; the length follows from the number. */
static uint32_t frame_of(uint32_t seed)
{
	uint32_t len_bytes = 60 + seed * 7919 % 3000;

	bed_frame(frame, len_bytes, seed);
	return len_bytes;
}

static bool send_numbered(uint32_t seed)
{
	uint32_t len_bytes = frame_of(seed);
	unsigned min_pieces = (len_bytes + 12 + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	return bed_send(&a, frame, len_bytes, min_pieces + check_random(8));
}

static unsigned receive_numbered(uint32_t *next)
{
	unsigned num = 0;
	uint32_t len_bytes;

	while ((len_bytes = bed_receive(&b, got, NULL)) != 0) {
		assert_int_equal(len_bytes, frame_of(*next));
		assert_memory_equal(got, frame, len_bytes);
		++*next;
		num++;
	}
	return num;
}

static void run_random(uint16_t size_a, uint16_t size_b, uint32_t num_packets)
{
	uint32_t sent = 0;
	uint32_t received = 0;
	uint32_t posted = 0;
	uint32_t rounds = 0;

	start(size_a, size_b);
	while (received < num_packets) {
		uint32_t num = check_random(40);

		assert_true(rounds++ < 10 * num_packets);
		/* Never send more than buffers are posted: nothing may be lost. */
		while (posted < num_packets &&
		       driver_post(&b.driver[BED_RX], 3100, 4 + check_random(4)))
			posted++;
		bed_ring(&b, BED_RX);
		while (num-- && sent < posted && send_numbered(sent))
			sent++;
		bed_ring(&a, BED_TX);
		if (check_random(3))
			fake_run();
		bed_reap_sent(&a);
		receive_numbered(&received);
	}
	assert_int_equal(sent, num_packets);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_TX_PACKETS), num_packets);
	bed_check_quiet();
}

static void test_random_chains(void **state)
{
	(void)state;
	check_seed(1);
	run_random(256, 256, 1000);
	run_random(32, 128, 500);
	run_random(16, 8, 300);
	if (bed_rings.packed)
		run_random(100, 77, 500);
}

static void run_from(uint16_t size, uint16_t place)
{
	struct driver *to = &b.driver[BED_RX];
	struct driver *from = &a.driver[BED_TX];
	uint32_t received = 0;
	uint32_t sent;

	start(size, size);
	vnet_stop_queue(PORT_A, BED_TX);
	vnet_stop_queue(PORT_B, BED_RX);
	driver_set_place(from, place);
	driver_set_place(to, place);
	bed_start_queue(&a, BED_TX, place);
	bed_start_queue(&b, BED_RX, place);
	for (sent = 0; sent < 40; sent++) {
		assert_true(driver_post(to, 3100, 4));
		assert_true(send_numbered(sent));
		bed_ring(&b, BED_RX);
		bed_ring(&a, BED_TX);
		fake_run();
		assert_int_equal(receive_numbered(&received), 1);
		assert_int_equal(bed_reap_sent(&a), 1);
	}
	assert_int_equal(vnet_stop_queue(PORT_A, BED_TX), from->avail_idx);
	assert_int_equal(vnet_stop_queue(PORT_B, BED_RX), to->avail_idx);
}

/* Index 0xffff -> 0 in the middle; packed: all places, both wrap counters. */
static void test_places_wrap(void **state)
{
	uint16_t place;

	(void)state;
	if (bed_rings.in_order) /* is no other place */
		return;
	if (!bed_rings.packed)
		run_from(16, 0xfff0);
	for (place = 0; place < 16; place++) {
		run_from(16, place);
		run_from(16, place | VIRTQ_PACKED_WRAP);
	}
	for (place = 0; bed_rings.packed && place < 13; place++) {
		run_from(13, place);
		run_from(13, place | VIRTQ_PACKED_WRAP);
	}
}

/* Stop under traffic: what is said to be next is next, the prefetched stock not counted. */
static void test_stop_is_exact(void **state)
{
	uint32_t received = 0;
	uint32_t sent = 0;
	unsigned round;

	(void)state;
	check_seed(2);
	start(256, 256);
	for (round = 0; round < 50; round++) {
		uint16_t last_rx, last_tx;

		while (driver_post(&b.driver[BED_RX], 3100, 4))
			;
		bed_ring(&b, BED_RX);
		for (unsigned i = check_random(20); i && send_numbered(sent); i--)
			sent++;
		bed_ring(&a, BED_TX);
		last_tx = vnet_stop_queue(PORT_A, BED_TX);
		last_rx = vnet_stop_queue(PORT_B, BED_RX);
		bed_reap_sent(&a);
		receive_numbered(&received);
		assert_int_equal(last_tx, a.driver[BED_TX].last_used);
		assert_int_equal(last_rx, b.driver[BED_RX].last_used);
		assert_int_equal(vnet_queue_state(PORT_B, BED_RX).last_avail, last_rx);
		if (!bed_rings.packed)
			assert_int_equal(last_rx, (uint16_t)received);
		bed_start_queue(&b, BED_RX, last_rx);
		bed_start_queue(&a, BED_TX, last_tx);
	}
	fake_run();
	receive_numbered(&received);
	assert_int_equal(received, sent);
	bed_check_quiet();
}

/* The same guest memory under other addresses on the bus, between two bursts. */
static void test_remap_takes_effect(void **state)
{
	uint32_t received = 0;

	(void)state;
	start(32, 32);
	bed_post(&b, 4, 3100);
	fake_run(); /* buffers are in stock, with their addresses */
	bed_move(&b, UINT64_C(0x900000000));
	assert_true(send_numbered(0));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(receive_numbered(&received), 1);
}

/* All but what the device tells the driver in, and from there on what is behind skip_to. */
static void read_rest(const struct driver *driver, uint8_t *rest, uint32_t skip_to)
{
	const uint32_t used_bytes = 6 + 8 * DRIVER_MAX_SIZE;

	driver_read(driver, 0, rest, DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES);
	memset(rest + DRIVER_USED_OFFSET, 0, used_bytes);
	if (driver->rings.packed)
		memset(rest + DRIVER_DESC_OFFSET, 0, DRIVER_MAX_SIZE * 16);
	memset(rest + DRIVER_BUF_OFFSET, 0, skip_to - DRIVER_BUF_OFFSET);
}

/*
 * Nothing is written to a readable buffer, a table, or, on split rings, a descriptor or the available ring
 * (2.7.5.1, 2.8.6.1).
 */
static void test_only_what_is_the_devices(void **state)
{
	static uint8_t before[2][DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES];
	static uint8_t after[DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES];
	uint32_t received = 0;
	uint32_t sent;

	(void)state;
	check_seed(4);
	start(256, 256);
	while (driver_post(&b.driver[BED_RX], 3100, 4))
		;
	for (sent = 0; sent < 20; sent++)
		assert_true(send_numbered(sent));
	read_rest(&a.driver[BED_TX], before[0], DRIVER_BUF_OFFSET);
	read_rest(&b.driver[BED_RX], before[1], DRIVER_TABLE_OFFSET);
	bed_ring(&b, BED_RX);
	bed_ring(&a, BED_TX);
	fake_run();
	read_rest(&a.driver[BED_TX], after, DRIVER_BUF_OFFSET);
	assert_memory_equal(before[0], after, sizeof(after));
	read_rest(&b.driver[BED_RX], after, DRIVER_TABLE_OFFSET);
	assert_memory_equal(before[1], after, sizeof(after));
	assert_int_equal(receive_numbered(&received), 20);
}

static void test_bad_sizes(void **state)
{
	static const uint16_t bad[] = {0, 1, 3, 100, 2048};
	struct virtq_config config = {.hdr_bytes = 12};
	unsigned i;

	(void)state;
	start(32, 32);
	for (i = 0; i < 5; i++) {
		config.size = bad[i];
		assert_false(vnet_start_queue(PORT_A, 2, &config));
	}
	config.map = a.map;
	config.packed = true; /* where any size up to the largest will do */
	for (i = 0; i < 5; i++) {
		config.size = bad[i];
		assert_int_equal(vnet_start_queue(PORT_A, 2, &config),
				 bad[i] == 3 || bad[i] == 100);
	}
	vnet_stop_queue(PORT_A, 2);
	config.packed = false;
	config.size = 16;
	config.doorbell = XVIO_NUM_DOORBELLS;
	assert_false(vnet_start_queue(PORT_A, 2, &config));
	assert_false(vnet_start_queue(PORT_A, VNET_MAX_QUEUES, &config));
	assert_false(vnet_start_queue(999, 0, &config));
}

/* A packed ring has no such place: it ends before. */
static void test_bad_place(void **state)
{
	(void)state;
	start(32, 32);
	if (!bed_rings.packed)
		return;
	bed_start_queue(&a, BED_TX, 32 | VIRTQ_PACKED_WRAP);
	fake_run();
	assert_int_equal(vnet_queue_state(PORT_A, BED_TX).error, XVIO_RING_ERR_INDEX);
	assert_int_equal(vnet_stop_queue(PORT_A, BED_TX), 32 | VIRTQ_PACKED_WRAP);
}

static void run_traffic(uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num; i++) {
		driver_post(&b.driver[BED_RX], 3100, 4);
		send_numbered(i);
	}
	bed_ring(&b, BED_RX);
	bed_ring(&a, BED_TX);
	fake_run();
}

/* Whatever operation fails: one queue stops, for that reason, and everything is accounted for. */
static void test_every_dma_operation_fails_once(void **state)
{
	struct worker_notice notice;
	uint64_t num_ops;
	uint64_t op;
	uint32_t received;

	(void)state;
	check_seed(3);
	start(64, 64);
	num_ops = fake_dma_ops();
	run_traffic(6);
	num_ops = fake_dma_ops() - num_ops;
	assert_in_range(num_ops, 20, 500);
	for (op = 0; op < num_ops; op++) {
		check_seed(3);
		start(64, 64);
		fake_fail_after((int64_t)op);
		run_traffic(6);
		assert_true(worker_take_notice(&notice));
		assert_int_equal(notice.arg, XVIO_RING_ERR_DMA);
		assert_false(worker_take_notice(&notice));
		received = 0;
		if (notice.port == PORT_A) /* what could not be read is not delivered */
			receive_numbered(&received);
		bed_check_quiet();
		vnet_remove(PORT_A);
		vnet_remove(PORT_B);
		bed_check_quiet();
	}
}

/* Queues come and go without a byte of memory lost. */
static void test_no_memory_is_lost(void **state)
{
	size_t free_bytes = 0;
	unsigned i;

	(void)state;
	bed_start(2, 0);
	for (i = 0; i < 10; i++) {
		fake_set_script(NULL, NULL);
		bed_add_port(&a, PORT_A, 32);
		bed_add_port(&b, PORT_B, 32);
		bed_rule(1, PORT_A, PORT_B);
		run_traffic(4);
		vnet_remove(PORT_A);
		vnet_remove(PORT_B);
		iotlb_destroy(a.map);
		iotlb_destroy(b.map);
		flow_flush();
		if (i == 0)
			free_bytes = heap_free_bytes();
		assert_int_equal(heap_free_bytes(), free_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_chains),
		cmocka_unit_test(test_places_wrap),
		cmocka_unit_test(test_stop_is_exact),
		cmocka_unit_test(test_remap_takes_effect),
		cmocka_unit_test(test_only_what_is_the_devices),
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_bad_place),
		cmocka_unit_test(test_no_memory_is_lost),
		cmocka_unit_test(test_every_dma_operation_fails_once),
	};
	size_t num = sizeof(tests) / sizeof(tests[0]);

	/* Where host memory is mapped there is no DMA that could fail. */
	return bed_run_tests(tests, HAL_HOST_MAPPED ? num - 1 : num);
}
