# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""One switch with its generators: started, measured in windows, checked, ended. Two of them, ours and
the peer, are alive at a time and take turns; the one that waits is stopped and costs nothing.
"""

import contextlib
import fcntl
import os
import time

import frames
import machine
import procs
from generator import Generator, MAX_PORTS
from rules import partner

WARM_S = 0.4
SETTLE_S = 1.0
TRIES = 3  # for a window that others do not disturb
DISTURBED_SHARE = 0.05
CLOCK_FACTOR = 2  # more than that between cycles and seconds is no difference of clock rates
CLOCK_JUMPED = "the cycle counter or the clock has jumped (a virtual machine that was moved?)"
CHECK_FRAMES = 2048  # a port, in the verification pass


class Context:
    """What all measurements of one bench share."""

    def __init__(self, options, hugepages, home_core, switch_core):
        self.window_s = options.window
        self.runs = options.runs
        self.hugepages = hugepages
        self.home_core = home_core
        self.switch_core = switch_core
        self.dir = options.out
        self.log_dir = os.path.join(options.out, "log")
        self.lock_path = options.lock
        os.makedirs(self.log_dir, exist_ok=True)

    @contextlib.contextmanager
    def locked(self):
        """Two benches on one machine never measure at the same time."""
        with open(self.lock_path, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def sources_of(context, config):
    """The capture files that feed a Zipf case, made once and kept."""
    if config.pattern != "zipf":
        return None
    paths = []
    for port in range(config.num_ports):
        path = os.path.join(context.dir, f"zipf-{port}-{config.flows}-{config.zipf_packets}.pcap")
        if not os.path.exists(path):
            frames.write_zipf(path + ".part", port, config.flows, config.zipf_packets,
                              config.size_bytes)
            os.rename(path + ".part", path)
        paths.append(path)
    return paths


class Setup:
    """A switch under a configuration, with the generators for all its ports."""

    def __init__(self, context, make_switch, config, worker_cores=None, generator_cores=None):
        self.context = context
        self.config = config
        self.generator_cores = generator_cores or [context.home_core]
        self.worker_cores = worker_cores or [context.switch_core]
        self.switch = make_switch(config.num_ports, config.rules(), context.home_core,
                                  self.worker_cores, context.hugepages,
                                  context.log_dir)
        self.name = self.switch.name
        self.generators = []
        self.tries_left = context.runs  # beyond one a window: a disturbed machine costs twice, no more

    def _log(self):
        return os.path.join(self.context.log_dir, f"testpmd-{self.name}.log")

    def start(self):
        config = self.config
        sources = sources_of(self.context, config)
        procs.step_back(self.switch.worker_process(), len(self.worker_cores))
        step = config.ports_each or MAX_PORTS
        for number, first in enumerate(range(0, config.num_ports, step)):
            ports = range(first, min(first + step, config.num_ports))
            self.generators.append(Generator(
                [self.switch.socket_path(i) for i in ports],
                self.generator_cores[number % len(self.generator_cores)], config.ring,
                self.context.hugepages, self._log(), flows=config.flows,
                size_bytes=config.size_bytes, sources=sources, first_port=first,
                source_frames=config.zipf_packets * config.num_ports if sources else 0))
        time.sleep(SETTLE_S)
        for generator in self.generators:
            generator.start()
        procs.step_forward(self.switch.worker_process())
        self.pause()

    def children(self):
        return [generator.child for generator in self.generators]

    def pause(self):
        procs.pause(self.children())
        self.switch.pause()

    def resume(self):
        self.switch.resume()
        procs.resume(self.children())

    def ports(self):
        return [port for generator in self.generators for port in generator.ports()]

    def times(self):
        """What the kernel says of the workers' time; also of those that stand still."""
        return {"threads": procs.waiting_ns(self.switch.worker_process()),
                "stolen": sum(machine.stolen_seconds(core) for core in self.worker_cores)}

    def snapshot(self):
        """What the workers have done until now."""
        return {"cores": self.switch.cores(), "time": time.monotonic(), **self.times()}

    def _snapshot(self):
        return {**self.snapshot(), "ports": self.ports()}

    def clock_jumped(self, before, after):
        """
        Whether cycles and seconds between two snapshots cannot both be true. Workers that poll spend
        all cycles there are, also while they stand still, which is in the round that they stand in.
        """
        possible = machine.cycles_a_second() * (after["time"] - before["time"])
        for core, now in after["cores"].items():
            busy, idle = (now[key] - before["cores"][core][key] for key in ("busy", "idle"))
            if busy < 0 or idle < 0 or \
               not possible / CLOCK_FACTOR < busy + idle < possible * CLOCK_FACTOR:
                return True
        return False

    def worker_times(self, before, after):
        """Seconds that the workers ran, and that they wanted to run and others had their cores."""
        deltas = sorted(((ran - before["threads"].get(thread, (0, 0))[0],
                          waited - before["threads"].get(thread, (0, 0))[1])
                         for thread, (ran, waited) in after["threads"].items()), reverse=True)
        busiest = deltas[:len(self.worker_cores)]
        lost = sum(waited for _, waited in busiest) / 1e9 + after["stolen"] - before["stolen"]
        return sum(ran for ran, _ in busiest) / 1e9, lost

    def window(self, during=None):
        """
        Runs for one window and returns what it gave; one in which others had the workers' cores is
        done again. during: called instead of waiting, to do something meanwhile, once.
        """
        tries = 1 if during else TRIES
        while True:
            tries -= 1
            figures = self._window(during)
            if figures and figures["disturbed_share"] <= DISTURBED_SHARE:
                return figures
            if not tries or (figures and not self.tries_left):
                break
            self.tries_left -= bool(figures)
        if not figures:
            raise procs.BenchError(f"{self.name}: {CLOCK_JUMPED}")
        return figures

    def _window(self, during):
        """None: the clock cannot be trusted."""
        with self.context.locked():
            self.resume()
            time.sleep(WARM_S)
            before = self._snapshot()
            if during:
                during()
            else:
                time.sleep(self.context.window_s)
            after = self._snapshot()
            self.pause()
        return None if self.clock_jumped(before, after) else self._difference(before, after)

    def _worker_difference(self, before, after):
        packets, busy, idle = (sum(now[key] - before["cores"][core][key]
                                   for core, now in after["cores"].items())
                               for key in ("packets", "busy", "idle"))
        if packets == 0:
            raise procs.BenchError(f"{self.name}: the switch received nothing")
        ran, lost = self.worker_times(before, after)
        return {"cycles_per_packet": busy / packets, "busy_share": busy / (busy + idle),
                "disturbed_share": lost / (lost + ran)}

    def _difference(self, before, after):
        seconds = after["time"] - before["time"]
        sent, received = (sum(now[key] - then[key]
                              for now, then in zip(after["ports"], before["ports"]))
                          for key in ("sent", "received"))
        if received == 0:
            raise procs.BenchError(f"{self.name}: nothing arrived in {seconds:.1f} s, {sent} sent")
        return {**self._worker_difference(before, after), "mpps": received / seconds / 1e6,
                "lost_share": max(0, 1 - received / sent)}

    def finish(self):
        """
        Ends the traffic and settles the account: every frame sent since the start has arrived at its
        own port's partner or is counted as lost there. Returns complaints.
        """
        self.resume()
        for generator in self.generators:
            generator.stop()
        ports, drops = self.ports(), self.switch.drops()
        taken = sum(core["packets"] for core in self.switch.cores().values())
        complaints = []
        for i, port in enumerate(ports):
            there = partner(i)
            missing = port["sent"] - ports[there]["received"] - drops[there]
            if missing:
                complaints.append(f"port {i} sent {port['sent']}, port {there} received "
                                  f"{ports[there]['received']}, {drops[there]} counted as lost: "
                                  f"{missing} unaccounted for")
        sent = sum(port["sent"] for port in ports)
        if taken != sent:
            complaints.append(f"{sent} frames sent, the switch counted {taken}")
        for generator in self.generators:
            generator.end()
        self.generators = []
        return complaints

    def verify(self):
        """
        Sends frames that are all different, and compares what arrives byte for byte, port by port.
        Returns complaints.
        """
        complaints = []
        step = min(MAX_PORTS // 2, self.config.num_ports)
        for first in range(0, self.config.num_ports, step):
            complaints += self._verify_some(range(first, first + step))
        return complaints

    def _verify_some(self, ports):
        config = self.config
        folder = procs.folder("check")
        sources = [f"{folder}/in{i}.pcap" for i in ports]
        sinks = [f"{folder}/out{i}.pcap" for i in ports]
        sent = [frames.write_check(path, i, config.flows, CHECK_FRAMES, config.size_bytes, 1)
                for i, path in zip(ports, sources)]
        lost_before = self.switch.drops()
        generator = Generator([self.switch.socket_path(i) for i in ports],
                              self.generator_cores[0], config.ring, self.context.hugepages,
                              self._log(), sources=sources, sinks=sinks, loop=False,
                              first_port=ports[0])
        time.sleep(SETTLE_S)
        generator.command("set fwd io retry")
        generator.start()
        self._wait_quiet(generator)
        generator.command("stop")
        taken = [port["sent"] for port in generator.ports()]
        generator.quit()
        lost = [now - then for now, then in zip(self.switch.drops(), lost_before)]
        complaints = []
        for number, i in enumerate(ports):
            missing, wrong = frames.compare(sent[number], frames.read(sinks[number ^ 1]), i,
                                            config.rewrite)
            missing -= CHECK_FRAMES - taken[number]
            complaints += wrong[:3]
            if missing != lost[partner(i)]:
                complaints.append(f"check: {missing} frames of port {i} did not arrive, "
                                  f"{lost[partner(i)]} counted as lost")
            if taken[number] < CHECK_FRAMES // 2:
                complaints.append(f"check: only {taken[number]} frames of port {i} were sent")
        procs.folder_remove(folder)
        return complaints

    @staticmethod
    def _wait_quiet(generator):
        """Until nothing more is sent or received for a while."""
        before = None
        for _ in range(100):
            time.sleep(0.3)
            now = generator.ports()
            if now == before and any(port["sent"] for port in now):
                return
            before = now
        raise procs.BenchError(f"check: no end of {before}")

    def end(self):
        for generator in self.generators:
            generator.end()
        self.generators = []
        self.switch.stop()
