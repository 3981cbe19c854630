// SPDX-License-Identifier: GPL-2.0
/*
 * tc on representors: binds the ingress block of one and hands its flower rules to flow.c (rtnl).
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

/* Other classifiers' requests begin with the same. */
static int tc_refuse(enum tc_setup_type type, struct flow_cls_common_offload *common)
{
	if (type == TC_SETUP_CLSMATCHALL || type == TC_SETUP_CLSU32 || type == TC_SETUP_CLSBPF)
		NL_SET_ERR_MSG(common->extack, "xvio: the card takes rules of flower only");
	return -EOPNOTSUPP;
}

static int tc_block_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	if (type != TC_SETUP_CLSFLOWER)
		return tc_refuse(type, type_data);
	return tc_flower(cb_priv, type_data);
}

int xvio_tc_setup(struct net_device *netdev, enum tc_setup_type type, void *type_data)
{
	struct xvio_repr *repr = netdev_priv(netdev);

	if (type != TC_SETUP_BLOCK)
		return -EOPNOTSUPP;
	return flow_block_cb_setup_simple(type_data, &tc_block_cbs, tc_block_cb, repr, repr, true);
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
