// SPDX-License-Identifier: GPL-2.0
/*
 * The PF's netdev: the server's own port on the card. Its counters are those of the packets that
 * the server's CPUs handled; what the card did is in ethtool -S.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_bridge.h>

#include "xvio.h"

/* netdev_priv() of the PF's netdev. */
struct netdev_priv {
	struct xvio *xv;
};

static struct xvio *netdev_xvio(struct net_device *netdev)
{
	return ((struct netdev_priv *)netdev_priv(netdev))->xv;
}

static int netdev_open(struct net_device *netdev)
{
	struct xvio *xv = netdev_xvio(netdev);
	int err;

	err = xvio_pair_get(xv);
	if (err)
		return err;
	err = xvio_port_set_admin(xv, XVIO_PORT_PF, true);
	if (err)
		goto put_pair;
	xvio_port_update_carrier(xv, XVIO_PORT_PF, netdev);
	netif_start_queue(netdev);
	return 0;

put_pair:
	xvio_pair_put(xv);
	return err;
}

static int netdev_stop(struct net_device *netdev)
{
	struct xvio *xv = netdev_xvio(netdev);

	netif_tx_disable(netdev);
	xvio_port_set_admin(xv, XVIO_PORT_PF, false);
	xvio_pair_put(xv);
	return 0;
}

static netdev_tx_t netdev_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	return xvio_tx_send(netdev_xvio(netdev), skb, XVIO_PORT_PF, 0);
}

static int netdev_change_mtu(struct net_device *netdev, int mtu)
{
	int err;

	err = xvio_port_set_mtu(netdev_xvio(netdev), XVIO_PORT_PF, mtu);
	if (err)
		return err;
	WRITE_ONCE(netdev->mtu, mtu);
	return 0;
}

static int netdev_set_mac_address(struct net_device *netdev, void *data)
{
	struct sockaddr *address = data;
	int err;

	err = eth_prepare_mac_addr_change(netdev, data);
	if (err)
		return err;
	err = xvio_port_set_mac(netdev_xvio(netdev), XVIO_PORT_PF, address->sa_data);
	if (err)
		return err;
	eth_commit_mac_addr_change(netdev, data);
	return 0;
}

/* The card is told later: this is called with bottom halves off. */
static void netdev_set_rx_mode(struct net_device *netdev)
{
	queue_work(system_long_wq, &netdev_xvio(netdev)->rx_mode.work);
}

/* In legacy mode it says who gets what is for nobody known. One that the card has not heard of is told with the next change. */
static void netdev_rx_mode_work(struct work_struct *work)
{
	struct xvio *xv = container_of(work, struct xvio, rx_mode.work);
	const bool promisc = READ_ONCE(xv->netdev->flags) & IFF_PROMISC;

	if (promisc != xv->rx_mode.promisc && !xvio_port_set_promisc(xv, XVIO_PORT_PF, promisc))
		xv->rx_mode.promisc = promisc;
}

/* `bridge link set DEV hwmode` and `bridge link show` */

static int netdev_bridge_setlink(struct net_device *netdev, struct nlmsghdr *nlh, u16 flags,
				 struct netlink_ext_ack *extack)
{
	struct nlattr *spec = nlmsg_find_attr(nlh, sizeof(struct ifinfomsg), IFLA_AF_SPEC);
	struct nlattr *attr;
	int rem;

	if (!spec)
		return -EINVAL;
	nla_for_each_nested(attr, spec, rem)
	{
		if (nla_type(attr) == IFLA_BRIDGE_MODE && nla_len(attr) >= sizeof(u16))
			return xvio_eswitch_bridge_set(netdev_xvio(netdev), nla_get_u16(attr),
						       extack);
	}
	NL_SET_ERR_MSG(extack, "xvio: nothing but hwmode can be set");
	return -EINVAL;
}

static int netdev_bridge_getlink(struct sk_buff *skb, u32 pid, u32 seq, struct net_device *netdev,
				 u32 filter_mask, int nlflags)
{
	int bridge = xvio_eswitch_bridge_get(netdev_xvio(netdev));

	if (bridge < 0)
		return bridge;
	return ndo_dflt_bridge_getlink(skb, pid, seq, netdev, bridge, 0, 0, nlflags, filter_mask,
				       NULL);
}

/* `ip link set DEV vf N ...` */

static int netdev_set_vf_mac(struct net_device *netdev, int vf, u8 *mac)
{
	return xvio_sriov_set_mac(netdev_xvio(netdev), vf, mac);
}

static int netdev_set_vf_link_state(struct net_device *netdev, int vf, int state)
{
	return xvio_sriov_set_link(netdev_xvio(netdev), vf, state);
}

static int netdev_set_vf_vlan(struct net_device *netdev, int vf, u16 vlan, u8 qos, __be16 proto)
{
	return xvio_sriov_set_vlan(netdev_xvio(netdev), vf, vlan, qos, proto);
}

static int netdev_set_vf_spoofchk(struct net_device *netdev, int vf, bool on)
{
	return xvio_sriov_set_spoofchk(netdev_xvio(netdev), vf, on);
}

static int netdev_set_vf_trust(struct net_device *netdev, int vf, bool on)
{
	return xvio_sriov_set_trust(netdev_xvio(netdev), vf, on);
}

static int netdev_set_vf_rate(struct net_device *netdev, int vf, int min_mbps, int max_mbps)
{
	return xvio_sriov_set_rate(netdev_xvio(netdev), vf, min_mbps, max_mbps);
}

static int netdev_get_vf_stats(struct net_device *netdev, int vf, struct ifla_vf_stats *stats)
{
	return xvio_sriov_get_stats(netdev_xvio(netdev), vf, stats);
}

static int netdev_get_vf_config(struct net_device *netdev, int vf, struct ifla_vf_info *info)
{
	return xvio_sriov_get_config(netdev_xvio(netdev), vf, info);
}

static const struct net_device_ops netdev_ops = {
	.ndo_open = netdev_open,
	.ndo_stop = netdev_stop,
	.ndo_start_xmit = netdev_xmit,
	.ndo_change_mtu = netdev_change_mtu,
	.ndo_set_mac_address = netdev_set_mac_address,
	.ndo_set_rx_mode = netdev_set_rx_mode,
	.ndo_bridge_setlink = netdev_bridge_setlink,
	.ndo_bridge_getlink = netdev_bridge_getlink,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_set_vf_mac = netdev_set_vf_mac,
	.ndo_set_vf_link_state = netdev_set_vf_link_state,
	.ndo_set_vf_vlan = netdev_set_vf_vlan,
	.ndo_set_vf_spoofchk = netdev_set_vf_spoofchk,
	.ndo_set_vf_trust = netdev_set_vf_trust,
	.ndo_set_vf_rate = netdev_set_vf_rate,
	.ndo_get_vf_config = netdev_get_vf_config,
	.ndo_get_vf_stats = netdev_get_vf_stats,
};

int xvio_netdev_create(struct xvio *xv)
{
	struct net_device *netdev;
	int err;

	netdev = alloc_etherdev(sizeof(struct netdev_priv));
	if (!netdev)
		return -ENOMEM;
	((struct netdev_priv *)netdev_priv(netdev))->xv = xv;
	SET_NETDEV_DEV(netdev, &xv->pdev->dev);
	netdev->netdev_ops = &netdev_ops;
	netdev->ethtool_ops = &xvio_netdev_ethtool_ops;
	netdev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = le16_to_cpu(xv->info.max_mtu);
	eth_hw_addr_set(netdev, xv->info.mac);
	netif_carrier_off(netdev); /* as a representor's */
	xv->netdev = netdev;
	INIT_WORK(&xv->rx_mode.work, netdev_rx_mode_work);
	err = xvio_pair_create(xv);
	if (err)
		goto free_netdev;
	err = register_netdev(netdev);
	if (err)
		goto destroy_pair;
	return 0;

destroy_pair:
	xvio_pair_destroy(xv);
free_netdev:
	WRITE_ONCE(xv->netdev, NULL);
	synchronize_net();
	free_netdev(netdev);
	return err;
}

void xvio_netdev_destroy(struct xvio *xv)
{
	struct net_device *netdev = xv->netdev;

	rtnl_lock();
	unregister_netdevice(netdev);
	/* Nobody asks for it any more */
	disable_work_sync(&xv->rx_mode.work);
	WRITE_ONCE(xv->netdev, NULL);
	rtnl_unlock();
	/* The event thread may still be looking at it */
	synchronize_net();
	xvio_pair_destroy(xv);
	free_netdev(netdev);
}
