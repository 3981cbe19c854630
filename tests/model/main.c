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
	bool powered_on;
};

#define POWERED_ON(name)  {#name, test_##name, true},
#define POWERED_OFF(name) {#name, test_##name, false},
static const struct test tests[] = {MODEL_TESTS(POWERED_ON) MODEL_TESTS_POWERED_OFF(POWERED_OFF)};
#define NUM_TESTS (sizeof(tests) / sizeof(*tests))

static jmp_buf on_failure;
static struct rig bench;

_Noreturn void rig_fail(const char *file, int line, const char *what)
{
	printf("  %s:%d: %s\n", file, line, what);
	longjmp(on_failure, 1);
}

static bool run_test(const struct test *test)
{
	volatile bool passed = false;
	char complaints[1024];

	if (!setjmp(on_failure)) {
		rig_create(&bench);
		if (test->powered_on)
			rig_power_on(&bench);
		test->run(&bench);
		passed = true;
	}
	if (!passed) {
		rig_read_stderr(&bench, complaints, sizeof(complaints));
		printf("%s", complaints);
	}
	rig_destroy(&bench);
	printf("%s %s\n", passed ? "ok  " : "FAIL", test->name);
	fflush(stdout);
	return passed;
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
	unsigned int counts[3] = {0}; /* failed, passed, skipped */
	size_t i;

	for (i = 0; i < NUM_TESTS; i++)
		counts[is_wanted(&tests[i], argc, argv) ? run_test(&tests[i]) : 2]++;
	printf("%u passed, %u failed, %u skipped\n", counts[1], counts[0], counts[2]);
	return counts[0] || !counts[1];
}
