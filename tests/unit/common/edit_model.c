/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The model of changes (edit_model.h). It shares the model of the parser, and nothing else. */
#include "common/edit_model.h"

#include <stdio.h>
#include <string.h>
#include "common/parse_model.h"

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

static uint32_t get16(const uint8_t *at)
{
	return at[0] * 256u + at[1];
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* Numbers of 16 bits in a row, modulo 65535: of what holds its own checksum it is 0 when that is right. */
static uint32_t total_of(const uint8_t *at, uint32_t len_bytes)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < len_bytes; i++)
		sum += i % 2 ? at[i] : at[i] * 256u;
	return (uint32_t)(sum % 65535);
}

/* Looking */

static bool is_tag(uint32_t type)
{
	return type == 0x8100 || type == 0x88a8;
}

static void view_ipv6(const uint8_t *byte, struct edit_view *view)
{
	uint32_t at = view->l3_at + 40;
	uint8_t next = byte[view->l3_at + 6];
	bool is_last = false;

	view->end = at + get16(byte + view->l3_at + 4);
	while (!is_last) {
		const uint8_t *ext = byte + at;

		switch (next) {
		case 43:
			view->is_routed |= ext[3] != 0;
			/* fall through */
		case 0:
		case 60:
			at += 8 + ext[1] * 8u;
			break;
		case 51:
			at += 8 + ext[1] * 4u;
			break;
		case 44:
			at += 8;
			is_last = get16(ext + 2) >> 3;
			break;
		default:
			view->l4_at = at;
			return;
		}
		next = ext[0];
	}
	view->l4_at = at;
}

static uint32_t view_key_bytes(const struct edit_view *view, uint32_t type)
{
	if (type == 0x0806)
		return 28;
	if (view->is_mpls)
		return 4;
	if ((!view->is_ipv4 && !view->is_ipv6) || view->is_later)
		return 0;
	switch (view->proto) {
	case PROTO_TCP:
		return 14;
	case PROTO_UDP:
		return 6;
	case PROTO_SCTP:
		return 4;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return 2;
	default:
		return 0;
	}
}

bool edit_model_view(const struct edit_packet *packet, struct edit_view *view)
{
	const uint8_t *byte = packet->byte;
	struct parse_model model;
	uint32_t at = 12;
	uint32_t type;

	memset(view, 0, sizeof(*view));
	parse_model_frame(byte, packet->len_bytes, 0, &model);
	if (!model.good)
		return false;
	for (; view->num_tags < 2 && is_tag(get16(byte + at)); at += 4)
		view->num_tags++;
	type = get16(byte + at);
	at += 2;
	view->l3_at = view->l4_at = at;
	view->is_ipv4 = type == 0x0800;
	view->is_ipv6 = type == 0x86dd;
	view->is_mpls = type == 0x8847 || type == 0x8848;
	view->proto = model.key.field.ip_proto;
	view->is_fragment = model.key.field.flags & XVIO_FLOW_FRAG_ANY;
	view->is_later = model.key.field.flags & XVIO_FLOW_FRAG_LATER;
	if (view->is_ipv4) {
		view->l4_at = at + (byte[at] & 15) * 4u;
		view->end = at + get16(byte + at + 2);
	} else if (view->is_ipv6) {
		view_ipv6(byte, view);
	}
	view->key_end = view->l4_at + view_key_bytes(view, type);
	return true;
}

/* Checksums */

static bool has_ip(const struct edit_view *view)
{
	return view->is_ipv4 || view->is_ipv6;
}

/* Where the transport header has its checksum, if it is here; else 0. */
static uint32_t csum_place(const struct edit_view *view)
{
	if (!has_ip(view) || view->is_later)
		return 0;
	if (view->proto == PROTO_TCP)
		return view->l4_at + 16;
	if (view->proto == PROTO_UDP)
		return view->l4_at + 6;
	if (view->proto == (view->is_ipv4 ? PROTO_ICMP : PROTO_ICMP6))
		return view->l4_at + 2;
	return 0;
}

static uint32_t ip_total(const struct edit_packet *packet, const struct edit_view *view)
{
	return total_of(packet->byte + view->l3_at, (packet->byte[view->l3_at] & 15) * 4u);
}

/* Of the transport header and what follows, with the pseudo header. */
static uint32_t transport_total(const struct edit_packet *packet, const struct edit_view *view)
{
	const uint8_t *ip = packet->byte + view->l3_at;
	uint32_t len_bytes = view->end - view->l4_at;
	uint32_t total;

	if (view->proto == PROTO_UDP && !view->is_fragment)
		len_bytes = get16(packet->byte + view->l4_at + 4);
	total = total_of(packet->byte + view->l4_at, len_bytes);
	if (view->proto == PROTO_ICMP)
		return total;
	total += len_bytes + view->proto;
	if (view->is_ipv4)
		total += total_of(ip + 12, 8);
	else
		total += total_of(ip + 8, view->is_routed ? 16 : 32);
	return total % 65535;
}

/* Stores a checksum so that the total, which is so much with 0 in its place, becomes what is wanted. */
static void fit_csum(uint8_t *field, uint32_t total, uint32_t wanted)
{
	uint32_t csum = (wanted + 65535 - total) % 65535;

	put16(field, csum ? csum : 0xffff);
}

static void fit_ip(struct edit_packet *packet, const struct edit_view *view, uint32_t wanted)
{
	uint8_t *field = packet->byte + view->l3_at + 10;

	put16(field, 0);
	fit_csum(field, ip_total(packet, view), wanted);
}

static void fit_transport(struct edit_packet *packet, const struct edit_view *view, uint32_t wanted)
{
	uint8_t *field = packet->byte + csum_place(view);

	put16(field, 0);
	fit_csum(field, transport_total(packet, view), wanted);
}

bool edit_model_sums_are_right(const struct edit_packet *packet)
{
	struct edit_view view;
	uint32_t place;

	if (!edit_model_view(packet, &view))
		return false;
	if (view.is_ipv4 && ip_total(packet, &view) != 0)
		return false;
	place = csum_place(&view);
	if (!place || view.is_fragment || view.is_routed)
		return true;
	if (view.proto == PROTO_UDP && view.is_ipv4 && !get16(packet->byte + place))
		return true;
	return transport_total(packet, &view) == 0;
}

/* Changes */

/* Which bits of a header's byte a rule may change. */
static uint8_t may_change(uint8_t header, uint32_t i)
{
	switch (header) {
	case XVIO_HDR_ETH:
		return i < 12 ? 0xff : 0;
	case XVIO_HDR_IPV4: /* TOS, TTL, addresses */
		return i == 1 || i == 8 || (i >= 12 && i < 20) ? 0xff : 0;
	case XVIO_HDR_IPV6: /* not the version; hop limit, addresses */
		if (i == 0)
			return 0x0f;
		return i < 4 || i == 7 || (i >= 8 && i < 40) ? 0xff : 0;
	case XVIO_HDR_TCP: /* ports, the last byte of the flags */
		return i < 4 || i == 13 ? 0xff : 0;
	case XVIO_HDR_UDP:
		return i < 4 ? 0xff : 0;
	default:
		return 0;
	}
}

static bool has_header(const struct edit_view *view, uint8_t header)
{
	switch (header) {
	case XVIO_HDR_ETH:
		return true;
	case XVIO_HDR_IPV4:
		return view->is_ipv4;
	case XVIO_HDR_IPV6:
		return view->is_ipv6;
	case XVIO_HDR_TCP:
		return has_ip(view) && !view->is_later && view->proto == PROTO_TCP;
	case XVIO_HDR_UDP:
		return has_ip(view) && !view->is_later && view->proto == PROTO_UDP;
	default:
		return false;
	}
}

static uint8_t *header_of(struct edit_packet *packet, const struct edit_view *view, uint8_t header)
{
	if (header == XVIO_HDR_ETH)
		return packet->byte;
	if (header == XVIO_HDR_IPV4 || header == XVIO_HDR_IPV6)
		return packet->byte + view->l3_at;
	return packet->byte + view->l4_at;
}

static void run_set(struct edit_packet *packet, const struct xvio_flow_action *action)
{
	const uint8_t *value = (const uint8_t *)&action->value;
	const uint8_t *mask = (const uint8_t *)&action->mask;
	struct edit_view view;
	uint32_t ip_before, before, i;
	uint32_t place;
	uint8_t *header;

	edit_model_view(packet, &view);
	if (!has_header(&view, action->a) || action->arg % 4)
		return;
	place = csum_place(&view);
	if (place && view.proto == PROTO_UDP && !get16(packet->byte + place))
		place = 0; /* there is none */
	ip_before = view.is_ipv4 ? ip_total(packet, &view) : 0;
	before = place ? transport_total(packet, &view) : 0;
	header = header_of(packet, &view, action->a);
	for (i = 0; i < 4; i++) {
		uint8_t bits = mask[i] & may_change(action->a, action->arg + i);

		if (bits)
			header[action->arg + i] =
				(uint8_t)((header[action->arg + i] & ~bits) | (value[i] & bits));
	}
	if (view.is_ipv4 && ip_total(packet, &view) != ip_before)
		fit_ip(packet, &view, ip_before);
	if (place && transport_total(packet, &view) != before)
		fit_transport(packet, &view, before);
}

static void run_add_ttl(struct edit_packet *packet, const struct xvio_flow_action *action)
{
	struct edit_view view;
	uint32_t before;
	uint8_t *ip;

	edit_model_view(packet, &view);
	ip = packet->byte + view.l3_at;
	if (action->a == XVIO_HDR_IPV6 && view.is_ipv6)
		ip[7] = (uint8_t)(ip[7] + action->arg);
	if (action->a != XVIO_HDR_IPV4 || !view.is_ipv4)
		return;
	before = ip_total(packet, &view);
	ip[8] = (uint8_t)(ip[8] + action->arg);
	if (ip_total(packet, &view) != before)
		fit_ip(packet, &view, before);
}

static void insert(struct edit_packet *packet, uint32_t at, uint32_t value)
{
	memmove(packet->byte + at + 4, packet->byte + at, packet->len_bytes - at);
	put32(packet->byte + at, value);
	packet->len_bytes += 4;
	packet->csum_start += 4;
	packet->csum_at += 4;
	packet->ip_at += 4;
}

static void take_out(struct edit_packet *packet, uint32_t at)
{
	packet->len_bytes -= 4;
	memmove(packet->byte + at, packet->byte + at + 4, packet->len_bytes - at);
	packet->csum_start -= 4;
	packet->csum_at -= 4;
	packet->ip_at -= 4;
}

static void run_vlan(struct edit_packet *packet, const struct xvio_flow_action *action)
{
	struct edit_view view;
	uint32_t tci;

	edit_model_view(packet, &view);
	if (action->type == XVIO_ACTION_VLAN_PUSH) {
		insert(packet, 12, action->arg);
	} else if (view.num_tags && action->type == XVIO_ACTION_VLAN_POP) {
		take_out(packet, 12);
	} else if (view.num_tags) {
		tci = get16(packet->byte + 14);
		put16(packet->byte + 12, action->arg >> 16);
		put16(packet->byte + 14, (tci & ~action->mask) | (action->arg & action->mask));
	}
}

static void run_mpls(struct edit_packet *packet, const struct xvio_flow_action *action)
{
	struct edit_view view;
	uint8_t *entry, *type;
	uint32_t value, mask;

	edit_model_view(packet, &view);
	value = __builtin_bswap32(action->value);
	mask = __builtin_bswap32(action->mask);
	entry = packet->byte + view.l3_at;
	type = entry - 2;
	if (action->type == XVIO_ACTION_MPLS_PUSH) {
		if (action->a == 1)
			value = (value & ~0x100u) | (view.is_mpls ? 0 : 0x100);
		insert(packet, view.l3_at, value);
		put16(type, action->arg);
	} else if (view.is_mpls && action->type == XVIO_ACTION_MPLS_POP) {
		take_out(packet, view.l3_at);
		put16(type, action->arg);
	} else if (view.is_mpls) {
		value = ((get16(entry) << 16 | get16(entry + 2)) & ~mask) | (value & mask);
		put32(entry, value);
	}
}

static void run_csum(struct edit_packet *packet, const struct xvio_flow_action *action)
{
	struct edit_view view;
	uint32_t place;
	uint8_t kind = XVIO_CSUM_ICMP;

	edit_model_view(packet, &view);
	if (action->a & XVIO_CSUM_IPV4 && view.is_ipv4)
		fit_ip(packet, &view, 0);
	place = csum_place(&view);
	if (view.proto == PROTO_TCP)
		kind = XVIO_CSUM_TCP;
	if (view.proto == PROTO_UDP)
		kind = XVIO_CSUM_UDP;
	if (!place || view.is_fragment || view.is_routed || !(action->a & kind) ||
	    (kind == XVIO_CSUM_UDP && view.is_ipv4 && !get16(packet->byte + place)))
		return;
	fit_transport(packet, &view, 0);
}

bool edit_model_run(struct edit_packet *packet, const struct xvio_flow_action *action)
{
	struct edit_view view;

	switch (action->type) {
	case XVIO_ACTION_SET:
		run_set(packet, action);
		break;
	case XVIO_ACTION_ADD_TTL:
		run_add_ttl(packet, action);
		break;
	case XVIO_ACTION_VLAN_PUSH:
	case XVIO_ACTION_VLAN_POP:
	case XVIO_ACTION_VLAN_SET:
		run_vlan(packet, action);
		break;
	case XVIO_ACTION_MPLS_PUSH:
	case XVIO_ACTION_MPLS_POP:
	case XVIO_ACTION_MPLS_SET:
		run_mpls(packet, action);
		break;
	case XVIO_ACTION_CSUM:
		run_csum(packet, action);
		break;
	}
	if (!edit_model_view(packet, &view))
		return false;
	if (!packet->has_csum)
		return true;
	if (packet->csum_start < (int)view.l3_at || packet->csum_at < (int)view.key_end)
		return false;
	if (!packet->is_cut)
		return true;
	if (has_ip(&view))
		return packet->ip_at == (int)view.l3_at;
	return packet->ip_at >= (int)view.key_end;
}

/* Comparing */

/* A field that says 0 in the other form. */
static void take_over(uint8_t *field, const uint8_t *from, bool is_udp)
{
	const uint32_t mine = get16(field), other = get16(from);

	if (!is_udp && mine + other == 0xffff && (mine == 0 || other == 0))
		put16(field, other);
}

static void print_frame(const char *name, const uint8_t *byte, uint32_t len_bytes)
{
	uint32_t i;

	printf("%s, %u bytes:", name, len_bytes);
	for (i = 0; i < len_bytes; i++)
		printf(" %02x", byte[i]);
	printf("\n");
}

bool edit_model_agrees(struct edit_packet *packet, const uint8_t *frame, uint32_t len_bytes)
{
	struct edit_view view;
	uint32_t place;

	if (packet->len_bytes == len_bytes && edit_model_view(packet, &view)) {
		place = csum_place(&view);
		if (view.is_ipv4)
			take_over(packet->byte + view.l3_at + 10, frame + view.l3_at + 10, false);
		if (place)
			take_over(packet->byte + place, frame + place, view.proto == PROTO_UDP);
	}
	if (packet->len_bytes == len_bytes && memcmp(packet->byte, frame, len_bytes) == 0)
		return true;
	print_frame("wanted", packet->byte, packet->len_bytes);
	print_frame("got", frame, len_bytes);
	return false;
}
