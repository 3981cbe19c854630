/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The registers of VFs as their drivers use them (virtio 1.2, 3.1.1 and 4.1.4.3). Each write is carried out when
 * it returns: as if the driver read something after it.
 */
#ifndef TESTS_UNIT_CTRL_VF_REGS_H
#define TESTS_UNIT_CTRL_VF_REGS_H

#include "card.h"
#include "common/driver.h"
#include "ctrl/virtio_pci.h"

#define VF_FIELD(member) \
	offsetof(struct virtio_pci_common, member), sizeof(((struct virtio_pci_common *)0)->member)
#define VF_WR(vf, member, value) vf_write(vf, VF_FIELD(member), value)
#define VF_RD(vf, member)	 fake_vf_read(vf, VF_FIELD(member))

/* Address registers, by halves. */
#define VF_WR_ADDRESS(vf, member, address) \
	vf_write_address(vf, offsetof(struct virtio_pci_common, member), address)

static inline void vf_write(unsigned vf, uint32_t offset, unsigned size_bytes, uint32_t value)
{
	fake_vf_write(vf, offset, size_bytes, value);
	ctrl_poll();
}

static inline void vf_write_address(unsigned vf, uint32_t offset, uint64_t address)
{
	vf_write(vf, offset, 4, (uint32_t)address);
	vf_write(vf, offset + 4, 4, (uint32_t)(address >> 32));
}

static inline void vf_write_features(unsigned vf, uint64_t features)
{
	VF_WR(vf, driver_feature_select, 0);
	VF_WR(vf, driver_feature, (uint32_t)features);
	VF_WR(vf, driver_feature_select, 1);
	VF_WR(vf, driver_feature, (uint32_t)(features >> 32));
}

/* After a reset: whether the device goes along with the features. */
static inline bool vf_accept_features(unsigned vf, uint64_t features)
{
	VF_WR(vf, device_status, 3);
	vf_write_features(vf, features);
	VF_WR(vf, device_status, 11);
	return VF_RD(vf, device_status) == 11;
}

static inline void vf_set_up_queue(unsigned vf, unsigned index, unsigned vector,
				   const struct driver *driver)
{
	VF_WR(vf, queue_select, index);
	VF_WR(vf, queue_size, driver->size);
	VF_WR(vf, queue_msix_vector, vector);
	VF_WR_ADDRESS(vf, queue_desc, driver->iova + DRIVER_DESC_OFFSET);
	VF_WR_ADDRESS(vf, queue_driver, driver->iova + DRIVER_RING_OFFSET);
	VF_WR_ADDRESS(vf, queue_device, driver->iova + DRIVER_USED_OFFSET);
	VF_WR(vf, queue_enable, 1);
	assert_int_equal(VF_RD(vf, queue_enable), 1);
}

/* DRIVER_OK, after all that. */
static inline void vf_run(unsigned vf)
{
	VF_WR(vf, device_status, 15);
	assert_int_equal(VF_RD(vf, device_status), 15);
}

#endif
