/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Firmware images: the checks before one is booted, and their counterpart that makes one. Called by
 * the boot stage on hart 0, and by mkimage on the build machine.
 */
#include "boot/image.h"
#include "lib/crc32.h"
#include <string.h>

static uint32_t image_header_crc(const struct xvio_image_header *header)
{
	return crc32(0, header, offsetof(struct xvio_image_header, header_crc32));
}

const char *image_check_header(const struct xvio_image_header *header)
{
	if (header->magic == 0xffffffffu)
		return "empty";
	if (header->magic != XVIO_IMAGE_MAGIC)
		return "not an image";
	if (header->header_crc32 != image_header_crc(header))
		return "header checksum is wrong";
	if (header->header_bytes != XVIO_IMAGE_HEADER_BYTES)
		return "unknown header size";
	if (header->abi != XVIO_ABI_VERSION)
		return "made for another ABI";
	if (header->arch != XVIO_IMAGE_ARCH_RV64)
		return "made for another processor";
	if (header->payload_bytes == 0 || header->payload_bytes > XVIO_IMAGE_MAX_BYTES)
		return "payload size is out of range";
	if (header->entry_offset >= header->payload_bytes || header->entry_offset % 4)
		return "entry point is out of range";
	if (header->version[XVIO_VERSION_BYTES - 1])
		return "version has no end";
	return NULL;
}

const char *image_check_payload(const struct xvio_image_header *header, const void *payload)
{
	if (crc32(0, payload, header->payload_bytes) != header->payload_crc32)
		return "payload checksum is wrong";
	return NULL;
}

void image_seal(struct xvio_image_header *header, const void *payload, uint32_t payload_bytes)
{
	header->magic = XVIO_IMAGE_MAGIC;
	header->header_bytes = XVIO_IMAGE_HEADER_BYTES;
	header->abi = XVIO_ABI_VERSION;
	header->arch = XVIO_IMAGE_ARCH_RV64;
	header->payload_bytes = payload_bytes;
	header->payload_crc32 = crc32(0, payload, payload_bytes);
	memset(header->signature_room, 0, sizeof(header->signature_room));
	memset(header->reserved, 0, sizeof(header->reserved));
	header->header_crc32 = image_header_crc(header);
}
