/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xvio-vhost: the card's data path as a vhost-user back-end. Options, start, and the control thread's
 * loop, which is core 0; the workers are threads of hal/vhost.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <xvio/event.h>
#include <xvio/port.h>
#include "command.h"
#include "control.h"
#include "hal/hal.h"
#include "hal/vhost/vhost.h"
#include "lib/heap.h"
#include "link.h"
#include "loop.h"
#include "path/vnet.h"
#include "path/worker.h"
#include "region.h"
#include "say.h"
#include "vport.h"

#define MAIN_TICK_MS	     100
#define MAIN_MEMORY_MIB	     2048u
#define MAIN_MEMORY_MIN_MIB  64u
#define MAIN_MEMORY_MAX_MIB  (1u << 20)
#define MAIN_EXIT_BAD_CONFIG 2

struct main_options {
	const char *config;
	const char *control;
	bool sleep;
	struct vhost_options vhost;
};

static struct loop_watch main_signals;
static struct loop_watch main_wake;
static bool main_ended;

static const char main_usage[] =
	"usage: xvio-vhost [--config FILE] [--control SOCKET] [--cores LIST] [--sleep] [--memory "
	"MIB]\n"
	"The xvio card's data path as a vhost-user back-end for QEMU and DPDK guests.\n"
	"  --config FILE     ports and rules, a line each; a bad line is named, and refused with "
	"all\n"
	"  --control SOCKET  takes the same lines while it runs, answers each with a line of JSON\n"
	"  --cores LIST      CPUs of the workers, a worker each: 1 or 2,3 or 4-7 (default: one\n"
	"                    worker, on any CPU)\n"
	"  --sleep           workers that find nothing to do sleep; else they poll without end\n"
	"  --memory MIB      room for rules, queues and packets, taken as it is used (default "
	"2048)\n"
	"  --version         what this was built from\n"
	"  --help            this text\n"
	"Lines:\n"
	"  port add NAME socket PATH [client] [queues N] [mac MAC] [mtu N] [core N]\n"
	"  port del NAME | port show [NAME]\n"
	"  filter add dev NAME|any prio N [handle H] protocol P flower KEYS action ACTION...\n"
	"  filter del|show [dev NAME|any] [prio N] [handle H] | filter flush\n"
	"  stats [cores | port NAME] | poll busy|adaptive | quit\n"
	"  batch begin | batch end   lines between them have one answer (control socket)\n"
	"The manual page xvio-vhost(1) explains them. Ends with 0 on SIGTERM or 'quit', with 2 for "
	"a\n"
	"bad option or line, with 1 when something cannot be had.\n";

static _Noreturn void main_refuse(const char *why, const char *what)
{
	fprintf(stderr, "xvio-vhost: %s: %s\n", what, why);
	exit(MAIN_EXIT_BAD_CONFIG);
}

/* "1", "2,3", "4-7": a worker for each. */
static void main_parse_cores(const char *list, struct vhost_options *options)
{
	const char *at = list;

	options->num_workers = 0;
	do {
		char *end;
		unsigned long first = strtoul(at, &end, 10);
		unsigned long last = first;

		if (end == at)
			main_refuse("a list of CPUs, as 1 or 2,3 or 4-7", list);
		at = end;
		if (*at == '-') {
			last = strtoul(++at, &end, 10);
			if (end == at)
				main_refuse("a list of CPUs, as 1 or 2,3 or 4-7", list);
			at = end;
		}
		for (; first <= last; first++) {
			if (first >= CPU_SETSIZE)
				main_refuse("no such CPU", list);
			if (options->num_workers == VHOST_MAX_WORKERS)
				main_refuse("more CPUs than workers are possible (7)", list);
			options->cpu[options->num_workers++] = (int)first;
		}
	} while (*at++ == ',');
	if (at[-1] || !options->num_workers)
		main_refuse("a list of CPUs, as 1 or 2,3 or 4-7", list);
}

static size_t main_parse_memory(const char *text)
{
	char *end;
	unsigned long mib = strtoul(text, &end, 10);

	if (*end || mib < MAIN_MEMORY_MIN_MIB || mib > MAIN_MEMORY_MAX_MIB)
		main_refuse("from 64 to 1048576 MiB", text);
	return (size_t)mib << 20;
}

static void main_parse_options(int argc, char **argv, struct main_options *options)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'f'}, {"control", required_argument, NULL, 's'},
		{"cores", required_argument, NULL, 'c'},  {"sleep", no_argument, NULL, 'p'},
		{"memory", required_argument, NULL, 'm'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		switch (option) {
		case 'f':
			options->config = optarg;
			break;
		case 's':
			options->control = optarg;
			break;
		case 'c':
			main_parse_cores(optarg, &options->vhost);
			break;
		case 'p':
			options->sleep = true;
			break;
		case 'm':
			options->vhost.memory_bytes = main_parse_memory(optarg);
			break;
		case 'V':
			puts("xvio-vhost " XVIO_VHOST_VERSION);
			exit(0);
		case 'h':
			fputs(main_usage, stdout);
			exit(0);
		default:
			exit(MAIN_EXIT_BAD_CONFIG);
		}
	}
	if (optind < argc)
		main_refuse("not understood, see --help", argv[optind]);
}

static void main_log(const char *text)
{
	say("%s", text);
}

static void main_signal(struct loop_watch *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	main_ended = true;
}

static void main_woken(struct loop_watch *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	vhost_take_wake();
}

/* SIGTERM and SIGINT end the loop; a peer that closes its socket must not end the process. */
static bool main_watch(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 && loop_init() && loop_add(&main_signals, fd, EPOLLIN, main_signal) &&
	       loop_add(&main_wake, vhost_wake_fd(), EPOLLIN | EPOLLET, main_woken);
}

/* What workers and signal handlers have left for core 0. */
static void main_take_news(void)
{
	struct worker_notice notice;
	struct vport *port;
	unsigned index;

	while (worker_take_notice(&notice)) {
		port = vport_get((unsigned)(notice.port - XVIO_PORT_VDPA(0)));
		if (notice.type == XVIO_EVENT_QUEUE_ERROR && port && port->link)
			link_queue_failed(port->link, notice.object % VNET_MAX_QUEUES, notice.arg);
	}
	while (region_take_fault(&index)) {
		port = vport_get(index);
		if (port && port->link)
			link_memory_failed(port->link);
	}
}

static void main_loop(void)
{
	unsigned i;

	while (!main_ended && !command_has_quit()) {
		for (i = 0; i < VPORT_MAX; i++) {
			if (vport_get(i) && vport_get(i)->link)
				link_tick(vport_get(i)->link);
		}
		main_take_news();
		loop_wait(MAIN_TICK_MS);
	}
}

/* Ports and rules of the configuration, and only then the sockets: all of it, or nothing. */
static int main_configure(const struct main_options *options)
{
	const struct vport *port;
	const char *why = "";
	char error[512];

	if (options->config && !command_run_file(options->config, error, sizeof(error))) {
		fprintf(stderr, "xvio-vhost: %s\n", error);
		return MAIN_EXIT_BAD_CONFIG;
	}
	if (!vport_open_all(&why, &port)) {
		say("%s: %s: %s", port->options.name, port->options.path, why);
		return 1;
	}
	if (options->control && !control_open(options->control)) {
		say("%s: %s", options->control, strerror(errno));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct main_options options = {
		.vhost = {.num_workers = 1,
			  .cpu = {VHOST_ANY_CPU},
			  .memory_bytes = (size_t)MAIN_MEMORY_MIB << 20},
	};
	size_t len_bytes;
	void *memory;
	int status;

	main_parse_options(argc, argv, &options);
	vhost_set_log(main_log);
	if (!vhost_init(&options.vhost) || !main_watch() || !region_init()) {
		say("start: %s", strerror(errno));
		return 1;
	}
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	worker_init();
	worker_set_polling(!options.sleep);
	vhost_set_sleep(options.sleep);
	if (!vhost_start_workers(worker_loop)) {
		say("workers: %s", strerror(errno));
		return 1;
	}
	status = main_configure(&options);
	if (!status) {
		say("ready, %u worker(s)", hal_num_cores() - 1);
		main_loop();
	}
	control_close();
	vport_remove_all();
	return status;
}
