// SPDX-License-Identifier: GPL-2.0
/*
 * The rules that tc has handed to the card. tc's cookie names a rule only within one port (blocks
 * may be shared), so the card gets cookies of our own. Everything under rtnl.
 */
#include "xvio.h"

struct flow_entry {
	struct hlist_node node; /* in xvio.flows, by tc_cookie */
	unsigned long tc_cookie;
	u16 in_port;
	bool on_card; /* false: a port it leads to is gone */
	struct xvio_flow_stats last; /* counters that tc has been told */
	struct xvio_flow_rule rule;
};

static struct flow_entry *flow_find(struct xvio *xv, u16 in_port, unsigned long tc_cookie)
{
	struct flow_entry *flow;

	ASSERT_RTNL();
	hash_for_each_possible(xv->flows, flow, node,
			       tc_cookie) if (flow->tc_cookie == tc_cookie &&
					      flow->in_port == in_port) return flow;
	return NULL;
}

int xvio_flow_add(struct xvio *xv, u16 in_port, struct flow_cls_offload *cls)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_FLOW_ADD,
		.req_bytes = sizeof(struct xvio_flow_rule),
		.extack = cls->common.extack,
	};
	struct flow_entry *flow;
	int err;

	if (flow_find(xv, in_port, cls->cookie))
		return -EEXIST;
	flow = kzalloc(sizeof(*flow), GFP_KERNEL);
	if (!flow)
		return -ENOMEM;
	flow->tc_cookie = cls->cookie;
	flow->in_port = in_port;
	flow->on_card = true;
	flow->rule.cookie = cpu_to_le64(++xv->next_flow_cookie);
	flow->rule.prio = cpu_to_le32(cls->common.prio);
	err = xvio_match_parse(cls, in_port, &flow->rule);
	if (err)
		goto free;
	err = xvio_action_parse(xv, cls, &flow->rule);
	if (err)
		goto free;
	cmd.req = &flow->rule;
	err = xvio_mbox_call(xv, &cmd);
	if (err)
		goto free;
	hash_add(xv->flows, &flow->node, flow->tc_cookie);
	return 0;

free:
	kfree(flow);
	return err;
}

/* FLOW_STATS or FLOW_DEL, which both answer with the counters. */
static int flow_call(struct xvio *xv, u16 opcode, const struct flow_entry *flow,
		     struct xvio_flow_stats *stats)
{
	struct xvio_cmd_flow req = {.cookie = flow->rule.cookie};
	struct xvio_cmd cmd = {
		.opcode = opcode,
		.req = &req,
		.req_bytes = sizeof(req),
		.rsp = stats,
		.rsp_bytes = sizeof(*stats),
	};

	return xvio_mbox_call(xv, &cmd);
}

static void flow_take_off_card(struct xvio *xv, struct flow_entry *flow)
{
	struct xvio_flow_stats stats;

	if (flow->on_card)
		flow_call(xv, XVIO_CMD_FLOW_DEL, flow, &stats);
	flow->on_card = false;
}

static void flow_free(struct xvio *xv, struct flow_entry *flow)
{
	flow_take_off_card(xv, flow);
	hash_del(&flow->node);
	kfree(flow);
}

int xvio_flow_del(struct xvio *xv, u16 in_port, struct flow_cls_offload *cls)
{
	struct flow_entry *flow = flow_find(xv, in_port, cls->cookie);

	if (!flow)
		return -ENOENT;
	flow_free(xv, flow);
	return 0;
}

int xvio_flow_stats(struct xvio *xv, u16 in_port, struct flow_cls_offload *cls)
{
	struct flow_entry *flow = flow_find(xv, in_port, cls->cookie);
	struct xvio_flow_stats now;
	u64 packets, bytes;
	int err;

	if (!flow || !flow->on_card)
		return -ENOENT;
	err = flow_call(xv, XVIO_CMD_FLOW_STATS, flow, &now);
	if (err)
		return err;
	packets = le64_to_cpu(now.packets) - le64_to_cpu(flow->last.packets);
	bytes = le64_to_cpu(now.bytes) - le64_to_cpu(flow->last.bytes);
	flow->last = now;
	flow_stats_update(&cls->stats, bytes, packets, 0,
			  jiffies - nsecs_to_jiffies(le64_to_cpu(now.idle_us) * NSEC_PER_USEC),
			  FLOW_ACTION_HW_STATS_DELAYED);
	return 0;
}

static bool flow_leads_to(const struct flow_entry *flow, u16 port)
{
	unsigned int i;

	for (i = 0; i < le16_to_cpu(flow->rule.num_actions); i++)
		if (le16_to_cpu(flow->rule.action[i].type) == XVIO_ACTION_OUTPUT &&
		    le32_to_cpu(flow->rule.action[i].arg) == port)
			return true;
	return false;
}

void xvio_flow_flush_port(struct xvio *xv, u16 port)
{
	struct flow_entry *flow;
	struct hlist_node *next;
	unsigned int bucket;

	ASSERT_RTNL();
	hash_for_each_safe(xv->flows, bucket, next, flow, node)
	{
		if (flow->in_port == port)
			flow_free(xv, flow);
		else if (flow_leads_to(flow, port))
			flow_take_off_card(xv, flow);
	}
}
