/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Moderation of interrupts as it is asked for (virtio 1.3, 5.1.6.5.9). */
#include "common/nc_bed.h"

/* The example in 1.3, 5.1.6.5.9, command by command. */
static void test_coalescing_example(void **state)
{
	(void)state;
	nc_begin(~UINT64_C(0));
	net_ctrl_enable_queue(&nc, 0);
	net_ctrl_enable_queue(&nc, 1);
	net_ctrl_enable_queue(&nc, 2);
	net_ctrl_enable_queue(&nc, 3);
	nc_assert_coal(3, 0, 0);
	nc_coal(VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 1, 10);
	assert_ok();
	nc_coal_vq_set(0, 2, 20);
	assert_ok();
	nc_assert_coal(2, 1, 10);
	nc_assert_coal(1, 0, 0);
	nc_assert_coal(0, 2, 20);
	nc_coal_vq_set(1, 4, 40);
	assert_ok();
	nc_assert_coal(3, 0, 0);
	nc_coal(VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 5, 50);
	assert_ok();
	nc_assert_coal(1, 5, 50);
	nc_assert_coal(3, 5, 50);
	nc_assert_coal(0, 2, 20);
}

/* 1.3, 5.1.6.5.9.6: queues that are not enabled; enabled again; reset. */
static void test_coalescing_of_queues(void **state)
{
	unsigned i;

	(void)state;
	nc_begin(~UINT64_C(0));
	net_ctrl_enable_queue(&nc, 0);
	net_ctrl_enable_queue(&nc, 1);
	nc_remember();
	for (i = 2; i < 65536; i = i * 3 / 2) {
		nc_coal_vq_set(i, 1, 1);
		assert_err();
		nc_coal_vq_get(i);
		assert_err();
	}
	nc_coal(VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 5, 50);
	assert_ok();
	nc_coal_vq_set(0, 1, 10);
	assert_ok();
	nc_coal_vq_set(1, 1, 10);
	assert_ok();
	for (i = 0; i < 2; i++) {
		net_ctrl_disable_queue(&nc, i);
		nc_remember();
		nc_coal_vq_get(i);
		assert_err();
		net_ctrl_enable_queue(&nc, i);
	}
	nc_assert_coal(0, 0, 0);
	nc_assert_coal(1, 5, 50);
	net_ctrl_enable_queue(&nc, 3); /* for the first time */
	nc_assert_coal(3, 5, 50);
	net_ctrl_reset(&nc);
	nc_begin_enabled(~UINT64_C(0));
	for (i = 0; i < 2 * NC_PAIRS; i++)
		nc_assert_coal(i, 0, 0);
	net_ctrl_enable_queue(&nc, 2 * NC_PAIRS); /* the control queue's: nothing to do with it */
	net_ctrl_disable_queue(&nc, 2 * NC_PAIRS);
	nc_coal_vq_get(0);
	nc_remember();
	nc_assert_refused(nc_run_with_room(7), __LINE__);
	assert_true(net_ctrl_ack_is_last(nc_cmd, nc_cmd_bytes));
	nc_coal_vq_set(0, 1, 1);
	assert_false(net_ctrl_ack_is_last(nc_cmd, nc_cmd_bytes));
	assert_false(net_ctrl_ack_is_last(nc_cmd, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coalescing_example),
		cmocka_unit_test(test_coalescing_of_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
