/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio doorbells: BAR2, a page per queue, the VFs' notify addresses, and the
 * mailbox's. A ring becomes at
 * most one entry in the ring of the hart that the doorbell is bound to
 * (link.h). Runs on vCPU threads under the BQL.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "trace.h"
#include "xvio_int.h"

static void xvio_doorbell_push(XvioState *s, uint32_t doorbell, unsigned hart)
{
    struct xvio_hart_rings *rings = xvio_rings(s, hart);
    XvioHart *h = &s->hart[hart];
    struct xvio_db_entry *entry = &rings->db[h->db_prod % XVIO_DB_RING_ENTRIES];
    /*
     * Pairs with the hart's store-release of db_cons: the entry may be
     * overwritten.
     */
    uint32_t used = h->db_prod - xvio_load_acquire32(&rings->db_cons);

    if (used >= XVIO_DB_RING_ENTRIES) {
        trace_xvio_doorbell_lost(doorbell, hart);
        return;
    }
    s->rung[doorbell]++;
    xvio_store32(&entry->doorbell, doorbell);
    xvio_store32(&entry->count, s->rung[doorbell]);
    h->db_prod++;
    xvio_store_release32(&rings->db_prod, h->db_prod);
    trace_xvio_doorbell(doorbell, xvio_load32(&xvio_link(s)->data[doorbell]),
                        hart, s->rung[doorbell]);
    xvio_soc_wake(s, hart);
}

void xvio_doorbell_ring(XvioState *s, uint32_t doorbell, uint32_t val)
{
    struct xvio_link *link = xvio_link(s);
    unsigned hart = xvio_load16(&link->bind[doorbell]);

    xvio_store32(&link->data[doorbell], val);
    if (!xvio_hart_ready(s, hart)) {
        trace_xvio_doorbell_lost(doorbell, hart);
        return;
    }
    /*
     * Pairs with the hart's fence between its store of seen and its look at the
     * queue: either it sees what the host put there before this write, or its
     * seen is seen here.
     */
    smp_mb();
    if (xvio_load32(&link->seen[doorbell]) != s->rung[doorbell]) {
        trace_xvio_doorbell_pending(doorbell, val);
        return;
    }
    xvio_doorbell_push(s, doorbell, hart);
}

static void xvio_doorbell_write(void *opaque, hwaddr addr, uint64_t val,
                                unsigned size)
{
    xvio_doorbell_ring(opaque, addr / XVIO_DOORBELL_BYTES, val);
}

static uint64_t xvio_doorbell_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

const MemoryRegionOps xvio_doorbell_ops = {
    .read = xvio_doorbell_read,
    .write = xvio_doorbell_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
};

void xvio_doorbell_ring_mbox(XvioState *s, uint32_t seq)
{
    trace_xvio_mailbox(seq);
    /*
     * Pairs with hart 0's load-acquire: the request in the window was written
     * before.
     */
    xvio_store_release32(&xvio_link(s)->mbox_seq, seq);
    xvio_soc_wake(s, 0);
}

void xvio_doorbell_reset(XvioState *s)
{
    struct xvio_link *link = xvio_link(s);
    unsigned hart;

    link->mbox_seq = 0;
    memset(link->data, 0, sizeof(link->data));
    memset(s->rung, 0, sizeof(s->rung));
    for (hart = 0; hart < XVIO_MAX_HARTS; hart++) {
        struct xvio_hart_rings *rings = xvio_rings(s, hart);

        s->hart[hart].db_prod = 0;
        rings->db_prod = 0;
        memset(rings->db, 0, sizeof(rings->db));
    }
}
