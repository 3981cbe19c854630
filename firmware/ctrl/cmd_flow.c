/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Commands about rules and meters; path/flow.h and path/policer.h do the work. Called by the mailbox on core 0. */
#include "ctrl/cmd.h"
#include "path/flow.h"
#include "path/policer.h"
#include "path/veb.h"

unsigned cmd_flow_add(const void *request, void *response, uint32_t *detail)
{
	(void)response;
	if (veb_is_on())
		return XVIO_ST_BAD_STATE;
	return flow_add(request, detail);
}

unsigned cmd_flow_del(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_flow *flow = request;

	(void)detail;
	return flow_del(flow->cookie, response);
}

unsigned cmd_flow_stats(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_flow *flow = request;

	(void)detail;
	return flow_stats(flow->cookie, response);
}

unsigned cmd_flow_flush(const void *request, void *response, uint32_t *detail)
{
	(void)request;
	(void)response;
	(void)detail;
	flow_flush();
	return XVIO_ST_OK;
}

unsigned cmd_meter_set(const void *request, void *response, uint32_t *detail)
{
	(void)response;
	return policer_set(request, detail);
}

unsigned cmd_meter_del(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_object *meter = request;

	(void)response;
	if (meter->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_object, reserved));
	return policer_del(meter->id);
}
