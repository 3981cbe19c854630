/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* A running card on the fake platform, and its host: what the tests of the control core start from. */
#ifndef TESTS_UNIT_CTRL_CARD_H
#define TESTS_UNIT_CTRL_CARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xvio/event.h>
#include <xvio/mbox.h>
#include <xvio/pci.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include <xvio/virtio.h>
#include "ctrl/ctrl.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/worker.h"

#define CARD_MUST_FEATURES (VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM))

static uint32_t card_seq;

static inline void card_boot(void)
{
	size_t len_bytes;
	void *memory = hal_memory(&len_bytes);

	heap_init(memory, len_bytes);
	worker_init();
	fake_set_poll(worker_poll);
	ctrl_start();
	card_seq = 0;
}

static inline int card_start(void **state)
{
	(void)state;
	fake_reset(2, 2);
	card_boot();
	return 0;
}

/* The firmware begins anew, wherever it was. */
static inline void card_restart(void)
{
	fake_restart(2, 2);
	card_boot();
}

/* The answer to the last command. */
static inline const struct xvio_mbox_rsp *card_answer(void)
{
	return hal_mbox_response();
}

/* Its payload. */
static inline const void *card_result(void)
{
	return card_answer() + 1;
}

/* Sends a request with this length in its header; the answer's status. */
static inline unsigned card_send(uint16_t opcode, const void *payload, size_t len_bytes)
{
	struct xvio_mbox_req *request = fake_mbox_request();

	request->seq = ++card_seq;
	request->opcode = opcode;
	request->len_bytes = (uint16_t)len_bytes;
	if (len_bytes <= XVIO_MBOX_PAYLOAD_BYTES && payload)
		memcpy(request + 1, payload, len_bytes);
	fake_mbox_ring(card_seq);
	assert_true(ctrl_poll());
	assert_int_equal(card_answer()->seq, card_seq);
	return card_answer()->status;
}

/* Sends a payload struct. */
#define card_command(opcode, payload) card_send(opcode, &(payload), sizeof(payload))

static inline unsigned card_object(uint16_t opcode, uint32_t id)
{
	const struct xvio_cmd_object object = {.id = id};

	return card_command(opcode, object);
}

/* A counter of the card. */
static inline uint64_t card_stat(enum xvio_stat stat)
{
	assert_int_equal(card_object(XVIO_CMD_STATS_GET, XVIO_STATS_CARD), XVIO_ST_OK);
	return ((const uint64_t *)card_result())[stat];
}

static inline uint32_t card_create_vdpa(void)
{
	const struct xvio_cmd_vdpa_create create = {0};

	assert_int_equal(card_command(XVIO_CMD_VDPA_CREATE, create), XVIO_ST_OK);
	return ((const struct xvio_vdpa_created *)card_result())->dev;
}

static inline unsigned card_set_status(uint32_t dev, uint8_t status)
{
	const struct xvio_cmd_vdpa_status set = {.dev = dev, .status = status};

	return card_command(XVIO_CMD_VDPA_SET_STATUS, set);
}

static inline uint8_t card_status(uint32_t dev)
{
	assert_int_equal(card_object(XVIO_CMD_VDPA_GET_STATUS, dev), XVIO_ST_OK);
	return ((const struct xvio_cmd_vdpa_status *)card_result())->status;
}

static inline unsigned card_set_features(uint32_t dev, uint64_t features)
{
	const struct xvio_cmd_vdpa_features set = {.dev = dev, .features = features};

	return card_command(XVIO_CMD_VDPA_SET_FEATURES, set);
}

static inline struct xvio_vdpa_vq_state card_vq(uint32_t dev, uint16_t vq)
{
	const struct xvio_cmd_vdpa_vq_id get = {.dev = dev, .vq = vq};

	assert_int_equal(card_command(XVIO_CMD_VDPA_VQ_GET, get), XVIO_ST_OK);
	return *(const struct xvio_vdpa_vq_state *)card_result();
}

#endif
