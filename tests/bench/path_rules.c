/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Rules and frames of the path's own benchmark (path_rules.h). Case b's ACL: three rules of four let
 * flows to one server and service pass, each in its own mask of exact fields; the fourth stops a
 * network of senders, before the others, and no flow comes from one.
 */
#include "bench/path_rules.h"

#include <string.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include "bench/path_case.h"
#include "bench/path_platform.h"
#include "lib/endian.h"
#include "lib/fmt.h"
#include "path/flow.h"

#define PATH_ETH_IPV4 0x0800u
#define PATH_UDP      17u

/* Cookies are the rule's number and one. */
static bool path_acl_stops(uint32_t rule)
{
	return rule % 4 == 3;
}

/* Which ACL rule lets a flow pass. */
static uint32_t path_acl_of(const struct path_rules *rules, uint32_t flow)
{
	uint32_t num_pass = rules->num_acl - rules->num_acl / 4;
	uint32_t i = flow % num_pass;

	return i / 3 * 4 + i % 3;
}

static void path_acl_mac(uint32_t rule, uint8_t mac[6])
{
	static const uint8_t base[4] = {0x06, 0x5a, 0xa5, 0x01};

	memcpy(mac, base, 4);
	mac[4] = (uint8_t)(rule >> 8);
	mac[5] = (uint8_t)rule;
}

static const char *path_rules_add(const struct xvio_flow_rule *rule)
{
	static char why[80];
	struct fmt text = fmt_begin(why, sizeof(why));
	uint32_t detail;
	unsigned status = flow_add(rule, &detail);

	if (status == XVIO_ST_OK)
		return NULL;
	fmt_text(&text, "flow_add() answers status ");
	fmt_decimal(&text, status);
	fmt_text(&text, " for byte ");
	fmt_decimal(&text, detail);
	return why;
}

static void path_rule_output(struct xvio_flow_rule *rule, uint16_t port)
{
	rule->action[rule->num_actions++] =
		(struct xvio_flow_action){.type = XVIO_ACTION_OUTPUT, .arg = port};
}

static void path_rule_rewrite(struct xvio_flow_rule *rule, const uint8_t mac[6])
{
	struct xvio_flow_action *action = &rule->action[rule->num_actions];

	action[0] = (struct xvio_flow_action){
		.type = XVIO_ACTION_SET, .a = XVIO_HDR_ETH, .arg = 0, .mask = 0xffffffff};
	action[1] = (struct xvio_flow_action){
		.type = XVIO_ACTION_SET, .a = XVIO_HDR_ETH, .arg = 4, .mask = 0x0000ffff};
	memcpy(&action[0].value, mac, 4);
	memcpy(&action[1].value, mac + 4, 2);
	rule->num_actions += 2;
}

static const char *path_rules_add_ports(const struct path_rules *rules)
{
	uint16_t way[2][2] = {{rules->from, rules->to}, {rules->to, rules->from}};
	const char *why = NULL;
	unsigned i;

	for (i = 0; i < 2 && !why; i++) {
		struct xvio_flow_rule rule = {
			.cookie = i + 1,
			.prio = 1,
			.key.in_port = way[i][0],
			.mask.in_port = 0xffff,
		};

		path_rule_output(&rule, way[i][1]);
		why = path_rules_add(&rule);
	}
	return why;
}

/* What an ACL rule matches of a server: every third by another set of fields. */
static void path_acl_match(struct xvio_flow_rule *rule, uint32_t number)
{
	rule->key.eth_type = endian_swap16(PATH_ETH_IPV4);
	rule->mask.eth_type = 0xffff;
	if (path_acl_stops(number)) {
		rule->key.ip_src[0] = 172;
		rule->key.ip_src[1] = 16;
		rule->key.ip_src[2] = (uint8_t)number;
		memset(rule->mask.ip_src, 0xff, 3);
		return;
	}
	rule->key.ip_dst[0] = 10;
	rule->key.ip_dst[1] = 2;
	rule->key.ip_dst[2] = (uint8_t)(number >> 8);
	rule->key.ip_dst[3] = (uint8_t)number;
	memset(rule->mask.ip_dst, 0xff, 4);
	if (number % 4 >= 1) {
		rule->key.ip_proto = PATH_UDP;
		rule->mask.ip_proto = 0xff;
	}
	if (number % 4 >= 2) {
		rule->key.tp_dst = endian_swap16(53);
		rule->mask.tp_dst = 0xffff;
	}
}

static const char *path_rules_add_acl(const struct path_rules *rules)
{
	const char *why = NULL;
	uint32_t i;

	for (i = 0; i < rules->num_acl && !why; i++) {
		struct xvio_flow_rule rule = {
			.cookie = i + 1,
			.prio = path_acl_stops(i) ? 10 : 20 + i % 4,
			.key.in_port = rules->from,
			.mask.in_port = 0xffff,
		};
		uint8_t mac[6];

		path_acl_match(&rule, i);
		path_acl_mac(i, mac);
		if (!path_acl_stops(i)) {
			if (rules->rewrite)
				path_rule_rewrite(&rule, mac);
			path_rule_output(&rule, rules->to);
		} else {
			rule.action[rule.num_actions++].type = XVIO_ACTION_DROP;
		}
		why = path_rules_add(&rule);
	}
	return why;
}

const char *path_rules_install(const struct path_rules *rules)
{
	return rules->num_acl ? path_rules_add_acl(rules) : path_rules_add_ports(rules);
}

/* All flows in turn, in an order that has nothing to do with where tables keep them. */
static uint32_t path_flow_of(const struct path_rules *rules, uint64_t number)
{
	return (uint32_t)(number * 2654435761u) % rules->num_flows;
}

void path_rules_frame(const struct path_rules *rules, uint64_t number, uint8_t *frame, bool arrived)
{
	static const uint8_t headers[42] = {
		0x02, 0,
		0,    0,
		0,    1,
		0x02, 0,
		0,    0,
		0,    0,
		0x08, 0x00, /* Ethernet, IPv4 */
		0x45, 0,
		0,    PATH_FRAME_BYTES - 14,
		0,    0,
		0x40, 0,
		64,   PATH_UDP,
		0,    0,
		10,   1,
		0,    0,
		10,   2,
		0,    0, /* UDP, to port 53 */
		0,    0,
		0,    53,
		0,    PATH_FRAME_BYTES - 34,
		0,    0,
	};
	uint32_t flow = path_flow_of(rules, number);
	uint32_t acl = rules->num_acl ? path_acl_of(rules, flow) : 0;
	uint32_t i;

	memcpy(frame, headers, sizeof(headers));
	if (arrived && rules->rewrite)
		path_acl_mac(acl, frame);
	frame[28] = (uint8_t)(flow >> 16);
	frame[29] = (uint8_t)(flow >> 8);
	frame[32] = (uint8_t)(acl >> 8);
	frame[33] = (uint8_t)acl;
	frame[34] = (uint8_t)(flow >> 8 | 0x80);
	frame[35] = (uint8_t)flow;
	memcpy(frame + 42, &number, 8);
	for (i = 50; i < PATH_FRAME_BYTES; i++)
		frame[i] = (uint8_t)(number * 31 + i);
}

void path_rules_check(const struct path_rules *rules, uint64_t num)
{
	uint32_t num_rules = rules->num_acl ? rules->num_acl : 2;
	uint64_t passed = 0;
	uint32_t i;

	for (i = 0; i < num_rules; i++) {
		struct xvio_flow_stats stats;

		if (flow_stats(i + 1, &stats) != XVIO_ST_OK)
			path_platform_fail("rules: one has gone");
		if (rules->num_acl && path_acl_stops(i) && stats.packets)
			path_platform_fail("rules: one counted what it does not match");
		if (stats.bytes != stats.packets * PATH_FRAME_BYTES)
			path_platform_fail("rules: bytes and packets do not agree");
		passed += stats.packets;
	}
	if (passed != num)
		path_platform_fail("rules: not every packet was counted once");
}
