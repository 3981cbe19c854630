/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * ctrl/virtio_dev: a long random walk over status, features, queues and suspension beside a plain model of
 * virtio 1.2 ch. 2.1 and 3.1; queue errors; indices that survive a stop; address spaces.
 */
#include "card.h"
#include "path/vnet.h"

#define RING_BYTES 0x4000u
#define QUEUE_SIZE 16u
#define WALK_STEPS 20000u
#define ALL_OFFERED                                                                         \
	(CARD_MUST_FEATURES | VIRTIO_BIT(VIRTIO_NET_F_MTU) | VIRTIO_BIT(VIRTIO_NET_F_MAC) | \
	 VIRTIO_BIT(VIRTIO_NET_F_STATUS))

static uint32_t dev;

/* Where a queue's parts are in host memory, which the device reaches through an identity map. */
static uint64_t ring_addr(unsigned vq)
{
	return 0x10000u + vq * RING_BYTES;
}

static int prepare(void **state)
{
	const struct xvio_cmd_vdpa_map map = {.flags = XVIO_MAP_F_IDENTITY};

	card_start(state);
	fake_host_map(ring_addr(0), 2 * RING_BYTES, FAKE_READ | FAKE_WRITE);
	dev = card_create_vdpa();
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, map), XVIO_ST_OK);
	return 0;
}

static bool runs(unsigned vq)
{
	return vnet_queue_state((uint16_t)XVIO_PORT_VDPA(dev), vq).running;
}

static unsigned set_vq(uint16_t vq, bool ready, uint16_t last_avail)
{
	const struct xvio_cmd_vdpa_vq set = {
		.dev = dev,
		.vq = vq,
		.size = QUEUE_SIZE,
		.vector = (uint16_t)(2 + vq),
		.last_avail = last_avail,
		.ready = ready,
		.desc_iova = ring_addr(vq),
		.driver_iova = ring_addr(vq) + 0x1000,
		.device_iova = ring_addr(vq) + 0x2000,
	};
	struct virtq_avail *avail = fake_host(set.driver_iova, sizeof(*avail));

	if (ready && !card_vq(dev, vq).ready)
		avail->idx = last_avail; /* nothing available yet */
	return card_command(XVIO_CMD_VDPA_VQ_SET, set);
}

static unsigned suspend(bool suspended)
{
	const struct xvio_cmd_vdpa_suspend set = {.dev = dev, .suspended = suspended};

	return card_command(XVIO_CMD_VDPA_SUSPEND, set);
}

/* The plain model. */

struct model {
	uint8_t status;
	uint64_t features;
	bool ready[2];
	bool suspended;
	uint16_t last_avail[2];
};

static bool model_in_order(uint8_t status)
{
	static const uint8_t steps[] = {VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_STATUS_DRIVER,
					VIRTIO_STATUS_FEATURES_OK, VIRTIO_STATUS_DRIVER_OK};
	bool open = true;

	for (unsigned i = 0; i < 4; i++) {
		if (status & steps[i] && !open)
			return false;
		open = status & steps[i];
	}
	return true;
}

static unsigned model_set_status(struct model *model, uint8_t status)
{
	if (status == 0) {
		*model = (struct model){0};
		return XVIO_ST_OK;
	}
	if (status & 0x30)
		return XVIO_ST_BAD_VALUE;
	status &= 0x8f;
	if ((model->status & 0x8f & status) != (model->status & 0x8f))
		return XVIO_ST_BAD_VALUE;
	if (!model_in_order(status))
		return XVIO_ST_BAD_STATE;
	if (!(model->status & VIRTIO_STATUS_FEATURES_OK) &&
	    (model->features & CARD_MUST_FEATURES) != CARD_MUST_FEATURES)
		status &= 0x83;
	model->status |= status;
	return XVIO_ST_OK;
}

static unsigned model_set_features(struct model *model, uint64_t features)
{
	if (model->status & VIRTIO_STATUS_FEATURES_OK)
		return XVIO_ST_BAD_STATE;
	if (features & ~ALL_OFFERED)
		return XVIO_ST_BAD_VALUE;
	model->features = features;
	return XVIO_ST_OK;
}

static unsigned model_set_vq(struct model *model, unsigned vq, bool ready, uint16_t last_avail)
{
	if (ready && model->ready[vq])
		return XVIO_ST_BAD_STATE;
	model->ready[vq] = ready;
	if (ready && !card_vq(dev, vq).ready)
		model->last_avail[vq] = last_avail;
	return XVIO_ST_OK;
}

static unsigned model_suspend(struct model *model, bool suspended)
{
	if (suspended && !(model->status & VIRTIO_STATUS_DRIVER_OK))
		return XVIO_ST_BAD_STATE;
	model->suspended = suspended;
	return XVIO_ST_OK;
}

static uint32_t walk_random(void)
{
	static uint64_t seed = 88172645463325252u;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32);
}

static void compare(const struct model *model)
{
	const bool live = model->status & VIRTIO_STATUS_DRIVER_OK && !model->suspended;

	assert_int_equal(card_status(dev), model->status);
	for (uint16_t vq = 0; vq < 2; vq++) {
		const struct xvio_vdpa_vq_state seen = card_vq(dev, vq);

		assert_int_equal(seen.ready, model->ready[vq]);
		assert_int_equal(runs(vq), live && model->ready[vq]);
		if (!runs(vq))
			assert_int_equal(seen.last_avail, model->last_avail[vq]);
	}
}

static void walk_step(struct model *model)
{
	static const uint64_t features[] = {0, CARD_MUST_FEATURES, ALL_OFFERED,
					    CARD_MUST_FEATURES | VIRTIO_BIT(39),
					    VIRTIO_BIT(VIRTIO_F_VERSION_1)};
	static const uint8_t statuses[] = {1, 3, 3, 11, 11, 15, 15, 15, 0x8f, 0x4f, 0x1f, 7, 9, 0};
	const uint32_t random = walk_random();
	const uint8_t status = statuses[random / 64 % sizeof(statuses)];
	const uint64_t offer = features[random / 64 % 5];
	const uint16_t index = (uint16_t)(random >> 16);
	const uint16_t vq = random / 64 % 2;

	switch (random % 8) {
	case 0:
		assert_int_equal(card_set_features(dev, offer), model_set_features(model, offer));
		break;
	case 1:
	case 2:
		assert_int_equal(set_vq(vq, random & 128, index),
				 model_set_vq(model, vq, random & 128, index));
		break;
	case 3:
		assert_int_equal(card_set_status(dev, (uint8_t)index),
				 model_set_status(model, (uint8_t)index));
		break;
	case 4:
		assert_int_equal(suspend(random & 128), model_suspend(model, random & 128));
		break;
	default:
		assert_int_equal(card_set_status(dev, status), model_set_status(model, status));
		break;
	}
}

static void random_walk(void **state)
{
	struct model model = {0};
	unsigned num_live = 0;

	(void)state;
	for (unsigned i = 0; i < WALK_STEPS; i++) {
		walk_step(&model);
		compare(&model);
		num_live += runs(0) && runs(1);
	}
	assert_true(num_live > WALK_STEPS / 50); /* the walk does get there */
}

static void go_live(void)
{
	assert_int_equal(card_set_status(dev, 3), XVIO_ST_OK);
	assert_int_equal(card_set_features(dev, CARD_MUST_FEATURES), XVIO_ST_OK);
	assert_int_equal(card_set_status(dev, 11), XVIO_ST_OK);
	assert_int_equal(set_vq(0, true, 0), XVIO_ST_OK);
	assert_int_equal(set_vq(1, true, 0), XVIO_ST_OK);
	assert_int_equal(card_set_status(dev, 15), XVIO_ST_OK);
	assert_int_equal(card_status(dev), 15);
	assert_true(runs(0) && runs(1));
}

/* One chain in vq 1: a header and frame of len_bytes at ring_addr(1) + 0x3000. */
static void send_frame(uint16_t count, uint32_t len_bytes)
{
	struct virtq_desc *desc = fake_host(ring_addr(1), sizeof(*desc));
	struct virtq_avail *avail = fake_host(ring_addr(1) + 0x1000, 4 + 2 * QUEUE_SIZE);

	*desc = (struct virtq_desc){.addr = ring_addr(1) + 0x3000, .len = len_bytes};
	avail->ring[avail->idx % QUEUE_SIZE] = 0;
	avail->idx = (uint16_t)(avail->idx + count);
	fake_ring(64 + dev * 2 + 1);
	fake_run();
}

static void stop_gives_exact_index(void **state)
{
	(void)state;
	go_live();
	for (unsigned i = 0; i < 5; i++)
		send_frame(1, 12 + 60);
	assert_int_equal(set_vq(1, false, 999), XVIO_ST_OK);
	assert_false(runs(1));
	assert_true(runs(0));
	assert_int_equal(card_vq(dev, 1).last_avail, 5);
	assert_int_equal(set_vq(1, true, 5), XVIO_ST_OK);
	assert_true(runs(1));
	send_frame(1, 12 + 60);
	assert_int_equal(set_vq(1, false, 0), XVIO_ST_OK);
	assert_int_equal(card_vq(dev, 1).last_avail, 6);
}

/* A notify that comes too early is forgotten, and those that come in time are not. */
static void notify_before_the_queue_runs(void **state)
{
	(void)state;
	fake_ring(64 + dev * 2);
	fake_ring(64 + dev * 2 + 1);
	fake_run();
	go_live();
	send_frame(1, 72);
	assert_int_equal(set_vq(1, false, 0), XVIO_ST_OK);
	assert_int_equal(card_vq(dev, 1).last_avail, 1);
}

static void bad_ring_needs_reset(void **state)
{
	const struct xvio_event_ring *ring = hal_events();

	(void)state;
	go_live();
	send_frame(QUEUE_SIZE + 1, 72); /* runs further than the ring is long */
	ctrl_poll();
	assert_int_equal(card_status(dev), 15 | VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(card_vq(dev, 1).error, XVIO_RING_ERR_INDEX);
	assert_int_equal(card_vq(dev, 1).ready, 0);
	assert_true(runs(0));
	assert_int_equal(ring->head, 2);
	assert_int_equal(ring->entry[0].type, XVIO_EVENT_QUEUE_ERROR);
	assert_int_equal(ring->entry[0].object, 64 + dev * 2 + 1);
	assert_int_equal(ring->entry[0].arg, XVIO_RING_ERR_INDEX);
	assert_int_equal(ring->entry[1].type, XVIO_EVENT_VDPA_CONFIG);
	assert_int_equal(ring->entry[1].object, dev);
	/* The driver cannot talk it away, only reset it. */
	assert_int_equal(card_set_status(dev, 15), XVIO_ST_OK);
	assert_int_equal(card_status(dev), 15 | VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(card_set_status(dev, 0), XVIO_ST_OK);
	assert_int_equal(card_status(dev), 0);
	go_live();
	send_frame(1, 72);
	assert_true(runs(1));
}

static void reset_keeps_the_map(void **state)
{
	const uint64_t before = card_stat(XVIO_STAT_RX_PACKETS);

	(void)state;
	go_live();
	assert_int_equal(card_set_status(dev, 0), XVIO_ST_OK);
	assert_false(runs(0) || runs(1));
	go_live();
	send_frame(1, 72);
	assert_int_equal(card_stat(XVIO_STAT_RX_PACKETS), before + 1);
}

/* A table without the ring's addresses: the queue stops at once, and the refusal is counted. */
static void address_outside_the_map(void **state)
{
	const struct xvio_cmd_vdpa_map empty = {.dev = dev};

	(void)state;
	go_live();
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, empty), XVIO_ST_OK);
	send_frame(1, 72);
	ctrl_poll();
	assert_int_equal(card_vq(dev, 1).error, XVIO_RING_ERR_ADDRESS);
	assert_true(card_stat(XVIO_STAT_RING_ERR_ADDRESS) > 0);
	assert_true(card_status(dev) & VIRTIO_STATUS_NEEDS_RESET);
}

/* A frame that was sent while the device is suspended waits; nothing is lost, nothing comes twice. */
static void suspended_device_stands_still(void **state)
{
	const uint64_t before = card_stat(XVIO_STAT_RX_PACKETS);
	const struct virtq_used *used = fake_host(ring_addr(1) + 0x2000, sizeof(*used));

	(void)state;
	go_live();
	send_frame(1, 72);
	assert_int_equal(suspend(true), XVIO_ST_OK);
	assert_non_null(strstr(fake_log_last(), "vdpa 0: suspended, "));
	assert_int_equal(suspend(true), XVIO_ST_OK);
	assert_int_equal(card_status(dev), 15);
	assert_int_equal(card_vq(dev, 1).ready, 1);
	send_frame(1, 72);
	assert_int_equal(card_vq(dev, 1).last_avail, 1);
	assert_int_equal(used->idx, 1);
	assert_int_equal(card_stat(XVIO_STAT_RX_PACKETS), before + 1);
	assert_int_equal(suspend(false), XVIO_ST_OK);
	assert_true(runs(0) && runs(1));
	fake_run();
	assert_int_equal(used->idx, 2);
	assert_int_equal(card_stat(XVIO_STAT_RX_PACKETS), before + 2);
}

/* It may be moved to another place meanwhile, and goes on there. */
static void suspended_queue_is_set_anew(void **state)
{
	(void)state;
	go_live();
	send_frame(1, 72);
	assert_int_equal(suspend(true), XVIO_ST_OK);
	assert_int_equal(set_vq(1, false, 0), XVIO_ST_OK);
	assert_int_equal(card_vq(dev, 1).last_avail, 1);
	assert_int_equal(set_vq(1, true, 7), XVIO_ST_OK);
	assert_false(runs(1));
	assert_int_equal(suspend(false), XVIO_ST_OK);
	assert_true(runs(1));
	send_frame(1, 72);
	assert_int_equal(set_vq(1, false, 0), XVIO_ST_OK);
	assert_int_equal(card_vq(dev, 1).last_avail, 8);
}

/* What a queue counts outlives a suspension, and no reset. */
static void suspension_keeps_what_was_counted(void **state)
{
	const struct xvio_cmd_vdpa_vq_id id = {.dev = dev, .vq = 1};
	const struct xvio_vdpa_vq_stats *stats = card_result();

	(void)state;
	go_live();
	send_frame(1, 72);
	assert_int_equal(suspend(true), XVIO_ST_OK);
	assert_int_equal(suspend(false), XVIO_ST_OK);
	send_frame(1, 72);
	assert_int_equal(card_command(XVIO_CMD_VDPA_VQ_STATS, id), XVIO_ST_OK);
	assert_int_equal(stats->packets, 2);
	assert_int_equal(stats->bytes, 120);
	assert_int_equal(stats->notifications, 2);
	assert_int_equal(stats->drops, 0);
	assert_int_equal(card_set_status(dev, 0), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_VDPA_VQ_STATS, id), XVIO_ST_OK);
	assert_int_equal(stats->packets, 0);
}

static unsigned set_group(uint16_t group, uint16_t asid)
{
	const struct xvio_cmd_vdpa_group set = {.dev = dev, .group = group, .asid = asid};

	return card_command(XVIO_CMD_VDPA_GROUP, set);
}

/* The data queues have the map of the space that their group is in, and of no other. */
static void groups_are_in_spaces(void **state)
{
	const struct xvio_cmd_vdpa_map nothing = {.dev = dev, .asid = 1};
	const struct xvio_cmd_vdpa_map all = {.dev = dev, .asid = 1, .flags = XVIO_MAP_F_IDENTITY};
	const struct virtq_used *used = fake_host(ring_addr(1) + 0x2000, sizeof(*used));

	(void)state;
	go_live();
	assert_int_equal(set_group(XVIO_VDPA_GROUP_CONTROL, 1), XVIO_ST_OK);
	send_frame(1, 72);
	assert_int_equal(used->idx, 1);
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, all), XVIO_ST_OK);
	assert_int_equal(set_group(XVIO_VDPA_GROUP_DATA, 1), XVIO_ST_OK);
	send_frame(1, 72);
	assert_int_equal(used->idx, 2);
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, nothing), XVIO_ST_OK);
	send_frame(1, 72);
	ctrl_poll();
	assert_int_equal(card_vq(dev, 1).error, XVIO_RING_ERR_ADDRESS);
	/* After a reset all groups are in the first space again. */
	assert_int_equal(card_set_status(dev, 0), XVIO_ST_OK);
	go_live();
	send_frame(1, 72);
	assert_int_equal(card_vq(dev, 1).error, XVIO_RING_ERR_NONE);
	assert_true(runs(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_walk, prepare),
		cmocka_unit_test_setup(stop_gives_exact_index, prepare),
		cmocka_unit_test_setup(notify_before_the_queue_runs, prepare),
		cmocka_unit_test_setup(bad_ring_needs_reset, prepare),
		cmocka_unit_test_setup(reset_keeps_the_map, prepare),
		cmocka_unit_test_setup(address_outside_the_map, prepare),
		cmocka_unit_test_setup(suspended_device_stands_still, prepare),
		cmocka_unit_test_setup(suspended_queue_is_set_anew, prepare),
		cmocka_unit_test_setup(suspension_keeps_what_was_counted, prepare),
		cmocka_unit_test_setup(groups_are_in_spaces, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
