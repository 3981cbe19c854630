/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's tools/virtio lacks to compile the drivers of 6.12 in user space; read before each
 * of its files. tests/system/ring_selftests.sh.
 */
#ifndef VHOST_KERNEL_ENV_H
#define VHOST_KERNEL_ENV_H

#define data_race(expression)	 (expression)
#define MODULE_DESCRIPTION(text) /* nothing */

#endif
