/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* cmocka with what it wants included before it, and random numbers that repeat. */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Below limit (> 0); the same sequence after each check_seed(). */
uint32_t check_random(uint32_t limit);
void check_seed(uint64_t seed);

#endif
