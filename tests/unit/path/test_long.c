/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Long frames from chain to chain: to several ports, to other cores, more in a round than outputs are
 * kept. The guests never wait: what is used is reaped between any two operations of the card, compared,
 * and the sender's buffers are overwritten at once.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "path/flow.h"

#define NUM_SENDERS   4u
#define NUM_RECEIVERS 8u
#define MAX_BYTES     990u

static struct bed_port sender[NUM_SENDERS];
static struct bed_port receiver[NUM_RECEIVERS];
static uint32_t num_sent[NUM_SENDERS];
static uint32_t num_received[NUM_RECEIVERS][NUM_SENDERS];
static uint8_t frame[10000];
static uint8_t got[10000];

/* One rule per sender: to all receivers. */
static void add_rule(const struct bed_port *from)
{
	struct xvio_flow_rule rule = {
		.cookie = from->number,
		.prio = 1,
		.key.in_port = from->number,
		.mask.in_port = 0xffff,
	};
	unsigned i;

	for (i = 0; i < NUM_RECEIVERS; i++)
		act_copy(&rule, receiver[i].number);
	act_end(&rule);
}

static void start(unsigned num_cores)
{
	uint16_t i;

	bed_start(num_cores, 0);
	for (i = 0; i < NUM_RECEIVERS; i++) /* the first has a longer header */
		bed_add_port(&receiver[i], i ? (uint16_t)XVIO_PORT_VDPA(9 + i) : XVIO_PORT_PF, 256);
	for (i = 0; i < NUM_SENDERS; i++) {
		bed_add_port(&sender[i], (uint16_t)XVIO_PORT_VDPA(i), 256);
		add_rule(&sender[i]);
	}
	memset(num_sent, 0, sizeof(num_sent));
	memset(num_received, 0, sizeof(num_received));
}

/* Says whose it is, and which; most are longer than what is read before the rest moves. */
static uint32_t make_frame(unsigned from, uint32_t number)
{
	uint32_t len_bytes = 60 + (number * 7919 + from * 104729) % (MAX_BYTES - 60);

	bed_frame(frame, len_bytes, number * NUM_SENDERS + from);
	frame[7] = (uint8_t)from;
	frame[8] = (uint8_t)(number >> 8);
	frame[9] = (uint8_t)number;
	return len_bytes;
}

static void send_some(unsigned from, unsigned num)
{
	while (num--) {
		uint32_t len_bytes = make_frame(from, num_sent[from]);

		assert_true(bed_send(&sender[from], frame, len_bytes, 1 + check_random(7)));
		num_sent[from]++;
	}
	bed_ring(&sender[from], BED_TX);
}

static void post_all(void)
{
	unsigned i;

	for (i = 0; i < NUM_RECEIVERS; i++) {
		struct driver *driver = &receiver[i].driver[BED_RX];

		while (driver->num_in_flight < 128 &&
		       driver_post(driver, MAX_BYTES + sizeof(struct xvio_pkt_meta),
				   1 + check_random(2)))
			;
	}
}

/* What a sender has back, it fills with something else. */
static void reap_sender(struct bed_port *port)
{
	static const uint8_t other[DRIVER_SLOT_BYTES] = {0xee, 0xee, 0xee, 0xee};
	struct driver *driver = &port->driver[BED_TX];
	uint16_t num_free = driver->num_free;

	bed_reap_sent(port);
	for (; num_free < driver->num_free; num_free++)
		driver_write(driver, DRIVER_BUF_OFFSET + driver->free[num_free] * DRIVER_SLOT_BYTES,
			     other, sizeof(other));
}

static void reap_receiver(unsigned i)
{
	uint32_t len_bytes;

	while ((len_bytes = bed_receive(&receiver[i], got, NULL)) != 0) {
		unsigned from = got[7];

		assert_in_range(from, 0, NUM_SENDERS - 1);
		assert_int_equal(len_bytes, make_frame(from, num_received[i][from]));
		assert_memory_equal(got, frame, len_bytes);
		num_received[i][from]++;
	}
}

static void guests_step(uint64_t op, void *arg)
{
	unsigned i;

	(void)op;
	(void)arg;
	for (i = 0; i < NUM_SENDERS; i++)
		reap_sender(&sender[i]);
	for (i = 0; i < NUM_RECEIVERS; i++)
		reap_receiver(i);
}

static void run(unsigned num_cores, unsigned num_frames, unsigned num_rounds)
{
	unsigned i;
	unsigned k;

	start(num_cores);
	while (num_rounds--) {
		post_all();
		for (i = 0; i < NUM_SENDERS; i++)
			send_some(i, num_frames);
		fake_set_script(guests_step, NULL);
		fake_run();
		fake_set_script(NULL, NULL);
		guests_step(0, NULL);
	}
	for (i = 0; i < NUM_RECEIVERS; i++) {
		for (k = 0; k < NUM_SENDERS; k++)
			assert_int_equal(num_received[i][k], num_sent[k]);
	}
	bed_check_pools();
}

static void test_to_several_ports(void **state)
{
	(void)state;
	check_seed(1);
	run(2, 5, 12);
}

/* A round of 4 x 32 packets to 8 ports: the set of outputs is spilled more than once. */
static void test_more_than_outputs(void **state)
{
	(void)state;
	check_seed(2);
	run(2, 32, 2);
}

static void test_to_other_cores(void **state)
{
	(void)state;
	check_seed(3);
	run(3, 20, 4);
	run(5, 20, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_several_ports),
		cmocka_unit_test(test_more_than_outputs),
		cmocka_unit_test(test_to_other_cores),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
