// SPDX-License-Identifier: GPL-2.0
/*
 * Watches the firmware: its heartbeat, its state and the reset it belongs to. A firmware that fails is
 * reported to devlink, which calls for recover.c unless the administrator does not want that, or it has
 * been restarted just now. The work runs from probe to remove and is its own only user.
 */
#include <linux/moduleparam.h>

#include "xvio.h"

#define HEALTH_PERIOD_MS 100u
#define HEALTH_GRACE_MS	 5000 /* one that fails again so soon after a restart is not restarted */
#define HEALTH_LOG_BYTES SZ_16K /* of the firmware's log in a dump */

static unsigned int heartbeat_ms = 500;
module_param(heartbeat_ms, uint, 0644);
MODULE_PARM_DESC(heartbeat_ms, "restart a firmware whose heart stands still for so long, "
			       "at least 200 (default 500)");

static const char *const health_states[] = {
	[XVIO_CARD_ALIVE] = "alive",
	[XVIO_CARD_DOWN] = "being restarted",
	[XVIO_CARD_DEAD] = "dead",
};

static void health_fill(struct xvio *xv, struct devlink_fmsg *fmsg)
{
	const char *why = READ_ONCE(xv->mbox.why);
	struct xvio_status status;

	xvio_hw_read_status(xv, &status);
	devlink_fmsg_string_pair_put(fmsg, "card", health_states[READ_ONCE(xv->mbox.state)]);
	devlink_fmsg_string_pair_put(fmsg, "reason", why ?: "");
	devlink_fmsg_u32_pair_put(fmsg, "restarts", READ_ONCE(xv->health.num_runs) - 1);
	devlink_fmsg_u32_pair_put(fmsg, "last outage ms", READ_ONCE(xv->health.last_outage_ms));
	devlink_fmsg_u32_pair_put(fmsg, "state", le32_to_cpu(status.state));
	devlink_fmsg_u32_pair_put(fmsg, "generation", le32_to_cpu(status.generation));
	devlink_fmsg_u64_pair_put(fmsg, "heartbeat", le64_to_cpu(status.heartbeat));
	devlink_fmsg_u32_pair_put(fmsg, "boot slot", le32_to_cpu(status.boot_slot));
	devlink_fmsg_string_pair_put(fmsg, "version", status.version);
	devlink_fmsg_string_pair_put(fmsg, "message", status.message);
}

static int health_diagnose(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			   struct netlink_ext_ack *extack)
{
	health_fill(devlink_health_reporter_priv(reporter), fmsg);
	return 0;
}

/* The end of the firmware's log, line by line; the first one may have lost its beginning. */
static void health_put_log(struct devlink_fmsg *fmsg, char *log)
{
	char *line;

	devlink_fmsg_arr_pair_nest_start(fmsg, "log");
	while ((line = strsep(&log, "\n")))
		if (*line)
			devlink_fmsg_string_put(fmsg, line);
	devlink_fmsg_arr_pair_nest_end(fmsg);
}

static int health_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
		       void *context, struct netlink_ext_ack *extack)
{
	struct xvio *xv = devlink_health_reporter_priv(reporter);
	char *log;

	log = kmalloc(HEALTH_LOG_BYTES + 1, GFP_KERNEL);
	if (!log)
		return -ENOMEM;
	log[xvio_hw_read_trace(xv, log, HEALTH_LOG_BYTES)] = '\0';
	health_fill(xv, fmsg);
	health_put_log(fmsg, log);
	kfree(log);
	return 0;
}

/* Of a card that is dead, too; devlink does not ask it of one that is well. */
static int health_recover(struct devlink_health_reporter *reporter, void *context,
			  struct netlink_ext_ack *extack)
{
	struct xvio *xv = devlink_health_reporter_priv(reporter);
	int err;

	err = xvio_recover(xv);
	if (err)
		NL_SET_ERR_MSG_FMT(extack, "xvio: %s", READ_ONCE(xv->mbox.why));
	return err;
}

static int health_test(struct devlink_health_reporter *reporter, struct netlink_ext_ack *extack)
{
	int err;

	err = xvio_mbox_crash(devlink_health_reporter_priv(reporter), XVIO_CRASH_HANG);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(extack, "xvio: the card is not alive");
	return err;
}

static const struct devlink_health_reporter_ops health_ops = {
	.name = "fw",
	.diagnose = health_diagnose,
	.dump = health_dump,
	.recover = health_recover,
	.test = health_test,
};

/*
 * The heart has stood still for too long. A look that comes late counts as one in time: whatever kept us
 * may have kept the card, too.
 */
static bool health_is_still(struct xvio *xv, u64 heartbeat)
{
	unsigned int passed_ms = jiffies_to_msecs(jiffies - xv->health.looked_at);
	struct xvio_health *health = &xv->health;

	health->looked_at = jiffies;
	if (heartbeat != health->heartbeat)
		health->still_ms = 0;
	else
		health->still_ms += min(passed_ms, HEALTH_PERIOD_MS);
	health->heartbeat = heartbeat;
	return health->still_ms >= max(READ_ONCE(heartbeat_ms), 2 * XVIO_HEARTBEAT_MS);
}

/* What is wrong, or NULL. */
static const char *health_look(struct xvio *xv)
{
	struct xvio_status status;
	const char *fault;

	fault = xvio_hw_find_fault(xv, xv->mbox.generation);
	if (fault)
		return fault;
	xvio_hw_read_status(xv, &status);
	if (health_is_still(xv, le64_to_cpu(status.heartbeat)))
		return "the firmware's heart stands still";
	return NULL;
}

/* Nobody restarts it: all who wait and all who use it are told. */
static void health_give_up(struct xvio *xv, int err)
{
	const char *why = err == -ECANCELED ? "it has failed again too soon after its restart"
					    : "a restart is not wanted (auto_recover)";

	xvio_mbox_lock(xv);
	if (READ_ONCE(xv->mbox.state) == XVIO_CARD_DOWN)
		xvio_mbox_kill(xv, why);
	xvio_mbox_unlock(xv);
	if (READ_ONCE(xv->mbox.state) != XVIO_CARD_DEAD)
		return;
	rcu_read_lock();
	xvio_eswitch_for_each_netdev(xv, netif_carrier_off);
	rcu_read_unlock();
	xvio_mgmt_refresh(xv);
}

/* No lock is held: devlink takes its own and calls health_dump() and health_recover(). */
static void health_fail(struct xvio *xv, unsigned int run)
{
	const char *why = READ_ONCE(xv->mbox.why);
	struct xvio_status status;
	int err;

	xv->health.failed_run = run;

	xvio_hw_read_status(xv, &status);
	dev_err(&xv->pdev->dev, "%s (state %u, message '%s')\n", why, le32_to_cpu(status.state),
		status.message);
	err = devlink_health_report(xv->health.reporter, why, xv);
	if (READ_ONCE(xv->health.num_runs) == run)
		health_give_up(xv, err);
}

static void health_work(struct work_struct *work)
{
	struct xvio *xv = container_of(to_delayed_work(work), struct xvio, health.work);
	/* Read before the state, and counted after it is ALIVE: a run is not blamed for the one before */
	const unsigned int run = smp_load_acquire(&xv->health.num_runs);
	const char *fault;

	if (xvio_mbox_is_alive(xv)) {
		fault = health_look(xv);
		if (fault)
			xvio_mbox_fail(xv, fault);
	}
	if (!xvio_mbox_is_alive(xv) && xv->health.failed_run != run)
		health_fail(xv, run);
	queue_delayed_work(system_long_wq, &xv->health.work, msecs_to_jiffies(HEALTH_PERIOD_MS));
}

void xvio_health_notice(struct xvio *xv)
{
	mod_delayed_work(system_long_wq, &xv->health.work, 0);
}

void xvio_health_begin(struct xvio *xv)
{
	struct xvio_status status;

	xvio_hw_read_status(xv, &status);
	xv->health.heartbeat = le64_to_cpu(status.heartbeat);
	xv->health.looked_at = jiffies;
	xv->health.still_ms = 0;
}

int xvio_health_create(struct xvio *xv)
{
	struct xvio_health *health = &xv->health;

	INIT_DELAYED_WORK(&health->work, health_work);
	health->reporter =
		devlink_health_reporter_create(xv->devlink, &health_ops, HEALTH_GRACE_MS, xv);
	return PTR_ERR_OR_ZERO(health->reporter);
}

void xvio_health_destroy(struct xvio *xv)
{
	devlink_health_reporter_destroy(xv->health.reporter);
}

void xvio_health_start(struct xvio *xv)
{
	xvio_health_begin(xv);
	xv->health.num_runs = 1;
	xvio_mbox_lock(xv);
	xv->health.watches = true;
	xvio_mbox_unlock(xv);
	xvio_health_notice(xv);
}

void xvio_health_stop(struct xvio *xv)
{
	/* A command that is not answered from now on kills the card, instead of queueing the work */
	xvio_mbox_lock(xv);
	xv->health.watches = false;
	xvio_mbox_unlock(xv);
	disable_delayed_work_sync(&xv->health.work);
	xvio_mbox_lock(xv);
	if (READ_ONCE(xv->mbox.state) == XVIO_CARD_DOWN)
		xvio_mbox_kill(xv, "the driver stops watching it");
	xvio_mbox_unlock(xv);
}
