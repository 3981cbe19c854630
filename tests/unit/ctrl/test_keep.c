/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * ctrl/keep: records outlive a restart; one that a restart finds half written is the one before; damage and
 * nonsense are no record. DEV_CRASH, which all this is for.
 */
#include "card.h"
#include "common/check.h"
#include "ctrl/keep.h"
#include <xvio/regs.h>

#define PORT  XVIO_PORT_VDPA(XVIO_MAX_VDPA - 1)
#define BYTES 777u

static uint8_t first[KEEP_MAX_NET_BYTES], second[KEEP_MAX_NET_BYTES], got[KEEP_MAX_NET_BYTES];
static uint8_t before[FAKE_KEEP_BYTES], after[FAKE_KEEP_BYTES];

static uint8_t *memory(void)
{
	size_t len_bytes;

	return hal_keep(&len_bytes);
}

static int prepare(void **state)
{
	(void)state;
	fake_reset(2, 0);
	keep_start();
	for (unsigned i = 0; i < sizeof(first); i++) {
		first[i] = (uint8_t)check_random(256);
		second[i] = (uint8_t)check_random(256);
	}
	return 0;
}

static bool has(enum keep_kind kind, unsigned number, const uint8_t *data, size_t len_bytes)
{
	return keep_read(kind, number, got, len_bytes) && memcmp(got, data, len_bytes) == 0;
}

static void restart(void)
{
	fake_restart(2, 0);
	keep_start();
}

static void records_outlive_a_restart(void **state)
{
	(void)state;
	keep_write(KEEP_NET, PORT, first, BYTES);
	keep_write(KEEP_NET, XVIO_PORT_VDPA(0), second, sizeof(second));
	keep_write(KEEP_NET, XVIO_PORT_VF(XVIO_NUM_VFS - 1), second, 1);
	keep_write(KEEP_PCI, XVIO_NUM_VFS - 1, first, KEEP_MAX_PCI_BYTES);
	keep_place(XVIO_NUM_DOORBELLS - 1)->places = 0x12345678;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(has(KEEP_NET, PORT, first, BYTES));
		assert_true(has(KEEP_NET, XVIO_PORT_VDPA(0), second, sizeof(second)));
		assert_true(has(KEEP_NET, XVIO_PORT_VF(XVIO_NUM_VFS - 1), second, 1));
		assert_true(has(KEEP_PCI, XVIO_NUM_VFS - 1, first, KEEP_MAX_PCI_BYTES));
		assert_int_equal(keep_place(XVIO_NUM_DOORBELLS - 1)->places, 0x12345678);
		assert_false(keep_read(KEEP_NET, PORT, got, BYTES - 1));
		assert_false(keep_read(KEEP_NET, PORT - 1, got, BYTES));
		assert_false(keep_read(KEEP_PCI, 0, got, KEEP_MAX_PCI_BYTES));
		restart();
	}
	prepare(NULL); /* power-on */
	assert_false(keep_read(KEEP_NET, PORT, got, BYTES));
	assert_int_equal(keep_place(XVIO_NUM_DOORBELLS - 1)->places, 0);
}

static void the_last_one_counts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		second[5] = (uint8_t)i;
		second[6] = (uint8_t)(i >> 8);
		keep_write(KEEP_NET, PORT, second, BYTES);
		if (i % 3)
			restart();
		assert_true(has(KEEP_NET, PORT, second, BYTES));
	}
	keep_forget(KEEP_NET, PORT);
	assert_false(keep_read(KEEP_NET, PORT, got, BYTES));
	restart();
	assert_false(keep_read(KEEP_NET, PORT, got, BYTES));
	keep_write(KEEP_NET, PORT, first, BYTES);
	restart();
	assert_true(has(KEEP_NET, PORT, first, BYTES));
}

/* Others' are left alone, and those without a record ignored. */
static void numbers(void **state)
{
	static const uint16_t none[] = {XVIO_PORT_PF, XVIO_PORT_UPLINK(0),
					XVIO_PORT_VF(XVIO_NUM_VFS), XVIO_NUM_PORTS, XVIO_PORT_NONE};

	(void)state;
	memcpy(before, memory(), sizeof(before));
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		keep_write(KEEP_NET, none[i], first, BYTES);
		keep_forget(KEEP_NET, none[i]);
		assert_false(keep_read(KEEP_NET, none[i], got, BYTES));
	}
	keep_write(KEEP_PCI, XVIO_NUM_VFS, first, 1);
	keep_write(KEEP_PCI, 0, first, KEEP_MAX_PCI_BYTES + 1);
	keep_write(KEEP_NET, PORT, first, KEEP_MAX_NET_BYTES + 1);
	keep_forget(KEEP_NET, PORT);
	assert_memory_equal(before, memory(), sizeof(before));
}

/* Any of the bytes that a write changes may have been written when the end came, and the others not. */
static void half_written(void **state)
{
	static uint32_t changed[2 * KEEP_MAX_NET_BYTES];
	unsigned num_first = 0, num_second = 0, num_all = 0;

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		unsigned num = 0;

		prepare(NULL);
		if (round & 2) /* over an older one */
			keep_write(KEEP_NET, PORT, second + 1, BYTES + 9);
		keep_write(KEEP_NET, PORT, first, BYTES);
		memcpy(before, memory(), sizeof(before));
		keep_write(KEEP_NET, PORT, second, BYTES);
		memcpy(after, memory(), sizeof(after));
		for (uint32_t i = 0; i < sizeof(before); i++)
			if (before[i] != after[i])
				changed[num++] = i;
		assert_in_range(num, BYTES - 20, BYTES + 16);
		for (unsigned cut = 0; cut <= num; cut++) {
			memcpy(memory(), before, sizeof(before));
			for (unsigned i = 0; i < num; i++)
				if (round % 2 ? i < cut : check_random(num) < cut)
					memory()[changed[i]] = after[changed[i]];
			restart();
			assert_true(keep_read(KEEP_NET, PORT, got, BYTES));
			num_first += memcmp(got, first, BYTES) == 0;
			num_second += memcmp(got, second, BYTES) == 0;
			num_all++;
		}
		memcpy(memory(), after, sizeof(after));
		restart();
	}
	assert_int_equal(num_first + num_second, num_all);
	assert_true(num_first >= num_all / 2 && num_second >= 4);
}

/* A flipped bit anywhere in the only slot: no record. */
static void damaged(void **state)
{
	(void)state;
	memcpy(before, memory(), sizeof(before));
	keep_write(KEEP_PCI, 3, first, 500);
	memcpy(after, memory(), sizeof(after));
	for (uint32_t i = 0; i < sizeof(before); i++) {
		if (before[i] == after[i])
			continue;
		memory()[i] ^= (uint8_t)(1u << check_random(8));
		restart();
		assert_false(keep_read(KEEP_PCI, 3, got, 500));
		memory()[i] = after[i];
	}
	restart();
	assert_true(has(KEEP_PCI, 3, first, 500));
}

static void nonsense(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		uint32_t *word = (uint32_t *)memory();

		for (uint32_t i = 0; i < FAKE_KEEP_BYTES / 4; i++)
			word[i] = check_random(0x7fffffff);
		restart();
		for (unsigned i = 0; i < XVIO_MAX_VDPA; i++)
			assert_false(keep_read(KEEP_NET, XVIO_PORT_VDPA(i), got, BYTES));
		assert_int_equal(keep_place(5)->places, 0);
		keep_write(KEEP_NET, PORT, first, BYTES);
		restart();
		assert_true(has(KEEP_NET, PORT, first, BYTES));
	}
}

/* DEV_CRASH */

static jmp_buf halted;
static unsigned halted_core;

static void halt(unsigned core)
{
	halted_core = core;
	longjmp(halted, 1);
}

/* Whether a core halts in it. */
static bool ring_crash(uint32_t id)
{
	struct xvio_mbox_req *request = fake_mbox_request();

	*request = (struct xvio_mbox_req){
		.seq = 1,
		.opcode = XVIO_CMD_DEV_CRASH,
		.len_bytes = sizeof(struct xvio_cmd_object),
	};
	*(struct xvio_cmd_object *)(request + 1) = (struct xvio_cmd_object){.id = id};
	fake_set_halt(halt);
	fake_mbox_ring(1);
	if (setjmp(halted))
		return true;
	ctrl_poll();
	return false;
}

static void crash_by_panic(void **state)
{
	(void)state;
	card_start(NULL);
	assert_int_equal(hal_status()->state, XVIO_STATE_RUNNING);
	assert_true(ring_crash(XVIO_CRASH_PANIC));
	assert_int_equal(halted_core, 0);
	assert_int_equal(hal_status()->state, XVIO_STATE_PANIC);
	assert_non_null(strstr(hal_status()->message, "asked for"));
	assert_int_not_equal(card_answer()->seq, 1);
	card_restart();
	assert_int_equal(hal_status()->state, XVIO_STATE_RUNNING);
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
}

/* No core goes on, and nobody says so. */
static void crash_by_hanging(void **state)
{
	(void)state;
	card_start(NULL);
	assert_true(ring_crash(XVIO_CRASH_HANG));
	assert_int_equal(halted_core, 0);
	assert_int_equal(hal_status()->state, XVIO_STATE_RUNNING);
	assert_int_not_equal(card_answer()->seq, 1);
	if (!setjmp(halted)) {
		fake_set_core(1);
		worker_poll();
		fail_msg("a worker goes on");
	}
	assert_int_equal(halted_core, 1);
	card_restart();
	assert_int_equal(card_send(XVIO_CMD_DEV_INFO, NULL, 0), XVIO_ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(records_outlive_a_restart, prepare),
		cmocka_unit_test_setup(the_last_one_counts, prepare),
		cmocka_unit_test_setup(numbers, prepare),
		cmocka_unit_test_setup(half_written, prepare),
		cmocka_unit_test_setup(damaged, prepare),
		cmocka_unit_test_setup(nonsense, prepare),
		cmocka_unit_test(crash_by_panic),
		cmocka_unit_test(crash_by_hanging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
