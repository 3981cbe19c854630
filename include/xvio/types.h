/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Integer types of the ABI. Everything that crosses the card's edge is little-endian unless its
 * name says be (as on the wire). One definition serves the rv64 firmware, native C11 and the kernel.
 */
#ifndef XVIO_TYPES_H
#define XVIO_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/build_bug.h>
typedef __le16 xvio_le16;
typedef __le32 xvio_le32;
typedef __le64 xvio_le64;
typedef __be16 xvio_be16;
typedef __be32 xvio_be32;
#else
#include <stddef.h>
#include <stdint.h>
typedef uint16_t xvio_le16;
typedef uint32_t xvio_le32;
typedef uint64_t xvio_le64;
typedef uint16_t xvio_be16;
typedef uint32_t xvio_be32;
#endif

#define XVIO_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " size")

#endif
