/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Drivers with offloads (gso_bed.h). */
#include "common/gso_bed.h"

#include <string.h>

static uint8_t gso_wanted[GSO_MAX_BYTES];
static uint8_t gso_got[GSO_MAX_BYTES + 64];
static uint8_t gso_room[GSO_MAX_BYTES + GSO_HDR_BYTES];

uint8_t gso_any_offloads(void)
{
	uint8_t offloads = check_random(4) ? (uint8_t)check_random(64) : GSO_ALL_OFFLOADS;

	if (!(offloads & OFFLOAD_CSUM))
		return 0;
	if (!(offloads & OFFLOAD_TSO))
		offloads &= (uint8_t)~OFFLOAD_ECN;
	return offloads;
}

void gso_add_sender(struct bed_port *port, uint16_t number, uint8_t offloads)
{
	struct virtq_config config;

	bed_add_port(port, number, DRIVER_MAX_SIZE);
	config = bed_queue_config(port, BED_TX, port->driver[BED_TX].avail_idx);
	config.offloads = offloads;
	assert_true(vnet_start_queue(number, BED_TX, &config));
}

void gso_add_receiver(struct gso_receiver *to, uint16_t number, uint8_t takes, bool mergeable)
{
	struct virtq_config config;

	bed_add_port(&to->port, number, DRIVER_MAX_SIZE);
	to->takes = takes;
	to->mergeable = mergeable;
	config = bed_queue_config(&to->port, BED_RX, to->port.driver[BED_RX].avail_idx);
	config.mergeable = mergeable;
	assert_true(vnet_start_queue(number, BED_RX, &config));
	vnet_set_takes(number, takes);
}

bool gso_takes_whole(const struct gso_receiver *to, const struct gso_packet *packet)
{
	return !(gso_needs(packet) & ~to->takes);
}

unsigned gso_num_for(const struct gso_receiver *to, const struct gso_packet *packet)
{
	return gso_takes_whole(to, packet) ? 1 : gso_num_frames(packet);
}

/* What it gets as number i, into gso_wanted. */
static uint32_t gso_frame_for(const struct gso_receiver *to, const struct gso_packet *packet,
			      unsigned i)
{
	if (!gso_takes_whole(to, packet))
		return gso_frame(packet, i, gso_wanted);
	memcpy(gso_wanted, packet->data, packet->len_bytes);
	return packet->len_bytes;
}

void gso_post_one(struct gso_receiver *to, uint32_t len_bytes)
{
	unsigned pieces = (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	assert_true(driver_post(&to->port.driver[BED_RX], len_bytes, pieces));
}

void gso_post_for(struct gso_receiver *to, const struct gso_packet *packet)
{
	unsigned i;

	for (i = 0; i < gso_num_for(to, packet); i++) {
		int32_t left_bytes = (int32_t)(gso_frame_for(to, packet, i) + GSO_HDR_BYTES);

		if (!to->mergeable)
			gso_post_one(to, (uint32_t)left_bytes + check_random(20));
		while (to->mergeable && left_bytes > 0) {
			uint32_t more = check_random(check_random(9) ? 3000 : 9);

			gso_post_one(to, GSO_HDR_BYTES + more);
			left_bytes -= (int32_t)(GSO_HDR_BYTES + more);
		}
	}
	if (check_random(2))
		bed_ring(&to->port, BED_RX);
}

void gso_send(struct bed_port *from, const struct gso_packet *packet)
{
	uint32_t len_bytes = GSO_HDR_BYTES + packet->len_bytes;
	unsigned pieces = (len_bytes + DRIVER_SLOT_BYTES - 1) / DRIVER_SLOT_BYTES;

	memcpy(gso_room, &packet->header, GSO_HDR_BYTES);
	memcpy(gso_room + GSO_HDR_BYTES, packet->data, packet->len_bytes);
	assert_true(
		driver_send(&from->driver[BED_TX], gso_room, len_bytes, pieces + check_random(4)));
	bed_ring(from, BED_TX);
}

/* 5.1.6.4.1: all buffers of a packet are used together, and each but the last is full. */
uint32_t gso_receive(struct gso_receiver *from, struct virtio_net_hdr *header, uint8_t *data)
{
	struct driver *driver = &from->port.driver[BED_RX];
	uint32_t sum_bytes = 0;
	uint32_t len_bytes;
	uint32_t i;

	for (i = 0; !i || i < header->num_buffers; i++) {
		uint32_t room_bytes = driver->chain[driver->in_flight[0]].room_bytes;

		if (!driver_reap(driver, data + sum_bytes, &len_bytes)) {
			assert_int_equal(i, 0);
			return 0;
		}
		if (!i)
			memcpy(header, data, sizeof(*header));
		if (i + 1 < header->num_buffers)
			assert_int_equal(len_bytes, room_bytes);
		sum_bytes += len_bytes;
	}
	assert_true(from->mergeable || header->num_buffers == 1);
	assert_true(sum_bytes > GSO_HDR_BYTES);
	memmove(data, data + GSO_HDR_BYTES, sum_bytes - GSO_HDR_BYTES);
	return sum_bytes - GSO_HDR_BYTES;
}

void gso_check_received(struct gso_receiver *to, const struct gso_packet *packet,
			const uint8_t *eth_dst)
{
	static const struct virtio_net_hdr plain = {.num_buffers = 1};
	const struct virtio_net_hdr expected =
		gso_takes_whole(to, packet) ? gso_header(packet) : plain;
	unsigned i;

	for (i = 0; i < gso_num_for(to, packet); i++) {
		uint32_t len_bytes = gso_frame_for(to, packet, i);
		struct virtio_net_hdr header;

		if (eth_dst)
			memcpy(gso_wanted, eth_dst, 6);
		assert_int_equal(gso_receive(to, &header, gso_got), len_bytes);
		header.num_buffers = 1;
		assert_memory_equal(&header, &expected, sizeof(header));
		assert_memory_equal(gso_got, gso_wanted, len_bytes);
	}
}

void gso_check_no_more(struct gso_receiver *to)
{
	struct virtio_net_hdr header;

	assert_int_equal(gso_receive(to, &header, gso_got), 0);
}
