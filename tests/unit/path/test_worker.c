/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Several workers: packets handed from core to core and back, calls, removal under traffic. */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/worker.h"

#define NUM_GUESTS 6u

static struct bed_port pf;
static struct bed_port guest[NUM_GUESTS];
static uint8_t frame[2000];
static uint8_t got[10000];

static void start(unsigned num_cores)
{
	unsigned i;

	bed_start(num_cores, 1);
	bed_add_port(&pf, XVIO_PORT_PF, 64);
	bed_add_uplink(0);
	for (i = 0; i < NUM_GUESTS; i++)
		bed_add_port(&guest[i], (uint16_t)XVIO_PORT_VDPA(i), 64);
	bed_frame(frame, 200, 1);
}

/* Guest i sends to guest i + 1, the last one to the first. */
static void ring_of_rules(void)
{
	uint16_t i;

	for (i = 0; i < NUM_GUESTS; i++)
		bed_rule(i, guest[i].number, guest[(i + 1) % NUM_GUESTS].number);
}

static void pass_traffic(unsigned num_cores)
{
	unsigned received = 0;
	unsigned round;
	unsigned i;

	start(num_cores);
	ring_of_rules();
	for (round = 0; round < 30; round++) {
		for (i = 0; i < NUM_GUESTS; i++) {
			unsigned num = check_random(20);

			bed_post(&guest[(i + 1) % NUM_GUESTS], num, 1000);
			while (num--)
				assert_true(bed_send(&guest[i], frame, 200, 1));
			bed_ring(&guest[i], BED_TX);
		}
		fake_run();
		for (i = 0; i < NUM_GUESTS; i++) {
			unsigned sent = bed_reap_sent(&guest[i]);

			received += sent;
			while (sent--) {
				assert_int_equal(
					bed_receive(&guest[(i + 1) % NUM_GUESTS], got, NULL), 200);
				assert_memory_equal(got, frame, 200);
			}
		}
	}
	assert_true(received > 1000);
	bed_check_quiet();
}

static void test_handover(void **state)
{
	unsigned num_cores;

	(void)state;
	for (num_cores = 2; num_cores <= 8; num_cores++) {
		check_seed(num_cores);
		pass_traffic(num_cores);
	}
}

/* A frame in a MAC's slot must have left it before the slot is given back. */
static void test_handover_from_uplink(void **state)
{
	uint16_t uplink = XVIO_PORT_UPLINK(0);
	unsigned i;

	(void)state;
	start(4);
	for (i = 0; i < NUM_GUESTS; i++) {
		bed_rule(i, uplink, guest[i].number);
		bed_post(&guest[i], 1, 1000);
		assert_true(fake_mac_push(0, frame, 200));
		fake_run();
		assert_int_equal(bed_receive(&guest[i], got, NULL), 200);
		assert_memory_equal(got, frame, 200);
		assert_int_equal(flow_del(i, NULL), XVIO_ST_OK);
	}
	bed_rule(9, guest[1].number, uplink);
	assert_true(bed_send(&guest[1], frame, 200, 1));
	bed_ring(&guest[1], BED_TX);
	fake_run();
	assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 200);
	bed_check_quiet();
}

static void test_miss_from_another_core(void **state)
{
	struct xvio_pkt_meta meta;
	unsigned i;

	(void)state;
	start(4);
	bed_post(&pf, NUM_GUESTS, 1000);
	for (i = 0; i < NUM_GUESTS; i++) {
		assert_true(bed_send(&guest[i], frame, 200, 1));
		bed_ring(&guest[i], BED_TX);
		fake_run();
		assert_int_equal(bed_receive(&pf, got, &meta), 200);
		assert_int_equal(meta.port, guest[i].number);
		assert_int_equal(bed_stat(guest[i].number, XVIO_STAT_REPR_TX_PACKETS), 1);
	}
	bed_check_quiet();
}

/* The other core does not run: packets wait, then the ring is full, then all come back. */
static void test_receiver_core_stands_still(void **state)
{
	unsigned round;
	unsigned i;

	(void)state;
	start(3);
	bed_rule(1, guest[0].number, guest[1].number); /* cores 2 and 1 or the other way round */
	bed_post(&guest[1], 60, 1000);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 60; i++)
			assert_true(bed_send(&guest[0], frame, 200, 1));
		bed_ring(&guest[0], BED_TX);
		fake_set_core(worker_choose(guest[0].number));
		for (i = 0; i < 5; i++)
			worker_poll();
		fake_set_core(0);
		assert_int_equal(bed_reap_sent(&guest[0]), 60);
	}
	assert_true(bed_stat(guest[1].number, XVIO_STAT_DROP_NO_BUFFER) >= 20 * 60 - 256);
	fake_run();
	for (i = 0; i < 60; i++)
		assert_int_equal(bed_receive(&guest[1], got, NULL), 200);
	assert_int_equal(bed_receive(&guest[1], got, NULL), 0);
	bed_check_quiet();
}

static void test_port_removed_while_packets_wait(void **state)
{
	unsigned i;

	(void)state;
	start(3);
	bed_rule(1, guest[0].number, guest[1].number);
	bed_post(&guest[1], 60, 1000);
	for (i = 0; i < 32; i++)
		assert_true(bed_send(&guest[0], frame, 200, 1));
	bed_ring(&guest[0], BED_TX);
	fake_set_core(worker_choose(guest[0].number));
	worker_poll();
	fake_set_core(0);
	vnet_remove(guest[1].number);
	fake_run();
	bed_check_quiet();
}

static unsigned call_core;

static void note_core(void *arg)
{
	*(unsigned *)arg += 1;
	call_core = hal_core();
}

static void test_calls(void **state)
{
	unsigned num = 0;
	unsigned core;

	(void)state;
	bed_start(4, 0);
	for (core = 1; core < 4; core++) {
		worker_call(core, note_core, &num);
		assert_int_equal(num, core);
		assert_int_equal(call_core, core);
	}
	worker_synchronize();
	assert_int_equal(num, 3);
	assert_int_equal(hal_core(), 0);
}

static void test_idle_worker_asks_for_nothing(void **state)
{
	uint64_t calls;

	(void)state;
	start(3);
	fake_run();
	calls = fake_dma_calls();
	fake_set_core(1);
	assert_false(worker_poll());
	fake_set_core(2);
	assert_false(worker_poll());
	fake_set_core(0);
	assert_int_equal(fake_dma_calls(), calls);
}

static void test_card_counters_outlive_ports(void **state)
{
	uint64_t before[XVIO_STAT_NUM];
	uint64_t after[XVIO_STAT_NUM];

	(void)state;
	start(3);
	ring_of_rules();
	assert_true(bed_send(&guest[0], frame, 200, 1));
	bed_ring(&guest[0], BED_TX);
	fake_run();
	port_count_control(XVIO_STAT_MBOX_BAD_VALUE);
	assert_int_equal(bed_stat(XVIO_PORT_PF, XVIO_STAT_MBOX_BAD_VALUE), 1);
	port_stats_card(before);
	assert_int_equal(before[XVIO_STAT_RX_PACKETS], 1);
	vnet_remove(guest[0].number);
	port_stats_card(after);
	assert_memory_equal(before, after, sizeof(before));
	assert_false(port_stats(guest[0].number, after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handover),
		cmocka_unit_test(test_handover_from_uplink),
		cmocka_unit_test(test_miss_from_another_core),
		cmocka_unit_test(test_receiver_core_stands_still),
		cmocka_unit_test(test_port_removed_while_packets_wait),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_idle_worker_asks_for_nothing),
		cmocka_unit_test(test_card_counters_outlive_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
