/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Registers of virtio devices on PCI. Called by cmd_vf.c on core 0. What a driver writes is remembered
 * here and means something once it goes to the state machine (virtio_dev.h); after each write the whole
 * page is made anew, so that it cannot lag behind, and so is what is kept of it for a restart.
 */
#include "ctrl/virtio_pci.h"
#include "ctrl/cmd.h"
#include "ctrl/net_ctrl_keep.h"
#include "ctrl/virtio_pci_keep.h"
#include "hal/hal.h"
#include "path/port.h"
#include <string.h>
#include <xvio/pci.h>
#include <xvio/virtio.h>

_Static_assert(offsetof(struct virtio_pci_common, unused) == XVIO_VF_COMMON_BYTES,
	       "common configuration");
_Static_assert(sizeof(struct virtio_net_config) == XVIO_VF_DEVICE_BYTES, "device configuration");

static struct virtio_vq *pci_selected(struct virtio_pci *pci)
{
	if (pci->queue_select >= virtio_dev_num_queues(&pci->dev))
		return NULL;
	return &pci->setup[pci->queue_select];
}

static uint32_t pci_feature_word(uint64_t features, uint32_t select)
{
	return select < 2 ? (uint32_t)(features >> 32 * select) : 0;
}

/* A queue that is not there has size 0 (4.1.4.3). */
static void pci_show_queue(struct virtio_pci *pci, struct virtio_pci_common *common)
{
	const struct virtio_vq *vq = pci_selected(pci);

	if (!vq)
		return;
	common->queue_size = vq->size;
	common->queue_msix_vector = vq->vector;
	common->queue_enable = pci->dev.vq[pci->queue_select].ready;
	common->queue_notify_off = pci->queue_select;
	common->queue_desc = vq->desc_iova;
	common->queue_driver = vq->driver_iova;
	common->queue_device = vq->device_iova;
}

static void pci_show(struct virtio_pci *pci)
{
	struct virtio_pci_common common = {
		.device_feature_select = pci->device_feature_select,
		.device_feature = pci_feature_word(pci->dev.offered, pci->device_feature_select),
		.driver_feature_select = pci->driver_feature_select,
		.driver_feature =
			pci_feature_word(pci->driver_features, pci->driver_feature_select),
		.config_msix_vector = pci->config_vector,
		.num_queues = (uint16_t)virtio_dev_num_queues(&pci->dev),
		.device_status = pci->dev.status,
		.config_generation = (uint8_t)pci->dev.generation,
		.queue_select = pci->queue_select,
	};

	pci_show_queue(pci, &common);
	memcpy(pci->page + XVIO_VF_COMMON, &common, sizeof(common));
	virtio_pci_keep(pci);
}

static void pci_show_config(struct virtio_pci *pci)
{
	struct virtio_net_config config;

	net_ctrl_fill_config(&pci->dev.net, &config);
	memcpy(pci->page + XVIO_VF_DEVICE, &config, sizeof(config));
}

/* A driver that is not set up yet finds what there is; one that is gets an interrupt (2.3, 4.1.5.3). */
static void pci_notify_config(struct virtio_pci *pci)
{
	if (pci->dev.status & VIRTIO_STATUS_DRIVER_OK && pci->config_vector != VIRTIO_MSI_NO_VECTOR)
		hal_msix(pci->dev.function, pci->config_vector);
}

/* What the driver wants cannot be had, and it is not the kind to ask whether it could (2.1.2). */
static void pci_needs_reset(struct virtio_pci *pci)
{
	pci->dev.status |= VIRTIO_STATUS_NEEDS_RESET;
	pci_show(pci);
	pci_notify_config(pci);
}

static const struct virtio_vq pci_no_setup = {
	.size = VIRTIO_PCI_QUEUE_SIZE,
	.vector = VIRTIO_MSI_NO_VECTOR,
};

void virtio_pci_reset(struct virtio_pci *pci)
{
	virtio_dev_set_status(&pci->dev, 0);
	pci->device_feature_select = 0;
	pci->driver_feature_select = 0;
	pci->driver_features = 0;
	pci->config_vector = VIRTIO_MSI_NO_VECTOR;
	pci->queue_select = 0;
	for (unsigned i = 0; i < VIRTIO_DEV_MAX_QUEUES; i++)
		pci->setup[i] = pci_no_setup;
	pci_show_config(pci);
	pci_show(pci);
}

void virtio_pci_begin(struct virtio_pci *pci, bool resume)
{
	if (!resume || !virtio_pci_recall(pci)) {
		virtio_pci_reset(pci);
		return;
	}
	pci_show_config(pci);
	pci_show(pci);
	if (pci->dev.status & VIRTIO_STATUS_NEEDS_RESET)
		pci_notify_config(pci);
}

/* Fields */

static void pci_write_driver_feature(struct virtio_pci *pci, uint32_t value)
{
	const unsigned shift = 32 * pci->driver_feature_select;

	if (pci->driver_feature_select >= 2 || pci->dev.status & VIRTIO_STATUS_FEATURES_OK)
		return;
	pci->driver_features &= ~(UINT64_C(0xffffffff) << shift);
	pci->driver_features |= (uint64_t)value << shift;
}

static void pci_write_status(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_dev *dev = &pci->dev;
	uint8_t status = (uint8_t)value;

	if (!status) {
		virtio_pci_reset(pci);
		return;
	}
	if (status & VIRTIO_STATUS_FEATURES_OK && !(dev->status & VIRTIO_STATUS_FEATURES_OK) &&
	    virtio_dev_set_features(dev, pci->driver_features) != XVIO_ST_OK)
		status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK; /* stays clear: the driver looks */
	if (virtio_dev_set_status(dev, status) == XVIO_ST_NO_SPACE)
		pci_needs_reset(pci);
}

/* A vector that does not exist reads back as none (4.1.5.1.2). */
static uint16_t pci_vector(uint32_t value)
{
	return value < XVIO_VF_NUM_MSIX ? (uint16_t)value : VIRTIO_MSI_NO_VECTOR;
}

/* The selected queue's, NULL if it may not be changed: enabled, or not there. */
static struct virtio_vq *pci_changeable(struct virtio_pci *pci)
{
	struct virtio_vq *vq = pci_selected(pci);

	return vq && !pci->dev.vq[pci->queue_select].ready ? vq : NULL;
}

static void pci_write_queue_size(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_vq *vq = pci_changeable(pci);

	if (vq && value <= VIRTIO_PCI_QUEUE_SIZE)
		vq->size = (uint16_t)value;
}

static void pci_write_queue_vector(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_vq *vq = pci_changeable(pci);

	if (vq)
		vq->vector = pci_vector(value);
}

/* Only 1 has a meaning (4.1.4.3.2). */
static void pci_write_queue_enable(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_vq *vq = pci_changeable(pci);
	struct cmd_ring ring;

	if (!vq || value != 1)
		return;
	vq->last_avail = virtio_dev_first_avail(&pci->dev);
	ring = (struct cmd_ring){
		.packed = virtio_dev_is_packed(&pci->dev),
		.size = vq->size,
		.vector = vq->vector,
		.desc = vq->desc_iova,
		.driver = vq->driver_iova,
		.device = vq->device_iova,
	};
	if (cmd_check_ring(&ring) != CMD_RING_OK ||
	    virtio_dev_ready_queue(&pci->dev, pci->queue_select, vq) != XVIO_ST_OK)
		pci_needs_reset(pci);
}

/*
 * The queue is stopped and its registers are as at the start when this returns, before which no register
 * is read: queue_reset never reads 1 (2.6.1, 4.1.4.3.1).
 */
static void pci_write_queue_reset(struct virtio_pci *pci, uint32_t value)
{
	struct virtio_vq *vq = pci_selected(pci);

	if (!vq || value != 1 || !(pci->dev.accepted & VIRTIO_BIT(VIRTIO_F_RING_RESET)))
		return;
	virtio_dev_unready_queue(&pci->dev, pci->queue_select);
	*vq = pci_no_setup;
}

/* Half a queue address, as the driver writes them. */
static void pci_write_queue_address(struct virtio_pci *pci, unsigned half, uint32_t value)
{
	struct virtio_vq *vq = pci_changeable(pci);
	uint64_t *address;

	if (!vq)
		return;
	address = half < 2 ? &vq->desc_iova : half < 4 ? &vq->driver_iova : &vq->device_iova;
	if (half % 2)
		*address = (*address & UINT32_MAX) | (uint64_t)value << 32;
	else
		*address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

#define FIELD(offset, size_bytes) ((offset) << 4 | (size_bytes))
#define FIELD_OF(member)                                  \
	FIELD(offsetof(struct virtio_pci_common, member), \
	      sizeof(((struct virtio_pci_common *)0)->member))

static void pci_write_common(struct virtio_pci *pci, uint32_t offset, uint32_t size_bytes,
			     uint32_t value)
{
	switch (FIELD(offset, size_bytes)) {
	case FIELD_OF(device_feature_select):
		pci->device_feature_select = value;
		break;
	case FIELD_OF(driver_feature_select):
		pci->driver_feature_select = value;
		break;
	case FIELD_OF(driver_feature):
		pci_write_driver_feature(pci, value);
		break;
	case FIELD_OF(config_msix_vector):
		pci->config_vector = pci_vector(value);
		break;
	case FIELD_OF(device_status):
		pci_write_status(pci, value);
		break;
	case FIELD_OF(queue_select):
		pci->queue_select = (uint16_t)value;
		break;
	case FIELD_OF(queue_size):
		pci_write_queue_size(pci, value);
		break;
	case FIELD_OF(queue_msix_vector):
		pci_write_queue_vector(pci, value);
		break;
	case FIELD_OF(queue_enable):
		pci_write_queue_enable(pci, value);
		break;
	case FIELD_OF(queue_reset):
		pci_write_queue_reset(pci, value);
		break;
	}
}

void virtio_pci_write(struct virtio_pci *pci, uint32_t offset, uint32_t size_bytes, uint32_t value)
{
	const uint32_t addresses = offsetof(struct virtio_pci_common, queue_desc);
	const uint32_t behind = offsetof(struct virtio_pci_common, queue_notify_data);

	if (offset >= XVIO_VF_COMMON_BYTES)
		return; /* the device's configuration is read-only */
	if (offset < addresses || offset >= behind)
		pci_write_common(pci, offset, size_bytes, value);
	else if (size_bytes == 4 && offset % 4 == 0)
		pci_write_queue_address(pci, (offset - addresses) / 4, value);
	pci_show(pci);
}

/* News from elsewhere on core 0 */

/* Before and after: a driver that reads meanwhile sees another number than at its start. */
static void pci_change_config(struct virtio_pci *pci)
{
	pci->dev.generation++;
	pci_show(pci);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pci_show_config(pci);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pci->dev.generation++;
	pci_show(pci);
}

void virtio_pci_config_changed(struct virtio_pci *pci)
{
	net_ctrl_port_changed(&pci->dev.net);
	net_ctrl_keep(&pci->dev.net);
	pci_change_config(pci);
	pci_notify_config(pci);
}

/* What a driver changed itself is to be seen when its command is used, and is no news (5.1.6.5.2.1). */
static uint8_t pci_run_command(void *arg, const uint8_t *cmd, uint32_t cmd_bytes, uint8_t *reply,
			       uint32_t *reply_bytes)
{
	struct virtio_pci *pci = arg;
	struct virtio_net_config config;
	uint8_t ack = net_ctrl_run(&pci->dev.net, cmd, cmd_bytes, reply, reply_bytes);

	net_ctrl_keep(&pci->dev.net);
	net_ctrl_fill_config(&pci->dev.net, &config);
	if (memcmp(pci->page + XVIO_VF_DEVICE, &config, sizeof(config)) != 0)
		pci_change_config(pci);
	return ack;
}

const struct virtio_ctrlq_interpreter virtio_pci_interpreter = {
	.run = pci_run_command,
	.ack_is_last = net_ctrl_ack_is_last,
};

bool virtio_pci_queue_error(struct virtio_pci *pci, unsigned index, uint32_t error)
{
	if (!virtio_dev_queue_error(&pci->dev, index, error))
		return false;
	pci_show(pci);
	pci_notify_config(pci);
	return true;
}
