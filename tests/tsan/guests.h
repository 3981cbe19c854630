/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Guests for the test under ThreadSanitizer: a process of their own, as guests are, that shares only
 * their memory with the path. So the sanitizer sees the path's accesses, and nothing has to be hidden from it.
 */
#ifndef TSAN_GUESTS_H
#define TSAN_GUESTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "bench/path_ring.h"

#define GUESTS_NUM	 4u
#define GUESTS_RX	 0u
#define GUESTS_TX	 1u
#define GUESTS_HDR_BYTES 12u
#define GUESTS_NUM_FLOWS 64u
#define GUESTS_FIRST_TP	 0x1000u /* the flows' UDP source ports */

struct guest {
	struct path_ring_memory ring[2]; /* at IOVA 0 and sizeof(ring[0]) */
	_Atomic uint64_t num_received; /* each compared byte for byte */
	_Atomic uint64_t num_interrupts;
	/* Not shared: each side has its own copy. */
	enum path_ring_kind kind;
	int kick[2]; /* eventfds */
	int call[2];
};

extern struct guest *guests; /* [GUESTS_NUM] */

/*
 * Makes the guests, whose frames go round until the calling process ends. Each has another kind of ring.
 * Before there are threads. False: errno says why.
 */
bool guests_start(void);

/* NULL, or what a guest did not like: a wrong frame, a broken ring. */
const char *guests_complaint(void);

#endif
