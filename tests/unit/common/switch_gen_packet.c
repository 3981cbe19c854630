/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Random packets (switch_gen.h), header by header from few values. */
#include <string.h>
#include "common/check.h"
#include "common/wire_model.h"
#include "common/switch_gen.h"
#include "path/offload.h"

#define PICK(values) ((values)[check_random(sizeof(values) / sizeof((values)[0]))])

#define PROTO_TCP 6u
#define PROTO_UDP 17u
#define FLAG_CWR  0x80u

/* A frame in the making. */
struct maker {
	struct gso_packet *packet;
	uint32_t at; /* what comes next */
	uint32_t num_tags;
	uint32_t l3_at;
	uint32_t l4_at;
	uint32_t payload_at;
	uint8_t proto;
	bool is_ipv6;
	bool is_fragment;
	bool has_mpls;
};

static bool one_in(uint32_t num)
{
	return check_random(num) == 0;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void make_byte(struct maker *maker, uint32_t value)
{
	maker->packet->data[maker->at++] = (uint8_t)value;
}

static void make_be16(struct maker *maker, uint32_t value)
{
	make_byte(maker, value >> 8);
	make_byte(maker, value);
}

static void make_be32(struct maker *maker, uint32_t value)
{
	make_be16(maker, value >> 16);
	make_be16(maker, value);
}

static void make_noise(struct maker *maker, uint32_t len_bytes)
{
	while (len_bytes--)
		make_byte(maker, check_random(256));
}

static void make_mac(struct maker *maker)
{
	make_be32(maker, one_in(12) ? 0x03000000 : 0x02000000);
	make_be16(maker, 1 + check_random(3));
}

static void make_tags(struct maker *maker)
{
	static const uint16_t vids[] = {0, 1, 2, 0x123, 0xfff};

	if (one_in(3))
		maker->num_tags = 1 + check_random(3);
	for (uint32_t i = 0; i < maker->num_tags; i++) {
		make_be16(maker, one_in(4) ? 0x88a8 : 0x8100);
		make_be16(maker, check_random(3) << 13 | check_random(2) << 12 | PICK(vids));
	}
}

/* Payload, at most so much; sometimes so that a checksum will be 0: see make_zero(). */
static void make_payload(struct maker *maker, uint32_t max_bytes)
{
	maker->payload_at = maker->at;
	make_noise(maker, check_random(one_in(8) ? max_bytes : 80));
}

static void make_port(struct maker *maker)
{
	static const uint16_t ports[] = {0, 53, 0x1000, 0x1001, 0x10ff, 0x8000, 0xffff};

	make_be16(maker, PICK(ports));
}

static void make_tcp(struct maker *maker)
{
	static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x58};
	uint32_t num_words = one_in(4) ? 5 + check_random(11) : 5;

	make_port(maker);
	make_port(maker);
	make_noise(maker, 8);
	make_byte(maker, num_words << 4 | (one_in(8) ? check_random(16) : 0));
	make_byte(maker, PICK(flags));
	make_noise(maker, num_words * 4 - 14);
	make_payload(maker, 900);
}

static void make_udp(struct maker *maker)
{
	uint32_t began = maker->at;
	uint32_t len_bytes;

	make_port(maker);
	make_port(maker);
	make_noise(maker, 4);
	make_payload(maker, 900);
	len_bytes = maker->at - began;
	if (one_in(16) && len_bytes > 12) /* the IP packet goes on behind it */
		len_bytes -= 4;
	put16(maker->packet->data + began + 4, len_bytes);
	if (maker->is_fragment && one_in(2))
		put16(maker->packet->data + began + 4, len_bytes + 1000);
}

static void make_transport(struct maker *maker, bool is_later)
{
	maker->l4_at = maker->at;
	if (is_later) {
		make_noise(maker, check_random(60));
		return;
	}
	switch (maker->proto) {
	case PROTO_TCP:
		make_tcp(maker);
		break;
	case PROTO_UDP:
		make_udp(maker);
		break;
	case 132:
		make_port(maker);
		make_port(maker);
		make_noise(maker, 8 + check_random(40));
		break;
	default: /* ICMP, and others */
		make_byte(maker, check_random(2) * 8);
		make_byte(maker, check_random(2));
		make_noise(maker, 6 + check_random(40));
	}
}

static void choose_proto(struct maker *maker)
{
	static const uint8_t protos[] = {6, 6, 6, 6, 17, 17, 17, 17, 132, 1, 58, 58, 47};

	maker->proto = PICK(protos);
	if (maker->proto == 58 && !maker->is_ipv6 && !one_in(8))
		maker->proto = 1;
	if (maker->proto == 1 && maker->is_ipv6 && !one_in(8))
		maker->proto = 58;
}

static void make_tos_ttl(struct maker *maker, uint8_t *tos, uint8_t *ttl)
{
	static const uint8_t toses[] = {0, 0, 0x10, 0xb9, 0xff};
	static const uint8_t ttls[] = {0, 1, 2, 64, 64, 255};

	(void)maker;
	*tos = PICK(toses);
	*ttl = PICK(ttls);
}

static void make_ipv4(struct maker *maker)
{
	static const uint16_t frags[] = {0x2000, 0x2000, 0x2003, 0x0001, 0x1f00};
	uint32_t num_words = one_in(5) ? 6 + check_random(10) : 5;
	uint32_t frag = one_in(6) ? PICK(frags) : check_random(2) << 14;
	uint8_t *ip = maker->packet->data + maker->at;
	uint8_t tos, ttl;

	maker->l3_at = maker->at;
	maker->is_ipv6 = false;
	maker->is_fragment = frag & 0x3fff;
	choose_proto(maker);
	make_tos_ttl(maker, &tos, &ttl);
	make_byte(maker, 0x40 | num_words);
	make_byte(maker, tos);
	make_noise(maker, 4);
	make_be16(maker, frag);
	make_byte(maker, ttl);
	make_byte(maker, maker->proto);
	make_be16(maker, 0);
	make_be32(maker, 0x0a000001 + check_random(3));
	make_be32(maker, 0x0a000001 + check_random(3) + (one_in(4) ? 0x10000 : 0));
	make_noise(maker, num_words * 4 - 20);
	make_transport(maker, frag & 0x1fff);
	put16(ip + 2, maker->at - maker->l3_at);
}

static void make_ipv6_address(struct maker *maker)
{
	make_be32(maker, 0xfd000000);
	make_be32(maker, 0);
	make_be32(maker, one_in(6) ? 1 : 0);
	make_be32(maker, 1 + check_random(3));
}

/* Extension headers: the one before names each. Returns whether a later fragment follows. */
static bool make_ipv6_ext(struct maker *maker, uint8_t *next)
{
	static const uint8_t exts[] = {0, 43, 44, 44, 51, 60};
	uint32_t num = one_in(3) ? 1 + check_random(one_in(10) ? 8 : 3) : 0;

	while (num--) {
		uint32_t len = check_random(3);
		uint8_t ext = PICK(exts);
		uint32_t frag = 0;

		*next = ext;
		next = maker->packet->data + maker->at;
		if (ext == 44) {
			frag = (one_in(3) ? (1 + check_random(4)) << 3 : 0) | check_random(2);
			len = 0;
			maker->is_fragment |= frag != 0;
		}
		make_byte(maker, 0);
		make_byte(maker, ext == 51 ? len * 2 : len);
		make_be16(maker, frag);
		make_noise(maker, len * 8 + 4);
		if (frag & ~1u) {
			*next = maker->proto;
			return true;
		}
	}
	*next = maker->proto;
	return false;
}

static void make_ipv6(struct maker *maker)
{
	uint8_t *ip = maker->packet->data + maker->at;
	uint8_t tos, ttl;
	bool is_later;

	maker->l3_at = maker->at;
	maker->is_ipv6 = true;
	choose_proto(maker);
	make_tos_ttl(maker, &tos, &ttl);
	make_be32(maker, 0x60000000 | (uint32_t)tos << 20 | check_random(0x100000));
	make_be16(maker, 0);
	make_byte(maker, 0);
	make_byte(maker, ttl);
	make_ipv6_address(maker);
	make_ipv6_address(maker);
	is_later = make_ipv6_ext(maker, ip + 6);
	make_transport(maker, is_later);
	put16(ip + 4, maker->at - maker->l3_at - 40);
}

static void make_arp(struct maker *maker)
{
	make_be16(maker, one_in(10) ? 6 : 1);
	make_be16(maker, one_in(10) ? 0x86dd : 0x0800);
	make_be16(maker, 0x0604);
	make_be16(maker, check_random(4));
	make_mac(maker);
	make_be32(maker, 0x0a000001 + check_random(3));
	make_mac(maker);
	make_be32(maker, 0x0a000001 + check_random(3));
}

static void make_ip(struct maker *maker, bool is_ipv6)
{
	if (is_ipv6)
		make_ipv6(maker);
	else
		make_ipv4(maker);
}

static void make_mpls(struct maker *maker)
{
	uint32_t num = 1 + check_random(3);

	maker->has_mpls = true;
	while (num--)
		make_be32(maker, (0x10 + check_random(3)) << 12 | check_random(2) << 9 |
					 (one_in(9) ? check_random(2) : !num) << 8 |
					 (1 + check_random(64)));
	make_ip(maker, one_in(3));
}

static void make_frame(struct maker *maker)
{
	static const uint16_t others[] = {0x0026, 0x88cc, 0x05ff, 0x0600};
	uint32_t kind = check_random(20);

	make_mac(maker);
	make_mac(maker);
	make_tags(maker);
	if (kind < 10) {
		make_be16(maker, 0x0800);
		make_ipv4(maker);
	} else if (kind < 15) {
		make_be16(maker, 0x86dd);
		make_ipv6(maker);
	} else if (kind < 17) {
		make_be16(maker, 0x0806);
		make_arp(maker);
	} else if (kind < 19) {
		make_be16(maker, one_in(4) ? 0x8848 : 0x8847);
		make_mpls(maker);
	} else {
		make_be16(maker, PICK(others));
		make_noise(maker, check_random(60));
	}
}

/* Where TCP or UDP has its checksum, in a whole packet; 0: elsewhere, or it is none. */
static uint32_t csum_place(const struct maker *maker)
{
	if (!maker->payload_at || maker->is_fragment)
		return 0;
	return maker->l4_at + (maker->proto == PROTO_TCP ? 16 : 6);
}

/* The checksums of the IP packet inside, as if there was nothing in front of it. */
static void fill_csums(struct maker *maker)
{
	uint8_t *data = maker->packet->data;
	uint8_t front[14];
	uint8_t *bare = data + maker->l3_at - 14;

	if (!maker->l3_at)
		return;
	memcpy(front, bare, sizeof(front));
	memset(bare, 0, 12);
	put16(bare + 12, maker->is_ipv6 ? 0x86dd : 0x0800);
	wire_csum(bare, maker->at - maker->l3_at + 14, 15);
	memcpy(bare, front, sizeof(front));
}

/* Makes the packet's checksum 0, which UDP writes as 0xffff, if there is room for it. */
static void make_zero(struct maker *maker)
{
	uint8_t *data = maker->packet->data;
	uint32_t place = csum_place(maker);
	uint32_t word = maker->payload_at;

	if (!place || maker->at < word + 8)
		return;
	put16(data + word, 0);
	put16(data + place, 1); /* not UDP's "none" */
	fill_csums(maker);
	memcpy(data + word, data + place, 2);
}

static void make_csums(struct maker *maker)
{
	uint8_t *data = maker->packet->data;
	uint32_t place = csum_place(maker);

	if (one_in(12))
		make_zero(maker);
	if (place && maker->proto == PROTO_UDP)
		put16(data + place, 1);
	fill_csums(maker);
	if (place && one_in(10)) /* UDP: none; else mostly wrong */
		put16(data + place, one_in(2) ? 0 : check_random(0x10000));
	if (maker->l3_at && !maker->is_ipv6 && one_in(12))
		put16(data + maker->l3_at + 10, one_in(4) ? 0xffff : check_random(0x10000));
}

/* Leaving things to the card */

static void ask_for_csum(struct maker *maker, bool is_odd)
{
	struct gso_packet *packet = maker->packet;
	const uint8_t *ip = packet->data + maker->l3_at;
	const uint32_t place = csum_place(maker);
	const uint32_t l4_bytes = maker->at - maker->l4_at;
	const uint8_t rest[4] = {0, maker->proto, (uint8_t)(l4_bytes >> 8), (uint8_t)l4_bytes};
	uint32_t sum = wire_sum(rest, 4, 0);

	sum = maker->is_ipv6 ? wire_sum(ip + 8, 32, sum) : wire_sum(ip + 12, 8, sum);
	if (is_odd)
		sum = check_random(0x10000);
	put16(packet->data + place, sum);
	if (maker->proto == PROTO_UDP)
		put16(packet->data + maker->l4_at + 4, l4_bytes);
	packet->header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	packet->header.csum_start = (uint16_t)maker->l4_at;
	packet->header.csum_offset = (uint16_t)(place - maker->l4_at);
}

/* One that lies in the payload: of a packet in a tunnel. */
static void ask_for_inner_csum(struct maker *maker)
{
	struct virtio_net_hdr *header = &maker->packet->header;
	uint32_t start = maker->payload_at + 2 * check_random(4);
	uint32_t room = maker->at - start;

	if (maker->at < start + 10)
		return;
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = (uint16_t)start;
	header->csum_offset = (uint16_t)(2 * check_random(room / 2));
}

static void ask_for_gso(struct maker *maker, uint8_t offloads)
{
	const bool is_tcp = maker->proto == PROTO_TCP;
	struct gso_packet *packet = maker->packet;
	const uint8_t tcp = maker->is_ipv6 ? OFFLOAD_TSO6 : OFFLOAD_TSO4;
	const uint8_t udp = maker->is_ipv6 ? OFFLOAD_USO6 : OFFLOAD_USO4;
	struct virtio_net_hdr *header = &packet->header;

	if (!(offloads & (is_tcp ? tcp : udp)))
		return;
	make_noise(maker, check_random(1600));
	if (maker->is_ipv6)
		put16(packet->data + maker->l3_at + 4, maker->at - maker->l3_at - 40);
	else
		put16(packet->data + maker->l3_at + 2, maker->at - maker->l3_at);
	fill_csums(maker); /* the IPv4 header's */
	header->gso_size = (uint16_t)(1 + (maker->at - maker->payload_at) / (2 + check_random(4)) +
				      check_random(200));
	header->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	if (is_tcp)
		header->gso_type =
			maker->is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	if (is_tcp && offloads & OFFLOAD_ECN && one_in(3)) {
		header->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		packet->data[maker->l4_at + 13] |= FLAG_CWR;
	}
	ask_for_csum(maker, false);
}

static void ask(struct maker *maker, const struct gen_limits *limits, uint8_t offloads)
{
	struct gso_packet *packet = maker->packet;

	if (!csum_place(maker) || !(offloads & OFFLOAD_CSUM) || one_in(2))
		return;
	if (!one_in(3) || maker->has_mpls || maker->num_tags > 2)
		ask_for_csum(maker, limits->has_odd_sums && one_in(20));
	else
		ask_for_gso(maker, offloads);
	if (!packet->header.flags && limits->has_odd_sums && one_in(4))
		ask_for_inner_csum(maker);
	packet->is_ipv6 = maker->is_ipv6;
	packet->is_tcp = maker->proto == PROTO_TCP;
	packet->l3_at = maker->l3_at;
	packet->l4_at = maker->l4_at;
	packet->payload_at = maker->payload_at;
	packet->end = maker->at;
}

/* A few bytes of the headers, or the end. */
static void spoil(struct maker *maker)
{
	uint32_t num = check_random(4);

	while (num--)
		maker->packet->data[12 + check_random(maker->at - 12)] ^= 1u << check_random(8);
	if (one_in(2))
		maker->at = 1 + check_random(maker->at);
}

void gen_packet(struct gso_packet *packet, const struct gen_limits *limits, uint8_t offloads)
{
	struct maker maker = {.packet = packet};

	memset(&packet->header, 0, sizeof(packet->header));
	make_frame(&maker);
	make_csums(&maker);
	if (limits->has_offloads)
		ask(&maker, limits, offloads);
	if (!packet->header.flags) {
		if (one_in(4))
			make_noise(&maker, check_random(20));
		if (one_in(12))
			spoil(&maker);
	}
	packet->len_bytes = maker.at;
}
