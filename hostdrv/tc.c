// SPDX-License-Identifier: GPL-2.0
/*
 * tc on representors: binds the ingress block of one and hands its rules to flow.c (rtnl).
 * Actions that tc knows by an index change without their rules: that is listened to, for police.
 */
#include "tc.h"
#include "xvio.h"

static LIST_HEAD(tc_block_cbs);

static int tc_flower(struct xvio_repr *repr, struct flow_cls_offload *cls)
{
	switch (cls->command) {
	case FLOW_CLS_REPLACE:
		if (!tc_can_offload_extack(repr->netdev, cls->common.extack))
			return -EOPNOTSUPP;
		return xvio_flow_add(repr, cls);
	case FLOW_CLS_DESTROY:
		return xvio_flow_del(repr, cls);
	case FLOW_CLS_STATS:
		return xvio_flow_stats(repr, cls);
	default:
		return -EOPNOTSUPP;
	}
}

static int tc_matchall(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall)
{
	switch (mall->command) {
	case TC_CLSMATCHALL_REPLACE:
		if (!tc_can_offload_extack(repr->netdev, mall->common.extack))
			return -EOPNOTSUPP;
		return xvio_matchall_add(repr, mall);
	case TC_CLSMATCHALL_DESTROY:
		return xvio_matchall_del(repr, mall);
	case TC_CLSMATCHALL_STATS:
		return xvio_matchall_stats(repr, mall);
	default:
		return -EOPNOTSUPP;
	}
}

/* Requests of all classifiers begin with the same. */
static int tc_refuse(enum tc_setup_type type, struct flow_cls_common_offload *common,
		     const char *why)
{
	if (type == TC_SETUP_CLSFLOWER || type == TC_SETUP_CLSMATCHALL || type == TC_SETUP_CLSU32 ||
	    type == TC_SETUP_CLSBPF)
		NL_SET_ERR_MSG_FMT(common->extack, "xvio: %s", why);
	return -EOPNOTSUPP;
}

static int tc_block_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	switch (type) {
	case TC_SETUP_CLSFLOWER:
		return tc_flower(cb_priv, type_data);
	case TC_SETUP_CLSMATCHALL:
		return tc_matchall(cb_priv, type_data);
	default:
		return tc_refuse(type, type_data,
				 "the card takes rules of flower and matchall only");
	}
}

/* Bound to have a reason when it refuses. */
static int tc_egress_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	return tc_refuse(type, type_data, "the card has no rules for what the server sends");
}

int xvio_tc_setup(struct net_device *netdev, enum tc_setup_type type, void *type_data)
{
	struct xvio_repr *repr = netdev_priv(netdev);
	struct flow_block_offload *block = type_data;

	if (type != TC_SETUP_BLOCK)
		return -EOPNOTSUPP;
	if (block->binder_type == FLOW_BLOCK_BINDER_TYPE_CLSACT_EGRESS)
		return flow_block_cb_setup_simple(block, &tc_block_cbs, tc_egress_cb, repr, repr,
						  false);
	return flow_block_cb_setup_simple(block, &tc_block_cbs, tc_block_cb, repr, repr, true);
}

/*
 * An action of its own, which no rule may have yet, is not the card's: then its rules' counters
 * would not be asked for any more. That one has been changed is enough.
 */
static int tc_indirect(struct net_device *netdev, struct Qdisc *qdisc, void *cb_priv,
		       enum tc_setup_type type, void *type_data, void *data,
		       void (*cleanup)(struct flow_block_cb *block_cb))
{
	struct flow_offload_action *act = data;
	struct xvio *xv = cb_priv;

	if (type != TC_SETUP_ACT || !act || act->command != FLOW_ACT_REPLACE ||
	    act->id != FLOW_ACTION_POLICE)
		return -EOPNOTSUPP;
	/* Without rtnl the driver is told only of what was there before it had any */
	if (!hash_empty(xv->meters))
		xvio_police_replace(xv, act->cookie, &act->action.entries[0], act->extack);
	return -EOPNOTSUPP;
}

int xvio_tc_create(struct xvio *xv)
{
	int err;

	err = flow_indr_dev_register(tc_indirect, xv);
	if (err)
		return err;
	xvio_tc_chain_enable();
	return 0;
}

void xvio_tc_destroy(struct xvio *xv)
{
	xvio_tc_chain_disable();
	flow_indr_dev_unregister(tc_indirect, xv, NULL);
}
