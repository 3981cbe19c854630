/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Calls: adding 1 to an eventfd that a peer holds, too. A write() to it may wait: O_NONBLOCK and the
 * counter are the peer's to change, at any moment. The kernel's own way to signal an eventfd never waits
 * (a full counter stays full), and what it signals so is the end of an asynchronous request: we make
 * one that has nothing to do and is over at once. Each core has requests of its own.
 */
#include "hal/hal.h"
#include "hal/vhost/vhost.h"
#include "hal/vhost/vhost_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_NUM_EVENTS 128u /* ends of requests that we have not been told of yet */

struct calls_core {
	_Alignas(64) aio_context_t context;
	struct iocb request; /* reads nothing from /dev/null */
};

static struct calls_core calls_core[CORES_MAX];

bool calls_init(unsigned num_cores)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	unsigned i;

	for (i = 0; null >= 0 && i < num_cores; i++) {
		struct calls_core *core = &calls_core[i];

		core->request.aio_lio_opcode = IOCB_CMD_PREAD;
		core->request.aio_fildes = (uint32_t)null;
		core->request.aio_flags = IOCB_FLAG_RESFD;
		if (syscall(SYS_io_setup, CALLS_NUM_EVENTS, &core->context) != 0)
			return false;
	}
	return null >= 0;
}

/* Forgets the requests that have ended. False: none has. */
static bool calls_drain(const struct calls_core *core)
{
	struct io_event events[CALLS_NUM_EVENTS];

	return syscall(SYS_io_getevents, core->context, 0L, (long)CALLS_NUM_EVENTS, events, NULL) >
	       0;
}

void vhost_call(int fd)
{
	struct calls_core *core = &calls_core[hal_core()];
	struct iocb *request = &core->request;

	request->aio_resfd = (uint32_t)fd;
	while (syscall(SYS_io_submit, core->context, 1L, &request) != 1) {
		if (errno != EAGAIN || !calls_drain(core)) {
			hal_log("vhost: a call was lost");
			return;
		}
	}
}
