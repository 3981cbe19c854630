/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What hal.h asks of the wires and of the host's windows, for platforms that run the data path alone
 * and have neither: no uplinks, and a status page that only the panic of this process writes. Linked
 * beside the platform's own HAL.
 */
#include "hal/hal.h"

#include <xvio/regs.h>

unsigned hal_num_uplinks(void)
{
	return 0;
}

void hal_mac_bind(unsigned uplink, unsigned core)
{
	(void)uplink;
	(void)core;
}

unsigned hal_mac_receive(unsigned uplink, struct hal_frame *frames, unsigned max)
{
	(void)uplink;
	(void)frames;
	(void)max;
	return 0;
}

void hal_mac_release(unsigned uplink, unsigned num)
{
	(void)uplink;
	(void)num;
}

unsigned hal_mac_send(unsigned uplink, const struct hal_frame *frames, unsigned num)
{
	(void)uplink;
	(void)frames;
	(void)num;
	return 0;
}

uint64_t hal_mac_lost(unsigned uplink)
{
	(void)uplink;
	return 0;
}

struct xvio_status *hal_status(void)
{
	static struct xvio_status status;

	return &status;
}
