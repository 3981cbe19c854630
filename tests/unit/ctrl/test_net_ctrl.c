/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The control queue's commands: each is carried out if it is as the spec has it and its feature was
 * negotiated, and else refused without a trace. What they do to packets is in path/test_wishes.c.
 */
#include "common/check.h"
#include "common/nc_bed.h"
#include "lib/heap.h"
#include "path/offload.h"
#include "path/port.h"

static void test_each_needs_its_feature(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NC_NUM_SAMPLES; i++) {
		const uint8_t feature = nc_sample(i);

		nc_begin_enabled(~UINT64_C(0));
		assert_ok();
		assert_int_equal(nc.num_ok, 1);
		net_ctrl_reset(&nc);
		nc_begin_enabled(~(UINT64_C(1) << feature));
		assert_err();
		assert_int_equal(nc.num_ok, 0);
		net_ctrl_reset(&nc);
		nc_remember();
		assert_err(); /* not begun */
	}
}

/* Linux sends a byte behind the key that means nothing. */
static bool ends_with_key(uint8_t feature)
{
	return feature == VIRTIO_NET_F_RSS || feature == VIRTIO_NET_F_HASH_REPORT;
}

static void test_each_needs_its_length(void **state)
{
	unsigned i;
	uint32_t bytes, good_bytes;
	uint8_t feature;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	for (i = 0; i < NC_NUM_SAMPLES; i++) {
		feature = nc_sample(i);
		good_bytes = nc_cmd_bytes;
		memset(nc_cmd + good_bytes, 0, 100);
		for (bytes = 0; bytes < good_bytes + 20; bytes++) {
			if (bytes == good_bytes || (i == 20 && bytes == good_bytes + 16) ||
			    (bytes == good_bytes + 1 && ends_with_key(feature)))
				continue;
			nc_sample(i);
			nc_cmd_bytes = bytes;
			assert_err();
		}
	}
}

static void test_unknown_commands(void **state)
{
	unsigned class, command, num = 0;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	for (class = 0; class < 256; class ++) {
		for (command = 0; command < 256; command++) {
			static const uint8_t max_of[9] = {5, 1, 1, 0, 2, 0, 3, 0, 1};

			if (class < 9 && class != 7 && command <= max_of[class])
				continue;
			nc_set((uint8_t) class, (uint8_t)command);
			nc_cmd_bytes += check_random(9);
			assert_err();
			num++;
		}
	}
	assert_int_equal(num, 65536 - NC_NUM_SAMPLES);
}

static void port_comes_back(void)
{
	port_set_admin(nc_device.number, false);
	net_ctrl_port_changed(&nc);
	port_set_admin(nc_device.number, true);
	net_ctrl_port_changed(&nc);
}

/* 5.1.6.5.4.2: the bit is clear when the command is used. */
static void test_announce(void **state)
{
	(void)state;
	nc_begin_enabled(VIRTIO_BIT(VIRTIO_NET_F_GUEST_ANNOUNCE));
	port_comes_back();
	assert_true(nc.announces);
	nc_set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK);
	assert_ok();
	assert_false(nc.announces);
	net_ctrl_port_changed(&nc); /* it was up before */
	assert_false(nc.announces);
	port_comes_back();
	assert_true(nc.announces);
	net_ctrl_reset(&nc);
	assert_false(nc.announces);
	assert_true(net_ctrl_begin(&nc, VIRTIO_BIT(VIRTIO_NET_F_MQ), NULL));
	port_comes_back();
	assert_false(nc.announces);
}

/* 5.1.6.5.8.1: what was negotiated is on at first; nothing else can be turned on. */
static void test_guest_offloads(void **state)
{
	const uint64_t some = VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) |
			      VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) |
			      VIRTIO_BIT(VIRTIO_NET_F_GUEST_USO6);
	unsigned i;

	(void)state;
	nc_begin_enabled(some | VIRTIO_BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS));
	assert_int_equal(nc.guest_offloads, some);
	assert_int_equal(port_get(nc_device.number)->takes,
			 OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_USO6);
	nc_offloads(0);
	assert_ok();
	assert_int_equal(nc.guest_offloads, 0);
	assert_int_equal(port_get(nc_device.number)->takes, 0);
	nc_offloads(some);
	assert_ok();
	assert_int_equal(nc.guest_offloads, some);
	nc_remember();
	for (i = 0; i < 64; i++) {
		if (some >> i & 1)
			continue;
		nc_offloads(some | UINT64_C(1) << i);
		assert_err();
	}
	assert_int_not_equal(port_get(nc_device.number)->takes, 0);
	net_ctrl_reset(&nc);
	assert_int_equal(port_get(nc_device.number)->takes, 0);
}

/* Linux (6.12) has GUEST_HDRLEN in its list of these offloads, once it is negotiated; it turns nothing on or off. */
static void test_guest_offloads_of_linux(void **state)
{
	const uint64_t hdrlen = VIRTIO_BIT(VIRTIO_NET_F_GUEST_HDRLEN);
	const uint64_t csum = VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM);
	const uint64_t accepted = csum | VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4) |
				  VIRTIO_BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);

	(void)state;
	nc_begin_enabled(accepted);
	nc_offloads(csum | hdrlen);
	assert_err();
	nc_begin_enabled(accepted | hdrlen);
	nc_offloads(csum | hdrlen);
	assert_ok();
	assert_int_equal(nc.guest_offloads, csum);
	assert_int_equal(port_get(nc_device.number)->takes, OFFLOAD_CSUM);
}

/* No memory: refused, and nothing has changed. */
static void test_no_memory(void **state)
{
	static void *taken[200000];
	unsigned num = 0, i;
	size_t bytes = 1 << 20;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	assert_ok();
	for (; bytes >= 64; bytes /= 2) {
		while ((taken[num] = heap_alloc(bytes)) != NULL)
			num++;
	}
	nc_remember();
	for (i = 1; i < 10; i++) {
		nc_sample(i);
		assert_err();
	}
	nc_sample(12);
	assert_err();
	nc_sample(13);
	assert_err();
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1); /* needs none */
	assert_ok();
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0); /* what that gave back */
	assert_ok();
	while (num)
		heap_free(taken[--num]);
	nc_sample(12);
	assert_ok();
}

/* Whatever stands in a command: what is refused changes nothing, and no memory is lost. */
static void test_random_commands(void **state)
{
	size_t free_bytes;
	unsigned round, i, num_ok = 0;

	(void)state;
	check_seed(3);
	nc_begin(~UINT64_C(0));
	net_ctrl_reset(&nc);
	free_bytes = heap_free_bytes();
	assert_true(net_ctrl_begin(&nc, ~UINT64_C(0), NULL));
	for (i = 0; i < 2 * NC_PAIRS; i++)
		net_ctrl_enable_queue(&nc, i);
	for (round = 0; round < 20000; round++) {
		uint8_t ack;

		nc_remember();
		nc_sample(check_random(NC_NUM_SAMPLES));
		for (i = check_random(3); i; i--)
			nc_cmd[check_random(nc_cmd_bytes)] ^= (uint8_t)(1u << check_random(8));
		if (!check_random(4))
			nc_cmd_bytes = check_random(nc_cmd_bytes + 50);
		ack = nc_run_with_room(check_random(200));
		assert_in_range(ack, VIRTIO_NET_OK, VIRTIO_NET_ERR);
		if (ack == VIRTIO_NET_ERR)
			nc_assert_unchanged();
		num_ok += ack == VIRTIO_NET_OK;
	}
	assert_in_range(num_ok, 2000, 18000);
	assert_int_equal(nc.num_ok, num_ok);
	net_ctrl_reset(&nc);
	assert_int_equal(heap_free_bytes(), free_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_needs_its_feature),
		cmocka_unit_test(test_each_needs_its_length),
		cmocka_unit_test(test_unknown_commands),
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_guest_offloads),
		cmocka_unit_test(test_guest_offloads_of_linux),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
