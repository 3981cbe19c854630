# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Our side: build/vhost/xvio-vhost, the shipped binary, told by its configuration file and asked over
its control socket (docs/vhost.md). XVIO_VHOST names another binary.
"""

import json
import os
import socket

import procs
from rules import partner

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BINARY = os.environ.get("XVIO_VHOST", os.path.join(TOP, "build/vhost/xvio-vhost"))

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

    def ask(self, line):
        self.link.sendall(line.encode() + b"\n")
        return self._answer(line)

    def ask_all(self, text):
        """Many lines as one batch; the first that is refused is a BenchError."""
        self.link.sendall(b"batch begin\n")
        self.link.sendall(text)
        self.link.sendall(b"batch end\n")
        return self._answer("batch")

    def _answer(self, line):
        text = b""
        while not text.endswith(b"\n"):
            part = self.link.recv(1 << 20)
            text += part
            if not part:
                break
        if not text:
            raise procs.BenchError(f"xvio-vhost closed its control socket after '{line}'")
        answer = json.loads(text)
        if not answer.get("ok"):
            raise procs.BenchError(f"xvio-vhost refuses '{line}': {answer.get('error')}" +
                                   (f", line {answer['line']}" if "line" in answer else ""))
        return answer

    def close(self):
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
                core = 1 + i * len(worker_cores) // num_ports
                file.write(f"port add p{i} socket {self.socket_path(i)} core {core}\n")
            for rule in rule_list:
                file.write(rule.to_words() + "\n")
        self.child = procs.spawn(
            [BINARY, "--config", config, "--control", control, "--cores",
             ",".join(str(core) for core in worker_cores)],
            {home_core, *worker_cores}, f"{log_dir}/xvio-vhost.log")
        procs.wait_for(lambda: os.path.exists(control), 60, "xvio-vhost", self.child)
        self.control = Control(control)
        for i in range(num_ports):
            path = self.socket_path(i)
            procs.wait_for(lambda p=path: os.path.exists(p), 10, f"socket of p{i}", self.child)

    def socket_path(self, port):
        return f"{self.dir}/p{port}"

    @staticmethod
    def rules_text(rule_list, add=True):
        """What send_rules() takes: rules to add, or to delete."""
        return "".join((rule.to_words() if add else rule.to_delete_words()) + "\n"
                       for rule in rule_list).encode()

    def send_rules(self, text):
        self.control.ask_all(text)

    def control_seconds(self):
        """Processor time of the control thread, which is the first."""
        return procs.waiting_ns(self.child)[str(self.child.pid)][0] / 1e9

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

    def worker_process(self):
        return self.child

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
