/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio, the hardware of a SmartNIC: state of the device and what its files ask
 * of each other. Everything runs under the BQL: MMIO on vCPU threads, the rest
 * in the main loop. Words of card RAM may change at any moment under the SoC's
 * hands: they are read once, checked, then used; whatever the model must be
 * able to rely on it keeps in this state.
 */
#ifndef HW_NET_XVIO_INT_H
#define HW_NET_XVIO_INT_H

#include "hw/pci/pci_device.h"
#include "chardev/char-fe.h"
#include "net/net.h"
#include "qemu/event_notifier.h"
#include "qom/object.h"
#include "system/hostmem.h"
#include "xvio/link.h"
#include "xvio/regs.h"

#define TYPE_XVIO "xvio"
#define TYPE_XVIO_VF "xvio-vf"
OBJECT_DECLARE_SIMPLE_TYPE(XvioState, XVIO)

#define XVIO_BAR_FLAGS \
    (PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64)

/* Ports that the card has even with no cable in them. */
#define XVIO_MIN_UPLINKS 2

/*
 * The hardware's own view of a hart's rings; what stands in card RAM is for the
 * SoC to read.
 */
typedef struct XvioHart {
    uint32_t op_cons;
    uint32_t db_prod;
    bool op_broken; /* op_prod ran too far: no more ops before a reset */
} XvioHart;

typedef struct XvioUplink {
    XvioState *card;
    NICConf conf;
    NICState *nic; /* NULL: no cable */
    unsigned index;
    uint32_t prod;
    uint32_t no_slot;
    uint32_t oversize;
} XvioUplink;

typedef struct XvioFlash {
    char *path; /* property */
    int fd;
    uint8_t *window; /* RAM of the BAR0 window */
    uint32_t addr;
    uint32_t len;
    uint32_t status;
} XvioFlash;

typedef struct XvioSoc {
    CharBackend ivshmem; /* property; the model is the server */
    CharBackend socctl;  /* property; QMP of the SoC */
    /* SoC -> hardware; 0 is the kick */
    EventNotifier hw_event[XVIO_IVSHMEM_VECTORS];
    /* hardware -> hart */
    EventNotifier hart_event[XVIO_IVSHMEM_VECTORS];
    int shm_fd;         /* the protocol wants one; nothing is in it */
    bool seen;          /* a SoC has been connected since power-on */
    bool reset_pending; /* to be sent as soon as socctl is there */
} XvioSoc;

/* Of this generation; positions in the ring of entries run freely. */
typedef struct XvioVfs {
    uint32_t prod;
    uint32_t posted[XVIO_NUM_VFS]; /* behind the last entry of a VF */
    uint32_t reset_at[XVIO_NUM_VFS];
    bool in_reset[XVIO_NUM_VFS]; /* not carried out before reset_at */
    bool silent;                 /* hart 0 was waited for in vain */
    uint32_t silent_at;          /* how far it had come */
} XvioVfs;

struct XvioState {
    PCIDevice parent_obj;

    HostMemoryBackend *ram_backend; /* property */
    MACAddr mac;                    /* property */
    uint8_t *ram;                   /* XVIO_RAM_BYTES, shared with the SoC */
    uint32_t generation;
    uint32_t num_uplinks;

    MemoryRegion bar_regs;
    MemoryRegion regs;
    MemoryRegion win_status;
    MemoryRegion win_mbox_req;
    MemoryRegion win_mbox_rsp;
    MemoryRegion win_event;
    MemoryRegion win_trace;
    MemoryRegion win_flash;
    MemoryRegion bar_doorbells;
    MemoryRegion bar_msix;

    QEMUBH *dma_bh;
    uint8_t tx_frame[XVIO_MAC_RX_SLOT_BYTES];
    uint32_t rung[XVIO_NUM_DOORBELLS];
    XvioHart hart[XVIO_MAX_HARTS];
    XvioUplink uplink[XVIO_LINK_MAX_UPLINKS];
    XvioVfs vf;
    XvioFlash flash;
    XvioSoc soc;
};

static inline struct xvio_link *xvio_link(XvioState *s)
{
    return (struct xvio_link *)(s->ram + XVIO_RAM_LINK);
}

static inline struct xvio_hart_rings *xvio_rings(XvioState *s, unsigned hart)
{
    return (struct xvio_hart_rings *)(s->ram + XVIO_RAM_RINGS +
                                      hart * XVIO_HART_RINGS_STRIDE);
}

static inline struct xvio_mac_rx *xvio_mac_ring(XvioState *s, unsigned uplink)
{
    return (struct xvio_mac_rx *)(s->ram + XVIO_RAM_MAC_RX +
                                  uplink * XVIO_MAC_RX_STRIDE);
}

static inline struct xvio_vf_ring *xvio_vf_ring(XvioState *s)
{
    return (struct xvio_vf_ring *)(s->ram + XVIO_RAM_VF_RING);
}

/* One read of a word that the SoC writes. */
static inline uint32_t xvio_load32(const uint32_t *word)
{
    return le32_to_cpu(qatomic_read(word));
}

static inline uint16_t xvio_load16(const uint16_t *word)
{
    return le16_to_cpu(qatomic_read(word));
}

/* Pairs with the SoC's store-release of an index, or of ready_generation. */
static inline uint32_t xvio_load_acquire32(const uint32_t *word)
{
    return le32_to_cpu(qatomic_load_acquire(word));
}

static inline void xvio_store32(uint32_t *word, uint32_t value)
{
    qatomic_set(word, cpu_to_le32(value));
}

/* Pairs with the SoC's load-acquire of an index, or of generation. */
static inline void xvio_store_release32(uint32_t *word, uint32_t value)
{
    qatomic_store_release(word, cpu_to_le32(value));
}

/*
 * Does this hart run in the present generation? Only then are its rings looked
 * at.
 */
static inline bool xvio_hart_ready(XvioState *s, unsigned hart)
{
    return hart < XVIO_MAX_HARTS &&
           xvio_load_acquire32(&xvio_link(s)->hart[hart].ready_generation) ==
               s->generation;
}

/* xvio_soc.c */

/*
 * Become the ivshmem server and open the way to reset the SoC. Errors: out of
 * descriptors.
 */
bool xvio_soc_init(XvioState *s, Error **errp);
void xvio_soc_exit(XvioState *s);
/*
 * Tell a hart that something was published for it (link.h, "Waking"). Holds the
 * full fence.
 */
void xvio_soc_wake(XvioState *s, unsigned hart);
/* Start a new generation and reset the SoC; @why is for the trace. */
void xvio_soc_reset(XvioState *s, const char *why);

/*
 * Wait up to @ms for a signal of the SoC and do what it wants: for those who
 * must wait for it while they hold the BQL.
 */
void xvio_soc_serve(XvioState *s, int ms);

/* xvio_dma.c */

void xvio_dma_init(XvioState *s);
void xvio_dma_exit(XvioState *s);
/*
 * The SoC has published operations. Those beyond a bounded amount run in a
 * bottom half later, or in the next call; returns whether there are any.
 */
bool xvio_dma_kick(XvioState *s);
void xvio_dma_reset(XvioState *s);

/* xvio_doorbell.c */

extern const MemoryRegionOps xvio_doorbell_ops;
/* A write of @value to a doorbell, which exists. */
void xvio_doorbell_ring(XvioState *s, uint32_t doorbell, uint32_t value);
/* The host's write to XVIO_REG_MBOX_DOORBELL. */
void xvio_doorbell_ring_mbox(XvioState *s, uint32_t seq);
void xvio_doorbell_reset(XvioState *s);

/* xvio_mac.c */

void xvio_mac_init(XvioState *s);
void xvio_mac_exit(XvioState *s);
/* Send a frame of card RAM, whose range was checked. Returns XVIO_OP_ST_*. */
uint32_t xvio_mac_send(XvioState *s, uint32_t uplink, uint32_t card_offset,
                       uint32_t len_bytes);
void xvio_mac_reset(XvioState *s);

/* xvio_vf.c */

/* Give the card its VFs, disabled. Errors: no room on the bus. */
bool xvio_vf_init_sriov(XvioState *s, uint16_t cap_offset, Error **errp);
/*
 * The function that is VF @n on the bus; NULL: there is none, or it is being
 * reset.
 */
PCIDevice *xvio_vf_function(XvioState *s, unsigned n);
void xvio_vf_new_generation(XvioState *s);

/* xvio_flash.c */

/*
 * Open or create the file and show it to the SoC. Errors: cannot open, wrong
 * size.
 */
bool xvio_flash_init(XvioState *s, Error **errp);
void xvio_flash_exit(XvioState *s);
/* The host's write to XVIO_REG_FLASH_CMD; the outcome is in flash.status. */
void xvio_flash_command(XvioState *s, uint32_t cmd);
/* Show the SoC once more what is in the flash, whatever it made of its copy. */
void xvio_flash_mirror(XvioState *s);

#endif
