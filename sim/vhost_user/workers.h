/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How busy the workers are. Core 0. */
#ifndef VHOST_USER_WORKERS_H
#define VHOST_USER_WORKERS_H

#include <jansson.h>

/* Per worker: busy and idle cycles and rounds, packets received. */
json_t *workers_show(void);

#endif
