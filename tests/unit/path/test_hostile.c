/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Hostile rings: each fault is counted under its name, stops that queue alone, is told to core 0, and
 * the neighbours' packets still pass. Then guests that rewrite their memory while it is read.
 */
#include <xvio/event.h>
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "lib/heap.h"
#include "path/flow.h"
#include "path/hostile_rings.h"
#include "path/worker.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)
#define PORT_C XVIO_PORT_VDPA(2)

static struct bed_port a, b, c;
static uint8_t frame[2000];
static uint8_t got[10000];

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 32);
	bed_add_port(&b, PORT_B, 32);
	bed_add_port(&c, PORT_C, 32);
	bed_rule(1, PORT_A, PORT_B);
	bed_rule(2, PORT_C, PORT_B);
	bed_rule(3, PORT_B, PORT_A);
	bed_frame(frame, 100, 1);
}

/* C can still talk to B. */
static void check_neighbours(void)
{
	bed_post(&b, 2, 1600);
	assert_true(bed_send(&c, frame, 100, 2));
	bed_ring(&c, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_memory_equal(got, frame, 100);
	assert_int_equal(bed_reap_sent(&c), 1);
}

static void check_stopped(const struct bed_port *port, unsigned index, uint8_t error)
{
	static const enum xvio_stat stat_of[XVIO_RING_ERR_NUM] = {
		[XVIO_RING_ERR_INDEX] = XVIO_STAT_RING_ERR_INDEX,
		[XVIO_RING_ERR_LOOP] = XVIO_STAT_RING_ERR_LOOP,
		[XVIO_RING_ERR_LENGTH] = XVIO_STAT_RING_ERR_LENGTH,
		[XVIO_RING_ERR_DIRECTION] = XVIO_STAT_RING_ERR_DIRECTION,
		[XVIO_RING_ERR_FLAGS] = XVIO_STAT_RING_ERR_FLAGS,
		[XVIO_RING_ERR_ADDRESS] = XVIO_STAT_RING_ERR_ADDRESS,
		[XVIO_RING_ERR_DMA] = XVIO_STAT_RING_ERR_DMA,
	};
	struct vnet_queue_state state = vnet_queue_state(port->number, index);
	struct worker_notice notice;

	assert_int_equal(state.error, error);
	assert_false(state.running);
	assert_int_equal(bed_stat(port->number, stat_of[error]), 1);
	assert_true(worker_take_notice(&notice));
	assert_int_equal(notice.type, XVIO_EVENT_QUEUE_ERROR);
	assert_int_equal(notice.port, port->number);
	assert_int_equal(notice.object, port->doorbell + index);
	assert_int_equal(notice.arg, error);
	assert_false(worker_take_notice(&notice));
	assert_int_equal(vnet_stop_queue(port->number, index), state.last_avail);
}

static const struct hostile *hostile_table(unsigned *num)
{
	*num = bed_rings.packed ? sizeof(hostile_packed) / sizeof(hostile_packed[0])
				: sizeof(hostile_split) / sizeof(hostile_split[0]);
	return bed_rings.packed ? hostile_packed : hostile_split;
}

/* From place num_before on. */
static void write_hostile(struct driver *driver, const struct hostile *ring, uint16_t num_before)
{
	uint16_t first = bed_rings.packed ? num_before : 0;
	uint16_t i;

	for (i = 0; i < 4; i++) {
		struct virtq_desc desc = ring->desc[i].desc;

		if (ring->desc[i].slot)
			desc.addr = driver_slot_iova(driver, i);
		if (!bed_rings.packed || desc.addr)
			driver_set_desc(driver, first + i, &desc);
	}
	if (bed_rings.packed)
		return;
	driver_set_avail(driver, ring->head, (uint16_t)(ring->avail_idx + num_before));
	if (ring->head != 0 || ring->avail_idx != 1) /* wherever the entry is looked for */
		driver_write(driver, DRIVER_RING_OFFSET + 4 + num_before * 2u, &ring->head, 2);
}

/* A sound one of one buffer: it is known then where on the bus the next ones are. */
static void write_sound(struct driver *driver, unsigned index)
{
	struct hostile ring = {.avail_idx = 1, .desc[0] = {true, {{.len = 100}}}};

	if (bed_rings.packed)
		ring.desc[0].packed = (struct virtq_packed_desc){.len = 100, .flags = AVAIL};
	if (index == BED_RX && bed_rings.packed)
		ring.desc[0].packed.flags |= WRITE;
	else if (index == BED_RX)
		ring.desc[0].desc.flags = WRITE;
	write_hostile(driver, &ring, 0);
}

static void run_hostile(const struct hostile *ring, uint16_t num_before)
{
	struct driver *driver = &a.driver[ring->index];

	start();
	if (num_before) {
		write_sound(driver, ring->index);
		bed_ring(&a, ring->index);
		fake_run();
		assert_int_equal(vnet_queue_state(PORT_A, ring->index).error, 0);
	}
	write_hostile(driver, ring, num_before);
	bed_ring(&a, ring->index);
	fake_run();
	if (vnet_queue_state(PORT_A, ring->index).error != ring->error)
		print_error("hostile ring: %s\n", ring->name);
	check_stopped(&a, ring->index, ring->error);
	check_neighbours();
	bed_check_quiet();
}

static void test_hostile_rings(void **state)
{
	const struct hostile *table;
	unsigned num;
	unsigned i;

	(void)state;
	table = hostile_table(&num);
	for (i = 0; i < num; i++) {
		run_hostile(&table[i], 0);
		run_hostile(&table[i], 1);
	}
}

/* Makes the first num buffers of a receive queue available once more, before they were used. */
static void offer_again(struct driver *driver, uint16_t num)
{
	struct virtq_packed_desc desc = {.len = 1000,
					 .flags = USED | WRITE}; /* of the second lap */
	uint16_t i;

	for (i = 0; i < num && bed_rings.packed; i++) {
		desc.addr = driver_slot_iova(driver, i);
		desc.id = i;
		driver_set_packed(driver, i, &desc);
	}
	if (!bed_rings.packed)
		driver_set_avail(driver, 0, driver->size + num);
}

/* What was taken is not the driver's again before it is published. */
static void test_no_more_than_the_ring_holds(void **state)
{
	static struct dma_list dma;
	struct virtq_config config;
	struct virtq *vq;
	unsigned i;

	(void)state;
	start();
	vnet_stop_queue(PORT_A, BED_RX);
	config = bed_queue_config(&a, BED_RX, a.driver[BED_RX].avail_idx);
	vq = virtq_create(&config);
	assert_non_null(vq);
	for (i = 0; i < 32; i++)
		assert_true(driver_post(&a.driver[BED_RX], 1000, 1));
	virtq_fetch(&vq, 1, &dma);
	assert_int_equal(virtq_stock(vq), 32);
	for (i = 0; i < 8; i++)
		virtq_take(vq, 100);
	offer_again(&a.driver[BED_RX], 8);
	virtq_fetch(&vq, 1, &dma);
	assert_int_equal(virtq_stock(vq), 24);
	assert_int_equal(vq->error, bed_rings.packed ? 0 : XVIO_RING_ERR_INDEX);
	virtq_destroy(vq);
}

/* A chain that fills the ring and goes on. */
static void test_packed_chain_without_end(void **state)
{
	struct driver *driver = &a.driver[BED_TX];
	uint16_t i;

	(void)state;
	if (!bed_rings.packed)
		return;
	start();
	for (i = 0; i < driver->size; i++) {
		struct virtq_packed_desc desc = {
			.addr = driver_slot_iova(driver, i), .len = 100, .flags = AVAIL | NEXT};

		driver_set_packed(driver, i, &desc);
	}
	bed_ring(&a, BED_TX);
	fake_run();
	check_stopped(&a, BED_TX, XVIO_RING_ERR_LOOP);
	check_neighbours();
	bed_check_quiet();
}

/* Only the marks of this lap make a descriptor available: others are no packet, and no fault. */
static void test_marks_flipped(void **state)
{
	static const uint16_t marks[] = {0, USED, USED | AVAIL};
	struct driver *driver = &a.driver[BED_TX];
	unsigned lap;
	unsigned i;

	(void)state;
	if (!bed_rings.packed)
		return;
	for (lap = 0; lap < 2; lap++) {
		start();
		vnet_stop_queue(PORT_A, BED_TX);
		driver_set_place(driver, lap ? VIRTQ_PACKED_WRAP : 0);
		bed_start_queue(&a, BED_TX, driver->avail_idx);
		for (i = 0; i < 3; i++) {
			struct virtq_packed_desc desc = {
				.addr = driver_slot_iova(driver, 0), .len = 100, .flags = marks[i]};

			if (!lap)
				desc.flags ^= AVAIL | USED;
			driver_set_packed(driver, 0, &desc);
			bed_ring(&a, BED_TX);
			fake_run();
			assert_int_equal(bed_stat(PORT_A, XVIO_STAT_RX_PACKETS), 0);
			assert_int_equal(vnet_queue_state(PORT_A, BED_TX).error, 0);
		}
		bed_post(&b, 1, 1600);
		assert_true(bed_send(&a, frame, 100, 3));
		bed_ring(&a, BED_TX);
		fake_run();
		assert_int_equal(bed_receive(&b, got, NULL), 100);
		assert_int_equal(bed_reap_sent(&a), 1);
	}
}

/* Receive buffers are looked up only when a packet comes. */
static void test_receive_address_outside(void **state)
{
	struct driver *driver = &b.driver[BED_RX];
	uint64_t bad_iova = 0x1000;
	uint32_t descriptor = bed_rings.packed ? 1 : 30; /* split: of the slot given out second */

	(void)state;
	start();
	bed_post(&b, 2, 1000); /* a good one first: it stops with the other, unused */
	driver_write(driver, DRIVER_DESC_OFFSET + descriptor * 16, &bad_iova, 8);
	assert_true(bed_send(&a, frame, 100, 1));
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), 2);
	assert_false(driver_reap(driver, NULL, &(uint32_t){0}));
	check_stopped(&b, BED_RX, XVIO_RING_ERR_ADDRESS);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_RING_ERROR), 2);
	bed_check_quiet();
}

static void check_refused(const struct virtq_config *config)
{
	vnet_stop_queue(PORT_A, BED_TX);
	assert_true(vnet_start_queue(PORT_A, BED_TX, config));
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	check_stopped(&a, BED_TX, XVIO_RING_ERR_ADDRESS);
	check_neighbours();
	bed_check_quiet();
}

/* One after the other the three parts of the rings move by so much. */
static void refuse_moved(const uint64_t by[3])
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		struct virtq_config config;

		start();
		config = bed_queue_config(&a, BED_TX, a.driver[BED_TX].avail_idx);
		config.desc_iova += i == 0 ? by[0] : 0;
		config.driver_iova += i == 1 ? by[1] : 0;
		config.device_iova += i == 2 ? by[2] : 0;
		check_refused(&config);
	}
}

static void test_rings_outside_the_map(void **state)
{
	(void)state;
	refuse_moved((const uint64_t[]){0x10000000, 0x10000000, 0x10000000});
}

/* Where they are used in place, rings must be aligned as the specification wants them (2.7, 2.8). */
static void test_rings_not_aligned(void **state)
{
	(void)state;
	refuse_moved((const uint64_t[]){8, 1, 2});
	refuse_moved((const uint64_t[]){1, 1, 1});
	refuse_moved((const uint64_t[]){4, 3, 3});
}

/* And lie in one piece: here in the same pages as ever, that the map names one by one. */
static void test_rings_in_pieces(void **state)
{
	struct xvio_map_entry *entry;
	struct virtq_config config;
	struct iotlb *map;
	uint32_t bad;
	uint32_t i;

	(void)state;
	start();
	entry = heap_alloc(DRIVER_NUM_PAGES * sizeof(*entry));
	for (i = 0; i < DRIVER_NUM_PAGES; i++) {
		entry[i] = (struct xvio_map_entry){
			.iova = a.driver[BED_TX].iova + i * DRIVER_PAGE_BYTES,
			.len_bytes = DRIVER_PAGE_BYTES,
			.bus_addr = UINT64_C(0x101000000) + i * DRIVER_PAGE_BYTES,
			.perm = XVIO_MAP_READ | XVIO_MAP_WRITE,
		};
	}
	map = iotlb_create(entry, DRIVER_NUM_PAGES, &bad);
	assert_non_null(map);
	config = bed_queue_config(&a, BED_TX, a.driver[BED_TX].avail_idx);
	config.map = map;
	config.device_iova = a.driver[BED_TX].iova + (bed_rings.packed ? 0x1ffe : 0x1ffc);
	check_refused(&config);
	vnet_stop_queue(PORT_A, BED_TX);
	iotlb_destroy(map);
}

static void test_write_without_permission(void **state)
{
	struct xvio_map_entry *entry;
	struct iotlb *map;
	uint32_t bad;
	uint32_t num;
	uint32_t i;

	(void)state;
	start();
	entry = heap_alloc(2 * DRIVER_NUM_PAGES * sizeof(*entry));
	num = driver_fill_map(&b.driver[BED_RX], UINT64_C(0x200000000), entry);
	for (i = HAL_HOST_MAPPED ? 1 : DRIVER_BUF_PAGE; i < num; i++)
		entry[i].perm = XVIO_MAP_READ;
	num += driver_fill_map(&b.driver[BED_TX], UINT64_C(0x201000000), entry + num);
	map = iotlb_create(entry, num, &bad);
	assert_non_null(map);
	vnet_set_map(PORT_B, map);
	bed_post(&b, 1, 1600);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	check_stopped(&b, BED_RX, XVIO_RING_ERR_ADDRESS);
	bed_check_quiet();
}

/* The map was right, but the bus (the server's IOMMU) says no. */
static void test_bus_refuses(void **state)
{
	(void)state;
	start();
	vnet_set_map(PORT_A, iotlb_identity());
	assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	fake_run();
	check_stopped(&a, BED_TX, XVIO_RING_ERR_DMA);
	check_neighbours();
	bed_check_quiet();
}

static void test_goes_on_after_restart(void **state)
{
	struct driver *driver = &a.driver[BED_TX];
	const struct hostile *table;
	uint16_t last_avail;
	unsigned num;

	(void)state;
	table = hostile_table(&num);
	start();
	last_avail = driver->avail_idx;
	write_hostile(driver, &table[num - 1], 0);
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(vnet_stop_queue(PORT_A, BED_TX), last_avail);
	driver_set_place(driver, last_avail);
	bed_post(&b, 2, 1600);
	assert_true(bed_send(&a, frame, 100, 1));
	bed_start_queue(&a, BED_TX, last_avail);
	fake_run(); /* looked at without a doorbell */
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_int_equal(bed_reap_sent(&a), 1);
	assert_int_equal(vnet_queue_state(PORT_A, BED_TX).error, 0);
}

/* A guest that receives into the very buffer that it sends from. */
static void test_buffer_for_both_ways(void **state)
{
	struct driver *rx = &a.driver[BED_RX];
	uint64_t iova;
	uint32_t shift;

	(void)state;
	bed_frame(frame, 900, 1);
	for (shift = 0; shift < 400; shift += 50) {
		start();
		flow_flush();
		bed_rule(1, PORT_A, PORT_A);
		bed_rule(2, PORT_C, PORT_B);
		bed_frame(frame, 900, 1);
		rx->rings.indirect = false; /* its first descriptor is changed */
		bed_post(&a, 1, 950);
		iova = driver_slot_iova(&a.driver[BED_TX], 31) + shift; /* given out first */
		driver_write(rx, DRIVER_DESC_OFFSET + (bed_rings.packed ? 0 : 31 * 16), &iova, 8);
		assert_true(bed_send(&a, frame, 900, 1));
		bed_ring(&a, BED_TX);
		fake_run();
		assert_int_equal(bed_reap_sent(&a), 1);
		assert_int_equal(bed_stat(PORT_A, XVIO_STAT_TX_PACKETS), 1);
		bed_frame(frame, 100, 1);
		check_neighbours();
		bed_check_quiet();
	}
}

/* Between any two operations the guest fills descriptors, rings and buffers with something else. */
static void rewrite(uint64_t op, void *arg)
{
	static const uint32_t from[] = {0, DRIVER_RING_OFFSET, DRIVER_USED_OFFSET,
					DRIVER_BUF_OFFSET};
	static const uint32_t num_bytes[] = {32 * 16, 6 + 32 * 2, 6 + 32 * 8, 4096};
	struct bed_port *port = arg;
	uint32_t num = check_random(4);

	(void)op;
	while (num--) {
		struct driver *driver = &port->driver[check_random(2)];
		uint32_t word = check_random(3) ? check_random(0xffffffff) : check_random(64);
		uint32_t part = check_random(4);
		uint32_t offset = from[part] + check_random(num_bytes[part]);

		if (part == 0 && check_random(2)) /* flags alone, mostly sound */
			offset |= 14;
		if (check_random(2))
			word &= USED | AVAIL | NEXT | WRITE;
		driver_write(driver, offset, &word, check_random(4) + 1);
	}
}

static void test_guest_rewrites_its_memory(void **state)
{
	struct worker_notice notice;
	unsigned round;
	unsigned i;

	(void)state;
	for (round = 0; round < 75; round++) {
		check_seed(round);
		start();
		bed_post(&a, 4, 1600);
		for (i = 0; i < 6; i++)
			assert_true(bed_send(&a, frame, 100, 1 + check_random(3)));
		assert_true(bed_send(&b, frame, 100, 2));
		bed_ring(&a, BED_TX);
		bed_ring(&b, BED_TX);
		fake_set_script(rewrite, &a);
		fake_run();
		fake_set_script(NULL, NULL);
		while (worker_take_notice(&notice))
			assert_int_equal(notice.port, PORT_A);
		while (bed_receive(&b, got, NULL)) /* whatever A made of its packets */
			;
		check_neighbours();
		bed_check_quiet();
	}
}

static void rewrite_late(void *arg)
{
	const struct hostile *ring = arg;

	write_hostile(&a.driver[ring->index], ring, 0);
}

static uint64_t run_late(const struct hostile *ring, uint64_t num_ops)
{
	struct hostile late = *ring;
	struct worker_notice notice;
	uint64_t num;

	start();
	bed_post(&a, 2, 1000);
	assert_true(bed_send(&a, frame, 100, 2));
	assert_true(bed_send(&b, frame, 100, 1));
	bed_ring(&a, BED_TX);
	bed_ring(&b, BED_TX);
	num = bed_run_with(num_ops, rewrite_late, &late);
	while (worker_take_notice(&notice))
		assert_int_equal(notice.port, PORT_A);
	check_neighbours();
	bed_check_quiet();
	return num;
}

/* Each fault comes at each moment, instead of what was sound before. */
static void test_sound_until_it_is_read(void **state)
{
	const struct hostile *table;
	unsigned num;
	unsigned i;

	(void)state;
	/* Tables have a test of their own; the others make no difference to what is read. */
	if (bed_rings.indirect || bed_rings.in_order || bed_rings.event_idx)
		return;
	table = hostile_table(&num);
	for (i = 0; i < num; i++) {
		uint64_t op;

		for (op = 0; op < run_late(&table[i], op); op++)
			;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_rings),
		cmocka_unit_test(test_no_more_than_the_ring_holds),
		cmocka_unit_test(test_packed_chain_without_end),
		cmocka_unit_test(test_marks_flipped),
		cmocka_unit_test(test_receive_address_outside),
		cmocka_unit_test(test_rings_outside_the_map),
		cmocka_unit_test(test_write_without_permission),
		cmocka_unit_test(test_goes_on_after_restart),
		cmocka_unit_test(test_buffer_for_both_ways),
		cmocka_unit_test(test_guest_rewrites_its_memory),
		cmocka_unit_test(test_sound_until_it_is_read),
	};
	/* DMA can be refused; where there is none, rings are used in place. */
	const struct CMUnitTest dma_tests[] = {
		cmocka_unit_test(test_bus_refuses),
	};
	const struct CMUnitTest mapped_tests[] = {
		cmocka_unit_test(test_rings_not_aligned),
		cmocka_unit_test(test_rings_in_pieces),
	};
	int failed = bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));

	if (HAL_HOST_MAPPED)
		return failed + bed_run_tests(mapped_tests, 2);
	return failed + bed_run_tests(dma_tests, 1);
}
