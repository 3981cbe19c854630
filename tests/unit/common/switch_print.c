/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Rules for people (switch_bed.h). */
#include <stddef.h>
#include <stdio.h>
#include "common/switch_bed.h"

static const char *action_name(unsigned type)
{
	static const char *const names[] = {
		"?",	     "OUTPUT",	 "DROP",     "ACCEPT",	  "TRAP",     "GOTO",	  "MIRROR",
		"SAMPLE",    "METER",	 "LENGTH",   "MARK",	  "PRIORITY", "SET",	  "ADD_TTL",
		"VLAN_PUSH", "VLAN_POP", "VLAN_SET", "MPLS_PUSH", "MPLS_POP", "MPLS_SET", "CSUM",
	};

	return type <= XVIO_ACTION_CSUM ? names[type] : "?";
}

static void print_field(const struct xvio_flow_rule *rule, const char *name, size_t offset,
			size_t len_bytes)
{
	const uint8_t *key = (const uint8_t *)&rule->key + offset;
	const uint8_t *mask = (const uint8_t *)&rule->mask + offset;
	bool any = false;
	size_t i;

	for (i = 0; i < len_bytes; i++)
		any |= mask[i] != 0;
	if (!any)
		return;
	printf(" %s ", name);
	for (i = 0; i < len_bytes; i++)
		printf("%02x", key[i]);
	printf("/");
	for (i = 0; i < len_bytes; i++)
		printf("%02x", mask[i]);
}

#define PRINT_FIELD(rule, name)                                        \
	print_field(rule, #name, offsetof(struct xvio_flow_key, name), \
		    sizeof(((struct xvio_flow_key *)0)->name))

static void print_range(const char *name, const struct xvio_flow_range *range)
{
	if (range->min || range->max)
		printf(" %s %u-%u", name, __builtin_bswap16(range->min),
		       __builtin_bswap16(range->max));
}

void switch_print_rule(const struct xvio_flow_rule *rule)
{
	unsigned i;

	printf("  rule %llu, chain %u, prio %u:", (unsigned long long)rule->cookie, rule->chain,
	       rule->prio);
	if (rule->mask.in_port)
		printf(" in_port %u/%x", rule->key.in_port, rule->mask.in_port);
	PRINT_FIELD(rule, eth_type);
	PRINT_FIELD(rule, eth_dst);
	PRINT_FIELD(rule, eth_src);
	PRINT_FIELD(rule, vlan_tci);
	PRINT_FIELD(rule, vlan_tpid);
	PRINT_FIELD(rule, cvlan_tci);
	PRINT_FIELD(rule, flags);
	PRINT_FIELD(rule, ip_proto);
	PRINT_FIELD(rule, ip_tos);
	PRINT_FIELD(rule, ip_ttl);
	PRINT_FIELD(rule, tp_src);
	PRINT_FIELD(rule, tp_dst);
	PRINT_FIELD(rule, tcp_flags);
	PRINT_FIELD(rule, ip_src);
	PRINT_FIELD(rule, ip_dst);
	print_range("src", &rule->tp_src);
	print_range("dst", &rule->tp_dst);
	printf("\n");
	for (i = 0; i < rule->num_actions; i++) {
		const struct xvio_flow_action *action = &rule->action[i];
		const uint8_t *value = (const uint8_t *)&action->value;
		const uint8_t *mask = (const uint8_t *)&action->mask;

		printf("    %2u %-9s a %u b %u arg %u (%x) value %02x%02x%02x%02x mask "
		       "%02x%02x%02x%02x\n",
		       i, action_name(action->type), action->a, action->b, action->arg, action->arg,
		       value[0], value[1], value[2], value[3], mask[0], mask[1], mask[2], mask[3]);
	}
}
