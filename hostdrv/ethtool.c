// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool of the PF's netdev and of representors. The counters are the card's, under the names of
 * xvio/stats.h: a representor shows its port's, the PF's netdev the sums over the card.
 */
#include <linux/ethtool.h>

#include "xvio.h"

#define ETHTOOL_STAT_NAME(symbol, name) name,
static const char ethtool_stat_names[][ETH_GSTRING_LEN] = {XVIO_STATS(ETHTOOL_STAT_NAME)};

static struct xvio *ethtool_xvio(struct net_device *netdev)
{
	return pci_get_drvdata(to_pci_dev(netdev->dev.parent));
}

static void ethtool_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct xvio *xv = ethtool_xvio(netdev);

	strscpy(info->driver, XVIO_DRIVER_NAME, sizeof(info->driver));
	strscpy(info->fw_version, xv->info.version, sizeof(info->fw_version));
	strscpy(info->bus_info, pci_name(xv->pdev), sizeof(info->bus_info));
}

static void ethtool_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
				  struct kernel_ethtool_ringparam *kernel_ring,
				  struct netlink_ext_ack *extack)
{
	struct xvio *xv = ethtool_xvio(netdev);

	ring->rx_pending = xv->pair.rx.ring.num_slots;
	ring->tx_pending = xv->pair.tx.ring.num_slots;
	ring->rx_max_pending = ring->rx_pending;
	ring->tx_max_pending = ring->tx_pending;
}

static int ethtool_get_sset_count(struct net_device *netdev, int sset)
{
	return sset == ETH_SS_STATS ? XVIO_STAT_NUM : -EOPNOTSUPP;
}

static void ethtool_get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	if (sset == ETH_SS_STATS)
		memcpy(data, ethtool_stat_names, sizeof(ethtool_stat_names));
}

static void ethtool_get_card_stats(struct xvio *xv, u32 id, u64 *data)
{
	__le64 counters[XVIO_STAT_NUM] = {};
	unsigned int i;

	xvio_mbox_call_object(xv, XVIO_CMD_STATS_GET, id, counters, sizeof(counters));
	for (i = 0; i < XVIO_STAT_NUM; i++)
		data[i] = le64_to_cpu(counters[i]);
}

static void netdev_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
				     u64 *data)
{
	ethtool_get_card_stats(ethtool_xvio(netdev), XVIO_STATS_CARD, data);
}

static void repr_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
				   u64 *data)
{
	struct xvio_repr *repr = netdev_priv(netdev);

	ethtool_get_card_stats(repr->xv, repr->port, data);
}

static int ethtool_get_port_settings(struct xvio *xv, u16 port,
				     struct ethtool_link_ksettings *settings)
{
	struct xvio_port_info info;
	int err;

	err = xvio_port_get(xv, port, &info);
	if (err)
		return err;
	settings->base.speed = le32_to_cpu(info.speed_mbps) ?: SPEED_UNKNOWN;
	settings->base.duplex = DUPLEX_FULL;
	settings->base.autoneg = AUTONEG_DISABLE;
	settings->base.port = PORT_OTHER;
	return 0;
}

static int netdev_get_link_ksettings(struct net_device *netdev,
				     struct ethtool_link_ksettings *settings)
{
	return ethtool_get_port_settings(ethtool_xvio(netdev), XVIO_PORT_PF, settings);
}

static int repr_get_link_ksettings(struct net_device *netdev,
				   struct ethtool_link_ksettings *settings)
{
	struct xvio_repr *repr = netdev_priv(netdev);

	return ethtool_get_port_settings(repr->xv, repr->port, settings);
}

const struct ethtool_ops xvio_netdev_ethtool_ops = {
	.get_drvinfo = ethtool_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ringparam = ethtool_get_ringparam,
	.get_sset_count = ethtool_get_sset_count,
	.get_strings = ethtool_get_strings,
	.get_ethtool_stats = netdev_get_ethtool_stats,
	.get_link_ksettings = netdev_get_link_ksettings,
};

const struct ethtool_ops xvio_repr_ethtool_ops = {
	.get_drvinfo = ethtool_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ringparam = ethtool_get_ringparam,
	.get_sset_count = ethtool_get_sset_count,
	.get_strings = ethtool_get_strings,
	.get_ethtool_stats = repr_get_ethtool_stats,
	.get_link_ksettings = repr_get_link_ksettings,
};
