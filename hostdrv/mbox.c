// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox: one command at a time, under its mutex, in process context. The interrupt handler
 * only completes; the waiter also looks by itself now and then, so that a lost interrupt costs time
 * and not the card. A card that fails is DOWN until recover.c, which has the mutex all the while, has
 * made it ALIVE again or DEAD; a command that was not answered by then is sent once more.
 */
#include "xvio.h"

#define MBOX_TIMEOUT_MS 5000
#define MBOX_LOOK_MS	50
#define MBOX_DOWN_MS	15000 /* a restart has begun by then, and holds the mutex */
#define MBOX_MAX_TRIES	2

static const struct {
	int err;
	const char *text;
} mbox_status[XVIO_ST_NUM] = {
	[XVIO_ST_OK] = {0, "ok"},
	[XVIO_ST_BAD_OPCODE] = {-EOPNOTSUPP, "unknown command"},
	[XVIO_ST_BAD_LENGTH] = {-EPROTO, "wrong length"},
	[XVIO_ST_BAD_OBJECT] = {-ENOENT, "no such object"},
	[XVIO_ST_BAD_VALUE] = {-EINVAL, "bad value"},
	[XVIO_ST_EXISTS] = {-EEXIST, "exists already"},
	[XVIO_ST_NO_SPACE] = {-ENOSPC, "no space left on the card"},
	[XVIO_ST_BAD_STATE] = {-EBUSY, "not in this state"},
	[XVIO_ST_UNSUPPORTED] = {-EOPNOTSUPP, "not supported"},
	[XVIO_ST_DMA_FAULT] = {-EFAULT, "host memory could not be read"},
};

void xvio_mbox_create(struct xvio *xv)
{
	mutex_init(&xv->mbox.lock);
	init_completion(&xv->mbox.done);
	init_waitqueue_head(&xv->mbox.settled);
	xv->mbox.generation = xvio_hw_read(xv, XVIO_REG_GENERATION);
	xv->mbox.seq = readl(xv->regs + XVIO_WIN_MBOX_RSP);
}

void xvio_mbox_lock(struct xvio *xv)
{
	mutex_lock(&xv->mbox.lock);
}

void xvio_mbox_unlock(struct xvio *xv)
{
	mutex_unlock(&xv->mbox.lock);
}

static bool mbox_answered(struct xvio *xv)
{
	/* readl() orders the reads of the answer behind it; pairs with the firmware's seq-last store */
	return readl(xv->regs + XVIO_WIN_MBOX_RSP) == xv->mbox.seq;
}

void xvio_mbox_interrupt(struct xvio *xv)
{
	complete(&xv->mbox.done);
}

void xvio_mbox_fail(struct xvio *xv, const char *why)
{
	if (!xv->health.watches) {
		xvio_mbox_kill(xv, why);
		return;
	}
	if (!xvio_mbox_is_alive(xv))
		return;
	WRITE_ONCE(xv->mbox.why, why);
	xv->mbox.failed_at = ktime_get();
	/* Whoever sees that it is not ALIVE sees why */
	if (cmpxchg(&xv->mbox.state, XVIO_CARD_ALIVE, XVIO_CARD_DOWN) != XVIO_CARD_ALIVE)
		return;
	complete(&xv->mbox.done);
	xvio_health_notice(xv);
}

void xvio_mbox_kill(struct xvio *xv, const char *why)
{
	if (READ_ONCE(xv->mbox.state) == XVIO_CARD_DEAD)
		return;
	WRITE_ONCE(xv->mbox.why, why);
	if (xchg(&xv->mbox.state, XVIO_CARD_DEAD) == XVIO_CARD_DEAD)
		return;
	dev_err(&xv->pdev->dev,
		"%s; the card is off the bus until devlink recovers it or the driver is reloaded\n",
		why);
	pci_clear_master(xv->pdev);
	complete(&xv->mbox.done);
	wake_up_all(&xv->mbox.settled);
}

static bool mbox_is_restarter(struct xvio *xv)
{
	return READ_ONCE(xv->mbox.restarter) == current;
}

static void mbox_write(struct xvio *xv, const struct xvio_cmd *cmd)
{
	struct xvio_mbox_req req;

	if (!++xv->mbox.seq)
		xv->mbox.seq = 1;
	req.seq = cpu_to_le32(xv->mbox.seq);
	req.opcode = cpu_to_le16(cmd->opcode);
	req.len_bytes = cpu_to_le16(cmd->req_bytes);
	memcpy_toio(xv->regs + XVIO_WIN_MBOX_REQ, &req, sizeof(req));
	memcpy_toio(xv->regs + XVIO_WIN_MBOX_REQ + sizeof(req), cmd->req, cmd->req_bytes);
	/* writel() orders it behind the request; pairs with the firmware's read of mbox_seq */
	writel(xv->mbox.seq, xv->regs + XVIO_REG_MBOX_DOORBELL);
}

/* -EAGAIN: no answer can be expected from this firmware any more. */
static int mbox_wait(struct xvio *xv)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(MBOX_TIMEOUT_MS);
	const char *fault;

	while (!mbox_answered(xv)) {
		if (!mbox_is_restarter(xv) && !xvio_mbox_is_alive(xv))
			return -EAGAIN;
		if (wait_for_completion_timeout(&xv->mbox.done, msecs_to_jiffies(MBOX_LOOK_MS)))
			continue;
		fault = xvio_hw_find_fault(xv, xv->mbox.generation);
		if (!fault && time_after(jiffies, deadline) && !mbox_answered(xv))
			fault = "the firmware does not answer its mailbox";
		if (!fault)
			continue;
		if (mbox_is_restarter(xv)) {
			dev_err(&xv->pdev->dev, "during the restart: %s\n", fault);
			return -EAGAIN;
		}
		xvio_mbox_fail(xv, fault);
	}
	return 0;
}

static int mbox_refused(struct xvio *xv, const struct xvio_cmd *cmd, u16 status, u32 detail)
{
	int err = status < XVIO_ST_NUM ? mbox_status[status].err : -EPROTO;
	const char *text = status < XVIO_ST_NUM ? mbox_status[status].text : "unknown status";

	if (cmd->extack)
		NL_SET_ERR_MSG_FMT(cmd->extack, "xvio: the card refused: %s (detail %u)", text,
				   detail);
	else
		dev_warn(&xv->pdev->dev, "command %#x: %s (status %u, detail %u)\n", cmd->opcode,
			 text, status, detail);
	return err;
}

static int mbox_read(struct xvio *xv, const struct xvio_cmd *cmd)
{
	struct xvio_mbox_rsp rsp;
	u16 status;

	memcpy_fromio(&rsp, xv->regs + XVIO_WIN_MBOX_RSP, sizeof(rsp));
	status = le16_to_cpu(rsp.status);
	if (status != XVIO_ST_OK)
		return mbox_refused(xv, cmd, status, le32_to_cpu(rsp.detail));
	if (le16_to_cpu(rsp.len_bytes) != cmd->rsp_bytes) {
		dev_err(&xv->pdev->dev, "command %#x: answer has %u bytes, not %u\n", cmd->opcode,
			le16_to_cpu(rsp.len_bytes), cmd->rsp_bytes);
		return -EPROTO;
	}
	memcpy_fromio(cmd->rsp, xv->regs + XVIO_WIN_MBOX_RSP + sizeof(rsp), cmd->rsp_bytes);
	return 0;
}

/* Another firmware than the one that knows us would answer. */
static bool mbox_is_reset(struct xvio *xv)
{
	if (xvio_hw_read(xv, XVIO_REG_GENERATION) == xv->mbox.generation)
		return false;
	if (!mbox_is_restarter(xv))
		xvio_mbox_fail(xv, "the card was reset");
	return true;
}

/* -EAGAIN: the card failed before it answered. */
static int mbox_exchange(struct xvio *xv, const struct xvio_cmd *cmd)
{
	int err;

	if (mbox_is_reset(xv))
		return -EAGAIN;
	reinit_completion(&xv->mbox.done);
	mbox_write(xv, cmd);
	err = mbox_wait(xv);
	if (!err && mbox_is_reset(xv))
		err = -EAGAIN;
	return err ? err : mbox_read(xv, cmd);
}

/* Under the lock; -EAGAIN: to be tried again when the card has settled. */
static int mbox_try(struct xvio *xv, const struct xvio_cmd *cmd, bool is_last)
{
	int err = -EAGAIN;

	if (xvio_mbox_is_alive(xv))
		err = mbox_exchange(xv, cmd);
	if (err == -EAGAIN && is_last)
		xvio_mbox_kill(xv, "it failed again, or was not restarted in time");
	if (err == -EAGAIN && READ_ONCE(xv->mbox.state) == XVIO_CARD_DEAD) {
		NL_SET_ERR_MSG(cmd->extack, "xvio: the card does not answer any more");
		err = -EIO;
	}
	if (err != -EAGAIN && cmd->done)
		cmd->done(cmd, err);
	return err;
}

void xvio_mbox_begin_haste(struct xvio *xv)
{
	WRITE_ONCE(xv->mbox.hasty, current);
}

void xvio_mbox_end_haste(struct xvio *xv)
{
	WRITE_ONCE(xv->mbox.hasty, NULL);
}

/* A restart would have to wait for the caller: what cannot be told now is as with a card that is dead. */
static int mbox_call_hastily(struct xvio *xv, const struct xvio_cmd *cmd)
{
	int err = -EAGAIN;

	mutex_lock(&xv->mbox.lock);
	if (xvio_mbox_is_alive(xv))
		err = mbox_exchange(xv, cmd);
	if (err == -EAGAIN) {
		NL_SET_ERR_MSG(cmd->extack, "xvio: the card is not alive");
		err = -EIO;
	}
	if (cmd->done)
		cmd->done(cmd, err);
	mutex_unlock(&xv->mbox.lock);
	return err;
}

int xvio_mbox_call(struct xvio *xv, const struct xvio_cmd *cmd)
{
	int tries = 0, err;

	if (WARN_ON(cmd->req_bytes > XVIO_MBOX_PAYLOAD_BYTES))
		return -EINVAL;
	if (mbox_is_restarter(xv))
		return mbox_exchange(xv, cmd);
	if (READ_ONCE(xv->mbox.hasty) == current)
		return mbox_call_hastily(xv, cmd);
	do {
		wait_event_timeout(xv->mbox.settled, READ_ONCE(xv->mbox.state) != XVIO_CARD_DOWN,
				   msecs_to_jiffies(MBOX_DOWN_MS));
		mutex_lock(&xv->mbox.lock);
		err = mbox_try(xv, cmd, ++tries == MBOX_MAX_TRIES);
		mutex_unlock(&xv->mbox.lock);
	} while (err == -EAGAIN);
	return err;
}

int xvio_mbox_call_once(struct xvio *xv, const struct xvio_cmd *cmd)
{
	int err = -EAGAIN;

	mutex_lock(&xv->mbox.lock);
	if (xvio_mbox_is_alive(xv))
		err = mbox_exchange(xv, cmd);
	if (err != -EAGAIN && cmd->done)
		cmd->done(cmd, err);
	mutex_unlock(&xv->mbox.lock);
	return err;
}

int xvio_mbox_crash(struct xvio *xv, u32 how)
{
	struct xvio_cmd_object object = {.id = cpu_to_le32(how)};
	struct xvio_cmd cmd = {
		.opcode = XVIO_CMD_DEV_CRASH,
		.req = &object,
		.req_bytes = sizeof(object),
	};
	int err = -EBUSY;

	mutex_lock(&xv->mbox.lock);
	if (xvio_mbox_is_alive(xv))
		err = mbox_exchange(xv, &cmd);
	mutex_unlock(&xv->mbox.lock);
	if (err == -EAGAIN)
		return 0;
	return err ? err : -EPROTO;
}

int xvio_mbox_call_object(struct xvio *xv, u16 opcode, u32 id, void *rsp, u16 rsp_bytes)
{
	struct xvio_cmd_object object = {.id = cpu_to_le32(id)};
	struct xvio_cmd cmd = {
		.opcode = opcode,
		.req = &object,
		.req_bytes = sizeof(object),
		.rsp = rsp,
		.rsp_bytes = rsp_bytes,
	};

	return xvio_mbox_call(xv, &cmd);
}
