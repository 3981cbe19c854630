/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Events, card to host: a small ring in the event window. The firmware writes an entry, then head,
 * then raises vector XVIO_VECTOR_EVENT. The host keeps its own tail; when head ran ahead of it by
 * more than the ring, entries were lost and the host re-reads the state it cares for.
 */
#ifndef XVIO_EVENT_H
#define XVIO_EVENT_H

#include "types.h"

#define XVIO_EVENT_RING_ENTRIES 128u

#define XVIO_EVENT_LINK	       1u /* object: port; arg: 1 up, 0 down */
#define XVIO_EVENT_QUEUE_ERROR 2u /* object: queue (doorbell number); arg: XVIO_RING_ERR_* */
#define XVIO_EVENT_VDPA_CONFIG 3u /* object: vDPA device; its status or config changed */

/* Why a ring was stopped. */
#define XVIO_RING_ERR_NONE	0u
#define XVIO_RING_ERR_INDEX	1u /* available index ran further than the ring, or head out of range */
#define XVIO_RING_ERR_LOOP	2u /* chain longer than the ring */
#define XVIO_RING_ERR_LENGTH	3u /* zero or enormous descriptor or chain */
#define XVIO_RING_ERR_DIRECTION 4u /* readable behind writable, or the wrong one for the queue */
#define XVIO_RING_ERR_FLAGS	5u /* a descriptor flag that was not negotiated */
#define XVIO_RING_ERR_ADDRESS	6u /* outside the device's address map */
#define XVIO_RING_ERR_DMA	7u /* the bus refused the access */
#define XVIO_RING_ERR_NUM	8u

struct xvio_event {
	xvio_le16 type; /* XVIO_EVENT_* */
	xvio_le16 reserved;
	xvio_le32 object;
	xvio_le32 arg;
	xvio_le32 reserved2;
};
XVIO_ASSERT_SIZE(struct xvio_event, 16);

struct xvio_event_ring {
	xvio_le32 head; /* entries written since reset; entry i is at i % XVIO_EVENT_RING_ENTRIES */
	xvio_le32 reserved[15];
	struct xvio_event entry[XVIO_EVENT_RING_ENTRIES];
};
XVIO_ASSERT_SIZE(struct xvio_event_ring, 2112);

#endif
