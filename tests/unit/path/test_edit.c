/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Changes of packets beside a plain model of them (edit_model.h): random frames, wherever they may stand, and random
 * sequences of changes, after each of which frame, key and checksums are as the model says; with checksums left to the
 * card, and long packets, which are cut afterwards. Then places and rooms by hand.
 */
#include <stdlib.h>
#include <xvio/virtio.h>
#include "common/check.h"
#include "common/edit_model.h"
#include "common/gso_model.h"
#include "common/parse_model.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/edit.h"
#include "path/iotlb.h"
#include "path/parse.h"
#include "path/pkt.h"
#include "path/policy.h"
#include "path/tso.h"
#include "path/virtq.h"

#define IN_PORT	    0xa1b2u
#define HOST_ADDR   0x100000u
#define HDR_BYTES   12u
#define ALL	    0xffu /* offloads */
#define MAX_EDITS   8u
#define NUM_ROUNDS  60000u
#define MAX_PAYLOAD 3000u

/* Where a packet may stand. */
enum place {
	IN_ROOM, /* behind a header, as where DMA puts it */
	AT_ROOMS_BEGIN, /* where several tags have been put into it */
	IN_SLOT, /* of a MAC; not to be written to */
	IN_HEAD, /* all of a short one */
	IN_CHAIN, /* all but its beginning: only where memory is mapped */
	NUM_PLACES,
};

static uint8_t *slot, *slot_before; /* EDIT_MODEL_MAX_BYTES each */
static uint8_t *host;
static struct pkt pkt, segment;
static struct virtq sender;
static struct virtq_chain chain;

static int make_memory(void **state)
{
	(void)state;
	fake_reset(2, 0);
	host = fake_host_map(HOST_ADDR, 1u << 16, FAKE_READ);
	/* Each in a block of its own, for the sanitizer. */
	pkt.room = aligned_alloc(64, PKT_ROOM_BYTES);
	pkt.head = aligned_alloc(64, PKT_HEAD_BYTES);
	segment.room = aligned_alloc(64, PKT_ROOM_BYTES);
	slot = malloc(EDIT_MODEL_MAX_BYTES);
	slot_before = malloc(EDIT_MODEL_MAX_BYTES);
	sender.config.hdr_bytes = HDR_BYTES;
	return 0;
}

static int free_memory(void **state)
{
	(void)state;
	free(pkt.room);
	free(pkt.head);
	free(segment.room);
	free(slot);
	free(slot_before);
	return 0;
}

static void put_in_chain(const uint8_t *frame, uint32_t len_bytes)
{
	memcpy(host + HDR_BYTES, frame, len_bytes);
	chain = (struct virtq_chain){.bus_addr = HOST_ADDR, .len_bytes = HDR_BYTES + len_bytes};
	pkt.vq = &sender;
	pkt.chain = &chain;
	pkt.data = pkt.head + PKT_FRAME_OFFSET;
	pkt.have_bytes = check_random(2) ? PKT_SNAPSHOT_BYTES : check_random(PKT_SNAPSHOT_BYTES);
	if (pkt.have_bytes > len_bytes)
		pkt.have_bytes = len_bytes;
}

static enum place put_frame(enum place place, const uint8_t *frame, uint32_t len_bytes)
{
	if ((place == IN_HEAD && len_bytes > PKT_SNAPSHOT_BYTES) ||
	    (place == IN_CHAIN && !HAL_HOST_MAPPED))
		place = IN_ROOM;
	pkt.in_port = IN_PORT;
	pkt.pool = NULL;
	pkt.vq = NULL;
	pkt.has_header = place != IN_SLOT;
	pkt.have_bytes = pkt.len_bytes = len_bytes;
	pkt.data = pkt.room + PKT_FRAME_OFFSET;
	if (place == AT_ROOMS_BEGIN) {
		pkt.data = pkt.room + check_random(6);
		pkt.has_header = false;
	} else if (place == IN_SLOT) {
		pkt.data = slot + check_random(EDIT_MODEL_MAX_BYTES - len_bytes + 1);
	} else if (place == IN_HEAD) {
		pkt.data = pkt.head + PKT_FRAME_OFFSET;
	} else if (place == IN_CHAIN) {
		put_in_chain(frame, len_bytes);
	}
	memcpy(pkt.data, frame, pkt.have_bytes);
	memcpy(slot_before, slot, EDIT_MODEL_MAX_BYTES);
	return place;
}

static void check_key(const struct edit_packet *want)
{
	struct parse_model model;

	parse_model_frame(want->byte, want->len_bytes, IN_PORT, &model);
	assert_true(model.good);
	assert_memory_equal(&pkt.key, &model.key, sizeof(model.key));
}

static bool needs_csum(bool has_needs)
{
	return has_needs && pkt.offload.needs & OFFLOAD_CSUM;
}

/* The packet, as it will be when it has been summed up, is what the model says. */
static void check_frame(struct edit_packet *want, bool has_needs)
{
	static uint8_t got[EDIT_MODEL_MAX_BYTES];
	const struct offload *offload = &pkt.offload;

	assert_true(pkt.have_bytes <= pkt.len_bytes);
	assert_int_equal(pkt.len_bytes, want->len_bytes);
	assert_true(pkt_read(&pkt, 0, got, pkt.len_bytes));
	if (needs_csum(has_needs))
		offload_store_csum(got, offload->csum_start, offload->csum_offset, pkt.len_bytes);
	assert_true(edit_model_agrees(want, got, pkt.len_bytes));
	check_key(want);
}

/* Returns false if the packet cannot be used any more. */
static bool run_both(struct edit_packet *want, const struct xvio_flow_action *action,
		     bool has_needs)
{
	const uint8_t *before = pkt.data;
	const bool had_header = pkt.has_header;
	const bool good = edit_model_run(want, action);

	assert_int_equal(edit_run(&pkt, action, has_needs), good);
	if (!good)
		return false;
	assert_int_equal(pkt.has_header, had_header && pkt.data == before);
	check_frame(want, has_needs);
	return true;
}

/* Whether an action shows no other header than those before. */
static bool hides_only(const struct xvio_flow_action *action)
{
	return action->type != XVIO_ACTION_MPLS_POP && action->type != XVIO_ACTION_VLAN_POP &&
	       action->type != XVIO_ACTION_VLAN_SET;
}

static uint64_t num_run, num_refused, num_right;

static void run_some(struct edit_packet *want, bool has_needs)
{
	unsigned num = 1 + check_random(MAX_EDITS);
	bool good = true;

	while (num-- && good) {
		const struct xvio_flow_action action = edit_model_action();
		const bool was_right = edit_model_sums_are_right(want);

		good = run_both(want, &action, has_needs);
		if (good && was_right && hides_only(&action)) {
			assert_true(edit_model_sums_are_right(want));
			num_right++;
		}
		num_run++;
	}
	num_refused += !good;
	assert_memory_equal(slot, slot_before, EDIT_MODEL_MAX_BYTES);
}

static void begin(uint64_t seed)
{
	check_seed(seed);
	num_run = num_refused = num_right = 0;
	memset(slot, 0x5a, EDIT_MODEL_MAX_BYTES);
}

static void test_random(void **state)
{
	static struct edit_packet want;
	unsigned round;

	(void)state;
	begin(1);
	for (round = 0; round < NUM_ROUNDS; round++) {
		edit_model_make(&want);
		put_frame(check_random(NUM_PLACES), want.byte, want.len_bytes);
		assert_true(pkt_parse(&pkt));
		run_some(&want, false);
	}
	assert_true(num_run >= NUM_ROUNDS * 4);
	assert_in_range(num_refused, NUM_ROUNDS / 50, NUM_ROUNDS / 4);
	assert_true(num_right >= NUM_ROUNDS * 2);
}

/*
 * A checksum deeper in the packet, as of what is in a tunnel, is left to the card; those in front of it are over what will be
 * there. frame: what the card gets. False: there is no place for it.
 */
static bool leave_inner_csum(struct edit_packet *want, uint8_t *frame,
			     struct virtio_net_hdr *header)
{
	const struct xvio_flow_action sum_up = {.type = XVIO_ACTION_CSUM, .a = 15};
	struct edit_view view;
	uint32_t first, start, at;

	if (!edit_model_view(want, &view))
		return false;
	first = view.l4_at + 60; /* no header is longer */
	if (!view.end || first + 2 > want->len_bytes)
		return false;
	start = first + check_random(want->len_bytes - first - 1);
	at = start + check_random(want->len_bytes - start - 1);
	*header = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					  .csum_start = (uint16_t)start,
					  .csum_offset = (uint16_t)(at - start)};
	want->has_csum = true;
	want->csum_start = (int)start;
	want->csum_at = (int)at;
	memcpy(frame + at, want->byte + at, 2);
	offload_store_csum(want->byte, start, at - start, want->len_bytes);
	edit_model_run(want, &sum_up);
	memcpy(frame, want->byte, at);
	memcpy(frame + at + 2, want->byte + at + 2, want->len_bytes - at - 2);
	return true;
}

static void test_inner_csum(void **state)
{
	static struct edit_packet want;
	static uint8_t frame[EDIT_MODEL_MAX_BYTES];
	struct virtio_net_hdr header;
	unsigned num = 0;

	(void)state;
	begin(2);
	while (num < NUM_ROUNDS / 4) {
		edit_model_make(&want);
		if (!leave_inner_csum(&want, frame, &header))
			continue;
		put_frame(check_random(NUM_PLACES), frame, want.len_bytes);
		assert_true(pkt_parse(&pkt));
		assert_true(offload_read(&pkt, &header, ALL));
		run_some(&want, true);
		num++;
	}
	assert_true(num_right >= NUM_ROUNDS / 4);
}

/* A packet with needs, and the frames that become of it: they were cut first, and are changed then. */

#define MAX_FRAMES 8u

static struct gso_packet gso;
static struct edit_packet cut[MAX_FRAMES];

static uint32_t make_needy(void)
{
	struct gso_wish wish = gso_any_wish(MAX_PAYLOAD);
	uint32_t num, i;

	wish.needs_csum = true;
	if (wish.is_gso && wish.gso_size * MAX_FRAMES < wish.payload_bytes)
		wish.gso_size = (uint16_t)(wish.payload_bytes / MAX_FRAMES + 1);
	gso_make(&gso, &wish);
	num = gso_num_frames(&gso);
	assert_in_range(num, 1, MAX_FRAMES);
	for (i = 0; i < num; i++) {
		memset(&cut[i], 0, offsetof(struct edit_packet, byte));
		cut[i].len_bytes = gso_frame(&gso, i, cut[i].byte);
		cut[i].has_csum = true;
		cut[i].is_cut = num > 1;
		cut[i].ip_at = (int)gso.l3_at;
		cut[i].csum_start = gso.header.csum_start;
		cut[i].csum_at = gso.header.csum_start + gso.header.csum_offset;
	}
	return num;
}

static void check_cut(uint32_t num)
{
	struct tso tso = tso_begin(&pkt);
	uint32_t i;

	for (i = 0; i < num; i++) {
		assert_false(tso_is_done(&tso));
		assert_true(tso_next(&tso, &segment));
		assert_true(edit_model_agrees(&cut[i], segment.data, segment.len_bytes));
	}
	assert_true(tso_is_done(&tso));
}

/* Flags of TCP are not the same in all frames; and what one frame's model says of the form of 0, another's may not. */
static struct xvio_flow_action needy_action(void)
{
	struct xvio_flow_action action;

	do
		action = edit_model_action();
	while (action.a == XVIO_HDR_TCP && action.arg == 12);
	return action;
}

static bool run_on_all(const struct xvio_flow_action *action, uint32_t num)
{
	bool good = true;
	uint32_t i;

	for (i = 0; i < num; i++)
		good = edit_model_run(&cut[i], action);
	return good;
}

static void run_needy(uint32_t num)
{
	unsigned num_edits = 1 + check_random(MAX_EDITS);

	while (num_edits--) {
		const struct xvio_flow_action action = needy_action();
		const bool good = run_on_all(&action, num);

		num_run++;
		assert_int_equal(edit_run(&pkt, &action, true), good);
		if (!good) {
			num_refused++;
			return;
		}
		if (num > 1)
			check_cut(num);
		else
			check_frame(&cut[0], true);
	}
}

static void test_needs(void **state)
{
	uint32_t num;
	unsigned round;

	(void)state;
	begin(3);
	for (round = 0; round < NUM_ROUNDS / 4; round++) {
		num = make_needy();
		put_frame(check_random(NUM_PLACES), gso.data, gso.len_bytes);
		assert_true(pkt_parse(&pkt));
		assert_true(offload_read(&pkt, &gso.header, ALL));
		run_needy(num);
	}
	assert_true(num_run >= NUM_ROUNDS);
}

/* By hand */

static const struct xvio_flow_action push_vlan = {.type = XVIO_ACTION_VLAN_PUSH,
						  .arg = 0x81000001u};
static const struct xvio_flow_action push_mpls = {.type = XVIO_ACTION_MPLS_PUSH, .arg = 0x8847};

static void make_untagged(struct edit_packet *want, uint32_t len_bytes)
{
	memset(want, 0, sizeof(*want));
	want->len_bytes = len_bytes;
	memcpy(want->byte, "\2\0\0\0\0\2\2\0\0\0\0\1\x12\x34", 14);
}

/* Tags, as many as there is room for: the last one that fits, and not one more. */
static void test_room(void **state)
{
	static struct edit_packet want;
	const uint32_t max_bytes = PKT_ROOM_BYTES - PKT_FRAME_OFFSET;
	uint32_t len_bytes;

	(void)state;
	for (len_bytes = max_bytes - 190; len_bytes <= max_bytes; len_bytes++) {
		make_untagged(&want, len_bytes);
		put_frame(len_bytes % 3, want.byte, len_bytes);
		assert_true(pkt_parse(&pkt));
		while (want.len_bytes + 4 <= max_bytes)
			assert_true(run_both(&want, &push_vlan, false));
		assert_false(edit_run(&pkt, &push_vlan, false));
	}
}

static void put_gso(const struct gso_wish *wish)
{
	gso_make(&gso, wish);
	put_frame(IN_ROOM, gso.data, gso.len_bytes);
	assert_true(pkt_parse(&pkt));
	assert_true(offload_read(&pkt, &gso.header, ALL));
}

/* Places of a packet that is cut are small numbers. */
static void test_many_tags_before_cutting(void **state)
{
	const struct gso_wish wish = {
		.needs_csum = true, .is_gso = true, .payload_bytes = 3000, .gso_size = 1000};
	const struct xvio_flow_action *last[] = {&push_mpls, &push_vlan};
	unsigned i, num;

	(void)state;
	for (i = 0; i < 2; i++) {
		put_gso(&wish);
		for (num = 1; num <= (255 - gso.l3_at) / 4; num++) {
			assert_true(edit_run(&pkt, &push_mpls, true));
			assert_int_equal(pkt.offload.l3_at, gso.l3_at + 4 * num);
		}
		assert_false(edit_run(&pkt, last[i], true));
	}
}

/* Entries of a stack that look like an IP header do not become that of a packet that is cut. */
static void test_other_ip_before_cutting(void **state)
{
	static const uint8_t entries[][4] = {{10, 0, 0, 2}, {10, 0, 0, 1},    {64, 47, 0, 0},
					     {0, 0, 0, 0},  {0x45, 0, 0, 32}, {0}};
	static const struct xvio_flow_action pop = {.type = XVIO_ACTION_MPLS_POP, .arg = 0x0800};
	const struct gso_wish wish = {
		.needs_csum = true, .is_gso = true, .payload_bytes = 3000, .gso_size = 1000};
	struct xvio_flow_action push = push_mpls;
	unsigned has_needs, i;

	(void)state;
	for (has_needs = 0; has_needs < 2; has_needs++) {
		put_gso(&wish);
		for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
			memcpy(&push.value, entries[i], 4);
			assert_true(edit_run(&pkt, &push, has_needs));
		}
		assert_int_equal(edit_run(&pkt, &pop, has_needs), !has_needs);
	}
}

/* Of UDP a checksum that comes out as 0 is written in its other form, which 0 does not stand for. */
static void check_udp_zero(struct edit_packet *want)
{
	struct xvio_flow_action set = {
		.type = XVIO_ACTION_SET, .a = XVIO_HDR_UDP, .mask = 0x0000ffff};
	static const struct xvio_flow_action sum_up = {.type = XVIO_ACTION_CSUM,
						       .a = XVIO_CSUM_UDP};
	struct edit_view view;
	uint8_t *udp;
	uint32_t port;

	edit_model_view(want, &view);
	udp = want->byte + view.l4_at;
	port = udp[0] * 256u + udp[1] + udp[6] * 256u + udp[7]; /* takes the sum to 65535 */
	port = port % 65536 + port / 65536;
	set.value = (port & 255) << 8 | port >> 8;
	put_frame(IN_ROOM, want->byte, want->len_bytes);
	assert_true(pkt_parse(&pkt));
	assert_true(run_both(want, &set, false));
	assert_memory_equal(udp + 6, "\xff\xff", 2);
	memset(pkt.data + view.l4_at + 6, 0x12, 2);
	assert_true(run_both(want, &sum_up, false));
	assert_memory_equal(udp + 6, "\xff\xff", 2);
}

static void test_udp_zero(void **state)
{
	static struct edit_packet want;
	struct edit_view view;
	unsigned num = 0;

	(void)state;
	check_seed(4);
	while (num < 1000) {
		edit_model_make(&want);
		edit_model_view(&want, &view);
		if (!(view.is_ipv4 || view.is_ipv6) || view.proto != 17 || view.is_fragment ||
		    view.is_routed || !edit_model_sums_are_right(&want) ||
		    (!want.byte[view.l4_at + 6] && !want.byte[view.l4_at + 7]))
			continue;
		check_udp_zero(&want);
		num++;
	}
}

/* What is to be summed up, or where the sum goes, may not be what rules see. */
static void test_csum_among_headers(void **state)
{
	static const struct xvio_flow_action pop = {.type = XVIO_ACTION_MPLS_POP, .arg = 0x0800};
	static uint8_t frame[60] = {2,	  0, 0, 0,  0, 2, 2, 0, 0, 0,  0, 1, 0x88,
				    0x47, 0, 0, 1,  9, /* then IPv4, UDP */
				    0x45, 0, 0, 42, 0, 0, 0, 0, 9, 17, 0, 0, 10,
				    0,	  0, 1, 10, 0, 0, 2, 0, 1, 0,  2, 0, 22};
	struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	uint16_t at;

	(void)state;
	for (header.csum_start = 0; header.csum_start < 44; header.csum_start++) {
		for (at = header.csum_start; at < 50; at++) {
			header.csum_offset = at - header.csum_start;
			put_frame(IN_ROOM, frame, sizeof(frame));
			assert_true(pkt_parse(&pkt));
			if (header.csum_start < 14 || at < 18) {
				assert_false(offload_read(&pkt, &header, ALL));
				continue;
			}
			assert_true(offload_read(&pkt, &header, ALL));
			assert_int_equal(edit_run(&pkt, &pop, true),
					 header.csum_start >= 18 && at >= 44);
		}
	}
}

/* A sender whose memory has gone: what is here can be changed, what needs the rest cannot. */
static void test_sender_fails(void **state)
{
	static const struct xvio_flow_action set_mac = {
		.type = XVIO_ACTION_SET, .value = 0x12345678, .mask = 0xffffffff};
	static struct virtq_seg seg = {.iova = 0x5000, .len_bytes = 2000};
	static struct edit_packet want;

	(void)state;
	if (!HAL_HOST_MAPPED)
		return; /* all of a packet is on the card before anything is done with it */
	make_untagged(&want, 1500);
	put_frame(IN_CHAIN, want.byte, want.len_bytes);
	pkt.have_bytes = 14;
	sender.config.map = iotlb_empty();
	sender.seg = &seg;
	chain.num_segs = 1;
	assert_true(pkt_parse(&pkt));
	assert_true(edit_run(&pkt, &set_mac, false));
	assert_int_equal(pkt.have_bytes, 14);
	assert_false(edit_run(&pkt, &push_vlan, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_inner_csum),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_many_tags_before_cutting),
		cmocka_unit_test(test_other_ip_before_cutting),
		cmocka_unit_test(test_udp_zero),
		cmocka_unit_test(test_csum_among_headers),
		cmocka_unit_test(test_sender_fails),
	};

	return cmocka_run_group_tests(tests, make_memory, free_memory);
}
