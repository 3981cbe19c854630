/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Administration of virtual functions (vf_admin.h): the two commands, and what is remembered for the
 * control queue. Called by the mailbox, the VFs' life and the control queue on core 0.
 */
#include "ctrl/vf_admin.h"
#include "ctrl/cmd.h"
#include "path/meter.h"
#include "path/policy.h"
#include "path/port.h"
#include <string.h>
#include <xvio/pci.h>

#define VF_ADMIN_ALL \
	(XVIO_VF_SET_VLAN | XVIO_VF_SET_SPOOFCHK | XVIO_VF_SET_TRUST | XVIO_VF_SET_RATE)

struct vf_admin {
	bool trusted;
	bool has_mac;
};

static struct vf_admin vf_admins[XVIO_NUM_VFS];

static struct vf_admin *vf_admin_find(uint16_t port)
{
	return port >= XVIO_PORT_VF(0) && port < XVIO_PORT_VF(XVIO_NUM_VFS)
		       ? &vf_admins[port - XVIO_PORT_VF(0)]
		       : NULL;
}

void vf_admin_reset(unsigned vf)
{
	vf_admins[vf] = (struct vf_admin){0};
}

void vf_admin_mac_was_set(uint16_t port)
{
	struct vf_admin *admin = vf_admin_find(port);

	if (admin)
		admin->has_mac = true;
}

bool vf_admin_may_set_mac(uint16_t port)
{
	const struct vf_admin *admin = vf_admin_find(port);

	return !admin || admin->trusted || !admin->has_mac;
}

bool vf_admin_may_be_promiscuous(uint16_t port)
{
	const struct vf_admin *admin = vf_admin_find(port);

	return !admin || admin->trusted;
}

/* Commands */

static bool vf_admin_exists(uint32_t vf)
{
	return vf < XVIO_NUM_VFS && port_exists((uint16_t)XVIO_PORT_VF(vf));
}

/* No tag, or one with a VLAN in it. */
static bool vf_admin_is_tci(uint16_t tci)
{
	const uint16_t vid = tci & XVIO_VF_VLAN_VID;

	return !tci ||
	       (!(tci & ~(XVIO_VF_VLAN_PCP | XVIO_VF_VLAN_VID)) && vid && vid < XVIO_VF_VLAN_VID);
}

static unsigned vf_admin_check(const struct xvio_cmd_vf *set, uint32_t *detail)
{
	if (set->what & ~VF_ADMIN_ALL)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vf, what));
	if (set->what & (XVIO_VF_SET_SPOOFCHK | XVIO_VF_SET_TRUST) &&
	    set->flags & ~(XVIO_VF_F_SPOOFCHK | XVIO_VF_F_TRUSTED))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vf, flags));
	if (set->what & XVIO_VF_SET_VLAN && !vf_admin_is_tci(set->vlan_tci))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vf, vlan_tci));
	if (!cmd_is_zero(set->reserved, sizeof(set->reserved)))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_vf, reserved));
	return XVIO_ST_OK;
}

static void vf_admin_show(unsigned vf, struct xvio_cmd_vf *now)
{
	const struct port *port = port_get((uint16_t)XVIO_PORT_VF(vf));

	now->vf = (uint16_t)vf;
	if (port->policy.checks_source)
		now->flags |= XVIO_VF_F_SPOOFCHK;
	if (vf_admins[vf].trusted)
		now->flags |= XVIO_VF_F_TRUSTED;
	now->vlan_tci = port->policy.vlan_tci;
	now->max_tx_mbps = port->meter.bits_per_us;
}

static void vf_admin_apply(unsigned vf, const struct xvio_cmd_vf *set)
{
	const uint16_t port = (uint16_t)XVIO_PORT_VF(vf);
	struct xvio_cmd_vf next = {0};

	vf_admin_show(vf, &next);
	if (set->what & XVIO_VF_SET_VLAN)
		next.vlan_tci = set->vlan_tci;
	if (set->what & XVIO_VF_SET_SPOOFCHK)
		next.flags = set->flags;
	if (set->what & (XVIO_VF_SET_VLAN | XVIO_VF_SET_SPOOFCHK))
		policy_set(port, next.flags & XVIO_VF_F_SPOOFCHK, next.vlan_tci);
	if (set->what & XVIO_VF_SET_TRUST)
		vf_admins[vf].trusted = set->flags & XVIO_VF_F_TRUSTED;
	if (set->what & XVIO_VF_SET_RATE)
		meter_set(port, set->max_tx_mbps);
}

unsigned cmd_vf_set(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_vf *set = request;
	unsigned status;

	(void)response;
	if (!vf_admin_exists(set->vf))
		return XVIO_ST_BAD_OBJECT;
	status = vf_admin_check(set, detail);
	if (status != XVIO_ST_OK)
		return status;
	vf_admin_apply(set->vf, set);
	cmd_vf_admin_changed((uint16_t)XVIO_PORT_VF(set->vf));
	return XVIO_ST_OK;
}

unsigned cmd_vf_get(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *object = request;

	if (object->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	if (!vf_admin_exists(object->id))
		return XVIO_ST_BAD_OBJECT;
	vf_admin_show(object->id, response);
	return XVIO_ST_OK;
}

/* Restarts */

void vf_admin_keep(unsigned vf, struct vf_admin_kept *kept)
{
	memset(kept, 0, sizeof(*kept));
	vf_admin_show(vf, &kept->decided);
	kept->has_mac = vf_admins[vf].has_mac;
}

bool vf_admin_is_good(const struct vf_admin_kept *kept)
{
	struct xvio_cmd_vf set = kept->decided;
	uint32_t detail;

	set.what = VF_ADMIN_ALL;
	return kept->has_mac <= 1 && vf_admin_check(&set, &detail) == XVIO_ST_OK;
}

void vf_admin_recall(unsigned vf, const struct vf_admin_kept *kept)
{
	struct xvio_cmd_vf set = kept->decided;

	set.what = VF_ADMIN_ALL;
	vf_admin_apply(vf, &set);
	vf_admins[vf].has_mac = kept->has_mac;
}
