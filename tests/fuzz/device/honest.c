/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Honest drivers (honest.h), written from virtio 1.2, 3.1.1 and 4.1.4.3. */
#include "device/honest.h"

#include <stddef.h>
#include <string.h>
#include <xvio/pci.h>
#include "ctrl/ctrl.h"
#include "device/hostile.h"
#include "device/world.h"
#include "hal/fake/fake.h"

#define BUFFERS	     (2 * RING_BYTES) /* in memory: a queue's behind the other's */
#define BUFFER_BYTES 0x200u
#define HDR_BYTES    ((uint32_t)sizeof(struct virtio_net_hdr))

#define COMMON(member) offsetof(struct virtio_pci_common, member)
#define WR(member, value) \
	honest_write(vf, COMMON(member), sizeof(((struct virtio_pci_common *)0)->member), value)

void honest_write(unsigned vf, uint32_t offset, unsigned size_bytes, uint32_t value)
{
	if (vf == WORLD_VF) { /* whoever drives it, the shadow model looks on */
		hostile_vf_write(offset, size_bytes, value);
		return;
	}
	fake_vf_write(vf, offset, size_bytes, value);
	ctrl_poll();
}

static void honest_write_address(unsigned vf, uint32_t offset, uint64_t address)
{
	honest_write(vf, offset, 4, (uint32_t)address);
	honest_write(vf, offset + 4, 4, (uint32_t)(address >> 32));
}

uint64_t honest_offered(unsigned vf)
{
	uint64_t features;

	WR(device_feature_select, 1);
	features = (uint64_t)fake_vf_read(vf, COMMON(device_feature), 4) << 32;
	WR(device_feature_select, 0);
	return features | fake_vf_read(vf, COMMON(device_feature), 4);
}

static void honest_accept(unsigned vf, uint64_t features)
{
	WR(device_status, VIRTIO_STATUS_ACKNOWLEDGE);
	WR(device_status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	WR(driver_feature_select, 0);
	WR(driver_feature, (uint32_t)features);
	WR(driver_feature_select, 1);
	WR(driver_feature, (uint32_t)(features >> 32));
	WR(device_status,
	   VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
}

static void honest_set_up_queue(unsigned vf, uint16_t index, const struct ring *ring)
{
	WR(queue_select, index);
	WR(queue_size, ring->size);
	WR(queue_msix_vector, 1u + index);
	honest_write_address(vf, COMMON(queue_desc), ring->addr + RING_DESC);
	honest_write_address(vf, COMMON(queue_driver), ring->addr + RING_DRIVER);
	honest_write_address(vf, COMMON(queue_device), ring->addr + RING_DEVICE);
	WR(queue_enable, 1);
}

void honest_clear(struct honest *honest, bool packed)
{
	unsigned i;

	for (i = 0; i < 2; i++)
		ring_init(&honest->ring[i], honest->memory + i * RING_BYTES,
			  honest->addr + i * RING_BYTES, HONEST_SIZE, packed);
}

void honest_set_up(struct honest *honest, bool wants_packed)
{
	const unsigned vf = honest->vf;
	uint64_t features = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM);
	uint16_t i;

	if (wants_packed)
		features |= honest_offered(vf) & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	honest_accept(vf, features);
	honest_clear(honest, features & VIRTIO_BIT(VIRTIO_F_RING_PACKED));
	WR(config_msix_vector, 0);
	for (i = 0; i < 2; i++)
		honest_set_up_queue(vf, i, &honest->ring[i]);
	WR(device_status, 0xf);
	world_check(fake_vf_read(vf, COMMON(device_status), 1) == 0xf,
		    "an honest driver is refused");
	honest_post(honest);
}

static uint32_t honest_buffer(unsigned queue, uint16_t number)
{
	return BUFFERS + queue * HONEST_SIZE * BUFFER_BYTES + number % HONEST_SIZE * BUFFER_BYTES;
}

void honest_post(struct honest *honest)
{
	struct ring *ring = &honest->ring[HONEST_RX];

	while (ring->num_free) {
		const struct ring_piece piece = {
			.addr = honest->addr + honest_buffer(HONEST_RX, ring->prod),
			.len_bytes = HDR_BYTES + HONEST_FRAME_BYTES,
			.flags = VIRTQ_DESC_F_WRITE,
		};

		ring_add(ring, &piece, 1, 0);
	}
	fake_ring(honest->doorbell + HONEST_RX);
}

bool honest_send(struct honest *honest, const uint8_t *frame, uint32_t len_bytes)
{
	struct ring *ring = &honest->ring[HONEST_TX];
	const uint32_t offset = honest_buffer(HONEST_TX, ring->prod);
	struct ring_piece piece[2] = {
		{.addr = honest->addr + offset, .len_bytes = HDR_BYTES + len_bytes},
	};

	if (honest->num_pieces == 2) {
		piece[0].len_bytes = HDR_BYTES;
		piece[1].addr = piece[0].addr + HDR_BYTES;
		piece[1].len_bytes = len_bytes;
	}
	if (ring->num_free < honest->num_pieces)
		return false;
	memset(honest->memory + offset, 0, HDR_BYTES);
	memcpy(honest->memory + offset + HDR_BYTES, frame, len_bytes);
	ring_add(ring, piece, honest->num_pieces, 0);
	fake_ring(honest->doorbell + HONEST_TX);
	return true;
}

const uint8_t *honest_receive(struct honest *honest, uint32_t *len_bytes)
{
	uint16_t number;
	bool good;

	if (!ring_reap(&honest->ring[HONEST_RX], &number, len_bytes, &good))
		return NULL;
	world_check(good, "a receive buffer comes back under another's name");
	world_check(*len_bytes >= HDR_BYTES && *len_bytes <= HDR_BYTES + HONEST_FRAME_BYTES,
		    "length of a received frame");
	*len_bytes -= HDR_BYTES;
	return honest->memory + honest_buffer(HONEST_RX, number) + HDR_BYTES;
}

void honest_reap(struct honest *honest)
{
	uint32_t len_bytes;
	uint16_t number;
	bool good;

	while (ring_reap(&honest->ring[HONEST_TX], &number, &len_bytes, &good))
		world_check(good && !len_bytes, "a sent frame comes back as something else");
}
