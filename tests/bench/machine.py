# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""What the bench runs on: cores, hugepages, versions of what it measures with."""

import os
import shutil

import procs

HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB"
HUGE_BYTES = 2 << 20
VSWITCHD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
TESTPMD = "dpdk-testpmd"
PEER_MB = 1024  # of packet buffers and the like, in OVS


def cores():
    """The generator's core (also everybody's housekeeping) and the switch's: the first two we may use."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise procs.BenchError("one usable core: the generator and the switch need one each")
    return usable[0], usable[1]


def _read(path):
    with open(path) as file:
        return file.read()


def _hugepages(name):
    return int(_read(f"{HUGEPAGES}/{name}_hugepages"))


def _add_hugepages(number):
    """Asks for so many more, or fewer; returns how many came."""
    before = _hugepages("nr")
    with open(f"{HUGEPAGES}/nr_hugepages", "w") as file:
        file.write(str(max(0, before + number)))
    return _hugepages("nr") - before


class Hugepages:
    """
    Takes 2 MiB pages from the machine if it gives them; end() gives back what was taken. All of them
    are asked for anew, because those that are free now may be meant for somebody else; only if the
    machine has no more are they counted in.
    """

    def __init__(self, bytes_wanted, wanted=True):
        self.number = self.taken = 0
        self.why = "switched off"
        if not wanted:
            return
        pages = bytes_wanted // HUGE_BYTES
        try:
            self.taken = _add_hugepages(pages)
            free = _hugepages("free")
        except OSError as error:
            self.why = f"not given: {error}"
            return
        if free < pages:
            self.why = f"{free} of {pages} given"
            self.end()
            return
        self.number = pages

    def __bool__(self):
        return self.number > 0

    def __str__(self):
        return f"{self.number} of 2 MiB" if self else f"none ({self.why}): 4 KiB pages for everyone"

    def end(self):
        if self.taken:
            _add_hugepages(-self.taken)
        self.taken = 0


def have_testpmd():
    return shutil.which(TESTPMD) is not None


def have_peer():
    return os.path.exists(VSWITCHD) and shutil.which("ovs-vsctl") is not None


def cpu_name():
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def cycles_a_second():
    """Of the time-stamp counter, roughly: the kernel tells the clock of the cores, which is near it."""
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("cpu MHz"):
            return float(line.split(":", 1)[1]) * 1e6
    raise procs.BenchError("/proc/cpuinfo has no 'cpu MHz'")


def versions():
    """One line a program; programs that are not there are left out."""
    lines = []
    if have_testpmd():
        text = procs.run(["dpkg-query", "-W", "-f", "dpdk ${Version}", "dpdk-dev"])
        lines.append(text.strip())
    if have_peer():
        lines.append(procs.run(["dpkg-query", "-W", "-f", "openvswitch ${Version}",
                                "openvswitch-switch-dpdk"]).strip())
    return lines


def stolen_seconds(core):
    """What the hypervisor has given of this core to others since the machine's start."""
    for line in _read("/proc/stat").splitlines():
        if line.startswith(f"cpu{core} "):
            return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
    return 0
