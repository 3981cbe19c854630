/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The model of the switch (switch_model.h): lookups, lists of actions, meters, what leaves. */
#include "common/switch_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "common/parse_model.h"

struct rule {
	struct xvio_flow_rule rule;
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
	uint64_t last_us; /* packet; or when it was added */
};

/* Its level is in millionths, so that a microsecond's worth of any rate is exact. */
struct meter {
	struct xvio_cmd_meter cmd;
	uint64_t level;
	uint64_t filled_us;
};

static struct rule model_rules[MODEL_MAX_RULES];
static unsigned model_num;
static struct meter model_meters[XVIO_MAX_METERS];
static struct model_stats model_counters[XVIO_NUM_PORTS];

/* A packet on its way. */
struct way {
	uint16_t in_port;
	uint64_t now_us;
	uint32_t mark;
	uint32_t priority;
	struct wire_packet *packet;
	struct model_stats *stats;
	struct model_frames *frames;
};

/* Rules */

void model_reset(void)
{
	model_num = 0;
	memset(model_counters, 0, sizeof(model_counters));
}

void model_rule_add(const struct xvio_flow_rule *rule, uint64_t now_us)
{
	assert(model_num < MODEL_MAX_RULES);
	model_rules[model_num++] = (struct rule){.rule = *rule, .last_us = now_us};
}

static struct rule *rule_find(uint64_t cookie)
{
	unsigned i;

	for (i = 0; i < model_num; i++) {
		if (model_rules[i].rule.cookie == cookie)
			return &model_rules[i];
	}
	assert(false);
	return NULL;
}

void model_rule_stats(uint64_t cookie, uint64_t now_us, struct xvio_flow_stats *stats)
{
	const struct rule *rule = rule_find(cookie);

	stats->packets = rule->packets;
	stats->bytes = rule->bytes;
	stats->drops = rule->drops;
	stats->idle_us = now_us - rule->last_us;
}

void model_rule_del(uint64_t cookie)
{
	struct rule *rule = rule_find(cookie);

	memmove(rule, rule + 1, (size_t)(model_rules + model_num - rule - 1) * sizeof(*rule));
	model_num--;
}

unsigned model_num_rules(void)
{
	return model_num;
}

const struct xvio_flow_rule *model_rule(unsigned i)
{
	return &model_rules[i].rule;
}

bool model_uses_meter(uint32_t id)
{
	unsigned i, k;

	for (i = 0; i < model_num; i++) {
		for (k = 0; k < model_rules[i].rule.num_actions; k++) {
			const struct xvio_flow_action *action = &model_rules[i].rule.action[k];

			if (action->type == XVIO_ACTION_METER && action->arg == id)
				return true;
		}
	}
	return false;
}

static unsigned number_of(xvio_be16 field)
{
	uint8_t bytes[2];

	memcpy(bytes, &field, 2);
	return bytes[0] * 256u + bytes[1];
}

static bool is_in_range(const struct xvio_flow_range *range, xvio_be16 port)
{
	const unsigned min = number_of(range->min);
	const unsigned max = number_of(range->max);

	if (!min && !max)
		return true;
	return number_of(port) >= min && number_of(port) <= max;
}

static bool rule_matches(const struct xvio_flow_rule *rule, const struct xvio_flow_key *key)
{
	const uint8_t *wanted = (const uint8_t *)&rule->key;
	const uint8_t *mask = (const uint8_t *)&rule->mask;
	const uint8_t *has = (const uint8_t *)key;
	unsigned i;

	for (i = 0; i < sizeof(*key); i++) {
		if ((has[i] & mask[i]) != wanted[i])
			return false;
	}
	return is_in_range(&rule->tp_src, key->tp_src) && is_in_range(&rule->tp_dst, key->tp_dst);
}

/* NULL: none. */
static struct rule *rule_for(uint32_t chain, const struct xvio_flow_key *key)
{
	struct rule *best = NULL;
	unsigned i;

	for (i = 0; i < model_num; i++) {
		struct rule *rule = &model_rules[i];

		if (rule->rule.chain == chain && rule_matches(&rule->rule, key) &&
		    (!best || rule->rule.prio < best->rule.prio))
			best = rule;
	}
	return best;
}

/* Frames of a packet */

static uint32_t packet_num_frames(const struct wire_packet *packet)
{
	return gso_num_frames(&packet->gso);
}

/* The longest one, and the sum of all. */
static uint32_t packet_frame_bytes(const struct wire_packet *packet)
{
	const struct gso_packet *gso = &packet->gso;

	return wire_is_gso(packet) ? gso->payload_at + gso->header.gso_size : gso->len_bytes;
}

static uint64_t packet_all_bytes(const struct wire_packet *packet)
{
	const struct gso_packet *gso = &packet->gso;

	if (!wire_is_gso(packet))
		return gso->len_bytes;
	return (uint64_t)packet_num_frames(packet) * gso->payload_at + gso->end - gso->payload_at;
}

/* Meters */

void model_meter_set(const struct xvio_cmd_meter *meter, uint64_t now_us)
{
	model_meters[meter->id] = (struct meter){
		.cmd = *meter,
		.level = meter->burst * 1000000,
		.filled_us = now_us,
	};
}

static bool meter_takes(struct meter *meter, const struct wire_packet *packet, uint64_t now_us)
{
	const uint64_t missing = meter->cmd.burst * 1000000 - meter->level;
	const uint64_t elapsed_us = now_us - meter->filled_us;
	uint64_t needs = packet_num_frames(packet);

	if (meter->cmd.unit == XVIO_METER_BYTES)
		needs = packet_all_bytes(packet);
	needs *= 1000000;
	if (elapsed_us > missing / meter->cmd.rate)
		meter->level += missing;
	else
		meter->level += elapsed_us * meter->cmd.rate;
	meter->filled_us = now_us;
	if (meter->level < needs)
		return false;
	meter->level -= needs;
	return true;
}

/* What leaves */

static struct model_frame *frames_new(struct model_frames *frames, const struct model_frame *like)
{
	if (frames->num == frames->room) {
		frames->room = frames->room * 2 + 16;
		frames->frame = realloc(frames->frame, frames->room * sizeof(*frames->frame));
		assert(frames->frame);
	}
	frames->frame[frames->num] = *like;
	return &frames->frame[frames->num++];
}

static void frame_fill(struct model_frame *frame, const uint8_t *data, uint32_t len_bytes)
{
	frame->len_bytes = len_bytes;
	frame->data = malloc(len_bytes);
	assert(frame->data);
	memcpy(frame->data, data, len_bytes);
}

static void frames_add(struct model_frames *frames, const struct model_frame *like,
		       const struct wire_packet *packet, uint32_t i)
{
	static uint8_t whole[GSO_MAX_BYTES];
	struct model_frame *frame = frames_new(frames, like);

	frame_fill(frame, whole, gso_frame(&packet->gso, i, whole));
	if (wire_is_gso(packet))
		return;
	frame->num_loose = packet->num_loose;
	memcpy(frame->loose, packet->loose, sizeof(frame->loose));
}

static void leave(const struct way *way, const struct model_frame *like)
{
	uint32_t i;

	for (i = 0; i < packet_num_frames(way->packet); i++)
		frames_add(way->frames, like, way->packet, i);
}

static void leave_by_port(const struct way *way, uint32_t port)
{
	leave(way, &(struct model_frame){.port = (uint16_t)port});
}

static struct model_frame for_host(const struct way *way, uint8_t flags, uint32_t arg)
{
	return (struct model_frame){
		.to_host = true,
		.port = way->in_port,
		.flags = XVIO_META_F_REPR | flags,
		.mark = way->mark,
		.priority = way->priority,
		.arg = arg,
	};
}

static void leave_to_host(const struct way *way, uint8_t flags, uint32_t arg)
{
	const struct model_frame like = for_host(way, flags, arg);

	leave(way, &like);
}

/* One sample of a packet, the bytes as they are, whatever is left to the card. */
static void leave_sample(const struct way *way, uint32_t group, uint32_t max_bytes)
{
	const struct wire_packet *packet = way->packet;
	const struct model_frame like = for_host(way, XVIO_META_F_SAMPLE, group);
	struct model_frame *frame = frames_new(way->frames, &like);
	uint32_t len_bytes = packet->gso.len_bytes;

	if (!max_bytes || max_bytes > XVIO_MAX_FRAME_BYTES)
		max_bytes = XVIO_MAX_FRAME_BYTES;
	frame->frame_bytes = len_bytes;
	if (wire_is_gso(packet)) {
		frame->open_at[0] = packet->gso.l4_at + packet->gso.header.csum_offset;
		frame->open_at[1] = packet->gso.is_ipv6 ? 0 : packet->gso.l3_at + 10;
	} else if (packet->has_sum) {
		frame->open_at[0] = (uint32_t)packet->sum_at;
	}
	frame_fill(frame, packet->gso.data, len_bytes < max_bytes ? len_bytes : max_bytes);
	frame->num_loose = packet->num_loose;
	memcpy(frame->loose, packet->loose, sizeof(frame->loose));
}

/* The list */

enum verdict {
	GO_ON,
	AGAIN, /* look it up in the chain */
	GONE,
};

static enum verdict police(struct way *way, struct rule *rule, uint8_t next, unsigned *place)
{
	switch (next) {
	case XVIO_NEXT_DROP:
		rule->drops++;
		way->stats->drop_policed++;
		return GONE;
	case XVIO_NEXT_ACCEPT:
		leave_to_host(way, 0, 0);
		return GONE;
	default:
		*place += next;
		return GO_ON;
	}
}

static enum verdict change(struct way *way, const struct xvio_flow_action *action)
{
	const struct gso_packet *gso = &way->packet->gso;
	struct parse_model parsed;

	wire_act(way->packet, action);
	parse_model_frame(gso->data, gso->len_bytes, way->in_port, &parsed);
	if (parsed.good && wire_fits(way->packet))
		return GO_ON;
	way->stats->drop_malformed++;
	return GONE;
}

static void copy_out(struct way *way, const struct xvio_flow_action *action)
{
	way->stats->copied++;
	if (action->type == XVIO_ACTION_MIRROR)
		leave_by_port(way, action->arg);
	else /* SAMPLE: the model has no chance, so one in one */
		leave_sample(way, action->value, action->mask);
}

/* place: of the action; police() may move it. */
static enum verdict act(struct way *way, struct rule *rule, unsigned *place, uint32_t *chain)
{
	const struct xvio_flow_action *action = &rule->rule.action[*place];

	switch (action->type) {
	case XVIO_ACTION_OUTPUT:
		leave_by_port(way, action->arg);
		return GONE;
	case XVIO_ACTION_DROP:
		way->stats->drop_rule++;
		return GONE;
	case XVIO_ACTION_ACCEPT:
		leave_to_host(way, 0, 0);
		return GONE;
	case XVIO_ACTION_TRAP:
		leave_to_host(way, XVIO_META_F_TRAP, 0);
		return GONE;
	case XVIO_ACTION_GOTO:
		*chain = action->arg;
		return AGAIN;
	case XVIO_ACTION_MIRROR:
	case XVIO_ACTION_SAMPLE:
		copy_out(way, action);
		return GO_ON;
	case XVIO_ACTION_METER:
		if (meter_takes(&model_meters[action->arg], way->packet, way->now_us))
			return police(way, rule, action->b, place);
		return police(way, rule, action->a, place);
	case XVIO_ACTION_LENGTH:
		if (packet_frame_bytes(way->packet) > action->arg)
			return police(way, rule, action->a, place);
		return police(way, rule, action->b, place);
	case XVIO_ACTION_MARK:
		way->mark = action->arg;
		return GO_ON;
	case XVIO_ACTION_PRIORITY:
		way->priority = action->arg;
		return GO_ON;
	default:
		return change(way, action);
	}
}

static enum verdict meet(struct way *way, struct rule *rule, uint32_t *chain)
{
	enum verdict verdict = GO_ON;
	unsigned place;

	rule->packets++;
	rule->bytes += way->packet->gso.len_bytes;
	rule->last_us = way->now_us;
	for (place = 0; verdict == GO_ON; place++) {
		assert(place < rule->rule.num_actions);
		verdict = act(way, rule, &place, chain);
	}
	return verdict;
}

static void look_up(struct way *way)
{
	const struct gso_packet *gso = &way->packet->gso;
	uint32_t chain = 0;
	unsigned depth;

	for (depth = 0; depth < XVIO_FLOW_MAX_DEPTH; depth++) {
		struct parse_model parsed;
		struct rule *rule;

		parse_model_frame(gso->data, gso->len_bytes, way->in_port, &parsed);
		assert(parsed.good);
		rule = rule_for(chain, &parsed.key.field);
		if (!rule) {
			way->stats->misses += depth == 0;
			leave_to_host(way, 0, chain);
			return;
		}
		if (meet(way, rule, &chain) == GONE)
			return;
	}
	way->stats->drop_depth++;
}

void model_packet(uint16_t in_port, const struct gso_packet *packet, uint64_t now_us,
		  struct model_frames *frames)
{
	static struct wire_packet on_its_way;
	struct way way = {
		.in_port = in_port,
		.now_us = now_us,
		.packet = &on_its_way,
		.stats = &model_counters[in_port],
		.frames = frames,
	};
	struct parse_model parsed;

	way.stats->packets++;
	parse_model_frame(packet->data, packet->len_bytes, in_port, &parsed);
	if (!parsed.good) {
		way.stats->drop_malformed++;
		return;
	}
	wire_begin(&on_its_way, packet);
	look_up(&way);
}

const struct model_stats *model_stats(uint16_t in_port)
{
	return &model_counters[in_port];
}

/* Comparing */

static bool is_zero(const uint8_t *at)
{
	return (at[0] == 0 && at[1] == 0) || (at[0] == 0xff && at[1] == 0xff);
}

/* Whether anything may stand there. */
static bool is_open(const struct model_frame *frame, uint32_t at)
{
	unsigned k;

	for (k = 0; k < 2; k++) {
		if (frame->open_at[k] && at - frame->open_at[k] < 2)
			return true;
	}
	return false;
}

bool model_frame_is(const struct model_frame *frame, const uint8_t *data, uint32_t len_bytes)
{
	uint32_t i = 0;

	if (len_bytes != frame->len_bytes)
		return false;
	while (i < len_bytes) {
		unsigned k;

		if (data[i] == frame->data[i] || is_open(frame, i)) {
			i++;
			continue;
		}
		for (k = 0; k < frame->num_loose && frame->loose[k] != i; k++)
			;
		if (k == frame->num_loose || i + 2 > len_bytes || !is_zero(data + i) ||
		    !is_zero(frame->data + i))
			return false;
		i += 2;
	}
	return true;
}

void model_frames_clear(struct model_frames *frames)
{
	unsigned i;

	for (i = 0; i < frames->num; i++)
		free(frames->frame[i].data);
	free(frames->frame);
	memset(frames, 0, sizeof(*frames));
}
