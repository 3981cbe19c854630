/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What rules cost: cycles of lookup, action and counters by number of flows, and how many rules come
 * and go in a second in a table of a million, while a worker looks packets up and checks every answer.
 * `make rule-rate`; x86 only (time-stamp counter). A wrong answer ends it with exit status 1.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xvio/mbox.h>
#include "bench/bench_hal.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/action.h"
#include "path/core.h"
#include "path/epoch.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/worker.h"

#define NUM_RULES   1000000u
#define NUM_STABLE  100000u /* of them, that stay while the others come and go */
#define PORT	    XVIO_PORT_VDPA(0)
#define NUM_CHANGES 4000000u
#define NUM_BURSTS  200000u

enum shape { UNIFORM, ZIPF };

static struct port bench_port = {.number = PORT};
static const struct port_ops bench_port_ops;
static struct pkt bench_pkt[PKT_BURST];
static atomic_bool bench_stop;
static _Atomic uint64_t bench_looked_up;
static _Atomic uint64_t bench_misses;

static void start(void)
{
	static const uint8_t mac[6] = {2};
	static void *memory;
	static size_t len_bytes;

	if (!memory)
		memory = hal_memory(&len_bytes);
	bench_set_cores(2);
	heap_init(memory, len_bytes);
	worker_init();
	bench_port.ops = &bench_port_ops;
	if (!port_register(&bench_port, mac, 1500))
		bench_fail("no port");
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Flow number i as the parser gives it; what no rule looks at differs from packet to packet. */
static void fill_key(union flow_key *key, uint32_t i, uint64_t noise)
{
	uint32_t ip_src = 0x0a000000u + i % 4096 * 7919u;
	uint32_t ip_dst = 0x14000000u + i;

	memset(key, 0, sizeof(*key));
	key->field.in_port = PORT;
	key->field.eth_type = 0x0008;
	key->field.eth_dst[5] = 1;
	key->field.eth_src[5] = 2;
	key->field.ip_proto = 17;
	key->field.ip_ttl = (uint8_t)noise;
	key->field.tp_src = (uint16_t)(i * 40503u);
	key->field.tp_dst = 0x5000;
	memcpy(key->field.ip_src, &ip_src, 4);
	memcpy(key->field.ip_dst, &ip_dst, 4);
}

static const struct xvio_flow_key five_tuple = {
	.in_port = 0xffff,
	.eth_type = 0xffff,
	.ip_proto = 0xff,
	.tp_src = 0xffff,
	.tp_dst = 0xffff,
	.ip_src = {0xff, 0xff, 0xff, 0xff},
	.ip_dst = {0xff, 0xff, 0xff, 0xff},
};

static void add_rule(uint64_t cookie, uint32_t prio, const union flow_key *key,
		     const struct xvio_flow_key *mask)
{
	struct xvio_flow_rule rule = {
		.cookie = cookie,
		.prio = prio,
		.num_actions = 1,
		.mask = *mask,
		.action[0] = {.type = XVIO_ACTION_DROP},
	};
	union flow_key bits = {.field = *mask};
	union flow_key masked;
	uint32_t detail;
	unsigned i;

	for (i = 0; i < FLOW_KEY_WORDS; i++)
		masked.word[i] = key->word[i] & bits.word[i];
	rule.key = masked.field;
	if (flow_add(&rule, &detail) != XVIO_ST_OK)
		bench_fail("a rule was refused");
}

static void add_exact(uint32_t i)
{
	union flow_key key;

	fill_key(&key, i, 0);
	add_rule(i, 10, &key, &five_tuple);
}

/* 200 rules over five masks, and one for all the rest. */
static void add_acl(void)
{
	static const uint8_t lengths[] = {32, 24, 20, 28, 16};
	struct xvio_flow_key mask;
	union flow_key key;
	uint32_t i;

	for (i = 0; i < 200; i++) {
		uint32_t bits = __builtin_bswap32(0xffffffffu << (32 - lengths[i % 5]));

		mask = five_tuple;
		mask.tp_src = i % 2 ? 0xffff : 0;
		memcpy(mask.ip_dst, &bits, 4);
		fill_key(&key, i * 1315423911u, 0);
		add_rule(i, 10 + i, &key, &mask);
	}
	memset(&key, 0, sizeof(key));
	memset(&mask, 0, sizeof(mask));
	add_rule(200, 1000, &key, &mask);
}

/* Uniform, or about 1/rank: the most frequent of a million flows is every twentieth packet. */
static uint32_t choose(enum shape shape, uint32_t num_flows, uint64_t *state)
{
	uint64_t value = random_next(state) >> 16;

	if (shape == UNIFORM)
		return (uint32_t)(value % num_flows);
	return (uint32_t)pow(num_flows, (double)value / 0x1p48) - 1;
}

/* Cycles of each burst; the median is what counts, others use the machine, too. */
static uint32_t bench_lookup[NUM_BURSTS];
static uint32_t bench_action[NUM_BURSTS];

static void measure(const uint32_t *flow)
{
	struct core *core = core_self();
	uint32_t burst;
	unsigned i;

	core->now_us = hal_time_us();
	core->burst->num = PKT_BURST;
	for (burst = 0; burst < NUM_BURSTS; burst++) {
		uint64_t began, found;

		for (i = 0; i < PKT_BURST; i++) {
			fill_key(&bench_pkt[i].key, flow[burst * PKT_BURST + i], burst);
			core->burst->pkt[i] = &bench_pkt[i];
		}
		began = __builtin_ia32_rdtsc();
		cache_lookup(core->cache, core->burst);
		found = __builtin_ia32_rdtsc();
		action_run(core, core->burst);
		bench_action[burst] = (uint32_t)(__builtin_ia32_rdtsc() - found);
		bench_lookup[burst] = (uint32_t)(found - began);
		epoch_pass(1);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double median(uint32_t *cycles)
{
	qsort(cycles, NUM_BURSTS, sizeof(*cycles), compare);
	return (double)cycles[NUM_BURSTS / 2] / PKT_BURST;
}

static void show_cost(const char *rules, enum shape shape, uint32_t num_flows)
{
	uint32_t *flow = malloc(sizeof(*flow) * NUM_BURSTS * PKT_BURST);
	const struct cache *cache;
	uint64_t num_asked;
	uint32_t i;

	if (!flow)
		bench_fail("no memory");
	for (i = 0; i < NUM_BURSTS * PKT_BURST; i++)
		flow[i] = choose(shape, num_flows, &random_state);
	bench_set_core(1);
	cache = core_self()->cache;
	for (i = 0; i < PKT_BURST; i++) {
		bench_pkt[i].in_port = PORT;
		bench_pkt[i].len_bytes = 64;
	}
	measure(flow); /* fills the cache */
	num_asked = cache_num_asked(cache);
	measure(flow);
	bench_set_core(0);
	free(flow);
	printf("%-21s %7u flows %-7s: lookup %5.1f, action %5.1f cycles a packet; %4.1f of 1000 "
	       "asked the classifier\n",
	       rules, num_flows, shape == ZIPF ? "zipf" : "uniform", median(bench_lookup),
	       median(bench_action),
	       1000.0 * (double)(cache_num_asked(cache) - num_asked) / NUM_BURSTS / PKT_BURST);
	fflush(stdout);
}

static void show_costs(void)
{
	static const uint32_t nums[] = {8192, NUM_RULES};
	static const enum shape shapes[] = {UNIFORM, ZIPF};
	union flow_key key = {.field.in_port = PORT};
	struct xvio_flow_key in_port = {.in_port = 0xffff};
	uint32_t i;
	unsigned n;

	start();
	add_rule(1, 1, &key, &in_port);
	show_cost("one rule on the port", UNIFORM, NUM_RULES);
	start();
	add_acl();
	for (n = 0; n < 4; n++)
		show_cost("200 ACL rules", shapes[n % 2], nums[n / 2]);
	for (n = 0; n < 4; n++) {
		if (n % 2 == 0) {
			start();
			for (i = 0; i < nums[n / 2]; i++)
				add_exact(i);
		}
		show_cost("a rule for each flow", shapes[n % 2], nums[n / 2]);
	}
}

/* Changes under traffic */

static void check_answer(const struct pkt *pkt, const struct flow *flow, uint32_t i)
{
	union flow_key bits = {.field = five_tuple};
	unsigned word;

	if (!flow && i < NUM_STABLE)
		bench_fail("a rule that stays was not found");
	for (word = 0; flow && word < FLOW_KEY_WORDS; word++) {
		if (flow->entry.key.word[word] != (pkt->key.word[word] & bits.word[word]))
			bench_fail("another flow's rule was found");
	}
}

static void *look_up(void *arg)
{
	uint64_t state = 4711;
	struct core *core;
	unsigned i;

	(void)arg;
	bench_set_core(1);
	core = core_self();
	epoch_enter(1);
	while (!atomic_load(&bench_stop)) {
		uint32_t number[PKT_BURST];
		uint64_t misses = 0;

		worker_poll();
		core->burst->num = PKT_BURST;
		for (i = 0; i < PKT_BURST; i++) {
			number[i] = (uint32_t)(random_next(&state) >> 20) %
				    (i % 2 ? NUM_RULES : NUM_STABLE);
			fill_key(&bench_pkt[i].key, number[i], state);
			core->burst->pkt[i] = &bench_pkt[i];
		}
		cache_lookup(core->cache, core->burst);
		for (i = 0; i < PKT_BURST; i++) {
			const struct flow *flow = burst_flow(core->burst, i);

			check_answer(&bench_pkt[i], flow, number[i]);
			misses += !flow;
		}
		atomic_fetch_add(&bench_looked_up, PKT_BURST);
		atomic_fetch_add(&bench_misses, misses);
	}
	epoch_leave(1);
	return NULL;
}

/* A moment: by the clock, and in what this thread has had of a processor. */
struct moment {
	uint64_t wall_us;
	double busy_s;
};

static struct moment moment_now(void)
{
	struct timespec busy;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &busy);
	return (struct moment){hal_time_us(), (double)busy.tv_sec + (double)busy.tv_nsec / 1e9};
}

static void say_rate(const char *what, uint64_t num, struct moment began)
{
	struct moment now = moment_now();

	printf("%s: %.0f a second, %.0f in a second of a processor\n", what,
	       (double)num * 1e6 / (double)(now.wall_us - began.wall_us),
	       (double)num / (now.busy_s - began.busy_s));
}

static uint64_t worker_asked(void)
{
	uint64_t num;

	bench_set_core(1);
	num = cache_num_asked(core_self()->cache);
	bench_set_core(0);
	return num;
}

static void show_changes(void)
{
	size_t room_bytes;
	pthread_t worker;
	struct moment began;
	uint64_t looked_up;
	uint64_t num_asked;
	uint32_t at = NUM_STABLE;
	uint32_t i;

	start();
	room_bytes = heap_free_bytes();
	for (i = 0; i < NUM_STABLE; i++)
		add_exact(i);
	if (pthread_create(&worker, NULL, look_up, NULL))
		bench_fail("no thread");
	began = moment_now();
	for (; i < NUM_RULES; i++)
		add_exact(i);
	say_rate("added, up to a million rules", NUM_RULES - NUM_STABLE, began);
	printf("bytes of heap for a rule: %zu\n", (room_bytes - heap_free_bytes()) / NUM_RULES);
	looked_up = bench_looked_up;
	num_asked = worker_asked();
	began = moment_now();
	for (i = 0; i < NUM_CHANGES / 2; i++) {
		if (flow_del(at, NULL) != XVIO_ST_OK)
			bench_fail("a rule was lost");
		add_exact(at);
		at = at + 7919 < NUM_RULES ? at + 7919 : at + 7919 - NUM_RULES + NUM_STABLE;
	}
	say_rate("one removed, one added, at a million rules", NUM_CHANGES, began);
	num_asked = worker_asked() - num_asked;
	looked_up = bench_looked_up - looked_up;
	printf("meanwhile looked up, each answer checked: %llu; %llu times the classifier was "
	       "asked; "
	       "%llu met no rule\n",
	       (unsigned long long)looked_up, (unsigned long long)num_asked,
	       (unsigned long long)bench_misses);
	atomic_store(&bench_stop, true);
	pthread_join(worker, NULL);
}

int main(int argc, char **argv)
{
	bool costs_only = argc > 1 && !strcmp(argv[1], "costs");
	bool changes_only = argc > 1 && !strcmp(argv[1], "changes");

	if (!changes_only)
		show_costs();
	if (!costs_only)
		show_changes();
	return 0;
}
