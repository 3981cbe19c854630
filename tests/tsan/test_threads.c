/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The path with its workers as threads, as in xvio-vhost and on its HAL, under ThreadSanitizer: packets
 * go from worker to worker while core 0 changes everything that it may. The first race ends the test.
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <xvio/flow.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include "common/act.h"
#include "common/check.h"
#include "hal/hal.h"
#include "hal/vhost/vhost.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/epoch.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/stats.h"
#include "path/vnet.h"
#include "path/worker.h"
#include "tsan/guests.h"

#define NUM_WORKERS  3u
#define MEMORY_BYTES ((size_t)128 << 20)
#define MTU	     1500u
#define NUM_RULES    48u /* that come and go */
#define MIN_CHANGES  8u /* in a test, however busy the machine is, */
#define CHANGES_US   300000u /* and else for so long */
#define PROGRESS     64u /* frames that each guest gets in a test */
#define PATIENCE_US  30000000u
#define VISITOR	     (GUESTS_NUM - 1) /* the port that comes and goes */

static struct iotlb *map[GUESTS_NUM];
static uint16_t base[GUESTS_NUM][2]; /* where a stopped queue goes on */
static bool has_rule[NUM_RULES];
static uint64_t received_before[GUESTS_NUM];
static uint64_t began_us;
static _Atomic(const char *) logged;

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=1";
}

/* The path has nothing to say here: a line of log is a failure. */
static void note_log(const char *text)
{
	atomic_store(&logged, text);
}

static uint16_t port_of(unsigned guest)
{
	return (uint16_t)XVIO_PORT_VDPA(guest);
}

static unsigned core_of(unsigned guest)
{
	return 1 + guest % NUM_WORKERS;
}

/* What is seen now and then of the workers. */
static void look(void)
{
	uint64_t counters[XVIO_STAT_NUM];
	struct worker_notice notice;
	unsigned core;

	assert_null(guests_complaint());
	assert_null(atomic_load(&logged));
	assert_false(worker_take_notice(&notice));
	port_stats_card(counters);
	for (core = 1; core <= NUM_WORKERS; core++)
		stats_read(&core_load(core)->num_received);
}

static void begin(void)
{
	unsigned i;

	began_us = hal_time_us();
	for (i = 0; i < GUESTS_NUM; i++)
		received_before[i] = guests[i].num_received;
}

/* Whether there is to be another change after num of them. */
static bool goes_on(unsigned num)
{
	return num < MIN_CHANGES || hal_time_us() - began_us < CHANGES_US;
}

/* Packets have come through, and come through still. */
static void end(void)
{
	uint64_t until_us = hal_time_us() + PATIENCE_US;
	unsigned i;

	for (i = 0; i < GUESTS_NUM; i++) {
		while (guests[i].num_received - received_before[i] < PROGRESS) {
			look();
			assert_true(hal_time_us() < until_us);
			usleep(1000);
		}
		assert_true(guests[i].num_interrupts > 0);
	}
}

/* Rules */

static struct xvio_flow_action output(unsigned guest)
{
	return (struct xvio_flow_action){.type = XVIO_ACTION_OUTPUT, .arg = port_of(guest)};
}

static void add_rule(struct xvio_flow_rule *rule, unsigned from)
{
	uint32_t detail;

	rule->key.in_port = port_of(from);
	rule->mask.in_port = 0xffff;
	assert_int_equal(flow_add(rule, &detail), XVIO_ST_OK);
}

/* To two others, one of them with another destination, and back; the visitor may not be there. */
static void add_base_rule(unsigned from)
{
	static const uint8_t other_dst[6] = {2, 0, 0, 0, 0, 9};
	struct xvio_flow_rule rule = {
		.cookie = 1000 + from,
		.prio = 100,
		.key.in_port = port_of(from),
		.mask.in_port = 0xffff,
	};

	act_copy(&rule, port_of((from + 1) % GUESTS_NUM));
	act_eth_dst(&rule, other_dst);
	act_copy(&rule, port_of((from + 2) % GUESTS_NUM));
	act_copy(&rule, port_of(from));
	act_end(&rule);
}

/* Some flows of a port are treated otherwise: drop or one output; sixteen masks, whose tables come and go. */
static void add_own_rule(unsigned number)
{
	unsigned from = number % GUESTS_NUM;
	struct xvio_flow_rule rule = {
		.cookie = number,
		.prio = 10 + number % 5,
		.num_actions = 1,
		.action[0] = number % 5 ? output((from + 1) % GUESTS_NUM)
					: (struct xvio_flow_action){.type = XVIO_ACTION_DROP},
	};

	rule.key.tp_src = __builtin_bswap16((uint16_t)(GUESTS_FIRST_TP + number));
	rule.mask.tp_src = 0xffff;
	rule.mask.ip_src[0] = (uint8_t)(0xff << number % 8);
	rule.key.ip_src[0] = 10 & rule.mask.ip_src[0];
	if (number % 3) {
		rule.key.ip_proto = 17;
		rule.mask.ip_proto = 0xff;
	}
	add_rule(&rule, from);
}

static void change_rule(unsigned number)
{
	struct xvio_flow_stats last;

	if (!has_rule[number])
		add_own_rule(number);
	else
		assert_int_equal(flow_del(number, number ? NULL : &last), XVIO_ST_OK);
	has_rule[number] = !has_rule[number];
}

static void remove_own_rules(void)
{
	unsigned number;

	for (number = 0; number < NUM_RULES; number++) {
		if (has_rule[number])
			change_rule(number);
	}
}

/* Ports and queues, as sim/vhost_user has them. */

static struct iotlb *make_map(unsigned guest)
{
	struct xvio_map_entry *entries = heap_alloc(2 * sizeof(*entries));
	uint32_t bad;
	unsigned i;

	assert_non_null(entries);
	for (i = 0; i < 2; i++)
		entries[i] = (struct xvio_map_entry){
			.iova = i * sizeof(guests[guest].ring[i]),
			.len_bytes = sizeof(guests[guest].ring[i]),
			.bus_addr = (uintptr_t)&guests[guest].ring[i],
			.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
		};
	return iotlb_create(entries, 2, &bad);
}

static void change_map(unsigned guest)
{
	struct iotlb *old = map[guest];

	map[guest] = make_map(guest);
	assert_non_null(map[guest]);
	vnet_set_map(port_of(guest), map[guest]);
	iotlb_destroy(old);
}

static uint32_t doorbell_of(unsigned guest, unsigned index)
{
	return guest * VNET_MAX_QUEUES + index;
}

static void start_queue(unsigned guest, unsigned index)
{
	const uint64_t iova = index * sizeof(struct path_ring_memory);
	const struct virtq_config config = {
		.role = index == GUESTS_RX ? VIRTQ_TO_DRIVER : VIRTQ_FROM_DRIVER,
		.packed = guests[guest].kind != PATH_SPLIT,
		.in_order = guests[guest].kind == PATH_PACKED_IN_ORDER,
		.last_avail = base[guest][index],
		.size = PATH_RING_SIZE,
		.function = (uint16_t)guest,
		.vector = (uint16_t)index,
		.doorbell = doorbell_of(guest, index),
		.hdr_bytes = GUESTS_HDR_BYTES,
		.desc_iova = iova + offsetof(struct path_ring_memory, desc),
		.driver_iova = iova + offsetof(struct path_ring_memory, driver),
		.device_iova = iova + offsetof(struct path_ring_memory, device),
		.map = map[guest],
	};

	assert_true(vnet_start_queue(port_of(guest), index, &config));
	assert_true(vhost_watch_doorbell(config.doorbell, guests[guest].kick[index]));
}

static void stop_queue(unsigned guest, unsigned index)
{
	vhost_unwatch_doorbell(doorbell_of(guest, index));
	base[guest][index] = vnet_stop_queue(port_of(guest), index);
}

/* Another descriptor for the same eventfd; the old one is closed as soon as that is allowed. */
static void change_call(unsigned guest, unsigned index)
{
	int fd = fcntl(guests[guest].call[index], F_DUPFD_CLOEXEC, 0);

	assert_true(fd >= 0);
	fd = vhost_set_call((uint16_t)guest, (uint16_t)index, fd);
	worker_synchronize();
	if (fd >= 0)
		close(fd);
}

static void add_port(unsigned guest)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

	assert_true(vnet_add(port_of(guest), core_of(guest), mac, MTU));
	port_set_admin(port_of(guest), true);
	map[guest] = make_map(guest);
	assert_non_null(map[guest]);
	start_queue(guest, GUESTS_RX);
	start_queue(guest, GUESTS_TX);
	change_call(guest, GUESTS_RX);
	change_call(guest, GUESTS_TX);
}

static int set_up(void **state)
{
	const struct vhost_options options = {
		.num_workers = NUM_WORKERS,
		.cpu = {VHOST_ANY_CPU, VHOST_ANY_CPU, VHOST_ANY_CPU},
		.memory_bytes = MEMORY_BYTES,
	};
	size_t len_bytes;
	void *memory;
	unsigned i;

	(void)state;
	assert_true(guests_start());
	vhost_set_log(note_log);
	assert_true(vhost_init(&options));
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	worker_init();
	vhost_set_sleep(true);
	assert_true(vhost_start_workers(worker_loop));
	for (i = 0; i < GUESTS_NUM; i++) {
		if (guests[i].kind != PATH_SPLIT)
			base[i][GUESTS_RX] = base[i][GUESTS_TX] = VIRTQ_PACKED_WRAP;
		add_port(i);
	}
	for (i = 0; i < GUESTS_NUM; i++)
		add_base_rule(i);
	return 0;
}

/* Tests */

static void test_rules_come_and_go(void **state)
{
	struct xvio_flow_stats stats;
	unsigned i;

	(void)state;
	begin();
	for (i = 0; goes_on(i); i++) {
		change_rule(check_random(NUM_RULES));
		if (i % 64 == 0)
			look();
		assert_int_equal(flow_stats(1000 + i % GUESTS_NUM, &stats), XVIO_ST_OK);
	}
	remove_own_rules();
	epoch_reclaim();
	end();
}

static void test_rules_are_flushed(void **state)
{
	unsigned round;
	unsigned i;

	(void)state;
	begin();
	for (round = 0; goes_on(round); round++) {
		for (i = 0; i < NUM_RULES; i++)
			add_own_rule(i);
		look();
		flow_flush();
		for (i = 0; i < GUESTS_NUM; i++)
			add_base_rule(i);
	}
	end();
}

static void test_queues_stop_and_start(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; goes_on(i); i++) {
		unsigned guest = check_random(GUESTS_NUM);
		unsigned index = check_random(2);

		stop_queue(guest, index);
		start_queue(guest, index);
		change_map(check_random(GUESTS_NUM));
		change_call(check_random(GUESTS_NUM), index);
		look();
	}
	end();
}

static void test_ports_come_and_go(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; goes_on(i); i++) {
		unsigned guest = check_random(VISITOR);

		port_set_admin(port_of(guest), false);
		port_set_mtu(port_of(guest), 200);
		stop_queue(VISITOR, GUESTS_RX);
		stop_queue(VISITOR, GUESTS_TX);
		assert_int_equal(flow_del(1000 + VISITOR, NULL), XVIO_ST_OK);
		vnet_remove(port_of(VISITOR));
		iotlb_destroy(map[VISITOR]);
		add_port(VISITOR);
		add_base_rule(VISITOR);
		port_set_mtu(port_of(guest), MTU);
		port_set_admin(port_of(guest), true);
		look();
	}
	end();
}

static void test_workers_poll_and_sleep(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; goes_on(i); i++) {
		worker_set_polling(i % 2 == 0);
		vhost_set_sleep(i % 2);
		usleep(1000);
		look();
	}
	worker_set_polling(false);
	vhost_set_sleep(true);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_come_and_go),
		cmocka_unit_test(test_rules_are_flushed),
		cmocka_unit_test(test_queues_stop_and_start),
		cmocka_unit_test(test_ports_come_and_go),
		cmocka_unit_test(test_workers_poll_and_sleep),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
