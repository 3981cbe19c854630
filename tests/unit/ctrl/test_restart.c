/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The firmware dies before any operation of the bus, with packets on their way between two devices, and goes
 * on after a restart: all kinds of rings, vDPA devices and VFs, publications that wrap round a ring's end, rings
 * in pieces, packets in several buffers. What is sent afterwards arrives once, no buffer is lost, and no
 * driver sees more than a packet cut off.
 */
#include "common/bed.h"
#include "ctrl/keep.h"
#include "path/flow.h"
#include "vf_regs.h"

#define SIZE	    32u
#define BURST	    12u
#define RX_BYTES    1000u
#define SMALL_BYTES 200u
#define TABLE_ADDR  UINT64_C(0x700000000)
#define TABLE_BYTES 0x8000u
#define HDR_BYTES   12u

struct side {
	unsigned number;
	uint16_t port;
	uint32_t queue_base;
	struct driver driver[2]; /* by queue index */
};

static struct side a, b;
static bool are_vfs;
static bool in_pieces; /* the rings, on the bus */
static bool are_spoiled; /* the rings, by their drivers */
static bool mergeable; /* receive buffers are small */
static uint16_t first_place; /* where vDPA devices' queues begin, from the ring's end */

static uint8_t packet[2000];

static uint64_t features(void)
{
	return bed_ring_features() | CARD_MUST_FEATURES |
	       (mergeable ? VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF) : 0);
}

/* Devices */

static uint64_t bus_addr(unsigned number, unsigned index)
{
	return UINT64_C(0x100000000) * (2 * number + index + 1);
}

/* Cuts the first entry, where the descriptors are, into three. */
static uint32_t cut(struct xvio_map_entry *entry, uint32_t num)
{
	const uint32_t at[] = {0, 16 * 11, 16 * 23, (uint32_t)entry->len_bytes};
	const struct xvio_map_entry whole = *entry;

	memmove(entry + 3, entry + 1, (num - 1) * sizeof(*entry));
	for (unsigned i = 0; i < 3; i++) {
		entry[i] = whole;
		entry[i].iova += at[i];
		entry[i].bus_addr += at[i];
		entry[i].len_bytes = at[i + 1] - at[i];
	}
	return num + 2;
}

static void map_vdpa(const struct side *side)
{
	struct xvio_map_entry *entry = fake_host(TABLE_ADDR, TABLE_BYTES);
	struct xvio_cmd_vdpa_map map = {.dev = side->number, .table_addr = TABLE_ADDR};

	for (unsigned i = 0; i < 2; i++) {
		struct xvio_map_entry *first = entry + map.num_entries;
		uint32_t num = driver_fill_map(&side->driver[i], bus_addr(side->number, i), first);

		map.num_entries += in_pieces ? cut(first, num) : num;
	}
	assert_true(map.num_entries * sizeof(*entry) <= TABLE_BYTES);
	assert_int_equal(card_command(XVIO_CMD_VDPA_MAP, map), XVIO_ST_OK);
}

static unsigned set_vq(const struct side *side, unsigned index, bool resume)
{
	const struct driver *driver = &side->driver[index];
	const struct xvio_cmd_vdpa_vq set = {
		.dev = side->number,
		.vq = (uint16_t)index,
		.size = driver->size,
		.vector = (uint16_t)(side->queue_base + index),
		.last_avail = resume ? 0x5555 : driver->avail_idx,
		.ready = 1,
		.resume = resume,
		.desc_iova = driver->iova + DRIVER_DESC_OFFSET,
		.driver_iova = driver->iova + DRIVER_RING_OFFSET,
		.device_iova = driver->iova + DRIVER_USED_OFFSET,
	};

	return card_command(XVIO_CMD_VDPA_VQ_SET, set);
}

static void start_vq(const struct side *side, unsigned index, bool resume)
{
	const unsigned status = set_vq(side, index, resume);

	if (status != XVIO_ST_BAD_STATE || !are_spoiled)
		assert_int_equal(status, XVIO_ST_OK);
}

static void set_up_vdpa(struct side *side, bool resume)
{
	const struct xvio_vdpa_created *created = card_result();
	struct xvio_cmd_vdpa_create create = {.features = features()};

	if (resume) {
		create.flags = XVIO_VDPA_CREATE_F_RESUME;
		create.dev = side->number;
		create.queue_base = side->queue_base;
	}
	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_OK);
	assert_int_equal(created->dev, side->number);
	if (resume)
		assert_int_equal(created->queue_base, side->queue_base);
	side->queue_base = created->queue_base;
	map_vdpa(side);
	assert_int_equal(card_set_status(side->number, 3), XVIO_ST_OK);
	assert_int_equal(card_set_features(side->number, features()), XVIO_ST_OK);
	assert_int_equal(card_set_status(side->number, 11), XVIO_ST_OK);
	start_vq(side, BED_RX, resume);
	assert_int_equal(card_set_status(side->number, 15), XVIO_ST_OK);
	start_vq(side, BED_TX, resume); /* before or after, it is the same */
}

static void set_num_vfs(uint32_t flags)
{
	const struct xvio_cmd_vf_num num = {.num = 2, .flags = flags};

	assert_int_equal(card_command(XVIO_CMD_VF_SET_NUM, num), XVIO_ST_OK);
}

static void set_up_vf(struct side *side)
{
	side->queue_base = XVIO_VF_DOORBELL(side->number, 0);
	assert_true(vf_accept_features(side->number, features()));
	for (unsigned i = 0; i < 2; i++)
		vf_set_up_queue(side->number, i, 1 + i, &side->driver[i]);
	vf_run(side->number);
}

static void init_side(struct side *side, unsigned number)
{
	side->number = number;
	side->port = (uint16_t)(are_vfs ? XVIO_PORT_VF(number) : XVIO_PORT_VDPA(number));
	for (unsigned i = 0; i < 2; i++) {
		struct driver *driver = &side->driver[i];
		const uint64_t addr = bus_addr(number, i);

		driver_init(driver, addr, are_vfs ? addr : 0x40000000 + i * 0x1000000u, SIZE,
			    i == BED_RX, bed_rings);
		driver->takes_empty = true;
		if (!are_vfs && bed_rings.packed)
			driver_set_place(driver,
					 (uint16_t)(SIZE - first_place) | VIRTQ_PACKED_WRAP);
		else if (!are_vfs)
			driver_set_place(driver, (uint16_t)(0x10000u - first_place));
	}
}

static void start(void)
{
	card_start(NULL);
	check_seed(first_place);
	fake_host_map(TABLE_ADDR, TABLE_BYTES, FAKE_READ);
	init_side(&a, 0);
	init_side(&b, 1);
	if (are_vfs) {
		set_num_vfs(0);
		set_up_vf(&a);
		set_up_vf(&b);
	} else {
		set_up_vdpa(&a, false);
		set_up_vdpa(&b, false);
	}
	bed_rule(1, a.port, b.port);
}

/* What the host's driver does. */
static void go_on(void)
{
	card_restart();
	if (are_vfs) {
		set_num_vfs(XVIO_VF_NUM_F_RESUME);
	} else {
		set_up_vdpa(&b, true); /* in another order than before */
		set_up_vdpa(&a, true);
	}
	bed_rule(1, a.port, b.port);
}

static unsigned num_interrupts(const struct side *side, unsigned index)
{
	if (are_vfs)
		return fake_msix_count((uint16_t)XVIO_FUNCTION_VF(side->number),
				       (uint16_t)(1 + index));
	return fake_msix_count(XVIO_FUNCTION_PF, (uint16_t)(side->queue_base + index));
}

/* Once for each queue, and perhaps for what was done since. */
static void check_interrupted(unsigned most)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_in_range(num_interrupts(&a, i), 1, most);
		assert_in_range(num_interrupts(&b, i), 1, most);
	}
}

/* Packets: they tell their number, from which all of them follows. */

static uint32_t packet_of(uint8_t *to, uint32_t seed)
{
	const uint32_t len_bytes = 60 + seed * 7919 % 900;

	memset(to, 0, HDR_BYTES);
	bed_frame(to + HDR_BYTES, len_bytes, seed);
	memcpy(to + HDR_BYTES + 42, &seed, sizeof(seed));
	return HDR_BYTES + len_bytes;
}

static void send_some(uint32_t *sent, unsigned num)
{
	for (; num; num--, ++*sent)
		if (!driver_send(&a.driver[BED_TX], packet, packet_of(packet, *sent),
				 1 + check_random(3)))
			break;
	fake_ring(a.queue_base + BED_TX);
}

static void post_all(void)
{
	const uint32_t len_bytes = mergeable ? SMALL_BYTES : RX_BYTES;

	while (driver_post(&b.driver[BED_RX], len_bytes, 1 + check_random(2)))
		;
	fake_ring(b.queue_base + BED_RX);
}

static unsigned reap_sent(void)
{
	uint32_t len_bytes;
	unsigned num = 0;

	while (driver_reap(&a.driver[BED_TX], NULL, &len_bytes))
		num++;
	return num;
}

#define NO_PACKET   0xffffffffu
#define LOST_PACKET 0xfffffffeu

/*
 * The next packet, by its number; LOST_PACKET: one that was cut off, which shows in its length, as it does to
 * whoever looks into an IP header.
 */
static uint32_t receive(void)
{
	static uint8_t expected[sizeof(packet)];
	struct virtio_net_hdr header;
	uint32_t len_bytes, seed;

	if (!driver_reap(&b.driver[BED_RX], packet, &len_bytes))
		return NO_PACKET;
	if (!len_bytes)
		return LOST_PACKET;
	memcpy(&header, packet, sizeof(header));
	assert_in_range(header.num_buffers, 1, mergeable ? 6 : 1);
	for (unsigned i = 1; i < header.num_buffers; i++) {
		uint32_t more_bytes;

		assert_true(driver_reap(&b.driver[BED_RX], packet + len_bytes, &more_bytes));
		len_bytes += more_bytes;
	}
	memcpy(&seed, packet + HDR_BYTES + 42, sizeof(seed));
	if (len_bytes < packet_of(expected, seed))
		return LOST_PACKET;
	assert_int_equal(len_bytes, packet_of(expected, seed));
	assert_memory_equal(packet + HDR_BYTES, expected + HDR_BYTES, len_bytes - HDR_BYTES);
	return seed;
}

/* All of them arrive once, in order, as long as there is a buffer for each. */
static void exchange(uint32_t *sent, uint32_t num)
{
	const uint32_t until = *sent + num;
	uint32_t received = *sent, taken = *sent, seed;

	for (unsigned rounds = 0; received < until; rounds++) {
		assert_true(rounds < num);
		post_all();
		if (*sent < until)
			send_some(sent, 1 + check_random(mergeable ? 4 : BURST));
		assert_true(fake_run());
		taken += reap_sent();
		while ((seed = receive()) != NO_PACKET)
			assert_int_equal(seed, received++);
		assert_int_equal(received, taken);
	}
}

/* The device still has all the buffers that it was given: as many packets as fill them arrive. */
static void check_all_buffers(uint32_t *sent)
{
	unsigned num = 0, num_sent = 0;

	if (mergeable)
		return; /* a packet takes several: exchange() would have noticed */
	post_all();
	while (num < b.driver[BED_RX].num_in_flight) {
		const uint32_t before = *sent;

		send_some(sent, 1);
		num += *sent - before;
		assert_true(fake_run());
		num_sent += reap_sent();
	}
	for (unsigned i = 0; i < num; i++)
		assert_int_equal(receive(), *sent - num + i);
	assert_int_equal(b.driver[BED_RX].num_in_flight, 0);
	assert_int_equal(num_sent, num);
}

/* The end of a run of the firmware */

static jmp_buf dies;
static uint64_t dies_at;

static void die(uint64_t op, void *arg)
{
	(void)arg;
	if (op == dies_at)
		longjmp(dies, 1);
}

/* False: nothing is left to die at. */
static bool run_until(uint64_t num_ops)
{
	dies_at = fake_dma_ops() + num_ops;
	fake_set_script(die, NULL);
	if (!setjmp(dies)) {
		assert_true(fake_run());
		fake_set_script(NULL, NULL);
		return false;
	}
	return true;
}

/* What was on its way may come, or be lost, or come again; in the order in which it was sent. */
static void receive_rest(uint32_t first, uint32_t end)
{
	uint32_t seed;

	while ((seed = receive()) != NO_PACKET)
		if (seed != LOST_PACKET)
			assert_in_range(seed, first, end - 1);
}

/* A few laps, so that places are anywhere; then packets on their way, and the end after num_ops more. */
static bool crash(uint64_t num_ops, uint32_t *sent, uint32_t *first)
{
	start();
	*sent = 0;
	if (are_vfs)
		exchange(sent, 25 + first_place);
	*first = *sent;
	post_all();
	send_some(sent, mergeable ? 6 : BURST);
	return run_until(num_ops);
}

static void crash_at_every_step(void)
{
	uint32_t sent, first;
	uint64_t num_ops;

	for (num_ops = 0; crash(num_ops, &sent, &first); num_ops++) {
		receive_rest(first, sent);
		reap_sent();
		go_on();
		check_interrupted(10);
		assert_true(fake_run());
		reap_sent();
		assert_int_equal(a.driver[BED_TX].num_in_flight, 0);
		receive_rest(first, sent);
		exchange(&sent, SIZE + BURST);
		check_all_buffers(&sent);
	}
	assert_in_range(num_ops, 10, 1000);
}

/* From another place each time, some of which make a publication wrap. */
static void run_all(void)
{
	static const uint16_t places[] = {1, 2, 7, 9, SIZE};
	static unsigned next;

	first_place = places[next % 5];
	mergeable = next++ / 5 % 2;
	crash_at_every_step();
}

static void vdpa_devices(void **state)
{
	(void)state;
	are_vfs = in_pieces = false;
	run_all();
}

static void vdpa_devices_with_rings_in_pieces(void **state)
{
	(void)state;
	are_vfs = false;
	in_pieces = true;
	if (bed_rings.packed) /* of a split ring the descriptors are not written */
		run_all();
	in_pieces = false;
}

static void vfs(void **state)
{
	(void)state;
	are_vfs = true;
	run_all();
}

/* Restart after restart, with nothing in between but what comes of it. */
static void again_and_again(void **state)
{
	uint32_t sent, first;

	(void)state;
	in_pieces = mergeable = false;
	for (unsigned round = 0; round < 2; round++) {
		are_vfs = round;
		first_place = 5;
		assert_true(crash(12, &sent, &first));
		for (unsigned i = 0; i < 100; i++) {
			go_on();
			post_all();
			send_some(&sent, 1 + check_random(BURST));
			run_until(check_random(60));
			receive_rest(first, sent);
			reap_sent();
		}
		go_on();
		assert_true(fake_run());
		reap_sent();
		receive_rest(first, sent);
		exchange(&sent, 100);
		check_all_buffers(&sent);
	}
}

/* Bytes anywhere in the rings, and in what is kept of them. */
static void spoil(struct side *side)
{
	for (unsigned i = 0; i < 2; i++) {
		struct virtq_place *place = keep_place(side->queue_base + i);
		uint8_t *rings = side->driver[i].memory;

		for (uint32_t num = check_random(60); num; num--)
			rings[check_random(3) ? check_random(16 * SIZE) : check_random(0x3000)] ^=
				(uint8_t)(1u << check_random(8));
		if (check_random(2))
			place->places ^= 1u << check_random(32);
		if (check_random(2))
			place->used ^= UINT64_C(1) << check_random(64);
	}
}

static void make_anew(struct side *side)
{
	driver_reset(&side->driver[0]);
	driver_reset(&side->driver[1]);
	if (are_vfs)
		set_up_vf(side);
	else
		set_up_vdpa(side, false);
}

/* Drivers that write what they like harm nobody but themselves, and not for longer than to their next reset. */
static void hostile_drivers(void **state)
{
	uint32_t sent, first;

	(void)state;
	in_pieces = false;
	for (unsigned round = 0; round < 80; round++) {
		are_vfs = round % 2;
		mergeable = round % 4 < 2;
		first_place = (uint16_t)(1 + round % SIZE);
		crash(round * 7919 % 70, &sent, &first);
		check_seed(round);
		spoil(&a);
		spoil(&b);
		are_spoiled = true;
		go_on();
		are_spoiled = false;
		for (unsigned i = 0; i < 3; i++) {
			fake_run();
			ctrl_poll();
		}
		if (are_vfs) {
			VF_WR(0, device_status, 0);
			VF_WR(1, device_status, 0);
		} else {
			assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 0), XVIO_ST_OK);
			assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 1), XVIO_ST_OK);
		}
		make_anew(&a);
		make_anew(&b);
		exchange(&sent, 2 * SIZE);
	}
}

/* With nothing on its way: nothing is lost, and no more is said than that it goes on. */
static void quiet(void **state)
{
	uint32_t sent;

	(void)state;
	in_pieces = mergeable = false;
	for (unsigned round = 0; round < 20; round++) {
		are_vfs = round % 2;
		first_place = (uint16_t)(1 + check_random(SIZE));
		start();
		sent = 0;
		exchange(&sent, 1 + check_random(3 * SIZE));
		go_on();
		assert_true(fake_run());
		check_interrupted(1);
		assert_int_equal(receive(), NO_PACKET);
		exchange(&sent, 100);
		check_all_buffers(&sent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vdpa_devices), cmocka_unit_test(vdpa_devices_with_rings_in_pieces),
		cmocka_unit_test(vfs),		cmocka_unit_test(again_and_again),
		cmocka_unit_test(quiet),	cmocka_unit_test(hostile_drivers),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
