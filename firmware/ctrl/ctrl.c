/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The control loop. Runs on core 0, entered from main.c; sleeps unless the host, the hardware or a
 * worker has something for it.
 */
#include "ctrl/ctrl.h"
#include "ctrl/cmd.h"
#include "ctrl/event.h"
#include "ctrl/keep.h"
#include "ctrl/mbox.h"
#include "ctrl/virtio_ctrlq.h"
#include "hal/hal.h"
#include "path/epoch.h"
#include "path/veb.h"
#include "path/worker.h"
#include <xvio/event.h>
#include <xvio/port.h>
#include <xvio/regs.h>

#define CTRL_SLEEP_US (1000u * XVIO_HEARTBEAT_MS / 2)

static bool ctrl_link_was_up[XVIO_MAX_UPLINKS];

static void ctrl_look_at_links(void)
{
	for (unsigned i = 0; i < hal_num_uplinks(); i++) {
		const bool up = hal_mac_link_up(i);

		if (up == ctrl_link_was_up[i])
			continue;
		ctrl_link_was_up[i] = up;
		event_post(XVIO_EVENT_LINK, XVIO_PORT_UPLINK(i), up);
	}
}

static void ctrl_queue_error(uint16_t port, uint32_t object, uint32_t error)
{
	if (port >= XVIO_PORT_VDPA(0))
		cmd_vdpa_queue_error(port, object, error);
	else if (port >= XVIO_PORT_VF(0))
		cmd_vf_queue_error(port, object, error);
	else
		event_post(XVIO_EVENT_QUEUE_ERROR, object, error);
}

static void ctrl_pass_notices(void)
{
	struct worker_notice notice;

	while (worker_take_notice(&notice)) {
		if (notice.type == XVIO_EVENT_QUEUE_ERROR)
			ctrl_queue_error(notice.port, notice.object, notice.arg);
		else
			event_post(notice.type, notice.object, notice.arg);
	}
}

void ctrl_start(void)
{
	struct xvio_status *status = hal_status();

	keep_start();
	mbox_start();
	virtio_ctrlq_init();
	cmd_eswitch_reset();
	cmd_vdpa_start();
	cmd_vf_start();
	cmd_port_start();
	for (unsigned i = 0; i < hal_num_uplinks(); i++)
		ctrl_link_was_up[i] = hal_mac_link_up(i);
	status->num_cores = hal_num_cores();
	/* Pairs with the host's read of state: from now on the mailbox is served. A panic stays. */
	if (__atomic_load_n(&status->state, __ATOMIC_RELAXED) != XVIO_STATE_PANIC)
		__atomic_store_n(&status->state, XVIO_STATE_RUNNING, __ATOMIC_RELEASE);
	hal_log("ctrl: running");
}

bool ctrl_poll(void)
{
	struct xvio_status *status = hal_status();
	const bool answered = mbox_poll();

	cmd_vf_poll();
	virtio_ctrlq_poll(ctrl_queue_error);
	veb_poll();
	epoch_reclaim();
	ctrl_pass_notices();
	ctrl_look_at_links();
	__atomic_store_n(&status->heartbeat, status->heartbeat + 1, __ATOMIC_RELAXED);
	return answered;
}

_Noreturn void ctrl_loop(void)
{
	for (;;)
		if (!ctrl_poll())
			hal_sleep(CTRL_SLEEP_US);
}
