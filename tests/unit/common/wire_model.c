/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The model of changes (wire_model.h). A checksum that is right before a change is computed from scratch
 * behind it. One that is wrong, or that covers bytes which are in other fragments, becomes what RFC 1624 makes
 * of it, so it stays wrong by the same amount. So does that of an IPv6 packet with segments left, whose sender has summed up
 * another destination than the header has (RFC 8200, 8.1). UDP's 0 is none, and stays 0; none that is computed is.
 */
#include "common/wire_model.h"

#include <assert.h>
#include <string.h>

#define PROTO_ICMP   1u
#define PROTO_TCP    6u
#define PROTO_UDP    17u
#define PROTO_ICMPV6 58u
#define PROTO_SCTP   132u
#define TAGS_AT	     12u

static uint32_t get16(const uint8_t *at)
{
	return at[0] * 256u + at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

uint32_t wire_sum(const uint8_t *at, uint32_t len_bytes, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++) {
		sum += i % 2 ? at[i] : at[i] * 256u;
		sum = sum % 65536 + sum / 65536;
	}
	return sum;
}

/* Where headers are */

static void places_ipv4(const uint8_t *data, struct wire_places *places)
{
	const uint8_t *ip = data + places->l3_at;
	const uint32_t frag = get16(ip + 6);

	places->is_ipv4 = true;
	places->proto = ip[9];
	places->end = places->l3_at + get16(ip + 2);
	places->is_fragment = frag & 0x3fff;
	places->key_end = places->l3_at + (ip[0] & 15) * 4u;
	if (!(frag & 0x1fff))
		places->l4_at = places->key_end;
}

static void places_ipv6(const uint8_t *data, struct wire_places *places)
{
	static const uint8_t ext[] = {0, 43, 44, 51, 60};
	uint32_t at = places->l3_at + 40;
	uint32_t frag = 0;

	places->is_ipv6 = true;
	places->proto = data[places->l3_at + 6];
	places->end = at + get16(data + places->l3_at + 4);
	while (memchr(ext, places->proto, sizeof(ext)) && !(frag & 0xfff8)) {
		const uint8_t *header = data + at;

		if (places->proto == 44) {
			frag = get16(header + 2);
			places->is_fragment |= (frag & 0xfff9) != 0;
			at += 8;
		} else if (places->proto == 51) {
			at += (header[1] + 2u) * 4;
		} else {
			places->is_routed |= places->proto == 43 && header[3];
			at += (header[1] + 1u) * 8;
		}
		places->proto = header[0];
	}
	places->key_end = at;
	if (!(frag & 0xfff8))
		places->l4_at = at;
}

/* How much of a transport header is looked at for the key. */
static uint32_t key_bytes(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return 14;
	case PROTO_UDP:
		return 6;
	case PROTO_SCTP:
		return 4;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

static bool is_mpls(const struct wire_places *places)
{
	return places->eth_type == 0x8847 || places->eth_type == 0x8848;
}

void wire_places(const uint8_t *data, uint32_t len_bytes, struct wire_places *places)
{
	uint32_t at = TAGS_AT;

	memset(places, 0, sizeof(*places));
	while (places->num_tags < 2 && (get16(data + at) == 0x8100 || get16(data + at) == 0x88a8)) {
		places->num_tags++;
		at += 4;
	}
	places->eth_type = (uint16_t)get16(data + at);
	places->l3_at = at + 2;
	places->end = len_bytes;
	places->key_end = places->l3_at;
	if (places->eth_type == 0x0806)
		places->key_end += 28;
	if (is_mpls(places))
		places->key_end += 4;
	if (places->eth_type == 0x0800)
		places_ipv4(data, places);
	if (places->eth_type == 0x86dd)
		places_ipv6(data, places);
	if (places->l4_at)
		places->key_end += key_bytes(places->proto);
}

/* Checksums */

/* The checksum of what is behind the IP header. */
struct cover {
	uint32_t field_at;
	uint32_t end; /* of what is here of the bytes under it; they begin at l4_at */
	bool has_pseudo;
	bool is_whole; /* all of them are here */
	uint8_t csum; /* XVIO_CSUM_* */
};

static bool cover_of(const uint8_t *data, const struct wire_places *places, struct cover *cover)
{
	const uint32_t l4_at = places->l4_at;
	uint32_t udp_end;

	if (!l4_at)
		return false;
	*cover = (struct cover){
		.end = places->end,
		.has_pseudo = true,
		.is_whole = !places->is_fragment && !places->is_routed,
	};
	if (places->proto == PROTO_TCP) {
		cover->field_at = l4_at + 16;
		cover->csum = XVIO_CSUM_TCP;
		return true;
	}
	if (places->proto == PROTO_UDP) {
		udp_end = l4_at + get16(data + l4_at + 4);
		if (udp_end < cover->end)
			cover->end = udp_end;
		cover->field_at = l4_at + 6;
		cover->csum = XVIO_CSUM_UDP;
		return true;
	}
	cover->field_at = l4_at + 2;
	cover->csum = XVIO_CSUM_ICMP;
	if (places->is_ipv4 && places->proto == PROTO_ICMP) {
		cover->has_pseudo = false;
		return true;
	}
	return places->is_ipv6 && places->proto == PROTO_ICMPV6;
}

/* Of all that is here under it, but for the checksum itself. */
static uint32_t cover_sum(const uint8_t *data, const struct wire_places *places,
			  const struct cover *cover)
{
	const uint8_t *ip = data + places->l3_at;
	uint8_t rest[4] = {0, places->proto};
	uint32_t sum = 0;

	if (cover->has_pseudo) {
		put16(rest + 2, cover->end - places->l4_at);
		sum = wire_sum(rest, 4, sum);
		if (places->is_ipv6)
			sum = wire_sum(ip + 8, places->is_routed ? 16 : 32, sum);
		else
			sum = wire_sum(ip + 12, 8, sum);
	}
	sum = wire_sum(data + places->l4_at, cover->field_at - places->l4_at, sum);
	return wire_sum(data + cover->field_at + 2, cover->end - cover->field_at - 2, sum);
}

static uint32_t ipv4_sum(const uint8_t *ip)
{
	return wire_sum(ip + 12, (ip[0] & 15) * 4u - 12, wire_sum(ip, 10, 0));
}

static bool is_right(const uint8_t *field, uint32_t sum)
{
	return wire_sum(field, 2, sum) == 0xffff;
}

static uint32_t inverse(uint32_t sum)
{
	return 0xffff - sum;
}

/* RFC 1624: HC' = ~(~HC + ~m + m'), m and m' the sums of all words at once. */
static uint32_t csum_moved(uint32_t csum, uint32_t sum_before, uint32_t sum_after)
{
	uint32_t sum = inverse(csum) + inverse(sum_before) + sum_after;

	while (sum > 0xffff)
		sum = sum % 65536 + sum / 65536;
	return inverse(sum);
}

static void put_csum(uint8_t *field, uint8_t csum, uint32_t value)
{
	put16(field, !value && csum == XVIO_CSUM_UDP ? 0xffff : value);
}

/* UDP: there is none. */
static bool has_none(const uint8_t *data, const struct cover *cover)
{
	return cover->csum == XVIO_CSUM_UDP && !get16(data + cover->field_at);
}

void wire_csum(uint8_t *data, uint32_t len_bytes, uint8_t which)
{
	struct wire_places places;
	struct cover cover;

	wire_places(data, len_bytes, &places);
	if (places.is_ipv4 && which & XVIO_CSUM_IPV4)
		put16(data + places.l3_at + 10, inverse(ipv4_sum(data + places.l3_at)));
	if (!cover_of(data, &places, &cover) || !(which & cover.csum) || !cover.is_whole ||
	    (places.is_ipv4 && has_none(data, &cover)))
		return;
	put_csum(data + cover.field_at, cover.csum, inverse(cover_sum(data, &places, &cover)));
}

static void loosen(struct wire_packet *packet, uint32_t at)
{
	unsigned i;

	for (i = 0; i < packet->num_loose; i++) {
		if (packet->loose[i] == at)
			return;
	}
	assert(packet->num_loose < WIRE_MAX_LOOSE);
	packet->loose[packet->num_loose++] = at;
}

/* Checksums of a packet that has been, or will be, changed; only UDP says which zero it is. */
static void loosen_csums(struct wire_packet *packet)
{
	const uint8_t *data = packet->gso.data;
	struct wire_places places;
	struct cover cover;

	wire_places(data, packet->gso.len_bytes, &places);
	if (places.is_ipv4)
		loosen(packet, places.l3_at + 10);
	if (!cover_of(data, &places, &cover))
		return;
	if (cover.csum != XVIO_CSUM_UDP)
		loosen(packet, cover.field_at);
}

/* Changing bytes that stay where they are */

struct mending {
	struct wire_places places;
	bool has_cover;
	struct cover cover;
	uint32_t ip_sum;
	uint32_t l4_sum;
	bool ip_was_right;
	bool l4_was_right;
};

static void mend_begin(struct mending *mending, const uint8_t *data, uint32_t len_bytes)
{
	struct wire_places *places = &mending->places;
	struct cover *cover = &mending->cover;

	wire_places(data, len_bytes, places);
	mending->has_cover = cover_of(data, places, cover) && !has_none(data, cover);
	if (places->is_ipv4) {
		mending->ip_sum = ipv4_sum(data + places->l3_at);
		mending->ip_was_right = is_right(data + places->l3_at + 10, mending->ip_sum);
	}
	if (mending->has_cover) {
		mending->l4_sum = cover_sum(data, places, cover);
		mending->l4_was_right =
			cover->is_whole && is_right(data + cover->field_at, mending->l4_sum);
	}
}

static void mend_end(const struct mending *mending, uint8_t *data)
{
	const struct wire_places *places = &mending->places;
	const struct cover *cover = &mending->cover;
	uint8_t *field;
	uint32_t sum;

	if (places->is_ipv4) {
		field = data + places->l3_at + 10;
		sum = ipv4_sum(data + places->l3_at);
		put16(field, mending->ip_was_right
				     ? inverse(sum)
				     : csum_moved(get16(field), mending->ip_sum, sum));
	}
	if (mending->has_cover) {
		field = data + cover->field_at;
		sum = cover_sum(data, places, cover);
		put_csum(field, cover->csum,
			 mending->l4_was_right ? inverse(sum)
					       : csum_moved(get16(field), mending->l4_sum, sum));
	}
}

/* Of a packet for several frames no checksum counts: its frames get theirs when it is cut. */
static void wire_write(struct wire_packet *packet, uint32_t at, const uint8_t *bytes,
		       uint32_t len_bytes)
{
	struct gso_packet *gso = &packet->gso;
	struct mending mending = {.ip_sum = 0};

	if (wire_is_gso(packet)) {
		memcpy(gso->data + at, bytes, len_bytes);
		return;
	}
	loosen_csums(packet);
	mend_begin(&mending, gso->data, gso->len_bytes);
	memcpy(gso->data + at, bytes, len_bytes);
	mend_end(&mending, gso->data);
}

/* Where a header for SET or ADD_TTL is; 0: the packet has no such. */
static uint32_t header_at(const struct wire_places *places, uint8_t header)
{
	switch (header) {
	case XVIO_HDR_IPV4:
		return places->is_ipv4 ? places->l3_at : 0;
	case XVIO_HDR_IPV6:
		return places->is_ipv6 ? places->l3_at : 0;
	case XVIO_HDR_TCP:
		return places->proto == PROTO_TCP ? places->l4_at : 0;
	case XVIO_HDR_UDP:
		return places->proto == PROTO_UDP ? places->l4_at : 0;
	default:
		return 0;
	}
}

static void wire_masked(struct wire_packet *packet, uint32_t at, const void *value,
			const void *mask)
{
	uint8_t bytes[4], value_bytes[4], mask_bytes[4];
	unsigned i;

	memcpy(value_bytes, value, 4);
	memcpy(mask_bytes, mask, 4);
	for (i = 0; i < 4; i++)
		bytes[i] = (uint8_t)((packet->gso.data[at + i] & ~mask_bytes[i]) |
				     (value_bytes[i] & mask_bytes[i]));
	wire_write(packet, at, bytes, 4);
}

static void act_set(struct wire_packet *packet, const struct wire_places *places,
		    const struct xvio_flow_action *action)
{
	const uint32_t at = header_at(places, action->a);

	if (at || action->a == XVIO_HDR_ETH)
		wire_masked(packet, at + action->arg, &action->value, &action->mask);
}

static void act_add_ttl(struct wire_packet *packet, const struct wire_places *places,
			const struct xvio_flow_action *action)
{
	uint32_t at = header_at(places, action->a);
	uint8_t ttl;

	if (!at)
		return;
	at += action->a == XVIO_HDR_IPV4 ? 8 : 7;
	ttl = (uint8_t)(packet->gso.data[at] + action->arg);
	wire_write(packet, at, &ttl, 1);
}

/* Bytes that come and go */

/* A place in the packet moves with the bytes in front of it. */
static void shift(uint32_t *place, uint32_t at, int32_t num_bytes)
{
	if (*place >= at)
		*place = (uint32_t)((int32_t)*place + num_bytes);
}

/* num_bytes come at at, or -num_bytes that begin there go. */
static void shift_all(struct wire_packet *packet, uint32_t at, int32_t num_bytes)
{
	struct gso_packet *gso = &packet->gso;
	uint32_t csum_start = gso->header.csum_start;
	unsigned i;

	for (i = 0; i < packet->num_loose; i++)
		shift(&packet->loose[i], at, num_bytes);
	shift(&gso->l3_at, at, num_bytes);
	shift(&gso->l4_at, at, num_bytes);
	shift(&gso->payload_at, at, num_bytes);
	shift(&gso->end, at, num_bytes);
	shift(&csum_start, at, num_bytes);
	gso->header.csum_start = (uint16_t)csum_start;
	gso->len_bytes = (uint32_t)((int32_t)gso->len_bytes + num_bytes);
	packet->sum_start += num_bytes; /* or it does not fit any more: wire_fits() */
	packet->sum_at += num_bytes;
}

static void wire_insert(struct wire_packet *packet, uint32_t at, const uint8_t bytes[4])
{
	struct gso_packet *gso = &packet->gso;

	assert(gso->len_bytes + 4 <= GSO_MAX_BYTES);
	memmove(gso->data + at + 4, gso->data + at, gso->len_bytes - at);
	memcpy(gso->data + at, bytes, 4);
	shift_all(packet, at, 4);
}

static void wire_remove(struct wire_packet *packet, uint32_t at)
{
	struct gso_packet *gso = &packet->gso;
	unsigned i = 0;

	while (i < packet->num_loose) {
		if (packet->loose[i] + 1 >= at && packet->loose[i] < at + 4)
			packet->loose[i] = packet->loose[--packet->num_loose];
		else
			i++;
	}
	memmove(gso->data + at, gso->data + at + 4, gso->len_bytes - at - 4);
	shift_all(packet, at, -4);
}

static void act_vlan_push(struct wire_packet *packet, uint32_t arg)
{
	const uint8_t tag[4] = {(uint8_t)(arg >> 24), (uint8_t)(arg >> 16), (uint8_t)(arg >> 8),
				(uint8_t)arg};

	wire_insert(packet, TAGS_AT, tag);
}

static void act_vlan_set(struct wire_packet *packet, const struct xvio_flow_action *action)
{
	uint8_t *tag = packet->gso.data + TAGS_AT;
	const uint32_t tci = (get16(tag + 2) & ~action->mask) | (action->arg & action->mask);

	put16(tag, action->arg >> 16);
	put16(tag + 2, tci);
}

static void act_mpls_push(struct wire_packet *packet, const struct wire_places *places,
			  const struct xvio_flow_action *action)
{
	uint8_t entry[4];

	memcpy(entry, &action->value, 4);
	if (action->a)
		entry[2] = (uint8_t)((entry[2] & ~1) | !is_mpls(places));
	wire_insert(packet, places->l3_at, entry);
	put16(packet->gso.data + places->l3_at - 2, action->arg);
}

static void act_mpls_pop(struct wire_packet *packet, const struct wire_places *places,
			 const struct xvio_flow_action *action)
{
	wire_remove(packet, places->l3_at);
	put16(packet->gso.data + places->l3_at - 2, action->arg);
}

static void act_csum(struct wire_packet *packet, uint8_t which)
{
	if (wire_is_gso(packet))
		return;
	loosen_csums(packet);
	wire_csum(packet->gso.data, packet->gso.len_bytes, which);
}

void wire_act(struct wire_packet *packet, const struct xvio_flow_action *action)
{
	struct wire_places places;

	wire_places(packet->gso.data, packet->gso.len_bytes, &places);
	switch (action->type) {
	case XVIO_ACTION_SET:
		act_set(packet, &places, action);
		break;
	case XVIO_ACTION_ADD_TTL:
		act_add_ttl(packet, &places, action);
		break;
	case XVIO_ACTION_VLAN_PUSH:
		act_vlan_push(packet, action->arg);
		break;
	case XVIO_ACTION_VLAN_POP:
		if (places.num_tags)
			wire_remove(packet, TAGS_AT);
		break;
	case XVIO_ACTION_VLAN_SET:
		if (places.num_tags)
			act_vlan_set(packet, action);
		break;
	case XVIO_ACTION_MPLS_PUSH:
		act_mpls_push(packet, &places, action);
		break;
	case XVIO_ACTION_MPLS_POP:
		if (is_mpls(&places))
			act_mpls_pop(packet, &places, action);
		break;
	case XVIO_ACTION_MPLS_SET:
		if (is_mpls(&places))
			wire_masked(packet, places.l3_at, &action->value, &action->mask);
		break;
	default:
		assert(action->type == XVIO_ACTION_CSUM);
		act_csum(packet, action->a);
	}
}

/* Beginning */

bool wire_is_gso(const struct wire_packet *packet)
{
	return packet->gso.header.gso_type;
}

bool wire_fits(const struct wire_packet *packet)
{
	struct wire_places places;

	if (!packet->has_sum)
		return true;
	wire_places(packet->gso.data, packet->gso.len_bytes, &places);
	if (packet->sum_start < (int32_t)places.l3_at || packet->sum_at < (int32_t)places.key_end)
		return false;
	if (!wire_is_gso(packet))
		return true;
	if (places.is_ipv4 || places.is_ipv6)
		return places.l3_at == packet->gso.l3_at && places.l4_at == packet->gso.l4_at;
	return places.key_end <= packet->gso.l3_at;
}

static void copy_gso(struct gso_packet *to, const struct gso_packet *from)
{
	memcpy(to, from, offsetof(struct gso_packet, data));
	memcpy(to->data, from->data, from->len_bytes);
	to->is_ipv6 = from->is_ipv6;
	to->is_tcp = from->is_tcp;
	to->l3_at = from->l3_at;
	to->l4_at = from->l4_at;
	to->payload_at = from->payload_at;
	to->end = from->end;
}

void wire_begin(struct wire_packet *packet, const struct gso_packet *sent)
{
	copy_gso(&packet->gso, sent);
	packet->num_loose = 0;
	packet->has_sum = sent->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	packet->sum_start = sent->header.csum_start;
	packet->sum_at = packet->sum_start + sent->header.csum_offset;
	if (gso_num_frames(sent) > 1)
		return;
	packet->gso.len_bytes = gso_frame(sent, 0, packet->gso.data);
	memset(&packet->gso.header, 0, sizeof(packet->gso.header));
}
