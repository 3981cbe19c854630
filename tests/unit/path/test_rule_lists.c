/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Which lists of actions, ranges and keys the firmware refuses, with which status and at which byte, by the words
 * of xvio/flow.h; and those next to them that it takes.
 */
#include <stddef.h>
#include "common/bed.h"
#include "common/check.h"
#include "path/flow.h"

#define PORT_A XVIO_PORT_VDPA(0)

#define OFFSET(field)	    ((uint32_t)offsetof(struct xvio_flow_rule, field))
#define AT(i, field)	    OFFSET(action[i].field)
#define MAX_LIST	    4u
#define BIG_ENDIAN16(value) ((xvio_be16)((value) >> 8 | (value) << 8))

static struct bed_port a;
static struct xvio_flow_rule rule;

static int start(void **state)
{
	(void)state;
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 16);
	return 0;
}

static struct xvio_flow_action action(unsigned type, uint32_t arg)
{
	return (struct xvio_flow_action){.type = (uint16_t)type, .arg = arg};
}

static struct xvio_flow_action length(uint8_t longer, uint8_t not_longer)
{
	return (struct xvio_flow_action){
		.type = XVIO_ACTION_LENGTH, .a = longer, .b = not_longer, .arg = 100};
}

static struct xvio_flow_action set(uint8_t header, uint32_t at, const char mask[4])
{
	struct xvio_flow_action made = {.type = XVIO_ACTION_SET, .a = header, .arg = at};

	memcpy(&made.mask, mask, 4);
	return made;
}

/* Up to the first action that is all 0. */
static void make(const struct xvio_flow_action list[MAX_LIST])
{
	memset(&rule, 0, sizeof(rule));
	rule.cookie = 1;
	memcpy(rule.action, list, MAX_LIST * sizeof(*list));
	while (rule.num_actions < MAX_LIST && list[rule.num_actions].type)
		rule.num_actions++;
}

#define MAKE(...) make((const struct xvio_flow_action[MAX_LIST]){__VA_ARGS__})

static void refused(unsigned status, uint32_t offset)
{
	struct xvio_flow_stats stats;
	uint32_t detail = 12345;

	assert_int_equal(flow_add(&rule, &detail), status);
	assert_int_equal(detail, offset);
	assert_int_equal(flow_stats(rule.cookie, &stats), XVIO_ST_BAD_OBJECT);
}

static void taken(void)
{
	uint32_t detail = 0;

	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	assert_int_equal(flow_del(rule.cookie, NULL), XVIO_ST_OK);
}

#define DROP action(XVIO_ACTION_DROP, 0)

static void test_ends(void **state)
{
	unsigned i;

	(void)state;
	MAKE(DROP);
	rule.num_actions = 0;
	refused(XVIO_ST_BAD_VALUE, OFFSET(num_actions));
	rule.num_actions = XVIO_FLOW_MAX_ACTIONS + 1;
	refused(XVIO_ST_BAD_VALUE, OFFSET(num_actions));
	MAKE(action(XVIO_ACTION_MARK, 1));
	refused(XVIO_ST_BAD_VALUE, AT(0, type));
	MAKE(DROP, action(XVIO_ACTION_MIRROR, PORT_A));
	refused(XVIO_ST_BAD_VALUE, AT(1, type));
	MAKE(length(XVIO_NEXT_DROP, XVIO_NEXT_ACCEPT)); /* does not go on, but is no end either */
	refused(XVIO_ST_BAD_VALUE, AT(0, type));
	MAKE(DROP, DROP); /* the second is never met; who cares */
	taken();
	MAKE(DROP);
	rule.num_actions = XVIO_FLOW_MAX_ACTIONS;
	for (i = 0; i < XVIO_FLOW_MAX_ACTIONS - 1; i++)
		rule.action[i] = action(XVIO_ACTION_MARK, i);
	rule.action[i] = DROP;
	taken();
	MAKE(DROP);
	rule.action[1].b = 1; /* behind the last one */
	refused(XVIO_ST_BAD_VALUE, OFFSET(action[1]));
	rule.action[1].b = 0;
	rule.action[XVIO_FLOW_MAX_ACTIONS - 1].mask = 1;
	refused(XVIO_ST_BAD_VALUE, OFFSET(action[XVIO_FLOW_MAX_ACTIONS - 1]));
}

static void test_types(void **state)
{
	(void)state;
	MAKE(action(XVIO_ACTION_CSUM + 1, 0), DROP);
	refused(XVIO_ST_UNSUPPORTED, AT(0, type));
	MAKE(action(XVIO_ACTION_MARK, 1), action(0x8001, 0), DROP);
	refused(XVIO_ST_UNSUPPORTED, AT(1, type));
	MAKE(DROP, DROP);
	rule.action[0].type = 0;
	refused(XVIO_ST_UNSUPPORTED, AT(0, type));
	MAKE(action(XVIO_ACTION_OUTPUT, 999));
	refused(XVIO_ST_BAD_OBJECT, AT(0, arg));
	MAKE(action(XVIO_ACTION_OUTPUT, 0x10000 + PORT_A));
	refused(XVIO_ST_BAD_OBJECT, AT(0, arg));
	MAKE(action(XVIO_ACTION_MIRROR, 999), DROP);
	refused(XVIO_ST_BAD_OBJECT, AT(0, arg));
	MAKE(action(XVIO_ACTION_METER, 7), DROP); /* nobody has made it */
	refused(XVIO_ST_BAD_OBJECT, AT(0, arg));
	MAKE(action(XVIO_ACTION_SAMPLE, 0), DROP);
	refused(XVIO_ST_BAD_VALUE, AT(0, arg));
}

static void test_skips(void **state)
{
	static const uint8_t bad[] = {2, 33, 0x80, 0xfd};
	unsigned i;

	(void)state;
	MAKE(length(XVIO_NEXT_SKIP(1), XVIO_NEXT_SKIP(0)), DROP, DROP);
	taken();
	MAKE(length(XVIO_NEXT_DROP, XVIO_NEXT_ACCEPT), DROP);
	taken();
	for (i = 0; i < sizeof(bad); i++) {
		MAKE(length(bad[i], 0), DROP, DROP);
		refused(XVIO_ST_BAD_VALUE, AT(0, a));
		MAKE(action(XVIO_ACTION_MARK, 1), length(XVIO_NEXT_DROP, bad[i]), DROP, DROP);
		refused(XVIO_ST_BAD_VALUE, AT(1, b));
	}
}

static void test_gotos(void **state)
{
	const struct xvio_flow_action jump = action(XVIO_ACTION_GOTO, 5);
	const struct xvio_flow_action pop = action(XVIO_ACTION_VLAN_POP, 0);

	(void)state;
	MAKE(length(XVIO_NEXT_SKIP(1), 0), jump, DROP);
	taken();
	MAKE(length(XVIO_NEXT_SKIP(1), 0), jump, jump);
	refused(XVIO_ST_UNSUPPORTED, AT(1, type)); /* the first of them */
	MAKE(length(XVIO_NEXT_SKIP(1), 0), pop, DROP);
	taken();
	MAKE(length(XVIO_NEXT_SKIP(1), 0), pop, jump);
	refused(XVIO_ST_UNSUPPORTED, AT(0, a));
	MAKE(length(0, XVIO_NEXT_SKIP(1)), pop, jump);
	refused(XVIO_ST_UNSUPPORTED, AT(0, b));
	MAKE(length(XVIO_NEXT_SKIP(1), 0), action(XVIO_ACTION_MARK, 1), pop, jump);
	taken();
	MAKE(length(XVIO_NEXT_DROP, XVIO_NEXT_ACCEPT), pop, jump); /* passes over nothing */
	taken();
}

static void test_sets(void **state)
{
	static const struct {
		uint8_t header;
		uint32_t at;
		const char *good;
		const char *bad; /* NULL: the place itself */
	} places[] = {
		{XVIO_HDR_ETH, 0, "\xff\xff\xff\xff", NULL},
		{XVIO_HDR_ETH, 8, "\xff\xff\xff\xff", NULL},
		{XVIO_HDR_IPV4, 0, "\x00\xff\x00\x00", "\x01\xff\x00\x00"},
		{XVIO_HDR_IPV4, 8, "\xff\x00\x00\x00", "\xff\x01\x00\x00"},
		{XVIO_HDR_IPV4, 12, "\xff\xff\xff\xff", NULL},
		{XVIO_HDR_IPV4, 16, "\x00\x00\x00\x01", NULL},
		{XVIO_HDR_IPV6, 0, "\x0f\xff\xff\xff", "\x10\x00\x00\x00"},
		{XVIO_HDR_IPV6, 4, "\x00\x00\x00\xff", "\x00\x00\x01\x00"},
		{XVIO_HDR_IPV6, 8, "\xff\xff\xff\xff", NULL},
		{XVIO_HDR_IPV6, 36, "\xff\xff\xff\xff", NULL},
		{XVIO_HDR_TCP, 0, "\xff\xff\xff\xff", NULL},
		{XVIO_HDR_TCP, 12, "\x00\xff\x00\x00", "\x01\x00\x00\x00"},
		{XVIO_HDR_UDP, 0, "\xff\xff\xff\xff", NULL},
	};
	static const struct {
		uint8_t header;
		uint32_t at;
	} nowhere[] = {
		{XVIO_HDR_ETH, 12},  {XVIO_HDR_IPV4, 4},  {XVIO_HDR_IPV4, 20},
		{XVIO_HDR_IPV6, 40}, {XVIO_HDR_TCP, 4},	  {XVIO_HDR_TCP, 16},
		{XVIO_HDR_UDP, 4},   {XVIO_HDR_UDP, 8},	  {XVIO_HDR_IPV4, 13},
		{XVIO_HDR_ETH, 2},   {XVIO_HDR_IPV6, 10}, {XVIO_HDR_ETH, 0x10000},
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		MAKE(set(places[i].header, places[i].at, places[i].good), DROP);
		taken();
		if (!places[i].bad)
			continue;
		MAKE(set(places[i].header, places[i].at, places[i].bad), DROP);
		refused(XVIO_ST_UNSUPPORTED, AT(0, mask));
	}
	for (i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		MAKE(set(nowhere[i].header, nowhere[i].at, "\0\0\0\1"), DROP);
		refused(XVIO_ST_UNSUPPORTED, AT(0, arg));
	}
	MAKE(set(XVIO_HDR_UDP + 1, 0, "\0\0\0\1"), DROP);
	refused(XVIO_ST_UNSUPPORTED, AT(0, a));
	MAKE(action(XVIO_ACTION_ADD_TTL, 255), DROP); /* of Ethernet */
	refused(XVIO_ST_UNSUPPORTED, AT(0, a));
}

/* Fields that a type does not use are 0. */
static void test_unused(void **state)
{
	/* Which ones it uses: a 1, b 2, arg 4, value 8, mask 16. */
	static const uint8_t used[XVIO_ACTION_CSUM + 1] = {
		[XVIO_ACTION_OUTPUT] = 4,
		[XVIO_ACTION_GOTO] = 4,
		[XVIO_ACTION_MIRROR] = 4,
		[XVIO_ACTION_SAMPLE] = 4 | 8 | 16,
		[XVIO_ACTION_METER] = 1 | 2 | 4,
		[XVIO_ACTION_LENGTH] = 1 | 2 | 4,
		[XVIO_ACTION_MARK] = 4,
		[XVIO_ACTION_PRIORITY] = 4,
		[XVIO_ACTION_SET] = 1 | 4 | 8 | 16,
		[XVIO_ACTION_ADD_TTL] = 1 | 4,
		[XVIO_ACTION_VLAN_PUSH] = 4,
		[XVIO_ACTION_VLAN_SET] = 4 | 16,
		[XVIO_ACTION_MPLS_PUSH] = 1 | 4 | 8,
		[XVIO_ACTION_MPLS_POP] = 4,
		[XVIO_ACTION_MPLS_SET] = 8 | 16,
		[XVIO_ACTION_CSUM] = 1,
	};
	static const struct {
		uint8_t a;
		uint32_t arg;
	} good[XVIO_ACTION_CSUM + 1] = {
		[XVIO_ACTION_OUTPUT] = {0, PORT_A},
		[XVIO_ACTION_MIRROR] = {0, PORT_A},
		[XVIO_ACTION_SAMPLE] = {0, 1},
		[XVIO_ACTION_ADD_TTL] = {1, 1},
		[XVIO_ACTION_VLAN_PUSH] = {0, 0x81000001},
		[XVIO_ACTION_VLAN_SET] = {0, 0x81000001},
		[XVIO_ACTION_MPLS_PUSH] = {0, 0x8847},
		[XVIO_ACTION_MPLS_POP] = {0, 0x0800},
		[XVIO_ACTION_CSUM] = {1, 0},
	};
	static const uint32_t offset[] = {AT(0, a), AT(0, b), AT(0, arg), AT(0, value),
					  AT(0, mask)};
	unsigned type, i;

	(void)state;
	for (type = XVIO_ACTION_OUTPUT; type <= XVIO_ACTION_CSUM; type++) {
		if (type == XVIO_ACTION_METER) /* it would need one */
			continue;
		for (i = 0; i < 5; i++) {
			MAKE(action(type, good[type].arg), DROP);
			rule.action[0].a = good[type].a;
			if (i == 0)
				taken();
			if (used[type] >> i & 1)
				continue;
			((uint8_t *)&rule)[offset[i]] = 1;
			refused(XVIO_ST_BAD_VALUE, offset[i]);
		}
	}
}

static void test_ranges(void **state)
{
	(void)state;
	MAKE(DROP);
	rule.tp_src.min = BIG_ENDIAN16(0x0102); /* as numbers on the wire */
	rule.tp_src.max = BIG_ENDIAN16(0x0201);
	taken();
	rule.tp_src.max = rule.tp_src.min;
	taken();
	rule.tp_src.max = BIG_ENDIAN16(0x0101);
	refused(XVIO_ST_BAD_VALUE, OFFSET(tp_src));
	rule.tp_src = (struct xvio_flow_range){0, BIG_ENDIAN16(5)};
	taken();
	rule.tp_dst = (struct xvio_flow_range){BIG_ENDIAN16(5), 0};
	refused(XVIO_ST_BAD_VALUE, OFFSET(tp_dst));
	rule.tp_dst.min = 0;
	rule.mask.tp_src = BIG_ENDIAN16(1);
	refused(XVIO_ST_BAD_VALUE, OFFSET(tp_src)); /* two say which ports */
	rule.mask.tp_src = 0;
	rule.mask.tp_dst = 0xffff;
	taken();
}

static void test_reserved(void **state)
{
	unsigned i;

	(void)state;
	MAKE(DROP);
	for (i = 0; i < 3; i++) {
		rule.reserved[i] = 1;
		refused(XVIO_ST_BAD_VALUE, OFFSET(reserved));
		rule.reserved[i] = 0;
	}
	rule.key.cvlan_tci = 1;
	refused(XVIO_ST_BAD_VALUE, OFFSET(key.cvlan_tci));
	rule.mask.cvlan_tci = 0xffff;
	taken();
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ends), TEST(test_types),  TEST(test_skips),  TEST(test_gotos),
		TEST(test_sets), TEST(test_unused), TEST(test_ranges), TEST(test_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
