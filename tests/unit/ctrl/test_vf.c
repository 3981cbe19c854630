/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Virtual functions: their registers as a driver uses them that was written from virtio 1.2, 3.1.1 and
 * 4.1.4.3; drivers that do not keep to it; what becomes of a VF when it is reset or taken away.
 */
#include "common/check.h"
#include "ctrl/cmd.h"
#include "path/port.h"
#include "path/vnet.h"
#include "vf_regs.h"

#define RING_BYTES 0x4000u
#define QUEUE_SIZE 16u
#define VF	   1u
#define PORT	   ((uint16_t)XVIO_PORT_VF(VF))
#define FUNCTION   ((uint16_t)XVIO_FUNCTION_VF(VF))

#define WR(member, value) VF_WR(VF, member, value)
#define RD(member)	  VF_RD(VF, member)

static uint64_t ring_addr(unsigned queue)
{
	return 0x10000u + queue * RING_BYTES;
}

static bool runs(unsigned queue)
{
	return vnet_queue_state(PORT, queue).running;
}

static int prepare(void **state)
{
	card_start(state);
	fake_host_map(ring_addr(0), 2 * RING_BYTES, FAKE_READ | FAKE_WRITE);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 3), XVIO_ST_OK);
	return 0;
}

/* The driver */

static uint64_t read_features(void)
{
	uint64_t features;

	WR(device_feature_select, 0);
	features = RD(device_feature);
	WR(device_feature_select, 1);
	return features | (uint64_t)RD(device_feature) << 32;
}

static void accept_features(uint64_t features)
{
	vf_write_features(VF, features);
	WR(device_status, 3);
	WR(device_status, 11);
}

static uint64_t split_features(void)
{
	return read_features() & ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
}

static void set_up_queue(unsigned queue)
{
	memset(fake_host(ring_addr(queue), RING_BYTES), 0, RING_BYTES);
	WR(queue_select, queue);
	WR(queue_size, QUEUE_SIZE);
	WR(queue_msix_vector, 1 + queue);
	VF_WR_ADDRESS(VF, queue_desc, ring_addr(queue));
	VF_WR_ADDRESS(VF, queue_driver, ring_addr(queue) + 0x1000);
	VF_WR_ADDRESS(VF, queue_device, ring_addr(queue) + 0x2000);
	WR(queue_enable, 1);
}

static void go_live(void)
{
	WR(device_status, 1);
	accept_features(split_features());
	assert_int_equal(RD(device_status), 11);
	WR(config_msix_vector, 0);
	set_up_queue(0);
	set_up_queue(1);
	WR(device_status, 15);
	assert_int_equal(RD(device_status), 15);
	assert_true(runs(0) && runs(1));
}

/* One chain in the transmit queue. */
static void send_frame(uint16_t count)
{
	struct virtq_desc *desc = fake_host(ring_addr(1), sizeof(*desc));
	struct virtq_avail *avail = fake_host(ring_addr(1) + 0x1000, 4 + 2 * QUEUE_SIZE);

	*desc = (struct virtq_desc){.addr = ring_addr(1) + 0x3000, .len = 72};
	avail->ring[avail->idx % QUEUE_SIZE] = 0;
	avail->idx = (uint16_t)(avail->idx + count);
	fake_ring(XVIO_VF_DOORBELL(VF, 1));
	fake_run();
}

static struct virtio_net_config read_config(void)
{
	struct virtio_net_config config;

	memcpy(&config, (const uint8_t *)hal_vf_page(VF) + XVIO_VF_DEVICE, sizeof(config));
	return config;
}

static void check_as_after_reset(void)
{
	assert_int_equal(RD(device_status), 0);
	assert_int_equal(RD(device_feature_select), 0);
	assert_int_equal(RD(driver_feature_select), 0);
	assert_int_equal(RD(driver_feature), 0);
	assert_int_equal(RD(config_msix_vector), VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(RD(queue_select), 0);
	for (unsigned queue = 0; queue < 2; queue++) {
		WR(queue_select, queue);
		assert_int_equal(RD(queue_size), VIRTIO_PCI_QUEUE_SIZE);
		assert_int_equal(RD(queue_enable), 0);
		assert_int_equal(RD(queue_msix_vector), VIRTIO_MSI_NO_VECTOR);
		assert_int_equal(
			fake_vf_read(VF, offsetof(struct virtio_pci_common, queue_desc), 4), 0);
		assert_false(runs(queue));
	}
}

/* Tests */

static void a_good_driver(void **state)
{
	const uint64_t before = card_stat(XVIO_STAT_RX_PACKETS);

	(void)state;
	check_as_after_reset();
	assert_int_equal(RD(num_queues), XVIO_VF_MAX_QUEUES);
	go_live();
	WR(queue_select, 1);
	assert_int_equal(RD(queue_enable), 1);
	assert_int_equal(RD(queue_size), QUEUE_SIZE);
	assert_int_equal(RD(queue_notify_off), 1);
	send_frame(1);
	assert_int_equal(card_stat(XVIO_STAT_RX_PACKETS), before + 1);
	assert_int_equal(fake_msix_count(FUNCTION, 2), 1); /* the queue's vector, the VF's */
	WR(device_status, 0);
	check_as_after_reset();
	go_live(); /* and once more */
}

static void same_features_as_vdpa(void **state)
{
	const struct xvio_dev_info *info = card_result();
	const uint64_t features = read_features();

	(void)state;
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
	assert_int_equal(features, info->vdpa_features & ~VIRTIO_BIT(VIRTIO_NET_F_STANDBY));
	WR(device_feature_select, 2);
	assert_int_equal(RD(device_feature), 0);
	WR(device_feature_select, 0xffffffff);
	assert_int_equal(RD(device_feature), 0);
}

static void features_refused(void **state)
{
	const uint64_t offered = read_features();

	(void)state;
	WR(device_status, 1);
	accept_features(offered | VIRTIO_BIT(39)); /* not offered */
	assert_int_equal(RD(device_status), 3);
	accept_features(VIRTIO_BIT(VIRTIO_F_VERSION_1)); /* will not do */
	assert_int_equal(RD(device_status), 3);
	WR(device_status, 0);
	WR(device_status, 1);
	vf_write_features(VF, offered);
	WR(device_status, 9); /* good ones, but DRIVER is left out */
	assert_int_equal(RD(device_status), 1);
	accept_features(offered | VIRTIO_BIT(39));
	assert_int_equal(RD(device_status), 3);
	accept_features(offered);
	assert_int_equal(RD(device_status), 11);
	WR(driver_feature_select, 0);
	WR(driver_feature, 0); /* too late */
	assert_int_equal(RD(driver_feature), (uint32_t)offered);
	WR(driver_feature_select, 7);
	WR(driver_feature, 0xffffffff);
	assert_int_equal(RD(driver_feature), 0);
}

static void steps_in_order(void **state)
{
	(void)state;
	WR(device_status, 4);
	assert_int_equal(RD(device_status), 0);
	WR(device_status, 3);
	WR(device_status, 7); /* DRIVER_OK before FEATURES_OK */
	assert_int_equal(RD(device_status), 3);
	WR(device_status, 1); /* clears a bit */
	assert_int_equal(RD(device_status), 3);
	WR(device_status, 3 | VIRTIO_STATUS_FAILED);
	assert_int_equal(RD(device_status), 3 | VIRTIO_STATUS_FAILED);
	WR(device_status, 0);
	assert_int_equal(RD(device_status), 0);
}

static void queues_out_of_range(void **state)
{
	static const uint16_t selects[] = {XVIO_VF_MAX_QUEUES, 18, 31, 255, 0xffff};

	(void)state;
	WR(device_status, 1);
	accept_features(read_features());
	for (unsigned i = 0; i < sizeof(selects) / sizeof(*selects); i++) {
		WR(queue_select, selects[i]);
		assert_int_equal(RD(queue_size), 0);
		WR(queue_size, QUEUE_SIZE);
		WR(queue_msix_vector, 1);
		VF_WR_ADDRESS(VF, queue_desc, ring_addr(0));
		WR(queue_enable, 1);
		assert_int_equal(RD(queue_select), selects[i]);
		assert_int_equal(RD(queue_size), 0);
		assert_int_equal(RD(queue_enable), 0);
		assert_int_equal(RD(queue_msix_vector), 0);
	}
	assert_int_equal(RD(device_status), 11);
	WR(device_status, 15);
	assert_false(runs(0) || runs(1));
}

static void queue_setup_is_checked(void **state)
{
	static const struct {
		bool packed;
		uint16_t size;
		uint64_t desc;
		uint64_t driver;
		uint64_t device;
	} bad[] = {{false, QUEUE_SIZE - 1, 0x10000, 0x11000, 0x12000},
		   {false, 1, 0x10000, 0x11000, 0x12000},
		   {false, 0, 0x10000, 0x11000, 0x12000},
		   {false, QUEUE_SIZE, 0x10008, 0x11000, 0x12000},
		   {false, QUEUE_SIZE, ~UINT64_C(0xf), 0x11000, 0x12000},
		   {false, QUEUE_SIZE, 0x10000, 0x11001, 0x12000},
		   {false, QUEUE_SIZE, 0x10000, 0x11000, 0x12002},
		   {true, 1, 0x10000, 0x11000, 0x12000},
		   {true, QUEUE_SIZE - 1, 0x10008, 0x11000, 0x12000},
		   {true, QUEUE_SIZE - 1, 0x10000, 0x11002, 0x12000},
		   {true, QUEUE_SIZE - 1, 0x10000, 0x11000, 0x12002}};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		WR(device_status, 0);
		WR(device_status, 1);
		accept_features(bad[i].packed ? read_features() : split_features());
		WR(queue_size, bad[i].size);
		VF_WR_ADDRESS(VF, queue_desc, bad[i].desc);
		VF_WR_ADDRESS(VF, queue_driver, bad[i].driver);
		VF_WR_ADDRESS(VF, queue_device, bad[i].device);
		WR(queue_enable, 1);
		assert_int_equal(RD(queue_enable), 0);
		assert_int_equal(RD(device_status), 11 | VIRTIO_STATUS_NEEDS_RESET);
		assert_int_equal(fake_msix_count(FUNCTION, 0), 0); /* no driver to tell yet */
	}
	WR(device_status, 0);
	WR(queue_size, VIRTIO_PCI_QUEUE_SIZE * 2); /* more than was offered */
	assert_int_equal(RD(queue_size), VIRTIO_PCI_QUEUE_SIZE);
}

static void an_enabled_queue_stays(void **state)
{
	(void)state;
	go_live();
	WR(queue_select, 0);
	WR(queue_size, 4);
	WR(queue_msix_vector, 3);
	VF_WR_ADDRESS(VF, queue_desc, 0x4440);
	WR(queue_enable, 0);
	WR(queue_enable, 1);
	assert_int_equal(RD(queue_size), QUEUE_SIZE);
	assert_int_equal(RD(queue_msix_vector), 1);
	assert_int_equal(fake_vf_read(VF, offsetof(struct virtio_pci_common, queue_desc), 4),
			 ring_addr(0));
	assert_int_equal(RD(queue_enable), 1);
	assert_true(runs(0));
}

static void vectors_that_are_not_there(void **state)
{
	(void)state;
	WR(config_msix_vector, XVIO_VF_NUM_MSIX - 1);
	assert_int_equal(RD(config_msix_vector), XVIO_VF_NUM_MSIX - 1);
	WR(config_msix_vector, XVIO_VF_NUM_MSIX);
	assert_int_equal(RD(config_msix_vector), VIRTIO_MSI_NO_VECTOR);
	WR(queue_msix_vector, 2);
	WR(queue_msix_vector, 0x1234);
	assert_int_equal(RD(queue_msix_vector), VIRTIO_MSI_NO_VECTOR);
}

/* Every offset in every size, with what no field has: nothing but fields that may be written change. */
static void odd_accesses(void **state)
{
	static const uint8_t writable[][2] = {{0x00, 4}, {0x08, 4}, {0x0c, 4}, {0x10, 2},
					      {0x14, 1}, {0x16, 2}, {0x18, 2}, {0x1a, 2},
					      {0x1c, 2}, {0x20, 4}, {0x24, 4}, {0x28, 4},
					      {0x2c, 4}, {0x30, 4}, {0x34, 4}};
	uint8_t before[XVIO_VF_REGS_BYTES];

	(void)state;
	memcpy(before, hal_vf_page(VF), sizeof(before));
	for (unsigned size = 1; size <= 4; size *= 2) {
		for (uint32_t offset = 0; offset < XVIO_VF_REGS_BYTES; offset += size) {
			bool field = false;

			for (unsigned i = 0; i < sizeof(writable) / 2; i++)
				field |= writable[i][0] == offset && writable[i][1] == size;
			if (field)
				continue;
			vf_write(VF, offset, size, 0xa5a5a5a5);
			assert_memory_equal(before, hal_vf_page(VF), sizeof(before));
		}
	}
}

/* What a reset of the function does, at each step of a driver's way. */
static void reset_at_any_moment(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 6; step++) {
		if (step > 0)
			WR(device_status, 1);
		if (step > 1)
			accept_features(read_features());
		if (step > 2)
			set_up_queue(0);
		if (step > 3)
			set_up_queue(1);
		if (step > 4)
			WR(device_status, 15);
		fake_vf_write(VF, 0x16, 2, 1);
		fake_vf_reset(VF);
		ctrl_poll();
		check_as_after_reset();
	}
	go_live();
	send_frame(1);
	assert_true(runs(1));
}

/* A notify that comes too early is forgotten, and those that come in time are not. */
static void notify_before_the_queue_runs(void **state)
{
	const uint64_t before = card_stat(XVIO_STAT_RX_PACKETS);

	(void)state;
	for (unsigned queue = 0; queue < XVIO_VF_MAX_QUEUES; queue++)
		fake_ring(XVIO_VF_DOORBELL(VF, queue));
	fake_run();
	go_live();
	send_frame(1);
	assert_int_equal(card_stat(XVIO_STAT_RX_PACKETS), before + 1);
}

/* VF 1's life is none of VF 0's business, whose queues lie elsewhere. */
static void others_are_left_alone(void **state)
{
	(void)state;
	go_live();
	fake_vf_reset(0);
	vf_write(0, 0x14, 1, 0);
	vf_write(2, 0x14, 1, 3);
	assert_int_equal(RD(device_status), 15);
	assert_true(runs(0) && runs(1));
	assert_int_equal(fake_vf_read(2, 0x14, 1), 3);
	send_frame(1);
	assert_true(runs(1));
}

static void bad_ring_needs_reset(void **state)
{
	const struct xvio_event_ring *ring = hal_events();

	(void)state;
	go_live();
	send_frame(QUEUE_SIZE + 1); /* runs further than the ring is long */
	ctrl_poll();
	assert_int_equal(RD(device_status), 15 | VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(fake_msix_count(FUNCTION, 0), 1); /* the driver is told */
	assert_true(runs(0));
	assert_false(runs(1));
	assert_int_equal(ring->head, 1); /* and so is the host */
	assert_int_equal(ring->entry[0].type, XVIO_EVENT_QUEUE_ERROR);
	assert_int_equal(ring->entry[0].object, XVIO_VF_DOORBELL(VF, 1));
	WR(device_status, 0);
	go_live();
}

/* An error that a reset has overtaken is no news. */
static void late_error(void **state)
{
	(void)state;
	go_live();
	send_frame(QUEUE_SIZE + 1);
	fake_vf_reset(VF);
	ctrl_poll();
	assert_int_equal(RD(device_status), 0);
	assert_int_equal(fake_msix_count(FUNCTION, 0), 0);
}

static void configuration(void **state)
{
	struct xvio_cmd_port_set set = {.port = PORT, .what = XVIO_PORT_SET_ADMIN};
	const uint8_t mac[6] = {2, 3, 4, 5, 6, 7};
	struct virtio_net_config config = read_config();
	uint8_t expected[6], generation;

	(void)state;
	cmd_derive_mac(PORT, expected);
	assert_memory_equal(config.mac, expected, 6);
	assert_int_equal(config.status, VIRTIO_NET_S_LINK_UP);
	assert_int_equal(config.mtu, 1500);
	assert_int_equal(config.max_virtqueue_pairs, VIRTIO_DEV_MAX_PAIRS);
	go_live();
	generation = (uint8_t)RD(config_generation);
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
	assert_int_equal(read_config().status, 0);
	assert_int_not_equal(RD(config_generation), generation);
	assert_int_equal(fake_msix_count(FUNCTION, 0), 1);
	set.what = XVIO_PORT_SET_MAC;
	memcpy(set.mac, mac, 6);
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
	config = read_config();
	assert_memory_equal(config.mac, mac, 6);
	assert_int_equal(fake_msix_count(FUNCTION, 0), 2);
}

static void number_of_vfs(void **state)
{
	uint8_t mac[2][6];

	(void)state;
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, XVIO_NUM_VFS), XVIO_ST_OK);
	assert_true(port_exists(XVIO_PORT_VF(XVIO_NUM_VFS - 1)));
	port_mac(XVIO_PORT_VF(0), mac[0]);
	port_mac(XVIO_PORT_VF(XVIO_NUM_VFS - 1), mac[1]);
	assert_memory_not_equal(mac[0], mac[1], 6);
	go_live();
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, XVIO_NUM_VFS + 1), XVIO_ST_BAD_VALUE);
	assert_int_equal(RD(device_status), 15);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, VF), XVIO_ST_OK);
	assert_true(port_exists(XVIO_PORT_VF(0)));
	assert_false(port_exists(PORT));
	assert_int_equal(RD(num_queues), 0); /* what is left of it on the bus is an empty device */
	WR(device_status, 1);
	assert_int_equal(RD(device_status), 0);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 3), XVIO_ST_OK);
	go_live();
	assert_int_equal(card_send(XVIO_CMD_DEV_RESET, NULL, 0), XVIO_ST_OK);
	assert_false(port_exists(XVIO_PORT_VF(0)));
}

/* Many accesses at once: in order, none lost, the mailbox served in between. */
static void many_accesses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++)
		fake_vf_write(VF, 0x16, 2, i);
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
	for (unsigned i = 0; i < 4; i++)
		ctrl_poll();
	assert_int_equal(RD(queue_select), 199);
}

/* Drivers of three VFs that write what comes to their mind, with a bias to what means something. */
static void walk_step(void)
{
	static const uint8_t fields[][2] = {{0x08, 4}, {0x0c, 4}, {0x14, 1}, {0x16, 2}, {0x18, 2},
					    {0x1a, 2}, {0x1c, 2}, {0x20, 4}, {0x28, 4}, {0x30, 4}};
	static const uint32_t values[] = {0, 1, 3, 11, 15, 15, 16, 0x10000, 0x11000, 0x12000};
	const unsigned vf = check_random(4), kind = check_random(64);
	const unsigned field = check_random(sizeof(fields) / 2);
	const uint32_t value = values[check_random(sizeof(values) / 4)];

	if (kind == 0)
		fake_vf_reset(vf);
	else if (kind == 1)
		assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, check_random(4)), XVIO_ST_OK);
	else if (kind < 4)
		fake_vf_write(vf, 4 * check_random(XVIO_VF_REGS_BYTES / 4), 4, value);
	else
		fake_vf_write(vf, fields[field][0], fields[field][1],
			      kind < 8 ? check_random(UINT32_MAX) : value);
	if (kind < 16) {
		fake_ring(XVIO_VF_DOORBELL(vf, kind % 2));
		fake_run();
	}
	ctrl_poll();
}

/* Queues run where the registers say so, and nowhere else. Returns how many do. */
static unsigned walk_check(void)
{
	unsigned num_running = 0;

	for (unsigned vf = 0; vf < 3; vf++) {
		const uint8_t status = (uint8_t)fake_vf_read(vf, 0x14, 1);
		const uint16_t select = (uint16_t)fake_vf_read(vf, 0x16, 2);
		const bool enabled = fake_vf_read(vf, 0x1c, 2);

		assert_false(status & 0x30);
		if (select < 2 && !(status & VIRTIO_STATUS_NEEDS_RESET)) {
			const uint16_t port = (uint16_t)XVIO_PORT_VF(vf);
			const bool running = vnet_queue_state(port, select).running;

			assert_int_equal(running, enabled && status & VIRTIO_STATUS_DRIVER_OK);
			num_running += running;
		}
	}
	return num_running;
}

static void random_walk(void **state)
{
	unsigned num_running = 0;

	(void)state;
	check_seed(8);
	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 3), XVIO_ST_OK);
		WR(device_status, 0);
		go_live();
		for (unsigned k = 0; k < 60; k++) {
			walk_step();
			num_running += walk_check();
		}
	}
	assert_true(num_running > 1000); /* the walk is not in vain */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_driver, prepare),
		cmocka_unit_test_setup(same_features_as_vdpa, prepare),
		cmocka_unit_test_setup(features_refused, prepare),
		cmocka_unit_test_setup(steps_in_order, prepare),
		cmocka_unit_test_setup(queues_out_of_range, prepare),
		cmocka_unit_test_setup(queue_setup_is_checked, prepare),
		cmocka_unit_test_setup(an_enabled_queue_stays, prepare),
		cmocka_unit_test_setup(vectors_that_are_not_there, prepare),
		cmocka_unit_test_setup(odd_accesses, prepare),
		cmocka_unit_test_setup(reset_at_any_moment, prepare),
		cmocka_unit_test_setup(notify_before_the_queue_runs, prepare),
		cmocka_unit_test_setup(others_are_left_alone, prepare),
		cmocka_unit_test_setup(bad_ring_needs_reset, prepare),
		cmocka_unit_test_setup(late_error, prepare),
		cmocka_unit_test_setup(configuration, prepare),
		cmocka_unit_test_setup(number_of_vfs, prepare),
		cmocka_unit_test_setup(many_accesses, prepare),
		cmocka_unit_test_setup(random_walk, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
