// SPDX-License-Identifier: GPL-2.0
/*
 * What a flower rule does, as actions of the card: where packets go is here, what changes them in
 * action_edit.c, police in police.c. What the card cannot do is refused by name and place.
 */
#include <linux/etherdevice.h>

#include "action.h"

static const char *const action_names[NUM_FLOW_ACTIONS] = {
	[FLOW_ACTION_ACCEPT] = "pass",
	[FLOW_ACTION_DROP] = "drop",
	[FLOW_ACTION_TRAP] = "trap",
	[FLOW_ACTION_GOTO] = "goto chain",
	[FLOW_ACTION_REDIRECT] = "mirred egress redirect",
	[FLOW_ACTION_MIRRED] = "mirred egress mirror",
	[FLOW_ACTION_REDIRECT_INGRESS] = "mirred ingress redirect",
	[FLOW_ACTION_MIRRED_INGRESS] = "mirred ingress mirror",
	[FLOW_ACTION_VLAN_PUSH] = "vlan push",
	[FLOW_ACTION_VLAN_POP] = "vlan pop",
	[FLOW_ACTION_VLAN_MANGLE] = "vlan modify",
	[FLOW_ACTION_TUNNEL_ENCAP] = "tunnel_key set",
	[FLOW_ACTION_TUNNEL_DECAP] = "tunnel_key unset",
	[FLOW_ACTION_MANGLE] = "pedit",
	[FLOW_ACTION_ADD] = "pedit add",
	[FLOW_ACTION_CSUM] = "csum",
	[FLOW_ACTION_MARK] = "skbedit mark",
	[FLOW_ACTION_PTYPE] = "skbedit ptype",
	[FLOW_ACTION_PRIORITY] = "skbedit priority",
	[FLOW_ACTION_RX_QUEUE_MAPPING] = "skbedit queue_mapping",
	[FLOW_ACTION_SAMPLE] = "sample",
	[FLOW_ACTION_POLICE] = "police",
	[FLOW_ACTION_CT] = "ct",
	[FLOW_ACTION_CT_METADATA] = "ct",
	[FLOW_ACTION_MPLS_PUSH] = "mpls push",
	[FLOW_ACTION_MPLS_POP] = "mpls pop",
	[FLOW_ACTION_MPLS_MANGLE] = "mpls modify",
	[FLOW_ACTION_GATE] = "gate",
	[FLOW_ACTION_PPPOE_PUSH] = "vlan push pppoe",
	[FLOW_ACTION_JUMP] = "jump",
	[FLOW_ACTION_PIPE] = "pipe",
	[FLOW_ACTION_VLAN_PUSH_ETH] = "vlan push_eth",
	[FLOW_ACTION_VLAN_POP_ETH] = "vlan pop_eth",
	[FLOW_ACTION_CONTINUE] = "continue",
};

int xvio_action_refuse(struct xvio_action_list *list, const char *what)
{
	NL_SET_ERR_MSG_FMT(list->extack, "xvio: %s", what);
	return -EOPNOTSUPP;
}

static int action_refuse_entry(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	const char *name = entry->id < NUM_FLOW_ACTIONS ? action_names[entry->id] : NULL;

	NL_SET_ERR_MSG_FMT(list->extack, "xvio: cannot do action %u, %s", list->num_tc,
			   name ?: "unknown");
	return -EOPNOTSUPP;
}

struct xvio_flow_action *xvio_action_append(struct xvio_action_list *list, u16 type)
{
	unsigned int num = xvio_action_num(list);
	struct xvio_flow_action *out;

	if (num == XVIO_FLOW_MAX_ACTIONS) {
		NL_SET_ERR_MSG_FMT(list->extack, "xvio: more than %u actions on the card",
				   XVIO_FLOW_MAX_ACTIONS);
		return NULL;
	}
	out = &list->rule->action[num];
	*out = (struct xvio_flow_action){.type = cpu_to_le16(type)};
	memset(list->target[num], XVIO_ACTION_NO_TARGET, sizeof(list->target[num]));
	list->rule->num_actions = cpu_to_le16(num + 1);
	return out;
}

static int action_append_arg(struct xvio_action_list *list, u16 type, u32 arg)
{
	struct xvio_flow_action *out = xvio_action_append(list, type);

	if (!out)
		return -EOPNOTSUPP;
	out->arg = cpu_to_le32(arg);
	return 0;
}

static int action_to_port(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	u16 type = entry->id == FLOW_ACTION_MIRRED ? XVIO_ACTION_MIRROR : XVIO_ACTION_OUTPUT;
	struct xvio_repr *repr = xvio_repr_from_netdev(list->xv, entry->dev);

	if (repr)
		return action_append_arg(list, type, repr->port);
	if (entry->dev == list->xv->netdev)
		NL_SET_ERR_MSG_FMT(list->extack, "xvio: %s is reached by its representor pf0",
				   entry->dev->name);
	else
		NL_SET_ERR_MSG_FMT(list->extack, "xvio: %s is no representor of this card",
				   entry->dev->name);
	return -EOPNOTSUPP;
}

/* A rule uses the groups of those SAMPLEs that are in it. */
static int action_sample(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	u32 bytes = entry->sample.truncate ? entry->sample.trunc_size : 0, group;
	struct xvio_flow_action *out;
	int err;

	if (entry->sample.truncate && bytes < ETH_HLEN)
		return xvio_action_refuse(list, "cannot truncate samples to less than 14 bytes");
	err = xvio_sample_get(list->xv, entry->sample.psample_group, entry->sample.rate, &group,
			      list->extack);
	if (err)
		return err;
	out = xvio_action_append(list, XVIO_ACTION_SAMPLE);
	if (!out) {
		xvio_sample_put(list->xv, group);
		return -EOPNOTSUPP;
	}
	out->arg = cpu_to_le32(entry->sample.rate);
	out->value = (__force __be32)cpu_to_le32(group);
	out->mask = (__force __be32)cpu_to_le32(bytes);
	return 0;
}

static int action_add(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	switch (entry->id) {
	case FLOW_ACTION_ACCEPT:
		return action_append_arg(list, XVIO_ACTION_ACCEPT, 0);
	case FLOW_ACTION_DROP:
		return action_append_arg(list, XVIO_ACTION_DROP, 0);
	case FLOW_ACTION_TRAP:
		return action_append_arg(list, XVIO_ACTION_TRAP, 0);
	case FLOW_ACTION_GOTO:
		return action_append_arg(list, XVIO_ACTION_GOTO, entry->chain_index);
	case FLOW_ACTION_MARK:
		return action_append_arg(list, XVIO_ACTION_MARK, entry->mark);
	case FLOW_ACTION_PRIORITY:
		return action_append_arg(list, XVIO_ACTION_PRIORITY, entry->priority);
	case FLOW_ACTION_REDIRECT:
	case FLOW_ACTION_MIRRED:
		return action_to_port(list, entry);
	case FLOW_ACTION_SAMPLE:
		return action_sample(list, entry);
	case FLOW_ACTION_POLICE:
		return xvio_action_police(list, entry);
	case FLOW_ACTION_MANGLE:
		return xvio_action_pedit(list, entry);
	case FLOW_ACTION_ADD:
		return xvio_action_pedit_add(list, entry);
	case FLOW_ACTION_CSUM:
		return xvio_action_csum(list, entry);
	case FLOW_ACTION_VLAN_PUSH:
	case FLOW_ACTION_VLAN_POP:
	case FLOW_ACTION_VLAN_MANGLE:
		return xvio_action_vlan(list, entry);
	case FLOW_ACTION_MPLS_PUSH:
	case FLOW_ACTION_MPLS_POP:
	case FLOW_ACTION_MPLS_MANGLE:
		return xvio_action_mpls(list, entry);
	default:
		return action_refuse_entry(list, entry);
	}
}

/* Of tc's actions only a pedit is handed over as more than one entry, each with its name. */
static bool action_begins(const struct flow_action *action, unsigned int i)
{
	const struct flow_action_entry *entry = &action->entries[i];

	if (!i || (entry->id != FLOW_ACTION_MANGLE && entry->id != FLOW_ACTION_ADD))
		return true;
	return entry->cookie != entry[-1].cookie;
}

static bool action_is_of_type(const struct xvio_flow_action *action, u16 type)
{
	return le16_to_cpu(action->type) == type;
}

static bool action_ends(const struct xvio_flow_action *action)
{
	u16 type = le16_to_cpu(action->type);

	return type >= XVIO_ACTION_OUTPUT && type <= XVIO_ACTION_GOTO;
}

static bool action_branches(const struct xvio_flow_action *action)
{
	return action_is_of_type(action, XVIO_ACTION_METER) ||
	       action_is_of_type(action, XVIO_ACTION_LENGTH);
}

static bool action_changes(const struct xvio_flow_action *action)
{
	return le16_to_cpu(action->type) >= XVIO_ACTION_SET;
}

/* Behind the last of tc's actions a packet is let pass. */
static int action_finish(struct xvio_action_list *list)
{
	unsigned int num = xvio_action_num(list), i, k, target, start;
	struct xvio_flow_action *action = list->rule->action;

	if (!num || !action_ends(&action[num - 1])) {
		if (!xvio_action_append(list, XVIO_ACTION_ACCEPT))
			return -EOPNOTSUPP;
	}
	for (i = 0; i < num; i++) {
		for (k = 0; k < 2; k++) {
			target = list->target[i][k];
			if (target == XVIO_ACTION_NO_TARGET)
				continue;
			start = target < list->num_tc ? list->start[target] : num;
			*(k ? &action[i].b : &action[i].a) =
				start < num ? XVIO_NEXT_SKIP(start - (i + 1)) : XVIO_NEXT_ACCEPT;
		}
	}
	return 0;
}

static bool action_skips_change(const struct xvio_flow_rule *rule, unsigned int i)
{
	unsigned int skip = 0, k;

	if (rule->action[i].a < XVIO_FLOW_MAX_ACTIONS)
		skip = rule->action[i].a;
	if (rule->action[i].b < XVIO_FLOW_MAX_ACTIONS)
		skip = max_t(unsigned int, skip, rule->action[i].b);
	for (k = i + 1; k <= i + skip; k++)
		if (action_changes(&rule->action[k]))
			return true;
	return false;
}

/* The card looks a packet up once more with the key it has where the list's one GOTO is. */
static int action_check_goto(struct xvio_action_list *list)
{
	const struct xvio_flow_rule *rule = list->rule;
	unsigned int num = xvio_action_num(list), num_goto = 0, i;

	for (i = 0; i < num; i++)
		num_goto += action_is_of_type(&rule->action[i], XVIO_ACTION_GOTO);
	if (num_goto > 1)
		return xvio_action_refuse(list, "cannot go to two chains in one rule");
	for (i = 0; num_goto && i < num; i++)
		if (action_branches(&rule->action[i]) && action_skips_change(rule, i))
			return xvio_action_refuse(
				list, "cannot jump over a change in a rule with goto chain");
	return 0;
}

/* Software looks at a packet that leaves the card's rules here: at what chain, it may not know. */
static bool action_reaches_host(const struct xvio_flow_action *action)
{
	switch (le16_to_cpu(action->type)) {
	case XVIO_ACTION_ACCEPT:
	case XVIO_ACTION_TRAP:
		return true;
	case XVIO_ACTION_GOTO:
		return !XVIO_HAS_TC_CHAIN;
	default:
		return action_branches(action) &&
		       (action->a == XVIO_NEXT_ACCEPT || action->b == XVIO_NEXT_ACCEPT);
	}
}

bool xvio_action_only_passes(const struct xvio_flow_rule *rule)
{
	unsigned int i;

	for (i = 0; i < le16_to_cpu(rule->num_actions); i++) {
		const struct xvio_flow_action *action = &rule->action[i];

		if (action_ends(action) && !action_is_of_type(action, XVIO_ACTION_ACCEPT) &&
		    !action_is_of_type(action, XVIO_ACTION_TRAP))
			return false;
		if (action_branches(action) &&
		    (action->a == XVIO_NEXT_DROP || action->b == XVIO_NEXT_DROP))
			return false;
	}
	return true;
}

/*
 * Software begins at chain 0 with what the card lets pass, and a rule that is in software, too,
 * would copy or change it once more. tc does not say whether it is; without skip_sw, and without
 * verbose, it gives no extack.
 */
static int action_check_repeat(struct xvio_action_list *list)
{
	const struct xvio_flow_rule *rule = list->rule;
	unsigned int i;
	bool done = false;

	if (list->extack)
		return 0;
	for (i = 0; i < xvio_action_num(list); i++) {
		done |= action_changes(&rule->action[i]) ||
			action_is_of_type(&rule->action[i], XVIO_ACTION_MIRROR) ||
			action_is_of_type(&rule->action[i], XVIO_ACTION_SAMPLE);
		if (done && action_reaches_host(&rule->action[i]))
			return -EOPNOTSUPP;
	}
	return 0;
}

static void action_init(struct xvio_action_list *list)
{
	const struct xvio_flow_rule *rule = list->rule;

	list->eth_type = rule->mask.eth_type == htons(0xffff) ? rule->key.eth_type : 0;
	if (list->eth_type == htons(ETH_P_IP) || list->eth_type == htons(ETH_P_IPV6))
		list->ip_proto = rule->mask.ip_proto == 0xff ? rule->key.ip_proto : 0;
}

void xvio_action_release(struct xvio *xv, const struct xvio_flow_rule *rule,
			 struct xvio_meter **meters)
{
	unsigned int i;

	for (i = 0; meters && meters[i]; i++)
		xvio_meter_put(xv, meters[i]);
	for (i = 0; i < le16_to_cpu(rule->num_actions); i++)
		if (action_is_of_type(&rule->action[i], XVIO_ACTION_SAMPLE))
			xvio_sample_put(xv, le32_to_cpu((__force __le32)rule->action[i].value));
}

int xvio_action_parse(struct xvio *xv, const struct flow_cls_offload *cls,
		      struct xvio_flow_rule *rule, struct xvio_meter **meters)
{
	const struct flow_action *action = &cls->rule->action;
	struct xvio_action_list list = {
		.xv = xv,
		.extack = cls->common.extack,
		.rule = rule,
		.meters = meters,
	};
	unsigned int i;
	int err;

	if (!flow_action_has_entries(action))
		return xvio_action_refuse(&list, "a rule without action cannot be offloaded");
	if (!flow_action_hw_stats_check(action, list.extack, FLOW_ACTION_HW_STATS_DELAYED_BIT))
		return -EOPNOTSUPP;
	action_init(&list);
	for (i = 0; i < action->num_entries; i++) {
		if (action_begins(action, i)) {
			if (list.num_tc == TCA_ACT_MAX_PRIO)
				return xvio_action_refuse(&list, "too many actions");
			list.start[list.num_tc++] = xvio_action_num(&list);
		}
		err = action_add(&list, &action->entries[i]);
		if (err)
			return err;
	}
	err = action_finish(&list);
	if (!err)
		err = action_check_goto(&list);
	if (!err)
		err = action_check_repeat(&list);
	return err;
}
