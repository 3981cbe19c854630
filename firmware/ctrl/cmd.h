/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The mailbox's commands, one function each, on core 0. request is a copy that the host can no longer
 * change, exactly as long as the opcode says; response is zeroed and has the opcode's length, and is
 * sent only with XVIO_ST_OK, the value returned otherwise being the answer's status; *detail (0 on
 * entry) says more (struct xvio_mbox_rsp). Unless it returns XVIO_ST_OK a command changes nothing.
 */
#ifndef CTRL_CMD_H
#define CTRL_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xvio/mbox.h>

typedef unsigned cmd_handler(const void *request, void *response, uint32_t *detail);

cmd_handler cmd_dev_info, cmd_dev_reset, cmd_dev_crash, cmd_stats_get;
cmd_handler cmd_port_get, cmd_port_set, cmd_queue_start, cmd_queue_stop;
cmd_handler cmd_flow_add, cmd_flow_del, cmd_flow_stats, cmd_flow_flush;
cmd_handler cmd_meter_set, cmd_meter_del;
cmd_handler cmd_eswitch_set, cmd_eswitch_get;
cmd_handler cmd_vdpa_create, cmd_vdpa_destroy, cmd_vdpa_map;
cmd_handler cmd_vdpa_set_status, cmd_vdpa_get_status, cmd_vdpa_set_features;
cmd_handler cmd_vdpa_get_config, cmd_vdpa_set_config, cmd_vdpa_vq_set, cmd_vdpa_vq_get;
cmd_handler cmd_vdpa_suspend, cmd_vdpa_group, cmd_vdpa_vq_stats;
cmd_handler cmd_vf_set_num, cmd_vf_set, cmd_vf_get;

/* Ports that are always there: makes them, at start, and brings them back to how they started. */
void cmd_port_start(void);
void cmd_port_reset(void);

/* The card switches by rules, as at start. */
void cmd_eswitch_reset(void);

/* Forgets all vDPA devices, at start. */
void cmd_vdpa_start(void);

/* vDPA devices: tells the one behind a port (if it is one) that its port's state or MAC changed. */
void cmd_vdpa_port_changed(uint16_t port);

/* A worker stopped a queue of a vDPA device; object is its doorbell number, error XVIO_RING_ERR_*. */
void cmd_vdpa_queue_error(uint16_t port, uint32_t object, uint32_t error);

/* Destroys all vDPA devices. */
void cmd_vdpa_reset(void);

/* How many there can be. */
unsigned cmd_vdpa_max(void);

/* Virtual functions: forgets all, at start; removes all. */
void cmd_vf_start(void);
void cmd_vf_reset(void);

/* Carries out what was written to registers of VFs. */
void cmd_vf_poll(void);

/* What the administrator has decided of a VF (vf_admin.h) may have changed. */
void cmd_vf_admin_changed(uint16_t port);

/* The same news for VFs as for vDPA devices. */
void cmd_vf_port_changed(uint16_t port);
void cmd_vf_queue_error(uint16_t port, uint32_t object, uint32_t error);

/* Address of a port, derived from the card's: no two ports have the same. */
void cmd_derive_mac(uint16_t port, uint8_t mac[6]);

#define CMD_MIN_MTU	68u /* IPv4 asks for no less */
#define CMD_DEFAULT_MTU 1500u
#define CMD_SPEED_MBPS	10000u /* that a port says it has */

/* XVIO_ST_BAD_VALUE, with the byte offset of the field in the payload. */
static inline unsigned cmd_bad_value(uint32_t *detail, size_t offset_bytes)
{
	*detail = (uint32_t)offset_bytes;
	return XVIO_ST_BAD_VALUE;
}

static inline unsigned cmd_unsupported(uint32_t *detail, size_t offset_bytes)
{
	*detail = (uint32_t)offset_bytes;
	return XVIO_ST_UNSUPPORTED;
}

bool cmd_is_zero(const uint8_t *bytes, size_t len_bytes);

/* An address that one station can have: not zero, no group. */
bool cmd_is_station_mac(const uint8_t mac[6]);

bool cmd_is_mtu(uint16_t mtu);

/* What a host says about a virtqueue; the field that is wrong, CMD_RING_OK if none is. */
enum cmd_ring_field {
	CMD_RING_OK,
	CMD_RING_SIZE,
	CMD_RING_VECTOR,
	CMD_RING_DESC,
	CMD_RING_DRIVER,
	CMD_RING_DEVICE,
};

struct cmd_ring {
	bool packed;
	uint16_t size;
	uint16_t vector;
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
};

/*
 * Size in range, of a split ring a power of two; vector on the card; parts aligned (virtio 1.2, 2.7, 2.8)
 * and not wrapping.
 */
enum cmd_ring_field cmd_check_ring(const struct cmd_ring *ring);

#endif
