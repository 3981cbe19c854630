/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* A port whose driver has wishes (wish_bed.h). */
#include "common/wish_bed.h"
#include "common/check.h"
#include "hal/fake/fake.h"
#include "lib/heap.h"
#include "path/parse.h"

struct bed_port wish_a, wish_pf, wish_q[WISH_QUEUES];
struct rxfilter *wish_filter;
struct rss *wish_rss;
struct wish_sent wish_sent[200];

static struct virtq_config config_of(unsigned i)
{
	return bed_queue_config(&wish_q[i], BED_RX, wish_q[i].driver[BED_RX].avail_idx);
}

static void start_queue(unsigned i)
{
	struct virtq_config config = config_of(i);

	driver_reset(&wish_q[i].driver[BED_RX]);
	config.last_avail = wish_q[i].driver[BED_RX].avail_idx;
	assert_true(vnet_start_queue(wish_q[0].number, 2 * i, &config));
}

/* A queue more than the bed has. */
static void add_queue(unsigned i)
{
	const uint64_t bus_addr = UINT64_C(0x1000000000) + i * UINT64_C(0x10000000);
	struct xvio_map_entry *entry = heap_alloc(DRIVER_NUM_PAGES * sizeof(*entry));
	uint32_t num, bad;

	wish_q[i].number = wish_q[0].number;
	wish_q[i].hdr_bytes = wish_q[0].hdr_bytes;
	wish_q[i].doorbell = 40 + 2 * i;
	driver_init(&wish_q[i].driver[BED_RX], bus_addr, 0x50000000 + i * 0x1000000u, 256, true,
		    bed_rings);
	num = driver_fill_map(&wish_q[i].driver[BED_RX], bus_addr, entry);
	wish_q[i].map = iotlb_create(entry, num, &bad);
	assert_non_null(wish_q[i].map);
	start_queue(i);
}

void wish_start(unsigned num_cores, unsigned num_queues, uint16_t hdr_bytes)
{
	unsigned i;

	bed_start(num_cores, 0);
	bed_add_port(&wish_pf, XVIO_PORT_PF, 64);
	bed_add_port(&wish_a, XVIO_PORT_VDPA(0), 256);
	bed_add_port(&wish_q[0], XVIO_PORT_VDPA(1), 256);
	wish_q[0].hdr_bytes = hdr_bytes;
	start_queue(0);
	for (i = 1; i < num_queues; i++)
		add_queue(i);
	bed_rule(1, wish_a.number, wish_q[0].number);
	wish_filter = NULL;
	wish_rss = NULL;
}

void wish_stop(void)
{
	bed_check_quiet();
	vnet_set_filter(wish_q[0].number, NULL);
	vnet_set_steering(wish_q[0].number, 1, NULL);
	rxfilter_destroy(wish_filter);
	rss_destroy(wish_rss);
}

void wish_put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void make_l4(uint8_t *at, uint8_t proto)
{
	wish_put16(at, 1000 + check_random(50));
	wish_put16(at + 2, 80 + check_random(2));
	wish_put16(at + 4, 20);
	if (proto == 6)
		at[12] = 0x50;
}

void wish_make_frame(struct wish_sent *sent)
{
	static const uint8_t protos[] = {6, 17, 47};
	uint8_t proto = protos[check_random(3)];
	uint8_t *at = sent->frame + 12;
	unsigned kind = check_random(5);

	memset(sent->frame, 0, sizeof(sent->frame));
	sent->frame[0] = check_random(2) ? 2 : 3;
	sent->frame[5] = (uint8_t)check_random(4);
	if (!check_random(10))
		memset(sent->frame, 0xff, 6);
	sent->frame[6] = 2;
	if (check_random(2)) {
		wish_put16(at, 0x8100);
		wish_put16(at + 2, check_random(8) << 13 | check_random(5));
		at += 4;
	}
	if (kind < 2) {
		wish_put16(at, 0x0800);
		at[2] = 0x45;
		wish_put16(at + 4, 40);
		if (!check_random(5))
			wish_put16(at + 8, check_random(2) ? 0x2000 : 0x0010);
		at[11] = proto;
		wish_put16(at + 14, 0x0a00);
		wish_put16(at + 16, check_random(20));
		wish_put16(at + 18, 0x0a01);
		make_l4(at + 22, proto);
		at += 42;
	} else if (kind < 4) {
		wish_put16(at, 0x86dd);
		at[2] = 0x60;
		wish_put16(at + 6, 20);
		at[8] = proto;
		wish_put16(at + 10, 0xfd00);
		wish_put16(at + 24, check_random(20));
		wish_put16(at + 26, 0xfd01);
		make_l4(at + 42, proto);
		at += 62;
	} else {
		wish_put16(at, 0x0806);
		at += 30;
	}
	sent->len_bytes = (uint32_t)(at - sent->frame);
	assert_int_equal(parse_frame(sent->frame, sent->len_bytes, sent->len_bytes, wish_a.number,
				     &sent->key),
			 PARSE_GOOD);
}

void wish_make_frames(unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++)
		wish_make_frame(&wish_sent[i]);
}

static uint32_t hash_of(const struct wish_sent *sent, uint16_t *report)
{
	struct rss_hash hash = {0, VIRTIO_NET_HASH_REPORT_NONE};

	if (wish_rss)
		hash = rss_hash(wish_rss, &sent->key);
	*report = hash.report;
	return hash.value;
}

/* Takes a frame from a queue, and compares it and its header with one that was sent; false: there is none. */
bool wish_receive(unsigned i, const struct wish_sent *sent, const uint8_t *eth_dst)
{
	uint8_t packet[1100], expected[160];
	struct virtio_net_hdr_hash header;
	uint32_t len_bytes, value;
	uint16_t report;

	if (!driver_reap(&wish_q[i].driver[BED_RX], packet, &len_bytes))
		return false;
	memcpy(&header, packet, sizeof(header));
	assert_int_equal(header.hdr.flags, 0);
	assert_int_equal(header.hdr.gso_type, 0);
	assert_int_equal(header.hdr.num_buffers, 1);
	if (wish_q[i].hdr_bytes == sizeof(header)) {
		value = hash_of(sent, &report);
		assert_int_equal(header.hash_value, value);
		assert_int_equal(header.hash_report, report);
		assert_int_equal(header.padding_reserved, 0);
	}
	memcpy(expected, sent->frame, sent->len_bytes);
	if (eth_dst)
		memcpy(expected, eth_dst, 6);
	assert_int_equal(len_bytes, wish_q[i].hdr_bytes + sent->len_bytes);
	assert_memory_equal(packet + wish_q[i].hdr_bytes, expected, sent->len_bytes);
	return true;
}

void wish_post(unsigned i, unsigned num)
{
	while (num--)
		assert_true(driver_post(&wish_q[i].driver[BED_RX], 300, 1));
}

void wish_post_each(unsigned num)
{
	unsigned i;

	for (i = 0; i < WISH_QUEUES; i++)
		wish_post(i, num);
}

void wish_send_all(const struct wish_sent *sent, unsigned num)
{
	unsigned i;

	for (i = 0; i < num; i++)
		assert_true(bed_send(&wish_a, sent[i].frame, sent[i].len_bytes, 1));
	bed_ring(&wish_a, BED_TX);
	fake_run();
	assert_int_equal(bed_reap_sent(&wish_a), num);
}

void wish_random_filter(void)
{
	unsigned i;

	wish_filter = rxfilter_create();
	assert_non_null(wish_filter);
	wish_filter->unicast = (uint8_t)check_random(3);
	wish_filter->multicast = (uint8_t)check_random(3);
	wish_filter->broadcast = check_random(2) ? RXFILTER_ALL : RXFILTER_NONE;
	wish_filter->checks_vlans = check_random(2);
	wish_filter->vlan[0] = check_random(32);
	for (i = 0; i < 3; i++)
		rxfilter_list_mac(wish_filter, (uint8_t[6]){2 + check_random(2), 0, 0, 0, 0,
							    (uint8_t)check_random(4)});
	vnet_set_filter(wish_q[0].number, wish_filter);
}

void wish_random_rss(unsigned num_queues)
{
	uint8_t key[RSS_MAX_KEY_BYTES];
	unsigned i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)check_random(256);
	wish_rss = rss_create(key, sizeof(key));
	assert_non_null(wish_rss);
	wish_rss->hash_types = check_random(RSS_HASH_TYPES + 1);
	wish_rss->table_mask = (uint16_t)((1u << check_random(8)) - 1);
	wish_rss->unclassified = (uint16_t)check_random(num_queues);
	for (i = 0; i < RSS_MAX_TABLE; i++)
		wish_rss->table[i] = (uint16_t)check_random(num_queues);
}

/* All queues, with so many buffers each, and frames of all sorts spread over them. */
void wish_start_spread(uint16_t hdr_bytes, unsigned num_buffers)
{
	wish_start(2, WISH_QUEUES, hdr_bytes);
	wish_random_rss(WISH_QUEUES);
	wish_rss->hash_types = RSS_HASH_TYPES;
	wish_rss->table_mask = RSS_MAX_TABLE - 1;
	vnet_set_steering(wish_q[0].number, 0, wish_rss);
	wish_post_each(num_buffers);
}
