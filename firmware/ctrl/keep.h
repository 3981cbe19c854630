/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What outlives a restart of the firmware (hal_keep()): a record for each port of what its driver has set, one
 * for each VF of its registers, and the places of packed queues. Core 0 only, but for the places, which the
 * queues' workers write.
 */
#ifndef CTRL_KEEP_H
#define CTRL_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xvio/pci.h>
#include <xvio/port.h>
#include "path/virtq.h"

enum keep_kind {
	KEEP_NET, /* by port: net_ctrl_keep.c */
	KEEP_PCI, /* by VF: virtio_pci_keep.c */
	KEEP_NUM_KINDS,
};

#define KEEP_MAX_NET_BYTES 2032u
#define KEEP_MAX_PCI_BYTES 1008u

/* Looks at the memory; what is not laid out as here is forgotten. Before all the others. */
void keep_start(void);

/*
 * Remembers len_bytes as a port's or VF's record, in the place of the one before. A restart at any moment finds
 * either of them. Numbers of ports and VFs without a record are ignored.
 */
void keep_write(enum keep_kind kind, unsigned number, const void *data, size_t len_bytes);

/*
 * The record, if there is one of that length. It is as it was written, unless somebody took pains to
 * make it look so: the caller checks all values as a driver's.
 */
bool keep_read(enum keep_kind kind, unsigned number, void *data, size_t len_bytes);

/* There is no record any more. */
void keep_forget(enum keep_kind kind, unsigned number);

/* How far the queue with this doorbell has come (virtq_config.place). */
struct virtq_place *keep_place(uint32_t doorbell);

#endif
