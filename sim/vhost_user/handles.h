/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules by handle: a hash table of pointers that begin with their handle. Core 0.
 */
#ifndef VHOST_USER_HANDLES_H
#define VHOST_USER_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What has a handle: the first member of what is kept here. Never 0. */
struct handle {
	uint64_t number;
};

size_t handles_num(void);

/* NULL: there is none. */
struct handle *handles_find(uint64_t number);

/* Makes sure that one more can be put in. False: no memory. */
bool handles_make_room(void);

/* Puts in what is not there yet; handles_make_room() was called. */
void handles_put(struct handle *handle);

/* Takes out what is there. */
void handles_take(struct handle *handle);

/* All of them, by number, in an array from malloc() that is the caller's; NULL: no memory. */
struct handle **handles_sorted(void);

/* Takes out all of them, and hands each to fn. */
void handles_clear(void (*fn)(struct handle *handle));

#endif
