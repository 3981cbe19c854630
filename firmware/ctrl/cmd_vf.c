/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Virtual functions: how many there are (a command of the PF's driver), and what their drivers write
 * to their registers. Called by the mailbox and the control loop on core 0. What a register means is in
 * virtio_pci.c.
 */
#include "ctrl/cmd.h"
#include "ctrl/event.h"
#include "ctrl/keep.h"
#include "ctrl/net_features.h"
#include "ctrl/vf_admin.h"
#include "ctrl/virtio_pci.h"
#include "ctrl/virtio_pci_keep.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/port.h"
#include "path/vnet.h"
#include "path/worker.h"
#include <string.h>
#include <xvio/event.h>
#include <xvio/pci.h>

/* Accesses carried out before others have their turn. */
#define VF_BURST 64u

/* 0 .. vf_num - 1 are there. */
static struct virtio_pci *vf_devices[XVIO_NUM_VFS];
static unsigned vf_num;

_Static_assert(XVIO_NUM_VFS <= XVIO_MAX_VFS, "each VF has a port");
_Static_assert(VIRTIO_DEV_MAX_QUEUES <= XVIO_VF_MAX_QUEUES, "each queue has a doorbell");

void cmd_vf_start(void)
{
	memset(vf_devices, 0, sizeof(vf_devices));
	vf_num = 0;
}

static struct virtio_pci *vf_find(unsigned n)
{
	return n < vf_num ? vf_devices[n] : NULL;
}

static struct virtio_pci *vf_find_port(uint16_t port)
{
	return port >= XVIO_PORT_VF(0) ? vf_find(port - XVIO_PORT_VF(0)) : NULL;
}

static void vf_trust(struct virtio_pci *pci)
{
	net_ctrl_set_trust(&pci->dev.net, vf_admin_may_set_mac(pci->dev.port),
			   vf_admin_may_be_promiscuous(pci->dev.port));
}

static struct virtio_pci *vf_create(unsigned n, bool resume)
{
	const uint16_t port = (uint16_t)XVIO_PORT_VF(n);
	struct virtio_pci *pci = heap_alloc(sizeof(*pci));
	uint8_t mac[6];

	if (!pci)
		return NULL;
	cmd_derive_mac(port, mac);
	if (!vnet_add(port, worker_choose(port), mac, CMD_DEFAULT_MTU)) {
		heap_free(pci);
		return NULL;
	}
	port_set_admin(port, true);
	vf_admin_reset(n);
	pci->page = hal_vf_page(n);
	pci->dev.id = n;
	pci->dev.port = port;
	pci->dev.function = (uint16_t)XVIO_FUNCTION_VF(n);
	pci->dev.queue_base = XVIO_VF_DOORBELL(n, 0);
	pci->dev.offered = net_features_vf();
	pci->dev.num_pairs = (uint16_t)virtio_dev_max_pairs(pci->dev.offered);
	/* A VF's addresses are the bus's, the IOMMU guards them; its queues never leave the first space. */
	pci->dev.map[0] = iotlb_identity();
	pci->dev.map[1] = iotlb_empty();
	virtio_dev_bind_doorbells(&pci->dev, XVIO_VF_MAX_QUEUES); /* all that its BAR has */
	pci->dev.interpreter = &virtio_pci_interpreter;
	pci->dev.interpreter_arg = pci;
	net_ctrl_init(&pci->dev.net, port, pci->dev.num_pairs);
	vf_trust(pci);
	virtio_pci_begin(pci, resume);
	return pci;
}

/* Registers of a function that is not there read 0: no queue, no feature. */
static void vf_destroy(struct virtio_pci *pci)
{
	virtio_dev_set_status(&pci->dev, 0);
	vnet_remove(pci->dev.port);
	keep_forget(KEEP_PCI, pci->dev.id);
	memset(pci->page, 0, XVIO_VF_REGS_BYTES);
	heap_free(pci);
}

static void vf_shrink(unsigned num)
{
	while (vf_num > num)
		vf_destroy(vf_devices[--vf_num]);
}

unsigned cmd_vf_set_num(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vf_num *set = request;
	const unsigned before = vf_num;

	(void)response;
	if (set->flags & ~XVIO_VF_NUM_F_RESUME)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vf_num, flags));
	if (set->num > XVIO_NUM_VFS)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vf_num, num));
	vf_shrink(set->num);
	for (; vf_num < set->num; vf_num++) {
		vf_devices[vf_num] = vf_create(vf_num, set->flags & XVIO_VF_NUM_F_RESUME);
		if (!vf_devices[vf_num]) {
			vf_shrink(before);
			return XVIO_ST_NO_SPACE;
		}
	}
	return XVIO_ST_OK;
}

void cmd_vf_reset(void)
{
	vf_shrink(0);
}

void cmd_vf_poll(void)
{
	struct hal_vf_access access;

	for (unsigned i = 0; i < VF_BURST && hal_vf_take(&access); i++) {
		struct virtio_pci *pci = vf_find(access.vf);

		if (pci && access.is_reset)
			virtio_pci_reset(pci);
		else if (pci)
			virtio_pci_write(pci, access.offset, access.size_bytes, access.value);
		hal_vf_done();
	}
}

/* News from elsewhere on core 0 */

void cmd_vf_admin_changed(uint16_t port)
{
	struct virtio_pci *pci = vf_find_port(port);

	if (!pci)
		return;
	vf_trust(pci);
	virtio_pci_keep(pci);
}

void cmd_vf_port_changed(uint16_t port)
{
	struct virtio_pci *pci = vf_find_port(port);

	if (!pci)
		return;
	vf_trust(pci);
	virtio_pci_config_changed(pci);
}

void cmd_vf_queue_error(uint16_t port, uint32_t object, uint32_t error)
{
	struct virtio_pci *pci = vf_find_port(port);

	if (!pci || object < pci->dev.queue_base ||
	    object - pci->dev.queue_base >= virtio_dev_num_queues(&pci->dev))
		return;
	if (virtio_pci_queue_error(pci, object - pci->dev.queue_base, error))
		event_post(XVIO_EVENT_QUEUE_ERROR, object, error);
}
