// SPDX-License-Identifier: GPL-2.0
/* Port commands, shared by the PF's netdev and the representors. Process context; they sleep. */
#include <linux/etherdevice.h>

#include "xvio.h"

int xvio_port_get(struct xvio *xv, u16 port, struct xvio_port_info *info)
{
	return xvio_mbox_call_object(xv, XVIO_CMD_PORT_GET, port, info, sizeof(*info));
}

static int port_set(struct xvio *xv, const struct xvio_cmd_port_set *req)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_PORT_SET,
		.req = req,
		.req_bytes = sizeof(*req),
	};

	return xvio_mbox_call(xv, &cmd);
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

int xvio_port_set_mac(struct xvio *xv, u16 port, const u8 *mac)
{
	struct xvio_cmd_port_set req = {
		.port = cpu_to_le16(port),
		.what = cpu_to_le16(XVIO_PORT_SET_MAC),
	};

	ether_addr_copy(req.mac, mac);
	return port_set(xv, &req);
}

void xvio_port_update_carrier(struct xvio *xv, u16 port, struct net_device *netdev)
{
	struct xvio_port_info info;

	if (xvio_port_get(xv, port, &info) || !(le16_to_cpu(info.flags) & XVIO_PORT_F_LINK_UP))
		netif_carrier_off(netdev);
	else
		netif_carrier_on(netdev);
}
