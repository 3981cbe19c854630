/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A device with a driver that has set much of it, a vDPA device or a VF, around restarts of the firmware; and what
 * the path does for it. For test_resume*.c.
 */
#ifndef TESTS_UNIT_CTRL_RESUME_BED_H
#define TESTS_UNIT_CTRL_RESUME_BED_H

#include <stdlib.h>
#include "common/nc_bed.h"
#include "ctrl/cmd_vdpa.h"
#include "ctrl/keep.h"
#include "ctrl/net_features.h"
#include "path/vnet_queue.h"
#include "vf_regs.h"

#define SIZE	   64u
#define NUM_DATA   (2 * NC_PAIRS)
#define NUM_QUEUES (NUM_DATA + 1)
#define BIT(bit)   VIRTIO_BIT(VIRTIO_NET_F_##bit)

static bool is_vf;
static uint16_t port;
static uint32_t queue_base;
static unsigned control; /* the control queue's number */
static uint64_t accepted;
static struct driver driver[NUM_QUEUES]; /* the last one of the control queue */

static inline uint64_t all_features(void)
{
	return (net_features_vf() &
		~(VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX) |
		  VIRTIO_BIT(VIRTIO_F_IN_ORDER) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC))) |
	       bed_ring_features();
}

static inline unsigned number_of(unsigned i)
{
	return i == NUM_DATA ? control : i;
}

/* vDPA */

static inline struct xvio_cmd_vdpa_create creation(bool resume)
{
	struct xvio_cmd_vdpa_create create = {.features = all_features(), .queue_pairs = NC_PAIRS};

	if (resume) {
		create.flags = XVIO_VDPA_CREATE_F_RESUME;
		create.queue_base = queue_base;
	}
	return create;
}

static inline unsigned create_vdpa(bool resume)
{
	const struct xvio_cmd_vdpa_create create = creation(resume);
	const struct xvio_cmd_vdpa_map map = {.flags = XVIO_MAP_F_IDENTITY};
	const unsigned status = card_command(XVIO_CMD_VDPA_CREATE, create);

	if (status != XVIO_ST_OK)
		return status;
	queue_base = ((const struct xvio_vdpa_created *)card_result())->queue_base;
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, map), XVIO_ST_OK);
	return status;
}

static inline unsigned set_vq(unsigned i, bool resume)
{
	const struct xvio_cmd_vdpa_vq set = {
		.vq = (uint16_t)number_of(i),
		.size = SIZE,
		.vector = (uint16_t)(1 + i),
		.last_avail = driver[i].avail_idx,
		.ready = 1,
		.resume = resume,
		.desc_iova = driver[i].iova + DRIVER_DESC_OFFSET,
		.driver_iova = driver[i].iova + DRIVER_RING_OFFSET,
		.device_iova = driver[i].iova + DRIVER_USED_OFFSET,
	};

	return card_command(XVIO_CMD_VDPA_VQ_SET, set);
}

static inline void accept_vdpa(uint64_t features)
{
	assert_int_equal(card_set_status(0, 3), XVIO_ST_OK);
	assert_int_equal(card_set_features(0, features), XVIO_ST_OK);
	assert_int_equal(card_set_status(0, 11), XVIO_ST_OK);
}

static inline void run_vdpa(uint64_t features, bool resume)
{
	accept_vdpa(features);
	for (unsigned i = 0; i < NUM_QUEUES; i++)
		if (i % 3)
			assert_int_equal(set_vq(i, resume), XVIO_ST_OK);
	assert_int_equal(card_set_status(0, 15), XVIO_ST_OK);
	assert_int_equal(card_status(0), 15);
	for (unsigned i = 0; i < NUM_QUEUES; i += 3)
		assert_int_equal(set_vq(i, resume), XVIO_ST_OK);
}

/* VFs */

static inline unsigned set_num_vfs(uint32_t num, bool resume)
{
	const struct xvio_cmd_vf_num set = {.num = num, .flags = resume ? XVIO_VF_NUM_F_RESUME : 0};

	return card_command(XVIO_CMD_VF_SET_NUM, set);
}

static inline void trust(void)
{
	const struct xvio_cmd_vf set = {.what = XVIO_VF_SET_TRUST, .flags = XVIO_VF_F_TRUSTED};

	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
}

static inline void run_vf(uint64_t features)
{
	assert_true(vf_accept_features(0, features));
	for (unsigned i = 0; i < NUM_QUEUES; i++)
		vf_set_up_queue(0, number_of(i), 1 + i, &driver[i]);
	VF_WR(0, config_msix_vector, 0);
	vf_run(0);
}

/* Either */

static inline void reset_drivers(void)
{
	for (unsigned i = 0; i < NUM_QUEUES; i++)
		driver_reset(&driver[i]);
}

static inline void run_anew(uint64_t features)
{
	reset_drivers();
	accepted = features;
	if (is_vf)
		run_vf(features);
	else
		run_vdpa(features, false);
}

static inline void start(void)
{
	card_start(NULL);
	memset(driver, 0, sizeof(driver));
	port = (uint16_t)(is_vf ? XVIO_PORT_VF(0) : XVIO_PORT_VDPA(0));
	control = is_vf ? XVIO_VF_MAX_QUEUES - 1 : NUM_DATA;
	for (unsigned i = 0; i < NUM_QUEUES; i++) {
		const uint64_t addr = UINT64_C(0x100000000) * (1 + i);

		driver_init(&driver[i], addr, addr, SIZE, i % 2 == 0, bed_rings);
	}
	if (is_vf) {
		queue_base = XVIO_VF_DOORBELL(0, 0);
		assert_int_equal(set_num_vfs(2, false), XVIO_ST_OK);
		trust();
	} else {
		assert_int_equal(create_vdpa(false), XVIO_ST_OK);
	}
	run_anew(all_features());
}

static inline void reset_device(void)
{
	if (is_vf)
		VF_WR(0, device_status, 0);
	else
		assert_int_equal(card_set_status(0, 0), XVIO_ST_OK);
}

static inline void resume(void)
{
	card_restart();
	if (is_vf) {
		assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
	} else {
		assert_int_equal(create_vdpa(true), XVIO_ST_OK);
		run_vdpa(accepted, true);
	}
}

/* Runs all tests on both, with split and with packed rings. */
static inline void on_all(void (*fn)(void))
{
	for (unsigned i = 0; i < 4; i++) {
		is_vf = i & 1;
		bed_rings = (struct driver_rings){.packed = i & 2, .event_idx = i & 2};
		start();
		fn();
	}
}

static inline uint8_t run_command(void)
{
	struct driver *queue = &driver[NUM_DATA];
	uint8_t answer[200];
	uint32_t len_bytes;

	assert_true(driver_command(queue, nc_cmd, nc_cmd_bytes, sizeof(answer)));
	fake_ring(queue_base + control);
	for (unsigned i = 0; i < 10; i++)
		ctrl_poll();
	assert_true(driver_reap(queue, answer, &len_bytes));
	return answer[0];
}

/* What the path does for the device, and what the device says of itself. */
static struct seen {
	struct virtio_net_config config;
	uint8_t page[XVIO_VF_REGS_BYTES];
	bool has_filter;
	bool has_rss;
	struct rxfilter filter;
	struct rss rss;
	uint16_t num_pairs;
	uint8_t takes;
	bool runs[VNET_MAX_QUEUES];
	struct coalesce coalesce[VNET_MAX_QUEUES];
} seen, now;

/* A hash that is new with each start says where an address stands. */
static inline int compare_slots(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static inline void see(struct seen *what)
{
	const struct vnet *vnet = vnet_get(port);

	memset(what, 0, sizeof(*what));
	if (is_vf) {
		memcpy(what->page, hal_vf_page(0), sizeof(what->page));
	} else {
		assert_non_null(cmd_vdpa_find(0));
		net_ctrl_fill_config(&cmd_vdpa_find(0)->net, &what->config);
	}
	what->has_filter = vnet->filter;
	if (vnet->filter)
		what->filter = *vnet->filter;
	qsort(what->filter.slot, RXFILTER_SLOTS, sizeof(what->filter.slot[0]), compare_slots);
	what->has_rss = vnet->rss;
	if (vnet->rss)
		what->rss = *vnet->rss;
	what->num_pairs = vnet->num_pairs;
	what->takes = vnet->port.takes;
	for (unsigned i = 0; i < VNET_MAX_QUEUES; i++) {
		what->runs[i] = vnet->queue[i].running;
		what->coalesce[i].max_usecs = vnet->queue[i].coalesce.max_usecs;
		what->coalesce[i].max_packets = vnet->queue[i].coalesce.max_packets;
	}
}

static inline void assert_as_before(void)
{
	see(&now);
	assert_memory_equal(now.page, seen.page, sizeof(now.page));
	assert_memory_equal(&now, &seen, sizeof(now));
}

static inline void assert_not_as_before(void)
{
	see(&now);
	assert_memory_not_equal(&now, &seen, sizeof(now));
}

static inline void set_a_few(void)
{
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	nc_pairs(3);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	nc_coal_vq_set(0, 9, 10);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
}

#endif
