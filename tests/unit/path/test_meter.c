/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * How fast a port may send: the token bucket beside one that is filled microsecond by microsecond, and
 * ports with a limit whose packets wait in their rings, in virtual time.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/core.h"
#include "path/flow.h"
#include "path/meter.h"
#include "path/port.h"
#include "path/worker.h"

#define PORT_A	  XVIO_PORT_VF(0)
#define PORT_B	  XVIO_PORT_VF(1)
#define WORLD	  XVIO_PORT_VDPA(0)
#define MAX_BYTES 1000u /* of a frame */

static struct bed_port a, b, world;
static uint8_t frame[MAX_BYTES];
static uint8_t got[10000];

/* The bucket */

struct model {
	int64_t rate;
	int64_t tokens;
	uint64_t now_us;
};

static void model_fill(struct model *model, uint64_t now_us)
{
	for (; model->now_us != now_us; model->now_us++) {
		model->tokens += model->rate;
		if (model->tokens > model->rate * METER_DEPTH_US)
			model->tokens = model->rate * METER_DEPTH_US;
	}
}

static void test_bucket(void **state)
{
	static const uint32_t rates[] = {1, 2, 7, 100, 999, 10000, 400000, UINT32_MAX};
	unsigned i;

	(void)state;
	check_seed(1);
	for (i = 0; i < 400; i++) {
		uint64_t now_us = (uint64_t)check_random(UINT32_MAX) << check_random(20);
		struct model model = {.rate = rates[i % 8], .now_us = now_us};
		struct meter meter;
		unsigned step;

		meter_init(&meter, rates[i % 8], now_us);
		model.tokens = model.rate * METER_DEPTH_US;
		for (step = 0; step < 20; step++) {
			uint32_t len_bytes = check_random(check_random(2) ? 70000 : 100);

			assert_int_equal(meter_is_open(&meter), model.tokens > 0);
			if (model.tokens > 0) {
				meter_take(&meter, len_bytes);
				model.tokens -= len_bytes * INT64_C(8);
			} else if (check_random(2)) {
				now_us = meter_opens_us(&meter);
				model_fill(&model, now_us - 1);
				assert_true(model.tokens <= 0);
			}
			now_us += check_random(check_random(4) ? 50 : 2 * METER_DEPTH_US);
			model_fill(&model, now_us);
			meter_fill(&meter, now_us);
			assert_int_equal(meter.tokens, model.tokens);
		}
	}
}

/* A clock that stood still, or a sleep of years. */
static void test_long_sleep(void **state)
{
	struct meter meter;

	(void)state;
	meter_init(&meter, UINT32_MAX, 5);
	meter_take(&meter, 65535);
	meter_fill(&meter, 5);
	assert_int_equal(meter.tokens, (int64_t)UINT32_MAX * METER_DEPTH_US - 65535 * 8);
	meter_fill(&meter, UINT64_MAX / 2);
	assert_int_equal(meter.tokens, (int64_t)UINT32_MAX * METER_DEPTH_US);
}

/* Ports */

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 256);
	bed_add_port(&b, PORT_B, 256);
	bed_add_port(&world, WORLD, 256);
	bed_rule(1, PORT_A, WORLD);
	bed_rule(2, PORT_B, PORT_A);
	bed_post(&world, 250, MAX_BYTES + 12);
}

/* Puts num frames of len_bytes into a port's ring, and rings. */
static void offer(struct bed_port *port, unsigned num, uint32_t len_bytes)
{
	bed_frame(frame, len_bytes, num);
	while (num--)
		assert_true(bed_send(port, frame, len_bytes, 1));
	bed_ring(port, BED_TX);
}

/* Frames that have arrived; their buffers are posted anew. */
static unsigned count_sent(void)
{
	unsigned num = 0;

	while (bed_receive(&world, got, NULL))
		num++;
	bed_post(&world, num, MAX_BYTES + 12);
	return num;
}

static uint64_t wake_at_us(void)
{
	uint64_t at_us;

	fake_set_core(1);
	at_us = core_self()->wake_at_us;
	fake_set_core(0);
	return at_us;
}

/* The worker says when it has to be woken: not a microsecond earlier is there a packet. */
static void run_to_next(void)
{
	uint64_t sleeps_us = wake_at_us() - hal_time_us();

	assert_true(sleeps_us > 0 && sleeps_us <= METER_DEPTH_US);
	fake_advance_us(sleeps_us - 1);
	fake_run();
	assert_int_equal(count_sent(), 0);
	fake_advance_us(1);
	fake_run();
}

/* After the first bucketful, each frame's time is exactly its length's. */
static void test_rate_is_kept(void **state)
{
	const unsigned depth = 5 * METER_DEPTH_US / 8 / MAX_BYTES; /* at 5 Mbit/s */
	uint64_t began_us;
	unsigned i;

	(void)state;
	start();
	meter_set(PORT_A, 5);
	offer(&a, 200, MAX_BYTES);
	fake_run();
	assert_int_equal(count_sent(), depth + 1);
	began_us = hal_time_us();
	for (i = depth + 1; i < 200; i++) {
		run_to_next();
		assert_int_equal(count_sent(), 1);
	}
	assert_in_range(hal_time_us() - began_us, (199 - depth - 1) * MAX_BYTES * 8 / 5,
			(200 - depth) * MAX_BYTES * 8 / 5);
	assert_int_equal(bed_reap_sent(&a), 200);
	bed_check_quiet();
}

/* What waits is in the ring and is sent in order: nothing is taken, nothing dropped. */
static void test_packets_wait_in_the_ring(void **state)
{
	unsigned num = 0;
	unsigned i;

	(void)state;
	start();
	meter_set(PORT_A, 1);
	for (i = 0; i < 100; i++) {
		bed_frame(frame, 500, i);
		assert_true(bed_send(&a, frame, 500, 1));
	}
	bed_ring(&a, BED_TX);
	fake_run();
	while (num < 100) {
		uint32_t len_bytes = bed_receive(&world, got, NULL);

		if (!len_bytes) {
			assert_int_equal(bed_stat(PORT_A, XVIO_STAT_RX_PACKETS), num);
			fake_advance_us(check_random(8000));
			fake_run();
			continue;
		}
		bed_frame(frame, 500, num++);
		assert_int_equal(len_bytes, 500);
		assert_memory_equal(got, frame, 500);
	}
	assert_int_equal(bed_reap_sent(&a), 100);
	bed_check_quiet();
}

/* Random lengths, pauses and rates beside the model; only what port A sends is limited. */
static void random_traffic(uint32_t mbps)
{
	struct model model = {.rate = mbps, .tokens = (int64_t)mbps * METER_DEPTH_US};
	unsigned first = 0, next = 0;
	uint32_t waiting[128];
	unsigned round;

	start();
	meter_set(PORT_A, mbps);
	model.now_us = hal_time_us();
	for (round = 0; round < 100; round++) {
		unsigned num = check_random(30);
		unsigned due = 0;

		for (; num && next - first < 100; num--) {
			uint32_t len_bytes = 60 + check_random(MAX_BYTES - 60);

			offer(&a, 1, len_bytes);
			waiting[next++ % 128] = len_bytes;
		}
		bed_post(&a, 3, MAX_BYTES + 12);
		offer(&b, 3, MAX_BYTES);
		fake_run();
		model_fill(&model, hal_time_us());
		while (first != next && model.tokens > 0) {
			model.tokens -= waiting[first++ % 128] * INT64_C(8);
			due++;
		}
		assert_int_equal(count_sent(), due);
		assert_int_equal(bed_reap_sent(&a), due);
		assert_int_equal(bed_reap_sent(&b), 3);
		for (num = 0; num < 3; num++)
			assert_int_equal(bed_receive(&a, got, NULL), MAX_BYTES);
		fake_advance_us(check_random(check_random(3) ? 1000 : 20000));
	}
	bed_check_quiet();
}

static void test_random_traffic(void **state)
{
	static const uint32_t rates[] = {1, 3, 10, 25, 100, 1000};
	unsigned i;

	(void)state;
	check_seed(2);
	for (i = 0; i < 6; i++)
		random_traffic(rates[i]);
}

/* Without a limit a worker goes to rest as ever, and is not woken for a limited port that has nothing. */
static void test_no_limit(void **state)
{
	(void)state;
	start();
	meter_set(PORT_A, 1);
	meter_set(PORT_A, 0);
	offer(&a, 100, MAX_BYTES);
	fake_run();
	assert_int_equal(count_sent(), 100);
	meter_set(PORT_A, 1);
	offer(&a, 2, MAX_BYTES);
	fake_run();
	assert_int_equal(count_sent(), 2);
	fake_advance_us(wake_at_us() - hal_time_us()); /* for a last look at the ring, if at all */
	fake_run();
	assert_true(wake_at_us() - hal_time_us() >= METER_DEPTH_US);
	assert_int_equal(bed_reap_sent(&a), 102);
	bed_check_quiet();
}

/* A queue is stopped, its memory moved, its limit lifted while packets wait. */
static void test_changes_while_packets_wait(void **state)
{
	uint16_t place;

	(void)state;
	start();
	meter_set(PORT_A, 1);
	offer(&a, 50, MAX_BYTES);
	fake_run();
	assert_int_equal(count_sent(), 2);
	bed_move(&a, UINT64_C(0x7700000000));
	fake_run();
	place = vnet_stop_queue(PORT_A, BED_TX);
	assert_int_equal(place, driver_advance(&a.driver[BED_TX], a.driver[BED_TX].last_used, 2));
	fake_advance_us(50000);
	fake_run();
	assert_int_equal(count_sent(), 0);
	bed_start_queue(&a, BED_TX, place);
	fake_run();
	assert_int_equal(count_sent(), 2);
	meter_set(PORT_A, 0);
	fake_run();
	assert_int_equal(count_sent(), 46);
	assert_int_equal(bed_reap_sent(&a), 50);
	bed_check_quiet();
}

int main(void)
{
	const struct CMUnitTest bucket[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_long_sleep),
	};
	const struct CMUnitTest ports[] = {
		cmocka_unit_test(test_rate_is_kept),
		cmocka_unit_test(test_packets_wait_in_the_ring),
		cmocka_unit_test(test_random_traffic),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_changes_while_packets_wait),
	};

	return cmocka_run_group_tests(bucket, NULL, NULL) + bed_run_tests(ports, 5);
}
