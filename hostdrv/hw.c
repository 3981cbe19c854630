// SPDX-License-Identifier: GPL-2.0
/*
 * The card's BARs: registers, the status window, doorbells. Nothing here needs a lock; the mailbox
 * and event windows belong to mbox.c and event.c.
 */
#include <linux/delay.h>
#include <linux/io-64-nonatomic-lo-hi.h>

#include "xvio.h"

#define HW_START_TIMEOUT_MS 10000
#define HW_RESET_TIMEOUT_MS 2000
#define HW_LOOK_US	    2000 /* how often, while something is waited for */

u32 xvio_hw_read(struct xvio *xv, unsigned int reg)
{
	return readl(xv->regs + reg);
}

void xvio_hw_read_status(struct xvio *xv, struct xvio_status *status)
{
	memcpy_fromio(status, xv->regs + XVIO_WIN_STATUS, sizeof(*status));
	status->heartbeat = cpu_to_le64(
		readq(xv->regs + XVIO_WIN_STATUS + offsetof(struct xvio_status, heartbeat)));
	status->version[sizeof(status->version) - 1] = '\0';
	status->message[sizeof(status->message) - 1] = '\0';
}

void xvio_hw_ring_doorbell(struct xvio *xv, u32 queue, u32 value)
{
	/* writel() orders it behind the stores to the ring; pairs with the card's read of them */
	writel(value, xv->doorbells + queue * XVIO_DOORBELL_BYTES);
}

u32 xvio_hw_read_trace(struct xvio *xv, char *buf, u32 len_bytes)
{
	void __iomem *trace = xv->regs + XVIO_WIN_TRACE;
	void __iomem *data = trace + offsetof(struct xvio_trace_ring, data);
	u64 head = readq(trace + offsetof(struct xvio_trace_ring, head));
	u32 len = min3((u64)len_bytes, (u64)XVIO_TRACE_BYTES, head);
	u32 at = (u32)((head - len) % XVIO_TRACE_BYTES);
	u32 first = min_t(u32, len, XVIO_TRACE_BYTES - at);

	memcpy_fromio(buf, data + at, first);
	memcpy_fromio(buf + first, data, len - first);
	return len;
}

phys_addr_t xvio_hw_doorbell_addr(struct xvio *xv, u32 queue)
{
	return pci_resource_start(xv->pdev, XVIO_BAR_DOORBELLS) + queue * XVIO_DOORBELL_BYTES;
}

void xvio_hw_reset_soc(struct xvio *xv)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(HW_RESET_TIMEOUT_MS);
	u32 generation = xvio_hw_read(xv, XVIO_REG_GENERATION);

	writel(XVIO_RESET_KEY, xv->regs + XVIO_REG_RESET);
	while (xvio_hw_read(xv, XVIO_REG_GENERATION) == generation &&
	       time_before(jiffies, deadline))
		usleep_range(HW_LOOK_US, 2 * HW_LOOK_US);
}

const char *xvio_hw_find_fault(struct xvio *xv, u32 generation)
{
	if (xvio_hw_read(xv, XVIO_REG_GENERATION) != generation)
		return "the card was reset";
	if (xvio_hw_read(xv, XVIO_WIN_STATUS + offsetof(struct xvio_status, state)) ==
	    XVIO_STATE_PANIC)
		return "the firmware stopped by itself";
	return NULL;
}

/* 0 running, -EAGAIN not yet, else it never will. */
static int hw_check_status(struct xvio *xv, u64 *heartbeat)
{
	struct device *dev = &xv->pdev->dev;
	struct xvio_status status;
	u64 last = *heartbeat;

	xvio_hw_read_status(xv, &status);
	if (le32_to_cpu(status.magic) != XVIO_MAGIC ||
	    le32_to_cpu(status.generation) != xvio_hw_read(xv, XVIO_REG_GENERATION))
		return -EAGAIN;
	switch (le32_to_cpu(status.state)) {
	case XVIO_STATE_NO_IMAGE:
		dev_err(dev, "no firmware in flash (%s): write an image with xvio-flash\n",
			status.message);
		return -ENODEV;
	case XVIO_STATE_PANIC:
		dev_err(dev, "the firmware stopped: %s\n", status.message);
		return -EIO;
	case XVIO_STATE_RUNNING:
		*heartbeat = le64_to_cpu(status.heartbeat);
		return last && *heartbeat != last ? 0 : -EAGAIN;
	default:
		return -EAGAIN;
	}
}

int xvio_hw_wait_running(struct xvio *xv)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(HW_START_TIMEOUT_MS);
	struct xvio_status status;
	u64 heartbeat = 0;
	int err;

	do {
		err = hw_check_status(xv, &heartbeat);
		if (err != -EAGAIN)
			return err;
		usleep_range(HW_LOOK_US, 2 * HW_LOOK_US);
	} while (time_before(jiffies, deadline));
	xvio_hw_read_status(xv, &status);
	dev_err(&xv->pdev->dev,
		"the firmware does not start: state %u, heartbeat %llu, message '%s'\n",
		le32_to_cpu(status.state), le64_to_cpu(status.heartbeat), status.message);
	return -ETIMEDOUT;
}

int xvio_hw_create(struct xvio *xv)
{
	struct pci_dev *pdev = xv->pdev;
	int err = -ENOMEM;

	xv->regs = pci_iomap(pdev, XVIO_BAR_REGS, XVIO_BAR_REGS_BYTES);
	if (!xv->regs)
		return -ENOMEM;
	xv->doorbells = pci_iomap(pdev, XVIO_BAR_DOORBELLS, XVIO_BAR_DOORBELLS_BYTES);
	if (!xv->doorbells)
		goto unmap_regs;
	err = -ENODEV;
	if (xvio_hw_read(xv, XVIO_REG_MAGIC) != XVIO_MAGIC ||
	    xvio_hw_read(xv, XVIO_REG_ABI) != XVIO_ABI_VERSION) {
		dev_err(&pdev->dev, "magic %#x, ABI %u: not a card this driver knows\n",
			xvio_hw_read(xv, XVIO_REG_MAGIC), xvio_hw_read(xv, XVIO_REG_ABI));
		goto unmap_doorbells;
	}
	err = xvio_hw_wait_running(xv);
	if (err)
		goto unmap_doorbells;
	return 0;

unmap_doorbells:
	pci_iounmap(pdev, xv->doorbells);
unmap_regs:
	pci_iounmap(pdev, xv->regs);
	return err;
}

void xvio_hw_destroy(struct xvio *xv)
{
	pci_iounmap(xv->pdev, xv->doorbells);
	pci_iounmap(xv->pdev, xv->regs);
}
