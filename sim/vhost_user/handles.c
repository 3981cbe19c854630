/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handles (handles.h): open addressing, at most half full. A slot keeps the number beside the pointer,
 * so that a search reads slots only. What is taken out leaves no mark: those behind it move up.
 */
#include "handles.h"

#include <stdlib.h>
#include "lib/hash.h"

#define HANDLES_MIN_SLOTS 64u

struct handles_slot {
	uint64_t number; /* 0: empty */
	struct handle *handle;
};

static struct handles_slot *handles_slot;
static size_t handles_mask; /* number of slots less one */
static size_t handles_used;

size_t handles_num(void)
{
	return handles_used;
}

static size_t handles_home(uint64_t number)
{
	return hash_serial(number) & handles_mask;
}

/* The slot of this number, or the empty one where it would be put. */
static size_t handles_seek(uint64_t number)
{
	size_t i = handles_home(number);

	while (handles_slot[i].number && handles_slot[i].number != number)
		i = (i + 1) & handles_mask;
	return i;
}

struct handle *handles_find(uint64_t number)
{
	return handles_used ? handles_slot[handles_seek(number)].handle : NULL;
}

bool handles_make_room(void)
{
	size_t old_num = handles_slot ? handles_mask + 1 : 0;
	size_t num = old_num ? old_num * 2 : HANDLES_MIN_SLOTS;
	struct handles_slot *old = handles_slot;
	struct handles_slot *slot;
	size_t i;

	if ((handles_used + 1) * 2 <= old_num)
		return true;
	slot = calloc(num, sizeof(*slot));
	if (!slot)
		return false;
	handles_slot = slot;
	handles_mask = num - 1;
	for (i = 0; i < old_num; i++) {
		if (old[i].number)
			handles_slot[handles_seek(old[i].number)] = old[i];
	}
	free(old);
	return true;
}

void handles_put(struct handle *handle)
{
	handles_slot[handles_seek(handle->number)] = (struct handles_slot){handle->number, handle};
	handles_used++;
}

/* An entry behind the hole moves into it unless its home lies between the two. */
void handles_take(struct handle *handle)
{
	size_t hole = handles_seek(handle->number);
	size_t i = hole;

	for (;;) {
		i = (i + 1) & handles_mask;
		if (!handles_slot[i].number)
			break;
		if (((i - handles_home(handles_slot[i].number)) & handles_mask) >=
		    ((i - hole) & handles_mask)) {
			handles_slot[hole] = handles_slot[i];
			hole = i;
		}
	}
	handles_slot[hole] = (struct handles_slot){0};
	handles_used--;
}

static int handles_compare(const void *a, const void *b)
{
	uint64_t x = (*(struct handle *const *)a)->number;
	uint64_t y = (*(struct handle *const *)b)->number;

	return x < y ? -1 : x > y;
}

struct handle **handles_sorted(void)
{
	struct handle **sorted = malloc((handles_used + 1) * sizeof(*sorted));
	size_t num = 0;
	size_t i;

	if (!sorted)
		return NULL;
	for (i = 0; num < handles_used; i++) {
		if (handles_slot[i].number)
			sorted[num++] = handles_slot[i].handle;
	}
	if (num)
		qsort(sorted, num, sizeof(*sorted), handles_compare);
	return sorted;
}

void handles_clear(void (*fn)(struct handle *handle))
{
	size_t i;

	for (i = 0; handles_used; i++) {
		if (!handles_slot[i].number)
			continue;
		fn(handles_slot[i].handle);
		handles_used--;
	}
	free(handles_slot);
	handles_slot = NULL;
	handles_mask = 0;
}
