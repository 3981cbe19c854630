/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a device's driver has set survives a restart of the firmware, for vDPA devices and VFs alike, and what
 * it did not set does not; what is kept may be nonsense. (Places: test_resume_places.c. Packets: test_restart.c.)
 */
#include "ctrl/net_ctrl_keep.h"
#include "resume_bed.h"

static void set_port(uint16_t what, bool up, const uint8_t *mac)
{
	struct xvio_cmd_port_set set = {.port = port, .what = what, .flags = up};

	if (mac)
		memcpy(set.mac, mac, sizeof(set.mac));
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
}

static void randomize_key(void)
{
	for (unsigned i = 1; i <= RSS_MAX_KEY_BYTES; i++)
		nc_cmd[nc_cmd_bytes - i] = (uint8_t)check_random(256);
}

static void make_command(void)
{
	const uint8_t mac[6] = {2, 1, 2, 3, 4, (uint8_t)check_random(256)};
	const uint32_t few = 1 + check_random(100);

	switch (check_random(11)) {
	case 0:
		nc_mode((uint8_t)check_random(NET_CTRL_RX_MODES), (uint8_t)check_random(2));
		return;
	case 1:
		nc_mac_table(check_random(70), check_random(70)); /* 64 are too many */
		return;
	case 2:
		nc_mac_addr(mac);
		return;
	case 3:
		nc_vlan(VIRTIO_NET_CTRL_VLAN_ADD, check_random(RXFILTER_VLANS));
		return;
	case 4:
		nc_pairs(1 + check_random(NC_PAIRS));
		return;
	case 5:
		nc_rss_config(RSS_HASH_TYPES & check_random(64), 1u << check_random(8),
			      1 + check_random(NC_PAIRS), RSS_MAX_KEY_BYTES);
		randomize_key();
		return;
	case 6:
		nc_hash_config(RSS_HASH_TYPES & check_random(64), RSS_MAX_KEY_BYTES);
		randomize_key();
		return;
	case 7:
		nc_offloads(check_random(2) ? BIT(GUEST_CSUM) : BIT(GUEST_CSUM) | BIT(GUEST_TSO4));
		return;
	case 8:
		nc_coal((uint8_t)check_random(2), few, few + 1);
		return;
	case 9:
		nc_coal_vq_set(check_random(NUM_DATA), few, few + 2);
		return;
	default:
		set_port(XVIO_PORT_SET_ADMIN, false, NULL); /* asks for an announcement */
		set_port(XVIO_PORT_SET_ADMIN, true, NULL);
		nc_set(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK);
		if (check_random(2))
			nc_vlan(VIRTIO_NET_CTRL_VLAN_DEL, 1);
		return;
	}
}

static void check_settings(void)
{
	unsigned num_done = 0;

	check_seed(is_vf);
	for (unsigned i = 0; i < 150; i++) {
		make_command();
		num_done += run_command() == VIRTIO_NET_OK;
		if (i == 100) {
			reset_device();
			run_anew(all_features() & ~BIT(HASH_REPORT));
		}
		see(&seen);
		resume();
		assert_as_before();
	}
	assert_in_range(num_done, 100, 149);
}

/* After each command, on top of all that were before. */
static void settings_survive(void **state)
{
	(void)state;
	on_all(check_settings);
}

/* What a reset forgets a restart does not bring back. */
static void check_reset(void)
{
	see(&seen);
	set_a_few();
	assert_not_as_before();
	reset_device();
	card_restart();
	if (is_vf)
		assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
	else
		assert_int_equal(create_vdpa(true), XVIO_ST_OK);
	run_anew(accepted);
	assert_as_before();
}

static void reset_forgets(void **state)
{
	(void)state;
	on_all(check_reset);
}

static void end_device(void)
{
	if (is_vf)
		assert_int_equal(set_num_vfs(0, false), XVIO_ST_OK);
	else
		assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 0), XVIO_ST_OK);
}

static void make_device(bool resume)
{
	if (!is_vf) {
		assert_int_equal(create_vdpa(resume), XVIO_ST_OK);
		return;
	}
	assert_int_equal(set_num_vfs(2, resume), XVIO_ST_OK);
	assert_int_equal(VF_RD(0, device_status), 0);
	trust();
}

/* Nor one that was made without, though no driver came, and nor one that was destroyed. */
static void check_made_anew(void)
{
	see(&seen);
	for (unsigned i = 0; i < 2; i++) {
		set_a_few();
		if (i) {
			end_device();
		} else {
			card_restart();
			make_device(false);
		}
		card_restart();
		make_device(true);
		run_anew(accepted);
		assert_as_before();
	}
}

static void making_anew_forgets(void **state)
{
	(void)state;
	on_all(check_made_anew);
}

/* Another driver: it has accepted other features, so nothing is its own. */
static void other_features(void **state)
{
	(void)state;
	is_vf = false;
	bed_rings = (struct driver_rings){0};
	start();
	set_a_few();
	card_restart();
	assert_int_equal(create_vdpa(true), XVIO_ST_OK);
	run_vdpa(all_features() & ~BIT(STATUS), true);
	see(&now);
	assert_false(now.has_filter); /* promiscuous */
	assert_int_equal(now.num_pairs, 1);
	assert_int_equal(now.coalesce[0].max_packets, 0);
}

/* The host says a VF's address again, which does not undo the one that its driver has set; later it does. */
static void host_repeats_an_address(void **state)
{
	static const uint8_t hosts[6] = {2, 5, 5, 5, 5, 5}, own[6] = {2, 6, 6, 6, 6, 6};
	uint8_t mac[6];

	(void)state;
	is_vf = true;
	start();
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	nc_mac_addr(own);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	resume();
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	port_mac(port, mac);
	assert_memory_equal(mac, own, 6);
	assert_memory_equal((const uint8_t *)hal_vf_page(0) + XVIO_VF_DEVICE, own, 6);
	resume();
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	set_port(XVIO_PORT_SET_MAC, false, hosts);
	assert_memory_equal((const uint8_t *)hal_vf_page(0) + XVIO_VF_DEVICE, hosts, 6);
	/* The driver's is forgotten by its reset, also after a restart. */
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	resume();
	VF_WR(0, device_status, 0);
	assert_memory_equal((const uint8_t *)hal_vf_page(0) + XVIO_VF_DEVICE, hosts, 6);
}

/* What the administrator decided holds again, and before the queues run. */
static void decisions(void **state)
{
	const struct xvio_cmd_vf set = {
		.what = 15, .flags = 3, .vlan_tci = 0x2007, .max_tx_mbps = 77};
	const struct xvio_cmd_vf none = {.what = XVIO_VF_SET_TRUST};
	const struct xvio_cmd_vf *got = card_result();
	static const uint8_t mac[6] = {2, 5, 5, 5, 5, 5};
	struct port *at;

	(void)state;
	is_vf = true;
	bed_rings = (struct driver_rings){0};
	start();
	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
	set_port(XVIO_PORT_SET_MAC | XVIO_PORT_SET_ADMIN, false, mac);
	resume();
	at = port_get(port);
	assert_true(at->policy.any && at->policy.checks_source);
	assert_int_equal(at->policy.vlan_tci, 0x2007);
	assert_int_equal(at->meter.bits_per_us, 77);
	assert_memory_equal(at->mac, mac, 6);
	assert_false(port_admin(port));
	assert_int_equal(card_object(XVIO_CMD_VF_GET, 0), XVIO_ST_OK);
	assert_int_equal(got->flags, 3);
	nc_mac_addr(mac);
	assert_int_equal(run_command(), VIRTIO_NET_OK);
	assert_int_equal(card_command(XVIO_CMD_VF_SET, none), XVIO_ST_OK);
	resume();
	assert_int_equal(run_command(),
			 VIRTIO_NET_ERR); /* it was given a MAC, and is not trusted */
	nc_mode(VIRTIO_NET_CTRL_RX_PROMISC, 1);
	assert_int_equal(run_command(), VIRTIO_NET_ERR);
	/* New VFs have none of it. */
	card_restart();
	assert_int_equal(set_num_vfs(1, false), XVIO_ST_OK);
	assert_false(port_get(port)->policy.any);
	assert_true(port_admin(port));
}

/* Records that nobody has written */

static uint8_t record[KEEP_MAX_NET_BYTES];

static void spoil(enum keep_kind kind, unsigned number, size_t len_bytes)
{
	unsigned num = 1 + check_random(3);

	if (!keep_read(kind, number, record, len_bytes))
		return;
	if (!check_random(20))
		num = (unsigned)len_bytes;
	for (; num; num--)
		record[check_random((uint32_t)len_bytes)] =
			(uint8_t)(check_random(2) ? check_random(256) : 255u * check_random(2));
	keep_write(kind, number, record, len_bytes);
}

static size_t pci_bytes(void)
{
	size_t len_bytes = 1;

	while (!keep_read(KEEP_PCI, 0, record, len_bytes))
		assert_true(len_bytes++ < KEEP_MAX_PCI_BYTES);
	return len_bytes;
}

/* The device is as it was, or new, or something in between that a driver can have made; a driver can use it. */
static void check_spoiled(void)
{
	const size_t len_bytes = is_vf ? pci_bytes() : 0;

	check_seed(7);
	for (unsigned i = 0; i < 1500; i++) {
		if (i % 2 || !is_vf)
			spoil(KEEP_NET, port, sizeof(struct net_kept));
		else
			spoil(KEEP_PCI, 0, len_bytes);
		card_restart();
		if (is_vf)
			assert_int_equal(set_num_vfs(2, true), XVIO_ST_OK);
		else
			assert_int_equal(create_vdpa(true), XVIO_ST_OK);
		if (!is_vf)
			run_vdpa(accepted, true);
		fake_run();
		ctrl_poll();
		reset_device();
		fake_run();
		if (is_vf)
			trust();
		run_anew(accepted);
		set_a_few();
	}
}

static void spoiled_records(void **state)
{
	(void)state;
	on_all(check_spoiled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_survive),	   cmocka_unit_test(reset_forgets),
		cmocka_unit_test(making_anew_forgets),	   cmocka_unit_test(other_features),
		cmocka_unit_test(host_repeats_an_address), cmocka_unit_test(decisions),
		cmocka_unit_test(spoiled_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
