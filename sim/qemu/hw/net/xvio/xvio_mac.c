/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio MAC ports: frames between a netdev of QEMU and card RAM. A port takes
 * every frame, as a switch's port does; what does not fit is lost and counted.
 * Runs in the main loop under the BQL.
 */
#include "qemu/osdep.h"
#include "net/eth.h"
#include "qemu/atomic.h"
#include "trace.h"
#include "xvio_int.h"

static bool xvio_mac_is_up(const XvioUplink *port)
{
    NetClientState *nc = port->nic ? qemu_get_queue(port->nic) : NULL;

    return nc && nc->peer && !nc->link_down;
}

static void xvio_mac_show_links(XvioState *s)
{
    uint32_t up = 0;
    unsigned i;

    for (i = 0; i < s->num_uplinks; i++) {
        up |= xvio_mac_is_up(&s->uplink[i]) ? 1u << i : 0;
    }
    /* Pairs with hart 0's load-acquire. */
    xvio_store_release32(&xvio_link(s)->link_up, up);
}

static void xvio_mac_link_changed(NetClientState *nc)
{
    XvioUplink *port = qemu_get_nic_opaque(nc);

    trace_xvio_mac_link(port->index, xvio_mac_is_up(port));
    xvio_mac_show_links(port->card);
    xvio_soc_wake(port->card, 0);
}

/* The reason why a frame is lost, or NULL and the slot it goes to is free. */
static const char *xvio_mac_refuse(XvioUplink *port, unsigned hart, size_t len)
{
    struct xvio_mac_rx *ring = xvio_mac_ring(port->card, port->index);

    if (!xvio_hart_ready(port->card, hart)) {
        return "no hart listens";
    }
    if (len > XVIO_MAC_RX_SLOT_BYTES) {
        xvio_store32(&ring->oversize, ++port->oversize);
        return "oversize";
    }
    /*
     * Pairs with the hart's store-release of cons: the slot may be overwritten.
     */
    if (port->prod - xvio_load_acquire32(&ring->cons) >= XVIO_MAC_RX_SLOTS) {
        xvio_store32(&ring->no_slot, ++port->no_slot);
        return "no slot";
    }
    return NULL;
}

static ssize_t xvio_mac_receive(NetClientState *nc, const uint8_t *buf,
                                size_t len)
{
    XvioUplink *port = qemu_get_nic_opaque(nc);
    XvioState *s = port->card;
    struct xvio_mac_rx *ring = xvio_mac_ring(s, port->index);
    unsigned hart = xvio_load16(&xvio_link(s)->mac_rx_hart[port->index]);
    const char *why = xvio_mac_refuse(port, hart, len);
    uint32_t slot = port->prod % XVIO_MAC_RX_SLOTS;

    if (why) {
        trace_xvio_mac_rx_lost(port->index, len, why);
        return len;
    }
    memcpy(ring->slot[slot], buf, len);
    xvio_store32(&ring->len_bytes[slot], len);
    port->prod++;
    xvio_store_release32(&ring->prod, port->prod);
    trace_xvio_mac_rx(port->index, len, port->prod);
    xvio_soc_wake(s, hart);
    return len;
}

static NetClientInfo xvio_mac_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .receive = xvio_mac_receive,
    .link_status_changed = xvio_mac_link_changed,
};

uint32_t xvio_mac_send(XvioState *s, uint32_t uplink, uint32_t card_offset,
                       uint32_t len_bytes)
{
    if (uplink >= s->num_uplinks || len_bytes < XVIO_MIN_FRAME_BYTES ||
        len_bytes > sizeof(s->tx_frame)) {
        return XVIO_OP_ST_BAD_RANGE;
    }
    if (!xvio_mac_is_up(&s->uplink[uplink])) {
        return XVIO_OP_ST_NO_LINK;
    }
    /*
     * A netdev parses what it is given: it gets a copy that the SoC cannot
     * change meanwhile.
     */
    memcpy(s->tx_frame, s->ram + card_offset, len_bytes);
    qemu_send_packet(qemu_get_queue(s->uplink[uplink].nic), s->tx_frame,
                     len_bytes);
    return XVIO_OP_ST_OK;
}

void xvio_mac_reset(XvioState *s)
{
    unsigned i;

    for (i = 0; i < XVIO_LINK_MAX_UPLINKS; i++) {
        struct xvio_mac_rx *ring = xvio_mac_ring(s, i);

        s->uplink[i].prod = 0;
        s->uplink[i].no_slot = 0;
        s->uplink[i].oversize = 0;
        ring->prod = 0;
        ring->no_slot = 0;
        ring->oversize = 0;
        memset(ring->len_bytes, 0, sizeof(ring->len_bytes));
    }
    xvio_mac_show_links(s);
}

/* The card's base address is its PF's; the ports have the ones behind it. */
static void xvio_mac_set_addr(XvioUplink *port)
{
    uint8_t *addr = port->conf.macaddr.a;

    memcpy(addr, port->card->mac.a, ETH_ALEN);
    stl_be_p(addr + 2, ldl_be_p(addr + 2) + 1 + port->index);
}

void xvio_mac_init(XvioState *s)
{
    const char *id = DEVICE(s)->id ?: TYPE_XVIO;
    unsigned i;

    s->num_uplinks = XVIO_MIN_UPLINKS;
    for (i = 0; i < XVIO_LINK_MAX_UPLINKS; i++) {
        XvioUplink *port = &s->uplink[i];
        g_autofree char *name = g_strdup_printf("%s.uplink%u", id, i);

        port->card = s;
        port->index = i;
        if (!port->conf.peers.ncs[0]) {
            continue;
        }
        xvio_mac_set_addr(port);
        port->nic = qemu_new_nic(&xvio_mac_info, &port->conf, TYPE_XVIO, name,
                                 &DEVICE(s)->mem_reentrancy_guard, port);
        qemu_format_nic_info_str(qemu_get_queue(port->nic),
                                 port->conf.macaddr.a);
        s->num_uplinks = MAX(s->num_uplinks, i + 1);
    }
}

void xvio_mac_exit(XvioState *s)
{
    unsigned i;

    for (i = 0; i < XVIO_LINK_MAX_UPLINKS; i++) {
        if (s->uplink[i].nic) {
            qemu_del_nic(s->uplink[i].nic);
            s->uplink[i].nic = NULL;
        }
    }
}
