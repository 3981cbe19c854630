/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines on standard error. Any core. */
#ifndef VHOST_USER_SAY_H
#define VHOST_USER_SAY_H

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
