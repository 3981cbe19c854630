# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Case f: one worker core and two, on disjoint ports.

Two cores are all there is: two workers leave none for the generator. So they take turns. The generator
fills the rings while the workers stand still; then the workers run, at the same time and each with a
core to itself, and stand still again before the rings are empty. The processor time they had, over
the packets they moved, is what a packet costs, and shows what two workers cost each other. Packets a
second would say nothing, and are not reported.
"""

import os
import statistics
import time

import cases
import measure
import procs
from procs import say

PORTS_EACH = 8  # a worker
RING = 1024
FILL_S = 0.006
FIRST_RUN_S = 0.001  # halved until the rings are never found empty
LAST_RUN_S = 0.0002
FULL_SHARE = 0.95  # of what the rings hold: a worker that moved less in a phase left something behind
ROUNDS_A_SECOND = 100


def config_of(ring, num_workers):
    return cases.Config("f", ring, num_ports=PORTS_EACH * num_workers, ports_each=PORTS_EACH)


class Exact:
    """The bench itself is on time: it goes before everything that polls."""

    def __enter__(self):
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            pass  # phases get longer, and what is found idle says so

    def __exit__(self, *_):
        try:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        except PermissionError:
            pass


def _phases(setup, rounds, run_s):
    """Cycles a packet, and how much of what the rings hold was moved in a phase."""
    setup.switch.resume()
    time.sleep(0.05)
    before = setup.switch.cores()
    setup.switch.pause()
    began, times = time.monotonic(), setup.times()
    with Exact():
        for _ in range(rounds):
            procs.resume(setup.children())
            time.sleep(FILL_S)
            procs.pause(setup.children())
            setup.switch.resume()
            time.sleep(run_s)
            setup.switch.pause()
    ran, _ = setup.worker_times(times, setup.times())
    seconds = time.monotonic() - began
    setup.switch.resume()
    time.sleep(0.01)  # what is left in the rings: one phase too many of all these rounds
    after = setup.switch.cores()
    packets, busy, idle = (sum(now[key] - before[core][key] for core, now in after.items())
                           for key in ("packets", "busy", "idle"))
    cycles_a_second = (busy + idle) / len(after) / seconds
    figures = {"cycles_per_packet": ran * cycles_a_second / packets, "mpps": 0, "busy_share": 1,
               "lost_share": 0, "disturbed_share": 0}
    return figures, packets / rounds / setup.config.num_ports / RING


def _windows(context, maker, config, cores, result):
    setup = measure.Setup(context, maker, config, worker_cores=cores, generator_cores=cores)
    windows = []
    run_s = FIRST_RUN_S
    try:
        setup.start()
        while len(windows) < context.runs:
            with context.locked():
                figures, moved = _phases(setup, int(ROUNDS_A_SECOND * context.window_s), run_s)
                setup.pause()
            if moved > FULL_SHARE:
                run_s /= 2
                if run_s < LAST_RUN_S:
                    raise procs.BenchError("workers empty the rings before they can be stopped: "
                                           f"{moved:.0%} of them in {run_s * 2e3:.2f} ms")
                continue
            windows.append(figures["cycles_per_packet"])
            result.add_run(config, f"{setup.name} {len(cores)}", len(windows), figures)
        result.complain(config, setup.name, setup.finish())
    finally:
        setup.end()
    return statistics.median(windows)


def _measure(context, maker, ring, result):
    one, two = (_windows(context, maker,
                         config_of(ring, len(cores)), cores, result)
                for cores in ([context.switch_core], [context.home_core, context.switch_core]))
    scaling = 2 * one / two
    say(f"  f {ring} {maker.name}: {one:.0f} cycles/packet of one worker, {two:.0f} of two: "
        f"{scaling:.2f} x")
    result.add("f", ring, 64, "scaling", maker.name, scaling)


def run(context, makers, ring, result):
    for maker in makers:
        try:
            _measure(context, maker, ring, result)
        except procs.BenchError as error:
            result.wrong.append(f"f {ring}, {maker.name}: {error}")
