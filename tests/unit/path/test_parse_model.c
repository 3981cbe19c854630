/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The parser against the model (parse_model.h): random frames with a few bytes changed, and noise;
 * with every part of them there.
 */
#include "common/check.h"
#include "common/parse_model.h"
#include "lib/bits.h"

/* A frame in the making. */
struct maker {
	uint8_t data[512];
	uint32_t len_bytes;
};

static void make_byte(struct maker *maker, uint32_t value)
{
	maker->data[maker->len_bytes++] = (uint8_t)value;
}

static void make_be16(struct maker *maker, uint32_t value)
{
	make_byte(maker, value >> 8);
	make_byte(maker, value);
}

static void make_noise(struct maker *maker, uint32_t len_bytes)
{
	while (len_bytes--)
		make_byte(maker, check_random(256));
}

static bool one_in(uint32_t num)
{
	return check_random(num) == 0;
}

static void make_transport(struct maker *maker, uint8_t proto)
{
	uint32_t payload_bytes = check_random(3) * check_random(24);
	uint32_t header_words = one_in(4) ? 5 + check_random(11) : 5;

	make_noise(maker, 4);
	switch (proto) {
	case 6:
		make_noise(maker, 8);
		make_byte(maker, header_words << 4 | check_random(16));
		make_noise(maker, header_words * 4 - 13);
		break;
	case 17:
		make_be16(maker, 8 + payload_bytes);
		make_noise(maker, 2);
		break;
	default:
		make_noise(maker, 8);
		break;
	}
	make_noise(maker, payload_bytes);
}

static uint8_t random_proto(void)
{
	static const uint8_t protos[] = {6, 6, 6, 17, 17, 17, 132, 1, 58, 47};

	return protos[check_random(sizeof(protos))];
}

static void make_ipv4(struct maker *maker)
{
	static const uint16_t frags[] = {0x2000, 0x2003, 0x0001, 0x1f00, 0x8000, 0xc000};
	uint32_t header_words = one_in(5) ? 6 + check_random(10) : 5;
	uint32_t began = maker->len_bytes;
	uint8_t proto = random_proto();
	uint32_t total_bytes;

	make_byte(maker, 0x40 | header_words);
	make_noise(maker, 5);
	make_be16(maker, one_in(5) ? frags[check_random(6)] : check_random(2) << 14);
	make_byte(maker, check_random(256));
	make_byte(maker, proto);
	make_noise(maker, header_words * 4 - 10);
	make_transport(maker, proto);
	total_bytes = maker->len_bytes - began;
	maker->data[began + 2] = (uint8_t)(total_bytes >> 8);
	maker->data[began + 3] = (uint8_t)total_bytes;
}

static void make_ipv6(struct maker *maker)
{
	static const uint8_t exts[] = {0, 43, 44, 51, 60};
	uint32_t num_ext = one_in(3) ? check_random(10) : 0;
	uint32_t began = maker->len_bytes;
	uint8_t proto = random_proto();
	uint32_t next = began + 6; /* where the number of the next header goes */
	uint32_t payload_bytes;

	make_byte(maker, 0x60 | check_random(16));
	make_noise(maker, 39);
	while (num_ext--) {
		uint32_t len = check_random(3);
		uint8_t ext = exts[check_random(sizeof(exts))];

		maker->data[next] = ext;
		next = maker->len_bytes;
		make_byte(maker, 0);
		make_byte(maker, ext == 51 ? len * 2 : len);
		make_be16(maker, one_in(2) ? 0 : check_random(16));
		make_noise(maker, ext == 44 ? 4 : len * 8 + 4);
	}
	maker->data[next] = proto;
	make_transport(maker, proto);
	payload_bytes = maker->len_bytes - began - 40;
	maker->data[began + 4] = (uint8_t)(payload_bytes >> 8);
	maker->data[began + 5] = (uint8_t)payload_bytes;
}

static void make_arp(struct maker *maker)
{
	static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4};

	memcpy(maker->data + maker->len_bytes, kind, sizeof(kind));
	maker->len_bytes += sizeof(kind);
	make_be16(maker, one_in(8) ? check_random(0x10000) : check_random(4));
	make_noise(maker, 18 + check_random(5));
}

/* A few entries, the last of which says so, and what is not looked at. */
static void make_mpls(struct maker *maker)
{
	uint32_t num = 1 + check_random(3);

	while (num--) {
		make_noise(maker, 2);
		make_byte(maker, check_random(128) << 1 | !num);
		make_noise(maker, 1);
	}
	make_noise(maker, check_random(30));
}

static void make_frame(struct maker *maker)
{
	static const uint16_t types[] = {0x0800, 0x0800, 0x0800, 0x0800, 0x86dd,
					 0x86dd, 0x86dd, 0x0806, 0x8847, 0x8848};
	uint16_t type = one_in(20) ? (uint16_t)check_random(0x10000) : types[check_random(10)];
	uint32_t num_tags = one_in(3) ? 1 + check_random(3) : 0;

	maker->len_bytes = 0;
	make_noise(maker, 12);
	while (num_tags--) {
		make_be16(maker, one_in(4) ? 0x88a8 : 0x8100);
		make_noise(maker, 2);
	}
	make_be16(maker, type);
	if (type == 0x0800)
		make_ipv4(maker);
	else if (type == 0x86dd)
		make_ipv6(maker);
	else if (type == 0x0806)
		make_arp(maker);
	else if (type == 0x8847 || type == 0x8848)
		make_mpls(maker);
	make_noise(maker, check_random(2) * check_random(30));
}

/* Nothing, or a few bytes of the headers, or the end. */
static void spoil_frame(struct maker *maker)
{
	uint32_t num = one_in(3) ? 0 : 1 + check_random(4);

	while (num--) {
		uint8_t *byte = &maker->data[12 + check_random(maker->len_bytes - 12)];

		if (one_in(2)) /* rather a header of the usual frames */
			byte = &maker->data[12 + check_random(42)];
		if (one_in(2))
			*byte = (uint8_t)(*byte + (one_in(2) ? 1 : -1));
		else
			*byte = one_in(2) ? (uint8_t)(*byte ^ 1u << check_random(8))
					  : (uint8_t)check_random(256);
	}
	if (one_in(4))
		maker->len_bytes = check_random(maker->len_bytes + 1);
}

/* The seed is fixed: 18,000 frames with every part of them there, 130,000 with all and two parts. */
static void test_model(void **state)
{
	static struct maker maker;
	uint64_t num_seen;
	unsigned round;
	uint32_t have;

	(void)state;
	check_seed(3);
	memset(parse_model_seen, 0, sizeof(parse_model_seen));
	for (round = 0; round < 148000; round++) {
		unsigned place = one_in(2) ? 2 : check_random(PARSE_MODEL_PLACES);

		make_frame(&maker);
		spoil_frame(&maker);
		have = round < 18000 ? 0 : maker.len_bytes;
		assert_true(parse_model_agrees(maker.data, have, maker.len_bytes, maker.len_bytes,
					       place));
		have = check_random(maker.len_bytes + 1);
		assert_true(parse_model_agrees(maker.data, have, have, maker.len_bytes, place));
		have = check_random(bits_min(maker.len_bytes, 90) + 1);
		assert_true(parse_model_agrees(maker.data, have, have, maker.len_bytes, place));
	}
	num_seen = parse_model_seen[0] + parse_model_seen[1] + parse_model_seen[2];
	assert_true(num_seen >= 2000000); /* by two parsers */
	assert_true(parse_model_seen[PARSE_GOOD] > num_seen / 4);
	assert_true(parse_model_seen[PARSE_MALFORMED] > num_seen / 12);
	assert_true(parse_model_seen[PARSE_SHORT] > num_seen / 4);
}

static void test_noise(void **state)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x8100, 0x88a8, 0x0806, 0x8847};
	uint8_t data[200];
	unsigned round;
	uint32_t i;

	(void)state;
	check_seed(1);
	for (round = 0; round < 50000; round++) {
		uint32_t len = check_random(sizeof(data));
		uint16_t type = types[check_random(6)];

		for (i = 0; i < len; i++)
			data[i] = (uint8_t)check_random(check_random(2) ? 256 : 8);
		if (len > 14) {
			data[12] = (uint8_t)(type >> 8);
			data[13] = (uint8_t)type;
			data[14] = type == 0x86dd ? 0x60 : 0x45;
		}
		assert_true(parse_model_agrees(data, len, len, len, round % 8));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
