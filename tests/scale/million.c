/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A million rules on the card, natively: added, looked up, their statistics read, and removed in random order, while a worker
 * switches frames all the time and judges what becomes of each (million_wire.h). In the end the memory is as it was. `make
 * rule-million`; rates are stated, and no figure is claimed.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xvio/mbox.h>
#include "bench/bench_hal.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/epoch.h"
#include "path/flow.h"
#include "path/policer.h"
#include "path/port.h"
#include "path/worker.h"
#include "scale/million_wire.h"

#define HEAP_BYTES  (UINT64_C(1) << 30)
#define NUM_AGAIN   250000u /* rules, to see that they leave nothing behind */
#define NUM_QUIET   2000000u /* frames while nothing changes */
#define LAST_OF	    256u /* one of so many rules that are removed tells its last counters */
#define PATIENCE_US 120000000u

static atomic_bool worker_stops;
static struct xvio_flow_stats stats_before[MILLION_RULES];
static uint32_t seen_before[MILLION_RULES];

static void *worker_run(void *arg)
{
	(void)arg;
	bench_set_core(1);
	epoch_enter(1);
	while (!atomic_load_explicit(&worker_stops, memory_order_relaxed))
		worker_poll();
	epoch_leave(1);
	return NULL;
}

/* Rates */

static uint64_t began_us;
static uint64_t began_judged;

static void begin(void)
{
	began_judged = atomic_load(&wire_num_judged);
	began_us = hal_time_us();
}

static void say(const char *what, uint64_t num)
{
	const double seconds = (double)(hal_time_us() - began_us) / 1e6;

	printf("%-34s %7.0f a second; frames judged meanwhile: %llu\n", what, (double)num / seconds,
	       (unsigned long long)(atomic_load(&wire_num_judged) - began_judged));
	fflush(stdout);
}

/* Changes */

/* The i-th of all, in an order without order: a permutation, as the factor is prime. */
static uint32_t shuffled(uint32_t i, uint32_t salt)
{
	return (uint32_t)((i * UINT64_C(613651) + salt) % MILLION_RULES);
}

static void step(uint32_t id)
{
	atomic_fetch_add_explicit(&wire_state[id], 1, memory_order_acq_rel);
}

static void add(uint32_t id)
{
	struct xvio_flow_rule rule;
	uint32_t detail;

	million_rule(id, &rule);
	step(id);
	if (flow_add(&rule, &detail) != XVIO_ST_OK)
		bench_fail("a rule was refused");
	step(id);
}

static uint64_t cookie_of(uint32_t id)
{
	return 0x100000000u + id;
}

/* What it does tells its id, so that the worker is always sure about it. */
static bool is_told(uint32_t id)
{
	const enum million_does does = million_does(id);

	return does == MILLION_READDRESSES || does == MILLION_LABELS || does == MILLION_MARKS;
}

static void del(uint32_t id, bool tells)
{
	struct xvio_flow_stats last;

	step(id);
	if (flow_del(cookie_of(id), tells ? &last : NULL) != XVIO_ST_OK)
		bench_fail("a rule was lost");
	step(id);
	if (tells && is_told(id) &&
	    last.packets != atomic_load_explicit(&wire_seen[id], memory_order_relaxed))
		bench_fail("the last counters are not those of the rule");
}

static void add_some(uint32_t salt, uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num; i++)
		add(shuffled(i, salt));
}

static void del_some(uint32_t salt, uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num; i++)
		del(shuffled(i, salt), i % LAST_OF == 0);
}

/* Statistics */

/* The worker goes on for so many frames. */
static void wait_judged(uint64_t num)
{
	const uint64_t end = atomic_load(&wire_num_judged) + num;
	const uint64_t began = hal_time_us();

	while (atomic_load(&wire_num_judged) < end) {
		if (hal_time_us() - began > PATIENCE_US)
			bench_fail("the worker does not go on");
		sched_yield();
	}
}

/* Between two rounds of the worker: no frame is half counted. */
static void read_stats(void *arg)
{
	struct xvio_flow_stats *stats = arg;
	uint32_t id;

	for (id = 0; id < MILLION_RULES; id++) {
		if (flow_stats(cookie_of(id), &stats[id]) != XVIO_ST_OK)
			bench_fail("a rule is not known");
		if (stats == stats_before)
			seen_before[id] = atomic_load(&wire_seen[id]);
	}
}

static void check_stats(void *arg)
{
	struct xvio_flow_stats stats;
	uint64_t num_packets = 0;
	uint32_t id;

	(void)arg;
	for (id = 0; id < MILLION_RULES; id++) {
		const uint32_t num = atomic_load(&wire_seen[id]) - seen_before[id];

		if (flow_stats(cookie_of(id), &stats) != XVIO_ST_OK)
			bench_fail("a rule is not known");
		if (stats.packets - stats_before[id].packets != num)
			bench_fail("a rule has not counted what it met");
		if (num && (stats.bytes == stats_before[id].bytes || stats.idle_us > PATIENCE_US))
			bench_fail("a rule has not counted bytes, or not looked at the clock");
		num_packets += num;
	}
	printf("%llu packets were counted by the rules that they met, each of a million read\n",
	       (unsigned long long)num_packets);
}

/* All of it */

static void check_empty(void)
{
	uint64_t misses;

	misses = atomic_load(&wire_num_misses);
	begin();
	wait_judged(100000);
	if (atomic_load(&wire_num_misses) - misses < 100000 - 64)
		bench_fail("a rule works on that has gone");
	epoch_synchronize();
	if (epoch_num_pending())
		bench_fail("something waits to be freed");
}

static void set_meters(void)
{
	struct xvio_cmd_meter meter = {.rate = UINT64_C(1) << 37, .burst = UINT64_C(1) << 32};
	uint32_t detail;

	for (meter.id = 0; meter.id < MILLION_METERS; meter.id++) {
		if (policer_set(&meter, &detail) != XVIO_ST_OK)
			bench_fail("no meter");
	}
}

/* The worker has ended. */
static void check_sums(void)
{
	uint64_t counters[XVIO_STAT_NUM];
	uint64_t num_in, num_out;

	port_stats_card(counters);
	num_in = counters[XVIO_STAT_RX_PACKETS] + counters[XVIO_STAT_COPIED_PACKETS];
	num_out = counters[XVIO_STAT_TX_PACKETS] + counters[XVIO_STAT_DROP_RULE];
	printf("%llu frames came and were copied, %llu left, %llu were dropped by rules\n",
	       (unsigned long long)num_in, (unsigned long long)counters[XVIO_STAT_TX_PACKETS],
	       (unsigned long long)counters[XVIO_STAT_DROP_RULE]);
	if (num_in != num_out)
		bench_fail("the card does not account for every packet");
	if (counters[XVIO_STAT_FLOW_MISSES] != atomic_load(&wire_num_misses))
		bench_fail("misses were counted otherwise than they were seen");
}

static void read_all(void)
{
	struct xvio_flow_stats stats;
	uint32_t i;

	begin();
	for (i = 0; i < MILLION_RULES; i++) {
		if (flow_stats(cookie_of(shuffled(i, 3)), &stats) != XVIO_ST_OK)
			bench_fail("a rule is not known");
	}
	say("statistics read", MILLION_RULES);
}

static void run(void)
{
	const size_t room_bytes = heap_free_bytes();

	begin();
	add_some(1, MILLION_RULES);
	say("added, up to a million rules", MILLION_RULES);
	printf("bytes of heap for a rule: %zu\n", (room_bytes - heap_free_bytes()) / MILLION_RULES);
	worker_call(1, read_stats, stats_before);
	begin();
	wait_judged(NUM_QUIET);
	say("frames while nothing changes", NUM_QUIET);
	worker_call(1, check_stats, NULL);
	read_all();
	begin();
	del_some(2, MILLION_RULES);
	say("removed, in another order", MILLION_RULES);
}

/* All at once. */
static void flush(uint32_t salt, uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num; i++)
		step(shuffled(i, salt));
	flow_flush();
	for (i = 0; i < num; i++)
		step(shuffled(i, salt));
}

/* How much is free when there is no rule, no meter, and nothing waits. */
static size_t empty_bytes(void)
{
	check_empty();
	memset(wire_seen, 0, sizeof(wire_seen));
	flow_flush();
	epoch_synchronize();
	return heap_free_bytes();
}

int main(void)
{
	size_t len_bytes, first_bytes;
	void *memory = hal_memory(&len_bytes);
	pthread_t worker;

	bench_set_cores(2);
	heap_init(memory, HEAP_BYTES);
	worker_init();
	million_init();
	if (pthread_create(&worker, NULL, worker_run, NULL))
		bench_fail("no thread");
	wire_init();
	printf("%u masks in 3 chains, room for %u rules\n", million_num_masks(), flow_max_rules());
	set_meters();
	run();
	/* Memory of rules stays theirs: it is the second time that takes nothing. */
	first_bytes = empty_bytes();
	set_meters();
	add_some(4, NUM_AGAIN);
	del_some(4, NUM_AGAIN);
	if (empty_bytes() != first_bytes)
		bench_fail("memory was lost with rules that went one by one");
	set_meters();
	add_some(5, NUM_AGAIN);
	flush(5, NUM_AGAIN);
	if (empty_bytes() != first_bytes)
		bench_fail("memory was lost with rules that went all at once");
	atomic_store(&worker_stops, true);
	pthread_join(worker, NULL);
	check_sums();
	printf("%llu frames were judged, %llu beside a change\n",
	       (unsigned long long)atomic_load(&wire_num_judged),
	       (unsigned long long)atomic_load(&wire_num_unsure));
	return 0;
}
