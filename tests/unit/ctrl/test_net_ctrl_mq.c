/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Pairs of queues, RSS, hashes to be reported (virtio 1.2, 5.1.6.5.6 and 5.1.6.5.7). */
#include "common/nc_bed.h"

static void test_pairs(void **state)
{
	unsigned i;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	assert_int_equal(nc.num_pairs, 1);
	for (i = 1; i <= NC_PAIRS; i++) {
		nc_pairs(i);
		assert_ok();
		assert_int_equal(nc.num_pairs, i);
	}
	nc_remember();
	nc_pairs(0);
	assert_err();
	nc_pairs(NC_PAIRS + 1);
	assert_err();
	nc_pairs(0x8000);
	assert_err();
}

/* 5.1.2: without MQ and RSS there is one pair, and the control queue is the third. */
static void test_one_pair(void **state)
{
	unsigned i;

	(void)state;
	nc_begin_enabled(~(VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_RSS)));
	assert_int_equal(nc.enabled, 3);
	nc_coal_vq_set(1, 1, 1);
	assert_ok();
	nc_remember();
	nc_coal_vq_set(2, 1, 1);
	assert_err();
	nc_stats_get();
	for (i = 0; i < 2; i++)
		nc_add_stats(i, UINT64_C(1) << 16 * i);
	nc_add_stats(2, UINT64_C(1) << 32);
	assert_ok();
	nc_remember();
	nc_add_stats(2 * NC_PAIRS, UINT64_C(1) << 32);
	assert_err();
}

static void test_rss_config(void **state)
{
	unsigned i;

	(void)state;
	nc_begin_enabled(~UINT64_C(0));
	for (i = 1; i <= RSS_MAX_TABLE; i *= 2) {
		nc_rss_config(RSS_HASH_TYPES, i, NC_PAIRS, 40);
		assert_ok();
		assert_int_equal(nc.rss->table_mask, i - 1);
		assert_int_equal(nc.rss->unclassified, 1);
		assert_int_equal(nc.rss->hash_types, RSS_HASH_TYPES);
		assert_int_equal(nc.rss->table[i - 1], (i - 1) % NC_PAIRS);
	}
	nc_rss_config(0, 1, 1, 0); /* no hash at all: all is unclassified */
	assert_ok();
	nc_remember();
	nc_rss_config(RSS_HASH_TYPES, 2 * RSS_MAX_TABLE, NC_PAIRS, 40);
	assert_err();
	nc_rss_config(RSS_HASH_TYPES, 65536, NC_PAIRS, 40);
	assert_err();
	nc_rss_config(RSS_HASH_TYPES, 3, NC_PAIRS, 40);
	assert_err();
	nc_rss_config(RSS_HASH_TYPES, 4, 0, 40);
	assert_err();
	nc_rss_config(RSS_HASH_TYPES, 4, NC_PAIRS + 1, 40);
	assert_err();
	nc_rss_config(RSS_HASH_TYPES, 4, NC_PAIRS, 41);
	assert_err();
	nc_rss_config(RSS_HASH_TYPES, 4, NC_PAIRS, 0);
	assert_err();
	for (i = 6; i < 32; i++) { /* also those for extension headers */
		nc_rss_config(1u << i, 4, NC_PAIRS, 40);
		assert_err();
	}
	nc_rss_config(RSS_HASH_TYPES, 4, NC_PAIRS, 40);
	memcpy(nc_cmd + 8, &(uint16_t){NC_PAIRS}, 2); /* unclassified_queue */
	assert_err();
	for (i = 0; i < 4; i++) {
		nc_rss_config(RSS_HASH_TYPES, 4, NC_PAIRS, 40);
		memcpy(nc_cmd + 10 + 2 * i, &(uint16_t){NC_PAIRS}, 2);
		assert_err();
		memcpy(nc_cmd + 10 + 2 * i, &(uint16_t){0x8000}, 2); /* reserved bit */
		assert_err();
	}
}

static void test_hash_config(void **state)
{
	unsigned i;

	(void)state;
	nc_begin_enabled(~VIRTIO_BIT(VIRTIO_NET_F_RSS));
	assert_null(nc.rss); /* all hash types are disabled */
	for (i = 1; i <= 40; i++) {
		nc_hash_config(RSS_HASH_TYPES, i);
		assert_ok();
	}
	nc_hash_config(0, 0);
	assert_ok();
	assert_int_equal(nc.rss->hash_types, 0);
	nc_remember();
	nc_hash_config(RSS_HASH_TYPES, 0);
	assert_err();
	nc_hash_config(RSS_HASH_TYPES, 41);
	assert_err();
	nc_hash_config(RSS_HASH_TYPES | 1u << 6, 40);
	assert_err();
	for (i = 0; i < 8; i++) {
		nc_hash_config(RSS_HASH_TYPES, 40);
		nc_cmd[6 + i] = 1; /* reserved */
		assert_err();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_one_pair),
		cmocka_unit_test(test_rss_config),
		cmocka_unit_test(test_hash_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
