// SPDX-License-Identifier: GPL-2.0
/*
 * tc's matchall rules: to the card, flower rules without a key. tc hands over no match at all, so
 * that one is put in its place that says nothing.
 */
#include <net/pkt_cls.h>

#include "xvio.h"

/* What every flower rule has; all masks are 0. */
struct matchall_key {
	struct flow_dissector_key_control control;
	struct flow_dissector_key_basic basic;
};

static const struct flow_dissector_key matchall_keys[] = {
	{FLOW_DISSECTOR_KEY_CONTROL, offsetof(struct matchall_key, control)},
	{FLOW_DISSECTOR_KEY_BASIC, offsetof(struct matchall_key, basic)},
};

static int matchall_put(struct xvio_repr *repr, const struct tc_cls_matchall_offload *mall,
			struct flow_rule *rule)
{
	struct flow_cls_offload cls = {
		.common = mall->common,
		.cookie = mall->cookie,
		.rule = rule,
	};
	struct matchall_key none = {};
	struct flow_dissector dissector;
	int err;

	skb_flow_dissector_init(&dissector, matchall_keys, ARRAY_SIZE(matchall_keys));
	rule->match = (struct flow_match){&dissector, &none, &none};
	err = xvio_flow_add(repr, &cls);
	rule->match = (struct flow_match){};
	return err;
}

/*
 * Police that lets the port's next filter have what does not exceed: as OVS makes it of ingress_policing_rate. On the
 * card a rule leads on to chains only. So the others go to a chain that tc cannot name, as long as this one is there.
 */
static bool matchall_polices(const struct tc_cls_matchall_offload *mall)
{
	const struct flow_action *action = &mall->rule->action;

	return flow_offload_has_one_action(action) && action->entries[0].id == FLOW_ACTION_POLICE &&
	       action->entries[0].police.notexceed.act_id == FLOW_ACTION_CONTINUE;
}

/* The same, in tc's words: what does not exceed goes on to that chain. */
static struct flow_rule *matchall_police_rule(const struct tc_cls_matchall_offload *mall)
{
	const struct flow_action_entry *police = &mall->rule->action.entries[0];
	struct flow_rule *rule = flow_rule_alloc(2);

	if (!rule)
		return NULL;
	rule->action.entries[0] = *police;
	rule->action.entries[0].police.notexceed.act_id = FLOW_ACTION_PIPE;
	rule->action.entries[1].id = FLOW_ACTION_GOTO;
	rule->action.entries[1].hw_stats = police->hw_stats;
	rule->action.entries[1].chain_index = XVIO_CHAIN_POLICED;
	return rule;
}

static int matchall_police(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	struct flow_rule *rule;
	int err;

	if (mall->common.prio != 1 || mall->common.chain_index ||
	    mall->common.protocol != htons(ETH_P_ALL)) {
		NL_SET_ERR_MSG(mall->common.extack,
			       "xvio: police continues in prio 1 of chain 0, protocol all, only");
		return -EOPNOTSUPP;
	}
	rule = matchall_police_rule(mall);
	if (!rule)
		return -ENOMEM;
	xvio_flow_move_port(repr, 0, XVIO_CHAIN_POLICED);
	err = matchall_put(repr, mall, rule);
	if (err)
		xvio_flow_move_port(repr, XVIO_CHAIN_POLICED, 0);
	else
		repr->police_cookie = mall->cookie;
	kfree(rule);
	return err;
}

int xvio_matchall_add(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	if (matchall_polices(mall))
		return matchall_police(repr, mall);
	return matchall_put(repr, mall, mall->rule);
}

int xvio_matchall_del(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	struct flow_cls_offload cls = {.cookie = mall->cookie};
	const int err = xvio_flow_del(repr, &cls);

	if (!err && repr->police_cookie == mall->cookie) {
		repr->police_cookie = 0;
		xvio_flow_move_port(repr, XVIO_CHAIN_POLICED, 0);
	}
	return err;
}

int xvio_matchall_stats(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	struct flow_cls_offload cls = {.cookie = mall->cookie};
	int err;

	err = xvio_flow_stats(repr, &cls);
	if (!err)
		mall->stats = cls.stats;
	return err;
}
