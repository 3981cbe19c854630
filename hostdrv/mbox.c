// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox: one command at a time, under its mutex, in process context. The interrupt handler
 * only completes; the waiter also looks by itself now and then, so that a lost interrupt costs time
 * and not the card.
 */
#include "xvio.h"

#define MBOX_TIMEOUT_MS 5000
#define MBOX_LOOK_MS	50

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
	xv->mbox.seq = readl(xv->regs + XVIO_WIN_MBOX_RSP);
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

void xvio_mbox_kill(struct xvio *xv, const char *why)
{
	if (xchg(&xv->mbox.dead, true))
		return;
	dev_err(&xv->pdev->dev, "%s; the card is taken off the bus until the driver is reloaded\n",
		why);
	pci_clear_master(xv->pdev);
	complete_all(&xv->mbox.done);
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

static int mbox_wait(struct xvio *xv)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(MBOX_TIMEOUT_MS);

	while (!mbox_answered(xv)) {
		if (READ_ONCE(xv->mbox.dead))
			return -EIO;
		if (time_after(jiffies, deadline) && !mbox_answered(xv)) {
			xvio_mbox_kill(xv, "the firmware does not answer its mailbox");
			return -ETIMEDOUT;
		}
		wait_for_completion_timeout(&xv->mbox.done, msecs_to_jiffies(MBOX_LOOK_MS));
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

int xvio_mbox_call(struct xvio *xv, const struct xvio_cmd *cmd)
{
	int err = -EIO;

	if (WARN_ON(cmd->req_bytes > XVIO_MBOX_PAYLOAD_BYTES))
		return -EINVAL;
	mutex_lock(&xv->mbox.lock);
	if (READ_ONCE(xv->mbox.dead)) {
		NL_SET_ERR_MSG(cmd->extack, "xvio: the card does not answer any more");
		goto unlock;
	}
	reinit_completion(&xv->mbox.done);
	mbox_write(xv, cmd);
	err = mbox_wait(xv);
	if (!err)
		err = mbox_read(xv, cmd);
unlock:
	mutex_unlock(&xv->mbox.lock);
	return err;
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
