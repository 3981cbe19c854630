/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The mailbox: one command at a time. The host fills the request window, writes the sequence
 * number (never 0, never the last one) to XVIO_REG_MBOX_DOORBELL and waits for vector
 * XVIO_VECTOR_EVENT, or polls, until the response window carries that number. The firmware copies
 * the request before it looks at it, and writes the response's seq last.
 */
#ifndef XVIO_MBOX_H
#define XVIO_MBOX_H

#include "types.h"
#include "flow.h"
#include "regs.h"

#define XVIO_MBOX_PAYLOAD_BYTES 2048u

struct xvio_mbox_req {
	xvio_le32 seq;
	xvio_le16 opcode; /* XVIO_CMD_* */
	xvio_le16
		len_bytes; /* of the payload behind this header; must be exactly the opcode's, FLOW_ADD's the rule's */
};
XVIO_ASSERT_SIZE(struct xvio_mbox_req, 8);

struct xvio_mbox_rsp {
	xvio_le32 seq;
	xvio_le16 status; /* XVIO_ST_* */
	xvio_le16 len_bytes; /* of the payload behind this header; 0 unless status is OK */
	xvio_le32
		detail; /* what was wrong: XVIO_DETAIL_* or an opcode's own, 0 if nothing to say */
	xvio_le32 reserved;
};
XVIO_ASSERT_SIZE(struct xvio_mbox_rsp, 16);

#define XVIO_ST_OK	    0u
#define XVIO_ST_BAD_OPCODE  1u
#define XVIO_ST_BAD_LENGTH  2u
#define XVIO_ST_BAD_OBJECT  3u /* no such port, queue, device or flow */
#define XVIO_ST_BAD_VALUE   4u /* detail: byte offset of the field in the payload */
#define XVIO_ST_EXISTS	    5u
#define XVIO_ST_NO_SPACE    6u
#define XVIO_ST_BAD_STATE   7u /* not now: the object's state forbids it */
#define XVIO_ST_UNSUPPORTED 8u /* detail as for BAD_VALUE */
#define XVIO_ST_DMA_FAULT   9u /* host memory named in the payload could not be read */
#define XVIO_ST_NUM	    10u

/* Opcodes: request -> response */
#define XVIO_CMD_DEV_INFO	   0x0001 /* - -> xvio_dev_info */
#define XVIO_CMD_DEV_RESET	   0x0002 /* - -> -; no queue, device, flow is left behind */
#define XVIO_CMD_STATS_GET	   0x0003 /* xvio_cmd_object -> le64[XVIO_STAT_NUM] (stats.h) */
#define XVIO_CMD_DEV_CRASH	   0x0004 /* xvio_cmd_object (XVIO_CRASH_*) -> never answered */
#define XVIO_CMD_PORT_GET	   0x0010 /* xvio_cmd_object -> xvio_port_info */
#define XVIO_CMD_PORT_SET	   0x0011 /* xvio_cmd_port_set -> - */
#define XVIO_CMD_QUEUE_START	   0x0020 /* xvio_cmd_queue_start -> - ; PF queues */
#define XVIO_CMD_QUEUE_STOP	   0x0021 /* xvio_cmd_object (queue) -> - */
#define XVIO_CMD_FLOW_ADD	   0x0030 /* xvio_flow_rule, as long as its actions reach -> - */
#define XVIO_CMD_FLOW_DEL	   0x0031 /* xvio_cmd_flow -> xvio_flow_stats, the last ones */
#define XVIO_CMD_FLOW_STATS	   0x0032 /* xvio_cmd_flow -> xvio_flow_stats */
#define XVIO_CMD_FLOW_FLUSH	   0x0033 /* - -> - ; rules and meters */
#define XVIO_CMD_METER_SET	   0x0034 /* xvio_cmd_meter -> - ; makes or changes one */
#define XVIO_CMD_METER_DEL	   0x0035 /* xvio_cmd_object (meter) -> - ; BAD_STATE: a rule has it */
#define XVIO_CMD_ESWITCH_SET	   0x0036 /* xvio_cmd_eswitch -> - ; BAD_STATE: there are rules */
#define XVIO_CMD_ESWITCH_GET	   0x0037 /* - -> xvio_cmd_eswitch */
#define XVIO_CMD_VDPA_CREATE	   0x0040 /* xvio_cmd_vdpa_create -> xvio_vdpa_created */
#define XVIO_CMD_VDPA_DESTROY	   0x0041 /* xvio_cmd_object (vDPA device) -> - */
#define XVIO_CMD_VDPA_SET_STATUS   0x0042 /* xvio_cmd_vdpa_status -> xvio_cmd_vdpa_status */
#define XVIO_CMD_VDPA_GET_STATUS   0x0043 /* xvio_cmd_object -> xvio_cmd_vdpa_status */
#define XVIO_CMD_VDPA_SET_FEATURES 0x0044 /* xvio_cmd_vdpa_features -> - */
#define XVIO_CMD_VDPA_GET_CONFIG   0x0045 /* xvio_cmd_object -> xvio_vdpa_config */
#define XVIO_CMD_VDPA_SET_CONFIG   0x0046 /* xvio_cmd_vdpa_config -> - ; the MAC only */
#define XVIO_CMD_VDPA_VQ_SET	   0x0047 /* xvio_cmd_vdpa_vq -> - */
#define XVIO_CMD_VDPA_VQ_GET	   0x0048 /* xvio_cmd_vdpa_vq_id -> xvio_vdpa_vq_state */
#define XVIO_CMD_VDPA_MAP	   0x0049 /* xvio_cmd_vdpa_map -> - */
#define XVIO_CMD_VDPA_SUSPEND	   0x004a /* xvio_cmd_vdpa_suspend -> - */
#define XVIO_CMD_VDPA_GROUP	   0x004b /* xvio_cmd_vdpa_group -> - */
#define XVIO_CMD_VDPA_VQ_STATS	   0x004c /* xvio_cmd_vdpa_vq_id -> xvio_vdpa_vq_stats */
#define XVIO_CMD_VF_SET_NUM	   0x0050 /* xvio_cmd_vf_num -> - ; VFs and their ports */
#define XVIO_CMD_VF_SET		   0x0051 /* xvio_cmd_vf -> - ; what the administrator decides */
#define XVIO_CMD_VF_GET		   0x0052 /* xvio_cmd_object (VF) -> xvio_cmd_vf */

/* Names one object: port, queue or vDPA device, or a number of them, as the opcode says. */
struct xvio_cmd_object {
	xvio_le32 id;
	xvio_le32 reserved; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_object, 8);

/* DEV_CRASH: the firmware fails on purpose, to try out what watches over it. */
#define XVIO_CRASH_PANIC 0u /* it stops, and says so in its status */
#define XVIO_CRASH_HANG	 1u /* all cores stand still */

#define XVIO_STATS_CARD 0xffffffffu /* STATS_GET id: sums over the card instead of one port */

struct xvio_dev_info {
	xvio_le32 abi; /* XVIO_ABI_VERSION */
	xvio_le32 num_uplinks;
	xvio_le32 num_workers;
	xvio_le32 max_vdpa; /* devices */
	xvio_le32 max_flows;
	xvio_le32 max_map_entries; /* of one VDPA_MAP */
	xvio_le16 max_queue_size; /* descriptors, a power of two */
	xvio_le16 max_vdpa_queue_pairs; /* per device */
	xvio_le16 max_pf_queue_pairs; /* PF queue ids are 0 .. 2 x this - 1; rx even, tx odd */
	xvio_le16 max_mtu;
	xvio_le64 vdpa_features; /* virtio feature bits that a vDPA device can offer */
	uint8_t mac[6]; /* of the PF; the card's base address */
	uint8_t reserved[2];
	char version[XVIO_VERSION_BYTES];
};
XVIO_ASSERT_SIZE(struct xvio_dev_info, 80);

#define XVIO_PORT_F_ADMIN_UP 0x1u
#define XVIO_PORT_F_LINK_UP  0x2u /* read only */
#define XVIO_PORT_F_PROMISC  0x4u /* legacy mode: it gets what the uplink brings for nobody known */

struct xvio_port_info {
	xvio_le16 port; /* port.h */
	xvio_le16 flags; /* XVIO_PORT_F_* */
	xvio_le16 mtu;
	uint8_t mac[6];
	xvio_le32 speed_mbps;
};
XVIO_ASSERT_SIZE(struct xvio_port_info, 16);

#define XVIO_PORT_SET_ADMIN   0x1u
#define XVIO_PORT_SET_MTU     0x2u
#define XVIO_PORT_SET_MAC     0x4u
#define XVIO_PORT_SET_PROMISC 0x8u

struct xvio_cmd_port_set {
	xvio_le16 port;
	xvio_le16 what; /* XVIO_PORT_SET_*; other fields are ignored */
	xvio_le16 flags;
	xvio_le16 mtu;
	uint8_t mac[6];
	uint8_t reserved[2]; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_port_set, 16);

/*
 * A PF queue: a split virtqueue in bus addresses. Even ids bring packets from the card to the host
 * (the host posts buffers), odd ids take packets from the host. Each packet starts with struct
 * xvio_pkt_meta (port.h).
 */
struct xvio_cmd_queue_start {
	xvio_le16 queue;
	xvio_le16 size; /* descriptors, a power of two */
	xvio_le16 vector; /* MSI-X, or XVIO_VECTOR_NONE */
	xvio_le16 reserved; /* 0 */
	xvio_le64 desc_addr;
	xvio_le64 driver_addr; /* available ring */
	xvio_le64 device_addr; /* used ring */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_queue_start, 32);

struct xvio_cmd_flow {
	xvio_le64 cookie;
};
XVIO_ASSERT_SIZE(struct xvio_cmd_flow, 8);

/* A meter that is changed is full again, as a new one is. */
struct xvio_cmd_meter {
	xvio_le32 id; /* below XVIO_MAX_METERS */
	xvio_le32 unit; /* XVIO_METER_BYTES or _PACKETS (flow.h) */
	xvio_le64 rate; /* a second; 1 .. 2^37 */
	xvio_le64 burst; /* 1 .. 2^32 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_meter, 24);
#define XVIO_MAX_METERS 4096u

/*
 * How the card switches. By rules; or as 802.1Q and 802.1Qbg say of a bridge at the server's edge: PF, VFs, vDPA devices
 * and uplink 0, by address and VLAN, no representors, FLOW_ADD is BAD_STATE. A bridge of kind VEPA sends all
 * that these bring out of the uplink. When it is answered no packet takes the old way any more. DEV_RESET: by rules.
 */
#define XVIO_ESWITCH_SWITCHDEV 0u
#define XVIO_ESWITCH_LEGACY    1u

#define XVIO_BRIDGE_VEB	 0u
#define XVIO_BRIDGE_VEPA 1u

#define XVIO_ESWITCH_SET_MODE	0x1u
#define XVIO_ESWITCH_SET_BRIDGE 0x2u
#define XVIO_ESWITCH_SET_AGEING 0x4u

struct xvio_cmd_eswitch {
	xvio_le16 what; /* XVIO_ESWITCH_SET_*, other fields are ignored; in an answer 0 */
	uint8_t mode; /* XVIO_ESWITCH_* */
	uint8_t bridge; /* XVIO_BRIDGE_* */
	xvio_le32 ageing_s; /* until a learnt address is forgotten that sends no more; 1 .. 10^6 */
	xvio_le32 num_learnt; /* in an answer; in a request 0 */
	xvio_le32 reserved; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_eswitch, 16);
#define XVIO_ESWITCH_AGEING_S	  300u /* at first */
#define XVIO_ESWITCH_MAX_AGEING_S 1000000u

/*
 * What a restart of the firmware leaves in the card's memory: what drivers have set by the control queues of
 * vDPA devices, all that drivers and the administrator of VFs have set, and how far packed queues have come. A device that is made
 * anew by RESUME goes on with it; one that is made without forgets it.
 */
#define XVIO_VDPA_CREATE_F_RESUME 0x1u /* it was there before: dev and queue_base are its own */

struct xvio_cmd_vdpa_create {
	xvio_le64 features; /* virtio feature bits to offer; 0: those that suit any driver */
	uint8_t mac[6]; /* zero: the firmware derives one from the card's */
	xvio_le16 mtu; /* 0: 1500 */
	xvio_le16 queue_pairs; /* 0: 1 */
	xvio_le16 flags; /* XVIO_VDPA_CREATE_F_* */
	xvio_le32 dev; /* 0 unless RESUME; EXISTS: it, or a doorbell of it, is taken */
	xvio_le32 queue_base; /* the same */
	xvio_le32 reserved; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_create, 32);

struct xvio_vdpa_created {
	xvio_le32 dev; /* id of the device in later commands, the lowest free one */
	xvio_le16 port; /* its port */
	xvio_le16 num_queues;
	xvio_le32 queue_base; /* its vq i rings doorbell queue_base + i */
	xvio_le32 reserved;
};
XVIO_ASSERT_SIZE(struct xvio_vdpa_created, 16);

struct xvio_cmd_vdpa_status {
	xvio_le32 dev;
	uint8_t status; /* virtio device status; set 0: reset, which is done when answered */
	uint8_t reserved[3]; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_status, 8);

struct xvio_cmd_vdpa_features {
	xvio_le32 dev;
	xvio_le32 reserved; /* 0 */
	xvio_le64 features; /* must be a subset of those offered */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_features, 16);

/* struct virtio_net_config as far as the offered features reach (virtio 1.2, 5.1.4). */
struct xvio_vdpa_config {
	uint8_t mac[6];
	xvio_le16 status; /* VIRTIO_NET_S_* */
	xvio_le16 max_virtqueue_pairs;
	xvio_le16 mtu;
	xvio_le32 generation; /* grows with every change */
	xvio_le64 features; /* offered by this device */
	xvio_le32 speed_mbps;
	uint8_t duplex;
	uint8_t rss_max_key_bytes;
	xvio_le16 rss_max_table; /* entries of the indirection table */
	xvio_le32 hash_types; /* that it can report, and steer by */
	xvio_le32 reserved;
};
XVIO_ASSERT_SIZE(struct xvio_vdpa_config, 40);

struct xvio_cmd_vdpa_config {
	xvio_le32 dev;
	uint8_t mac[6];
	uint8_t reserved[6]; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_config, 16);

/*
 * resume 1, of a device that was made by RESUME: the vq goes on where it stood when the firmware stopped, its
 * driver is interrupted once; last_avail is not used. BAD_STATE: that is not known.
 */
struct xvio_cmd_vdpa_vq {
	xvio_le32 dev;
	xvio_le16 vq;
	xvio_le16 size;
	xvio_le16 vector; /* MSI-X, or XVIO_VECTOR_NONE */
	xvio_le16 last_avail; /* where to go on, as in xvio_vdpa_vq_state */
	uint8_t ready;
	uint8_t resume;
	uint8_t reserved[2]; /* 0 */
	xvio_le64 desc_iova;
	xvio_le64 driver_iova;
	xvio_le64 device_iova;
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_vq, 40);

struct xvio_cmd_vdpa_vq_id {
	xvio_le32 dev;
	xvio_le16 vq;
	xvio_le16 reserved; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_vq_id, 8);

/*
 * last_avail is the index of the next available entry; of a packed vq (RING_PACKED accepted) the place of
 * the next descriptor, with the wrap counter in bit 15. All before it is used, while the vq is stopped.
 */
struct xvio_vdpa_vq_state {
	xvio_le16 last_avail;
	uint8_t ready;
	uint8_t error; /* XVIO_RING_ERR_* (event.h) that stopped it, or 0 */
	xvio_le32 reserved;
};
XVIO_ASSERT_SIZE(struct xvio_vdpa_vq_state, 8);

/* What a virtqueue has counted since the device was made or reset. Control queues count nothing: all 0. */
struct xvio_vdpa_vq_stats {
	xvio_le64 notifications; /* the driver's, as many as were seen one by one */
	xvio_le64 packets; /* receiveq: that the driver got; transmitq: that went to the switch */
	xvio_le64 bytes; /* of their frames */
	xvio_le64 interrupts;
	xvio_le64 drops; /* all packets lost here */
	xvio_le64 drops_of_ring; /* those without a buffer, or in buffers that are no packet */
};
XVIO_ASSERT_SIZE(struct xvio_vdpa_vq_stats, 48);

/*
 * suspended 1: all virtqueues stop, as by ready 0; when answered, nothing of the driver's memory is touched
 * any more, and VQ_GET tells where each one stands. They stay ready; what the driver has set by its control
 * queue stays, too. 0: they go on from there. What is so already is so. A device that is reset is not
 * suspended. BAD_STATE: without DRIVER_OK there is nothing to suspend.
 */
struct xvio_cmd_vdpa_suspend {
	xvio_le32 dev;
	uint8_t suspended; /* 1 or 0 */
	uint8_t reserved[3]; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_suspend, 8);

/*
 * Virtqueues are in two groups, the control queue in one of its own, and a device has two address spaces,
 * each with a map. A group uses the map of the address space that it is assigned to: 0, after each reset.
 */
#define XVIO_VDPA_NUM_SPACES	2u
#define XVIO_VDPA_GROUP_DATA	0u
#define XVIO_VDPA_GROUP_CONTROL 1u
#define XVIO_VDPA_NUM_GROUPS	2u

struct xvio_cmd_vdpa_group {
	xvio_le32 dev;
	xvio_le16 group; /* XVIO_VDPA_GROUP_* */
	xvio_le16 asid;
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_group, 8);

/*
 * Replaces the whole map of one address space: table_addr is the bus address of num_entries
 * struct xvio_map_entry, sorted by iova, none overlapping. It is read before the answer. Until the
 * first VDPA_MAP a map is empty, unless XVIO_MAP_F_IDENTITY makes every address its own
 * bus address (virtio_vdpa, whose addresses come from the DMA API of the PF).
 */
#define XVIO_MAP_F_IDENTITY 0x1u

struct xvio_cmd_vdpa_map {
	xvio_le32 dev;
	xvio_le32 num_entries;
	xvio_le32 asid; /* below XVIO_VDPA_NUM_SPACES */
	xvio_le32 flags; /* XVIO_MAP_F_* */
	xvio_le64 table_addr;
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vdpa_map, 24);

#define XVIO_MAP_READ  0x1u /* the card may read: guest tx data, descriptors */
#define XVIO_MAP_WRITE 0x2u

struct xvio_map_entry {
	xvio_le64 iova;
	xvio_le64 len_bytes;
	xvio_le64 bus_addr;
	xvio_le32 perm; /* XVIO_MAP_* */
	xvio_le32 reserved; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_map_entry, 32);

#define XVIO_VF_NUM_F_RESUME 0x1u /* so many were there before; they go on as they were */

struct xvio_cmd_vf_num {
	xvio_le32 num; /* <= XVIO_NUM_VFS */
	xvio_le32 flags; /* XVIO_VF_NUM_F_* */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vf_num, 8);

/*
 * What the server's administrator has decided of a VF. It belongs to the port: resets of the function, and
 * of the device by its driver, leave it; VF_SET_NUM makes VFs with all of it off.
 */
#define XVIO_VF_SET_VLAN     0x1u
#define XVIO_VF_SET_SPOOFCHK 0x2u
#define XVIO_VF_SET_TRUST    0x4u
#define XVIO_VF_SET_RATE     0x8u

#define XVIO_VF_F_SPOOFCHK 0x1u /* only frames with the VF's own source address may enter */
#define XVIO_VF_F_TRUSTED  0x2u /* its driver may change what the administrator has set */

#define XVIO_VF_VLAN_PCP 0xe000u /* in vlan_tci; the bit between is 0 */
#define XVIO_VF_VLAN_VID 0x0fffu

struct xvio_cmd_vf {
	xvio_le16 vf; /* number */
	xvio_le16 what; /* XVIO_VF_SET_*, other fields are ignored; in an answer 0 */
	xvio_le16 flags; /* XVIO_VF_F_* */
	xvio_le16
		vlan_tci; /* the 802.1Q tag that its frames have on the card, VID 1 .. 4094; 0: none */
	xvio_le32 max_tx_mbps; /* of what it may send, 10^6 bits per second; 0: no limit */
	uint8_t reserved[4]; /* 0 */
};
XVIO_ASSERT_SIZE(struct xvio_cmd_vf, 16);

#endif
