/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Runs the tests of the device model, all or those named on the command line. XVIO_QEMU names the
 * QEMU to test. A failed CHECK comes back here by longjmp.
 */
#include "tests.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(struct rig *rig);
	bool plays_soc;
};

#define PLAYS_SOC(name) {#name, test_##name, true},
#define BARE(name)	{#name, test_##name, false},
static const struct test tests[] = {MODEL_TESTS(PLAYS_SOC) MODEL_TESTS_VF(
	PLAYS_SOC) MODEL_TESTS_POWERED_OFF(BARE) MODEL_TESTS_FIRMWARE(BARE)};
#define NUM_TESTS (sizeof(tests) / sizeof(*tests))

enum outcome { RUNNING, PASSED, FAILED, SKIPPED, NUM_OUTCOMES };

static jmp_buf on_end;
static struct rig bench;

_Noreturn void rig_fail(const char *file, int line, const char *what)
{
	printf("  %s:%d: %s\n", file, line, what);
	longjmp(on_end, FAILED);
}

_Noreturn void rig_skip(const char *why)
{
	printf("  not there: %s\n", why);
	longjmp(on_end, SKIPPED);
}

static enum outcome run_test(const struct test *test)
{
	static const char *const words[] = {"", "ok  ", "FAIL", "skip"};
	char complaints[1024];
	enum outcome outcome = setjmp(on_end);

	if (outcome == RUNNING) {
		rig_create(&bench);
		if (test->plays_soc) {
			rig_power_on(&bench);
			rig_soc_connect(&bench);
		}
		test->run(&bench);
		outcome = PASSED;
	}
	if (outcome == FAILED) {
		rig_read_stderr(&bench, complaints, sizeof(complaints));
		printf("%s", complaints);
	}
	rig_destroy(&bench);
	printf("%s %s\n", words[outcome], test->name);
	fflush(stdout);
	return outcome;
}

static bool is_wanted(const struct test *test, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], test->name))
			return true;
	}
	return argc == 1;
}

int main(int argc, char **argv)
{
	unsigned int counts[NUM_OUTCOMES] = {0};
	size_t i;

	for (i = 0; i < NUM_TESTS; i++)
		counts[is_wanted(&tests[i], argc, argv) ? run_test(&tests[i]) : SKIPPED]++;
	printf("%u passed, %u failed, %u skipped\n", counts[PASSED], counts[FAILED],
	       counts[SKIPPED]);
	return counts[FAILED] || !counts[PASSED];
}
