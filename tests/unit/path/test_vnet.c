/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Virtio ports around their rings: what a new queue finds in the driver's memory, what a stopped one
 * leaves behind, errors that are found in passing, and more queues than one round looks at.
 */
#include <xvio/event.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/worker.h"

#define NUM_MANY    28u /* transmit queues, more than any round looks at */
#define NUM_BLOCKS  256u
#define BLOCK_BYTES 512u

static struct bed_port a, b, c;
static struct bed_port many[NUM_MANY];
static uint8_t frame[200];
static uint8_t got[10000];

static void start(unsigned num_cores)
{
	bed_start(num_cores, 0);
	bed_add_port(&a, XVIO_PORT_VDPA(0), 256);
	bed_add_port(&b, XVIO_PORT_VDPA(1), 256);
	bed_rule(1, a.number, b.number);
	bed_frame(frame, sizeof(frame), 1);
}

/* One round of core 1, nothing else. */
static void poll_once(void)
{
	fake_set_core(1);
	worker_poll();
	fake_set_core(0);
}

/* A round that works on chains fetched before is as busy as the one that fetched them. */
static void test_stock_keeps_a_worker_busy(void **state)
{
	unsigned num_rounds = 0;
	unsigned i;

	(void)state;
	start(2);
	bed_post(&b, 120, 1000);
	fake_run();
	for (i = 0; i < 100; i++)
		assert_true(bed_send(&a, frame, sizeof(frame), 1));
	bed_ring(&a, BED_TX);
	while (bed_stat(b.number, XVIO_STAT_TX_PACKETS) < 100 && num_rounds++ < 10) {
		fake_set_core(1);
		assert_true(worker_poll());
		fake_set_core(0);
	}
	assert_int_equal(num_rounds, 4);
}

/* The last device left the driver told to be quiet; the next must ask it to ring before it rests. */
static void test_new_queue_may_be_rung(void **state)
{
	unsigned rounds;

	(void)state;
	for (rounds = 1; rounds < 6; rounds++) {
		start(2);
		bed_post(&b, 8, 1000);
		fake_run();
		assert_true(bed_send(&a, frame, sizeof(frame), 1));
		bed_ring(&a, BED_TX);
		for (unsigned i = 0; i < rounds; i++)
			poll_once();
		bed_start_queue(&a, BED_TX, vnet_stop_queue(a.number, BED_TX));
		fake_run();
		driver_wants_ring(&a.driver[BED_TX]);
		assert_true(bed_send(&a, frame, sizeof(frame), 1));
		assert_true(driver_wants_ring(&a.driver[BED_TX]));
	}
}

/* What is still to be told to the driver is told before the queue is stopped, or never. */
static void test_nothing_is_written_after_stop(void **state)
{
	struct driver *driver = &a.driver[BED_TX];
	static uint8_t pattern[DRIVER_BUF_OFFSET];
	static uint8_t now[DRIVER_BUF_OFFSET];
	unsigned rounds;

	(void)state;
	for (rounds = 1; rounds < 8; rounds++) {
		start(2);
		bed_post(&b, 8, 1000);
		fake_run();
		assert_true(bed_send(&a, frame, sizeof(frame), 1));
		bed_ring(&a, BED_TX);
		for (unsigned i = 0; i < rounds; i++)
			poll_once();
		vnet_stop_queue(a.number, BED_TX);
		memset(pattern, 0xa5, sizeof(pattern));
		driver_write(driver, 0, pattern, sizeof(pattern));
		bed_start_queue(&b, BED_TX, vnet_stop_queue(b.number, BED_TX));
		assert_true(bed_send(&b, frame, sizeof(frame), 1));
		bed_ring(&b, BED_TX);
		fake_run();
		driver_read(driver, 0, now, sizeof(now));
		assert_memory_equal(now, pattern, sizeof(now));
	}
}

/* However many good buffers there may be behind the bad one. */
static void test_receive_error_is_told(void **state)
{
	struct worker_notice notice;
	struct driver *driver = &b.driver[BED_RX];
	uint64_t bad_iova = 0x1000;
	uint16_t i;

	(void)state;
	start(2);
	for (i = 0; i < 200; i++)
		assert_true(driver_post(driver, 1000, 1));
	/* The first descriptor's address: split: that of the slot given out first. */
	driver_write(driver, DRIVER_DESC_OFFSET + (bed_rings.packed ? 0 : 255 * 16), &bad_iova, 8);
	bed_ring(&b, BED_RX);
	assert_true(bed_send(&a, frame, sizeof(frame), 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_true(worker_take_notice(&notice));
	assert_int_equal(notice.port, b.number);
	assert_int_equal(notice.arg, XVIO_RING_ERR_ADDRESS);
	assert_false(vnet_queue_state(b.number, BED_RX).running);
	assert_int_equal(bed_stat(b.number, XVIO_STAT_DROP_RING_ERROR), 1);
	bed_check_quiet();
}

static bool poll_first_core(void)
{
	return hal_core() == 1 && worker_poll();
}

/* A packet that is lent to another core may outlive the queue it came from, and its memory. */
static void test_lent_packet_outlives_its_queue(void **state)
{
	uint8_t *block[NUM_BLOCKS];
	unsigned i;
	unsigned k;

	(void)state;
	start(3);
	assert_int_equal(worker_choose(a.number), 1);
	assert_int_equal(worker_choose(b.number), 2);
	bed_post(&b, 8, 1000);
	fake_run();
	assert_true(bed_send(&a, frame, sizeof(frame), 1));
	bed_ring(&a, BED_TX);
	fake_set_poll(poll_first_core);
	poll_once();
	vnet_stop_queue(a.number, BED_TX);
	for (i = 0; i < NUM_BLOCKS; i++) {
		block[i] = heap_alloc(BLOCK_BYTES);
		memset(block[i], 0xa5, BLOCK_BYTES);
	}
	fake_set_poll(worker_poll);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), sizeof(frame));
	for (i = 0; i < NUM_BLOCKS; i++) {
		for (k = 0; k < BLOCK_BYTES; k++)
			assert_int_equal(block[i][k], 0xa5);
		heap_free(block[i]);
	}
	bed_check_quiet();
}

static void start_many(void)
{
	unsigned i;

	bed_start(2, 0);
	bed_add_port(&c, XVIO_PORT_PF, 256);
	for (i = 0; i < NUM_MANY; i++)
		bed_add_port(&many[i], (uint16_t)XVIO_PORT_VDPA(i), 8);
	bed_frame(frame, sizeof(frame), 1);
	fake_run();
}

/* Many doorbells for nothing, then one for a packet. */
static void test_many_queues_are_looked_at(void **state)
{
	struct bed_port *last = &many[NUM_MANY - 1];
	unsigned i;

	(void)state;
	start_many();
	bed_rule(1, last->number, c.number);
	bed_post(&c, 8, 1000);
	assert_true(bed_send(last, frame, sizeof(frame), 1));
	for (i = 0; i < NUM_MANY; i++)
		bed_ring(&many[i], BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&c, got, NULL), sizeof(frame));
	bed_check_quiet();
}

/* Buffers posted in silence to many ports are found by the packets that need them, in one round. */
static void test_many_ports_find_their_buffers(void **state)
{
	unsigned i;

	(void)state;
	start_many();
	for (i = 0; i < NUM_MANY; i++) {
		assert_true(driver_post(&many[i].driver[BED_RX], 1000, 1));
		assert_true(bed_send_marked(&c, frame, sizeof(frame), many[i].number,
					    XVIO_META_F_REPR));
	}
	bed_ring(&c, BED_TX);
	fake_run();
	for (i = 0; i < NUM_MANY; i++)
		assert_int_equal(bed_receive(&many[i], got, NULL), sizeof(frame));
	bed_check_quiet();
}

/* B has two receive queues, the second being C's; both are posted to in silence. */
static void test_each_receive_queue_is_filled_up(void **state)
{
	struct virtq_config config;
	unsigned num_first = 0;
	unsigned num_second = 0;
	unsigned round;
	unsigned i;

	(void)state;
	start(2);
	bed_add_port(&c, XVIO_PORT_VDPA(3), 256);
	vnet_stop_queue(c.number, BED_RX);
	config = bed_queue_config(&c, BED_RX, c.driver[BED_RX].avail_idx);
	config.doorbell = 100;
	assert_true(vnet_start_queue(b.number, 2, &config));
	fake_run();
	for (round = 0; round < 40; round++) {
		while (driver_post(&b.driver[BED_RX], 1000, 1) ||
		       driver_post(&c.driver[BED_RX], 1000, 1))
			;
		for (i = 0; i < 20; i++) {
			frame[35] = (uint8_t)(round * 20 + i); /* source port */
			assert_true(bed_send(&a, frame, sizeof(frame), 1));
		}
		bed_ring(&a, BED_TX);
		fake_run();
		bed_reap_sent(&a);
		while (bed_receive(&b, got, NULL))
			num_first++;
		while (bed_receive(&c, got, NULL))
			num_second++;
	}
	assert_int_equal(num_first + num_second, 800);
	assert_in_range(num_second, 256, 600);
	bed_check_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stock_keeps_a_worker_busy),
		cmocka_unit_test(test_new_queue_may_be_rung),
		cmocka_unit_test(test_nothing_is_written_after_stop),
		cmocka_unit_test(test_receive_error_is_told),
		cmocka_unit_test(test_lent_packet_outlives_its_queue),
		cmocka_unit_test(test_many_queues_are_looked_at),
		cmocka_unit_test(test_many_ports_find_their_buffers),
		cmocka_unit_test(test_each_receive_queue_is_filled_up),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
