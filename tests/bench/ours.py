# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Our side: build/vhost/xvio-vhost, the shipped binary, told by its configuration file and asked over
its control socket (docs/vhost.md).
"""

import json
import os
import socket

import procs
from rules import partner

BINARY = os.path.join(os.path.dirname(__file__), "../../build/vhost/xvio-vhost")
BATCH = 512  # lines in flight on the control socket

# Where a lost frame is counted: at the port it should have left by, or at the one it came in by.
LOST_GOING_OUT = ("drop_no_buffer", "drop_port_down", "drop_ring_error")
LOST_COMING_IN = ("drop_rule", "drop_malformed", "drop_oversize", "drop_no_host")


def built():
    return os.path.exists(BINARY)


class Control:
    """The control socket: a line goes in, a line of JSON comes out."""

    def __init__(self, path, seconds=60):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(seconds)
        self.link.connect(path)
        self.answers = self.link.makefile("rb")

    def ask(self, line):
        self.link.sendall(line.encode() + b"\n")
        return self._answer(line)

    def ask_all(self, lines):
        """Many lines, BATCH of them under way at a time; the first refusal is a BenchError."""
        for first in range(0, len(lines), BATCH):
            batch = lines[first:first + BATCH]
            self.link.sendall("".join(line + "\n" for line in batch).encode())
            for line in batch:
                self._answer(line)

    def _answer(self, line):
        text = self.answers.readline()
        if not text:
            raise procs.BenchError(f"xvio-vhost closed its control socket after '{line}'")
        answer = json.loads(text)
        if not answer.get("ok"):
            raise procs.BenchError(f"xvio-vhost refuses '{line}': {answer.get('error')}")
        return answer

    def close(self):
        self.answers.close()
        self.link.close()


class Switch:
    name = "ours"

    def __init__(self, num_ports, rule_list, home_core, worker_cores, hugepages, log_dir):
        del hugepages  # it has no packet buffers of its own to put there
        self.num_ports = num_ports
        self.dir = procs.folder("vhost")
        config = f"{self.dir}/config"
        control = f"{self.dir}/control"
        with open(config, "w") as file:
            file.write("poll busy\n")
            for i in range(num_ports):
                core = 1 + (i // 2) % len(worker_cores)
                file.write(f"port add p{i} socket {self.socket_path(i)} core {core}\n")
            for rule in rule_list:
                file.write(rule.to_words() + "\n")
        self.child = procs.spawn(
            [BINARY, "--config", config, "--control", control, "--cores",
             ",".join(str(core) for core in [home_core, *worker_cores])],
            {home_core, *worker_cores}, f"{log_dir}/xvio-vhost.log")
        procs.wait_for(lambda: os.path.exists(control), 60, "xvio-vhost", self.child)
        self.control = Control(control)
        for i in range(num_ports):
            path = self.socket_path(i)
            procs.wait_for(lambda p=path: os.path.exists(p), 10, f"socket of p{i}", self.child)

    def socket_path(self, port):
        return f"{self.dir}/p{port}"

    def load_rules(self, rule_list):
        self.control.ask_all([rule.to_words() for rule in rule_list])

    def _stats(self, port):
        return self.control.ask(f"stats port p{port}")["stats"]

    def cores(self):
        """As the peer's; packets are counted a port, all of them stand with the first worker."""
        packets = self.control.ask("stats")["stats"]["card_rx_packets"]
        found = {}
        for core in self.control.ask("stats cores")["cores"]:
            found[core["core"]] = {"packets": packets, "busy": core["busy_cycles"],
                                   "idle": core["idle_cycles"]}
            packets = 0
        return found

    def lookups(self):
        stats = self.control.ask("stats")["stats"]
        return {name: stats[name] for name in ("flow_hits", "flow_misses")}

    def drops(self):
        """Per port, frames that should have left by it and did not, whatever the reason counted."""
        stats = [self._stats(i) for i in range(self.num_ports)]
        return [sum(stats[i][name] for name in LOST_GOING_OUT) +
                sum(stats[partner(i)][name] for name in LOST_COMING_IN)
                for i in range(self.num_ports)]

    def pause(self):
        procs.pause([self.child])

    def resume(self):
        procs.resume([self.child])

    def check(self):
        procs.check_alive(self.child, "xvio-vhost")

    def stop(self):
        self.control.close()
        procs.end(self.child)
        procs.folder_remove(self.dir)
