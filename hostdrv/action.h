/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The actions of one rule while they are made (action.c, action_edit.c, police.c): what tc says
 * becomes a list of the card's, in order; where tc jumps to is filled in when all of them are
 * there. Under rtnl.
 */
#ifndef XVIO_ACTION_H
#define XVIO_ACTION_H

#include "tc.h"
#include "xvio.h"

#define XVIO_ACTION_NO_TARGET 0xff

struct xvio_action_list {
	struct xvio *xv;
	struct netlink_ext_ack *extack;
	struct xvio_flow_rule *rule; /* its match is there; num_actions is kept up */
	struct xvio_meter **meters; /* it uses so far; room for XVIO_FLOW_MAX_ACTIONS */
	unsigned int num_meters;
	unsigned int num_tc; /* actions of tc that have begun */
	u8 start[TCA_ACT_MAX_PRIO]; /* the card's that one of tc's begins with */
	/* Of METER and LENGTH: the one of tc's that a and b go on with, if that is not yet known */
	u8 target[XVIO_FLOW_MAX_ACTIONS][2];
	__be16 eth_type; /* that the packet has now; 0: not known */
	u8 ip_proto; /* the same */
	u8 kept_csums; /* XVIO_CSUM_*: bytes under them have been changed by a pedit */
};

static inline unsigned int xvio_action_num(const struct xvio_action_list *list)
{
	return le16_to_cpu(list->rule->num_actions);
}

/* Refuses for a reason of at most 70 characters. */
int xvio_action_refuse(struct xvio_action_list *list, const char *what);
/* One more action of the card; NULL: there is no room, which extack knows. */
struct xvio_flow_action *xvio_action_append(struct xvio_action_list *list, u16 type);

/* action_edit.c: what changes the packet */

int xvio_action_pedit(struct xvio_action_list *list, const struct flow_action_entry *entry);
int xvio_action_pedit_add(struct xvio_action_list *list, const struct flow_action_entry *entry);
int xvio_action_csum(struct xvio_action_list *list, const struct flow_action_entry *entry);
int xvio_action_vlan(struct xvio_action_list *list, const struct flow_action_entry *entry);
int xvio_action_mpls(struct xvio_action_list *list, const struct flow_action_entry *entry);

/* police.c */

int xvio_action_police(struct xvio_action_list *list, const struct flow_action_entry *entry);

#endif
