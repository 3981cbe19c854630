/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * mkimage: makes a firmware image file out of the flat binary that the linker left. Runs on the build
 * machine, called by firmware/build.mk; entry is the first byte, as the linker script has it.
 */
#include "boot/image.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t payload[XVIO_IMAGE_MAX_BYTES + 1];

static size_t read_payload(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t len_bytes;

	if (!file) {
		perror(path);
		exit(1);
	}
	len_bytes = fread(payload, 1, sizeof(payload), file);
	if (ferror(file) || len_bytes == 0 || len_bytes > XVIO_IMAGE_MAX_BYTES) {
		fprintf(stderr, "%s: unreadable, empty, or over %u bytes\n", path,
			XVIO_IMAGE_MAX_BYTES);
		exit(1);
	}
	fclose(file);
	return len_bytes;
}

static void write_image(const char *path, const struct xvio_image_header *header)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(header, sizeof(*header), 1, file) != 1 ||
	    fwrite(payload, header->payload_bytes, 1, file) != 1 || fclose(file)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct xvio_image_header header = {.sequence = 1};

	if (argc != 4 || strlen(argv[1]) >= sizeof(header.version)) {
		fprintf(stderr, "usage: mkimage VERSION FLAT-BINARY IMAGE (version: < %d bytes)\n",
			XVIO_VERSION_BYTES);
		return 2;
	}
	strcpy(header.version, argv[1]);
	image_seal(&header, payload, (uint32_t)read_payload(argv[2]));
	write_image(argv[3], &header);
	return 0;
}
