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
#define VIRTIO_NET_F_CSUM		 0
#define VIRTIO_NET_F_GUEST_CSUM		 1
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS 2
#define VIRTIO_NET_F_MTU		 3
#define VIRTIO_NET_F_MAC		 5
#define VIRTIO_NET_F_GUEST_TSO4		 7
#define VIRTIO_NET_F_GUEST_TSO6		 8
#define VIRTIO_NET_F_GUEST_ECN		 9
#define VIRTIO_NET_F_HOST_TSO4		 11
#define VIRTIO_NET_F_HOST_TSO6		 12
#define VIRTIO_NET_F_HOST_ECN		 13
#define VIRTIO_NET_F_MRG_RXBUF		 15
#define VIRTIO_NET_F_STATUS		 16
#define VIRTIO_NET_F_CTRL_VQ		 17
#define VIRTIO_NET_F_CTRL_RX		 18
#define VIRTIO_NET_F_CTRL_VLAN		 19
#define VIRTIO_NET_F_CTRL_RX_EXTRA	 20
#define VIRTIO_NET_F_GUEST_ANNOUNCE	 21
#define VIRTIO_NET_F_MQ			 22
#define VIRTIO_NET_F_CTRL_MAC_ADDR	 23
#define VIRTIO_F_INDIRECT_DESC		 28
#define VIRTIO_F_EVENT_IDX		 29
#define VIRTIO_F_VERSION_1		 32
#define VIRTIO_F_ACCESS_PLATFORM	 33
#define VIRTIO_F_RING_PACKED		 34
#define VIRTIO_F_IN_ORDER		 35
#define VIRTIO_F_ORDER_PLATFORM		 36
#define VIRTIO_F_NOTIFICATION_DATA	 38
#define VIRTIO_F_RING_RESET		 40
#define VIRTIO_NET_F_DEVICE_STATS	 50
#define VIRTIO_NET_F_VQ_NOTF_COAL	 52
#define VIRTIO_NET_F_NOTF_COAL		 53
#define VIRTIO_NET_F_GUEST_USO4		 54
#define VIRTIO_NET_F_GUEST_USO6		 55
#define VIRTIO_NET_F_HOST_USO		 56
#define VIRTIO_NET_F_HASH_REPORT	 57
#define VIRTIO_NET_F_GUEST_HDRLEN	 59
#define VIRTIO_NET_F_RSS		 60
#define VIRTIO_NET_F_STANDBY		 62
#define VIRTIO_NET_F_SPEED_DUPLEX	 63

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
#define VIRTIO_NET_DUPLEX_FULL 1u

struct virtio_net_config {
	uint8_t mac[6];
	xvio_le16 status;
	xvio_le16 max_virtqueue_pairs;
	xvio_le16 mtu;
	xvio_le32 speed; /* Mbit/s */
	uint8_t duplex;
	uint8_t rss_max_key_size; /* bytes */
	xvio_le16 rss_max_indirection_table_length;
	xvio_le32 supported_hash_types; /* VIRTIO_NET_HASH_TYPE_* */
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

/* 5.1.6.5 Control virtqueue: a command is this and its data; the device writes an ack, and a result */
#define VIRTIO_NET_OK  0u
#define VIRTIO_NET_ERR 1u

struct virtio_net_ctrl_hdr {
	uint8_t class; /* VIRTIO_NET_CTRL_* */
	uint8_t command;
};
XVIO_ASSERT_SIZE(struct virtio_net_ctrl_hdr, 2);

/* 5.1.6.5.1 Packet receive filtering: data is a byte, 0 or 1 */
#define VIRTIO_NET_CTRL_RX	    0u
#define VIRTIO_NET_CTRL_RX_PROMISC  0u
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1u
#define VIRTIO_NET_CTRL_RX_ALLUNI   2u
#define VIRTIO_NET_CTRL_RX_NOMULTI  3u
#define VIRTIO_NET_CTRL_RX_NOUNI    4u
#define VIRTIO_NET_CTRL_RX_NOBCAST  5u

/* 5.1.6.5.2 MAC address filtering: two tables, each an xvio_le32 and so many addresses; or an address */
#define VIRTIO_NET_CTRL_MAC	      1u
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0u
#define VIRTIO_NET_CTRL_MAC_ADDR_SET  1u

/* 5.1.6.5.3 VLAN filtering: data is an xvio_le16 */
#define VIRTIO_NET_CTRL_VLAN	 2u
#define VIRTIO_NET_CTRL_VLAN_ADD 0u
#define VIRTIO_NET_CTRL_VLAN_DEL 1u

/* 5.1.6.5.4 Gratuitous packet sending */
#define VIRTIO_NET_S_ANNOUNCE	     2u
#define VIRTIO_NET_CTRL_ANNOUNCE     3u
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0u

/* 5.1.6.5.5 Multiqueue; 5.1.6.5.6 automatic steering, 5.1.6.5.7 receive-side scaling */
#define VIRTIO_NET_CTRL_MQ		4u
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0u
#define VIRTIO_NET_CTRL_MQ_RSS_CONFIG	1u
#define VIRTIO_NET_CTRL_MQ_HASH_CONFIG	2u

struct virtio_net_hash_config {
	xvio_le32 hash_types; /* VIRTIO_NET_HASH_TYPE_* */
	xvio_le16 reserved[4]; /* 0 */
	uint8_t hash_key_length;
	uint8_t hash_key_data[];
};

/* Its variable parts come one after the other, without padding. */
struct virtio_net_rss_config {
	xvio_le32 hash_types;
	xvio_le16 indirection_table_mask;
	xvio_le16 unclassified_queue; /* half the index of a receiveq, as those in the table */
	/* indirection_table_mask + 1 entries of xvio_le16, then struct virtio_net_rss_key */
};
XVIO_ASSERT_SIZE(struct virtio_net_rss_config, 8);

struct virtio_net_rss_key {
	xvio_le16 max_tx_vq;
	uint8_t hash_key_length;
	uint8_t hash_key_data[];
};

/* 5.1.6.4.3.1 Hash types */
#define VIRTIO_NET_HASH_TYPE_IPv4  0x01u
#define VIRTIO_NET_HASH_TYPE_TCPv4 0x02u
#define VIRTIO_NET_HASH_TYPE_UDPv4 0x04u
#define VIRTIO_NET_HASH_TYPE_IPv6  0x08u
#define VIRTIO_NET_HASH_TYPE_TCPv6 0x10u
#define VIRTIO_NET_HASH_TYPE_UDPv6 0x20u

/* 5.1.6.4.4 Hash reporting: the type's bit number, and 1 */
#define VIRTIO_NET_HASH_REPORT_NONE  0u
#define VIRTIO_NET_HASH_REPORT_IPv4  1u
#define VIRTIO_NET_HASH_REPORT_TCPv4 2u
#define VIRTIO_NET_HASH_REPORT_UDPv4 3u
#define VIRTIO_NET_HASH_REPORT_IPv6  4u
#define VIRTIO_NET_HASH_REPORT_TCPv6 5u
#define VIRTIO_NET_HASH_REPORT_UDPv6 6u

/* The header of packets in both directions when HASH_REPORT was negotiated */
struct virtio_net_hdr_hash {
	struct virtio_net_hdr hdr;
	xvio_le32 hash_value;
	xvio_le16 hash_report; /* VIRTIO_NET_HASH_REPORT_* */
	xvio_le16 padding_reserved;
};
XVIO_ASSERT_SIZE(struct virtio_net_hdr_hash, 20);

/* 5.1.6.5.8 Offloads state: data is an xvio_le64 of bits named as the features are */
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS	   5u
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0u

/* 5.1.6.5.9 Notifications coalescing; those of a virtqueue: virtio 1.3 */
#define VIRTIO_NET_CTRL_NOTF_COAL	 6u
#define VIRTIO_NET_CTRL_NOTF_COAL_TX_SET 0u
#define VIRTIO_NET_CTRL_NOTF_COAL_RX_SET 1u
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET 2u
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET 3u

struct virtio_net_ctrl_coal {
	xvio_le32 max_packets;
	xvio_le32 max_usecs;
};
XVIO_ASSERT_SIZE(struct virtio_net_ctrl_coal, 8);

struct virtio_net_ctrl_coal_vq {
	xvio_le16 vq_index;
	xvio_le16 reserved; /* ignored */
	struct virtio_net_ctrl_coal coal; /* of VQ_GET, the device's answer */
};
XVIO_ASSERT_SIZE(struct virtio_net_ctrl_coal_vq, 12);

/* virtio 1.4, 5.1.6.5.11 Device statistics */
#define VIRTIO_NET_CTRL_STATS	    8u
#define VIRTIO_NET_CTRL_STATS_QUERY 0u
#define VIRTIO_NET_CTRL_STATS_GET   1u

/* Bit numbers of the types, and the types of replies */
#define VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC 0
#define VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC 16
#define VIRTIO_NET_STATS_TYPE_REPLY_CVQ	     32

struct virtio_net_stats_capabilities {
	xvio_le64 supported_stats_types[1];
};
XVIO_ASSERT_SIZE(struct virtio_net_stats_capabilities, 8);

/* The command has any number of them. */
struct virtio_net_ctrl_queue_stats {
	xvio_le16 vq_index;
	xvio_le16 reserved[3];
	xvio_le64 types_bitmap[1];
};
XVIO_ASSERT_SIZE(struct virtio_net_ctrl_queue_stats, 16);

struct virtio_net_stats_reply_hdr {
	uint8_t type; /* VIRTIO_NET_STATS_TYPE_REPLY_* */
	uint8_t reserved;
	xvio_le16 vq_index;
	xvio_le16 reserved1;
	xvio_le16 size; /* of the reply, with this header */
};
XVIO_ASSERT_SIZE(struct virtio_net_stats_reply_hdr, 8);

struct virtio_net_stats_cvq {
	struct virtio_net_stats_reply_hdr hdr;
	xvio_le64 command_num;
	xvio_le64 ok_num;
};
XVIO_ASSERT_SIZE(struct virtio_net_stats_cvq, 24);

struct virtio_net_stats_rx_basic {
	struct virtio_net_stats_reply_hdr hdr;
	xvio_le64 rx_notifications;
	xvio_le64 rx_packets;
	xvio_le64 rx_bytes;
	xvio_le64 rx_interrupts;
	xvio_le64 rx_drops;
	xvio_le64 rx_drop_overruns;
};
XVIO_ASSERT_SIZE(struct virtio_net_stats_rx_basic, 56);

struct virtio_net_stats_tx_basic {
	struct virtio_net_stats_reply_hdr hdr;
	xvio_le64 tx_notifications;
	xvio_le64 tx_packets;
	xvio_le64 tx_bytes;
	xvio_le64 tx_interrupts;
	xvio_le64 tx_drops;
	xvio_le64 tx_drop_malformed;
};
XVIO_ASSERT_SIZE(struct virtio_net_stats_tx_basic, 56);

#endif
