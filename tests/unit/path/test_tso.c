/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Offloads from driver to driver (offload.h, tso.h): random packets under random features, compared with a
 * model (gso_model.h), byte for byte, header and all.
 */
#include <hal_host.h>
#include "common/bed.h"
#include "common/check.h"
#include "common/gso_model.h"
#include "hal/fake/fake.h"
#include "path/csum.h"
#include "path/flow.h"
#include "path/offload.h"
#include "path/policy.h"

#define ALL_OFFLOADS  (OFFLOAD_CSUM | OFFLOAD_TSO | OFFLOAD_ECN | OFFLOAD_USO)
#define NUM_RECEIVERS 3u
#define HDR_BYTES     ((uint32_t)sizeof(struct virtio_net_hdr))
#define RX_ENTRIES    256u

/* A driver that receives, and what it has accepted. */
struct receiver {
	struct bed_port port;
	uint8_t takes;
	bool mergeable;
};

static struct bed_port sender;
static struct receiver receiver[NUM_RECEIVERS];
static struct gso_packet packet;
static uint8_t wanted[GSO_MAX_BYTES];
static uint8_t got[GSO_MAX_BYTES + 64];
static uint8_t room[GSO_MAX_BYTES + HDR_BYTES];

/* Drivers may accept TSO and USO only with CSUM, ECN only with TSO (5.1.3.1). */
static uint8_t any_offloads(void)
{
	uint8_t offloads = check_random(4) ? (uint8_t)check_random(64) : ALL_OFFLOADS;

	if (!(offloads & OFFLOAD_CSUM))
		return 0;
	if (!(offloads & OFFLOAD_TSO))
		offloads &= (uint8_t)~OFFLOAD_ECN;
	return offloads;
}

static void start_sender(uint8_t offloads)
{
	struct virtq_config config;

	bed_add_port(&sender, XVIO_PORT_VDPA(0), 256);
	config = bed_queue_config(&sender, BED_TX, sender.driver[BED_TX].avail_idx);
	config.offloads = offloads;
	assert_true(vnet_start_queue(sender.number, BED_TX, &config));
}

static void start_receiver(struct receiver *to, uint16_t number, uint8_t takes, bool mergeable)
{
	struct virtq_config config;

	bed_add_port(&to->port, number, RX_ENTRIES);
	to->takes = takes;
	to->mergeable = mergeable;
	config = bed_queue_config(&to->port, BED_RX, to->port.driver[BED_RX].avail_idx);
	config.mergeable = mergeable;
	assert_true(vnet_start_queue(number, BED_RX, &config));
	vnet_set_takes(number, takes);
}

/* Whether it gets packets as they are. */
static bool takes_whole(const struct receiver *to)
{
	return !(gso_needs(&packet) & ~to->takes);
}

static unsigned num_frames_for(const struct receiver *to)
{
	return takes_whole(to) ? 1 : gso_num_frames(&packet);
}

static uint32_t frame_for(const struct receiver *to, unsigned i)
{
	if (!takes_whole(to))
		return gso_frame(&packet, i, wanted);
	memcpy(wanted, packet.data, packet.len_bytes);
	return packet.len_bytes;
}

static void post_one(struct receiver *to, uint32_t len_bytes)
{
	unsigned pieces = (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	assert_true(driver_post(&to->port.driver[BED_RX], len_bytes, pieces));
}

/* As many buffers as the packet will take, of any length where they are mergeable. */
static void post_for_packet(struct receiver *to)
{
	unsigned i;

	for (i = 0; i < num_frames_for(to); i++) {
		int32_t left_bytes = (int32_t)(frame_for(to, i) + HDR_BYTES);

		if (!to->mergeable)
			post_one(to, (uint32_t)left_bytes + check_random(20));
		while (to->mergeable && left_bytes > 0) {
			uint32_t len_bytes = HDR_BYTES + check_random(check_random(9) ? 3000 : 9);

			post_one(to, len_bytes);
			left_bytes -= (int32_t)len_bytes;
		}
	}
	if (check_random(2))
		bed_ring(&to->port, BED_RX);
}

static void send_packet(void)
{
	uint32_t len_bytes = HDR_BYTES + packet.len_bytes;
	unsigned pieces = (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	memcpy(room, &packet.header, HDR_BYTES);
	memcpy(room + HDR_BYTES, packet.data, packet.len_bytes);
	assert_true(driver_send(&sender.driver[BED_TX], room, len_bytes, pieces + check_random(4)));
	bed_ring(&sender, BED_TX);
}

/* A packet out of as many buffers as its header says, each but the last full; its length, 0: none. */
static uint32_t receive(struct receiver *from, struct virtio_net_hdr *header)
{
	struct driver *driver = &from->port.driver[BED_RX];
	uint32_t sum_bytes = 0;
	uint32_t len_bytes;
	uint32_t i;

	for (i = 0; !i || i < header->num_buffers; i++) {
		const struct driver_chain *chain = &driver->chain[driver->in_flight[0]];
		uint32_t room_bytes = chain->room_bytes;

		if (!driver_reap(driver, got + sum_bytes, &len_bytes)) {
			assert_int_equal(i, 0); /* all of a packet is told at once */
			return 0;
		}
		if (!i)
			memcpy(header, got, sizeof(*header));
		if (i + 1 < header->num_buffers)
			assert_int_equal(len_bytes, room_bytes);
		sum_bytes += len_bytes;
	}
	assert_true(from->mergeable || header->num_buffers == 1);
	assert_true(sum_bytes > HDR_BYTES);
	memmove(got, got + HDR_BYTES, sum_bytes - HDR_BYTES);
	return sum_bytes - HDR_BYTES;
}

static void check_frame(struct receiver *to, const struct virtio_net_hdr *expected,
			uint32_t len_bytes, const uint8_t *eth_dst)
{
	struct virtio_net_hdr header;

	if (eth_dst)
		memcpy(wanted, eth_dst, 6);
	assert_int_equal(receive(to, &header), len_bytes);
	header.num_buffers = 1;
	assert_memory_equal(&header, expected, sizeof(header));
	assert_memory_equal(got, wanted, len_bytes);
}

/* What a receiver must have of the packet. */
static void check_received(struct receiver *to, const uint8_t *eth_dst)
{
	static const struct virtio_net_hdr plain = {.num_buffers = 1};
	struct virtio_net_hdr header = takes_whole(to) ? gso_header(&packet) : plain;
	unsigned i;

	for (i = 0; i < num_frames_for(to); i++)
		check_frame(to, &header, frame_for(to, i), eth_dst);
}

static void check_no_more(struct receiver *to)
{
	struct virtio_net_hdr header;

	assert_int_equal(receive(to, &header), 0);
}

/* One that a driver with these offloads may send; in no more frames than rings here have room for. */
static void random_packet(uint8_t offloads)
{
	struct gso_wish wish = gso_any_wish(65000);

	if (wish.payload_bytes / 20 > wish.gso_size)
		wish.gso_size = (uint16_t)(wish.payload_bytes / 20 + check_random(2000));
	gso_make(&packet, &wish);
	if (gso_is_accepted(&packet, offloads))
		return;
	wish.is_gso = false;
	wish.payload_bytes %= 1500;
	wish.needs_csum &= (offloads & OFFLOAD_CSUM) != 0;
	gso_make(&packet, &wish);
	assert_true(gso_is_accepted(&packet, offloads));
}

static void start_world(unsigned num_cores, uint8_t offloads)
{
	unsigned i;

	bed_start(num_cores, 1);
	start_sender(offloads);
	for (i = 0; i < NUM_RECEIVERS; i++)
		start_receiver(&receiver[i], (uint16_t)XVIO_PORT_VDPA(1 + i), any_offloads(),
			       check_random(2));
}

static void run_guest_to_guest(unsigned num_cores, unsigned num_worlds, unsigned num_packets)
{
	while (num_worlds--) {
		uint8_t offloads = any_offloads();
		unsigned i;

		start_world(num_cores, offloads);
		bed_rule(1, sender.number, receiver[0].port.number);
		for (i = 0; i < num_packets; i++) {
			random_packet(offloads);
			post_for_packet(&receiver[0]);
			send_packet();
			fake_run();
			assert_int_equal(bed_reap_sent(&sender), 1);
			check_received(&receiver[0], NULL);
			check_no_more(&receiver[0]);
		}
		bed_check_quiet();
	}
}

static void test_guest_to_guest(void **state)
{
	(void)state;
	check_seed(1);
	run_guest_to_guest(2, 40, 12);
}

static void test_guest_to_guest_over_cores(void **state)
{
	(void)state;
	check_seed(2);
	run_guest_to_guest(3, 15, 12);
}

/* To several at once, some of which get another destination: each as it takes them. */
static void test_to_several_guests(void **state)
{
	static const uint8_t other_dst[6] = {2, 9, 9, 9, 9, 9};
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.prio = 1,
		.num_actions = NUM_RECEIVERS + 1,
		.mask.in_port = 0xffff,
	};
	unsigned world, i, k;
	uint32_t detail;

	(void)state;
	check_seed(3);
	for (world = 0; world < 30; world++) {
		uint8_t offloads = any_offloads();

		start_world(2 + world % 2, offloads);
		rule.key.in_port = sender.number;
		for (k = 0; k < NUM_RECEIVERS; k++)
			rule.action[k + (k == 2)] = (struct xvio_flow_action){
				.type = XVIO_ACTION_OUTPUT, .arg = receiver[k].port.number};
		rule.action[2] = (struct xvio_flow_action){.type = XVIO_ACTION_SET_ETH_DST};
		memcpy(rule.action[2].eth_dst, other_dst, 6);
		assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
		for (i = 0; i < 8; i++) {
			random_packet(offloads);
			for (k = 0; k < NUM_RECEIVERS; k++)
				post_for_packet(&receiver[k]);
			send_packet();
			fake_run();
			assert_int_equal(bed_reap_sent(&sender), 1);
			for (k = 0; k < NUM_RECEIVERS; k++) {
				check_received(&receiver[k], k == 2 ? other_dst : NULL);
				check_no_more(&receiver[k]);
			}
		}
		bed_check_pools();
	}
}

#define SOME_TCI 0x600au

/* The packet as it is with a tag in front of those it has. */
static void tag_packet(void)
{
	static const uint8_t tag[4] = {0x81, 0x00, SOME_TCI >> 8, SOME_TCI & 0xff};

	memmove(packet.data + 16, packet.data + 12, packet.len_bytes - 12);
	memcpy(packet.data + 12, tag, sizeof(tag));
	packet.len_bytes += 4;
	packet.l3_at += 4;
	packet.l4_at += 4;
	packet.payload_at += 4;
	packet.end += 4;
	packet.header.csum_start = (uint16_t)(packet.header.csum_start + 4);
}

/*
 * The sender's port is in a VLAN: who is in it, too, gets packets as they were sent, others with the tag, whole
 * or in frames.
 */
static void test_vlans(void **state)
{
	static struct gso_packet as_sent;
	bool in_vlan[NUM_RECEIVERS];
	unsigned world, i, k;

	(void)state;
	check_seed(4);
	for (world = 0; world < 30; world++) {
		uint8_t offloads = any_offloads();
		struct xvio_flow_rule rule = {.cookie = 1, .prio = 1, .mask.in_port = 0xffff};
		uint32_t detail;

		start_world(2 + world % 2, offloads);
		policy_set(sender.number, false, SOME_TCI);
		rule.key.in_port = sender.number;
		rule.num_actions = (uint16_t)(1 + check_random(NUM_RECEIVERS));
		for (k = 0; k < rule.num_actions; k++) {
			in_vlan[k] = check_random(2);
			policy_set(receiver[k].port.number, false, in_vlan[k] ? SOME_TCI : 0);
			rule.action[k] = (struct xvio_flow_action){.type = XVIO_ACTION_OUTPUT,
								   .arg = receiver[k].port.number};
		}
		assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
		for (i = 0; i < 8; i++) {
			do
				random_packet(offloads);
			while (gso_frame(&packet, 0, wanted) > 9000); /* with a tag it must fit */
			as_sent = packet;
			for (k = 0; k < rule.num_actions; k++) {
				packet = as_sent;
				if (!in_vlan[k])
					tag_packet();
				post_for_packet(&receiver[k]);
			}
			packet = as_sent;
			send_packet();
			fake_run();
			assert_int_equal(bed_reap_sent(&sender), 1);
			for (k = 0; k < rule.num_actions; k++) {
				packet = as_sent;
				if (!in_vlan[k])
					tag_packet();
				check_received(&receiver[k], NULL);
				check_no_more(&receiver[k]);
			}
		}
		bed_check_pools();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_to_guest),
		cmocka_unit_test(test_guest_to_guest_over_cores),
		cmocka_unit_test(test_to_several_guests),
		cmocka_unit_test(test_vlans),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
