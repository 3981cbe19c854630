# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Case f: one worker core and two, on disjoint ports.

Two cores are all there is: two workers leave none for the generator. So they take turns: the generator
fills the rings while the workers are stopped, then the workers empty them, both at the same time and
each with a core to itself. The busy cycles of a packet say what two workers cost each other; packets
a second would say nothing, and are not reported.
"""

import statistics

import cases
import measure
from procs import say

PORTS_EACH = 4  # a worker: what its rings hold is some milliseconds of work


def _windows(context, maker, config, cores, result, label):
    setup = measure.Setup(context, maker, config, worker_cores=cores, generator_cores=cores)
    try:
        setup.start()
        windows = []
        for run in range(context.runs):
            windows.append(setup.phased_window())
            result.add_run(config, f"{setup.name} {label}", run + 1, windows[-1])
        result.complain(config, setup.name, setup.finish())
    finally:
        setup.end()
    return {key: statistics.median(window[key] for window in windows) for key in windows[0]}


def run(context, makers, ring, result):
    one_core = [context.switch_core]
    two_cores = [context.home_core, context.switch_core]
    for maker in makers:
        one, two = (
            _windows(context, maker,
                     cases.Config("f", ring, num_ports=PORTS_EACH * len(cores),
                                  ports_each=PORTS_EACH),
                     cores, result, f"{len(cores)} worker(s)")
            for cores in (one_core, two_cores))
        scaling = 2 * one["cycles_per_packet"] / two["cycles_per_packet"]
        say(f"  f {ring} {maker.name}: {one['cycles_per_packet']:.0f} cycles/packet of one worker, "
            f"{two['cycles_per_packet']:.0f} of two: {scaling:.2f} x")
        result.add("f", ring, 64, "scaling", maker.name, scaling)
