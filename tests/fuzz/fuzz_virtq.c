/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fuzzes the ring engine: the input says what the rings are like, and what a hostile guest writes into
 * its memory, before and between DMA operations (copies, where host memory is mapped). Another guest's traffic must pass, and everything be accounted for.
 */
#include "common/bed.h"
#include "common/check.h"
#include "fuzz.h"
#include "hal/fake/fake.h"
#include "path/worker.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)
#define PORT_C XVIO_PORT_VDPA(2)

static struct bed_port a, b, c;

/* One write: queue, place, bytes. Places are mostly descriptors, rings and events. */
static void scribble(struct fuzz_input *input)
{
	uint8_t what = fuzz_take_byte(input);
	struct driver *driver = &a.driver[what & 1];
	uint8_t bytes[16];
	uint16_t place;

	fuzz_take(input, &place, sizeof(place));
	fuzz_take(input, bytes, sizeof(bytes));
	if (what & 2)
		driver_write(driver, DRIVER_DESC_OFFSET + place % 32 * 16u, bytes, 16);
	else if (what & 4)
		driver_write(driver, DRIVER_RING_OFFSET + place % (bed_rings.packed ? 4 : 70),
			     bytes, 2);
	else if (what & 8)
		driver_write(driver, DRIVER_USED_OFFSET + place % 262, bytes, 2);
	else
		driver_write(driver, place % 0x8000, bytes, 16);
}

static void between_operations(uint64_t op, void *arg)
{
	struct fuzz_input *input = arg;

	(void)op;
	if (input->len_bytes && fuzz_take_byte(input) & 1)
		scribble(input);
}

static void check_neighbours(void)
{
	uint8_t frame[100];
	uint8_t got[10000];

	bed_frame(frame, sizeof(frame), 1);
	while (bed_receive(&b, got, NULL))
		;
	bed_post(&b, 1, 1600);
	assert_true(bed_send(&c, frame, sizeof(frame), 2));
	bed_ring(&c, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), sizeof(frame));
	assert_memory_equal(got, frame, sizeof(frame));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct fuzz_input input = {data, len_bytes};
	uint8_t kind = fuzz_take_byte(&input);
	unsigned num = kind % 16;

	bed_start(2, 0);
	bed_rings = (struct driver_rings){
		.packed = kind & 0x10,
		.event_idx = kind & 0x20,
		.in_order = kind & 0x40,
		.indirect = kind & 0x80,
	};
	bed_add_port(&a, PORT_A, 32);
	bed_add_port(&b, PORT_B, 32);
	bed_add_port(&c, PORT_C, 32);
	bed_rule(1, PORT_A, PORT_A);
	bed_rule(2, PORT_C, PORT_B);
	bed_post(&a, 2, 1600);
	while (num--)
		scribble(&input);
	bed_ring(&a, BED_TX);
	bed_ring(&a, BED_RX);
	fake_set_script(between_operations, &input);
	fake_run();
	fake_set_script(NULL, NULL);
	check_neighbours();
	bed_check_quiet();
	return 0;
}
