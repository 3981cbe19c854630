/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio DMA engine: executes the harts' rings of operations (link.h) in bounded
 * slices, round-robin. Runs in the main loop under the device's re-entrancy
 * guard, so the card cannot be made to write its own registers.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "hw/pci/msix.h"
#include "trace.h"
#include "xvio_int.h"

/* What one hart may have done before it is the next one's turn */
#define XVIO_SLICE_OPS   64
#define XVIO_SLICE_BYTES (256 * 1024)
/* Turns before the main loop may look after others */
#define XVIO_SLICE_TURNS 4

static bool xvio_dma_range_ok(const struct xvio_op *op)
{
    return op->len_bytes && op->len_bytes <= XVIO_OP_MAX_BYTES &&
           op->card_offset < XVIO_RAM_BYTES &&
           op->len_bytes <= XVIO_RAM_BYTES - op->card_offset;
}

static bool xvio_dma_function_ok(const struct xvio_op *op)
{
    return op->function < XVIO_FUNCTION_VF(XVIO_NUM_VFS);
}

/* In whose name it is done; NULL: a VF that is not there, or in reset. */
static PCIDevice *xvio_dma_function(XvioState *s, const struct xvio_op *op)
{
    return op->function == XVIO_FUNCTION_PF
               ? PCI_DEVICE(s)
               : xvio_vf_function(s, op->function - XVIO_FUNCTION_VF(0));
}

static uint32_t xvio_dma_move(XvioState *s, const struct xvio_op *op)
{
    bool read = op->op == XVIO_OP_DMA_READ;
    PCIDevice *pdev;
    uint32_t status;

    if (!xvio_dma_function_ok(op) || !xvio_dma_range_ok(op)) {
        status = XVIO_OP_ST_BAD_RANGE;
    } else if (!(pdev = xvio_dma_function(s, op))) {
        status = XVIO_OP_ST_BUS_ERROR;
    } else {
        DMADirection dir =
            read ? DMA_DIRECTION_TO_DEVICE : DMA_DIRECTION_FROM_DEVICE;
        MemTxResult res =
            pci_dma_rw(pdev, op->host_addr, s->ram + op->card_offset,
                       op->len_bytes, dir, MEMTXATTRS_UNSPECIFIED);

        status = res == MEMTX_OK ? XVIO_OP_ST_OK : XVIO_OP_ST_BUS_ERROR;
    }
    trace_xvio_dma(read ? "read" : "write", op->function, op->host_addr,
                   op->card_offset, op->len_bytes, status);
    return status;
}

/*
 * A vector that is masked becomes pending; with MSI-X switched off nobody is
 * told.
 */
static uint32_t xvio_dma_msix(XvioState *s, const struct xvio_op *op)
{
    uint32_t num_msix =
        op->function == XVIO_FUNCTION_PF ? XVIO_NUM_MSIX : XVIO_VF_NUM_MSIX;
    uint32_t status = XVIO_OP_ST_OK;
    PCIDevice *pdev;

    if (!xvio_dma_function_ok(op) || op->arg >= num_msix) {
        status = XVIO_OP_ST_BAD_RANGE;
    } else if (!(pdev = xvio_dma_function(s, op))) {
        status = XVIO_OP_ST_BUS_ERROR;
    } else if (msix_enabled(pdev)) {
        msix_notify(pdev, op->arg);
    }
    trace_xvio_msix(op->function, op->arg, status);
    return status;
}

static uint32_t xvio_dma_mac_tx(XvioState *s, const struct xvio_op *op)
{
    uint32_t status = XVIO_OP_ST_BAD_RANGE;

    if (xvio_dma_range_ok(op)) {
        status = xvio_mac_send(s, op->arg, op->card_offset, op->len_bytes);
    }
    trace_xvio_mac_tx(op->arg, op->len_bytes, status);
    return status;
}

static uint32_t xvio_dma_execute(XvioState *s, const struct xvio_op *op)
{
    switch (op->op) {
    case XVIO_OP_DMA_READ:
    case XVIO_OP_DMA_WRITE:
        return xvio_dma_move(s, op);
    case XVIO_OP_MSIX:
        return xvio_dma_msix(s, op);
    case XVIO_OP_MAC_TX:
        return xvio_dma_mac_tx(s, op);
    default:
        return XVIO_OP_ST_BAD_OP;
    }
}

/*
 * The one look at an op in card RAM; what comes out is the host's byte order
 * and nobody else's.
 */
static struct xvio_op xvio_dma_fetch(const struct xvio_op *shared)
{
    struct xvio_op op;

    memcpy(&op, shared, sizeof(op));
    barrier();
    op.host_addr = le64_to_cpu(op.host_addr);
    op.card_offset = le32_to_cpu(op.card_offset);
    op.len_bytes = le32_to_cpu(op.len_bytes);
    op.op = le16_to_cpu(op.op);
    op.function = le16_to_cpu(op.function);
    op.arg = le32_to_cpu(op.arg);
    return op;
}

/*
 * How many operations of this hart wait. A producer that ran too far is not
 * believed again.
 */
static uint32_t xvio_dma_waiting(XvioState *s, unsigned hart)
{
    XvioHart *h = &s->hart[hart];
    uint32_t prod;

    if (h->op_broken || !xvio_hart_ready(s, hart)) {
        return 0;
    }
    prod = xvio_load_acquire32(&xvio_rings(s, hart)->op_prod);
    if (prod - h->op_cons > XVIO_OP_RING_ENTRIES) {
        h->op_broken = true;
        trace_xvio_op_ring_broken(hart, prod, h->op_cons);
        return 0;
    }
    return prod - h->op_cons;
}

/* Executes a slice of a hart's ring. Returns false once nothing is left. */
static bool xvio_dma_run_hart(XvioState *s, unsigned hart)
{
    struct xvio_hart_rings *rings = xvio_rings(s, hart);
    XvioHart *h = &s->hart[hart];
    uint32_t generation = s->generation;
    uint32_t waiting = xvio_dma_waiting(s, hart);
    uint32_t num_ops = MIN(waiting, XVIO_SLICE_OPS);
    uint64_t bytes = 0;

    if (!num_ops) {
        return false;
    }
    for (; num_ops && bytes < XVIO_SLICE_BYTES; num_ops--, waiting--) {
        uint32_t slot = h->op_cons % XVIO_OP_RING_ENTRIES;
        struct xvio_op op = xvio_dma_fetch(&rings->op[slot]);
        uint32_t status = xvio_dma_execute(s, &op);

        if (s->generation != generation) {
            return false; /* the write reached something that reset the card */
        }
        if (status != XVIO_OP_ST_OK) {
            trace_xvio_op_bad(hart, op.op, status);
        }
        bytes += op.len_bytes;
        xvio_store32(&rings->comp[slot], status);
        h->op_cons++;
        xvio_store_release32(&rings->op_cons, h->op_cons);
    }
    xvio_soc_wake(s, hart);
    return waiting > 0;
}

static bool xvio_dma_run(XvioState *s)
{
    bool more = true;
    unsigned turn, hart;

    for (turn = 0; more && turn < XVIO_SLICE_TURNS; turn++) {
        more = false;
        for (hart = 0; hart < XVIO_MAX_HARTS; hart++) {
            more |= xvio_dma_run_hart(s, hart);
        }
    }
    if (more) {
        qemu_bh_schedule(s->dma_bh);
    }
    return more;
}

static void xvio_dma_later(void *opaque)
{
    xvio_dma_run(opaque);
}

/*
 * At once, not in the bottom half: the SoC is waiting. The guard is the one
 * that the latter has.
 */
bool xvio_dma_kick(XvioState *s)
{
    MemReentrancyGuard *guard = &DEVICE(s)->mem_reentrancy_guard;
    bool engaged = guard->engaged_in_io, more;

    guard->engaged_in_io = true;
    more = xvio_dma_run(s);
    guard->engaged_in_io = engaged;
    return more;
}

void xvio_dma_reset(XvioState *s)
{
    unsigned hart;

    for (hart = 0; hart < XVIO_MAX_HARTS; hart++) {
        struct xvio_hart_rings *rings = xvio_rings(s, hart);

        s->hart[hart].op_cons = 0;
        s->hart[hart].op_broken = false;
        rings->op_cons = 0;
        memset(rings->comp, 0, sizeof(rings->comp));
    }
}

void xvio_dma_init(XvioState *s)
{
    s->dma_bh =
        qemu_bh_new_guarded(xvio_dma_later, s, &DEVICE(s)->mem_reentrancy_guard);
}

void xvio_dma_exit(XvioState *s)
{
    qemu_bh_delete(s->dma_bh);
    s->dma_bh = NULL;
}
