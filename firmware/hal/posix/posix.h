/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The SoC as a native process: threads are harts, eventfds wake them. The main thread runs no hart: it
 * holds the two sockets to the device model, and resets the SoC by executing the program anew.
 */
#ifndef POSIX_POSIX_H
#define POSIX_POSIX_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/link.h>

struct posix_fds {
	int ivshmem; /* socket, ivshmem server protocol */
	int ctl; /* socket, where the model sends QMP text */
	int hardware; /* eventfd: vector 0 of the model */
	int hart[XVIO_MAX_HARTS]; /* eventfds: our vectors */
};

/* harts.c: runs the firmware in num_harts threads. ram: mapped card RAM. */
void harts_start(uint8_t *ram, unsigned num_harts, const struct posix_fds *fds);

/* peer.c: connects and receives our eventfds. False, with a message on stderr. */
bool peer_connect(const char *ivshmem_path, const char *ctl_path, struct posix_fds *fds);

/* peer.c: the same fds across exec, in the environment. False: this is no restart. */
void peer_save(const struct posix_fds *fds);
bool peer_restore(struct posix_fds *fds);

enum peer_order {
	PEER_GO_ON,
	PEER_RESET,
	PEER_END,
};

/* peer.c: reads what came on ctl, answers as a QMP server does, and returns what to do. */
enum peer_order peer_serve_ctl(int ctl);

/* peer.c: as above for the ivshmem socket, where after the start only its end has a meaning. */
enum peer_order peer_serve_ivshmem(int ivshmem);

#endif
