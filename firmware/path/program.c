/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Lists of actions (program.h). A packet is changed in place as long as no output has it; what goes on after
 * a copy went out is changed in a copy of its own. Worker core.
 */
#include "path/program.h"

#include "lib/bits.h"
#include "lib/endian.h"
#include "lib/list.h"
#include "path/core.h"
#include "path/edit.h"
#include "path/flow.h"
#include "path/joint.h"
#include "path/parse_fast.h"
#include "path/policer.h"
#include "path/port.h"

/* A packet on its way through lists of actions. */
struct program_walk {
	struct core *core;
	struct pkt *const *slot; /* the packet, as it is now */
	const struct flow *flow; /* whose list is being carried out */
	uint8_t needs;
	bool shared; /* an output of this round has it, too */
	bool goes_on; /* flow is a rule whose list comes next */
	bool has_note;
	struct pkt_note note;
	const struct joint_way *known; /* the rules that it will meet; NULL: they are looked up */
	bool is_usual; /* another packet with its key would meet the same */
	struct joint_way
		way; /* the rules that it has met, without their generations if they are known */
};

/* What comes behind an action. */
enum program_next {
	PROGRAM_ENDS = -1, /* nothing: the packet is somebody else's, or dropped */
	PROGRAM_ON, /* the one behind it; more than that: so many are passed over */
};

static struct pkt *program_pkt(const struct program_walk *walk)
{
	return *walk->slot;
}

static int program_drop(const struct program_walk *walk, enum xvio_stat stat)
{
	port_count(walk->core, program_pkt(walk)->in_port, stat, 1);
	return PROGRAM_ENDS;
}

static void program_count_copy(const struct program_walk *walk)
{
	port_count(walk->core, program_pkt(walk)->in_port, XVIO_STAT_COPIED_PACKETS, 1);
}

/* Outputs */

static void program_send(const struct program_walk *walk, uint16_t port, const uint8_t *eth_dst,
			 bool is_last)
{
	const struct pkt_run run = pkt_run_begin(walk->slot);
	const union output_mark mark = {{
		.port = XVIO_PORT_PF,
		.sole = is_last && !walk->shared,
		.needs = walk->needs,
	}};

	output_add(walk->core, &run, port, mark, eth_dst);
}

static int program_output(const struct program_walk *walk, uint16_t port)
{
	program_send(walk, port, NULL, true);
	return PROGRAM_ENDS;
}

static int program_mirror(struct program_walk *walk, uint16_t port)
{
	program_count_copy(walk);
	program_send(walk, port, NULL, false);
	walk->shared = true;
	return PROGRAM_ON;
}

/* A packet to host software, from the representor of the port that it came in by. note NULL: there is nothing to say. */
static void program_tell(struct core *core, struct pkt *const *slot, union output_mark mark,
			 const struct pkt_note *note)
{
	const struct pkt_run run = pkt_run_begin(slot);

	mark.port = (*slot)->in_port;
	mark.flags |= XVIO_META_F_REPR;
	mark.has_note = note;
	if (note)
		(*slot)->note = *note;
	output_add(core, &run, XVIO_PORT_PF, mark, NULL);
}

static int program_to_host(struct program_walk *walk, uint8_t flags, uint32_t chain)
{
	const union output_mark mark = {
		{.flags = flags, .sole = !walk->shared, .needs = walk->needs}};

	walk->note.arg = chain;
	program_tell(walk->core, walk->slot, mark, walk->has_note || chain ? &walk->note : NULL);
	return PROGRAM_ENDS;
}

/* A copy of its own, all of which is here. False: that cannot be, and is counted. */
static struct pkt *const *program_copy(struct program_walk *walk)
{
	struct pkt *const *copy;

	if (!pkt_pull(program_pkt(walk))) {
		program_drop(walk, XVIO_STAT_DROP_RING_ERROR);
		return NULL;
	}
	copy = output_copy(walk->core, program_pkt(walk), walk->needs);
	if (!copy)
		program_drop(walk, XVIO_STAT_DROP_NO_BUFFER);
	return copy;
}

/* The bytes as they are here, whatever is still to be done to them. The copy is nobody else's, and may be cut short. */
static int program_sample(struct program_walk *walk, const struct xvio_flow_action *action)
{
	const union output_mark mark = {{.flags = XVIO_META_F_SAMPLE, .sole = true}};
	const struct pkt_note note = {
		.mark = walk->note.mark,
		.priority = walk->note.priority,
		.arg = action->value,
		.frame_bytes = program_pkt(walk)->len_bytes,
	};
	uint32_t max_bytes = action->mask ? action->mask : XVIO_MAX_FRAME_BYTES;
	struct pkt *const *copy;

	if (action->arg > 1 && core_random(walk->core) % action->arg)
		return PROGRAM_ON;
	program_count_copy(walk);
	copy = program_copy(walk);
	if (!copy)
		return PROGRAM_ON;
	max_bytes = bits_min(max_bytes, XVIO_MAX_FRAME_BYTES);
	(*copy)->len_bytes = (*copy)->have_bytes = bits_min((*copy)->len_bytes, max_bytes);
	program_tell(walk->core, copy, mark, &note);
	return PROGRAM_ON;
}

/* Ways */

static int program_go(struct program_walk *walk, uint8_t next)
{
	struct flow_count *count;

	if (next == XVIO_NEXT_ACCEPT)
		return program_to_host(walk, 0, 0);
	if (next != XVIO_NEXT_DROP)
		return next;
	count = flow_count(walk->flow, walk->core->number);
	stats_add_counter(&count->drops, 1);
	return program_drop(walk, XVIO_STAT_DROP_POLICED);
}

static int program_meter(struct program_walk *walk, const struct xvio_flow_action *action)
{
	const struct offload_size size = offload_size(program_pkt(walk), walk->needs);
	struct policer *policer = policer_get(action->arg);
	const bool good =
		policer_take(policer, walk->core->now_us, size.num_frames, size.num_bytes);

	return program_go(walk, good ? action->b : action->a);
}

static int program_length(struct program_walk *walk, const struct xvio_flow_action *action)
{
	const struct offload_size size = offload_size(program_pkt(walk), walk->needs);

	return program_go(walk, size.frame_bytes <= action->arg ? action->b : action->a);
}

/* Changes */

/* Whether what comes up is not in the key that the packet came with. */
static bool program_reveals(const struct program_walk *walk, const struct xvio_flow_action *action)
{
	const uint16_t type = program_pkt(walk)->key.field.eth_type;

	return action->type == XVIO_ACTION_MPLS_POP ||
	       (action->type == XVIO_ACTION_VLAN_POP &&
		(type == endian_swap16(ETH_TYPE_VLAN) || type == endian_swap16(ETH_TYPE_QINQ)));
}

static int program_change(struct program_walk *walk, const struct xvio_flow_action *action)
{
	walk->is_usual &= !program_reveals(walk, action);
	if (walk->shared) {
		struct pkt *const *copy = program_copy(walk);

		if (!copy)
			return PROGRAM_ENDS;
		walk->slot = copy;
		walk->shared = false;
	}
	if (edit_run(program_pkt(walk), action, walk->needs))
		return PROGRAM_ON;
	walk->is_usual = false;
	return program_drop(walk, XVIO_STAT_DROP_MALFORMED);
}

/* Lists */

/* The packet meets a rule. */
static void program_meet(struct program_walk *walk, struct flow *flow)
{
	const uint32_t generation = classifier_generation(&flow->entry);

	walk->flow = flow;
	walk->goes_on = true;
	walk->way.part[walk->way.num++] = (struct joint_part){flow, generation};
	walk->is_usual &= generation % 2;
}

/* The rule of another chain that the packet, as it is now, meets next; NULL: none. */
static struct flow *program_look_up(const struct program_walk *walk, uint32_t chain)
{
	const struct joint_way *known = walk->known;
	const unsigned num = walk->way.num;
	struct classifier_entry *entry;

	if (known)
		return num < known->num ? known->part[num].flow : NULL;
	entry = classifier_lookup(&program_pkt(walk)->key, chain);
	return entry ? list_entry(entry, struct flow, entry) : NULL;
}

static int program_goto(struct program_walk *walk, uint32_t chain)
{
	struct flow *flow;

	if (walk->way.num == XVIO_FLOW_MAX_DEPTH) {
		walk->is_usual = false;
		return program_drop(walk, XVIO_STAT_DROP_DEPTH);
	}
	flow = program_look_up(walk, chain);
	if (!flow) {
		walk->way.misses = true;
		walk->way.missed = chain;
		return program_to_host(walk, 0, chain);
	}
	program_meet(walk, flow);
	flow_hit(flow, walk->core->number, walk->core->now_us, 1, program_pkt(walk)->len_bytes);
	return PROGRAM_ENDS;
}

static int program_act(struct program_walk *walk, const struct xvio_flow_action *action)
{
	switch (action->type) {
	case XVIO_ACTION_OUTPUT:
		return program_output(walk, (uint16_t)action->arg);
	case XVIO_ACTION_DROP:
		return program_drop(walk, XVIO_STAT_DROP_RULE);
	case XVIO_ACTION_ACCEPT:
		return program_to_host(walk, 0, 0);
	case XVIO_ACTION_TRAP:
		return program_to_host(walk, XVIO_META_F_TRAP, 0);
	case XVIO_ACTION_GOTO:
		return program_goto(walk, action->arg);
	case XVIO_ACTION_MIRROR:
		return program_mirror(walk, (uint16_t)action->arg);
	case XVIO_ACTION_SAMPLE:
		return program_sample(walk, action);
	case XVIO_ACTION_METER:
		return program_meter(walk, action);
	case XVIO_ACTION_LENGTH:
		return program_length(walk, action);
	case XVIO_ACTION_MARK:
		walk->note.mark = action->arg;
		walk->has_note = true;
		return PROGRAM_ON;
	case XVIO_ACTION_PRIORITY:
		walk->note.priority = action->arg;
		walk->has_note = true;
		return PROGRAM_ON;
	default:
		return program_change(walk, action);
	}
}

static void program_run_list(struct program_walk *walk, const struct program *program)
{
	const struct xvio_flow_action *action = program->action;
	int skip;

	do {
		skip = program_act(walk, action);
		action += 1 + skip;
	} while (skip != PROGRAM_ENDS);
}

static void program_run_outputs(struct program_walk *walk, const struct flow_outputs *list)
{
	unsigned i;

	for (i = 0; i + 1 < list->num; i++)
		program_mirror(walk, list->port[i]);
	program_output(walk, list->port[i]);
}

/* What the rule says that the packet has met. */
static void program_run_flow(struct program_walk *walk)
{
	const struct flow *flow = walk->flow;

	switch (flow->kind) {
	case FLOW_DROP:
		program_drop(walk, XVIO_STAT_DROP_RULE);
		break;
	case FLOW_OUTPUT:
		program_output(walk, flow->port);
		break;
	case FLOW_OUTPUT_ETH_DST:
		program_send(walk, flow->port, flow->eth_dst, true);
		break;
	case FLOW_LIST:
		program_run_outputs(walk, flow->list);
		break;
	case FLOW_PROGRAM:
		program_run_list(walk, flow->program);
		break;
	}
}

/* A rule that could have led on, and has not, leads other packets on. */
static bool program_is_at_end(const struct program_walk *walk)
{
	const struct flow *flow = walk->flow;

	return walk->way.misses || flow->kind != FLOW_PROGRAM || !flow->program->leads_on;
}

/* A packet through all rules that it meets, of which this is the first. */
static void program_run_all(struct program_walk *walk, struct flow *flow)
{
	program_meet(walk, flow);
	do {
		walk->goes_on = false;
		program_run_flow(walk);
	} while (walk->goes_on);
}

/* A packet whose way is not known yet. */
static void program_explore(struct program_walk *walk, struct flow *flow)
{
	const union flow_key key = program_pkt(walk)->key;

	program_run_all(walk, flow);
	if (walk->is_usual && program_is_at_end(walk) && (walk->way.num > 1 || walk->way.misses))
		cache_join(walk->core->cache, &key, &walk->way);
}

void program_run(struct core *core, const struct pkt_run *run, struct flow *flow, uint8_t needs)
{
	const struct joint_way *known = flow->kind == FLOW_JOINT ? &joint_of(flow)->way : NULL;
	unsigned i;

	for (i = 0; i < run->num; i++) {
		struct program_walk walk;

		walk.core = core;
		walk.slot = &run->pkts[i];
		walk.needs = needs ? run->pkts[i]->offload.needs : 0;
		walk.shared = false;
		walk.has_note = false;
		walk.note = (struct pkt_note){0};
		walk.known = known;
		walk.is_usual = true;
		walk.way.num = 0;
		walk.way.misses = false;
		walk.way.missed = 0;
		if (known)
			program_run_all(&walk, known->part[0].flow);
		else if (flow->program->leads_on)
			program_explore(&walk, flow);
		else
			program_run_all(&walk, flow);
	}
}
