/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Changes of packets (edit.h). Each leaves frame, key, checksums and offload in agreement. Worker cores. */
#include "path/edit.h"

#include <stddef.h>
#include <string.h>
#include "lib/endian.h"
#include "path/csum.h"
#include "path/parse.h"
#include "path/pkt.h"

#define EDIT_TAG_BYTES	 4u /* a VLAN tag, an MPLS entry */
#define EDIT_MACS_BYTES	 12u
#define EDIT_TYPE_BYTES	 2u
#define EDIT_CSUM_BYTES	 2u
#define EDIT_WORD_BYTES	 4u
#define EDIT_IPV4_CSUM	 10u
#define EDIT_IPV4_SRC	 12u
#define EDIT_IPV6_SRC	 8u
#define EDIT_IPV6_DST	 24u
#define EDIT_TCP_CSUM	 16u
#define EDIT_UDP_CSUM	 6u
#define EDIT_ICMP_CSUM	 2u
#define EDIT_TCP_FLAGS	 12u
#define EDIT_MPLS_BOTTOM 0x00010000u /* the S bit of an entry as it stands in memory */
#define EDIT_MAX_WORDS	 10u /* of a header that SET may change */

/* By header, four bytes each: as they stand in memory. */
static const xvio_be32 edit_masks[][EDIT_MAX_WORDS] = {
	[XVIO_HDR_ETH] = {~0u, ~0u, ~0u},
	[XVIO_HDR_IPV4] = {0x0000ff00, 0, 0x000000ff, ~0u, ~0u},
	[XVIO_HDR_IPV6] = {0xffffff0f, 0xff000000, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u},
	[XVIO_HDR_TCP] = {~0u, 0, 0, 0x0000ff00},
	[XVIO_HDR_UDP] = {~0u},
};

xvio_be32 edit_set_mask(uint8_t header, uint32_t arg)
{
	if (header >= sizeof(edit_masks) / sizeof(edit_masks[0]) || arg % EDIT_WORD_BYTES ||
	    arg / EDIT_WORD_BYTES >= EDIT_MAX_WORDS)
		return 0;
	return edit_masks[header][arg / EDIT_WORD_BYTES];
}

static uint32_t edit_load(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static bool edit_is_ipv4(const struct xvio_flow_key *key)
{
	return key->eth_type == endian_swap16(ETH_TYPE_IPV4);
}

static bool edit_is_ipv6(const struct xvio_flow_key *key)
{
	return key->eth_type == endian_swap16(ETH_TYPE_IPV6);
}

static bool edit_is_ip(const struct xvio_flow_key *key)
{
	return edit_is_ipv4(key) || edit_is_ipv6(key);
}

static bool edit_needs_csum(const struct pkt *pkt, bool has_needs)
{
	return has_needs && pkt->offload.needs & OFFLOAD_CSUM;
}

/* The key of a frame that has another structure now. */
static bool edit_parse(struct pkt *pkt, bool has_needs)
{
	return pkt_parse(pkt) && (!edit_needs_csum(pkt, has_needs) || offload_fits(pkt));
}

/* What goes in, and what comes out */

static void edit_move_offload(struct offload *offload, int num_bytes)
{
	offload->csum_start = (uint16_t)(offload->csum_start + num_bytes);
	offload->l3_at = (uint8_t)(offload->l3_at + num_bytes);
	offload->l4_at = (uint16_t)(offload->l4_at + num_bytes);
}

/* The frame has become longer, or shorter, in front of all that was not read yet. */
static void edit_moved(struct pkt *pkt, int num_bytes, bool has_needs)
{
	pkt->data -= num_bytes;
	pkt->have_bytes += (uint32_t)num_bytes;
	pkt->len_bytes += (uint32_t)num_bytes;
	pkt->has_header = false;
	if (has_needs)
		edit_move_offload(&pkt->offload, num_bytes);
}

/* Puts bytes between the first at bytes and the others. */
static bool edit_insert(struct pkt *pkt, uint32_t at, const void *bytes, bool has_needs)
{
	if (!pkt_pull(pkt) || !pkt_make_headroom(pkt, EDIT_TAG_BYTES))
		return false;
	if (has_needs && pkt->offload.needs & OFFLOAD_GSO &&
	    pkt->offload.l3_at > UINT8_MAX - EDIT_TAG_BYTES)
		return false;
	memmove(pkt->data - EDIT_TAG_BYTES, pkt->data, at);
	edit_moved(pkt, EDIT_TAG_BYTES, has_needs);
	memcpy(pkt->data + at, bytes, EDIT_TAG_BYTES);
	return true;
}

static bool edit_remove(struct pkt *pkt, uint32_t at, bool has_needs)
{
	if (!pkt_pull(pkt))
		return false;
	memmove(pkt->data + EDIT_TAG_BYTES, pkt->data, at);
	edit_moved(pkt, -(int)EDIT_TAG_BYTES, has_needs);
	return true;
}

/* VLAN tags */

static void edit_set_vlan_key(struct xvio_flow_key *key, uint16_t tpid, uint16_t tci)
{
	key->vlan_tpid = endian_swap16(tpid);
	key->vlan_tci = endian_swap16(tci | XVIO_FLOW_VLAN_PRESENT);
}

bool edit_push_vlan(struct pkt *pkt, uint16_t tpid, uint16_t tci, bool has_needs)
{
	const uint16_t tag[2] = {endian_swap16(tpid), endian_swap16(tci)};
	struct xvio_flow_key *key = &pkt->key.field;

	if (!edit_insert(pkt, EDIT_MACS_BYTES, tag, has_needs))
		return false;
	if (key->cvlan_tci || !parse_is_vlan(tpid)) /* what is looked behind is not the same */
		return edit_parse(pkt, has_needs);
	key->cvlan_tci = key->vlan_tci;
	if (key->vlan_tpid == endian_swap16(ETH_TYPE_QINQ))
		key->flags |= XVIO_FLOW_CVLAN_AD;
	edit_set_vlan_key(key, tpid, tci);
	return true;
}

bool edit_pop_vlan(struct pkt *pkt, bool has_needs)
{
	struct xvio_flow_key *key = &pkt->key.field;

	if (!edit_remove(pkt, EDIT_MACS_BYTES, has_needs))
		return false;
	if (!key->vlan_tpid || parse_is_vlan(endian_swap16(key->eth_type)))
		return edit_parse(pkt, has_needs); /* a third one is seen now */
	key->vlan_tpid = 0;
	if (key->cvlan_tci)
		key->vlan_tpid = endian_swap16(key->flags & XVIO_FLOW_CVLAN_AD ? ETH_TYPE_QINQ
									       : ETH_TYPE_VLAN);
	key->vlan_tci = key->cvlan_tci;
	key->cvlan_tci = 0;
	key->flags &= (uint8_t)~XVIO_FLOW_CVLAN_AD;
	return true;
}

static bool edit_set_vlan(struct pkt *pkt, const struct xvio_flow_action *action, bool has_needs)
{
	const uint16_t tpid = (uint16_t)(action->arg >> 16);
	const uint32_t mask = action->mask;
	uint16_t tag[2];
	uint16_t tci;

	if (!pkt_own(pkt, PARSE_ETH_BYTES + PARSE_VLAN_BYTES))
		return false;
	tci = (uint16_t)((endian_get_be16(pkt->data + PARSE_ETH_BYTES) & ~mask) |
			 (action->arg & mask));
	tag[0] = endian_swap16(tpid);
	tag[1] = endian_swap16(tci);
	memcpy(pkt->data + EDIT_MACS_BYTES, tag, sizeof(tag));
	if (!parse_is_vlan(tpid))
		return edit_parse(pkt, has_needs);
	edit_set_vlan_key(&pkt->key.field, tpid, tci);
	return true;
}

/* MPLS: between the tags and what follows, whose type the tags, or the Ethernet header, end with. */

static void edit_set_type(struct pkt *pkt, uint32_t l3_at, uint32_t type)
{
	const uint16_t wire = endian_swap16((uint16_t)type);

	memcpy(pkt->data + l3_at - EDIT_TYPE_BYTES, &wire, sizeof(wire));
}

static bool edit_push_mpls(struct pkt *pkt, const struct xvio_flow_action *action, bool has_needs)
{
	const uint32_t l3_at = parse_l3_at(&pkt->key.field);
	uint32_t entry = action->value;

	if (action->a) {
		entry |= EDIT_MPLS_BOTTOM;
		if (parse_is_mpls(pkt->key.field.eth_type))
			entry &= ~EDIT_MPLS_BOTTOM;
	}
	if (!edit_insert(pkt, l3_at, &entry, has_needs))
		return false;
	edit_set_type(pkt, l3_at, action->arg);
	return edit_parse(pkt, has_needs);
}

static bool edit_pop_mpls(struct pkt *pkt, const struct xvio_flow_action *action, bool has_needs)
{
	const uint32_t l3_at = parse_l3_at(&pkt->key.field);

	if (!edit_remove(pkt, l3_at, has_needs))
		return false;
	edit_set_type(pkt, l3_at, action->arg);
	return edit_parse(pkt, has_needs);
}

static bool edit_set_mpls(struct pkt *pkt, const struct xvio_flow_action *action)
{
	struct xvio_flow_key *key = &pkt->key.field;
	const uint32_t l3_at = parse_l3_at(key);

	if (!pkt_own(pkt, l3_at + EDIT_WORD_BYTES))
		return false;
	key->mpls_lse = (key->mpls_lse & ~action->mask) | (action->value & action->mask);
	memcpy(pkt->data + l3_at, &key->mpls_lse, EDIT_WORD_BYTES);
	return true;
}

/* Checksums */

/* Where in the transport header its checksum stands, if IP addresses are under it. 0: there is none. */
static uint32_t edit_csum_offset(const struct xvio_flow_key *key)
{
	if (key->flags & XVIO_FLOW_FRAG_LATER)
		return 0;
	switch (key->ip_proto) {
	case IP_PROTO_TCP:
		return EDIT_TCP_CSUM;
	case IP_PROTO_UDP:
		return EDIT_UDP_CSUM;
	case IP_PROTO_ICMP6:
		return edit_is_ipv6(key) ? EDIT_ICMP_CSUM : 0;
	default:
		return 0;
	}
}

/* Whether the field at csum_at is still to be summed up: it has the sum of the pseudo header, not its complement. */
static bool edit_is_partial(const struct pkt *pkt, uint32_t csum_at, bool has_needs)
{
	return edit_needs_csum(pkt, has_needs) &&
	       (uint32_t)pkt->offload.csum_start + pkt->offload.csum_offset == csum_at;
}

/* Two words of a sum have changed. */
static uint32_t edit_replace(uint32_t sum, uint32_t before, uint32_t after)
{
	sum = csum_replace(sum, (uint16_t)before, (uint16_t)after);
	return csum_replace(sum, (uint16_t)(before >> 16), (uint16_t)(after >> 16));
}

/* The checksum in a field, four bytes under which have changed (RFC 1624). */
static void edit_patch_csum(uint8_t *field, uint32_t before, uint32_t after)
{
	uint16_t csum;

	memcpy(&csum, field, sizeof(csum));
	csum = (uint16_t)~edit_replace((uint16_t)~csum, before, after);
	memcpy(field, &csum, sizeof(csum));
}

/* The same of UDP, where 0 says that there is none. */
static void edit_patch_udp(uint8_t *field, uint32_t before, uint32_t after)
{
	static const uint16_t none = 0;

	if (memcmp(field, &none, sizeof(none)) == 0)
		return;
	edit_patch_csum(field, before, after);
	if (memcmp(field, &none, sizeof(none)) == 0)
		memset(field, 0xff, sizeof(none));
}

/* The same of a field that is still to be summed up, over the pseudo header. */
static void edit_patch_partial(uint8_t *field, uint32_t before, uint32_t after)
{
	uint16_t sum;

	memcpy(&sum, field, sizeof(sum));
	sum = (uint16_t)edit_replace(sum, before, after);
	memcpy(field, &sum, sizeof(sum));
}

/* SET */

/* Four bytes of a header, and the checksums over them: places in the frame, 0 if there is none. */
struct edit_word {
	uint32_t at;
	uint32_t ip_csum_at;
	uint32_t csum_at;
	bool is_udp;
	bool is_pseudo; /* addresses: under the transport header's checksum, but not behind csum_start */
};

static bool edit_has_header(const struct xvio_flow_key *key, uint8_t header)
{
	const bool has_transport = edit_is_ip(key) && !(key->flags & XVIO_FLOW_FRAG_LATER);

	switch (header) {
	case XVIO_HDR_ETH:
		return true;
	case XVIO_HDR_IPV4:
		return edit_is_ipv4(key);
	case XVIO_HDR_IPV6:
		return edit_is_ipv6(key);
	case XVIO_HDR_TCP:
		return has_transport && key->ip_proto == IP_PROTO_TCP;
	default:
		return has_transport && key->ip_proto == IP_PROTO_UDP;
	}
}

/* Of a packet that has the header. */
static struct edit_word edit_find_word(const struct pkt *pkt, uint8_t header, uint32_t arg)
{
	const struct xvio_flow_key *key = &pkt->key.field;
	const struct parse_places places =
		parse_places(pkt->data, pkt->have_bytes, pkt->len_bytes, &pkt->key);
	const uint32_t csum_offset = edit_csum_offset(key);
	struct edit_word word = {.is_udp = key->ip_proto == IP_PROTO_UDP};
	bool is_summed = true;

	word.at = places.l4_at + arg;
	if (header == XVIO_HDR_IPV4) {
		word.at = places.l3_at + arg;
		word.ip_csum_at = places.l3_at + EDIT_IPV4_CSUM;
		word.is_pseudo = is_summed = arg >= EDIT_IPV4_SRC;
	} else if (header == XVIO_HDR_IPV6) {
		word.at = places.l3_at + arg;
		word.is_pseudo = is_summed = arg >= EDIT_IPV6_SRC;
		if (csum_offset && arg >= EDIT_IPV6_DST)
			is_summed = !parse_is_routed(pkt->data, &places);
	}
	if (csum_offset && is_summed)
		word.csum_at = places.l4_at + csum_offset;
	return word;
}

static void edit_patch_sums(struct pkt *pkt, const struct edit_word *word, uint32_t before,
			    uint32_t after, bool has_needs)
{
	uint8_t *csum = pkt->data + word->csum_at;

	if (word->ip_csum_at)
		edit_patch_csum(pkt->data + word->ip_csum_at, before, after);
	if (!word->csum_at)
		return;
	if (edit_is_partial(pkt, word->csum_at, has_needs)) {
		if (word->is_pseudo)
			edit_patch_partial(csum, before, after);
	} else if (word->is_udp) {
		edit_patch_udp(csum, before, after);
	} else {
		edit_patch_csum(csum, before, after);
	}
}

/* All that changes with the word is in front of it. */
static uint32_t edit_word_end(const struct edit_word *word)
{
	const uint32_t end = word->at + EDIT_WORD_BYTES;

	return word->csum_at + EDIT_CSUM_BYTES > end ? word->csum_at + EDIT_CSUM_BYTES : end;
}

/* What of four bytes that have changed, as SET may, is in the key. */
static void edit_patch_key(struct xvio_flow_key *key, uint8_t header, uint32_t arg,
			   const uint8_t *bytes)
{
	uint8_t *field = (uint8_t *)key; /* addresses stand one behind the other, as in a frame */

	switch (header) {
	case XVIO_HDR_ETH:
		memcpy(field + offsetof(struct xvio_flow_key, eth_dst) + arg, bytes,
		       EDIT_WORD_BYTES);
		break;
	case XVIO_HDR_IPV4:
		if (!arg)
			key->ip_tos = bytes[1];
		else if (arg < EDIT_IPV4_SRC)
			key->ip_ttl = bytes[0];
		else
			memcpy(arg == EDIT_IPV4_SRC ? key->ip_src : key->ip_dst, bytes,
			       EDIT_WORD_BYTES);
		break;
	case XVIO_HDR_IPV6:
		if (!arg)
			key->ip_tos = (uint8_t)(endian_get_be16(bytes) >> 4);
		else if (arg < EDIT_IPV6_SRC)
			key->ip_ttl = bytes[3];
		else
			memcpy(field + offsetof(struct xvio_flow_key, ip_src) + arg - EDIT_IPV6_SRC,
			       bytes, EDIT_WORD_BYTES);
		break;
	default:
		if (arg)
			key->tcp_flags = endian_swap16(endian_get_be16(bytes) & 0xfffu);
		else
			memcpy(&key->tp_src, bytes, EDIT_WORD_BYTES);
		break;
	}
}

/* Of the four bytes at arg of a header, bits of mask become those of value. */
static bool edit_set(struct pkt *pkt, uint8_t header, uint32_t arg, uint32_t value, uint32_t mask,
		     bool has_needs)
{
	struct edit_word word = {.at = arg};
	uint32_t before, after;

	mask &= edit_set_mask(header, arg);
	if (!mask || !edit_has_header(&pkt->key.field, header))
		return true;
	if (header != XVIO_HDR_ETH)
		word = edit_find_word(pkt, header, arg);
	if (!pkt_own(pkt, edit_word_end(&word)))
		return false;
	before = edit_load(pkt->data + word.at);
	after = (before & ~mask) | (value & mask);
	if (before == after)
		return true;
	memcpy(pkt->data + word.at, &after, sizeof(after));
	edit_patch_sums(pkt, &word, before, after, has_needs);
	edit_patch_key(&pkt->key.field, header, arg, pkt->data + word.at);
	return true;
}

static bool edit_add_ttl(struct pkt *pkt, const struct xvio_flow_action *action, bool has_needs)
{
	const uint32_t ttl = (uint8_t)(pkt->key.field.ip_ttl + action->arg);

	if (action->a == XVIO_HDR_IPV4)
		return edit_set(pkt, XVIO_HDR_IPV4, 8, ttl, 0xff, has_needs);
	if (action->a == XVIO_HDR_IPV6)
		return edit_set(pkt, XVIO_HDR_IPV6, 4, ttl << 24, 0xff000000, has_needs);
	return true;
}

/* CSUM */

static uint32_t edit_sum_of_word(uint32_t value)
{
	return endian_swap16((uint16_t)value);
}

static void edit_store_csum(uint8_t *field, uint32_t sum, bool is_udp)
{
	uint16_t csum = (uint16_t)~csum_fold(sum);

	if (is_udp && !csum)
		csum = 0xffff;
	memcpy(field, &csum, sizeof(csum));
}

static bool edit_sum_ipv4(struct pkt *pkt)
{
	const uint32_t l3_at = parse_l3_at(&pkt->key.field);
	const uint32_t header_bytes = (pkt->data[l3_at] & 0xfu) * 4u;
	uint8_t *ip;

	if (!pkt_own(pkt, l3_at + header_bytes))
		return false;
	ip = pkt->data + l3_at;
	memset(ip + EDIT_IPV4_CSUM, 0, EDIT_CSUM_BYTES);
	edit_store_csum(ip + EDIT_IPV4_CSUM, csum_bytes(ip, header_bytes), false);
	return true;
}

/* The pseudo header of an IP packet. */
static uint32_t edit_pseudo_sum(const uint8_t *ip, bool is_ipv4, uint32_t proto, uint32_t len_bytes)
{
	const uint32_t sum =
		is_ipv4 ? csum_bytes(ip + EDIT_IPV4_SRC, 8) : csum_bytes(ip + EDIT_IPV6_SRC, 32);

	return sum + edit_sum_of_word(proto) + edit_sum_of_word(len_bytes);
}

/* How many bytes the transport header is in front of, itself among them. */
static uint32_t edit_transport_bytes(const struct pkt *pkt, const struct parse_places *places)
{
	const uint8_t *ip = pkt->data + places->l3_at;
	uint32_t end = endian_get_be16(ip + 2);

	if (pkt->key.field.ip_proto == IP_PROTO_UDP)
		return endian_get_be16(pkt->data + places->l4_at + 4);
	if (edit_is_ipv6(&pkt->key.field))
		end = PARSE_IPV6_BYTES + endian_get_be16(ip + 4);
	return places->l3_at + end - places->l4_at;
}

/* The checksum at offset in the transport header. */
static bool edit_sum_transport(struct pkt *pkt, const struct parse_places *places, uint32_t offset)
{
	static const uint16_t none = 0;
	const struct xvio_flow_key *key = &pkt->key.field;
	const uint32_t len_bytes = edit_transport_bytes(pkt, places);
	const bool is_udp = key->ip_proto == IP_PROTO_UDP;
	const bool is_ipv4 = edit_is_ipv4(key);
	uint32_t sum = 0;
	uint8_t *field;

	if (!pkt_own(pkt, places->l4_at + len_bytes))
		return false;
	field = pkt->data + places->l4_at + offset;
	if (is_udp && is_ipv4 && memcmp(field, &none, sizeof(none)) == 0)
		return true;
	if (!is_ipv4 || key->ip_proto != IP_PROTO_ICMP)
		sum = edit_pseudo_sum(pkt->data + places->l3_at, is_ipv4, key->ip_proto, len_bytes);
	memset(field, 0, EDIT_CSUM_BYTES);
	edit_store_csum(field, sum + csum_bytes(pkt->data + places->l4_at, len_bytes), is_udp);
	return true;
}

/* Which checksum the transport header has: XVIO_CSUM_*, 0 if none. */
static uint8_t edit_csum_kind(const struct xvio_flow_key *key)
{
	switch (key->ip_proto) {
	case IP_PROTO_TCP:
		return XVIO_CSUM_TCP;
	case IP_PROTO_UDP:
		return XVIO_CSUM_UDP;
	case IP_PROTO_ICMP:
		return edit_is_ipv4(key) ? XVIO_CSUM_ICMP : 0;
	case IP_PROTO_ICMP6:
		return edit_is_ipv6(key) ? XVIO_CSUM_ICMP : 0;
	default:
		return 0;
	}
}

static bool edit_sum_up(struct pkt *pkt, uint8_t what, bool has_needs)
{
	const struct xvio_flow_key *key = &pkt->key.field;
	const uint8_t kind = what & edit_csum_kind(key);
	struct parse_places places;
	uint32_t offset = EDIT_ICMP_CSUM;

	if (!edit_is_ip(key))
		return true;
	if (what & XVIO_CSUM_IPV4 && edit_is_ipv4(key) && !edit_sum_ipv4(pkt))
		return false;
	if (!kind || parse_is_fragment(key) || edit_needs_csum(pkt, has_needs))
		return true;
	places = parse_places(pkt->data, pkt->have_bytes, pkt->len_bytes, &pkt->key);
	if (edit_is_ipv6(key) && parse_is_routed(pkt->data, &places))
		return true;
	if (kind == XVIO_CSUM_TCP)
		offset = EDIT_TCP_CSUM;
	else if (kind == XVIO_CSUM_UDP)
		offset = EDIT_UDP_CSUM;
	return edit_sum_transport(pkt, &places, offset);
}

bool edit_run(struct pkt *pkt, const struct xvio_flow_action *action, bool has_needs)
{
	const struct xvio_flow_key *key = &pkt->key.field;

	switch (action->type) {
	case XVIO_ACTION_SET:
		return edit_set(pkt, action->a, action->arg, action->value, action->mask,
				has_needs);
	case XVIO_ACTION_ADD_TTL:
		return edit_add_ttl(pkt, action, has_needs);
	case XVIO_ACTION_VLAN_PUSH:
		return edit_push_vlan(pkt, (uint16_t)(action->arg >> 16), (uint16_t)action->arg,
				      has_needs);
	case XVIO_ACTION_VLAN_POP:
		return !key->vlan_tpid || edit_pop_vlan(pkt, has_needs);
	case XVIO_ACTION_VLAN_SET:
		return !key->vlan_tpid || edit_set_vlan(pkt, action, has_needs);
	case XVIO_ACTION_MPLS_PUSH:
		return edit_push_mpls(pkt, action, has_needs);
	case XVIO_ACTION_MPLS_POP:
		return !parse_is_mpls(key->eth_type) || edit_pop_mpls(pkt, action, has_needs);
	case XVIO_ACTION_MPLS_SET:
		return !parse_is_mpls(key->eth_type) || edit_set_mpls(pkt, action);
	case XVIO_ACTION_CSUM:
		return edit_sum_up(pkt, action->a, has_needs);
	default:
		return true;
	}
}
