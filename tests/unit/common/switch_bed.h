/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The firmware's switch and the model of it side by side: the same rules, meters and packets go to both, and what
 * comes out of every port, what the host is told and what is counted is compared. A difference is printed with
 * all that is needed to understand it, and fails the test.
 */
#ifndef COMMON_SWITCH_BED_H
#define COMMON_SWITCH_BED_H

#include "common/bed.h"
#include "common/switch_gen.h"
#include "common/switch_model.h"

#define SWITCH_NUM_VDPA	 3u
#define SWITCH_MAX_BURST 8u

/* The ports of the bed: PF, devices, and where memory is not mapped an uplink. */
extern uint16_t switch_port[SWITCH_NUM_VDPA + 2];
extern unsigned switch_num_ports;

/* What a device's driver may ask for, OFFLOAD_*; other ports 0. */
uint8_t switch_offloads(uint16_t port);

/* A new card and a new model. What each device's driver may ask for, and what it takes. */
void switch_start(unsigned num_cores, const uint8_t offloads[SWITCH_NUM_VDPA],
		  const uint8_t takes[SWITCH_NUM_VDPA]);

/* To both. The firmware must accept it. i: of model_rule(). */
void switch_rule_add(const struct xvio_flow_rule *rule);
void switch_rule_del(unsigned i);
void switch_meter_set(const struct xvio_cmd_meter *meter);

/* Packets come in by a port together, and all that becomes of them is compared. They stay for the report. */
void switch_run(uint16_t in_port, const struct gso_packet *const *packets, unsigned num);

/* For people: the rules, and the last packets; one rule. */
void switch_report(void);
void switch_print_rule(const struct xvio_flow_rule *rule);

#endif
