/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * xvio-soc: options, card RAM, and the main thread's wait for orders. Started by sim/run in the place
 * of qemu-system-riscv64.
 */
#include "hal/posix/posix.h"
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct options {
	const char *ram;
	const char *ivshmem;
	const char *ctl;
	unsigned num_harts;
};

static const char usage[] =
	"usage: xvio-soc --ram FILE --ivshmem SOCKET --ctl SOCKET [--harts N]\n"
	"Runs the card's firmware as a native process.\n"
	"  --ram FILE        card RAM, shared with the device model\n"
	"  --ivshmem SOCKET  where the model is an ivshmem server\n"
	"  --ctl SOCKET      where the model listens, to send {\"execute\":\"system_reset\"}\n"
	"  --harts N         threads, 2 to 8 (default 2); hart 0 controls, the others carry "
	"packets\n"
	"  --help            this text\n"
	"Ends with 0 on SIGTERM or when the model goes away.\n";

static void parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"ram", required_argument, NULL, 'r'}, {"ivshmem", required_argument, NULL, 'i'},
		{"ctl", required_argument, NULL, 'c'}, {"harts", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'r':
			options->ram = optarg;
			break;
		case 'i':
			options->ivshmem = optarg;
			break;
		case 'c':
			options->ctl = optarg;
			break;
		case 'n':
			options->num_harts = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc || !options->ram || !options->ivshmem || !options->ctl ||
	    options->num_harts < 2 || options->num_harts > XVIO_MAX_HARTS) {
		fputs(usage, stderr);
		exit(2);
	}
}

static uint8_t *map_ram(const char *path)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC);
	void *ram;

	if (fd < 0 || lseek(fd, 0, SEEK_END) < (off_t)XVIO_RAM_BYTES) {
		fprintf(stderr, "%s: not there, or smaller than card RAM\n", path);
		exit(1);
	}
	ram = mmap(NULL, XVIO_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ram == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	return ram;
}

/* Signals that end the process; blocked, so that every thread leaves them to this descriptor. */
static int catch_signals(void)
{
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	return signalfd(-1, &end, SFD_CLOEXEC);
}

static enum peer_order wait_for_order(const struct posix_fds *fds, int signals)
{
	enum peer_order order = PEER_GO_ON;

	while (order == PEER_GO_ON) {
		struct pollfd wait[] = {
			{.fd = signals, .events = POLLIN},
			{.fd = fds->ivshmem, .events = POLLIN},
			{.fd = fds->ctl, .events = POLLIN},
		};

		if (poll(wait, 3, -1) < 0)
			continue;
		if (wait[0].revents)
			return PEER_END;
		if (wait[1].revents)
			order = peer_serve_ivshmem(fds->ivshmem);
		if (order == PEER_GO_ON && wait[2].revents)
			order = peer_serve_ctl(fds->ctl);
	}
	return order;
}

int main(int argc, char **argv)
{
	struct options options = {.num_harts = 2};
	const int signals = catch_signals();
	struct posix_fds fds;

	parse_options(argc, argv, &options);
	if (!peer_restore(&fds) && !peer_connect(options.ivshmem, options.ctl, &fds))
		return 1;
	harts_start(map_ram(options.ram), options.num_harts, &fds);
	if (wait_for_order(&fds, signals) == PEER_RESET) {
		peer_save(&fds);
		execv("/proc/self/exe", argv);
		perror("xvio-soc: reset");
		return 1;
	}
	/* The harts still run: leave without tearing down what they use. */
	_exit(0);
}
