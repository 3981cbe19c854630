# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""What tests/bench/bench and tests/bench/sweep have in common: options, the machine, the two switches."""

import os
import tempfile

import machine
import measure
import ours
import peer
import procs
from procs import say

TOP = ours.TOP


def add_options(parser, runs):
    parser.add_argument("--rings", default="packed,split", help="default %(default)s")
    parser.add_argument("--runs", type=int, default=runs, help="windows a switch, default %(default)s")
    parser.add_argument("--window", type=float, default=2.0, help="seconds, default %(default)s")
    parser.add_argument("--switches", default="ours,peer", help="default %(default)s")
    parser.add_argument("--no-hugepages", action="store_true", help="4 KiB pages for everyone")
    parser.add_argument("--out", default=os.path.join(TOP, "build/bench"), help="default %(default)s")
    parser.add_argument("--lock", default=os.path.join(tempfile.gettempdir(), "xvio-bench.lock"),
                        help="held in each window: benches on one machine take turns")


def parse(parser):
    given = parser.parse_args()
    given.rings = given.rings.split(",")
    given.switches = given.switches.split(",")
    return given


def _makers(given):
    """The makers of the switches to measure, ours first; says what is missing."""
    makers = []
    if "ours" in given.switches:
        if not ours.built():
            raise procs.BenchError(f"{ours.BINARY} is not built")
        makers.append(ours.Switch)
    if "peer" in given.switches:
        if machine.have_peer():
            makers.append(peer.Switch)
        else:
            say("bench: OVS-DPDK is not installed (`make bench-setup` does it): no peer in this run")
    if not makers:
        raise procs.BenchError("no switch to measure")
    return makers


class Bench:
    """Cores, hugepages and switches for configs, for the time of a with statement."""

    def __init__(self, given, configs, least_mb=0):
        """least_mb: what something needs that has a way of its own."""
        home_core, switch_core = machine.cores()
        procs.guard(home_core)
        if not machine.have_testpmd():
            raise procs.BenchError(f"{machine.TESTPMD} is not installed (`make bench-setup` does it): "
                                   "nothing generates traffic")
        self.makers = _makers(given)
        memory_mb = max([config.memory_mb() for config in configs], default=0)
        if peer.Switch in self.makers:
            memory_mb += machine.PEER_MB
        memory_mb = max(len(self.makers) * memory_mb, least_mb)
        self.huge = machine.Hugepages(memory_mb << 20, not given.no_hugepages)
        say(f"bench: {machine.cpu_name()}; switch on core {switch_core}, generator and the rest on "
            f"core {home_core}")
        say(f"bench: {', '.join(machine.versions())}; hugepages: {self.huge}")
        self.context = measure.Context(given, self.huge, home_core, switch_core)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        procs.end_all()
        self.huge.end()


def guarded(main):
    """Runs main; a BenchError becomes a line and exit status 2."""
    try:
        return main()
    except procs.BenchError as error:
        say(f"bench: {error}")
        return 2
