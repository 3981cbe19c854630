/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the switch must do with a packet: the words of xvio/flow.h, plainly and slowly, sharing nothing with the
 * card. Rules lie in an array that is searched from end to end. One switch; time is what the caller says.
 */
#ifndef COMMON_SWITCH_MODEL_H
#define COMMON_SWITCH_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include <xvio/port.h>
#include "common/gso_model.h"
#include "common/wire_model.h"

#define MODEL_MAX_RULES 512u

/* Of the packets that came in by a port. */
struct model_stats {
	uint64_t packets;
	uint64_t misses;
	uint64_t drop_rule;
	uint64_t drop_policed;
	uint64_t drop_malformed;
	uint64_t drop_depth;
	uint64_t copied;
};

/* A frame that leaves the switch, as a receiver without offloads gets it. */
struct model_frame {
	bool to_host; /* by the representor of a port; else out of a port */
	uint16_t port; /* in the mark: if to_host the one it came in by */
	uint8_t flags; /* XVIO_META_F_* */
	uint32_t mark; /* as the host sees them, if it does */
	uint32_t priority;
	uint32_t arg;
	uint32_t frame_bytes;
	uint32_t len_bytes;
	uint8_t *data;
	uint32_t open_at
		[2]; /* SAMPLE: checksums still to be made, whose two bytes may be anything; 0: none */
	unsigned num_loose; /* places of checksums where 0 and 0xffff are the same */
	uint32_t loose[WIRE_MAX_LOOSE];
};

/* All that comes of packets, in order. */
struct model_frames {
	unsigned num;
	unsigned room;
	struct model_frame *frame;
};

/* No rules, no meters, nothing counted. */
void model_reset(void);

/* A rule that is valid, and whose cookie is free; a rule that is there. The stats are those at now_us. */
void model_rule_add(const struct xvio_flow_rule *rule, uint64_t now_us);
void model_rule_stats(uint64_t cookie, uint64_t now_us, struct xvio_flow_stats *stats);
void model_rule_del(uint64_t cookie);

/* For those who look around: rule i of those that are there, in the order in which they came. */
unsigned model_num_rules(void);
const struct xvio_flow_rule *model_rule(unsigned i);
bool model_uses_meter(uint32_t id);

void model_meter_set(const struct xvio_cmd_meter *meter, uint64_t now_us);

/*
 * A packet comes in by a port: what leaves is added to frames. Its header is one that the port's sender may
 * send (gso_model.h); of a packet that asks for something, all of struct gso_packet is filled in.
 */
void model_packet(uint16_t in_port, const struct gso_packet *packet, uint64_t now_us,
		  struct model_frames *frames);

const struct model_stats *model_stats(uint16_t in_port);

/* Whether data is what the frame says, but for loose places. */
bool model_frame_is(const struct model_frame *frame, const uint8_t *data, uint32_t len_bytes);

/* Gives back what the frames lie in: there are none. */
void model_frames_clear(struct model_frames *frames);

#endif
