/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The parts of the virtio 1.2 specification that the firmware speaks, under the spec's names. Not
 * for the kernel, which brings its own.
 */
#ifndef XVIO_VIRTIO_H
#define XVIO_VIRTIO_H

#include "types.h"

/* 2.1 Device status */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER	  0x02u
#define VIRTIO_STATUS_DRIVER_OK	  0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED	  0x80u

/* 6 Reserved feature bits, and 5.1.3 network device: bit numbers */
#define VIRTIO_NET_F_CSUM	   0
#define VIRTIO_NET_F_GUEST_CSUM	   1
#define VIRTIO_NET_F_MTU	   3
#define VIRTIO_NET_F_MAC	   5
#define VIRTIO_NET_F_GUEST_TSO4	   7
#define VIRTIO_NET_F_GUEST_TSO6	   8
#define VIRTIO_NET_F_GUEST_ECN	   9
#define VIRTIO_NET_F_HOST_TSO4	   11
#define VIRTIO_NET_F_HOST_TSO6	   12
#define VIRTIO_NET_F_HOST_ECN	   13
#define VIRTIO_NET_F_MRG_RXBUF	   15
#define VIRTIO_NET_F_STATUS	   16
#define VIRTIO_NET_F_MQ		   22
#define VIRTIO_F_EVENT_IDX	   29
#define VIRTIO_F_VERSION_1	   32
#define VIRTIO_F_ACCESS_PLATFORM   33
#define VIRTIO_F_RING_PACKED	   34
#define VIRTIO_F_IN_ORDER	   35
#define VIRTIO_F_ORDER_PLATFORM	   36
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_RING_RESET	   40
#define VIRTIO_NET_F_GUEST_USO4	   54
#define VIRTIO_NET_F_GUEST_USO6	   55
#define VIRTIO_NET_F_HOST_USO	   56
#define VIRTIO_NET_F_GUEST_HDRLEN  59

#define VIRTIO_BIT(n) (UINT64_C(1) << (n))

#define VIRTIO_NET_S_LINK_UP 1u

/* 4.1.4.3 Common configuration */
#define VIRTIO_MSI_NO_VECTOR 0xffffu

struct virtio_pci_common {
	xvio_le32 device_feature_select;
	xvio_le32 device_feature;
	xvio_le32 driver_feature_select;
	xvio_le32 driver_feature;
	xvio_le16 config_msix_vector;
	xvio_le16 num_queues;
	uint8_t device_status;
	uint8_t config_generation;
	xvio_le16 queue_select;
	xvio_le16 queue_size;
	xvio_le16 queue_msix_vector;
	xvio_le16 queue_enable;
	xvio_le16 queue_notify_off;
	xvio_le64 queue_desc;
	xvio_le64 queue_driver;
	xvio_le64 queue_device;
	xvio_le16 queue_notify_data;
	xvio_le16 queue_reset;
	uint8_t unused[4]; /* not the specification's */
};
XVIO_ASSERT_SIZE(struct virtio_pci_common, 64);

/* 5.1.4 Device configuration, as far as the features reach that we offer */
struct virtio_net_config {
	uint8_t mac[6];
	xvio_le16 status;
	xvio_le16 max_virtqueue_pairs;
	xvio_le16 mtu;
	uint8_t unused[12];
};
XVIO_ASSERT_SIZE(struct virtio_net_config, 24);

/* 2.7 Split virtqueues */
#define VIRTQ_DESC_F_NEXT	   1u
#define VIRTQ_DESC_F_WRITE	   2u
#define VIRTQ_DESC_F_INDIRECT	   4u
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u
#define VIRTQ_USED_F_NO_NOTIFY	   1u

struct virtq_desc {
	xvio_le64 addr;
	xvio_le32 len;
	xvio_le16 flags;
	xvio_le16 next;
};
XVIO_ASSERT_SIZE(struct virtq_desc, 16);

struct virtq_avail {
	xvio_le16 flags;
	xvio_le16 idx;
	xvio_le16 ring[];
};

struct virtq_used_elem {
	xvio_le32 id;
	xvio_le32 len;
};
XVIO_ASSERT_SIZE(struct virtq_used_elem, 8);

struct virtq_used {
	xvio_le16 flags;
	xvio_le16 idx;
	struct virtq_used_elem ring[];
};

/* 2.8 Packed virtqueues */
#define VIRTQ_PACKED_DESC_F_AVAIL 0x0080u
#define VIRTQ_PACKED_DESC_F_USED  0x8000u
#define VIRTQ_PACKED_WRAP	  0x8000u /* wrap counter, in front of a 15-bit ring place */

struct virtq_packed_desc {
	xvio_le64 addr;
	xvio_le32 len;
	xvio_le16 id;
	xvio_le16 flags;
};
XVIO_ASSERT_SIZE(struct virtq_packed_desc, 16);

#define VIRTQ_PACKED_EVENT_ENABLE  0u
#define VIRTQ_PACKED_EVENT_DISABLE 1u
#define VIRTQ_PACKED_EVENT_DESC	   2u

struct virtq_packed_event {
	xvio_le16 place; /* and wrap counter; of the descriptor, with VIRTQ_PACKED_EVENT_DESC */
	xvio_le16 flags; /* VIRTQ_PACKED_EVENT_* */
};
XVIO_ASSERT_SIZE(struct virtq_packed_event, 4);

/* 5.1.6 Device operation; num_buffers is always there with VERSION_1 */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1u

#define VIRTIO_NET_HDR_GSO_NONE	  0u
#define VIRTIO_NET_HDR_GSO_TCPV4  1u
#define VIRTIO_NET_HDR_GSO_TCPV6  4u
#define VIRTIO_NET_HDR_GSO_UDP_L4 5u
#define VIRTIO_NET_HDR_GSO_ECN	  0x80u /* with one of the others */

struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	xvio_le16 hdr_len;
	xvio_le16 gso_size;
	xvio_le16 csum_start;
	xvio_le16 csum_offset;
	xvio_le16 num_buffers;
};
XVIO_ASSERT_SIZE(struct virtio_net_hdr, 12);

#endif
