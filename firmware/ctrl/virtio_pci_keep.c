/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The registers of a VF, to and from its record (virtio_pci_keep.h). What is read goes to the device's state
 * machine as its driver would have it, which refuses what a driver may not do. Called by virtio_pci.c on core 0.
 */
#include "ctrl/virtio_pci_keep.h"
#include "ctrl/cmd.h"
#include "ctrl/keep.h"
#include "ctrl/vf_admin.h"
#include "path/port.h"
#include <string.h>
#include <xvio/event.h>
#include <xvio/pci.h>

struct pci_kept_vq {
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
	uint16_t size;
	uint16_t vector;
	uint8_t ready;
	uint8_t error;
	uint8_t reserved[2];
};

struct pci_kept {
	uint64_t driver_features;
	uint64_t accepted;
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint32_t generation;
	uint16_t config_vector;
	uint16_t queue_select;
	uint16_t mtu;
	uint8_t is_up;
	uint8_t status;
	uint8_t mac[6];
	uint8_t reserved[6];
	struct vf_admin_kept admin;
	struct pci_kept_vq vq[VIRTIO_DEV_MAX_QUEUES];
};

_Static_assert(sizeof(struct pci_kept) == 72 + VIRTIO_DEV_MAX_QUEUES * sizeof(struct pci_kept_vq) &&
		       sizeof(struct pci_kept_vq) == 32,
	       "all bytes are named");
_Static_assert(sizeof(struct pci_kept) <= KEEP_MAX_PCI_BYTES, "a record has room for it");

static void keep_vq(struct pci_kept_vq *kept, const struct virtio_pci *pci, unsigned index)
{
	const struct virtio_vq *setup = &pci->setup[index];

	*kept = (struct pci_kept_vq){
		.desc = setup->desc_iova,
		.driver = setup->driver_iova,
		.device = setup->device_iova,
		.size = setup->size,
		.vector = setup->vector,
		.ready = pci->dev.vq[index].ready,
		.error = pci->dev.vq[index].error,
	};
}

void virtio_pci_keep(const struct virtio_pci *pci)
{
	const uint16_t port = pci->dev.port;
	struct pci_kept kept = {
		.driver_features = pci->driver_features,
		.accepted = pci->dev.accepted,
		.device_feature_select = pci->device_feature_select,
		.driver_feature_select = pci->driver_feature_select,
		.generation = pci->dev.generation,
		.config_vector = pci->config_vector,
		.queue_select = pci->queue_select,
		.mtu = port_mtu(port),
		.is_up = port_admin(port),
		.status = pci->dev.status,
	};

	vf_admin_keep(pci->dev.id, &kept.admin);
	port_mac(port, kept.mac);
	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++)
		keep_vq(&kept.vq[i], pci, i);
	keep_write(KEEP_PCI, pci->dev.id, &kept, sizeof(kept));
}

/* Back */

static bool recall_is_vector(uint16_t vector)
{
	return vector < XVIO_VF_NUM_MSIX || vector == VIRTIO_MSI_NO_VECTOR;
}

/* What a driver can have written. One that is ready has been checked then, and is again. */
static bool recall_is_vq(const struct virtio_pci *pci, const struct pci_kept *kept, unsigned index)
{
	const struct pci_kept_vq *vq = &kept->vq[index];
	const struct cmd_ring ring = {
		.packed = kept->accepted & VIRTIO_BIT(VIRTIO_F_RING_PACKED),
		.size = vq->size,
		.vector = vq->vector,
		.desc = vq->desc,
		.driver = vq->driver,
		.device = vq->device,
	};

	if (vq->size > VIRTIO_PCI_QUEUE_SIZE || !recall_is_vector(vq->vector) || vq->ready > 1 ||
	    vq->error >= XVIO_RING_ERR_NUM)
		return false;
	return !vq->ready ||
	       (index < virtio_dev_num_queues(&pci->dev) && cmd_check_ring(&ring) == CMD_RING_OK);
}

static bool recall_is_good(const struct virtio_pci *pci, const struct pci_kept *kept)
{
	if (!recall_is_vector(kept->config_vector) || kept->is_up > 1 || !cmd_is_mtu(kept->mtu) ||
	    !cmd_is_station_mac(kept->mac) || !vf_admin_is_good(&kept->admin))
		return false;
	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++)
		if (!recall_is_vq(pci, kept, i))
			return false;
	return true;
}

/* The steps of a driver up to the one before it uses the device. */
static bool recall_status(struct virtio_dev *dev, const struct pci_kept *kept)
{
	const uint8_t steps =
		kept->status & (uint8_t) ~(VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET);

	if (kept->status & VIRTIO_STATUS_DRIVER_OK && !(steps & VIRTIO_STATUS_FEATURES_OK))
		return false;
	if (!steps)
		return !kept->accepted;
	return virtio_dev_set_features(dev, kept->accepted) == XVIO_ST_OK &&
	       virtio_dev_set_status(dev, steps) == XVIO_ST_OK && dev->status == steps;
}

/* Before its driver's packets come: what the administrator does not want is not let pass for a moment. */
static void recall_port(struct virtio_dev *dev, const struct pci_kept *kept)
{
	port_set_mac(dev->port, kept->mac);
	port_set_mtu(dev->port, kept->mtu);
	port_set_admin(dev->port, kept->is_up);
	vf_admin_recall(dev->id, &kept->admin);
	net_ctrl_set_trust(&dev->net, vf_admin_may_set_mac(dev->port),
			   vf_admin_may_be_promiscuous(dev->port));
}

static void recall_registers(struct virtio_pci *pci, const struct pci_kept *kept)
{
	pci->device_feature_select = kept->device_feature_select;
	pci->driver_feature_select = kept->driver_feature_select;
	pci->driver_features = kept->driver_features;
	pci->config_vector = kept->config_vector;
	pci->queue_select = kept->queue_select;
	pci->dev.generation = kept->generation;
	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++)
		pci->setup[i] = (struct virtio_vq){
			.size = kept->vq[i].size,
			.vector = kept->vq[i].vector,
			.desc_iova = kept->vq[i].desc,
			.driver_iova = kept->vq[i].driver,
			.device_iova = kept->vq[i].device,
		};
}

/* False: one of them stands still. */
static bool recall_queues(struct virtio_pci *pci, const struct pci_kept *kept)
{
	struct virtio_dev *dev = &pci->dev;
	bool good = true;

	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++) {
		dev->vq[i].error = kept->vq[i].error;
		if (!kept->vq[i].ready ||
		    virtio_dev_resume_queue(dev, i, &pci->setup[i]) == XVIO_ST_OK)
			continue;
		dev->vq[i].error = XVIO_RING_ERR_DMA;
		good = false;
	}
	return good;
}

bool virtio_pci_recall(struct virtio_pci *pci)
{
	struct virtio_dev *dev = &pci->dev;
	struct pci_kept kept;

	if (!keep_read(KEEP_PCI, dev->id, &kept, sizeof(kept)) || !recall_is_good(pci, &kept) ||
	    !recall_status(dev, &kept))
		return false;
	recall_port(dev, &kept);
	recall_registers(pci, &kept);
	dev->resumed = true;
	dev->net.host_repeats = true;
	if (!recall_queues(pci, &kept))
		kept.status |= VIRTIO_STATUS_NEEDS_RESET;
	if (kept.status & VIRTIO_STATUS_DRIVER_OK) {
		const uint8_t steps = kept.status & (uint8_t)~VIRTIO_STATUS_NEEDS_RESET;

		if (virtio_dev_set_status(dev, steps) != XVIO_ST_OK) /* no memory */
			kept.status |= VIRTIO_STATUS_NEEDS_RESET;
	}
	dev->status |= kept.status & VIRTIO_STATUS_NEEDS_RESET;
	return true;
}
