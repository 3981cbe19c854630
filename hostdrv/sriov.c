// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions: `echo N > sriov_numvfs`. The card makes N virtio network devices with their ports,
 * then the bus shows them; each has a representor here and a driver of its own (virtio_pci, vfio-pci)
 * that never asks us anything. Called under the PF's device lock.
 */
#include <linux/etherdevice.h>
#include <linux/if_link.h>

#include "xvio.h"

static int sriov_set_num_on_card(struct xvio *xv, unsigned int num)
{
	return xvio_mbox_call_object(xv, XVIO_CMD_VF_SET_NUM, num, NULL, 0);
}

static void sriov_destroy_reprs(struct xvio *xv, unsigned int num)
{
	while (num--)
		xvio_repr_destroy(xv, XVIO_PORT_VF(num));
}

static int sriov_create_reprs(struct xvio *xv, unsigned int num)
{
	unsigned int i;
	int err;

	for (i = 0; i < num; i++) {
		err = xvio_repr_create(xv, XVIO_PORT_VF(i));
		if (err) {
			sriov_destroy_reprs(xv, i);
			return err;
		}
	}
	return 0;
}

static int sriov_enable(struct xvio *xv, unsigned int num)
{
	int err;

	err = sriov_set_num_on_card(xv, num);
	if (err)
		return err;
	err = sriov_create_reprs(xv, num);
	if (err)
		goto clear_card;
	err = pci_enable_sriov(xv->pdev, num);
	if (err)
		goto destroy_reprs;
	return 0;

destroy_reprs:
	sriov_destroy_reprs(xv, num);
clear_card:
	sriov_set_num_on_card(xv, 0);
	return err;
}

/* The bus first: it waits until whoever has a VF open (a guest, by vfio) has let go of it. */
void xvio_sriov_disable(struct xvio *xv)
{
	unsigned int num = pci_num_vf(xv->pdev);

	if (!num)
		return;
	pci_disable_sriov(xv->pdev);
	sriov_destroy_reprs(xv, num);
	sriov_set_num_on_card(xv, 0);
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

int xvio_sriov_get_config(struct xvio *xv, int vf, struct ifla_vf_info *info)
{
	struct xvio_port_info port;
	int err;

	if (!sriov_has(xv, vf))
		return -EINVAL;
	err = xvio_port_get(xv, XVIO_PORT_VF(vf), &port);
	if (err)
		return err;
	info->vf = vf;
	ether_addr_copy(info->mac, port.mac);
	info->linkstate = le16_to_cpu(port.flags) & XVIO_PORT_F_ADMIN_UP
				  ? IFLA_VF_LINK_STATE_ENABLE
				  : IFLA_VF_LINK_STATE_DISABLE;
	return 0;
}
