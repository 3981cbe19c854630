/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The card and the honest drivers on it (world.h). */
#include "device/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include <xvio/pci.h>
#include <xvio/regs.h>
#include <xvio/stats.h>
#include "ctrl/ctrl.h"
#include "device/honest.h"
#include "device/hostile.h"
#include "device/shadow.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/core.h"
#include "path/epoch.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/vnet.h"
#include "path/worker.h"

#define NUM_CORES     3u /* even VFs live on worker 1, odd ones on 2 */
#define FAR	      1u
#define LEFT	      2u
#define RIGHT	      0u
#define NUM_VFS	      (WORLD_VF + 1)
#define ADDR(vf)      (UINT64_C(0x1000000000) + (vf)*UINT64_C(0x10000000))
#define FRAME_HDR     18u /* Ethernet, and a number */
#define STATS_EVERY   64u /* executions: it takes a while */
#define SHOWN_OF_PAGE (XVIO_VF_DEVICE + XVIO_VF_DEVICE_BYTES)
#define PATTERN_BYTES (HONEST_FRAME_BYTES + 256)

static struct {
	struct honest far, left, right;
	uint8_t *memory[2];
	uint32_t sent_right, got_right; /* frames from LEFT to RIGHT, by number */
	uint32_t sent_left, got_left;
	uint32_t num_runs;
	uint32_t seq; /* of the mailbox */
	size_t free_bytes;
	uint8_t page[2][SHOWN_OF_PAGE]; /* LEFT's and RIGHT's */
	uint8_t pattern[PATTERN_BYTES];
} world;

void world_check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_device: %s\n", what);
	abort();
}

/* The bus: each function has its own memory. */

static bool world_bus(const struct hal_dma_op *op, const void *host)
{
	const struct honest *honest;

	if (op->function == XVIO_FUNCTION_PF && op->dir == HAL_DMA_MSIX &&
	    op->host_addr == XVIO_VECTOR_EVENT)
		return true; /* the host's own */
	switch (op->function) {
	case XVIO_FUNCTION_VF(WORLD_VF):
		return shadow_bus(false, op, host);
	case XVIO_FUNCTION_PF:
		return shadow_bus(true, op, host);
	case XVIO_FUNCTION_VF(FAR):
		honest = &world.far;
		break;
	case XVIO_FUNCTION_VF(LEFT):
		honest = &world.left;
		break;
	case XVIO_FUNCTION_VF(RIGHT):
		honest = &world.right;
		break;
	default:
		world_check(false, "a request in the name of a function that is not there");
		return false;
	}
	if (op->dir == HAL_DMA_MSIX)
		world_check(op->host_addr < XVIO_VF_NUM_MSIX,
			    "a vector that an honest driver did not set");
	else
		world_check(op->host_addr >= honest->addr &&
				    op->host_addr + op->len_bytes <= honest->addr + HONEST_BYTES,
			    "DMA to where no honest driver asked for it");
	return true;
}

/* Making it */

static void world_mac(uint8_t mac[6], uint8_t last)
{
	memset(mac, 0, 6);
	mac[0] = 2;
	mac[5] = last;
}

/* From a port, to this destination (0: any), to these ports. */
static void world_rule(uint16_t from, enum world_to to, unsigned num, const uint16_t *ports)
{
	static uint64_t cookie;
	struct xvio_flow_rule rule = {
		.cookie = ++cookie,
		.prio = to ? 1 : 2,
		.num_actions = (uint16_t)num,
		.key.in_port = from,
		.mask.in_port = 0xffff,
	};
	uint32_t detail;
	unsigned i;

	if (to) {
		world_mac(rule.key.eth_dst, (uint8_t)to);
		memset(rule.mask.eth_dst, 0xff, 6);
	}
	for (i = 0; i < num; i++)
		rule.action[i] = (struct xvio_flow_action){.type = i + 1 < num ? XVIO_ACTION_MIRROR
									       : XVIO_ACTION_OUTPUT,
							   .arg = ports[i]};
	world_check(flow_add(&rule, &detail) == XVIO_ST_OK, "rule refused");
}

static void world_rule_one(uint16_t from, enum world_to to, uint16_t port)
{
	world_rule(from, to, 1, &port);
}

static void world_add_rules(void)
{
	const uint16_t left = XVIO_PORT_VF(LEFT), right = XVIO_PORT_VF(RIGHT);
	const uint16_t far = XVIO_PORT_VF(FAR), uplink = XVIO_PORT_UPLINK(0);
	const uint16_t hostile[] = {XVIO_PORT_VF(WORLD_VF), WORLD_PORT};
	unsigned i;

	world_rule_one(left, WORLD_TO_RIGHT, right);
	world_rule(left, WORLD_TO_MANY, 3, (const uint16_t[]){right, hostile[0], hostile[1]});
	world_rule_one(right, WORLD_TO_LEFT, left);
	for (i = 0; i < 2; i++) {
		world_rule_one(far, WORLD_TO_VF + i, hostile[i]);
		world_rule_one(uplink, WORLD_TO_VF + i, hostile[i]);
		world_rule_one(hostile[i], WORLD_TO_FAR, far);
		world_rule_one(hostile[i], WORLD_TO_UPLINK, uplink);
		world_rule(hostile[i], WORLD_TO_MANY, 3,
			   (const uint16_t[]){far, uplink, hostile[i]});
		world_rule_one(hostile[i], 0, hostile[i]);
	}
}

static void world_add_honest(struct honest *honest, unsigned vf, uint16_t num_pieces, bool packed)
{
	*honest = (struct honest){
		.vf = vf,
		.doorbell = XVIO_VF_DOORBELL(vf, 0),
		.addr = ADDR(vf),
		.num_pieces = num_pieces,
	};
	honest->memory = fake_host_map(honest->addr, HONEST_BYTES, FAKE_READ | FAKE_WRITE);
	honest_set_up(honest, packed);
}

static void world_command(uint16_t opcode, const void *payload, size_t len_bytes)
{
	struct xvio_mbox_req *request = fake_mbox_request();
	const struct xvio_mbox_rsp *answer = hal_mbox_response();

	*request = (struct xvio_mbox_req){
		.seq = ++world.seq, .opcode = opcode, .len_bytes = (uint16_t)len_bytes};
	memcpy(request + 1, payload, len_bytes);
	fake_mbox_ring(world.seq);
	ctrl_poll();
	world_check(answer->seq == world.seq && answer->status == XVIO_ST_OK, "a command fails");
}

void world_set_vfs(bool all)
{
	const struct xvio_cmd_object num = {.id = all ? NUM_VFS : WORLD_VF};

	world_command(XVIO_CMD_VF_SET_NUM, &num, sizeof(num));
}

void world_set_port(bool is_port, bool up, uint16_t mtu)
{
	const struct xvio_cmd_port_set set = {
		.port = is_port ? WORLD_PORT : XVIO_PORT_VF(WORLD_VF),
		.what = XVIO_PORT_SET_ADMIN | XVIO_PORT_SET_MTU,
		.flags = up ? XVIO_PORT_F_ADMIN_UP : 0,
		.mtu = mtu,
	};

	world_command(XVIO_CMD_PORT_SET, &set, sizeof(set));
}

static void world_keep_pages(void)
{
	memcpy(world.page[0], hal_vf_page(LEFT), SHOWN_OF_PAGE);
	memcpy(world.page[1], hal_vf_page(RIGHT), SHOWN_OF_PAGE);
}

void world_start(void)
{
	size_t len_bytes;
	void *memory;
	uint8_t mac[6];
	unsigned i;

	fake_reset(NUM_CORES, 1);
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	worker_init();
	fake_set_poll(worker_poll);
	ctrl_start();
	fake_set_bus(world_bus);
	for (i = 0; i < PATTERN_BYTES; i++)
		world.pattern[i] = (uint8_t)(i * 7 + i / 256);
	world_set_vfs(true);
	world_add_honest(&world.far, FAR, 1, false);
	world_add_honest(&world.left, LEFT, 2, false);
	world_add_honest(&world.right, RIGHT, 1, true);
	world_mac(mac, WORLD_TO_PORT);
	world_check(vnet_add(WORLD_PORT, worker_choose(WORLD_PORT), mac, WORLD_MTU), "no port");
	port_set_admin(WORLD_PORT, true);
	for (i = 0; i < HOSTILE_QUEUES; i++)
		hal_doorbell_bind(WORLD_PORT_DOORBELL + i, worker_choose(WORLD_PORT));
	world.memory[0] = fake_host_map(WORLD_VF_ADDR, WORLD_HOSTILE_BYTES, FAKE_READ | FAKE_WRITE);
	world.memory[1] =
		fake_host_map(WORLD_PORT_ADDR, WORLD_HOSTILE_BYTES, FAKE_READ | FAKE_WRITE);
	world_add_rules();
	world_settle();
	world_keep_pages();
	epoch_synchronize(); /* what the rules have replaced is free */
	world.free_bytes = heap_free_bytes();
}

uint8_t *world_memory(bool is_port)
{
	return world.memory[is_port];
}

/* Traffic */

static uint32_t world_length(uint32_t number)
{
	return 60 + number * 37 % (HONEST_FRAME_BYTES - 60);
}

static void world_make_frame(uint8_t *frame, enum world_to to, uint32_t number, uint32_t len_bytes)
{
	memset(frame, 0, FRAME_HDR);
	world_mac(frame, (uint8_t)to);
	frame[6] = 2;
	frame[12] = 0x88;
	frame[13] = 0xb5;
	memcpy(frame + 14, &number, sizeof(number));
	memcpy(frame + FRAME_HDR, world.pattern + number % 256, len_bytes - FRAME_HDR);
}

static bool world_send(struct honest *from, enum world_to to, uint32_t number, uint32_t len_bytes)
{
	uint8_t frame[HONEST_FRAME_BYTES];

	world_make_frame(frame, to, number, len_bytes);
	return honest_send(from, frame, len_bytes);
}

static void world_collect(struct honest *at, uint32_t *number, enum world_to to)
{
	const uint8_t *frame;
	uint32_t len_bytes;
	bool any = false;

	while ((frame = honest_receive(at, &len_bytes)) != NULL) {
		uint8_t want[HONEST_FRAME_BYTES];

		world_check(len_bytes == world_length(*number),
			    "a neighbour's frame is lost, or not in order");
		world_make_frame(want, frame[5] == WORLD_TO_MANY ? WORLD_TO_MANY : to, *number,
				 len_bytes);
		world_check(!memcmp(frame, want, len_bytes), "a neighbour's frame has changed");
		(*number)++;
		any = true;
	}
	if (any)
		honest_post(at);
}

static void world_collect_all(void)
{
	const uint8_t *frame;
	uint32_t len_bytes;
	bool any = false;

	world_collect(&world.right, &world.got_right, WORLD_TO_RIGHT);
	world_collect(&world.left, &world.got_left, WORLD_TO_LEFT);
	while ((frame = honest_receive(&world.far, &len_bytes)) != NULL)
		any = true;
	if (any)
		honest_post(&world.far);
	honest_reap(&world.left);
	honest_reap(&world.right);
	honest_reap(&world.far);
}

void world_exchange(unsigned num, unsigned to_hostile)
{
	unsigned i;

	for (i = 0; i < num; i++) {
		uint32_t number = world.sent_right;

		/* No more on the way than there are buffers for. */
		if (number - world.got_right < HONEST_SIZE / 2 &&
		    world_send(&world.left, i < to_hostile ? WORLD_TO_MANY : WORLD_TO_RIGHT, number,
			       world_length(number)))
			world.sent_right++;
		number = world.sent_left;
		if (number - world.got_left < HONEST_SIZE / 2 &&
		    world_send(&world.right, WORLD_TO_LEFT, number, world_length(number)))
			world.sent_left++;
	}
}

void world_send_far(enum world_to to, uint32_t len_bytes)
{
	world_send(&world.far, to, 0,
		   len_bytes < HONEST_FRAME_BYTES ? len_bytes : HONEST_FRAME_BYTES);
}

void world_send_uplink(enum world_to to, uint32_t len_bytes)
{
	static uint8_t frame[XVIO_MAX_FRAME_BYTES];

	world_make_frame(frame, to, 0, HONEST_FRAME_BYTES);
	fake_mac_push(0, frame, len_bytes);
}

void world_step(void)
{
	hal_sleep(0); /* core 0 sleeps: the workers have a round each */
	world_collect_all();
}

void world_settle(void)
{
	world_check(fake_run(), "the workers come to no end");
	ctrl_poll();
	world_collect_all();
	world_check(fake_run(), "the workers come to no end");
	world_check(world.got_right == world.sent_right && world.got_left == world.sent_left,
		    "a neighbour's frame did not arrive");
	world_check(!ring_num_in_flight(&world.left.ring[HONEST_TX]) &&
			    !ring_num_in_flight(&world.right.ring[HONEST_TX]) &&
			    !ring_num_in_flight(&world.far.ring[HONEST_TX]),
		    "a sent frame does not come back");
}

/* What must be as before */

static void world_check_stats(void)
{
	uint64_t counters[XVIO_STAT_NUM];
	uint64_t drops = 0;
	unsigned stat;

	port_stats_card(counters);
	for (stat = XVIO_STAT_DROP_RULE; stat <= XVIO_STAT_DROP_RING_ERROR; stat++)
		drops += counters[stat];
	/* A frame to several ports was received once. */
	world_check(counters[XVIO_STAT_RX_PACKETS] <= counters[XVIO_STAT_TX_PACKETS] + drops,
		    "packets that are not counted anywhere");
}

void world_check_clean(void)
{
	unsigned core;

	for (core = 1; core < NUM_CORES; core++) {
		fake_set_core(core);
		world_check(core_self()->pool.num_free == PKT_POOL_SIZE, "a packet is not free");
		world_check(list_empty(&core_self()->publish), "a queue is still to be published");
	}
	fake_set_core(0);
	world_check(heap_free_bytes() == world.free_bytes, "memory of the card is lost");
	world_check(!memcmp(world.page[0], hal_vf_page(LEFT), SHOWN_OF_PAGE) &&
			    !memcmp(world.page[1], hal_vf_page(RIGHT), SHOWN_OF_PAGE),
		    "registers of a neighbour have changed");
	world_check(hal_status()->state == XVIO_STATE_RUNNING, "the card does not run");
	if (++world.num_runs % STATS_EVERY == 0)
		world_check_stats();
}
