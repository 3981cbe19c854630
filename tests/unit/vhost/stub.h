/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What a test may ask of the stubs. */
#ifndef VHOST_STUB_H
#define VHOST_STUB_H

#include <stdbool.h>

extern unsigned stub_links; /* that are open */
extern bool stub_sleeps; /* as last set */

#endif
