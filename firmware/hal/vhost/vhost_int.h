/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the files of this HAL share. */
#ifndef HAL_VHOST_VHOST_INT_H
#define HAL_VHOST_VHOST_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hal/vhost/vhost.h"

#define CORES_MAX (VHOST_MAX_WORKERS + 1)

/* cores.c: adds an eventfd to what ends a core's sleep; tag: 0, or 1 + the doorbell it rings. */
bool cores_watch(unsigned core, int fd, uint32_t tag);
void cores_unwatch(unsigned core, int fd);

/* cores.c: notes the doorbells that ring within timeout_us; returns with the first. */
void cores_wait(uint64_t timeout_us);

/* calls.c: before the first vhost_call(). False: errno says why. */
bool calls_init(unsigned num_cores);

/* doorbells.c: a doorbell of the calling core was rung. */
void doorbells_note(uint32_t doorbell);

/* doorbells.c: the calling core has some that it has not taken. */
bool doorbells_pending(void);

/* memory.c */
bool memory_init(size_t len_bytes);

#endif
