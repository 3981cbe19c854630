/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Rules with lists of actions, for tests that are not about the lists. */
#ifndef COMMON_ACT_H
#define COMMON_ACT_H

#include <string.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include "common/check.h"
#include "path/flow.h"

/* Puts a copy to a port at a rule's end. */
static inline void act_copy(struct xvio_flow_rule *rule, uint16_t port)
{
	rule->action[rule->num_actions++] =
		(struct xvio_flow_action){.type = XVIO_ACTION_MIRROR, .arg = port};
}

/* A new destination address, whole. */
static inline void act_eth_dst(struct xvio_flow_rule *rule, const uint8_t mac[6])
{
	struct xvio_flow_action set[2] = {
		{.type = XVIO_ACTION_SET, .a = XVIO_HDR_ETH, .arg = 0, .mask = 0xffffffff},
		{.type = XVIO_ACTION_SET, .a = XVIO_HDR_ETH, .arg = 4, .mask = 0x0000ffff},
	};

	memcpy(&set[0].value, mac, 4);
	memcpy(&set[1].value, mac + 4, 2);
	memcpy(&rule->action[rule->num_actions], set, sizeof(set));
	rule->num_actions += 2;
}

/* The last copy is the packet itself: adds the rule. */
static inline void act_end(struct xvio_flow_rule *rule)
{
	uint32_t detail;

	rule->action[rule->num_actions - 1].type = XVIO_ACTION_OUTPUT;
	assert_int_equal(flow_add(rule, &detail), XVIO_ST_OK);
}

#endif
