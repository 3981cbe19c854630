/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A port whose driver has wishes of the frames sent to it: a filter, several receive queues, hashes. A neighbour
 * sends it frames of all sorts.
 */
#ifndef COMMON_WISH_BED_H
#define COMMON_WISH_BED_H

#include "common/bed.h"
#include "path/rss.h"
#include "path/rxfilter.h"

#define WISH_QUEUES 4u

extern struct bed_port wish_a; /* the sender */
extern struct bed_port wish_pf;
extern struct bed_port
	wish_q[WISH_QUEUES]; /* the receiver: [i].driver[BED_RX] is its receive queue i */
extern struct rxfilter *wish_filter;
extern struct rss *wish_rss;

/* A frame of some flow: IPv4, IPv6 or ARP; TCP, UDP or neither; perhaps a tag, or a fragment. */
struct wish_sent {
	uint8_t frame[160];
	uint32_t len_bytes;
	union flow_key key;
};

extern struct wish_sent wish_sent[200];

void wish_start(unsigned num_cores, unsigned num_queues, uint16_t hdr_bytes);

/* All is accounted for, and given back. */
void wish_stop(void);

void wish_put16(uint8_t *at, unsigned value);
void wish_make_frame(struct wish_sent *sent);

/* The first num of wish_sent. */
void wish_make_frames(unsigned num);

/* Buffers for a queue; for each of them. */
void wish_post(unsigned i, unsigned num);
void wish_post_each(unsigned num);

/* Sends them, and takes back their buffers. */
void wish_send_all(const struct wish_sent *sent, unsigned num);

/* Takes a frame from a queue, and compares it and its header with one that was sent; false: there is none. */
bool wish_receive(unsigned i, const struct wish_sent *sent, const uint8_t *eth_dst);

/* Makes wish_filter, and has the port filter by it. */
void wish_random_filter(void);

/* Makes wish_rss, of which the table has RSS_MAX_TABLE entries and the mask chooses. */
void wish_random_rss(unsigned num_queues);

/* All queues, with so many buffers each, and frames of all sorts spread over them. */
void wish_start_spread(uint16_t hdr_bytes, unsigned num_buffers);

#endif
