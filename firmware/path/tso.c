/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Segmentation (tso.h). Worker core. */
#include "path/tso.h"

#include <string.h>
#include "lib/endian.h"
#include "path/csum.h"
#include "path/offload.h"
#include "path/parse_fast.h"
#include "path/pkt.h"

#define TSO_IPV4_LEN  2u
#define TSO_IPV4_ID   4u
#define TSO_IPV4_CSUM 10u
#define TSO_IPV6_LEN  4u
#define TSO_TCP_SEQ   4u
#define TSO_TCP_FLAGS 13u
#define TSO_UDP_LEN   4u

#define TCP_FLAG_FIN 0x01u
#define TCP_FLAG_PSH 0x08u
#define TCP_FLAG_CWR 0x80u

static void tso_put_be16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void tso_add_be32(uint8_t *bytes, uint32_t value)
{
	value += endian_get_be16(bytes) << 16 | endian_get_be16(bytes + 2);
	tso_put_be16(bytes, value >> 16);
	tso_put_be16(bytes + 2, value);
}

struct tso tso_begin(const struct pkt *pkt)
{
	const uint32_t header_bytes = offload_header_bytes(pkt);

	return (struct tso){
		.pkt = pkt,
		.header_bytes = header_bytes,
		.at = header_bytes,
		.end = offload_end_bytes(pkt),
	};
}

/* Each frame has its length, and the IPv4 ones the identification that follows the last one's. */
static void tso_set_ip(const struct tso *tso, uint8_t *frame, uint32_t len_bytes)
{
	const struct offload *offload = &tso->pkt->offload;
	const uint32_t header_bytes = offload->l4_at - offload->l3_at;
	uint8_t *ip = frame + offload->l3_at;
	uint16_t csum;

	if (offload->needs & (OFFLOAD_TSO6 | OFFLOAD_USO6)) {
		tso_put_be16(ip + TSO_IPV6_LEN, len_bytes - offload->l3_at - PARSE_IPV6_BYTES);
		return;
	}
	tso_put_be16(ip + TSO_IPV4_LEN, len_bytes - offload->l3_at);
	tso_put_be16(ip + TSO_IPV4_ID, endian_get_be16(ip + TSO_IPV4_ID) + tso->num);
	tso_put_be16(ip + TSO_IPV4_CSUM, 0);
	csum = (uint16_t)~csum_bytes(ip, header_bytes);
	memcpy(ip + TSO_IPV4_CSUM, &csum, sizeof(csum));
}

/* What belongs to the beginning or the end of a packet is in its first or last segment only. */
static void tso_set_tcp(const struct tso *tso, uint8_t *tcp, bool is_last)
{
	tso_add_be32(tcp + TSO_TCP_SEQ, tso->at - tso->header_bytes);
	if (tso->num)
		tcp[TSO_TCP_FLAGS] &= (uint8_t)~TCP_FLAG_CWR;
	if (!is_last)
		tcp[TSO_TCP_FLAGS] &= (uint8_t) ~(TCP_FLAG_FIN | TCP_FLAG_PSH);
}

/*
 * The checksum's field has the sum of the pseudo header, with the length of all that the packet holds: that
 * of the frame takes its place.
 */
static void tso_set_csum(const struct tso *tso, uint8_t *frame, uint32_t len_bytes)
{
	const struct offload *offload = &tso->pkt->offload;
	uint8_t *field = frame + offload->l4_at + offload->csum_offset;
	uint16_t before = endian_swap16((uint16_t)(tso->end - offload->l4_at));
	uint16_t after = endian_swap16((uint16_t)(len_bytes - offload->l4_at));
	uint16_t sum;

	memcpy(&sum, field, sizeof(sum));
	sum = (uint16_t)csum_replace(sum, before, after);
	memcpy(field, &sum, sizeof(sum));
	offload_store_csum(frame, offload->l4_at, offload->csum_offset, len_bytes);
}

/* A packet that stands in its own room, and needs nothing. */
static void tso_fill_pkt(struct pkt *to, const struct pkt *from, uint32_t len_bytes)
{
	static const struct virtio_net_hdr plain = {.num_buffers = 1};

	to->data = to->room + PKT_FRAME_OFFSET;
	to->have_bytes = to->len_bytes = len_bytes;
	to->in_port = from->in_port;
	to->has_header = true;
	to->offload.needs = 0;
	to->vq = NULL;
	to->key = from->key;
	to->note = from->note;
	memcpy(to->data - sizeof(plain), &plain, sizeof(plain));
}

bool tso_next(struct tso *tso, struct pkt *to)
{
	const struct offload *offload = &tso->pkt->offload;
	uint32_t payload_bytes = tso->end - tso->at;
	bool is_last = payload_bytes <= offload->gso_size;
	uint32_t len_bytes;

	if (!is_last)
		payload_bytes = offload->gso_size;
	len_bytes = tso->header_bytes + payload_bytes;
	tso_fill_pkt(to, tso->pkt, len_bytes);
	if (!pkt_read(tso->pkt, 0, to->data, tso->header_bytes) ||
	    !pkt_read(tso->pkt, tso->at, to->data + tso->header_bytes, payload_bytes))
		return false;
	tso_set_ip(tso, to->data, len_bytes);
	if (offload->needs & OFFLOAD_TSO)
		tso_set_tcp(tso, to->data + offload->l4_at, is_last);
	else
		tso_put_be16(to->data + offload->l4_at + TSO_UDP_LEN, len_bytes - offload->l4_at);
	tso_set_csum(tso, to->data, len_bytes);
	tso->at += payload_bytes;
	tso->num++;
	return true;
}

bool tso_copy(const struct pkt *pkt, struct pkt *to)
{
	const struct offload *offload = &pkt->offload;

	tso_fill_pkt(to, pkt, pkt->len_bytes);
	if (!pkt_read(pkt, 0, to->data, pkt->len_bytes))
		return false;
	offload_store_csum(to->data, offload->csum_start, offload->csum_offset, pkt->len_bytes);
	return true;
}
