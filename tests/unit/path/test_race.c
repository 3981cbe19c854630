/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A guest whose other CPU rewrites headers, descriptors and rings all the time, as a real thread: what
 * was checked is what is sent, nothing is touched that is not the guest's (the sanitizers, and the
 * neighbours' drivers, would tell), and its queues can always be stopped and started anew.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "path/flow.h"
#include "path/worker.h"

#define SIZE	    32u
#define GOOD_DST    0x02u /* first byte of the destination MAC */
#define GOOD_PORT   0x78u /* second byte of the UDP port */
#define DST_OFFSET  0u /* in the frame */
#define PORT_OFFSET 37u
#define HDR_BYTES   12u

static struct bed_port a, b, c;
static uint8_t frame[2000];
static uint8_t got[10000];
static _Atomic bool race_ends;
static _Atomic uint32_t race_steps;

static void add_rule(uint64_t cookie, uint32_t prio, const struct xvio_flow_key *key,
		     const struct xvio_flow_key *mask, struct xvio_flow_action action)
{
	struct xvio_flow_rule rule = {
		.cookie = cookie,
		.prio = prio,
		.num_actions = 1,
		.key = *key,
		.mask = *mask,
		.action[0] = action,
	};
	uint32_t detail;

	rule.key.in_port = a.number;
	rule.mask.in_port = 0xffff;
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
}

/* To B if MAC and port are good, the rest is dropped. */
static void start(void)
{
	struct xvio_flow_action to_b = {.type = XVIO_ACTION_OUTPUT};
	struct xvio_flow_action drop = {.type = XVIO_ACTION_DROP};
	struct xvio_flow_key any = {0};
	struct xvio_flow_key key = {.eth_dst = {GOOD_DST, 0, 0, 0, 0, 2}};
	struct xvio_flow_key mask = {.eth_dst = {255, 255, 255, 255, 255, 255}};

	bed_start(2, 0);
	bed_add_port(&a, XVIO_PORT_VDPA(0), SIZE);
	bed_add_port(&b, XVIO_PORT_VDPA(1), 256);
	bed_add_port(&c, XVIO_PORT_VDPA(2), SIZE);
	to_b.arg = b.number;
	bed_rule(100, c.number, b.number);
	bed_rule(101, b.number, a.number);
	add_rule(3, 9, &any, &any, drop);
	bed_frame(frame, 100, 1);
	memcpy(&key.tp_dst, frame + 36, 2);
	mask.tp_dst = 0xffff;
	add_rule(1, 1, &key, &mask, to_b);
}

static uint32_t race_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

static void *race_headers(void *arg)
{
	struct driver *driver = &a.driver[BED_TX];
	uint64_t state = 1;

	(void)arg;
	while (!atomic_load_explicit(&race_ends, memory_order_relaxed)) {
		uint32_t random = race_random(&state);
		bool is_port = random >> 8 & 1;
		uint8_t byte = is_port ? GOOD_PORT : GOOD_DST;

		if (random >> 9 & 1)
			byte ^= 1;
		driver_write(driver,
			     DRIVER_BUF_OFFSET + random % SIZE * DRIVER_SLOT_BYTES + HDR_BYTES +
				     (is_port ? PORT_OFFSET : DST_OFFSET),
			     &byte, 1);
		atomic_fetch_add(&race_steps, 1);
	}
	return NULL;
}

/* Rings, descriptors, events, buffers: mostly with what might be right. */
static void *race_everything(void *arg)
{
	static const uint32_t from[] = {0, DRIVER_RING_OFFSET, DRIVER_USED_OFFSET,
					DRIVER_BUF_OFFSET};
	static const uint32_t num_bytes[] = {SIZE * 16, 6 + SIZE * 2, 6 + SIZE * 8, SIZE * 1024};
	uint64_t state = 2;

	(void)arg;
	while (!atomic_load_explicit(&race_ends, memory_order_relaxed)) {
		uint32_t random = race_random(&state);
		uint32_t part = random & 3;
		uint32_t offset = from[part] + (random >> 4) % num_bytes[part];
		uint32_t word = race_random(&state);

		if (random >> 28 & 1)
			word %= SIZE;
		if (part == 0 && random >> 29 & 1) { /* flags */
			offset |= 14;
			word &= VIRTQ_PACKED_DESC_F_AVAIL | VIRTQ_PACKED_DESC_F_USED |
				VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE;
		}
		driver_write(&a.driver[random >> 2 & 1], offset, &word, 2);
		atomic_fetch_add(&race_steps, 1);
	}
	return NULL;
}

static pthread_t race_begin(void *(*run)(void *arg))
{
	pthread_t thread;

	atomic_store(&race_ends, false);
	assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
	return thread;
}

/* The other CPU gets somewhere, however busy the machine is. */
static void race_wait(uint32_t num_steps)
{
	uint32_t began = atomic_load(&race_steps);

	while (atomic_load(&race_steps) - began < num_steps)
		sched_yield();
}

static void race_end(pthread_t thread)
{
	atomic_store(&race_ends, true);
	pthread_join(thread, NULL);
}

/* Every second frame is bad to begin with. */
static void send_frame(uint32_t number)
{
	uint32_t len_bytes = number % 4 < 2 ? 100 : 130 + number * 7919 % 850;

	bed_frame(frame, len_bytes, number);
	if (number & 1)
		frame[DST_OFFSET] ^= 1;
	assert_true(bed_send(&a, frame, len_bytes, 1));
}

static void test_what_was_checked_is_sent(void **state)
{
	pthread_t thread;
	unsigned num_received = 0;
	unsigned num_sent = 0;
	unsigned round;
	unsigned i;

	(void)state;
	start();
	thread = race_begin(race_headers);
	for (round = 0; round < 40; round++) {
		bed_post(&b, 16u - b.driver[BED_RX].num_in_flight, 1012);
		for (i = 0; i < 16; i++)
			send_frame(num_sent++);
		bed_ring(&a, BED_TX);
		if (round % 8 == 0)
			race_wait(20);
		fake_run();
		bed_reap_sent(&a);
		while (bed_receive(&b, got, NULL)) {
			num_received++;
			assert_int_equal(got[DST_OFFSET], GOOD_DST);
			assert_int_equal(got[PORT_OFFSET], GOOD_PORT);
		}
	}
	race_end(thread);
	assert_in_range(num_received, num_sent / 50, num_sent - num_sent / 50);
	assert_int_equal(bed_stat(a.number, XVIO_STAT_DROP_RULE), num_sent - num_received);
	bed_check_quiet();
}

/* C can still talk to B, whatever A does. */
static void check_neighbours(void)
{
	static uint8_t mine[100];

	while (bed_receive(&b, got, NULL))
		;
	bed_frame(mine, sizeof(mine), 1);
	assert_true(bed_send(&c, mine, sizeof(mine), 2));
	bed_ring(&c, BED_TX);
	fake_run();
	bed_reap_sent(&c);
	do {
		assert_true(bed_receive(&b, got, NULL) > 0);
	} while (memcmp(got, mine, sizeof(mine)) != 0);
}

static void test_can_always_be_reset(void **state)
{
	struct worker_notice notice;
	unsigned num_errors = 0;
	unsigned round;
	unsigned i;

	(void)state;
	start();
	for (round = 0; round < 6 || (!num_errors && round < 300); round++) {
		pthread_t thread;

		for (i = 0; i < 2; i++) {
			vnet_stop_queue(a.number, i);
			driver_reset(&a.driver[i]);
		}
		bed_start_queue(&a, BED_RX, a.driver[BED_RX].avail_idx);
		bed_start_queue(&a, BED_TX, a.driver[BED_TX].avail_idx);
		while (b.driver[BED_RX].num_in_flight < 200)
			bed_post(&b, 1, 1012);
		bed_post(&a, 6, 1000);
		for (i = 0; i < 12; i++)
			send_frame(i);
		bed_frame(frame, 100, 1);
		for (i = 0; i < 4; i++)
			assert_true(bed_send(&b, frame, 100, 1));
		bed_ring(&b, BED_TX);
		bed_ring(&a, BED_TX);
		thread = race_begin(race_everything);
		race_wait(50);
		for (i = 0; i < 20; i++) {
			fake_set_core(1);
			worker_poll();
			fake_set_core(0);
		}
		check_neighbours();
		race_end(thread);
		bed_reap_sent(&b);
		while (worker_take_notice(&notice)) {
			assert_int_equal(notice.port, a.number);
			num_errors++;
		}
	}
	assert_true(num_errors > 0);
	bed_check_pools();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_checked_is_sent),
		cmocka_unit_test(test_can_always_be_reset),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
