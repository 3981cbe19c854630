/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What a device's driver may change while its queues run (vnet.h): filter, steering, moderation of
 * interrupts. Called on core 0; each change is made on the port's worker between two bursts.
 */
#include <string.h>
#include "lib/bits.h"
#include "path/vnet_queue.h"
#include "path/worker.h"

/* What core 0 has a worker set. */
struct vnet_setting {
	struct vnet *vnet;
	const struct rxfilter *filter;
	const struct rss *rss;
	uint16_t num_pairs;
	unsigned index;
	uint32_t max_usecs;
	uint32_t max_packets;
};

static void vnet_call(void (*fn)(void *arg), struct vnet_setting *setting, uint16_t number)
{
	setting->vnet = vnet_get(number);
	if (setting->vnet)
		worker_call(setting->vnet->port.core, fn, setting);
}

static void vnet_apply_filter(void *arg)
{
	const struct vnet_setting *setting = arg;

	setting->vnet->filter = setting->filter;
}

void vnet_set_filter(uint16_t number, const struct rxfilter *filter)
{
	struct vnet_setting setting = {.filter = filter};

	vnet_call(vnet_apply_filter, &setting, number);
}

void vnet_list_receive(struct vnet *vnet)
{
	const unsigned num = vnet->num_pairs ? vnet->num_pairs : VNET_MAX_QUEUES / 2;
	unsigned i;

	vnet->num_receive = 0;
	vnet->is_simple = !vnet->rss;
	for (i = 0; i < num; i++) {
		struct vnet_queue *queue = &vnet->queue[i * 2];

		if (!queue->vq)
			continue;
		vnet->receive[vnet->num_receive++] = queue;
		vnet->is_simple &= queue->vq->config.hdr_bytes == sizeof(struct virtio_net_hdr);
	}
	vnet->is_simple &= vnet->num_receive == 1;
}

static void vnet_apply_steering(void *arg)
{
	const struct vnet_setting *setting = arg;
	struct vnet *vnet = setting->vnet;

	vnet->rss = setting->rss;
	vnet->num_pairs = setting->num_pairs;
	vnet_list_receive(vnet);
}

void vnet_set_steering(uint16_t number, unsigned num_pairs, const struct rss *rss)
{
	struct vnet_setting setting = {
		.rss = rss,
		.num_pairs = (uint16_t)bits_min(num_pairs, VNET_MAX_QUEUES / 2),
	};

	vnet_call(vnet_apply_steering, &setting, number);
}

void vnet_queue_counters(uint16_t number, unsigned index, struct vnet_counters *counters)
{
	const struct vnet *vnet = vnet_get(number);
	const struct vnet_count *count;

	memset(counters, 0, sizeof(*counters));
	if (!vnet || index >= VNET_MAX_QUEUES)
		return;
	count = &vnet->queue[index].count;
	counters->notifications = stats_read(&count->notifications);
	counters->packets = stats_read(&count->packets);
	counters->bytes = stats_read(&count->bytes);
	counters->interrupts = stats_read(&count->interrupts);
	counters->drops = stats_read(&count->drops);
	counters->drops_of_ring = stats_read(&count->drops_of_ring);
}

static void vnet_apply_no_counters(void *arg)
{
	const struct vnet_setting *setting = arg;
	unsigned i;

	for (i = 0; i < VNET_MAX_QUEUES; i++)
		memset(&setting->vnet->queue[i].count, 0, sizeof(struct vnet_count));
}

void vnet_clear_counters(uint16_t number)
{
	struct vnet_setting setting = {0};

	vnet_call(vnet_apply_no_counters, &setting, number);
}

/* An interrupt that waits is looked at anew at the end of this round (1.3, 5.1.6.5.9.4). */
static void vnet_apply_coalescing(void *arg)
{
	const struct vnet_setting *setting = arg;
	struct coalesce *coalesce = &setting->vnet->queue[setting->index].coalesce;

	coalesce->max_usecs = setting->max_usecs;
	coalesce->max_packets = setting->max_packets;
}

void vnet_set_coalescing(uint16_t number, unsigned index, uint32_t max_usecs, uint32_t max_packets)
{
	struct vnet_setting setting = {
		.index = index,
		.max_usecs = max_usecs,
		.max_packets = max_packets,
	};

	if (index < VNET_MAX_QUEUES)
		vnet_call(vnet_apply_coalescing, &setting, number);
}
