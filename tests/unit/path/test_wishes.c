/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a driver wishes of the frames sent to it: which it wants at all (rxfilter.h), and what its queues count.
 * With frames of all sorts, over one core and two. (In which queue: test_steering.c.)
 */
#include "common/check.h"
#include "common/wish_bed.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/flow.h"

/* What is not wanted is not seen, and counted; the rest comes in order. */
static void test_filter(void **state)
{
	unsigned round, i, num_wanted, num_refused = 0;

	(void)state;
	check_seed(1);
	for (round = 0; round < 40; round++) {
		wish_start(2 + round % 2, 1, sizeof(struct virtio_net_hdr));
		wish_random_filter();
		wish_post(0, 100);
		wish_make_frames(100);
		wish_send_all(wish_sent, 100);
		num_wanted = 0;
		for (i = 0; i < 100; i++) {
			if (!rxfilter_passes(wish_filter, rxfilter_word(wish_sent[i].frame),
					     &wish_sent[i].key))
				continue;
			assert_true(wish_receive(0, &wish_sent[i], NULL));
			num_wanted++;
		}
		assert_false(wish_receive(0, &wish_sent[0], NULL));
		assert_int_equal(bed_stat(wish_q[0].number, XVIO_STAT_DROP_FILTERED),
				 100 - num_wanted);
		assert_int_equal(bed_stat(wish_q[0].number, XVIO_STAT_TX_PACKETS), num_wanted);
		num_refused += 100 - num_wanted;
		wish_stop();
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
		.key.in_port = XVIO_PORT_VDPA(0),
		.mask.in_port = 0xffff,
	};
	unsigned i;

	(void)state;
	check_seed(2);
	wish_start(3, 1, sizeof(struct virtio_net_hdr));
	act_eth_dst(&rule, mine);
	act_copy(&rule, XVIO_PORT_VDPA(1));
	act_end(&rule);
	wish_filter = rxfilter_create();
	wish_filter->unicast = RXFILTER_LISTED;
	rxfilter_list_mac(wish_filter, mine);
	vnet_set_filter(wish_q[0].number, wish_filter);
	wish_post(0, 50);
	wish_make_frames(50);
	wish_send_all(wish_sent, 50);
	for (i = 0; i < 50; i++)
		assert_true(wish_receive(0, &wish_sent[i], mine));
	wish_stop();
}

/* What host software sends on the representor is filtered, too. */
static void test_filter_of_representor(void **state)
{
	unsigned i, num_wanted = 0;

	(void)state;
	check_seed(3);
	wish_start(2, 1, sizeof(struct virtio_net_hdr));
	wish_filter = rxfilter_create();
	wish_filter->unicast = RXFILTER_LISTED;
	wish_filter->checks_vlans = true;
	wish_filter->vlan[0] = 0x0a;
	for (i = 0; i < 2; i++)
		rxfilter_list_mac(wish_filter, (uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)i});
	vnet_set_filter(wish_q[0].number, wish_filter);
	wish_post(0, 60);
	for (i = 0; i < 60; i++) {
		wish_make_frame(&wish_sent[i]);
		assert_true(bed_send_marked(&wish_pf, wish_sent[i].frame, wish_sent[i].len_bytes,
					    wish_q[0].number, XVIO_META_F_REPR));
		bed_ring(&wish_pf, BED_TX);
		fake_run();
		bed_reap_sent(&wish_pf);
		if (!rxfilter_passes(wish_filter, rxfilter_word(wish_sent[i].frame),
				     &wish_sent[i].key))
			continue;
		assert_true(wish_receive(0, &wish_sent[i], NULL));
		num_wanted++;
	}
	assert_in_range(num_wanted, 5, 40);
	assert_int_equal(bed_stat(wish_q[0].number, XVIO_STAT_DROP_FILTERED), 60 - num_wanted);
	wish_stop();
}

/* A frame without a sound IP header has no key; its address it has. */
static void test_filter_of_malformed(void **state)
{
	struct wish_sent sent = {.frame = {[12] = 0x08, [14] = 0x41}, .len_bytes = 60};
	unsigned i;

	(void)state;
	wish_start(2, 1, sizeof(struct virtio_net_hdr));
	wish_filter = rxfilter_create();
	wish_filter->unicast = RXFILTER_LISTED;
	rxfilter_list_mac(wish_filter, (uint8_t[6]){2, 0, 0, 0, 0, 1});
	rxfilter_list_mac(wish_filter, (uint8_t[6]){2, 0, 0, 0, 0, 2});
	vnet_set_filter(wish_q[0].number, wish_filter);
	wish_post(0, 4);
	for (i = 0; i < 4; i++) {
		memcpy(sent.frame, (uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)i}, 6);
		assert_true(bed_send_marked(&wish_pf, sent.frame, sent.len_bytes, wish_q[0].number,
					    XVIO_META_F_REPR));
		bed_ring(&wish_pf, BED_TX);
		fake_run();
		bed_reap_sent(&wish_pf);
		assert_int_equal(wish_receive(0, &sent, NULL), i == 1 || i == 2);
	}
	wish_stop();
}

static struct vnet_counters counters(unsigned port, unsigned index)
{
	struct vnet_counters now;

	vnet_queue_counters((uint16_t)port, index, &now);
	return now;
}

/* Each queue's own packets, bytes and losses, in sum the port's. */
static void test_counters(void **state)
{
	uint64_t bytes_of[WISH_QUEUES] = {0}, num_of[WISH_QUEUES] = {0};
	uint64_t num_bytes = 0;
	unsigned i, queue;

	(void)state;
	check_seed(9);
	wish_start_spread(sizeof(struct virtio_net_hdr), 20);
	for (i = 0; i < 200; i++) {
		wish_make_frame(&wish_sent[i]);
		num_bytes += wish_sent[i].len_bytes;
		queue = rss_queue(wish_rss, rss_hash(wish_rss, &wish_sent[i].key));
		if (num_of[queue]++ < 20)
			bytes_of[queue] += wish_sent[i].len_bytes;
	}
	wish_send_all(wish_sent, 200);
	for (queue = 0; queue < WISH_QUEUES; queue++) {
		const struct vnet_counters now = counters(wish_q[0].number, 2 * queue);
		const uint64_t num = num_of[queue] < 20 ? num_of[queue] : 20;

		assert_int_equal(now.packets, num);
		assert_int_equal(now.bytes, bytes_of[queue]);
		assert_int_equal(now.drops, num_of[queue] - num);
		assert_int_equal(now.drops_of_ring, num_of[queue] - num);
	}
	assert_int_equal(counters(wish_a.number, BED_TX).packets, 200);
	assert_int_equal(counters(wish_a.number, BED_TX).bytes, num_bytes);
	assert_int_equal(counters(wish_a.number, BED_TX).drops, 0);

	/* What is no packet is lost where it came from. */
	memset(wish_sent[0].frame + 12, 0, 4);
	wish_put16(wish_sent[0].frame + 12, 0x0800);
	wish_sent[0].frame[14] = 0x41;
	wish_sent[0].len_bytes = 60;
	wish_send_all(wish_sent, 1);
	assert_int_equal(counters(wish_a.number, BED_TX).packets, 200);
	assert_int_equal(counters(wish_a.number, BED_TX).bytes, num_bytes);
	assert_int_equal(counters(wish_a.number, BED_TX).drops, 1);
	assert_int_equal(counters(wish_a.number, BED_TX).drops_of_ring, 1);
	vnet_clear_counters(wish_a.number);
	assert_int_equal(counters(wish_a.number, BED_TX).drops, 0);
	wish_stop();
}

/* The short way counts as well, and comes back when there is nothing to wish for. */
static void test_counters_of_plain_port(void **state)
{
	uint64_t num_bytes = 0;
	unsigned i;

	(void)state;
	check_seed(10);
	wish_start(2, 1, sizeof(struct virtio_net_hdr));
	wish_post(0, 100);
	for (i = 0; i < 100; i++) {
		wish_make_frame(&wish_sent[i]);
		num_bytes += wish_sent[i].len_bytes;
	}
	wish_send_all(wish_sent, 100);
	assert_int_equal(counters(wish_q[0].number, 0).packets, 100);
	assert_int_equal(counters(wish_q[0].number, 0).bytes, num_bytes);
	wish_send_all(wish_sent, 5); /* no buffers */
	assert_int_equal(counters(wish_q[0].number, 0).packets, 100);
	assert_int_equal(counters(wish_q[0].number, 0).drops, 5);
	assert_int_equal(counters(wish_q[0].number, 0).drops_of_ring, 5);
	wish_stop();
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
		wish_start(2, WISH_QUEUES, sizeof(struct virtio_net_hdr_hash));
		wish_random_filter();
		wish_random_rss(WISH_QUEUES);
		wish_rss->hash_types = RSS_HASH_TYPES;
		vnet_set_steering(wish_q[0].number, 0, wish_rss);
		wish_post_each(10);
		for (i = 0; i < 20; i++) {
			wish_make_frame(&wish_sent[i]);
			assert_true(
				bed_send(&wish_a, wish_sent[i].frame, wish_sent[i].len_bytes, 1));
		}
		num_ops = fake_dma_ops();
		fake_fail_after(step);
		bed_ring(&wish_a, BED_TX);
		fake_run();
		num_ops = fake_dma_ops() - num_ops;
		fake_fail_after(-1);
		wish_stop();
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
		cmocka_unit_test(test_filter_of_malformed),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_counters_of_plain_port),
		cmocka_unit_test(test_refused_dma),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
