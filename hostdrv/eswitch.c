// SPDX-License-Identifier: GPL-2.0
/*
 * How the card switches, and the set of representors. In switchdev mode every port has one: those of the uplinks and of
 * the PF as long as the driver is bound, those of vDPA devices and VFs as long as these (vdpa_mgmt.c, sriov.c). In
 * legacy mode there is none, and the card is a bridge.
 */
#include <linux/delay.h>
#include <linux/if_bridge.h>

#include "xvio.h"

#define ESWITCH_LOOK_MS 10

static_assert(XVIO_BRIDGE_VEB == BRIDGE_MODE_VEB && XVIO_BRIDGE_VEPA == BRIDGE_MODE_VEPA);

static bool eswitch_is_legacy(struct xvio *xv)
{
	return READ_ONCE(xv->eswitch.set.mode) == XVIO_ESWITCH_LEGACY;
}

static void eswitch_set_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_eswitch *req = cmd->req;
	struct xvio *xv = cmd->ctx;

	if (err)
		return;
	if (req->what & cpu_to_le16(XVIO_ESWITCH_SET_MODE))
		WRITE_ONCE(xv->eswitch.set.mode, req->mode);
	if (req->what & cpu_to_le16(XVIO_ESWITCH_SET_BRIDGE))
		xv->eswitch.set.bridge = req->bridge;
	if (req->what & cpu_to_le16(XVIO_ESWITCH_SET_AGEING))
		xv->eswitch.set.ageing_s = req->ageing_s;
}

static int eswitch_set(struct xvio *xv, const struct xvio_cmd_eswitch *req,
		       struct netlink_ext_ack *extack)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_ESWITCH_SET,
		.req = req,
		.req_bytes = sizeof(*req),
		.extack = extack,
		.done = eswitch_set_done,
		.ctx = xv,
	};

	return xvio_mbox_call(xv, &cmd);
}

/* Each legacy mode begins as a VEB. */
static int eswitch_set_mode(struct xvio *xv, u8 mode, struct netlink_ext_ack *extack)
{
	struct xvio_cmd_eswitch req = {
		.what = cpu_to_le16(XVIO_ESWITCH_SET_MODE | XVIO_ESWITCH_SET_BRIDGE),
		.mode = mode,
		.bridge = XVIO_BRIDGE_VEB,
	};

	return eswitch_set(xv, &req, extack);
}

int xvio_eswitch_replay(struct xvio *xv)
{
	struct xvio_cmd_eswitch req = xv->eswitch.set;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_ESWITCH_SET,
		.req = &req,
		.req_bytes = sizeof(req),
	};

	req.what = cpu_to_le16(XVIO_ESWITCH_SET_MODE | XVIO_ESWITCH_SET_BRIDGE |
			       XVIO_ESWITCH_SET_AGEING);
	return xvio_mbox_call(xv, &cmd);
}

/* `devlink dev param set DEV name ageing_time` */

u32 xvio_eswitch_ageing_get(struct xvio *xv)
{
	return le32_to_cpu(READ_ONCE(xv->eswitch.set.ageing_s));
}

int xvio_eswitch_ageing_set(struct xvio *xv, u32 ageing_s, struct netlink_ext_ack *extack)
{
	const struct xvio_cmd_eswitch req = {
		.what = cpu_to_le16(XVIO_ESWITCH_SET_AGEING),
		.ageing_s = cpu_to_le32(ageing_s),
	};
	int err;

	xvio_mbox_begin_haste(xv);
	err = eswitch_set(xv, &req, extack);
	xvio_mbox_end_haste(xv);
	return err;
}

/* `bridge link set DEV hwmode` */

int xvio_eswitch_bridge_get(struct xvio *xv)
{
	return eswitch_is_legacy(xv) ? xv->eswitch.set.bridge : -EOPNOTSUPP;
}

int xvio_eswitch_bridge_set(struct xvio *xv, u16 bridge, struct netlink_ext_ack *extack)
{
	struct xvio_cmd_eswitch req = {
		.what = cpu_to_le16(XVIO_ESWITCH_SET_BRIDGE),
		.bridge = bridge,
	};

	if (!eswitch_is_legacy(xv)) {
		NL_SET_ERR_MSG(extack, "xvio: the card is a bridge in legacy mode only");
		return -EOPNOTSUPP;
	}
	if (bridge > BRIDGE_MODE_VEPA) {
		NL_SET_ERR_MSG(extack, "xvio: hwmode is veb or vepa");
		return -EINVAL;
	}
	return eswitch_set(xv, &req, extack);
}

/* Ports */

int xvio_eswitch_add_port(struct xvio *xv, u16 port)
{
	struct xvio_eswitch *eswitch = &xv->eswitch;
	int err = 0;

	mutex_lock(&eswitch->lock);
	if (!eswitch_is_legacy(xv))
		err = xvio_repr_create(xv, port);
	if (!err)
		set_bit(port, eswitch->ports);
	mutex_unlock(&eswitch->lock);
	return err;
}

void xvio_eswitch_remove_port(struct xvio *xv, u16 port)
{
	struct xvio_eswitch *eswitch = &xv->eswitch;

	mutex_lock(&eswitch->lock);
	clear_bit(port, eswitch->ports);
	xvio_repr_destroy(xv, port);
	mutex_unlock(&eswitch->lock);
}

int xvio_eswitch_create(struct xvio *xv)
{
	u32 num_uplinks = le32_to_cpu(xv->info.num_uplinks), i;
	int err;

	if (num_uplinks > XVIO_MAX_UPLINKS)
		return -EPROTO;
	mutex_init(&xv->eswitch.lock);
	xv->eswitch.set.ageing_s = cpu_to_le32(XVIO_ESWITCH_AGEING_S);
	err = xvio_eswitch_add_port(xv, XVIO_PORT_PF);
	if (err)
		return err;
	for (i = 0; i < num_uplinks; i++) {
		err = xvio_eswitch_add_port(xv, XVIO_PORT_UPLINK(i));
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
	unsigned int port;

	for_each_set_bit(port, xv->eswitch.ports, XVIO_NUM_PORTS)
		xvio_eswitch_remove_port(xv, port);
}

/*
 * The mode. devlink's lock is held, without which the card cannot be restarted: nothing is waited for that may
 * wait for that. Commands are sent in haste, and rtnl is not slept for.
 */

static int eswitch_lock_rtnl(struct xvio *xv, struct netlink_ext_ack *extack)
{
	while (!rtnl_trylock()) {
		if (!xvio_mbox_is_alive(xv)) {
			NL_SET_ERR_MSG(extack, "xvio: the card is not alive");
			return -EBUSY;
		}
		msleep(ESWITCH_LOOK_MS);
	}
	return 0;
}

/* Not under rtnl: what was unregistered under it has gone by now. */
static void eswitch_free_reprs(struct list_head *reprs)
{
	struct xvio_repr *repr, *next;

	list_for_each_entry_safe (repr, next, reprs, node)
		xvio_repr_free(repr);
}

static void eswitch_unregister_reprs(struct xvio *xv, struct list_head *reprs)
{
	struct xvio_repr *repr;
	unsigned long port;

	xa_for_each(&xv->reprs, port, repr)
	{
		list_add_tail(&repr->node, reprs);
		repr->leaves_port = true;
		xvio_repr_unregister(repr);
	}
}

/* Where only a representor could have done it from now on. VFs have `ip link set DEV vf N state`. */
static void eswitch_raise_ports(struct xvio *xv)
{
	unsigned int port;

	xvio_port_set_admin(xv, XVIO_PORT_UPLINK(0), true);
	port = XVIO_PORT_VDPA(0);
	for_each_set_bit_from(port, xv->eswitch.ports, XVIO_NUM_PORTS)
		xvio_port_set_admin(xv, port, true);
}

static int eswitch_begin_legacy(struct xvio *xv, struct netlink_ext_ack *extack)
{
	LIST_HEAD(reprs);
	int err;

	err = eswitch_lock_rtnl(xv, extack);
	if (err)
		return err;
	if (!list_empty(&xv->flows)) {
		NL_SET_ERR_MSG(extack,
			       "xvio: there are tc rules on representors, which have to go first");
		err = -EBUSY;
		goto unlock;
	}
	err = eswitch_set_mode(xv, XVIO_ESWITCH_LEGACY, extack);
	if (err)
		goto unlock;
	eswitch_unregister_reprs(xv, &reprs);
	eswitch_raise_ports(xv);
unlock:
	rtnl_unlock();
	eswitch_free_reprs(&reprs);
	return err;
}

static int eswitch_alloc_reprs(struct xvio *xv, struct list_head *reprs)
{
	struct xvio_port_info info;
	struct xvio_repr *repr;
	unsigned int port;
	int err;

	for_each_set_bit(port, xv->eswitch.ports, XVIO_NUM_PORTS)
	{
		err = xvio_port_get(xv, port, &info);
		if (err)
			return err;
		repr = xvio_repr_alloc(xv, port, &info);
		if (IS_ERR(repr))
			return PTR_ERR(repr);
		list_add_tail(&repr->node, reprs);
	}
	return 0;
}

/* Either all of them, or none. */
static int eswitch_register_reprs(struct xvio *xv, struct list_head *reprs)
{
	struct xvio_repr *repr;
	int err;

	list_for_each_entry (repr, reprs, node) {
		err = xvio_repr_register(repr);
		if (err)
			goto unregister;
	}
	return 0;

unregister:
	list_for_each_entry_continue_reverse(repr, reprs, node) xvio_repr_unregister(repr);
	return err;
}

static int eswitch_begin_switchdev(struct xvio *xv, struct netlink_ext_ack *extack)
{
	struct xvio_repr *repr;
	LIST_HEAD(reprs);
	int err;

	err = eswitch_alloc_reprs(xv, &reprs);
	if (!err)
		err = eswitch_lock_rtnl(xv, extack);
	if (err)
		goto free;
	err = eswitch_register_reprs(xv, &reprs);
	if (err)
		goto unlock;
	err = eswitch_set_mode(xv, XVIO_ESWITCH_SWITCHDEV, extack);
	if (err)
		goto unregister;
	rtnl_unlock();
	return 0;

unregister:
	list_for_each_entry (repr, &reprs, node)
		xvio_repr_unregister(repr);
unlock:
	rtnl_unlock();
free:
	eswitch_free_reprs(&reprs);
	return err;
}

int xvio_eswitch_mode_get(struct devlink *devlink, u16 *mode)
{
	*mode = eswitch_is_legacy(devlink_priv(devlink)) ? DEVLINK_ESWITCH_MODE_LEGACY
							 : DEVLINK_ESWITCH_MODE_SWITCHDEV;
	return 0;
}

int xvio_eswitch_mode_set(struct devlink *devlink, u16 mode, struct netlink_ext_ack *extack)
{
	const bool to_legacy = mode == DEVLINK_ESWITCH_MODE_LEGACY;
	struct xvio *xv = devlink_priv(devlink);
	int err = 0;

	if (!to_legacy && mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG(extack, "xvio: the mode is switchdev or legacy");
		return -EOPNOTSUPP;
	}
	/* Who has it may wait for devlink's lock, or for a restart */
	if (!mutex_trylock(&xv->eswitch.lock)) {
		NL_SET_ERR_MSG(extack, "xvio: VFs or vDPA devices are being made or taken away");
		return -EBUSY;
	}
	xvio_mbox_begin_haste(xv);
	if (to_legacy != eswitch_is_legacy(xv))
		err = to_legacy ? eswitch_begin_legacy(xv, extack)
				: eswitch_begin_switchdev(xv, extack);
	xvio_mbox_end_haste(xv);
	mutex_unlock(&xv->eswitch.lock);
	return err;
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
