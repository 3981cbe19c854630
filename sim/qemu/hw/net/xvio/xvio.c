/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio: the hardware of a SmartNIC whose behaviour is firmware on its own
 * processor. This file is what the PCI bus sees: capabilities, BARs, registers,
 * properties; include/xvio/ is the specification. Under the BQL.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "system/hostmem.h"
#include "trace.h"
#include "xvio_int.h"

#define XVIO_CAP_PM         0x40
#define XVIO_CAP_MSIX       0x50
#define XVIO_CAP_EXP        0x60
#define XVIO_EXT_CAP_SERIAL 0x100
#define XVIO_EXT_CAP_ARI    0x110
#define XVIO_EXT_CAP_SRIOV  0x120

#define XVIO_MSIX_TABLE     0x0000
#define XVIO_MSIX_PBA       0x1000
#define XVIO_BAR_MSIX_BYTES 0x2000

static uint32_t xvio_reg_value(XvioState *s, hwaddr addr)
{
    switch (addr) {
    case XVIO_REG_MAGIC:
        return XVIO_MAGIC;
    case XVIO_REG_ABI:
        return XVIO_ABI_VERSION;
    case XVIO_REG_GENERATION:
        return s->generation;
    case XVIO_REG_NUM_UPLINKS:
        return s->num_uplinks;
    case XVIO_REG_FLASH_SIZE:
        return XVIO_FLASH_BYTES;
    case XVIO_REG_FLASH_ADDR:
        return s->flash.addr;
    case XVIO_REG_FLASH_LEN:
        return s->flash.len;
    case XVIO_REG_FLASH_STATUS:
        return s->flash.status;
    default:
        return 0;
    }
}

static uint64_t xvio_reg_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t value = xvio_reg_value(opaque, addr);

    trace_xvio_reg_read(addr, value);
    return value;
}

static void xvio_reg_write(void *opaque, hwaddr addr, uint64_t value,
                           unsigned size)
{
    XvioState *s = opaque;

    trace_xvio_reg_write(addr, value);
    switch (addr) {
    case XVIO_REG_RESET:
        if (value == XVIO_RESET_KEY) {
            xvio_soc_reset(s, "register");
        }
        break;
    case XVIO_REG_MBOX_DOORBELL:
        xvio_doorbell_ring_mbox(s, value);
        break;
    case XVIO_REG_FLASH_ADDR:
        s->flash.addr = value;
        break;
    case XVIO_REG_FLASH_LEN:
        s->flash.len = value;
        break;
    case XVIO_REG_FLASH_CMD:
        xvio_flash_command(s, value);
        break;
    default:
        break;
    }
}

static const MemoryRegionOps xvio_reg_ops = {
    .read = xvio_reg_read,
    .write = xvio_reg_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 4,
        .max_access_size = 4,
    },
};

/*
 * Windows that the host may only read. They are decoded here, not aliased as
 * read-only RAM: QEMU honours a read-only alias for a CPU's stores, but not for
 * writes by DMA or under KVM.
 */
static uint64_t xvio_window_read(void *opaque, hwaddr addr, unsigned size)
{
    return ldn_le_p((uint8_t *)opaque + addr, size);
}

static void xvio_window_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned size)
{
    trace_xvio_window_readonly(addr);
}

static const MemoryRegionOps xvio_window_ops = {
    .read = xvio_window_read,
    .write = xvio_window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
};

static void xvio_add_window(XvioState *s, MemoryRegion *win, const char *name,
                            hwaddr bar_offset, hwaddr ram_offset,
                            uint64_t bytes)
{
    memory_region_init_io(win, OBJECT(s), &xvio_window_ops, s->ram + ram_offset,
                          name, bytes);
    memory_region_add_subregion(&s->bar_regs, bar_offset, win);
}

static bool xvio_init_bar_regs(XvioState *s, Error **errp)
{
    MemoryRegion *ram = host_memory_backend_get_memory(s->ram_backend);
    Object *obj = OBJECT(s);

    if (!memory_region_init_ram_nomigrate(
            &s->win_flash, obj, "xvio-flash-window", XVIO_WIN_BYTES, errp)) {
        return false;
    }
    s->flash.window = memory_region_get_ram_ptr(&s->win_flash);
    memory_region_init_alias(&s->win_mbox_req, obj, "xvio-mbox-req", ram,
                             XVIO_RAM_MBOX_REQ, XVIO_WIN_BYTES);
    memory_region_init_io(&s->regs, obj, &xvio_reg_ops, s, "xvio-regs",
                          XVIO_WIN_BYTES);

    memory_region_init(&s->bar_regs, obj, "xvio-regs-bar", XVIO_BAR_REGS_BYTES);
    memory_region_add_subregion(&s->bar_regs, 0, &s->regs);
    xvio_add_window(s, &s->win_status, "xvio-status", XVIO_WIN_STATUS,
                    XVIO_RAM_STATUS, XVIO_WIN_BYTES);
    memory_region_add_subregion(&s->bar_regs, XVIO_WIN_MBOX_REQ,
                                &s->win_mbox_req);
    xvio_add_window(s, &s->win_mbox_rsp, "xvio-mbox-rsp", XVIO_WIN_MBOX_RSP,
                    XVIO_RAM_MBOX_RSP, XVIO_WIN_BYTES);
    xvio_add_window(s, &s->win_event, "xvio-event", XVIO_WIN_EVENT,
                    XVIO_RAM_EVENT, XVIO_WIN_BYTES);
    xvio_add_window(s, &s->win_trace, "xvio-trace", XVIO_WIN_TRACE,
                    XVIO_RAM_TRACE, XVIO_WIN_TRACE_BYTES);
    memory_region_add_subregion(&s->bar_regs, XVIO_WIN_FLASH, &s->win_flash);
    pci_register_bar(PCI_DEVICE(s), XVIO_BAR_REGS, XVIO_BAR_FLAGS,
                     &s->bar_regs);
    return true;
}

/* A region in a container holds on to the device: it would never be freed. */
static void xvio_exit_bar_regs(XvioState *s)
{
    memory_region_del_subregion(&s->bar_regs, &s->win_flash);
    memory_region_del_subregion(&s->bar_regs, &s->win_trace);
    memory_region_del_subregion(&s->bar_regs, &s->win_event);
    memory_region_del_subregion(&s->bar_regs, &s->win_mbox_rsp);
    memory_region_del_subregion(&s->bar_regs, &s->win_mbox_req);
    memory_region_del_subregion(&s->bar_regs, &s->win_status);
    memory_region_del_subregion(&s->bar_regs, &s->regs);
}

static bool xvio_init_msix(XvioState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    unsigned i;

    memory_region_init(&s->bar_msix, OBJECT(s), "xvio-msix",
                       XVIO_BAR_MSIX_BYTES);
    pci_register_bar(pdev, XVIO_BAR_MSIX, XVIO_BAR_FLAGS, &s->bar_msix);
    if (msix_init(pdev, XVIO_NUM_MSIX, &s->bar_msix, XVIO_BAR_MSIX,
                  XVIO_MSIX_TABLE, &s->bar_msix, XVIO_BAR_MSIX, XVIO_MSIX_PBA,
                  XVIO_CAP_MSIX, errp) < 0) {
        return false;
    }
    for (i = 0; i < XVIO_NUM_MSIX; i++) {
        msix_vector_use(pdev, i);
    }
    return true;
}

static bool xvio_init_express(XvioState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    const uint8_t *mac = s->mac.a;
    const uint8_t eui64[] = {
        mac[0], mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]
    };

    if (pci_pm_init(pdev, XVIO_CAP_PM, errp) < 0) {
        return false;
    }
    if (pcie_endpoint_cap_init(pdev, XVIO_CAP_EXP) < 0) {
        error_setg(errp, "xvio: cannot add the PCI Express capability");
        return false;
    }
    pcie_cap_flr_init(pdev);
    pcie_dev_ser_num_init(pdev, XVIO_EXT_CAP_SERIAL, ldq_be_p(eui64));
    pcie_ari_init(pdev, XVIO_EXT_CAP_ARI);
    return true;
}

static bool xvio_init_pci(XvioState *s, Error **errp)
{
    if (!xvio_init_bar_regs(s, errp)) {
        return false;
    }
    memory_region_init_io(&s->bar_doorbells, OBJECT(s), &xvio_doorbell_ops, s,
                          "xvio-doorbells", XVIO_BAR_DOORBELLS_BYTES);
    pci_register_bar(PCI_DEVICE(s), XVIO_BAR_DOORBELLS, XVIO_BAR_FLAGS,
                     &s->bar_doorbells);
    if (!xvio_init_express(s, errp)) {
        goto exit_bar_regs;
    }
    if (!xvio_init_msix(s, errp)) {
        goto exit_express;
    }
    if (!xvio_vf_init_sriov(s, XVIO_EXT_CAP_SRIOV, errp)) {
        goto exit_msix;
    }
    return true;

exit_msix:
    msix_uninit(PCI_DEVICE(s), &s->bar_msix, &s->bar_msix);
exit_express:
    pcie_cap_exit(PCI_DEVICE(s));
exit_bar_regs:
    xvio_exit_bar_regs(s);
    return false;
}

static void xvio_exit_pci(XvioState *s)
{
    pcie_sriov_pf_exit(PCI_DEVICE(s));
    msix_uninit(PCI_DEVICE(s), &s->bar_msix, &s->bar_msix);
    pcie_cap_exit(PCI_DEVICE(s));
    xvio_exit_bar_regs(s);
}

static bool xvio_init_ram(XvioState *s, Error **errp)
{
    MemoryRegion *ram;

    if (!s->ram_backend) {
        error_setg(errp, "xvio: property 'ram' (a memory-backend-file, "
                         "share=on) is required");
        return false;
    }
    if (host_memory_backend_is_mapped(s->ram_backend)) {
        error_setg(errp, "xvio: property 'ram': already in use");
        return false;
    }
    ram = host_memory_backend_get_memory(s->ram_backend);
    if (memory_region_size(ram) != XVIO_RAM_BYTES) {
        error_setg(errp,
                   "xvio: property 'ram' has %" PRIu64
                   " bytes, must have exactly %u",
                   memory_region_size(ram), XVIO_RAM_BYTES);
        return false;
    }
    if (!qemu_ram_is_shared(ram->ram_block)) {
        error_setg(errp, "xvio: property 'ram' must have share=on");
        return false;
    }
    host_memory_backend_set_mapped(s->ram_backend, true);
    s->ram = memory_region_get_ram_ptr(ram);
    return true;
}

/* Power-on: the rings are empty, whatever an earlier run left in the file. */
static void xvio_init_link(XvioState *s)
{
    struct xvio_link *link = xvio_link(s);
    unsigned hart;

    s->generation = 1;
    for (hart = 0; hart < XVIO_MAX_HARTS; hart++) {
        xvio_store32(&link->hart[hart].ready_generation, 0);
    }
    xvio_dma_reset(s);
    xvio_doorbell_reset(s);
    xvio_mac_reset(s);
    xvio_vf_new_generation(s);
    memset(s->ram + XVIO_RAM_STATUS, 0, XVIO_WIN_BYTES);
    memcpy(link->mac, s->mac.a, sizeof(link->mac));
    xvio_store32(&link->num_uplinks, s->num_uplinks);
    xvio_store32(&link->version, XVIO_LINK_VERSION);
    xvio_store32(&link->generation, s->generation);
    /* Pairs with the SoC's load-acquire of magic: all of the above is there. */
    xvio_store_release32(&link->magic, XVIO_LINK_MAGIC);
}

static void xvio_realize(PCIDevice *pdev, Error **errp)
{
    XvioState *s = XVIO(pdev);

    if (!xvio_init_ram(s, errp)) {
        return;
    }
    if (!xvio_flash_init(s, errp)) {
        goto release_ram;
    }
    if (!xvio_init_pci(s, errp)) {
        goto close_flash;
    }
    xvio_mac_init(s);
    xvio_init_link(s);
    xvio_dma_init(s);
    if (!xvio_soc_init(s, errp)) {
        goto stop_mac;
    }
    return;

stop_mac:
    xvio_dma_exit(s);
    xvio_mac_exit(s);
    xvio_exit_pci(s);
close_flash:
    xvio_flash_exit(s);
release_ram:
    host_memory_backend_set_mapped(s->ram_backend, false);
}

static void xvio_exit(PCIDevice *pdev)
{
    XvioState *s = XVIO(pdev);

    xvio_soc_exit(s);
    xvio_dma_exit(s);
    xvio_mac_exit(s);
    xvio_exit_pci(s);
    xvio_flash_exit(s);
    host_memory_backend_set_mapped(s->ram_backend, false);
}

/* Machine reset, bus reset or FLR. */
static void xvio_reset(DeviceState *dev)
{
    XvioState *s = XVIO(dev);

    s->flash.addr = 0;
    s->flash.len = 0;
    s->flash.status = XVIO_FLASH_STATUS_OK;
    xvio_soc_reset(s, "PCI");
}

static void xvio_write_config(PCIDevice *pdev, uint32_t addr, uint32_t value,
                              int len)
{
    pci_default_write_config(pdev, addr, value, len);
    pcie_cap_flr_write_config(pdev, addr, value, len);
}

static void xvio_instance_init(Object *obj)
{
    static const MACAddr default_mac = {
        .a = { 0x52, 0x54, 0x00, 0x78, 0x76, 0x00 }
    };

    XVIO(obj)->mac = default_mac;
    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
}

static const Property xvio_properties[] = {
    DEFINE_PROP_LINK("ram", XvioState, ram_backend, TYPE_MEMORY_BACKEND,
                     HostMemoryBackend *),
    DEFINE_PROP_STRING("flash", XvioState, flash.path),
    DEFINE_PROP_CHR("ivshmem", XvioState, soc.ivshmem),
    DEFINE_PROP_CHR("socctl", XvioState, soc.socctl),
    DEFINE_PROP_MACADDR("mac", XvioState, mac),
    DEFINE_PROP_NETDEV("uplink0", XvioState, uplink[0].conf.peers),
    DEFINE_PROP_NETDEV("uplink1", XvioState, uplink[1].conf.peers),
    DEFINE_PROP_NETDEV("uplink2", XvioState, uplink[2].conf.peers),
    DEFINE_PROP_NETDEV("uplink3", XvioState, uplink[3].conf.peers),
};

/* Half of the card is another process, which cannot be moved along. */
static const VMStateDescription xvio_vmstate = {
    .name = TYPE_XVIO,
    .unmigratable = 1,
};

static void xvio_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = xvio_realize;
    k->exit = xvio_exit;
    k->config_write = xvio_write_config;
    k->vendor_id = XVIO_PCI_VENDOR_ID;
    k->device_id = XVIO_PCI_DEVICE_ID;
    k->subsystem_vendor_id = XVIO_PCI_VENDOR_ID;
    k->subsystem_id = XVIO_PCI_DEVICE_ID;
    k->class_id = XVIO_PCI_CLASS >> 8;
    k->revision = XVIO_ABI_VERSION;
    dc->desc = "xvio SmartNIC";
    dc->vmsd = &xvio_vmstate;
    device_class_set_legacy_reset(dc, xvio_reset);
    device_class_set_props(dc, xvio_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo xvio_info = {
    .name = TYPE_XVIO,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(XvioState),
    .instance_init = xvio_instance_init,
    .class_init = xvio_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void xvio_register_types(void)
{
    type_register_static(&xvio_info);
}

type_init(xvio_register_types)
