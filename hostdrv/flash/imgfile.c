// SPDX-License-Identifier: GPL-2.0
/* Image files: reading and judging them before anything on the card is touched. */
#include "imgfile.h"
#include "checksum.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t imgfile_header_crc(const struct xvio_image_header *header)
{
	return checksum_crc32(header, offsetof(struct xvio_image_header, header_crc32));
}

const char *imgfile_check_header(const struct xvio_image_header *header)
{
	if (header->magic != XVIO_IMAGE_MAGIC)
		return "not an xvio firmware image";
	if (header->header_bytes != XVIO_IMAGE_HEADER_BYTES)
		return "unknown header size";
	if (header->header_crc32 != imgfile_header_crc(header))
		return "the header's checksum is wrong";
	if (header->abi != XVIO_ABI_VERSION)
		return "made for another ABI";
	if (header->arch != XVIO_IMAGE_ARCH_RV64)
		return "made for another processor";
	if (!header->payload_bytes || header->payload_bytes > XVIO_IMAGE_MAX_BYTES)
		return "the payload's size is out of range";
	if (header->entry_offset >= header->payload_bytes)
		return "the entry point is outside the payload";
	if (header->version[XVIO_VERSION_BYTES - 1])
		return "the version has no end";
	return NULL;
}

const char *imgfile_check(const void *image, size_t len_bytes)
{
	struct xvio_image_header header;
	const char *fault;

	if (len_bytes < sizeof(header))
		return "shorter than an image's header";
	memcpy(&header, image, sizeof(header));
	fault = imgfile_check_header(&header);
	if (fault)
		return fault;
	if (len_bytes != sizeof(header) + header.payload_bytes)
		return "longer or shorter than its header says";
	if (header.payload_crc32 !=
	    checksum_crc32((const uint8_t *)image + sizeof(header), header.payload_bytes))
		return "the payload's checksum is wrong";
	return NULL;
}

void imgfile_set_sequence(struct xvio_image_header *header, uint32_t sequence)
{
	header->sequence = sequence;
	header->header_crc32 = imgfile_header_crc(header);
}

void *imgfile_load(const char *path, size_t *len_bytes, const char **fault)
{
	const size_t max = XVIO_IMAGE_HEADER_BYTES + XVIO_IMAGE_MAX_BYTES + 1;
	FILE *file = fopen(path, "rb");
	void *image = malloc(max);

	*fault = NULL;
	if (!file || !image) {
		*fault = strerror(errno);
	} else {
		*len_bytes = fread(image, 1, max, file);
		if (ferror(file))
			*fault = "cannot be read";
		else if (*len_bytes == max)
			*fault = "longer than any image";
	}
	if (file)
		fclose(file);
	if (!*fault)
		return image;
	free(image);
	return NULL;
}
