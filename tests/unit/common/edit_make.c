/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Frames and changes of all kinds for the model of changes (edit_model.h). */
#include <string.h>
#include "common/check.h"
#include "common/edit_model.h"

#define PROTO_ICMP  1u
#define PROTO_TCP   6u
#define PROTO_UDP   17u
#define PROTO_ICMP6 58u
#define PROTO_SCTP  132u

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static bool one_in(uint32_t num)
{
	return check_random(num) == 0;
}

static void add_noise(struct edit_packet *packet, uint32_t len_bytes)
{
	while (len_bytes--)
		packet->byte[packet->len_bytes++] = (uint8_t)check_random(256);
}

static void add_be16(struct edit_packet *packet, uint32_t value)
{
	put16(packet->byte + packet->len_bytes, value);
	packet->len_bytes += 2;
}

/* Of UDP, the length may leave the end of the packet to nobody. */
static void make_transport(struct edit_packet *packet, uint8_t proto)
{
	const uint32_t l4_at = packet->len_bytes;
	uint32_t payload_bytes = check_random(one_in(8) ? 1200 : 60);
	uint32_t header_words = 5 + (one_in(4) ? check_random(11) : 0);

	if (proto == PROTO_TCP) {
		add_noise(packet, header_words * 4);
		packet->byte[l4_at + 12] =
			(uint8_t)(header_words << 4 | (packet->byte[l4_at + 12] & 15));
	} else if (proto == PROTO_UDP) {
		add_noise(packet, 8);
		put16(packet->byte + l4_at + 4,
		      8 + payload_bytes - (one_in(6) ? payload_bytes / 3 : 0));
	} else {
		add_noise(packet, 12);
	}
	add_noise(packet, payload_bytes);
}

static uint8_t any_proto(bool is_ipv4)
{
	static const uint8_t protos[] = {PROTO_TCP, PROTO_TCP,	PROTO_TCP,  PROTO_UDP, PROTO_UDP,
					 PROTO_UDP, PROTO_SCTP, PROTO_ICMP, 47};
	uint8_t proto = protos[check_random(sizeof(protos))];

	if (proto == PROTO_ICMP && one_in(8))
		return PROTO_ICMP6; /* where it is the other, it is none */
	return proto == PROTO_ICMP && !is_ipv4 ? PROTO_ICMP6 : proto;
}

static void make_ipv4(struct edit_packet *packet)
{
	static const uint16_t frags[] = {0x2000, 0x2003, 0x0001, 0x1f00};
	const uint32_t l3_at = packet->len_bytes;
	uint32_t header_words = 5 + (one_in(4) ? check_random(11) : 0);
	uint8_t *ip = packet->byte + l3_at;
	uint8_t proto = any_proto(true);

	add_noise(packet, header_words * 4);
	ip[0] = (uint8_t)(0x40 | header_words);
	put16(ip + 6, one_in(5) ? frags[check_random(4)] : check_random(2) << 14);
	ip[9] = proto;
	make_transport(packet, proto);
	put16(ip + 2, packet->len_bytes - l3_at);
}

static void make_ipv6(struct edit_packet *packet)
{
	static const uint8_t exts[] = {0, 43, 43, 44, 51, 60};
	const uint32_t l3_at = packet->len_bytes;
	uint8_t proto = any_proto(false);
	uint8_t *ip = packet->byte + l3_at;
	uint32_t num_ext = one_in(3) ? check_random(4) : 0;
	uint8_t *next = ip + 6;

	add_noise(packet, 40);
	ip[0] = (uint8_t)(0x60 | (ip[0] & 15));
	while (num_ext--) {
		uint8_t ext = exts[check_random(sizeof(exts))];
		uint32_t len = ext == 44 ? 0 : check_random(3);

		*next = ext;
		next = packet->byte + packet->len_bytes;
		add_noise(packet, 8 + 8 * len);
		next[1] = (uint8_t)(ext == 51 ? len * 2 : len);
		if (ext == 43)
			next[3] = (uint8_t)check_random(2);
		if (ext == 44)
			put16(next + 2, one_in(2) ? 0 : check_random(2) << 3 | check_random(2));
	}
	*next = proto;
	make_transport(packet, proto);
	put16(ip + 4, packet->len_bytes - l3_at - 40);
}

static void make_arp(struct edit_packet *packet)
{
	static const uint8_t kind[] = {0, 1, 8, 0, 6, 4, 0};

	memcpy(packet->byte + packet->len_bytes, kind, sizeof(kind));
	packet->len_bytes += sizeof(kind);
	packet->byte[packet->len_bytes++] = (uint8_t)check_random(4);
	add_noise(packet, 20);
}

static void make_by_type(struct edit_packet *packet, uint32_t type)
{
	if (type == 0x0800)
		make_ipv4(packet);
	else if (type == 0x86dd)
		make_ipv6(packet);
	else if (type == 0x0806)
		make_arp(packet);
	else
		add_noise(packet, check_random(50));
}

/* A stack, with anything behind it. */
static void make_mpls(struct edit_packet *packet)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x1234};
	uint32_t num = 1 + check_random(3);

	while (num--) {
		add_noise(packet, 4);
		packet->byte[packet->len_bytes - 2] &= 0xfe;
		packet->byte[packet->len_bytes - 2] |= !num;
	}
	make_by_type(packet, types[check_random(3)]);
}

static void sum_up(struct edit_packet *packet, uint8_t what)
{
	const struct xvio_flow_action action = {.type = XVIO_ACTION_CSUM, .a = what};

	edit_model_run(packet, &action);
}

/* Most are right; and of UDP some are none. */
static void make_sums(struct edit_packet *packet)
{
	struct edit_view view;

	if (!edit_model_view(packet, &view))
		return;
	if (!one_in(10))
		sum_up(packet, XVIO_CSUM_TCP | XVIO_CSUM_UDP | XVIO_CSUM_ICMP);
	if (!one_in(10))
		sum_up(packet, XVIO_CSUM_IPV4);
	if (view.proto == PROTO_UDP && (view.is_ipv4 || view.is_ipv6) && !view.is_later &&
	    one_in(6))
		put16(packet->byte + view.l4_at + 6, 0);
}

void edit_model_make(struct edit_packet *packet)
{
	static const uint16_t types[] = {0x0800, 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd,
					 0x86dd, 0x0806, 0x8847, 0x8848, 0x1234};
	uint16_t type = types[check_random(11)];
	uint32_t num_tags = one_in(2) ? check_random(4) : 0;

	memset(packet, 0, offsetof(struct edit_packet, byte));
	add_noise(packet, 12);
	while (num_tags--) {
		add_be16(packet, one_in(3) ? 0x88a8 : 0x8100);
		add_noise(packet, 2);
	}
	add_be16(packet, type);
	if (type == 0x8847 || type == 0x8848)
		make_mpls(packet);
	else
		make_by_type(packet, type);
	make_sums(packet);
	if (one_in(3))
		add_noise(packet, check_random(20)); /* padding */
}

static const uint16_t tag_types[] = {0x8100, 0x8100, 0x8100, 0x88a8, 0x88a8, 0x9100};
static const uint16_t popped_types[] = {0x0800, 0x0800, 0x86dd, 0x8847, 0x8100, 0x1234};

static uint32_t any_word(void)
{
	return check_random(0x10000) << 16 | check_random(0x10000);
}

static void make_set(struct xvio_flow_action *action)
{
	action->a = (uint8_t)check_random(5);
	action->arg = check_random(action->a == XVIO_HDR_IPV6 ? 11 : 6) * 4;
	if (one_in(30))
		action->arg = any_word() >> check_random(32);
	action->value = one_in(8) ? 0 - check_random(2) : any_word();
	action->mask = one_in(2) ? 0xffffffff : any_word() & any_word();
	if (action->a == XVIO_HDR_TCP && one_in(2))
		action->arg = 12;
}

struct xvio_flow_action edit_model_action(void)
{
	static const uint8_t types[] = {
		XVIO_ACTION_SET,       XVIO_ACTION_SET,	      XVIO_ACTION_SET,
		XVIO_ACTION_SET,       XVIO_ACTION_SET,	      XVIO_ACTION_ADD_TTL,
		XVIO_ACTION_VLAN_PUSH, XVIO_ACTION_VLAN_POP,  XVIO_ACTION_VLAN_POP,
		XVIO_ACTION_VLAN_SET,  XVIO_ACTION_MPLS_PUSH, XVIO_ACTION_MPLS_POP,
		XVIO_ACTION_MPLS_POP,  XVIO_ACTION_MPLS_SET,  XVIO_ACTION_CSUM};
	struct xvio_flow_action action = {.type = types[check_random(sizeof(types))]};

	switch (action.type) {
	case XVIO_ACTION_SET:
		make_set(&action);
		break;
	case XVIO_ACTION_ADD_TTL:
		action.a = one_in(2) ? XVIO_HDR_IPV4 : XVIO_HDR_IPV6;
		action.arg = one_in(2) ? 255 : check_random(256);
		break;
	case XVIO_ACTION_VLAN_PUSH:
	case XVIO_ACTION_VLAN_SET:
		action.arg = (uint32_t)tag_types[check_random(6)] << 16 | check_random(0x10000);
		if (action.type == XVIO_ACTION_VLAN_SET)
			action.mask = check_random(0x10000);
		break;
	case XVIO_ACTION_MPLS_PUSH:
		action.a = (uint8_t)check_random(2);
		action.arg = 0x8847 + check_random(2);
		action.value = any_word();
		break;
	case XVIO_ACTION_MPLS_POP:
		action.arg = popped_types[check_random(6)];
		break;
	case XVIO_ACTION_MPLS_SET:
		action.value = any_word();
		action.mask = any_word();
		break;
	case XVIO_ACTION_CSUM:
		action.a = (uint8_t)check_random(16);
		break;
	}
	return action;
}
