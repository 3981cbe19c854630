// SPDX-License-Identifier: GPL-2.0
/* tc on representors: binds the ingress block of one and hands its flower rules to flow.c. rtnl. */
#include <net/pkt_cls.h>

#include "xvio.h"

static LIST_HEAD(tc_block_cbs);

static int tc_flower(struct xvio_repr *repr, struct flow_cls_offload *cls)
{
	switch (cls->command) {
	case FLOW_CLS_REPLACE:
		return xvio_flow_add(repr->xv, repr->port, cls);
	case FLOW_CLS_DESTROY:
		return xvio_flow_del(repr->xv, repr->port, cls);
	case FLOW_CLS_STATS:
		return xvio_flow_stats(repr->xv, repr->port, cls);
	default:
		return -EOPNOTSUPP;
	}
}

static int tc_block_cb(enum tc_setup_type type, void *type_data, void *cb_priv)
{
	struct xvio_repr *repr = cb_priv;

	if (type != TC_SETUP_CLSFLOWER)
		return -EOPNOTSUPP;
	if (!tc_cls_can_offload_and_chain0(repr->netdev, type_data))
		return -EOPNOTSUPP;
	return tc_flower(repr, type_data);
}

int xvio_tc_setup(struct net_device *netdev, enum tc_setup_type type, void *type_data)
{
	struct xvio_repr *repr = netdev_priv(netdev);

	if (type != TC_SETUP_BLOCK)
		return -EOPNOTSUPP;
	return flow_block_cb_setup_simple(type_data, &tc_block_cbs, tc_block_cb, repr, repr, true);
}
