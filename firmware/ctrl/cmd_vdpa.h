/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the files about vDPA devices share. Core 0. */
#ifndef CTRL_CMD_VDPA_H
#define CTRL_CMD_VDPA_H

#include "ctrl/cmd.h"
#include "ctrl/virtio_dev.h"

/* The device with this id, NULL if there is none. */
struct virtio_dev *cmd_vdpa_find(uint32_t id);

/* A line in the firmware's log: what has happened to the device, and since when the card was busy with it. */
void cmd_vdpa_log(const struct virtio_dev *dev, const char *what, uint64_t began_us);

#endif
