/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * When a queue's interrupt is due that its driver wants moderated (virtio 1.2, 5.1.6.5.9): after so many
 * packets, or so long after the first. Plain arithmetic; the queue's worker raises it (vnet_irq.c).
 */
#ifndef PATH_COALESCE_H
#define PATH_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

struct coalesce {
	uint32_t max_usecs;
	uint32_t max_packets;
	uint32_t from; /* the first chain that is waited with, as struct virtq counts */
	uint64_t since_us; /* when it was published */
};

/* With either limit 0 each interrupt is raised at once (1.3, 5.1.6.5.9.1). */
static inline bool coalesce_is_on(const struct coalesce *coalesce)
{
	return coalesce->max_usecs && coalesce->max_packets;
}

/* The driver wishes to be interrupted for chains from .. */
static inline void coalesce_begin(struct coalesce *coalesce, uint32_t from, uint64_t now_us)
{
	coalesce->from = from;
	coalesce->since_us = now_us;
}

/* Begun, and not raised: until when it may wait, if no more chains come. */
static inline uint64_t coalesce_until_us(const struct coalesce *coalesce)
{
	return coalesce->since_us + coalesce->max_usecs;
}

/* Begun, and not raised: whether it is to be raised now that the chains before published are. */
static inline bool coalesce_is_due(const struct coalesce *coalesce, uint32_t published,
				   uint64_t now_us)
{
	return !coalesce_is_on(coalesce) || published - coalesce->from >= coalesce->max_packets ||
	       now_us >= coalesce_until_us(coalesce);
}

#endif
