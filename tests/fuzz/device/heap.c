/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The device fuzzer's heap, in the place of lib/heap.c: what is behind a block, and what was
 * freed, is out of bounds for the sanitizer. A freed block is not given out again at once. Core
 * 0.
 */
#include "lib/heap.h"

#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hal/fake/fake.h"

#define HEAP_STEP	 64u
#define HEAP_NUM_STEPS	 (FAKE_MEMORY_BYTES / HEAP_STEP)
#define HEAP_NUM_LENGTHS 4096u
#define HEAP_MIN_FREED	 16u /* of one length, before the oldest is given out again */

/* Freed blocks of one length, the oldest first; blocks are named by their first step. */
struct heap_length {
	uint32_t num_steps;
	uint32_t num_freed;
	uint32_t oldest;
	uint32_t newest;
};

static uint8_t *heap_memory;
static uint32_t heap_num_steps; /* of the whole */
static uint32_t heap_first_new; /* from here on nothing was given out yet */
static size_t heap_used_bytes;
static uint32_t heap_steps_of[HEAP_NUM_STEPS]; /* by first step; 0: no block in use */
static uint32_t heap_younger[HEAP_NUM_STEPS];
static struct heap_length heap_lengths[HEAP_NUM_LENGTHS];

void heap_init(void *memory, size_t len_bytes)
{
	heap_memory = memory;
	heap_num_steps = (uint32_t)(len_bytes / HEAP_STEP);
	heap_first_new = 0;
	heap_used_bytes = 0;
	memset(heap_steps_of, 0, sizeof(heap_steps_of));
	memset(heap_lengths, 0, sizeof(heap_lengths));
	ASAN_POISON_MEMORY_REGION(memory, len_bytes);
}

static struct heap_length *heap_find_length(uint32_t num_steps)
{
	struct heap_length *length = heap_lengths;

	while (length->num_steps && length->num_steps != num_steps) {
		if (++length == heap_lengths + HEAP_NUM_LENGTHS)
			abort();
	}
	length->num_steps = num_steps;
	return length;
}

/* Always a step more than asked for, which stays out of bounds. */
void *heap_alloc(size_t len_bytes)
{
	const uint32_t num_steps = 1 + (uint32_t)((len_bytes + HEAP_STEP - 1) / HEAP_STEP);
	struct heap_length *length = heap_find_length(num_steps);
	uint32_t first = heap_first_new;
	uint8_t *block;

	if (length->num_freed >= HEAP_MIN_FREED) {
		first = length->oldest;
		length->oldest = heap_younger[first];
		length->num_freed--;
	} else if (num_steps <= heap_num_steps - heap_first_new) {
		heap_first_new += num_steps;
	} else {
		return NULL;
	}
	heap_steps_of[first] = num_steps;
	heap_used_bytes += (size_t)num_steps * HEAP_STEP;
	block = heap_memory + (size_t)first * HEAP_STEP;
	ASAN_UNPOISON_MEMORY_REGION(block, len_bytes);
	return memset(block, 0, len_bytes);
}

void heap_free(void *memory)
{
	const uint32_t first = (uint32_t)(((uint8_t *)memory - heap_memory) / HEAP_STEP);
	struct heap_length *length;
	uint32_t num_steps;

	if (!memory)
		return;
	num_steps = first < heap_num_steps ? heap_steps_of[first] : 0;
	if (!num_steps) {
		fprintf(stderr, "heap: freed what was not allocated\n");
		abort();
	}
	length = heap_find_length(num_steps);
	heap_steps_of[first] = 0;
	heap_used_bytes -= (size_t)num_steps * HEAP_STEP;
	if (length->num_freed++)
		heap_younger[length->newest] = first;
	else
		length->oldest = first;
	length->newest = first;
	ASAN_POISON_MEMORY_REGION(memory, (size_t)num_steps * HEAP_STEP);
}

size_t heap_free_bytes(void)
{
	return (size_t)heap_num_steps * HEAP_STEP - heap_used_bytes;
}
