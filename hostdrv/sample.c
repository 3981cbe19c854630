// SPDX-License-Identifier: GPL-2.0
/*
 * tc's sample: the card hands a copy of a packet up with the number of its group; who listens to
 * the group (psample) gets it. Which groups rules use is changed under rtnl and looked up in NAPI,
 * under RCU.
 */
#include <linux/etherdevice.h>
#include <net/psample.h>

#include "xvio.h"

struct sample_group {
	struct psample_group *group;
	u32 rate; /* which the card does not tell with a sample */
	unsigned int num_users;
	struct rcu_head rcu;
};

int xvio_sample_get(struct xvio *xv, struct psample_group *group, u32 rate, u32 *num,
		    struct netlink_ext_ack *extack)
{
	struct sample_group *sample;
	int err;

	ASSERT_RTNL();
	if (!IS_REACHABLE(CONFIG_PSAMPLE) || !group) {
		NL_SET_ERR_MSG(extack, "xvio: this kernel has no psample for the driver");
		return -EOPNOTSUPP;
	}
	*num = group->group_num;
	sample = xa_load(&xv->samples, *num);
	if (sample && (sample->group != group || sample->rate != rate)) {
		NL_SET_ERR_MSG_FMT(extack, "xvio: group %u is sampled at rate %u by other rules",
				   *num, sample->rate);
		return -EOPNOTSUPP;
	}
	if (sample) {
		sample->num_users++;
		return 0;
	}
	sample = kzalloc(sizeof(*sample), GFP_KERNEL);
	if (!sample)
		return -ENOMEM;
	sample->group = group;
	sample->rate = rate;
	sample->num_users = 1;
	err = xa_err(xa_store(&xv->samples, *num, sample, GFP_KERNEL));
	if (err) {
		kfree(sample);
		return err;
	}
	psample_group_take(group);
	return 0;
}

void xvio_sample_put(struct xvio *xv, u32 num)
{
	struct sample_group *sample = xa_load(&xv->samples, num);

	ASSERT_RTNL();
	if (--sample->num_users)
		return;
	xa_erase(&xv->samples, num);
	/* Both are freed when no NAPI looks at them any more */
	if (IS_REACHABLE(CONFIG_PSAMPLE))
		psample_group_put(sample->group);
	kfree_rcu(sample, rcu);
}

/*
 * What psample tells as the length of the packet is skb's; what the card has cut off is not looked
 * at.
 */
void xvio_sample_deliver(struct xvio *xv, struct net_device *netdev, struct sk_buff *skb, u32 num,
			 u32 frame_bytes)
{
	struct psample_metadata md = {.in_ifindex = netdev->ifindex, .trunc_size = skb->len};
	struct sample_group *sample = xa_load(&xv->samples, num);

	if (!IS_REACHABLE(CONFIG_PSAMPLE) || !sample)
		return;
	if (frame_bytes > skb->len && frame_bytes - skb->len <= skb_tailroom(skb))
		skb_put(skb, frame_bytes - skb->len);
	psample_sample_packet(sample->group, skb, sample->rate, &md);
}
