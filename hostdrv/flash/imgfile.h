/* SPDX-License-Identifier: GPL-2.0 */
/* A firmware image as it stands in a file or a slot (xvio/flash.h): header, payload. */
#ifndef FLASH_IMGFILE_H
#define FLASH_IMGFILE_H

#include <stddef.h>
#include <xvio/flash.h>

/* NULL, or why the card would not boot it. */
const char *imgfile_check_header(const struct xvio_image_header *header);

/* The same for a whole image of len_bytes: header, length, payload. */
const char *imgfile_check(const void *image, size_t len_bytes);

/* Gives a checked header another sequence number, and the checksum that goes with it. */
void imgfile_set_sequence(struct xvio_image_header *header, uint32_t sequence);

/* Reads a file, which the caller frees; NULL: *fault says why. */
void *imgfile_load(const char *path, size_t *len_bytes, const char **fault);

#endif
