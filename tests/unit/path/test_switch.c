/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packets from port to port: rules, misses, representors, uplinks, and every reason to drop one. */
#include "common/bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "path/flow.h"
#include "path/port.h"

#define PORT_A XVIO_PORT_VDPA(0)
#define PORT_B XVIO_PORT_VDPA(1)

static struct bed_port pf, a, b;
static uint8_t frame[10000];
static uint8_t got[10000];

static void start(void)
{
	bed_start(2, 1);
	bed_add_port(&pf, XVIO_PORT_PF, 64);
	bed_add_port(&a, PORT_A, 64);
	bed_add_port(&b, PORT_B, 64);
	bed_add_uplink(0);
	bed_frame(frame, 100, 1);
}

static void send_from(struct bed_port *port, uint32_t len_bytes)
{
	assert_true(bed_send(port, frame, len_bytes, (len_bytes + 1100) / 1000));
	bed_ring(port, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(port), 1);
}

static void test_guest_to_guest(void **state)
{
	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 4, 1600);
	send_from(&a, 100);
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_memory_equal(got, frame, 100);
	assert_int_equal(bed_receive(&b, got, NULL), 0);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_RX_BYTES), 100);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_FLOW_HITS), 1);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_TX_PACKETS), 1);
	assert_int_equal(fake_msix_count(0, (uint16_t)(b.doorbell + BED_RX)), 1);
	assert_int_equal(fake_msix_count(0, (uint16_t)(a.doorbell + BED_TX)), 1);
	bed_check_quiet();
}

static void test_no_interrupt_when_not_wanted(void **state)
{
	uint16_t flags = VIRTQ_AVAIL_F_NO_INTERRUPT;

	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 4, 1600);
	driver_write(&b.driver[BED_RX], DRIVER_RING_OFFSET, &flags, 2);
	send_from(&a, 100);
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_int_equal(fake_msix_count(0, (uint16_t)(b.doorbell + BED_RX)), 0);
}

static void test_miss_goes_to_representor(void **state)
{
	struct xvio_pkt_meta meta;

	(void)state;
	start();
	bed_post(&pf, 4, 1600);
	send_from(&a, 100);
	assert_int_equal(bed_receive(&pf, got, &meta), 100);
	assert_memory_equal(got, frame, 100);
	assert_int_equal(meta.port, PORT_A);
	assert_int_equal(meta.flags, XVIO_META_F_REPR);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_FLOW_MISSES), 1);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_REPR_TX_PACKETS), 1);
	bed_check_quiet();
}

static void test_representor_sends_out_of_port(void **state)
{
	(void)state;
	start();
	bed_rule(1, XVIO_PORT_PF, XVIO_PORT_NONE); /* must not be asked */
	bed_post(&b, 4, 1600);
	assert_true(bed_send_marked(&pf, frame, 100, PORT_B, XVIO_META_F_REPR));
	bed_ring(&pf, BED_TX);
	fake_run();
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_REPR_RX_PACKETS), 1);
	assert_int_equal(bed_stat(XVIO_PORT_PF, XVIO_STAT_RX_PACKETS), 1);
	bed_check_quiet();
}

static void test_pf_own_traffic_is_switched(void **state)
{
	struct xvio_pkt_meta meta;

	(void)state;
	start();
	bed_rule(1, XVIO_PORT_PF, PORT_A);
	bed_rule(2, PORT_A, XVIO_PORT_PF);
	bed_post(&a, 4, 1600);
	bed_post(&pf, 4, 1600);
	send_from(&pf, 100);
	assert_int_equal(bed_receive(&a, got, NULL), 100);
	send_from(&a, 100);
	assert_int_equal(bed_receive(&pf, got, &meta), 100);
	assert_int_equal(meta.flags, 0);
	assert_int_equal(meta.port, XVIO_PORT_PF);
	bed_check_quiet();
}

static void test_bad_meta(void **state)
{
	static const struct {
		uint16_t port;
		uint8_t flags;
	} bad[] = {{999, XVIO_META_F_REPR},
		   {XVIO_PORT_NONE, XVIO_META_F_REPR},
		   {XVIO_PORT_PF, XVIO_META_F_REPR},
		   {PORT_A, 0x80}};
	unsigned i;

	(void)state;
	start();
	for (i = 0; i < 4; i++)
		assert_true(bed_send_marked(&pf, frame, 100, bad[i].port, bad[i].flags));
	bed_ring(&pf, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&pf), 4);
	assert_int_equal(bed_stat(XVIO_PORT_PF, XVIO_STAT_DROP_BAD_META), 4);
	bed_check_quiet();
}

static void test_uplink(void **state)
{
	(void)state;
	start();
	bed_rule(1, XVIO_PORT_UPLINK(0), PORT_A);
	bed_rule(2, PORT_A, XVIO_PORT_UPLINK(0));
	bed_post(&a, 4, 1600);
	assert_true(fake_mac_push(0, frame, 100));
	fake_run();
	assert_int_equal(bed_receive(&a, got, NULL), 100);
	assert_memory_equal(got, frame, 100);
	send_from(&a, 100);
	assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 100);
	assert_memory_equal(got, frame, 100);
	fake_mac_set_link(0, false);
	send_from(&a, 100);
	assert_int_equal(bed_stat(XVIO_PORT_UPLINK(0), XVIO_STAT_DROP_PORT_DOWN), 1);
	bed_check_quiet();
}

static void test_uplink_burst_is_released(void **state)
{
	unsigned i;

	(void)state;
	start();
	bed_rule(1, XVIO_PORT_UPLINK(0), XVIO_PORT_UPLINK(0));
	for (i = 0; i < 1000; i++) {
		assert_true(fake_mac_push(0, frame, 100));
		if (i % 100 == 99)
			fake_run();
	}
	fake_run();
	assert_int_equal(bed_stat(XVIO_PORT_UPLINK(0), XVIO_STAT_TX_PACKETS), 1000);
	bed_check_quiet();
}

static void test_drop_rule(void **state)
{
	struct xvio_flow_stats stats;

	(void)state;
	start();
	bed_rule(7, PORT_A, XVIO_PORT_NONE);
	send_from(&a, 100);
	fake_advance_us(500);
	assert_int_equal(flow_stats(7, &stats), XVIO_ST_OK);
	assert_int_equal(stats.packets, 1);
	assert_int_equal(stats.bytes, 100);
	assert_int_equal(stats.idle_us, 500);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_RULE), 1);
	bed_check_quiet();
	assert_int_equal(flow_del(7, &stats), XVIO_ST_OK);
	assert_int_equal(stats.packets, 1);
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_FLOW_MISSES), 1);
}

static void test_mirror(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 1,
	};

	(void)state;
	start();
	act_copy(&rule, PORT_B);
	act_copy(&rule, XVIO_PORT_UPLINK(0));
	act_copy(&rule, PORT_A);
	act_end(&rule);
	bed_post(&b, 4, 1600);
	bed_post(&a, 4, 1600);
	send_from(&a, 100);
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	assert_int_equal(bed_receive(&a, got, NULL), 100);
	assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 100);
	assert_memory_equal(got, frame, 100);
}

/* Packets of one flow, received together, that go out of the same uplink twice, changed each time. */
static void test_uplink_twice(void **state)
{
	static const uint8_t mac[2][6] = {{2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 1, 2}};
	struct xvio_flow_rule rule = {
		.cookie = 1,
	};
	unsigned i;

	(void)state;
	start();
	for (i = 0; i < 2; i++) {
		act_eth_dst(&rule, mac[i]);
		act_copy(&rule, XVIO_PORT_UPLINK(0));
	}
	act_copy(&rule, PORT_B);
	act_end(&rule);
	bed_post(&b, 4, 1600);
	for (i = 0; i < 2; i++) {
		frame[99] = (uint8_t)i;
		assert_true(bed_send(&a, frame, 100, 1));
	}
	bed_ring(&a, BED_TX);
	fake_run();
	for (i = 0; i < 4; i++) {
		assert_int_equal(fake_mac_pop(0, got, sizeof(got)), 100);
		assert_memory_equal(got, mac[i % 2], 6);
		assert_memory_equal(got + 6, frame + 6, 93);
		assert_int_equal(got[99], i / 2);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(bed_receive(&b, got, NULL), 100);
		assert_memory_equal(got, mac[1], 6);
		assert_int_equal(got[99], i);
	}
	assert_int_equal(bed_stat(XVIO_PORT_UPLINK(0), XVIO_STAT_TX_PACKETS), 4);
}

static void test_no_buffer(void **state)
{
	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_NO_BUFFER), 1);
	bed_post(&b, 1, 200);
	bed_frame(frame, 1000, 2);
	send_from(&a, 1000); /* too large for the buffer, which stays */
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_NO_BUFFER), 2);
	bed_frame(frame, 100, 2);
	send_from(&a, 100);
	assert_int_equal(bed_receive(&b, got, NULL), 100);
	bed_check_quiet();
}

static void test_oversize(void **state)
{
	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 4, 12000);
	port_set_mtu(PORT_B, 1500);
	bed_frame(frame, 1518, 3);
	send_from(&a, 1518);
	assert_int_equal(bed_receive(&b, got, NULL), 1518);
	bed_frame(frame, 1519, 3);
	send_from(&a, 1519);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_OVERSIZE), 1);
	send_from(&a, 9235); /* more than the card takes at all */
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_OVERSIZE), 1);
	port_set_mtu(PORT_B, XVIO_MAX_MTU);
	bed_frame(frame, 9234, 3);
	send_from(&a, 9234);
	assert_int_equal(bed_receive(&b, got, NULL), 9234);
	assert_memory_equal(got, frame, 9234);
	bed_check_quiet();
}

/* Of packets that go the same way together, those that are too long are dropped, and no other. */
static void test_oversize_among_others(void **state)
{
	static const uint32_t len_bytes[] = {1000, 1518, 1519, 100, 2000, 101};
	unsigned i;

	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 8, 4000);
	port_set_mtu(PORT_B, 1500);
	for (i = 0; i < 6; i++)
		assert_true(bed_send(&a, frame, len_bytes[i], 3));
	bed_ring(&a, BED_TX);
	fake_run();
	for (i = 0; i < 6; i++) {
		if (len_bytes[i] <= 1518)
			assert_int_equal(bed_receive(&b, got, NULL), len_bytes[i]);
	}
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_OVERSIZE), 2);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_TX_PACKETS), 4);
	bed_check_quiet();
}

static void test_port_down(void **state)
{
	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 4, 1600);
	port_set_admin(PORT_B, false);
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_PORT_DOWN), 1);
	port_set_admin(PORT_B, true);
	port_set_admin(PORT_A, false);
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_PORT_DOWN), 1);
	port_set_admin(PORT_A, true);
	vnet_stop_queue(PORT_B, BED_RX);
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_DROP_PORT_DOWN), 2);
	vnet_remove(PORT_B);
	assert_false(port_exists(PORT_B));
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_PORT_DOWN), 2);
	bed_check_quiet();
}

static void test_no_host(void **state)
{
	(void)state;
	start();
	port_set_admin(XVIO_PORT_PF, false);
	send_from(&a, 100);
	port_set_admin(XVIO_PORT_PF, true);
	vnet_stop_queue(XVIO_PORT_PF, BED_RX);
	send_from(&a, 100);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_NO_HOST), 2);
	bed_check_quiet();
}

static void test_malformed(void **state)
{
	uint8_t packet[112] = {0};

	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	frame[14] = 0x44; /* header length 16 */
	send_from(&a, 100);
	memcpy(packet + 12, frame, 100);
	packet[0] = 1; /* a checksum to fill in, which was never offered */
	assert_true(driver_send(&a.driver[BED_TX], packet, 112, 1));
	packet[0] = 0;
	packet[1] = 1; /* a segment to split */
	assert_true(driver_send(&a.driver[BED_TX], packet, 112, 1));
	packet[1] = 0;
	assert_true(driver_send(&a.driver[BED_TX], packet, 25, 1)); /* 13 bytes of frame */
	bed_ring(&a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&a), 3);
	assert_int_equal(bed_stat(PORT_A, XVIO_STAT_DROP_MALFORMED), 4);
	bed_check_quiet();
}

static void test_dma_calls_per_burst(void **state)
{
	uint64_t calls;
	unsigned i;

	(void)state;
	start();
	bed_rule(1, PORT_A, PORT_B);
	bed_post(&b, 64, 1000);
	fake_run();
	for (i = 0; i < 32; i++)
		assert_true(bed_send(&a, frame, 100, 1));
	bed_ring(&a, BED_TX);
	calls = fake_dma_calls();
	fake_run();
	assert_int_equal(bed_stat(PORT_B, XVIO_STAT_TX_PACKETS), 32);
	assert_in_range(fake_dma_calls() - calls, 1, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_to_guest),
		cmocka_unit_test(test_no_interrupt_when_not_wanted),
		cmocka_unit_test(test_miss_goes_to_representor),
		cmocka_unit_test(test_representor_sends_out_of_port),
		cmocka_unit_test(test_pf_own_traffic_is_switched),
		cmocka_unit_test(test_bad_meta),
		cmocka_unit_test(test_uplink),
		cmocka_unit_test(test_uplink_burst_is_released),
		cmocka_unit_test(test_uplink_twice),
		cmocka_unit_test(test_drop_rule),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_no_buffer),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_oversize_among_others),
		cmocka_unit_test(test_port_down),
		cmocka_unit_test(test_no_host),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_dma_calls_per_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
