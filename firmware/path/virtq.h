/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * A virtqueue as the device sees it (virtio 1.2, 2.6): the one ring engine for guests and host. The
 * worker core that the queue is pinned to is its only user while it runs. What the two ring formats
 * do differently is behind struct virtq_ops, chosen when the queue is made.
 */
#ifndef PATH_VIRTQ_H
#define PATH_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/event.h>
#include <xvio/stats.h>
#include <xvio/virtio.h>
#include "path/dma.h"
#include "path/iotlb.h"

#define VIRTQ_MAX_SIZE 1024u

enum virtq_role {
	VIRTQ_FROM_DRIVER, /* transmitq: chains of readable buffers, packets enter the card */
	VIRTQ_TO_DRIVER, /* receiveq: chains of writable buffers, packets leave the card */
	VIRTQ_CONTROL, /* controlq: readable buffers, a command, then writable ones, its answer */
};

/*
 * How far a packed queue has come, in memory that outlives a restart (virtq_place.h). used is stored before
 * places, places before the driver is told.
 */
struct virtq_place {
	uint64_t used; /* what the first descriptor of the last publication is told as */
	uint32_t places; /* where that began << 16 | where it ended; as virtq_config.last_avail */
	uint32_t reserved;
};

#define VIRTQ_PLACES(from, to) ((uint32_t)(from) << 16 | (uint16_t)(to))

/* What is fixed while a queue runs. Addresses are in the device's IOVA space (map says where). */
struct virtq_config {
	enum virtq_role role;
	bool packed; /* VIRTIO_F_RING_PACKED */
	bool event_idx; /* VIRTIO_F_EVENT_IDX */
	bool in_order; /* VIRTIO_F_IN_ORDER: one used descriptor may stand for a batch */
	bool indirect; /* VIRTIO_F_INDIRECT_DESC */
	bool mergeable; /* VIRTIO_NET_F_MRG_RXBUF: a packet may fill several chains */
	uint8_t offloads; /* OFFLOAD_* that the driver may ask for in headers (offload.h) */
	uint16_t size; /* 2 .. VIRTQ_MAX_SIZE; split: a power of two */
	uint16_t last_avail; /* go on here; packed: place in the ring, VIRTQ_PACKED_WRAP */
	uint16_t function; /* PCI requester */
	uint16_t vector; /* MSI-X or XVIO_VECTOR_NONE */
	uint32_t doorbell; /* its queue id */
	uint16_t hdr_bytes; /* before a packet: 12 virtio_net_hdr, 16 xvio_pkt_meta; controlq: 2 */
	uint64_t desc_iova; /* packed: the descriptor ring */
	uint64_t driver_iova; /* packed: driver event suppression */
	uint64_t device_iova; /* packed: device event suppression */
	const struct iotlb *map; /* lives until the queue is stopped or remapped */
	struct virtq_place *place; /* packed: where it is noted how far it has come; or NULL */
};

#define VIRTQ_FETCH_MAX	      128u /* chains taken over from the ring at once */
#define VIRTQ_MAX_CHAIN_BYTES 0x100000u
#define VIRTQ_INDIRECT_SEGS   1024u /* a burst of chains, with what drivers put into a table */

/* A buffer of a chain, checked for length and direction; the address is checked when it is used. */
struct virtq_seg {
	uint64_t iova;
	uint32_t len_bytes;
};

/*
 * A chain of one buffer that lies in one piece on the bus is direct: its address is known. What will
 * tell the driver that a chain is used is made when it is parsed, so that it needs only be copied.
 */
struct virtq_chain {
	uint64_t bus_addr; /* direct only */
	union {
		uint64_t used; /* as it will stand in the ring; the length is 0 until taken */
		uint32_t used_half[2]; /* virtq_len_half() */
	};
	union {
		struct {
			uint16_t num_segs; /* 0: direct */
			uint16_t num_descs;
			uint16_t at; /* place in the ring, as in virtq_config.last_avail */
			uint16_t first_seg; /* not direct: runs freely */
		};
		uint64_t shape; /* these in one */
	};
	uint32_t len_bytes; /* of all buffers */
	uint32_t read_bytes; /* not direct: of those that are readable, in front of the others */
};

struct virtq;

/* What parsing stops for where host memory is not mapped: virtq.needs. */
#define VIRTQ_NEEDS_ALL	   1u /* all descriptors: a chain has several */
#define VIRTQ_NEEDS_TABLES 2u /* indirect tables */

/* The three areas of a ring, as in virtq_config. */
enum virtq_area { VIRTQ_DESC, VIRTQ_DRIVER, VIRTQ_DEVICE, VIRTQ_NUM_AREAS };

/* A ring format. The asking steps of a fetch are for HALs where host memory is not mapped. */
struct virtq_ops {
	void (*ask_ring)(struct virtq *vq, struct dma_list *dma);
	void (*ask_descs)(struct virtq *vq, struct dma_list *dma);
	/* Only when parse said that it needs them. */
	void (*ask_all)(struct virtq *vq, struct dma_list *dma);
	void (*ask_tables)(struct virtq *vq, struct dma_list *dma);
	/* Checks what is new and makes it chains of the stock; sets pending, needs, or an error. */
	void (*parse)(struct virtq *vq);
	/* Tells the driver not to notify (quiet), or to notify of what comes next. */
	void (*set_quiet)(struct virtq *vq, struct dma_list *dma, bool quiet);
	/* Adds what tells the driver of chains published .. taken, and the read of its wish. */
	void (*publish)(struct virtq *vq, struct dma_list *dma);
	/* Whether it wishes an interrupt. */
	bool (*wants_interrupt)(struct virtq *vq);
};

/*
 * Chain numbers run freely: published <= taken <= fetched. Chains between taken and fetched are the
 * stock: parsed, checked, not begun. What is taken but not yet published is finished at the end of
 * the round. The queue is stopped by setting error, and never goes on. The ring pointers lead into
 * the guest's memory where that is mapped, and else to copies of the same layout.
 */
struct virtq {
	const struct virtq_ops *ops;
	uint32_t published;
	uint32_t taken;
	uint32_t fetched;
	uint32_t mask; /* of a chain's number: its place in chain */
	uint32_t seg_mask; /* of a buffer's number: its place in seg */
	uint16_t fetch_at; /* place of chain number fetched */
	uint16_t num_new; /* between two steps of virtq_fetch() */
	uint16_t last_port; /* where a packet of this queue went: a hint, vnet_send.c */
	uint16_t wanted_flags; /* of a lone descriptor, VIRTQ_DESC_F_WRITE or none */
	uint16_t used_flags; /* packed: of used descriptors, the same */
	uint8_t error; /* XVIO_RING_ERR_* */
	uint8_t dma_failed; /* set by dma_run() */
	uint8_t needs; /* between two steps: what parse stopped for, VIRTQ_NEEDS_* */
	bool has_all; /* all descriptors were asked for */
	bool pending; /* the ring holds more than was fetched, as far as we know */
	bool quiet; /* the driver has been told not to notify */
	uint32_t min_bytes; /* of a chain */
	uint32_t seg_prod, seg_cons;
	struct xvio_map_entry hit; /* where the last address was found */
	struct virtq_chain *chain; /* [size, up to a power of two], number n at n & mask */
	/*
	 * [seg_mask + 1]: without tables a sound ring never has more descriptors in flight; with them it may have
	 * to wait.
	 */
	struct virtq_seg *seg;
	union {
		struct { /* split */
			struct virtq_desc *desc;
			struct virtq_avail *avail;
			struct virtq_used *used;
		};
		struct { /* packed */
			struct virtq_packed_desc *ring;
			struct virtq_packed_desc *seen; /* read before ring; the same if mapped */
			struct virtq_packed_event *driver_event;
			struct virtq_packed_event *device_event;
		};
	};
	uint64_t area_bus_addr[VIRTQ_NUM_AREAS]; /* where an area is in one piece, else 0 */
	struct virtq_config config;
	/* Indirect tables, virtq_table.c. Only with config.indirect. */
	void *table; /* copies, room for as many descriptors as seg for buffers */
	uint32_t tables_asked; /* descriptors in it */
	uint32_t tables_used; /* of them, those of chains that were parsed */
	uint32_t tables_first; /* chains from this number up to the other have theirs there */
	uint32_t tables_end;
	bool tables_of_all; /* all of these; else those that are a table alone, and the first */
	uint32_t table_bytes; /* of the one that parse stopped for */
	uint64_t table_iova;
};

/* NULL: the size will not do, or no memory. Core 0. */
struct virtq *virtq_create(const struct virtq_config *config);
void virtq_destroy(struct virtq *vq);

/*
 * Goes on with another address map (virtq_create() has the first): forgets the stock, which is
 * fetched again. An error is set if the rings are not there, or not in one piece where host memory
 * is mapped. The queue's worker, between two rounds.
 */
void virtq_set_map(struct virtq *vq, const struct iotlb *map);

/* The place of the next chain that is not published: where another device would go on. */
uint16_t virtq_position(const struct virtq *vq);

/*
 * Takes what the drivers have made available into the stock of each queue, for all queues together:
 * one or two DMA lists, one more if a chain has several descriptors, and one or two for indirect tables; none
 * where host memory is mapped.
 * Queues with an error are skipped; a queue in which one is found gets it.
 */
void virtq_fetch(struct virtq *const *vqs, unsigned num, struct dma_list *dma);

/* Chains in stock, and the one at place i of them. */
static inline uint32_t virtq_stock(const struct virtq *vq)
{
	return vq->fetched - vq->taken;
}

static inline struct virtq_chain *virtq_peek(const struct virtq *vq, uint32_t i)
{
	return &vq->chain[(vq->taken + i) & vq->mask];
}

/* How many more chains the ring can hold. */
static inline uint32_t virtq_unfetched(const struct virtq *vq)
{
	return vq->config.size - (vq->fetched - vq->published);
}

/* How many more chains may be fetched at once. */
static inline uint32_t virtq_room(const struct virtq *vq)
{
	uint32_t room = virtq_unfetched(vq);

	return room < VIRTQ_FETCH_MAX ? room : VIRTQ_FETCH_MAX;
}

/*
 * Bus address of the chain's byte at offset_bytes (within the chain), and how many bytes from there on
 * lie in one piece. False, and an error: an address outside the map.
 */
bool virtq_locate(struct virtq *vq, const struct virtq_chain *chain, uint32_t offset_bytes,
		  uint64_t *bus_addr, uint32_t *len_bytes);

/*
 * Copies len_bytes between card memory and the chain (dma_copy()), from offset_bytes on (both within
 * the chain, and on one side of read_bytes): to the card if readable, else from it. False: as virtq_locate().
 */
bool virtq_copy(struct virtq *vq, struct dma_list *dma, const struct virtq_chain *chain,
		uint32_t offset_bytes, void *card, uint32_t len_bytes);

/* Which half of virtq_chain.used says how much was written. */
static inline unsigned virtq_len_half(const struct virtq *vq)
{
	return vq->config.packed ? 0 : 1;
}

/* Takes the oldest chain of the stock; it is used, with len_bytes written, when next published. */
static inline void virtq_take(struct virtq *vq, uint32_t len_bytes)
{
	struct virtq_chain *chain = virtq_peek(vq, 0);

	chain->used_half[virtq_len_half(vq)] = len_bytes;
	vq->seg_cons += chain->num_segs;
	vq->taken++;
}

/* Takes the oldest num chains of the stock, of which nothing was written. */
static inline void virtq_take_read(struct virtq *vq, uint32_t num)
{
	uint32_t i;

	for (i = 0; vq->seg_cons != vq->seg_prod && i < num; i++)
		vq->seg_cons += virtq_peek(vq, i)->num_segs;
	vq->taken += num;
}

/*
 * Adds the writes that tell the driver what was taken, and the read of its interrupt wish. Where host
 * memory is mapped the wish is read by virtq_published(): the caller puts a full fence in between, one
 * for all queues.
 */
void virtq_publish(struct virtq *vq, struct dma_list *dma);

/* After the list was run. True: raise the queue's vector. */
bool virtq_published(struct virtq *vq);

/* Asks the driver not to notify, or to notify again of what comes after the chains fetched. */
void virtq_set_quiet(struct virtq *vq, struct dma_list *dma, bool quiet);

/* Notes an error unless there is one already. */
void virtq_fail(struct virtq *vq, uint8_t error);

/* What queues with this error are counted as. */
enum xvio_stat virtq_error_stat(uint8_t error);

#endif
