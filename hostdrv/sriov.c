// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions: `echo N > sriov_numvfs`. The card makes N virtio network devices with their ports,
 * then the bus shows them; each has a representor here (switchdev mode) and a driver of its own (virtio_pci, vfio-pci)
 * that never asks us anything. Called under the PF's device lock.
 */
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>

#include "xvio.h"

/* What is set of a VF goes with it. */
static void sriov_num_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vf_num *req = cmd->req;
	struct xvio *xv = cmd->ctx;
	unsigned int num = le32_to_cpu(req->num), vf;

	if (err && (num || !xvio_cmd_took_away(err)))
		return;
	for (vf = num; vf < xv->sriov.num; vf++) {
		xv->sriov.set[vf] = (struct xvio_cmd_vf){};
		xvio_port_forget(xv, XVIO_PORT_VF(vf));
	}
	xv->sriov.num = num;
}

static int sriov_set_num_on_card(struct xvio *xv, unsigned int num, u32 flags)
{
	struct xvio_cmd_vf_num req = {.num = cpu_to_le32(num), .flags = cpu_to_le32(flags)};
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_VF_SET_NUM,
		.req = &req,
		.req_bytes = sizeof(req),
		.done = sriov_num_done,
		.ctx = xv,
	};

	return xvio_mbox_call(xv, &cmd);
}

static void sriov_remove_ports(struct xvio *xv, unsigned int num)
{
	while (num--)
		xvio_eswitch_remove_port(xv, XVIO_PORT_VF(num));
}

static int sriov_add_ports(struct xvio *xv, unsigned int num)
{
	unsigned int i;
	int err;

	for (i = 0; i < num; i++) {
		err = xvio_eswitch_add_port(xv, XVIO_PORT_VF(i));
		if (err) {
			sriov_remove_ports(xv, i);
			return err;
		}
	}
	return 0;
}

static int sriov_enable(struct xvio *xv, unsigned int num)
{
	int err;

	err = sriov_set_num_on_card(xv, num, 0);
	if (err)
		return err;
	err = sriov_add_ports(xv, num);
	if (err)
		goto clear_card;
	err = pci_enable_sriov(xv->pdev, num);
	if (err)
		goto remove_ports;
	return 0;

remove_ports:
	sriov_remove_ports(xv, num);
clear_card:
	sriov_set_num_on_card(xv, 0, 0);
	return err;
}

/* The bus first: it waits until whoever has a VF open (a guest, by vfio) has let go of it. */
void xvio_sriov_disable(struct xvio *xv)
{
	unsigned int num = pci_num_vf(xv->pdev);

	if (!num)
		return;
	pci_disable_sriov(xv->pdev);
	sriov_remove_ports(xv, num);
	sriov_set_num_on_card(xv, 0, 0);
}

int xvio_sriov_configure(struct pci_dev *pdev, int num)
{
	struct xvio *xv = pci_get_drvdata(pdev);
	int err;

	if (!num) {
		xvio_sriov_disable(xv);
		return 0;
	}
	err = sriov_enable(xv, num);
	return err ?: num;
}

/* What the PF's owner may set of a VF, and sees */

static bool sriov_has(struct xvio *xv, int vf)
{
	return vf >= 0 && vf < pci_num_vf(xv->pdev);
}

/* Zero would ask for the card's own choice again, which it no longer knows. */
int xvio_sriov_set_mac(struct xvio *xv, int vf, const u8 *mac)
{
	if (!sriov_has(xv, vf) || !is_valid_ether_addr(mac))
		return -EINVAL;
	return xvio_port_set_mac(xv, XVIO_PORT_VF(vf), mac);
}

/* A VF has no link of its own to follow: auto is up. */
int xvio_sriov_set_link(struct xvio *xv, int vf, int state)
{
	if (!sriov_has(xv, vf))
		return -EINVAL;
	switch (state) {
	case IFLA_VF_LINK_STATE_AUTO:
	case IFLA_VF_LINK_STATE_ENABLE:
		return xvio_port_set_admin(xv, XVIO_PORT_VF(vf), true);
	case IFLA_VF_LINK_STATE_DISABLE:
		return xvio_port_set_admin(xv, XVIO_PORT_VF(vf), false);
	default:
		return -EOPNOTSUPP;
	}
}

static void sriov_keep_flag(struct xvio_cmd_vf *kept, const struct xvio_cmd_vf *req, u16 flag)
{
	kept->flags &= ~cpu_to_le16(flag);
	kept->flags |= req->flags & cpu_to_le16(flag);
}

static void sriov_set_done(const struct xvio_cmd *cmd, int err)
{
	const struct xvio_cmd_vf *req = cmd->req;
	struct xvio *xv = cmd->ctx;
	struct xvio_cmd_vf *kept = &xv->sriov.set[le16_to_cpu(req->vf)];
	const u16 what = le16_to_cpu(req->what);

	if (err)
		return;
	kept->vf = req->vf;
	kept->what |= req->what;
	if (what & XVIO_VF_SET_VLAN)
		kept->vlan_tci = req->vlan_tci;
	if (what & XVIO_VF_SET_SPOOFCHK)
		sriov_keep_flag(kept, req, XVIO_VF_F_SPOOFCHK);
	if (what & XVIO_VF_SET_TRUST)
		sriov_keep_flag(kept, req, XVIO_VF_F_TRUSTED);
	if (what & XVIO_VF_SET_RATE)
		kept->max_tx_mbps = req->max_tx_mbps;
}

static int sriov_set(struct xvio *xv, int vf, struct xvio_cmd_vf *req)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_VF_SET,
		.req = req,
		.req_bytes = sizeof(*req),
		.done = sriov_set_done,
		.ctx = xv,
	};

	if (!sriov_has(xv, vf))
		return -EINVAL;
	req->vf = cpu_to_le16(vf);
	return xvio_mbox_call(xv, &cmd);
}

/*
 * What a VF may do is settled before there are rules that give it somewhere to send to. A VF's own queues
 * go on by themselves.
 */
int xvio_sriov_replay(struct xvio *xv, struct xvio_replay *replay)
{
	unsigned int vf;
	int err;

	if (!xv->sriov.num)
		return 0;
	err = sriov_set_num_on_card(xv, xv->sriov.num, XVIO_VF_NUM_F_RESUME);
	if (err)
		return err;
	for (vf = 0; vf < xv->sriov.num; vf++) {
		struct xvio_cmd cmd = {
			.opcode = XVIO_CMD_VF_SET,
			.req = &xv->sriov.set[vf],
			.req_bytes = sizeof(xv->sriov.set[vf]),
		};

		if (!xv->sriov.set[vf].what)
			continue;
		err = xvio_mbox_call(xv, &cmd);
		if (err)
			return err;
	}
	replay->num_vfs = xv->sriov.num;
	return xvio_port_replay(xv, XVIO_PORT_VF(0), xv->sriov.num);
}

/* The card knows no other outer tag, and a priority only of frames that are in a VLAN. */
int xvio_sriov_set_vlan(struct xvio *xv, int vf, u16 vlan, u8 qos, __be16 proto)
{
	struct xvio_cmd_vf req = {.what = cpu_to_le16(XVIO_VF_SET_VLAN)};

	if (proto != htons(ETH_P_8021Q))
		return -EPROTONOSUPPORT;
	if (vlan >= VLAN_VID_MASK || qos > 7 || (qos && !vlan))
		return -EINVAL;
	req.vlan_tci = cpu_to_le16(qos << VLAN_PRIO_SHIFT | vlan);
	return sriov_set(xv, vf, &req);
}

int xvio_sriov_set_spoofchk(struct xvio *xv, int vf, bool on)
{
	struct xvio_cmd_vf req = {
		.what = cpu_to_le16(XVIO_VF_SET_SPOOFCHK),
		.flags = cpu_to_le16(on ? XVIO_VF_F_SPOOFCHK : 0),
	};

	return sriov_set(xv, vf, &req);
}

int xvio_sriov_set_trust(struct xvio *xv, int vf, bool on)
{
	struct xvio_cmd_vf req = {
		.what = cpu_to_le16(XVIO_VF_SET_TRUST),
		.flags = cpu_to_le16(on ? XVIO_VF_F_TRUSTED : 0),
	};

	return sriov_set(xv, vf, &req);
}

/* The card keeps nothing free for anybody. */
int xvio_sriov_set_rate(struct xvio *xv, int vf, int min_mbps, int max_mbps)
{
	struct xvio_cmd_vf req = {
		.what = cpu_to_le16(XVIO_VF_SET_RATE),
		.max_tx_mbps = cpu_to_le32(max_mbps),
	};

	if (min_mbps)
		return -EOPNOTSUPP;
	if (max_mbps < 0)
		return -EINVAL;
	return sriov_set(xv, vf, &req);
}

static void sriov_show_port(const struct xvio_port_info *port, struct ifla_vf_info *info)
{
	ether_addr_copy(info->mac, port->mac);
	info->linkstate = le16_to_cpu(port->flags) & XVIO_PORT_F_ADMIN_UP
				  ? IFLA_VF_LINK_STATE_ENABLE
				  : IFLA_VF_LINK_STATE_DISABLE;
}

static void sriov_show_vf(const struct xvio_cmd_vf *now, struct ifla_vf_info *info)
{
	const u16 flags = le16_to_cpu(now->flags);
	const u16 tci = le16_to_cpu(now->vlan_tci);

	info->vlan = tci & VLAN_VID_MASK;
	info->qos = tci >> VLAN_PRIO_SHIFT;
	info->vlan_proto = htons(ETH_P_8021Q);
	info->spoofchk = !!(flags & XVIO_VF_F_SPOOFCHK);
	info->trusted = !!(flags & XVIO_VF_F_TRUSTED);
	info->min_tx_rate = 0;
	info->max_tx_rate = le32_to_cpu(now->max_tx_mbps);
}

int xvio_sriov_get_config(struct xvio *xv, int vf, struct ifla_vf_info *info)
{
	struct xvio_port_info port;
	struct xvio_cmd_vf now;
	int err;

	if (!sriov_has(xv, vf))
		return -EINVAL;
	err = xvio_port_get(xv, XVIO_PORT_VF(vf), &port);
	if (err)
		return err;
	err = xvio_mbox_call_object(xv, XVIO_CMD_VF_GET, vf, &now, sizeof(now));
	if (err)
		return err;
	info->vf = vf;
	sriov_show_port(&port, info);
	sriov_show_vf(&now, info);
	return 0;
}

/* Lost on its way from the VF, and to it; what is counted under the same name for both is with the latter. */
static const enum xvio_stat sriov_tx_drops[] = {
	XVIO_STAT_DROP_RULE,	XVIO_STAT_DROP_MALFORMED,   XVIO_STAT_DROP_NO_HOST,
	XVIO_STAT_DROP_SPOOFED, XVIO_STAT_DROP_UNKNOWN_DST, XVIO_STAT_DROP_SAME_PORT,
};
static const enum xvio_stat sriov_rx_drops[] = {
	XVIO_STAT_DROP_OVERSIZE,   XVIO_STAT_DROP_PORT_DOWN, XVIO_STAT_DROP_NO_BUFFER,
	XVIO_STAT_DROP_RING_ERROR, XVIO_STAT_DROP_VLAN,
};

static u64 sriov_sum(const __le64 *counters, const enum xvio_stat *which, size_t num)
{
	u64 sum = 0;

	while (num--)
		sum += le64_to_cpu(counters[which[num]]);
	return sum;
}

/* Counted at the port: what the VF sends enters the card there, what it receives leaves it. */
int xvio_sriov_get_stats(struct xvio *xv, int vf, struct ifla_vf_stats *stats)
{
	__le64 counters[XVIO_STAT_NUM];
	int err;

	if (!sriov_has(xv, vf))
		return -EINVAL;
	err = xvio_mbox_call_object(xv, XVIO_CMD_STATS_GET, XVIO_PORT_VF(vf), counters,
				    sizeof(counters));
	if (err)
		return err;
	stats->tx_packets = le64_to_cpu(counters[XVIO_STAT_RX_PACKETS]);
	stats->tx_bytes = le64_to_cpu(counters[XVIO_STAT_RX_BYTES]);
	stats->rx_packets = le64_to_cpu(counters[XVIO_STAT_TX_PACKETS]);
	stats->rx_bytes = le64_to_cpu(counters[XVIO_STAT_TX_BYTES]);
	stats->tx_dropped = sriov_sum(counters, sriov_tx_drops, ARRAY_SIZE(sriov_tx_drops));
	stats->rx_dropped = sriov_sum(counters, sriov_rx_drops, ARRAY_SIZE(sriov_rx_drops));
	return 0;
}
