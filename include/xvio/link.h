/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Simulation only: what stands for the wires between the card's hardware blocks (the device model in
 * the server's QEMU) and its SoC (rv64 emulator or native process). Card RAM is one shared file; this
 * is its map and the layout of the rings in it.
 *
 * Rules: offsets, never pointers; each word has one writer, named below, [H] hardware or [S] SoC;
 * ring indices run freely and are taken modulo the ring's size; store-release an index after what it
 * announces, load-acquire it before; no atomic read-modify-write on shared words.
 *
 * Waking. The model is an ivshmem server and peer 0, the SoC is peer 1. SoC -> hardware: after
 * publishing operations, signal vector 0 of peer 0. Hardware -> hart h: after publishing, full
 * fence, then signal vector h of peer 1 if hart[h].sleeping is set. A hart that sleeps: sleeping = 1,
 * full fence, look at all its rings once more, wait, sleeping = 0.
 *
 * Reset. The hardware zeroes all its own words, adds 1 to generation and resets the SoC. An operation was
 * carried out before that as a whole, or is not at all. It ignores a hart's rings until hart[h].ready_generation == generation. A hart that starts zeroes its own
 * words first and stores ready_generation last.
 */
#ifndef XVIO_LINK_H
#define XVIO_LINK_H

#include "types.h"
#include "pci.h"
#include "port.h"
#include "flash.h"

/* Map of card RAM, offsets from its start (SoC address 0x8000_0000) */
#define XVIO_RAM_BYTES		 0x8000000u
#define XVIO_RAM_FIRMWARE	 0x0000000u /* 1 MiB, copied there by the boot ROM alone */
#define XVIO_RAM_FIRMWARE_BYTES	 0x0100000u
#define XVIO_RAM_STATUS		 0x0110000u /* struct xvio_status, a page [S] */
#define XVIO_RAM_MBOX_REQ	 0x0111000u /* a page, written by the host */
#define XVIO_RAM_MBOX_RSP	 0x0112000u /* a page [S] */
#define XVIO_RAM_EVENT		 0x0113000u /* struct xvio_event_ring, a page [S] */
#define XVIO_RAM_ROM_STACK	 0x0118000u /* 32 KiB for the boot ROM */
#define XVIO_RAM_ROM_STACK_BYTES 0x8000u
#define XVIO_RAM_TRACE		 0x0120000u /* struct xvio_trace_ring [S] */
#define XVIO_RAM_VF_RING	 0x0130000u /* struct xvio_vf_ring */
#define XVIO_RAM_VF_PAGES	 0x0140000u /* a page per VF [S]: what its registers read */
#define XVIO_RAM_LINK		 0x0180000u /* struct xvio_link */
#define XVIO_RAM_RINGS		 0x0200000u /* struct xvio_hart_rings per hart */
#define XVIO_RAM_MAC_RX		 0x0400000u /* struct xvio_mac_rx per uplink */
#define XVIO_RAM_KEEP		 0x1a00000u /* what outlives a reset of the SoC; 0 after power-on [S] */
#define XVIO_RAM_KEEP_BYTES	 0x0600000u
#define XVIO_RAM_HEAP		 0x2000000u /* the firmware's buffers and tables [S] */
#define XVIO_RAM_HEAP_BYTES	 0x4e00000u
#define XVIO_RAM_FLASH		 0x6e00000u /* what is in the flash, as the SoC reads it [H] */
#define XVIO_RAM_RESERVED	 0x7e00000u /* 2 MiB that the rv64 emulator overwrites */

#define XVIO_LINK_MAGIC	      0x4b4c5658u /* "XVLK" */
#define XVIO_LINK_VERSION     1u
#define XVIO_MAX_HARTS	      8u
#define XVIO_IVSHMEM_PEER_HW  0u
#define XVIO_IVSHMEM_PEER_SOC 1u
#define XVIO_IVSHMEM_VECTORS  8u

/* Operations, SoC -> hardware, per hart; executed strictly in order, each seen complete by the next */
#define XVIO_OP_DMA_READ     1u /* host memory -> card RAM */
#define XVIO_OP_DMA_WRITE    2u /* card RAM -> host memory */
#define XVIO_OP_MSIX	     3u /* arg: vector; after all earlier writes */
#define XVIO_OP_MAC_TX	     4u /* card RAM -> wire; arg: uplink */
#define XVIO_OP_RING_ENTRIES 1024u
#define XVIO_OP_MAX_BYTES    0x100000u /* of one operation; 0 and more are BAD_RANGE */

/* Completion: comp[i] belongs to op[i] */
#define XVIO_OP_ST_OK	     1u
#define XVIO_OP_ST_BAD_OP    2u
#define XVIO_OP_ST_BAD_RANGE 3u /* card range outside RAM, or a bad uplink, function or vector */
#define XVIO_OP_ST_BUS_ERROR 4u /* IOMMU or bus refused; or bus mastering is off */
#define XVIO_OP_ST_NO_LINK   5u /* MAC_TX with no peer on the wire; the frame is lost */

struct xvio_op {
	xvio_le64 host_addr; /* bus address */
	xvio_le32 card_offset; /* in card RAM */
	xvio_le32 len_bytes;
	xvio_le16 op; /* XVIO_OP_* */
	xvio_le16 function; /* requester: XVIO_FUNCTION_* */
	xvio_le32 arg;
	xvio_le64 reserved;
};
XVIO_ASSERT_SIZE(struct xvio_op, 32);

/*
 * Doorbells, hardware -> hart. At most one entry per doorbell is in flight, so the ring cannot
 * overflow. The hardware pushes doorbell d to the ring of hart bind[d], with count = ++rung[d],
 * unless seen[d] says that the previous entry has not been taken yet. A hart that takes an entry
 * stores seen[d] = count, full fence, then looks at the queue. data[d] is the last value written.
 */
#define XVIO_DB_RING_ENTRIES 8192u

struct xvio_db_entry {
	xvio_le32 doorbell;
	xvio_le32 count;
};
XVIO_ASSERT_SIZE(struct xvio_db_entry, 8);

struct xvio_hart_rings {
	xvio_le32 op_prod; /* [S] */
	uint8_t pad0[60];
	xvio_le32 op_cons; /* [H] ops completed */
	uint8_t pad1[60];
	xvio_le32 db_prod; /* [H] */
	uint8_t pad2[60];
	xvio_le32 db_cons; /* [S] */
	uint8_t pad3[60];
	struct xvio_op op[XVIO_OP_RING_ENTRIES]; /* [S] */
	xvio_le32 comp[XVIO_OP_RING_ENTRIES]; /* [H] XVIO_OP_ST_* */
	struct xvio_db_entry db[XVIO_DB_RING_ENTRIES]; /* [H] */
};
XVIO_ASSERT_SIZE(struct xvio_hart_rings, 256 + 36 * 1024 + 64 * 1024);
#define XVIO_HART_RINGS_STRIDE 0x20000u

/* Frames from the wire: fixed slots, consumed in order by hart mac_rx_hart[uplink]. */
#define XVIO_MAC_RX_SLOTS      512u
#define XVIO_MAC_RX_SLOT_BYTES 0x2800u

struct xvio_mac_rx {
	xvio_le32 prod; /* [H] */
	uint8_t pad0[60];
	xvio_le32 cons; /* [S] */
	uint8_t pad1[60];
	xvio_le32 no_slot; /* [H] frames lost because all slots were full */
	xvio_le32 oversize; /* [H] frames lost because longer than a slot */
	uint8_t pad2[56];
	uint8_t pad3[64];
	xvio_le32 len_bytes[XVIO_MAC_RX_SLOTS]; /* [H] */
	uint8_t pad4[1792];
	uint8_t slot[XVIO_MAC_RX_SLOTS][XVIO_MAC_RX_SLOT_BYTES]; /* [H] */
};
XVIO_ASSERT_SIZE(struct xvio_mac_rx, 0x1000 + XVIO_MAC_RX_SLOTS * XVIO_MAC_RX_SLOT_BYTES);
#define XVIO_MAC_RX_STRIDE    0x580000u
#define XVIO_LINK_MAX_UPLINKS 4u

/*
 * Registers of virtual functions. The hardware does not know what they mean: reading one gives the
 * bytes of the VF's page, writing one posts an entry to hart 0 (and wakes it). A reset of the function
 * (FLR, enabling, disabling) is an entry like them. Hart 0 carries them out in order and counts them in
 * cons, when what they change can be read in the page. A read is held until all earlier entries of its
 * VF are counted; after a time without progress it gives all ones. From a reset until that is counted
 * the hardware refuses the VF's DMA and MSI-X. While it waits (waiting = 1, full fence, look at cons),
 * hart 0 signals it: store cons, full fence, look at waiting, signal vector 0 of peer 0.
 */
#define XVIO_VF_RING_ENTRIES 1024u
#define XVIO_VF_WRITE	     1u
#define XVIO_VF_RESET	     2u /* offset, size and value are 0 */

struct xvio_vf_entry {
	xvio_le16 vf;
	xvio_le16 kind; /* XVIO_VF_* */
	xvio_le16 offset; /* below XVIO_VF_REGS_BYTES, a multiple of size */
	xvio_le16 size_bytes; /* 1, 2 or 4 */
	xvio_le32 value;
	xvio_le32 reserved;
};
XVIO_ASSERT_SIZE(struct xvio_vf_entry, 16);

struct xvio_vf_ring {
	xvio_le32 prod; /* [H] */
	uint8_t pad0[60];
	xvio_le32 cons; /* [S] entries carried out */
	uint8_t pad1[60];
	xvio_le32 waiting; /* [H] */
	uint8_t pad2[124];
	struct xvio_vf_entry entry[XVIO_VF_RING_ENTRIES]; /* [H] */
};
XVIO_ASSERT_SIZE(struct xvio_vf_ring, 256 + 16 * 1024);

struct xvio_link_hart {
	xvio_le32 sleeping; /* [S] */
	xvio_le32 ready_generation; /* [S] */
	uint8_t pad[56];
};
XVIO_ASSERT_SIZE(struct xvio_link_hart, 64);

struct xvio_link {
	xvio_le32 magic; /* [H] */
	xvio_le32 version; /* [H] */
	xvio_le32 generation; /* [H] */
	xvio_le32 num_uplinks; /* [H] */
	xvio_le32 mbox_seq; /* [H] last value of XVIO_REG_MBOX_DOORBELL; wakes hart 0 */
	xvio_le32 link_up; /* [H] bit per uplink; a change wakes hart 0 */
	uint8_t mac[6]; /* [H] the card's base address */
	uint8_t pad0[34];
	struct xvio_link_hart hart[XVIO_MAX_HARTS];
	xvio_le16 mac_rx_hart[XVIO_LINK_MAX_UPLINKS]; /* [S] */
	uint8_t pad1[56];
	uint8_t pad2[3392];
	xvio_le32 data[XVIO_NUM_DOORBELLS]; /* [H] */
	xvio_le32 seen[XVIO_NUM_DOORBELLS]; /* [S] */
	xvio_le16 bind[XVIO_NUM_DOORBELLS]; /* [S] */
};
XVIO_ASSERT_SIZE(struct xvio_link, 4032 + 80 * 1024);

_Static_assert(XVIO_RAM_LINK + sizeof(struct xvio_link) <= XVIO_RAM_RINGS, "link page");
_Static_assert(XVIO_RAM_VF_RING + sizeof(struct xvio_vf_ring) <= XVIO_RAM_VF_PAGES, "VF ring");
_Static_assert(XVIO_RAM_VF_PAGES + XVIO_NUM_VFS * XVIO_VF_REGS_BYTES <= XVIO_RAM_LINK, "VF pages");
_Static_assert(XVIO_RAM_RINGS + XVIO_MAX_HARTS * XVIO_HART_RINGS_STRIDE <= XVIO_RAM_MAC_RX,
	       "hart rings");
_Static_assert(XVIO_RAM_MAC_RX + XVIO_LINK_MAX_UPLINKS * XVIO_MAC_RX_STRIDE <= XVIO_RAM_KEEP,
	       "mac rings");
_Static_assert(XVIO_RAM_KEEP + XVIO_RAM_KEEP_BYTES <= XVIO_RAM_HEAP, "what is kept");
_Static_assert(XVIO_RAM_HEAP + XVIO_RAM_HEAP_BYTES <= XVIO_RAM_FLASH, "heap");
_Static_assert(XVIO_RAM_FLASH + XVIO_FLASH_BYTES <= XVIO_RAM_RESERVED, "flash");

#endif
