/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fuzzes a virtio device of the card: the input is a program of operations of a hostile driver
 * (device/hostile_ops.c), on a card with honest ones (device/world.h), against a model of what
 * the device may do (device/shadow.h). After each, an honest driver takes over the function, and
 * it works.
 */
#include "device/honest.h"
#include "device/hostile.h"
#include "device/shadow.h"
#include "device/world.h"
#include "fuzz.h"
#include "hal/fake/fake.h"
#include <xvio/pci.h>

#define MAX_OPS 48u

/* How an input begins: with a device that is set up, unless both of the upper bits are set. */
#define BEGIN_PORT   0x01u /* not a VF */
#define BEGIN_ONE    0x02u /* how it ends: hostile_reset() */
#define BEGIN_PACKED 0x04u /* what comes after it */
#define BEGIN_RAW    0xc0u

static void begin(struct hostile *hostile, uint8_t how)
{
	*hostile = (struct hostile){
		.is_port = how & BEGIN_PORT,
		.memory = world_memory(how & BEGIN_PORT),
		.addr = how & BEGIN_PORT ? HOSTILE_ADDR_PORT : WORLD_VF_ADDR,
		.hdr_bytes = sizeof(struct virtio_net_hdr),
	};
	memset(hostile->memory, 0, WORLD_HOSTILE_BYTES);
	shadow_reset();
	hostile_vf_begin();
}

/* An honest driver on the function sends a frame that comes back to itself. */
static void check_honest(struct honest *honest)
{
	uint8_t frame[64] = {2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 1, 2, 3, 4};
	const uint8_t *got;
	uint32_t len_bytes;

	world_check(honest_send(honest, frame, sizeof(frame)), "no room in a new ring");
	world_exchange(1, 1);
	world_settle();
	honest_reap(honest);
	world_check(!ring_num_in_flight(&honest->ring[HONEST_TX]),
		    "a device does not send after a reset");
	do { /* what was on its way when it came up */
		got = honest_receive(honest, &len_bytes);
		world_check(got != NULL, "a device does not receive after a reset");
	} while (len_bytes != sizeof(frame) || memcmp(got, frame, sizeof(frame)) != 0);
}

static void recover(struct hostile *hostile, bool packed)
{
	struct honest honest = {
		.vf = WORLD_VF,
		.doorbell =
			hostile->is_port ? hostile_port_doorbell(0) : XVIO_VF_DOORBELL(WORLD_VF, 0),
		.memory = hostile->memory,
		.addr = hostile->addr,
		.num_pieces = 1,
	};
	const struct hostile_plan plan = {.vector = 16, .flaw = HOSTILE_FLAWS};
	unsigned i;

	if (hostile->is_port) {
		honest_clear(&honest, packed);
		hostile_port_map(0);
		for (i = 0; i < 2; i++) {
			hostile->ring[i] = honest.ring[i];
			hostile->index[i] = (uint16_t)i;
			hostile_port_set_queue(hostile, i, &plan);
		}
		honest_post(&honest);
	} else {
		honest_set_up(&honest, packed);
	}
	check_honest(&honest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct fuzz_input input = {data, len_bytes};
	const uint8_t how = fuzz_take_byte(&input);
	static struct hostile hostile;
	static bool started;
	unsigned i;

	if (!started)
		world_start();
	started = true;
	begin(&hostile, how);
	if ((how & BEGIN_RAW) != BEGIN_RAW)
		hostile_set_up(&hostile, &input);
	for (i = 0; i < MAX_OPS && input.len_bytes; i++)
		hostile_run_op(&hostile, &input);
	fake_set_script(NULL, NULL);
	shadow_refuse_after(-1);
	if (hostile.changed_port)
		world_set_port(hostile.is_port, true, WORLD_MTU);
	hostile_reset(&hostile, how & BEGIN_ONE);
	world_settle();
	recover(&hostile, how & BEGIN_PACKED);
	hostile_reset(&hostile, true);
	world_settle();
	world_check_clean();
	return 0;
}
