/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What is negotiated over a VF's registers is what its rings do: two VFs whose drivers keep to the
 * specification (common/driver.h), with each kind of ring; queues that are reset under traffic, and by
 * themselves (virtio 1.2, 2.6.1 and 4.1.4.3).
 */
#include "common/bed.h"
#include "ctrl/net_features.h"
#include "path/flow.h"
#include "vf_regs.h"

#define NUM_PACKETS 300u
#define RX_BYTES    1000u
#define MAX_BURST   30u /* there is a buffer for each, in a ring of 64 */

struct vf {
	unsigned number;
	uint16_t port;
	struct driver driver[2]; /* by queue index */
};

static struct vf a, b;
static uint8_t frame[XVIO_MAX_FRAME_BYTES];

#define WR(vf, member, value) VF_WR((vf)->number, member, value)
#define RD(vf, member)	      VF_RD((vf)->number, member)

static void set_up_queue(const struct vf *vf, unsigned index)
{
	vf_set_up_queue(vf->number, index, 1 + index, &vf->driver[index]);
}

static void go_live(const struct vf *vf)
{
	assert_true(vf_accept_features(vf->number, bed_ring_features() | NET_FEATURES_MUST |
							   VIRTIO_BIT(VIRTIO_F_RING_RESET) |
							   VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA) |
							   VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM)));
	set_up_queue(vf, BED_RX);
	set_up_queue(vf, BED_TX);
	vf_run(vf->number);
}

static void add_vf(struct vf *vf, unsigned number, uint16_t size)
{
	vf->number = number;
	vf->port = (uint16_t)XVIO_PORT_VF(number);
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t addr = UINT64_C(0x100000000) * (2 * number + i + 1);

		driver_init(&vf->driver[i], addr, addr, size, i == BED_RX, bed_rings);
	}
	go_live(vf);
}

static void start(uint16_t size)
{
	card_start(NULL);
	check_seed(size);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 2), XVIO_ST_OK);
	add_vf(&a, 0, size);
	add_vf(&b, 1, size);
	bed_rule(1, a.port, b.port);
}

static void ring(const struct vf *vf, unsigned index)
{
	fake_ring(XVIO_VF_DOORBELL(vf->number, index));
}

/* Frames numbered by seed, behind a header. */
static uint32_t packet_of(uint8_t *packet, uint32_t seed)
{
	const uint32_t len_bytes = 60 + seed * 7919 % 900;

	memset(packet, 0, sizeof(struct virtio_net_hdr));
	bed_frame(packet + sizeof(struct virtio_net_hdr), len_bytes, seed);
	return (uint32_t)sizeof(struct virtio_net_hdr) + len_bytes;
}

/* Sends those from number *sent on, as many as there is room for. */
static void send_some(uint32_t *sent, unsigned num)
{
	for (; num; num--, ++*sent) {
		const uint32_t len_bytes = packet_of(frame, *sent);

		if (!driver_send(&a.driver[BED_TX], frame, len_bytes, 1 + check_random(4)))
			break;
	}
	ring(&a, BED_TX);
}

static void post_all(void)
{
	while (driver_post(&b.driver[BED_RX], RX_BYTES, 1 + check_random(2)))
		;
	ring(&b, BED_RX);
}

static uint32_t reap_sent(void)
{
	uint32_t len_bytes, num = 0;

	while (driver_reap(&a.driver[BED_TX], NULL, &len_bytes))
		num++;
	return num;
}

/* What arrived follows upon what did before. */
static void receive(uint32_t *received)
{
	uint8_t got[XVIO_MAX_FRAME_BYTES];
	uint32_t len_bytes;

	while (driver_reap(&b.driver[BED_RX], got, &len_bytes)) {
		assert_int_equal(len_bytes, packet_of(frame, *received));
		assert_memory_equal(got + 12, frame + 12, len_bytes - 12);
		++*received;
	}
}

/* Until that many have arrived, or a few more. */
static void exchange(uint32_t *sent, uint32_t until)
{
	uint32_t received = *sent, taken = *sent, rounds = 0;

	while (received < until) {
		assert_true(rounds++ < until);
		post_all();
		if (*sent < until)
			send_some(sent, 1 + check_random(MAX_BURST));
		fake_run();
		taken += reap_sent();
		receive(&received);
		assert_int_equal(received, taken);
	}
}

static void run_traffic(uint16_t size)
{
	uint32_t sent = 0;

	start(size);
	exchange(&sent, NUM_PACKETS);
	assert_int_equal(bed_stat(b.port, XVIO_STAT_TX_PACKETS), sent);
	assert_true(fake_msix_count((uint16_t)XVIO_FUNCTION_VF(0), 1 + BED_TX) > 0);
	assert_true(fake_msix_count((uint16_t)XVIO_FUNCTION_VF(1), 1 + BED_RX) > 0);
	assert_int_equal(RD(&a, device_status), 15);
	assert_int_equal(RD(&b, device_status), 15);
}

static void negotiated_rings_run(void **state)
{
	(void)state;
	run_traffic(64);
	run_traffic(256);
	if (bed_rings.packed) /* whose size need not be a power of two (2.8) */
		run_traffic(77);
}

/* 2.6.1.1: the register reads 0 when the reset is done, and the queue is as it was at first. */
static void reset_queue(const struct vf *vf, unsigned index)
{
	WR(vf, queue_select, index);
	WR(vf, queue_reset, 1);
	assert_int_equal(RD(vf, queue_reset), 0);
	assert_int_equal(RD(vf, queue_enable), 0);
	assert_int_equal(RD(vf, queue_size), VIRTIO_PCI_QUEUE_SIZE);
	assert_int_equal(RD(vf, queue_msix_vector), VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(
		fake_vf_read(vf->number, offsetof(struct virtio_pci_common, queue_desc), 4), 0);
}

static void run_a_round(void)
{
	fake_set_core(1);
	worker_poll();
	fake_set_core(0);
}

/* A new ring, of another size. */
static void begin_anew(struct vf *vf, unsigned index)
{
	vf->driver[index].size = (uint16_t)(16u << check_random(4));
	driver_reset(&vf->driver[index]);
	set_up_queue(vf, index);
}

/*
 * A transmit queue is reset with packets in it: what was taken is used and arrives, the rest is the driver's
 * again, who sends it in the new ring.
 */
static void reset_of_a_transmitq(void **state)
{
	uint32_t sent = 0, taken = 0, received = 0;

	(void)state;
	start(64);
	for (unsigned i = 0; i < 150; i++) {
		post_all();
		send_some(&sent, check_random(MAX_BURST));
		for (uint32_t rounds = check_random(4); rounds; rounds--)
			run_a_round();
		reset_queue(&a, BED_TX);
		taken += reap_sent();
		fake_run();
		receive(&received);
		assert_int_equal(bed_stat(a.port, XVIO_STAT_RX_PACKETS), taken);
		assert_int_equal(received, taken);
		sent = taken;
		begin_anew(&a, BED_TX);
	}
	exchange(&sent, sent + 100);
}

/* A receive queue is reset: what was written is told of, and nothing is written after it. */
static void reset_of_a_receiveq(void **state)
{
	static uint8_t before[DRIVER_NUM_PAGES * DRIVER_PAGE_BYTES];
	uint32_t sent = 0, received = 0, num_received = 0;

	(void)state;
	start(64);
	for (unsigned i = 0; i < 150; i++) {
		const uint32_t first = received;

		post_all();
		send_some(&sent, check_random(16));
		for (uint32_t rounds = check_random(4); rounds; rounds--)
			run_a_round();
		reset_queue(&b, BED_RX);
		receive(&received);
		num_received += received - first;
		assert_int_equal(bed_stat(b.port, XVIO_STAT_TX_PACKETS), num_received);
		memcpy(before, b.driver[BED_RX].memory, sizeof(before));
		fake_run(); /* with nowhere to go for what is still sent: it is lost */
		assert_memory_equal(before, b.driver[BED_RX].memory, sizeof(before));
		reap_sent();
		begin_anew(&b, BED_RX);
		received = sent;
	}
	exchange(&sent, sent + 100);
}

/* 4.1.4.3.1: only 1 has a meaning, only if it was negotiated, and only for a queue that is there. */
static void reset_that_means_nothing(void **state)
{
	(void)state;
	start(64);
	WR(&a, queue_select, BED_TX);
	WR(&a, queue_reset, 0);
	WR(&a, queue_reset, 2);
	assert_int_equal(RD(&a, queue_enable), 1);
	WR(&a, queue_select, 99);
	WR(&a, queue_reset, 1);
	assert_int_equal(RD(&a, queue_reset), 0);
	assert_true(vnet_queue_state(a.port, BED_TX).running);
	reset_queue(&a, BED_TX);
	WR(&a, queue_reset, 1); /* of a queue that is stopped: changes nothing */
	assert_int_equal(RD(&a, queue_enable), 0);
	assert_true(vnet_queue_state(a.port, BED_RX).running);
	assert_int_equal(RD(&a, device_status), 15);
}

static void reset_not_negotiated(void **state)
{
	(void)state;
	start(64);
	WR(&a, device_status, 0);
	WR(&a, device_status, 3);
	WR(&a, driver_feature_select, 1);
	WR(&a, driver_feature, (uint32_t)(NET_FEATURES_MUST >> 32));
	WR(&a, device_status, 11);
	set_up_queue(&a, BED_TX);
	WR(&a, device_status, 15);
	WR(&a, queue_reset, 1);
	assert_int_equal(RD(&a, queue_enable), 1);
	assert_int_equal(RD(&a, queue_reset), 0);
	assert_true(vnet_queue_state(a.port, BED_TX).running);
}

/* A reset brings a queue back that was stopped for a fault; the device still says that it needs one. */
static void reset_after_a_fault(void **state)
{
	struct driver *driver = &a.driver[BED_TX];
	const uint32_t bad = 0xffffffff;
	uint32_t sent = 0;

	(void)state;
	start(64);
	send_some(&sent, 1);
	for (uint32_t i = 0; i < 64; i++) /* lengths */
		driver_write(driver, DRIVER_DESC_OFFSET + 16 * i + 8, &bad, 4);
	fake_run();
	ctrl_poll();
	assert_true(RD(&a, device_status) & VIRTIO_STATUS_NEEDS_RESET);
	reset_queue(&a, BED_TX);
	begin_anew(&a, BED_TX);
	sent = 0;
	exchange(&sent, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiated_rings_run), cmocka_unit_test(reset_of_a_transmitq),
		cmocka_unit_test(reset_of_a_receiveq),	cmocka_unit_test(reset_that_means_nothing),
		cmocka_unit_test(reset_not_negotiated), cmocka_unit_test(reset_after_a_fault),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
