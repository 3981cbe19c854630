// SPDX-License-Identifier: GPL-2.0
/*
 * Restarts the firmware and brings back what it had: the host remembers all it has told the card, and
 * tells it again. Called by devlink (health.c) with its lock; everything is done under the mailbox's lock,
 * and no other sleeping lock is taken (xvio.h says why). Each file replays what is its own.
 */
#include <linux/sched/mm.h>

#include "xvio.h"

#define RECOVER_MAX_TRIES 3 /* somebody else may reset the card, too */

/* The same card with the same interface; the image may be another one. */
static int recover_greet(struct xvio *xv)
{
	struct xvio_dev_info info;
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_DEV_INFO,
		.rsp = &info,
		.rsp_bytes = sizeof(info),
	};
	int err;

	err = xvio_mbox_call(xv, &cmd);
	if (err)
		return err;
	if (le32_to_cpu(info.abi) != XVIO_ABI_VERSION)
		return -ENODEV;
	info.version[sizeof(info.version) - 1] = '\0';
	strscpy(xv->info.version, info.version, sizeof(xv->info.version));
	return 0;
}

/*
 * Ports before what is behind them, everything before the rules that name it; the vDPA devices begin to
 * work when packets find their way.
 */
static int recover_replay(struct xvio *xv, struct xvio_replay *replay)
{
	int err;

	err = recover_greet(xv);
	if (!err)
		err = xvio_port_replay(xv, 0, XVIO_PORT_VF(0));
	if (!err)
		err = xvio_sriov_replay(xv, replay);
	if (!err)
		err = xvio_eswitch_replay(xv);
	if (!err)
		err = xvio_mgmt_recreate(xv);
	if (!err)
		err = xvio_meter_replay(xv);
	if (!err)
		err = xvio_flow_replay(xv, replay);
	if (!err)
		err = xvio_pair_replay(xv);
	if (!err)
		err = xvio_mgmt_restart(xv, replay);
	return err;
}

static bool recover_is_reset_by_others(struct xvio *xv)
{
	return xvio_hw_read(xv, XVIO_REG_GENERATION) != xv->mbox.generation;
}

/* -EAGAIN: the card failed once more. In *why what went wrong. */
static int recover_try(struct xvio *xv, struct xvio_replay *replay, const char **why)
{
	int err;

	*replay = (struct xvio_replay){};
	/* Also if somebody else has just done so: a command may have reached that firmware */
	xvio_hw_reset_soc(xv);
	/* What ran before touches the server's memory no more */
	pci_set_master(xv->pdev);
	*why = "the firmware does not start again";
	err = xvio_hw_wait_running(xv);
	if (err)
		return err;
	xv->mbox.generation = xvio_hw_read(xv, XVIO_REG_GENERATION);
	err = recover_replay(xv, replay);
	*why = err == -EAGAIN ? "the firmware failed again while it was restarted"
			      : "the restarted firmware refused what it had before";
	return err;
}

static void recover_finish(struct xvio *xv, const struct xvio_replay *replay)
{
	struct xvio_health *health = &xv->health;

	health->last_outage_ms = ktime_ms_delta(ktime_get(), xv->mbox.failed_at);
	xv->mbox.why = NULL;
	xvio_health_begin(xv);
	xvio_event_restart(xv);
	/* Pairs with xvio_mbox_is_alive() */
	smp_store_release(&xv->mbox.state, XVIO_CARD_ALIVE);
	/* Pairs with the read in health_work(), which reads the state behind it */
	smp_store_release(&health->num_runs, health->num_runs + 1);
	xvio_mgmt_interrupt(xv);
	dev_info(&xv->pdev->dev,
		 "restarted in %u ms, with %u vDPA devices, %u VFs, %u rules; %u were lost\n",
		 health->last_outage_ms, replay->num_devices, replay->num_vfs, replay->num_rules,
		 replay->num_lost);
}

int xvio_recover(struct xvio *xv)
{
	struct xvio_replay replay;
	int tries = 0, err;
	unsigned int noio;
	const char *why;

	xvio_mbox_lock(xv);
	if (xvio_mbox_is_alive(xv)) {
		xvio_mbox_unlock(xv);
		return 0;
	}
	/* By hand, perhaps much later: what is told is how long it takes */
	if (READ_ONCE(xv->mbox.state) == XVIO_CARD_DEAD)
		xv->mbox.failed_at = ktime_get();
	WRITE_ONCE(xv->mbox.state, XVIO_CARD_DOWN);
	WRITE_ONCE(xv->mbox.restarter, current);
	/* No memory is waited for that may be behind the card */
	noio = memalloc_noio_save();
	xvio_tx_freeze(xv);
	do {
		err = recover_try(xv, &replay, &why);
	} while (err == -EAGAIN && recover_is_reset_by_others(xv) && ++tries < RECOVER_MAX_TRIES);
	xvio_tx_thaw(xv);
	memalloc_noio_restore(noio);
	WRITE_ONCE(xv->mbox.restarter, NULL);
	if (err)
		xvio_mbox_kill(xv, why);
	else
		recover_finish(xv, &replay);
	xvio_mbox_unlock(xv);
	wake_up_all(&xv->mbox.settled);
	if (err)
		return err == -EAGAIN ? -EIO : err;
	xvio_event_wake(xv);
	return 0;
}
