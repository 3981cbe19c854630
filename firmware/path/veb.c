/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Legacy mode (veb.h). A worker looks addresses up in the table (veb_table.h) and tells core 0, by a ring of its own, of those that it
 * does not know or that have moved. It may tell of so many only in a time: who sends from ever new addresses
 * keeps neither core 0 busy nor others from being learnt for long.
 */
#include "path/veb.h"

#include <string.h>
#include <xvio/mbox.h>
#include "hal/hal.h"
#include "lib/hash.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/handover.h"
#include "path/parse.h"
#include "path/port.h"
#include "path/veb_table.h"
#include "path/worker.h"

#define VEB_UPLINK     XVIO_PORT_UPLINK(0)
#define VEB_NEWS       256u
#define VEB_WINDOW_US  10000u
#define VEB_PER_WINDOW 64u /* told by one worker */
#define VEB_TOLD       64u
#define VEB_POLL_NEWS  256u /* taken from one worker at a time */
#define VEB_POLL_SLOTS 256u

/* A frame came from there. */
struct veb_news {
	uint64_t word;
	uint64_t at_us;
	uint16_t port;
};

struct veb_told {
	uint64_t word;
	uint16_t port;
};

/* Of one worker. */
struct veb_teller {
	_Alignas(64) _Atomic uint32_t prod; /* worker; released, pairs with veb_take_news() */
	uint64_t window_us; /* worker: when it began */
	unsigned num_told; /* in it */
	struct veb_told told[VEB_TOLD]; /* by hash */
	_Alignas(64) _Atomic uint32_t cons; /* core 0; released, pairs with veb_tell() */
	struct veb_news news[VEB_NEWS];
};

_Atomic uint32_t veb_mode;
static _Atomic uint64_t veb_ageing_us; /* core 0, relaxed: it orders nothing */
static struct veb_teller *veb_teller[CORE_MAX];

bool veb_init(void)
{
	unsigned core;

	atomic_store_explicit(&veb_mode, VEB_OFF, memory_order_relaxed);
	veb_set_ageing(XVIO_ESWITCH_AGEING_S);
	for (core = 1; core < hal_num_cores(); core++) {
		veb_teller[core] = heap_alloc(sizeof(struct veb_teller));
		if (!veb_teller[core])
			return false;
	}
	return veb_table_init();
}

/* Core 0 */

enum veb_mode veb_get_mode(void)
{
	return (enum veb_mode)atomic_load_explicit(&veb_mode, memory_order_relaxed);
}

void veb_set_mode(enum veb_mode mode)
{
	const enum veb_mode before = veb_get_mode();

	if (mode == before)
		return;
	if (before == VEB_OFF)
		veb_table_open();
	atomic_store_explicit(&veb_mode, mode, memory_order_relaxed);
	worker_synchronize();
	if (mode == VEB_OFF)
		veb_table_close();
	else
		veb_table_forget();
}

void veb_set_ageing(uint32_t ageing_s)
{
	atomic_store_explicit(&veb_ageing_us, ageing_s * UINT64_C(1000000), memory_order_relaxed);
}

static uint64_t veb_get_ageing_us(void)
{
	return atomic_load_explicit(&veb_ageing_us, memory_order_relaxed);
}

uint32_t veb_get_ageing(void)
{
	return (uint32_t)(veb_get_ageing_us() / 1000000);
}

uint32_t veb_num_learnt(void)
{
	return veb_table_num_learnt();
}

void veb_port_changed(uint16_t number)
{
	if (veb_is_on())
		veb_table_port_changed(number);
}

static void veb_take_news(struct veb_teller *teller)
{
	uint32_t cons = atomic_load_explicit(&teller->cons, memory_order_relaxed);
	const uint32_t prod = atomic_load_explicit(&teller->prod, memory_order_acquire);
	unsigned num;

	for (num = 0; cons != prod && num < VEB_POLL_NEWS; num++) {
		const struct veb_news *news = &teller->news[cons++ % VEB_NEWS];

		/* What comes back from the uplink of a VEPA is its own ports', told before it was one, too */
		if (veb_is_on() && !(veb_get_mode() == VEB_VEPA && news->port == VEB_UPLINK))
			veb_table_learn(news->word, news->port, news->at_us);
	}
	atomic_store_explicit(&teller->cons, cons, memory_order_release);
}

void veb_poll(void)
{
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++)
		veb_take_news(veb_teller[core]);
	if (veb_is_on())
		veb_table_age(VEB_POLL_SLOTS, hal_time_us(), veb_get_ageing_us());
}

/* Workers: what they tell core 0 */

/* Whether that has not been told in this window, and may be. */
static bool veb_may_tell(struct veb_teller *teller, uint64_t word, uint16_t port, uint64_t now_us)
{
	struct veb_told *told = &teller->told[hash_word(word) % VEB_TOLD];

	if (now_us - teller->window_us >= VEB_WINDOW_US) {
		teller->window_us = now_us;
		teller->num_told = 0;
		memset(teller->told, 0, sizeof(teller->told));
	}
	if ((told->word == word && told->port == port) || teller->num_told == VEB_PER_WINDOW)
		return false;
	*told = (struct veb_told){word, port};
	teller->num_told++;
	return true;
}

/* What is not told now is when the next frame comes from there. Core 0 is woken once in a window. */
static void veb_tell(struct core *core, uint64_t word, uint16_t port)
{
	struct veb_teller *teller = veb_teller[core->number];
	const uint32_t prod = atomic_load_explicit(&teller->prod, memory_order_relaxed);

	if (prod - atomic_load_explicit(&teller->cons, memory_order_acquire) == VEB_NEWS ||
	    !veb_may_tell(teller, word, port, core->now_us))
		return;
	teller->news[prod % VEB_NEWS] = (struct veb_news){word, core->now_us, port};
	atomic_store_explicit(&teller->prod, prod + 1, memory_order_release);
	if (teller->num_told == 1)
		hal_wake(0);
}

/* Workers: where packets go */

/* What all packets of a run have in common. */
struct veb_way {
	uint64_t now_us;
	uint64_t ageing_us;
	bool is_vepa;
	bool from_uplink;
	uint16_t in_port;
	uint16_t vid; /* 0: without a tag of 802.1Q, or one that names no VLAN */
	uint64_t dst;
	uint64_t src;
	uint8_t needs; /* OFFLOAD_* */
};

static struct veb_way veb_way_of(const struct core *core, const struct pkt *pkt, bool is_vepa,
				 uint8_t needs)
{
	const union flow_key *key = &pkt->key;
	struct veb_way way = {
		.now_us = core->now_us,
		.ageing_us = veb_get_ageing_us(),
		.is_vepa = is_vepa,
		.from_uplink = pkt->in_port == VEB_UPLINK,
		.in_port = pkt->in_port,
		.needs = needs,
	};

	if (key->field.vlan_tpid == endian_swap16(ETH_TYPE_VLAN))
		way.vid = endian_swap16(key->field.vlan_tci) & XVIO_VF_VLAN_VID;
	memcpy(&way.dst, key->field.eth_dst, sizeof(key->field.eth_dst));
	memcpy(&way.src, key->field.eth_src, sizeof(key->field.eth_src));
	return way;
}

static struct veb_entry *veb_find(const struct veb_way *way, uint64_t mac)
{
	return veb_table_find(way->vid, mac, way->now_us, way->ageing_us);
}

static uint16_t veb_port_of(const struct veb_entry *entry)
{
	return entry ? atomic_load_explicit(&entry->port, memory_order_relaxed) : XVIO_PORT_NONE;
}

/* Whose frame it is that the uplink brings: its own port does not get it back. NONE: somebody's outside. */
static uint16_t veb_owner(const struct veb_way *way)
{
	const struct veb_entry *entry = way->from_uplink ? veb_find(way, way->src) : NULL;

	return entry && (entry->is_static || way->is_vepa) ? veb_port_of(entry) : XVIO_PORT_NONE;
}

/*
 * An address that is learnt is behind the port where a frame came from it last; only a VEPA's uplink brings frames of all ports. A group
 * address, or none at all, is nobody's.
 */
static void veb_note_source(struct core *core, const struct veb_way *way)
{
	struct veb_entry *entry;

	if (!way->src || way->src & VEB_GROUP || (way->is_vepa && way->from_uplink))
		return;
	entry = veb_find(way, way->src);
	if (entry && entry->is_static)
		return;
	if (veb_port_of(entry) != way->in_port)
		veb_tell(core, veb_word(way->vid, way->src), way->in_port);
	else if (way->now_us - atomic_load_explicit(&entry->last_us, memory_order_relaxed) >=
		 VEB_REFRESH_US)
		atomic_store_explicit(&entry->last_us, way->now_us, memory_order_relaxed);
}

static union output_mark veb_mark(const struct veb_way *way, bool sole)
{
	return (union output_mark){{.port = XVIO_PORT_PF, .sole = sole, .needs = way->needs}};
}

static void veb_drop(const struct core *core, const struct pkt_run *run, enum xvio_stat why)
{
	port_count(core, run->pkts[0]->in_port, why, run->num);
}

/* Which ports a packet is flooded to. */
struct veb_flood {
	const struct veb_members *members;
	uint16_t in_port;
	uint16_t owner;
	uint16_t vid;
	bool to_all; /* else to those that are promiscuous */
};

static struct veb_flood veb_flood_of(const struct veb_way *way)
{
	return (struct veb_flood){
		.members = veb_table_members(),
		.in_port = way->in_port,
		.owner = veb_owner(way),
		.vid = way->vid,
		.to_all = way->dst & VEB_GROUP,
	};
}

static bool veb_is_flooded(const struct veb_flood *flood, const struct veb_member *member)
{
	const struct port *port;

	if (member->port == flood->in_port || member->port == flood->owner ||
	    (member->vid && member->vid != flood->vid) || !(flood->to_all || member->promiscuous))
		return false;
	port = port_get(member->port);
	return port && port_is_up(port);
}

/* To ports of this core, and of any; returns how many. In *cores a bit for each other core that has some. */
static unsigned veb_flood_here(struct core *core, const struct pkt_run *run,
			       const struct veb_way *way, const struct veb_flood *flood,
			       bool any_too, uint32_t *cores)
{
	unsigned num = 0;
	unsigned i;

	for (i = 0; flood->members && i < flood->members->num; i++) {
		const struct veb_member *member = &flood->members->member[i];

		if (!veb_is_flooded(flood, member))
			continue;
		if (member->core != core->number && (member->core || !any_too)) {
			*cores |= member->core ? 1u << member->core : 0;
			continue;
		}
		output_add(core, run, member->port, veb_mark(way, false), NULL);
		num++;
	}
	return num;
}

/* Each core gets a packet once, whatever the number of its ports. */
static void veb_hand_over(struct core *core, const struct pkt_run *run, const struct veb_way *way,
			  unsigned to)
{
	union output_mark mark = veb_mark(way, false);
	unsigned i;

	for (i = 0; i < run->num; i++) {
		if (way->needs)
			mark.needs = run->pkts[i]->offload.needs;
		if (!handover_push(core, to, run->pkts[i], HANDOVER_FLOOD, mark, NULL))
			port_count(core, way->in_port, XVIO_STAT_DROP_NO_BUFFER, 1);
	}
}

static void veb_count_copies(const struct core *core, const struct pkt_run *run, unsigned num)
{
	if (!num)
		veb_drop(core, run, XVIO_STAT_DROP_UNKNOWN_DST);
	else
		port_count(core, run->pkts[0]->in_port, XVIO_STAT_COPIED_PACKETS,
			   (uint64_t)run->num * (num - 1));
}

static void veb_flood(struct core *core, const struct pkt_run *run, const struct veb_way *way)
{
	const struct veb_flood flood = veb_flood_of(way);
	uint32_t cores = 0;
	unsigned num = veb_flood_here(core, run, way, &flood, true, &cores);
	unsigned other;

	for (other = 1; cores >> other; other++) {
		if (!(cores >> other & 1))
			continue;
		veb_hand_over(core, run, way, other);
		num++;
	}
	veb_count_copies(core, run, num);
}

void veb_flood_handed(struct core *core, const struct pkt_run *run, uint8_t needs)
{
	const bool is_vepa = veb_get_mode() == VEB_VEPA;
	const struct veb_way way = veb_way_of(core, run->pkts[0], is_vepa, needs);
	const struct veb_flood flood = veb_flood_of(&way);
	uint32_t cores = 0;

	veb_count_copies(core, run, veb_flood_here(core, run, &way, &flood, false, &cores));
}

static void veb_output(struct core *core, const struct pkt_run *run, const struct veb_way *way,
		       uint16_t port)
{
	output_add(core, run, port, veb_mark(way, true), NULL);
}

static void veb_from_uplink(struct core *core, const struct pkt_run *run, const struct veb_way *way)
{
	const uint16_t port =
		way->dst & VEB_GROUP ? XVIO_PORT_NONE : veb_port_of(veb_find(way, way->dst));

	if (port == XVIO_PORT_NONE)
		veb_flood(core, run, way);
	else if (port == VEB_UPLINK || port == veb_owner(way))
		veb_drop(core, run, XVIO_STAT_DROP_SAME_PORT);
	else
		veb_output(core, run, way, port);
}

/* Who is not known here is outside. */
static void veb_from_port(struct core *core, const struct pkt_run *run, const struct veb_way *way)
{
	uint16_t port;

	if (way->dst & VEB_GROUP) {
		veb_flood(core, run, way);
		return;
	}
	port = veb_port_of(veb_find(way, way->dst));
	if (port == way->in_port)
		veb_drop(core, run, XVIO_STAT_DROP_SAME_PORT);
	else
		veb_output(core, run, way, port == XVIO_PORT_NONE ? VEB_UPLINK : port);
}

static void veb_switch(struct core *core, const struct pkt_run *run, const struct veb_way *way)
{
	veb_note_source(core, way);
	if (way->from_uplink)
		veb_from_uplink(core, run, way);
	else if (way->is_vepa)
		veb_output(core, run, way, VEB_UPLINK);
	else
		veb_from_port(core, run, way);
}

/* In port, addresses and outer tag are the same, and the type, which stands beside the port. */
static bool veb_is_alike(const struct pkt *a, const struct pkt *b)
{
	return a->key.word[0] == b->key.word[0] && a->key.word[1] == b->key.word[1] &&
	       (uint32_t)a->key.word[2] == (uint32_t)b->key.word[2];
}

/* The packets from one place on that go the same way. */
static struct pkt_run veb_run_begin(const struct burst *burst, unsigned first, uint8_t *needs)
{
	struct pkt_run run = pkt_run_begin(&burst->pkt[first]);
	unsigned i;

	*needs = burst->needs ? burst->pkt[first]->offload.needs : 0;
	for (i = first + 1; i < burst->num && veb_is_alike(burst->pkt[first], burst->pkt[i]); i++) {
		const struct pkt *pkt = burst->pkt[i];

		run.num++;
		run.num_bytes += pkt->len_bytes;
		if (run.max_bytes < pkt->len_bytes)
			run.max_bytes = pkt->len_bytes;
		if (burst->needs)
			*needs |= pkt->offload.needs;
	}
	return run;
}

void veb_run(struct core *core, const struct burst *burst)
{
	const uint16_t in_port = burst->pkt[0]->in_port;
	const bool is_vepa = veb_get_mode() == VEB_VEPA;
	unsigned i = 0;

	if (in_port > VEB_UPLINK && in_port < XVIO_PORT_UPLINK(XVIO_MAX_UPLINKS)) {
		port_count(core, in_port, XVIO_STAT_DROP_OTHER_UPLINK, burst->num);
		return;
	}
	while (i < burst->num) {
		uint8_t needs;
		const struct pkt_run run = veb_run_begin(burst, i, &needs);
		const struct veb_way way = veb_way_of(core, run.pkts[0], is_vepa, needs);

		veb_switch(core, &run, &way);
		i += run.num;
	}
}
