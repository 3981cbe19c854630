/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the device may do with the memory of the hostile function, known from what the driver's
 * side can see: how queues were set up, and what the bus carried. The device may read rings of
 * running queues, read and write the buffers of chains that it has been shown and has not
 * returned, and return those chains, each once.
 */
#ifndef FUZZ_DEVICE_SHADOW_H
#define FUZZ_DEVICE_SHADOW_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/mbox.h>
#include "hal/hal.h"

#define SHADOW_QUEUES 24u

/* A queue as its driver set it up. Addresses are the device's (of the port's map, or the bus). */
struct shadow_config {
	bool packed;
	bool in_order;
	uint16_t size;
	uint16_t last_avail;
	uint16_t vector;
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
};

/* No queue runs; nothing is mapped for the port, no vector set. */
void shadow_reset(void);

/* From now on the device may use this queue; until now. Of the VF, or of the port. */
void shadow_start(bool is_port, unsigned queue, const struct shadow_config *config);
void shadow_stop(bool is_port, unsigned queue);

/* The vector for changes of the configuration; and the one that a write is about to make of it. */
void shadow_set_config_vector(uint16_t vector, uint16_t next);

/*
 * The port's address map is about to change to this one, which lives as long as it is in use; it
 * has changed: the one before is gone.
 */
void shadow_begin_map(const struct xvio_map_entry *entries, unsigned num);
void shadow_end_map(void);

/* The bus refuses the operation of the hostile function that comes after num more; -1: none. */
void shadow_refuse_after(int num);

/*
 * The last page of the VF's memory is read-only to it. An operation in the name of the hostile
 * function: false, refused.
 */
bool shadow_bus(bool is_port, const struct hal_dma_op *op, const void *host);

#endif
