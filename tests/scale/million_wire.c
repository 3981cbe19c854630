/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Frames in and out (million_wire.h): the HAL's MAC, and a port in the place of the PF's queues. */
#include "scale/million_wire.h"

#include <stdio.h>
#include <string.h>
#include <xvio/regs.h>
#include "bench/bench_hal.h"
#include "hal/hal.h"
#include "lib/endian.h"
#include "path/core.h"
#include "path/mac.h"
#include "path/port.h"

#define NUM_UPLINKS 3u
#define FRAME_BYTES 128u
#define MAX_LEN	    72u
#define HOST	    2u /* ways out: both uplinks, the host */
#define NUM_WAYS    3u

_Atomic uint8_t wire_state[MILLION_RULES];
_Atomic uint32_t wire_seen[MILLION_RULES];
_Atomic uint64_t wire_num_judged;
_Atomic uint64_t wire_num_misses;
_Atomic uint64_t wire_num_unsure;

/* A frame that left, as far as rules decide about it. */
struct leaving {
	unsigned num;
	uint32_t address; /* the id in it, or 0: as it was */
	uint32_t label; /* the id in an entry that was pushed, and 1 << 20 */
	uint32_t tci; /* of a tag that was pushed */
	struct pkt_note note;
};

/* A frame that has come in, in this round. */
struct coming {
	struct million_flow flow;
	uint32_t len_bytes;
	unsigned num; /* rules that match it */
	uint32_t id[MILLION_MAX_MATCHES];
	uint8_t state[MILLION_MAX_MATCHES]; /* before it was looked up */
	struct leaving way[NUM_WAYS];
};

static atomic_bool wire_is_on; /* all ports are up */
static struct coming coming[PKT_BURST];
static uint8_t frame_room[PKT_BURST][FRAME_BYTES];
static unsigned num_coming;
static uint64_t random_state = 88172645463325252u;

static uint32_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

/* Frames */

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put_ipv4(uint8_t *at, const struct xvio_flow_key *key)
{
	at = put16(at, 0x4500);
	at = put16(at, 20 + 8 + 4);
	memset(at, 0, 8);
	at[4] = key->ip_ttl;
	at[5] = key->ip_proto;
	memcpy(at + 8, key->ip_src, 4);
	memcpy(at + 12, key->ip_dst, 4);
	return at + 16;
}

static uint8_t *put_ipv6(uint8_t *at, const struct xvio_flow_key *key)
{
	at = put16(at, 0x6000);
	at = put16(at, 0);
	at = put16(at, 8 + 4);
	*at++ = key->ip_proto;
	*at++ = key->ip_ttl;
	memcpy(at, key->ip_src, 16);
	memcpy(at + 16, key->ip_dst, 16);
	return at + 32;
}

static uint8_t *put_udp(uint8_t *at, const struct xvio_flow_key *key)
{
	memcpy(at, &key->tp_src, 2);
	memcpy(at + 2, &key->tp_dst, 2);
	at = put16(at + 4, 8 + 4);
	return put16(at, 0);
}

static uint8_t *put_arp(uint8_t *at, const struct xvio_flow_key *key)
{
	at = put16(at, 1);
	at = put16(at, 0x0800);
	at = put16(at, 0x0604);
	at = put16(at, key->ip_proto);
	memcpy(at, key->arp_sha, 6);
	memcpy(at + 6, key->arp_spa, 4);
	memset(at + 10, 0, 6);
	memcpy(at + 16, key->arp_tpa, 4);
	return at + 20;
}

/* The frame whose key is the flow's; its last four bytes say its place. */
static uint32_t put_frame(uint8_t *frame, const struct million_flow *flow, uint32_t place)
{
	union flow_key whole;
	const struct xvio_flow_key *key = &whole.field;
	uint8_t *at = frame + 12;

	million_key(flow, &whole);
	memcpy(frame, key->eth_dst, 6);
	memcpy(frame + 6, key->eth_src, 6);
	if (key->vlan_tpid) {
		memcpy(at, &key->vlan_tpid, 2);
		at = put16(at + 2, endian_swap16(key->vlan_tci) & 0xefffu);
	}
	memcpy(at, &key->eth_type, 2);
	at += 2;
	if (flow->kind == MILLION_MPLS) {
		memcpy(at, &key->mpls_lse, 4);
		at += 4;
	} else if (flow->kind == MILLION_ARP) {
		at = put_arp(at, key);
	} else if (flow->kind == MILLION_IPV6) {
		at = put_udp(put_ipv6(at, key), key);
	} else {
		at = put_udp(put_ipv4(at, key), key);
	}
	memcpy(at, &place, 4);
	return (uint32_t)(at + 4 - frame);
}

/* Half of them from few, that are met again soon. */
static struct million_flow random_flow(void)
{
	static const enum million_kind kinds[] = {MILLION_IPV4, MILLION_IPV4,  MILLION_IPV4,
						  MILLION_IPV4, MILLION_IPV6,  MILLION_ARP,
						  MILLION_MPLS, MILLION_TAGGED};
	const uint32_t random = random_next();
	const uint32_t most = random & 8 ? 20000 : MILLION_NUMBERS;

	return (struct million_flow){kinds[random % 8], random_next() % most};
}

static uint8_t state_of(uint32_t id)
{
	return atomic_load_explicit(&wire_state[id], memory_order_acquire);
}

static void begin(struct coming *frame, struct hal_frame *out, uint32_t place)
{
	unsigned i;

	memset(frame->way, 0, sizeof(frame->way));
	frame->flow = random_flow();
	frame->num = million_matches(&frame->flow, frame->id);
	for (i = 0; i < frame->num; i++)
		frame->state[i] = state_of(frame->id[i]);
	frame->len_bytes = put_frame(frame_room[place], &frame->flow, place);
	*out = (struct hal_frame){frame_room[place], frame->len_bytes};
}

/* What left */

static struct leaving *leaves(unsigned way, const uint8_t *data, uint32_t len_bytes)
{
	struct coming *frame;
	const uint8_t *type = data + 12;
	union flow_key key;
	uint32_t place;

	memcpy(&place, data + len_bytes - 4, 4);
	if (place >= num_coming)
		bench_fail("a frame that leaves never came");
	frame = &coming[place];
	million_key(&frame->flow, &key);
	if (memcmp(data, key.field.eth_dst, 6))
		frame->way[way].address =
			1u << 31 | endian_get_be16(data + 2) << 16 | endian_get_be16(data + 4);
	if (len_bytes != frame->len_bytes) {
		if (frame->flow.kind == MILLION_TAGGED)
			type += 4;
		if (endian_get_be16(type) == 0x8847)
			frame->way[way].label =
				1u << 20 | endian_get_be16(type + 2) << 4 | type[4] >> 4;
		else
			frame->way[way].tci = endian_get_be16(data + 14);
	}
	frame->way[way].num++;
	return &frame->way[way];
}

/* Judgement */

static bool is_nothing(const struct leaving *way)
{
	return !way->num;
}

static bool is_plain(const struct leaving *way)
{
	return way->num == 1 && !way->address && !way->label && !way->tci;
}

static bool is_note(const struct leaving *way, uint32_t mark, uint32_t priority, uint32_t arg)
{
	return is_plain(way) && way->note.mark == mark && way->note.priority == priority &&
	       way->note.arg == arg;
}

static bool is_only(const struct leaving *way, unsigned which)
{
	unsigned i;

	for (i = 0; i < NUM_WAYS; i++) {
		if (i != which && !is_nothing(&way[i]))
			return false;
	}
	return way[which].num == 1;
}

/* The rules that a frame has met. */
struct judged {
	unsigned num;
	uint32_t id[2];
	bool unsure;
};

static bool judge(const struct coming *frame, uint32_t chain, uint32_t priority,
		  struct judged *judged);

/* Whether the frame has become what the rule makes of it. */
static bool did(const struct coming *frame, uint32_t id, uint32_t priority, struct judged *judged)
{
	const struct leaving *way = frame->way;

	switch (million_does(id)) {
	case MILLION_DROPS:
		return is_nothing(&way[0]) && is_nothing(&way[1]) && is_nothing(&way[HOST]);
	case MILLION_SENDS:
		return is_only(way, 0) && is_plain(&way[0]);
	case MILLION_READDRESSES:
		return is_only(way, 0) && way[0].address == (1u << 31 | id) && !way[0].label &&
		       !way[0].tci;
	case MILLION_LEADS_ON:
		return judge(frame, million_next_chain(id), id, judged);
	case MILLION_LABELS:
		return is_only(way, 1) && way[1].label == (1u << 20 | id) && !way[1].address;
	case MILLION_COPIES:
		return is_plain(&way[0]) && is_plain(&way[1]) && is_nothing(&way[HOST]);
	case MILLION_TAGS:
		return is_only(way, 1) && way[1].tci == million_tci(id) && !way[1].address;
	default:
		return is_only(way, HOST) && is_note(&way[HOST], id, priority, 0);
	}
}

/*
 * A rule that was there all the while decides, unless a better one does; one that was not there at all does not; one that came
 * or went may.
 */
static bool judge(const struct coming *frame, uint32_t chain, uint32_t priority,
		  struct judged *judged)
{
	const unsigned place = judged->num++;
	unsigned i;

	for (i = 0; i < frame->num; i++) {
		const uint32_t id = frame->id[i];
		const uint8_t state = state_of(id);
		const bool is_sure = state == frame->state[i] && state % 2 == 0;

		if (million_chain(id) != chain || (is_sure && state % 4 == 0))
			continue;
		judged->id[place] = id;
		judged->unsure |= !is_sure;
		if (did(frame, id, priority, judged))
			return true;
		if (is_sure)
			return false;
		judged->num = place + 1;
	}
	judged->num = place;
	return is_only(frame->way, HOST) && is_note(&frame->way[HOST], 0, priority, chain);
}

static void tell(const struct coming *frame)
{
	unsigned i;

	fprintf(stderr, "a flow of kind %u, number %u\n", frame->flow.kind, frame->flow.number);
	for (i = 0; i < frame->num; i++)
		fprintf(stderr, "rule %u of chain %u, does %u: state %u, then %u\n", frame->id[i],
			million_chain(frame->id[i]), million_does(frame->id[i]), frame->state[i],
			state_of(frame->id[i]));
	for (i = 0; i < NUM_WAYS; i++)
		fprintf(stderr,
			"way %u: %u, address %x label %x tci %x mark %u priority %u arg %u\n", i,
			frame->way[i].num, frame->way[i].address, frame->way[i].label,
			frame->way[i].tci, frame->way[i].note.mark, frame->way[i].note.priority,
			frame->way[i].note.arg);
}

static void add_relaxed(_Atomic uint64_t *counter, uint64_t num)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + num,
			      memory_order_relaxed);
}

static void end(const struct coming *frame)
{
	struct judged judged = {0};
	unsigned i;

	if (!judge(frame, 0, 0, &judged)) {
		tell(frame);
		bench_fail("this is not what the rules say");
	}
	for (i = 0; i < judged.num; i++)
		atomic_fetch_add_explicit(&wire_seen[judged.id[i]], 1, memory_order_relaxed);
	add_relaxed(&wire_num_misses, !judged.num);
	add_relaxed(&wire_num_unsure, judged.unsure);
}

/* The HAL's part of it; worker */

unsigned hal_num_uplinks(void)
{
	return NUM_UPLINKS;
}

void hal_mac_bind(unsigned uplink, unsigned core)
{
	(void)uplink;
	(void)core;
}

unsigned hal_mac_receive(unsigned uplink, struct hal_frame *frames, unsigned max)
{
	unsigned i;

	if (uplink || !atomic_load_explicit(&wire_is_on, memory_order_acquire))
		return 0;
	num_coming = max < PKT_BURST ? max : PKT_BURST;
	for (i = 0; i < num_coming; i++)
		begin(&coming[i], &frames[i], i);
	return num_coming;
}

/* The round ends: all that comes of its frames has been seen. */
void hal_mac_release(unsigned uplink, unsigned num)
{
	unsigned i;

	(void)uplink;
	for (i = 0; i < num; i++)
		end(&coming[i]);
	atomic_fetch_add(&wire_num_judged, num);
}

unsigned hal_mac_send(unsigned uplink, const struct hal_frame *frames, unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++)
		leaves(uplink - 1, frames[i].data, frames[i].len_bytes);
	return num;
}

uint64_t hal_mac_lost(unsigned uplink)
{
	(void)uplink;
	return 0;
}

struct xvio_status *hal_status(void)
{
	static struct xvio_status status;

	return &status;
}

/* The host */

static unsigned host_shortage(const struct port_row *row, struct virtq **vqs)
{
	(void)row;
	(void)vqs;
	return 0;
}

static void host_transmit(struct core *core, struct port_row *row)
{
	const struct output *output;
	unsigned i;

	(void)core;
	for (output = row->first; output; output = output->next) {
		for (i = 0; i < output->num; i++) {
			const struct pkt *pkt = output->pkts[i];
			struct leaving *way = leaves(HOST, pkt->data, pkt->len_bytes);

			if (output->mark.has_note)
				way->note = pkt->note;
		}
	}
}

static void host_complete(struct core *core, struct port_row *row)
{
	const struct output *output;

	(void)core;
	for (output = row->first; output; output = output->next)
		stats_add(&row->stats, XVIO_STAT_TX_PACKETS, output->num);
}

void wire_init(void)
{
	static const struct port_ops ops = {
		.shortage = host_shortage, .transmit = host_transmit, .complete = host_complete};
	static struct port host;
	static const uint8_t mac[6] = {2};
	unsigned i;

	host = (struct port){
		.number = XVIO_PORT_PF, .core = 1, .any_core_sends = true, .ops = &ops};
	if (!port_register(&host, mac, 1500))
		bench_fail("no port for the host");
	port_set_admin(XVIO_PORT_PF, true);
	for (i = 0; i < NUM_UPLINKS; i++) {
		if (!mac_add(i, 1, mac, 1500))
			bench_fail("no port for an uplink");
		port_set_admin((uint16_t)XVIO_PORT_UPLINK(i), true);
	}
	atomic_store_explicit(&wire_is_on, true, memory_order_release);
}
