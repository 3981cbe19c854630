/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Memory for tables, queues and buffers, out of hal_memory(). Core 0 only; DMA-able. */
#ifndef LIB_HEAP_H
#define LIB_HEAP_H

#include <stddef.h>

/* Once, before anything else. */
void heap_init(void *memory, size_t len_bytes);

/* Zeroed, aligned to 64 bytes; NULL if there is no room. */
void *heap_alloc(size_t len_bytes);

/* NULL is ignored. Panics on what heap_alloc() did not give. */
void heap_free(void *memory);

/* Bytes that are free, fragmented or not. */
size_t heap_free_bytes(void);

#endif
