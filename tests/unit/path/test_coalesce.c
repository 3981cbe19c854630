/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Moderated interrupts (virtio 1.3, 5.1.6.5.9): for both queues of a flow against a plain model, round by
 * round in virtual time; none is lost, none comes later than was asked.
 */
#include <xvio/pci.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/core.h"
#include "path/worker.h"

static struct bed_port a, b;
static uint8_t frame[100];

/* What the spec says of a queue. */
struct model {
	struct bed_port *port;
	unsigned index;
	enum xvio_stat stat; /* counts its packets */
	uint32_t max_usecs, max_packets;
	uint16_t place; /* up to which the driver was told */
	bool waits;
	uint64_t first, since_us; /* packet and moment that are waited with */
	uint64_t num_packets;
	unsigned num_interrupts;
};
static struct model rx, tx;

static struct driver *driver_of(struct model *model)
{
	return &model->port->driver[model->index];
}

static unsigned interrupts(const struct model *model)
{
	return fake_msix_count(XVIO_FUNCTION_PF, (uint16_t)(model->port->doorbell + model->index));
}

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, XVIO_PORT_VDPA(0), 256);
	bed_add_port(&b, XVIO_PORT_VDPA(1), 256);
	bed_rule(1, a.number, b.number);
	rx = (struct model){.port = &b, .index = BED_RX, .stat = XVIO_STAT_TX_PACKETS};
	tx = (struct model){.port = &a, .index = BED_TX, .stat = XVIO_STAT_RX_PACKETS};
	rx.place = driver_used_place(driver_of(&rx));
	tx.place = driver_used_place(driver_of(&tx));
	fake_advance_us(1000);
	fake_run();
}

/* A round is over: what it published, and when that has to be told. */
static void model_round(struct model *model, uint64_t now_us)
{
	uint16_t place = driver_used_place(driver_of(model));
	uint64_t num_packets = bed_stat(model->port->number, model->stat);
	bool wanted = place != model->place && driver_is_due(driver_of(model), model->place, place);

	if (wanted && !(model->max_usecs && model->max_packets)) {
		model->num_interrupts++;
	} else if (wanted && !model->waits) {
		model->waits = true;
		model->since_us = now_us;
		model->first = model->num_packets;
	}
	model->place = place;
	model->num_packets = num_packets;
	if (model->waits && (num_packets - model->first >= model->max_packets ||
			     now_us - model->since_us >= model->max_usecs)) {
		model->waits = false;
		model->num_interrupts++;
	}
	assert_int_equal(interrupts(model), model->num_interrupts);
}

/* When the worker has to look again. */
static uint64_t model_wake_us(const struct model *model, uint64_t wake_us)
{
	uint64_t until_us = model->since_us + model->max_usecs;

	return model->waits && until_us < wake_us ? until_us : wake_us;
}

static void poll_once(void)
{
	uint64_t now_us = hal_time_us();
	uint64_t wake_us;

	fake_set_core(1);
	worker_poll();
	wake_us = core_self()->wake_at_us;
	fake_set_core(0);
	model_round(&rx, now_us);
	model_round(&tx, now_us);
	assert_int_equal(wake_us, model_wake_us(&rx, model_wake_us(&tx, now_us + 10000)));
}

/* The call is made in a round, too: one that has nothing else to do. */
static void set(struct model *model, uint32_t max_usecs, uint32_t max_packets)
{
	unsigned i;

	for (i = 0; i < 10; i++)
		poll_once();
	model->max_usecs = max_usecs;
	model->max_packets = max_packets;
	vnet_set_coalescing(model->port->number, model->index, max_usecs, max_packets);
	model_round(&rx, hal_time_us());
	model_round(&tx, hal_time_us());
}

static void send(unsigned num)
{
	while (num--) {
		bed_frame(frame, 60, num);
		assert_true(bed_send(&a, frame, 60, 1));
		assert_true(driver_post(&b.driver[BED_RX], 100, 1));
	}
	bed_ring(&a, BED_TX);
}

/* The drivers take what was used, and wish what they like next. */
static void reap(void)
{
	static const enum driver_wish wishes[] = {DRIVER_ALWAYS, DRIVER_ALWAYS, DRIVER_NEVER,
						  DRIVER_AT};

	while (bed_receive(&b, frame, NULL))
		;
	bed_reap_sent(&a);
	driver_wish(driver_of(&rx), wishes[check_random(4)], (uint16_t)check_random(10));
	driver_wish(driver_of(&tx), wishes[check_random(4)], (uint16_t)check_random(10));
}

static void test_against_model(void **state)
{
	unsigned round, step, num_rx = 0, num_tx = 0;

	(void)state;
	check_seed(1);
	for (round = 0; round < 20; round++) {
		unsigned room = 200;

		start();
		set(&rx, check_random(4) * 100, check_random(4) * 10);
		set(&tx, check_random(4) * 100, check_random(4) * 10);
		for (step = 0; step < 300; step++) {
			unsigned num = check_random(check_random(2) ? 5 : 40);

			if (num > room || !check_random(8)) {
				reap();
				room = 200 - b.driver[BED_RX].num_in_flight;
			} else if (check_random(2)) {
				send(num);
				room -= num;
			}
			if (check_random(2))
				fake_advance_us(check_random(150));
			if (!check_random(50))
				set(check_random(2) ? &rx : &tx, check_random(3) * 100,
				    check_random(3) * 10);
			poll_once();
		}
		num_rx += rx.num_interrupts;
		num_tx += tx.num_interrupts;
	}
	assert_true(num_rx > 200);
	assert_true(num_tx > 200);
}

/* With nothing else to do the worker is to be back in time, and raises it then. */
static void test_raised_in_time(void **state)
{
	(void)state;
	start();
	set(&rx, 500, 1000);
	set(&tx, 300, 1000);
	driver_wish(driver_of(&rx), DRIVER_ALWAYS, 0);
	driver_wish(driver_of(&tx), DRIVER_ALWAYS, 0);
	send(3);
	fake_run();
	poll_once();
	assert_int_equal(interrupts(&rx), 0);
	fake_advance_us(299);
	poll_once();
	assert_int_equal(interrupts(&tx), 0);
	fake_advance_us(1);
	poll_once();
	assert_int_equal(interrupts(&tx), 1);
	fake_advance_us(199);
	poll_once();
	assert_int_equal(interrupts(&rx), 0);
	fake_advance_us(1);
	poll_once();
	assert_int_equal(interrupts(&rx), 1);
	fake_advance_us(5000);
	poll_once();
	assert_int_equal(interrupts(&rx), 1);
	assert_int_equal(interrupts(&tx), 1);
}

/* The example in 1.3, 5.1.6.5.9.4: 10 packets of 15, then 8 are enough. */
static void test_smaller_limit_is_met_at_once(void **state)
{
	(void)state;
	start();
	set(&tx, 100000, 15);
	driver_wish(driver_of(&tx), DRIVER_ALWAYS, 0);
	send(10);
	fake_run();
	poll_once();
	assert_int_equal(interrupts(&tx), 0);
	set(&tx, 100000, 8);
	assert_int_equal(interrupts(&tx), 1);
}

/* 5.1.6.5.9.1: with either limit 0 there is nothing to wait for. */
static void test_off(void **state)
{
	static const uint32_t off[][2] = {{0, 0}, {100, 0}, {0, 100}};
	unsigned i;

	(void)state;
	start();
	for (i = 0; i < 3; i++) {
		set(&rx, off[i][0], off[i][1]);
		reap();
		driver_wish(driver_of(&rx), DRIVER_ALWAYS, 0);
		send(1);
		poll_once();
		assert_int_equal(interrupts(&rx), i + 1);
	}
}

/* A queue that stops or fails leaves no interrupt behind. */
static void test_stop_raises(void **state)
{
	(void)state;
	start();
	set(&rx, 100000, 1000);
	driver_wish(driver_of(&rx), DRIVER_ALWAYS, 0);
	send(1);
	fake_run();
	assert_int_equal(interrupts(&rx), 0);
	vnet_stop_queue(b.number, BED_RX);
	assert_int_equal(interrupts(&rx), 1);
	fake_advance_us(200000);
	fake_run();
	assert_int_equal(interrupts(&rx), 1);

	/* The setting is the place's, not the ring's. */
	driver_reset(&b.driver[BED_RX]);
	bed_start_queue(&b, BED_RX, b.driver[BED_RX].avail_idx);
	driver_wish(driver_of(&rx), DRIVER_ALWAYS, 0);
	send(1);
	fake_run();
	assert_int_equal(interrupts(&rx), 1);
	fake_advance_us(100000);
	fake_run();
	assert_int_equal(interrupts(&rx), 2);
}

/* Interrupts and notifications as the driver gets to know them. */
static void test_counted(void **state)
{
	struct vnet_counters counters;

	(void)state;
	start();
	vnet_clear_counters(a.number);
	vnet_clear_counters(b.number);
	set(&rx, 100, 5);
	driver_wish(driver_of(&rx), DRIVER_ALWAYS, 0);
	send(5);
	fake_run();
	vnet_queue_counters(b.number, BED_RX, &counters);
	assert_int_equal(counters.interrupts, 1);
	assert_int_equal(counters.notifications, 0);
	vnet_queue_counters(a.number, BED_TX, &counters);
	assert_int_equal(counters.notifications, 1);
	vnet_clear_counters(a.number);
	vnet_queue_counters(a.number, BED_TX, &counters);
	assert_int_equal(counters.notifications, 0);
	vnet_queue_counters(XVIO_PORT_VDPA(7), 0, &counters);
	assert_int_equal(counters.interrupts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_raised_in_time),
		cmocka_unit_test(test_smaller_limit_is_met_at_once),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_stop_raises),
		cmocka_unit_test(test_counted),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
