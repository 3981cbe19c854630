// SPDX-License-Identifier: GPL-2.0
/*
 * Watches the firmware: its heartbeat, its state and the reset it belongs to. A firmware that died
 * is reported once to devlink and the log, and everything that waits for it is told. The work runs
 * from probe to remove and is its own only user.
 */
#include "xvio.h"

#define HEALTH_PERIOD	 (HZ)
#define HEALTH_LOG_BYTES SZ_16K /* of the firmware's log in a dump */
#define HEALTH_PATIENCE	 (5 * HZ) /* 50 times what the firmware promises: hosts may be slow, too */

static void health_fill(struct xvio *xv, struct devlink_fmsg *fmsg)
{
	struct xvio_status status;

	xvio_hw_read_status(xv, &status);
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

static const struct devlink_health_reporter_ops health_ops = {
	.name = "fw",
	.diagnose = health_diagnose,
	.dump = health_dump,
};

/* What is wrong, or NULL. */
static const char *health_look(struct xvio *xv)
{
	struct xvio_health *health = &xv->health;
	struct xvio_status status;

	if (READ_ONCE(xv->mbox.dead))
		return "the mailbox is dead";
	if (xvio_hw_read(xv, XVIO_REG_GENERATION) != health->generation)
		return "the card was reset";
	xvio_hw_read_status(xv, &status);
	if (le32_to_cpu(status.state) == XVIO_STATE_PANIC)
		return "the firmware stopped by itself";
	if (le64_to_cpu(status.heartbeat) != health->heartbeat) {
		health->heartbeat = le64_to_cpu(status.heartbeat);
		health->changed_at = jiffies;
	}
	if (time_after(jiffies, health->changed_at + HEALTH_PATIENCE))
		return "the firmware's heart stands still";
	return NULL;
}

static void health_fail(struct xvio *xv, const char *why)
{
	struct xvio_status status;

	xvio_hw_read_status(xv, &status);
	dev_err(&xv->pdev->dev, "%s (state %u, message '%s')\n", why, le32_to_cpu(status.state),
		status.message);
	xvio_mbox_kill(xv, why);
	rcu_read_lock();
	xvio_eswitch_for_each_netdev(xv, netif_carrier_off);
	rcu_read_unlock();
	xvio_mgmt_refresh(xv);
	devlink_health_report(xv->health.reporter, why, xv);
}

static void health_work(struct work_struct *work)
{
	struct xvio *xv = container_of(to_delayed_work(work), struct xvio, health.work);
	const char *why = health_look(xv);

	if (why)
		health_fail(xv, why); /* for good: the work is not queued again */
	else
		schedule_delayed_work(&xv->health.work, HEALTH_PERIOD);
}

int xvio_health_create(struct xvio *xv)
{
	struct xvio_health *health = &xv->health;

	health->reporter = devlink_health_reporter_create(xv->devlink, &health_ops, 0, xv);
	if (IS_ERR(health->reporter))
		return PTR_ERR(health->reporter);
	health->generation = xvio_hw_read(xv, XVIO_REG_GENERATION);
	health->changed_at = jiffies;
	INIT_DELAYED_WORK(&health->work, health_work);
	schedule_delayed_work(&health->work, HEALTH_PERIOD);
	return 0;
}

void xvio_health_destroy(struct xvio *xv)
{
	cancel_delayed_work_sync(&xv->health.work);
	devlink_health_reporter_destroy(xv->health.reporter);
}
