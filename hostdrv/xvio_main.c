// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI driver: what is built in which order when a card is found, and taken down in reverse.
 * Read this file first.
 */
#include <linux/module.h>

#include "xvio.h"

static int main_reset_card(struct xvio *xv)
{
	struct xvio_cmd cmd = {.opcode = XVIO_CMD_DEV_RESET};

	return xvio_mbox_call(xv, &cmd);
}

/* Asks who the card is and brings it into the state it has after power-up. */
static int main_greet_card(struct xvio *xv)
{
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_DEV_INFO,
		.rsp = &xv->info,
		.rsp_bytes = sizeof(xv->info),
	};
	int err;

	err = xvio_mbox_call(xv, &cmd);
	if (err)
		return err;
	if (le32_to_cpu(xv->info.abi) != XVIO_ABI_VERSION) {
		dev_err(&xv->pdev->dev, "the firmware speaks ABI %u, this driver %u\n",
			le32_to_cpu(xv->info.abi), XVIO_ABI_VERSION);
		return -ENODEV;
	}
	xv->info.version[sizeof(xv->info.version) - 1] = '\0';
	return main_reset_card(xv);
}

static int main_enable_pci(struct pci_dev *pdev)
{
	int err;

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	/* The registers are not claimed, so that xvio-flash can look at a card that has a driver */
	err = pci_request_region(pdev, XVIO_BAR_DOORBELLS, XVIO_DRIVER_NAME);
	if (err)
		goto disable;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto release;
	/* Segments of an address map: as long as their length field allows */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	pci_set_master(pdev);
	return 0;

release:
	pci_release_region(pdev, XVIO_BAR_DOORBELLS);
disable:
	pci_disable_device(pdev);
	return err;
}

static void main_disable_pci(struct pci_dev *pdev)
{
	pci_clear_master(pdev);
	pci_release_region(pdev, XVIO_BAR_DOORBELLS);
	pci_disable_device(pdev);
}

/* BARs, interrupts, mailbox: after this the card can be talked to, and has been reset. */
static int main_create_transport(struct xvio *xv)
{
	int err;

	err = main_enable_pci(xv->pdev);
	if (err)
		return err;
	err = xvio_hw_create(xv);
	if (err)
		goto disable_pci;
	xvio_mbox_create(xv);
	err = xvio_irq_create(xv);
	if (err)
		goto destroy_hw;
	err = main_greet_card(xv);
	if (err)
		goto destroy_irq;
	return 0;

destroy_irq:
	xvio_irq_destroy(xv);
destroy_hw:
	xvio_hw_destroy(xv);
disable_pci:
	main_disable_pci(xv->pdev);
	return err;
}

static void main_destroy_transport(struct xvio *xv)
{
	/* A firmware that cannot be asked to let go of the server is made to */
	if (main_reset_card(xv))
		xvio_hw_reset_soc(xv);
	xvio_irq_destroy(xv);
	xvio_hw_destroy(xv);
	main_disable_pci(xv->pdev);
}

/* Everything the server sees: netdevs, health, vDPA. */
static int main_create_services(struct xvio *xv)
{
	int err;

	err = xvio_health_create(xv);
	if (err)
		return err;
	err = xvio_trap_create(xv);
	if (err)
		goto destroy_health;
	err = xvio_devlink_create(xv);
	if (err)
		goto destroy_trap;
	err = xvio_netdev_create(xv);
	if (err)
		goto destroy_devlink;
	err = xvio_tc_create(xv);
	if (err)
		goto destroy_netdev;
	err = xvio_eswitch_create(xv);
	if (err)
		goto destroy_tc;
	err = xvio_mgmt_create(xv);
	if (err)
		goto destroy_eswitch;
	return 0;

destroy_eswitch:
	xvio_eswitch_destroy(xv);
destroy_tc:
	xvio_tc_destroy(xv);
destroy_netdev:
	xvio_netdev_destroy(xv);
destroy_devlink:
	xvio_devlink_destroy(xv);
destroy_trap:
	xvio_trap_destroy(xv);
destroy_health:
	xvio_health_destroy(xv);
	return err;
}

/* All but vDPA, which is gone already. */
static void main_destroy_services(struct xvio *xv)
{
	xvio_eswitch_destroy(xv);
	xvio_tc_destroy(xv);
	xvio_health_destroy(xv);
	xvio_netdev_destroy(xv);
	xvio_devlink_destroy(xv);
	xvio_trap_destroy(xv);
}

static int main_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct devlink *devlink;
	struct xvio *xv;
	int err;

	devlink = devlink_alloc(&xvio_devlink_ops, sizeof(*xv), &pdev->dev);
	if (!devlink)
		return -ENOMEM;
	xv = devlink_priv(devlink);
	xv->pdev = pdev;
	xv->devlink = devlink;
	xa_init(&xv->reprs);
	hash_init(xv->meters);
	ida_init(&xv->meter_ids);
	INIT_LIST_HEAD(&xv->meters_on_card);
	xa_init(&xv->samples);
	xvio_mgmt_init(xv);
	pci_set_drvdata(pdev, xv);
	err = xvio_flow_create(xv);
	if (err)
		goto free_devlink;
	err = main_create_transport(xv);
	if (err)
		goto destroy_flows;
	err = main_create_services(xv);
	if (err)
		goto destroy_transport;
	devlink_register(devlink);
	xvio_health_start(xv);
	dev_info(&pdev->dev, "firmware %s, %u uplinks\n", xv->info.version,
		 le32_to_cpu(xv->info.num_uplinks));
	return 0;

destroy_transport:
	main_destroy_transport(xv);
destroy_flows:
	xvio_flow_destroy(xv);
free_devlink:
	devlink_free(devlink);
	return err;
}

static void main_remove(struct pci_dev *pdev)
{
	struct xvio *xv = pci_get_drvdata(pdev);

	/* While these wait for guests, the card is still looked after */
	xvio_sriov_disable(xv);
	xvio_mgmt_destroy(xv);
	xvio_health_stop(xv);
	devlink_unregister(xv->devlink);
	main_destroy_services(xv);
	main_destroy_transport(xv);
	xvio_flow_destroy(xv);
	devlink_free(xv->devlink);
}

/* A server that goes down restarts no firmware. */
static void main_shutdown(struct pci_dev *pdev)
{
	xvio_health_stop(pci_get_drvdata(pdev));
}

static const struct pci_device_id main_ids[] = {
	{PCI_DEVICE(XVIO_PCI_VENDOR_ID, XVIO_PCI_DEVICE_ID)}, {}};
MODULE_DEVICE_TABLE(pci, main_ids);

static struct pci_driver main_driver = {
	.name = XVIO_DRIVER_NAME,
	.id_table = main_ids,
	.probe = main_probe,
	.remove = main_remove,
	.shutdown = main_shutdown,
	.sriov_configure = xvio_sriov_configure,
};
module_pci_driver(main_driver);

MODULE_DESCRIPTION("xvio SmartNIC: netdev, representors, flow offload, vDPA, SR-IOV");
MODULE_LICENSE("GPL");
