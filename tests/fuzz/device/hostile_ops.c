/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What inputs are made of (hostile.h): operations of a byte each, with what they take behind
 * them. Most inputs are to be mostly right, so that what is wrong in them comes to pass in a
 * device that runs.
 */
#include <stddef.h>
#include <string.h>
#include <xvio/pci.h>
#include "ctrl/ctrl.h"
#include "device/hostile.h"
#include "device/shadow.h"
#include "device/world.h"
#include "hal/fake/fake.h"

#define MAX_PIECES  4u
#define SOUND	    0x40u /* a byte of a flaw from here on: there is none */
#define BUFFER_STEP 0x340u

/* Numbers of more than a byte */

static uint16_t ops_take16(struct fuzz_input *input)
{
	uint16_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

static uint32_t ops_take32(struct fuzz_input *input)
{
	uint32_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

/* Setting up */

/* A byte says which features, another how large; most of the time nothing is wrong. */
static struct hostile_plan ops_plan(const struct hostile *hostile, struct fuzz_input *input)
{
	static const uint8_t choice[] = {VIRTIO_F_RING_PACKED, VIRTIO_F_EVENT_IDX,
					 VIRTIO_F_IN_ORDER, VIRTIO_F_INDIRECT_DESC};
	static const uint16_t sizes[] = {16, 8, 4, 16, 32, 8, 64, RING_MAX_SIZE};
	const uint8_t features = fuzz_take_byte(input);
	const uint8_t size = fuzz_take_byte(input);
	const uint8_t flaw = fuzz_take_byte(input);
	struct hostile_plan plan = {
		.size = sizes[size % 8],
		.vector = hostile->is_port ? 16u + size / 16 : size / 64,
		.map = features >> 6,
		.flaw = HOSTILE_FLAWS,
	};
	unsigned i;

	if (features & 0x10) /* whatever else there is */
		plan.features = ~UINT64_C(0);
	for (i = 0; i < sizeof(choice); i++) {
		plan.features &= ~VIRTIO_BIT(choice[i]);
		if (features >> i & 1)
			plan.features |= VIRTIO_BIT(choice[i]);
	}
	if (flaw >= SOUND)
		return plan;
	plan.flaw = flaw % HOSTILE_FLAWS;
	plan.value = ops_take32(input);
	if (flaw & 0x20) /* near to what is right */
		plan.value = (uint32_t)hostile->addr + (plan.value & (WORLD_HOSTILE_BYTES - 1));
	return plan;
}

void hostile_set_up(struct hostile *hostile, struct fuzz_input *input)
{
	const struct hostile_plan plan = ops_plan(hostile, input);

	if (hostile->is_port)
		hostile_port_set_up(hostile, &plan);
	else
		hostile_vf_set_up(hostile, &plan);
}

void hostile_reset(struct hostile *hostile, bool one_way)
{
	if (hostile->is_port)
		hostile_port_stop();
	else if (one_way)
		hostile_vf_reset();
	else
		hostile_vf_write(offsetof(struct virtio_pci_common, device_status), 1, 0);
}

static void ops_reset(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t how = fuzz_take_byte(input);

	hostile_reset(hostile, how & 1);
	if (how & 2)
		hostile_set_up(hostile, input);
}

/* One queue once more, the others going on. */
static void ops_set_queue(struct hostile *hostile, struct fuzz_input *input)
{
	const unsigned number = fuzz_take_byte(input) % HOSTILE_QUEUES;
	const struct hostile_plan plan = ops_plan(hostile, input);

	if (!hostile->is_port)
		hostile_vf_set_queue(hostile, number, &plan);
	else if (hostile->ring[number].memory)
		hostile_port_set_queue(hostile, number, &plan);
}

/* Registers: any offset, but mostly of the fields that there are. */
static void ops_register(struct hostile *hostile, struct fuzz_input *input)
{
	static const uint8_t size_of[] = {1, 2, 4, 4};
	const uint8_t how = fuzz_take_byte(input);
	const unsigned size_bytes = size_of[how & 3];
	uint32_t offset = ops_take16(input) % XVIO_VF_REGS_BYTES;
	uint32_t value = ops_take32(input);

	if (hostile->is_port)
		return;
	if (how & 0x1c)
		offset %= 0x48;
	if (how & 0x20)
		value &= 0xf;
	hostile_vf_write(offset - offset % size_bytes, size_bytes, value);
}

/* Rings */

static uint32_t ops_length(uint8_t which)
{
	static const uint16_t lengths[] = {60, 14, 100, 412, 600, 1514, 2000, 9234};

	return lengths[which % 8];
}

/* A buffer for so much, anywhere in what the rings leave. */
static uint32_t ops_buffer(struct hostile *hostile, uint32_t len_bytes)
{
	const uint32_t room = WORLD_HOSTILE_BYTES - 0x1000u - HOSTILE_BUFFERS;

	hostile->next_buffer += BUFFER_STEP;
	if (hostile->next_buffer + len_bytes > room)
		hostile->next_buffer = 0;
	return HOSTILE_BUFFERS + hostile->next_buffer;
}

/* One of a chain's pieces is not what it should be. */
static void ops_damage(struct ring_piece *pieces, unsigned num, uint8_t flaw,
		       struct fuzz_input *input)
{
	struct ring_piece *piece = &pieces[flaw / 9 % num];

	switch (flaw % 9) {
	case 0:
		fuzz_take(input, &piece->addr, sizeof(piece->addr));
		break;
	case 1:
		piece->addr += (uint32_t)(int16_t)ops_take16(input);
		break;
	case 2:
		piece->len_bytes = ops_take32(input);
		break;
	case 3:
		piece->len_bytes = ops_take16(input) % 64;
		break;
	case 4:
		piece->flags ^= VIRTQ_DESC_F_WRITE;
		break;
	case 5:
		piece->flags ^= VIRTQ_DESC_F_INDIRECT;
		break;
	case 6:
		piece->flags = ops_take16(input);
		break;
	case 7:
		piece->addr = (piece->addr & 0xffff) + WORLD_VF_ADDR + WORLD_HOSTILE_BYTES - 0x800;
		break;
	case 8:
		piece->skew = fuzz_take_byte(input) % 40;
		break;
	}
}

/* The pieces go into an indirect table, and a descriptor for that into the ring. */
static void ops_make_table(struct hostile *hostile, unsigned number, struct ring_piece *pieces,
			   unsigned num)
{
	const struct ring *ring = &hostile->ring[number];
	const uint32_t offset = number * RING_BYTES + RING_TABLE + ring->prod % 8 * MAX_PIECES * 16;
	unsigned i;

	for (i = 0; i < num; i++) {
		const uint16_t flags = pieces[i].flags | (i + 1 < num ? VIRTQ_DESC_F_NEXT : 0);
		const struct virtq_desc desc = {
			.addr = pieces[i].addr,
			.len = pieces[i].len_bytes,
			.flags = ring->packed ? 0 : flags, /* packed: the id, and flags behind it */
			.next = ring->packed ? (uint16_t)(flags & ~VIRTQ_DESC_F_NEXT) : i + 1,
		};

		memcpy(hostile->memory + offset + i * sizeof(desc), &desc, sizeof(desc));
	}
	pieces[0] = (struct ring_piece){
		.addr = hostile->addr + offset,
		.len_bytes = num * 16,
		.flags = VIRTQ_DESC_F_INDIRECT,
	};
}

/* Reaps what there is, so that there is room again. */
static void ops_reap_queue(struct hostile *hostile, unsigned number)
{
	uint32_t len_bytes;
	uint16_t chain;
	bool good;

	while (hostile->ring[number].memory &&
	       ring_reap(&hostile->ring[number], &chain, &len_bytes, &good))
		;
}

/* Pieces of equal length over a buffer, to read or to write. */
static void ops_split(const struct hostile *hostile, uint32_t offset, uint32_t len_bytes,
		      struct ring_piece *pieces, unsigned num, uint16_t flags)
{
	uint32_t left = len_bytes;
	unsigned i;

	for (i = 0; i < num; i++) {
		pieces[i] = (struct ring_piece){
			.addr = hostile->addr + offset + (len_bytes - left),
			.len_bytes = left / (num - i),
			.flags = flags,
		};
		left -= pieces[i].len_bytes;
	}
}

/* Makes a chain available, in a table if the shape says so, with a flaw if the input does. */
static void ops_offer(struct hostile *hostile, unsigned number, struct ring_piece *pieces,
		      unsigned num, uint8_t shape, struct fuzz_input *input)
{
	const uint8_t flaw = fuzz_take_byte(input);

	if (flaw < SOUND)
		ops_damage(pieces, num, flaw, input);
	if (shape & 0x20) {
		ops_make_table(hostile, number, pieces, num);
		num = 1;
	}
	ops_reap_queue(hostile, number);
	ring_add(&hostile->ring[number], pieces, (uint16_t)num, flaw == SOUND ? 1 : 0);
}

static void ops_ring(const struct hostile *hostile, unsigned index)
{
	fake_ring(hostile->is_port ? hostile_port_doorbell(index % HOSTILE_QUEUES)
				   : XVIO_VF_DOORBELL(WORLD_VF, index % XVIO_VF_MAX_QUEUES));
}

/* Receive buffers. The shape: pieces, length, table; above that, how many. */
static void ops_post(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t shape = fuzz_take_byte(input);
	const unsigned number = hostile->is_port && shape & 0x80 ? 2 : 0;
	const uint32_t len_bytes = hostile->hdr_bytes + ops_length(shape >> 2);
	struct ring_piece pieces[MAX_PIECES];
	unsigned num = 1 + 7 * (shape >> 6 & 1);

	for (; num && hostile->ring[number].memory; num--) {
		ops_split(hostile, ops_buffer(hostile, len_bytes), len_bytes, pieces,
			  1 + (shape & 3), VIRTQ_DESC_F_WRITE);
		ops_offer(hostile, number, pieces, 1 + (shape & 3), shape, input);
	}
	ops_ring(hostile, hostile->index[number]);
}

static void ops_offer_frame(struct hostile *hostile, uint32_t offset, uint32_t len_bytes,
			    uint8_t shape, struct fuzz_input *input)
{
	struct ring_piece pieces[MAX_PIECES];

	ops_split(hostile, offset, len_bytes, pieces, 1 + (shape & 3), 0);
	ops_offer(hostile, 1, pieces, 1 + (shape & 3), shape, input);
}

/* Frames. */
static void ops_send(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t shape = fuzz_take_byte(input);
	const uint8_t to = fuzz_take_byte(input);
	const uint32_t len_bytes = hostile->hdr_bytes + ops_length(shape >> 2);
	unsigned num = 1 + 5 * (shape >> 6 & 1);

	for (; num && hostile->ring[1].memory; num--) {
		const uint32_t offset = ops_buffer(hostile, len_bytes);

		hostile_fill_frame(hostile->memory + offset, hostile->hdr_bytes, to, shape & 0x80,
				   input);
		ops_offer_frame(hostile, offset, len_bytes, shape, input);
	}
	ops_ring(hostile, 1);
}

/* One that asks for a checksum, or to be cut into segments. */
static void ops_send_large(struct hostile *hostile, struct fuzz_input *input)
{
	static const uint16_t lengths[] = {100, 600, 1514, 3000, 5000, 9000, 12000, 20000};
	const uint8_t shape = fuzz_take_byte(input);
	const uint32_t len_bytes = lengths[shape >> 2 & 7];
	const uint32_t offset = ops_buffer(hostile, hostile->hdr_bytes + len_bytes);

	if (!hostile->ring[1].memory)
		return;
	hostile_fill_large(hostile->memory + offset, hostile->hdr_bytes, len_bytes, input);
	ops_offer_frame(hostile, offset, hostile->hdr_bytes + len_bytes, shape & 0x23, input);
	ops_ring(hostile, 1);
}

/* A command for a control queue, and room for the answer. */
static void ops_control(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t shape = fuzz_take_byte(input);
	const uint32_t offset = ops_buffer(hostile, 400);
	struct ring_piece pieces[MAX_PIECES];
	struct hostile_command command;

	if (!hostile->ring[2].memory)
		return;
	command = hostile_fill_command(hostile->memory + offset, input);
	ops_split(hostile, offset, command.num_read, pieces, 1 + (shape & 1), 0);
	ops_split(hostile, offset + command.num_read, command.num_write, pieces + 1 + (shape & 1),
		  1, VIRTQ_DESC_F_WRITE);
	ops_offer(hostile, 2, pieces, 2 + (shape & 1), shape, input);
	ops_ring(hostile, hostile->index[2]);
}

static void ops_doorbell(struct hostile *hostile, struct fuzz_input *input)
{
	ops_ring(hostile, fuzz_take_byte(input));
}

static void ops_reap(struct hostile *hostile, struct fuzz_input *input)
{
	unsigned i;

	(void)input;
	for (i = 0; i < HOSTILE_QUEUES; i++)
		ops_reap_queue(hostile, i);
}

/* What the driver says about interrupts, in both formats' places. */
static void ops_wish(struct hostile *hostile, struct fuzz_input *input)
{
	const unsigned number = fuzz_take_byte(input) % HOSTILE_QUEUES;
	const struct ring *ring = &hostile->ring[number];
	const uint16_t flags = ops_take16(input);
	const uint16_t event = ops_take16(input);

	if (!ring->memory)
		return;
	memcpy(ring->memory + RING_DRIVER, &flags, 2);
	if (ring->packed)
		memcpy(ring->memory + RING_DRIVER + 2, &event, 2);
	else
		memcpy(ring->memory + RING_DRIVER + 4 + 2u * ring->size, &event, 2);
}

/* Bytes anywhere in the function's memory, mostly where rings are, and there in small numbers. */
static struct hostile_patch ops_take_patch(struct hostile *hostile, struct fuzz_input *input)
{
	static const uint16_t places[] = {RING_DESC, RING_DRIVER, RING_DEVICE, RING_TABLE};
	const uint8_t what = fuzz_take_byte(input);
	const uint8_t at = fuzz_take_byte(input);
	const unsigned number = (what >> 2 & 3) % HOSTILE_QUEUES;
	struct hostile_patch patch = {.num = 1 + (what >> 4 & 7)};

	(void)hostile;
	fuzz_take(input, patch.bytes, patch.num);
	patch.offset = (uint16_t)(number * RING_BYTES + places[what & 3] + at * 2u);
	if (what & 0x80)
		patch.offset = (uint16_t)(ops_take16(input) % (WORLD_HOSTILE_BYTES - 8));
	return patch;
}

static void ops_apply(struct hostile *hostile, const struct hostile_patch *patch)
{
	memcpy(hostile->memory + patch->offset, patch->bytes, patch->num);
}

static void ops_scribble(struct hostile *hostile, struct fuzz_input *input)
{
	const struct hostile_patch patch = ops_take_patch(hostile, input);

	ops_apply(hostile, &patch);
}

static void ops_between(uint64_t op, void *arg)
{
	struct hostile *hostile = arg;
	unsigned i;

	(void)op;
	for (i = 0; i < hostile->num_patches; i++) {
		if (hostile->patch[i].after--)
			continue;
		ops_apply(hostile, &hostile->patch[i]);
		hostile->patch[i--] = hostile->patch[--hostile->num_patches];
	}
	if (!hostile->num_patches)
		fake_set_script(NULL, NULL);
}

/* The same, when the device has done a few operations more. */
static void ops_patch(struct hostile *hostile, struct fuzz_input *input)
{
	struct hostile_patch patch = ops_take_patch(hostile, input);

	patch.after = fuzz_take_byte(input) % 64;
	if (hostile->num_patches == HOSTILE_PATCHES)
		return;
	hostile->patch[hostile->num_patches++] = patch;
	fake_set_script(ops_between, hostile);
}

/* Others, and time */

static void ops_step(struct hostile *hostile, struct fuzz_input *input)
{
	(void)hostile;
	(void)input;
	world_exchange(1, 0);
	world_step();
}

static void ops_settle(struct hostile *hostile, struct fuzz_input *input)
{
	(void)hostile;
	(void)input;
	world_exchange(2, 1);
	world_settle();
}

static void ops_exchange(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t num = fuzz_take_byte(input);

	(void)hostile;
	world_exchange(1 + num % 8, num / 32);
}

static void ops_arrive(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t what = fuzz_take_byte(input);
	const enum world_to to = hostile->is_port ? WORLD_TO_PORT : WORLD_TO_VF;
	unsigned num = 1 + (what >> 4 & 7);

	for (; num; num--) {
		if (what & 0x80)
			world_send_uplink(to, ops_length(what));
		else
			world_send_far(to, 60 + ops_length(what) % 300);
	}
}

static void ops_time(struct hostile *hostile, struct fuzz_input *input)
{
	(void)hostile;
	fake_advance_us(UINT64_C(1) << fuzz_take_byte(input) % 25);
	ctrl_poll();
}

static void ops_refuse(struct hostile *hostile, struct fuzz_input *input)
{
	(void)hostile;
	shadow_refuse_after(fuzz_take_byte(input) % 64);
}

/* What the host does meanwhile: the port goes down or up or its MTU changes; another map; the VF is
 * taken away, and is back. */
static void ops_host(struct hostile *hostile, struct fuzz_input *input)
{
	const uint8_t what = fuzz_take_byte(input);

	if (hostile->is_port && what & 1 && hostile->ring[0].memory) {
		hostile_port_map(what >> 1);
		return;
	}
	if (!hostile->is_port && what & 1) {
		hostile_vf_replace();
		return;
	}
	world_set_port(hostile->is_port, what & 2,
		       what & 4 ? (uint16_t)(68 + what * 4) : WORLD_MTU);
	hostile->changed_port = true;
}

void hostile_run_op(struct hostile *hostile, struct fuzz_input *input)
{
	static void (*const ops[])(struct hostile * hostile, struct fuzz_input * input) = {
		ops_send,    ops_post,	     ops_settle, ops_step,     ops_arrive,   ops_exchange,
		ops_patch,   ops_scribble,   ops_wish,	 ops_register, ops_doorbell, ops_reset,
		ops_time,    ops_refuse,     ops_host,	 ops_control,  ops_reap,     ops_set_queue,
		ops_send,    ops_post,	     ops_settle, ops_patch,    ops_arrive,   ops_send_large,
		ops_control, ops_send_large,
	};

	ops[fuzz_take_byte(input) % (sizeof(ops) / sizeof(ops[0]))](hostile, input);
}
