// SPDX-License-Identifier: GPL-2.0
/*
 * tc's police: [LENGTH if it has an mtu][METER if it has a rate]. Its bucket is a meter of the
 * card, one for each action of tc, which rules share as tc's filters share the action. What else
 * the action says is in each of its rules. Everything under rtnl; what the card has, under the
 * mailbox's lock, too.
 */
#include "action.h"

#define POLICE_MAX_RATE	 BIT_ULL(40)
#define POLICE_MAX_BURST BIT_ULL(32)
/* No frame is so long: without a limit tc says U32_MAX */
#define POLICE_NO_MTU U16_MAX

/* What of a police action is in its rules. */
struct police_shape {
	u32 mtu;
	bool has_rate;
	enum flow_action_id exceed, conform;
	u32 exceed_value, conform_value;
};

struct xvio_meter {
	struct hlist_node node; /* in xvio.meters, by act */
	struct xvio *xv;
	unsigned long act; /* tc's action: nothing but a name */
	unsigned int num_users;
	struct police_shape shape;
	/* Under the mailbox's lock, too: */
	struct list_head card_node; /* in xvio.meters_on_card */
	bool on_card; /* false: it has no rate, or a restart did not bring it back */
	struct xvio_cmd_meter cmd;
};

static struct xvio_meter *meter_find(struct xvio *xv, unsigned long act)
{
	struct xvio_meter *meter;

	ASSERT_RTNL();
	hash_for_each_possible(xv->meters, meter, node, act)
	{
		if (meter->act == act)
			return meter;
	}
	return NULL;
}

static void meter_set_done(const struct xvio_cmd *cmd, int err)
{
	struct xvio_meter *meter = cmd->ctx;

	if (err)
		return;
	meter->cmd = *(const struct xvio_cmd_meter *)cmd->req;
	if (!meter->on_card)
		list_add_tail(&meter->card_node, &meter->xv->meters_on_card);
	meter->on_card = true;
}

static int meter_set(struct xvio_meter *meter, const struct xvio_cmd_meter *req,
		     struct netlink_ext_ack *extack)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_METER_SET,
		.req = req,
		.req_bytes = sizeof(*req),
		.extack = extack,
		.done = meter_set_done,
		.ctx = meter,
	};

	return xvio_mbox_call(meter->xv, &cmd);
}

/* Whatever the card says: we know the meter no more. */
static void meter_del_done(const struct xvio_cmd *cmd, int err)
{
	struct xvio_meter *meter = cmd->ctx;

	if (meter->on_card)
		list_del(&meter->card_node);
	meter->on_card = false;
}

static void meter_del(struct xvio_meter *meter)
{
	struct xvio_cmd_object req = {.id = meter->cmd.id};
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_METER_DEL,
		.req = &req,
		.req_bytes = sizeof(req),
		.done = meter_del_done,
		.ctx = meter,
	};

	xvio_mbox_call(meter->xv, &cmd);
}

void xvio_meter_put(struct xvio *xv, struct xvio_meter *meter)
{
	ASSERT_RTNL();
	if (--meter->num_users)
		return;
	if (meter->on_card)
		meter_del(meter);
	if (meter->shape.has_rate)
		ida_free(&xv->meter_ids, le32_to_cpu(meter->cmd.id));
	hash_del(&meter->node);
	kfree(meter);
}

static void police_get_shape(const struct flow_action_entry *entry, struct police_shape *shape)
{
	memset(shape, 0, sizeof(*shape));
	shape->mtu = min_t(u32, entry->police.mtu, POLICE_NO_MTU);
	shape->has_rate = entry->police.rate_bytes_ps || entry->police.rate_pkt_ps;
	shape->exceed = entry->police.exceed.act_id;
	shape->conform = entry->police.notexceed.act_id;
	if (shape->exceed == FLOW_ACTION_JUMP)
		shape->exceed_value = entry->police.exceed.extval;
	if (shape->conform == FLOW_ACTION_JUMP)
		shape->conform_value = entry->police.notexceed.extval;
}

/* tc computes a burst from a time, and may come to 0, which lets nothing pass: nor does 1 byte. */
static void police_get_rate(const struct flow_action_entry *entry, struct xvio_cmd_meter *cmd)
{
	bool is_bytes = entry->police.rate_bytes_ps != 0;
	u64 burst = is_bytes ? entry->police.burst : entry->police.burst_pkt;

	cmd->unit = cpu_to_le32(is_bytes ? XVIO_METER_BYTES : XVIO_METER_PACKETS);
	cmd->rate = cpu_to_le64(is_bytes ? entry->police.rate_bytes_ps : entry->police.rate_pkt_ps);
	cmd->burst = cpu_to_le64(clamp_t(u64, burst, 1, POLICE_MAX_BURST));
}

static const char *police_find_fault(const struct flow_action_entry *entry)
{
	if (entry->police.peakrate_bytes_ps)
		return "cannot do police with a peakrate";
	if (entry->police.avrate)
		return "cannot do police with an avrate";
	if (entry->police.overhead)
		return "cannot do police with an overhead";
	if (entry->police.rate_bytes_ps && entry->police.rate_pkt_ps)
		return "cannot do police with a rate of bytes and one of packets";
	if (entry->police.rate_bytes_ps > POLICE_MAX_RATE ||
	    entry->police.rate_pkt_ps > POLICE_MAX_RATE)
		return "cannot do police with a rate beyond 2^40 a second";
	return NULL;
}

/* A new one, with nobody that uses it. */
static int meter_create(struct xvio_action_list *list, const struct flow_action_entry *entry,
			struct xvio_meter **out)
{
	struct xvio *xv = list->xv;
	struct xvio_meter *meter;
	int id, err;

	meter = kzalloc(sizeof(*meter), GFP_KERNEL);
	if (!meter)
		return -ENOMEM;
	meter->xv = xv;
	meter->act = entry->cookie;
	police_get_shape(entry, &meter->shape);
	if (meter->shape.has_rate) {
		id = ida_alloc_max(&xv->meter_ids, XVIO_MAX_METERS - 1, GFP_KERNEL);
		if (id < 0) {
			err = xvio_action_refuse(list, "the card has no more meters for police");
			goto free_meter;
		}
		meter->cmd.id = cpu_to_le32(id);
		police_get_rate(entry, &meter->cmd);
		err = meter_set(meter, &meter->cmd, list->extack);
		if (err)
			goto free_id;
	}
	hash_add(xv->meters, &meter->node, meter->act);
	*out = meter;
	return 0;

free_id:
	ida_free(&xv->meter_ids, id);
free_meter:
	kfree(meter);
	return err;
}

static bool meter_fits(const struct xvio_meter *meter, const struct flow_action_entry *entry)
{
	struct xvio_cmd_meter cmd = {.id = meter->cmd.id};
	struct police_shape shape;

	police_get_shape(entry, &shape);
	if (memcmp(&shape, &meter->shape, sizeof(shape)))
		return false;
	if (!shape.has_rate)
		return true;
	police_get_rate(entry, &cmd);
	return meter->on_card && !memcmp(&cmd, &meter->cmd, sizeof(cmd));
}

/* The meter of tc's action, made if there is none; in list->meters, whatever happens then. */
static int meter_get(struct xvio_action_list *list, const struct flow_action_entry *entry,
		     struct xvio_meter **out)
{
	struct xvio_meter *meter = meter_find(list->xv, entry->cookie);
	int err;

	if (list->num_meters == XVIO_FLOW_MAX_ACTIONS)
		return xvio_action_refuse(list, "too many police actions");
	if (meter && !meter_fits(meter, entry))
		return xvio_action_refuse(list, "the card has this police action as it was before");
	if (!meter) {
		err = meter_create(list, entry, &meter);
		if (err)
			return err;
	}
	meter->num_users++;
	list->meters[list->num_meters++] = meter;
	*out = meter;
	return 0;
}

/*
 * Where a packet goes on: *next, or a target that is not yet known. A jump of tc begins anew with
 * the first action and passes over so many: what it names is a place, not a distance.
 */
static int police_branch(struct xvio_action_list *list, enum flow_action_id id, u32 value, u8 *next,
			 u8 *target)
{
	switch (id) {
	case FLOW_ACTION_DROP:
		*next = XVIO_NEXT_DROP;
		return 0;
	case FLOW_ACTION_ACCEPT:
		*next = XVIO_NEXT_ACCEPT;
		return 0;
	case FLOW_ACTION_PIPE:
		*target = list->num_tc;
		return 0;
	case FLOW_ACTION_JUMP:
		/* Also in software 0 is none, and where there is nothing the packet passes */
		if (value && value < list->num_tc)
			return xvio_action_refuse(list, "cannot jump backwards");
		*target = value ? min_t(u32, value, TCA_ACT_MAX_PRIO) : TCA_ACT_MAX_PRIO;
		return 0;
	default:
		return xvio_action_refuse(list,
					  "police can drop, pass, pipe or jump, nothing else");
	}
}

static int police_append(struct xvio_action_list *list, u16 type, u32 arg,
			 const struct police_shape *shape)
{
	struct xvio_flow_action *out = xvio_action_append(list, type);
	u8 *target;
	int err;

	if (!out)
		return -EOPNOTSUPP;
	out->arg = cpu_to_le32(arg);
	target = list->target[xvio_action_num(list) - 1];
	err = police_branch(list, shape->exceed, shape->exceed_value, &out->a, &target[0]);
	/* What is not too long comes to the meter, if there is one */
	if (err || (type == XVIO_ACTION_LENGTH && shape->has_rate))
		return err;
	return police_branch(list, shape->conform, shape->conform_value, &out->b, &target[1]);
}

int xvio_action_police(struct xvio_action_list *list, const struct flow_action_entry *entry)
{
	const char *fault = police_find_fault(entry);
	const struct police_shape *shape;
	struct xvio_meter *meter;
	int err;

	if (fault)
		return xvio_action_refuse(list, fault);
	err = meter_get(list, entry, &meter);
	if (err)
		return err;
	shape = &meter->shape;
	if (shape->mtu < POLICE_NO_MTU || !shape->has_rate) {
		err = police_append(list, XVIO_ACTION_LENGTH, shape->mtu, shape);
		if (err)
			return err;
	}
	if (!shape->has_rate)
		return 0;
	return police_append(list, XVIO_ACTION_METER, le32_to_cpu(meter->cmd.id), shape);
}

void xvio_police_replace(struct xvio *xv, unsigned long act, const struct flow_action_entry *entry,
			 struct netlink_ext_ack *extack)
{
	struct xvio_meter *meter = meter_find(xv, act);
	struct xvio_cmd_meter cmd;
	struct police_shape shape;

	if (!meter || meter_fits(meter, entry))
		return;
	police_get_shape(entry, &shape);
	cmd = meter->cmd;
	police_get_rate(entry, &cmd);
	if (!memcmp(&shape, &meter->shape, sizeof(shape)) && !police_find_fault(entry) &&
	    meter->on_card && !meter_set(meter, &cmd, NULL))
		return;
	NL_SET_ERR_MSG(extack, "xvio: rules with this police action have left the card");
	xvio_flow_retire_meter(xv, meter);
}

int xvio_meter_replay(struct xvio *xv)
{
	struct xvio_meter *meter, *next;
	int err;

	list_for_each_entry_safe (meter, next, &xv->meters_on_card, card_node) {
		struct xvio_cmd cmd = {
			.opcode = XVIO_CMD_METER_SET,
			.req = &meter->cmd,
			.req_bytes = sizeof(meter->cmd),
		};

		err = xvio_mbox_call(xv, &cmd);
		if (err == -EAGAIN)
			return err;
		if (!err)
			continue;
		/* Nor will the card take its rules */
		list_del(&meter->card_node);
		meter->on_card = false;
	}
	return 0;
}
