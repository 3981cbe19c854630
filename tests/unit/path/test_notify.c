/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Doorbells and interrupts: a driver that rings only when it is asked to loses no packet, whatever the
 * moment; it is left in peace while its ring is looked at anyway; it is interrupted exactly when its
 * wish says so.
 */
#include <xvio/pci.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "path/worker.h"

static struct bed_port a, b;
static uint8_t frame[2000];
static uint8_t got[10000];

/* A's driver: how far it is. */
static struct {
	uint32_t num_sent;
	uint32_t num_received;
	uint32_t num_rung;
	uint32_t num_posts_rung;
	uint32_t max_sent;
	bool must_look; /* made something available, and has not looked yet whether to ring */
} guest;

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, XVIO_PORT_VDPA(0), 64);
	bed_add_port(&b, XVIO_PORT_VDPA(1), 64);
	bed_rule(1, a.number, b.number);
	memset(&guest, 0, sizeof(guest));
	fake_run();
}

static bool poll_once(void)
{
	bool busy;

	fake_set_core(1);
	busy = worker_poll();
	fake_set_core(0);
	return busy;
}

static uint32_t frame_of(uint32_t seed)
{
	bed_frame(frame, 60 + seed % 60, seed);
	return 60 + seed % 60;
}

static void guest_look(void)
{
	guest.must_look = false;
	if (driver_wants_ring(&a.driver[BED_TX])) {
		bed_ring(&a, BED_TX);
		guest.num_rung++;
	}
}

/* No more than there are buffers for. */
static bool guest_send(void)
{
	uint32_t len_bytes = frame_of(guest.num_sent);

	if (guest.num_sent == guest.max_sent ||
	    guest.num_sent - guest.num_received >= b.driver[BED_RX].num_in_flight ||
	    !bed_send(&a, frame, len_bytes, 1 + check_random(3)))
		return false;
	guest.num_sent++;
	guest.must_look = true;
	return true;
}

static void guest_receive(void)
{
	uint32_t len_bytes;

	bed_reap_sent(&a);
	while ((len_bytes = bed_receive(&b, got, NULL)) != 0) {
		assert_int_equal(len_bytes, frame_of(guest.num_received));
		assert_memory_equal(got, frame, len_bytes);
		guest.num_received++;
	}
	while (driver_post(&b.driver[BED_RX], 200, 1))
		;
	/* Found when they are needed. A split ring with event index asks by default, for index 0. */
	guest.num_posts_rung += driver_wants_ring(&b.driver[BED_RX]);
	assert_in_range(guest.num_posts_rung, 0, bed_rings.event_idx && !bed_rings.packed);
}

/* Between two DMA operations, or copies: the guest goes on by one step, or not. */
static void guest_step(uint64_t op, void *arg)
{
	const uint32_t *pause = arg;

	(void)op;
	if (check_random(*pause))
		return;
	if (guest.must_look && check_random(2))
		guest_look();
	else
		guest_send();
}

/* With long and short pauses, so that the device rests often, and seldom. */
static void test_no_packet_waits_for_a_ring(void **state)
{
	uint32_t pause;

	(void)state;
	for (pause = 2; pause < 60; pause = pause * 3 / 2 + 1) {
		check_seed(pause);
		start();
		guest.max_sent = 400;
		while (guest.num_received < guest.max_sent) {
			uint32_t before = guest.num_received;

			guest_receive();
			guest_send();
			if (check_random(2))
				guest_look();
			fake_set_script(guest_step, &pause);
			fake_run();
			fake_set_script(NULL, NULL);
			guest_look(); /* the driver's last look is behind its last write */
			fake_run();
			guest_receive();
			assert_int_equal(guest.num_received, guest.num_sent);
			assert_true(guest.num_received > before);
		}
		bed_check_quiet();
	}
}

/* Any round may find a packet, many rounds none: the last one is seen all the same. */
static void test_packets_between_rounds(void **state)
{
	unsigned round;

	(void)state;
	check_seed(7);
	start();
	guest.max_sent = 5000;
	guest_receive();
	for (round = 0; round < 6000; round++) {
		if (!check_random(3))
			guest_send();
		if (check_random(2))
			guest_look();
		if (poll_once())
			continue;
		guest_look(); /* now it would sleep, but for doorbells */
		fake_run();
		guest_receive();
		assert_int_equal(guest.num_received, guest.num_sent);
	}
	assert_true(guest.num_received > 1000);
}

/* A driver that sends now and then can ring for each packet. */
static void test_single_packets_ring(void **state)
{
	unsigned round;

	(void)state;
	start();
	guest.max_sent = 1000;
	guest_receive();
	for (round = 0; round < 50; round++) {
		assert_true(guest_send());
		assert_true(driver_wants_ring(&a.driver[BED_TX]));
		bed_ring(&a, BED_TX);
		fake_run();
		guest_receive();
		assert_int_equal(guest.num_received, guest.num_sent);
	}
}

/* One that sends a stream is. */
static void test_quiet_while_polled(void **state)
{
	unsigned round;

	(void)state;
	start();
	guest.max_sent = 1000;
	guest_receive();
	for (round = 0; round < 5; round++)
		assert_true(guest_send());
	assert_true(driver_wants_ring(&a.driver[BED_TX]));
	bed_ring(&a, BED_TX);
	poll_once();
	for (round = 0; round < 200; round++) {
		assert_true(guest_send());
		assert_false(driver_wants_ring(&a.driver[BED_TX]));
		assert_true(poll_once());
		guest_receive();
		assert_int_equal(guest.num_received, guest.num_sent);
	}
	fake_run();
	assert_false(poll_once());
	assert_true(guest_send());
	assert_true(driver_wants_ring(&a.driver[BED_TX]));
}

/* A worker that never sleeps asks nobody to ring; it may let a ring fill for some rounds. */
static void test_polling_needs_no_ring(void **state)
{
	unsigned round;

	(void)state;
	check_seed(8);
	bed_start(2, 0);
	worker_set_polling(true);
	bed_add_port(&a, XVIO_PORT_VDPA(0), 64);
	bed_add_port(&b, XVIO_PORT_VDPA(1), 64);
	bed_rule(1, a.number, b.number);
	memset(&guest, 0, sizeof(guest));
	guest.max_sent = 1000;
	poll_once();
	for (round = 0; guest.num_received < guest.max_sent && round < 20000; round++) {
		const bool is_first = !guest.num_sent; /* index 0 is asked for by default */

		guest_receive();
		while (check_random(3))
			guest_send();
		if (!bed_rings.event_idx || !is_first)
			assert_false(driver_wants_ring(&a.driver[BED_TX]));
		else
			driver_wants_ring(&a.driver[BED_TX]);
		poll_once();
	}
	guest_receive();
	assert_int_equal(guest.num_received, guest.num_sent);
	assert_int_equal(guest.num_sent, guest.max_sent);
}

/* A ring that was left to fill is looked at when its worker, from now on one that sleeps, is rung. */
static void test_polling_ends(void **state)
{
	unsigned i;

	(void)state;
	bed_start(2, 0);
	worker_set_polling(true);
	bed_add_port(&a, XVIO_PORT_VDPA(0), 64);
	bed_add_port(&b, XVIO_PORT_VDPA(1), 64);
	bed_rule(1, a.number, b.number);
	bed_post(&b, 2, 200);
	assert_true(bed_send(&a, frame, frame_of(0), 1));
	for (i = 0; i < 10; i++)
		poll_once();
	assert_true(bed_receive(&b, got, NULL) > 0);
	assert_true(bed_send(&a, frame, frame_of(1), 1));
	worker_set_polling(false);
	bed_ring(&a, BED_TX);
	fake_run();
	assert_true(bed_receive(&b, got, NULL) > 0);
}

struct watch {
	const struct bed_port *port;
	unsigned index;
	uint16_t place;
	unsigned num_raised;
};

static void watch_begin(struct watch *watch)
{
	watch->place = driver_used_place(&watch->port->driver[watch->index]);
	watch->num_raised =
		fake_msix_count(XVIO_FUNCTION_PF, (uint16_t)(watch->port->doorbell + watch->index));
}

/* How often an interrupt was due in this round; it was raised as often. */
static unsigned watch_end(const struct watch *watch)
{
	const struct driver *driver = &watch->port->driver[watch->index];
	unsigned num_raised =
		fake_msix_count(XVIO_FUNCTION_PF, (uint16_t)(watch->port->doorbell + watch->index));
	unsigned num_due = driver_is_due(driver, watch->place, driver_used_place(driver));

	assert_int_equal(num_raised - watch->num_raised, num_due);
	return num_due;
}

static void test_interrupts_are_as_wished(void **state)
{
	struct watch watch[2] = {{.port = &a, .index = BED_TX}, {.port = &b, .index = BED_RX}};
	unsigned num_due = 0;
	unsigned round;
	unsigned i;

	(void)state;
	check_seed(9);
	start();
	guest.max_sent = UINT32_MAX;
	for (round = 0; round < 2000; round++) {
		if (check_random(2))
			guest_receive();
		for (i = 0; i < 2; i++) {
			if (check_random(3))
				driver_wish((struct driver *)&watch[i].port->driver[watch[i].index],
					    (enum driver_wish)check_random(3),
					    (uint16_t)check_random(12));
			watch_begin(&watch[i]);
		}
		for (i = check_random(8); i && guest_send(); i--)
			;
		guest_look();
		poll_once();
		num_due += watch_end(&watch[0]) + watch_end(&watch[1]);
	}
	assert_in_range(num_due, 100, 3900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_between_rounds),
		cmocka_unit_test(test_single_packets_ring),
		cmocka_unit_test(test_quiet_while_polled),
		cmocka_unit_test(test_polling_needs_no_ring),
		cmocka_unit_test(test_polling_ends),
		cmocka_unit_test(test_interrupts_are_as_wished),
		cmocka_unit_test(test_no_packet_waits_for_a_ring),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
