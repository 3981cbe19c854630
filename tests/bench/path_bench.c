/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Case h of `make bench`: cycles per packet of the path alone, with the guests on the same core. The
 * TSC is read before and after each worker_poll(), nothing else is in between (the reading, some 25
 * cycles a round, is not taken off). All cases in turn, several times; medians.
 *
 * usage: path-bench [ROUNDS]    CSV rows on stdout, the spread on stderr
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <x86intrin.h>
#include "bench/path_case.h"
#include "bench/path_platform.h"
#include "path/worker.h"

#define BENCH_ROUNDS	 7u
#define BENCH_MAX_ROUNDS 101u
#define BENCH_WARM_UP	 65536u /* packets */
#define BENCH_MEASURED	 262144u

static uint64_t bench_cycles;
static double bench_result[PATH_NUM_CASES][BENCH_MAX_ROUNDS]; /* cycles per packet */
static uint8_t *bench_memory;

bool path_platform_poll(void)
{
	uint64_t began = __rdtsc();
	bool work = worker_poll();

	bench_cycles += __rdtsc() - began;
	return work;
}

void path_platform_say(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

void path_platform_fail(const char *why)
{
	fprintf(stderr, "path-bench: %s\n", why);
	exit(1);
}

void *path_platform_card(void)
{
	return bench_memory;
}

void *path_platform_guest(unsigned guest)
{
	return bench_memory + PATH_CARD_BYTES + guest * PATH_GUEST_BYTES;
}

static void bench_allocate(void)
{
	size_t len_bytes = PATH_CARD_BYTES + PATH_NUM_GUESTS * PATH_GUEST_BYTES;

	bench_memory =
		mmap(NULL, len_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bench_memory == MAP_FAILED)
		path_platform_fail("no memory");
	madvise(bench_memory, len_bytes, MADV_HUGEPAGE); /* as xvio-vhost; without, it is slower */
}

static int bench_compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* False: the path refuses the case, which has been said. */
static bool bench_case(unsigned number, unsigned round)
{
	const struct path_case *setup = &path_case_list[number];
	const char *refused = path_case_start(setup);

	if (refused) {
		if (!round)
			fprintf(stderr, "path-bench: case %s: %s\n", path_case_name(setup),
				refused);
		return false;
	}
	path_case_run(BENCH_WARM_UP);
	bench_cycles = 0;
	path_case_run(BENCH_MEASURED);
	bench_result[number][round] = (double)bench_cycles / BENCH_MEASURED;
	path_case_check();
	return true;
}

static void bench_print(unsigned number, unsigned rounds)
{
	const struct path_case *setup = &path_case_list[number];
	double *result = bench_result[number];

	qsort(result, rounds, sizeof(*result), bench_compare);
	fprintf(stderr, "path-bench: %-8s median %.1f, lowest %.1f, highest %.1f cycles\n",
		path_case_name(setup), result[rounds / 2], result[0], result[rounds - 1]);
	printf("%s,%s,%u,cycles_per_packet,%.1f,,\n", setup->letter == 'a' ? "h" : "h-b",
	       setup->packed ? "packed" : "split", PATH_FRAME_BYTES, result[rounds / 2]);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : BENCH_ROUNDS;
	bool ran[PATH_NUM_CASES] = {false};
	unsigned number;
	unsigned round;

	if (!rounds || rounds > BENCH_MAX_ROUNDS) {
		fprintf(stderr, "usage: path-bench [ROUNDS], 1 to %u\n", BENCH_MAX_ROUNDS);
		return 2;
	}
	bench_allocate();
	for (round = 0; round < rounds; round++) {
		for (number = 0; number < PATH_NUM_CASES; number++)
			ran[number] = bench_case(number, round);
	}
	for (number = 0; number < PATH_NUM_CASES; number++) {
		if (ran[number])
			bench_print(number, rounds);
	}
	return 0;
}
