/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* In which receive queue a frame comes, and with which hash (rss.h): over one core and two. */
#include "common/check.h"
#include "common/wish_bed.h"

/* 5.1.6.5.7.2, and 5.1.6.4.4: the queue is the table's; the hash is in the header. */
static void test_rss(void **state)
{
	unsigned round, i, queue, num_of[WISH_QUEUES] = {0};

	(void)state;
	check_seed(4);
	for (round = 0; round < 30; round++) {
		wish_start(2 + round % 2, WISH_QUEUES,
			   round % 3 ? sizeof(struct virtio_net_hdr_hash)
				     : sizeof(struct virtio_net_hdr));
		wish_random_rss(WISH_QUEUES);
		vnet_set_steering(wish_q[0].number, 0, wish_rss);
		wish_post_each(100);
		wish_make_frames(100);
		wish_send_all(wish_sent, 100);
		for (i = 0; i < 100; i++) {
			queue = rss_queue(wish_rss, rss_hash(wish_rss, &wish_sent[i].key));
			assert_true(wish_receive(queue, &wish_sent[i], NULL));
			num_of[queue]++;
		}
		wish_stop();
	}
	for (i = 0; i < WISH_QUEUES; i++)
		assert_true(num_of[i] > 200);
}

/* 5.1.6.5.7.2: what is for a queue that is being reset is dropped; the others go on. */
static void test_rss_of_stopped_queue(void **state)
{
	unsigned i, queue, num_dropped = 0;

	(void)state;
	check_seed(5);
	wish_start_spread(sizeof(struct virtio_net_hdr_hash), 200);
	vnet_stop_queue(wish_q[0].number, 2 * 2);
	wish_make_frames(200);
	wish_send_all(wish_sent, 200);
	for (i = 0; i < 200; i++) {
		queue = rss_queue(wish_rss, rss_hash(wish_rss, &wish_sent[i].key));
		if (queue == 2)
			num_dropped++;
		else
			assert_true(wish_receive(queue, &wish_sent[i], NULL));
	}
	assert_true(num_dropped > 5);
	assert_int_equal(bed_stat(wish_q[0].number, XVIO_STAT_DROP_PORT_DOWN), num_dropped);
	wish_stop();
}

/*
 * 5.1.6.5.6.2: no packet in a queue that is not in use; 5.1.6.4.4: hashes are reported all the same, and none
 * before the driver has said how.
 */
static void test_pairs_in_use(void **state)
{
	unsigned round, i, queue, num_pairs, num_seen = 0;
	uint8_t seen[WISH_QUEUES] = {0};

	(void)state;
	check_seed(6);
	wish_start(2, WISH_QUEUES, sizeof(struct virtio_net_hdr_hash));
	for (round = 0; round < 40; round++) {
		struct rss *before = wish_rss;

		num_pairs = 1 + check_random(WISH_QUEUES);
		if (round > 10)
			wish_random_rss(WISH_QUEUES);
		vnet_set_steering(wish_q[0].number, num_pairs, wish_rss);
		if (before != wish_rss)
			rss_destroy(before);
		for (i = 0; i < WISH_QUEUES; i++)
			wish_post(i, 128u - wish_q[i].driver[BED_RX].num_in_flight);
		for (i = 0; i < 30; i++) {
			wish_make_frame(&wish_sent[0]);
			wish_send_all(wish_sent, 1);
			for (queue = 0; queue < WISH_QUEUES; queue++) {
				if (!wish_receive(queue, &wish_sent[0], NULL))
					continue;
				assert_true(queue < num_pairs);
				num_seen++;
				seen[queue] = 1;
			}
		}
	}
	assert_int_equal(num_seen, 40 * 30);
	for (queue = 0; queue < WISH_QUEUES; queue++)
		assert_true(seen[queue]);
	wish_stop();
}

/* 5.1.6.5.6.2: a queue that is being reset is not chosen; without any the packet is dropped. */
static void test_pairs_of_stopped_queues(void **state)
{
	unsigned i, queue, num_running;

	(void)state;
	check_seed(7);
	wish_start(2, WISH_QUEUES, sizeof(struct virtio_net_hdr));
	vnet_set_steering(wish_q[0].number, WISH_QUEUES, NULL);
	for (num_running = WISH_QUEUES - 1;; num_running--) {
		vnet_stop_queue(wish_q[0].number, 2 * num_running);
		for (i = 0; i < num_running; i++)
			wish_post(i, 40);
		for (i = 0; i < 40; i++) {
			unsigned num_seen = 0;

			wish_make_frame(&wish_sent[0]);
			wish_send_all(wish_sent, 1);
			for (queue = 0; queue < num_running; queue++)
				num_seen += wish_receive(queue, &wish_sent[0], NULL);
			assert_int_equal(num_seen, num_running > 0);
		}
		if (!num_running)
			break;
	}
	assert_int_equal(bed_stat(wish_q[0].number, XVIO_STAT_DROP_PORT_DOWN), 40);
	wish_stop();
}

/* A header of 20 bytes from the driver, too: the frame begins behind it. */
static void test_long_header_from_driver(void **state)
{
	unsigned i;

	(void)state;
	check_seed(8);
	wish_start(3, 1, sizeof(struct virtio_net_hdr));
	wish_a.hdr_bytes = sizeof(struct virtio_net_hdr_hash);
	bed_start_queue(&wish_a, BED_TX, wish_a.driver[BED_TX].avail_idx);
	wish_post(0, 100);
	wish_make_frames(100);
	wish_send_all(wish_sent, 100);
	for (i = 0; i < 100; i++)
		assert_true(wish_receive(0, &wish_sent[i], NULL));
	wish_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_rss_of_stopped_queue),
		cmocka_unit_test(test_pairs_in_use),
		cmocka_unit_test(test_pairs_of_stopped_queues),
		cmocka_unit_test(test_long_header_from_driver),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
