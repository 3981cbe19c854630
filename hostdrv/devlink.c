// SPDX-License-Identifier: GPL-2.0
/* devlink's questions about the card as a whole: versions here, the mode in eswitch.c, traps in trap.c. */
#include "xvio.h"

static int devlink_info_get(struct devlink *devlink, struct devlink_info_req *req,
			    struct netlink_ext_ack *extack)
{
	struct xvio *xv = devlink_priv(devlink);
	struct xvio_status status;

	xvio_hw_read_status(xv, &status);
	return devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW,
						status.version);
}

const struct devlink_ops xvio_devlink_ops = {
	.info_get = devlink_info_get,
	.eswitch_mode_get = xvio_eswitch_mode_get,
	.eswitch_mode_set = xvio_eswitch_mode_set,
	.trap_init = xvio_trap_init,
	.trap_action_set = xvio_trap_action_set,
	.trap_drop_counter_get = xvio_trap_drop_counter_get,
};
