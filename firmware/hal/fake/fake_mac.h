/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Between the two halves of the fake platform. */
#ifndef HAL_FAKE_FAKE_MAC_H
#define HAL_FAKE_FAKE_MAC_H

#include <stdbool.h>
#include <stddef.h>

/* Aborts with what unless good. */
void fake_check(bool good, const char *what);

void fake_mac_reset(unsigned num_uplinks);

/* True if the bytes are in a slot that a frame was received into. */
bool fake_mac_is_slot(const void *card, size_t len_bytes);

#endif
