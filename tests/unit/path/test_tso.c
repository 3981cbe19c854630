/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Offloads (offload.h, tso.h) by chance: packets of all kinds under random features, to guests, uplinks
 * and host software, and headers that say anything; compared with a model (gso_model.h), byte for byte.
 */
#include <hal_host.h>
#include "common/check.h"
#include "common/gso_bed.h"
#include "hal/fake/fake.h"
#include "path/csum.h"
#include "path/flow.h"
#include "path/policy.h"
#include "path/port.h"
#include "path/veb.h"

#define NUM_RECEIVERS 3u

static struct bed_port sender;
static struct gso_receiver receiver[NUM_RECEIVERS];
static struct gso_packet packet;
static uint8_t wanted[GSO_MAX_BYTES];
static uint8_t got[GSO_MAX_BYTES + 64];

/* One that a driver with these offloads may send; in no more frames than rings here have room for. */
static void random_packet(uint8_t offloads)
{
	struct gso_wish wish = gso_any_wish(65000);

	if (wish.payload_bytes / 20 > wish.gso_size)
		wish.gso_size = (uint16_t)(wish.payload_bytes / 20 + check_random(2000));
	if (wish.gso_size > 8800) /* with headers it must fit the ports' MTU */
		wish.gso_size = 8800;
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
	gso_add_sender(&sender, XVIO_PORT_VDPA(0), offloads);
	for (i = 0; i < NUM_RECEIVERS; i++)
		gso_add_receiver(&receiver[i], (uint16_t)XVIO_PORT_VDPA(1 + i), gso_any_offloads(),
				 check_random(2));
}

static void send_and_run(void)
{
	gso_send(&sender, &packet);
	fake_run();
	assert_int_equal(bed_reap_sent(&sender), 1);
}

static void run_guest_to_guest(unsigned num_cores, unsigned num_worlds)
{
	while (num_worlds--) {
		uint8_t offloads = gso_any_offloads();
		unsigned i;

		start_world(num_cores, offloads);
		bed_rule(1, sender.number, receiver[0].port.number);
		for (i = 0; i < 12; i++) {
			random_packet(offloads);
			gso_post_for(&receiver[0], &packet);
			send_and_run();
			gso_check_received(&receiver[0], &packet, NULL);
			gso_check_no_more(&receiver[0]);
		}
		bed_check_quiet();
	}
}

static void test_guest_to_guest(void **state)
{
	(void)state;
	check_seed(1);
	run_guest_to_guest(2, 30);
}

static void test_guest_to_guest_over_cores(void **state)
{
	(void)state;
	check_seed(2);
	run_guest_to_guest(3, 15);
}

/* To several at once, one of which gets another destination: each as it takes them. */
static void test_to_several_guests(void **state)
{
	static const uint8_t other_dst[6] = {2, 9, 9, 9, 9, 9};
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.prio = 1,
		.mask.in_port = 0xffff,
	};
	unsigned world, i, k;

	(void)state;
	check_seed(3);
	for (world = 0; world < 20; world++) {
		uint8_t offloads = gso_any_offloads();

		start_world(2 + world % 2, offloads);
		rule.key.in_port = sender.number;
		rule.num_actions = 0;
		for (k = 0; k < NUM_RECEIVERS; k++) {
			if (k == 2)
				act_eth_dst(&rule, other_dst);
			act_copy(&rule, receiver[k].port.number);
		}
		act_end(&rule);
		for (i = 0; i < 8; i++) {
			random_packet(offloads);
			for (k = 0; k < NUM_RECEIVERS; k++)
				gso_post_for(&receiver[k], &packet);
			send_and_run();
			for (k = 0; k < NUM_RECEIVERS; k++) {
				gso_check_received(&receiver[k], &packet,
						   k == 2 ? other_dst : NULL);
				gso_check_no_more(&receiver[k]);
			}
		}
		bed_check_pools();
	}
}

/* Many packets in a round, mixed, to one port: whole or in frames, in the order in which they were sent. */
static void test_many_in_a_round(void **state)
{
	static struct gso_packet sent[8];
	unsigned world, i;

	(void)state;
	check_seed(4);
	for (world = 0; world < 15; world++) {
		uint8_t offloads = gso_any_offloads();
		uint32_t num_slots = 0;

		start_world(2 + world % 2, offloads);
		bed_rule(1, sender.number, receiver[0].port.number);
		receiver[0].mergeable = false;
		bed_start_queue(&receiver[0].port, BED_RX,
				receiver[0].port.driver[BED_RX].avail_idx);
		for (i = 0; i < 8; i++) {
			do {
				random_packet(offloads);
			} while (packet.len_bytes > 20000 || gso_num_frames(&packet) > 20);
			sent[i] = packet;
			num_slots += gso_num_frames(&packet) * (packet.len_bytes / 1024 + 2);
			if (num_slots > 200)
				break;
			gso_post_for(&receiver[0], &packet);
			gso_send(&sender, &packet);
		}
		fake_run();
		assert_int_equal(bed_reap_sent(&sender), i);
		for (unsigned k = 0; k < i; k++)
			gso_check_received(&receiver[0], &sent[k], NULL);
		gso_check_no_more(&receiver[0]);
		bed_check_quiet();
	}
}

/* A wire takes nothing but frames. (There are none where memory is mapped.) */
static void test_guest_to_uplink(void **state)
{
	unsigned world, i, k;

	(void)state;
	check_seed(5);
	for (world = 0; !HAL_HOST_MAPPED && world < 15; world++) {
		uint8_t offloads = gso_any_offloads();

		start_world(2 + world % 2, offloads);
		bed_add_uplink(0);
		bed_rule(1, sender.number, XVIO_PORT_UPLINK(0));
		for (i = 0; i < 12; i++) {
			random_packet(offloads);
			send_and_run();
			for (k = 0; k < gso_num_frames(&packet); k++) {
				uint32_t len_bytes = gso_frame(&packet, k, wanted);

				assert_int_equal(fake_mac_pop(0, got, sizeof(got)), len_bytes);
				assert_memory_equal(got, wanted, len_bytes);
			}
			assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 0);
		}
		bed_check_quiet();
	}
}

/* Neither does host software: what misses all rules is finished. */
static void test_miss_to_host(void **state)
{
	struct bed_port pf;
	struct xvio_pkt_meta meta;
	unsigned world, i, k;

	(void)state;
	check_seed(6);
	for (world = 0; world < 10; world++) {
		uint8_t offloads = gso_any_offloads();

		start_world(2 + world % 2, offloads);
		bed_add_port(&pf, XVIO_PORT_PF, 256);
		for (i = 0; i < 12; i++) {
			random_packet(offloads);
			for (k = 0; k < gso_num_frames(&packet); k++)
				bed_post(&pf, 1, gso_frame(&packet, k, wanted) + sizeof(meta));
			send_and_run();
			for (k = 0; k < gso_num_frames(&packet); k++) {
				uint32_t len_bytes = gso_frame(&packet, k, wanted);

				assert_int_equal(bed_receive(&pf, got, &meta), len_bytes);
				assert_memory_equal(got, wanted, len_bytes);
				assert_int_equal(meta.port, sender.number);
				assert_int_equal(meta.flags, XVIO_META_F_REPR);
			}
			assert_int_equal(bed_receive(&pf, got, &meta), 0);
		}
		bed_check_quiet();
	}
}

/* Any header in front of a packet that would be good with another one. */
static void spoil_header(void)
{
	struct virtio_net_hdr *header = &packet.header;
	uint8_t *byte = (uint8_t *)header;
	unsigned num = 1 + check_random(3);

	while (num--) {
		switch (check_random(6)) {
		case 0:
			header->csum_start = (uint16_t)(packet.l4_at + check_random(30) - 20);
			break;
		case 1:
			header->csum_offset = (uint16_t)check_random(packet.len_bytes + 4);
			break;
		case 2:
			header->gso_size = (uint16_t)check_random(check_random(2) ? 4 : 0x10000);
			break;
		case 3:
			header->gso_type = (uint8_t)(check_random(7) | (check_random(2) << 7));
			break;
		case 4:
			header->flags = (uint8_t)check_random(256);
			break;
		default:
			byte[check_random(sizeof(*header))] = (uint8_t)check_random(256);
		}
	}
}

/*
 * A header that is not good costs its sender this one packet; what a good one asks for is done, whatever else
 * it says, and nothing but the sender's bytes goes out.
 */
static void test_any_header(void **state)
{
	unsigned num_accepted = 0;
	unsigned num_packets = 0;
	unsigned world, i;

	(void)state;
	check_seed(7);
	for (world = 0; world < 30; world++) {
		uint8_t offloads = gso_any_offloads() | OFFLOAD_CSUM; /* or it is not looked at */
		uint64_t num_dropped = 0;

		start_world(2, offloads);
		bed_rule(1, sender.number, receiver[0].port.number);
		for (i = 0; i < 60; i++) {
			bool accepted;

			do {
				random_packet(GSO_ALL_OFFLOADS);
				spoil_header();
				accepted = gso_is_accepted(&packet, offloads);
			} while (accepted && (gso_num_frames(&packet) > 25 ||
					      gso_frame(&packet, 0, wanted) > 9018));
			if (accepted)
				gso_post_for(&receiver[0], &packet);
			send_and_run();
			if (accepted)
				gso_check_received(&receiver[0], &packet, NULL);
			gso_check_no_more(&receiver[0]);
			num_dropped += !accepted;
			num_accepted += accepted;
			num_packets++;
		}
		assert_int_equal(bed_stat(sender.number, XVIO_STAT_DROP_MALFORMED) +
					 bed_stat(sender.number, XVIO_STAT_DROP_OVERSIZE),
				 num_dropped);
		bed_check_quiet();
	}
	assert_in_range(num_accepted, num_packets / 10, num_packets * 9 / 10);
}

/* Pieces at any address, of any length: as the sum of 16-bit words, one by one. */
static void test_sum(void **state)
{
	unsigned i, k;

	(void)state;
	check_seed(8);
	for (i = 0; i < 20000; i++) {
		uint32_t at = check_random(16);
		uint32_t len_bytes = check_random(i % 100 ? 100 : 60000);
		uint32_t sum = 0;

		for (k = 0; k < len_bytes; k++) {
			got[at + k] = (uint8_t)(check_random(3) ? check_random(256) : 255);
			sum += k % 2 ? got[at + k] * 256u : got[at + k];
			sum = sum % 65536 + sum / 65536;
		}
		assert_int_equal(csum_bytes(got + at, len_bytes), sum);
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
	check_seed(9);
	for (world = 0; world < 30; world++) {
		uint8_t offloads = gso_any_offloads();
		struct xvio_flow_rule rule = {.cookie = 1, .prio = 1, .mask.in_port = 0xffff};
		const unsigned num = 1 + check_random(NUM_RECEIVERS);

		start_world(2 + world % 2, offloads);
		policy_set(sender.number, false, SOME_TCI);
		rule.key.in_port = sender.number;
		for (k = 0; k < num; k++) {
			in_vlan[k] = check_random(2);
			policy_set(receiver[k].port.number, false, in_vlan[k] ? SOME_TCI : 0);
			act_copy(&rule, receiver[k].port.number);
		}
		act_end(&rule);
		for (i = 0; i < 8; i++) {
			do
				random_packet(offloads);
			while (gso_frame(&packet, 0, wanted) > 9000); /* with a tag it must fit */
			as_sent = packet;
			for (k = 0; k < num; k++) {
				packet = as_sent;
				if (!in_vlan[k])
					tag_packet();
				gso_post_for(&receiver[k], &packet);
			}
			packet = as_sent;
			send_and_run();
			for (k = 0; k < num; k++) {
				packet = as_sent;
				if (!in_vlan[k])
					tag_packet();
				gso_check_received(&receiver[k], &packet, NULL);
				gso_check_no_more(&receiver[k]);
			}
		}
		bed_check_pools();
	}
}

/* Legacy mode: what is for all comes to each guest of the sender's VLAN as it takes it, and to the wire in frames; what is for one to this one. */
static void test_legacy_mode(void **state)
{
	static const uint8_t one[6] = {2, 7, 7, 7, 7, 7};
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	static struct gso_packet as_sent, tagged;
	unsigned world, i, k;

	(void)state;
	check_seed(10);
	for (world = 0; world < 20; world++) {
		const uint8_t offloads = gso_any_offloads();
		const bool has_vlan = check_random(2);
		const bool has_wire = !HAL_HOST_MAPPED;

		start_world(2 + world % 2, offloads);
		if (has_wire)
			bed_add_uplink(0);
		port_set_mac(receiver[0].port.number, one);
		veb_set_mode(VEB_VEB);
		if (has_vlan) {
			policy_set(sender.number, false, SOME_TCI);
			policy_set(receiver[0].port.number, false, SOME_TCI);
			policy_set(receiver[1].port.number, false, SOME_TCI);
		}
		for (i = 0; i < 8; i++) {
			const bool to_one = check_random(3) == 0;
			const unsigned num = to_one ? 1 : has_vlan ? 2 : NUM_RECEIVERS;

			do
				random_packet(offloads);
			while (gso_frame(&packet, 0, wanted) > 9000);
			memcpy(packet.data, to_one ? one : all, 6);
			as_sent = packet;
			if (has_vlan)
				tag_packet();
			tagged = packet;
			packet = as_sent;
			for (k = 0; k < num; k++)
				gso_post_for(&receiver[k], &packet);
			send_and_run();
			for (k = 0; k < NUM_RECEIVERS; k++) {
				if (k < num)
					gso_check_received(&receiver[k], &packet, NULL);
				gso_check_no_more(&receiver[k]);
			}
			for (k = 0; has_wire && !to_one && k < gso_num_frames(&tagged); k++) {
				uint32_t len_bytes = gso_frame(&tagged, k, wanted);

				assert_int_equal(fake_mac_pop(0, got, sizeof(got)), len_bytes);
				assert_memory_equal(got, wanted, len_bytes);
			}
			assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 0);
		}
		bed_check_quiet();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_to_guest),
		cmocka_unit_test(test_guest_to_guest_over_cores),
		cmocka_unit_test(test_to_several_guests),
		cmocka_unit_test(test_many_in_a_round),
		cmocka_unit_test(test_guest_to_uplink),
		cmocka_unit_test(test_miss_to_host),
		cmocka_unit_test(test_any_header),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_legacy_mode),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
