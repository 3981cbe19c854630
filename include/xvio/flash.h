/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The card's flash and the firmware image in it. Two slots; the boot ROM takes the valid one with
 * the higher sequence number. An image file is struct xvio_image_header and the payload behind it,
 * exactly as it stands in a slot.
 */
#ifndef XVIO_FLASH_H
#define XVIO_FLASH_H

#include "types.h"
#include "regs.h"

#define XVIO_FLASH_BYTES	0x1000000u
#define XVIO_FLASH_SECTOR_BYTES 0x1000u
#define XVIO_FLASH_SLOT_BYTES	0x400000u
#define XVIO_FLASH_NUM_SLOTS	2u
#define XVIO_FLASH_SLOT(n)	(0x100000u + (n)*XVIO_FLASH_SLOT_BYTES)
/* The first MiB is kept for boot records (trial boot, confirmation) and keys. */

#define XVIO_IMAGE_MAGIC	0x49465658u /* "XVFI" */
#define XVIO_IMAGE_HEADER_BYTES 1024u
#define XVIO_IMAGE_MAX_BYTES	0x100000u /* payload: what the firmware's share of RAM holds */
#define XVIO_IMAGE_ARCH_RV64	1u

/* CRCs are CRC-32 (IEEE 802.3, reflected, as in zlib). */
struct xvio_image_header {
	xvio_le32 magic;
	xvio_le32 header_bytes; /* XVIO_IMAGE_HEADER_BYTES */
	xvio_le32 abi; /* XVIO_ABI_VERSION */
	xvio_le32 arch; /* XVIO_IMAGE_ARCH_* */
	xvio_le32 payload_bytes;
	xvio_le32 payload_crc32;
	xvio_le32 entry_offset; /* into the payload, which is copied to the start of RAM */
	xvio_le32 sequence; /* set when written to a slot: one more than the other slot's */
	char version[XVIO_VERSION_BYTES]; /* NUL-terminated */
	uint8_t signature_room[944]; /* 0 until images are signed */
	uint8_t reserved[12]; /* 0 */
	xvio_le32 header_crc32; /* of all bytes before it */
};
XVIO_ASSERT_SIZE(struct xvio_image_header, XVIO_IMAGE_HEADER_BYTES);

#endif
