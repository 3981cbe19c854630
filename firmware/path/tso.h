/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Cutting a packet with GSO into the frames that it stands for: TCP segments, UDP datagrams. Called by
 * output.c on the core that sends them.
 */
#ifndef PATH_TSO_H
#define PATH_TSO_H

#include <stdbool.h>
#include <stdint.h>

struct pkt;

/* A packet that is being cut. */
struct tso {
	const struct pkt *pkt;
	uint32_t header_bytes; /* of each frame */
	uint32_t at; /* in pkt: the payload of the next frame */
	uint32_t end; /* in pkt: of the payload */
	uint32_t num; /* frames that were made */
};

/* pkt needs GSO and stays as it is; header and payload of each frame fit a packet's room. */
struct tso tso_begin(const struct pkt *pkt);

static inline bool tso_is_done(const struct tso *tso)
{
	return tso->at == tso->end;
}

/*
 * Makes the next frame, with lengths and checksums right, all of it in to's room; not after the last. False:
 * the sender's addresses fail.
 */
bool tso_next(struct tso *tso, struct pkt *to);

/* The frame of a packet that needs no more than a checksum, with it, in to's room. False: as above. */
bool tso_copy(const struct pkt *pkt, struct pkt *to);

#endif
