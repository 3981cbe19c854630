/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio virtual functions: virtio network devices on the bus, whose registers
 * are firmware (link.h). A write becomes an entry for hart 0; a read is held
 * until hart 0 has carried out what was written before, and meanwhile the SoC
 * is served from here, for it may need DMA to get there. Runs on vCPU threads,
 * resets also in the main loop, all under the BQL.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/range.h"
#include "qemu/timer.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "migration/vmstate.h"
#include "standard-headers/linux/virtio_pci.h"
#include "trace.h"
#include "xvio_int.h"

OBJECT_DECLARE_SIMPLE_TYPE(XvioVf, XVIO_VF)

struct XvioVf {
    PCIDevice parent_obj;

    MemoryRegion bar_regs;
    MemoryRegion bar_msix;
    unsigned config_cap; /* VIRTIO_PCI_CAP_PCI_CFG */
};

#define XVIO_VF_CAP_MSIX 0x50
#define XVIO_VF_CAP_EXP  0x60
#define XVIO_VF_EXT_ARI  0x100

#define XVIO_VF_MSIX_TABLE     0x0000
#define XVIO_VF_MSIX_PBA       0x1000
#define XVIO_VF_BAR_MSIX_BYTES 0x2000

/* How long a read is held without progress: as long as a mailbox command. */
#define XVIO_VF_PATIENCE_MS 5000
/* The SoC says when there is news; this only bounds the harm of a lost word. */
#define XVIO_VF_LOOK_MS 10

static XvioState *xvio_vf_card(XvioVf *vf)
{
    return XVIO(pcie_sriov_get_pf(PCI_DEVICE(vf)));
}

static unsigned xvio_vf_number(XvioVf *vf)
{
    return pcie_sriov_vf_number(PCI_DEVICE(vf));
}

/* Has hart 0 carried out the first @count entries of this generation? */
static bool xvio_vf_done(XvioState *s, uint32_t count)
{
    /* Pairs with hart 0's store-release: what the entries changed is there. */
    uint32_t cons = xvio_load_acquire32(&xvio_vf_ring(s)->cons);

    return (int32_t)(cons - count) >= 0;
}

static bool xvio_vf_wait_patiently(XvioState *s, uint32_t count)
{
    struct xvio_vf_ring *ring = xvio_vf_ring(s);
    uint32_t generation = s->generation;
    uint32_t cons = xvio_load32(&ring->cons);
    int64_t now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME), since = now;

    while (!xvio_vf_done(s, count)) {
        xvio_soc_serve(s, XVIO_VF_LOOK_MS);
        now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
        if (xvio_load32(&ring->cons) != cons) {
            cons = xvio_load32(&ring->cons);
            since = now;
        }
        if (s->generation != generation || !xvio_hart_ready(s, 0) ||
            now - since > XVIO_VF_PATIENCE_MS) {
            s->vf.silent = true;
            s->vf.silent_at = cons;
            return false;
        }
    }
    return true;
}

/*
 * Wait until @count entries have been carried out. A SoC that has kept us
 * waiting in vain is not waited for again before it has moved.
 */
static bool xvio_vf_wait(XvioState *s, uint32_t count)
{
    struct xvio_vf_ring *ring = xvio_vf_ring(s);
    bool done;

    if (xvio_vf_done(s, count)) {
        return true;
    }
    if (!xvio_hart_ready(s, 0) ||
        (s->vf.silent && xvio_load32(&ring->cons) == s->vf.silent_at)) {
        return false;
    }
    s->vf.silent = false;
    xvio_store32(&ring->waiting, 1);
    /* Pairs with hart 0's fence between its store of cons and its look here. */
    smp_mb();
    done = xvio_vf_wait_patiently(s, count);
    xvio_store32(&ring->waiting, 0);
    return done;
}

/* An entry for hart 0. False: it does not run, or lets no entry go. */
static bool xvio_vf_post(XvioState *s, const struct xvio_vf_entry *entry)
{
    struct xvio_vf_ring *ring = xvio_vf_ring(s);
    struct xvio_vf_entry *slot;

    if (!xvio_hart_ready(s, 0) ||
        !xvio_vf_wait(s, s->vf.prod + 1 - XVIO_VF_RING_ENTRIES)) {
        trace_xvio_vf_lost(entry->vf, entry->kind, entry->offset);
        return false;
    }
    slot = &ring->entry[s->vf.prod % XVIO_VF_RING_ENTRIES];
    slot->vf = cpu_to_le16(entry->vf);
    slot->kind = cpu_to_le16(entry->kind);
    slot->offset = cpu_to_le16(entry->offset);
    slot->size_bytes = cpu_to_le16(entry->size_bytes);
    slot->value = cpu_to_le32(entry->value);
    slot->reserved = 0;
    s->vf.prod++;
    s->vf.posted[entry->vf] = s->vf.prod;
    xvio_store_release32(&ring->prod, s->vf.prod);
    xvio_soc_wake(s, 0);
    return true;
}

/* Registers */

static uint32_t xvio_vf_read_reg(XvioVf *vf, hwaddr addr, unsigned size)
{
    XvioState *s = xvio_vf_card(vf);
    unsigned n = xvio_vf_number(vf);
    uint32_t value = MAKE_64BIT_MASK(0, 8 * size);

    if (xvio_hart_ready(s, 0) && xvio_vf_wait(s, s->vf.posted[n])) {
        value = ldn_le_p(s->ram + XVIO_RAM_VF_PAGES + n * XVIO_VF_REGS_BYTES +
                             addr,
                         size);
    } else {
        trace_xvio_vf_silent(n, addr);
    }
    trace_xvio_vf_read(n, addr, size, value);
    return value;
}

static void xvio_vf_notify(XvioState *s, unsigned n, hwaddr addr,
                           uint32_t value)
{
    unsigned queue = (addr - XVIO_VF_NOTIFY) / XVIO_VF_NOTIFY_MULTIPLIER;

    if (queue < XVIO_VF_MAX_QUEUES) {
        xvio_doorbell_ring(s, XVIO_VF_DOORBELL(n, queue), value);
    }
}

static void xvio_vf_write_reg(XvioVf *vf, hwaddr addr, uint32_t value,
                              unsigned size)
{
    XvioState *s = xvio_vf_card(vf);
    struct xvio_vf_entry entry = {
        .vf = xvio_vf_number(vf),
        .kind = XVIO_VF_WRITE,
        .offset = addr,
        .size_bytes = size,
        .value = value,
    };

    if (addr >= XVIO_VF_NOTIFY) {
        xvio_vf_notify(s, entry.vf, addr, value);
        return;
    }
    trace_xvio_vf_write(entry.vf, addr, size, value);
    xvio_vf_post(s, &entry);
}

/* The SoC must not play the host towards its own card. */
static bool xvio_vf_is_own_dma(XvioVf *vf)
{
    return DEVICE(xvio_vf_card(vf))->mem_reentrancy_guard.engaged_in_io;
}

static MemTxResult xvio_vf_read(void *opaque, hwaddr addr, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    XvioVf *vf = opaque;

    if (xvio_vf_is_own_dma(vf)) {
        return MEMTX_ACCESS_ERROR;
    }
    *data = addr < XVIO_VF_NOTIFY ? xvio_vf_read_reg(vf, addr, size) : 0;
    return MEMTX_OK;
}

static MemTxResult xvio_vf_write(void *opaque, hwaddr addr, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    XvioVf *vf = opaque;

    if (xvio_vf_is_own_dma(vf)) {
        return MEMTX_ACCESS_ERROR;
    }
    xvio_vf_write_reg(vf, addr, data, size);
    return MEMTX_OK;
}

static const MemoryRegionOps xvio_vf_ops = {
    .read_with_attrs = xvio_vf_read,
    .write_with_attrs = xvio_vf_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
};

/* Configuration space: virtio 1.2, 4.1.4 */

static unsigned xvio_vf_add_cap(XvioVf *vf, uint8_t type, uint32_t offset,
                                uint32_t len_bytes, uint8_t cap_bytes)
{
    PCIDevice *pdev = PCI_DEVICE(vf);
    unsigned at = pci_add_capability(pdev, PCI_CAP_ID_VNDR, 0, cap_bytes,
                                     &error_abort);
    uint8_t *cap = pdev->config + at;

    cap[VIRTIO_PCI_CAP_LEN] = cap_bytes;
    cap[VIRTIO_PCI_CAP_CFG_TYPE] = type;
    cap[VIRTIO_PCI_CAP_BAR] = XVIO_VF_BAR_REGS;
    pci_set_long(cap + VIRTIO_PCI_CAP_OFFSET, offset);
    pci_set_long(cap + VIRTIO_PCI_CAP_LENGTH, len_bytes);
    return at;
}

static void xvio_vf_add_caps(XvioVf *vf)
{
    const uint8_t plain = sizeof(struct virtio_pci_cap);
    PCIDevice *pdev = PCI_DEVICE(vf);
    unsigned notify;
    uint8_t *wmask;

    xvio_vf_add_cap(vf, VIRTIO_PCI_CAP_COMMON_CFG, XVIO_VF_COMMON,
                    XVIO_VF_COMMON_BYTES, plain);
    notify = xvio_vf_add_cap(vf, VIRTIO_PCI_CAP_NOTIFY_CFG, XVIO_VF_NOTIFY,
                             XVIO_VF_NOTIFY_BYTES,
                             sizeof(struct virtio_pci_notify_cap));
    pci_set_long(pdev->config + notify + VIRTIO_PCI_NOTIFY_CAP_MULT,
                 XVIO_VF_NOTIFY_MULTIPLIER);
    xvio_vf_add_cap(vf, VIRTIO_PCI_CAP_ISR_CFG, XVIO_VF_ISR, XVIO_VF_ISR_BYTES,
                    plain);
    xvio_vf_add_cap(vf, VIRTIO_PCI_CAP_DEVICE_CFG, XVIO_VF_DEVICE,
                    XVIO_VF_DEVICE_BYTES, plain);
    vf->config_cap = xvio_vf_add_cap(vf, VIRTIO_PCI_CAP_PCI_CFG, 0, 0,
                                     sizeof(struct virtio_pci_cfg_cap));
    wmask = pdev->wmask + vf->config_cap;
    wmask[VIRTIO_PCI_CAP_BAR] = 0xff;
    memset(wmask + VIRTIO_PCI_CAP_OFFSET, 0xff,
           sizeof(struct virtio_pci_cfg_cap) - VIRTIO_PCI_CAP_OFFSET);
}

/*
 * 4.1.4.9: does this access reach the BAR through configuration space? Then
 * where.
 */
static bool xvio_vf_is_window(XvioVf *vf, uint32_t addr, int len,
                              uint32_t *offset, uint32_t *size)
{
    const uint8_t *cap = PCI_DEVICE(vf)->config + vf->config_cap;
    const unsigned data = offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);

    if (!ranges_overlap(addr, len, vf->config_cap + data, 4)) {
        return false;
    }
    *offset = pci_get_long(cap + VIRTIO_PCI_CAP_OFFSET);
    *size = pci_get_long(cap + VIRTIO_PCI_CAP_LENGTH);
    return cap[VIRTIO_PCI_CAP_BAR] == XVIO_VF_BAR_REGS &&
           (*size == 1 || *size == 2 || *size == 4) && *offset % *size == 0 &&
           *offset < XVIO_VF_BAR_REGS_BYTES;
}

static void xvio_vf_write_config(PCIDevice *pdev, uint32_t addr, uint32_t value,
                                 int len)
{
    XvioVf *vf = XVIO_VF(pdev);
    uint8_t *data = pdev->config + vf->config_cap +
                    offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
    uint32_t offset, size;

    pci_default_write_config(pdev, addr, value, len);
    pcie_cap_flr_write_config(pdev, addr, value, len);
    if (xvio_vf_is_window(vf, addr, len, &offset, &size)) {
        xvio_vf_write_reg(vf, offset, ldn_le_p(data, size), size);
    }
}

static uint32_t xvio_vf_read_config(PCIDevice *pdev, uint32_t addr, int len)
{
    XvioVf *vf = XVIO_VF(pdev);
    uint8_t *data = pdev->config + vf->config_cap +
                    offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
    uint32_t offset, size;

    if (xvio_vf_is_window(vf, addr, len, &offset, &size) &&
        offset < XVIO_VF_REGS_BYTES) {
        stn_le_p(data, size, xvio_vf_read_reg(vf, offset, size));
    }
    return pci_default_read_config(pdev, addr, len);
}

/* Life */

static void xvio_vf_realize(PCIDevice *pdev, Error **errp)
{
    XvioVf *vf = XVIO_VF(pdev);
    unsigned i;

    memory_region_init_io(&vf->bar_regs, OBJECT(vf), &xvio_vf_ops, vf,
                          "xvio-vf-regs", XVIO_VF_BAR_REGS_BYTES);
    pci_register_bar(pdev, XVIO_VF_BAR_REGS, XVIO_BAR_FLAGS, &vf->bar_regs);
    memory_region_init(&vf->bar_msix, OBJECT(vf), "xvio-vf-msix",
                       XVIO_VF_BAR_MSIX_BYTES);
    pci_register_bar(pdev, XVIO_VF_BAR_MSIX, XVIO_BAR_FLAGS, &vf->bar_msix);
    if (msix_init(pdev, XVIO_VF_NUM_MSIX, &vf->bar_msix, XVIO_VF_BAR_MSIX,
                  XVIO_VF_MSIX_TABLE, &vf->bar_msix, XVIO_VF_BAR_MSIX,
                  XVIO_VF_MSIX_PBA, XVIO_VF_CAP_MSIX, errp) < 0) {
        return;
    }
    for (i = 0; i < XVIO_VF_NUM_MSIX; i++) {
        msix_vector_use(pdev, i);
    }
    if (pcie_endpoint_cap_init(pdev, XVIO_VF_CAP_EXP) < 0) {
        error_setg(errp, "xvio: cannot add a VF's PCI Express capability");
        msix_uninit(pdev, &vf->bar_msix, &vf->bar_msix);
        return;
    }
    pcie_cap_flr_init(pdev);
    pcie_ari_init(pdev, XVIO_VF_EXT_ARI);
    xvio_vf_add_caps(vf);
}

static void xvio_vf_exit(PCIDevice *pdev)
{
    XvioVf *vf = XVIO_VF(pdev);

    pcie_cap_exit(pdev);
    msix_uninit(pdev, &vf->bar_msix, &vf->bar_msix);
}

/*
 * FLR, enabling, disabling. Nothing is waited for: until hart 0 has carried it
 * out, reads are held and the function's DMA is refused.
 */
static void xvio_vf_reset(DeviceState *dev)
{
    XvioVf *vf = XVIO_VF(dev);
    XvioState *s = xvio_vf_card(vf);
    struct xvio_vf_entry entry = {
        .vf = xvio_vf_number(vf),
        .kind = XVIO_VF_RESET,
    };

    trace_xvio_vf_reset(entry.vf, PCI_DEVICE(vf)->enabled);
    if (xvio_vf_post(s, &entry)) {
        s->vf.in_reset[entry.vf] = true;
        s->vf.reset_at[entry.vf] = s->vf.prod;
    }
}

PCIDevice *xvio_vf_function(XvioState *s, unsigned n)
{
    PCIDevice *pdev = pcie_sriov_get_vf_at_index(PCI_DEVICE(s), n);

    if (!pdev) {
        return NULL;
    }
    if (s->vf.in_reset[n] && xvio_vf_done(s, s->vf.reset_at[n])) {
        s->vf.in_reset[n] = false;
    }
    return s->vf.in_reset[n] ? NULL : pdev;
}

void xvio_vf_new_generation(XvioState *s)
{
    struct xvio_vf_ring *ring = xvio_vf_ring(s);

    memset(&s->vf, 0, sizeof(s->vf));
    ring->prod = 0;
    ring->waiting = 0;
    memset(ring->entry, 0, sizeof(ring->entry));
}

bool xvio_vf_init_sriov(XvioState *s, uint16_t cap_offset, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    if (!pcie_sriov_pf_init(pdev, cap_offset, TYPE_XVIO_VF, XVIO_VF_DEVICE_ID,
                            XVIO_NUM_VFS, XVIO_NUM_VFS, 1, 1, errp)) {
        return false;
    }
    pcie_sriov_pf_init_vf_bar(pdev, XVIO_VF_BAR_REGS, XVIO_BAR_FLAGS,
                              XVIO_VF_BAR_REGS_BYTES);
    pcie_sriov_pf_init_vf_bar(pdev, XVIO_VF_BAR_MSIX, XVIO_BAR_FLAGS,
                              XVIO_VF_BAR_MSIX_BYTES);
    return true;
}

static const VMStateDescription xvio_vf_vmstate = {
    .name = TYPE_XVIO_VF,
    .unmigratable = 1,
};

static void xvio_vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = xvio_vf_realize;
    k->exit = xvio_vf_exit;
    k->config_read = xvio_vf_read_config;
    k->config_write = xvio_vf_write_config;
    k->vendor_id = XVIO_PCI_VENDOR_ID;
    k->device_id = XVIO_VF_DEVICE_ID;
    k->subsystem_vendor_id = XVIO_PCI_VENDOR_ID;
    k->subsystem_id = XVIO_PCI_DEVICE_ID;
    k->class_id = XVIO_PCI_CLASS >> 8;
    k->revision = XVIO_VF_REVISION;
    dc->desc = "xvio SmartNIC, virtual function";
    dc->vmsd = &xvio_vf_vmstate;
    dc->user_creatable = false;
    device_class_set_legacy_reset(dc, xvio_vf_reset);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo xvio_vf_info = {
    .name = TYPE_XVIO_VF,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(XvioVf),
    .class_init = xvio_vf_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void xvio_vf_register_types(void)
{
    type_register_static(&xvio_vf_info);
}

type_init(xvio_vf_register_types)
