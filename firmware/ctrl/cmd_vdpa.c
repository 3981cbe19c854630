/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands about vDPA devices: their table, their life, their configuration. Called by the mailbox and
 * the control loop on core 0. Address maps and queues are in cmd_vdpa_map.c and cmd_vdpa_vq.c.
 */
#include "ctrl/cmd_vdpa.h"
#include "ctrl/event.h"
#include "ctrl/keep.h"
#include "ctrl/net_ctrl_keep.h"
#include "ctrl/net_features.h"
#include "hal/hal.h"
#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/heap.h"
#include "path/port.h"
#include "path/vnet.h"
#include "path/worker.h"
#include <string.h>
#include <xvio/event.h>
#include <xvio/pci.h>
#include <xvio/virtio.h>

/* Doorbells below are the PF's, those behind the last one the VFs'. */
#define VDPA_FIRST_DOORBELL 64u
#define VDPA_MAX_DEVICES    XVIO_MAX_VDPA

static struct virtio_dev *vdpa_devices[VDPA_MAX_DEVICES];
static bool vdpa_has_doorbell[XVIO_VF_FIRST_DOORBELL]; /* it belongs to a device */
/* None below is free: where to begin to look. */
static uint32_t vdpa_free_id;
static uint32_t vdpa_free_doorbell;

void cmd_vdpa_start(void)
{
	memset(vdpa_devices, 0, sizeof(vdpa_devices));
	memset(vdpa_has_doorbell, 0, sizeof(vdpa_has_doorbell));
	vdpa_free_id = 0;
	vdpa_free_doorbell = VDPA_FIRST_DOORBELL;
}

unsigned cmd_vdpa_max(void)
{
	return VDPA_MAX_DEVICES;
}

struct virtio_dev *cmd_vdpa_find(uint32_t id)
{
	return id < VDPA_MAX_DEVICES ? vdpa_devices[id] : NULL;
}

static struct virtio_dev *vdpa_find_port(uint16_t port)
{
	return port >= XVIO_PORT_VDPA(0) ? cmd_vdpa_find(port - XVIO_PORT_VDPA(0)) : NULL;
}

void cmd_vdpa_log(const struct virtio_dev *dev, const char *what, uint64_t began_us)
{
	char line[80];
	struct fmt fmt = fmt_begin(line, sizeof(line));

	fmt_text(&fmt, "vdpa ");
	fmt_decimal(&fmt, dev->id);
	fmt_text(&fmt, ": ");
	fmt_text(&fmt, what);
	fmt_text(&fmt, ", ");
	fmt_decimal(&fmt, hal_time_us() - began_us);
	fmt_text(&fmt, " us");
	hal_log(line);
}

/* Creation and removal */

/* The first doorbells in a row that are free, from there on; 0: there are not as many. */
static uint32_t vdpa_take_doorbells(unsigned num)
{
	unsigned num_free = 0;

	for (uint32_t at = vdpa_free_doorbell; at < XVIO_VF_FIRST_DOORBELL; at++) {
		num_free = vdpa_has_doorbell[at] ? 0 : num_free + 1;
		if (num_free < num)
			continue;
		if (at + 1 - num == vdpa_free_doorbell)
			vdpa_free_doorbell = at + 1;
		memset(&vdpa_has_doorbell[at + 1 - num], true, num);
		return at + 1 - num;
	}
	return 0;
}

static unsigned vdpa_num_pairs(const struct xvio_cmd_vdpa_create *create)
{
	return create->queue_pairs ? create->queue_pairs : 1;
}

static bool vdpa_is_resumed(const struct xvio_cmd_vdpa_create *create)
{
	return create->flags & XVIO_VDPA_CREATE_F_RESUME;
}

static uint32_t vdpa_take_doorbells_at(uint32_t first, unsigned num)
{
	memset(&vdpa_has_doorbell[first], true, num);
	return first;
}

static bool vdpa_has_doorbells(uint32_t first, unsigned num)
{
	for (unsigned i = 0; i < num; i++)
		if (vdpa_has_doorbell[first + i])
			return true;
	return false;
}

static void vdpa_give_doorbells(const struct virtio_dev *dev)
{
	memset(&vdpa_has_doorbell[dev->queue_base], false, virtio_dev_num_queues(dev));
	vdpa_free_doorbell = bits_min(vdpa_free_doorbell, dev->queue_base);
}

/* Without being told, a device of one pair does not say that it could have more. */
static uint64_t vdpa_features(const struct xvio_cmd_vdpa_create *create)
{
	if (create->features)
		return create->features;
	return net_features_vdpa() & ~(create->queue_pairs > 1 ? 0 : VIRTIO_BIT(VIRTIO_NET_F_MQ));
}

/* Where a device is to be: nowhere yet, or where one of ours can have been. */
static unsigned vdpa_check_place(const struct xvio_cmd_vdpa_create *create, uint32_t *detail)
{
	const unsigned num_queues =
		virtio_dev_count_queues(vdpa_features(create), vdpa_num_pairs(create));
	const uint32_t dev = create->dev;
	const uint32_t base = create->queue_base;

	if (!vdpa_is_resumed(create)) {
		if (dev)
			return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, dev));
		if (base)
			return cmd_bad_value(detail,
					     offsetof(struct xvio_cmd_vdpa_create, queue_base));
		return XVIO_ST_OK;
	}
	if (dev >= VDPA_MAX_DEVICES)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, dev));
	if (base < VDPA_FIRST_DOORBELL || base > XVIO_VF_FIRST_DOORBELL - num_queues)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, queue_base));
	if (vdpa_devices[dev] || vdpa_has_doorbells(base, num_queues))
		return XVIO_ST_EXISTS;
	return XVIO_ST_OK;
}

static unsigned vdpa_check_create(const struct xvio_cmd_vdpa_create *create, uint32_t *detail)
{
	if (create->features & ~net_features_all())
		return cmd_unsupported(detail, offsetof(struct xvio_cmd_vdpa_create, features));
	if (create->features && (~create->features & NET_FEATURES_MUST ||
				 net_features_whole(create->features) != create->features))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, features));
	if (!cmd_is_zero(create->mac, 6) && !cmd_is_station_mac(create->mac))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, mac));
	if (create->mtu && !cmd_is_mtu(create->mtu))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, mtu));
	if (create->queue_pairs > virtio_dev_max_pairs(vdpa_features(create)))
		return cmd_unsupported(detail, offsetof(struct xvio_cmd_vdpa_create, queue_pairs));
	if (create->flags & ~XVIO_VDPA_CREATE_F_RESUME)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, flags));
	if (create->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_create, reserved));
	return vdpa_check_place(create, detail);
}

static bool vdpa_add_port(uint16_t port, const struct xvio_cmd_vdpa_create *create)
{
	uint8_t mac[6];

	cmd_derive_mac(port, mac);
	if (!vnet_add(port, worker_choose(port), cmd_is_zero(create->mac, 6) ? mac : create->mac,
		      create->mtu ? create->mtu : CMD_DEFAULT_MTU))
		return false;
	port_set_admin(port, true);
	return true;
}

/* The host reads the configuration when it is asked for it: what a driver changed itself is no news. */
static uint8_t vdpa_run_command(void *arg, const uint8_t *cmd, uint32_t cmd_bytes, uint8_t *reply,
				uint32_t *reply_bytes)
{
	struct virtio_dev *dev = arg;
	struct virtio_net_config before, after;
	uint8_t ack;

	net_ctrl_fill_config(&dev->net, &before);
	ack = net_ctrl_run(&dev->net, cmd, cmd_bytes, reply, reply_bytes);
	net_ctrl_fill_config(&dev->net, &after);
	if (memcmp(&before, &after, sizeof(before)) != 0)
		dev->generation++;
	net_ctrl_keep(&dev->net);
	return ack;
}

static const struct virtio_ctrlq_interpreter vdpa_interpreter = {
	.run = vdpa_run_command,
	.ack_is_last = net_ctrl_ack_is_last,
};

static struct virtio_dev *vdpa_add(uint32_t id, const struct xvio_cmd_vdpa_create *create)
{
	struct virtio_dev *dev = heap_alloc(sizeof(*dev));
	unsigned num_queues;

	if (!dev)
		return NULL;
	dev->offered = vdpa_features(create);
	dev->num_pairs = (uint16_t)vdpa_num_pairs(create);
	num_queues = virtio_dev_num_queues(dev);
	dev->id = id;
	dev->port = (uint16_t)XVIO_PORT_VDPA(id);
	dev->function = XVIO_FUNCTION_PF;
	dev->resumed = vdpa_is_resumed(create);
	dev->queue_base = dev->resumed ? vdpa_take_doorbells_at(create->queue_base, num_queues)
				       : vdpa_take_doorbells(num_queues);
	if (!dev->queue_base)
		goto free_dev;
	for (unsigned i = 0; i < XVIO_VDPA_NUM_SPACES; i++)
		dev->map[i] = iotlb_empty();
	if (!vdpa_add_port(dev->port, create))
		goto give_doorbells;
	virtio_dev_bind_doorbells(dev, num_queues);
	dev->interpreter = &vdpa_interpreter;
	dev->interpreter_arg = dev;
	net_ctrl_init(&dev->net, dev->port, dev->num_pairs);
	if (!dev->resumed)
		keep_forget(KEEP_NET, dev->port);
	return dev;

give_doorbells:
	vdpa_give_doorbells(dev);
free_dev:
	heap_free(dev);
	return NULL;
}

static void vdpa_remove(struct virtio_dev *dev)
{
	vdpa_devices[dev->id] = NULL;
	vdpa_free_id = bits_min(vdpa_free_id, dev->id);
	virtio_dev_set_status(dev, 0);
	vnet_remove(dev->port);
	for (unsigned i = 0; i < XVIO_VDPA_NUM_SPACES; i++)
		iotlb_destroy(dev->map[i]);
	vdpa_give_doorbells(dev);
	heap_free(dev);
}

/* VDPA_MAX_DEVICES: there are as many as there can be. */
static uint32_t vdpa_choose_id(const struct xvio_cmd_vdpa_create *create)
{
	if (vdpa_is_resumed(create))
		return create->dev;
	while (vdpa_free_id < VDPA_MAX_DEVICES && vdpa_devices[vdpa_free_id])
		vdpa_free_id++;
	return vdpa_free_id;
}

unsigned cmd_vdpa_create(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_create *create = request;
	struct xvio_vdpa_created *created = response;
	const unsigned status = vdpa_check_create(create, detail);
	uint32_t id;

	if (status != XVIO_ST_OK)
		return status;
	id = vdpa_choose_id(create);
	if (id == VDPA_MAX_DEVICES)
		return XVIO_ST_NO_SPACE;
	vdpa_devices[id] = vdpa_add(id, create);
	if (!vdpa_devices[id])
		return XVIO_ST_NO_SPACE;
	created->dev = id;
	created->port = vdpa_devices[id]->port;
	created->num_queues = (uint16_t)virtio_dev_num_queues(vdpa_devices[id]);
	created->queue_base = vdpa_devices[id]->queue_base;
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_destroy(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;
	struct virtio_dev *dev = cmd_vdpa_find(object->id);

	(void)response;
	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	vdpa_remove(dev);
	return XVIO_ST_OK;
}

void cmd_vdpa_reset(void)
{
	for (uint32_t id = 0; id < VDPA_MAX_DEVICES; id++)
		if (vdpa_devices[id])
			vdpa_remove(vdpa_devices[id]);
}

/* Status, features, configuration */

unsigned cmd_vdpa_set_status(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_status *set = request;
	struct xvio_cmd_vdpa_status *now = response;
	struct virtio_dev *dev = cmd_vdpa_find(set->dev);
	const uint64_t began_us = hal_time_us();
	uint8_t before;
	unsigned status;

	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	if (!cmd_is_zero(set->reserved, sizeof(set->reserved)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_status, reserved));
	before = dev->status;
	status = virtio_dev_set_status(dev, set->status);
	if (dev->status & ~before & VIRTIO_STATUS_DRIVER_OK)
		cmd_vdpa_log(dev, "driver ok", began_us);
	if (before && !dev->status)
		cmd_vdpa_log(dev, "reset", began_us);
	if (status == XVIO_ST_BAD_VALUE)
		*detail = offsetof(struct xvio_cmd_vdpa_status, status);
	now->dev = dev->id;
	now->status = dev->status;
	return status;
}

unsigned cmd_vdpa_get_status(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;
	struct xvio_cmd_vdpa_status *now = response;
	const struct virtio_dev *dev = cmd_vdpa_find(object->id);

	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	now->dev = dev->id;
	now->status = dev->status;
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_set_features(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_features *set = request;
	struct virtio_dev *dev = cmd_vdpa_find(set->dev);
	unsigned status;

	(void)response;
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	if (set->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_features, reserved));
	status = virtio_dev_set_features(dev, set->features);
	if (status == XVIO_ST_BAD_VALUE)
		*detail = offsetof(struct xvio_cmd_vdpa_features, features);
	return status;
}

unsigned cmd_vdpa_get_config(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;
	struct xvio_vdpa_config *config = response;
	const struct virtio_dev *dev = cmd_vdpa_find(object->id);
	struct virtio_net_config net;

	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	net_ctrl_fill_config(&dev->net, &net);
	memcpy(config->mac, net.mac, sizeof(config->mac));
	config->status = net.status;
	config->max_virtqueue_pairs = net.max_virtqueue_pairs;
	config->mtu = net.mtu;
	config->speed_mbps = net.speed;
	config->duplex = net.duplex;
	config->rss_max_key_bytes = net.rss_max_key_size;
	config->rss_max_table = net.rss_max_indirection_table_length;
	config->hash_types = net.supported_hash_types;
	config->generation = dev->generation;
	config->features = dev->offered;
	return XVIO_ST_OK;
}

unsigned cmd_vdpa_set_config(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_config *set = request;
	struct virtio_dev *dev = cmd_vdpa_find(set->dev);

	(void)response;
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	if (!cmd_is_station_mac(set->mac))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_config, mac));
	if (!cmd_is_zero(set->reserved, sizeof(set->reserved)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_config, reserved));
	port_set_mac(dev->port, set->mac);
	net_ctrl_port_changed(&dev->net);
	net_ctrl_keep(&dev->net);
	dev->generation++;
	return XVIO_ST_OK;
}

/* Moving to another device */

unsigned cmd_vdpa_suspend(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vdpa_suspend *set = request;
	struct virtio_dev *dev = cmd_vdpa_find(set->dev);
	const uint64_t began_us = hal_time_us();
	unsigned status;

	(void)response;
	if (!dev)
		return XVIO_ST_BAD_OBJECT;
	if (set->suspended > 1)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_suspend, suspended));
	if (!cmd_is_zero(set->reserved, sizeof(set->reserved)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vdpa_suspend, reserved));
	status = virtio_dev_suspend(dev, set->suspended);
	if (status == XVIO_ST_OK)
		cmd_vdpa_log(dev, set->suspended ? "suspended" : "resumed", began_us);
	return status;
}

/* News from elsewhere on core 0 */

void cmd_vdpa_port_changed(uint16_t port)
{
	struct virtio_dev *dev = vdpa_find_port(port);

	if (!dev)
		return;
	net_ctrl_port_changed(&dev->net);
	net_ctrl_keep(&dev->net);
	dev->generation++;
	event_post(XVIO_EVENT_VDPA_CONFIG, dev->id, 0);
}

void cmd_vdpa_queue_error(uint16_t port, uint32_t object, uint32_t error)
{
	struct virtio_dev *dev = vdpa_find_port(port);

	if (!dev || object < dev->queue_base ||
	    object - dev->queue_base >= virtio_dev_num_queues(dev))
		return;
	if (!virtio_dev_queue_error(dev, object - dev->queue_base, error))
		return;
	event_post(XVIO_EVENT_QUEUE_ERROR, object, error);
	event_post(XVIO_EVENT_VDPA_CONFIG, dev->id, 0);
}
