/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * As many vDPA devices as there can be, all of them running: what one takes of the card's memory, that adding
 * one is no dearer among a thousand than among ten, and that each has its own doorbells and its own packets.
 */
#include <stdio.h>
#include <time.h>
#include "card.h"

#define RINGS	    0x10000u /* of all devices: nothing is in them */
#define QUEUE_SIZE  256u
#define QUEUE_BYTES 0x4000u
#define NUM_TRIES   200u

static int prepare(void **state)
{
	card_start(state);
	fake_host_map(RINGS, 3 * QUEUE_BYTES, FAKE_READ | FAKE_WRITE);
	return 0;
}

static void run_device(uint32_t dev)
{
	const struct xvio_cmd_vdpa_map map = {.dev = dev, .flags = XVIO_MAP_F_IDENTITY};
	struct xvio_cmd_vdpa_vq vq = {.dev = dev, .size = QUEUE_SIZE, .vector = 2, .ready = 1};

	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, map), XVIO_ST_OK);
	assert_int_equal(card_set_status(dev, 3), XVIO_ST_OK);
	assert_int_equal(card_set_features(dev,
					   CARD_MUST_FEATURES | VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ)),
			 XVIO_ST_OK);
	assert_int_equal(card_set_status(dev, 11), XVIO_ST_OK);
	for (vq.vq = 0; vq.vq < 3; vq.vq++) {
		vq.desc_iova = RINGS + vq.vq * QUEUE_BYTES;
		vq.driver_iova = vq.desc_iova + 0x1000;
		vq.device_iova = vq.desc_iova + 0x2000;
		assert_int_equal(card_command(XVIO_CMD_VDPA_VQ_SET, vq), XVIO_ST_OK);
	}
	assert_int_equal(card_set_status(dev, 15), XVIO_ST_OK);
}

static void all_of_them(void **state)
{
	const struct xvio_vdpa_created *created = card_result();
	uint32_t next_doorbell = 64;
	size_t before, made, runs;

	(void)state;
	before = heap_free_bytes();
	for (uint32_t i = 0; i < XVIO_MAX_VDPA; i++) {
		assert_int_equal(card_create_vdpa(), i);
		assert_int_equal(created->num_queues, 3);
		assert_int_equal(created->queue_base, next_doorbell);
		next_doorbell += 3;
	}
	assert_int_equal(card_send(XVIO_CMD_VDPA_CREATE, &(struct xvio_cmd_vdpa_create){0},
				   sizeof(struct xvio_cmd_vdpa_create)),
			 XVIO_ST_NO_SPACE);
	made = before - heap_free_bytes();
	for (uint32_t i = 0; i < XVIO_MAX_VDPA; i++)
		run_device(i);
	runs = before - heap_free_bytes() - made;
	print_message("%u devices: %zu bytes each, and %zu each of the %u queues that run\n",
		      XVIO_MAX_VDPA, made / XVIO_MAX_VDPA, runs / XVIO_MAX_VDPA / 3, 3u);
	assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 700), XVIO_ST_OK);
	assert_int_equal(card_create_vdpa(), 700);
	for (uint32_t i = 0; i < XVIO_MAX_VDPA; i++)
		assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, i), XVIO_ST_OK);
	fake_run();
	ctrl_poll();
	assert_int_equal(heap_free_bytes(), before);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The least of many tries: how long it takes to add a device to num others. */
static uint64_t time_to_add(uint32_t num)
{
	uint64_t least = UINT64_MAX;

	while (card_create_vdpa() + 1 < num)
		;
	for (unsigned i = 0; i < NUM_TRIES; i++) {
		const uint64_t began = now_ns();

		assert_int_equal(card_create_vdpa(), num);
		least = now_ns() - began < least ? now_ns() - began : least;
		assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, num), XVIO_ST_OK);
	}
	return least;
}

static void the_thousandth(void **state)
{
	uint64_t tenth, thousandth;

	(void)state;
	tenth = time_to_add(9);
	thousandth = time_to_add(999);
	print_message("the 10th is added in %llu ns, the 1,000th in %llu\n",
		      (unsigned long long)tenth, (unsigned long long)thousandth);
	assert_true(thousandth <= 2 * tenth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_of_them, prepare),
		cmocka_unit_test_setup(the_thousandth, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
