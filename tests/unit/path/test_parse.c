/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The parser on hand-made frames, and on each of them cut at every length, with every part there. */
#include <stdlib.h>
#include "common/check.h"
#include "common/parse_model.h"

#define ETH(type) 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, (type) >> 8, (type)&0xff
#define IP4(len, proto, frag)                                                                     \
	0x45, 0x28, 0, (len), 0, 1, (frag) >> 8, (frag)&0xff, 63, (proto), 0, 0, 10, 1, 2, 3, 10, \
		4, 5, 6
#define IP6(len, next)                                                                           \
	0x62, 0x80, 0, 0, 0, (len), (next), 61, 0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, \
		14, 15, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define TCP(flags) 0x12, 0x34, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x51, (flags), 0, 0, 0, 0, 0, 0
#define UDP(len)   0x12, 0x34, 0, 53, 0, (len), 0, 0

struct frame {
	const char *name;
	uint32_t len_bytes;
	uint32_t min_bytes; /* cut shorter than this it is malformed */
	bool good;
	uint16_t eth_type;
	uint32_t vlan_tci; /* the inner tag's in the upper half */
	uint16_t vlan_tpid;
	uint8_t proto, flags;
	uint16_t tp_src, tp_dst, tcp_flags;
	uint8_t data[120];
};

#define LATER (XVIO_FLOW_FRAG_ANY | XVIO_FLOW_FRAG_LATER)

static const struct frame frames[] = {
	{"unknown type", 20, 14, true, 0x1234, 0, 0, 0, 0, 0, 0, 0, {ETH(0x1234), 1, 2, 3}},
	{"LLC", 20, 14, true, 0x05ff, 0, 0, 0, 0, 0, 0, 0, {ETH(0x0026), 1, 2, 3}},
	{"IPv4 TCP",
	 54,
	 54,
	 true,
	 0x0800,
	 0,
	 0,
	 6,
	 0,
	 0x1234,
	 80,
	 0x112,
	 {ETH(0x0800), IP4(40, 6, 0x4000), TCP(0x12)}},
	{"IPv4 UDP padded",
	 60,
	 42,
	 true,
	 0x0800,
	 0,
	 0,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x0800), IP4(28, 17, 0), UDP(8)}},
	{"IPv4 ICMP",
	 42,
	 42,
	 true,
	 0x0800,
	 0,
	 0,
	 1,
	 0,
	 0x0800,
	 0,
	 0,
	 {ETH(0x0800), IP4(28, 1, 0), 8, 0, 0, 0, 0, 1, 0, 1}},
	{"IPv4 SCTP",
	 46,
	 46,
	 true,
	 0x0800,
	 0,
	 0,
	 132,
	 0,
	 0x1234,
	 80,
	 0,
	 {ETH(0x0800), IP4(32, 132, 0), 0x12, 0x34, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0}},
	{"IPv4 other", 40, 40, true, 0x0800, 0, 0, 47, 0, 0, 0, 0, {ETH(0x0800), IP4(26, 47, 0)}},
	{"IPv4 options",
	 58,
	 58,
	 true,
	 0x0800,
	 0,
	 0,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x0800), 0x46, 0x28, 0, 44, 0, 1, 0, 0, 63, 17, 0, 0,
	  10,	       1,    2,	   3, 10, 4, 5, 6, 1, 1,  1,  1, UDP(20)}},
	{"IPv4 first fragment",
	 58,
	 58,
	 true,
	 0x0800,
	 0,
	 0,
	 17,
	 XVIO_FLOW_FRAG_ANY,
	 0x1234,
	 53,
	 0,
	 {ETH(0x0800), IP4(44, 17, 0x2000), UDP(200)}},
	{"IPv4 later fragment",
	 38,
	 38,
	 true,
	 0x0800,
	 0,
	 0,
	 6,
	 LATER,
	 0,
	 0,
	 0,
	 {ETH(0x0800), IP4(24, 6, 0x2003), 1, 2, 3, 4}},
	{"VLAN",
	 46,
	 46,
	 true,
	 0x0800,
	 0xb064,
	 0x8100,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x8100), 0xa0, 0x64, 8, 0, IP4(28, 17, 0), UDP(8)}},
	{"VLAN DEI",
	 46,
	 46,
	 true,
	 0x0800,
	 0x1064,
	 0x8100,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x8100), 0x10, 0x64, 8, 0, IP4(28, 17, 0), UDP(8)}},
	{"VLAN 0",
	 46,
	 46,
	 true,
	 0x0800,
	 0x1000,
	 0x8100,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x8100), 0, 0, 8, 0, IP4(28, 17, 0), UDP(8)}},
	{"QinQ",
	 50,
	 50,
	 true,
	 0x0800,
	 0x10061005,
	 0x88a8,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x88a8), 0, 5, 0x81, 0, 0, 6, 8, 0, IP4(28, 17, 0), UDP(8)}},
	{"QinQ, inner 88a8, later fragment",
	 46,
	 46,
	 true,
	 0x0800,
	 0xf0061005,
	 0x8100,
	 6,
	 LATER | XVIO_FLOW_CVLAN_AD,
	 0,
	 0,
	 0,
	 {ETH(0x8100), 0, 5, 0x88, 0xa8, 0xe0, 6, 8, 0, IP4(24, 6, 0x2003), 1, 2, 3, 4}},
	{"QinQ, inner 88a8, IPv6 none",
	 62,
	 62,
	 true,
	 0x86dd,
	 0x10061005,
	 0x88a8,
	 59,
	 XVIO_FLOW_CVLAN_AD,
	 0,
	 0,
	 0,
	 {ETH(0x88a8), 0, 5, 0x88, 0xa8, 0, 6, 0x86, 0xdd, IP6(0, 59)}},
	{"three tags",
	 30,
	 22,
	 true,
	 0x8100,
	 0x10061005,
	 0x8100,
	 0,
	 0,
	 0,
	 0,
	 0,
	 {ETH(0x8100), 0, 5, 0x81, 0, 0, 6, 0x81, 0, 0, 7, 8, 0}},
	{"IPv6 TCP",
	 74,
	 74,
	 true,
	 0x86dd,
	 0,
	 0,
	 6,
	 0,
	 0x1234,
	 80,
	 0x102,
	 {ETH(0x86dd), IP6(20, 6), TCP(2)}},
	{"IPv6 ICMPv6",
	 62,
	 62,
	 true,
	 0x86dd,
	 0,
	 0,
	 58,
	 0,
	 0x8700,
	 0,
	 0,
	 {ETH(0x86dd), IP6(8, 58), 135, 0, 0, 0, 0, 0, 0, 0}},
	{"IPv6 none", 54, 54, true, 0x86dd, 0, 0, 59, 0, 0, 0, 0, {ETH(0x86dd), IP6(0, 59)}},
	{"IPv6 hop, dest, UDP",
	 86,
	 86,
	 true,
	 0x86dd,
	 0,
	 0,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x86dd), IP6(32, 0), 60, 0, 0, 0, 0, 0, 0, 0, 17, 1, 0,	  0,
	  0,	       0,	   0,  0, 0, 0, 0, 0, 0, 0, 0,	0, UDP(8)}},
	{"IPv6 AH",
	 74,
	 74,
	 true,
	 0x86dd,
	 0,
	 0,
	 17,
	 0,
	 0x1234,
	 53,
	 0,
	 {ETH(0x86dd), IP6(20, 51), 17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UDP(8)}},
	{"IPv6 first fragment",
	 70,
	 70,
	 true,
	 0x86dd,
	 0,
	 0,
	 17,
	 XVIO_FLOW_FRAG_ANY,
	 0x1234,
	 53,
	 0,
	 {ETH(0x86dd), IP6(16, 44), 17, 0, 0, 1, 0, 0, 0, 0, UDP(99)}},
	{"IPv6 later fragment",
	 66,
	 66,
	 true,
	 0x86dd,
	 0,
	 0,
	 60,
	 LATER,
	 0,
	 0,
	 0,
	 {ETH(0x86dd), IP6(12, 44), 60, 0, 0, 9, 0, 0, 0, 0, 1, 2, 3, 4}},
	{"ARP other", 30, 22, true, 0x0806, 0, 0, 0, 0, 0, 0, 0, {ETH(0x0806), 0, 6, 8, 0, 6, 4}},
	{"ARP of another operation",
	 30,
	 22,
	 true,
	 0x0806,
	 0,
	 0,
	 0,
	 0,
	 0,
	 0,
	 0,
	 {ETH(0x0806), 0, 1, 8, 0, 6, 4, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"ARP of operation 257",
	 30,
	 22,
	 true,
	 0x0806,
	 0,
	 0,
	 0,
	 0,
	 0,
	 0,
	 0,
	 {ETH(0x0806), 0, 1, 8, 0, 6, 4, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"MPLS", 24, 18, true, 0x8847, 0, 0, 0, 0, 0, 0, 0, {ETH(0x8847), 1, 2, 3, 4, 0x45, 0}},
	{"MPLS multicast behind tags",
	 26,
	 26,
	 true,
	 0x8848,
	 0x10061005,
	 0x8100,
	 0,
	 0,
	 0,
	 0,
	 0,
	 {ETH(0x8100), 0, 5, 0x81, 0, 0, 6, 0x88, 0x48, 1, 2, 3, 4}},
	/* What contradicts itself. */
	{"IPv4 version", 54, 0, false, .data = {ETH(0x0800), 0x55, 0, 0, 40}},
	{"IPv4 header of 16", 54, 0, false, .data = {ETH(0x0800), 0x44, 0, 0, 40}},
	{"IPv4 header beyond its end", 74, 0, false, .data = {ETH(0x0800), 0x4f, 0, 0, 40}},
	{"IPv4 total of 19", 54, 0, false, .data = {ETH(0x0800), 0x45, 0, 0, 19}},
	{"IPv4 beyond the frame", 54, 0, false, .data = {ETH(0x0800), IP4(41, 6, 0), TCP(2)}},
	{"TCP beyond the packet", 60, 0, false, .data = {ETH(0x0800), IP4(39, 6, 0), TCP(2)}},
	{"TCP header of 16", 54, 0, false,
	 .data = {ETH(0x0800), IP4(40, 6, 0), 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 2}},
	{"UDP length of 7", 42, 0, false, .data = {ETH(0x0800), IP4(28, 17, 0), UDP(7)}},
	/* The flag of the inner tag makes no fragment of it, of which the length would not be asked. */
	{"UDP beyond the packet, behind two tags", 50, 0, false,
	 .data = {ETH(0x88a8), 0, 5, 0x88, 0xa8, 0, 6, 8, 0, IP4(28, 17, 0), UDP(9)}},
	{"UDP beyond the packet", 42, 0, false, .data = {ETH(0x0800), IP4(28, 17, 0), UDP(9)}},
	{"IPv6 version", 74, 0, false, .data = {ETH(0x86dd), 0x45, 0, 0, 0, 0, 20, 6}},
	{"IPv6 extension beyond its end", 70, 0, false,
	 .data = {ETH(0x86dd), IP6(16, 0), 17, 2, 0, 0}},
	{"IPv6 nine extensions", 126 - 8, 0, false,
	 .data = {ETH(0x86dd), IP6(64, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		  0,	       0,	   0, 0, 0, 0, 0, 0, 0, 0, 0}},
};

/* At an odd address and with nothing behind it, so that the sanitizer sees every byte too far. */
static bool parse(const uint8_t *data, uint32_t len_bytes, union flow_key *key)
{
	uint8_t *copy = malloc(len_bytes + 1);
	bool good;

	memcpy(copy + 1, data, len_bytes);
	good = parse_frame(copy + 1, len_bytes, len_bytes, 256, key) == PARSE_GOOD;
	free(copy);
	return good;
}

static uint16_t be16(uint16_t value)
{
	return (uint16_t)(value << 8 | value >> 8);
}

static void check_fields(const struct frame *frame, const struct xvio_flow_key *key)
{
	assert_int_equal(key->in_port, 256);
	assert_memory_equal(key->eth_dst, frame->data, 6);
	assert_memory_equal(key->eth_src, frame->data + 6, 6);
	assert_int_equal(key->eth_type, be16(frame->eth_type));
	assert_int_equal(key->vlan_tci, be16((uint16_t)frame->vlan_tci));
	assert_int_equal(key->vlan_tpid, be16(frame->vlan_tpid));
	assert_int_equal(key->cvlan_tci, be16((uint16_t)(frame->vlan_tci >> 16)));
	assert_int_equal(key->ip_proto, frame->proto);
	assert_int_equal(key->flags, frame->flags);
	assert_int_equal(key->tp_src, be16(frame->tp_src));
	assert_int_equal(key->tp_dst, be16(frame->tp_dst));
	assert_int_equal(key->tcp_flags, be16(frame->tcp_flags));
	assert_int_equal(key->ip_tos,
			 frame->eth_type == 0x0800 || frame->eth_type == 0x86dd ? 0x28 : 0);
}

static void test_hand_made(void **state)
{
	union flow_key key;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		if (parse(frames[i].data, frames[i].len_bytes, &key) != frames[i].good)
			fail_msg("%s", frames[i].name);
		if (frames[i].good)
			check_fields(&frames[i], &key.field);
	}
}

static void test_every_truncation(void **state)
{
	union flow_key key;
	uint32_t len;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		for (len = 0; len < frames[i].len_bytes; len++) {
			bool good = parse(frames[i].data, len, &key);

			assert_true(parse_model_agrees(frames[i].data, 0, len, len, len % 8));
			if (good != (frames[i].good && len >= frames[i].min_bytes))
				fail_msg("%s cut to %u", frames[i].name, len);
		}
	}
}

static void test_addresses(void **state)
{
	static const uint8_t ip4[54] = {ETH(0x0800), IP4(40, 6, 0), TCP(2)};
	static const uint8_t ip6[54] = {ETH(0x86dd), IP6(0, 59)};
	static const uint8_t rest[12] = {0};
	union flow_key key;

	(void)state;
	assert_true(parse(ip4, sizeof(ip4), &key));
	assert_memory_equal(key.field.ip_src, "\x0a\x01\x02\x03", 4);
	assert_memory_equal(key.field.ip_dst, "\x0a\x04\x05\x06", 4);
	assert_memory_equal(key.field.ip_dst + 4, rest, 12);
	assert_int_equal(key.field.ip_ttl, 63);
	assert_true(parse(ip6, sizeof(ip6), &key));
	assert_memory_equal(key.field.ip_src, ip6 + 22, 16);
	assert_memory_equal(key.field.ip_dst, ip6 + 38, 16);
	assert_int_equal(key.field.ip_ttl, 61);
}

/* Requests and replies have a place for all they say; others are like what is not for IPv4. */
static void test_arp(void **state)
{
	uint8_t arp[42] = {ETH(0x0806), 0, 1, 8, 0, 6, 4, 0, 1, 2, 0,  0, 0, 0, 1,
			   10,		0, 0, 1, 0, 0, 9, 8, 7, 6, 10, 0, 0, 2};
	static const uint8_t rest[16] = {0};
	union flow_key key;
	uint32_t len;
	uint8_t operation;

	(void)state;
	for (operation = 0; operation < 5; operation++) {
		arp[21] = operation;
		assert_true(parse(arp, sizeof(arp), &key));
		assert_int_equal(key.field.eth_type, be16(0x0806));
		if (operation != 1 && operation != 2) {
			assert_int_equal(key.field.ip_proto, 0);
			assert_memory_equal(key.field.ip_src, rest, 16);
			assert_memory_equal(key.field.ip_dst, rest, 16);
			assert_true(parse(arp, 22, &key));
			continue;
		}
		assert_int_equal(key.field.ip_proto, operation);
		assert_memory_equal(key.field.arp_sha, arp + 22, 6);
		assert_memory_equal(key.field.arp_spa, arp + 28, 4);
		assert_memory_equal(key.field.arp_tha, arp + 32, 6);
		assert_memory_equal(key.field.arp_tpa, arp + 38, 4);
		assert_memory_equal(key.field.arp_unused, rest, 6);
		assert_memory_equal(key.field.arp_unused2, rest, 6);
		for (len = 14; len < sizeof(arp); len++)
			assert_false(parse(arp, len, &key));
	}
}

static void check_mpls(const uint8_t *frame, uint32_t len_bytes, uint32_t at)
{
	static const uint8_t rest[12] = {0};
	struct parse_places places;
	union flow_key key;
	uint32_t len;

	assert_true(parse(frame, len_bytes, &key));
	assert_memory_equal(&key.field.mpls_lse, frame + at, 4);
	assert_memory_equal(key.field.ip_src + 4, rest, 12);
	assert_memory_equal(key.field.ip_dst, rest, 12);
	for (len = 0; len < at + 4; len++)
		assert_false(parse(frame, len, &key));
	assert_true(parse(frame, at + 4, &key));
	places = parse_places(frame, at + 4, at + 4, &key);
	assert_int_equal(places.l3_at, at);
	assert_int_equal(places.l4_at, at);
	assert_int_equal(places.key_end, at + 4);
}

static void test_mpls(void **state)
{
	static const uint8_t plain[] = {ETH(0x8847), 9, 8, 7, 6, IP4(28, 17, 0), UDP(8)};
	static const uint8_t tagged[] = {ETH(0x8100), 0, 5, 0x88, 0x48, 9, 8, 7, 6, 5};

	(void)state;
	check_mpls(plain, sizeof(plain), 14);
	check_mpls(tagged, sizeof(tagged), 18);
}

/* Where headers are, by the key that was made of them. */
static void test_places(void **state)
{
	static const struct {
		const char *name;
		uint16_t l3_at, l4_at, key_end;
	} wanted[] = {
		{"unknown type", 14, 14, 14},
		{"IPv4 TCP", 14, 34, 48},
		{"IPv4 options", 14, 38, 44},
		{"VLAN", 18, 38, 44},
		{"QinQ", 22, 42, 48},
		{"QinQ, inner 88a8, later fragment", 22, 42, 42},
		{"three tags", 22, 22, 22},
		{"IPv6 TCP", 14, 54, 68},
		{"IPv6 hop, dest, UDP", 14, 78, 84},
		{"IPv6 later fragment", 14, 62, 62},
		{"QinQ, inner 88a8, IPv6 none", 22, 62, 62},
		{"ARP other", 14, 14, 42},
	};
	struct parse_places places;
	union flow_key key;
	unsigned i, j;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		for (j = 0; strcmp(frames[j].name, wanted[i].name); j++)
			;
		assert_true(parse(frames[j].data, frames[j].len_bytes, &key));
		places = parse_places(frames[j].data, frames[j].len_bytes, frames[j].len_bytes,
				      &key);
		if (places.l3_at != wanted[i].l3_at || places.l4_at != wanted[i].l4_at ||
		    places.key_end != wanted[i].key_end)
			fail_msg("%s: %u %u %u", wanted[i].name, places.l3_at, places.l4_at,
				 places.key_end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hand_made), cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_arp),
		cmocka_unit_test(test_mpls),	  cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
