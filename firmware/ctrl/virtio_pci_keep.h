/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A device's registers, what they say of the device, and what is decided of its port (vf_admin.h), as they outlive a restart of the firmware (keep.h): a
 * record of the VF. Core 0.
 */
#ifndef CTRL_VIRTIO_PCI_KEEP_H
#define CTRL_VIRTIO_PCI_KEEP_H

#include "ctrl/virtio_pci.h"

/* Writes the record, if something has changed. */
void virtio_pci_keep(const struct virtio_pci *pci);

/*
 * Makes a device that was just made what it was before: port, what is decided of it, registers, features, status; queues go on and
 * interrupt once (virtio_dev_resume_queue()). One whose place is not known stands still, and the device
 * has NEEDS_RESET. The page is not made anew. False: there is nothing that could have been so; the device is to be
 * reset.
 */
bool virtio_pci_recall(struct virtio_pci *pci);

#endif
