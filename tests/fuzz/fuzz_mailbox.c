/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fuzzes the mailbox: the input is a sequence of requests from the host, what it rings meanwhile, and
 * restarts of the firmware.
 * Each must be answered with its number and a known status, and the card stay alive.
 */
#include <stdlib.h>
#include <xvio/mbox.h>
#include "common/bed.h"
#include "ctrl/ctrl.h"
#include "fuzz.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"

/* Bus memory that DMA addresses in requests are bent to, so that some of them are good. */
#define FUZZ_BUS_ADDR  UINT64_C(0x100000)
#define FUZZ_BUS_BYTES 0x100000u

#define FUZZ_RESTART 0xf0u /* a doorbell as high as this */

static void request(struct fuzz_input *input, uint32_t seq)
{
	static const uint16_t opcodes[] = {
		XVIO_CMD_DEV_INFO,	  XVIO_CMD_DEV_RESET,
		XVIO_CMD_STATS_GET,	  XVIO_CMD_PORT_GET,
		XVIO_CMD_PORT_SET,	  XVIO_CMD_QUEUE_START,
		XVIO_CMD_QUEUE_STOP,	  XVIO_CMD_FLOW_ADD,
		XVIO_CMD_FLOW_DEL,	  XVIO_CMD_FLOW_STATS,
		XVIO_CMD_FLOW_FLUSH,	  XVIO_CMD_VDPA_CREATE,
		XVIO_CMD_VDPA_DESTROY,	  XVIO_CMD_VDPA_SET_STATUS,
		XVIO_CMD_VDPA_GET_STATUS, XVIO_CMD_VDPA_SET_FEATURES,
		XVIO_CMD_VDPA_GET_CONFIG, XVIO_CMD_VDPA_SET_CONFIG,
		XVIO_CMD_VDPA_VQ_SET,	  XVIO_CMD_VDPA_VQ_GET,
		XVIO_CMD_VDPA_MAP,	  0x7777,
		XVIO_CMD_VDPA_SUSPEND,	  XVIO_CMD_VDPA_GROUP,
		XVIO_CMD_VDPA_VQ_STATS,	  XVIO_CMD_VF_SET_NUM,
	};
	static const uint16_t lengths[] = {
		0, 0, 8,  8, 16, 32, 8, 208, 8, 8, 0, 32, 8,
		8, 8, 16, 8, 16, 40, 8, 24,  4, 8, 8, 8,  8,
	};
	struct xvio_mbox_req *req = fake_mbox_request();
	unsigned which = fuzz_take_byte(input) % (sizeof(opcodes) / sizeof(opcodes[0]));
	uint8_t flaw = fuzz_take_byte(input);

	req->seq = seq;
	req->opcode = opcodes[which];
	req->len_bytes = lengths[which];
	if (flaw >= 0xf0)
		fuzz_take(input, &req->len_bytes, 2);
	fuzz_take(input, req + 1, lengths[which]);
	fake_mbox_ring(seq);
}

static void check_answer(uint32_t seq)
{
	const struct xvio_mbox_rsp *rsp = hal_mbox_response();

	if (rsp->seq != seq || rsp->status >= XVIO_ST_NUM ||
	    rsp->len_bytes > XVIO_MBOX_PAYLOAD_BYTES || (rsp->status && rsp->len_bytes))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct fuzz_input input = {data, len_bytes};
	uint8_t doorbell;
	uint32_t seq;
	unsigned i;

	bed_start(3, 1);
	fake_host_map(FUZZ_BUS_ADDR, FUZZ_BUS_BYTES, FAKE_READ | FAKE_WRITE);
	ctrl_start();
	for (seq = 1; input.len_bytes; seq++) {
		request(&input, seq);
		for (i = 0; i < 3; i++)
			ctrl_poll();
		check_answer(seq);
		doorbell = fuzz_take_byte(&input);
		fake_ring(doorbell % 32);
		fake_run();
		if (doorbell >= FUZZ_RESTART) {
			bed_restart(3, 1);
			ctrl_start();
		}
	}
	return 0;
}
