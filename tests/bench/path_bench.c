/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Case h of `make bench`: cycles per packet of the path alone, with the guests on the same core. The
 * TSC is read before and after each worker_poll(), nothing else is in between (the reading, some 25
 * cycles a round, is not taken off). All cases in turn, several times, in small pieces; medians. After
 * each piece as much of the yardstick is measured: the ratio is what tests/bench/path compares.
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
#include "bench/path_yardstick.h"
#include "path/worker.h"

#define BENCH_ROUNDS	  11u
#define BENCH_MAX_ROUNDS  100u
#define BENCH_PIECE	  2048u /* packets between two looks at the yardstick: under a time slice */
#define BENCH_PIECES	  100u /* of a case in a round */
#define BENCH_WARM_UP	  65536u
#define BENCH_MAX_SAMPLES (BENCH_MAX_ROUNDS * BENCH_PIECES)

/* Of one case, by piece. */
struct bench_samples {
	unsigned num;
	double cycles[BENCH_MAX_SAMPLES]; /* per packet */
	double ratio[BENCH_MAX_SAMPLES]; /* of them, to the yardstick's */
};

static uint64_t bench_cycles;
static struct bench_samples bench_samples[PATH_NUM_BARE_CASES];
static uint8_t *bench_memory;

uint64_t path_platform_cycles(void)
{
	return __rdtsc();
}

bool path_platform_is_polling(void)
{
	return true;
}

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

/* One round of a case; nothing if the path refuses it, which is said the first time. */
static void bench_case(unsigned number, bool first)
{
	const struct path_case *setup = &path_case_list[number];
	struct bench_samples *samples = &bench_samples[number];
	const char *refused = path_case_start(setup);
	unsigned piece;

	if (refused) {
		if (first)
			fprintf(stderr, "path-bench: case %s: refused: %s\n", path_case_name(setup),
				refused);
		return;
	}
	path_case_run(BENCH_WARM_UP);
	for (piece = 0; piece < BENCH_PIECES; piece++) {
		bench_cycles = 0;
		path_case_run(BENCH_PIECE);
		samples->cycles[samples->num] = (double)bench_cycles / BENCH_PIECE;
		samples->ratio[samples->num] =
			(double)bench_cycles / (double)path_yardstick(BENCH_PIECE);
		samples->num++;
	}
	path_case_check();
}

static void bench_print(unsigned number)
{
	const struct path_case *setup = &path_case_list[number];
	struct bench_samples *samples = &bench_samples[number];
	unsigned num = samples->num;

	if (!num)
		return;
	qsort(samples->cycles, num, sizeof(double), bench_compare);
	qsort(samples->ratio, num, sizeof(double), bench_compare);
	fprintf(stderr,
		"path-bench: case %s: median %.1f, one in ten below %.1f, one in ten above %.1f"
		" cycles; median %.3f yardsticks\n",
		path_case_name(setup), samples->cycles[num / 2], samples->cycles[num / 10],
		samples->cycles[num - 1 - num / 10], samples->ratio[num / 2]);
	printf("%s,%s,%u,cycles_per_packet,%.1f,,\n", setup->letter == 'a' ? "h" : "h-b",
	       path_case_ring(setup), PATH_FRAME_BYTES, samples->cycles[num / 2]);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : BENCH_ROUNDS;
	unsigned number;
	unsigned round;

	if (!rounds || rounds > BENCH_MAX_ROUNDS) {
		fprintf(stderr, "usage: path-bench [ROUNDS], 1 to %u\n", BENCH_MAX_ROUNDS);
		return 2;
	}
	bench_allocate();
	for (round = 0; round < rounds; round++) {
		for (number = 0; number < PATH_NUM_BARE_CASES; number++)
			bench_case(number, !round);
	}
	for (number = 0; number < PATH_NUM_BARE_CASES; number++)
		bench_print(number);
	return 0;
}
