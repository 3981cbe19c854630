/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The SoC's side of xvio/link.h: what the rv64 and posix HALs have in common. They supply hal_core(),
 * hal_num_cores(), hal_time_us(), hal_halt() and the platform functions below; hal/link defines all
 * the rest of hal.h.
 */
#ifndef HAL_LINK_LINK_H
#define HAL_LINK_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/link.h>

/* Start of card RAM in the SoC's address space. */
uint8_t *platform_ram(void);

/* Tells the hardware that operations were published (vector 0 of peer 0). */
void platform_signal_hardware(void);

/* Makes core's current or next platform_wait() return. Any core. */
void platform_kick(unsigned core);

/* Waits until this core was kicked, by a core or by the hardware, or timeout_us passed. */
void platform_wait(uint64_t timeout_us);

/* A line for the console, if there is one. One core at a time, unless the firmware is dying. */
void platform_console(const char *line);

/* True if this is card RAM as our hardware lays it out. */
bool link_is_sound(void);

/*
 * Zeroes the SoC's own words for all cores and reports them ready. Core 0, once a reset, when cores
 * can be kicked and before any of them looks at its rings.
 */
void link_start(void);

/* For hal/link itself. */

struct xvio_link *link_page(void);
struct xvio_hart_rings *link_rings(unsigned core);

/* Something that has not been looked at yet waits for this core. */
bool link_doorbells_pending(unsigned core);
bool link_frames_pending(unsigned core);
bool link_host_pending(void);
bool link_vf_pending(void);

/* Their share of link_start(). */
void link_window_start(void);
void link_mac_start(void);
void link_vf_start(void);

/*
 * The calling core's operation ring: fill free ops 0 .. n-1 (n <= room), execute n of them, look at
 * their XVIO_OP_ST_*, in this order.
 */
unsigned link_ops_room(void);
struct xvio_op *link_ops_free(unsigned i);
void link_ops_execute(unsigned num_ops);
uint32_t link_ops_status(unsigned num_ops, unsigned i);

/* Sleeps once, for at most timeout_us, unless is_pending(core) says that there is something. */
void link_sleep_unless(bool (*is_pending)(unsigned core), uint64_t timeout_us);

/* Card RAM offset of memory; panics if it is not all in card RAM. */
uint32_t link_offset(const void *memory, uint32_t len_bytes);

#endif
