/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio SoC: the wires to the process that plays the card's processor. The model
 * is its ivshmem server (docs/specs/ivshmem-spec of QEMU): hardware is peer 0,
 * the SoC peer 1. It resets the SoC over QMP. Runs in the main loop, the reset
 * also on vCPU threads, all under the BQL.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/memfd.h"
#include "trace.h"
#include "xvio_int.h"

#define XVIO_SHM_BYTES   4096
#define XVIO_SHM_MESSAGE (-1)

static const char xvio_qmp_reset[] = "{\"execute\":\"qmp_capabilities\"}\n"
                                     "{\"execute\":\"system_reset\"}\n";

void xvio_soc_wake(XvioState *s, unsigned hart)
{
    /*
     * Pairs with the hart's fence between sleeping = 1 and its last look at the
     * rings.
     */
    smp_mb();
    if (xvio_load32(&xvio_link(s)->hart[hart].sleeping)) {
        trace_xvio_soc_wake(hart);
        event_notifier_set(&s->soc.hart_event[hart]);
    }
}

/*
 * Everything in card RAM that the hardware owns starts anew; generation is
 * published last, so that a hart that sees the new one (load-acquire) sees all
 * of this.
 */
static void xvio_soc_new_generation(XvioState *s)
{
    s->generation++;
    xvio_dma_reset(s);
    xvio_doorbell_reset(s);
    xvio_mac_reset(s);
    xvio_vf_new_generation(s);
    xvio_flash_mirror(s);
    xvio_store_release32(&xvio_link(s)->generation, s->generation);
}

/*
 * A full socket means a monitor that does not read: the SoC's emulator hangs,
 * not only the SoC.
 */
static void xvio_soc_send_reset(XvioState *s)
{
    const int len = sizeof(xvio_qmp_reset) - 1;

    if (qemu_chr_fe_write(&s->soc.socctl, (const uint8_t *)xvio_qmp_reset,
                          len) != len) {
        warn_report("xvio: the SoC's monitor takes no reset");
        return;
    }
    s->soc.reset_pending = false;
    trace_xvio_soc_reset_sent(s->generation);
}

void xvio_soc_reset(XvioState *s, const char *why)
{
    if (!s->soc.seen) {
        return; /* nothing has run yet that could be reset */
    }
    xvio_soc_new_generation(s);
    trace_xvio_soc_reset(why, s->generation);
    s->soc.reset_pending = true;
    if (qemu_chr_fe_backend_open(&s->soc.socctl)) {
        xvio_soc_send_reset(s);
    }
}

/*
 * One message of the ivshmem protocol: a number, and a descriptor unless @fd is
 * -1.
 */
static bool xvio_soc_send(XvioState *s, int64_t number, int fd)
{
    int64_t msg = cpu_to_le64(number);

    if (fd >= 0 && qemu_chr_fe_set_msgfds(&s->soc.ivshmem, &fd, 1) < 0) {
        return false;
    }
    return qemu_chr_fe_write_all(&s->soc.ivshmem, (uint8_t *)&msg,
                                 sizeof(msg)) == sizeof(msg);
}

static bool xvio_soc_send_events(XvioState *s, unsigned peer,
                                 EventNotifier *events)
{
    unsigned i;

    for (i = 0; i < XVIO_IVSHMEM_VECTORS; i++) {
        if (!xvio_soc_send(s, peer, event_notifier_get_fd(&events[i]))) {
            return false;
        }
    }
    return true;
}

static void xvio_soc_connect(XvioState *s)
{
    XvioSoc *soc = &s->soc;

    if (soc->seen) {
        /* another process than the one whose rings lie there */
        xvio_soc_new_generation(s);
    }
    soc->seen = true;
    soc->reset_pending = false;
    trace_xvio_soc_connect(s->generation);
    if (!xvio_soc_send(s, 0 /* protocol version */, -1) ||
        !xvio_soc_send(s, XVIO_IVSHMEM_PEER_SOC, -1) ||
        !xvio_soc_send(s, XVIO_SHM_MESSAGE, soc->shm_fd) ||
        !xvio_soc_send_events(s, XVIO_IVSHMEM_PEER_HW, soc->hw_event) ||
        !xvio_soc_send_events(s, XVIO_IVSHMEM_PEER_SOC, soc->hart_event)) {
        error_report("xvio: cannot pass descriptors to the SoC; 'ivshmem' must "
                     "be a UNIX socket");
    }
}

static void xvio_soc_ivshmem_event(void *opaque, QEMUChrEvent event)
{
    XvioState *s = opaque;

    if (event == CHR_EVENT_OPENED) {
        xvio_soc_connect(s);
    } else if (event == CHR_EVENT_CLOSED) {
        trace_xvio_soc_disconnect(s->generation);
    }
}

static void xvio_soc_socctl_event(void *opaque, QEMUChrEvent event)
{
    XvioState *s = opaque;

    if (event == CHR_EVENT_OPENED && s->soc.reset_pending) {
        xvio_soc_send_reset(s);
    }
}

/*
 * Neither peer has anything to say: ivshmem clients are silent, QMP's answers
 * change nothing.
 */
static int xvio_soc_can_drain(void *opaque)
{
    return 4096;
}

static void xvio_soc_drain(void *opaque, const uint8_t *buf, int size)
{
}

static void xvio_soc_kicked(EventNotifier *event)
{
    XvioSoc *soc = container_of(event, XvioSoc, hw_event[0]);

    if (event_notifier_test_and_clear(event)) {
        xvio_dma_kick(container_of(soc, XvioState, soc));
    }
}

void xvio_soc_serve(XvioState *s, int ms)
{
    EventNotifier *event = &s->soc.hw_event[0];
    GPollFD fd = { .fd = event_notifier_get_fd(event), .events = G_IO_IN };

    if (!xvio_dma_kick(s)) {
        RETRY_ON_EINTR(g_poll(&fd, 1, ms));
    }
    if (event_notifier_test_and_clear(event)) {
        xvio_dma_kick(s);
    }
}

/* Returns how many of @events exist; fewer than all means an error in errno. */
static unsigned xvio_soc_init_events(EventNotifier *events)
{
    unsigned i;

    for (i = 0; i < XVIO_IVSHMEM_VECTORS; i++) {
        if (event_notifier_init(&events[i], 0) < 0) {
            break;
        }
    }
    return i;
}

static void xvio_soc_exit_events(EventNotifier *events, unsigned count)
{
    while (count--) {
        event_notifier_cleanup(&events[count]);
    }
}

bool xvio_soc_init(XvioState *s, Error **errp)
{
    XvioSoc *soc = &s->soc;
    unsigned hw = 0, harts = 0;

    if (!qemu_chr_fe_backend_connected(&soc->ivshmem)) {
        error_setg(errp, "xvio: property 'ivshmem' (a chardev on a UNIX "
                         "socket) is required");
        return false;
    }
    soc->shm_fd =
        qemu_memfd_create("xvio-ivshmem", XVIO_SHM_BYTES, false, 0, 0, errp);
    if (soc->shm_fd < 0) {
        return false;
    }
    hw = xvio_soc_init_events(soc->hw_event);
    harts =
        hw == XVIO_IVSHMEM_VECTORS ? xvio_soc_init_events(soc->hart_event) : 0;
    if (harts < XVIO_IVSHMEM_VECTORS) {
        error_setg_errno(errp, errno, "xvio: cannot create an eventfd");
        xvio_soc_exit_events(soc->hart_event, harts);
        xvio_soc_exit_events(soc->hw_event, hw);
        close(soc->shm_fd);
        return false;
    }
    event_notifier_set_handler(&soc->hw_event[0], xvio_soc_kicked);
    qemu_chr_fe_set_handlers(&soc->ivshmem, xvio_soc_can_drain, xvio_soc_drain,
                             xvio_soc_ivshmem_event, NULL, s, NULL, true);
    qemu_chr_fe_set_handlers(&soc->socctl, xvio_soc_can_drain, xvio_soc_drain,
                             xvio_soc_socctl_event, NULL, s, NULL, true);
    return true;
}

void xvio_soc_exit(XvioState *s)
{
    XvioSoc *soc = &s->soc;

    qemu_chr_fe_set_handlers(&soc->socctl, NULL, NULL, NULL, NULL, NULL, NULL,
                             true);
    qemu_chr_fe_set_handlers(&soc->ivshmem, NULL, NULL, NULL, NULL, NULL, NULL,
                             true);
    event_notifier_set_handler(&soc->hw_event[0], NULL);
    xvio_soc_exit_events(soc->hart_event, XVIO_IVSHMEM_VECTORS);
    xvio_soc_exit_events(soc->hw_event, XVIO_IVSHMEM_VECTORS);
    close(soc->shm_fd);
    s->generation++; /* a DMA slice that caused this stops here */
}
