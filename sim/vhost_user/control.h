/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: any number of peers, each a line of words at a time, answered with a line of
 * JSON in order. Core 0.
 */
#ifndef VHOST_USER_CONTROL_H
#define VHOST_USER_CONTROL_H

#include <stdbool.h>

/* False: errno says why. */
bool control_open(const char *path);

void control_close(void);

#endif
