/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What becomes of packets once their flow is known. */
#ifndef PATH_ACTION_H
#define PATH_ACTION_H

struct burst;
struct core;

/*
 * Runs the flow of each run of a burst, or sends it to host software if it has none. All of a burst came
 * in by the same port.
 */
void action_run(struct core *core, const struct burst *burst);

#endif
