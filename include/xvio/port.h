/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Ports of the card's switch, and how a packet of one is marked on the PF's queues. Everything that
 * sends or receives packets is a port; a port's representor is not a port of its own but the mark
 * XVIO_META_F_REPR on a packet that host software sends out of, or receives from, that port.
 */
#ifndef XVIO_PORT_H
#define XVIO_PORT_H

#include "types.h"

#define XVIO_PORT_PF	    0u
#define XVIO_PORT_UPLINK(n) (1u + (n))
#define XVIO_MAX_UPLINKS    8u
#define XVIO_PORT_VF(n)	    (16u + (n))
#define XVIO_MAX_VFS	    240u
#define XVIO_PORT_VDPA(n)   (256u + (n))
#define XVIO_MAX_VDPA	    1024u
#define XVIO_NUM_PORTS	    (XVIO_PORT_VDPA(0) + XVIO_MAX_VDPA)
#define XVIO_PORT_NONE	    0xffffu

#define XVIO_META_F_REPR 0x1u /* to or from the port's representor; else the PF's own traffic */
#define XVIO_META_F_TRAP 0x2u /* with REPR: a rule traps it */
#define XVIO_META_F_SAMPLE \
	0x4u /* with REPR: a copy for those who look at samples, not for the representor */

/* struct virtio_net_hdr with num_buffers (virtio 1.2, 5.1.6), the port behind it, and what rules say to the host. */
struct xvio_pkt_meta {
	uint8_t vnet_flags; /* 0 until checksum offloads are negotiated */
	uint8_t vnet_gso_type; /* 0 */
	xvio_le16 vnet_hdr_len;
	xvio_le16 vnet_gso_size;
	xvio_le16 vnet_csum_start;
	xvio_le16 vnet_csum_offset;
	xvio_le16 vnet_num_buffers;
	xvio_le16 port; /* XVIO_PORT_* */
	uint8_t flags; /* XVIO_META_F_* */
	uint8_t reserved; /* 0 */
	/* From here on: 0 unless the card sends it, with REPR. */
	xvio_le32 mark; /* as MARK and PRIORITY have left them */
	xvio_le32 priority;
	xvio_le32 arg; /* REPR: the chain that had no rule for it; SAMPLE: the group */
	xvio_le32 frame_bytes; /* SAMPLE: of the whole frame; else 0 */
};
XVIO_ASSERT_SIZE(struct xvio_pkt_meta, 32);

#define XVIO_MIN_FRAME_BYTES 14u
#define XVIO_MAX_MTU	     9216u
#define XVIO_MAX_FRAME_BYTES (XVIO_MAX_MTU + 18u) /* Ethernet header and one VLAN tag, no FCS */

#endif
