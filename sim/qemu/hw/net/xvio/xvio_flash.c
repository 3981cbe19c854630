/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio flash: a file is the flash; the SoC reads a copy of it in card RAM, the
 * host goes through a window of one page. NOR rules: programming only clears
 * bits, erasing sets a sector to ones. Runs on vCPU threads under the BQL; a
 * command is done when the register write returns.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "trace.h"
#include "xvio_int.h"

static bool xvio_flash_read(XvioState *s, void *buf, uint32_t addr,
                            uint32_t len)
{
    ssize_t n = RETRY_ON_EINTR(pread(s->flash.fd, buf, len, addr));

    return n == len;
}

/*
 * To the file first: what the SoC sees is never newer than what a power cut
 * would leave.
 */
static bool xvio_flash_write(XvioState *s, const void *buf, uint32_t addr,
                             uint32_t len)
{
    ssize_t n = RETRY_ON_EINTR(pwrite(s->flash.fd, buf, len, addr));

    if (n != len) {
        return false;
    }
    memcpy(s->ram + XVIO_RAM_FLASH + addr, buf, len);
    return true;
}

static uint32_t xvio_flash_program(XvioState *s, uint32_t addr, uint32_t len)
{
    uint8_t old[XVIO_WIN_BYTES], data[XVIO_WIN_BYTES];
    uint32_t i;

    memcpy(data, s->flash.window, len);
    if (!xvio_flash_read(s, old, addr, len)) {
        return XVIO_FLASH_STATUS_IO_ERROR;
    }
    for (i = 0; i < len; i++) {
        data[i] &= old[i];
    }
    return xvio_flash_write(s, data, addr, len) ? XVIO_FLASH_STATUS_OK
                                                : XVIO_FLASH_STATUS_IO_ERROR;
}

static uint32_t xvio_flash_erase(XvioState *s, uint32_t addr)
{
    uint8_t blank[XVIO_FLASH_SECTOR_BYTES];

    if (addr >= XVIO_FLASH_BYTES || addr % XVIO_FLASH_SECTOR_BYTES) {
        return XVIO_FLASH_STATUS_BAD_ADDR;
    }
    memset(blank, 0xff, sizeof(blank));
    return xvio_flash_write(s, blank, addr, sizeof(blank))
               ? XVIO_FLASH_STATUS_OK
               : XVIO_FLASH_STATUS_IO_ERROR;
}

static uint32_t xvio_flash_check(uint32_t addr, uint32_t len)
{
    if (!len || len > XVIO_WIN_BYTES) {
        return XVIO_FLASH_STATUS_BAD_LEN;
    }
    if (addr > XVIO_FLASH_BYTES - len) {
        return XVIO_FLASH_STATUS_BAD_ADDR;
    }
    return XVIO_FLASH_STATUS_OK;
}

void xvio_flash_command(XvioState *s, uint32_t cmd)
{
    XvioFlash *f = &s->flash;
    uint32_t status = xvio_flash_check(f->addr, f->len);

    switch (cmd) {
    case XVIO_FLASH_CMD_READ:
        if (status == XVIO_FLASH_STATUS_OK &&
            !xvio_flash_read(s, f->window, f->addr, f->len)) {
            status = XVIO_FLASH_STATUS_IO_ERROR;
        }
        break;
    case XVIO_FLASH_CMD_PROGRAM:
        if (status == XVIO_FLASH_STATUS_OK) {
            status = xvio_flash_program(s, f->addr, f->len);
        }
        break;
    case XVIO_FLASH_CMD_ERASE:
        status = xvio_flash_erase(s, f->addr);
        break;
    default:
        status = XVIO_FLASH_STATUS_BAD_CMD;
    }
    f->status = status;
    trace_xvio_flash(cmd, f->addr, f->len, status);
}

void xvio_flash_mirror(XvioState *s)
{
    if (!xvio_flash_read(s, s->ram + XVIO_RAM_FLASH, 0, XVIO_FLASH_BYTES)) {
        error_report("xvio: cannot read flash '%s': %s", s->flash.path,
                     strerror(errno));
    }
}

static bool xvio_flash_blank(XvioState *s, Error **errp)
{
    uint32_t addr;

    for (addr = 0; addr < XVIO_FLASH_BYTES; addr += XVIO_FLASH_SECTOR_BYTES) {
        if (xvio_flash_erase(s, addr) != XVIO_FLASH_STATUS_OK) {
            error_setg_errno(errp, errno, "xvio: cannot fill flash '%s'",
                             s->flash.path);
            return false;
        }
    }
    return true;
}

bool xvio_flash_init(XvioState *s, Error **errp)
{
    XvioFlash *f = &s->flash;
    struct stat st;

    f->fd = -1;
    if (!f->path) {
        error_setg(errp, "xvio: property 'flash' (a file) is required");
        return false;
    }
    f->fd = qemu_create(f->path, O_RDWR, 0644, errp);
    if (f->fd < 0) {
        return false;
    }
    if (fstat(f->fd, &st) < 0) {
        error_setg_errno(errp, errno, "xvio: cannot examine flash '%s'",
                         f->path);
        goto close_file;
    }
    if (st.st_size == 0 && !xvio_flash_blank(s, errp)) {
        goto close_file;
    }
    if (st.st_size != 0 && st.st_size != XVIO_FLASH_BYTES) {
        error_setg(errp,
                   "xvio: flash '%s' has %" PRId64
                   " bytes, must have %u or none",
                   f->path, (int64_t)st.st_size, XVIO_FLASH_BYTES);
        goto close_file;
    }
    xvio_flash_mirror(s);
    return true;

close_file:
    xvio_flash_exit(s);
    return false;
}

void xvio_flash_exit(XvioState *s)
{
    if (s->flash.fd >= 0) {
        close(s->flash.fd);
        s->flash.fd = -1;
    }
}
