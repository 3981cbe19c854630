/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What makes a firmware image bootable (xvio/flash.h). No state; used on hart 0 and by mkimage. */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <xvio/flash.h>

/* Why this header (a copy that nobody changes) names no image of ours; NULL if it does. */
const char *image_check_header(const struct xvio_image_header *header);

/* Why payload is not the one of a checked header; NULL if it is. header->payload_bytes are read. */
const char *image_check_payload(const struct xvio_image_header *header, const void *payload);

/* Fills in everything but version, entry_offset and sequence, which the caller has set. */
void image_seal(struct xvio_image_header *header, const void *payload, uint32_t payload_bytes);

#endif
