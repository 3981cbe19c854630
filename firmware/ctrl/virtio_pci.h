/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The registers of a virtio network device on PCI (virtio 1.2, 4.1.4): what a driver's writes mean, and
 * the page that its reads find (hal_vf_page()). Core 0 only.
 */
#ifndef CTRL_VIRTIO_PCI_H
#define CTRL_VIRTIO_PCI_H

#include "ctrl/virtio_dev.h"

#define VIRTIO_PCI_QUEUE_SIZE 256u /* descriptors at most */

struct virtio_pci {
	/* Its maker fills in id, port, queue_base, function, offered, num_pairs, map, interpreter, net. */
	struct virtio_dev dev;
	uint8_t *page; /* XVIO_VF_REGS_BYTES */
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint64_t driver_features; /* as written; accepted with FEATURES_OK */
	uint16_t config_vector;
	uint16_t queue_select;
	/* As written; taken over with queue_enable. */
	struct virtio_vq setup[VIRTIO_DEV_MAX_QUEUES];
};

/* Reset by status 0 or of the function: queues are stopped, every register is as at the start. */
void virtio_pci_reset(struct virtio_pci *pci);

/*
 * A device that its maker has filled in: as by a reset, or (resume) as it was before a restart of the firmware, if
 * that is known.
 */
void virtio_pci_begin(struct virtio_pci *pci, bool resume);

/*
 * A write of size_bytes at this offset of the page, carried out when it returns. One that is not
 * exactly a field that the driver may write has no effect.
 */
void virtio_pci_write(struct virtio_pci *pci, uint32_t offset, uint32_t size_bytes, uint32_t value);

/* The port (MAC, MTU, link) changed: shows it, and tells a driver that is there. */
void virtio_pci_config_changed(struct virtio_pci *pci);

/* Carries out the commands of a device's control queue; arg is its struct virtio_pci. */
extern const struct virtio_ctrlq_interpreter virtio_pci_interpreter;

/* A worker stopped this queue for a bad ring (virtio_dev_queue_error()); tells the driver. */
bool virtio_pci_queue_error(struct virtio_pci *pci, unsigned index, uint32_t error);

#endif
