/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * ctrl/mbox and the commands: each opcode once good; then with every wrong length, every reserved or
 * checked field, every wrong object; and a host that rewrites its request too late.
 */
#include "card.h"

#define TABLE_ADDR 0x10000u

/* One opcode with a request that is good on the card that prepare() leaves. */
struct request {
	uint16_t opcode;
	uint16_t len_bytes;
	union {
		struct xvio_cmd_object object;
		struct xvio_cmd_port_set port_set;
		struct xvio_cmd_queue_start queue_start;
		struct xvio_flow_rule rule;
		struct xvio_cmd_flow flow;
		struct xvio_cmd_meter meter;
		struct xvio_cmd_eswitch eswitch;
		struct xvio_cmd_vdpa_create create;
		struct xvio_cmd_vdpa_status status;
		struct xvio_cmd_vdpa_features features;
		struct xvio_cmd_vdpa_config config;
		struct xvio_cmd_vdpa_vq vq;
		struct xvio_cmd_vdpa_vq_id vq_id;
		struct xvio_cmd_vdpa_map map;
		struct xvio_cmd_vdpa_group group;
		struct xvio_cmd_vdpa_suspend suspend;
		struct xvio_cmd_vf_num vf_num;
		struct xvio_cmd_vf vf;
	};
};

#define GOOD_MAC                 \
	{                        \
		2, 0, 0, 0, 0, 9 \
	}
#define REQUEST(code, member, ...)                                                             \
	{                                                                                      \
		.opcode = XVIO_CMD_##code, .len_bytes = sizeof(((struct request *)0)->member), \
		.member = {                                                                    \
			__VA_ARGS__                                                            \
		}                                                                              \
	}

/* Rule 1, vDPA device 0 and two VFs are there; PF queue 0 is stopped. */
static const struct request requests[] = {
	{.opcode = XVIO_CMD_DEV_INFO},
	REQUEST(STATS_GET, object, .id = XVIO_STATS_CARD),
	REQUEST(PORT_GET, object, .id = XVIO_PORT_UPLINK(1)),
	REQUEST(PORT_SET, port_set, .port = XVIO_PORT_PF, .what = 15, .flags = 5, .mtu = 9000,
		.mac = GOOD_MAC),
	REQUEST(QUEUE_START, queue_start, .queue = 0, .size = 256, .vector = 1, .desc_addr = 0x1000,
		.driver_addr = 0x3000, .device_addr = 0x4000),
	REQUEST(QUEUE_STOP, object, .id = 1),
	REQUEST(FLOW_ADD, rule, .cookie = 2, .prio = 1, .num_actions = 1,
		.action = {{.type = XVIO_ACTION_DROP}}),
	REQUEST(FLOW_STATS, flow, .cookie = 1),
	REQUEST(VDPA_SET_FEATURES, features, .dev = 0, .features = CARD_MUST_FEATURES),
	REQUEST(VDPA_SET_STATUS, status, .dev = 0, .status = VIRTIO_STATUS_ACKNOWLEDGE),
	REQUEST(VDPA_GET_STATUS, object, .id = 0),
	REQUEST(VDPA_GET_CONFIG, object, .id = 0),
	REQUEST(VDPA_SET_CONFIG, config, .dev = 0, .mac = GOOD_MAC),
	REQUEST(VDPA_MAP, map, .dev = 0, .num_entries = 2, .table_addr = TABLE_ADDR),
	REQUEST(VDPA_VQ_SET, vq, .dev = 0, .vq = 1, .size = 64, .vector = XVIO_VECTOR_NONE,
		.ready = 1, .desc_iova = 0x1000, .driver_iova = 0x2000, .device_iova = 0x3000),
	REQUEST(VDPA_VQ_GET, vq_id, .dev = 0, .vq = 1),
	REQUEST(VDPA_VQ_STATS, vq_id, .dev = 0, .vq = 2),
	REQUEST(VDPA_SUSPEND, suspend, .dev = 0, .suspended = 0),
	REQUEST(VDPA_GROUP, group, .dev = 0, .group = XVIO_VDPA_GROUP_CONTROL, .asid = 1),
	REQUEST(VDPA_CREATE, create, .mtu = 1400, .queue_pairs = 1, .mac = GOOD_MAC),
	REQUEST(VDPA_DESTROY, object, .id = 0),
	REQUEST(VF_SET, vf, .vf = 1, .what = 15, .flags = 3, .vlan_tci = 0x2ffe,
		.max_tx_mbps = 100),
	REQUEST(VF_GET, object, .id = 1),
	REQUEST(VF_SET_NUM, vf_num, .num = XVIO_NUM_VFS),
	REQUEST(FLOW_DEL, flow, .cookie = 1),
	REQUEST(METER_SET, meter, .id = 5, .rate = 1000, .burst = 1),
	REQUEST(METER_DEL, object, .id = 5),
	{.opcode = XVIO_CMD_FLOW_FLUSH},
	{.opcode = XVIO_CMD_ESWITCH_GET},
	REQUEST(ESWITCH_SET, eswitch, .what = 7, .mode = XVIO_ESWITCH_LEGACY,
		.bridge = XVIO_BRIDGE_VEPA, .ageing_s = XVIO_ESWITCH_MAX_AGEING_S),
	{.opcode = XVIO_CMD_DEV_RESET},
	REQUEST(DEV_CRASH, object, .id = XVIO_CRASH_PANIC), /* test_keep.c; here with flaws only */
};

#define NUM_REQUESTS (sizeof(requests) / sizeof(requests[0]))

static int prepare(void **state)
{
	const struct xvio_flow_rule rule = {
		.cookie = 1,
		.num_actions = 1,
		.action = {{.type = XVIO_ACTION_DROP}},
	};
	struct xvio_map_entry *table;

	card_start(state);
	fake_host_map(0, 0x10000, FAKE_READ | FAKE_WRITE);
	table = fake_host_map(TABLE_ADDR, 0x1000, FAKE_READ);
	table[0] = (struct xvio_map_entry){.iova = 0, .len_bytes = 0x10000, .perm = XVIO_MAP_READ};
	table[1] = (struct xvio_map_entry){
		.iova = 0x10000,
		.len_bytes = 1,
		.bus_addr = 5,
		.perm = XVIO_MAP_WRITE,
	};
	assert_int_equal(card_command(XVIO_CMD_FLOW_ADD, rule), XVIO_ST_OK);
	assert_int_equal(card_create_vdpa(), 0);
	assert_int_equal(card_object(XVIO_CMD_VF_SET_NUM, 2), XVIO_ST_OK);
	return 0;
}

static unsigned send(const struct request *request)
{
	return card_send(request->opcode, &request->object, request->len_bytes);
}

static const struct request *find(uint16_t opcode)
{
	for (size_t i = 0; i < NUM_REQUESTS; i++)
		if (requests[i].opcode == opcode)
			return &requests[i];
	fail_msg("no request with opcode %#x", opcode);
	return NULL;
}

static void all_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_REQUESTS; i++) {
		const unsigned before = fake_msix_count(XVIO_FUNCTION_PF, XVIO_VECTOR_EVENT);

		if (requests[i].opcode == XVIO_CMD_DEV_CRASH)
			continue;
		if (send(&requests[i]) != XVIO_ST_OK)
			fail_msg("opcode %#x: status %u, detail %u", requests[i].opcode,
				 card_answer()->status, card_answer()->detail);
		assert_true(fake_msix_count(XVIO_FUNCTION_PF, XVIO_VECTOR_EVENT) > before);
	}
}

static void wrong_lengths(void **state)
{
	const uint64_t before = card_stat(XVIO_STAT_MBOX_BAD_LENGTH);
	uint64_t num_sent = 0;

	(void)state;
	for (size_t i = 0; i < NUM_REQUESTS; i++) {
		const size_t good = requests[i].len_bytes;
		const size_t lengths[] = {good + 1, good - 1, XVIO_MBOX_PAYLOAD_BYTES, 0xffff, 0};

		for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
			if ((lengths[n] & 0xffff) == good)
				continue;
			if (requests[i].opcode == XVIO_CMD_FLOW_ADD && lengths[n] == good - 1)
				continue; /* it may end behind its actions: short_rules() */
			assert_int_equal(card_send(requests[i].opcode, NULL, lengths[n]),
					 XVIO_ST_BAD_LENGTH);
			assert_int_equal(card_answer()->len_bytes, 0);
			num_sent++;
		}
	}
	assert_int_equal(card_stat(XVIO_STAT_MBOX_BAD_LENGTH), before + num_sent);
	all_good(state);
}

/* A rule may end behind its actions: those that are not there are none. */
static void short_rules(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 7,
		.num_actions = 2,
		.action = {{.type = XVIO_ACTION_VLAN_POP}, {.type = XVIO_ACTION_DROP}},
	};

	(void)state;
	assert_int_equal(card_send(XVIO_CMD_FLOW_ADD, &rule, XVIO_FLOW_RULE_BYTES(1) - 1),
			 XVIO_ST_BAD_LENGTH);
	assert_int_equal(card_send(XVIO_CMD_FLOW_ADD, &rule, XVIO_FLOW_RULE_BYTES(1)),
			 XVIO_ST_UNSUPPORTED);
	assert_int_equal(card_send(XVIO_CMD_FLOW_ADD, &rule, XVIO_FLOW_RULE_BYTES(2)), XVIO_ST_OK);
	rule.cookie++;
	rule.num_actions = 1;
	rule.action[0].type = XVIO_ACTION_DROP;
	rule.action[1].type = 0;
	assert_int_equal(card_send(XVIO_CMD_FLOW_ADD, &rule, XVIO_FLOW_RULE_BYTES(1)), XVIO_ST_OK);
}

static void unknown_opcodes(void **state)
{
	uint64_t num_sent = 0;

	(void)state;
	for (unsigned opcode = 0; opcode <= 0xffff; opcode++) {
		bool known = false;

		for (size_t i = 0; i < NUM_REQUESTS; i++)
			known |= requests[i].opcode == opcode;
		if (known)
			continue;
		assert_int_equal(card_send((uint16_t)opcode, NULL, 0), XVIO_ST_BAD_OPCODE);
		num_sent++;
	}
	assert_int_equal(card_stat(XVIO_STAT_MBOX_BAD_OPCODE), num_sent);
}

/* A good request with one byte changed, and what is wrong then. */
static const struct {
	uint16_t opcode;
	uint16_t byte;
	uint8_t value;
	uint8_t status;
	uint16_t detail;
} bad_bytes[] = {
#define RESERVED(code, type, field)                                                              \
	{XVIO_CMD_##code, offsetof(struct type, field), 1, XVIO_ST_BAD_VALUE,                    \
	 offsetof(struct type, field)},                                                          \
	{                                                                                        \
		XVIO_CMD_##code,                                                                 \
			offsetof(struct type, field) + sizeof(((struct type *)0)->field) - 1, 1, \
			XVIO_ST_BAD_VALUE, offsetof(struct type, field)                          \
	}
#define BAD(code, type, field, value)                                                    \
	{                                                                                \
		XVIO_CMD_##code, offsetof(struct type, field), value, XVIO_ST_BAD_VALUE, \
			offsetof(struct type, field)                                     \
	}
	RESERVED(STATS_GET, xvio_cmd_object, reserved),
	RESERVED(PORT_GET, xvio_cmd_object, reserved),
	RESERVED(QUEUE_STOP, xvio_cmd_object, reserved),
	RESERVED(VDPA_DESTROY, xvio_cmd_object, reserved),
	RESERVED(VDPA_GET_STATUS, xvio_cmd_object, reserved),
	RESERVED(VDPA_GET_CONFIG, xvio_cmd_object, reserved),
	BAD(VF_SET_NUM, xvio_cmd_vf_num, num, XVIO_NUM_VFS + 1),
	BAD(VF_SET_NUM, xvio_cmd_vf_num, flags, 2),
	{XVIO_CMD_VF_SET_NUM, offsetof(struct xvio_cmd_vf_num, flags) + 3, 1, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_vf_num, flags)},
	RESERVED(DEV_CRASH, xvio_cmd_object, reserved),
	BAD(DEV_CRASH, xvio_cmd_object, id, 2),
	{XVIO_CMD_DEV_CRASH, offsetof(struct xvio_cmd_object, id) + 3, 1, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_object, id)},
	RESERVED(VF_GET, xvio_cmd_object, reserved),
	RESERVED(VF_SET, xvio_cmd_vf, reserved),
	BAD(VF_SET, xvio_cmd_vf, what, 0x1f),
	BAD(VF_SET, xvio_cmd_vf, flags, 7),
	BAD(VF_SET, xvio_cmd_vf, vlan_tci, 0xff),
	{XVIO_CMD_VF_SET, offsetof(struct xvio_cmd_vf, vlan_tci) + 1, 0x30, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_vf, vlan_tci)},
	RESERVED(PORT_SET, xvio_cmd_port_set, reserved),
	BAD(PORT_SET, xvio_cmd_port_set, what, 16),
	BAD(PORT_SET, xvio_cmd_port_set, flags, XVIO_PORT_F_LINK_UP),
	BAD(PORT_SET, xvio_cmd_port_set, mac, 1),
	{XVIO_CMD_PORT_SET, offsetof(struct xvio_cmd_port_set, mtu) + 1, 0, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_port_set, mtu)},
	{XVIO_CMD_PORT_SET, offsetof(struct xvio_cmd_port_set, mtu) + 1, 0x25, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_port_set, mtu)},
	RESERVED(QUEUE_START, xvio_cmd_queue_start, reserved),
	BAD(QUEUE_START, xvio_cmd_queue_start, size, 3),
	{XVIO_CMD_QUEUE_START, offsetof(struct xvio_cmd_queue_start, size) + 1, 8,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_queue_start, size)},
	{XVIO_CMD_QUEUE_START, offsetof(struct xvio_cmd_queue_start, size) + 1, 0,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_queue_start, size)},
	{XVIO_CMD_QUEUE_START, offsetof(struct xvio_cmd_queue_start, vector) + 1, 1,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_queue_start, vector)},
	BAD(QUEUE_START, xvio_cmd_queue_start, desc_addr, 8),
	BAD(QUEUE_START, xvio_cmd_queue_start, driver_addr, 1),
	BAD(QUEUE_START, xvio_cmd_queue_start, device_addr, 2),
	RESERVED(FLOW_ADD, xvio_flow_rule, reserved),
	BAD(ESWITCH_SET, xvio_cmd_eswitch, what, 8),
	BAD(ESWITCH_SET, xvio_cmd_eswitch, mode, 2),
	BAD(ESWITCH_SET, xvio_cmd_eswitch, bridge, 2),
	{XVIO_CMD_ESWITCH_SET, offsetof(struct xvio_cmd_eswitch, ageing_s), 0x41, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_eswitch, ageing_s)},
	RESERVED(ESWITCH_SET, xvio_cmd_eswitch, num_learnt),
	RESERVED(ESWITCH_SET, xvio_cmd_eswitch, reserved),
	RESERVED(VDPA_CREATE, xvio_cmd_vdpa_create, reserved),
	RESERVED(VDPA_CREATE, xvio_cmd_vdpa_create, dev),
	RESERVED(VDPA_CREATE, xvio_cmd_vdpa_create, queue_base),
	BAD(VDPA_CREATE, xvio_cmd_vdpa_create, flags, 2),
	{XVIO_CMD_VDPA_CREATE, offsetof(struct xvio_cmd_vdpa_create, flags) + 1, 1,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_vdpa_create, flags)},
	/* There it would begin with doorbell 0. */
	{XVIO_CMD_VDPA_CREATE, offsetof(struct xvio_cmd_vdpa_create, flags),
	 XVIO_VDPA_CREATE_F_RESUME, XVIO_ST_BAD_VALUE,
	 offsetof(struct xvio_cmd_vdpa_create, queue_base)},
	BAD(VDPA_CREATE, xvio_cmd_vdpa_create, mac, 1),
	{XVIO_CMD_VDPA_CREATE, offsetof(struct xvio_cmd_vdpa_create, mtu) + 1, 0xff,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_vdpa_create, mtu)},
	{XVIO_CMD_VDPA_CREATE, offsetof(struct xvio_cmd_vdpa_create, queue_pairs), 9,
	 XVIO_ST_UNSUPPORTED, offsetof(struct xvio_cmd_vdpa_create, queue_pairs)},
	{XVIO_CMD_VDPA_CREATE, offsetof(struct xvio_cmd_vdpa_create, features) + 7, 0x20,
	 XVIO_ST_UNSUPPORTED, offsetof(struct xvio_cmd_vdpa_create, features)},
	BAD(VDPA_CREATE, xvio_cmd_vdpa_create, features, 0x20),
	RESERVED(VDPA_SET_STATUS, xvio_cmd_vdpa_status, reserved),
	BAD(VDPA_SET_STATUS, xvio_cmd_vdpa_status, status, 0x11),
	RESERVED(VDPA_SET_FEATURES, xvio_cmd_vdpa_features, reserved),
	BAD(VDPA_SET_FEATURES, xvio_cmd_vdpa_features, features, 0x10),
	RESERVED(VDPA_SET_CONFIG, xvio_cmd_vdpa_config, reserved),
	BAD(VDPA_SET_CONFIG, xvio_cmd_vdpa_config, mac, 1),
	RESERVED(VDPA_VQ_SET, xvio_cmd_vdpa_vq, reserved),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, ready, 2),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, resume, 1), /* of a device that was not there before */
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, resume, 2),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, size, 65),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, size, 0),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, vector, 0xfe),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, desc_iova, 8),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, driver_iova, 1),
	BAD(VDPA_VQ_SET, xvio_cmd_vdpa_vq, device_iova, 2),
	RESERVED(VDPA_VQ_GET, xvio_cmd_vdpa_vq_id, reserved),
	RESERVED(VDPA_VQ_STATS, xvio_cmd_vdpa_vq_id, reserved),
	RESERVED(VDPA_SUSPEND, xvio_cmd_vdpa_suspend, reserved),
	BAD(VDPA_SUSPEND, xvio_cmd_vdpa_suspend, suspended, 2),
	BAD(VDPA_GROUP, xvio_cmd_vdpa_group, group, 2),
	BAD(VDPA_GROUP, xvio_cmd_vdpa_group, asid, 2),
	BAD(VDPA_MAP, xvio_cmd_vdpa_map, asid, 2),
	BAD(VDPA_MAP, xvio_cmd_vdpa_map, flags, 2),
	{XVIO_CMD_VDPA_MAP, offsetof(struct xvio_cmd_vdpa_map, num_entries) + 3, 1,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_vdpa_map, num_entries)},
	{XVIO_CMD_VDPA_MAP, offsetof(struct xvio_cmd_vdpa_map, flags), XVIO_MAP_F_IDENTITY,
	 XVIO_ST_BAD_VALUE, offsetof(struct xvio_cmd_vdpa_map, num_entries)},
};

#define NUM_BAD_BYTES (sizeof(bad_bytes) / sizeof(bad_bytes[0]))

static void wrong_fields(void **state)
{
	const uint64_t before = card_stat(XVIO_STAT_MBOX_BAD_VALUE);

	for (size_t i = 0; i < NUM_BAD_BYTES; i++) {
		struct request request = *find(bad_bytes[i].opcode);

		((uint8_t *)&request.object)[bad_bytes[i].byte] = bad_bytes[i].value;
		if (send(&request) != bad_bytes[i].status ||
		    card_answer()->detail != bad_bytes[i].detail)
			fail_msg("opcode %#x byte %u: status %u, detail %u", request.opcode,
				 bad_bytes[i].byte, card_answer()->status, card_answer()->detail);
	}
	assert_int_equal(card_stat(XVIO_STAT_MBOX_BAD_VALUE), before + NUM_BAD_BYTES);
	all_good(state);
}

/* Requests whose first field names an object: of another width, but all little-endian. */
static const struct {
	uint16_t opcode;
	uint16_t byte;
	uint16_t value;
} objects[] = {
	{XVIO_CMD_STATS_GET, 0, XVIO_NUM_PORTS},
	{XVIO_CMD_STATS_GET, 2, 1},
	{XVIO_CMD_PORT_GET, 0, XVIO_PORT_UPLINK(2)},
	{XVIO_CMD_PORT_GET, 2, 1},
	{XVIO_CMD_PORT_SET, 0, XVIO_PORT_NONE},
	{XVIO_CMD_PORT_SET, 0, XVIO_PORT_VF(2)},
	{XVIO_CMD_QUEUE_START, 0, 2},
	{XVIO_CMD_QUEUE_STOP, 0, 2},
	{XVIO_CMD_QUEUE_STOP, 2, 1},
	{XVIO_CMD_FLOW_DEL, 0, 3},
	{XVIO_CMD_FLOW_STATS, 0, 3},
	{XVIO_CMD_VDPA_DESTROY, 0, 1},
	{XVIO_CMD_VDPA_DESTROY, 2, 0x8000},
	{XVIO_CMD_VDPA_SET_STATUS, 0, 1},
	{XVIO_CMD_VDPA_GET_STATUS, 0, 1024},
	{XVIO_CMD_VDPA_SET_FEATURES, 0, 1},
	{XVIO_CMD_VDPA_GET_CONFIG, 2, 1},
	{XVIO_CMD_VDPA_SET_CONFIG, 0, 1},
	{XVIO_CMD_VDPA_VQ_SET, 0, 1},
	{XVIO_CMD_VDPA_VQ_SET, 4, 3},
	{XVIO_CMD_VDPA_VQ_GET, 0, 1},
	{XVIO_CMD_VDPA_VQ_GET, 4, 3},
	{XVIO_CMD_VDPA_VQ_STATS, 0, 1},
	{XVIO_CMD_VDPA_VQ_STATS, 4, 3},
	{XVIO_CMD_VDPA_GROUP, 0, 1},
	{XVIO_CMD_VDPA_SUSPEND, 0, 1},
	{XVIO_CMD_VDPA_MAP, 0, 1},
	{XVIO_CMD_VF_SET, 0, 2},
	{XVIO_CMD_VF_SET, 0, 0xffff},
	{XVIO_CMD_VF_GET, 0, 2},
	{XVIO_CMD_VF_GET, 2, 1},
};

#define NUM_OBJECTS (sizeof(objects) / sizeof(objects[0]))

static void wrong_objects(void **state)
{
	for (size_t i = 0; i < NUM_OBJECTS; i++) {
		struct request request = *find(objects[i].opcode);

		if (request.opcode == XVIO_CMD_STATS_GET)
			request.object.id = 0;
		memcpy((uint8_t *)&request.object + objects[i].byte, &objects[i].value, 2);
		if (send(&request) != XVIO_ST_BAD_OBJECT)
			fail_msg("opcode %#x, object %u: status %u", request.opcode,
				 objects[i].value, card_answer()->status);
	}
	assert_int_equal(card_stat(XVIO_STAT_MBOX_BAD_OBJECT), NUM_OBJECTS);
	all_good(state);
}

static unsigned set_eswitch(uint16_t what, uint8_t mode, uint8_t bridge, uint32_t ageing_s)
{
	const struct xvio_cmd_eswitch set = {
		.what = what, .mode = mode, .bridge = bridge, .ageing_s = ageing_s};

	return card_command(XVIO_CMD_ESWITCH_SET, set);
}

static void check_eswitch(uint8_t mode, uint8_t bridge, uint32_t ageing_s)
{
	const struct xvio_cmd_eswitch *now = card_result();

	assert_int_equal(card_send(XVIO_CMD_ESWITCH_GET, NULL, 0), XVIO_ST_OK);
	assert_int_equal(now->what, 0);
	assert_int_equal(now->mode, mode);
	assert_int_equal(now->bridge, bridge);
	assert_int_equal(now->ageing_s, ageing_s);
	assert_int_equal(now->num_learnt, 0);
}

/* There are either rules or addresses. What the bridge is like is remembered while there are rules. */
static void modes_of_the_eswitch(void **state)
{
	struct request rule = *find(XVIO_CMD_FLOW_ADD);

	(void)state;
	check_eswitch(XVIO_ESWITCH_SWITCHDEV, XVIO_BRIDGE_VEB, XVIO_ESWITCH_AGEING_S);
	assert_int_equal(set_eswitch(XVIO_ESWITCH_SET_MODE, XVIO_ESWITCH_LEGACY, 0, 0),
			 XVIO_ST_BAD_STATE);
	assert_int_equal(set_eswitch(XVIO_ESWITCH_SET_BRIDGE | XVIO_ESWITCH_SET_AGEING, 9,
				     XVIO_BRIDGE_VEPA, 20),
			 XVIO_ST_OK);
	check_eswitch(XVIO_ESWITCH_SWITCHDEV, XVIO_BRIDGE_VEPA, 20);
	assert_int_equal(card_send(XVIO_CMD_FLOW_FLUSH, NULL, 0), XVIO_ST_OK);
	assert_int_equal(set_eswitch(XVIO_ESWITCH_SET_MODE, XVIO_ESWITCH_LEGACY, 9, 0), XVIO_ST_OK);
	check_eswitch(XVIO_ESWITCH_LEGACY, XVIO_BRIDGE_VEPA, 20);
	assert_int_equal(send(&rule), XVIO_ST_BAD_STATE);
	assert_int_equal(set_eswitch(XVIO_ESWITCH_SET_BRIDGE, 9, XVIO_BRIDGE_VEB, 0), XVIO_ST_OK);
	check_eswitch(XVIO_ESWITCH_LEGACY, XVIO_BRIDGE_VEB, 20);
	assert_int_equal(set_eswitch(0, 9, 9, 0), XVIO_ST_OK);
	assert_int_equal(set_eswitch(XVIO_ESWITCH_SET_MODE, XVIO_ESWITCH_SWITCHDEV, 0, 0),
			 XVIO_ST_OK);
	assert_int_equal(send(&rule), XVIO_ST_OK);
	assert_int_equal(send(find(XVIO_CMD_FLOW_DEL)), XVIO_ST_BAD_OBJECT);
	assert_int_equal(card_send(XVIO_CMD_DEV_RESET, NULL, 0), XVIO_ST_OK);
	assert_int_equal(set_eswitch(XVIO_ESWITCH_SET_MODE | XVIO_ESWITCH_SET_BRIDGE,
				     XVIO_ESWITCH_LEGACY, XVIO_BRIDGE_VEPA, 0),
			 XVIO_ST_OK);
	assert_int_equal(card_send(XVIO_CMD_DEV_RESET, NULL, 0), XVIO_ST_OK);
	check_eswitch(XVIO_ESWITCH_SWITCHDEV, XVIO_BRIDGE_VEB, XVIO_ESWITCH_AGEING_S);
}

static void sequence_numbers(void **state)
{
	(void)state;
	fake_mbox_ring(card_seq);
	assert_false(ctrl_poll());
	fake_mbox_ring(0);
	assert_false(ctrl_poll());
	card_seq = 0xfffffffe;
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
	assert_int_equal(card_answer()->seq, 0xffffffff);
}

/* Called at the first DMA of the request: by then nothing of the window counts any more. */
static void rewrite_request(uint64_t op, void *arg)
{
	(void)op;
	(void)arg;
	memset(fake_mbox_request(), 0xff, XVIO_WIN_BYTES);
}

static void request_rewritten_meanwhile(void **state)
{
	(void)state;
	fake_set_script(rewrite_request, NULL);
	assert_int_equal(send(find(XVIO_CMD_VDPA_MAP)), XVIO_ST_OK);
	fake_set_script(NULL, NULL);
	assert_int_equal(card_answer()->seq, card_seq);
	all_good(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_good, prepare),
		cmocka_unit_test_setup(wrong_lengths, prepare),
		cmocka_unit_test_setup(short_rules, prepare),
		cmocka_unit_test_setup(unknown_opcodes, prepare),
		cmocka_unit_test_setup(wrong_fields, prepare),
		cmocka_unit_test_setup(wrong_objects, prepare),
		cmocka_unit_test_setup(modes_of_the_eswitch, prepare),
		cmocka_unit_test_setup(sequence_numbers, prepare),
		cmocka_unit_test_setup(request_rewritten_meanwhile, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
