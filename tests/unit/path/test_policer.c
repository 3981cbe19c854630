/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Meters that rules share: beside a bucket that is filled microsecond by microsecond, and the life of one. */
#include "common/bed.h"
#include "common/check.h"
#include "path/flow.h"
#include "path/policer.h"

#define PORT_A XVIO_PORT_VDPA(0)

static struct bed_port a;

static void start(void)
{
	bed_start(2, 0);
	bed_add_port(&a, PORT_A, 16);
}

static unsigned set(uint32_t id, uint32_t unit, uint64_t rate, uint64_t burst, uint32_t *detail)
{
	const struct xvio_cmd_meter meter = {.id = id, .unit = unit, .rate = rate, .burst = burst};

	return policer_set(&meter, detail);
}

/* In millionths of a token, so that a microsecond's worth of any rate is exact. */
struct model {
	uint64_t rate;
	uint64_t burst;
	uint64_t level;
};

static bool model_takes(struct model *model, uint64_t num, uint64_t *short_by)
{
	const uint64_t needs = num * 1000000;

	*short_by = needs > model->level ? needs - model->level : model->level - needs;
	if (needs > model->level)
		return false;
	model->level -= needs;
	return true;
}

static void model_wait(struct model *model, uint64_t us)
{
	while (us--) {
		model->level += model->rate;
		if (model->level > model->burst * 1000000)
			model->level = model->burst * 1000000;
	}
}

/* Where the two differ, the bucket is within a thousandth of a burst, or a packet, of the edge. */
static void test_bucket(void **state)
{
	static const uint64_t rates[] = {1, 7, 1000, 125000, 99999999, 12500000000};
	static const uint64_t bursts[] = {1, 3, 64, 1500, 65536, 4000000};
	unsigned world, step;
	uint32_t detail;

	(void)state;
	check_seed(1);
	start();
	for (world = 0; world < 60; world++) {
		struct model model = {.rate = rates[world % 6], .burst = bursts[world / 6 % 6]};
		uint64_t now_us = check_random(UINT32_MAX);
		unsigned num_taken = 0;

		model.level = model.burst * 1000000;
		assert_int_equal(set(1, world % 2, model.rate, model.burst, &detail), XVIO_ST_OK);
		for (step = 0; step < 2000; step++) {
			const uint64_t num = 1 + check_random((uint32_t)model.burst + 1);
			const uint64_t us = check_random(5) ? check_random(3) : check_random(3000);
			uint64_t short_by;
			bool wanted;

			now_us += us;
			model_wait(&model, us);
			wanted = model_takes(&model, num, &short_by);
			if (policer_take(policer_get(1), now_us, world % 2 ? num : 99,
					 world % 2 ? 99 : num) == wanted) {
				num_taken += wanted;
				continue;
			}
			assert_true(short_by <= model.burst * 1000 + 1000000);
			model.level = model.burst * 1000000; /* both anew */
			assert_int_equal(set(1, world % 2, model.rate, model.burst, &detail),
					 XVIO_ST_OK);
		}
		assert_true(num_taken > 0);
	}
}

static void test_life(void **state)
{
	struct xvio_flow_rule rule = {
		.cookie = 1,
		.num_actions = 2,
		.action = {{.type = XVIO_ACTION_METER, .arg = 5, .a = XVIO_NEXT_DROP},
			   {.type = XVIO_ACTION_OUTPUT, .arg = PORT_A}},
	};
	struct xvio_flow_stats stats;
	uint32_t detail = 0;

	(void)state;
	start();
	assert_int_equal(set(XVIO_MAX_METERS, 0, 1, 1, &detail), XVIO_ST_BAD_OBJECT);
	assert_int_equal(set(5, 2, 1, 1, &detail), XVIO_ST_BAD_VALUE);
	assert_int_equal(detail, offsetof(struct xvio_cmd_meter, unit));
	assert_int_equal(set(5, 0, 0, 1, &detail), XVIO_ST_BAD_VALUE);
	assert_int_equal(detail, offsetof(struct xvio_cmd_meter, rate));
	assert_int_equal(set(5, 0, 1, 0, &detail), XVIO_ST_BAD_VALUE);
	assert_int_equal(detail, offsetof(struct xvio_cmd_meter, burst));
	assert_int_equal(policer_del(5), XVIO_ST_BAD_OBJECT);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_BAD_OBJECT);
	assert_int_equal(set(5, 0, 1000, 1000, &detail), XVIO_ST_OK);
	assert_int_equal(flow_add(&rule, &detail), XVIO_ST_OK);
	assert_int_equal(policer_del(5), XVIO_ST_BAD_STATE);
	assert_true(policer_take(policer_get(5), 7, 1, 1000));
	assert_false(policer_take(policer_get(5), 7, 1, 1));
	assert_int_equal(set(5, 0, 1000, 1000, &detail), XVIO_ST_OK); /* full again */
	assert_true(policer_take(policer_get(5), 7, 1, 1000));
	assert_int_equal(flow_del(1, &stats), XVIO_ST_OK);
	assert_int_equal(policer_del(5), XVIO_ST_OK);
	assert_int_equal(set(5, 0, 1000, 1000, &detail), XVIO_ST_OK);
	flow_flush();
	assert_null(policer_get(5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
