/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* boot/image: what is damaged or not ours is refused, whatever byte it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "images.h"
#include "lib/crc32.h"

static struct image image;

static int make(void **state)
{
	(void)state;
	image_make(&image, 3, "1.2.3");
	return 0;
}

static void sealed_image_is_good(void **state)
{
	(void)state;
	assert_null(image_check_header(&image.header));
	assert_null(image_check_payload(&image.header, image.payload));
}

static void every_header_byte_counts(void **state)
{
	uint8_t *byte = (uint8_t *)&image.header;

	(void)state;
	for (size_t i = 0; i < sizeof(image.header); i++) {
		for (unsigned flip = 1; flip < 256; flip++) {
			byte[i] ^= (uint8_t)flip;
			if (!image_check_header(&image.header))
				fail_msg("header byte %zu ^ %#x was not noticed", i, flip);
			byte[i] ^= (uint8_t)flip;
		}
	}
	assert_null(image_check_header(&image.header));
}

static void every_payload_byte_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < IMAGE_PAYLOAD_BYTES; i++) {
		image.payload[i] ^= 0x10;
		assert_non_null(image_check_payload(&image.header, image.payload));
		image.payload[i] ^= 0x10;
	}
}

/* A header whose checksum is right but that says something we cannot use. */
static void refuses(const char *why)
{
	image.header.header_crc32 =
		crc32(0, &image.header, offsetof(struct xvio_image_header, header_crc32));
	assert_string_equal(image_check_header(&image.header), why);
	make(NULL);
}

static void wrong_fields(void **state)
{
	(void)state;
	image.header.magic = 0xffffffff;
	refuses("empty");
	image.header.magic++;
	refuses("not an image");
	image.header.header_bytes = 512;
	refuses("unknown header size");
	image.header.abi++;
	refuses("made for another ABI");
	image.header.arch++;
	refuses("made for another processor");
	image.header.payload_bytes = 0;
	refuses("payload size is out of range");
	image.header.payload_bytes = XVIO_IMAGE_MAX_BYTES + 1;
	refuses("payload size is out of range");
	image.header.entry_offset = IMAGE_PAYLOAD_BYTES;
	refuses("entry point is out of range");
	image.header.entry_offset = 66;
	refuses("entry point is out of range");
	memset(image.header.version, 'x', sizeof(image.header.version));
	refuses("version has no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sealed_image_is_good, make),
		cmocka_unit_test_setup(every_header_byte_counts, make),
		cmocka_unit_test_setup(every_payload_byte_counts, make),
		cmocka_unit_test_setup(wrong_fields, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
