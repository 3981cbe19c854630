/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the administrator decides of VFs: a random walk beside a model of them, how long it lasts, and what it
 * means to drivers' control queues. What it does to packets is in path/test_policy.c and test_meter.c.
 */
#include "card.h"
#include "common/check.h"
#include "ctrl/vf_admin.h"
#include "path/port.h"

#define NUM_VFS 3u

static const uint8_t mac_a[6] = {2, 0xaa, 0, 0, 0, 1};

static int prepare(void **state)
{
	card_start(state);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, NUM_VFS), XVIO_ST_OK);
	return 0;
}

static struct xvio_cmd_vf get(unsigned vf)
{
	assert_int_equal(card_object(XVIO_CMD_VF_GET, vf), XVIO_ST_OK);
	return *(const struct xvio_cmd_vf *)card_result();
}

static void check_is(unsigned vf, uint16_t flags, uint16_t vlan_tci, uint32_t max_tx_mbps)
{
	const struct xvio_cmd_vf want = {
		.vf = (uint16_t)vf,
		.flags = flags,
		.vlan_tci = vlan_tci,
		.max_tx_mbps = max_tx_mbps,
	};
	const struct xvio_cmd_vf now = get(vf);

	assert_memory_equal(&now, &want, sizeof(now));
}

static void set_all(unsigned vf)
{
	const struct xvio_cmd_vf set = {
		.vf = (uint16_t)vf,
		.what = XVIO_VF_SET_VLAN | XVIO_VF_SET_SPOOFCHK | XVIO_VF_SET_TRUST |
			XVIO_VF_SET_RATE,
		.flags = XVIO_VF_F_SPOOFCHK | XVIO_VF_F_TRUSTED,
		.vlan_tci = 0x6064,
		.max_tx_mbps = 250,
	};

	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
}

static void check_is_all_set(unsigned vf)
{
	check_is(vf, XVIO_VF_F_SPOOFCHK | XVIO_VF_F_TRUSTED, 0x6064, 250);
}

static void set_mac(uint16_t port, const uint8_t mac[6])
{
	struct xvio_cmd_port_set set = {.port = port, .what = XVIO_PORT_SET_MAC};

	memcpy(set.mac, mac, 6);
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
}

static void all_off_at_first(void **state)
{
	(void)state;
	for (unsigned vf = 0; vf < NUM_VFS; vf++) {
		check_is(vf, 0, 0, 0);
		assert_true(vf_admin_may_set_mac((uint16_t)XVIO_PORT_VF(vf)));
		assert_false(vf_admin_may_be_promiscuous((uint16_t)XVIO_PORT_VF(vf)));
		assert_false(port_get((uint16_t)XVIO_PORT_VF(vf))->policy.any);
	}
}

/* A VLAN is 1 to 4094; a priority goes with one only. */
static void vlans(void **state)
{
	struct xvio_cmd_vf set = {.vf = 1, .what = XVIO_VF_SET_VLAN};

	(void)state;
	for (unsigned tci = 0; tci <= 0xffff; tci++) {
		const unsigned vid = tci & 0xfff;
		const bool good = !tci || (vid && vid != 0xfff && !(tci & 0x1000));
		const uint16_t before = get(1).vlan_tci;

		set.vlan_tci = (uint16_t)tci;
		assert_int_equal(card_command(XVIO_CMD_VF_SET, set),
				 good ? XVIO_ST_OK : XVIO_ST_BAD_VALUE);
		check_is(1, 0, good ? (uint16_t)tci : before, 0);
	}
}

/* Any of them alone, in any order, leaves the others; what is wrong changes nothing. */
static void random_walk(void **state)
{
	struct xvio_cmd_vf model[NUM_VFS] = {{.vf = 0}, {.vf = 1}, {.vf = 2}};

	(void)state;
	check_seed(3);
	for (unsigned i = 0; i < 3000; i++) {
		const struct xvio_cmd_vf set = {
			.vf = (uint16_t)check_random(NUM_VFS),
			.what = (uint16_t)check_random(18),
			.flags = (uint16_t)check_random(5),
			.vlan_tci = (uint16_t)(check_random(4) << 13 | check_random(0x1004)),
			.max_tx_mbps = check_random(3),
		};
		struct xvio_cmd_vf *now = &model[set.vf];

		if (card_command(XVIO_CMD_VF_SET, set) == XVIO_ST_OK) {
			const uint16_t what = set.what;
			const uint16_t flags = (uint16_t)((what & 2 ? XVIO_VF_F_SPOOFCHK : 0) |
							  (what & 4 ? XVIO_VF_F_TRUSTED : 0));

			now->flags = (uint16_t)((now->flags & ~flags) | (set.flags & flags));
			if (what & 1)
				now->vlan_tci = set.vlan_tci;
			if (what & 8)
				now->max_tx_mbps = set.max_tx_mbps;
		} else {
			assert_true(set.what > 15 || set.flags > 3 || set.vlan_tci);
		}
		for (unsigned vf = 0; vf < NUM_VFS; vf++)
			check_is(vf, model[vf].flags, model[vf].vlan_tci, model[vf].max_tx_mbps);
	}
}

/* FLR, a reset by the driver, other VFs that come and go. */
static void lasts_as_long_as_the_vf(void **state)
{
	(void)state;
	set_all(1);
	fake_vf_reset(1);
	ctrl_poll();
	check_is_all_set(1);
	fake_vf_write(1, offsetof(struct virtio_pci_common, device_status), 1, 0);
	ctrl_poll();
	check_is_all_set(1);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 2), XVIO_ST_OK);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 3), XVIO_ST_OK);
	check_is_all_set(1);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 0), XVIO_ST_OK);
	assert_int_equal(card_object(XVIO_CMD_VF_GET, 1), XVIO_ST_BAD_OBJECT);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 3), XVIO_ST_OK);
	all_off_at_first(state);
	set_all(1);
	assert_int_equal(card_send(XVIO_CMD_DEV_RESET, NULL, 0), XVIO_ST_OK);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 3), XVIO_ST_OK);
	all_off_at_first(state);
}

static void trust(void **state)
{
	struct xvio_cmd_vf set = {.vf = 1, .what = XVIO_VF_SET_TRUST, .flags = XVIO_VF_F_TRUSTED};
	const uint16_t port = (uint16_t)XVIO_PORT_VF(1);

	(void)state;
	set_mac(port, mac_a);
	assert_false(vf_admin_may_set_mac(port));
	assert_false(vf_admin_may_be_promiscuous(port));
	assert_true(vf_admin_may_set_mac((uint16_t)(port + 1)));
	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
	assert_true(vf_admin_may_set_mac(port));
	assert_true(vf_admin_may_be_promiscuous(port));
	assert_false(vf_admin_may_be_promiscuous((uint16_t)(port + 1)));
	set.flags = 0;
	assert_int_equal(card_command(XVIO_CMD_VF_SET, set), XVIO_ST_OK);
	assert_false(vf_admin_may_set_mac(port));
	assert_false(vf_admin_may_be_promiscuous(port));
}

/* Ports before and behind the VFs' are nobody's to trust. */
static void other_ports(void **state)
{
	static const uint16_t ports[] = {XVIO_PORT_PF, XVIO_PORT_VF(0) - 1,
					 XVIO_PORT_VF(XVIO_NUM_VFS), XVIO_PORT_VDPA(0),
					 XVIO_PORT_VDPA(1)};

	(void)state;
	assert_int_equal(card_create_vdpa(), 0);
	set_mac(XVIO_PORT_VDPA(0), mac_a);
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		assert_true(vf_admin_may_set_mac(ports[i]));
		assert_true(vf_admin_may_be_promiscuous(ports[i]));
	}
}

/* Whoever changes the address: it is the one that may be sent from. */
static void spoofchk_follows_the_mac(void **state)
{
	const struct port *port = port_get((uint16_t)XVIO_PORT_VF(1));
	static const uint8_t mac_b[6] = {2, 0xbb, 0, 0, 0, 1};
	uint8_t mac[6];

	(void)state;
	set_all(1);
	port_mac(port->number, mac);
	assert_memory_equal(port->policy.mac, mac, 6);
	set_mac(port->number, mac_a);
	assert_memory_equal(port->policy.mac, mac_a, 6);
	port_set_mac(port->number, mac_b);
	assert_memory_equal(port->policy.mac, mac_b, 6);
	assert_true(port->policy.checks_source);
	check_is_all_set(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_off_at_first, prepare),
		cmocka_unit_test_setup(vlans, prepare),
		cmocka_unit_test_setup(random_walk, prepare),
		cmocka_unit_test_setup(lasts_as_long_as_the_vf, prepare),
		cmocka_unit_test_setup(trust, prepare),
		cmocka_unit_test_setup(other_ports, prepare),
		cmocka_unit_test_setup(spoofchk_follows_the_mac, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
