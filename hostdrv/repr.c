// SPDX-License-Identifier: GPL-2.0
/*
 * Representors: a netdev and a devlink port for every port of the card's switch. What is sent on
 * one leaves the card by its port; what came in by the port and matched no rule is received on it.
 * They come and go with their ports (eswitch.c), and all together when the mode changes.
 */
#include <linux/etherdevice.h>

#include "xvio.h"

static bool repr_is_uplink(const struct xvio_repr *repr)
{
	return repr->port != XVIO_PORT_PF && repr->port < XVIO_PORT_VF(0);
}

/* The PF's port is switched on and off by the PF's own netdev. */
static int repr_set_admin(struct xvio_repr *repr, bool up)
{
	if (repr->port == XVIO_PORT_PF || repr->leaves_port)
		return 0;
	return xvio_port_set_admin(repr->xv, repr->port, up);
}

static int repr_open(struct net_device *netdev)
{
	struct xvio_repr *repr = netdev_priv(netdev);
	int err;

	err = xvio_pair_get(repr->xv);
	if (err)
		return err;
	err = repr_set_admin(repr, true);
	if (err)
		goto put_pair;
	xvio_port_update_carrier(repr->xv, repr->port, netdev);
	netif_start_queue(netdev);
	return 0;

put_pair:
	xvio_pair_put(repr->xv);
	return err;
}

static int repr_stop(struct net_device *netdev)
{
	struct xvio_repr *repr = netdev_priv(netdev);

	netif_tx_disable(netdev);
	repr_set_admin(repr, false);
	xvio_pair_put(repr->xv);
	return 0;
}

static netdev_tx_t repr_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct xvio_repr *repr = netdev_priv(netdev);

	return xvio_tx_send(repr->xv, skb, repr->port, XVIO_META_F_REPR);
}

/* An uplink's limit is the wire's; the others' belongs to the device behind the port. */
static int repr_change_mtu(struct net_device *netdev, int mtu)
{
	struct xvio_repr *repr = netdev_priv(netdev);
	int err;

	if (repr_is_uplink(repr)) {
		err = xvio_port_set_mtu(repr->xv, repr->port, mtu);
		if (err)
			return err;
	}
	WRITE_ONCE(netdev->mtu, mtu);
	return 0;
}

static const struct net_device_ops repr_netdev_ops = {
	.ndo_open = repr_open,
	.ndo_stop = repr_stop,
	.ndo_start_xmit = repr_start_xmit,
	.ndo_change_mtu = repr_change_mtu,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_setup_tc = xvio_tc_setup,
};

struct xvio_repr *xvio_repr_from_netdev(struct xvio *xv, const struct net_device *netdev)
{
	struct xvio_repr *repr;

	if (netdev->netdev_ops != &repr_netdev_ops)
		return NULL;
	repr = netdev_priv(netdev);
	return xa_load(&xv->reprs, repr->port) == repr ? repr : NULL;
}

/* `devlink port function`: the address of the VF or vDPA device behind the port, whose driver hears of it. */

static int repr_fn_hw_addr_get(struct devlink_port *dl_port, u8 *hw_addr, int *hw_addr_len,
			       struct netlink_ext_ack *extack)
{
	struct xvio_repr *repr = container_of(dl_port, struct xvio_repr, dl_port);
	struct xvio_port_info info;
	int err;

	err = xvio_port_get_once(repr->xv, repr->port, &info);
	if (err)
		return err;
	ether_addr_copy(hw_addr, info.mac);
	*hw_addr_len = ETH_ALEN;
	return 0;
}

static int repr_fn_hw_addr_set(struct devlink_port *dl_port, const u8 *hw_addr, int hw_addr_len,
			       struct netlink_ext_ack *extack)
{
	struct xvio_repr *repr = container_of(dl_port, struct xvio_repr, dl_port);

	if (hw_addr_len != ETH_ALEN || !is_valid_ether_addr(hw_addr)) {
		NL_SET_ERR_MSG(extack, "xvio: not the address of a single station");
		return -EADDRNOTAVAIL;
	}
	return xvio_port_set_mac_once(repr->xv, repr->port, hw_addr);
}

static const struct devlink_port_ops repr_fn_ops = {
	.port_fn_hw_addr_get = repr_fn_hw_addr_get,
	.port_fn_hw_addr_set = repr_fn_hw_addr_set,
};

static bool repr_has_function(const struct xvio_repr *repr)
{
	return repr->port != XVIO_PORT_PF && !repr_is_uplink(repr);
}

static void repr_set_devlink_attrs(struct xvio_repr *repr)
{
	struct devlink_port_attrs attrs = {.flavour = DEVLINK_PORT_FLAVOUR_PHYSICAL};
	struct netdev_phys_item_id *id = &repr->dl_port.attrs.switch_id;

	id->id_len = ETH_ALEN;
	memcpy(id->id, repr->xv->info.mac, ETH_ALEN);
	if (repr->port == XVIO_PORT_PF) {
		devlink_port_attrs_pci_pf_set(&repr->dl_port, 0, 0, false);
	} else if (repr_is_uplink(repr)) {
		attrs.switch_id = *id;
		attrs.phys.port_number = repr->port - XVIO_PORT_UPLINK(0);
		devlink_port_attrs_set(&repr->dl_port, &attrs);
	} else if (repr->port < XVIO_PORT_VDPA(0)) {
		devlink_port_attrs_pci_vf_set(&repr->dl_port, 0, 0, repr->port - XVIO_PORT_VF(0),
					      false);
	} else {
		devlink_port_attrs_pci_sf_set(&repr->dl_port, 0, 0, repr->port - XVIO_PORT_VDPA(0),
					      false);
	}
}

static void repr_init_netdev(struct xvio_repr *repr, const struct xvio_port_info *info)
{
	struct net_device *netdev = repr->netdev;

	SET_NETDEV_DEV(netdev, &repr->xv->pdev->dev);
	SET_NETDEV_DEVLINK_PORT(netdev, &repr->dl_port);
	netdev->netdev_ops = &repr_netdev_ops;
	netdev->ethtool_ops = &xvio_repr_ethtool_ops;
	netdev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	netdev->features |= NETIF_F_HW_TC;
	netdev->hw_features |= NETIF_F_HW_TC;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = le16_to_cpu(repr->xv->info.max_mtu);
	netdev->mtu = le16_to_cpu(info->mtu);
	/* Only an uplink's address is its representor's; others have an owner behind the port. */
	if (repr_is_uplink(repr) && is_valid_ether_addr(info->mac))
		eth_hw_addr_set(netdev, info->mac);
	else
		eth_hw_addr_random(netdev);
	/* Switched on when it is opened: a carrier that was always there leaves operstate unknown */
	netif_carrier_off(netdev);
}

struct xvio_repr *xvio_repr_alloc(struct xvio *xv, u16 port, const struct xvio_port_info *info)
{
	struct net_device *netdev = alloc_etherdev(sizeof(struct xvio_repr));
	struct xvio_repr *repr;
	int err;

	if (!netdev)
		return ERR_PTR(-ENOMEM);
	repr = netdev_priv(netdev);
	repr->xv = xv;
	repr->netdev = netdev;
	repr->port = port;
	repr_set_devlink_attrs(repr);
	err = devl_port_register_with_ops(xv->devlink, &repr->dl_port, port,
					  repr_has_function(repr) ? &repr_fn_ops : NULL);
	if (err) {
		free_netdev(netdev);
		return ERR_PTR(err);
	}
	repr_init_netdev(repr, info);
	return repr;
}

void xvio_repr_free(struct xvio_repr *repr)
{
	devl_port_unregister(&repr->dl_port);
	free_netdev(repr->netdev);
}

int xvio_repr_register(struct xvio_repr *repr)
{
	struct xvio *xv = repr->xv;
	int err;

	err = xa_err(xa_store(&xv->reprs, repr->port, repr, GFP_KERNEL));
	if (err)
		return err;
	err = register_netdevice(repr->netdev);
	if (!err)
		return 0;
	xa_erase(&xv->reprs, repr->port);
	synchronize_net();
	return err;
}

/* The port's own rules go with its tc block, then those of others that lead to it. */
void xvio_repr_unregister(struct xvio_repr *repr)
{
	xa_erase(&repr->xv->reprs, repr->port);
	unregister_netdevice(repr->netdev);
	xvio_flow_flush_port(repr->xv, repr->port);
}

static void repr_free_locked(struct xvio_repr *repr)
{
	struct devlink *devlink = repr->xv->devlink;

	devl_lock(devlink);
	xvio_repr_free(repr);
	devl_unlock(devlink);
}

int xvio_repr_create(struct xvio *xv, u16 port)
{
	struct xvio_port_info info;
	struct xvio_repr *repr;
	int err;

	err = xvio_port_get(xv, port, &info);
	if (err)
		return err;
	devl_lock(xv->devlink);
	repr = xvio_repr_alloc(xv, port, &info);
	devl_unlock(xv->devlink);
	if (IS_ERR(repr))
		return PTR_ERR(repr);
	rtnl_lock();
	err = xvio_repr_register(repr);
	rtnl_unlock();
	if (err)
		repr_free_locked(repr);
	return err;
}

void xvio_repr_destroy(struct xvio *xv, u16 port)
{
	struct xvio_repr *repr = xa_load(&xv->reprs, port);

	if (!repr)
		return;
	rtnl_lock();
	xvio_repr_unregister(repr);
	rtnl_unlock();
	repr_free_locked(repr);
}
