/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the server's administrator has decided of virtual functions (`ip link set DEV vf N ...`), beyond
 * what the packet path carries out itself (path/policy.h, path/meter.h). Core 0 only.
 */
#ifndef CTRL_VF_ADMIN_H
#define CTRL_VF_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/mbox.h>

/* A new VF: nothing is decided yet. */
void vf_admin_reset(unsigned vf);

/*
 * What is decided of a VF, as XVIO_CMD_VF_GET has it, and whether it was given a MAC: to outlive a restart of the
 * firmware. Back, if it is something that can be decided.
 */
struct vf_admin_kept {
	struct xvio_cmd_vf decided;
	uint8_t has_mac;
	uint8_t reserved[7];
};
void vf_admin_keep(unsigned vf, struct vf_admin_kept *kept);
bool vf_admin_is_good(const struct vf_admin_kept *kept);
void vf_admin_recall(unsigned vf, const struct vf_admin_kept *kept);

/* The administrator has set the MAC of a port; nothing, if it is not a VF's. */
void vf_admin_mac_was_set(uint16_t port);

/*
 * What a driver may do by its control queue. A VF's, once the administrator has given it a MAC, may choose
 * another only if it is trusted; and only if it is trusted may it have frames that are not addressed to it:
 * promiscuous, all multicast. Drivers of other ports may do both.
 */
bool vf_admin_may_set_mac(uint16_t port);
bool vf_admin_may_be_promiscuous(uint16_t port);

#endif
