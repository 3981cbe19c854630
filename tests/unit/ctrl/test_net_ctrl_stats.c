/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Counters that a driver asks for (virtio 1.4, 5.1.6.5.11). */
#include "common/nc_bed.h"
#include "hal/fake/fake.h"

#define CVQ	 VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_CVQ)
#define RX_BASIC VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC)
#define TX_BASIC VIRTIO_BIT(VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC)

static void test_statistics(void **state)
{
	struct virtio_net_stats_capabilities capabilities;
	struct virtio_net_stats_cvq cvq;
	struct virtio_net_stats_rx_basic rx;
	struct virtio_net_stats_tx_basic tx;
	uint32_t room;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	nc_set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_QUERY);
	assert_ok();
	assert_int_equal(nc_reply_bytes, sizeof(capabilities));
	memcpy(&capabilities, nc_reply, sizeof(capabilities));
	assert_int_equal(capabilities.supported_stats_types[0], CVQ | RX_BASIC | TX_BASIC);
	nc_remember();
	nc_assert_refused(nc_run_with_room(7), __LINE__);
	nc_stats_get();
	nc_add_stats(2 * NC_PAIRS, CVQ);
	assert_ok();
	assert_int_equal(nc_reply_bytes, sizeof(cvq));
	memcpy(&cvq, nc_reply, sizeof(cvq));
	assert_int_equal(cvq.hdr.type, VIRTIO_NET_STATS_TYPE_REPLY_CVQ);
	assert_int_equal(cvq.hdr.vq_index, 2 * NC_PAIRS);
	assert_int_equal(cvq.hdr.size, sizeof(cvq));
	assert_int_equal(cvq.command_num, 3);
	assert_int_equal(cvq.ok_num, 2);

	/* Two queues at once, one asked for nothing; as much of it as there is room for. */
	bed_ring(&nc_device, BED_TX);
	fake_run();
	nc_stats_get();
	nc_add_stats(0, RX_BASIC);
	nc_add_stats(3, 0);
	nc_add_stats(1, TX_BASIC);
	for (room = 0; room < 150; room++) {
		assert_int_equal(nc_run_with_room(room), VIRTIO_NET_OK);
		assert_int_equal(nc_reply_bytes, room < 56 ? 0 : room < 112 ? 56 : 112);
	}
	memcpy(&rx, nc_reply, sizeof(rx));
	memcpy(&tx, nc_reply + sizeof(rx), sizeof(tx));
	assert_int_equal(rx.hdr.type, VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC);
	assert_int_equal(rx.hdr.vq_index, 0);
	assert_int_equal(rx.hdr.size, sizeof(rx));
	assert_int_equal(rx.rx_notifications, 0);
	assert_int_equal(tx.hdr.type, VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC);
	assert_int_equal(tx.hdr.vq_index, 1);
	assert_int_equal(tx.hdr.size, sizeof(tx));
	assert_int_equal(tx.tx_notifications, 1);
}

/* One wrong entry among right ones fails the command (1.4, 5.1.6.5.11.10). */
static void test_statistics_refused(void **state)
{
	static const struct {
		unsigned index;
		uint64_t types;
	} wrong[] = {
		{0, TX_BASIC},
		{1, RX_BASIC},
		{0, CVQ},
		{2 * NC_PAIRS, RX_BASIC},
		{2 * NC_PAIRS + 1, CVQ},
		{2 * NC_PAIRS + 1, 0},
		{0xffff, RX_BASIC},
		{0, RX_BASIC | 2},
		{1, TX_BASIC | 1 << 17},
		{0, UINT64_C(1) << 63},
	};
	unsigned i;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		nc_stats_get();
		nc_add_stats(0, RX_BASIC);
		nc_add_stats(wrong[i].index, wrong[i].types);
		nc_add_stats(1, TX_BASIC);
		assert_err();
	}
	nc_stats_get();
	for (i = 0; i < 64; i++)
		nc_add_stats(0, RX_BASIC);
	assert_err(); /* longer than what is looked at */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_statistics_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
