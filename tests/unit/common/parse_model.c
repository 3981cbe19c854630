/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The model (parse_model.h): byte by byte, every byte through model_byte(), which notes how far it
 * reached. Each header's fields are read first, then judged. Units and the fuzzer call it.
 */
#include "common/parse_model.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <string.h>

#define MODEL_IN_PORT 0xa1b2u

struct model {
	const uint8_t *data;
	uint32_t at; /* where the next header begins */
	uint32_t end; /* of what belongs to it */
	uint32_t reach;
	struct xvio_flow_key *key;
};

uint64_t parse_model_seen[3];

static uint32_t model_left(const struct model *m)
{
	return m->end - m->at;
}

static uint8_t model_byte(struct model *m, uint32_t i)
{
	if (m->reach < m->at + i + 1)
		m->reach = m->at + i + 1;
	return m->data[m->at + i];
}

static uint16_t model_be16(struct model *m, uint32_t i)
{
	return (uint16_t)(model_byte(m, i) << 8 | model_byte(m, i + 1));
}

static void model_copy(struct model *m, void *to, uint32_t i, uint32_t len_bytes)
{
	uint8_t *bytes = to;
	uint32_t j;

	for (j = 0; j < len_bytes; j++)
		bytes[j] = model_byte(m, i + j);
}

static void model_set_be16(uint16_t *to, unsigned value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	memcpy(to, bytes, 2);
}

static bool model_tcp(struct model *m)
{
	unsigned header_bytes;

	if (model_left(m) < 20)
		return false;
	model_copy(m, &m->key->tp_src, 0, 2);
	model_copy(m, &m->key->tp_dst, 2, 2);
	header_bytes = (model_byte(m, 12) >> 4) * 4u;
	model_set_be16(&m->key->tcp_flags, model_be16(m, 12) & 0xfffu);
	return header_bytes >= 20 && header_bytes <= model_left(m);
}

static bool model_udp(struct model *m)
{
	unsigned len_bytes;

	if (model_left(m) < 8)
		return false;
	model_copy(m, &m->key->tp_src, 0, 2);
	model_copy(m, &m->key->tp_dst, 2, 2);
	len_bytes = model_be16(m, 4);
	return len_bytes >= 8 && (m->key->flags & XVIO_FLOW_FRAG_ANY || len_bytes <= model_left(m));
}

static bool model_transport(struct model *m)
{
	if (m->key->flags & XVIO_FLOW_FRAG_LATER)
		return true;
	switch (m->key->ip_proto) {
	case 6:
		return model_tcp(m);
	case 17:
		return model_udp(m);
	case 132: /* SCTP */
		if (model_left(m) < 12)
			return false;
		model_copy(m, &m->key->tp_src, 0, 2);
		model_copy(m, &m->key->tp_dst, 2, 2);
		return true;
	case 1:
	case 58: /* ICMP */
		if (model_left(m) < 4)
			return false;
		model_copy(m, &m->key->tp_src, 0, 2);
		return true;
	default:
		return true;
	}
}

static uint8_t model_frag(unsigned offset, bool more)
{
	if (offset)
		return XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER;
	return more ? XVIO_FLOW_FRAG_ANY : 0;
}

static bool model_ipv4(struct model *m)
{
	unsigned version, header_bytes, total_bytes, frag;

	if (model_left(m) < 20)
		return false;
	version = model_byte(m, 0) >> 4;
	header_bytes = (model_byte(m, 0) & 0xfu) * 4u;
	m->key->ip_tos = model_byte(m, 1);
	total_bytes = model_be16(m, 2);
	frag = model_be16(m, 6);
	m->key->ip_ttl = model_byte(m, 8);
	m->key->ip_proto = model_byte(m, 9);
	m->key->flags |= model_frag(frag & 0x1fff, frag & 0x2000);
	model_copy(m, m->key->ip_src, 12, 4);
	model_copy(m, m->key->ip_dst, 16, 4);
	if (version != 4 || header_bytes < 20 || header_bytes > total_bytes ||
	    total_bytes > model_left(m))
		return false;
	m->end = m->at + total_bytes;
	m->at += header_bytes;
	return model_transport(m);
}

static bool model_ipv6_ext(struct model *m)
{
	unsigned header_bytes, frag, next;

	if (model_left(m) < 8)
		return false;
	next = model_byte(m, 0);
	header_bytes = (model_byte(m, 1) + 1u) * 8u;
	if (m->key->ip_proto == 51) /* authentication */
		header_bytes = (model_byte(m, 1) + 2u) * 4u;
	if (m->key->ip_proto == 44) {
		header_bytes = 8;
		frag = model_be16(m, 2);
		m->key->flags |= model_frag(frag >> 3, frag & 1);
	}
	if (header_bytes > model_left(m))
		return false;
	m->key->ip_proto = (uint8_t)next;
	m->at += header_bytes;
	return true;
}

static bool model_ipv6(struct model *m)
{
	static const uint8_t ext[] = {0, 43, 44, 51, 60};
	unsigned version, payload_bytes, num_ext = 0;

	if (model_left(m) < 40)
		return false;
	version = model_byte(m, 0) >> 4;
	m->key->ip_tos = (uint8_t)(model_be16(m, 0) >> 4);
	payload_bytes = model_be16(m, 4);
	m->key->ip_proto = model_byte(m, 6);
	m->key->ip_ttl = model_byte(m, 7);
	model_copy(m, m->key->ip_src, 8, 16);
	model_copy(m, m->key->ip_dst, 24, 16);
	m->at += 40;
	if (version != 6 || payload_bytes > model_left(m))
		return false;
	m->end = m->at + payload_bytes;
	while (memchr(ext, m->key->ip_proto, sizeof(ext)) &&
	       !(m->key->flags & XVIO_FLOW_FRAG_LATER)) {
		if (++num_ext > 8 || !model_ipv6_ext(m))
			return false;
	}
	return model_transport(m);
}

/* A request or a reply, for IPv4 over Ethernet; of others nothing is in the key. */
static bool model_arp(struct model *m)
{
	uint8_t begin[8];

	if (model_left(m) < 8)
		return false;
	model_copy(m, begin, 0, 8);
	if (memcmp(begin, "\x00\x01\x08\x00\x06\x04\x00\x01", 8) != 0 &&
	    memcmp(begin, "\x00\x01\x08\x00\x06\x04\x00\x02", 8) != 0)
		return true;
	if (model_left(m) < 28)
		return false;
	m->key->ip_proto = model_byte(m, 7);
	model_copy(m, m->key->arp_sha, 8, 6);
	model_copy(m, m->key->arp_spa, 14, 4);
	model_copy(m, m->key->arp_tha, 18, 6);
	model_copy(m, m->key->arp_tpa, 24, 4);
	return true;
}

static bool model_mpls(struct model *m)
{
	if (model_left(m) < 4)
		return false;
	model_copy(m, &m->key->mpls_lse, 0, 4);
	return true;
}

static bool model_eth(struct model *m)
{
	unsigned type, i;

	if (model_left(m) < 14)
		return false;
	model_copy(m, m->key->eth_dst, 0, 6);
	model_copy(m, m->key->eth_src, 6, 6);
	type = model_be16(m, 12);
	m->at += 14;
	for (i = 0; i < 2 && (type == 0x8100 || type == 0x88a8); i++) {
		if (model_left(m) < 4)
			return false;
		if (i == 0) {
			model_set_be16(&m->key->vlan_tpid, type);
			model_set_be16(&m->key->vlan_tci, model_be16(m, 0) | 0x1000u);
		} else {
			model_set_be16(&m->key->cvlan_tci, model_be16(m, 0) | 0x1000u);
			m->key->flags = type == 0x88a8 ? XVIO_FLOW_CVLAN_AD : 0;
		}
		type = model_be16(m, 2);
		m->at += 4;
	}
	if (type < 0x600)
		type = 0x5ff; /* LLC */
	model_set_be16(&m->key->eth_type, type);
	if (type == 0x0800)
		return model_ipv4(m);
	if (type == 0x86dd)
		return model_ipv6(m);
	if (type == 0x0806)
		return model_arp(m);
	if (type == 0x8847 || type == 0x8848)
		return model_mpls(m);
	return true;
}

void parse_model_frame(const uint8_t *data, uint32_t len_bytes, uint16_t in_port,
		       struct parse_model *model)
{
	struct model m = {.data = data, .end = len_bytes, .key = &model->key.field};

	memset(&model->key, 0, sizeof(model->key));
	model->key.field.in_port = in_port;
	model->good = model_eth(&m);
	model->reach_bytes = m.reach;
}

typedef enum parse_result parse_model_parser(const uint8_t *data, uint32_t have_bytes,
					     uint32_t len_bytes, uint16_t in_port,
					     union flow_key *key);

static bool model_compare(parse_model_parser *parser, const uint8_t *data, uint32_t have_bytes,
			  uint32_t len_bytes, const struct parse_model *model)
{
	enum parse_result wanted = model->good ? PARSE_GOOD : PARSE_MALFORMED;
	enum parse_result got;
	union flow_key key;
	uint32_t i;

	if (have_bytes < model->reach_bytes)
		wanted = PARSE_SHORT;
	memset(&key, 0xa5, sizeof(key));
	got = parser(data, have_bytes, len_bytes, MODEL_IN_PORT, &key);
	parse_model_seen[got]++;
	if (got == wanted && (got != PARSE_GOOD || memcmp(&key, &model->key, sizeof(key)) == 0))
		return true;
	printf("%s, %u of %u bytes: %d, not %d%s:", parser == parse_frame ? "frame" : "aligned",
	       have_bytes, len_bytes, got, wanted, got == wanted ? ", another key" : "");
	for (i = 0; i < have_bytes; i++)
		printf(" %02x", data[i]);
	printf("\n");
	return false;
}

bool parse_model_agrees(const uint8_t *data, uint32_t have_from, uint32_t have_to,
			uint32_t len_bytes, unsigned place)
{
	static _Alignas(64) uint8_t room[PARSE_MODEL_MAX_BYTES + 64];
	uint8_t *frame = room + 16 + place;
	struct parse_model model;
	bool good = true;
	uint32_t have;

	memcpy(frame, data, len_bytes);
	parse_model_frame(frame, len_bytes, MODEL_IN_PORT, &model);
	ASAN_POISON_MEMORY_REGION(frame + have_from, room + sizeof(room) - frame - have_from);
	for (have = have_from; good && have <= have_to; have++) {
		if (have > have_from)
			ASAN_UNPOISON_MEMORY_REGION(frame + have - 1, 1);
		good = model_compare(parse_frame, frame, have, len_bytes, &model) &&
		       model_compare(parse_frame_aligned, frame, have, len_bytes, &model);
	}
	ASAN_UNPOISON_MEMORY_REGION(room, sizeof(room));
	return good;
}
