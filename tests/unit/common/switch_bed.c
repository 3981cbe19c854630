/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Firmware and model side by side (switch_bed.h). */
#include "common/switch_bed.h"

#include <hal_host.h>
#include <stdio.h>
#include <string.h>
#include "common/gso_bed.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "path/flow.h"
#include "path/policer.h"
#include "path/port.h"

#define ROOM_BYTES  3072u /* of a receive buffer, header and frame */
#define MAX_CAME    1024u
#define WIRE_FRAMES 128u /* that a wire keeps until they are taken */

/* A frame that came out of the card. */
struct came {
	bool is_marked; /* by the PF */
	struct xvio_pkt_meta meta;
	uint32_t len_bytes;
	uint8_t frame[ROOM_BYTES];
};

struct place {
	uint16_t port;
	bool is_wire;
	uint8_t offloads; /* OFFLOAD_* that its driver may ask for, and takes */
	uint8_t takes;
	struct bed_port bed;
	unsigned room; /* so many packets it has had room for */
	unsigned num_packets; /* that came */
	uint64_t num_bytes;
	unsigned num_came; /* frames of them */
	struct came came[MAX_CAME];
	uint64_t before[XVIO_STAT_NUM];
	uint64_t after[XVIO_STAT_NUM];
};

uint16_t switch_port[SWITCH_NUM_VDPA + 2];
unsigned switch_num_ports;
static struct place switch_places[SWITCH_NUM_VDPA + 2];
static struct model_frames switch_wanted;

/* The last burst, for the report. */
static uint16_t last_port;
static const struct gso_packet *const *last_packets;
static unsigned last_num;

static struct place *place_of(uint16_t port)
{
	unsigned i;

	for (i = 0; i < switch_num_ports; i++) {
		if (switch_places[i].port == port)
			return &switch_places[i];
	}
	fail();
	return NULL;
}

uint8_t switch_offloads(uint16_t port)
{
	return place_of(port)->offloads;
}

static struct place *place_add(uint16_t port)
{
	struct place *place = &switch_places[switch_num_ports];

	switch_port[switch_num_ports++] = port;
	place->port = port;
	place->is_wire = false;
	place->offloads = 0;
	place->takes = 0;
	return place;
}

void switch_start(unsigned num_cores, const uint8_t offloads[SWITCH_NUM_VDPA],
		  const uint8_t takes[SWITCH_NUM_VDPA])
{
	struct place *place;
	unsigned i;

	bed_start(num_cores, HAL_HOST_MAPPED ? 0 : 1);
	model_reset();
	model_frames_clear(&switch_wanted);
	last_num = 0;
	switch_num_ports = 0;
	place = place_add(XVIO_PORT_PF);
	bed_add_port(&place->bed, place->port, DRIVER_MAX_SIZE);
	for (i = 0; i < SWITCH_NUM_VDPA; i++) {
		place = place_add((uint16_t)XVIO_PORT_VDPA(i));
		place->offloads = offloads[i];
		place->takes = takes[i];
		gso_add_sender(&place->bed, place->port, offloads[i]);
		vnet_set_takes(place->port, takes[i]);
	}
	if (HAL_HOST_MAPPED)
		return;
	place = place_add(XVIO_PORT_UPLINK(0));
	place->is_wire = true;
	bed_add_uplink(0);
}

/* Rules and meters */

void switch_rule_add(const struct xvio_flow_rule *rule)
{
	uint32_t detail = 0;
	unsigned status = flow_add(rule, &detail);

	if (status != XVIO_ST_OK) {
		printf("a good rule is refused: status %u, detail %u\n", status, detail);
		switch_print_rule(rule);
		fail();
	}
	model_rule_add(rule, hal_time_us());
}

static bool rule_is_counted(const struct xvio_flow_rule *rule, const struct xvio_flow_stats *got)
{
	struct xvio_flow_stats wanted;

	model_rule_stats(rule->cookie, hal_time_us(), &wanted);
	if (memcmp(got, &wanted, sizeof(wanted)) == 0)
		return true;
	printf("counters of a rule: %llu packets, %llu bytes, %llu drops, idle %llu us;\n"
	       "            wanted: %llu packets, %llu bytes, %llu drops, idle %llu us\n",
	       (unsigned long long)got->packets, (unsigned long long)got->bytes,
	       (unsigned long long)got->drops, (unsigned long long)got->idle_us,
	       (unsigned long long)wanted.packets, (unsigned long long)wanted.bytes,
	       (unsigned long long)wanted.drops, (unsigned long long)wanted.idle_us);
	switch_print_rule(rule);
	return false;
}

void switch_rule_del(unsigned i)
{
	const struct xvio_flow_rule *rule = model_rule(i);
	struct xvio_flow_stats last;

	assert_int_equal(flow_del(rule->cookie, &last), XVIO_ST_OK);
	assert_true(rule_is_counted(rule, &last));
	model_rule_del(rule->cookie);
}

void switch_meter_set(const struct xvio_cmd_meter *meter)
{
	uint32_t detail = 0;

	assert_int_equal(policer_set(meter, &detail), XVIO_ST_OK);
	model_meter_set(meter, hal_time_us());
}

/* Sending */

static void place_post(struct place *place)
{
	struct driver *driver = &place->bed.driver[BED_RX];

	place->room = WIRE_FRAMES;
	if (place->is_wire)
		return;
	while (driver_post(driver, ROOM_BYTES, ROOM_BYTES / DRIVER_SLOT_BYTES))
		;
	bed_ring(&place->bed, BED_RX);
	place->room = driver->num_in_flight;
}

static void place_send(struct place *place, const struct gso_packet *packet)
{
	static uint8_t room[sizeof(struct xvio_pkt_meta) + GSO_MAX_BYTES];
	const uint32_t hdr_bytes = place->bed.hdr_bytes;
	const uint32_t len_bytes = hdr_bytes + packet->len_bytes;
	unsigned pieces = (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	if (place->is_wire) {
		assert_true(fake_mac_push(0, packet->data, packet->len_bytes));
		return;
	}
	memset(room, 0, hdr_bytes);
	memcpy(room, &packet->header, sizeof(packet->header));
	memcpy(room + hdr_bytes, packet->data, packet->len_bytes);
	assert_true(
		driver_send(&place->bed.driver[BED_TX], room, len_bytes, pieces + check_random(3)));
}

/* Receiving */

/* The IP header of a packet to be cut, whatever tags and entries are in front of it. */
static bool find_l3(struct gso_packet *packet)
{
	uint32_t at;

	for (at = 14; at + 20 <= packet->l4_at; at += 2) {
		const uint8_t *ip = packet->data + at;

		packet->l3_at = at;
		packet->is_ipv6 = ip[0] >> 4 == 6;
		if (packet->is_ipv6 && at + 40 + ip[4] * 256u + ip[5] == packet->len_bytes)
			return true;
		if (ip[0] >> 4 == 4 && at + (ip[0] & 15) * 4u == packet->l4_at &&
		    at + ip[2] * 256u + ip[3] == packet->len_bytes)
			return true;
	}
	return false;
}

/* What its driver does with a packet that is not finished: the frames that it stands for. */
static void came_as_frames(struct place *place, struct gso_packet *packet)
{
	const struct virtio_net_hdr *header = &packet->header;
	uint32_t i;

	assert_false(header->flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM);
	if (header->gso_type) {
		packet->is_tcp = header->gso_type != VIRTIO_NET_HDR_GSO_UDP_L4;
		packet->l4_at = header->csum_start;
		packet->payload_at = header->hdr_len;
		packet->end = packet->len_bytes;
		assert_true(find_l3(packet));
	}
	assert_int_equal(gso_needs(packet) & ~place->takes, 0);
	for (i = 0; i < gso_num_frames(packet); i++) {
		struct came *came = &place->came[place->num_came++];

		assert_true(place->num_came < MAX_CAME);
		came->is_marked = false;
		came->len_bytes = gso_frame(packet, i, came->frame);
	}
}

static void came_by_driver(struct place *place)
{
	const uint32_t hdr_bytes = place->bed.hdr_bytes;
	static struct gso_packet packet;
	uint8_t room[ROOM_BYTES];
	uint32_t len_bytes;

	while (driver_reap(&place->bed.driver[BED_RX], room, &len_bytes)) {
		struct came *came = &place->came[place->num_came];

		assert_true(len_bytes > hdr_bytes);
		memcpy(&packet.header, room, sizeof(packet.header));
		assert_int_equal(packet.header.num_buffers, 1);
		packet.len_bytes = len_bytes - hdr_bytes;
		memcpy(packet.data, room + hdr_bytes, packet.len_bytes);
		came_as_frames(place, &packet);
		came->is_marked = hdr_bytes == sizeof(came->meta);
		if (came->is_marked)
			memcpy(&came->meta, room, sizeof(came->meta));
		place->num_packets++;
		place->num_bytes += packet.len_bytes;
	}
}

static void came_by_wire(struct place *place)
{
	struct came *came = &place->came[0];
	size_t len_bytes;

	while ((len_bytes = fake_mac_pop(0, came->frame, sizeof(came->frame))) != 0) {
		came->is_marked = false;
		came->len_bytes = (uint32_t)len_bytes;
		came++;
		place->num_packets = ++place->num_came;
	}
}

/* Comparing */

static bool came_as(const struct came *came, const struct model_frame *wanted)
{
	const struct xvio_pkt_meta *meta = &came->meta;

	if (!model_frame_is(wanted, came->frame, came->len_bytes))
		return false;
	return !came->is_marked ||
	       (meta->port == wanted->port && meta->flags == wanted->flags && !meta->reserved &&
		meta->mark == wanted->mark && meta->priority == wanted->priority &&
		meta->arg == wanted->arg && meta->frame_bytes == wanted->frame_bytes);
}

static bool is_for(const struct model_frame *wanted, const struct place *place)
{
	return (wanted->to_host ? XVIO_PORT_PF : wanted->port) == place->port;
}

static void print_bytes(const uint8_t *data, uint32_t len_bytes)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++)
		printf("%s%02x", i % 32 ? " " : "\n    ", data[i]);
	printf("\n");
}

static void print_wanted(const struct model_frame *wanted)
{
	unsigned i;

	printf("  wanted %s %u, flags %x, mark %x, priority %x, arg %x, frame_bytes %u: %u bytes",
	       wanted->to_host ? "for the host of port" : "out of port", wanted->port,
	       wanted->flags, wanted->mark, wanted->priority, wanted->arg, wanted->frame_bytes,
	       wanted->len_bytes);
	for (i = 0; i < wanted->num_loose; i++)
		printf(", loose at %u", wanted->loose[i]);
	print_bytes(wanted->data, wanted->len_bytes);
}

static void print_came(const struct place *place, const struct came *came)
{
	printf("  came out of port %u", place->port);
	if (came->is_marked)
		printf(", port %u, flags %x, mark %x, priority %x, arg %x, frame_bytes %u",
		       came->meta.port, came->meta.flags, came->meta.mark, came->meta.priority,
		       came->meta.arg, came->meta.frame_bytes);
	printf(": %u bytes", came->len_bytes);
	print_bytes(came->frame, came->len_bytes);
}

void switch_report(void)
{
	unsigned i;

	printf("rules:\n");
	for (i = 0; i < model_num_rules(); i++)
		switch_print_rule(model_rule(i));
	for (i = 0; i < last_num; i++) {
		const struct virtio_net_hdr *header = &last_packets[i]->header;

		printf("packet %u by port %u, flags %x, gso_type %x, gso_size %u, csum %u + %u: %u "
		       "bytes",
		       i, last_port, header->flags, header->gso_type, header->gso_size,
		       header->csum_start, header->csum_offset, last_packets[i]->len_bytes);
		print_bytes(last_packets[i]->data, last_packets[i]->len_bytes);
	}
}

/*
 * A port that gets more than it has room for loses some, and counts that. It need not be filled to the last buffer: what
 * is sent in the middle of a round is looked for once.
 */
static bool place_lost(const struct place *place, unsigned num_wanted)
{
	const enum xvio_stat stat = XVIO_STAT_DROP_NO_BUFFER;

	return num_wanted > place->room &&
	       (place->is_wire || place->after[stat] != place->before[stat]);
}

/*
 * Each frame that came is one that was wanted, and all came that there was room for. A port gets the frames of
 * a burst in any order: a list that sends to it twice sends first for all packets, or all for the first packet.
 */
static bool place_compare(const struct place *place, bool *is_there)
{
	unsigned num_wanted = 0;
	bool good = true;
	unsigned i, k;

	for (i = 0; i < switch_wanted.num; i++)
		num_wanted += is_for(&switch_wanted.frame[i], place);
	for (k = 0; k < place->num_came; k++) {
		for (i = 0; i < switch_wanted.num; i++) {
			const struct model_frame *wanted = &switch_wanted.frame[i];

			if (!is_there[i] && is_for(wanted, place) &&
			    came_as(&place->came[k], wanted))
				break;
		}
		if (i < switch_wanted.num) {
			is_there[i] = true;
			continue;
		}
		print_came(place, &place->came[k]);
		good = false;
	}
	if (good && (place->num_came == num_wanted || place_lost(place, num_wanted)))
		return true;
	printf("port %u: %u frames wanted, %u came, in %u packets of %u\n", place->port, num_wanted,
	       place->num_came, place->num_packets, place->room);
	for (i = 0; i < switch_wanted.num; i++) {
		if (!is_there[i] && is_for(&switch_wanted.frame[i], place))
			print_wanted(&switch_wanted.frame[i]);
	}
	return false;
}

static bool is_counted(const struct place *place, enum xvio_stat stat, const char *name,
		       uint64_t wanted)
{
	uint64_t got = place->after[stat] - place->before[stat];

	if (got == wanted)
		return true;
	printf("port %u, %s: %llu more, wanted %llu\n", place->port, name, (unsigned long long)got,
	       (unsigned long long)wanted);
	return false;
}

/* What a port has counted in this burst, the model's before it being in before. */
static bool place_counts(const struct place *place, const struct model_stats *before)
{
	const struct model_stats *now = model_stats(place->port);
	bool good = true;

	good &= is_counted(place, XVIO_STAT_RX_PACKETS, "rx", now->packets - before->packets);
	good &= is_counted(place, XVIO_STAT_FLOW_MISSES, "flow_misses",
			   now->misses - before->misses);
	good &= is_counted(place, XVIO_STAT_DROP_RULE, "drop_rule",
			   now->drop_rule - before->drop_rule);
	good &= is_counted(place, XVIO_STAT_DROP_POLICED, "drop_policed",
			   now->drop_policed - before->drop_policed);
	good &= is_counted(place, XVIO_STAT_DROP_MALFORMED, "drop_malformed",
			   now->drop_malformed - before->drop_malformed);
	good &= is_counted(place, XVIO_STAT_DROP_DEPTH, "drop_depth",
			   now->drop_depth - before->drop_depth);
	good &= is_counted(place, XVIO_STAT_COPIED_PACKETS, "copied_packets",
			   now->copied - before->copied);
	if (place->is_wire) /* frames fall off its end */
		return good;
	good &= is_counted(place, XVIO_STAT_TX_PACKETS, "tx", place->num_packets);
	if (place->port != XVIO_PORT_PF)
		good &= is_counted(place, XVIO_STAT_TX_BYTES, "tx bytes", place->num_bytes);
	return good;
}

/* All that ports have counted in this burst. */
static void print_counts(void)
{
#define NAME(symbol, name) name,
	static const char *const names[XVIO_STAT_NUM] = {XVIO_STATS(NAME)};
#undef NAME
	unsigned i, stat;

	for (i = 0; i < switch_num_ports; i++) {
		const struct place *place = &switch_places[i];

		for (stat = 0; stat < XVIO_STAT_NUM; stat++) {
			if (place->after[stat] != place->before[stat])
				printf("port %u, %s: %llu more\n", place->port, names[stat],
				       (unsigned long long)(place->after[stat] -
							    place->before[stat]));
		}
	}
}

static bool compare_all(const struct model_stats *before)
{
	static bool is_there[1u << 16];
	bool good = true;
	unsigned i;

	assert_true(switch_wanted.num <= sizeof(is_there));
	memset(is_there, 0, switch_wanted.num);
	for (i = 0; i < switch_num_ports; i++)
		good &= place_compare(&switch_places[i], is_there);
	for (i = 0; i < switch_num_ports; i++)
		good &= place_counts(&switch_places[i], &before[i]);
	for (i = 0; i < model_num_rules(); i++) {
		struct xvio_flow_stats stats;

		assert_int_equal(flow_stats(model_rule(i)->cookie, &stats), XVIO_ST_OK);
		good &= rule_is_counted(model_rule(i), &stats);
	}
	if (!good)
		print_counts();
	return good;
}

void switch_run(uint16_t in_port, const struct gso_packet *const *packets, unsigned num)
{
	struct model_stats before[SWITCH_NUM_VDPA + 2];
	struct place *from = place_of(in_port);
	unsigned i;

	last_port = in_port;
	last_packets = packets;
	last_num = num;
	for (i = 0; i < switch_num_ports; i++) {
		struct place *place = &switch_places[i];

		place_post(place);
		place->num_came = 0;
		place->num_packets = 0;
		place->num_bytes = 0;
		before[i] = *model_stats(place->port);
		assert_true(port_stats(place->port, place->before));
	}
	for (i = 0; i < num; i++) {
		place_send(from, packets[i]);
		model_packet(in_port, packets[i], hal_time_us(), &switch_wanted);
	}
	if (!from->is_wire)
		bed_ring(&from->bed, BED_TX);
	assert_true(fake_run());
	if (!from->is_wire)
		assert_int_equal(bed_reap_sent(&from->bed), num);
	for (i = 0; i < switch_num_ports; i++) {
		if (switch_places[i].is_wire)
			came_by_wire(&switch_places[i]);
		else
			came_by_driver(&switch_places[i]);
		assert_true(port_stats(switch_places[i].port, switch_places[i].after));
	}
	assert_true(compare_all(before));
	model_frames_clear(&switch_wanted);
}
