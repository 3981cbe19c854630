/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* ctrl/virtio_dev with several pairs of queues: which queues there are (virtio 1.2, 5.1.2), which run. */
#include "card.h"
#include "ctrl/net_features.h"
#include "ctrl/virtio_dev.h"
#include "path/vnet.h"

#define PORT	   ((uint16_t)XVIO_PORT_VDPA(5))
#define RING_BYTES 0x4000u
#define NUM_PAIRS  4u
#define NUM_QUEUES (2 * NUM_PAIRS + 1)
#define MQ	   (VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ))

static struct virtio_dev dev;

static int prepare(void **state)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 5};

	card_start(state);
	fake_host_map(0x10000, NUM_QUEUES * RING_BYTES, FAKE_READ | FAKE_WRITE);
	assert_true(vnet_add(PORT, 1, mac, 1500));
	dev = (struct virtio_dev){
		.port = PORT,
		.num_pairs = NUM_PAIRS,
		.queue_base = 100,
		.offered = NET_FEATURES_MUST | MQ,
		.map = {iotlb_identity(), iotlb_empty()},
	};
	return 0;
}

static unsigned make_ready(unsigned index, uint16_t last_avail)
{
	const uint64_t at = 0x10000 + index * RING_BYTES;
	const struct virtio_vq setup = {
		.size = 16,
		.vector = XVIO_VECTOR_NONE,
		.last_avail = last_avail,
		.desc_iova = at,
		.driver_iova = at + 0x1000,
		.device_iova = at + 0x2000,
	};
	struct virtq_avail *avail = fake_host(setup.driver_iova, sizeof(*avail));

	avail->idx = last_avail;
	return virtio_dev_ready_queue(&dev, index, &setup);
}

static void go_live(uint64_t features, unsigned num_ready)
{
	assert_int_equal(virtio_dev_set_status(&dev, 3), XVIO_ST_OK);
	assert_int_equal(virtio_dev_set_features(&dev, features), XVIO_ST_OK);
	assert_int_equal(virtio_dev_set_status(&dev, 11), XVIO_ST_OK);
	for (unsigned i = 0; i < num_ready; i++)
		assert_int_equal(make_ready(i, 7), XVIO_ST_OK);
	assert_int_equal(virtio_dev_set_status(&dev, 15), XVIO_ST_OK);
	assert_int_equal(dev.status, 15);
}

static unsigned num_running(void)
{
	unsigned num = 0;

	for (unsigned i = 0; i < VNET_MAX_QUEUES; i++)
		num += vnet_queue_state(PORT, i).running;
	return num;
}

static void how_many_there_are(void **state)
{
	(void)state;
	assert_int_equal(virtio_dev_num_queues(&dev), NUM_QUEUES);
	dev.offered = NET_FEATURES_MUST;
	assert_int_equal(virtio_dev_num_queues(&dev), NUM_QUEUES - 1);
	assert_int_equal(virtio_dev_max_pairs(NET_FEATURES_MUST), 1);
	assert_int_equal(virtio_dev_max_pairs(VIRTIO_BIT(VIRTIO_NET_F_MQ)), VIRTIO_DEV_MAX_PAIRS);
	assert_int_equal(virtio_dev_max_pairs(VIRTIO_BIT(VIRTIO_NET_F_RSS)), VIRTIO_DEV_MAX_PAIRS);
}

static void all_pairs_run(void **state)
{
	(void)state;
	go_live(NET_FEATURES_MUST | MQ, 2 * NUM_PAIRS);
	assert_int_equal(num_running(), 2 * NUM_PAIRS);
	virtio_dev_unready_queue(&dev, 5);
	assert_int_equal(num_running(), 2 * NUM_PAIRS - 1);
	assert_int_equal(virtio_dev_last_avail(&dev, 5), 7);
	assert_int_equal(make_ready(5, 7), XVIO_ST_OK);
	assert_int_equal(num_running(), 2 * NUM_PAIRS);
	assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
	assert_int_equal(num_running(), 0);
	go_live(NET_FEATURES_MUST | MQ, 3);
	assert_int_equal(num_running(), 3);
}

/* What stands behind the first pair is a receiveq for one driver, and none for the other. */
static void one_pair_without_mq(void **state)
{
	(void)state;
	go_live(NET_FEATURES_MUST, NUM_QUEUES);
	assert_int_equal(num_running(), 2);
	assert_true(vnet_queue_state(PORT, 0).running && vnet_queue_state(PORT, 1).running);
	assert_int_equal(virtio_dev_last_avail(&dev, 4), 7);
	virtio_dev_unready_queue(&dev, 4);
	assert_int_equal(virtio_dev_last_avail(&dev, 4), 7);
	assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
	assert_int_equal(num_running(), 0);
}

/* Whichever queue there is no memory for: none runs, and the driver can try again. */
static void all_or_none(void **state)
{
	size_t queue_bytes = heap_free_bytes();

	(void)state;
	go_live(NET_FEATURES_MUST | MQ, 1);
	queue_bytes -= heap_free_bytes();
	for (unsigned i = 0; i < 2 * NUM_PAIRS; i++) {
		size_t free_bytes;
		void *filler;

		assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
		free_bytes = heap_free_bytes();
		assert_int_equal(virtio_dev_set_status(&dev, 3), XVIO_ST_OK);
		assert_int_equal(virtio_dev_set_features(&dev, NET_FEATURES_MUST | MQ), XVIO_ST_OK);
		assert_int_equal(virtio_dev_set_status(&dev, 11), XVIO_ST_OK);
		for (unsigned k = 0; k < 2 * NUM_PAIRS; k++)
			assert_int_equal(make_ready(k, 0), XVIO_ST_OK);
		filler = heap_alloc(free_bytes - i * queue_bytes - 128); /* room for i queues */
		assert_non_null(filler);
		assert_int_equal(virtio_dev_set_status(&dev, 15), XVIO_ST_NO_SPACE);
		assert_int_equal(dev.status, 11);
		assert_int_equal(num_running(), 0);
		heap_free(filler);
		assert_int_equal(heap_free_bytes(), free_bytes);
		assert_int_equal(virtio_dev_set_status(&dev, 15), XVIO_ST_OK);
		assert_int_equal(num_running(), 2 * NUM_PAIRS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(how_many_there_are, prepare),
		cmocka_unit_test_setup(all_pairs_run, prepare),
		cmocka_unit_test_setup(one_pair_without_mq, prepare),
		cmocka_unit_test_setup(all_or_none, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
