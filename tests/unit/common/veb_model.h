/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What becomes of a frame in legacy mode, by docs/eswitch.md: ports as they were set, and what was learnt. It shares nothing with
 * the firmware but the clock.
 */
#ifndef COMMON_VEB_MODEL_H
#define COMMON_VEB_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define VEB_MODEL_NUM_PORTS  7u /* by place */
#define VEB_MODEL_NUM_QUEUED 5u /* of them with queues; then uplinks 0 and 1 */
#define VEB_MODEL_UPLINK     5u
#define VEB_MODEL_OTHER	     6u
#define VEB_MODEL_NOWHERE    0xffu
#define VEB_MODEL_MAX_BYTES  1600u
#define VEB_MODEL_MAX_LEARNT 256u

struct veb_model_port {
	uint8_t mac[6];
	uint64_t since; /* it has had this address in this VLAN */
	uint16_t tci;
	bool checks_source;
	bool promiscuous;
	bool is_down;
};

struct veb_model_learnt {
	bool used;
	uint16_t vid;
	uint8_t mac[6];
	unsigned port;
	uint64_t last_us;
};

/* The test sets ports, mode and ageing; the model counts what is dropped. */
struct veb_model {
	struct veb_model_port port[VEB_MODEL_NUM_PORTS];
	struct veb_model_learnt learnt[VEB_MODEL_MAX_LEARNT];
	uint64_t num_changes;
	uint64_t ageing_us;
	bool is_vepa;
	uint64_t num_unknown;
	uint64_t num_same;
	uint64_t num_other;
	uint64_t num_spoofed;
};
extern struct veb_model veb_model;

/* A frame, as it is on the wire, and where it came from and goes to. */
struct veb_frame {
	uint32_t len_bytes; /* 0: it did not get in */
	uint8_t byte[VEB_MODEL_MAX_BYTES];
	unsigned from;
	bool to[VEB_MODEL_NUM_PORTS];
};

void veb_frame_put_tag(struct veb_frame *frame, uint16_t tpid, uint16_t tci);

/* The port that an address in a VLAN is behind, VEB_MODEL_NOWHERE if that is not known. */
unsigned veb_model_find(uint16_t vid, const uint8_t *mac);

/* Makes of a frame what its port's administrator says, then sets where it goes. */
void veb_model_enter(struct veb_frame *frame);
void veb_model_switch(struct veb_frame *frame);

/* When all of a round have been switched: where they came from is learnt. Then what is old is forgotten. */
void veb_model_learn(const struct veb_frame *frame);
void veb_model_age(void);

/* All that was learnt. */
void veb_model_forget(void);

/* A port's address or VLAN has changed. */
void veb_model_port_changed(unsigned port);

/* As it leaves by a port; 0 bytes: it does not. */
struct veb_frame veb_model_leave(const struct veb_frame *frame, unsigned port);

#endif
