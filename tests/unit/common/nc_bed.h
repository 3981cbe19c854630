/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A device under its control queue's interpreter (ctrl/net_ctrl.h), without the queue: commands are put together
 * in nc_cmd and run, and one that is refused must have changed nothing.
 */
#ifndef COMMON_NC_BED_H
#define COMMON_NC_BED_H

#include "common/bed.h"
#include "ctrl/net_ctrl.h"

#define NC_PAIRS 4u

extern struct bed_port nc_device;
extern struct net_ctrl nc;

/* The command, and what came of it. */
extern uint8_t nc_cmd[140000];
extern uint32_t nc_cmd_bytes;
extern uint8_t nc_reply[NET_CTRL_MAX_REPLY];
extern uint32_t nc_reply_bytes;

/* A device whose driver has accepted these; no queue is enabled, or all are, and that is remembered. */
void nc_begin(uint64_t features);
void nc_begin_enabled(uint64_t features);

/* A new command, and what it goes on with. */
void nc_set(uint8_t class, uint8_t command);
void nc_add(const void *bytes, uint32_t num);
void nc_add16(unsigned value);
void nc_add32(uint32_t value);

/* Runs it; with so much room for a reply. Returns the ack. */
uint8_t nc_run_with_room(uint32_t room_bytes);
uint8_t nc_run(void);

#define assert_ok()  assert_int_equal(nc_run(), VIRTIO_NET_OK)
#define assert_err() nc_assert_refused(nc_run(), __LINE__)

/* What a command that is refused must leave as it is. */
void nc_remember(void);
void nc_assert_unchanged(void);
void nc_assert_refused(uint8_t ack, int line);

/* Commands of each sort. */
void nc_mode(uint8_t command, uint8_t value);
void nc_vlan(uint8_t command, unsigned vid);
void nc_mac_addr(const uint8_t mac[6]);
void nc_mac_table(unsigned num_unicast, unsigned num_multicast);
void nc_rss_config(uint32_t types, unsigned num_entries, unsigned max_tx_vq, unsigned key_bytes);
void nc_hash_config(uint32_t types, unsigned key_bytes);
void nc_pairs(unsigned num);
void nc_offloads(uint64_t bits);
void nc_coal(uint8_t command, uint32_t max_packets, uint32_t max_usecs);
void nc_coal_vq_set(unsigned index, uint32_t max_packets, uint32_t max_usecs);
void nc_coal_vq_get(unsigned index);
void nc_stats_get(void);
void nc_add_stats(unsigned index, uint64_t types);

/* Station i of a sort, as in the tables. */
void nc_make_mac(uint8_t mac[6], bool is_group, unsigned i);

/* What the device says of a queue's moderation. */
void nc_assert_coal(unsigned index, uint32_t max_packets, uint32_t max_usecs);

/* One good command of each sort; returns the feature that it needs. */
#define NC_NUM_SAMPLES 21u

uint8_t nc_sample(unsigned i);

#endif
