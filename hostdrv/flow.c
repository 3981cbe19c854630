// SPDX-License-Identifier: GPL-2.0
/*
 * The rules that tc has handed to the card. tc's cookie names a rule only within one port (blocks
 * may be shared), so the card gets cookies of our own. Everything under rtnl but the restart, for which
 * those on the card are listed in their order under the mailbox's lock.
 */
#include <linux/list_sort.h>

#include "xvio.h"

/* tc's. */
struct flow_name {
	unsigned long tc_cookie;
	unsigned long in_port; /* no gap behind it, all of this is hashed */
};

/* There may be very many: the rule and what it uses take no more memory than they have to. */
struct flow_entry {
	struct xvio *xv;
	struct rhash_head node; /* in xvio.flows_by_name */
	struct list_head list_node; /* in xvio.flows */
	struct flow_name name;
	bool on_card; /* false: something it uses is gone. With card_node under the mailbox's lock, too */
	bool counted_in_sw; /* which all packets come to, where the rule is as well */
	struct list_head card_node; /* in xvio.flows_on_card */
	struct xvio_flow_stats last; /* that tc has been told; under the mailbox's lock, too */
	struct xvio_flow_rule *rule; /* as long as its actions */
	struct xvio_meter **meters; /* that it uses, and a NULL; or NULL: none */
};

/* A rule while it is made. */
struct flow_draft {
	struct xvio_flow_rule rule;
	bool counted_in_sw;
	struct xvio_meter *meters[XVIO_FLOW_MAX_ACTIONS + 1];
};

/* FLOW_STATS: the context of a call. */
struct flow_news {
	struct flow_entry *flow;
	u64 packets;
	u64 bytes;
	u64 idle_us;
	u64 drops;
};

static const struct rhashtable_params flow_table_params = {
	.key_len = sizeof(struct flow_name),
	.key_offset = offsetof(struct flow_entry, name),
	.head_offset = offsetof(struct flow_entry, node),
	.automatic_shrinking = true,
};

int xvio_flow_create(struct xvio *xv)
{
	INIT_LIST_HEAD(&xv->flows);
	INIT_LIST_HEAD(&xv->flows_on_card);
	return rhashtable_init(&xv->flows_by_name, &flow_table_params);
}

void xvio_flow_destroy(struct xvio *xv)
{
	rhashtable_destroy(&xv->flows_by_name);
}

static struct flow_entry *flow_find(struct xvio *xv, u16 in_port, unsigned long tc_cookie)
{
	struct flow_name name = {.tc_cookie = tc_cookie, .in_port = in_port};

	ASSERT_RTNL();
	return rhashtable_lookup_fast(&xv->flows_by_name, &name, flow_table_params);
}

static u16 flow_rule_bytes(const struct xvio_flow_rule *rule)
{
	return XVIO_FLOW_RULE_BYTES(le16_to_cpu(rule->num_actions));
}

static void flow_entry_free(struct flow_entry *flow)
{
	kfree(flow->meters);
	kfree(flow->rule);
	kfree(flow);
}

/* What draft says, in as much memory as that takes. */
static struct flow_entry *flow_entry_create(struct xvio_repr *repr, unsigned long tc_cookie,
					    const struct flow_draft *draft)
{
	struct flow_entry *flow = kzalloc(sizeof(*flow), GFP_KERNEL);
	unsigned int num_meters = 0;

	if (!flow)
		return NULL;
	flow->xv = repr->xv;
	flow->counted_in_sw = draft->counted_in_sw;
	flow->name.tc_cookie = tc_cookie;
	flow->name.in_port = repr->port;
	flow->rule = kmemdup(&draft->rule, flow_rule_bytes(&draft->rule), GFP_KERNEL);
	while (draft->meters[num_meters])
		num_meters++;
	if (num_meters)
		flow->meters = kmemdup(draft->meters, (num_meters + 1) * sizeof(draft->meters[0]),
				       GFP_KERNEL);
	if (flow->rule && (flow->meters || !num_meters))
		return flow;
	flow_entry_free(flow);
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

static int flow_put_on_card(struct flow_entry *flow, struct netlink_ext_ack *extack)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_FLOW_ADD,
		.req = flow->rule,
		.req_bytes = flow_rule_bytes(flow->rule),
		.extack = extack,
		.done = flow_add_done,
		.ctx = flow,
	};

	return xvio_mbox_call(flow->xv, &cmd);
}

static int flow_add_draft(struct xvio_repr *repr, struct flow_cls_offload *cls,
			  struct flow_draft *draft)
{
	struct xvio *xv = repr->xv;
	u32 chain = cls->common.chain_index;
	struct flow_entry *flow;
	int err;

	if (!chain && repr->police_cookie)
		chain = XVIO_CHAIN_POLICED;
	draft->rule.cookie = cpu_to_le64(++xv->next_flow_cookie);
	draft->rule.prio = cpu_to_le32(cls->common.prio);
	draft->rule.chain = cpu_to_le32(chain);
	err = xvio_match_parse(cls, repr, &draft->rule);
	if (err)
		return err;
	err = xvio_action_parse(xv, cls, &draft->rule, draft->meters);
	if (err)
		goto release;
	/* As in action.c: without extack the rule is in software, too */
	draft->counted_in_sw = !cls->common.extack && xvio_action_only_passes(&draft->rule);
	err = -ENOMEM;
	flow = flow_entry_create(repr, cls->cookie, draft);
	if (!flow)
		goto release;
	err = rhashtable_insert_fast(&xv->flows_by_name, &flow->node, flow_table_params);
	if (err)
		goto free;
	err = flow_put_on_card(flow, cls->common.extack);
	if (err)
		goto remove;
	list_add_tail(&flow->list_node, &xv->flows);
	return 0;

remove:
	rhashtable_remove_fast(&xv->flows_by_name, &flow->node, flow_table_params);
free:
	flow_entry_free(flow);
release:
	xvio_action_release(xv, &draft->rule, draft->meters);
	return err;
}

int xvio_flow_add(struct xvio_repr *repr, struct flow_cls_offload *cls)
{
	struct flow_draft *draft;
	int err;

	if (flow_find(repr->xv, repr->port, cls->cookie))
		return -EEXIST;
	draft = kzalloc(sizeof(*draft), GFP_KERNEL);
	if (!draft)
		return -ENOMEM;
	err = flow_add_draft(repr, cls, draft);
	kfree(draft);
	return err;
}

static void flow_unlist(struct flow_entry *flow)
{
	if (flow->on_card)
		list_del(&flow->card_node);
	flow->on_card = false;
}

static void flow_count_off(__le64 *last, __le64 end)
{
	*last = cpu_to_le64(le64_to_cpu(*last) - le64_to_cpu(end));
}

/*
 * Whatever the card says: we know the rule no more. Should it come again it counts from 0, and tc has yet to be told of
 * some: it was told of less than nothing, then.
 */
static void flow_del_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_flow_stats *end = cmd->rsp;
	struct flow_entry *flow = cmd->ctx;

	flow_unlist(flow);
	if (err) {
		flow->last = (struct xvio_flow_stats){};
		return;
	}
	flow_count_off(&flow->last.packets, end->packets);
	flow_count_off(&flow->last.bytes, end->bytes);
	flow_count_off(&flow->last.drops, end->drops);
}

static void flow_take_off_card(struct xvio *xv, struct flow_entry *flow)
{
	struct xvio_cmd_flow req = {.cookie = flow->rule->cookie};
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
	list_del(&flow->list_node);
	rhashtable_remove_fast(&xv->flows_by_name, &flow->node, flow_table_params);
	xvio_action_release(xv, flow->rule, flow->meters);
	flow_entry_free(flow);
}

int xvio_flow_del(struct xvio_repr *repr, struct flow_cls_offload *cls)
{
	struct flow_entry *flow = flow_find(repr->xv, repr->port, cls->cookie);

	if (!flow)
		return -ENOENT;
	flow_free(repr->xv, flow);
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
	news->drops = le64_to_cpu(now->drops) - le64_to_cpu(last->drops);
	news->idle_us = le64_to_cpu(now->idle_us);
	*last = *now;
}

int xvio_flow_stats(struct xvio_repr *repr, struct flow_cls_offload *cls)
{
	struct flow_news news = {.flow = flow_find(repr->xv, repr->port, cls->cookie)};
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
	req.cookie = news.flow->rule->cookie;
	err = xvio_mbox_call(repr->xv, &cmd);
	if (err)
		return err;
	/* tc adds up what it has counted itself and what it is told: a packet is one */
	if (news.flow->counted_in_sw)
		news.packets = news.bytes = 0;
	flow_stats_update(&cls->stats, news.bytes, news.packets, news.drops,
			  jiffies - nsecs_to_jiffies(news.idle_us * NSEC_PER_USEC),
			  FLOW_ACTION_HW_STATS_DELAYED);
	return 0;
}

static bool flow_leads_to(const struct flow_entry *flow, u16 port)
{
	const struct xvio_flow_rule *rule = flow->rule;
	unsigned int i;
	u16 type;

	for (i = 0; i < le16_to_cpu(rule->num_actions); i++) {
		type = le16_to_cpu(rule->action[i].type);
		if ((type == XVIO_ACTION_OUTPUT || type == XVIO_ACTION_MIRROR) &&
		    le32_to_cpu(rule->action[i].arg) == port)
			return true;
	}
	return false;
}

void xvio_flow_flush_port(struct xvio *xv, u16 port)
{
	struct flow_entry *flow, *next;

	ASSERT_RTNL();
	list_for_each_entry_safe (flow, next, &xv->flows, list_node) {
		if (flow->name.in_port == port)
			flow_free(xv, flow);
		else if (flow_leads_to(flow, port))
			flow_take_off_card(xv, flow);
	}
}

void xvio_flow_move_port(struct xvio_repr *repr, u32 from, u32 to)
{
	struct xvio *xv = repr->xv;
	struct flow_entry *flow;
	bool was_on_card;

	ASSERT_RTNL();
	list_for_each_entry (flow, &xv->flows, list_node) {
		if (flow->name.in_port != repr->port || le32_to_cpu(flow->rule->chain) != from)
			continue;
		was_on_card = flow->on_card;
		flow_take_off_card(xv, flow);
		flow->rule->chain = cpu_to_le32(to);
		if (was_on_card)
			flow_put_on_card(flow, NULL);
	}
}

static bool flow_uses(const struct flow_entry *flow, const struct xvio_meter *meter)
{
	unsigned int i;

	for (i = 0; flow->meters && flow->meters[i]; i++) {
		if (flow->meters[i] == meter)
			return true;
	}
	return false;
}

void xvio_flow_retire_meter(struct xvio *xv, const struct xvio_meter *meter)
{
	struct flow_entry *flow;

	ASSERT_RTNL();
	list_for_each_entry (flow, &xv->flows, list_node) {
		if (flow_uses(flow, meter))
			flow_take_off_card(xv, flow);
	}
}

static int flow_compare(void *unused, const struct list_head *a, const struct list_head *b)
{
	u32 prio_a = le32_to_cpu(list_entry(a, struct flow_entry, card_node)->rule->prio);
	u32 prio_b = le32_to_cpu(list_entry(b, struct flow_entry, card_node)->rule->prio);

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
			.req = flow->rule,
			.req_bytes = flow_rule_bytes(flow->rule),
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
