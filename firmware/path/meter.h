/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * How fast a port may bring packets into the card: a token bucket. What exceeds it stays in the sender's
 * ring until its time has come; nothing is dropped. A meter belongs to its port's worker.
 */
#ifndef PATH_METER_H
#define PATH_METER_H

#include <stdbool.h>
#include <stdint.h>

/* As deep as a worker may sleep: whoever is woken that late still sends at the full rate. */
#define METER_DEPTH_US 10000u

/*
 * A packet may be taken whenever there is a token, and may cost more than there are; the debt is waited for
 * before the next. So the rate holds for packets of any length.
 */
struct meter {
	uint32_t bits_per_us; /* Mbit/s; 0: no limit, and the rest is of no meaning */
	int64_t tokens; /* bits */
	uint64_t filled_us; /* when tokens was right */
};

/* Begins with a full bucket. */
void meter_init(struct meter *meter, uint32_t mbps, uint64_t now_us);

/* Fills in what has come since; time does not run backwards. */
void meter_fill(struct meter *meter, uint64_t now_us);

/* Whether a packet may be taken, as of the last meter_fill(). */
static inline bool meter_is_open(const struct meter *meter)
{
	return meter->tokens > 0;
}

/* A packet was taken. */
static inline void meter_take(struct meter *meter, uint32_t len_bytes)
{
	meter->tokens -= (int64_t)len_bytes * 8;
}

/* When a meter that is not open opens. */
uint64_t meter_opens_us(const struct meter *meter);

/* Limits what enters by a port, which exists, to mbps (0: no limit), when the port's worker has it. Core 0. */
void meter_set(uint16_t port, uint32_t mbps);

#endif
