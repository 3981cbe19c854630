/* SPDX-License-Identifier: GPL-2.0 */
/* What match.c and match_net.c share while they read the match of one rule. Under rtnl. */
#ifndef XVIO_MATCH_H
#define XVIO_MATCH_H

#include "xvio.h"

struct xvio_match {
	const struct flow_rule *rule;
	struct netlink_ext_ack *extack;
	const struct xvio_repr *repr; /* that the rule is on */
	struct xvio_flow_rule *out;
	__be16 protocol; /* of the filter */
	__be16 cvlan_tpid; /* 0: not said */
	int min_tags, max_tags; /* that a frame has */
	bool needs_transport; /* bytes behind the IP header are compared with something */
};

/* Refuses for a reason of at most 70 characters. */
int xvio_match_refuse(struct xvio_match *match, const char *what);

/* match_net.c: what is behind the frame's type, which has been read. */
int xvio_match_net(struct xvio_match *match);

#endif
