/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the specification asks of a device with offloads (virtio 1.2, 5.1.6.2.2 and 5.1.6.4.1), one test for
 * each sentence; and what happens when rooms, buffers or operations fail.
 */
#include <hal_host.h>
#include "common/check.h"
#include "common/gso_bed.h"
#include "hal/fake/fake.h"
#include "path/core.h"
#include "path/port.h"

#define NUM_SENDERS 8u

static struct bed_port sender, others[NUM_SENDERS];
static struct gso_receiver receiver;
static struct gso_packet packet;
static uint8_t got[GSO_MAX_BYTES + 64];
static struct virtio_net_hdr got_header;

static void start(uint8_t offloads, uint8_t takes, bool mergeable)
{
	check_seed(1);
	bed_start(2, 0);
	gso_add_sender(&sender, XVIO_PORT_VDPA(0), offloads);
	gso_add_receiver(&receiver, XVIO_PORT_VDPA(1), takes, mergeable);
	bed_rule(1, sender.number, receiver.port.number);
}

static void make(bool is_tcp, bool is_ipv6, uint32_t payload_bytes, uint16_t gso_size)
{
	const struct gso_wish wish = {
		.is_ipv6 = is_ipv6,
		.is_tcp = is_tcp,
		.needs_csum = true,
		.is_gso = gso_size,
		.payload_bytes = payload_bytes,
		.gso_size = gso_size,
	};

	gso_make(&packet, &wish);
}

static void send_and_run(void)
{
	gso_send(&sender, &packet);
	fake_run();
	bed_reap_sent(&sender);
}

/* What a packet comes to on the wire is what its frames come to. */
static void test_size(void **state)
{
	static uint8_t frame[GSO_MAX_BYTES];
	static struct pkt pkt;
	unsigned round;

	(void)state;
	check_seed(5);
	for (round = 0; round < 2000; round++) {
		struct gso_wish wish = gso_any_wish(20000);
		struct offload_size size;
		uint32_t num_bytes = 0, longest = 0, i;

		wish.needs_csum = true;
		gso_make(&packet, &wish);
		if (!gso_is_accepted(&packet, GSO_ALL_OFFLOADS))
			continue;
		pkt.data = packet.data;
		pkt.have_bytes = pkt.len_bytes = packet.len_bytes;
		assert_true(pkt_parse(&pkt));
		assert_true(offload_read(&pkt, &packet.header, GSO_ALL_OFFLOADS));
		size = offload_size(&pkt, pkt.offload.needs);
		assert_int_equal(size.num_frames, gso_num_frames(&packet));
		for (i = 0; i < size.num_frames; i++) {
			const uint32_t len_bytes = gso_frame(&packet, i, frame);

			num_bytes += len_bytes;
			longest = len_bytes > longest ? len_bytes : longest;
		}
		assert_int_equal(size.num_bytes, num_bytes);
		assert_int_equal(size.frame_bytes, longest);
	}
}

/* 5.1.6.2.2: "The device MUST ignore flag bits that it does not recognize." */
static void test_unknown_flags_are_ignored(void **state)
{
	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, false);
	make(true, false, 500, 0);
	packet.header.flags |= 0xfe;
	gso_post_for(&receiver, &packet);
	send_and_run();
	gso_check_received(&receiver, &packet, NULL);
	bed_check_quiet();
}

/* 5.1.6.2.2: "If NEEDS_CSUM is not set, the device MUST NOT use csum_start and csum_offset." */
static void test_csum_fields_mean_nothing_without_the_flag(void **state)
{
	(void)state;
	start(GSO_ALL_OFFLOADS, 0, false);
	make(true, false, 500, 0);
	packet.header.flags = 0;
	gso_post_for(&receiver, &packet);
	send_and_run();
	gso_check_received(&receiver, &packet, NULL);
	bed_check_quiet();
}

/* 5.1.6.2.2: "The device MUST NOT rely on hdr_len to be correct." */
static void test_hdr_len_is_not_relied_on(void **state)
{
	static const uint16_t lengths[] = {0, 1, 40, 0x7fff, 0xffff};
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, 0, false);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		make(true, i % 2, 5000, 1000);
		packet.header.hdr_len = lengths[i];
		gso_post_for(&receiver, &packet);
		send_and_run();
		gso_check_received(&receiver, &packet, NULL);
	}
	bed_check_quiet();
}

/* 5.1.6.2: a header asks only for what was negotiated; where that is nothing it is not looked at. */
static void test_header_says_nothing_where_nothing_was_negotiated(void **state)
{
	(void)state;
	start(0, GSO_ALL_OFFLOADS, false);
	make(true, false, 500, 0);
	packet.header = (struct virtio_net_hdr){.flags = 0xff, .gso_type = 1, .gso_size = 100};
	gso_post_one(&receiver, 1000);
	send_and_run();
	assert_int_equal(gso_receive(&receiver, &got_header, got), packet.len_bytes);
	assert_memory_equal(got, packet.data, packet.len_bytes);
	assert_int_equal(got_header.flags, 0);
	assert_int_equal(got_header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	bed_check_quiet();
}

/* 5.1.6.2.1: a request that was not negotiated is no packet. */
static void test_only_what_was_negotiated_is_accepted(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		uint8_t needs;

		start(GSO_ALL_OFFLOADS, 0, false);
		make(kind & 1, kind & 2, 5000, 1000);
		needs = gso_needs(&packet) & OFFLOAD_GSO;
		start((uint8_t)(GSO_ALL_OFFLOADS & ~needs), 0, false);
		send_and_run();
		gso_check_no_more(&receiver);
		assert_int_equal(bed_stat(sender.number, XVIO_STAT_DROP_MALFORMED), 1);
		start(OFFLOAD_CSUM | needs, 0, false);
		gso_post_for(&receiver, &packet);
		send_and_run();
		gso_check_received(&receiver, &packet, NULL);
		bed_check_quiet();
	}
}

/* What is summed up goes behind all that rules looked at, or the rules would be bypassed. */
static void test_no_checksum_where_rules_look(void **state)
{
	uint32_t place;

	(void)state;
	start(GSO_ALL_OFFLOADS, 0, false);
	make(true, false, 500, 0);
	for (place = 0; place < packet.l4_at + 14; place++) {
		packet.header.csum_start = (uint16_t)(place / 2);
		packet.header.csum_offset = (uint16_t)(place - place / 2);
		send_and_run();
		gso_check_no_more(&receiver);
	}
	assert_int_equal(bed_stat(sender.number, XVIO_STAT_DROP_MALFORMED), place);
	bed_check_quiet();
}

/* 5.1.6.4.1: without MRG_RXBUF num_buffers is 1, and a packet that does not fit is dropped. */
static void test_one_buffer_without_mrg_rxbuf(void **state)
{
	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, false);
	make(true, false, 5000, 1000);
	gso_post_one(&receiver, 3000);
	gso_post_one(&receiver, 3000);
	send_and_run();
	gso_check_no_more(&receiver);
	assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_DROP_NO_BUFFER), 1);
	make(true, false, 2000, 1000);
	send_and_run();
	gso_check_received(&receiver, &packet, NULL);
	bed_check_quiet();
}

/* 5.1.6.4.1: with it num_buffers says how many; all but the last are full (gso_receive() looks). */
static void test_num_buffers_with_mrg_rxbuf(void **state)
{
	uint32_t len_bytes;
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, true);
	for (len_bytes = 1; len_bytes < 6000; len_bytes += 97) {
		make(true, false, len_bytes, 1000);
		for (i = 0; i * 512 < GSO_HDR_BYTES + packet.len_bytes; i++)
			gso_post_one(&receiver, 512);
		send_and_run();
		assert_int_equal(gso_receive(&receiver, &got_header, got), packet.len_bytes);
		assert_int_equal(got_header.num_buffers, i);
		assert_memory_equal(got, packet.data, packet.len_bytes);
	}
	bed_check_quiet();
}

/* 5.1.6.3.2: a mergeable buffer may be as short as the header. */
static void test_mergeable_buffers_as_short_as_the_header(void **state)
{
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, true);
	make(true, false, 500, 0);
	for (i = 0; i < 100; i++)
		gso_post_one(&receiver, GSO_HDR_BYTES);
	send_and_run();
	assert_int_equal(gso_receive(&receiver, &got_header, got), packet.len_bytes);
	assert_int_equal(got_header.num_buffers,
			 (packet.len_bytes + 2 * GSO_HDR_BYTES - 1) / GSO_HDR_BYTES);
	assert_memory_equal(got, packet.data, packet.len_bytes);
	bed_check_quiet();
}

/* Not enough buffers: the packet is dropped whole, and they are there for the next one. */
static void test_too_few_mergeable_buffers(void **state)
{
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, true);
	for (i = 0; i < 5; i++)
		gso_post_one(&receiver, 1000);
	make(true, false, 5500, 1000);
	send_and_run();
	gso_check_no_more(&receiver);
	assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_DROP_NO_BUFFER), 1);
	make(true, false, 4700, 1000);
	send_and_run();
	gso_check_received(&receiver, &packet, NULL);
	bed_check_quiet();
}

/* A packet may fill more buffers than are taken over from a ring at once. */
static void test_more_buffers_than_a_fetch(void **state)
{
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, true);
	for (i = 0; i < 250; i++)
		gso_post_one(&receiver, 270);
	make(true, true, 65000, 1400);
	send_and_run();
	assert_int_equal(gso_receive(&receiver, &got_header, got), packet.len_bytes);
	assert_in_range(got_header.num_buffers, 240, 250);
	assert_memory_equal(got, packet.data, packet.len_bytes);
	bed_check_quiet();
}

/* 5.1.6.4.1: "If GUEST_CSUM is not negotiated, the device MUST set flags to zero", and the packet is summed up. */
static void test_flags_are_0_without_guest_csum(void **state)
{
	(void)state;
	start(GSO_ALL_OFFLOADS, 0, false);
	make(false, false, 900, 0);
	gso_post_for(&receiver, &packet);
	send_and_run();
	gso_check_received(&receiver, &packet,
			   NULL); /* the plain header, and the model's checksum */
	bed_check_quiet();
}

/* 5.1.6.4.1: no gso_type whose GUEST_TSO4, _TSO6, _USO4, _USO6 was not negotiated: each of them alone is missing. */
static void test_no_gso_type_that_was_not_accepted(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		make(kind & 1, kind & 2, 5000, 1000);
		start(GSO_ALL_OFFLOADS,
		      (uint8_t)(GSO_ALL_OFFLOADS & ~(gso_needs(&packet) & OFFLOAD_GSO)), false);
		gso_post_for(&receiver, &packet);
		send_and_run();
		gso_check_received(&receiver, &packet, NULL);
		assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_TX_PACKETS), 5);
		assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_SPLIT_FRAMES), 4);
		bed_check_quiet();
	}
}

/* 5.1.6.4.1: "unless GUEST_ECN is negotiated, in which case the device MUST set the GSO_ECN bit" */
static void test_ecn_only_where_it_was_accepted(void **state)
{
	const struct gso_wish wish = {
		.is_tcp = true,
		.needs_csum = true,
		.is_gso = true,
		.has_ecn = true,
		.payload_bytes = 5000,
		.gso_size = 1000,
	};
	unsigned takes_ecn;

	(void)state;
	for (takes_ecn = 0; takes_ecn < 2; takes_ecn++) {
		start(GSO_ALL_OFFLOADS,
		      (uint8_t)(GSO_ALL_OFFLOADS & ~(takes_ecn ? 0 : OFFLOAD_ECN)), false);
		gso_make(&packet, &wish);
		gso_post_for(&receiver, &packet);
		send_and_run();
		gso_check_received(&receiver, &packet, NULL);
		assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_TX_PACKETS),
				 takes_ecn ? 1 : 5);
		bed_check_quiet();
	}
}

/* 5.1.6.4.1: "If gso_type differs from NONE, the device MUST also set NEEDS_CSUM and MUST set gso_size" */
static void test_gso_comes_with_csum_and_size(void **state)
{
	(void)state;
	start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, false);
	make(true, true, 5000, 1000);
	gso_post_for(&receiver, &packet);
	send_and_run();
	assert_int_equal(gso_receive(&receiver, &got_header, got), packet.len_bytes);
	assert_int_equal(got_header.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_int_equal(got_header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(got_header.gso_size, 1000);
	assert_int_equal(got_header.hdr_len, packet.payload_at);
}

/* What the port's MTU bounds is the frames that a packet stands for, however it goes. */
static void test_mtu_bounds_frames(void **state)
{
	bool whole;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		whole = i;
		start(GSO_ALL_OFFLOADS, whole ? GSO_ALL_OFFLOADS : 0, false);
		port_set_mtu(receiver.port.number, 1500);
		make(true, false, 20000, 1200);
		gso_post_for(&receiver, &packet);
		send_and_run();
		gso_check_received(&receiver, &packet, NULL);
		make(true, false, 20000, 1501);
		send_and_run();
		gso_check_no_more(&receiver);
		assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_DROP_OVERSIZE), 1);
		make(true, false, 3000, 0);
		send_and_run();
		assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_DROP_OVERSIZE), 2);
		bed_check_quiet();
	}
}

/* A change of what a driver takes holds from the next packet on. */
static void test_takes_may_change(void **state)
{
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, 0, false);
	for (i = 0; i < 6; i++) {
		receiver.takes = i % 2 ? GSO_ALL_OFFLOADS : 0;
		vnet_set_takes(receiver.port.number, receiver.takes);
		make(true, false, 5000, 1000);
		gso_post_for(&receiver, &packet);
		send_and_run();
		gso_check_received(&receiver, &packet, NULL);
	}
	bed_check_quiet();
}

/* Long packets of many senders at once wait in their rings for rooms, here or on their way to other cores. */
static void test_long_packets_wait_for_rooms(void **state)
{
	unsigned num_cores, i, k, num_sent;

	(void)state;
	for (num_cores = 2; num_cores <= 3; num_cores++) {
		start(GSO_ALL_OFFLOADS, GSO_ALL_OFFLOADS, false);
		bed_start(num_cores, 0);
		gso_add_receiver(&receiver, XVIO_PORT_VDPA(1), GSO_ALL_OFFLOADS, false);
		gso_post_one(&receiver, 1000); /* too short for any: all are dropped, and counted */
		num_sent = 0;
		for (i = 0; i < NUM_SENDERS; i++) {
			gso_add_sender(&others[i], (uint16_t)XVIO_PORT_VDPA(4 + 2 * i),
				       GSO_ALL_OFFLOADS);
			bed_rule(i, others[i].number, receiver.port.number);
			make(true, false, 9300, 1000);
			for (k = 0; k < 18; k++, num_sent++)
				gso_send(&others[i], &packet);
		}
		assert_true(num_sent > 2 * PKT_LARGE_MAX);
		fake_run();
		for (i = 0; i < NUM_SENDERS; i++)
			assert_int_equal(bed_reap_sent(&others[i]), 18);
		assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_DROP_NO_BUFFER),
				 num_sent);
		bed_check_quiet();
	}
}

/* More frames of a packet than are kept at once: they go out in order, in several goes. */
static void test_more_frames_than_are_kept(void **state)
{
	unsigned i;

	(void)state;
	start(GSO_ALL_OFFLOADS, 0, false);
	make(true, false, 240 * 100, 100);
	for (i = 0; i < 240; i++)
		gso_post_one(&receiver, 512);
	send_and_run();
	gso_check_received(&receiver, &packet, NULL);
	assert_int_equal(bed_stat(receiver.port.number, XVIO_STAT_TX_PACKETS), 240);
	bed_check_quiet();
}

/* The bus refuses any one operation: nothing is counted twice, or not at all, and no packet is held. */
static void test_any_operation_may_fail(void **state)
{
	unsigned whole;
	int64_t i;

	(void)state;
	for (whole = 0; !HAL_HOST_MAPPED && whole < 2; whole++) {
		for (i = 0; i < 60; i++) {
			start(GSO_ALL_OFFLOADS, whole ? GSO_ALL_OFFLOADS : 0, true);
			make(true, false, 5000, 1000);
			gso_post_for(&receiver, &packet);
			gso_send(&sender, &packet);
			fake_fail_after(i);
			fake_run();
			fake_fail_after(-1);
			bed_check_quiet();
		}
	}
}

/* Part of the packet is where the sender has no memory: its queue stops, and the others go on. */
static void test_rest_of_a_packet_outside_the_map(void **state)
{
	struct driver *driver = &sender.driver[BED_TX];
	uint64_t bad_iova = 0x1000;
	unsigned whole;

	(void)state;
	if (bed_rings.indirect)
		return; /* the chain stands in a table then: test_indirect has one outside the map */
	for (whole = 0; whole < 2; whole++) {
		start(GSO_ALL_OFFLOADS, whole ? GSO_ALL_OFFLOADS : 0, true);
		make(true, false, 5000, 1000);
		gso_post_for(&receiver, &packet);
		gso_send(&sender, &packet);
		/* The third descriptor's address. */
		driver_write(driver,
			     DRIVER_DESC_OFFSET +
				     16u * (bed_rings.packed
						    ? 2
						    : driver->chain[driver->in_flight[0]].slot[2]),
			     &bad_iova, sizeof(bad_iova));
		fake_run();
		assert_false(vnet_queue_state(sender.number, BED_TX).running);
		assert_int_equal(vnet_queue_state(sender.number, BED_TX).error,
				 XVIO_RING_ERR_ADDRESS);
		assert_true(vnet_queue_state(receiver.port.number, BED_RX).running);
		bed_check_quiet();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_unknown_flags_are_ignored),
		cmocka_unit_test(test_csum_fields_mean_nothing_without_the_flag),
		cmocka_unit_test(test_hdr_len_is_not_relied_on),
		cmocka_unit_test(test_header_says_nothing_where_nothing_was_negotiated),
		cmocka_unit_test(test_only_what_was_negotiated_is_accepted),
		cmocka_unit_test(test_no_checksum_where_rules_look),
		cmocka_unit_test(test_one_buffer_without_mrg_rxbuf),
		cmocka_unit_test(test_num_buffers_with_mrg_rxbuf),
		cmocka_unit_test(test_mergeable_buffers_as_short_as_the_header),
		cmocka_unit_test(test_too_few_mergeable_buffers),
		cmocka_unit_test(test_more_buffers_than_a_fetch),
		cmocka_unit_test(test_flags_are_0_without_guest_csum),
		cmocka_unit_test(test_no_gso_type_that_was_not_accepted),
		cmocka_unit_test(test_ecn_only_where_it_was_accepted),
		cmocka_unit_test(test_gso_comes_with_csum_and_size),
		cmocka_unit_test(test_mtu_bounds_frames),
		cmocka_unit_test(test_takes_may_change),
		cmocka_unit_test(test_long_packets_wait_for_rooms),
		cmocka_unit_test(test_more_frames_than_are_kept),
		cmocka_unit_test(test_any_operation_may_fail),
		cmocka_unit_test(test_rest_of_a_packet_outside_the_map),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
