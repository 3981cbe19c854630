// SPDX-License-Identifier: GPL-2.0
/* devlink's questions about the card as a whole: versions and parameters here, the mode in eswitch.c, traps in trap.c. */
#include "xvio.h"

enum { DEVLINK_AGEING_TIME = DEVLINK_PARAM_GENERIC_ID_MAX + 1 };

static int devlink_info_get(struct devlink *devlink, struct devlink_info_req *req,
			    struct netlink_ext_ack *extack)
{
	struct xvio *xv = devlink_priv(devlink);
	struct xvio_status status;

	xvio_hw_read_status(xv, &status);
	return devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW,
						status.version);
}

static int devlink_ageing_get(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx)
{
	ctx->val.vu32 = xvio_eswitch_ageing_get(devlink_priv(devlink));
	return 0;
}

static int devlink_ageing_set(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx,
			      struct netlink_ext_ack *extack)
{
	return xvio_eswitch_ageing_set(devlink_priv(devlink), ctx->val.vu32, extack);
}

static int devlink_ageing_validate(struct devlink *devlink, u32 id, union devlink_param_value val,
				   struct netlink_ext_ack *extack)
{
	if (val.vu32 && val.vu32 <= XVIO_ESWITCH_MAX_AGEING_S)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "xvio: an address is remembered for 1 to %u seconds",
			   XVIO_ESWITCH_MAX_AGEING_S);
	return -EINVAL;
}

static const struct devlink_param params[] = {
	DEVLINK_PARAM_DRIVER(DEVLINK_AGEING_TIME, "ageing_time", DEVLINK_PARAM_TYPE_U32,
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME), devlink_ageing_get,
			     devlink_ageing_set, devlink_ageing_validate),
};

int xvio_devlink_create(struct xvio *xv)
{
	return devlink_params_register(xv->devlink, params, ARRAY_SIZE(params));
}

void xvio_devlink_destroy(struct xvio *xv)
{
	devlink_params_unregister(xv->devlink, params, ARRAY_SIZE(params));
}

const struct devlink_ops xvio_devlink_ops = {
	.info_get = devlink_info_get,
	.eswitch_mode_get = xvio_eswitch_mode_get,
	.eswitch_mode_set = xvio_eswitch_mode_set,
	.trap_init = xvio_trap_init,
	.trap_action_set = xvio_trap_action_set,
	.trap_drop_counter_get = xvio_trap_drop_counter_get,
};
