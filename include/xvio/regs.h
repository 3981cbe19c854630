/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * BAR0. The first page is decoded by hardware (works with no firmware at all); the pages behind it
 * are windows onto card RAM, where the firmware says what they mean. Registers are 32 bits wide.
 */
#ifndef XVIO_REGS_H
#define XVIO_REGS_H

#include "types.h"

/* Hardware registers */
#define XVIO_REG_MAGIC	       0x000 /* ro: XVIO_MAGIC */
#define XVIO_REG_ABI	       0x004 /* ro: XVIO_ABI_VERSION of the hardware */
#define XVIO_REG_RESET	       0x008 /* wo: XVIO_RESET_KEY resets the SoC; it boots from flash */
#define XVIO_REG_GENERATION    0x00c /* ro: counts SoC resets */
#define XVIO_REG_NUM_UPLINKS   0x010 /* ro */
#define XVIO_REG_MBOX_DOORBELL 0x020 /* wo: sequence number of the request in the window */
#define XVIO_REG_FLASH_SIZE    0x040 /* ro: bytes */
#define XVIO_REG_FLASH_ADDR    0x044 /* rw: byte offset in flash */
#define XVIO_REG_FLASH_LEN     0x048 /* rw: bytes to read or program, <= window */
#define XVIO_REG_FLASH_CMD     0x04c /* wo: XVIO_FLASH_CMD_* */
#define XVIO_REG_FLASH_STATUS  0x050 /* ro: XVIO_FLASH_STATUS_* of the last command */

#define XVIO_MAGIC	 0x4f495658u /* "XVIO" */
#define XVIO_ABI_VERSION 2u
#define XVIO_RESET_KEY	 0x21545352u /* "RST!" */

#define XVIO_FLASH_CMD_READ	   1u /* flash -> window */
#define XVIO_FLASH_CMD_PROGRAM	   2u /* flash &= window, as NOR flash does */
#define XVIO_FLASH_CMD_ERASE	   3u /* the XVIO_FLASH_SECTOR_BYTES at ADDR become 0xff */
#define XVIO_FLASH_STATUS_OK	   0u
#define XVIO_FLASH_STATUS_BUSY	   1u
#define XVIO_FLASH_STATUS_BAD_ADDR 2u /* outside the flash, or unaligned erase */
#define XVIO_FLASH_STATUS_BAD_LEN  3u
#define XVIO_FLASH_STATUS_BAD_CMD  4u
#define XVIO_FLASH_STATUS_IO_ERROR 5u /* the backing store failed; contents are undefined */

/* Windows */
#define XVIO_WIN_STATUS	     0x1000 /* ro: struct xvio_status */
#define XVIO_WIN_MBOX_REQ    0x2000 /* rw: struct xvio_mbox_req and payload */
#define XVIO_WIN_MBOX_RSP    0x3000 /* ro: struct xvio_mbox_rsp and payload */
#define XVIO_WIN_EVENT	     0x4000 /* ro: struct xvio_event_ring */
#define XVIO_WIN_FLASH	     0x8000 /* rw: data of a flash command */
#define XVIO_WIN_BYTES	     0x1000u
#define XVIO_WIN_TRACE	     0x10000 /* ro: struct xvio_trace_ring (trace.h), XVIO_WIN_TRACE_BYTES */
#define XVIO_WIN_TRACE_BYTES 0x10000u

/* Who runs on the card, and how it fares. Written by boot ROM and firmware only. */
#define XVIO_STATE_OFF	    0u
#define XVIO_STATE_ROM	    1u /* the boot ROM is looking for an image */
#define XVIO_STATE_NO_IMAGE 2u /* nothing bootable in flash: write an image, then reset */
#define XVIO_STATE_STARTING 3u
#define XVIO_STATE_RUNNING  4u /* mailbox is served */
#define XVIO_STATE_PANIC    5u /* message[] says why */

#define XVIO_VERSION_BYTES 32
#define XVIO_MESSAGE_BYTES 128

struct xvio_status {
	xvio_le32 magic; /* XVIO_MAGIC once the boot ROM ran */
	xvio_le32 abi; /* XVIO_ABI_VERSION of the firmware */
	xvio_le32 state; /* XVIO_STATE_* */
	xvio_le32
		generation; /* the reset this state belongs to; compare with XVIO_REG_GENERATION */
	xvio_le64 heartbeat; /* grows at least every XVIO_HEARTBEAT_MS while RUNNING */
	xvio_le32 boot_slot; /* 0 or 1 */
	xvio_le32 num_cores;
	char version[XVIO_VERSION_BYTES]; /* of the running image, NUL-terminated */
	char message[XVIO_MESSAGE_BYTES]; /* why PANIC or NO_IMAGE, NUL-terminated */
};
XVIO_ASSERT_SIZE(struct xvio_status, 192);

#define XVIO_HEARTBEAT_MS 100u

#endif
