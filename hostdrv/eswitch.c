// SPDX-License-Identifier: GPL-2.0
/*
 * The set of representors: those of the uplinks and of the PF live as long as the driver is bound,
 * those of vDPA devices and VFs as long as these (vdpa_mgmt.c, sriov.c). The card has no other mode
 * than switchdev.
 */
#include "xvio.h"

int xvio_eswitch_mode_get(struct devlink *devlink, u16 *mode)
{
	*mode = DEVLINK_ESWITCH_MODE_SWITCHDEV;
	return 0;
}

int xvio_eswitch_mode_set(struct devlink *devlink, u16 mode, struct netlink_ext_ack *extack)
{
	if (mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return 0;
	NL_SET_ERR_MSG(extack, "xvio: the card has no legacy mode, it always switches by rules");
	return -EOPNOTSUPP;
}

int xvio_eswitch_create(struct xvio *xv)
{
	u32 num_uplinks = le32_to_cpu(xv->info.num_uplinks), i;
	int err;

	if (num_uplinks > XVIO_MAX_UPLINKS)
		return -EPROTO;
	err = xvio_repr_create(xv, XVIO_PORT_PF);
	if (err)
		return err;
	for (i = 0; i < num_uplinks; i++) {
		err = xvio_repr_create(xv, XVIO_PORT_UPLINK(i));
		if (err)
			goto destroy;
	}
	return 0;

destroy:
	xvio_eswitch_destroy(xv);
	return err;
}

void xvio_eswitch_destroy(struct xvio *xv)
{
	struct xvio_repr *repr;
	unsigned long port;

	xa_for_each(&xv->reprs, port, repr) xvio_repr_destroy(xv, port);
}

void xvio_eswitch_for_each_netdev(struct xvio *xv, void (*fn)(struct net_device *netdev))
{
	struct net_device *netdev = READ_ONCE(xv->netdev);
	struct xvio_repr *repr;
	unsigned long port;

	if (netdev)
		fn(netdev);
	xa_for_each(&xv->reprs, port, repr) fn(repr->netdev);
}

static void eswitch_set_carrier(struct net_device *netdev, bool up)
{
	if (up)
		netif_carrier_on(netdev);
	else
		netif_carrier_off(netdev);
}

void xvio_eswitch_link_event(struct xvio *xv, u16 port, bool up)
{
	struct net_device *netdev;
	struct xvio_repr *repr;

	rcu_read_lock();
	netdev = READ_ONCE(xv->netdev);
	if (netdev && port == XVIO_PORT_PF)
		eswitch_set_carrier(netdev, up);
	repr = xa_load(&xv->reprs, port);
	if (repr)
		eswitch_set_carrier(repr->netdev, up);
	rcu_read_unlock();
}

void xvio_eswitch_refresh_links(struct xvio *xv)
{
	struct xvio_repr *repr;
	unsigned long port;

	rtnl_lock();
	if (xv->netdev)
		xvio_port_update_carrier(xv, XVIO_PORT_PF, xv->netdev);
	xa_for_each(&xv->reprs, port, repr) xvio_port_update_carrier(xv, port, repr->netdev);
	rtnl_unlock();
}
