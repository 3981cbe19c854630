/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Control queues (virtio 1.2, 5.1.6.5) behind a tiny interpreter: commands of any length arrive as they were
 * written, answers and interrupts come back, on every kind of ring; a bad ring stops the control queue alone;
 * which queue is the control queue (5.1.2).
 */
#include "card.h"
#include "common/bed.h"
#include "ctrl/net_features.h"
#include "ctrl/virtio_ctrlq.h"
#include "ctrl/virtio_dev.h"
#include "path/vnet.h"

#define PORT	  ((uint16_t)XVIO_PORT_VDPA(5))
#define BASE	  100u
#define VECTOR	  9u
#define NUM_PAIRS 4u
#define SIZE	  64u
#define MQ	  VIRTIO_BIT(VIRTIO_NET_F_MQ)
#define CTRL_VQ	  VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ)

static struct virtio_dev dev;
static struct driver driver;
static uint8_t command[5000];
static uint8_t answer[5000];
static unsigned num_run;
static uint32_t num_bytes; /* of the last command, as the interpreter was told */

/* The first byte says what is answered, the second how many bytes of the command are sent back. */
static uint8_t interpret(void *arg, const uint8_t *cmd, uint32_t cmd_bytes, uint8_t *reply,
			 uint32_t *reply_bytes)
{
	assert_ptr_equal(arg, &dev);
	num_run++;
	assert_memory_equal(cmd, command, /* the last one that was sent, see run() */
			    cmd_bytes < VIRTIO_CTRLQ_MAX_BYTES ? cmd_bytes
							       : VIRTIO_CTRLQ_MAX_BYTES);
	num_bytes = cmd_bytes;
	if (cmd_bytes < 2) {
		*reply_bytes = 0;
		return VIRTIO_NET_ERR;
	}
	if (*reply_bytes > cmd[1])
		*reply_bytes = cmd[1];
	memcpy(reply, cmd, *reply_bytes);
	return cmd[0];
}

/* Of commands with an odd third byte. */
static bool ack_is_last(const uint8_t *cmd, uint32_t cmd_bytes)
{
	return cmd_bytes > 2 && cmd[2] % 2;
}

static const struct virtio_ctrlq_interpreter interpreter = {interpret, ack_is_last};

static unsigned make_ready(unsigned index, uint16_t last_avail)
{
	const struct virtio_vq setup = {
		.size = SIZE,
		.vector = VECTOR,
		.last_avail = last_avail,
		.desc_iova = driver.iova + DRIVER_DESC_OFFSET,
		.driver_iova = driver.iova + DRIVER_RING_OFFSET,
		.device_iova = driver.iova + DRIVER_USED_OFFSET,
	};

	return virtio_dev_ready_queue(&dev, index, &setup);
}

static void ctrl_queue_failed(uint16_t port, uint32_t doorbell, uint32_t error)
{
	assert_int_equal(port, PORT);
	assert_true(virtio_dev_queue_error(&dev, doorbell - BASE, error));
}

static void poll(void)
{
	virtio_ctrlq_poll(ctrl_queue_failed);
}

static void go_live(uint64_t features, unsigned index)
{
	assert_int_equal(virtio_dev_set_status(&dev, 3), XVIO_ST_OK);
	assert_int_equal(virtio_dev_set_features(&dev, features), XVIO_ST_OK);
	assert_int_equal(virtio_dev_set_status(&dev, 11), XVIO_ST_OK);
	assert_int_equal(make_ready(index, virtio_dev_first_avail(&dev)), XVIO_ST_OK);
	assert_int_equal(virtio_dev_set_status(&dev, 15), XVIO_ST_OK);
	assert_int_equal(dev.status, 15);
}

static void start(uint64_t more_features, unsigned index)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 5};
	struct xvio_map_entry *entry;
	uint32_t num, bad;

	card_start(NULL);
	check_seed(index);
	num_run = 0;
	driver_init(&driver, UINT64_C(0x100000000), 0x40000000, SIZE, true, bed_rings);
	entry = heap_alloc(DRIVER_NUM_PAGES * sizeof(*entry));
	num = driver_fill_map(&driver, UINT64_C(0x100000000), entry);
	assert_true(vnet_add(PORT, 1, mac, 1500));
	dev = (struct virtio_dev){
		.port = PORT,
		.num_pairs = NUM_PAIRS,
		.queue_base = BASE,
		.offered = bed_ring_features() | NET_FEATURES_MUST | MQ | CTRL_VQ,
		.map = {iotlb_create(entry, num, &bad), iotlb_empty()},
		.interpreter = &interpreter,
		.interpreter_arg = &dev,
	};
	go_live(bed_ring_features() | NET_FEATURES_MUST | more_features, index);
}

/* Room for an answer is as much as is asked back, then nothing. */
static void check_answer(uint32_t answer_bytes, uint32_t room_bytes)
{
	uint32_t reply_bytes = room_bytes - 1;

	if (reply_bytes > command[1])
		reply_bytes = command[1];
	if (!ack_is_last(command, num_bytes)) {
		assert_int_equal(answer_bytes, 1 + reply_bytes);
		assert_int_equal(answer[0], command[0]);
		assert_memory_equal(answer + 1, command, reply_bytes);
		return;
	}
	assert_int_equal(answer_bytes, room_bytes);
	assert_int_equal(answer[room_bytes - 1], command[0]);
	assert_memory_equal(answer, command, reply_bytes);
	for (; reply_bytes < room_bytes - 1; reply_bytes++)
		assert_int_equal(answer[reply_bytes], 0);
}

/* A command, whose first two bytes are ack and how much is to be sent back; checks the answer. */
static void run(uint8_t ack, uint8_t reply_bytes, uint32_t command_bytes, uint32_t room_bytes)
{
	const unsigned before = num_run;
	uint32_t answer_bytes;

	for (uint32_t i = 0; i < command_bytes; i++)
		command[i] = (uint8_t)check_random(256);
	command[0] = ack;
	if (command_bytes > 1)
		command[1] = reply_bytes;
	assert_true(driver_command(&driver, command, command_bytes, room_bytes));
	if (driver_wants_ring(&driver))
		fake_ring(BASE + 2);
	poll();
	assert_true(driver_reap(&driver, answer, &answer_bytes));
	assert_int_equal(num_run, before + 1);
	assert_int_equal(num_bytes, command_bytes);
	if (command_bytes > 1)
		check_answer(answer_bytes, room_bytes);
	else
		assert_true(answer_bytes == 1 && answer[0] == VIRTIO_NET_ERR);
}

static void commands_and_answers(void **state)
{
	(void)state;
	start(CTRL_VQ, 2);
	for (unsigned i = 0; i < 500; i++) {
		const uint32_t command_bytes =
			check_random(20) ? 2 + check_random(60) : 2 + check_random(4000);

		run((uint8_t)check_random(3), (uint8_t)check_random(i % 3 ? 1 : 256), command_bytes,
		    1 + (check_random(2) ? check_random(300) : 0));
	}
	run(0, 0, 1, 1); /* not even a class and a command */
	run(VIRTIO_NET_OK, 3, VIRTIO_CTRLQ_MAX_BYTES, 1);
	run(VIRTIO_NET_OK, 3, VIRTIO_CTRLQ_MAX_BYTES + 1, 10);
	run(VIRTIO_NET_OK, 255, 400, 1 + VIRTIO_CTRLQ_MAX_REPLY);
	assert_int_equal(dev.status, 15);
}

/* An interrupt for each command if the driver wishes, none else. */
static void interrupts(void **state)
{
	(void)state;
	start(CTRL_VQ, 2);
	for (unsigned i = 0; i < 20; i++) {
		const unsigned before = fake_msix_count(XVIO_FUNCTION_PF, VECTOR);

		driver_wish(&driver, i % 2 ? DRIVER_ALWAYS : DRIVER_NEVER, 0);
		run(VIRTIO_NET_OK, 0, 4, 1);
		assert_int_equal(fake_msix_count(XVIO_FUNCTION_PF, VECTOR), before + i % 2);
	}
}

/* Many at once: carried out in turn, the rest of the control loop's work in between. */
static void many_commands(void **state)
{
	uint32_t answer_bytes;
	unsigned num = 0, polls = 0;

	(void)state;
	start(CTRL_VQ, 2);
	memset(command, 0, sizeof(command));
	while (driver_command(&driver, command, 10, 1))
		num++;
	assert_true(num > 10);
	fake_ring(BASE + 2);
	while (num_run < num) {
		const unsigned before = num_run;

		poll();
		assert_in_range(num_run - before, 1, 8);
		assert_true(polls++ < num);
	}
	for (; num; num--)
		assert_true(driver_reap(&driver, answer, &answer_bytes));
	run(VIRTIO_NET_OK, 0, 5, 1);
}

/* A driver that was never asked to ring again, and one whose ring comes while the queue is looked at. */
static void no_ring_is_lost(void **state)
{
	uint32_t answer_bytes;

	(void)state;
	start(CTRL_VQ, 2);
	poll();
	assert_int_equal(num_run, 0);
	memset(command, 0, sizeof(command));
	for (unsigned i = 0; i < 200; i++) {
		const unsigned num = 1 + check_random(3);

		for (unsigned k = 0; k < num; k++)
			assert_true(driver_command(&driver, command, 2, 1));
		assert_true(driver_wants_ring(&driver));
		fake_ring(BASE + 2);
		poll();
		for (unsigned k = 0; k < num; k++)
			assert_true(driver_reap(&driver, answer, &answer_bytes));
		poll();
	}
}

static void stop_and_go_on(void **state)
{
	(void)state;
	start(CTRL_VQ, 2);
	for (unsigned i = 0; i < 30; i++) {
		run(VIRTIO_NET_OK, 1, 5, 9);
		assert_int_equal(virtio_dev_last_avail(&dev, 2), driver.last_used);
		virtio_dev_unready_queue(&dev, 2);
		assert_int_equal(virtio_dev_last_avail(&dev, 2), driver.last_used);
		assert_true(driver_command(&driver, command, 5, 9)); /* while it is stopped */
		poll();
		assert_int_equal(num_run, 2 * i + 1);
		assert_int_equal(make_ready(2, driver.last_used), XVIO_ST_OK);
		poll(); /* without a doorbell */
		assert_int_equal(num_run, 2 * i + 2);
		assert_true(driver_reap(&driver, answer, &(uint32_t){0}));
		driver_wants_ring(&driver);
	}
}

static void another_map(void **state)
{
	struct xvio_map_entry *entry;
	uint8_t *memory;
	uint32_t num, bad;

	(void)state;
	start(CTRL_VQ, 2);
	run(VIRTIO_NET_OK, 1, 5, 9);
	memory = fake_host_map(UINT64_C(0x200000000), DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES,
			       FAKE_READ | FAKE_WRITE);
	memcpy(memory, driver.memory, DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES);
	driver.memory = memory;
	entry = heap_alloc(DRIVER_NUM_PAGES * sizeof(*entry));
	num = driver_fill_map(&driver, UINT64_C(0x200000000), entry);
	virtio_dev_set_map(&dev, 0, iotlb_create(entry, num, &bad));
	run(VIRTIO_NET_OK, 1, 5, 9);
}

/* Which queue it is follows from what was accepted. */
static void which_queue(void **state)
{
	(void)state;
	memset(command, 0, sizeof(command));
	start(CTRL_VQ | MQ, 2 * NUM_PAIRS);
	assert_true(driver_command(&driver, command, 5, 1));
	fake_ring(BASE + 2 * NUM_PAIRS);
	poll();
	assert_int_equal(num_run, 1);
	start(CTRL_VQ, 2 * NUM_PAIRS); /* without MQ there is none behind all pairs */
	assert_true(driver_command(&driver, command, 5, 1));
	fake_ring(BASE + 2 * NUM_PAIRS);
	poll();
	assert_int_equal(num_run, 0);
	start(0, 2); /* and without CTRL_VQ none at all */
	assert_true(driver_command(&driver, command, 5, 1));
	fake_ring(BASE + 2);
	poll();
	assert_int_equal(num_run, 0);
	assert_null(dev.ctrlq);
}

/* A chain without room for an ack, one without a command, readable behind writable, an address outside. */
static void bad_chains(void **state)
{
	static const struct {
		uint8_t error;
		uint64_t addr; /* of the last */
		uint16_t num;
		uint16_t flags[3];
	} bad[] = {
		{XVIO_RING_ERR_DIRECTION, 0, 1, {0}},
		{XVIO_RING_ERR_DIRECTION, 0, 1, {VIRTQ_DESC_F_WRITE}},
		{XVIO_RING_ERR_DIRECTION, 0, 2, {VIRTQ_DESC_F_WRITE, 0}},
		{XVIO_RING_ERR_DIRECTION, 0, 3, {0, VIRTQ_DESC_F_WRITE, 0}},
		{XVIO_RING_ERR_ADDRESS, 0x1000, 2, {0, VIRTQ_DESC_F_WRITE}},
		{XVIO_RING_ERR_FLAGS, 0, 2, {0, 64}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t before;

		start(CTRL_VQ, 2);
		before = card_stat(XVIO_STAT_RING_ERR_DIRECTION);
		memset(command, 0, sizeof(command));
		for (uint16_t k = bad[i].num; k--;) {
			const bool last = k + 1 == bad[i].num;
			const struct virtq_desc desc = {
				.addr = last && bad[i].addr ? bad[i].addr
							    : driver_slot_iova(&driver, k),
				.len = 10,
				.flags = bad[i].flags[k] | (last ? 0 : VIRTQ_DESC_F_NEXT),
				.next = k + 1,
			};
			const struct virtq_packed_desc packed = {
				.addr = desc.addr,
				.len = desc.len,
				.flags = desc.flags | VIRTQ_PACKED_DESC_F_AVAIL,
			};

			if (bed_rings.packed)
				driver_set_packed(&driver, k, &packed);
			else
				driver_set_desc(&driver, k, &desc);
		}
		if (!bed_rings.packed)
			driver_set_avail(&driver, 0, 1);
		fake_ring(BASE + 2);
		poll();
		if (dev.vq[2].error != bad[i].error)
			fail_msg("chain %u: error %u", i, dev.vq[2].error);
		assert_int_equal(dev.status, 15 | VIRTIO_STATUS_NEEDS_RESET);
		assert_false(dev.vq[2].ready);
		assert_null(dev.ctrlq);
		if (bad[i].error == XVIO_RING_ERR_DIRECTION)
			assert_int_equal(card_stat(XVIO_STAT_RING_ERR_DIRECTION), before + 1);
		assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
		driver_reset(&driver);
		go_live(bed_ring_features() | NET_FEATURES_MUST | CTRL_VQ, 2);
		run(VIRTIO_NET_OK, 0, 5, 1);
	}
}

/* Whichever operation the bus refuses: the queue stops, and a reset brings it back. */
static void every_dma_operation_fails_once(void **state)
{
	uint64_t num_ops;

	(void)state;
	start(CTRL_VQ, 2);
	num_ops = fake_dma_ops();
	run(VIRTIO_NET_OK, 5, 50, 20);
	num_ops = fake_dma_ops() - num_ops;
	assert_in_range(num_ops, 5, 60);
	for (uint64_t op = 0; op < num_ops; op++) {
		start(CTRL_VQ, 2);
		memset(command, 0, sizeof(command));
		fake_fail_after((int64_t)op);
		assert_true(driver_command(&driver, command, 50, 20));
		fake_ring(BASE + 2);
		poll();
		fake_fail_after(-1);
		if (!(dev.status & VIRTIO_STATUS_NEEDS_RESET))
			continue; /* with other chains there are fewer operations */
		assert_int_equal(dev.vq[2].error, XVIO_RING_ERR_DMA);
		assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
		driver_reset(&driver);
		go_live(bed_ring_features() | NET_FEATURES_MUST | CTRL_VQ, 2);
		run(VIRTIO_NET_OK, 0, 5, 1);
	}
}

static void no_memory_is_lost(void **state)
{
	size_t free_bytes;

	(void)state;
	start(CTRL_VQ, 2);
	assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
	free_bytes = heap_free_bytes();
	for (unsigned i = 0; i < 5; i++) {
		driver_reset(&driver);
		go_live(bed_ring_features() | NET_FEATURES_MUST | CTRL_VQ, 2);
		run(VIRTIO_NET_OK, 0, 5, 1);
		assert_int_equal(virtio_dev_set_status(&dev, 0), XVIO_ST_OK);
		poll();
		assert_int_equal(heap_free_bytes(), free_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_and_answers),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(many_commands),
		cmocka_unit_test(no_ring_is_lost),
		cmocka_unit_test(stop_and_go_on),
		cmocka_unit_test(another_map),
		cmocka_unit_test(which_queue),
		cmocka_unit_test(bad_chains),
		cmocka_unit_test(every_dma_operation_fails_once),
		cmocka_unit_test(no_memory_is_lost),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
