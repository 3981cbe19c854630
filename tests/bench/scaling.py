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


def memory_mb(peer_mb):
    """One worker and two are alive together, those of one switch at a time."""
    return sum(config_of("packed", num).memory_mb() + peer_mb for num in (1, 2))


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
    before = setup.snapshot()
    setup.switch.pause()
    times = setup.times()
    with Exact():
        for _ in range(rounds):
            procs.resume(setup.children())
            time.sleep(FILL_S)
            procs.pause(setup.children())
            setup.switch.resume()
            time.sleep(run_s)
            setup.switch.pause()
    ran, lost = setup.worker_times(times, setup.times())
    setup.switch.resume()
    time.sleep(0.01)  # what is left in the rings: one phase too many of all these rounds
    after = setup.snapshot()
    if setup.clock_jumped(before, after):
        raise procs.BenchError(measure.CLOCK_JUMPED)
    packets, cycles = (sum(now[key] - before["cores"][core][key]
                           for core, now in after["cores"].items() for key in keys)
                       for keys in (("packets",), ("busy", "idle")))
    cycles_a_second = cycles / len(after["cores"]) / (after["time"] - before["time"])
    figures = {"cycles_per_packet": ran * cycles_a_second / packets, "mpps": 0, "busy_share": 1,
               "lost_share": 0, "disturbed_share": lost / (lost + ran)}
    return figures, packets / rounds / setup.config.num_ports / RING


class Workers:
    """A switch with so many workers, its generators, and what has been measured of it."""

    def __init__(self, context, maker, ring, cores):
        self.context = context
        self.setup = measure.Setup(context, maker, config_of(ring, len(cores)), worker_cores=cores,
                                   generator_cores=cores)
        self.run_s = FIRST_RUN_S

    def window(self):
        """Rings that were found empty make a window worthless: then with shorter phases again."""
        while True:
            with self.context.locked():
                figures, moved = _phases(self.setup, int(ROUNDS_A_SECOND * self.context.window_s),
                                         self.run_s)
                self.setup.pause()
            if moved <= FULL_SHARE:
                return figures
            self.run_s /= 2
            if self.run_s < LAST_RUN_S:
                raise procs.BenchError("workers empty the rings before they can be stopped: "
                                       f"{moved:.0%} of them in {self.run_s * 2e3:.2f} ms")

    def finish(self, result):
        result.complain(self.setup.config, self.setup.name, self.setup.finish())


def _measure(context, maker, ring, result):
    cores = ([context.switch_core], [context.home_core, context.switch_core])
    workers = []
    cycles, shares = [], []
    try:
        for some in cores:
            workers.append(Workers(context, maker, ring, some))
            workers[-1].setup.start()
        for run in range(context.runs):
            figures = [each.window() for each in workers]
            cycles.append([window["cycles_per_packet"] for window in figures])
            shares.append(figures[0]["disturbed_share"])  # of two the bench itself takes some
            for some, window in zip(cores, figures):
                result.add_run(config_of(ring, len(some)), f"{maker.name} {len(some)}", run + 1,
                               window)
        for each in workers:
            each.finish(result)
            each.setup.end()
    finally:
        for each in workers:
            each.setup.end()
    disturbed = statistics.median(shares)
    one, two = (statistics.median(column) for column in zip(*cycles))
    scaling = statistics.median(2 * pair[0] / pair[1] for pair in cycles)
    say(f"  f {ring} {maker.name}: {one:.0f} cycles/packet of one worker, {two:.0f} of two: "
        f"{scaling:.2f} x")
    if disturbed > measure.DISTURBED_SHARE:
        say(f"    disturbed: others had a worker's core for {disturbed:.0%} of its time")
    result.add("f", ring, 64, "scaling", maker.name, scaling)


def run(context, makers, ring, result):
    for maker in makers:
        try:
            _measure(context, maker, ring, result)
        except procs.BenchError as error:
            result.fail(config_of(ring, 2), maker.name, error)
