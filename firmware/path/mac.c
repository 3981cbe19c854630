/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Uplinks (mac.h). Frames are received by the owner core, in the MAC's slots, and stay there until the
 * round ends; any worker core may send.
 */
#include "path/mac.h"

#include <stddef.h>
#include <string.h>
#include "hal/hal.h"
#include "lib/bits.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/port.h"
#include "path/worker.h"

struct mac {
	struct port port;
	unsigned uplink;
	unsigned num_shown; /* frames of this round; owner core */
};

static void mac_attach(void *arg)
{
	struct core *core = core_self();

	core->mac[core->num_macs++] = arg;
}

static uint64_t mac_lost(const struct port *port)
{
	return hal_mac_lost(list_entry(port, struct mac, port)->uplink);
}

static void mac_receive_one(struct core *core, struct mac *mac, const struct hal_frame *frame,
			    struct burst *burst)
{
	struct stats *stats = &port_row(&mac->port, core->number)->stats;
	struct pkt *pkt;

	stats_add(stats, XVIO_STAT_RX_PACKETS, 1);
	stats_add(stats, XVIO_STAT_RX_BYTES, frame->len_bytes);
	if (!port_is_up(&mac->port)) {
		stats_add(stats, XVIO_STAT_DROP_PORT_DOWN, 1);
		return;
	}
	if (frame->len_bytes > XVIO_MAX_FRAME_BYTES) {
		stats_add(stats, XVIO_STAT_DROP_OVERSIZE, 1);
		return;
	}
	pkt = pkt_alloc(&core->pool); /* mac_receive() asked for no more frames than there are */
	pkt->data = frame->data;
	pkt->have_bytes = frame->len_bytes;
	pkt->len_bytes = frame->len_bytes;
	pkt->in_port = mac->port.number;
	pkt->has_header = false;
	pkt->vq = NULL;
	if (!pkt_parse(pkt)) {
		stats_add(stats, XVIO_STAT_DROP_MALFORMED, 1);
		return;
	}
	burst->pkt[burst->num++] = pkt;
}

void mac_receive(struct core *core, struct mac *mac, struct burst *burst)
{
	struct hal_frame frames[PKT_BURST];
	unsigned num;
	unsigned i;

	burst->num = 0;
	burst->needs = 0;
	num = hal_mac_receive(mac->uplink, frames, bits_min(core->pool.num_free, PKT_BURST));
	for (i = 0; i < num; i++)
		mac_receive_one(core, mac, &frames[i], burst);
	mac->num_shown += num;
	core->num_received += num;
	core->busy |= num > 0;
}

void mac_end_round(struct mac *mac)
{
	if (mac->num_shown)
		hal_mac_release(mac->uplink, mac->num_shown);
	mac->num_shown = 0;
}

/* A MAC takes all it is given. */
static unsigned mac_shortage(const struct port_row *row, struct virtq **vqs)
{
	(void)row;
	(void)vqs;
	return 0;
}

/* Frames that go out together, and whose they are. */
struct mac_batch {
	unsigned num;
	struct hal_frame frame[PKT_BURST];
	struct output *output[PKT_BURST];
	uint8_t bit[PKT_BURST]; /* of output->unsent */
};

static void mac_send(const struct mac *mac, struct mac_batch *batch, struct stats *stats)
{
	unsigned num_sent = batch->num ? hal_mac_send(mac->uplink, batch->frame, batch->num) : 0;
	unsigned i;

	for (i = num_sent; i < batch->num; i++)
		batch->output[i]->unsent |= 1u << batch->bit[i];
	stats_add(stats, XVIO_STAT_DROP_PORT_DOWN, batch->num - num_sent);
	batch->num = 0;
}

static void mac_add_to_batch(const struct mac *mac, struct mac_batch *batch, struct output *output,
			     struct stats *stats)
{
	unsigned i;

	for (i = 0; i < output->num; i++) {
		const struct pkt *pkt = output->pkts[i];

		if (batch->num == PKT_BURST)
			mac_send(mac, batch, stats);
		if (output->eth_dst)
			memcpy(pkt->data, output->eth_dst, 6);
		batch->frame[batch->num] = (struct hal_frame){pkt->data, pkt->len_bytes};
		batch->output[batch->num] = output;
		batch->bit[batch->num++] = (uint8_t)i;
	}
}

/* What goes elsewhere, too, goes alone if it changes for this way, and is changed back. */
static void mac_send_changed(const struct mac *mac, struct mac_batch *batch, struct output *output,
			     struct stats *stats)
{
	uint8_t saved[PKT_BURST][6];
	unsigned i;

	mac_send(mac, batch, stats);
	for (i = 0; i < output->num; i++)
		memcpy(saved[i], output->pkts[i]->data, sizeof(saved[i]));
	mac_add_to_batch(mac, batch, output, stats);
	mac_send(mac, batch, stats);
	for (i = 0; i < output->num; i++)
		memcpy(output->pkts[i]->data, saved[i], sizeof(saved[i]));
}

static void mac_transmit(struct core *core, struct port_row *row)
{
	const struct mac *mac = list_entry(row->port, struct mac, port);
	struct mac_batch batch = {0};
	struct output *output;

	(void)core;
	for (output = row->first; output; output = output->next) {
		if (output->eth_dst && !output->mark.sole)
			mac_send_changed(mac, &batch, output, &row->stats);
		else
			mac_add_to_batch(mac, &batch, output, &row->stats);
	}
	mac_send(mac, &batch, &row->stats);
}

static void mac_complete(struct core *core, struct port_row *row)
{
	const struct output *output;
	unsigned i;

	(void)core;
	for (output = row->first; output; output = output->next) {
		for (i = 0; i < output->num; i++) {
			if (output->unsent >> i & 1)
				continue;
			stats_add(&row->stats, XVIO_STAT_TX_PACKETS, 1);
			stats_add(&row->stats, XVIO_STAT_TX_BYTES, output->pkts[i]->len_bytes);
		}
	}
}

static const struct port_ops mac_port_ops = {
	.shortage = mac_shortage,
	.transmit = mac_transmit,
	.complete = mac_complete,
	.lost = mac_lost,
};

bool mac_add(unsigned uplink, unsigned core, const uint8_t mac_address[6], uint16_t mtu)
{
	struct mac *mac = heap_alloc(sizeof(*mac));

	if (!mac)
		return false;
	mac->uplink = uplink;
	mac->port.number = (uint16_t)XVIO_PORT_UPLINK(uplink);
	mac->port.core = core;
	mac->port.any_core_sends = true;
	mac->port.ops = &mac_port_ops;
	if (uplink >= hal_num_uplinks() || !port_register(&mac->port, mac_address, mtu)) {
		heap_free(mac);
		return false;
	}
	hal_mac_bind(uplink, core);
	worker_call(core, mac_attach, mac);
	return true;
}
