// SPDX-License-Identifier: GPL-2.0
/*
 * Events from the card (xvio/event.h): the host's end of the ring. Only the event vector's thread
 * takes entries; what an event means belongs to the file it is handed to.
 */
#include <linux/interrupt.h>

#include "xvio.h"

static const char *const ring_error[XVIO_RING_ERR_NUM] = {
	[XVIO_RING_ERR_NONE] = "none",
	[XVIO_RING_ERR_INDEX] = "index out of range",
	[XVIO_RING_ERR_LOOP] = "chain longer than the ring",
	[XVIO_RING_ERR_LENGTH] = "bad length",
	[XVIO_RING_ERR_DIRECTION] = "wrong direction",
	[XVIO_RING_ERR_FLAGS] = "flag that was not negotiated",
	[XVIO_RING_ERR_ADDRESS] = "address outside the map",
	[XVIO_RING_ERR_DMA] = "refused by the bus",
};

static u32 event_head(struct xvio *xv)
{
	/* readl() orders the reads of the entries behind it; pairs with the firmware's store of head */
	return readl(xv->regs + XVIO_WIN_EVENT + offsetof(struct xvio_event_ring, head));
}

void xvio_event_start(struct xvio *xv)
{
	xv->irq.event_tail = event_head(xv);
}

static void event_handle(struct xvio *xv, const struct xvio_event *event)
{
	u32 object = le32_to_cpu(event->object), arg = le32_to_cpu(event->arg);

	switch (le16_to_cpu(event->type)) {
	case XVIO_EVENT_LINK:
		xvio_eswitch_link_event(xv, object, arg);
		break;
	case XVIO_EVENT_QUEUE_ERROR:
		dev_warn_ratelimited(&xv->pdev->dev, "queue %u was stopped: %s\n", object,
				     arg < XVIO_RING_ERR_NUM ? ring_error[arg] : "unknown reason");
		break;
	case XVIO_EVENT_VDPA_CONFIG:
		xvio_mgmt_config_event(xv, object);
		break;
	default:
		dev_warn_ratelimited(&xv->pdev->dev, "unknown event %u\n",
				     le16_to_cpu(event->type));
	}
}

/* Goes on at head; whatever events before it told of is asked for. */
static void event_skip_to(struct xvio *xv, u32 head)
{
	xv->irq.event_tail = head;
	xvio_eswitch_refresh_links(xv);
	xvio_mgmt_refresh(xv);
}

static void event_take(struct xvio *xv)
{
	unsigned int slot = xv->irq.event_tail % XVIO_EVENT_RING_ENTRIES;
	struct xvio_event event;

	memcpy_fromio(&event,
		      xv->regs + XVIO_WIN_EVENT + offsetof(struct xvio_event_ring, entry[slot]),
		      sizeof(event));
	xv->irq.event_tail++;
	event_handle(xv, &event);
}

void xvio_event_drain(struct xvio *xv)
{
	u32 head;

	while (xvio_mbox_is_alive(xv)) {
		head = event_head(xv);
		if (xchg(&xv->irq.has_restarted, false)) {
			event_skip_to(xv, head);
			continue;
		}
		if (head == xv->irq.event_tail)
			break;
		if (head - xv->irq.event_tail > XVIO_EVENT_RING_ENTRIES) {
			dev_warn_ratelimited(&xv->pdev->dev, "%u events were lost\n",
					     head - xv->irq.event_tail - XVIO_EVENT_RING_ENTRIES);
			event_skip_to(xv, head);
			continue;
		}
		event_take(xv);
	}
}

void xvio_event_restart(struct xvio *xv)
{
	WRITE_ONCE(xv->irq.has_restarted, true);
}

void xvio_event_wake(struct xvio *xv)
{
	irq_wake_thread(xv->irq.vectors[XVIO_VECTOR_EVENT].irq, xv);
}
