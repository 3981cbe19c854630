/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Offloads (offload.h): what headers ask for, and checksums. Worker cores. */
#include "path/offload.h"

#include <stddef.h>
#include <string.h>
#include <xvio/port.h>
#include "lib/bits.h"
#include "lib/endian.h"
#include "path/csum.h"
#include "path/parse.h"
#include "path/parse_fast.h"
#include "path/pkt.h"

#define OFFLOAD_TCP_CSUM   16u
#define OFFLOAD_UDP_CSUM   6u
#define OFFLOAD_CSUM_BYTES 2u

static uint8_t offload_if(uint64_t features, unsigned feature, uint8_t offloads)
{
	return features & VIRTIO_BIT(feature) ? offloads : 0;
}

uint8_t offload_asked(uint64_t features)
{
	return offload_if(features, VIRTIO_NET_F_CSUM, OFFLOAD_CSUM) |
	       offload_if(features, VIRTIO_NET_F_HOST_TSO4, OFFLOAD_TSO4) |
	       offload_if(features, VIRTIO_NET_F_HOST_TSO6, OFFLOAD_TSO6) |
	       offload_if(features, VIRTIO_NET_F_HOST_ECN, OFFLOAD_ECN) |
	       offload_if(features, VIRTIO_NET_F_HOST_USO, OFFLOAD_USO);
}

uint8_t offload_taken(uint64_t features)
{
	return offload_if(features, VIRTIO_NET_F_GUEST_CSUM, OFFLOAD_CSUM) |
	       offload_if(features, VIRTIO_NET_F_GUEST_TSO4, OFFLOAD_TSO4) |
	       offload_if(features, VIRTIO_NET_F_GUEST_TSO6, OFFLOAD_TSO6) |
	       offload_if(features, VIRTIO_NET_F_GUEST_ECN, OFFLOAD_ECN) |
	       offload_if(features, VIRTIO_NET_F_GUEST_USO4, OFFLOAD_USO4) |
	       offload_if(features, VIRTIO_NET_F_GUEST_USO6, OFFLOAD_USO6);
}

uint32_t offload_header_bytes(const struct pkt *pkt)
{
	const uint32_t l4_at = pkt->offload.l4_at;

	if (pkt->offload.needs & OFFLOAD_USO)
		return l4_at + PARSE_UDP_BYTES;
	return l4_at + (pkt->data[l4_at + 12] >> 4) * 4u;
}

uint32_t offload_end_bytes(const struct pkt *pkt)
{
	const uint32_t l3_at = pkt->offload.l3_at;

	if (pkt->offload.needs & (OFFLOAD_TSO4 | OFFLOAD_USO4))
		return l3_at + endian_get_be16(pkt->data + l3_at + 2);
	return l3_at + PARSE_IPV6_BYTES + endian_get_be16(pkt->data + l3_at + 4);
}

uint32_t offload_frame_bytes(const struct pkt *pkt)
{
	if (pkt->offload.needs & OFFLOAD_GSO)
		return offload_header_bytes(pkt) + pkt->offload.gso_size;
	return pkt->len_bytes;
}

/* Which GSO a header's type is for a packet. 0: none that fits. */
static uint8_t offload_gso_of(const struct pkt *pkt, uint8_t gso_type)
{
	const struct xvio_flow_key *key = &pkt->key.field;
	const bool is_ipv4 = key->eth_type == endian_swap16(ETH_TYPE_IPV4);
	const bool is_ipv6 = key->eth_type == endian_swap16(ETH_TYPE_IPV6);
	const bool is_tcp = key->ip_proto == IP_PROTO_TCP;
	const bool is_udp = key->ip_proto == IP_PROTO_UDP;

	if (parse_is_fragment(key))
		return 0;
	switch (gso_type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return is_ipv4 && is_tcp ? OFFLOAD_TSO4 : 0;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return is_ipv6 && is_tcp ? OFFLOAD_TSO6 : 0;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		if (is_ipv4 && is_udp)
			return OFFLOAD_USO4;
		return is_ipv6 && is_udp ? OFFLOAD_USO6 : 0;
	default:
		return 0;
	}
}

/* What a header with a GSO type asks for. False: it must not, or the packet is no such. */
static bool offload_read_gso(struct pkt *pkt, const struct virtio_net_hdr *header,
			     const struct parse_places *places, uint8_t allowed)
{
	const bool has_ecn = header->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	const uint8_t gso =
		offload_gso_of(pkt, header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN);
	const uint32_t csum_offset = gso & OFFLOAD_TSO ? OFFLOAD_TCP_CSUM : OFFLOAD_UDP_CSUM;
	struct offload *offload = &pkt->offload;
	uint32_t header_bytes, end_bytes;

	if (!gso || !header->gso_size || (has_ecn && gso & OFFLOAD_USO) ||
	    offload->csum_start != places->l4_at || offload->csum_offset != csum_offset)
		return false;
	offload->needs |= gso | (has_ecn ? OFFLOAD_ECN : 0);
	offload->l3_at = (uint8_t)places->l3_at;
	offload->l4_at = places->l4_at;
	offload->gso_size = header->gso_size;
	header_bytes = offload_header_bytes(pkt);
	end_bytes = offload_end_bytes(pkt);
	if (offload->needs & ~allowed ||
	    end_bytes > header_bytes + OFFLOAD_MAX_SEGMENTS * offload->gso_size)
		return false;
	if (end_bytes <= header_bytes + offload->gso_size)
		offload->needs = OFFLOAD_CSUM; /* it is one frame already */
	return true;
}

/* What is summed up are not the Ethernet header and its tags; rules do not look where the sum goes. */
static bool offload_is_behind(const struct parse_places *places, uint32_t start, uint32_t offset)
{
	return start >= places->l3_at && start + offset >= places->key_end;
}

/* Where rules see IP it is that of the packet; what they see otherwise ends in front of it. */
static bool offload_gso_fits(const struct pkt *pkt, const struct parse_places *places)
{
	const xvio_be16 eth_type = pkt->key.field.eth_type;

	if (eth_type == endian_swap16(ETH_TYPE_IPV4) || eth_type == endian_swap16(ETH_TYPE_IPV6))
		return places->l3_at == pkt->offload.l3_at && places->l4_at == pkt->offload.l4_at;
	return places->key_end <= pkt->offload.l3_at;
}

bool offload_fits(const struct pkt *pkt)
{
	const struct offload *offload = &pkt->offload;
	const struct parse_places places =
		parse_places(pkt->data, pkt->have_bytes, pkt->len_bytes, &pkt->key);

	return offload_is_behind(&places, offload->csum_start, offload->csum_offset) &&
	       (!(offload->needs & OFFLOAD_GSO) || offload_gso_fits(pkt, &places));
}

bool offload_read(struct pkt *pkt, const struct virtio_net_hdr *header, uint8_t allowed)
{
	struct offload *offload = &pkt->offload;
	struct parse_places places;
	uint32_t csum_at;

	offload->needs = 0;
	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return header->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	places = parse_places(pkt->data, pkt->have_bytes, pkt->len_bytes, &pkt->key);
	csum_at = (uint32_t)header->csum_start + header->csum_offset;
	if (!(allowed & OFFLOAD_CSUM) ||
	    !offload_is_behind(&places, header->csum_start, header->csum_offset) ||
	    csum_at + OFFLOAD_CSUM_BYTES > pkt->len_bytes)
		return false;
	offload->needs = OFFLOAD_CSUM;
	offload->csum_start = header->csum_start;
	offload->csum_offset = header->csum_offset;
	return header->gso_type == VIRTIO_NET_HDR_GSO_NONE ||
	       offload_read_gso(pkt, header, &places, allowed);
}

static uint8_t offload_gso_type(uint8_t needs)
{
	uint8_t ecn = needs & OFFLOAD_ECN ? VIRTIO_NET_HDR_GSO_ECN : 0;

	if (needs & OFFLOAD_TSO4)
		return VIRTIO_NET_HDR_GSO_TCPV4 | ecn;
	if (needs & OFFLOAD_TSO6)
		return VIRTIO_NET_HDR_GSO_TCPV6 | ecn;
	return needs & OFFLOAD_USO ? VIRTIO_NET_HDR_GSO_UDP_L4 : VIRTIO_NET_HDR_GSO_NONE;
}

struct virtio_net_hdr offload_header(const struct pkt *pkt)
{
	const struct offload *offload = &pkt->offload;
	struct virtio_net_hdr header = {.num_buffers = 1};

	if (!offload->needs)
		return header;
	header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header.csum_start = offload->csum_start;
	header.csum_offset = offload->csum_offset;
	if (!(offload->needs & OFFLOAD_GSO))
		return header;
	header.gso_type = offload_gso_type(offload->needs);
	header.gso_size = offload->gso_size;
	header.hdr_len = (uint16_t)offload_header_bytes(pkt);
	return header;
}

struct offload_size offload_size(const struct pkt *pkt, uint8_t needs)
{
	struct offload_size size = {1, pkt->len_bytes, pkt->len_bytes};
	uint32_t header_bytes;

	if (!(needs & OFFLOAD_GSO))
		return size;
	header_bytes = offload_header_bytes(pkt);
	size.num_frames = (offload_end_bytes(pkt) - header_bytes + pkt->offload.gso_size - 1) /
			  pkt->offload.gso_size;
	size.frame_bytes = header_bytes + pkt->offload.gso_size;
	size.num_bytes = offload_end_bytes(pkt) + (size.num_frames - 1) * header_bytes;
	return size;
}

void offload_store_csum(uint8_t *frame, uint32_t start, uint32_t offset, uint32_t end)
{
	uint16_t csum = (uint16_t)~csum_bytes(frame + start, end - start);

	if (!csum) /* to UDP it would say that there is none; the two are the same number */
		csum = 0xffff;
	memcpy(frame + start + offset, &csum, sizeof(csum));
}

void offload_finish(struct pkt *pkt)
{
	struct offload *offload = &pkt->offload;
	static const struct virtio_net_hdr plain = {.num_buffers = 1};

	offload_store_csum(pkt->data, offload->csum_start, offload->csum_offset, pkt->len_bytes);
	offload->needs = 0;
	if (pkt->has_header)
		memcpy(pkt->data - sizeof(plain), &plain, sizeof(plain));
}
