// SPDX-License-Identifier: GPL-2.0
/*
 * What `devlink trap` shows: packets that rules trap or sample, as they come (NAPI), and what the
 * card drops, by reason. A dropped packet is only counted; the card hands none of them up, and
 * cannot be asked to.
 */
#include "xvio.h"

#define TRAP_CONTROL(id, group)                                                        \
	DEVLINK_TRAP_GENERIC(CONTROL, TRAP, id, DEVLINK_TRAP_GROUP_GENERIC_ID_##group, \
			     DEVLINK_TRAP_METADATA_TYPE_F_IN_PORT)
#define TRAP_DROP(stat, name, group)                                     \
	DEVLINK_TRAP_DRIVER(DROP, DROP, TRAP_ID(XVIO_STAT_##stat), name, \
			    DEVLINK_TRAP_GROUP_GENERIC_ID_##group, 0)

/* Ids of our own are those of the card's counters behind the generic ones. */
#define TRAP_ID(stat) (DEVLINK_TRAP_GENERIC_ID_MAX + 1 + (stat))

static const struct devlink_trap_group trap_groups[] = {
	DEVLINK_TRAP_GROUP_GENERIC(L2_DROPS, 0),
	DEVLINK_TRAP_GROUP_GENERIC(BUFFER_DROPS, 0),
	DEVLINK_TRAP_GROUP_GENERIC(ACL_DROPS, 0),
	DEVLINK_TRAP_GROUP_GENERIC(PARSER_ERROR_DROPS, 0),
	DEVLINK_TRAP_GROUP_GENERIC(ACL_SAMPLE, 0),
	DEVLINK_TRAP_GROUP_GENERIC(ACL_TRAP, 0),
};

static const struct devlink_trap traps[] = {
	TRAP_CONTROL(FLOW_ACTION_TRAP, ACL_TRAP),
	TRAP_CONTROL(FLOW_ACTION_SAMPLE, ACL_SAMPLE),
	DEVLINK_TRAP_GENERIC(DROP, DROP, INGRESS_FLOW_ACTION_DROP,
			     DEVLINK_TRAP_GROUP_GENERIC_ID_ACL_DROPS, 0),
	TRAP_DROP(DROP_POLICED, "drop_policed", ACL_DROPS),
	TRAP_DROP(DROP_DEPTH, "drop_depth", ACL_DROPS),
	TRAP_DROP(DROP_SPOOFED, "drop_spoofed", ACL_DROPS),
	TRAP_DROP(DROP_MALFORMED, "drop_malformed", PARSER_ERROR_DROPS),
	TRAP_DROP(DROP_OVERSIZE, "drop_oversize", L2_DROPS),
	TRAP_DROP(DROP_PORT_DOWN, "drop_port_down", L2_DROPS),
	TRAP_DROP(DROP_FILTERED, "drop_filtered", L2_DROPS),
	TRAP_DROP(DROP_VLAN, "drop_vlan", L2_DROPS),
	TRAP_DROP(DROP_BAD_META, "drop_bad_meta", L2_DROPS),
	TRAP_DROP(DROP_NO_BUFFER, "drop_no_buffer", BUFFER_DROPS),
	TRAP_DROP(DROP_OTHER_UPLINK, "drop_other_uplink", L2_DROPS),
	TRAP_DROP(DROP_UNKNOWN_DST, "drop_unknown_dst", L2_DROPS),
	TRAP_DROP(DROP_SAME_PORT, "drop_same_port", L2_DROPS),
	TRAP_DROP(DROP_NO_HOST, "drop_no_host", BUFFER_DROPS),
	TRAP_DROP(DROP_RING_ERROR, "drop_ring_error", BUFFER_DROPS),
	TRAP_DROP(MAC_NO_SLOT, "mac_no_slot", BUFFER_DROPS),
};

int xvio_trap_create(struct xvio *xv)
{
	int err;

	devl_lock(xv->devlink);
	err = devl_trap_groups_register(xv->devlink, trap_groups, ARRAY_SIZE(trap_groups));
	if (err)
		goto unlock;
	err = devl_traps_register(xv->devlink, traps, ARRAY_SIZE(traps), xv);
	if (err)
		devl_trap_groups_unregister(xv->devlink, trap_groups, ARRAY_SIZE(trap_groups));
unlock:
	devl_unlock(xv->devlink);
	return err;
}

void xvio_trap_destroy(struct xvio *xv)
{
	devl_lock(xv->devlink);
	devl_traps_unregister(xv->devlink, traps, ARRAY_SIZE(traps));
	devl_trap_groups_unregister(xv->devlink, trap_groups, ARRAY_SIZE(trap_groups));
	devl_unlock(xv->devlink);
}

/* No packet comes before the traps are there, or after they have gone. */
int xvio_trap_init(struct devlink *devlink, const struct devlink_trap *trap, void *trap_ctx)
{
	struct xvio *xv = devlink_priv(devlink);

	if (trap->id == DEVLINK_TRAP_GENERIC_ID_FLOW_ACTION_TRAP)
		xv->trap_trapped = trap_ctx;
	if (trap->id == DEVLINK_TRAP_GENERIC_ID_FLOW_ACTION_SAMPLE)
		xv->trap_sampled = trap_ctx;
	return 0;
}

/* devlink asks for those that drop only. */
int xvio_trap_action_set(struct devlink *devlink, const struct devlink_trap *trap,
			 enum devlink_trap_action action, struct netlink_ext_ack *extack)
{
	if (action == DEVLINK_TRAP_ACTION_DROP)
		return 0;
	NL_SET_ERR_MSG(extack, "xvio: the card does not hand up what it drops");
	return -EOPNOTSUPP;
}

/* Under devlink's lock, which a restart takes: it is not waited for. */
int xvio_trap_drop_counter_get(struct devlink *devlink, const struct devlink_trap *trap,
			       u64 *p_drops)
{
	struct xvio_cmd_object object = {.id = cpu_to_le32(XVIO_STATS_CARD)};
	struct xvio *xv = devlink_priv(devlink);
	__le64 counters[XVIO_STAT_NUM];
	unsigned int stat;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_STATS_GET,
		.req = &object,
		.req_bytes = sizeof(object),
		.rsp = counters,
		.rsp_bytes = sizeof(counters),
	};
	int err;

	*p_drops = 0;
	if (trap->type != DEVLINK_TRAP_TYPE_DROP)
		return 0;
	err = xvio_mbox_call_once(xv, &cmd);
	if (err)
		return err;
	stat = trap->generic ? XVIO_STAT_DROP_RULE : trap->id - TRAP_ID(0);
	*p_drops = le64_to_cpu(counters[stat]);
	return 0;
}

/* skb's data begin behind the Ethernet header; devlink counts whole frames. */
void xvio_trap_report(struct xvio *xv, void *trap_ctx, struct xvio_repr *repr, struct sk_buff *skb)
{
	skb_push(skb, ETH_HLEN);
	devlink_trap_report(xv->devlink, skb, trap_ctx, &repr->dl_port, NULL);
	skb_pull(skb, ETH_HLEN);
}
