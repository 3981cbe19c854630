/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The hash that drivers ask for: Microsoft's published vectors ("Verifying the RSS hash calculation"),
 * and random keys against a reference that goes bit by bit over its input, as the algorithm is
 * written down.
 */
#include "common/check.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/rss.h"

static const uint8_t known_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static void start(void)
{
	size_t len_bytes;
	void *memory;

	fake_reset(1, 0);
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
}

/* As it is written down: for each bit of the input that is 1, the key's 32 leftmost bits; shift the key. */
static uint32_t toeplitz(const uint8_t *key, uint32_t key_bytes, const uint8_t *input,
			 unsigned num_bytes)
{
	uint32_t hash = 0;
	unsigned bit, i;

	for (bit = 0; bit < num_bytes * 8; bit++) {
		if (!(input[bit / 8] >> (7 - bit % 8) & 1))
			continue;
		for (i = 0; i < 32; i++) {
			unsigned at = bit + i;

			if (at / 8 < key_bytes && key[at / 8] >> (7 - at % 8) & 1)
				hash ^= UINT32_C(1) << (31 - i);
		}
	}
	return hash;
}

static uint16_t be16(unsigned value)
{
	return (uint16_t)(value << 8 | (value >> 8 & 0xff));
}

struct vector {
	uint16_t eth_type;
	uint8_t src[16], dst[16];
	uint16_t src_port, dst_port;
	uint32_t of_addresses, of_ports;
};

static const struct vector vectors[] = {
	{0x0800, {66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
	{0x0800, {199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
	{0x0800, {24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
	{0x0800, {38, 27, 205, 30}, {209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
	{0x0800, {153, 39, 163, 191}, {202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2},
	{0x86dd,
	 {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7},
	 {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, 0, 0, 0, 0, 0, 0, 0, 1},
	 2794,
	 1766,
	 0x2cc18cd5,
	 0x40207d3d},
	{0x86dd,
	 {0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab},
	 {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
	 14230,
	 4739,
	 0x0f0c461c,
	 0xdde51bbf},
	{0x86dd,
	 {0x3f, 0xfe, 0x19, 0, 0x45, 0x45, 0, 0x03, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
	 {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
	 44251,
	 38024,
	 0x4b61e985,
	 0x02d1feef},
};

static union flow_key key_of(const struct vector *vector, uint8_t proto)
{
	union flow_key key = {0};

	key.field.eth_type = be16(vector->eth_type);
	key.field.ip_proto = proto;
	memcpy(key.field.ip_src, vector->src, 16);
	memcpy(key.field.ip_dst, vector->dst, 16);
	key.field.tp_src = be16(vector->src_port);
	key.field.tp_dst = be16(vector->dst_port);
	return key;
}

static void test_published_vectors(void **state)
{
	struct rss *rss;
	unsigned i;

	(void)state;
	start();
	rss = rss_create(known_key, sizeof(known_key));
	assert_non_null(rss);
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const uint16_t base = vectors[i].eth_type == 0x0800 ? 0 : 3;
		union flow_key tcp = key_of(&vectors[i], 6);
		union flow_key udp = key_of(&vectors[i], 17);

		rss->hash_types = RSS_HASH_TYPES;
		assert_int_equal(rss_hash(rss, &tcp).value, vectors[i].of_ports);
		assert_int_equal(rss_hash(rss, &tcp).report, base + VIRTIO_NET_HASH_REPORT_TCPv4);
		assert_int_equal(rss_hash(rss, &udp).value, vectors[i].of_ports);
		assert_int_equal(rss_hash(rss, &udp).report, base + VIRTIO_NET_HASH_REPORT_UDPv4);
		rss->hash_types = VIRTIO_NET_HASH_TYPE_IPv4 | VIRTIO_NET_HASH_TYPE_IPv6;
		assert_int_equal(rss_hash(rss, &tcp).value, vectors[i].of_addresses);
		assert_int_equal(rss_hash(rss, &tcp).report, base + VIRTIO_NET_HASH_REPORT_IPv4);
		rss->hash_types = 0;
		assert_int_equal(rss_hash(rss, &tcp).report, VIRTIO_NET_HASH_REPORT_NONE);
	}
	rss_destroy(rss);
}

/* What 5.1.6.4.3 says of a packet, by the numbers of the bits. */
static struct rss_hash reference(uint32_t types, const uint8_t *hash_key, uint32_t key_bytes,
				 const union flow_key *key)
{
	const struct xvio_flow_key *field = &key->field;
	const bool is_ipv4 = field->eth_type == be16(0x0800);
	const unsigned addr_bytes = is_ipv4 ? 4 : 16;
	uint8_t input[36];
	unsigned bit;

	if (!is_ipv4 && field->eth_type != be16(0x86dd))
		return (struct rss_hash){0, 0};
	bit = is_ipv4 ? 0 : 3;
	if (field->ip_proto == 6 && !field->flags && types >> (bit + 1) & 1)
		bit += 1;
	else if (field->ip_proto == 17 && !field->flags && types >> (bit + 2) & 1)
		bit += 2;
	else if (!(types >> bit & 1))
		return (struct rss_hash){0, 0};
	memcpy(input, field->ip_src, addr_bytes);
	memcpy(input + addr_bytes, field->ip_dst, addr_bytes);
	memcpy(input + 2 * addr_bytes, &field->tp_src, 2);
	memcpy(input + 2 * addr_bytes + 2, &field->tp_dst, 2);
	return (struct rss_hash){toeplitz(hash_key, key_bytes, input,
					  2 * addr_bytes + (bit % 3 ? 4 : 0)),
				 (uint16_t)(bit + 1)};
}

static void random_bytes(void *bytes, unsigned num)
{
	while (num--)
		((uint8_t *)bytes)[num] = (uint8_t)check_random(256);
}

static union flow_key random_key(void)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x0800, 0x86dd, 0x0806, 0x88cc};
	static const uint8_t protos[] = {6, 17, 6, 17, 1, 132, 50};
	union flow_key key = {0};

	random_bytes(&key, sizeof(key));
	key.field.eth_type = be16(types[check_random(6)]);
	key.field.ip_proto = protos[check_random(7)];
	key.field.flags = (uint8_t)(check_random(4) ? 0 : check_random(4));
	if (key.field.eth_type == be16(0x0800)) { /* as the parser leaves it */
		memset(key.field.ip_src + 4, 0, 12);
		memset(key.field.ip_dst + 4, 0, 12);
	}
	return key;
}

static void test_against_the_bits(void **state)
{
	unsigned seen[7] = {0};
	unsigned round, i;

	(void)state;
	check_seed(2);
	for (round = 0; round < 100; round++) {
		uint8_t hash_key[RSS_MAX_KEY_BYTES];
		uint32_t key_bytes = 1 + check_random(RSS_MAX_KEY_BYTES);
		struct rss *rss;

		start();
		random_bytes(hash_key, sizeof(hash_key));
		rss = rss_create(hash_key, key_bytes);
		assert_non_null(rss);
		rss->hash_types = check_random(4) ? RSS_HASH_TYPES : check_random(64);
		for (i = 0; i < 100; i++) {
			union flow_key key = random_key();
			struct rss_hash hash = rss_hash(rss, &key);
			struct rss_hash expected =
				reference(rss->hash_types, hash_key, key_bytes, &key);

			assert_int_equal(hash.report, expected.report);
			assert_int_equal(hash.value, expected.value);
			seen[hash.report]++;
		}
		rss_destroy(rss);
	}
	for (i = 0; i < 7; i++)
		assert_true(seen[i] > 100);
}

/* 5.1.6.5.7.2: the hash under the mask is a place in the table; without a hash there is a queue of its own. */
static void test_queue_from_table(void **state)
{
	struct rss *rss;
	unsigned i;

	(void)state;
	start();
	check_seed(3);
	rss = rss_create(known_key, sizeof(known_key));
	assert_non_null(rss);
	rss->unclassified = 6;
	for (rss->table_mask = 0; rss->table_mask < RSS_MAX_TABLE;
	     rss->table_mask = (uint16_t)(rss->table_mask * 2 + 1)) {
		for (i = 0; i <= rss->table_mask; i++)
			rss->table[i] = (uint16_t)check_random(8);
		for (i = 0; i < 100; i++) {
			struct rss_hash hash = {check_random(UINT32_MAX),
						VIRTIO_NET_HASH_REPORT_TCPv4};

			assert_int_equal(rss_queue(rss, hash),
					 rss->table[hash.value % (rss->table_mask + 1u)]);
			hash.report = VIRTIO_NET_HASH_REPORT_NONE;
			assert_int_equal(rss_queue(rss, hash), 6);
		}
	}
	rss_destroy(rss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_against_the_bits),
		cmocka_unit_test(test_queue_from_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
