/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Offloads that are negotiated over a VF's registers are what its queues do; features that need others are not
 * accepted without them (virtio 1.2, 5.1.3.1).
 */
#include "common/gso_bed.h"
#include "ctrl/net_features.h"
#include "path/flow.h"
#include "vf_regs.h"

#define BIT(feature) VIRTIO_BIT(VIRTIO_NET_F_##feature)

static struct bed_port sender;
static struct gso_receiver receiver;
static struct gso_packet packet;

/* Whether the device goes along with them. */
static bool accept_features(unsigned vf, uint64_t features)
{
	VF_WR(vf, device_status, 0);
	return vf_accept_features(vf, features | bed_ring_features() | NET_FEATURES_MUST);
}

static void go_live(struct bed_port *port, unsigned vf, uint64_t features)
{
	port->number = (uint16_t)XVIO_PORT_VF(vf);
	port->hdr_bytes = sizeof(struct virtio_net_hdr);
	port->doorbell = XVIO_VF_DOORBELL(vf, 0);
	assert_true(accept_features(vf, features));
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t addr = UINT64_C(0x100000000) * (2 * vf + i + 1);

		driver_init(&port->driver[i], addr, addr, DRIVER_MAX_SIZE, i == BED_RX, bed_rings);
		vf_set_up_queue(vf, i, 1 + i, &port->driver[i]);
	}
	vf_run(vf);
}

static void start(void)
{
	card_start(NULL);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 2), XVIO_ST_OK);
}

/* Of the offloads that are offered, some; their needs among them. */
static uint64_t any_features(void)
{
	const uint64_t offloads =
		net_features_all() &
		(BIT(CSUM) | BIT(HOST_TSO4) | BIT(HOST_TSO6) | BIT(HOST_ECN) | BIT(HOST_USO) |
		 BIT(GUEST_CSUM) | BIT(GUEST_TSO4) | BIT(GUEST_TSO6) | BIT(GUEST_ECN) |
		 BIT(GUEST_USO4) | BIT(GUEST_USO6) | BIT(MRG_RXBUF) | BIT(GUEST_HDRLEN));
	const uint64_t any = (uint64_t)check_random(1u << 16) << 48 | check_random(1u << 16);

	return net_features_whole(check_random(3) ? offloads & any : offloads);
}

static uint8_t offloads_if(uint64_t features, const uint64_t bits[6])
{
	uint8_t offloads = 0;

	for (unsigned i = 0; i < 6; i++)
		offloads |= features & bits[i] ? (uint8_t)(1u << i) : 0;
	return offloads;
}

/* In the order of OFFLOAD_*. */
static const uint64_t host_bits[6] = {BIT(CSUM),     BIT(HOST_TSO4), BIT(HOST_TSO6),
				      BIT(HOST_ECN), BIT(HOST_USO),  BIT(HOST_USO)};
static const uint64_t guest_bits[6] = {BIT(GUEST_CSUM), BIT(GUEST_TSO4), BIT(GUEST_TSO6),
				       BIT(GUEST_ECN),	BIT(GUEST_USO4), BIT(GUEST_USO6)};

static void negotiated_offloads_run(void **state)
{
	unsigned num_accepted = 0;
	unsigned world, i;

	(void)state;
	check_seed(1);
	for (world = 0; world < 20; world++) {
		const uint64_t sends = any_features();
		const uint64_t takes = any_features();

		start();
		go_live(&sender, 0, sends);
		go_live(&receiver.port, 1, takes);
		receiver.takes = offloads_if(takes, guest_bits);
		receiver.mergeable = takes & BIT(MRG_RXBUF);
		bed_rule(1, sender.number, receiver.port.number);
		for (i = 0; i < 12; i++) {
			struct gso_wish wish = gso_any_wish(20000);

			wish.gso_size =
				(uint16_t)(1000 + check_random(200)); /* as the MTU is 1500 */
			if (!wish.is_gso)
				wish.payload_bytes %= 1200;
			gso_make(&packet, &wish);
			if (sends & BIT(CSUM) &&
			    gso_is_accepted(&packet, offloads_if(sends, host_bits))) {
				gso_post_for(&receiver, &packet);
				num_accepted++;
			} else {
				wish = (struct gso_wish){.is_tcp = true, .payload_bytes = 500};
				gso_make(&packet, &wish);
				gso_post_for(&receiver, &packet);
			}
			gso_send(&sender, &packet);
			fake_run();
			assert_int_equal(bed_reap_sent(&sender), 1);
			gso_check_received(&receiver, &packet, NULL);
			gso_check_no_more(&receiver);
		}
		bed_check_quiet();
	}
	assert_in_range(num_accepted, 50, 200);
}

/* 5.1.3.1; with what it needs each of them will do. */
static void features_need_each_other(void **state)
{
	static const struct {
		uint64_t feature, needs;
	} cases[] = {
		{BIT(GUEST_TSO4), BIT(GUEST_CSUM)}, {BIT(GUEST_TSO6), BIT(GUEST_CSUM)},
		{BIT(GUEST_USO4), BIT(GUEST_CSUM)}, {BIT(GUEST_USO6), BIT(GUEST_CSUM)},
		{BIT(HOST_TSO4), BIT(CSUM)},	    {BIT(HOST_TSO6), BIT(CSUM)},
		{BIT(HOST_USO), BIT(CSUM)},
	};

	(void)state;
	start();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(accept_features(0, cases[i].feature));
		assert_false(accept_features(0, cases[i].feature | BIT(MRG_RXBUF)));
		assert_true(accept_features(0, cases[i].feature | cases[i].needs));
	}
	assert_false(accept_features(0, BIT(HOST_ECN) | BIT(CSUM) | BIT(HOST_USO)));
	assert_true(accept_features(0, BIT(HOST_ECN) | BIT(CSUM) | BIT(HOST_TSO6)));
	assert_false(accept_features(0, BIT(GUEST_ECN) | BIT(GUEST_CSUM) | BIT(GUEST_USO4)));
	assert_true(accept_features(0, BIT(GUEST_ECN) | BIT(GUEST_CSUM) | BIT(GUEST_TSO4)));
}

/* What one driver took, the next that has the device does not, unless it says so. */
static void reset_forgets_offloads(void **state)
{
	const struct gso_wish wish = {.is_tcp = true,
				      .needs_csum = true,
				      .is_gso = true,
				      .payload_bytes = 5000,
				      .gso_size = 1000};

	(void)state;
	start();
	check_seed(2);
	go_live(&sender, 0, BIT(CSUM) | BIT(HOST_TSO4));
	go_live(&receiver.port, 1, BIT(GUEST_CSUM) | BIT(GUEST_TSO4));
	bed_rule(1, sender.number, receiver.port.number);
	for (unsigned i = 0; i < 2; i++) {
		receiver.takes = i ? 0 : OFFLOAD_CSUM | OFFLOAD_TSO4;
		receiver.mergeable = false;
		if (i) {
			assert_true(accept_features(1, 0));
			for (unsigned k = 0; k < 2; k++) {
				driver_reset(&receiver.port.driver[k]);
				vf_set_up_queue(1, k, 1 + k, &receiver.port.driver[k]);
			}
			vf_run(1);
		}
		gso_make(&packet, &wish);
		gso_post_for(&receiver, &packet);
		gso_send(&sender, &packet);
		fake_run();
		gso_check_received(&receiver, &packet, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiated_offloads_run),
		cmocka_unit_test(features_need_each_other),
		cmocka_unit_test(reset_forgets_offloads),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
