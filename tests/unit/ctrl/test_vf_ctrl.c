/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands by a VF's control queue: what they change is to be seen in its registers, and in the packets that
 * it gets from a neighbour, when the command is used; a reset undoes it (virtio 1.2, 5.1.6.5).
 */
#include "common/bed.h"
#include "ctrl/net_features.h"
#include "path/flow.h"
#include "path/rss.h"
#include "vf_regs.h"

#define BIT(feature) VIRTIO_BIT(VIRTIO_NET_F_##feature)
#define A	     0u
#define B	     1u
#define CONTROL	     2u /* places of drivers: the queue's number follows from the features */
#define SECOND	     3u /* receiveq2 */

static struct driver driver[2][4];
static unsigned control; /* B's control queue */
static uint64_t accepted; /* by B */

/* The device's configuration. */
#define CONFIG(member)                                                               \
	fake_vf_read(B, XVIO_VF_DEVICE + offsetof(struct virtio_net_config, member), \
		     sizeof(((struct virtio_net_config *)0)->member))

static void read_mac(uint8_t mac[6])
{
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)fake_vf_read(B, XVIO_VF_DEVICE + i, 1);
}

static void set_up_queue(unsigned vf, unsigned index, unsigned place)
{
	const uint64_t addr = UINT64_C(0x100000000) * (8 * vf + place + 1);
	struct driver *queue = &driver[vf][place];

	if (queue->memory)
		driver_reset(queue);
	else
		driver_init(queue, addr, addr, 64, place != BED_TX, bed_rings);
	vf_set_up_queue(vf, index, 1 + place, queue);
}

static void go_live(unsigned vf, uint64_t features)
{
	assert_true(vf_accept_features(vf, features | bed_ring_features() | NET_FEATURES_MUST));
	set_up_queue(vf, 0, BED_RX);
	set_up_queue(vf, 1, BED_TX);
	if (features & BIT(CTRL_VQ)) {
		control = features & (BIT(MQ) | BIT(RSS)) ? VF_RD(vf, num_queues) - 1 : 2;
		set_up_queue(vf, control, CONTROL);
	}
	VF_WR(vf, config_msix_vector, 0);
	vf_run(vf);
}

static void set_trust(bool trusted)
{
	const struct xvio_cmd_vf set = {
		.vf = B,
		.what = XVIO_VF_SET_TRUST,
		.flags = trusted ? XVIO_VF_F_TRUSTED : 0,
	};

	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
}

static void start(uint64_t features)
{
	card_start(NULL);
	memset(driver, 0, sizeof(driver));
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 2), XVIO_ST_OK);
	set_trust(true);
	go_live(A, 0);
	accepted = features;
	go_live(B, features);
	bed_rule(1, (uint16_t)XVIO_PORT_VF(A), (uint16_t)XVIO_PORT_VF(B));
}

/* Commands */

static uint8_t cmd[600];
static uint32_t cmd_bytes;
static uint8_t answer[1000];
static uint32_t answer_bytes;

static void set(uint8_t class, uint8_t command, const void *data, uint32_t data_bytes)
{
	cmd[0] = class;
	cmd[1] = command;
	if (data_bytes)
		memcpy(cmd + 2, data, data_bytes);
	cmd_bytes = 2 + data_bytes;
}

/* The answer's first byte, which is the ack where there is no result in front of it. */
static uint8_t run(uint32_t room_bytes)
{
	assert_true(driver_command(&driver[B][CONTROL], cmd, cmd_bytes, room_bytes));
	fake_ring(XVIO_VF_DOORBELL(B, control));
	for (unsigned i = 0; i < 10; i++)
		ctrl_poll();
	assert_true(driver_reap(&driver[B][CONTROL], answer, &answer_bytes));
	assert_in_range(answer_bytes, 1, room_bytes);
	return answer[0];
}

static uint8_t run_mode(uint8_t mode, uint8_t value)
{
	set(VIRTIO_NET_CTRL_RX, mode, &value, 1);
	return run(1);
}

static uint8_t run_mac(const uint8_t mac[6])
{
	set(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 6);
	return run(1);
}

/* Packets from A to B */

static uint8_t packet[300];

/* Of a flow of its own for each vid. */
static void send(const uint8_t eth_dst[6], unsigned vid)
{
	const uint32_t hdr_bytes = sizeof(struct virtio_net_hdr);
	uint8_t frame[64];

	bed_frame(frame, 60, 1);
	memcpy(frame, eth_dst, 6);
	frame[35] = (uint8_t)vid;
	memset(packet, 0, sizeof(packet));
	memcpy(packet + hdr_bytes, frame, 60);
	if (vid) {
		memcpy(packet + hdr_bytes + 16, frame + 12, 48);
		packet[hdr_bytes + 12] = 0x81;
		packet[hdr_bytes + 13] = 0x00;
		packet[hdr_bytes + 14] = (uint8_t)(vid >> 8);
		packet[hdr_bytes + 15] = (uint8_t)vid;
	}
	assert_true(driver_send(&driver[A][BED_TX], packet, hdr_bytes + (vid ? 64 : 60), 1));
	fake_ring(XVIO_VF_DOORBELL(A, BED_TX));
	driver_post(&driver[B][BED_RX], 200, 1);
	fake_run();
	while (driver_reap(&driver[A][BED_TX], NULL, &answer_bytes))
		;
}

/* Whether it comes; header and frame are in packet then. */
static bool comes(const uint8_t eth_dst[6], unsigned vid)
{
	uint32_t len_bytes;

	send(eth_dst, vid);
	return driver_reap(&driver[B][BED_RX], packet, &len_bytes);
}

static const uint8_t other[6] = {2, 9, 9, 9, 9, 9};

/* 5.1.6.5.1, 5.1.6.5.2, 5.1.6.5.3 */
static void filters(void **state)
{
	const uint16_t vid = 7;
	uint8_t own[6];

	(void)state;
	start(BIT(CTRL_VQ) | BIT(CTRL_RX) | BIT(CTRL_VLAN) | BIT(MAC));
	read_mac(own);
	assert_true(comes(other, 0));
	assert_int_equal(run_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
	assert_false(comes(other, 0));
	assert_true(comes(own, 0));
	assert_false(comes(own, vid));
	set(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vid, 2);
	assert_int_equal(run(1), VIRTIO_NET_OK);
	assert_true(comes(own, vid));
	assert_int_equal(run_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_OK);
	assert_true(comes(other, 0));

	/* What was not negotiated is refused, what is no command as well. */
	assert_int_equal(run_mode(VIRTIO_NET_CTRL_RX_NOUNI, 1), VIRTIO_NET_ERR);
	assert_int_equal(run_mac(other), VIRTIO_NET_ERR);
	set(0x77, 1, NULL, 0);
	assert_int_equal(run(1), VIRTIO_NET_ERR);
	assert_int_equal(VF_RD(B, device_status), 15);
}

/* 5.1.6.5.2.1: mac reads as it was set when the command is used; a reset brings back the first. */
static void mac_address(void **state)
{
	uint8_t own[6], mac[6];

	(void)state;
	start(BIT(CTRL_VQ) | BIT(CTRL_RX) | BIT(CTRL_MAC_ADDR) | BIT(MAC));
	read_mac(own);
	assert_int_equal(run_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
	assert_int_equal(run_mac(other), VIRTIO_NET_OK);
	read_mac(mac);
	assert_memory_equal(mac, other, 6);
	assert_true(comes(other, 0));
	assert_false(comes(own, 0));
	VF_WR(B, device_status, 0);
	read_mac(mac);
	assert_memory_equal(mac, own, 6);
	go_live(B, accepted);
	assert_true(comes(own, 0));
	assert_true(comes(other, 0));
}

/* `ip link set DEV vf N trust`, as vf_admin.h has it. */
static void trust(void **state)
{
	struct xvio_cmd_port_set port = {
		.port = (uint16_t)XVIO_PORT_VF(B),
		.what = XVIO_PORT_SET_MAC,
		.mac = {2, 7, 7, 7, 7, 7},
	};

	(void)state;
	start(BIT(CTRL_VQ) | BIT(CTRL_RX) | BIT(CTRL_MAC_ADDR) | BIT(MAC));
	assert_true(comes(other, 0));
	set_trust(false);
	assert_false(comes(other, 0));
	assert_int_equal(run_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_ERR);
	assert_int_equal(run_mode(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
	assert_int_equal(run_mac(other), VIRTIO_NET_OK);
	assert_true(comes(other, 0));
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, port), XVIO_ST_OK);
	assert_false(comes(other, 0));
	assert_true(comes(port.mac, 0));
	assert_int_equal(run_mac(other), VIRTIO_NET_ERR);
	set_trust(true);
	assert_int_equal(run_mac(other), VIRTIO_NET_OK);
	assert_true(comes(other, 0));
}

static void set_port(bool up)
{
	const struct xvio_cmd_port_set port = {
		.port = (uint16_t)XVIO_PORT_VF(B),
		.what = XVIO_PORT_SET_ADMIN,
		.flags = up ? XVIO_PORT_F_ADMIN_UP : 0,
	};

	assert_int_equal(card_command(XVIO_CMD_PORT_SET, port), XVIO_ST_OK);
}

/* 5.1.6.5.4.2: asked for with a configuration interrupt, gone when the ack is used. */
static void announce(void **state)
{
	(void)state;
	start(BIT(CTRL_VQ) | BIT(STATUS) | BIT(GUEST_ANNOUNCE));
	assert_int_equal(CONFIG(status), VIRTIO_NET_S_LINK_UP);
	set_port(false);
	assert_int_equal(CONFIG(status), 0);
	set_port(true);
	assert_int_equal(CONFIG(status), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	assert_int_equal(fake_msix_count((uint16_t)XVIO_FUNCTION_VF(B), 0), 2);
	set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0);
	assert_int_equal(run(1), VIRTIO_NET_OK);
	assert_int_equal(CONFIG(status), VIRTIO_NET_S_LINK_UP);
}

/* 5.1.4.2: what a driver reads before it asks for hashes. */
static void configuration(void **state)
{
	(void)state;
	start(BIT(CTRL_VQ) | BIT(MQ) | BIT(RSS));
	assert_int_equal(CONFIG(max_virtqueue_pairs), (VF_RD(B, num_queues) - 1) / 2);
	assert_in_range(CONFIG(max_virtqueue_pairs), 2, 0x8000);
	assert_true(CONFIG(rss_max_key_size) >= 40);
	assert_true(CONFIG(rss_max_indirection_table_length) >= 128);
	assert_int_equal(CONFIG(supported_hash_types), RSS_HASH_TYPES);
	assert_in_range(CONFIG(speed), 1, 0x7fffffff);
	assert_int_equal(CONFIG(duplex), 1);
}

/* 5.1.6.4.4: with HASH_REPORT the header is longer, and tells the hash once the driver has said how. */
static void hash_report(void **state)
{
	struct virtio_net_hash_config config = {.hash_types = RSS_HASH_TYPES,
						.hash_key_length = 40};
	const uint32_t config_bytes = offsetof(struct virtio_net_hash_config, hash_key_data);
	struct virtio_net_hdr_hash header;
	uint8_t data[60] = {0};

	(void)state;
	start(BIT(CTRL_VQ) | BIT(HASH_REPORT));
	assert_true(comes(other, 0));
	memcpy(&header, packet, sizeof(header));
	assert_int_equal(header.hash_report, VIRTIO_NET_HASH_REPORT_NONE);
	assert_memory_equal(packet + sizeof(header), other, 6);
	memcpy(data, &config, config_bytes);
	memset(data + config_bytes, 0x5a, 40);
	set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH_CONFIG, data, config_bytes + 40);
	assert_int_equal(run(1), VIRTIO_NET_OK);
	assert_true(comes(other, 0));
	memcpy(&header, packet, sizeof(header));
	assert_int_equal(header.hash_report, VIRTIO_NET_HASH_REPORT_UDPv4);
	assert_int_not_equal(header.hash_value, 0);
	assert_memory_equal(packet + sizeof(header), other, 6);
}

/* Results: behind the ack, but for the part of a command that the device fills in. */
static void results(void **state)
{
	const struct virtio_net_ctrl_coal_vq set_of = {.coal = {.max_packets = 3, .max_usecs = 50}};
	struct virtio_net_stats_rx_basic rx;
	struct virtio_net_ctrl_queue_stats ask = {.types_bitmap = {1}};
	const uint8_t which[4] = {0};
	struct virtio_net_ctrl_coal coal;

	(void)state;
	start(BIT(CTRL_VQ) | BIT(VQ_NOTF_COAL) | BIT(DEVICE_STATS));
	set(VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &set_of, sizeof(set_of));
	assert_int_equal(run(1), VIRTIO_NET_OK);
	set(VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, which, sizeof(which));
	run(sizeof(coal) + 1);
	assert_int_equal(answer_bytes, sizeof(coal) + 1);
	memcpy(&coal, answer, sizeof(coal));
	assert_int_equal(coal.max_packets, 3);
	assert_int_equal(coal.max_usecs, 50);
	assert_int_equal(answer[sizeof(coal)], VIRTIO_NET_OK);
	assert_true(comes(other, 0));
	set(VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET, &ask, sizeof(ask));
	assert_int_equal(run(1 + sizeof(rx)), VIRTIO_NET_OK);
	assert_int_equal(answer_bytes, 1 + sizeof(rx));
	memcpy(&rx, answer + 1, sizeof(rx));
	assert_int_equal(rx.rx_packets, 1);
	assert_int_equal(rx.rx_bytes, 60);
}

/* 5.1.6.5.6: a second pair of queues, once the driver has said so; after a reset it is one again. */
static void pairs(void **state)
{
	const uint16_t two = 2;
	unsigned num_second = 0;

	(void)state;
	start(BIT(CTRL_VQ) | BIT(MQ));
	for (unsigned round = 0; round < 2; round++) {
		set_up_queue(B, 2, SECOND);
		for (unsigned i = 0; i < 20; i++)
			driver_post(&driver[B][SECOND], 200, 1);
		for (unsigned i = 0; i < 20; i++)
			assert_true(comes(other, i));
		set(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &two, 2);
		assert_int_equal(run(1), VIRTIO_NET_OK);
		for (unsigned i = 0; i < 20; i++) {
			uint32_t len_bytes;

			send(other, i);
			if (!driver_reap(&driver[B][BED_RX], packet, &len_bytes)) {
				assert_true(driver_reap(&driver[B][SECOND], packet, &len_bytes));
				num_second++;
			}
		}
		VF_WR(B, device_status, 0);
		go_live(B, accepted);
	}
	assert_in_range(num_second, 1, 39); /* by a secret hash */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters),	 cmocka_unit_test(mac_address),
		cmocka_unit_test(trust),	 cmocka_unit_test(announce),
		cmocka_unit_test(configuration), cmocka_unit_test(hash_report),
		cmocka_unit_test(results),	 cmocka_unit_test(pairs),
	};

	return bed_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
