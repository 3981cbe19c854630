/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Commands about how the card switches; path/veb.h does the work. Called by the mailbox on core 0. */
#include "ctrl/cmd.h"
#include "path/flow.h"
#include "path/veb.h"

static bool eswitch_is_vepa; /* of legacy mode; remembered while the card switches by rules */

static unsigned eswitch_check(const struct xvio_cmd_eswitch *set, uint32_t *detail)
{
	const unsigned all =
		XVIO_ESWITCH_SET_MODE | XVIO_ESWITCH_SET_BRIDGE | XVIO_ESWITCH_SET_AGEING;

	if (set->what & ~all)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_eswitch, what));
	if (set->what & XVIO_ESWITCH_SET_MODE && set->mode > XVIO_ESWITCH_LEGACY)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_eswitch, mode));
	if (set->what & XVIO_ESWITCH_SET_BRIDGE && set->bridge > XVIO_BRIDGE_VEPA)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_eswitch, bridge));
	if (set->what & XVIO_ESWITCH_SET_AGEING &&
	    (!set->ageing_s || set->ageing_s > XVIO_ESWITCH_MAX_AGEING_S))
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_eswitch, ageing_s));
	if (set->num_learnt)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_eswitch, num_learnt));
	if (set->reserved)
		return cmd_bad_value(detail, offsetof(struct xvio_cmd_eswitch, reserved));
	return XVIO_ST_OK;
}

unsigned cmd_eswitch_set(const void *request, void *response, uint32_t *detail)
{
	const struct xvio_cmd_eswitch *set = request;
	const unsigned status = eswitch_check(set, detail);
	bool is_legacy = veb_get_mode() != VEB_OFF;

	(void)response;
	if (status != XVIO_ST_OK)
		return status;
	if (set->what & XVIO_ESWITCH_SET_MODE)
		is_legacy = set->mode == XVIO_ESWITCH_LEGACY;
	if (is_legacy && !flow_is_empty())
		return XVIO_ST_BAD_STATE;
	if (set->what & XVIO_ESWITCH_SET_BRIDGE)
		eswitch_is_vepa = set->bridge == XVIO_BRIDGE_VEPA;
	if (set->what & XVIO_ESWITCH_SET_AGEING)
		veb_set_ageing(set->ageing_s);
	veb_set_mode(!is_legacy ? VEB_OFF : eswitch_is_vepa ? VEB_VEPA : VEB_VEB);
	return XVIO_ST_OK;
}

unsigned cmd_eswitch_get(const void *request, void *response, uint32_t *detail)
{
	struct xvio_cmd_eswitch *now = response;

	(void)request;
	(void)detail;
	now->mode = veb_get_mode() == VEB_OFF ? XVIO_ESWITCH_SWITCHDEV : XVIO_ESWITCH_LEGACY;
	now->bridge = eswitch_is_vepa ? XVIO_BRIDGE_VEPA : XVIO_BRIDGE_VEB;
	now->ageing_s = veb_get_ageing();
	now->num_learnt = veb_num_learnt();
	return XVIO_ST_OK;
}

void cmd_eswitch_reset(void)
{
	eswitch_is_vepa = false;
	veb_set_ageing(XVIO_ESWITCH_AGEING_S);
	veb_set_mode(VEB_OFF);
}
