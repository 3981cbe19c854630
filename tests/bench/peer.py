# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""The peer: OVS-DPDK with an ovsdb-server and an ovs-vswitchd of its own in a private folder, and
in a network namespace of its own if we may.

Everything stays at Debian's defaults but what the two cores and the vhost-user ports ask for.
"""

import json
import os
import re
import socket

import machine
import procs

BRIDGE = "br0"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def unixctl(path, method, *params, seconds=20):
    """One ovs-appctl command, without a process for it."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(seconds)
        link.connect(path)
        link.sendall(json.dumps({"id": 0, "method": method, "params": list(params)}).encode())
        text = b""
        while True:
            part = link.recv(1 << 20)
            if not part:
                raise procs.BenchError(f"ovs {method}: connection closed")
            text += part
            try:
                answer = json.loads(text)
                break
            except ValueError:
                continue
    if answer.get("error"):
        raise procs.BenchError(f"ovs {method}: {answer['error']}")
    return answer["result"]


def _signed(counter):
    """OVS counts modulo 2^64, and a worker's idle cycles may begin somewhat below 0."""
    return counter - (1 << 64) if counter >> 63 else counter


class Switch:
    name = "peer"

    def __init__(self, num_ports, rule_list, home_core, worker_cores, hugepages, log_dir):
        self.num_ports = num_ports
        self.home_core = home_core
        self.worker_cores = worker_cores
        self.hugepages = hugepages
        self.log_dir = log_dir
        self.dir = procs.folder("ovs")
        self.env = {"OVS_RUNDIR": self.dir, "OVS_LOGDIR": self.dir, "OVS_DBDIR": self.dir,
                    "OVS_SYSCONFDIR": self.dir}
        self.db = f"unix:{self.dir}/db.sock"
        self.ctl = f"{self.dir}/vswitchd.ctl"
        self.children = []
        self._start()
        self._add_ports()
        self.send_rules(self.rules_text(rule_list))

    def _start(self):
        conf = f"{self.dir}/conf.db"
        procs.run(["ovsdb-tool", "create", conf, SCHEMA])
        database = procs.spawn(
            ["ovsdb-server", conf, f"--remote=p{self.db}", f"--unixctl={self.dir}/ovsdb.ctl"],
            {self.home_core}, f"{self.log_dir}/ovsdb.log", env=self.env)
        self.children.append(database)
        procs.wait_for(lambda: os.path.exists(f"{self.dir}/db.sock"), 10, "ovsdb-server", database)
        mask = sum(1 << core for core in self.worker_cores)
        eal = "--in-memory --no-pci --no-telemetry"
        memory = [f"other_config:dpdk-socket-mem={machine.PEER_MB}"]
        if not self.hugepages:
            eal = f"--no-huge -m {machine.PEER_MB} --no-pci --no-telemetry"
            memory = []
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                   f"other_config:pmd-cpu-mask={mask:#x}", *memory,
                   f'other_config:dpdk-extra="{eal}"', "other_config:n-handler-threads=1",
                   "other_config:n-revalidator-threads=1")
        # Its bridge is also a device of the kernel's, by a name that only one OVS can have.
        alone = ["unshare", "--net"] if os.geteuid() == 0 else []
        daemon = procs.spawn([*alone, machine.VSWITCHD, self.db, f"--unixctl={self.ctl}"],
                             {self.home_core}, f"{self.log_dir}/ovs-vswitchd.log", env=self.env)
        self.children.append(daemon)
        procs.wait_for(lambda: os.path.exists(self.ctl), 30, "ovs-vswitchd", daemon)
        procs.wait_for(lambda: self.vsctl("get", "Open_vSwitch", ".", "dpdk_initialized").strip()
                       == "true", 60, "ovs-vswitchd's DPDK", daemon)

    def _add_ports(self):
        words = ["add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev",
                 "fail-mode=secure"]
        for i in range(self.num_ports):
            core = self.worker_cores[i * len(self.worker_cores) // self.num_ports]
            words += ["--", "add-port", BRIDGE, f"p{i}", "--", "set", "Interface", f"p{i}",
                      "type=dpdkvhostuser", f"ofport_request={i + 1}",
                      f'other_config:pmd-rxq-affinity="0:{core}"']
        self.vsctl(*words, seconds=120)
        for i in range(self.num_ports):
            path = self.socket_path(i)
            procs.wait_for(lambda p=path: os.path.exists(p), 20, f"socket of p{i}", self.children[1])

    def vsctl(self, *words, seconds=60):
        return procs.run(["ovs-vsctl", f"--db={self.db}", f"--timeout={seconds}", *words],
                         seconds + 5, self.env)

    def ofctl(self, *words, seconds=120, data=None):
        return procs.run(["ovs-ofctl", *words], seconds, self.env, data)

    def appctl(self, *words, seconds=60):
        return unixctl(self.ctl, *words, seconds=seconds)

    def socket_path(self, port):
        return f"{self.dir}/p{port}"

    @staticmethod
    def rules_text(rule_list, add=True):
        """What send_rules() takes: rules to add, or to delete."""
        return "".join(rule.to_openflow(add) + "\n" for rule in rule_list)

    def send_rules(self, text):
        self.ofctl("--bundle", "add-flows", BRIDGE, "-", data=text)

    def control_seconds(self):
        """Processor time of all threads but the workers, and of ovs-ofctl, which reads the text."""
        daemon = self.children[1]
        return procs.ended_seconds() + sum(
            ran for thread, (ran, _) in procs.waiting_ns(daemon).items()
            if not procs.thread_name(daemon, thread).startswith("pmd")) / 1e9

    def cores(self):
        """Since start, per worker core: packets received, busy and idle cycles."""
        text = self.appctl("dpif-netdev/pmd-stats-show")
        found = {}
        for part in re.split(r"(?m)^(?=\S.*thread)", text):
            core = re.search(r"core_id (\d+)", part)
            if not part.startswith("pmd") or core is None:
                continue

            def number(name, part=part):
                return _signed(int(re.search(rf"(?m)^\s*{name}: (\d+)", part).group(1)))

            found[int(core.group(1))] = {"packets": number("packets received"),
                                         "busy": number("processing cycles"),
                                         "idle": number("idle cycles")}
        return found

    def lookups(self):
        """How packets were matched since start, all workers: for the record of a run."""
        text = self.appctl("dpif-netdev/pmd-stats-show")
        names = ("simple match hits", "emc hits", "megaflow hits", "miss with success upcall")
        return {name: sum(int(number) for number in re.findall(rf"{name}: (\d+)", text))
                for name in names}

    def drops(self):
        """
        Per port, frames that should have left by it and did not. A vhost-user port made as server has
        no other counters that answer; what came in is counted by cores().
        """
        text = self.ofctl("-O", "OpenFlow14", "dump-ports", BRIDGE)
        found = {}
        for part in re.split(r"(?m)^\s+port\s+", text)[1:]:
            number = re.match(r"\"?p?(\d+)", part)
            if number is not None:
                found[int(number.group(1)) - 1] = sum(
                    int(lost) for lost in re.findall(r"ovs_\w+_drops=(\d+)", part))
        return [found[i] for i in range(self.num_ports)]

    def flows(self):
        return len(self.appctl("dpctl/dump-flows", "netdev@ovs-netdev").splitlines())

    def worker_process(self):
        return self.children[1]

    def pause(self):
        """The one with the workers first: until it stands still, the other may find no processor."""
        procs.pause(reversed(self.children))

    def resume(self):
        procs.resume(self.children)

    def check(self):
        for child in self.children:
            procs.check_alive(child, "ovs")

    def stop(self):
        for child in reversed(self.children):
            procs.end(child)
        self.children = []
        procs.folder_remove(self.dir)
