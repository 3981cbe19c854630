/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a device's driver has set survives a restart of the firmware, for vDPA devices and VFs alike, and what
 * it did not set does not; what is kept may be nonsense; commands to go on are refused where there is nothing to go
 * on with. (Packets: test_restart.c.)
 */
#include <stdlib.h>
#include "common/nc_bed.h"
#include "ctrl/cmd_vdpa.h"
#include "ctrl/keep.h"
#include "ctrl/net_ctrl_keep.h"
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

static uint64_t all_features(void)
{
	return (net_features_vf() &
		~(VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX) |
		  VIRTIO_BIT(VIRTIO_F_IN_ORDER) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC))) |
	       bed_ring_features();
}

static unsigned number_of(unsigned i)
{
	return i == NUM_DATA ? control : i;
}

/* vDPA */

static struct xvio_cmd_vdpa_create creation(bool resume)
{
	struct xvio_cmd_vdpa_create create = {.features = all_features(), .queue_pairs = NC_PAIRS};

	if (resume) {
		create.flags = XVIO_VDPA_CREATE_F_RESUME;
		create.queue_base = queue_base;
	}
	return create;
}

static unsigned create_vdpa(bool resume)
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

static unsigned set_vq(unsigned i, bool resume)
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

static void accept_vdpa(uint64_t features)
{
	assert_int_equal(card_set_status(0, 3), XVIO_ST_OK);
	assert_int_equal(card_set_features(0, features), XVIO_ST_OK);
	assert_int_equal(card_set_status(0, 11), XVIO_ST_OK);
}

static void run_vdpa(uint64_t features, bool resume)
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

static unsigned set_num_vfs(uint32_t num, bool resume)
{
	const struct xvio_cmd_vf_num set = {.num = num, .flags = resume ? XVIO_VF_NUM_F_RESUME : 0};

	return card_command(XVIO_CMD_VF_SET_NUM, set);
}

static void trust(void)
{
	const struct xvio_cmd_vf set = {.what = XVIO_VF_SET_TRUST, .flags = XVIO_VF_F_TRUSTED};

	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
}

static void run_vf(uint64_t features)
{
	assert_true(vf_accept_features(0, features));
	for (unsigned i = 0; i < NUM_QUEUES; i++)
		vf_set_up_queue(0, number_of(i), 1 + i, &driver[i]);
	VF_WR(0, config_msix_vector, 0);
	vf_run(0);
}

/* Either */

static void reset_drivers(void)
{
	for (unsigned i = 0; i < NUM_QUEUES; i++)
		driver_reset(&driver[i]);
}

static void run_anew(uint64_t features)
{
	reset_drivers();
	accepted = features;
	if (is_vf)
		run_vf(features);
	else
		run_vdpa(features, false);
}

static void start(void)
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

static void reset_device(void)
{
	if (is_vf)
		VF_WR(0, device_status, 0);
	else
		assert_int_equal(card_set_status(0, 0), XVIO_ST_OK);
}

static void resume(void)
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
static void on_all(void (*fn)(void))
{
	for (unsigned i = 0; i < 4; i++) {
		is_vf = i & 1;
		bed_rings = (struct driver_rings){.packed = i & 2, .event_idx = i & 2};
		start();
		fn();
	}
}

static uint8_t run_command(void)
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
static int compare_slots(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void see(struct seen *what)
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

static void assert_as_before(void)
{
	see(&now);
	assert_memory_equal(now.page, seen.page, sizeof(now.page));
	assert_memory_equal(&now, &seen, sizeof(now));
}

static void assert_not_as_before(void)
{
	see(&now);
	assert_memory_not_equal(&now, &seen, sizeof(now));
}

/* Settings */

static void set_port(uint16_t what, bool up, const uint8_t *mac)
{
	struct xvio_cmd_port_set set = {.port = port, .what = what, .flags = up};

	if (mac)
		memcpy(set.mac, mac, sizeof(set.mac));
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
}

static void randomize_key(void)
{
	for (unsigned i = 1; i <= RSS_MAX_KEY_BYTES; i++)
		nc_cmd[nc_cmd_bytes - i] = (uint8_t)check_random(256);
}

static void make_command(void)
{
	const uint8_t mac[6] = {2, 1, 2, 3, 4, (uint8_t)check_random(256)};
	const uint32_t few = 1 + check_random(100);

	switch (check_random(11)) {
	case 0:
		nc_mode((uint8_t)check_random(NET_CTRL_RX_MODES), (uint8_t)check_random(2));
		return;
	case 1:
		nc_mac_table(check_random(70), check_random(70)); /* 64 are too many */
		return;
	case 2:
		nc_mac_addr(mac);
		return;
	case 3:
		nc_vlan(VIRTIO_NET_CTRL_VLAN_ADD, check_random(RXFILTER_VLANS));
		return;
	case 4:
		nc_pairs(1 + check_random(NC_PAIRS));
		return;
	case 5:
		nc_rss_config(RSS_HASH_TYPES & check_random(64), 1u << check_random(8),
			      1 + check_random(NC_PAIRS), RSS_MAX_KEY_BYTES);
		randomize_key();
		return;
	case 6:
		nc_hash_config(RSS_HASH_TYPES & check_random(64), RSS_MAX_KEY_BYTES);
		randomize_key();
		return;
	case 7:
		nc_offloads(check_random(2) ? BIT(GUEST_CSUM) : BIT(GUEST_CSUM) | BIT(GUEST_TSO4));
		return;
	case 8:
		nc_coal((uint8_t)check_random(2), few, few + 1);
		return;
	case 9:
		nc_coal_vq_set(check_random(NUM_DATA), few, few + 2);
		return;
	default:
		set_port(XVIO_PORT_SET_ADMIN, false, NULL); /* asks for an announcement */
		set_port(XVIO_PORT_SET_ADMIN, true, NULL);
		nc_set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK);
		if (check_random(2))
			nc_vlan(VIRTIO_NET_CTRL_VLAN_DEL, 1);
		return;
	}
}

static void check_settings(void)
{
	unsigned num_done = 0;

	check_seed(is_vf);
	for (unsigned i = 0; i < 150; i++) {
		make_command();
		num_done += run_command() == VIRTIO_NET_OK;
		if (i == 100) {
			reset_device();
			run_anew(all_features() & ~BIT(HASH_REPORT));
		}
		see(&seen);
		resume();
		assert_as_before();
	}
	assert_in_range(num_done, 100, 149);
}

/* After each command, on top of all that were before. */
static void settings_survive(void **state)
{
	(void)state;
	on_all(check_settings);
}

static void set_a_few(void)
{
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	nc_pairs(3);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	nc_coal_vq_set(0, 9, 10);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
}

/* What a reset forgets a restart does not bring back. */
static void check_reset(void)
{
	see(&seen);
	set_a_few();
	assert_not_as_before();
	reset_device();
	card_restart();
	if (is_vf)
		assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
	else
		assert_int_equal(create_vdpa(true), XVIO_ST_OK);
	run_anew(accepted);
	assert_as_before();
}

static void reset_forgets(void **state)
{
	(void)state;
	on_all(check_reset);
}

static void end_device(void)
{
	if (is_vf)
		assert_int_equal(set_num_vfs(0, false), XVIO_ST_OK);
	else
		assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 0), XVIO_ST_OK);
}

static void make_device(bool resume)
{
	if (!is_vf) {
		assert_int_equal(create_vdpa(resume), XVIO_ST_OK);
		return;
	}
	assert_int_equal(set_num_vfs(2, resume), XVIO_ST_OK);
	assert_int_equal(VF_RD(0, device_status), 0);
	trust();
}

/* Nor one that was made without, though no driver came, and nor one that was destroyed. */
static void check_made_anew(void)
{
	see(&seen);
	for (unsigned i = 0; i < 2; i++) {
		set_a_few();
		if (i) {
			end_device();
		} else {
			card_restart();
			make_device(false);
		}
		card_restart();
		make_device(true);
		run_anew(accepted);
		assert_as_before();
	}
}

static void making_anew_forgets(void **state)
{
	(void)state;
	on_all(check_made_anew);
}

/* Another driver: it has accepted other features, so nothing is its own. */
static void other_features(void **state)
{
	(void)state;
	is_vf = false;
	bed_rings = (struct driver_rings){0};
	start();
	set_a_few();
	card_restart();
	assert_int_equal(create_vdpa(true), XVIO_ST_OK);
	run_vdpa(all_features() & ~BIT(STATUS), true);
	see(&now);
	assert_false(now.has_filter); /* promiscuous */
	assert_int_equal(now.num_pairs, 1);
	assert_int_equal(now.coalesce[0].max_packets, 0);
}

/* The host says a VF's address again, which does not undo the one that its driver has set; later it does. */
static void host_repeats_an_address(void **state)
{
	static const uint8_t hosts[6] = {2, 5, 5, 5, 5, 5}, own[6] = {2, 6, 6, 6, 6, 6};
	uint8_t mac[6];

	(void)state;
	is_vf = true;
	start();
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	nc_mac_addr(own);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	resume();
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	port_mac(port, mac);
	assert_memory_equal(mac, own, 6);
	assert_memory_equal((const uint8_t *)hal_vf_page(0) + XVIO_VF_DEVICE, own, 6);
	resume();
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	assert_memory_equal((const uint8_t *)hal_vf_page(0) + XVIO_VF_DEVICE, hosts, 6);
	/* The driver's is forgotten by its reset, also after a restart. */
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	resume();
	VF_WR(0, device_status, 0);
	assert_memory_equal((const uint8_t *)hal_vf_page(0) + XVIO_VF_DEVICE, hosts, 6);
}

/* vDPA: commands */

static unsigned suspend(bool suspended)
{
	const struct xvio_cmd_vdpa_suspend set = {.suspended = suspended};

	return card_command(XVIO_CMD_VDPA_SUSPEND, set);
}

static unsigned interrupts(void)
{
	unsigned num = 0;

	for (unsigned i = 0; i < NUM_QUEUES; i++)
		num += fake_msix_count(XVIO_FUNCTION_PF, (uint16_t)(1 + i));
	return num;
}

/* A device that was suspended is again, before a queue of it runs. */
static void check_suspended(void)
{
	if (is_vf)
		return;
	set_a_few();
	see(&seen);
	assert_int_equal(suspend(true), XVIO_ST_OK);
	card_restart();
	assert_int_equal(create_vdpa(true), XVIO_ST_OK);
	accept_vdpa(accepted);
	assert_int_equal(card_set_status(0, 15), XVIO_ST_OK);
	assert_int_equal(suspend(true), XVIO_ST_OK);
	for (unsigned i = 0; i < NUM_QUEUES; i++) {
		assert_int_equal(set_vq(i, true), XVIO_ST_OK);
		assert_int_equal(card_vq(0, (uint16_t)number_of(i)).last_avail,
				 driver[i].avail_idx);
		assert_int_equal(card_vq(0, (uint16_t)number_of(i)).ready, 1);
	}
	see(&now);
	assert_false(now.runs[0]);
	assert_int_equal(interrupts(), 0);
	assert_int_equal(suspend(false), XVIO_ST_OK);
	assert_int_equal(interrupts(), NUM_QUEUES);
	assert_as_before();
	assert_int_equal(suspend(true), XVIO_ST_OK);
	assert_int_equal(suspend(false), XVIO_ST_OK);
	assert_int_equal(interrupts(), NUM_QUEUES);
}

static void suspended_device(void **state)
{
	(void)state;
	on_all(check_suspended);
}

static unsigned create_at(uint32_t dev, uint32_t base)
{
	struct xvio_cmd_vdpa_create create = creation(true);

	create.dev = dev;
	create.queue_base = base;
	return card_command(XVIO_CMD_VDPA_CREATE, create);
}

static void assert_bad(unsigned status, size_t offset_bytes)
{
	assert_int_equal(status, XVIO_ST_BAD_VALUE);
	assert_int_equal(card_answer()->detail, offset_bytes);
}

static void places_of_devices(void **state)
{
	const struct xvio_vdpa_created *created = card_result();
	const uint32_t end = XVIO_VF_FIRST_DOORBELL;

	(void)state;
	is_vf = false;
	bed_rings = (struct driver_rings){0};
	start();
	card_restart();
	assert_bad(create_at(0, 63), offsetof(struct xvio_cmd_vdpa_create, queue_base));
	assert_bad(create_at(0, end - NUM_QUEUES + 1),
		   offsetof(struct xvio_cmd_vdpa_create, queue_base));
	assert_bad(create_at(0, 0xffffffff), offsetof(struct xvio_cmd_vdpa_create, queue_base));
	assert_bad(create_at(XVIO_MAX_VDPA, 64), offsetof(struct xvio_cmd_vdpa_create, dev));
	assert_int_equal(create_at(7, 100), XVIO_ST_OK);
	assert_int_equal(created->dev, 7);
	assert_int_equal(created->port, XVIO_PORT_VDPA(7));
	assert_int_equal(created->queue_base, 100);
	assert_int_equal(created->num_queues, NUM_QUEUES);
	assert_int_equal(create_at(7, 200), XVIO_ST_EXISTS);
	assert_int_equal(create_at(8, 100 + NUM_QUEUES - 1), XVIO_ST_EXISTS);
	assert_int_equal(create_at(8, 100 - NUM_QUEUES + 1), XVIO_ST_EXISTS);
	assert_int_equal(create_at(XVIO_MAX_VDPA - 1, end - NUM_QUEUES), XVIO_ST_OK);
	/* Others find what is left. */
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(create_vdpa(false), XVIO_ST_OK);
		assert_int_equal(queue_base,
				 i < 4 ? 64 + i * NUM_QUEUES : 100 + (i - 3) * NUM_QUEUES);
		assert_non_null(cmd_vdpa_find(i < 7 ? i : i + 1));
	}
	assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 7), XVIO_ST_OK);
	assert_int_equal(create_at(7, 100), XVIO_ST_OK);
}

static void check_queues(void)
{
	const struct xvio_cmd_vdpa_map nothing = {0};
	const size_t offset_bytes = offsetof(struct xvio_cmd_vdpa_vq, resume);
	struct virtq_place *place = keep_place(queue_base);

	if (is_vf)
		return;
	assert_bad(set_vq(0, true), offset_bytes); /* it was not made by RESUME */
	card_restart();
	assert_int_equal(create_vdpa(true), XVIO_ST_OK);
	accept_vdpa(accepted);
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, nothing), XVIO_ST_OK);
	assert_int_equal(set_vq(0, true), XVIO_ST_BAD_STATE);
	assert_int_equal(card_vq(0, 0).ready, 0);
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP,
				      ((struct xvio_cmd_vdpa_map){.flags = XVIO_MAP_F_IDENTITY})),
			 XVIO_ST_OK);
	if (bed_rings.packed) {
		const uint32_t good = place->places;
		const uint32_t bad[] = {VIRTQ_PLACES(SIZE, 0), VIRTQ_PLACES(0, SIZE),
					VIRTQ_PLACES(5, 4), VIRTQ_PLACES(4, VIRTQ_PACKED_WRAP | 5)};

		for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			place->places = bad[i];
			assert_int_equal(set_vq(0, true), XVIO_ST_BAD_STATE);
		}
		place->places = good;
	}
	fake_fail_after(0);
	assert_int_equal(set_vq(0, true), XVIO_ST_BAD_STATE);
	assert_int_equal(set_vq(0, true), XVIO_ST_OK);
	assert_int_equal(set_vq(0, true), XVIO_ST_BAD_STATE);
	assert_int_equal(card_set_status(0, 0), XVIO_ST_OK);
	assert_bad(set_vq(0, true), offset_bytes); /* nothing is left to go on with */
}

static void places_of_queues(void **state)
{
	(void)state;
	on_all(check_queues);
}

/* VFs: registers */

static void restart_vf(void)
{
	memcpy(seen.page, hal_vf_page(0), sizeof(seen.page));
	card_restart();
	assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
	assert_memory_equal(hal_vf_page(0), seen.page, sizeof(seen.page));
}

/* A restart after each write of a driver that sets the device up. */
static void registers(void **state)
{
	(void)state;
	is_vf = true;
	bed_rings = (struct driver_rings){.packed = true};
	start();
	VF_WR(0, device_status, 0);
	restart_vf();
	VF_WR(0, device_status, 1);
	restart_vf();
	VF_WR(0, device_status, 3);
	VF_WR(0, device_feature_select, 1);
	restart_vf();
	vf_write_features(0, accepted);
	VF_WR(0, driver_feature_select, 0);
	restart_vf();
	assert_int_equal(VF_RD(0, driver_feature), (uint32_t)accepted);
	VF_WR(0, device_status, 11);
	restart_vf();
	reset_drivers();
	for (unsigned i = 0; i < NUM_QUEUES; i++) {
		VF_WR(0, queue_select, number_of(i));
		VF_WR(0, queue_size, SIZE / 2);
		restart_vf();
		vf_set_up_queue(0, number_of(i), 1 + i, &driver[i]);
		restart_vf();
	}
	VF_WR(0, config_msix_vector, 17);
	restart_vf();
	vf_run(0);
	restart_vf();
	assert_int_equal(VF_RD(0, device_status), 15);
	VF_WR(0, device_status, 15 | VIRTIO_STATUS_FAILED);
	restart_vf();
	set_a_few();
	VF_WR(0, queue_select, 2);
	VF_WR(0, queue_reset, 1);
	restart_vf();
	assert_false(vnet_get(port)->queue[2].running);
	assert_true(vnet_get(port)->queue[3].running);
	/* The other VF has no driver. */
	assert_int_equal(VF_RD(1, device_status), 0);
	assert_int_equal(VF_RD(1, queue_size), VIRTIO_PCI_QUEUE_SIZE);
}

/* What the administrator decided holds again, and before the queues run. */
static void decisions(void **state)
{
	const struct xvio_cmd_vf set = {
		.what = 15, .flags = 3, .vlan_tci = 0x2007, .max_tx_mbps = 77};
	const struct xvio_cmd_vf none = {.what = XVIO_VF_SET_TRUST};
	const struct xvio_cmd_vf *got = card_result();
	static const uint8_t mac[6] = {2, 5, 5, 5, 5, 5};
	struct port *at;

	(void)state;
	is_vf = true;
	bed_rings = (struct driver_rings){0};
	start();
	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
	set_port(XVIO_PORT_SET_MAC | XVIO_PORT_SET_ADMIN, false, mac);
	resume();
	at = port_get(port);
	assert_true(at->policy.any && at->policy.checks_source);
	assert_int_equal(at->policy.vlan_tci, 0x2007);
	assert_int_equal(at->meter.bits_per_us, 77);
	assert_memory_equal(at->mac, mac, 6);
	assert_false(port_admin(port));
	assert_int_equal(card_object(XVIO_CMD_VF_GET, 0), XVIO_ST_OK);
	assert_int_equal(got->flags, 3);
	nc_mac_addr(mac);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	assert_int_equal(card_command(XVIO_CMD_VF_SET, none), XVIO_ST_OK);
	resume();
	assert_int_equal(run_command(),
			 VIRTIO_NET_ERR); /* it was given a MAC, and is not trusted */
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1);
	assert_int_equal(run_command(), VIRTIO_NET_ERR);
	/* New VFs have none of it. */
	card_restart();
	assert_int_equal(set_num_vfs(1, false), XVIO_ST_OK);
	assert_false(port_get(port)->policy.any);
	assert_true(port_admin(port));
}

static void needs_reset_stays(void **state)
{
	const uint16_t bad = 0x7777;

	(void)state;
	is_vf = true;
	bed_rings = (struct driver_rings){0};
	start();
	driver_set_avail(&driver[1], 0, bad);
	fake_ring(queue_base + 1);
	fake_run();
	ctrl_poll();
	assert_int_equal(VF_RD(0, device_status), 15 | VIRTIO_STATUS_NEEDS_RESET);
	restart_vf();
	assert_false(vnet_get(port)->queue[1].running);
	assert_true(vnet_get(port)->queue[3].running);
}

/* Of one queue it is not known where it stands: it does not run, and the driver is told. */
static void unknown_place(void **state)
{
	(void)state;
	is_vf = true;
	bed_rings = (struct driver_rings){.packed = true};
	start();
	keep_place(queue_base + 1)->places = VIRTQ_PLACES(SIZE, SIZE);
	card_restart();
	assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
	assert_int_equal(VF_RD(0, device_status), 15 | VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(fake_msix_count((uint16_t)XVIO_FUNCTION_VF(0), 0), 1);
	assert_int_equal(fake_msix_count((uint16_t)XVIO_FUNCTION_VF(0), 2), 0);
	assert_int_equal(fake_msix_count((uint16_t)XVIO_FUNCTION_VF(0), 3), 1);
	assert_false(vnet_get(port)->queue[1].running);
	assert_true(vnet_get(port)->queue[3].running);
	VF_WR(0, device_status, 0);
	run_anew(accepted);
}

static void fewer_vfs(void **state)
{
	(void)state;
	is_vf = true;
	bed_rings = (struct driver_rings){0};
	start();
	card_restart();
	assert_int_equal(set_num_vfs(XVIO_NUM_VFS, true), XVIO_ST_OK);
	assert_int_equal(VF_RD(0, device_status), 15);
	for (unsigned i = 1; i < XVIO_NUM_VFS; i++)
		assert_int_equal(VF_RD(i, device_status), 0);
	card_restart();
	assert_int_equal(set_num_vfs(1, false), XVIO_ST_OK);
	assert_int_equal(VF_RD(0, device_status), 0);
}

/* Records that nobody has written */

static uint8_t record[KEEP_MAX_NET_BYTES];

static void spoil(enum keep_kind kind, unsigned number, size_t len_bytes)
{
	unsigned num = 1 + check_random(3);

	if (!keep_read(kind, number, record, len_bytes))
		return;
	if (!check_random(20))
		num = (unsigned)len_bytes;
	for (; num; num--)
		record[check_random((uint32_t)len_bytes)] =
			(uint8_t)(check_random(2) ? check_random(256) : 255u * check_random(2));
	keep_write(kind, number, record, len_bytes);
}

static size_t pci_bytes(void)
{
	size_t len_bytes = 1;

	while (!keep_read(KEEP_PCI, 0, record, len_bytes))
		assert_true(len_bytes++ < KEEP_MAX_PCI_BYTES);
	return len_bytes;
}

/* The device is as it was, or new, or something in between that a driver can have made; a driver can use it. */
static void check_spoiled(void)
{
	const size_t len_bytes = is_vf ? pci_bytes() : 0;

	check_seed(7);
	for (unsigned i = 0; i < 1500; i++) {
		if (i % 2 || !is_vf)
			spoil(KEEP_NET, port, sizeof(struct net_kept));
		else
			spoil(KEEP_PCI, 0, len_bytes);
		card_restart();
		if (is_vf)
			assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
		else
			assert_int_equal(create_vdpa(true), XVIO_ST_OK);
		if (!is_vf)
			run_vdpa(accepted, true);
		fake_run();
		ctrl_poll();
		reset_device();
		fake_run();
		if (is_vf)
			trust();
		run_anew(accepted);
		set_a_few();
	}
}

static void spoiled_records(void **state)
{
	(void)state;
	on_all(check_spoiled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_survive),
		cmocka_unit_test(reset_forgets),
		cmocka_unit_test(making_anew_forgets),
		cmocka_unit_test(other_features),
		cmocka_unit_test(host_repeats_an_address),
		cmocka_unit_test(suspended_device),
		cmocka_unit_test(places_of_devices),
		cmocka_unit_test(places_of_queues),
		cmocka_unit_test(registers),
		cmocka_unit_test(decisions),
		cmocka_unit_test(needs_reset_stays),
		cmocka_unit_test(unknown_place),
		cmocka_unit_test(fewer_vfs),
		cmocka_unit_test(spoiled_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
