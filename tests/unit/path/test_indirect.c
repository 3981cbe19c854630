/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Indirect descriptors (virtio 1.2, 2.7.5.3, 2.8.7): each fault of a table by its name, a ring that names more
 * buffers than the engine has room for, and what tables cost in DMA. Sound tables of all shapes are in
 * test_virtq, whose driver (common/driver.h) mixes them with other chains.
 */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "path/worker.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)
#define PORT_C XVIO_PORT_VDPA(2)
#define SIZE   32u

#define NEXT	 VIRTQ_DESC_F_NEXT
#define WRITE	 VIRTQ_DESC_F_WRITE
#define INDIRECT VIRTQ_DESC_F_INDIRECT

static struct bed_port a, b, c;
static uint8_t frame[2000];
static uint8_t got[10000];

/*
 * A chain of a transmit queue: one or two descriptors of the ring, and a table; addr 0: of the table, or a
 * buffer. num_chained: so many entries of the table are a sound chain instead.
 */
struct fault {
	const char *name;
	uint8_t error;
	struct virtq_desc ring[2];
	struct virtq_desc table[2];
	unsigned num_chained;
};

static const struct fault faults[] = {
	{"no length", XVIO_RING_ERR_LENGTH, {{0, 0, INDIRECT, 0}}, {{0, 100, 0, 0}}, 0},
	{"half a descriptor", XVIO_RING_ERR_LENGTH, {{0, 8, INDIRECT, 0}}, {{0, 100, 0, 0}}, 0},
	{"one and a half", XVIO_RING_ERR_LENGTH, {{0, 24, INDIRECT, 0}}, {{0, 100, 0, 0}}, 0},
	{"longer than the ring", XVIO_RING_ERR_LENGTH, {{0, 33 * 16, INDIRECT, 0}}, {{0}}, 33},
	{"enormous", XVIO_RING_ERR_LENGTH, {{0, 0xfffffff0, INDIRECT, 0}}, {{0, 100, 0, 0}}, 0},
	{"goes on", XVIO_RING_ERR_FLAGS, {{0, 16, INDIRECT | NEXT, 1}}, {{0, 100, 0, 0}}, 0},
	{"unknown flag", XVIO_RING_ERR_FLAGS, {{0, 16, INDIRECT | 8, 0}}, {{0, 100, 0, 0}}, 0},
	{"outside", XVIO_RING_ERR_ADDRESS, {{0x1000, 16, INDIRECT, 0}}, {{0}}, 0},
	{"bus address", XVIO_RING_ERR_ADDRESS, {{0x100000000, 16, INDIRECT, 0}}, {{0}}, 0},
	{"over the end",
	 XVIO_RING_ERR_ADDRESS,
	 {{0x41000000 + DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES - 16, 32, INDIRECT, 0}},
	 {{0}},
	 0},
	{"wraps", XVIO_RING_ERR_ADDRESS, {{0xfffffffffffffff0, 32, INDIRECT, 0}}, {{0}}, 0},
	{"buffer outside", XVIO_RING_ERR_ADDRESS, {{0, 16, INDIRECT, 0}}, {{0x1000, 99, 0, 0}}, 0},
	{"zero length", XVIO_RING_ERR_LENGTH, {{0, 16, INDIRECT, 0}}, {{0, 0, 0, 0}}, 0},
	{"too short", XVIO_RING_ERR_LENGTH, {{0, 16, INDIRECT, 0}}, {{0, 11, 0, 0}}, 0},
	{"enormous buffer", XVIO_RING_ERR_LENGTH, {{0, 16, INDIRECT, 0}}, {{0, ~0u, 0, 0}}, 0},
	{"writable", XVIO_RING_ERR_DIRECTION, {{0, 16, INDIRECT, 0}}, {{0, 100, WRITE, 0}}, 0},
	{"writable later",
	 XVIO_RING_ERR_DIRECTION,
	 {{0, 32, INDIRECT, 0}},
	 {{0, 100, NEXT, 1}, {0, 100, WRITE, 0}},
	 0},
};

/* With next, and flags that count. */
static const struct fault split_faults[] = {
	{"nested", XVIO_RING_ERR_FLAGS, {{0, 16, INDIRECT, 0}}, {{0, 16, INDIRECT, 0}}, 0},
	{"flag in the table", XVIO_RING_ERR_FLAGS, {{0, 16, INDIRECT, 0}}, {{0, 100, 64, 0}}, 0},
	{"next outside", XVIO_RING_ERR_INDEX, {{0, 16, INDIRECT, 0}}, {{0, 100, NEXT, 1}}, 0},
	{"self loop", XVIO_RING_ERR_LOOP, {{0, 16, INDIRECT, 0}}, {{0, 100, NEXT, 0}}, 0},
	{"loop of two",
	 XVIO_RING_ERR_LOOP,
	 {{0, 32, INDIRECT, 0}},
	 {{0, 9, NEXT, 1}, {0, 9, NEXT, 0}},
	 0},
	{"longer with the rest",
	 XVIO_RING_ERR_LOOP,
	 {{0, 9, NEXT, 1}, {0, 32 * 16, INDIRECT, 0}},
	 {{0}},
	 32},
};

static const struct fault packed_faults[] = {
	{"in a list",
	 XVIO_RING_ERR_FLAGS,
	 {{0, 9, NEXT, 1}, {0, 16, INDIRECT, 0}},
	 {{0, 100, 0, 0}},
	 0},
};

#define NUM_FAULTS(table) (sizeof(table) / sizeof((table)[0]))

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, SIZE);
	bed_add_port(&b, PORT_B, SIZE);
	bed_add_port(&c, PORT_C, SIZE);
	bed_rule(1, PORT_A, PORT_B);
	bed_rule(2, PORT_C, PORT_B);
	bed_frame(frame, 100, 1);
}

/* As a descriptor of a packed ring: first lap, id as the place. */
static struct virtq_packed_desc as_packed(const struct virtq_desc *desc, uint16_t id)
{
	return (struct virtq_packed_desc){
		.addr = desc->addr,
		.len = desc->len,
		.id = id,
		.flags = desc->flags | VIRTQ_PACKED_DESC_F_AVAIL,
	};
}

static void put_ring(struct driver *driver, uint16_t i, const struct virtq_desc *desc)
{
	const struct virtq_packed_desc packed = as_packed(desc, i);

	if (bed_rings.packed)
		driver_set_packed(driver, i, &packed);
	else
		driver_set_desc(driver, i, desc);
}

static void put_table(struct driver *driver, uint16_t id, unsigned i, const struct virtq_desc *desc)
{
	const struct virtq_packed_desc packed = as_packed(desc, 0);

	driver_write(driver, driver_table_offset(id) + i * 16,
		     bed_rings.packed ? (void *)&packed : (void *)desc, 16);
}

static void offer(struct driver *driver, uint16_t head)
{
	if (!bed_rings.packed)
		driver_set_avail(driver, head, (uint16_t)(driver->avail_idx + 1));
}

/* A sound table of num entries of len_bytes, all of one slot. */
static void put_chain(struct driver *driver, uint16_t id, uint16_t num, uint32_t len_bytes)
{
	for (uint16_t i = 0; i < num; i++) {
		struct virtq_desc desc = {
			.addr = driver_slot_iova(driver, id) + i * len_bytes,
			.len = len_bytes,
			.flags = i + 1 < num ? NEXT : 0,
			.next = i + 1,
		};

		if (driver->writable)
			desc.flags |= WRITE;
		put_table(driver, id, i, &desc);
	}
}

static void put_fault(struct driver *driver, const struct fault *fault)
{
	for (uint16_t i = 2; i--;) {
		struct virtq_desc desc = fault->ring[i];

		if (!desc.flags && !desc.len)
			continue;
		if (!desc.addr)
			desc.addr = driver->iova + driver_table_offset(0);
		put_ring(driver, i, &desc);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct virtq_desc desc = fault->table[i];

		if (!desc.addr)
			desc.addr = driver_slot_iova(driver, 0);
		put_table(driver, 0, i, &desc);
	}
	if (fault->num_chained)
		put_chain(driver, 0, (uint16_t)fault->num_chained, 9);
	offer(driver, 0);
}

/* C can still talk to B. */
static void check_neighbours(void)
{
	while (bed_receive(&b, got, NULL)) /* whatever A made of its packets */
		;
	bed_post(&b, 1, 1600);
	assert_true(bed_send(&c, frame, 100, 2));
	bed_ring(&c, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_memory_equal(got, frame, 100);
	bed_check_quiet();
}

static void run_fault(const struct fault *fault)
{
	struct worker_notice notice;

	start();
	put_fault(&a.driver[BED_TX], fault);
	bed_ring(&a, BED_TX);
	fake_run();
	if (vnet_queue_state(PORT_A, BED_TX).error != fault->error)
		fail_msg("%s: error %u", fault->name, vnet_queue_state(PORT_A, BED_TX).error);
	assert_true(worker_take_notice(&notice));
	assert_int_equal(notice.port, PORT_A);
	assert_false(worker_take_notice(&notice));
	check_neighbours();
}

static void test_faults(void **state)
{
	unsigned i;

	(void)state;
	if (!bed_rings.indirect)
		return;
	for (i = 0; i < NUM_FAULTS(faults); i++)
		run_fault(&faults[i]);
	for (i = 0; !bed_rings.packed && i < NUM_FAULTS(split_faults); i++)
		run_fault(&split_faults[i]);
	for (i = 0; bed_rings.packed && i < NUM_FAULTS(packed_faults); i++)
		run_fault(&packed_faults[i]);
}

static void put_late(void *fault)
{
	put_fault(&a.driver[BED_TX], fault);
}

static uint64_t run_late(const struct fault *fault, uint64_t num_ops)
{
	struct fault late = *fault;
	struct worker_notice notice;
	uint64_t num;

	start();
	check_seed(7);
	bed_post(&b, 3, 1600);
	for (unsigned i = 0; i < 3; i++)
		assert_true(bed_send(&a, frame, 100, 2));
	bed_ring(&a, BED_TX);
	num = bed_run_with(num_ops, put_late, &late);
	while (worker_take_notice(&notice))
		assert_int_equal(notice.port, PORT_A);
	check_neighbours();
	return num;
}

/* Each fault at each moment, in place of what was sound: what was checked is what is used. */
static void test_sound_until_it_is_read(void **state)
{
	const struct fault *more = bed_rings.packed ? packed_faults : split_faults;
	const unsigned num_more =
		bed_rings.packed ? NUM_FAULTS(packed_faults) : NUM_FAULTS(split_faults);

	(void)state;
	if (!bed_rings.indirect || bed_rings.in_order || bed_rings.event_idx)
		return;
	for (unsigned i = 0; i < NUM_FAULTS(faults) + num_more; i++) {
		const unsigned k = i - NUM_FAULTS(faults);
		const struct fault *fault = i < NUM_FAULTS(faults) ? &faults[i] : &more[k];

		for (uint64_t op = 0; op < run_late(fault, op); op++)
			;
	}
}

/* A sound one, but the flag may not be used. */
static void test_not_negotiated(void **state)
{
	const struct fault sound = {
		"", XVIO_RING_ERR_FLAGS, {{0, 16, INDIRECT, 0}}, {{0, 100, 0, 0}}, 0};

	(void)state;
	if (!bed_rings.indirect)
		run_fault(&sound);
}

/* What the engine's DMA lists are, in a fetch of num chains of num_descs in a table each (0: none). */
static uint64_t fetch(uint16_t num, uint16_t num_descs, struct virtq **vq)
{
	static struct dma_list dma;
	struct driver *driver = &a.driver[BED_TX];
	struct virtq_config config;
	uint64_t before;

	start();
	vnet_stop_queue(PORT_A, BED_TX);
	config = bed_queue_config(&a, BED_TX, driver->avail_idx);
	*vq = virtq_create(&config);
	for (uint16_t i = 0; i < num; i++) {
		const struct virtq_desc table = {.addr = driver->iova + driver_table_offset(i),
						 .len = num_descs * 16u,
						 .flags = INDIRECT};
		const struct virtq_desc plain = {.addr = driver_slot_iova(driver, i), .len = 100};

		put_chain(driver, i, num_descs, 30);
		put_ring(driver, i, num_descs ? &table : &plain);
		offer(driver, i);
	}
	before = fake_dma_calls();
	virtq_fetch(vq, 1, &dma);
	assert_int_equal((*vq)->error, XVIO_RING_ERR_NONE);
	return fake_dma_calls() - before;
}

/* One list for the tables of many chains. */
static void test_what_tables_cost(void **state)
{
	struct virtq *vq;
	uint64_t plain;

	(void)state;
	if (!bed_rings.indirect)
		return;
	plain = fetch(10, 0, &vq);
	assert_int_equal(virtq_stock(vq), 10);
	virtq_destroy(vq);
	assert_int_equal(fetch(10, 3, &vq), HAL_HOST_MAPPED ? 0 : plain + 1);
	assert_int_equal(virtq_stock(vq), 10);
	assert_int_equal(virtq_peek(vq, 9)->num_segs, 3);
	assert_int_equal(virtq_peek(vq, 9)->num_descs, bed_rings.packed ? 1 : 3);
	virtq_destroy(vq);
}

/* Chains that are sound, but together more than there is room for, wait in the ring. */
static void test_full_store(void **state)
{
	static struct dma_list dma;
	struct virtq *vq;
	uint32_t seen = 0;

	(void)state;
	if (!bed_rings.indirect)
		return;
	fetch(30, 10, &vq);
	while (seen < 30) {
		const uint32_t stock = virtq_stock(vq);

		assert_int_equal(stock, seen < 27 ? 3 : 30 - seen); /* of 10 buffers each */
		assert_int_equal(vq->pending, seen < 27);
		for (uint32_t i = 0; i < stock; i++)
			assert_int_equal(virtq_peek(vq, i)->len_bytes, 300);
		virtq_take_read(vq, stock);
		seen += stock;
		virtq_fetch(&vq, 1, &dma);
		assert_int_equal(vq->error, XVIO_RING_ERR_NONE);
	}
	virtq_destroy(vq);
}

/* The same end to end, in both directions: nothing is lost. */
static void test_full_store_under_traffic(void **state)
{
	uint32_t received = 0, sent = 0, posted = 0, rounds = 0, len_bytes;

	(void)state;
	if (!bed_rings.indirect)
		return;
	check_seed(5);
	start();
	while (received < 300) {
		assert_true(rounds++ < 300);
		while (driver_post(&b.driver[BED_RX], 1000, 20))
			posted++;
		while (sent < posted) {
			bed_frame(frame, 600, sent);
			if (!bed_send(&a, frame, 600, 20))
				break;
			sent++;
		}
		bed_ring(&b, BED_RX);
		bed_ring(&a, BED_TX);
		fake_run();
		assert_true(bed_reap_sent(&a) > 0);
		while ((len_bytes = bed_receive(&b, got, NULL)) != 0) {
			bed_frame(frame, 600, received++);
			assert_int_equal(len_bytes, 600);
			assert_memory_equal(got, frame, 600);
		}
		assert_int_equal(bed_stat(PORT_B, XVIO_STAT_RING_ERR_LOOP), 0);
	}
	assert_int_equal(received, sent);
	bed_check_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_sound_until_it_is_read),
		cmocka_unit_test(test_not_negotiated),
		cmocka_unit_test(test_what_tables_cost),
		cmocka_unit_test(test_full_store),
		cmocka_unit_test(test_full_store_under_traffic),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
