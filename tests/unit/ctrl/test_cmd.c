/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* ctrl/cmd_*: what commands do, beyond taking and refusing: answers, life of devices, maps, reset. */
#include "card.h"
#include "ctrl/net_features.h"
#include "path/port.h"
#include "path/vnet.h"

#define TABLE_ADDR 0x100000u

static void dev_info(void **state)
{
	const struct xvio_dev_info *info = card_result();
	uint8_t mac[6];

	(void)state;
	strcpy(hal_status()->version, "1.2.3");
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
	assert_int_equal(card_answer()->len_bytes, sizeof(*info));
	assert_int_equal(info->abi, XVIO_ABI_VERSION);
	assert_int_equal(info->num_uplinks, 2);
	assert_int_equal(info->num_workers, 1);
	assert_string_equal(info->version, "1.2.3");
	assert_true(info->vdpa_features & VIRTIO_BIT(VIRTIO_F_VERSION_1));
	hal_mac_address(mac);
	assert_memory_equal(info->mac, mac, 6);
}

static void port_life(void **state)
{
	const struct xvio_port_info *info = card_result();
	struct xvio_cmd_port_set set = {
		.port = XVIO_PORT_UPLINK(0),
		.what = XVIO_PORT_SET_ADMIN | XVIO_PORT_SET_MTU,
		.mtu = 2000,
	};

	(void)state;
	assert_int_equal(card_object(XVIO_CMD_PORT_GET, XVIO_PORT_UPLINK(0)), XVIO_ST_OK);
	assert_int_equal(info->flags, XVIO_PORT_F_ADMIN_UP | XVIO_PORT_F_LINK_UP);
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
	fake_mac_set_link(0, false);
	assert_int_equal(card_object(XVIO_CMD_PORT_GET, XVIO_PORT_UPLINK(0)), XVIO_ST_OK);
	assert_int_equal(info->port, XVIO_PORT_UPLINK(0));
	assert_int_equal(info->flags, 0);
	assert_int_equal(info->mtu, 2000);
	set.what = XVIO_PORT_SET_ADMIN;
	set.flags = XVIO_PORT_F_ADMIN_UP;
	set.mtu = 0; /* not looked at */
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);
	assert_true(port_admin(XVIO_PORT_UPLINK(0)));
	assert_int_equal(port_mtu(XVIO_PORT_UPLINK(0)), 2000);
}

static void macs_differ(void **state)
{
	const struct xvio_vdpa_config *config = card_result();
	uint8_t mac[5][6];

	(void)state;
	port_mac(XVIO_PORT_PF, mac[0]);
	port_mac(XVIO_PORT_UPLINK(0), mac[1]);
	port_mac(XVIO_PORT_UPLINK(1), mac[2]);
	for (unsigned i = 3; i < 5; i++) {
		assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, card_create_vdpa()),
				 XVIO_ST_OK);
		memcpy(mac[i], config->mac, 6);
		assert_int_equal(config->mac[0] & 3, 2);
		assert_int_equal(config->mtu, 1500);
		assert_int_equal(config->max_virtqueue_pairs, 1);
		assert_int_equal(config->status, VIRTIO_NET_S_LINK_UP);
	}
	for (unsigned i = 0; i < 5; i++)
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(mac[i], mac[k], 6);
}

static void config_changes(void **state)
{
	const struct xvio_cmd_vdpa_config set = {.mac = {2, 9, 9, 9, 9, 9}};
	const struct xvio_cmd_port_set down = {
		.port = XVIO_PORT_VDPA(0),
		.what = XVIO_PORT_SET_ADMIN,
	};
	const struct xvio_vdpa_config *config = card_result();
	const struct xvio_event_ring *ring = hal_events();
	uint32_t generation;

	(void)state;
	card_create_vdpa();
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 0), XVIO_ST_OK);
	generation = config->generation;
	assert_int_equal(card_command(XVIO_CMD_VDPA_SET_CONFIG, set), XVIO_ST_OK);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 0), XVIO_ST_OK);
	assert_memory_equal(config->mac, set.mac, 6);
	assert_true(config->generation > generation);
	generation = config->generation;
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, down), XVIO_ST_OK);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 0), XVIO_ST_OK);
	assert_int_equal(config->status, 0);
	assert_true(config->generation > generation);
	assert_int_equal(ring->head, 1);
	assert_int_equal(ring->entry[0].type, XVIO_EVENT_VDPA_CONFIG);
	assert_int_equal(ring->entry[0].object, 0);
}

static void lowest_free_id(void **state)
{
	const struct xvio_vdpa_created *created = card_result();

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(card_create_vdpa(), i);
		assert_int_equal(created->port, XVIO_PORT_VDPA(i));
		assert_int_equal(created->num_queues, 3);
		assert_int_equal(created->queue_base, 64 + 3 * i);
	}
	assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 2), XVIO_ST_OK);
	assert_false(port_exists(XVIO_PORT_VDPA(2)));
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_STATUS, 2), XVIO_ST_BAD_OBJECT);
	assert_int_equal(card_create_vdpa(), 2);
	assert_int_equal(created->queue_base, 64 + 3 * 2); /* its doorbells again */
	assert_int_equal(card_create_vdpa(), 5);
	assert_int_equal(created->queue_base, 64 + 3 * 5);
}

/* As long a run as the device has queues; a gap that is too short is passed over. */
static void doorbells_for_all_queues(void **state)
{
	const struct xvio_vdpa_created *created = card_result();
	const struct xvio_vdpa_config *config = card_result();
	struct xvio_cmd_vdpa_create create = {.queue_pairs = 8};

	(void)state;
	card_create_vdpa();
	card_create_vdpa();
	card_create_vdpa();
	assert_int_equal(card_object(XVIO_CMD_VDPA_DESTROY, 1), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_OK);
	assert_int_equal(created->dev, 1);
	assert_int_equal(created->num_queues, 17);
	assert_int_equal(created->queue_base, 64 + 3 * 3);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 1), XVIO_ST_OK);
	assert_int_equal(config->max_virtqueue_pairs, 8);
	assert_true(config->features & VIRTIO_BIT(VIRTIO_NET_F_MQ));
	card_create_vdpa();
	assert_int_equal(created->queue_base, 64 + 3);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 3), XVIO_ST_OK);
	assert_int_equal(config->features & VIRTIO_BIT(VIRTIO_NET_F_MQ), 0);
	create.queue_pairs = 9;
	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_UNSUPPORTED);
}

/* A device stands by where it was asked to, and not without the MAC that names its primary device. */
static void standby_when_asked(void **state)
{
	const struct xvio_vdpa_config *config = card_result();
	struct xvio_cmd_vdpa_create create = {
		.features = NET_FEATURES_MUST | VIRTIO_BIT(VIRTIO_NET_F_STANDBY),
	};

	(void)state;
	card_create_vdpa();
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 0), XVIO_ST_OK);
	assert_int_equal(config->features & VIRTIO_BIT(VIRTIO_NET_F_STANDBY), 0);
	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_BAD_VALUE);
	create.features |= VIRTIO_BIT(VIRTIO_NET_F_MAC);
	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_OK);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_CONFIG, 1), XVIO_ST_OK);
	assert_int_equal(config->features, create.features);
}

static void as_many_as_it_says(void **state)
{
	const struct xvio_cmd_vdpa_create create = {0};
	const struct xvio_dev_info *info = card_result();
	uint32_t max;

	(void)state;
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
	max = info->max_vdpa;
	for (uint32_t i = 0; i < max; i++)
		card_create_vdpa();
	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_NO_SPACE);
}

/* Maps: a table of num entries, 4 KiB each, at TABLE_ADDR of the host. */
static unsigned set_map(uint32_t num_entries)
{
	const struct xvio_cmd_vdpa_map map = {
		.num_entries = num_entries,
		.table_addr = TABLE_ADDR,
	};

	return card_command(XVIO_CMD_VDPA_MAP, map);
}

static struct xvio_map_entry *make_table(uint32_t num_entries)
{
	struct xvio_map_entry *table =
		fake_host_map(TABLE_ADDR, num_entries * sizeof(*table), FAKE_READ);

	for (uint32_t i = 0; i < num_entries; i++)
		table[i] = (struct xvio_map_entry){
			.iova = (uint64_t)i << 12,
			.len_bytes = 4096,
			.perm = XVIO_MAP_READ,
		};
	return table;
}

static void map_tables(void **state)
{
	const uint32_t num = 10000;
	struct xvio_map_entry *table = make_table(num);
	size_t free_bytes;

	(void)state;
	card_create_vdpa();
	assert_int_equal(set_map(num), XVIO_ST_OK);
	free_bytes = heap_free_bytes();
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(set_map(num), XVIO_ST_OK);
	assert_int_equal(heap_free_bytes(), free_bytes); /* the old ones are gone */

	table[num - 1].iova--; /* overlaps */
	assert_int_equal(set_map(num), XVIO_ST_BAD_VALUE);
	assert_int_equal(card_answer()->detail, offsetof(struct xvio_cmd_vdpa_map, table_addr));
	assert_int_equal(set_map(num + 1), XVIO_ST_DMA_FAULT);
	assert_int_equal(heap_free_bytes(), free_bytes);
	assert_int_equal(set_map(0), XVIO_ST_OK);
	assert_true(heap_free_bytes() > free_bytes);
}

static void pf_queue_states(void **state)
{
	struct xvio_cmd_queue_start start = {
		.queue = 1,
		.size = 64,
		.vector = XVIO_VECTOR_NONE,
		.desc_addr = 0x10000,
		.driver_addr = 0x11000,
		.device_addr = 0x12000,
	};

	(void)state;
	fake_host_map(0x10000, 0x3000, FAKE_READ | FAKE_WRITE);
	assert_int_equal(card_object(XVIO_CMD_QUEUE_STOP, 1), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_QUEUE_START, start), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_QUEUE_START, start), XVIO_ST_BAD_STATE);
	start.size = 3;
	assert_int_equal(card_command(XVIO_CMD_QUEUE_START, start), XVIO_ST_BAD_VALUE);
	assert_true(vnet_queue_state(XVIO_PORT_PF, 1).running);
	start.size = 64;
	assert_int_equal(card_object(XVIO_CMD_QUEUE_STOP, 1), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_QUEUE_START, start), XVIO_ST_OK);
}

static void reset_leaves_nothing(void **state)
{
	const size_t free_bytes = heap_free_bytes();
	const struct xvio_flow_rule rule = {
		.cookie = 7,
		.num_actions = 1,
		.action = {{.type = XVIO_ACTION_DROP}},
	};
	const struct xvio_cmd_port_set set = {
		.port = XVIO_PORT_PF,
		.what = XVIO_PORT_SET_MTU | XVIO_PORT_SET_ADMIN,
		.mtu = 9000,
	};
	const struct xvio_cmd_flow flow = {.cookie = 7};
	uint8_t mac[6];

	(void)state;
	pf_queue_states(state);
	make_table(100);
	card_create_vdpa();
	card_create_vdpa();
	assert_int_equal(set_map(100), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_FLOW_ADD, rule), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_PORT_SET, set), XVIO_ST_OK);

	assert_int_equal(card_send(XVIO_CMD_DEV_RESET, NULL, 0), XVIO_ST_OK);
	assert_int_equal(card_command(XVIO_CMD_FLOW_STATS, flow), XVIO_ST_BAD_OBJECT);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_STATUS, 0), XVIO_ST_BAD_OBJECT);
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_STATUS, 1), XVIO_ST_BAD_OBJECT);
	assert_false(vnet_queue_state(XVIO_PORT_PF, 1).running);
	assert_int_equal(port_mtu(XVIO_PORT_PF), 1500);
	assert_true(port_admin(XVIO_PORT_PF));
	port_mac(XVIO_PORT_PF, mac);
	assert_int_equal(heap_free_bytes(), free_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(dev_info, card_start),
		cmocka_unit_test_setup(port_life, card_start),
		cmocka_unit_test_setup(macs_differ, card_start),
		cmocka_unit_test_setup(config_changes, card_start),
		cmocka_unit_test_setup(doorbells_for_all_queues, card_start),
		cmocka_unit_test_setup(standby_when_asked, card_start),
		cmocka_unit_test_setup(lowest_free_id, card_start),
		cmocka_unit_test_setup(as_many_as_it_says, card_start),
		cmocka_unit_test_setup(map_tables, card_start),
		cmocka_unit_test_setup(pf_queue_states, card_start),
		cmocka_unit_test_setup(reset_leaves_nothing, card_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
