/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a driver wishes of the frames sent to it: which it wants at all (rxfilter.h), in which receive queue,
 * with which hash (rss.h), and what its queues count. With frames of all sorts, over one core and two.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/flow.h"
#include "path/parse.h"
#include "path/rss.h"
#include "path/rxfilter.h"
#include "path/worker.h"

#define QUEUES 4u

static struct bed_port a, pf;
/* The receiver: q[i].driver[BED_RX] is its receive queue i. */
static struct bed_port q[QUEUES];
static struct rxfilter *filter;
static struct rss *rss;

static struct virtq_config config_of(unsigned i)
{
	return bed_queue_config(&q[i], BED_RX, q[i].driver[BED_RX].avail_idx);
}

static void start_queue(unsigned i)
{
	struct virtq_config config = config_of(i);

	driver_reset(&q[i].driver[BED_RX]);
	config.last_avail = q[i].driver[BED_RX].avail_idx;
	assert_true(vnet_start_queue(q[0].number, 2 * i, &config));
}

/* A queue more than the bed has. */
static void add_queue(unsigned i)
{
	const uint64_t bus_addr = UINT64_C(0x1000000000) + i * UINT64_C(0x10000000);
	struct xvio_map_entry *entry = heap_alloc(DRIVER_NUM_PAGES * sizeof(*entry));
	uint32_t num, bad;

	q[i].number = q[0].number;
	q[i].hdr_bytes = q[0].hdr_bytes;
	q[i].doorbell = 40 + 2 * i;
	driver_init(&q[i].driver[BED_RX], bus_addr, 0x50000000 + i * 0x1000000u, 256, true,
		    bed_rings);
	num = driver_fill_map(&q[i].driver[BED_RX], bus_addr, entry);
	q[i].map = iotlb_create(entry, num, &bad);
	assert_non_null(q[i].map);
	start_queue(i);
}

static void start(unsigned num_cores, unsigned num_queues, uint16_t hdr_bytes)
{
	unsigned i;

	bed_start(num_cores, 0);
	bed_add_port(&pf, XVIO_PORT_PF, 64);
	bed_add_port(&a, XVIO_PORT_VDPA(0), 256);
	bed_add_port(&q[0], XVIO_PORT_VDPA(1), 256);
	q[0].hdr_bytes = hdr_bytes;
	start_queue(0);
	for (i = 1; i < num_queues; i++)
		add_queue(i);
	bed_rule(1, a.number, q[0].number);
	filter = NULL;
	rss = NULL;
}

static void stop(void)
{
	bed_check_quiet();
	vnet_set_filter(q[0].number, NULL);
	vnet_set_steering(q[0].number, 1, NULL);
	rxfilter_destroy(filter);
	rss_destroy(rss);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A frame of some flow: IPv4, IPv6 or ARP; TCP, UDP or neither; perhaps a tag, or a fragment. */
struct sent {
	uint8_t frame[160];
	uint32_t len_bytes;
	union flow_key key;
};

static void make_l4(uint8_t *at, uint8_t proto)
{
	put16(at, 1000 + check_random(50));
	put16(at + 2, 80 + check_random(2));
	put16(at + 4, 20);
	if (proto == 6)
		at[12] = 0x50;
}

static void make_frame(struct sent *sent)
{
	static const uint8_t protos[] = {6, 17, 47};
	uint8_t proto = protos[check_random(3)];
	uint8_t *at = sent->frame + 12;
	unsigned kind = check_random(5);

	memset(sent->frame, 0, sizeof(sent->frame));
	sent->frame[0] = check_random(2) ? 2 : 3;
	sent->frame[5] = (uint8_t)check_random(4);
	if (!check_random(10))
		memset(sent->frame, 0xff, 6);
	sent->frame[6] = 2;
	if (check_random(2)) {
		put16(at, 0x8100);
		put16(at + 2, check_random(8) << 13 | check_random(5));
		at += 4;
	}
	if (kind < 2) {
		put16(at, 0x0800);
		at[2] = 0x45;
		put16(at + 4, 40);
		if (!check_random(5))
			put16(at + 8, check_random(2) ? 0x2000 : 0x0010);
		at[11] = proto;
		put16(at + 14, 0x0a00);
		put16(at + 16, check_random(20));
		put16(at + 18, 0x0a01);
		make_l4(at + 22, proto);
		at += 42;
	} else if (kind < 4) {
		put16(at, 0x86dd);
		at[2] = 0x60;
		put16(at + 6, 20);
		at[8] = proto;
		put16(at + 10, 0xfd00);
		put16(at + 24, check_random(20));
		put16(at + 26, 0xfd01);
		make_l4(at + 42, proto);
		at += 62;
	} else {
		put16(at, 0x0806);
		at += 30;
	}
	sent->len_bytes = (uint32_t)(at - sent->frame);
	assert_int_equal(parse_frame(sent->frame, sent->len_bytes, sent->len_bytes, a.number,
				     &sent->key),
			 PARSE_GOOD);
}

static uint32_t hash_of(const struct sent *sent, uint16_t *report)
{
	struct rss_hash hash = {0, VIRTIO_NET_HASH_REPORT_NONE};

	if (rss)
		hash = rss_hash(rss, &sent->key);
	*report = hash.report;
	return hash.value;
}

/* Takes a frame from a queue, and compares it and its header with one that was sent; false: there is none. */
static bool receive(unsigned i, const struct sent *sent, const uint8_t *eth_dst)
{
	uint8_t packet[1100], expected[160];
	struct virtio_net_hdr_hash header;
	uint32_t len_bytes, value;
	uint16_t report;

	if (!driver_reap(&q[i].driver[BED_RX], packet, &len_bytes))
		return false;
	memcpy(&header, packet, sizeof(header));
	assert_int_equal(header.hdr.flags, 0);
	assert_int_equal(header.hdr.gso_type, 0);
	assert_int_equal(header.hdr.num_buffers, 1);
	if (q[i].hdr_bytes == sizeof(header)) {
		value = hash_of(sent, &report);
		assert_int_equal(header.hash_value, value);
		assert_int_equal(header.hash_report, report);
		assert_int_equal(header.padding_reserved, 0);
	}
	memcpy(expected, sent->frame, sent->len_bytes);
	if (eth_dst)
		memcpy(expected, eth_dst, 6);
	assert_int_equal(len_bytes, q[i].hdr_bytes + sent->len_bytes);
	assert_memory_equal(packet + q[i].hdr_bytes, expected, sent->len_bytes);
	return true;
}

static void post(unsigned i, unsigned num)
{
	while (num--)
		assert_true(driver_post(&q[i].driver[BED_RX], 300, 1));
}

static void send_all(const struct sent *sent, unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++)
		assert_true(bed_send(&a, sent[i].frame, sent[i].len_bytes, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), num);
}

static struct sent sent[200];

/* Receive filters */

static void random_filter(void)
{
	unsigned i;

	filter = rxfilter_create();
	assert_non_null(filter);
	filter->unicast = (uint8_t)check_random(3);
	filter->multicast = (uint8_t)check_random(3);
	filter->broadcast = check_random(2) ? RXFILTER_ALL : RXFILTER_NONE;
	filter->checks_vlans = check_random(2);
	filter->vlan[0] = check_random(32);
	for (i = 0; i < 3; i++)
		rxfilter_list_mac(filter, (uint8_t[6]){2 + check_random(2), 0, 0, 0, 0,
						       (uint8_t)check_random(4)});
	vnet_set_filter(q[0].number, filter);
}

/* What is not wanted is not seen, and counted; the rest comes in order. */
static void test_filter(void **state)
{
	unsigned round, i, num_wanted, num_refused = 0;

	(void)state;
	check_seed(1);
	for (round = 0; round < 40; round++) {
		start(2 + round % 2, 1, sizeof(struct virtio_net_hdr));
		random_filter();
		post(0, 100);
		for (i = 0; i < 100; i++)
			make_frame(&sent[i]);
		send_all(sent, 100);
		num_wanted = 0;
		for (i = 0; i < 100; i++) {
			if (!rxfilter_passes(filter, sent[i].frame, &sent[i].key))
				continue;
			assert_true(receive(0, &sent[i], NULL));
			num_wanted++;
		}
		assert_false(receive(0, &sent[0], NULL));
		assert_int_equal(bed_stat(q[0].number, XVIO_STAT_DROP_FILTERED), 100 - num_wanted);
		assert_int_equal(bed_stat(q[0].number, XVIO_STAT_TX_PACKETS), num_wanted);
		num_refused += 100 - num_wanted;
		stop();
	}
	assert_in_range(num_refused, 1000, 3000);
}

/* The address that counts is the one that the frame goes out with. */
static void test_filter_of_new_address(void **state)
{
	static const uint8_t mine[6] = {2, 0, 0, 0, 0, 99};
	struct xvio_flow_rule rule = {
		.cookie = 2,
		.prio = 0,
		.num_actions = 2,
		.key.in_port = XVIO_PORT_VDPA(0),
		.mask.in_port = 0xffff,
		.action[1] = {.type = XVIO_ACTION_OUTPUT, .arg = XVIO_PORT_VDPA(1)},
	};
	uint32_t detail;
	unsigned i;

	(void)state;
	check_seed(2);
	start(3, 1, sizeof(struct virtio_net_hdr));
	rule.action[0].type = XVIO_ACTION_SET_ETH_DST;
	memcpy(rule.action[0].eth_dst, mine, 6);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	filter = rxfilter_create();
	filter->unicast = RXFILTER_LISTED;
	rxfilter_list_mac(filter, mine);
	vnet_set_filter(q[0].number, filter);
	post(0, 50);
	for (i = 0; i < 50; i++)
		make_frame(&sent[i]);
	send_all(sent, 50);
	for (i = 0; i < 50; i++)
		assert_true(receive(0, &sent[i], mine));
	stop();
}

/* What host software sends on the representor is filtered, too. */
static void test_filter_of_representor(void **state)
{
	unsigned i, num_wanted = 0;

	(void)state;
	check_seed(3);
	start(2, 1, sizeof(struct virtio_net_hdr));
	filter = rxfilter_create();
	filter->unicast = RXFILTER_LISTED;
	filter->checks_vlans = true;
	filter->vlan[0] = 0x0a;
	for (i = 0; i < 2; i++)
		rxfilter_list_mac(filter, (uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)i});
	vnet_set_filter(q[0].number, filter);
	post(0, 60);
	for (i = 0; i < 60; i++) {
		make_frame(&sent[i]);
		assert_true(bed_send_marked(&pf, sent[i].frame, sent[i].len_bytes, q[0].number,
					    XVIO_META_F_REPR));
		bed_ring(&pf, BED_TX);
		fake_run();
		bed_reap_sent(&pf);
		if (!rxfilter_passes(filter, sent[i].frame, &sent[i].key))
			continue;
		assert_true(receive(0, &sent[i], NULL));
		num_wanted++;
	}
	assert_in_range(num_wanted, 5, 40);
	assert_int_equal(bed_stat(q[0].number, XVIO_STAT_DROP_FILTERED), 60 - num_wanted);
	stop();
}

/* Steering */

static void random_rss(unsigned num_queues)
{
	uint8_t key[RSS_MAX_KEY_BYTES];
	unsigned i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)check_random(256);
	rss = rss_create(key, sizeof(key));
	assert_non_null(rss);
	rss->hash_types = check_random(RSS_HASH_TYPES + 1);
	rss->table_mask = (uint16_t)((1u << check_random(8)) - 1);
	rss->unclassified = (uint16_t)check_random(num_queues);
	for (i = 0; i <= rss->table_mask; i++)
		rss->table[i] = (uint16_t)check_random(num_queues);
}

/* 5.1.6.5.7.2, and 5.1.6.4.4: the queue is the table's; the hash is in the header. */
static void test_rss(void **state)
{
	unsigned round, i, queue, num_of[QUEUES] = {0};

	(void)state;
	check_seed(4);
	for (round = 0; round < 30; round++) {
		start(2 + round % 2, QUEUES,
		      round % 3 ? sizeof(struct virtio_net_hdr_hash)
				: sizeof(struct virtio_net_hdr));
		random_rss(QUEUES);
		vnet_set_steering(q[0].number, 0, rss);
		for (i = 0; i < QUEUES; i++)
			post(i, 100);
		for (i = 0; i < 100; i++)
			make_frame(&sent[i]);
		send_all(sent, 100);
		for (i = 0; i < 100; i++) {
			queue = rss_queue(rss, rss_hash(rss, &sent[i].key));
			assert_true(receive(queue, &sent[i], NULL));
			num_of[queue]++;
		}
		stop();
	}
	for (i = 0; i < QUEUES; i++)
		assert_true(num_of[i] > 200);
}

/* 5.1.6.5.7.2: what is for a queue that is being reset is dropped; the others go on. */
static void test_rss_of_stopped_queue(void **state)
{
	unsigned i, queue, num_dropped = 0;

	(void)state;
	check_seed(5);
	start(2, QUEUES, sizeof(struct virtio_net_hdr_hash));
	random_rss(QUEUES);
	rss->hash_types = RSS_HASH_TYPES;
	rss->table_mask = 127;
	vnet_set_steering(q[0].number, 0, rss);
	for (i = 0; i < QUEUES; i++)
		post(i, 200);
	vnet_stop_queue(q[0].number, 2 * 2);
	for (i = 0; i < 200; i++)
		make_frame(&sent[i]);
	send_all(sent, 200);
	for (i = 0; i < 200; i++) {
		queue = rss_queue(rss, rss_hash(rss, &sent[i].key));
		if (queue == 2)
			num_dropped++;
		else
			assert_true(receive(queue, &sent[i], NULL));
	}
	assert_true(num_dropped > 5);
	assert_int_equal(bed_stat(q[0].number, XVIO_STAT_DROP_PORT_DOWN), num_dropped);
	stop();
}

/*
 * 5.1.6.5.6.2: no packet in a queue that is not in use; 5.1.6.4.4: hashes are reported all the same, and none
 * before the driver has said how.
 */
static void test_pairs_in_use(void **state)
{
	unsigned round, i, queue, num_pairs, num_seen = 0;
	uint8_t seen[QUEUES] = {0};

	(void)state;
	check_seed(6);
	start(2, QUEUES, sizeof(struct virtio_net_hdr_hash));
	for (round = 0; round < 40; round++) {
		struct rss *before = rss;

		num_pairs = 1 + check_random(QUEUES);
		if (round > 10)
			random_rss(QUEUES);
		vnet_set_steering(q[0].number, num_pairs, rss);
		if (before != rss)
			rss_destroy(before);
		for (i = 0; i < QUEUES; i++)
			post(i, 128u - q[i].driver[BED_RX].num_in_flight);
		for (i = 0; i < 30; i++) {
			make_frame(&sent[0]);
			send_all(sent, 1);
			for (queue = 0; queue < QUEUES; queue++) {
				if (!receive(queue, &sent[0], NULL))
					continue;
				assert_true(queue < num_pairs);
				num_seen++;
				seen[queue] = 1;
			}
		}
	}
	assert_int_equal(num_seen, 40 * 30);
	for (queue = 0; queue < QUEUES; queue++)
		assert_true(seen[queue]);
	stop();
}

/* 5.1.6.5.6.2: a queue that is being reset is not chosen; without any the packet is dropped. */
static void test_pairs_of_stopped_queues(void **state)
{
	unsigned i, queue, num_running;

	(void)state;
	check_seed(7);
	start(2, QUEUES, sizeof(struct virtio_net_hdr));
	vnet_set_steering(q[0].number, QUEUES, NULL);
	for (num_running = QUEUES - 1;; num_running--) {
		vnet_stop_queue(q[0].number, 2 * num_running);
		for (i = 0; i < num_running; i++)
			post(i, 40);
		for (i = 0; i < 40; i++) {
			unsigned num_seen = 0;

			make_frame(&sent[0]);
			send_all(sent, 1);
			for (queue = 0; queue < num_running; queue++)
				num_seen += receive(queue, &sent[0], NULL);
			assert_int_equal(num_seen, num_running > 0);
		}
		if (!num_running)
			break;
	}
	assert_int_equal(bed_stat(q[0].number, XVIO_STAT_DROP_PORT_DOWN), 40);
	stop();
}

/* A header of 20 bytes from the driver, too: the frame begins behind it. */
static void test_long_header_from_driver(void **state)
{
	unsigned i;

	(void)state;
	check_seed(8);
	start(3, 1, sizeof(struct virtio_net_hdr));
	a.hdr_bytes = sizeof(struct virtio_net_hdr_hash);
	bed_start_queue(&a, BED_TX, a.driver[BED_TX].avail_idx);
	post(0, 100);
	for (i = 0; i < 100; i++)
		make_frame(&sent[i]);
	send_all(sent, 100);
	for (i = 0; i < 100; i++)
		assert_true(receive(0, &sent[i], NULL));
	stop();
}

/* Counters */

static struct vnet_counters counters(unsigned port, unsigned index)
{
	struct vnet_counters now;

	vnet_queue_counters((uint16_t)port, index, &now);
	return now;
}

/* Each queue's own packets, bytes and losses, in sum the port's. */
static void test_counters(void **state)
{
	uint64_t bytes_of[QUEUES] = {0}, num_of[QUEUES] = {0};
	uint64_t num_bytes = 0;
	unsigned i, queue;

	(void)state;
	check_seed(9);
	start(2, QUEUES, sizeof(struct virtio_net_hdr));
	random_rss(QUEUES);
	rss->hash_types = RSS_HASH_TYPES;
	rss->table_mask = 127;
	vnet_set_steering(q[0].number, 0, rss);
	for (i = 0; i < QUEUES; i++)
		post(i, 20);
	for (i = 0; i < 200; i++) {
		make_frame(&sent[i]);
		num_bytes += sent[i].len_bytes;
		queue = rss_queue(rss, rss_hash(rss, &sent[i].key));
		if (num_of[queue]++ < 20)
			bytes_of[queue] += sent[i].len_bytes;
	}
	send_all(sent, 200);
	for (queue = 0; queue < QUEUES; queue++) {
		const struct vnet_counters now = counters(q[0].number, 2 * queue);
		const uint64_t num = num_of[queue] < 20 ? num_of[queue] : 20;

		assert_int_equal(now.packets, num);
		assert_int_equal(now.bytes, bytes_of[queue]);
		assert_int_equal(now.drops, num_of[queue] - num);
		assert_int_equal(now.drops_of_ring, num_of[queue] - num);
	}
	assert_int_equal(counters(a.number, BED_TX).packets, 200);
	assert_int_equal(counters(a.number, BED_TX).bytes, num_bytes);
	assert_int_equal(counters(a.number, BED_TX).drops, 0);

	/* What is no packet is lost where it came from. */
	memset(sent[0].frame + 12, 0, 4);
	put16(sent[0].frame + 12, 0x0800);
	sent[0].frame[14] = 0x41;
	sent[0].len_bytes = 60;
	send_all(sent, 1);
	assert_int_equal(counters(a.number, BED_TX).packets, 200);
	assert_int_equal(counters(a.number, BED_TX).bytes, num_bytes);
	assert_int_equal(counters(a.number, BED_TX).drops, 1);
	assert_int_equal(counters(a.number, BED_TX).drops_of_ring, 1);
	vnet_clear_counters(a.number);
	assert_int_equal(counters(a.number, BED_TX).drops, 0);
	stop();
}

/* The short way counts as well, and comes back when there is nothing to wish for. */
static void test_counters_of_plain_port(void **state)
{
	uint64_t num_bytes = 0;
	unsigned i;

	(void)state;
	check_seed(10);
	start(2, 1, sizeof(struct virtio_net_hdr));
	post(0, 100);
	for (i = 0; i < 100; i++) {
		make_frame(&sent[i]);
		num_bytes += sent[i].len_bytes;
	}
	send_all(sent, 100);
	assert_int_equal(counters(q[0].number, 0).packets, 100);
	assert_int_equal(counters(q[0].number, 0).bytes, num_bytes);
	send_all(sent, 5); /* no buffers */
	assert_int_equal(counters(q[0].number, 0).packets, 100);
	assert_int_equal(counters(q[0].number, 0).drops, 5);
	assert_int_equal(counters(q[0].number, 0).drops_of_ring, 5);
	stop();
}

/* Each DMA operation of a round refused once: a queue stops, all is accounted for, others go on. */
static void test_refused_dma(void **state)
{
	int64_t step;
	unsigned i;

	(void)state;
	for (step = 0;; step++) {
		uint64_t num_ops;

		check_seed(11);
		start(2, QUEUES, sizeof(struct virtio_net_hdr_hash));
		random_filter();
		random_rss(QUEUES);
		rss->hash_types = RSS_HASH_TYPES;
		vnet_set_steering(q[0].number, 0, rss);
		for (i = 0; i < QUEUES; i++)
			post(i, 10);
		for (i = 0; i < 20; i++) {
			make_frame(&sent[i]);
			assert_true(bed_send(&a, sent[i].frame, sent[i].len_bytes, 1));
		}
		num_ops = fake_dma_ops();
		fake_fail_after(step);
		bed_ring(&a, BED_TX);
		fake_run();
		num_ops = fake_dma_ops() - num_ops;
		fake_fail_after(-1);
		stop();
		if ((uint64_t)step >= num_ops)
			break;
	}
	assert_true(step > 50 || HAL_HOST_MAPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_of_new_address),
		cmocka_unit_test(test_filter_of_representor),
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_rss_of_stopped_queue),
		cmocka_unit_test(test_pairs_in_use),
		cmocka_unit_test(test_pairs_of_stopped_queues),
		cmocka_unit_test(test_long_header_from_driver),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_counters_of_plain_port),
		cmocka_unit_test(test_refused_dma),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
