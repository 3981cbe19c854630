// SPDX-License-Identifier: GPL-2.0
/*
 * Port commands, shared by the PF's netdev, the representors and sriov.c, and what they have set. Process
 * context; they sleep.
 */
#include <linux/etherdevice.h>

#include "xvio.h"

int xvio_port_get(struct xvio *xv, u16 port, struct xvio_port_info *info)
{
	return xvio_mbox_call_object(xv, XVIO_CMD_PORT_GET, port, info, sizeof(*info));
}

int xvio_port_get_once(struct xvio *xv, u16 port, struct xvio_port_info *info)
{
	const struct xvio_cmd_object object = {.id = cpu_to_le32(port)};
	const struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_PORT_GET,
		.req = &object,
		.req_bytes = sizeof(object),
		.rsp = info,
		.rsp_bytes = sizeof(*info),
	};

	return xvio_mbox_call_once(xv, &cmd);
}

/* A netdev that goes down does so with a dead card, too. */
static bool port_is_set(const struct xvio_cmd_port_set *req, int err)
{
	if (req->what == cpu_to_le16(XVIO_PORT_SET_ADMIN) && !req->flags)
		return xvio_cmd_took_away(err);
	return !err;
}

static void port_keep_flag(struct xvio_cmd_port_set *kept, const struct xvio_cmd_port_set *req,
			   u16 what, u16 flag)
{
	if (!(req->what & cpu_to_le16(what)))
		return;
	kept->flags &= ~cpu_to_le16(flag);
	kept->flags |= req->flags & cpu_to_le16(flag);
}

static void port_set_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_port_set *req = cmd->req;
	struct xvio *xv = cmd->ctx;
	struct xvio_cmd_port_set *kept = &xv->port_set[le16_to_cpu(req->port)];

	if (!port_is_set(req, err))
		return;
	kept->port = req->port;
	kept->what |= req->what;
	port_keep_flag(kept, req, XVIO_PORT_SET_ADMIN, XVIO_PORT_F_ADMIN_UP);
	port_keep_flag(kept, req, XVIO_PORT_SET_PROMISC, XVIO_PORT_F_PROMISC);
	if (req->what & cpu_to_le16(XVIO_PORT_SET_MTU))
		kept->mtu = req->mtu;
	if (req->what & cpu_to_le16(XVIO_PORT_SET_MAC))
		ether_addr_copy(kept->mac, req->mac);
}

static struct xvio_cmd port_set_cmd(struct xvio *xv, const struct xvio_cmd_port_set *req)
{
	return (struct xvio_cmd){
		.opcode = XVIO_CMD_PORT_SET,
		.req = req,
		.req_bytes = sizeof(*req),
		.done = port_set_done,
		.ctx = xv,
	};
}

static int port_set(struct xvio *xv, const struct xvio_cmd_port_set *req)
{
	const struct xvio_cmd cmd = port_set_cmd(xv, req);

	return xvio_mbox_call(xv, &cmd);
}

void xvio_port_forget(struct xvio *xv, u16 port)
{
	if (port < XVIO_NUM_PORTS)
		xv->port_set[port] = (struct xvio_cmd_port_set){};
}

/* A port that refuses is as the card has made it, which is in the kernel's log. */
int xvio_port_replay(struct xvio *xv, u16 first, u16 num)
{
	u16 port;

	for (port = first; port < first + num && port < XVIO_NUM_PORTS; port++) {
		struct xvio_cmd cmd = {
			.opcode = XVIO_CMD_PORT_SET,
			.req = &xv->port_set[port],
			.req_bytes = sizeof(xv->port_set[port]),
		};

		if (xv->port_set[port].what && xvio_mbox_call(xv, &cmd) == -EAGAIN)
			return -EAGAIN;
	}
	return 0;
}

int xvio_port_set_admin(struct xvio *xv, u16 port, bool up)
{
	struct xvio_cmd_port_set req = {
		.port = cpu_to_le16(port),
		.what = cpu_to_le16(XVIO_PORT_SET_ADMIN),
		.flags = cpu_to_le16(up ? XVIO_PORT_F_ADMIN_UP : 0),
	};

	return port_set(xv, &req);
}

int xvio_port_set_mtu(struct xvio *xv, u16 port, u16 mtu)
{
	struct xvio_cmd_port_set req = {
		.port = cpu_to_le16(port),
		.what = cpu_to_le16(XVIO_PORT_SET_MTU),
		.mtu = cpu_to_le16(mtu),
	};

	return port_set(xv, &req);
}

static struct xvio_cmd_port_set port_set_mac_req(u16 port, const u8 *mac)
{
	struct xvio_cmd_port_set req = {
		.port = cpu_to_le16(port),
		.what = cpu_to_le16(XVIO_PORT_SET_MAC),
	};

	ether_addr_copy(req.mac, mac);
	return req;
}

int xvio_port_set_mac(struct xvio *xv, u16 port, const u8 *mac)
{
	const struct xvio_cmd_port_set req = port_set_mac_req(port, mac);

	return port_set(xv, &req);
}

int xvio_port_set_promisc(struct xvio *xv, u16 port, bool promisc)
{
	struct xvio_cmd_port_set req = {
		.port = cpu_to_le16(port),
		.what = cpu_to_le16(XVIO_PORT_SET_PROMISC),
		.flags = cpu_to_le16(promisc ? XVIO_PORT_F_PROMISC : 0),
	};

	return port_set(xv, &req);
}

int xvio_port_set_mac_once(struct xvio *xv, u16 port, const u8 *mac)
{
	const struct xvio_cmd_port_set req = port_set_mac_req(port, mac);
	const struct xvio_cmd cmd = port_set_cmd(xv, &req);

	return xvio_mbox_call_once(xv, &cmd);
}

void xvio_port_update_carrier(struct xvio *xv, u16 port, struct net_device *netdev)
{
	struct xvio_port_info info;

	if (xvio_port_get(xv, port, &info) || !(le16_to_cpu(info.flags) & XVIO_PORT_F_LINK_UP))
		netif_carrier_off(netdev);
	else
		netif_carrier_on(netdev);
}
