/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The hostile VF's registers (hostile.h). What the shadow model has to know is read back after
 * each write, as a driver might: which queues the device says are enabled, and with what.
 */
#include <stddef.h>
#include <string.h>
#include <xvio/pci.h>
#include "ctrl/ctrl.h"
#include "device/honest.h"
#include "device/hostile.h"
#include "device/shadow.h"
#include "device/world.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"

#define COMMON(member) offsetof(struct virtio_pci_common, member)
#define WR(member, value) \
	hostile_vf_write(COMMON(member), sizeof(((struct virtio_pci_common *)0)->member), value)

/* As last shown. */
static struct {
	uint8_t status;
	uint32_t features[2];
	bool enabled[SHADOW_QUEUES];
	bool running[SHADOW_QUEUES];
	struct shadow_config queue[SHADOW_QUEUES];
} vf;

static struct virtio_pci_common vf_shown(void)
{
	struct virtio_pci_common common;

	memcpy(&common, (const uint8_t *)hal_vf_page(WORLD_VF) + XVIO_VF_COMMON, sizeof(common));
	return common;
}

static bool vf_has(unsigned feature)
{
	return vf.features[feature / 32] >> feature % 32 & 1;
}

static void vf_start(unsigned i)
{
	struct shadow_config config = vf.queue[i];

	config.packed = vf_has(VIRTIO_F_RING_PACKED);
	config.in_order = vf_has(VIRTIO_F_IN_ORDER);
	config.last_avail = config.packed ? VIRTQ_PACKED_WRAP : 0;
	vf.running[i] = true;
	shadow_start(false, i, &config);
}

static void vf_stop(unsigned i)
{
	vf.running[i] = false;
	shadow_stop(false, i);
}

/* Queues that may run once the write is carried out must be known before it is. */
static void vf_before(uint32_t offset, unsigned size_bytes, uint32_t value)
{
	const struct virtio_pci_common common = vf_shown();
	bool live = vf.status & VIRTIO_STATUS_DRIVER_OK;
	unsigned i;

	if (offset == COMMON(queue_enable) && size_bytes == 2 && value == 1 &&
	    common.queue_select < SHADOW_QUEUES)
		vf.enabled[common.queue_select] = true;
	if (offset == COMMON(config_msix_vector) && size_bytes == 2)
		shadow_set_config_vector(common.config_msix_vector, (uint16_t)value);
	if (offset == COMMON(device_status) && size_bytes == 1)
		live |= value & VIRTIO_STATUS_DRIVER_OK;
	for (i = 0; i < SHADOW_QUEUES; i++) {
		if (vf.enabled[i] && live && !vf.running[i])
			vf_start(i);
	}
}

static void vf_after(void)
{
	const struct virtio_pci_common common = vf_shown();
	unsigned i;

	vf.status = common.device_status;
	if (common.driver_feature_select < 2)
		vf.features[common.driver_feature_select] = common.driver_feature;
	if (!vf.status) {
		memset(vf.features, 0, sizeof(vf.features));
		memset(vf.enabled, 0, sizeof(vf.enabled));
	}
	shadow_set_config_vector(common.config_msix_vector, common.config_msix_vector);
	if (common.queue_select < SHADOW_QUEUES) {
		vf.enabled[common.queue_select] = common.queue_enable;
		vf.queue[common.queue_select] = (struct shadow_config){
			.size = common.queue_size,
			.vector = common.queue_msix_vector,
			.desc = common.queue_desc,
			.driver = common.queue_driver,
			.device = common.queue_device,
		};
	}
	for (i = 0; i < SHADOW_QUEUES; i++) {
		if (vf.running[i] && !(vf.enabled[i] && vf.status & VIRTIO_STATUS_DRIVER_OK))
			vf_stop(i);
	}
}

void hostile_vf_begin(void)
{
	memset(&vf, 0, sizeof(vf));
	vf_after();
}

void hostile_vf_write(uint32_t offset, unsigned size_bytes, uint32_t value)
{
	vf_before(offset, size_bytes, value);
	fake_vf_write(WORLD_VF, offset, size_bytes, value);
	ctrl_poll();
	vf_after();
}

/* A function that is reset does no DMA any more, whatever it was about to do. */
void hostile_vf_reset(void)
{
	fake_vf_reset(WORLD_VF);
	ctrl_poll();
	vf_after();
	world_check(!vf.status, "a reset function has a status");
}

void hostile_vf_replace(void)
{
	world_set_vfs(false);
	vf_after();
	world_check(!vf_shown().num_queues, "a function that is not there has queues");
	world_set_vfs(true);
	vf_after();
}

static void vf_write_address(uint32_t offset, uint64_t address)
{
	hostile_vf_write(offset, 4, (uint32_t)address);
	hostile_vf_write(offset + 4, 4, (uint32_t)(address >> 32));
}

/* An address as planned, or what is wrong with it. */
static uint64_t vf_address(const struct hostile_plan *plan, enum hostile_flaw part,
			   uint64_t address)
{
	if (plan->flaw == HOSTILE_FLAW_HIGH)
		return (uint32_t)address | (uint64_t)plan->value << 32;
	return plan->flaw == part ? plan->value : address;
}

void hostile_vf_set_queue(struct hostile *hostile, unsigned number, const struct hostile_plan *plan)
{
	const uint64_t addr = hostile->addr + number * RING_BYTES;
	const uint16_t size = plan->flaw == HOSTILE_FLAW_SIZE ? (uint16_t)plan->value : plan->size;

	WR(queue_select, hostile->index[number]);
	WR(queue_size, size);
	WR(queue_msix_vector,
	   plan->flaw == HOSTILE_FLAW_VECTOR ? plan->value : plan->vector + number);
	vf_write_address(COMMON(queue_desc), vf_address(plan, HOSTILE_FLAW_DESC, addr + RING_DESC));
	vf_write_address(COMMON(queue_driver),
			 vf_address(plan, HOSTILE_FLAW_DRIVER, addr + RING_DRIVER));
	vf_write_address(COMMON(queue_device),
			 vf_address(plan, HOSTILE_FLAW_DEVICE, addr + RING_DEVICE));
	WR(queue_enable, 1);
}

/* The third is the control queue: behind all pairs that there are, or behind the first (5.1.2). */
static void vf_choose_queues(struct hostile *hostile, uint64_t features)
{
	const uint16_t num_queues = vf_shown().num_queues;
	const bool has_pairs =
		features & (VIRTIO_BIT(VIRTIO_NET_F_MQ) | VIRTIO_BIT(VIRTIO_NET_F_RSS));

	hostile->index[0] = 0;
	hostile->index[1] = 1;
	hostile->index[2] = has_pairs && num_queues > 2 ? num_queues - 1u : 2;
	if (hostile->index[2] >= SHADOW_QUEUES)
		hostile->index[2] = 2;
}

void hostile_vf_set_up(struct hostile *hostile, const struct hostile_plan *plan)
{
	uint64_t features = honest_offered(WORLD_VF) & plan->features;
	unsigned i;

	features |= VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM);
	vf_choose_queues(hostile, features);
	hostile->hdr_bytes = features & VIRTIO_BIT(VIRTIO_NET_F_HASH_REPORT)
				     ? sizeof(struct virtio_net_hdr_hash)
				     : sizeof(struct virtio_net_hdr);
	WR(device_status, 1);
	WR(device_status, 3);
	WR(driver_feature_select, 0);
	WR(driver_feature, (uint32_t)features);
	WR(driver_feature_select, 1);
	WR(driver_feature, (uint32_t)(features >> 32));
	WR(device_status, 0xb);
	WR(config_msix_vector, plan->vector);
	for (i = 0; i < HOSTILE_QUEUES; i++) {
		ring_init(&hostile->ring[i], hostile->memory + i * RING_BYTES,
			  hostile->addr + i * RING_BYTES, plan->size,
			  features & VIRTIO_BIT(VIRTIO_F_RING_PACKED));
		hostile->ring[i].in_order = features & VIRTIO_BIT(VIRTIO_F_IN_ORDER);
		if (plan->flaw != HOSTILE_FLAW_SKIP || plan->value % HOSTILE_QUEUES != i)
			hostile_vf_set_queue(hostile, i, plan);
	}
	WR(device_status, plan->flaw == HOSTILE_FLAW_STATUS ? plan->value : 0xf);
}
