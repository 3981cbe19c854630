// SPDX-License-Identifier: GPL-2.0
/*
 * The rules that tc has handed to the card. tc's cookie names a rule only within one port (blocks
 * may be shared), so the card gets cookies of our own. Everything under rtnl but the restart, for which
 * those on the card are listed in their order under the mailbox's lock.
 */
#include <linux/list_sort.h>

#include "xvio.h"

struct flow_entry {
	struct xvio *xv;
	struct hlist_node node; /* in xvio.flows, by tc_cookie */
	unsigned long tc_cookie;
	u16 in_port;
	bool on_card; /* false: a port it leads to is gone. With card_node under the mailbox's lock, too */
	struct list_head card_node; /* in xvio.flows_on_card */
	struct xvio_flow_stats last; /* that tc has been told; under the mailbox's lock, too */
	struct xvio_flow_rule rule;
};

/* FLOW_STATS: the context of a call. */
struct flow_news {
	struct flow_entry *flow;
	u64 packets;
	u64 bytes;
	u64 idle_us;
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

static void flow_add_done(const struct xvio_cmd *cmd, int err)
{
	struct flow_entry *flow = cmd->ctx;

	if (err)
		return;
	flow->on_card = true;
	list_add_tail(&flow->card_node, &flow->xv->flows_on_card);
}

int xvio_flow_add(struct xvio *xv, u16 in_port, struct flow_cls_offload *cls)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_FLOW_ADD,
		.req_bytes = sizeof(struct xvio_flow_rule),
		.extack = cls->common.extack,
		.done = flow_add_done,
	};
	struct flow_entry *flow;
	int err;

	if (flow_find(xv, in_port, cls->cookie))
		return -EEXIST;
	flow = kzalloc(sizeof(*flow), GFP_KERNEL);
	if (!flow)
		return -ENOMEM;
	flow->tc_cookie = cls->cookie;
	flow->xv = xv;
	flow->in_port = in_port;
	flow->rule.cookie = cpu_to_le64(++xv->next_flow_cookie);
	flow->rule.prio = cpu_to_le32(cls->common.prio);
	err = xvio_match_parse(cls, in_port, &flow->rule);
	if (err)
		goto free;
	err = xvio_action_parse(xv, cls, &flow->rule);
	if (err)
		goto free;
	cmd.req = &flow->rule;
	cmd.ctx = flow;
	err = xvio_mbox_call(xv, &cmd);
	if (err)
		goto free;
	hash_add(xv->flows, &flow->node, flow->tc_cookie);
	return 0;

free:
	kfree(flow);
	return err;
}

static void flow_unlist(struct flow_entry *flow)
{
	if (flow->on_card)
		list_del(&flow->card_node);
	flow->on_card = false;
}

/* Whatever the card says: we know the rule no more. */
static void flow_del_done(const struct xvio_cmd *cmd, int err)
{
	flow_unlist(cmd->ctx);
}

static void flow_take_off_card(struct xvio *xv, struct flow_entry *flow)
{
	struct xvio_cmd_flow req = {.cookie = flow->rule.cookie};
	struct xvio_flow_stats stats;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_FLOW_DEL,
		.req = &req,
		.req_bytes = sizeof(req),
		.rsp = &stats,
		.rsp_bytes = sizeof(stats),
		.done = flow_del_done,
		.ctx = flow,
	};

	if (flow->on_card)
		xvio_mbox_call(xv, &cmd);
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

static void flow_stats_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_flow_stats *now = cmd->rsp;
	struct flow_news *news = cmd->ctx;
	struct xvio_flow_stats *last = &news->flow->last;

	if (err)
		return;
	news->packets = le64_to_cpu(now->packets) - le64_to_cpu(last->packets);
	news->bytes = le64_to_cpu(now->bytes) - le64_to_cpu(last->bytes);
	news->idle_us = le64_to_cpu(now->idle_us);
	*last = *now;
}

int xvio_flow_stats(struct xvio *xv, u16 in_port, struct flow_cls_offload *cls)
{
	struct flow_news news = {.flow = flow_find(xv, in_port, cls->cookie)};
	struct xvio_cmd_flow req;
	struct xvio_flow_stats now;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_FLOW_STATS,
		.req = &req,
		.req_bytes = sizeof(req),
		.rsp = &now,
		.rsp_bytes = sizeof(now),
		.done = flow_stats_done,
		.ctx = &news,
	};
	int err;

	if (!news.flow || !news.flow->on_card)
		return -ENOENT;
	req.cookie = news.flow->rule.cookie;
	err = xvio_mbox_call(xv, &cmd);
	if (err)
		return err;
	flow_stats_update(&cls->stats, news.bytes, news.packets, 0,
			  jiffies - nsecs_to_jiffies(news.idle_us * NSEC_PER_USEC),
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

static int flow_compare(void *unused, const struct list_head *a, const struct list_head *b)
{
	u32 prio_a = le32_to_cpu(list_entry(a, struct flow_entry, card_node)->rule.prio);
	u32 prio_b = le32_to_cpu(list_entry(b, struct flow_entry, card_node)->rule.prio);

	return prio_a < prio_b ? -1 : prio_a > prio_b;
}

/*
 * Those that win come first, so that what is there already decides as all of them will. The sort keeps
 * the order of equals. A rule that is refused is no longer on the card; tc's own one works in its place.
 */
int xvio_flow_replay(struct xvio *xv, struct xvio_replay *replay)
{
	struct flow_entry *flow, *next;
	int err;

	list_sort(NULL, &xv->flows_on_card, flow_compare);
	list_for_each_entry_safe (flow, next, &xv->flows_on_card, card_node) {
		struct xvio_cmd cmd = {
			.opcode = XVIO_CMD_FLOW_ADD,
			.req = &flow->rule,
			.req_bytes = sizeof(flow->rule),
		};

		err = xvio_mbox_call(xv, &cmd);
		if (err == -EAGAIN)
			return err;
		flow->last = (struct xvio_flow_stats){};
		if (!err) {
			replay->num_rules++;
			continue;
		}
		flow_unlist(flow);
		replay->num_lost++;
	}
	return 0;
}
