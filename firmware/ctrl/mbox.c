/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The mailbox: one request at a time, copied out of the window once, checked, handed to its command,
 * answered. Called by the control loop on core 0.
 */
#include "ctrl/mbox.h"
#include "ctrl/cmd.h"
#include "hal/hal.h"
#include "path/port.h"
#include <string.h>
#include <xvio/pci.h>
#include <xvio/stats.h>

struct mbox_command {
	uint16_t opcode; /* XVIO_CMD_* */
	uint16_t request_bytes; /* payloads: exactly */
	uint16_t response_bytes;
	cmd_handler *handle;
};

/* A row: opcode, request payload, response payload, handler. */
static const struct mbox_command mbox_commands[] = {
	{XVIO_CMD_DEV_INFO, 0, sizeof(struct xvio_dev_info), cmd_dev_info},
	{XVIO_CMD_DEV_RESET, 0, 0, cmd_dev_reset},
	{XVIO_CMD_STATS_GET, sizeof(struct xvio_cmd_object), 8 * XVIO_STAT_NUM, cmd_stats_get},
	{XVIO_CMD_DEV_CRASH, sizeof(struct xvio_cmd_object), 0, cmd_dev_crash},
	{XVIO_CMD_PORT_GET, sizeof(struct xvio_cmd_object), sizeof(struct xvio_port_info),
	 cmd_port_get},
	{XVIO_CMD_PORT_SET, sizeof(struct xvio_cmd_port_set), 0, cmd_port_set},
	{XVIO_CMD_QUEUE_START, sizeof(struct xvio_cmd_queue_start), 0, cmd_queue_start},
	{XVIO_CMD_QUEUE_STOP, sizeof(struct xvio_cmd_object), 0, cmd_queue_stop},
	{XVIO_CMD_FLOW_ADD, sizeof(struct xvio_flow_rule), 0, cmd_flow_add},
	{XVIO_CMD_FLOW_DEL, sizeof(struct xvio_cmd_flow), sizeof(struct xvio_flow_stats),
	 cmd_flow_del},
	{XVIO_CMD_FLOW_STATS, sizeof(struct xvio_cmd_flow), sizeof(struct xvio_flow_stats),
	 cmd_flow_stats},
	{XVIO_CMD_FLOW_FLUSH, 0, 0, cmd_flow_flush},
	{XVIO_CMD_METER_SET, sizeof(struct xvio_cmd_meter), 0, cmd_meter_set},
	{XVIO_CMD_METER_DEL, sizeof(struct xvio_cmd_object), 0, cmd_meter_del},
	{XVIO_CMD_ESWITCH_SET, sizeof(struct xvio_cmd_eswitch), 0, cmd_eswitch_set},
	{XVIO_CMD_ESWITCH_GET, 0, sizeof(struct xvio_cmd_eswitch), cmd_eswitch_get},
	{XVIO_CMD_VDPA_CREATE, sizeof(struct xvio_cmd_vdpa_create),
	 sizeof(struct xvio_vdpa_created), cmd_vdpa_create},
	{XVIO_CMD_VDPA_DESTROY, sizeof(struct xvio_cmd_object), 0, cmd_vdpa_destroy},
	{XVIO_CMD_VDPA_SET_STATUS, sizeof(struct xvio_cmd_vdpa_status),
	 sizeof(struct xvio_cmd_vdpa_status), cmd_vdpa_set_status},
	{XVIO_CMD_VDPA_GET_STATUS, sizeof(struct xvio_cmd_object),
	 sizeof(struct xvio_cmd_vdpa_status), cmd_vdpa_get_status},
	{XVIO_CMD_VDPA_SET_FEATURES, sizeof(struct xvio_cmd_vdpa_features), 0,
	 cmd_vdpa_set_features},
	{XVIO_CMD_VDPA_GET_CONFIG, sizeof(struct xvio_cmd_object), sizeof(struct xvio_vdpa_config),
	 cmd_vdpa_get_config},
	{XVIO_CMD_VDPA_SET_CONFIG, sizeof(struct xvio_cmd_vdpa_config), 0, cmd_vdpa_set_config},
	{XVIO_CMD_VDPA_VQ_SET, sizeof(struct xvio_cmd_vdpa_vq), 0, cmd_vdpa_vq_set},
	{XVIO_CMD_VDPA_VQ_GET, sizeof(struct xvio_cmd_vdpa_vq_id),
	 sizeof(struct xvio_vdpa_vq_state), cmd_vdpa_vq_get},
	{XVIO_CMD_VDPA_MAP, sizeof(struct xvio_cmd_vdpa_map), 0, cmd_vdpa_map},
	{XVIO_CMD_VDPA_SUSPEND, sizeof(struct xvio_cmd_vdpa_suspend), 0, cmd_vdpa_suspend},
	{XVIO_CMD_VDPA_GROUP, sizeof(struct xvio_cmd_vdpa_group), 0, cmd_vdpa_group},
	{XVIO_CMD_VDPA_VQ_STATS, sizeof(struct xvio_cmd_vdpa_vq_id),
	 sizeof(struct xvio_vdpa_vq_stats), cmd_vdpa_vq_stats},
	{XVIO_CMD_VF_SET_NUM, sizeof(struct xvio_cmd_vf_num), 0, cmd_vf_set_num},
	{XVIO_CMD_VF_SET, sizeof(struct xvio_cmd_vf), 0, cmd_vf_set},
	{XVIO_CMD_VF_GET, sizeof(struct xvio_cmd_object), sizeof(struct xvio_cmd_vf), cmd_vf_get},
};

#define MBOX_NUM_COMMANDS (sizeof(mbox_commands) / sizeof(mbox_commands[0]))

/* Copies, aligned for any payload; core 0's. */
static _Alignas(8) uint8_t mbox_request[XVIO_MBOX_PAYLOAD_BYTES];
static _Alignas(8) uint8_t mbox_response[XVIO_MBOX_PAYLOAD_BYTES];
static uint32_t mbox_answered_seq;

void mbox_start(void)
{
	mbox_answered_seq = 0;
}

static const struct mbox_command *mbox_find(uint16_t opcode)
{
	for (size_t i = 0; i < MBOX_NUM_COMMANDS; i++)
		if (mbox_commands[i].opcode == opcode)
			return &mbox_commands[i];
	return NULL;
}

/* A rule may end behind its actions: what it does not have is 0. */
static bool mbox_is_length(const struct mbox_command *command, uint16_t len_bytes)
{
	return len_bytes == command->request_bytes ||
	       (command->opcode == XVIO_CMD_FLOW_ADD && len_bytes >= XVIO_FLOW_RULE_BYTES(1) &&
		len_bytes < command->request_bytes);
}

/* Reads each byte of the window once: the host may be changing it. */
static void mbox_copy(void *to, const volatile uint8_t *window, size_t len_bytes)
{
	uint8_t *byte = to;

	for (size_t i = 0; i < len_bytes; i++)
		byte[i] = window[i];
}

static void mbox_count(unsigned status)
{
	switch (status) {
	case XVIO_ST_BAD_OPCODE:
		port_count_control(XVIO_STAT_MBOX_BAD_OPCODE);
		break;
	case XVIO_ST_BAD_LENGTH:
		port_count_control(XVIO_STAT_MBOX_BAD_LENGTH);
		break;
	case XVIO_ST_BAD_OBJECT:
		port_count_control(XVIO_STAT_MBOX_BAD_OBJECT);
		break;
	case XVIO_ST_BAD_VALUE:
	case XVIO_ST_UNSUPPORTED:
		port_count_control(XVIO_STAT_MBOX_BAD_VALUE);
		break;
	}
}

/* Runs the request in the window; status, and on OK the length of what stands in mbox_response. */
static unsigned mbox_run(uint16_t *response_bytes, uint32_t *detail)
{
	const volatile uint8_t *window = hal_mbox_request();
	const struct mbox_command *command;
	struct xvio_mbox_req header;
	unsigned status;

	mbox_copy(&header, window, sizeof(header));
	command = mbox_find(header.opcode);
	if (!command)
		return XVIO_ST_BAD_OPCODE;
	if (!mbox_is_length(command, header.len_bytes))
		return XVIO_ST_BAD_LENGTH;
	mbox_copy(mbox_request, window + sizeof(header), header.len_bytes);
	memset(mbox_request + header.len_bytes, 0, command->request_bytes - header.len_bytes);
	memset(mbox_response, 0, command->response_bytes);
	status = command->handle(mbox_request, mbox_response, detail);
	if (status == XVIO_ST_OK)
		*response_bytes = command->response_bytes;
	return status;
}

bool mbox_poll(void)
{
	struct xvio_mbox_rsp *window = hal_mbox_response();
	const uint32_t seq = hal_mbox_seq();
	uint16_t response_bytes = 0;
	uint32_t detail = 0;
	unsigned status;

	if (!seq || seq == mbox_answered_seq)
		return false;
	mbox_answered_seq = seq;
	status = mbox_run(&response_bytes, &detail);
	mbox_count(status);
	memcpy(window + 1, mbox_response, response_bytes);
	window->status = (uint16_t)status;
	window->len_bytes = response_bytes;
	window->detail = detail;
	window->reserved = 0;
	/* Pairs with the host's read barrier between seq and the rest. */
	__atomic_store_n(&window->seq, seq, __ATOMIC_RELEASE);
	hal_msix(XVIO_FUNCTION_PF, XVIO_VECTOR_EVENT);
	return true;
}
