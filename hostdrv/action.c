// SPDX-License-Identifier: GPL-2.0
/*
 * What a flower rule does, as actions of the card: any number of copies and one redirect, or drop.
 * Everything else is refused by name and place.
 */
#include "xvio.h"

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

static int action_refuse(const struct flow_action_entry *entry, unsigned int index,
			 struct netlink_ext_ack *extack)
{
	const char *name = entry->id < NUM_FLOW_ACTIONS ? action_names[entry->id] : NULL;

	NL_SET_ERR_MSG_FMT(extack, "xvio: cannot do action %u, %s", index + 1, name ?: "unknown");
	return -EOPNOTSUPP;
}

static int action_output(struct xvio *xv, const struct flow_action_entry *entry,
			 struct xvio_flow_action *out, struct netlink_ext_ack *extack)
{
	struct xvio_repr *repr = xvio_repr_from_netdev(xv, entry->dev);

	if (!repr) {
		if (entry->dev == xv->netdev)
			NL_SET_ERR_MSG_FMT(extack, "xvio: %s is reached by its representor pf0",
					   entry->dev->name);
		else
			NL_SET_ERR_MSG_FMT(extack, "xvio: %s is no representor of this card",
					   entry->dev->name);
		return -EOPNOTSUPP;
	}
	out->type = cpu_to_le16(XVIO_ACTION_OUTPUT);
	out->arg = cpu_to_le32(repr->port);
	return 0;
}

/* Copies may come first, then one redirect or, alone, a drop ends the rule. */
static int action_check_order(const struct flow_action *action, struct netlink_ext_ack *extack)
{
	const struct flow_action_entry *entry;
	unsigned int i;

	if (!flow_action_has_entries(action)) {
		NL_SET_ERR_MSG(extack, "xvio: a rule without action cannot be offloaded");
		return -EOPNOTSUPP;
	}
	if (action->num_entries > XVIO_FLOW_MAX_ACTIONS) {
		NL_SET_ERR_MSG_FMT(extack, "xvio: more than %u actions", XVIO_FLOW_MAX_ACTIONS);
		return -EOPNOTSUPP;
	}
	flow_action_for_each(i, entry, action)
	{
		bool last = flow_action_is_last_entry(action, entry);

		if (entry->id == FLOW_ACTION_MIRRED && last) {
			NL_SET_ERR_MSG(extack, "xvio: a mirror must be followed by a redirect");
			return -EOPNOTSUPP;
		}
		if (entry->id == FLOW_ACTION_REDIRECT && !last) {
			NL_SET_ERR_MSG(extack, "xvio: a redirect must be the last action");
			return -EOPNOTSUPP;
		}
		if (entry->id == FLOW_ACTION_DROP && action->num_entries > 1) {
			NL_SET_ERR_MSG(extack, "xvio: a drop must be the only action");
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

int xvio_action_parse(struct xvio *xv, const struct flow_cls_offload *cls,
		      struct xvio_flow_rule *rule)
{
	const struct flow_action *action = &cls->rule->action;
	struct netlink_ext_ack *extack = cls->common.extack;
	const struct flow_action_entry *entry;
	unsigned int i;
	int err;

	if (!flow_action_hw_stats_check(action, extack, FLOW_ACTION_HW_STATS_DELAYED_BIT))
		return -EOPNOTSUPP;
	err = action_check_order(action, extack);
	if (err)
		return err;
	flow_action_for_each(i, entry, action)
	{
		switch (entry->id) {
		case FLOW_ACTION_DROP:
			rule->action[i].type = cpu_to_le16(XVIO_ACTION_DROP);
			break;
		case FLOW_ACTION_REDIRECT:
		case FLOW_ACTION_MIRRED:
			err = action_output(xv, entry, &rule->action[i], extack);
			break;
		default:
			err = action_refuse(entry, i, extack);
		}
		if (err)
			return err;
	}
	rule->num_actions = cpu_to_le16(i);
	return 0;
}
