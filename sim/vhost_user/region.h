/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer's memory: what it says of its regions is checked before libvhost-user maps them, the path's
 * address map is made of them, and a file that shrinks under us ends its port, not the process.
 */
#ifndef VHOST_USER_REGION_H
#define VHOST_USER_REGION_H

#include <stdbool.h>
#include <stdint.h>
#include <libvhost-user.h>
#include "path/iotlb.h"

/* Installs the handler of SIGBUS. Once. */
bool region_init(void);

/* A region to be mapped from fd; NULL: it is good, else what is wrong with it. */
const char *region_check(const VhostUserMemoryRegion *region, int fd);

/* Whether two regions share guest physical or front-end addresses. */
bool region_overlap(const VhostUserMemoryRegion *a, const VhostUserMemoryRegion *b);

/* The same of a new region and those that are mapped. */
bool region_overlaps_mapped(const VuDev *dev, const VhostUserMemoryRegion *region);

/* The map of all regions, guest physical to ours. NULL: no memory. The caller's to destroy. */
struct iotlb *region_make_map(const VuDev *dev);

/* Guest physical address of front-end memory that lies in one region. False: it does not. */
bool region_find(const VuDev *dev, uint64_t user_addr, uint64_t len_bytes, uint64_t *guest_addr);

/* From now on faults in the regions of dev are the owner's (a port's index); none with dev NULL. */
bool region_watch(const VuDev *dev, unsigned owner);

/* Takes the next owner whose memory has failed. False: none. */
bool region_take_fault(unsigned *owner);

#endif
