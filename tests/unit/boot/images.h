/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Images and slots for the tests of the boot stage: made by hand, put into the fake platform's flash. */
#ifndef TESTS_UNIT_BOOT_IMAGES_H
#define TESTS_UNIT_BOOT_IMAGES_H

#include <stdint.h>
#include <string.h>
#include "boot/image.h"
#include "hal/fake/fake.h"

#define IMAGE_PAYLOAD_BYTES 5000u

struct image {
	struct xvio_image_header header;
	uint8_t payload[IMAGE_PAYLOAD_BYTES];
};

static inline void image_make(struct image *image, uint32_t sequence, const char *version)
{
	memset(image, 0, sizeof(*image));
	for (unsigned i = 0; i < IMAGE_PAYLOAD_BYTES; i++)
		image->payload[i] = (uint8_t)(i * 7 + sequence);
	image->header.sequence = sequence;
	image->header.entry_offset = 64;
	strncpy(image->header.version, version, sizeof(image->header.version) - 1);
	image_seal(&image->header, image->payload, IMAGE_PAYLOAD_BYTES);
}

static inline void image_flash(unsigned slot, const struct image *image, size_t len_bytes)
{
	memcpy(fake_flash() + XVIO_FLASH_SLOT(slot), image, len_bytes);
}

#endif
