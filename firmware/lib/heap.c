/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The heap: blocks in 64-byte steps, each behind a 64-byte header that knows its neighbours; free
 * blocks hang in lists by size class, four classes to a power of two. Core 0 only.
 */
#include "lib/heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "lib/bits.h"
#include "lib/list.h"
#include "lib/panic.h"

#define HEAP_STEP	  64u
#define HEAP_NUM_CLASSES  160u
#define HEAP_STATE_FREE	  0x46524545u
#define HEAP_STATE_IN_USE 0x55534544u

struct heap_block {
	size_t steps; /* of 64 bytes, header included */
	size_t prev_steps; /* of the block before; 0: the first */
	uint32_t state; /* HEAP_STATE_* */
	struct list link; /* while free, in its class */
};
_Static_assert(sizeof(struct heap_block) <= HEAP_STEP, "a header is one step");

static struct list heap_class[HEAP_NUM_CLASSES];
static uintptr_t heap_end;
static size_t heap_free_steps;

/* All blocks of a class above that of steps are at least steps long. */
static unsigned heap_class_of(size_t steps)
{
	unsigned log2 = bits_log2(steps);

	return log2 < 2 ? (unsigned)steps : log2 * 4 + (unsigned)(steps >> (log2 - 2) & 3u);
}

static struct heap_block *heap_next(struct heap_block *block)
{
	uintptr_t next = (uintptr_t)block + block->steps * HEAP_STEP;

	return next < heap_end ? (struct heap_block *)next : NULL;
}

static void heap_insert(struct heap_block *block)
{
	block->state = HEAP_STATE_FREE;
	list_add_tail(&heap_class[heap_class_of(block->steps)], &block->link);
	heap_free_steps += block->steps;
}

static void heap_extract(struct heap_block *block)
{
	list_remove(&block->link);
	heap_free_steps -= block->steps;
}

static void heap_set_steps(struct heap_block *block, size_t steps)
{
	struct heap_block *next;

	block->steps = steps;
	next = heap_next(block);
	if (next)
		next->prev_steps = steps;
}

void heap_init(void *memory, size_t len_bytes)
{
	uintptr_t start = bits_align_up((uintptr_t)memory, HEAP_STEP);
	struct heap_block *block = (struct heap_block *)start;
	unsigned i;

	for (i = 0; i < HEAP_NUM_CLASSES; i++)
		list_init(&heap_class[i]);
	heap_end = ((uintptr_t)memory + len_bytes) & ~(uintptr_t)(HEAP_STEP - 1);
	heap_free_steps = 0;
	block->prev_steps = 0;
	block->steps = (heap_end - start) / HEAP_STEP;
	heap_insert(block);
}

static struct heap_block *heap_find(size_t steps)
{
	unsigned class = heap_class_of(steps);
	struct list *link;
	struct list *following;

	for (; class < HEAP_NUM_CLASSES; class ++) {
		list_for_each_safe (link, following, &heap_class[class]) {
			struct heap_block *block = list_entry(link, struct heap_block, link);

			if (block->steps >= steps)
				return block;
		}
	}
	return NULL;
}

void *heap_alloc(size_t len_bytes)
{
	struct heap_block *block;
	size_t steps;

	if (len_bytes > SIZE_MAX / 2)
		return NULL;
	steps = 1 + (len_bytes + HEAP_STEP - 1) / HEAP_STEP;
	block = heap_find(steps);
	if (!block)
		return NULL;
	heap_extract(block);
	if (block->steps > steps) {
		size_t rest_steps = block->steps - steps;
		struct heap_block *rest;

		block->steps = steps;
		rest = heap_next(block);
		rest->prev_steps = steps;
		heap_set_steps(rest, rest_steps);
		heap_insert(rest);
	}
	block->state = HEAP_STATE_IN_USE;
	return memset((uint8_t *)block + HEAP_STEP, 0, (steps - 1) * HEAP_STEP);
}

void heap_free(void *memory)
{
	struct heap_block *block = (struct heap_block *)((uintptr_t)memory - HEAP_STEP);
	struct heap_block *neighbour;

	if (!memory)
		return;
	if (block->state != HEAP_STATE_IN_USE)
		panic("heap: freed what was not allocated");
	neighbour = heap_next(block);
	if (neighbour && neighbour->state == HEAP_STATE_FREE) {
		heap_extract(neighbour);
		heap_set_steps(block, block->steps + neighbour->steps);
	}
	block->state = HEAP_STATE_FREE; /* stays so inside a larger block: a second free is seen */
	if (block->prev_steps) {
		neighbour = (struct heap_block *)((uintptr_t)block - block->prev_steps * HEAP_STEP);
		if (neighbour->state == HEAP_STATE_FREE) {
			heap_extract(neighbour);
			heap_set_steps(neighbour, neighbour->steps + block->steps);
			block = neighbour;
		}
	}
	heap_insert(block);
}

size_t heap_free_bytes(void)
{
	return heap_free_steps * HEAP_STEP;
}
