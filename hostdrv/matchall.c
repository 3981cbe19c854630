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

int xvio_matchall_add(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	struct flow_cls_offload cls = {
		.common = mall->common,
		.cookie = mall->cookie,
		.rule = mall->rule,
	};
	struct matchall_key none = {};
	struct flow_dissector dissector;
	int err;

	skb_flow_dissector_init(&dissector, matchall_keys, ARRAY_SIZE(matchall_keys));
	mall->rule->match = (struct flow_match){&dissector, &none, &none};
	err = xvio_flow_add(repr, &cls);
	mall->rule->match = (struct flow_match){};
	return err;
}

int xvio_matchall_del(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	struct flow_cls_offload cls = {.cookie = mall->cookie};

	return xvio_flow_del(repr, &cls);
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
