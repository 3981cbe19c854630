/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Which feature bits (virtio 1.2, 5.1.3 and 6) the card's network devices can offer: only what the data
 * path runs stands in the table. No state; any core.
 */
#ifndef CTRL_NET_FEATURES_H
#define CTRL_NET_FEATURES_H

#include <stdint.h>
#include <xvio/virtio.h>

/* Without these no driver gets on with us: they are always offered, and always to be accepted. */
#define NET_FEATURES_MUST (VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM))

/* All that there is. */
uint64_t net_features_all(void);

/*
 * What a vDPA device offers unless told otherwise: all with which QEMU (10.0) can move its guest to another
 * device. It refuses as long as one feature is offered that its shadow virtqueues do not know.
 */
uint64_t net_features_vdpa(void);

/* What a VF offers: it may be the primary device of such a pair, not the one that stands by. */
uint64_t net_features_vf(void);

/* Those of the features whose needs (5.1.3.1) are among them, too. */
uint64_t net_features_whole(uint64_t features);

#endif
