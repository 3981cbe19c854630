/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Packets with offloads, and the model of what they become (gso_model.h). */
#include "common/gso_model.h"

#include <string.h>
#include "common/check.h"
#include "path/offload.h"

#define PROTO_TCP 6u
#define PROTO_UDP 17u
#define FLAG_FIN  0x01u
#define FLAG_PSH  0x08u
#define FLAG_CWR  0x80u

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at)
{
	return at[0] * 256u + at[1];
}

static void fill(uint8_t *at, uint32_t len_bytes)
{
	while (len_bytes--)
		*at++ = (uint8_t)check_random(256);
}

/* RFC 1071, word by word. */
static uint32_t sum_of(const uint8_t *at, uint32_t len_bytes, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len_bytes; i++) {
		sum += i % 2 ? at[i] : at[i] * 256u;
		sum = sum % 65536 + sum / 65536;
	}
	return sum;
}

static uint32_t pseudo_sum(const struct gso_packet *packet, const uint8_t *frame, uint32_t l4_bytes)
{
	const uint8_t *ip = frame + packet->l3_at;
	uint32_t sum = packet->is_ipv6 ? sum_of(ip + 8, 32, 0) : sum_of(ip + 12, 8, 0);
	uint8_t rest[4] = {0, packet->is_tcp ? PROTO_TCP : PROTO_UDP};

	put16(rest + 2, l4_bytes);
	return sum_of(rest, 4, sum);
}

static uint32_t csum_place(const struct gso_packet *packet)
{
	return packet->l4_at + (packet->is_tcp ? 16 : 6);
}

/* The whole checksum of a frame that ends at end. */
static void put_l4_csum(const struct gso_packet *packet, uint8_t *frame, uint32_t end)
{
	uint8_t *field = frame + csum_place(packet);
	uint32_t l4_bytes = end - packet->l4_at;
	uint32_t sum;

	put16(field, 0);
	sum = 0xffff - sum_of(frame + packet->l4_at, l4_bytes, pseudo_sum(packet, frame, l4_bytes));
	put16(field, sum ? sum : 0xffff);
}

static void put_ipv4_csum(const struct gso_packet *packet, uint8_t *frame)
{
	uint8_t *ip = frame + packet->l3_at;

	put16(ip + 10, 0);
	put16(ip + 10, 0xffff - sum_of(ip, (ip[0] & 15) * 4u, 0));
}

/* Making */

struct gso_wish gso_any_wish(uint32_t max_bytes)
{
	struct gso_wish wish = {
		.is_ipv6 = check_random(2),
		.is_tcp = check_random(2),
		.needs_csum = check_random(4),
		.payload_bytes = check_random(check_random(4) ? 1500 : max_bytes),
	};

	if (wish.payload_bytes > 1200 || (wish.needs_csum && !check_random(3)))
		wish.is_gso = true;
	if (wish.is_gso) {
		wish.needs_csum = true;
		wish.has_ecn = wish.is_tcp && !check_random(4);
		/* No longer than a frame of 9018 bytes has room for, with tags and options. */
		wish.gso_size = (uint16_t)(1 + check_random(check_random(3) ? 1500 : 8800));
		if (wish.gso_size * 1300u < wish.payload_bytes)
			wish.gso_size = 1448;
	}
	return wish;
}

static uint32_t make_ethernet(struct gso_packet *packet)
{
	uint32_t num_tags = check_random(3);
	uint32_t at = 12;
	uint32_t i;

	fill(packet->data, 12);
	packet->data[0] &= 0xfe;
	for (i = 0; i < num_tags; i++, at += 4) {
		put16(packet->data + at, i + 1 < num_tags && check_random(2) ? 0x88a8 : 0x8100);
		fill(packet->data + at + 2, 2);
	}
	put16(packet->data + at, packet->is_ipv6 ? 0x86dd : 0x0800);
	return at + 2;
}

/* Returns where its header ends; lengths and checksum come later. */
static uint32_t make_ipv4(struct gso_packet *packet)
{
	uint32_t num_words = 5 + (check_random(3) ? 0 : check_random(11));
	uint8_t *ip = packet->data + packet->l3_at;

	fill(ip, num_words * 4);
	ip[0] = (uint8_t)(0x40 | num_words);
	ip[6] = check_random(2) ? 0x40 : 0;
	ip[7] = 0;
	ip[9] = packet->is_tcp ? PROTO_TCP : PROTO_UDP;
	return packet->l3_at + num_words * 4;
}

/* Hop-by-hop and destination options: their kind, in whose header it stands, and their length. */
static uint32_t make_ipv6(struct gso_packet *packet)
{
	uint8_t *ip = packet->data + packet->l3_at;
	uint32_t num_ext = check_random(3) ? 0 : 1 + check_random(3);
	uint32_t at = packet->l3_at + 40;
	uint8_t *next = ip + 6;
	uint32_t i;

	fill(ip, 40);
	ip[0] = (uint8_t)(0x60 | (ip[0] & 15));
	for (i = 0; i < num_ext; i++) {
		uint32_t len_bytes = 8 + 8 * check_random(3);

		*next = i ? 60 : 0;
		next = packet->data + at;
		fill(next, len_bytes);
		next[1] = (uint8_t)(len_bytes / 8 - 1);
		at += len_bytes;
	}
	*next = packet->is_tcp ? PROTO_TCP : PROTO_UDP;
	return at;
}

static uint32_t make_transport(struct gso_packet *packet, bool has_ecn)
{
	uint8_t *l4 = packet->data + packet->l4_at;
	uint32_t num_words = 5 + check_random(11);

	if (!packet->is_tcp) {
		fill(l4, 8);
		return packet->l4_at + 8;
	}
	fill(l4, num_words * 4);
	l4[12] = (uint8_t)(num_words << 4);
	if (has_ecn)
		l4[13] |= FLAG_CWR;
	else
		l4[13] &= (uint8_t)~FLAG_CWR;
	return packet->l4_at + num_words * 4;
}

static void make_lengths(struct gso_packet *packet)
{
	uint8_t *ip = packet->data + packet->l3_at;

	if (packet->is_ipv6)
		put16(ip + 4, packet->end - packet->l3_at - 40);
	else
		put16(ip + 2, packet->end - packet->l3_at);
	if (!packet->is_tcp)
		put16(packet->data + packet->l4_at + 4, packet->end - packet->l4_at);
	if (!packet->is_ipv6)
		put_ipv4_csum(packet, packet->data);
}

static void make_header(struct gso_packet *packet, const struct gso_wish *wish)
{
	struct virtio_net_hdr *header = &packet->header;

	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = (uint16_t)packet->l4_at;
	header->csum_offset = (uint16_t)(csum_place(packet) - packet->l4_at);
	if (!wish->is_gso)
		return;
	header->hdr_len = (uint16_t)check_random(0x10000); /* a hint at best */
	header->gso_size = wish->gso_size;
	if (!wish->is_tcp)
		header->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	else if (wish->is_ipv6)
		header->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	else
		header->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	if (wish->has_ecn)
		header->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
}

void gso_make(struct gso_packet *packet, const struct gso_wish *wish)
{
	memset(&packet->header, 0, sizeof(packet->header));
	packet->is_ipv6 = wish->is_ipv6;
	packet->is_tcp = wish->is_tcp;
	packet->l3_at = make_ethernet(packet);
	packet->l4_at = wish->is_ipv6 ? make_ipv6(packet) : make_ipv4(packet);
	packet->payload_at = make_transport(packet, wish->has_ecn);
	packet->end = packet->payload_at + wish->payload_bytes;
	packet->len_bytes = packet->end;
	if (!wish->needs_csum)
		packet->len_bytes += check_random(8);
	fill(packet->data + packet->payload_at, packet->len_bytes - packet->payload_at);
	make_lengths(packet);
	if (wish->needs_csum) {
		put16(packet->data + csum_place(packet),
		      pseudo_sum(packet, packet->data, packet->end - packet->l4_at));
		make_header(packet, wish);
	} else {
		put_l4_csum(packet, packet->data, packet->end);
	}
}

/* What becomes of it */

static uint8_t gso_asks_for(const struct gso_packet *packet)
{
	switch (packet->header.gso_type & 0x7f) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return OFFLOAD_TSO4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return OFFLOAD_TSO6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return packet->is_ipv6 ? OFFLOAD_USO6 : OFFLOAD_USO4;
	default:
		return 0;
	}
}

static uint8_t gso_would_fit(const struct gso_packet *packet)
{
	if (packet->is_tcp)
		return packet->is_ipv6 ? OFFLOAD_TSO6 : OFFLOAD_TSO4;
	return packet->is_ipv6 ? OFFLOAD_USO6 : OFFLOAD_USO4;
}

static uint32_t payload_bytes(const struct gso_packet *packet)
{
	return packet->end - packet->payload_at;
}

static bool gso_type_is_accepted(const struct gso_packet *packet, uint8_t allowed)
{
	const struct virtio_net_hdr *header = &packet->header;
	uint8_t gso = gso_asks_for(packet);

	if (!(gso & allowed) || gso != gso_would_fit(packet))
		return false;
	if (header->gso_type & 0x80 && (!packet->is_tcp || !(allowed & OFFLOAD_ECN)))
		return false;
	if (header->csum_start != packet->l4_at ||
	    header->csum_start + header->csum_offset != (int)csum_place(packet))
		return false;
	return header->gso_size &&
	       payload_bytes(packet) <= OFFLOAD_MAX_SEGMENTS * (uint32_t)header->gso_size;
}

/* What a rule looks at must not change behind its back; and no sum begins in front of the IP header, among tags. */
bool gso_is_accepted(const struct gso_packet *packet, uint8_t allowed)
{
	const struct virtio_net_hdr *header = &packet->header;
	uint32_t place = (uint32_t)header->csum_start + header->csum_offset;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return !header->gso_type && packet->len_bytes <= 9234;
	if (!(allowed & OFFLOAD_CSUM) || place + 2 > packet->len_bytes ||
	    header->csum_start < packet->l3_at || place < packet->l4_at + (packet->is_tcp ? 14 : 6))
		return false;
	if (header->gso_type && !gso_type_is_accepted(packet, allowed))
		return false;
	return packet->len_bytes <= 9234 || gso_needs(packet) & OFFLOAD_GSO;
}

uint8_t gso_needs(const struct gso_packet *packet)
{
	const struct virtio_net_hdr *header = &packet->header;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (!header->gso_type || payload_bytes(packet) <= header->gso_size)
		return OFFLOAD_CSUM;
	return OFFLOAD_CSUM | gso_asks_for(packet) | (header->gso_type & 0x80 ? OFFLOAD_ECN : 0);
}

uint32_t gso_num_frames(const struct gso_packet *packet)
{
	if (!(gso_needs(packet) & OFFLOAD_GSO))
		return 1;
	return (payload_bytes(packet) + packet->header.gso_size - 1) / packet->header.gso_size;
}

/* All but the checksum's place is as it was. */
static uint32_t frame_with_csum(const struct gso_packet *packet, uint8_t *frame)
{
	const struct virtio_net_hdr *header = &packet->header;
	uint32_t sum;

	memcpy(frame, packet->data, packet->len_bytes);
	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return packet->len_bytes;
	sum = 0xffff -
	      sum_of(frame + header->csum_start, packet->len_bytes - header->csum_start, 0);
	put16(frame + header->csum_start + header->csum_offset, sum ? sum : 0xffff);
	return packet->len_bytes;
}

uint32_t gso_frame(const struct gso_packet *packet, uint32_t i, uint8_t *frame)
{
	const uint32_t gso_size = packet->header.gso_size;
	const uint32_t num = gso_num_frames(packet);
	const uint32_t from = i * gso_size;
	const uint32_t num_bytes = i + 1 < num ? gso_size : payload_bytes(packet) - from;
	const uint32_t end = packet->payload_at + num_bytes;
	uint8_t *ip = frame + packet->l3_at;
	uint8_t *l4 = frame + packet->l4_at;
	uint32_t seq;

	if (!(gso_needs(packet) & OFFLOAD_GSO))
		return frame_with_csum(packet, frame);
	memcpy(frame, packet->data, packet->payload_at);
	memcpy(frame + packet->payload_at, packet->data + packet->payload_at + from, num_bytes);
	if (packet->is_tcp) {
		seq = (get16(l4 + 4) << 16 | get16(l4 + 6)) + from;
		put16(l4 + 4, seq >> 16);
		put16(l4 + 6, seq);
		if (i)
			l4[13] &= (uint8_t)~FLAG_CWR;
		if (i + 1 < num)
			l4[13] &= (uint8_t) ~(FLAG_FIN | FLAG_PSH);
	} else {
		put16(l4 + 4, end - packet->l4_at);
	}
	if (packet->is_ipv6) {
		put16(ip + 4, end - packet->l3_at - 40);
	} else {
		put16(ip + 2, end - packet->l3_at);
		put16(ip + 4, get16(ip + 4) + i);
		put_ipv4_csum(packet, frame);
	}
	put_l4_csum(packet, frame, end);
	return end;
}

struct virtio_net_hdr gso_header(const struct gso_packet *packet)
{
	const uint8_t needs = gso_needs(packet);
	struct virtio_net_hdr header = {.num_buffers = 1};

	if (!needs)
		return header;
	header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header.csum_start = packet->header.csum_start;
	header.csum_offset = packet->header.csum_offset;
	if (needs & OFFLOAD_GSO) {
		header.gso_type = packet->header.gso_type;
		header.gso_size = packet->header.gso_size;
		header.hdr_len = (uint16_t)packet->payload_at;
	}
	return header;
}
