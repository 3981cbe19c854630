/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Devices and queues find their places after a restart of the firmware: commands to go on, which are refused where
 * there is nothing to go on with; the registers of VFs after each step of a driver.
 */
#include "resume_bed.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspended_device),  cmocka_unit_test(places_of_devices),
		cmocka_unit_test(places_of_queues),  cmocka_unit_test(registers),
		cmocka_unit_test(needs_reset_stays), cmocka_unit_test(unknown_place),
		cmocka_unit_test(fewer_vfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
