/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The four functions of <string.h> that the firmware and the compiler call. Any hart. Words while
 * both sides are aligned alike, bytes otherwise: the SoC may trap on misaligned accesses.
 */
#include <stdint.h>
#include <string.h>

/* A word that may alias any object. */
typedef uint64_t __attribute__((may_alias)) mem_word;
#define MEM_WORD sizeof(mem_word)

/* From the first byte to the last, so that to may also lie before from and overlap it. */
static void mem_copy_forward(uint8_t *dst, const uint8_t *src, size_t len_bytes)
{
	if (((uintptr_t)dst ^ (uintptr_t)src) % MEM_WORD == 0) {
		for (; len_bytes && (uintptr_t)dst % MEM_WORD; len_bytes--)
			*dst++ = *src++;
		for (; len_bytes >= 4 * MEM_WORD; len_bytes -= 4 * MEM_WORD) {
			const mem_word *from_word = (const mem_word *)src;
			mem_word *to_word = (mem_word *)dst;

			to_word[0] = from_word[0];
			to_word[1] = from_word[1];
			to_word[2] = from_word[2];
			to_word[3] = from_word[3];
			dst += 4 * MEM_WORD;
			src += 4 * MEM_WORD;
		}
		for (; len_bytes >= MEM_WORD; len_bytes -= MEM_WORD) {
			*(mem_word *)dst = *(const mem_word *)src;
			dst += MEM_WORD;
			src += MEM_WORD;
		}
	}
	while (len_bytes--)
		*dst++ = *src++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len_bytes)
{
	mem_copy_forward(to, from, len_bytes);
	return to;
}

void *memmove(void *to, const void *from, size_t len_bytes)
{
	uint8_t *dst = to;
	const uint8_t *src = from;

	if ((uintptr_t)dst - (uintptr_t)src >= len_bytes) {
		mem_copy_forward(dst, src, len_bytes);
		return to;
	}
	while (len_bytes--)
		dst[len_bytes] = src[len_bytes];
	return to;
}

void *memset(void *to, int value, size_t len_bytes)
{
	uint8_t *dst = to;
	const mem_word word = (uint8_t)value * UINT64_C(0x0101010101010101);

	for (; len_bytes && (uintptr_t)dst % MEM_WORD; len_bytes--)
		*dst++ = (uint8_t)value;
	for (; len_bytes >= 4 * MEM_WORD; len_bytes -= 4 * MEM_WORD) {
		mem_word *to_word = (mem_word *)dst;

		to_word[0] = word;
		to_word[1] = word;
		to_word[2] = word;
		to_word[3] = word;
		dst += 4 * MEM_WORD;
	}
	for (; len_bytes >= MEM_WORD; len_bytes -= MEM_WORD, dst += MEM_WORD)
		*(mem_word *)dst = word;
	while (len_bytes--)
		*dst++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t len_bytes)
{
	const uint8_t *left = a;
	const uint8_t *right = b;

	for (size_t i = 0; i < len_bytes; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}
